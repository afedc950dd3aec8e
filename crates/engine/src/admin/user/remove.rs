//! `Remove-PAMUser`: refused while the user is a candidate (`PAM-118`).

use ephor_audit::events;
use ephor_domain::{Refusal, administration::Right, id::PrincipalId};
use ephor_store::tx::lock::Lock;

use super::disable;
use crate::{
    admin::desk::{Command, Desk, Subject},
    answer::Answer,
    schedule::close,
};

/// Deletes the record and the PRIV account. Its requests stay, under the id they name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoveUser {
    /// The user.
    pub user: PrincipalId,
}

impl Command for RemoveUser {
    type Output = ();

    fn right(&self) -> Right {
        Right::Pam
    }

    fn subject(&self) -> Subject {
        Subject::user(self.user)
    }

    fn locks(&self) -> Vec<Lock> {
        disable::locks(self.user)
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        let row = desk.tx.user(self.user).await?.ok_or(Refusal::NotFound { what: "user" })?;
        desk.require_over(row.principal.person).await?;
        let in_use = |by| Refusal::InUse { what: "the user", by };
        if !desk.tx.pam_roles_of(self.user).await?.is_empty() {
            return Err(in_use("a role of which the user is a candidate").into());
        }
        for role in desk.tx.roles_approved_by(self.user).await? {
            if role.approval && desk.tx.approvers(role.id).await?.len() <= 1 {
                return Err(in_use("a role of which the user is the only approver").into());
            }
            desk.tx.delete_approver(role.id, self.user).await?;
            let subject = Subject { user: Some(self.user), ..Subject::role(role.id) };
            desk.changed(events::APPROVER_REMOVED, subject, |record| record);
        }
        disable::keep_last(desk, &row.principal).await?;
        close::everything_of(desk, self.user).await?;
        // The name at the target is needed until the last membership is gone there.
        if !desk.tx.memberships_of(self.user).await?.is_empty() {
            return Err(in_use("memberships that a target has not confirmed as removed: try again later").into());
        }
        for template in desk.tx.administrator_roles(self.user).await? {
            desk.tx.delete_administrator(self.user, template).await?;
        }
        desk.tx.delete_user(self.user).await?;
        desk.tx.delete_principal(self.user).await?;
        let username = row.principal.username();
        desk.changed(events::PRINCIPAL_DELETED, Subject::user(self.user), |record| {
            record.erasable_text("username", username)
        });
        Ok(())
    }
}
