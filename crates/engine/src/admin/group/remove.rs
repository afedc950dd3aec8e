//! `Remove-PAMGroup`.

use ephor_domain::{Refusal, administration::Right, id::GroupId};
use ephor_store::tx::lock::Lock;

use crate::{
    admin::{
        desk::{Command, Desk, Subject},
        role::require_over_group,
    },
    answer::Answer,
    directory::forget,
};

/// Forgets a group that no role gives and that holds none, with what was held of it and by it. The group at the target stays,
/// empty of what Ephor put in.
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
        require_over_group(desk, group.id).await?;
        forget(desk, &group).await
    }
}
