//! Bodies of calls: bounded, JSON, names in any letter case (`ARM 2.4`, `ARM 21`).

use axum::body::Body;
use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};

use crate::error::{Answer, ArmError};

/// Most bytes of a body (seams §15).
pub(crate) const MOST: usize = 1024 * 1024;

/// Reads a body whole.
///
/// # Errors
/// 413 beyond the limit, 400 when it breaks off.
pub(crate) async fn read(body: Body) -> Answer<Bytes> {
    match Limited::new(body, MOST).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(ArmError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLarge",
            "The request content is larger than 1048576 bytes.",
        )),
        Err(_) => Err(unread("The request content did not arrive whole.")),
    }
}

fn unread(message: &str) -> ArmError {
    ArmError::bad("InvalidRequestContent", message)
}

/// A JSON object whose members are found in any letter case. Members nobody asks for are not looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Members<'b>(Option<&'b Map<String, Value>>);

/// The object of a body.
///
/// # Errors
/// 400 `InvalidRequestContent` for what is no JSON object.
pub(crate) fn object(bytes: &[u8]) -> Answer<Value> {
    // Some clients begin with a byte order mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match serde_json::from_slice(bytes) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err(unread("The request content was invalid: it is no JSON object.")),
        Err(_) => Err(unread("The request content was invalid and could not be deserialized.")),
    }
}

impl<'b> Members<'b> {
    pub(crate) fn of(value: &'b Value) -> Self {
        Self(value.as_object())
    }

    /// A member that is there and not `null`.
    pub(crate) fn get(self, name: &str) -> Option<&'b Value> {
        let (_, value) = self.0?.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value).filter(|value| !value.is_null())
    }

    /// A member is there and `null`.
    pub(crate) fn is_null(self, name: &str) -> bool {
        self.0.is_some_and(|members| {
            members.iter().any(|(known, value)| known.eq_ignore_ascii_case(name) && value.is_null())
        })
    }

    /// A nested object; without one, an empty one.
    pub(crate) fn within(self, name: &str) -> Self {
        Self(self.get(name).and_then(Value::as_object))
    }

    /// A text.
    ///
    /// # Errors
    /// 400 for a value of another type.
    pub(crate) fn text(self, name: &str) -> Answer<Option<&'b str>> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(unread(&format!("The request content was invalid: '{name}' is no text."))),
        }
    }

    /// A list of texts.
    ///
    /// # Errors
    /// 400 for a value of another type.
    pub(crate) fn texts(self, name: &str) -> Answer<Vec<String>> {
        let wrong = || unread(&format!("The request content was invalid: '{name}' is no list of texts."));
        match self.get(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => {
                items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
            }
            Some(_) => Err(wrong()),
        }
    }

    /// A list.
    ///
    /// # Errors
    /// 400 for a value of another type.
    pub(crate) fn list(self, name: &str) -> Answer<&'b [Value]> {
        match self.get(name) {
            None => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(unread(&format!("The request content was invalid: '{name}' is no list."))),
        }
    }
}

/// What must be there and is not.
pub(crate) fn missing(name: &str) -> ArmError {
    unread(&format!("The request content was invalid: the required property '{name}' is missing."))
}
