//! PAM roles with their privileges; who may ask for and decide on them stands in [`eligibility`](super::eligibility) and
//! [`approver`](super::approver).

use ephor_domain::{
    effect::Privilege,
    id::{EntitlementId, GroupId},
    pam::{Role, group::Group},
};
use jiff::Timestamp;

use super::{Page, Tx, fold, row};
use crate::{
    Fault,
    sql::{Op, Statement, Value},
};

static READ: Statement = Statement::new(
    "pam_role.read",
    concat!("SELECT ", row::role_columns!(), " FROM pam_role o WHERE o.id = $1 AND o.deleted IS NULL"),
);

static NAMED: Statement = Statement::new(
    "pam_role.named",
    concat!("SELECT ", row::role_columns!(), " FROM pam_role o WHERE o.name_key = $1 AND o.deleted IS NULL"),
);

static NAME: Statement = Statement::new("pam_role.name", "SELECT name FROM pam_role WHERE id = $1");

static LIST: Statement = Statement::new(
    "pam_role.list",
    concat!(
        "SELECT ",
        row::role_columns!(),
        " FROM pam_role o WHERE o.deleted IS NULL AND (o.name_key, o.id) > ($1, $2) \
         AND o.name_key LIKE $3 ESCAPE '\\' ORDER BY o.name_key, o.id LIMIT $4"
    ),
);

static INSERT: Statement = Statement::new(
    "pam_role.insert",
    "INSERT INTO pam_role (id, name, name_key, description, ttl, window_from, window_to, window_enabled, mfa, approval, \
     owner_needs_approval) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
);

static UPDATE: Statement = Statement::new(
    "pam_role.update",
    "UPDATE pam_role SET name = $2, name_key = $3, description = $4, ttl = $5, window_from = $6, window_to = $7, \
     window_enabled = $8, mfa = $9, approval = $10, owner_needs_approval = $11 WHERE id = $1 AND deleted IS NULL",
);

static DELETE: Statement =
    Statement::new("pam_role.delete", "UPDATE pam_role SET deleted = $2 WHERE id = $1 AND deleted IS NULL");

static DELETE_ELIGIBILITIES: Statement =
    Statement::new("pam_role.delete_eligibilities", "DELETE FROM eligibility WHERE entitlement = $1 AND provider = 0");

static DELETE_APPROVERS: Statement =
    Statement::new("pam_role.delete_approvers", "DELETE FROM approver WHERE entitlement = $1");

static DELETE_PRIVILEGES: Statement =
    Statement::new("pam_role.delete_privileges", "DELETE FROM privilege WHERE entitlement = $1");

static PRIVILEGES: Statement = Statement::new(
    "privilege.list",
    "SELECT v.group_id, c.target, t.built_in FROM privilege v JOIN access_group c ON c.id = v.group_id \
     JOIN target t ON t.id = c.target WHERE v.entitlement = $1 ORDER BY v.group_id",
);

static GROUPS: Statement = Statement::new(
    "privilege.groups",
    concat!(
        "SELECT ",
        row::group_columns!(),
        " FROM privilege v JOIN access_group c ON c.id = v.group_id WHERE v.entitlement = $1 ORDER BY c.name_key, c.id"
    ),
);

static INSERT_PRIVILEGE: Statement =
    Statement::new("privilege.insert", "INSERT INTO privilege (entitlement, group_id) VALUES ($1, $2)");

static DELETE_PRIVILEGE: Statement =
    Statement::new("privilege.delete", "DELETE FROM privilege WHERE entitlement = $1 AND group_id = $2");

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[
    &READ,
    &NAMED,
    &NAME,
    &LIST,
    &INSERT,
    &UPDATE,
    &DELETE,
    &DELETE_ELIGIBILITIES,
    &DELETE_APPROVERS,
    &DELETE_PRIVILEGES,
    &PRIVILEGES,
    &GROUPS,
    &INSERT_PRIVILEGE,
    &DELETE_PRIVILEGE,
];

