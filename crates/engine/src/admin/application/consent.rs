//! Consent: an administrator lets an application ask for a scope, or act by an app role.

use ephor_audit::events;
use ephor_domain::{Refusal, administration::Right, application::Permission, id::PrincipalId};
use ephor_store::tx::lock::Lock;

use super::{Consent, application, locks, told};
use crate::{
    admin::desk::{Command, Desk, Subject},
    answer::Answer,
};

/// Consents to a permission; one that is given already stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantConsent {
    /// Which: its service principal.
    pub application: PrincipalId,
    /// What.
    pub permission: Permission,
}

impl Command for GrantConsent {
    type Output = ();

    fn right(&self) -> Right {
        Right::Administrators
    }

    fn subject(&self) -> Subject {
        Subject::user(self.application)
    }

    fn locks(&self) -> Vec<Lock> {
        locks(self.application)
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        desk.require_person()?;
        let row = application(desk, self.application).await?;
        let consent = Consent {
            principal: self.application,
            permission: self.permission,
            created: desk.now(),
            created_by: desk.administrator(),
        };
        if desk.tx.put_consent(&consent).await? {
            let permission = self.permission.to_string();
            desk.changed(events::CONSENT_GRANTED, Subject::user(self.application), |record| {
                record.detail("permission", permission)
            });
            told(desk, "application.consent-granted", &row.principal);
        }
        Ok(())
    }
}

/// Takes a consent back: the next token lacks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithdrawConsent {
    /// Which: its service principal.
    pub application: PrincipalId,
    /// What.
    pub permission: Permission,
}

impl Command for WithdrawConsent {
    type Output = ();

    fn right(&self) -> Right {
        Right::Administrators
    }

    fn subject(&self) -> Subject {
        Subject::user(self.application)
    }

    fn locks(&self) -> Vec<Lock> {
        locks(self.application)
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        let row = application(desk, self.application).await?;
        if !desk.tx.delete_consent(self.application, self.permission).await? {
            return Err(Refusal::NotFound { what: "consent" }.into());
        }
        // A token says what it opens until it ends: what people gave this application ends now.
        let now = desk.now();
        desk.tx.revoke_token_families_of_client(row.application.client, now).await?;
        let permission = self.permission.to_string();
        desk.changed(events::CONSENT_WITHDRAWN, Subject::user(self.application), |record| {
            record.detail("permission", permission)
        });
        Ok(())
    }
}
