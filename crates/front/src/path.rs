//! Reading a request path once, the same way for every face (seams §2).

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// A path split on `/` after collapsing `//`, each segment decoded exactly once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestPath<'a> {
    segments: Vec<Cow<'a, str>>,
    trailing_slash: bool,
}

/// Why a path cannot be served by anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PathFault {
    /// It does not begin with a slash (`OPTIONS *`, CONNECT).
    #[error("the path does not begin with a slash")]
    NotAbsolute,
    /// A `%` without two hexadecimal digits, or bytes that are no UTF-8.
    #[error("the path is not valid percent-encoded UTF-8")]
    Encoding,
    /// A segment `.` or `..`.
    #[error("the path has a segment that is a single or double dot")]
    Dots,
    /// A NUL character.
    #[error("the path has a NUL character")]
    Nul,
    /// An encoded slash in the first two segments, where owners are told apart.
    #[error("the path has an encoded slash in its first two segments")]
    EncodedSlash,
}

/// What may stand raw in a segment: RFC 3986 `pchar`.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

impl<'a> RequestPath<'a> {
    /// Reads a path as it stands in the request line.
    ///
    /// # Errors
    /// The first fault from the left.
    pub fn parse(path: &'a str) -> Result<Self, PathFault> {
        let Some(rest) = path.strip_prefix('/') else {
            return Err(PathFault::NotAbsolute);
        };
        let mut segments = Vec::new();
        for raw in rest.split('/').filter(|raw| !raw.is_empty()) {
            let segment = decode(raw)?;
            if matches!(segment.as_ref(), "." | "..") {
                return Err(PathFault::Dots);
            }
            if segment.contains('\0') {
                return Err(PathFault::Nul);
            }
            if segments.len() < 2 && segment.contains('/') {
                return Err(PathFault::EncodedSlash);
            }
            segments.push(segment);
        }
        let trailing_slash = !segments.is_empty() && rest.ends_with('/');
        Ok(Self { segments, trailing_slash })
    }

    /// The decoded segments, from the left; empty for `/`.
    #[must_use]
    pub fn segments(&self) -> &[Cow<'a, str>] {
        &self.segments
    }

    /// True when something stands before a last slash.
    #[must_use]
    pub fn has_trailing_slash(&self) -> bool {
        self.trailing_slash
    }

    /// The one spelling of this path: single slashes, nothing encoded that may stand raw, and the first `lowered`
    /// segments in lower case.
    #[must_use]
    pub fn canonical(&self, lowered: usize) -> String {
        if self.segments.is_empty() {
            return "/".to_owned();
        }
        let mut out = String::new();
        for (at, segment) in self.segments.iter().enumerate() {
            out.push('/');
            if at < lowered {
                out.extend(utf8_percent_encode(&segment.to_ascii_lowercase(), SEGMENT));
            } else {
                out.extend(utf8_percent_encode(segment, SEGMENT));
            }
        }
        if self.trailing_slash {
            out.push('/');
        }
        out
    }
}

/// The first two segments of a path that may be malformed, as well as they can be read: enough to choose the owner
/// who renders the refusal.
#[must_use]
pub fn first_two(path: &str) -> (Option<Cow<'_, str>>, Option<Cow<'_, str>>) {
    let mut segments =
        path.split('/').filter(|raw| !raw.is_empty()).map(|raw| percent_decode_str(raw).decode_utf8_lossy());
    (segments.next(), segments.next())
}

fn decode(raw: &str) -> Result<Cow<'_, str>, PathFault> {
    if !raw.contains('%') {
        return Ok(Cow::Borrowed(raw));
    }
    let mut pieces = raw.split('%');
    pieces.next();
    for piece in pieces {
        if !piece.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
            return Err(PathFault::Encoding);
        }
    }
    percent_decode_str(raw).decode_utf8().map_err(|_| PathFault::Encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: &str) {
        let parsed = RequestPath::parse(path).expect(path);
        assert_eq!(parsed.canonical(2), expected, "{path}");
    }

    #[test]
    fn every_spelling_has_one_canonical_form() {
        check("/", "/");
        check("//", "/");
        check("/API/PamResources", "/api/pamresources");
        check("//api///pamresources//pamroles/", "/api/pamresources/pamroles/");
        check("/%61pi/pamresources/%24metadata", "/api/pamresources/$metadata");
        check("/api/pamresources/pamrequests(guid%27A%27)/Close", "/api/pamresources/pamrequests(guid'A')/Close");
        check("/api/pamresources/pamrequests%28guid'A'%29/Close", "/api/pamresources/pamrequests(guid'A')/Close");
        check("/v1.0/users/a%2Fb", "/v1.0/users/a%2Fb");
        check("/v1.0/users/%25 ", "/v1.0/users/%25%20");
        check("/portal/%C3%A4", "/portal/%C3%A4");
    }

    #[test]
    fn a_segment_is_decoded_once() {
        let path = RequestPath::parse("/a/b/%2527").expect("well formed");
        assert_eq!(path.segments(), ["a", "b", "%27"]);
        assert_eq!(path.canonical(2), "/a/b/%2527");
    }

    #[test]
    fn trailing_slash_is_seen() {
        assert!(RequestPath::parse("/a/").expect("well formed").has_trailing_slash());
        assert!(!RequestPath::parse("/a").expect("well formed").has_trailing_slash());
        assert!(!RequestPath::parse("/").expect("well formed").has_trailing_slash());
    }

    #[test]
    fn faults() {
        for (path, fault) in [
            ("*", PathFault::NotAbsolute),
            ("", PathFault::NotAbsolute),
            ("/a/%", PathFault::Encoding),
            ("/a/%4", PathFault::Encoding),
            ("/a/%zz", PathFault::Encoding),
            ("/a/%+1", PathFault::Encoding),
            ("/a/%ff", PathFault::Encoding),
            ("/./a", PathFault::Dots),
            ("/a/b/c/..", PathFault::Dots),
            ("/a/%2e%2E/b", PathFault::Dots),
            ("/a/b%00", PathFault::Nul),
            ("/a%2fb", PathFault::EncodedSlash),
            ("/a/b%2Fc", PathFault::EncodedSlash),
        ] {
            assert_eq!(RequestPath::parse(path), Err(fault), "{path}");
        }
        assert!(RequestPath::parse("/a/b/c%2Fd").is_ok());
        assert!(RequestPath::parse("/a/b/...").is_ok());
    }

    #[test]
    fn the_first_two_segments_are_read_even_when_malformed() {
        assert_eq!(first_two("//api/pamresources/../x"), (Some("api".into()), Some("pamresources".into())));
        assert_eq!(first_two("/api%2fpamresources"), (Some("api/pamresources".into()), None));
        assert_eq!(first_two("*"), (Some("*".into()), None));
        assert_eq!(first_two("/"), (None, None));
    }
}