impl Tx {
    /// A role that is not deleted.
    ///
    /// # Errors
    /// As any statement.
    pub async fn role(&mut self, id: EntitlementId) -> Result<Option<Role>, Fault> {
        let found = self.first("pam_role", &READ, vec![id.into()]).await?;
        found.map(|mut row| row::role(&mut row)).transpose()
    }

    /// A role by its name, case-blind.
    ///
    /// # Errors
    /// As any statement.
    pub async fn role_named(&mut self, name: &str) -> Result<Option<Role>, Fault> {
        let found = self.first("pam_role", &NAMED, vec![fold(name).into()]).await?;
        found.map(|mut row| row::role(&mut row)).transpose()
    }

    /// The name of a role, deleted ones included: for history.
    ///
    /// # Errors
    /// As any statement.
    pub async fn role_name(&mut self, id: EntitlementId) -> Result<Option<String>, Fault> {
        let found = self.first("pam_role", &NAME, vec![id.into()]).await?;
        found.map(|mut row| row.text("name")).transpose()
    }

    /// Roles by name.
    ///
    /// # Errors
    /// As any statement.
    pub async fn roles(&mut self, page: &Page) -> Result<Vec<Role>, Fault> {
        self.all("pam_role", &LIST, page.values(), row::role).await
    }

    /// Stores a new role.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `pam_role_name` when the name is taken.
    pub async fn insert_role(&mut self, role: &Role) -> Result<(), Fault> {
        self.configure(&INSERT, values(role)).await.map(drop)
    }

    /// Stores the policy of a role; false when it is not there.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `pam_role_name` when the name is taken.
    pub async fn update_role(&mut self, role: &Role) -> Result<bool, Fault> {
        self.configure(&UPDATE, values(role)).await
    }

    /// Deletes a role: its name stays for history, candidates, approvers and privileges go.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_role(&mut self, id: EntitlementId, at: Timestamp) -> Result<bool, Fault> {
        let is_deleted = self.configure(&DELETE, vec![id.into(), at.into()]).await?;
        if is_deleted {
            let all = [&DELETE_ELIGIBILITIES, &DELETE_APPROVERS, &DELETE_PRIVILEGES];
            self.session.write(all.map(|statement| Op::Run(statement.with([id.into()]))).into()).await?;
        }
        Ok(is_deleted)
    }

    /// Groups a role gives membership of, by id.
    ///
    /// # Errors
    /// As any statement.
    pub async fn privileges(&mut self, role: EntitlementId) -> Result<Vec<Privilege>, Fault> {
        self.all("privilege", &PRIVILEGES, vec![role.into()], row::privilege).await
    }

    /// The same with all that is known of the groups, by display name.
    ///
    /// # Errors
    /// As any statement.
    pub async fn privilege_groups(&mut self, role: EntitlementId) -> Result<Vec<Group>, Fault> {
        self.all("access_group", &GROUPS, vec![role.into()], row::group).await
    }

    /// Adds a group to what a role gives.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `privilege` when it is there already, [`Fault::Dangling`] when one of them is not there.
    pub async fn insert_privilege(&mut self, role: EntitlementId, group: GroupId) -> Result<(), Fault> {
        self.configure(&INSERT_PRIVILEGE, vec![role.into(), group.into()]).await.map(drop)
    }

    /// Takes a group from what a role gives; false when it was not there.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_privilege(&mut self, role: EntitlementId, group: GroupId) -> Result<bool, Fault> {
        self.configure(&DELETE_PRIVILEGE, vec![role.into(), group.into()]).await
    }
}

fn values(role: &Role) -> Vec<Value> {
    vec![
        role.id.into(),
        role.name.as_str().into(),
        fold(role.name.as_str()).into(),
        role.description.clone().into(),
        role.ttl.into(),
        role.window.map(|window| window.from().to_string()).into(),
        role.window.map(|window| window.to().to_string()).into(),
        role.window_enabled.into(),
        role.mfa.into(),
        role.approval.into(),
        role.owner_needs_approval.into(),
    ]
}
