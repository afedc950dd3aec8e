//! Pictures for the cameras of authenticator apps.

use std::fmt::Write as _;

use maud::{Markup, PreEscaped};
use qrcodegen::{QrCode, QrCodeEcc};

/// The picture of a text: dark squares on light ground with the quiet zone around, whatever the colours of the page.
pub(crate) fn picture(text: &str, label: &str) -> Option<Markup> {
    const QUIET: i32 = 4;
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let size = code.size();
    let mut squares = String::new();
    for y in 0..size {
        for x in 0..size {
            if code.get_module(x, y) {
                // Writing to a string cannot fail.
                let _ = write!(squares, "M{},{}h1v1h-1z", x + QUIET, y + QUIET);
            }
        }
    }
    let side = size + 2 * QUIET;
    // Numbers and letters of ours only; the label is a constant text.
    let label = maud::html! { (label) }.0;
    Some(PreEscaped(format!(
        "<svg class=\"qr\" role=\"img\" aria-label=\"{label}\" viewBox=\"0 0 {side} {side}\" \
         shape-rendering=\"crispEdges\"><rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/>\
         <path d=\"{squares}\" fill=\"#000\"/></svg>"
    )))
}
