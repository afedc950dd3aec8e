//! Changing and removing applications.

use ephor_audit::events;
use ephor_domain::{Refusal, administration::Right, application::Redirect, id::PrincipalId};

use super::{ApplicationDetail, application, locks, name};
use crate::{
    admin::{
        desk::{Command, Desk, Subject},
        user::disable::{disable, enable, keep_last, locks as account_locks},
    },
    answer::Answer,
};

/// Changes what is given of an application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeApplication {
    /// Which: its service principal.
    pub application: PrincipalId,
    /// Name for people.
    pub display_name: Option<String>,
    /// May act; `false` ends its tokens.
    pub enabled: Option<bool>,
    /// Where browsers may be sent with a code.
    pub redirects: Option<Vec<Redirect>>,
}

impl Command for ChangeApplication {
    type Output = ApplicationDetail;

    fn right(&self) -> Right {
        Right::Administrators
    }

    fn subject(&self) -> Subject {
        Subject::user(self.application)
    }

    fn locks(&self) -> Vec<ephor_store::tx::lock::Lock> {
        account_locks(self.application)
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<ApplicationDetail> {
        let mut row = application(desk, self.application).await?;
        let old = row.clone();
        if let Some(text) = self.display_name {
            row.principal.display_name = name(&text)?;
        }
        if let Some(redirects) = self.redirects {
            // Where codes go is where people's tokens go.
            desk.require_presence()?;
            row.application.redirects = redirects;
        }
        row.application.check()?;
        match self.enabled {
            Some(false) if row.principal.enabled => {
                disable(desk, &mut row.principal).await?;
                let now = desk.now();
                desk.tx.revoke_token_families_of_client(row.application.client, now).await?;
            }
            Some(true) if !row.principal.enabled => enable(desk, &mut row.principal).await?,
            Some(_) | None => {}
        }
        if row.principal.display_name != old.principal.display_name || row.application != old.application {
            desk.tx.update_principal(&row.principal).await?;
            desk.tx.update_application(&row).await?;
            let redirects = row.application.redirects.len();
            desk.changed(events::APPLICATION_CHANGED, Subject::user(row.principal.id), |record| {
                record.detail("change", "changed").detail("redirects", i64::try_from(redirects).unwrap_or(i64::MAX))
            });
        }
        Ok(ApplicationDetail::load(desk.tx, row).await?)
    }
}

/// Removes an application, its service principal and its credentials; its tokens end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoveApplication {
    /// Which: its service principal.
    pub application: PrincipalId,
}

impl Command for RemoveApplication {
    type Output = ();

    fn right(&self) -> Right {
        Right::Administrators
    }

    fn subject(&self) -> Subject {
        Subject::user(self.application)
    }

    fn locks(&self) -> Vec<ephor_store::tx::lock::Lock> {
        let mut all = account_locks(self.application);
        all.extend(locks(self.application));
        all
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        let row = application(desk, self.application).await?;
        let (id, now) = (row.principal.id, desk.now());
        keep_last(desk, &row.principal).await?;
        if !desk.tx.memberships_of(id).await?.is_empty() {
            return Err(Refusal::InUse { what: "the application", by: "memberships at a target" }.into());
        }
        desk.tx.revoke_token_families_of_client(row.application.client, now).await?;
        desk.tx.delete_application(id).await?;
        desk.tx.delete_principal(id).await?;
        let client = row.application.client.uuid();
        desk.changed(events::APPLICATION_DELETED, Subject::user(id), |record| record.detail("client", client));
        Ok(())
    }
}
