//! Pieces that several pages show.

use ephor_identity::{factor::PasskeyChallenge, factor::Unproved};
use jiff::Timestamp;
use maud::{Markup, html};
use secrecy::ExposeSecret;

use crate::{answer::whole_seconds, go::Then, text};

/// Something went wrong: read out at once, and named by the field it is about.
pub(crate) fn alert(text: Option<&str>) -> Markup {
    html! { @if let Some(text) = text { p.alert #alert role="alert" { (text) } } }
}

/// Something was done.
pub(crate) fn notice(text: Option<&str>) -> Markup {
    html! { @if let Some(text) = text { p.notice role="status" { (text) } } }
}

/// An instant.
pub(crate) fn time(at: Timestamp) -> Markup {
    html! { time datetime=(at.strftime("%Y-%m-%dT%H:%M:%SZ")) { (at.strftime("%-d %b %Y, %H:%M UTC")) } }
}

/// Where to go afterwards, carried along by a form.
pub(crate) fn then_field(then: &Then) -> Markup {
    html! { @if *then != Then::default() { input type="hidden" name="then" value=(then.as_str()); } }
}

/// The field for a one-time code.
pub(crate) fn code_field(wrong: bool) -> Markup {
    html! {
        label for="code" { (text::code::LABEL) }
        input #code name="code" type="text" inputmode="text" autocomplete="one-time-code" autocapitalize="characters"
            spellcheck="false" maxlength="40" required autofocus aria-describedby=(described("code-hint", wrong))
            aria-invalid=[wrong.then_some("true")];
        p.hint #code-hint { (text::code::HINT) }
    }
}

/// What describes a field: its hint, and the alert when there is one.
pub(crate) fn described(hint: &str, wrong: bool) -> String {
    if wrong { format!("alert {hint}") } else { hint.to_owned() }
}

/// The form that asks a passkey for a signature. Hidden until the script has found that it can.
pub(crate) fn passkey_form(action: &str, challenge: &PasskeyChallenge, at_once: bool, rest: &Markup) -> Markup {
    passkey("get", action, &challenge.options, challenge.secret.expose_secret(), text::passkey::USE, at_once, rest)
}

/// A form that a passkey fills in.
pub(crate) fn passkey(
    ceremony: &str,
    action: &str,
    options: &str,
    secret: &str,
    button: &str,
    at_once: bool,
    rest: &Markup,
) -> Markup {
    html! {
        form.passkey method="post" action=(action) data-passkey=(ceremony) data-options=(options)
            data-at-once=[at_once.then_some("yes")] data-again=(text::passkey::TRY_AGAIN)
            data-unsupported=(text::passkey::UNSUPPORTED) data-cancelled=(text::passkey::CANCELLED)
            data-known=(text::passkey::KNOWN) {
            input type="hidden" name="secret" value=(secret);
            input type="hidden" name="answer" value="";
            (rest)
            p.alert role="alert" hidden {}
            button type="submit" disabled { (button) }
            noscript { p.hint { (text::passkey::NEEDS_SCRIPT) } }
        }
    }
}

/// A line between two ways.
pub(crate) fn or() -> Markup {
    html! { p.or { span { (text::sign_in::OR) } } }
}

/// What is said of a proof that was none.
pub(crate) fn said(why: &Unproved) -> String {
    match why {
        Unproved::Wrong => text::code::WRONG.to_owned(),
        Unproved::Replayed => text::code::REPLAYED.to_owned(),
        Unproved::NotVerified => text::passkey::NOT_VERIFIED.to_owned(),
        Unproved::Copied => text::passkey::COPIED.to_owned(),
        Unproved::Over => text::passkey::OVER.to_owned(),
        Unproved::NotEnrolled | Unproved::NoPasskeys => text::code::NONE.to_owned(),
        Unproved::TooMany { retry_after } => text::too_many(whole_seconds(*retry_after)),
        Unproved::Unavailable(_) => text::error::UNAVAILABLE.to_owned(),
    }
}
