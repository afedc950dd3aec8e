//! The root DSE: what a server says of itself (RFC 4512 §5.1).

use ephor_engine::port::target::TargetFault;
use ldap3::{Scope, SearchEntry};
use tokio::time::Instant;

use super::lane::Link;

/// Lets a modify pass over values that are there or gone already.
pub(super) const PERMISSIVE_MODIFY: &str = "1.2.840.113556.1.4.1413";
/// Members with a time to live (Active Directory).
pub(super) const LINK_TTL: &str = "1.2.840.113556.1.4.2309";
const PASSWORD_MODIFY: &str = "1.3.6.1.4.1.4203.1.11.1";

/// What a server says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Root {
    /// Product and version.
    pub(super) product: Option<String>,
    /// Takes the permissive modify control.
    pub(super) permissive_modify: bool,
    /// Takes the password modify operation.
    pub(super) password_modify: bool,
    /// Where the schema is.
    pub(super) schema: Option<String>,
    /// Takes a time to live with a member.
    pub(super) link_ttl: bool,
    /// Active Directory: the names of the domain and of the forest's configuration.
    pub(super) domain: Option<(String, String)>,
    /// Active Directory: the level of the forest, as a number.
    pub(super) forest_level: Option<u32>,
    /// Active Directory: the level of the domain, as a number.
    pub(super) domain_level: Option<u32>,
}

/// Reads the root. A server that does not show it is taken to be able to do nothing special.
pub(super) async fn read(link: &Link, deadline: Instant) -> Result<Root, TargetFault> {
    let attributes = [
        "objectClass",
        "vendorName",
        "vendorVersion",
        "supportedControl",
        "supportedExtension",
        "subschemaSubentry",
        "defaultNamingContext",
        "configurationNamingContext",
        "forestFunctionality",
        "domainFunctionality",
    ];
    let (entries, _) = link.search(deadline, "", Scope::Base, "(objectClass=*)", &attributes, 1).await?;
    Ok(entries.first().map(Root::of).unwrap_or_default())
}

impl Root {
    fn of(entry: &SearchEntry) -> Self {
        let values = |attribute: &str| values(entry, attribute);
        let lists = |attribute: &str, oid: &str| values(attribute).iter().any(|value| value == oid);
        let first = |attribute: &str| values(attribute).first().cloned();
        let is_openldap = values("objectClass").iter().any(|class| class.eq_ignore_ascii_case("OpenLDAProotDSE"));
        let words: Vec<&str> = ["vendorName", "vendorVersion"]
            .iter()
            .filter_map(|attribute| values(attribute).first().map(String::as_str))
            .collect();
        Self {
            product: match words.is_empty() {
                false => Some(words.join(" ")),
                true => is_openldap.then(|| "OpenLDAP".to_owned()),
            },
            permissive_modify: lists("supportedControl", PERMISSIVE_MODIFY),
            password_modify: lists("supportedExtension", PASSWORD_MODIFY),
            schema: first("subschemaSubentry"),
            link_ttl: lists("supportedControl", LINK_TTL),
            domain: first("defaultNamingContext").zip(first("configurationNamingContext")),
            forest_level: first("forestFunctionality").and_then(|level| level.parse().ok()),
            domain_level: first("domainFunctionality").and_then(|level| level.parse().ok()),
        }
    }
}

/// The values of an attribute whose name the server may spell in any letter case.
pub(super) fn values<'e>(entry: &'e SearchEntry, attribute: &str) -> &'e [String] {
    entry
        .attrs
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(attribute))
        .map_or(&[], |(_, values)| values.as_slice())
}
