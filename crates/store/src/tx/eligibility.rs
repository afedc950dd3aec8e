//! Eligibility schedules: who may activate what. On `pam` one row for each candidate, without end.

use ephor_domain::{
    id::{EligibilityId, EntitlementId, GroupId, PrincipalId},
    principal::Principal,
    provider::Provider,
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Tx, code, row};
use crate::{
    Fault,
    sql::{Reader, Statement},
};

/// An eligibility schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Eligibility {
    /// Key.
    pub id: EligibilityId,
    /// Who may activate.
    pub principal: PrincipalId,
    /// What.
    pub entitlement: EntitlementId,
    /// Family of rules.
    pub provider: Provider,
    /// From when.
    pub start: Timestamp,
    /// Until when; `None` is for good.
    pub end: Option<Timestamp>,
    /// When it was given.
    pub created: Timestamp,
    /// Who gave it.
    pub created_by: Option<PrincipalId>,
}

/// A candidate of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The account.
    pub principal: Principal,
    /// The schedule.
    pub eligibility: Eligibility,
}

static CANDIDATES: Statement = Statement::new(
    "eligibility.candidates",
    concat!(
        "SELECT ",
        row::principal_columns!(),
        ", e.id, e.principal, e.entitlement, e.provider, e.start_at, e.end_at, e.created, e.created_by \
         FROM eligibility e JOIN principal p ON p.id = e.principal \
         WHERE e.entitlement = $1 AND e.principal > $2 AND e.provider = 0 ORDER BY e.principal LIMIT $3"
    ),
);

static GROUPS: Statement = Statement::new(
    "eligibility.groups",
    "SELECT DISTINCT v.group_id FROM eligibility e JOIN privilege v ON v.entitlement = e.entitlement \
     WHERE e.principal = $1 AND e.provider = 0 ORDER BY v.group_id LIMIT 10000",
);

static EXISTS: Statement = Statement::new(
    "eligibility.exists",
    "SELECT EXISTS (SELECT 1 FROM eligibility e WHERE e.principal = $1 AND e.entitlement = $2 AND e.provider = 0)",
);

static INSERT: Statement = Statement::new(
    "eligibility.insert",
    "INSERT INTO eligibility (id, principal, entitlement, provider, start_at, end_at, created, created_by) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
);

static DELETE: Statement = Statement::new(
    "eligibility.delete",
    "DELETE FROM eligibility WHERE principal = $1 AND entitlement = $2 AND provider = 0",
);

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[&CANDIDATES, &GROUPS, &EXISTS, &INSERT, &DELETE];

impl Tx {
    /// Candidates of a role by account, after `after`.
    ///
    /// # Errors
    /// As any statement.
    pub async fn candidates(
        &mut self,
        role: EntitlementId,
        after: Option<PrincipalId>,
        limit: u32,
    ) -> Result<Vec<Candidate>, Fault> {
        let after = after.map_or(Uuid::nil(), PrincipalId::uuid);
        self.all("eligibility", &CANDIDATES, vec![role.into(), after.into(), limit.into()], |row| {
            Ok(Candidate { principal: row::principal(row)?, eligibility: eligibility(row)? })
        })
        .await
    }

    /// Groups that PAM roles give of which the principal is a candidate.
    ///
    /// # Errors
    /// As any statement.
    pub async fn groups_of_candidate(&mut self, principal: PrincipalId) -> Result<Vec<GroupId>, Fault> {
        self.all("privilege", &GROUPS, vec![principal.into()], |row| row.id("group_id")).await
    }

    /// Is the principal a candidate of the role?
    ///
    /// # Errors
    /// As any statement.
    pub async fn is_candidate(&mut self, principal: PrincipalId, role: EntitlementId) -> Result<bool, Fault> {
        let found = self.first("eligibility", &EXISTS, vec![principal.into(), role.into()]).await?;
        found.map_or(Ok(false), |mut row| row.bool("exists"))
    }

    /// Stores an eligibility.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `eligibility_line` when the principal is a candidate already.
    pub async fn insert_eligibility(&mut self, eligibility: &Eligibility) -> Result<(), Fault> {
        let values = vec![
            eligibility.id.into(),
            eligibility.principal.into(),
            eligibility.entitlement.into(),
            code::of(eligibility.provider),
            eligibility.start.into(),
            eligibility.end.into(),
            eligibility.created.into(),
            eligibility.created_by.into(),
        ];
        self.session.exec(&INSERT, values).await.map(drop)
    }

    /// Takes a principal out of the candidates of a role; false when it was none.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_eligibility(&mut self, principal: PrincipalId, role: EntitlementId) -> Result<bool, Fault> {
        Ok(self.session.exec(&DELETE, vec![principal.into(), role.into()]).await? > 0)
    }
}

fn eligibility(row: &mut Reader) -> Result<Eligibility, Fault> {
    row.of("eligibility");
    Ok(Eligibility {
        id: row.id("id")?,
        principal: row.id("principal")?,
        entitlement: row.id("entitlement")?,
        provider: code::read(row, "provider")?,
        start: row.instant("start_at")?,
        end: row.instant_or_null("end_at")?,
        created: row.instant("created")?,
        created_by: row.id_or_null("created_by")?,
    })
}
