//! Approvers: who decides on requests for a role.

use ephor_domain::{
    approval::Approver,
    id::{EntitlementId, PersonId, PrincipalId},
    pam::Role,
    principal::Principal,
};
use jiff::Timestamp;

use super::{Tx, row};
use crate::{Fault, sql::Statement};

/// An approver of a role, with the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedApprover {
    /// The account.
    pub principal: Principal,
    /// What decisions look at.
    pub approver: Approver,
}

static LIST: Statement = Statement::new(
    "approver.list",
    concat!(
        "SELECT ",
        row::principal_columns!(),
        ", v.named_by, v.named_at, \
         (SELECT count(*) FROM principal x JOIN factor f ON f.principal = x.id WHERE x.person = p.person) AS factors, \
         w.person AS given_by \
         FROM approver v JOIN principal p ON p.id = v.principal \
         JOIN principal o ON o.person = p.person LEFT JOIN way_in w ON w.principal = o.id \
         WHERE v.entitlement = $1 ORDER BY v.principal"
    ),
);

static INSERT: Statement = Statement::new(
    "approver.insert",
    "INSERT INTO approver (entitlement, principal, named_by, named_at) VALUES ($1, $2, $3, $4)",
);

static DELETE: Statement =
    Statement::new("approver.delete", "DELETE FROM approver WHERE entitlement = $1 AND principal = $2");

static ROLES: Statement = Statement::new(
    "approver.roles",
    concat!(
        "SELECT ",
        row::role_columns!(),
        " FROM approver v JOIN pam_role o ON o.id = v.entitlement WHERE v.principal = $1 AND o.deleted IS NULL \
         ORDER BY o.name_key, o.id"
    ),
);

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[&LIST, &INSERT, &DELETE, &ROLES];

/// Each approver once, of rows that are one for each who gave one of his accounts a way in.
pub(super) fn of_each(rows: Vec<Approver>) -> Vec<Approver> {
    let mut all: Vec<Approver> = Vec::new();
    for row in rows {
        match all.last_mut() {
            Some(last) if last.principal == row.principal => {
                let new = row.given_by.into_iter().filter(|giver| !last.given_by.contains(giver));
                let new: Vec<_> = new.collect();
                last.given_by.extend(new);
            }
            Some(_) | None => all.push(row),
        }
    }
    all
}

impl Tx {
    /// Approvers of a role, by account.
    ///
    /// # Errors
    /// As any statement.
    pub async fn approvers(&mut self, role: EntitlementId) -> Result<Vec<NamedApprover>, Fault> {
        let rows = self.all("approver", &LIST, vec![role.into()], |row| {
            let principal = row::principal(row)?;
            row.of("approver");
            let approver = Approver {
                principal: principal.id,
                person: principal.person,
                enabled: principal.enabled,
                named_by: row.id_or_null("named_by")?,
                named_at: row.instant("named_at")?,
                has_factor: row.int("factors")? > 0,
                given_by: row.id_or_null("given_by")?.into_iter().collect(),
            };
            Ok((principal, approver))
        });
        let (principals, approvers): (Vec<_>, Vec<_>) = rows.await?.into_iter().unzip();
        let mut principals = principals.into_iter().peekable();
        let named = of_each(approvers).into_iter().filter_map(|approver| {
            while principals.next_if(|principal| principal.id != approver.principal).is_some() {}
            principals.next().map(|principal| NamedApprover { principal, approver })
        });
        Ok(named.collect())
    }

    /// Names an approver.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `approver` when he is one already.
    pub async fn insert_approver(
        &mut self,
        role: EntitlementId,
        principal: PrincipalId,
        named_by: Option<PersonId>,
        named_at: Timestamp,
    ) -> Result<(), Fault> {
        let values = vec![role.into(), principal.into(), named_by.into(), named_at.into()];
        self.configure(&INSERT, values).await.map(drop)
    }

    /// Takes an approver away; false when he was none.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_approver(&mut self, role: EntitlementId, principal: PrincipalId) -> Result<bool, Fault> {
        self.configure(&DELETE, vec![role.into(), principal.into()]).await
    }

    /// Roles for which a principal is an approver, by name.
    ///
    /// # Errors
    /// As any statement.
    pub async fn roles_approved_by(&mut self, principal: PrincipalId) -> Result<Vec<Role>, Fault> {
        self.all("pam_role", &ROLES, vec![principal.into()], row::role).await
    }
}
