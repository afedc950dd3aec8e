//! Requests, grants, approvals, memberships and the objects around them, as rows and back.

use ephor_domain::{
    approval::{Approval, Decision, Given},
    effect::{Membership, Privilege},
    grant::{EndCause, Grant, Phase},
    pam::{Role, group::Group},
    principal::Principal,
    request::{Declined, Request, Stage},
    scope::ArmScope,
    text::{Justification, Name},
    time::window::DailyWindow,
};
use jiff::{Timestamp, civil::Time};

use super::code;
use crate::{
    Fault,
    sql::{Reader, Row, Value},
};

/// Stages by number.
pub(super) mod stage {
    pub(in crate::tx) const MFA: i64 = 0;
    pub(in crate::tx) const APPROVAL: i64 = 1;
    pub(in crate::tx) const ADMINISTRATOR: i64 = 2;
    pub(in crate::tx) const GRANTED: i64 = 3;
    pub(in crate::tx) const DECLINED: i64 = 4;
    pub(in crate::tx) const RECORDED: i64 = 5;
}

/// Phases by number. Indexes and statements say `phase < 4` for what is not ended.
pub(super) mod phase {
    pub(in crate::tx) const SCHEDULED: i64 = 0;
    pub(in crate::tx) const APPLYING: i64 = 1;
    pub(in crate::tx) const IN_FORCE: i64 = 2;
    pub(in crate::tx) const ENDING: i64 = 3;
    pub(in crate::tx) const ENDED: i64 = 4;
}

/// Who last gave a way in, from the columns `given_by` and `given_at`.
pub(super) fn given(row: &mut Reader) -> Result<Given, Fault> {
    Ok(Given { way: code::read(row, "way")?, by: row.id("person")?, at: row.instant("at")? })
}

/// Columns of a request, of the table under the alias `r`.
macro_rules! request_columns {
    () => {
        "r.id, r.name, r.provider, r.action, r.principal, r.requester, r.entitlement, r.channel, r.justification, \
         r.asked_ttl, r.asked_start, r.created, r.stage, r.due, r.approval, r.grant_id, r.cause, r.settled"
    };
}

/// Columns of a grant, of the table under the alias `g`.
macro_rules! grant_columns {
    () => {
        "g.id, g.request, g.provider, g.principal, g.entitlement, g.kind, g.lasts, g.phase, g.start_at, g.end_at, \
         g.give_up, g.cause"
    };
}

/// Columns of an approval, of the table under the alias `a`.
macro_rules! approval_columns {
    () => {
        "a.id, a.request, a.opened, a.until, a.verdict, a.decided_by, a.person, a.decided_at, a.justification"
    };
}

/// Columns of a membership, of the table under the alias `m`.
macro_rules! membership_columns {
    () => {
        "m.group_id, m.principal, m.target, m.built_in, m.wanted, m.in_force, m.prior, m.since, m.due, m.attempts"
    };
}

/// Columns of a principal, of the table under the alias `p`.
macro_rules! principal_columns {
    () => {
        "p.id, p.kind, p.person, p.domain, p.account, p.display_name, p.upn, p.enabled"
    };
}

/// Columns of a PAM role, of the table under the alias `o`.
macro_rules! role_columns {
    () => {
        "o.id, o.name, o.description, o.ttl, o.window_from, o.window_to, o.window_enabled, o.mfa, o.approval, \
         o.owner_needs_approval"
    };
}

/// Columns of a group, of the table under the alias `c`.
macro_rules! group_columns {
    () => {
        "c.id, c.target, c.native, c.attribute, c.source_domain, c.source_account, c.source_sid, c.priv_account, \
         c.display_name, c.description, c.active, c.priv_only"
    };
}

pub(super) use {
    approval_columns, grant_columns, group_columns, membership_columns, principal_columns, request_columns,
    role_columns,
};

/// A stage as the columns stage, due, approval, grant, cause, settled.
pub(super) fn stage_values(stage: Stage) -> [Value; 6] {
    use Value::Null;
    match stage {
        Stage::AwaitingMfa { until } => [stage::MFA.into(), until.into(), Null, Null, Null, Null],
        Stage::AwaitingApproval { approval, until } => {
            [stage::APPROVAL.into(), until.into(), approval.into(), Null, Null, Null]
        }
        Stage::AwaitingAdministrator { until } => [stage::ADMINISTRATOR.into(), until.into(), Null, Null, Null, Null],
        Stage::Granted { grant } => [stage::GRANTED.into(), Null, Null, grant.into(), Null, Null],
        Stage::Declined { cause, at } => [stage::DECLINED.into(), Null, Null, Null, cause.word().into(), at.into()],
        Stage::Recorded { at } => [stage::RECORDED.into(), Null, Null, Null, Null, at.into()],
    }
}

