//! Groups of the targets.

use ephor_domain::{
    id::{EntitlementId, GroupId, TargetId},
    pam::group::Group,
};

use super::{Page, Tx, unwritten};
use crate::Fault;

impl Tx {
    /// A group.
    ///
    /// # Errors
    /// As any statement.
    pub async fn group(&mut self, _id: GroupId) -> Result<Option<Group>, Fault> {
        unwritten()
    }

    /// Groups by display name.
    ///
    /// # Errors
    /// As any statement.
    pub async fn groups(&mut self, _page: &Page) -> Result<Vec<Group>, Fault> {
        unwritten()
    }

    /// Groups of a target, by id.
    ///
    /// # Errors
    /// As any statement.
    pub async fn groups_of_target(
        &mut self,
        _target: TargetId,
        _after: Option<GroupId>,
        _limit: u32,
    ) -> Result<Vec<Group>, Fault> {
        unwritten()
    }

    /// Stores a new group.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `access_group_native` when the target's group is taken already.
    pub async fn insert_group(&mut self, _group: &Group) -> Result<(), Fault> {
        unwritten()
    }

    /// Stores a changed group; false when it is not there.
    ///
    /// # Errors
    /// As [`insert_group`](Self::insert_group).
    pub async fn update_group(&mut self, _group: &Group) -> Result<bool, Fault> {
        unwritten()
    }

    /// Deletes a group that no role gives and no membership row names; false when it is not there or in use.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_group(&mut self, _id: GroupId) -> Result<bool, Fault> {
        unwritten()
    }

    /// Roles that give membership of a group, by id.
    ///
    /// # Errors
    /// As any statement.
    pub async fn roles_giving(&mut self, _group: GroupId) -> Result<Vec<EntitlementId>, Fault> {
        unwritten()
    }
}
