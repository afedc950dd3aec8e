//! Style, script and mark: part of the binary, named by what is in them.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

use crate::{answer::Failed, text};

/// One file.
struct Asset {
    name: &'static str,
    kind: &'static str,
    text: &'static str,
}

static ALL: [Asset; 3] = [
    Asset { name: "portal.css", kind: "text/css; charset=utf-8", text: include_str!("../assets/portal.css") },
    Asset { name: "passkey.js", kind: "text/javascript; charset=utf-8", text: include_str!("../assets/passkey.js") },
    Asset { name: "mark.svg", kind: "image/svg+xml", text: include_str!("../assets/mark.svg") },
];

/// Sixteen digits that change with any of them.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for asset in &ALL {
        hash.update(asset.text);
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
});

/// Where a file is.
pub(crate) fn url(name: &str) -> String {
    format!("/assets/{name}?{}", *VERSION)
}

/// Serves a file. Browsers keep it for a year: its address changes with it.
pub(crate) async fn serve(Path(name): Path<String>) -> Response {
    let Some(asset) = ALL.iter().find(|asset| asset.name == name) else {
        return Failed::page(StatusCode::NOT_FOUND, text::error::NOT_FOUND).into_response();
    };
    let mut response = asset.text.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    response
}
