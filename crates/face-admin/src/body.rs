//! Bodies in: bounded, JSON alone, unknown members and wrong types refused.

use axum::{body::Body, extract::FromRequest};
use http::{Request, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};

use crate::{face::App, problem::Problem};

/// A body of JSON.
pub(crate) struct Sent<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request<Body>, app: &App) -> Result<Self, Problem> {
        let (call, body) = request.into_parts();
        let kind = call.headers.get(header::CONTENT_TYPE).and_then(|line| line.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !["application/json", "application/merge-patch+json"].iter().any(|known| kind.eq_ignore_ascii_case(known)) {
            return Err(Problem::unsupported_media_type());
        }
        let bytes = match Limited::new(body, app.body_limit).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => return Err(Problem::too_large()),
            Err(_) => return Err(Problem::invalid("The body did not arrive whole.")),
        };
        read(&bytes).map(Self)
    }
}

/// Reads the bytes of a body.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| unreadable(&error))
}

/// Says where and what sort of mistake it is, and nothing of what was sent.
fn unreadable(error: &serde_json::Error) -> Problem {
    let what = match error.classify() {
        serde_json::error::Category::Data => "a member that is missing, unknown, given twice or of the wrong type",
        serde_json::error::Category::Syntax => "something that is no JSON",
        serde_json::error::Category::Eof | serde_json::error::Category::Io => "an early end",
    };
    Problem::invalid(format!("The body holds {what}, at line {} column {}.", error.line(), error.column()))
}

/// Tells a member that is `null` from one that is absent: `null` takes a value away.
pub(crate) fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(from).map(Some)
}
