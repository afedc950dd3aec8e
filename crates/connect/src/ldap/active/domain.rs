//! What a domain controller says of its domain, and whether it can end memberships by itself (R5).

use ephor_engine::port::target::TargetFault;
use ldap3::{Scope, controls::RawControl};
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    super::{
        fault::{self, code},
        filter,
        lane::Link,
        root,
    },
    name,
};

/// Answers carry the lasting names of objects beside the distinguished ones.
pub(super) const EXTENDED_NAMES: &str = "1.2.840.113556.1.4.529";
/// Nothing outside this domain is answered, not even by a referral.
pub(super) const THIS_DOMAIN_ONLY: &str = "1.2.840.113556.1.4.1339";

/// The optional feature "Privileged Access Management".
const PRIVILEGED_ACCESS: Uuid = Uuid::from_u128(0xec43_e873_cce8_4640_b4ab_07ff_e4ab_5bcd);
/// The forest level that the feature needs: that of 2016.
const LEVEL_2016: u32 = 7;

/// What a domain controller says of its domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ldap) struct Domain {
    /// Root of the domain.
    pub(super) root: String,
    /// Short name, where we may read it.
    pub(super) short: Option<String>,
    /// Level of the domain and of the forest, in words.
    pub(super) levels: String,
    /// Why memberships cannot be given a time to live; `None` when they can.
    pub(super) expiry_off: Option<String>,
}

impl Link {
    /// What the domain controller says of its domain; asked once on a connection.
    pub(super) async fn domain(&self, deadline: Instant) -> Result<&Domain, TargetFault> {
        self.domain.get_or_try_init(|| Domain::read(self, deadline)).await
    }
}

impl Domain {
    async fn read(link: &Link, deadline: Instant) -> Result<Self, TargetFault> {
        let (root, configuration) = link.root.domain.clone().ok_or_else(|| {
            fault::rejected("the server names no domain: it is no Active Directory domain controller")
        })?;
        let short = short_name(link, deadline, &root, &configuration).await?;
        let expiry_off = match before_feature(link) {
            Some(reason) => Some(reason),
            None if is_enabled(link, deadline, &configuration).await? => None,
            None => Some("the optional feature Privileged Access Management is not enabled in the forest".to_owned()),
        };
        let levels = format!("domain {}, forest {}", level(link.root.domain_level), level(link.root.forest_level));
        Ok(Self { root, short, levels, expiry_off })
    }

    /// The name of the domain in the internet's form.
    pub(super) fn dotted(&self) -> String {
        let parts = self.root.split(',').filter_map(|part| part.trim().split_once('='));
        parts.filter(|(kind, _)| kind.eq_ignore_ascii_case("dc")).map(|(_, name)| name).collect::<Vec<_>>().join(".")
    }
}

/// What stands against a time to live before the feature is asked for.
fn before_feature(link: &Link) -> Option<String> {
    if !link.root.link_ttl {
        return Some(format!("the server does not offer it (control {} is not listed)", root::LINK_TTL));
    }
    match link.root.forest_level {
        Some(level) if level >= LEVEL_2016 => None,
        found => Some(format!("the forest is at level {}; it needs 2016", level(found))),
    }
}

async fn is_enabled(link: &Link, deadline: Instant, configuration: &str) -> Result<bool, TargetFault> {
    let base = format!("CN=Optional Features,CN=Directory Service,CN=Windows NT,CN=Services,{configuration}");
    let filter = name::bytes_filter("msDS-OptionalFeatureGUID", &PRIVILEGED_ACCESS.to_bytes_le());
    let (entries, result) =
        link.search(deadline, &base, Scope::Subtree, &filter, &["msDS-EnabledFeatureBL"], 2).await?;
    match result.rc {
        code::SUCCESS | code::SIZE_LIMIT_EXCEEDED => {
            Ok(entries.iter().any(|entry| !root::values(entry, "msDS-EnabledFeatureBL").is_empty()))
        }
        code::NO_SUCH_OBJECT => Ok(false),
        _ => Err(fault::of_result(&result, "search for the optional features of the forest")),
    }
}

async fn short_name(
    link: &Link,
    deadline: Instant,
    domain: &str,
    configuration: &str,
) -> Result<Option<String>, TargetFault> {
    let filter = filter::both("(objectClass=crossRef)", &filter::equals("nCName", domain));
    let base = format!("CN=Partitions,{configuration}");
    let (entries, _) = link.search(deadline, &base, Scope::OneLevel, &filter, &["nETBIOSName"], 2).await?;
    Ok(entries.first().and_then(|entry| root::values(entry, "nETBIOSName").first().cloned()))
}

/// The name of a functional level.
fn level(number: Option<u32>) -> String {
    match number {
        Some(0) => "2000".to_owned(),
        Some(1) => "2003 mixed".to_owned(),
        Some(2) => "2003".to_owned(),
        Some(3) => "2008".to_owned(),
        Some(4) => "2008 R2".to_owned(),
        Some(5) => "2012".to_owned(),
        Some(6) => "2012 R2".to_owned(),
        Some(7) => "2016".to_owned(),
        Some(10) => "2025".to_owned(),
        Some(other) => format!("number {other}"),
        None => "unknown".to_owned(),
    }
}

/// A control that the server may pass over.
pub(super) fn control(oid: &str, value: Option<Vec<u8>>) -> RawControl {
    RawControl { ctype: oid.to_owned(), crit: false, val: value }
}

#[cfg(test)]
mod tests {
    use super::{Domain, level};

    #[test]
    fn domains_have_a_name_in_the_internets_form() {
        let domain =
            Domain { root: "DC=corp, dc=test".to_owned(), short: None, levels: String::new(), expiry_off: None };
        assert_eq!(domain.dotted(), "corp.test");
    }

    #[test]
    fn levels_have_the_names_that_operators_know() {
        assert_eq!([Some(4), Some(7), Some(9), None].map(level), ["2008 R2", "2016", "number 9", "unknown"]);
    }
}