pub(super) fn request(row: &mut Reader) -> Result<Request, Fault> {
    row.of("request");
    Ok(Request {
        id: row.id("id")?,
        name: row.text_or_null("name")?,
        provider: code::read(row, "provider")?,
        action: code::read(row, "action")?,
        principal: row.id("principal")?,
        requester: row.id("requester")?,
        entitlement: row.id("entitlement")?,
        channel: code::read(row, "channel")?,
        justification: match row.text_or_null("justification")? {
            Some(text) => Justification::parse(&text).map_err(|_| row.fault("justification"))?,
            None => None,
        },
        asked_ttl: row.count("asked_ttl")?,
        asked_start: row.instant("asked_start")?,
        created: row.instant("created")?,
        stage: read_stage(row)?,
    })
}

fn read_stage(row: &mut Reader) -> Result<Stage, Fault> {
    let (number, until) = (row.int("stage")?, row.instant_or_null("due")?);
    let (approval, grant) = (row.id_or_null("approval")?, row.id_or_null("grant_id")?);
    let (cause, settled) = (row.text_or_null("cause")?, row.instant_or_null("settled")?);
    let until = |row: &Reader| until.ok_or_else(|| row.fault("due"));
    let settled = |row: &Reader| settled.ok_or_else(|| row.fault("settled"));
    match number {
        stage::MFA => Ok(Stage::AwaitingMfa { until: until(row)? }),
        stage::APPROVAL => {
            Ok(Stage::AwaitingApproval { approval: approval.ok_or_else(|| row.fault("approval"))?, until: until(row)? })
        }
        stage::ADMINISTRATOR => Ok(Stage::AwaitingAdministrator { until: until(row)? }),
        stage::GRANTED => Ok(Stage::Granted { grant: grant.ok_or_else(|| row.fault("grant_id"))? }),
        stage::DECLINED => {
            let cause = cause.as_deref().and_then(Declined::from_word).ok_or_else(|| row.fault("cause"))?;
            Ok(Stage::Declined { cause, at: settled(row)? })
        }
        stage::RECORDED => Ok(Stage::Recorded { at: settled(row)? }),
        _ => Err(row.fault("stage")),
    }
}

/// A phase as the columns phase, start, end, give up, cause.
pub(super) fn phase_values(phase: Phase) -> [Value; 5] {
    use Value::Null;
    match phase {
        Phase::Scheduled { start } => [phase::SCHEDULED.into(), start.into(), Null, Null, Null],
        Phase::Applying { since, end, give_up } => {
            [phase::APPLYING.into(), since.into(), end.into(), give_up.into(), Null]
        }
        Phase::InForce { since, end } => [phase::IN_FORCE.into(), since.into(), end.into(), Null, Null],
        Phase::Ending { since, end, cause } => {
            [phase::ENDING.into(), since.into(), end.into(), Null, cause.word().into()]
        }
        Phase::Ended { since, end, cause } => {
            [phase::ENDED.into(), since.into(), end.into(), Null, cause.word().into()]
        }
    }
}

pub(super) fn grant(row: &mut Reader) -> Result<Grant, Fault> {
    row.of("access_grant");
    Ok(Grant {
        id: row.id("id")?,
        request: row.id("request")?,
        provider: code::read(row, "provider")?,
        principal: row.id("principal")?,
        entitlement: row.id("entitlement")?,
        kind: code::read(row, "kind")?,
        lasts: row.count_or_null("lasts")?,
        phase: read_phase(row)?,
    })
}

/// The columns of an outer join: nothing when the row is not there.
pub(super) fn if_any<T>(
    row: &mut Reader,
    width: usize,
    read: impl FnOnce(&mut Reader) -> Result<T, Fault>,
) -> Result<Option<T>, Fault> {
    if row.is_absent() {
        row.skip(width);
        return Ok(None);
    }
    read(row).map(Some)
}

/// The grant of an outer join.
pub(super) fn grant_if_any(row: &mut Reader) -> Result<Option<Grant>, Fault> {
    if_any(row, 12, grant)
}

fn read_phase(row: &mut Reader) -> Result<Phase, Fault> {
    let number = row.int("phase")?;
    let (start, end) = (row.instant_or_null("start_at")?, row.instant_or_null("end_at")?);
    let (give_up, cause) = (row.instant_or_null("give_up")?, row.text_or_null("cause")?);
    let present = |row: &Reader, value: Option<Timestamp>, column| value.ok_or_else(|| row.fault(column));
    let cause = |row: &Reader| cause.as_deref().and_then(EndCause::from_word).ok_or_else(|| row.fault("cause"));
    match number {
        phase::SCHEDULED => Ok(Phase::Scheduled { start: present(row, start, "start_at")? }),
        phase::APPLYING => Ok(Phase::Applying {
            since: present(row, start, "start_at")?,
            end,
            give_up: present(row, give_up, "give_up")?,
        }),
        phase::IN_FORCE => Ok(Phase::InForce { since: present(row, start, "start_at")?, end }),
        phase::ENDING => Ok(Phase::Ending { since: start, end: present(row, end, "end_at")?, cause: cause(row)? }),
        phase::ENDED => Ok(Phase::Ended { since: start, end: present(row, end, "end_at")?, cause: cause(row)? }),
        _ => Err(row.fault("phase")),
    }
}

