//! The body of a call: bounded, and of one of the two types that O2 takes (`PAM 3.3`).

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::problem::Problem;

/// What came in a body, not yet looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sent {
    /// Nothing.
    Nothing,
    /// `application/json`.
    Json(Bytes),
    /// `application/x-www-form-urlencoded`.
    Form(Bytes),
}

/// Reads a body of at most `limit` bytes. An empty one needs no type.
///
/// # Errors
/// 413 beyond the limit, 415 for another type, 400 when the caller breaks off.
pub(crate) async fn read(headers: &HeaderMap, body: Body, limit: usize) -> Result<Sent, Problem> {
    let bytes = read_any(headers, body, limit).await?;
    if bytes.is_empty() {
        return Ok(Sent::Nothing);
    }
    let media_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .map(|value| value.trim().to_ascii_lowercase());
    match media_type.as_deref() {
        Some("application/json") => Ok(Sent::Json(bytes)),
        Some("application/x-www-form-urlencoded") => Ok(Sent::Form(bytes)),
        Some(_) | None => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UnsupportedMediaType",
            "A body must be of type application/json or application/x-www-form-urlencoded.",
        )),
    }
}

/// Reads a body that has no meaning, so that the connection can go on; whatever type it is of.
///
/// # Errors
/// As [`read`], but for the type.
pub(crate) async fn read_any(headers: &HeaderMap, body: Body, limit: usize) -> Result<Bytes, Problem> {
    let declared = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<u64>().ok());
    if declared.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > limit)) {
        return Err(Problem::too_large());
    }
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Problem::too_large()),
        Err(_) => Err(Problem::invalid_parameter("The body of the call could not be read.")),
    }
}
