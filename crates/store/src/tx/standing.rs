//! A principal's place in a role: what a new request is judged on.

use ephor_domain::{
    effect::{Membership, Privilege},
    id::{EntitlementId, PrincipalId},
    pam::{Role, Settings},
    principal::Principal,
};

use super::{Tx, meta, row};
use crate::{
    Fault,
    sql::{Reader, Row, Statement},
};

/// What the store knows of a principal and a PAM role.
#[derive(Debug, Clone, Default)]
pub struct PamStanding {
    /// The principal.
    pub principal: Option<Principal>,
    /// It is the PRIV principal of a PAM user.
    pub is_pam_user: bool,
    /// The role, whether or not the principal is a candidate.
    pub role: Option<Role>,
    /// The principal is a candidate of the role.
    pub is_candidate: bool,
    /// A principal of the same person is an approver of the role.
    pub is_approver: bool,
    /// What the role gives, by group.
    pub privileges: Vec<Privilege>,
    /// The principal's memberships in those groups, as far as there are rows.
    pub memberships: Vec<Membership>,
    /// A target of the role is unwritable, or one of its groups inactive.
    pub unwritable: bool,
}

// One row for each privilege, or one without: everything in one statement.
static PLACE: Statement = Statement::new(
    "standing.place",
    concat!(
        "SELECT ",
        row::principal_columns!(),
        ", EXISTS (SELECT 1 FROM pam_user u WHERE u.id = p.id), \
         EXISTS (SELECT 1 FROM eligibility e WHERE e.principal = p.id AND e.entitlement = $2 AND e.provider = 0), \
         EXISTS (SELECT 1 FROM approver n JOIN principal q ON q.id = n.principal \
         WHERE n.entitlement = $2 AND q.person = p.person), ",
        row::role_columns!(),
        ", v.group_id, c.target, t.built_in, t.unwritable, c.active, ",
        row::membership_columns!(),
        " FROM principal p LEFT JOIN pam_role o ON o.id = $2 AND o.deleted IS NULL \
         LEFT JOIN privilege v ON v.entitlement = o.id LEFT JOIN access_group c ON c.id = v.group_id \
         LEFT JOIN target t ON t.id = c.target \
         LEFT JOIN membership m ON m.group_id = v.group_id AND m.principal = p.id \
         WHERE p.id = $1 ORDER BY v.group_id"
    ),
);

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[&PLACE];

impl Tx {
    /// Loads the principal's place in the role, in one round trip.
    ///
    /// # Errors
    /// As any statement.
    pub async fn pam_standing(&mut self, principal: PrincipalId, role: EntitlementId) -> Result<PamStanding, Fault> {
        read_standing(self.session.rows(&PLACE, vec![principal.into(), role.into()]).await?)
    }

    /// The settings and the principal's place in the role, in one round trip.
    ///
    /// # Errors
    /// As any statement.
    pub async fn pam_settings_and_standing(
        &mut self,
        principal: PrincipalId,
        role: EntitlementId,
    ) -> Result<(Settings, PamStanding), Fault> {
        let calls = [meta::ask_settings(), PLACE.with([principal.into(), role.into()])];
        let [settings, places] = self.session.rows_of(calls).await?;
        Ok((meta::read_settings(settings)?, read_standing(places)?))
    }
}

fn read_standing(places: Vec<Row>) -> Result<PamStanding, Fault> {
    let mut standing = PamStanding::default();
    for place in places {
        let mut row = Reader::new("principal", place);
        if standing.principal.is_some() {
            row.skip(PLACE_WIDTH);
        } else {
            read_place(&mut standing, &mut row)?;
        }
        if row.is_absent() {
            continue;
        }
        standing.privileges.push(row::privilege(&mut row)?);
        let (unwritable, active) = (row.bool("unwritable")?, row.bool("active")?);
        standing.unwritable |= unwritable || !active;
        standing.memberships.extend(row::membership_if_any(&mut row)?);
    }
    Ok(standing)
}

/// Columns of principal, place and role: the same in every row.
const PLACE_WIDTH: usize = 8 + 3 + 10;

fn read_place(standing: &mut PamStanding, row: &mut Reader) -> Result<(), Fault> {
    standing.principal = Some(row::principal(row)?);
    standing.is_pam_user = row.bool("is_pam_user")?;
    standing.is_candidate = row.bool("is_candidate")?;
    standing.is_approver = row.bool("is_approver")?;
    standing.role = row::if_any(row, 10, row::role)?;
    Ok(())
}
