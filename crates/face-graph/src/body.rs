//! Bodies of calls: bounded, unpacked, JSON (`GRAPH 2.2`, `GRAPH 4.3`).

use std::io::Read as _;

use axum::body::Body;
use bytes::Bytes;
use flate2::read::GzDecoder;
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};

use crate::error::GraphError;

/// Most bytes of a body, packed or not (seams §15).
pub(crate) const MOST: usize = 1024 * 1024;

/// Reads a body whole and unpacks it.
///
/// # Errors
/// 413 beyond the limit, 415 for a packing we do not know, 400 when it breaks off.
pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, GraphError> {
    let bytes = match Limited::new(body, MOST).collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(too_large()),
        Err(_) => return Err(GraphError::bad_request("The body did not arrive.")),
    };
    let packing = headers.get(header::CONTENT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or("identity");
    match packing.trim() {
        plain if plain.eq_ignore_ascii_case("identity") || plain.is_empty() => Ok(bytes),
        packed if packed.eq_ignore_ascii_case("gzip") => {
            let mut unpacked = Vec::new();
            let most = u64::try_from(MOST).unwrap_or(u64::MAX);
            let read = GzDecoder::new(&*bytes).take(most + 1).read_to_end(&mut unpacked);
            read.map_err(|_| GraphError::bad_request("The body is not properly compressed."))?;
            if unpacked.len() > MOST { Err(too_large()) } else { Ok(unpacked.into()) }
        }
        _ => Err(GraphError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UnsupportedMediaType",
            "This content encoding is not supported.",
        )),
    }
}

fn too_large() -> GraphError {
    GraphError::new(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", "The body is too large.")
}

/// The object of a JSON body.
///
/// # Errors
/// 415 for another type, 400 for what is no JSON object.
pub(crate) fn object(headers: &HeaderMap, bytes: &[u8]) -> Result<Map<String, Value>, GraphError> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_json = kind.is_none_or(|kind| {
        let essence = kind.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/json")
    });
    if !is_json {
        return Err(GraphError::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UnsupportedMediaType",
            "A body must be of type application/json.",
        ));
    }
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(GraphError::bad_request("The body must be a JSON object.")),
        Err(_) => Err(GraphError::bad_request(
            "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.",
        )),
    }
}

/// A member of a body by its name in any letter case.
pub(crate) fn member<'b>(body: &'b Map<String, Value>, name: &str) -> Option<&'b Value> {
    body.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}
