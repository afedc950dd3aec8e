//! Which part of the server owns a path, and so renders all its errors (table of seams §2).

use std::collections::BTreeSet;

/// An owner of paths. No two owners share a path; PAM and admin alone share a first segment, `/api`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Owner {
    /// `/api/pamresources`.
    Pam,
    /// `/v1.0`, `/beta`.
    Graph,
    /// `/subscriptions`, `/providers`, `/tenants`, `/metadata`.
    Arm,
    /// `/{tenant}/…`.
    Issuer,
    /// Every other `/api/…`.
    Admin,
    /// `/scim/…`.
    Scim,
    /// `/healthz`, `/readyz`, `/metrics`, `/demo/…`.
    Process,
    /// `/`, `/portal/…`, `/assets/…`, `/.well-known/…` and everything else.
    Portal,
}

impl Owner {
    /// Every owner.
    pub const ALL: [Self; 8] =
        [Self::Pam, Self::Graph, Self::Arm, Self::Issuer, Self::Admin, Self::Scim, Self::Process, Self::Portal];

    /// The name used in logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pam => "pam",
            Self::Graph => "graph",
            Self::Arm => "arm",
            Self::Issuer => "issuer",
            Self::Admin => "admin",
            Self::Scim => "scim",
            Self::Process => "process",
            Self::Portal => "portal",
        }
    }
}

/// First segments that no tenant domain may be called.
const RESERVED: [&str; 15] = [
    "api",
    "v1.0",
    "beta",
    "subscriptions",
    "providers",
    "tenants",
    "metadata",
    "scim",
    "healthz",
    "readyz",
    "metrics",
    "demo",
    "portal",
    "assets",
    ".well-known",
];

/// The table from first segments to owners.
#[derive(Debug, Clone, Default)]
pub struct OwnerTable {
    tenant_names: BTreeSet<String>,
}

/// What the table says of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Whose path it is.
    pub owner: Owner,
    /// How many leading segments belong to the owner's own prefix and compare without regard to case.
    pub prefix: usize,
}

/// A tenant name that would hide another owner's paths.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the tenant name `{0}` is a reserved first segment of a path; choose another domain")]
pub struct ReservedName(pub String);

impl OwnerTable {
    /// The table for a tenant that goes by these names: its GUID and its domains. `common` and `organizations` are
    /// added if there is any name at all.
    ///
    /// # Errors
    /// When a name equals a reserved word (seams §2).
    pub fn new<N: AsRef<str>>(tenant_names: impl IntoIterator<Item = N>) -> Result<Self, ReservedName> {
        let mut names = BTreeSet::new();
        for name in tenant_names {
            let name = name.as_ref().to_ascii_lowercase();
            if RESERVED.contains(&name.as_str()) {
                return Err(ReservedName(name));
            }
            names.insert(name);
        }
        if !names.is_empty() {
            names.extend(["common".to_owned(), "organizations".to_owned()]);
        }
        Ok(Self { tenant_names: names })
    }

    /// Whose path it is that begins with these decoded segments.
    #[must_use]
    pub fn verdict(&self, first: Option<&str>, second: Option<&str>) -> Verdict {
        let Some(first) = first else {
            return Verdict { owner: Owner::Portal, prefix: 0 };
        };
        let first = first.to_ascii_lowercase();
        let (owner, prefix) = match first.as_str() {
            "api" if second.is_some_and(|second| second.eq_ignore_ascii_case("pamresources")) => (Owner::Pam, 2),
            "api" => (Owner::Admin, 2),
            "v1.0" | "beta" => (Owner::Graph, 1),
            "subscriptions" | "providers" | "tenants" | "metadata" => (Owner::Arm, 1),
            "scim" => (Owner::Scim, 2),
            "healthz" | "readyz" | "metrics" | "demo" => (Owner::Process, 1),
            name if self.tenant_names.contains(name) => (Owner::Issuer, 1),
            _ => (Owner::Portal, 1),
        };
        Verdict { owner, prefix }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(path: &str) -> Owner {
        let table = OwnerTable::new(["6e1c0fd4-0000-4000-8000-000000000001", "Demo.Test"]).expect("free names");
        let mut segments = path.split('/').filter(|segment| !segment.is_empty());
        table.verdict(segments.next(), segments.next()).owner
    }

    #[test]
    fn the_table_of_first_segments() {
        for (path, expected) in [
            ("/api/pamresources", Owner::Pam),
            ("/API/PAMResources/pamroles", Owner::Pam),
            ("/v1.0/users", Owner::Graph),
            ("/Beta/users", Owner::Graph),
            ("/subscriptions/x", Owner::Arm),
            ("/providers/x", Owner::Arm),
            ("/tenants", Owner::Arm),
            ("/metadata/endpoints", Owner::Arm),
            ("/6E1C0FD4-0000-4000-8000-000000000001/oauth2/v2.0/token", Owner::Issuer),
            ("/demo.test/v2.0", Owner::Issuer),
            ("/common/oauth2", Owner::Issuer),
            ("/Organizations/oauth2", Owner::Issuer),
            ("/api/admin/v1/users", Owner::Admin),
            ("/api/check/v1", Owner::Admin),
            ("/api/mfa/v1", Owner::Admin),
            ("/api/targets/v1", Owner::Admin),
            ("/api", Owner::Admin),
            ("/api/pamresourcesx", Owner::Admin),
            ("/scim/v2/Users", Owner::Scim),
            ("/healthz", Owner::Process),
            ("/readyz", Owner::Process),
            ("/metrics", Owner::Process),
            ("/demo/clock", Owner::Process),
            ("/", Owner::Portal),
            ("/portal/roles", Owner::Portal),
            ("/assets/site.css", Owner::Portal),
            ("/.well-known/security.txt", Owner::Portal),
            ("/graph/v1.0", Owner::Portal),
        ] {
            assert_eq!(owner(path), expected, "{path}");
        }
    }

    #[test]
    fn without_a_tenant_there_is_no_issuer() {
        let table = OwnerTable::default();
        assert_eq!(table.verdict(Some("common"), None).owner, Owner::Portal);
    }

    #[test]
    fn a_tenant_cannot_be_called_like_a_reserved_segment() {
        assert_eq!(OwnerTable::new(["Beta"]).map(|_| ()), Err(ReservedName("beta".to_owned())));
    }
}
