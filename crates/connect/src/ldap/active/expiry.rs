//! Memberships that the directory ends by itself: `member` values with a time to live (R5).

use std::time::Duration;

/// The value that makes `name` a member for as long as `lives`, in whole seconds rounded up.
pub(in crate::ldap) fn expiring(name: &str, lives: Duration) -> String {
    let seconds = lives.as_secs() + u64::from(lives.subsec_nanos() > 0);
    format!("<TTL={},{name}>", seconds.max(1))
}

/// A value as read with the control: the name, and the seconds it has left where it has an end.
pub(super) fn read(value: &str) -> (&str, Option<u64>) {
    let ends =
        value.strip_prefix("<TTL=").and_then(|rest| rest.strip_suffix('>')).and_then(|rest| rest.split_once(','));
    match ends.and_then(|(seconds, name)| Some((name, seconds.parse().ok()?))) {
        Some((name, seconds)) => (name, Some(seconds)),
        None => (value, None),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{expiring, read};

    #[test]
    fn the_time_to_live_is_never_cut_short() {
        assert_eq!(expiring("CN=a,DC=b", Duration::from_secs(600)), "<TTL=600,CN=a,DC=b>");
        assert_eq!(expiring("CN=a,DC=b", Duration::from_millis(599_001)), "<TTL=600,CN=a,DC=b>");
        assert_eq!(expiring("CN=a,DC=b", Duration::ZERO), "<TTL=1,CN=a,DC=b>");
    }

    #[test]
    fn values_are_read_with_and_without_an_end() {
        assert_eq!(read("<TTL=42,CN=a\\,b,DC=c>"), ("CN=a\\,b,DC=c", Some(42)));
        assert_eq!(read("CN=a,DC=c"), ("CN=a,DC=c", None));
        assert_eq!(read("<TTL=x,CN=a>"), ("<TTL=x,CN=a>", None));
    }
}
