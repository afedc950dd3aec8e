//! Registering an application: it gets an id for clients and a service principal.

use ephor_audit::events;
use ephor_domain::{
    administration::Right,
    application::{Application, Redirect},
    id::{ClientId, PersonId, PrincipalId},
    principal::{Principal, PrincipalKind},
};

use super::{ApplicationDetail, ApplicationRow, DOMAIN, name};
use crate::{
    admin::desk::{Command, Desk, Subject},
    answer::Answer,
};

/// An application to be registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApplication {
    /// Name for people.
    pub display_name: String,
    /// It cannot keep a secret.
    pub public: bool,
    /// Where browsers may be sent with a code.
    pub redirects: Vec<Redirect>,
}

/// Registers an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterApplication(pub NewApplication);

impl Command for RegisterApplication {
    type Output = ApplicationDetail;

    fn right(&self) -> Right {
        Right::Administrators
    }

    fn subject(&self) -> Subject {
        Subject::NONE
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<ApplicationDetail> {
        desk.require_presence()?;
        let Self(new) = self;
        let display_name = name(&new.display_name)?;
        let key = desk.call().ids().request.uuid();
        // From the call's random id: says nothing, and is the same when the command runs again.
        let client = ClientId::new(desk.derived_id("client", key));
        let principal = Principal {
            id: PrincipalId::new(key),
            kind: PrincipalKind::Service,
            person: PersonId::new(desk.derived_id("person", key)),
            domain: DOMAIN.to_owned(),
            account: client.to_string(),
            display_name,
            upn: None,
            enabled: true,
        };
        let application = Application {
            principal: principal.id,
            client,
            public: new.public,
            redirects: new.redirects,
            created: desk.now(),
        };
        application.check()?;
        let row = ApplicationRow { application, principal };
        desk.tx.insert_principal(&row.principal).await?;
        desk.tx.insert_application(&row).await?;
        let (public, redirects) = (row.application.public, row.application.redirects.len());
        let display_name = row.principal.display_name.clone();
        desk.changed(events::APPLICATION_CHANGED, Subject::user(row.principal.id), |record| {
            record
                .detail("change", "registered")
                .detail("client", client.uuid())
                .detail("public", public)
                .detail("redirects", i64::try_from(redirects).unwrap_or(i64::MAX))
                .detail("name", display_name)
        });
        Ok(ApplicationDetail::load(desk.tx, row).await?)
    }
}
