//! Identifiers as OData writes them.

use uuid::Uuid;

/// Five groups of hex digits in any case, joined by hyphens (PAM 2.1); the other spellings [`Uuid`] knows are refused.
pub(crate) fn parse(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok().filter(|_| text.len() == uuid::fmt::Hyphenated::LENGTH)
}
