//! The ways in which people and programs name an object of a domain.

use std::fmt::Write as _;

use uuid::Uuid;

use super::super::filter;
use crate::dn;

/// One way of naming an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Name {
    /// `<GUID=…>`: stays through renames and moves, so it is what we keep.
    Guid(Uuid),
    /// `S-1-5-…` or `<SID=S-1-5-…>`.
    Sid(Sid),
    /// A distinguished name.
    Dn(String),
    /// `account@domain`.
    Principal(String),
    /// `DOMAIN\account`.
    DownLevel {
        /// Short name of the domain.
        domain: String,
        /// Account name there.
        account: String,
    },
    /// An account name (`sAMAccountName`).
    Account(String),
}

impl Name {
    pub(super) fn of(text: &str) -> Self {
        let text = text.trim();
        if let Some(guid) = bracketed(text, "GUID").and_then(|guid| Uuid::parse_str(guid).ok()) {
            return Self::Guid(guid);
        }
        if let Some(sid) = Sid::parse(bracketed(text, "SID").unwrap_or(text)) {
            return Self::Sid(sid);
        }
        // An account name holds neither an equals sign nor a comma.
        if dn::is_valid(text) {
            return Self::Dn(text.to_owned());
        }
        if let Some((domain, account)) = text.split_once('\\') {
            return Self::DownLevel { domain: domain.to_owned(), account: account.to_owned() };
        }
        if text.contains('@') { Self::Principal(text.to_owned()) } else { Self::Account(text.to_owned()) }
    }
}

fn bracketed<'t>(text: &'t str, kind: &str) -> Option<&'t str> {
    let inner = text.strip_prefix('<')?.split('>').next()?;
    let (name, value) = inner.split_once('=')?;
    name.eq_ignore_ascii_case(kind).then_some(value)
}

/// How we keep the name of an object: the one that stays.
pub(super) fn lasting(guid: Uuid) -> String {
    format!("<GUID={guid}>")
}

/// The lasting name inside a value in extended form, `<GUID=…>;<SID=…>;CN=…`, and the distinguished name behind it.
pub(super) fn extended(value: &str) -> Option<(String, &str)> {
    let guid = bracketed(value, "GUID").and_then(|guid| Uuid::parse_str(guid).ok())?;
    let mut rest = value;
    while rest.starts_with('<') {
        rest = rest.split_once('>')?.1.strip_prefix(';')?;
    }
    Some((lasting(guid), rest))
}

/// The filter for one object by its GUID, as the directory stores it: the first three fields little-endian.
pub(super) fn guid_filter(guid: Uuid) -> String {
    bytes_filter("objectGUID", &guid.to_bytes_le())
}

/// The filter for one object by its SID.
pub(super) fn sid_filter(sid: &Sid) -> String {
    filter::equals("objectSid", &sid.to_string())
}

pub(super) fn bytes_filter(attribute: &str, bytes: &[u8]) -> String {
    let mut filter = format!("({attribute}=");
    for byte in bytes {
        write!(filter, "\\{byte:02x}").expect("writing to a string cannot fail");
    }
    filter.push(')');
    filter
}

/// A security identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sid {
    authority: u64,
    parts: Vec<u32>,
}

impl Sid {
    /// From the text `S-1-5-21-…`.
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split('-');
        if !words.next()?.eq_ignore_ascii_case("s") || words.next()? != "1" {
            return None;
        }
        let authority = words.next()?.parse().ok()?;
        let parts = words.map(str::parse).collect::<Result<Vec<u32>, _>>().ok()?;
        (!parts.is_empty() && parts.len() <= 15).then_some(Self { authority, parts })
    }

    /// From the bytes of `objectSid`.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let [1, count, authority @ ..] = bytes else { return None };
        let (authority, parts) = authority.split_at_checked(6)?;
        if parts.len() != usize::from(*count) * 4 || *count == 0 {
            return None;
        }
        let authority = authority.iter().fold(0_u64, |whole, byte| whole << 8 | u64::from(*byte));
        let parts = parts.chunks_exact(4).filter_map(|part| part.try_into().ok()).map(u32::from_le_bytes).collect();
        Some(Self { authority, parts })
    }

    /// The last part: the number within the domain.
    pub(super) fn relative(&self) -> u32 {
        self.parts.last().copied().unwrap_or_default()
    }

    /// The identifier of another object of the same domain.
    pub(super) fn sibling(&self, relative: u32) -> Self {
        let mut other = self.clone();
        if let Some(last) = other.parts.last_mut() {
            *last = relative;
        }
        other
    }

    /// True for identifiers of a domain; others are the same on every machine.
    pub(super) fn is_of_domain(&self) -> bool {
        self.authority == 5 && self.parts.first() == Some(&21) && self.parts.len() == 5
    }
}

impl std::fmt::Display for Sid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "S-1-{}", self.authority)?;
        self.parts.iter().try_for_each(|part| write!(f, "-{part}"))
    }
}

