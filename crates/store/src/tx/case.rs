//! A request with all that a decision on it needs.

use ephor_domain::{
    approval::{Approval, Approver},
    grant::{Grant, Phase},
    id::{ApprovalId, GrantId, PersonId, RequestId},
    life::Owed,
    pam::Role,
    principal::{Principal, PrincipalKind},
    request::Request,
};

use super::{Tx, approver, row};
use crate::{
    Fault,
    sql::{Reader, Row, Statement},
};

/// A request and what hangs on it.
#[derive(Debug, Clone)]
pub struct RequestCase {
    /// The request.
    pub request: Request,
    /// The grant it made.
    pub grant: Option<Grant>,
    /// Its approval, open or decided.
    pub approval: Option<Approval>,
    /// The role; `None` once it is deleted.
    pub role: Option<Role>,
    /// The holder is still a candidate of the role.
    pub is_candidate: bool,
    /// A principal of the holder's person is an approver of the role.
    pub is_approver: bool,
    /// The holder; a disabled one without names once he is deleted.
    pub principal: Principal,
    /// The holder is the PRIV principal of a PAM user.
    pub is_pam_user: bool,
    /// Who may decide, by account; empty once the request is past its gates.
    pub approvers: Vec<Approver>,
    /// By group: effects of the grant once it has started, else what the role gives. Empty for an ended grant.
    pub owed: Vec<Owed>,
    /// A target of the role is unwritable, or one of its groups inactive.
    pub unwritable: bool,
}

static REQUEST: Statement = Statement::new(
    "case.request",
    concat!(
        "SELECT ",
        row::request_columns!(),
        ", EXISTS (SELECT 1 FROM eligibility e \
         WHERE e.principal = r.principal AND e.entitlement = r.entitlement AND e.provider = 0), \
         EXISTS (SELECT 1 FROM approver v JOIN principal q ON q.id = v.principal \
         WHERE v.entitlement = r.entitlement AND q.person = p.person), \
         EXISTS (SELECT 1 FROM pam_user u WHERE u.id = r.principal), ",
        row::grant_columns!(),
        ", ",
        row::approval_columns!(),
        ", ",
        row::role_columns!(),
        ", ",
        row::principal_columns!(),
        " FROM request r LEFT JOIN access_grant g ON g.id = r.grant_id LEFT JOIN approval a ON a.id = r.approval \
         LEFT JOIN pam_role o ON o.id = r.entitlement AND o.deleted IS NULL LEFT JOIN principal p ON p.id = r.principal \
         WHERE r.id = $1"
    ),
);

static EFFECTS: Statement = Statement::new(
    "case.effects",
    concat!(
        "SELECT e.group_id, c.target, t.built_in, (SELECT count(*) FROM effect x WHERE x.group_id = e.group_id \
         AND x.principal = e.principal AND x.live AND x.grant_id <> e.grant_id), ",
        row::membership_columns!(),
        " FROM request r JOIN effect e ON e.grant_id = r.grant_id JOIN access_group c ON c.id = e.group_id \
         JOIN target t ON t.id = c.target \
         LEFT JOIN membership m ON m.group_id = e.group_id AND m.principal = e.principal \
         WHERE r.id = $1 ORDER BY e.group_id"
    ),
);

static PRIVILEGES: Statement = Statement::new(
    "case.privileges",
    concat!(
        "SELECT v.group_id, c.target, t.built_in, (SELECT count(*) FROM effect x WHERE x.group_id = v.group_id \
         AND x.principal = r.principal AND x.live), t.unwritable, c.active, ",
        row::membership_columns!(),
        " FROM request r JOIN privilege v ON v.entitlement = r.entitlement JOIN access_group c ON c.id = v.group_id \
         JOIN target t ON t.id = c.target \
         LEFT JOIN membership m ON m.group_id = v.group_id AND m.principal = r.principal \
         WHERE r.id = $1 ORDER BY v.group_id"
    ),
);

static APPROVERS: Statement = Statement::new(
    "case.approvers",
    "SELECT v.principal, q.person, q.enabled, v.named_by, v.named_at, \
     (SELECT count(*) FROM principal x JOIN factor f ON f.principal = x.id WHERE x.person = q.person) AS factors, \
     w.person AS given_by \
     FROM request r JOIN approver v ON v.entitlement = r.entitlement JOIN principal q ON q.id = v.principal \
     JOIN principal o ON o.person = q.person LEFT JOIN way_in w ON w.principal = o.id \
     WHERE r.id = $1 AND r.due IS NOT NULL ORDER BY v.principal",
);

static OF_APPROVAL: Statement = Statement::new("case.of_approval", "SELECT request FROM approval WHERE id = $1");

