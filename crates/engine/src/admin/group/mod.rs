//! PAM groups: CORP groups mirrored at a target, or groups that were in PRIV already (`PAM 11.2`).

pub mod change;
pub mod create;
pub mod list;
pub mod remove;

use ephor_domain::Refusal;

pub use change::SetGroup;
pub use create::NewGroup;
pub use list::{GetGroup, GroupSearch, ListGroups};
pub use remove::RemoveGroup;

/// A name or one-line text that must be there: 1 to 256 characters.
fn needed(field: &'static str, text: String) -> Result<String, Refusal> {
    let invalid = |rule| Err(Refusal::Invalid { field, rule });
    if text.trim().is_empty() {
        return invalid("is empty");
    }
    if text.chars().count() > 256 {
        return invalid("is longer than 256 characters");
    }
    if text.chars().any(char::is_control) {
        return invalid("holds a control character");
    }
    Ok(text)
}

/// An optional text; blank counts as none.
fn optional(field: &'static str, text: Option<String>) -> Result<Option<String>, Refusal> {
    match text {
        Some(text) if text.chars().count() > 4000 => {
            Err(Refusal::Invalid { field, rule: "is longer than 4000 characters" })
        }
        Some(text) if text.trim().is_empty() => Ok(None),
        text => Ok(text),
    }
}
