//! Parsed, bounded text: parse at the edge, trust inside (promise S6).

use serde::{Deserialize, Serialize};

/// A reason given by a person: 1 to 4,000 characters, no control characters but tab and line ends (`PAM 7.2`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Justification(String);

/// Why a text is not acceptable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Longer than allowed.
    #[error("the text is longer than {limit} characters")]
    TooLong {
        /// Most characters allowed.
        limit: usize,
    },
    /// Nothing in it.
    #[error("the text is empty")]
    Empty,
    /// A character that has no place in a line of text.
    #[error("the text holds a control character")]
    Control,
}

/// Most characters of a justification on every face (seams §10).
pub const JUSTIFICATION_LIMIT: usize = 4000;

impl Justification {
    /// Reads a justification; blank text counts as none (`PAM-049`).
    ///
    /// # Errors
    /// When it is too long or holds control characters other than tab and line ends.
    pub fn parse(text: &str) -> Result<Option<Self>, TextError> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        bounded(text, JUSTIFICATION_LIMIT, |c| matches!(c, '\t' | '\n' | '\r'))?;
        Ok(Some(Self(text.to_owned())))
    }

    /// The text as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A display name: 1 to 256 characters on one line; blanks at the ends are kept (`PAM-036`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Name(String);

/// Most characters of a name.
pub const NAME_LIMIT: usize = 256;

impl Name {
    /// Reads a name.
    ///
    /// # Errors
    /// When it is blank, too long or holds control characters.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        if text.trim().is_empty() {
            return Err(TextError::Empty);
        }
        bounded(text, NAME_LIMIT, |_| false)?;
        Ok(Self(text.to_owned()))
    }

    /// The name as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// True for text without control characters but tab and line ends.
#[must_use]
pub fn is_plain(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
}

fn bounded(text: &str, limit: usize, allowed: fn(char) -> bool) -> Result<(), TextError> {
    if text.chars().count() > limit {
        return Err(TextError::TooLong { limit });
    }
    if text.chars().any(|c| c.is_control() && !allowed(c)) {
        return Err(TextError::Control);
    }
    Ok(())
}