static OF_GRANT: Statement = Statement::new("case.of_grant", "SELECT request FROM access_grant WHERE id = $1");

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[&REQUEST, &EFFECTS, &PRIVILEGES, &APPROVERS, &OF_APPROVAL, &OF_GRANT];

impl Tx {
    /// Loads a request with all that hangs on it, in one round trip.
    ///
    /// # Errors
    /// As any statement.
    pub async fn request_case(&mut self, id: RequestId) -> Result<Option<RequestCase>, Fault> {
        let of = |statement: &'static Statement| statement.with([id.into()]);
        let calls = [of(&REQUEST), of(&EFFECTS), of(&PRIVILEGES), of(&APPROVERS)];
        let [requests, effects, privileges, approvers] = self.session.rows_of(calls).await?;
        let Some(request) = requests.into_iter().next() else { return Ok(None) };
        let mut case = read_request(&mut Reader::new("request", request))?;
        case.approvers = approver::of_each(super::read_all("approver", approvers, read_approver)?);
        let has_started = case.grant.as_ref().is_some_and(|grant| !matches!(grant.phase, Phase::Scheduled { .. }));
        read_privileges(&mut case, privileges, has_started)?;
        if has_started {
            case.owed =
                super::read_all("effect", effects, |row| read_owed(row).and_then(|owed| with_membership(owed, row)))?;
        }
        Ok(Some(case))
    }

    /// The case of the request that an approval decides.
    ///
    /// # Errors
    /// As any statement.
    pub async fn approval_case(&mut self, id: ApprovalId) -> Result<Option<RequestCase>, Fault> {
        match self.first("approval", &OF_APPROVAL, vec![id.into()]).await? {
            Some(mut row) => self.request_case(row.id("request")?).await,
            None => Ok(None),
        }
    }

    /// The case of the request that made a grant.
    ///
    /// # Errors
    /// As any statement.
    pub async fn grant_case(&mut self, id: GrantId) -> Result<Option<RequestCase>, Fault> {
        match self.first("access_grant", &OF_GRANT, vec![id.into()]).await? {
            Some(mut row) => self.request_case(row.id("request")?).await,
            None => Ok(None),
        }
    }
}

fn read_request(row: &mut Reader) -> Result<RequestCase, Fault> {
    let request = row::request(row)?;
    let (is_candidate, is_approver) = (row.bool("is_candidate")?, row.bool("is_approver")?);
    let is_pam_user = row.bool("is_pam_user")?;
    let grant = row::grant_if_any(row)?;
    let approval = row::if_any(row, 9, row::approval)?;
    let role = row::if_any(row, 10, row::role)?;
    let principal = row::if_any(row, 8, row::principal)?.unwrap_or_else(|| deleted(&request));
    let (approvers, owed) = (Vec::new(), Vec::new());
    Ok(RequestCase {
        request,
        grant,
        approval,
        role,
        is_candidate,
        is_approver,
        principal,
        is_pam_user,
        approvers,
        owed,
        unwritable: false,
    })
}

/// Stands for a holder that is not there any more.
fn deleted(request: &Request) -> Principal {
    Principal {
        id: request.principal,
        kind: PrincipalKind::User,
        person: PersonId::new(request.principal.uuid()),
        domain: String::new(),
        account: String::new(),
        display_name: String::new(),
        upn: None,
        enabled: false,
    }
}

fn read_approver(row: &mut Reader) -> Result<Approver, Fault> {
    Ok(Approver {
        principal: row.id("principal")?,
        person: row.id("person")?,
        enabled: row.bool("enabled")?,
        named_by: row.id_or_null("named_by")?,
        named_at: row.instant("named_at")?,
        has_factor: row.int("factors")? > 0,
        given_by: row.id_or_null("given_by")?.into_iter().collect(),
    })
}

fn read_privileges(case: &mut RequestCase, rows: Vec<Row>, has_started: bool) -> Result<(), Fault> {
    for row in rows {
        let mut row = Reader::new("privilege", row);
        let owed = read_owed(&mut row)?;
        let (unwritable, active) = (row.bool("unwritable")?, row.bool("active")?);
        case.unwritable |= unwritable || !active;
        if !has_started {
            case.owed.push(with_membership(owed, &mut row)?);
        }
    }
    Ok(())
}

fn read_owed(row: &mut Reader) -> Result<Owed, Fault> {
    Ok(Owed { privilege: row::privilege(row)?, others: row.small_count("others")?, membership: None })
}

fn with_membership(owed: Owed, row: &mut Reader) -> Result<Owed, Fault> {
    Ok(Owed { membership: row::membership_if_any(row)?, ..owed })
}