/// What an account name may not hold (`sAMAccountName`); a sign-in with it would read as something else.
pub(super) fn account_name_fault(name: &str) -> Option<&'static str> {
    if name.is_empty() || name.trim() != name {
        Some("is empty, or begins or ends with a space")
    } else if name.chars().count() > 20 {
        Some("has more than 20 characters")
    } else if name.ends_with('.') || name.chars().any(|c| c.is_control() || "\"/\\[]:;|=,+*?<>@".contains(c)) {
        Some("ends with a dot or holds one of \" / \\ [ ] : ; | = , + * ? < > @")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{Name, Sid, account_name_fault, extended, guid_filter, sid_filter};

    const GUID: &str = "2c85f36f-fa19-40e5-ad2b-c09f4ce67217";

    fn sid(text: &str) -> Sid {
        Sid::parse(text).unwrap()
    }

    #[test]
    fn every_way_of_naming_is_told_from_the_others() {
        let guid = Uuid::parse_str(GUID).unwrap();
        assert_eq!(Name::of(&format!("<GUID={GUID}>")), Name::Guid(guid));
        assert_eq!(Name::of(&format!("<guid={}>", GUID.to_uppercase())), Name::Guid(guid));
        assert_eq!(Name::of("S-1-5-21-1-2-3-1104"), Name::Sid(sid("S-1-5-21-1-2-3-1104")));
        assert_eq!(Name::of("<SID=S-1-5-32-544>"), Name::Sid(sid("S-1-5-32-544")));
        assert_eq!(Name::of(" CN=a,DC=b "), Name::Dn("CN=a,DC=b".to_owned()));
        assert_eq!(Name::of("alice@corp.test"), Name::Principal("alice@corp.test".to_owned()));
        let down_level = Name::DownLevel { domain: "CORP".to_owned(), account: "alice".to_owned() };
        assert_eq!(Name::of("CORP\\alice"), down_level);
        assert_eq!(Name::of("alice"), Name::Account("alice".to_owned()));
        assert_eq!(Name::of("S-2-5"), Name::Account("S-2-5".to_owned()));
        assert_eq!(Name::of("<GUID=nonsense>"), Name::Account("<GUID=nonsense>".to_owned()));
        assert_eq!(Name::of("<TTL=5,CN=a,DC=b>"), Name::Account("<TTL=5,CN=a,DC=b>".to_owned()));
    }

    #[test]
    fn identifiers_are_read_as_the_directory_stores_them() {
        let bytes = [1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0x50, 4, 0, 0];
        let read = Sid::read(&bytes).unwrap();
        assert_eq!(read, sid("S-1-5-21-1-2-3-1104"));
        assert_eq!((read.relative(), read.is_of_domain()), (1104, true));
        assert_eq!(read.sibling(501).to_string(), "S-1-5-21-1-2-3-501");
        assert!(!sid("S-1-5-32-544").is_of_domain());
        for broken in [&bytes[..27], &bytes[..2], &[], &[2, 0], &[1, 0, 0, 0, 0, 0, 0, 5]] {
            assert_eq!(Sid::read(broken), None);
        }
        assert_eq!(sid_filter(&read), "(objectSid=S-1-5-21-1-2-3-1104)");
        assert_eq!(
            guid_filter(Uuid::parse_str(GUID).unwrap()),
            "(objectGUID=\\6f\\f3\\85\\2c\\19\\fa\\e5\\40\\ad\\2b\\c0\\9f\\4c\\e6\\72\\17)"
        );
    }

    #[test]
    fn extended_values_give_the_name_that_lasts() {
        let value = format!("<GUID={GUID}>;<SID=S-1-5-21-1-2-3-1103>;CN=Doe\\, <Jane>,DC=corp");
        assert_eq!(extended(&value), Some((format!("<GUID={GUID}>"), "CN=Doe\\, <Jane>,DC=corp")));
        assert_eq!(extended(&format!("<GUID={GUID}>;CN=g,DC=corp")), Some((format!("<GUID={GUID}>"), "CN=g,DC=corp")));
        for plain in ["CN=g,DC=corp", "", "<", "<GUID=x>;CN=a", &format!("<GUID={GUID}")] {
            assert_eq!(extended(plain).map(|(name, _)| name), None, "{plain}");
        }
    }

    #[test]
    fn account_names_that_the_directory_would_read_otherwise_are_refused() {
        for good in ["alice", "zwanzig-zeichen-lang", "jörg", "a b", "PRIV.alice"] {
            assert_eq!(account_name_fault(good), None, "{good}");
        }
        for bad in ["", " a", "a ", "a.", "einundzwanzig-zeichen", "a@b", "a\\b", "a,b", "a\nb", "a*", "a=b"] {
            assert!(account_name_fault(bad).is_some(), "{bad}");
        }
    }
}
