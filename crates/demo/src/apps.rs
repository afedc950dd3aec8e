//! The applications of the demo. Everybody knows their secrets, as the passwords.

use ephor_domain::{
    application::{Application, Permission, PermissionKind},
    id::{ClientCredentialId, ClientId, Id, PersonId, PrincipalId},
    principal::{Principal, PrincipalKind},
};
use ephor_engine::admin::application::{DOMAIN, secret_hash};
use ephor_store::{
    Fault, Tx,
    tx::application::{ApplicationRow, ApplicationSecret, Consent},
};
use jiff::{SignedDuration, Timestamp};

use crate::cast::NAMESPACE;

/// An application that acts for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct App {
    /// Key in the facts.
    pub key: &'static str,
    /// Name for people.
    pub name: &'static str,
}

/// `app` and `app1` of the checklists: both with every app role.
pub const APPS: [App; 2] = [App { key: "app", name: "Automation" }, App { key: "app1", name: "Second automation" }];

/// How long the secrets are good. A demo starts anew long before.
const LIFE: SignedDuration = SignedDuration::from_hours(24 * 365 * 100);

impl App {
    /// Id of the service principal.
    #[must_use]
    pub fn id(&self) -> PrincipalId {
        Id::derived(NAMESPACE, &format!("app/{}", self.key))
    }

    /// What clients call it.
    #[must_use]
    pub fn client(&self) -> ClientId {
        Id::derived(NAMESPACE, &format!("client/{}", self.key))
    }

    /// What proves it.
    #[must_use]
    pub fn secret(&self) -> String {
        format!("ephs_demo-secret-of-{}", self.key)
    }

    pub(crate) fn row(&self, at: Timestamp) -> ApplicationRow {
        let principal = Principal {
            id: self.id(),
            kind: PrincipalKind::Service,
            person: PersonId::derived(NAMESPACE, &format!("person/app/{}", self.key)),
            domain: DOMAIN.to_owned(),
            account: self.client().to_string(),
            display_name: self.name.to_owned(),
            upn: None,
            enabled: true,
        };
        let application = Application {
            principal: principal.id,
            client: self.client(),
            public: false,
            redirects: Vec::new(),
            created: at,
        };
        ApplicationRow { application, principal }
    }

    /// Puts the application with its secret and its app roles into the store.
    pub(crate) async fn insert(&self, tx: &mut Tx, at: Timestamp) -> Result<(), Fault> {
        let row = self.row(at);
        tx.insert_principal(&row.principal).await?;
        tx.insert_application(&row).await?;
        let secret = ApplicationSecret {
            id: ClientCredentialId::derived(NAMESPACE, &format!("secret/{}", self.key)),
            principal: self.id(),
            hash: secret_hash(&self.secret().into()),
            hint: "demo".to_owned(),
            label: "demo".to_owned(),
            created: at,
            expires: at.saturating_add(LIFE).unwrap_or(Timestamp::MAX),
        };
        tx.insert_application_secret(&secret).await?;
        for permission in Permission::all().iter().filter(|permission| permission.kind == PermissionKind::AppRole) {
            let consent = Consent { principal: self.id(), permission: *permission, created: at, created_by: None };
            tx.put_consent(&consent).await?;
        }
        Ok(())
    }
}