pub(super) fn approval(row: &mut Reader) -> Result<Approval, Fault> {
    row.of("approval");
    let (id, request) = (row.id("id")?, row.id("request")?);
    let (opened, until) = (row.instant("opened")?, row.instant("until")?);
    let verdict = code::read_or_null(row, "verdict")?;
    let (by, person) = (row.id_or_null("decided_by")?, row.id_or_null("person")?);
    let (at, justification) = (row.instant_or_null("decided_at")?, row.text_or_null("justification")?);
    let decision = match verdict {
        None => None,
        Some(verdict) => Some(Decision {
            verdict,
            by: by.ok_or_else(|| row.fault("decided_by"))?,
            person: person.ok_or_else(|| row.fault("person"))?,
            at: at.ok_or_else(|| row.fault("decided_at"))?,
            justification,
        }),
    };
    Ok(Approval { id, request, opened, until, decision })
}

pub(super) fn membership(row: &mut Reader) -> Result<Membership, Fault> {
    row.of("membership");
    Ok(Membership {
        group: row.id("group_id")?,
        principal: row.id("principal")?,
        target: row.id("target")?,
        built_in: row.bool("built_in")?,
        wanted: row.bool("wanted")?,
        in_force: row.bool("in_force")?,
        prior: code::read(row, "prior")?,
        since: row.instant("since")?,
        due: row.instant_or_null("due")?,
        attempts: row.small_count("attempts")?,
    })
}

/// The membership of an outer join.
pub(super) fn membership_if_any(row: &mut Reader) -> Result<Option<Membership>, Fault> {
    if_any(row, 10, membership)
}

/// Group, target and whether that is the built-in one.
pub(super) fn privilege(row: &mut Reader) -> Result<Privilege, Fault> {
    Ok(Privilege { group: row.id("group_id")?, target: row.id("target")?, built_in: row.bool("built_in")? })
}

pub(super) fn principal(row: &mut Reader) -> Result<Principal, Fault> {
    row.of("principal");
    Ok(Principal {
        id: row.id("id")?,
        kind: code::read(row, "kind")?,
        person: row.id("person")?,
        domain: row.text("domain")?,
        account: row.text("account")?,
        display_name: row.text("display_name")?,
        upn: row.text_or_null("upn")?,
        enabled: row.bool("enabled")?,
    })
}

pub(super) fn role(row: &mut Reader) -> Result<Role, Fault> {
    row.of("pam_role");
    Ok(Role {
        id: row.id("id")?,
        name: Name::parse(&row.text("name")?).map_err(|_| row.fault("name"))?,
        description: row.text_or_null("description")?,
        ttl: row.count("ttl")?,
        window: match (row.text_or_null("window_from")?, row.text_or_null("window_to")?) {
            (Some(from), Some(to)) => Some(window(&from, &to).ok_or_else(|| row.fault("window_from"))?),
            (_, _) => None,
        },
        window_enabled: row.bool("window_enabled")?,
        mfa: row.bool("mfa")?,
        approval: row.bool("approval")?,
        owner_needs_approval: row.bool("owner_needs_approval")?,
    })
}

fn window(from: &str, to: &str) -> Option<DailyWindow> {
    DailyWindow::new(from.parse::<Time>().ok()?, to.parse::<Time>().ok()?)
}

pub(super) fn group(row: &mut Reader) -> Result<Group, Fault> {
    row.of("access_group");
    Ok(Group {
        id: row.id("id")?,
        target: row.id("target")?,
        native: row.text("native")?,
        attribute: row.text("attribute")?,
        source_domain: row.text("source_domain")?,
        source_account: row.text("source_account")?,
        source_sid: row.text_or_null("source_sid")?,
        priv_account: row.text("priv_account")?,
        display_name: row.text("display_name")?,
        description: row.text_or_null("description")?,
        active: row.bool("active")?,
        priv_only: row.bool("priv_only")?,
    })
}

/// What is kept as JSON.
pub(super) fn json(value: &impl serde::Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|error| Fault::Misuse { cause: error.to_string() })
}

pub(super) fn scope(row: &mut Reader, column: &'static str) -> Result<ArmScope, Fault> {
    row.text(column)?.parse().map_err(|_| row.fault(column))
}

/// The first column of the first row, as an instant.
pub(super) fn first_instant(table: &'static str, rows: Vec<Row>) -> Result<Option<Timestamp>, Fault> {
    match rows.into_iter().next() {
        Some(row) => Reader::new(table, row).instant_or_null("due"),
        None => Ok(None),
    }
}
