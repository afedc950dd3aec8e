//! What the demo tells tests about itself: one line of JSON.

use std::collections::BTreeMap;

use ephor_domain::id::{EntitlementId, GroupId, PrincipalId};
use ephor_identity::factor::totp;
use serde::Serialize;
use uuid::Uuid;

use crate::cast::{DOMAIN, Group, PEOPLE, ROLES, tenant};

/// Everything a test needs to call the demo.
#[derive(Debug, Serialize)]
pub struct Facts {
    /// URL of the plain listener.
    pub http: String,
    /// URL of the TLS listener.
    pub https: String,
    /// PEM file of the authority that vouches for it.
    pub ca: String,
    /// The tenant.
    pub tenant: Uuid,
    /// The domain of all accounts.
    pub domain: &'static str,
    /// People by key.
    pub users: BTreeMap<&'static str, UserFacts>,
    /// The PAM fixture.
    pub pam: PamFacts,
}

/// Somebody who can sign in.
#[derive(Debug, Serialize)]
pub struct UserFacts {
    /// Id of the account.
    pub id: PrincipalId,
    /// `DEMO\jen`.
    pub account: String,
    /// `jen@demo.test`.
    pub upn: String,
    /// What signs in.
    pub password: String,
    /// Key of the authenticator app, in base 32, for those who have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub totp: Option<String>,
}

/// The PAM fixture.
#[derive(Debug, Serialize)]
pub struct PamFacts {
    /// Roles by key.
    pub roles: BTreeMap<&'static str, EntitlementId>,
    /// Groups of each role.
    pub groups: BTreeMap<&'static str, Vec<GroupId>>,
}

impl Facts {
    /// The facts of a demo that serves at these places.
    #[must_use]
    pub fn new(http: String, https: String, ca: String) -> Self {
        let users = PEOPLE.iter().map(|person| {
            let facts = UserFacts {
                id: person.id(),
                account: person.account(),
                upn: person.upn(),
                password: person.password(),
                totp: person.totp().map(|secret| totp::base32(&secret)),
            };
            (person.key, facts)
        });
        let groups = ROLES.iter().map(|role| (role.key, role.groups.iter().map(Group::id).collect()));
        let pam =
            PamFacts { roles: ROLES.iter().map(|role| (role.key, role.id())).collect(), groups: groups.collect() };
        Self { http, https, ca, tenant: tenant(), domain: DOMAIN, users: users.collect(), pam }
    }
}
