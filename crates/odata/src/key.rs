//! Paths of collections, entities and bound actions: `pamrequests(guid'…')/Close` (PAM 2, 2.1).

use uuid::Uuid;

use crate::guid;
use crate::percent::{Plus, decode};

/// What a path below a service root names. Names are in ASCII lower case, because paths compare without regard to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The collection, `$metadata`, or empty for the root itself.
    pub collection: String,
    /// The key in parentheses.
    pub key: Option<Uuid>,
    /// The segment after the collection or key.
    pub action: Option<String>,
}

/// Why a path names nothing. The texts may be shown to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// An incomplete escape or not UTF-8.
    #[error("The path is not properly percent-encoded.")]
    Encoding,
    /// More segments than a collection and an action, or an empty one between them.
    #[error("The path has a shape no resource has.")]
    Shape,
    /// The parentheses hold no identifier.
    #[error("The key in the path is not an identifier.")]
    Key,
}

/// Reads a raw path below the service root; a slash at either end is ignored.
///
/// The key is `guid'…'` or a bare identifier with hex digits of any case; brackets and quotes may be encoded. Decoding
/// happens once and after splitting, so an encoded slash separates nothing.
///
/// # Errors
/// [`KeyError`].
pub fn parse(raw_path: &str) -> Result<Target, KeyError> {
    let path = raw_path.strip_prefix('/').unwrap_or(raw_path);
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut segments = path.split('/').map(|segment| decode(segment, Plus::Itself).ok_or(KeyError::Encoding));

    let first = segments.next().transpose()?.unwrap_or_default();
    let action = segments.next().transpose()?.map(|action| action.to_ascii_lowercase());
    if segments.next().is_some() || action.as_deref() == Some("") {
        return Err(KeyError::Shape);
    }
    let (name, key) = match first.split_once('(') {
        Some((name, rest)) => (name, Some(identifier(rest).ok_or(KeyError::Key)?)),
        None => (first.as_str(), None),
    };
    if name.is_empty() && (key.is_some() || action.is_some()) {
        return Err(KeyError::Shape);
    }
    Ok(Target { collection: name.to_ascii_lowercase(), key, action })
}

/// What follows the opening bracket.
fn identifier(rest: &str) -> Option<Uuid> {
    let key = rest.strip_suffix(')')?;
    let bare = match key.split_once('\'') {
        Some((word, quoted)) if word.eq_ignore_ascii_case("guid") => quoted.strip_suffix('\'')?,
        Some(_) => return None,
        None => key,
    };
    guid::parse(bare)
}

#[cfg(test)]
mod tests {
    use super::{KeyError, Target, parse};

    const KEY: &str = "0a1b2c3d-4e5f-6789-abcd-ef0123456789";

    fn close() -> Target {
        Target { collection: "pamrequests".into(), key: Some(KEY.parse().unwrap()), action: Some("close".into()) }
    }

    #[test]
    fn keys_arrive_raw_encoded_bare_and_in_upper_case() {
        for path in [
            "pamrequests(guid'0a1b2c3d-4e5f-6789-abcd-ef0123456789')/Close",
            "/pamrequests(guid'0a1b2c3d-4e5f-6789-abcd-ef0123456789')/Close/",
            "pamrequests(guid%270a1b2c3d-4e5f-6789-abcd-ef0123456789%27)/Close",
            "pamrequests%28guid%270a1b2c3d-4e5f-6789-abcd-ef0123456789%27%29/Close",
            "pamrequests(guid'0A1B2C3D-4E5F-6789-ABCD-EF0123456789')/Close",
            "pamrequests(0a1b2c3d-4e5f-6789-abcd-ef0123456789)/Close",
        ] {
            assert_eq!(parse(path), Ok(close()), "{path}");
        }
    }

    #[test]
    fn letter_case_does_not_matter() {
        assert_eq!(parse("PamRequests(GUID'0a1b2c3d-4e5f-6789-abcd-ef0123456789')/CLOSE"), Ok(close()));
        assert_eq!(parse("%50AMROLES").unwrap().collection, "pamroles");
    }

    #[test]
    fn a_slash_at_the_end_changes_nothing() {
        for (path, collection) in [("sessioninfo/", "sessioninfo"), ("%24metadata", "$metadata"), ("", ""), ("/", "")] {
            let target = Target { collection: collection.into(), key: None, action: None };
            assert_eq!(parse(path), Ok(target), "{path}");
        }
    }

    #[test]
    fn what_names_nothing_is_refused() {
        for (path, error) in [
            ("pamrequests(guid'0a1b2c3d')/Close", KeyError::Key),
            ("pamrequests('0a1b2c3d-4e5f-6789-abcd-ef0123456789')", KeyError::Key),
            ("pamrequests(guid'0a1b2c3d-4e5f-6789-abcd-ef0123456789)", KeyError::Key),
            ("pamrequests(guid0a1b2c3d-4e5f-6789-abcd-ef0123456789)", KeyError::Key),
            ("pamrequests(guid''0a1b2c3d-4e5f-6789-abcd-ef0123456789')", KeyError::Key),
            ("pamrequests(guid\"0a1b2c3d-4e5f-6789-abcd-ef0123456789\")", KeyError::Key),
            ("pamrequests(guid'0a1b2c3d-4e5f-6789-abcd-ef0123456789'", KeyError::Key),
            ("pamrequests(guid'0a1b2c3d-4e5f-6789-abcd-ef0123456789')x", KeyError::Key),
            ("pamrequests(0a1b2c3d4e5f6789abcdef0123456789)", KeyError::Key),
            ("pamrequests({0a1b2c3d-4e5f-6789-abcd-ef0123456789})", KeyError::Key),
            ("pamrequests()", KeyError::Key),
            ("pamrequests(guid%2527x%2527)", KeyError::Key),
            ("pamrequests(", KeyError::Key),
            ("(0a1b2c3d-4e5f-6789-abcd-ef0123456789)", KeyError::Shape),
            ("pamrequests//", KeyError::Shape),
            ("//Close", KeyError::Shape),
            ("pamrequests/a/b", KeyError::Shape),
            ("pamrequests%2", KeyError::Encoding),
            ("pamrequests/%ff", KeyError::Encoding),
        ] {
            assert_eq!(parse(path), Err(error), "{path}");
        }
        assert_eq!(parse("pamrequests%2FClose").unwrap().collection, "pamrequests/close");
    }
}
