//! Which domain a realm's people belong to here.

use std::collections::BTreeMap;

use super::ClientName;

/// Realms whose tickets count, and the domain of the accounts they open. Tickets of all others open nothing, also where
/// the key distribution centres trust one another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Realms(BTreeMap<String, String>);

impl Realms {
    /// `DOMAIN\account` of a client, when its realm counts.
    #[must_use]
    pub fn username(&self, client: &ClientName) -> Option<String> {
        self.0.get(&client.realm).map(|domain| format!("{domain}\\{}", client.account))
    }

    /// The domain of a realm.
    #[must_use]
    pub fn domain(&self, realm: &str) -> Option<&str> {
        self.0.get(realm).map(String::as_str)
    }
}

impl FromIterator<(String, String)> for Realms {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(realms: I) -> Self {
        Self(realms.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_realms_count_and_letter_case_does_too() {
        let realms: Realms = [("CORP.TEST".to_owned(), "CORP".to_owned())].into_iter().collect();
        let client = |realm: &str| ClientName { account: "alice".to_owned(), realm: realm.to_owned() };
        assert_eq!(realms.username(&client("CORP.TEST")).as_deref(), Some("CORP\\alice"));
        assert_eq!(realms.username(&client("corp.test")), None);
        assert_eq!(realms.username(&client("EVIL.TEST")), None);
        assert_eq!(realms.domain("CORP.TEST"), Some("CORP"));
    }
}
