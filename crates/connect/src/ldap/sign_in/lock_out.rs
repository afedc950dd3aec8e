//! When a directory locks accounts, as far as it shows that.

use std::time::Duration;

use ldap3::SearchEntry;

use super::super::root::values;

/// The rule by which Active Directory locks accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockOut {
    /// So many wrong passwords …
    pub threshold: u32,
    /// … within this time.
    pub window: Duration,
}

impl LockOut {
    /// Where the domain's own entry has it.
    pub(super) const ATTRIBUTES: &[&str] = &["lockoutThreshold", "lockOutObservationWindow"];

    /// The rule in the domain's entry; `None` when there is none or nothing is locked.
    pub(super) fn of(entry: &SearchEntry) -> Option<Self> {
        let threshold: u32 = values(entry, "lockoutThreshold").first()?.parse().ok()?;
        // Negative, in units of 100 ns.
        let window: i64 = values(entry, "lockOutObservationWindow").first()?.parse().ok()?;
        let window = Duration::from_micros(window.unsigned_abs() / 10);
        (threshold > 0).then_some(Self { threshold, window })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn the_rule_is_read_from_the_domain() {
        let rule = |threshold: &str| {
            let values = [("lockoutThreshold", threshold), ("lockOutObservationWindow", "-18000000000")];
            let attrs = values.map(|(name, value)| (name.to_owned(), vec![value.to_owned()]));
            LockOut::of(&SearchEntry { dn: String::new(), attrs: HashMap::from(attrs), bin_attrs: HashMap::new() })
        };
        assert_eq!(rule("5"), Some(LockOut { threshold: 5, window: Duration::from_secs(1800) }));
        assert_eq!(rule("0"), None);
        assert_eq!(rule("x"), None);
    }
}
