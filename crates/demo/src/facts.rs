//! What the demo tells tests about itself: one line of JSON.

use std::collections::BTreeMap;

use ephor_domain::id::{ClientId, EntitlementId, GroupId, PrincipalId};
use ephor_identity::factor::totp;
use serde::Serialize;
use uuid::Uuid;

use crate::{
    apps::APPS,
    cast::{DOMAIN, Group, ROLES, everybody, subscription, tenant},
    directory::{self, DIRECTORY_GROUPS},
    resources,
};

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
    /// Applications by key.
    pub apps: BTreeMap<&'static str, AppFacts>,
    /// The PAM fixture.
    pub pam: PamFacts,
    /// The Graph fixture.
    pub graph: GraphFacts,
    /// The ARM fixture.
    pub arm: ArmFacts,
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

/// An application that acts for itself.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AppFacts {
    /// Id of the service principal: `oid` of its tokens.
    pub id: PrincipalId,
    /// What clients call it.
    pub app_id: ClientId,
    /// What proves it.
    pub secret: String,
}

/// The Graph fixture.
#[derive(Debug, Serialize)]
pub struct GraphFacts {
    /// Groups by key.
    pub groups: BTreeMap<&'static str, GroupId>,
    /// Role definitions by key.
    pub roles: BTreeMap<&'static str, Uuid>,
    /// Administrative units by key.
    #[serde(rename = "administrativeUnits")]
    pub administrative_units: BTreeMap<&'static str, Uuid>,
}

/// The ARM fixture.
#[derive(Debug, Serialize)]
pub struct ArmFacts {
    /// The subscription of most stories.
    pub subscription: Uuid,
    /// Scopes by key: M above S, S above G1 and G2, X in G1; S2 stands alone.
    pub scopes: BTreeMap<&'static str, String>,
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
        let users = everybody().into_iter().map(|person| {
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
        let apps = APPS.iter().map(|app| {
            let facts = AppFacts { id: app.id(), app_id: app.client(), secret: app.secret() };
            (app.key, facts)
        });
        let graph = GraphFacts {
            groups: DIRECTORY_GROUPS.iter().map(|group| (group.key, group.id())).collect(),
            roles: directory::roles().into(),
            administrative_units: [("au1", directory::administrative_unit().id)].into(),
        };
        let scopes = resources::scopes().into_iter().map(|(key, scope)| (key, scope.to_string())).collect();
        let arm = ArmFacts { subscription: subscription(), scopes };
        let (users, apps) = (users.collect(), apps.collect());
        Self { http, https, ca, tenant: tenant(), domain: DOMAIN, users, apps, pam, graph, arm }
    }
}
