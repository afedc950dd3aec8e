//! Groups of the targets.

use ephor_domain::{
    id::{EntitlementId, GroupId, TargetId},
    pam::group::Group,
};
use uuid::Uuid;

use super::{Page, Tx, fold, row};
use crate::{
    Fault,
    sql::{Statement, Value},
};

static READ: Statement = Statement::new(
    "access_group.read",
    concat!("SELECT ", row::group_columns!(), " FROM access_group c WHERE c.id = $1"),
);

static LIST: Statement = Statement::new(
    "access_group.list",
    concat!(
        "SELECT ",
        row::group_columns!(),
        " FROM access_group c WHERE (c.name_key, c.id) > ($1, $2) AND c.name_key LIKE $3 ESCAPE '\\' \
         ORDER BY c.name_key, c.id LIMIT $4"
    ),
);

static OF_TARGET: Statement = Statement::new(
    "access_group.of_target",
    concat!(
        "SELECT ",
        row::group_columns!(),
        " FROM access_group c WHERE c.target = $1 AND c.id > $2 ORDER BY c.id LIMIT $3"
    ),
);

static INSERT: Statement = Statement::new(
    "access_group.insert",
    "INSERT INTO access_group (id, target, native, native_key, attribute, source_domain, source_account, source_sid, \
     priv_account, display_name, name_key, description, active, priv_only) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
);

static UPDATE: Statement = Statement::new(
    "access_group.update",
    "UPDATE access_group SET target = $2, native = $3, native_key = $4, attribute = $5, source_domain = $6, \
     source_account = $7, source_sid = $8, priv_account = $9, display_name = $10, name_key = $11, description = $12, \
     active = $13, priv_only = $14 WHERE id = $1",
);

static IN_USE: Statement = Statement::new(
    "access_group.in_use",
    "SELECT EXISTS (SELECT 1 FROM privilege v WHERE v.group_id = $1) \
     OR EXISTS (SELECT 1 FROM membership m WHERE m.group_id = $1) \
     OR EXISTS (SELECT 1 FROM effect e WHERE e.group_id = $1)",
);

static DELETE_MEMBERS: Statement =
    Statement::new("access_group.delete_members", "DELETE FROM standing_member WHERE group_id = $1");

static DELETE_OWNERS: Statement =
    Statement::new("access_group.delete_owners", "DELETE FROM group_owner WHERE group_id = $1");

static DELETE_FACTS: Statement =
    Statement::new("access_group.delete_facts", "DELETE FROM directory_group WHERE id = $1");

static DELETE: Statement = Statement::new("access_group.delete", "DELETE FROM access_group WHERE id = $1");

static ROLES: Statement =
    Statement::new("access_group.roles", "SELECT entitlement FROM privilege WHERE group_id = $1 ORDER BY entitlement");

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[
    &READ,
    &LIST,
    &OF_TARGET,
    &INSERT,
    &UPDATE,
    &IN_USE,
    &DELETE_MEMBERS,
    &DELETE_OWNERS,
    &DELETE_FACTS,
    &DELETE,
    &ROLES,
];

impl Tx {
    /// A group.
    ///
    /// # Errors
    /// As any statement.
    pub async fn group(&mut self, id: GroupId) -> Result<Option<Group>, Fault> {
        let found = self.first("access_group", &READ, vec![id.into()]).await?;
        found.map(|mut row| row::group(&mut row)).transpose()
    }

    /// Groups by display name.
    ///
    /// # Errors
    /// As any statement.
    pub async fn groups(&mut self, page: &Page) -> Result<Vec<Group>, Fault> {
        self.all("access_group", &LIST, page.values(), row::group).await
    }

    /// Groups of a target, by id.
    ///
    /// # Errors
    /// As any statement.
    pub async fn groups_of_target(
        &mut self,
        target: TargetId,
        after: Option<GroupId>,
        limit: u32,
    ) -> Result<Vec<Group>, Fault> {
        let after = after.map_or(Uuid::nil(), GroupId::uuid);
        self.all("access_group", &OF_TARGET, vec![target.into(), after.into(), limit.into()], row::group).await
    }

    /// Stores a new group.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `access_group_native` when the target's group is taken already.
    pub async fn insert_group(&mut self, group: &Group) -> Result<(), Fault> {
        self.configure(&INSERT, values(group)).await.map(drop)
    }

    /// Stores a changed group; false when it is not there.
    ///
    /// # Errors
    /// As [`insert_group`](Self::insert_group).
    pub async fn update_group(&mut self, group: &Group) -> Result<bool, Fault> {
        self.configure(&UPDATE, values(group)).await
    }

    /// Deletes a group that no role gives and no membership row names; false when it is not there or in use.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_group(&mut self, id: GroupId) -> Result<bool, Fault> {
        let is_used = self.first("access_group", &IN_USE, vec![id.into()]).await?;
        if is_used.map_or(Ok(false), |mut row| row.bool("in_use"))? {
            return Ok(false);
        }
        for statement in [&DELETE_MEMBERS, &DELETE_OWNERS, &DELETE_FACTS] {
            self.session.exec(statement, vec![id.into()]).await?;
        }
        self.configure(&DELETE, vec![id.into()]).await
    }

    /// Roles that give membership of a group, by id.
    ///
    /// # Errors
    /// As any statement.
    pub async fn roles_giving(&mut self, group: GroupId) -> Result<Vec<EntitlementId>, Fault> {
        self.all("privilege", &ROLES, vec![group.into()], |row| row.id("entitlement")).await
    }
}

fn values(group: &Group) -> Vec<Value> {
    vec![
        group.id.into(),
        group.target.into(),
        group.native.as_str().into(),
        fold(&group.native).into(),
        group.attribute.as_str().into(),
        group.source_domain.as_str().into(),
        group.source_account.as_str().into(),
        group.source_sid.clone().into(),
        group.priv_account.as_str().into(),
        group.display_name.as_str().into(),
        fold(&group.display_name).into(),
        group.description.clone().into(),
        group.active.into(),
        group.priv_only.into(),
    ]
}
