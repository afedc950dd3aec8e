//! `Remove-PAMGroup`.

use ephor_audit::events;
use ephor_domain::{
    Refusal,
    administration::Right,
    entitlement::{Access, EntitlementKey},
    id::GroupId,
};
use ephor_store::tx::lock::Lock;

use crate::{
    admin::desk::{Command, Desk, Subject},
    answer::Answer,
};

/// Forgets a group that no role gives. The group at the target stays, empty of what Ephor put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoveGroup {
    /// The group.
    pub group: GroupId,
}

impl Command for RemoveGroup {
    type Output = ();

    fn right(&self) -> Right {
        Right::Pam
    }

    fn subject(&self) -> Subject {
        Subject::group(self.group)
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::Exclusive(self.group.uuid())]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        let group = desk.tx.group(self.group).await?.ok_or(Refusal::NotFound { what: "group" })?;
        if !desk.tx.roles_giving(group.id).await?.is_empty() {
            return Err(Refusal::InUse { what: "the group", by: "a role that gives it" }.into());
        }
        if !desk.tx.delete_group(group.id).await? {
            return Err(Refusal::InUse {
                what: "the group",
                by: "grants that still run, or memberships that its target has not confirmed as removed",
            }
            .into());
        }
        for access in [Access::Member, Access::Owner] {
            desk.tx.delete_policy(EntitlementKey::Group { group: group.id, access }.id()).await?;
        }
        desk.changed(events::GROUP_DELETED, Subject::group(group.id), |record| {
            record.detail("privAccountName", group.priv_account.as_str())
        });
        Ok(())
    }
}
