//! `Remove-PAMRole`: whatever is open of it ends (T14, T15).

use ephor_audit::events;
use ephor_domain::{administration::Right, id::EntitlementId};
use ephor_store::tx::lock::Lock;

use super::members;
use crate::{
    admin::desk::{Command, Desk, Subject},
    answer::Answer,
    pam::end::Why,
};

/// Deletes a role. Its name stays for history. Answers how many requests ended by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoveRole {
    /// The role.
    pub role: EntitlementId,
}

impl Command for RemoveRole {
    type Output = u64;

    fn right(&self) -> Right {
        Right::Pam
    }

    fn subject(&self) -> Subject {
        Subject::role(self.role)
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::Exclusive(self.role.uuid())]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<u64> {
        let role = members::role(desk, self.role).await?;
        desk.changed(events::ROLE_DELETED, Subject::role(role.id), |record| {
            record.detail("displayName", role.name.as_str())
        });
        let ended = desk.end_open(None, Some(role.id), Why::ENTITLEMENT).await?;
        let now = desk.now();
        desk.tx.delete_role(role.id, now).await?;
        Ok(ended)
    }
}
