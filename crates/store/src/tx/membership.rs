//! Memberships at the targets: the reconciler's work list.

use ephor_domain::{
    effect::Membership,
    id::{GrantId, GroupId, PersonId, PrincipalId, TargetId},
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Tx, read_all, row};
use crate::{
    Fault,
    sql::{Op, Reader, Statement},
};

/// A membership with the names a target knows it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The membership.
    pub membership: Membership,
    /// The target's name for the group.
    pub group_native: String,
    /// How the group entry holds members: `member`, `uniqueMember`, `memberUid`.
    pub attribute: String,
    /// The target's name for the account; `None` when it is not known there.
    pub account_native: Option<String>,
    /// The account's login name at the target.
    pub login: Option<String>,
    /// Latest end of the live grants that owe it: the time to live (R5). `None` when one has no end, or none is live.
    pub until: Option<Timestamp>,
    /// What the last failed attempt said.
    pub last_fault: Option<String>,
    /// Highest alarm raised for it: 0 none, then 1, 2, 3 at 30 s, 5 min, 1 h.
    pub alarm: u8,
}

static READ: Statement = Statement::new(
    "membership.read",
    concat!("SELECT ", row::membership_columns!(), " FROM membership m WHERE m.group_id = $1 AND m.principal = $2"),
);

/// What [`Placed`] is read from, up to the condition.
macro_rules! placed {
    () => {
        concat!(
            "SELECT ",
            $crate::tx::row::membership_columns!(),
            ", c.native, c.attribute, k.native, k.login, \
             (SELECT CASE WHEN count(*) = count(g.end_at) THEN max(g.end_at) END FROM effect e \
             JOIN access_grant g ON g.id = e.grant_id \
             WHERE e.group_id = m.group_id AND e.principal = m.principal AND e.live), m.last_fault, m.alarm \
             FROM membership m JOIN access_group c ON c.id = m.group_id \
             LEFT JOIN account k ON k.principal = m.principal AND k.target = m.target "
        )
    };
}

pub(super) use placed;

static DUE: Statement = Statement::new(
    "membership.due",
    concat!(placed!(), "WHERE m.target = $1 AND m.due IS NOT NULL AND m.due <= $2 ORDER BY m.due LIMIT $3"),
);

static OF_GROUP: Statement = Statement::new(
    "membership.of_group",
    concat!(placed!(), "WHERE m.group_id = $1 AND m.principal > $2 ORDER BY m.principal LIMIT $3"),
);

static OVERDUE: Statement = Statement::new(
    "membership.overdue",
    concat!(
        placed!(),
        "WHERE m.due IS NOT NULL AND NOT m.wanted AND m.since <= $1 AND m.alarm < $2 ORDER BY m.since LIMIT $3"
    ),
);

static OVERDUE_AT: Statement = Statement::new(
    "membership.overdue_at",
    concat!(
        placed!(),
        "WHERE m.target = $1 AND m.due IS NOT NULL AND NOT m.wanted AND m.since <= $2 AND m.alarm < $3 \
         ORDER BY m.since LIMIT $4"
    ),
);

static OLDEST_REMOVAL: Statement = Statement::new(
    "membership.oldest_removal",
    "SELECT min(since) FROM membership WHERE target = $1 AND due IS NOT NULL AND NOT wanted AND alarm = $2",
);

static OF_PRINCIPAL: Statement = Statement::new(
    "membership.of_principal",
    concat!(
        placed!(),
        "WHERE m.principal = $1 AND m.group_id IN (SELECT e.group_id FROM access_grant g \
         JOIN effect e ON e.grant_id = g.id WHERE g.principal = $1 AND g.phase < 4) ORDER BY m.group_id"
    ),
);

static NEXT_DUE: Statement = Statement::new(
    "membership.next_due",
    "SELECT due FROM membership WHERE target = $1 AND due IS NOT NULL ORDER BY due LIMIT 1",
);

static CLAIM: Statement = Statement::new(
    "membership.claim",
    "UPDATE membership SET attempts = attempts + 1, due = $3 \
     WHERE group_id = $1 AND principal = $2 AND due IS NOT NULL",
);

static FAILED: Statement = Statement::new(
    "membership.failed",
    "UPDATE membership SET last_fault = $3, due = $4 WHERE group_id = $1 AND principal = $2 AND due IS NOT NULL",
);

static ALARM: Statement =
    Statement::new("membership.alarm", "UPDATE membership SET alarm = $3 WHERE group_id = $1 AND principal = $2");

static WAITING: Statement = Statement::new(
    "membership.waiting",
    "SELECT g.id FROM effect e JOIN access_grant g ON g.id = e.grant_id \
     WHERE e.group_id = $1 AND e.principal = $2 AND g.phase IN (1, 3) ORDER BY g.id",
);

static OWING: Statement = Statement::new(
    "membership.owing",
    "SELECT e.grant_id FROM effect e WHERE e.group_id = $1 AND e.principal = $2 AND e.live ORDER BY e.grant_id",
);

static STANDING: Statement = Statement::new(
    "membership.standing",
    "SELECT principal FROM standing_member WHERE group_id = $1 AND principal > $2 ORDER BY principal LIMIT $3",
);

static ADD_STANDING: Statement = Statement::new(
    "membership.add_standing",
    "INSERT INTO standing_member (group_id, principal, since, added_by) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (group_id, principal) DO NOTHING",
);

static DROP_STANDING: Statement =
    Statement::new("membership.drop_standing", "DELETE FROM standing_member WHERE group_id = $1 AND principal = $2");

static IS_STANDING: Statement = Statement::new(
    "membership.is_standing",
    "SELECT EXISTS (SELECT 1 FROM standing_member s WHERE s.group_id = $1 AND s.principal = $2)",
);

static IS_MEMBER: Statement = Statement::new(
    "membership.is_member",
    "SELECT EXISTS (SELECT 1 FROM standing_member s WHERE s.group_id = $1 AND s.principal = $2) OR \
     EXISTS (SELECT 1 FROM membership m JOIN effect e ON e.group_id = m.group_id AND e.principal = m.principal \
     JOIN access_grant g ON g.id = e.grant_id WHERE m.group_id = $1 AND m.principal = $2 AND m.wanted AND m.in_force \
     AND e.live AND g.phase = 2 AND (g.end_at > $3 OR g.end_at IS NULL))",
);

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[
    &READ,
    &DUE,
    &OF_GROUP,
    &OVERDUE,
    &OVERDUE_AT,
    &OLDEST_REMOVAL,
    &OF_PRINCIPAL,
    &NEXT_DUE,
    &CLAIM,
    &FAILED,
    &ALARM,
    &WAITING,
    &OWING,
    &STANDING,
    &ADD_STANDING,
    &DROP_STANDING,
    &IS_STANDING,
    &IS_MEMBER,
];

impl Tx {
    /// The membership row of an account in a group.
    ///
    /// # Errors
    /// As any statement.
    pub async fn membership(&mut self, group: GroupId, principal: PrincipalId) -> Result<Option<Membership>, Fault> {
        let found = self.first("membership", &READ, vec![group.into(), principal.into()]).await?;
        found.map(|mut row| row::membership(&mut row)).transpose()
    }

    /// Memberships of one target whose next attempt is due at or before `now`, oldest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn due_memberships(
        &mut self,
        target: TargetId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Placed>, Fault> {
        self.all("membership", &DUE, vec![target.into(), now.into(), limit.into()], read_placed).await
    }

    /// When the next attempt at a target is due.
    ///
    /// # Errors
    /// As any statement.
    pub async fn next_due_membership(&mut self, target: TargetId) -> Result<Option<Timestamp>, Fault> {
        row::first_instant("membership", self.session.rows(&NEXT_DUE, vec![target.into()]).await?)
    }

    /// Counts an attempt for each before it is made, and puts the next one to `again`. Each is named once.
    ///
    /// # Errors
    /// As any statement.
    pub async fn claim_memberships(
        &mut self,
        members: &[(GroupId, PrincipalId)],
        again: Timestamp,
    ) -> Result<(), Fault> {
        let claim = |(group, principal): &(GroupId, PrincipalId)| {
            Op::Run(CLAIM.with([(*group).into(), (*principal).into(), again.into()]))
        };
        self.session.write(members.iter().map(claim).collect()).await
    }

    /// An attempt failed: what it said and when to try again.
    ///
    /// # Errors
    /// As any statement.
    pub async fn membership_failed(
        &mut self,
        group: GroupId,
        principal: PrincipalId,
        fault: &str,
        again: Timestamp,
    ) -> Result<(), Fault> {
        let values = [group.into(), principal.into(), fault.into(), again.into()];
        self.session.write(vec![Op::Run(FAILED.with(values))]).await
    }

    /// Grants in phase *Applying* or *Ending* with an effect on this membership.
    ///
    /// # Errors
    /// As any statement.
    pub async fn grants_waiting_on(&mut self, group: GroupId, principal: PrincipalId) -> Result<Vec<GrantId>, Fault> {
        self.all("access_grant", &WAITING, vec![group.into(), principal.into()], |row| row.id("id")).await
    }

    /// As [`grants_waiting_on`](Self::grants_waiting_on), for several memberships in one round trip.
    ///
    /// # Errors
    /// As any statement.
    pub async fn grants_waiting_on_each(
        &mut self,
        members: &[(GroupId, PrincipalId)],
    ) -> Result<Vec<Vec<GrantId>>, Fault> {
        let values = members.iter().map(|(group, principal)| vec![(*group).into(), (*principal).into()]).collect();
        let answers = self.session.many(&WAITING, values).await?;
        answers.into_iter().map(|rows| read_all("access_grant", rows, |row| row.id("id"))).collect()
    }

    /// Live grants that owe this membership.
    ///
    /// # Errors
    /// As any statement.
    pub async fn grants_owing(&mut self, group: GroupId, principal: PrincipalId) -> Result<Vec<GrantId>, Fault> {
        self.all("effect", &OWING, vec![group.into(), principal.into()], |row| row.id("grant_id")).await
    }

    /// All membership rows of a group, by account, for the comparison with what the target holds.
    ///
    /// # Errors
    /// As any statement.
    pub async fn memberships_of_group(
        &mut self,
        group: GroupId,
        after: Option<PrincipalId>,
        limit: u32,
    ) -> Result<Vec<Placed>, Fault> {
        let values = vec![group.into(), after_id(after).into(), limit.into()];
        self.all("membership", &OF_GROUP, values, read_placed).await
    }

    /// Membership rows of an account that its grants owe, or owed until they ended, by group.
    ///
    /// # Errors
    /// As any statement.
    pub async fn memberships_of(&mut self, principal: PrincipalId) -> Result<Vec<Placed>, Fault> {
        self.all("membership", &OF_PRINCIPAL, vec![principal.into()], read_placed).await
    }

    /// Removals that are not confirmed although `wanted` fell at or before `since`, with an alarm level below `below`,
    /// oldest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn overdue_removals(&mut self, since: Timestamp, below: u8, limit: u32) -> Result<Vec<Placed>, Fault> {
        self.all("membership", &OVERDUE, vec![since.into(), below.into(), limit.into()], read_placed).await
    }

    /// As [`overdue_removals`](Self::overdue_removals), at one target: however many there are elsewhere.
    ///
    /// # Errors
    /// As any statement.
    pub async fn overdue_removals_at(
        &mut self,
        target: TargetId,
        since: Timestamp,
        below: u8,
        limit: u32,
    ) -> Result<Vec<Placed>, Fault> {
        let values = vec![target.into(), since.into(), below.into(), limit.into()];
        self.all("membership", &OVERDUE_AT, values, read_placed).await
    }

    /// When the oldest removal at a target that is not confirmed and has an alarm level of `level` was due.
    ///
    /// # Errors
    /// As any statement.
    pub async fn oldest_removal(&mut self, target: TargetId, level: u8) -> Result<Option<Timestamp>, Fault> {
        let rows = self.session.rows(&OLDEST_REMOVAL, vec![target.into(), level.into()]).await?;
        row::first_instant("membership", rows)
    }

    /// Notes the highest alarm raised for a membership.
    ///
    /// # Errors
    /// As any statement.
    pub async fn raise_alarm(&mut self, group: GroupId, principal: PrincipalId, level: u8) -> Result<(), Fault> {
        let values = [group.into(), principal.into(), level.into()];
        self.session.write(vec![Op::Run(ALARM.with(values))]).await
    }

    /// Standing members of a built-in group, by account.
    ///
    /// # Errors
    /// As any statement.
    pub async fn standing_members(
        &mut self,
        group: GroupId,
        after: Option<PrincipalId>,
        limit: u32,
    ) -> Result<Vec<PrincipalId>, Fault> {
        let values = vec![group.into(), after_id(after).into(), limit.into()];
        self.all("standing_member", &STANDING, values, |row| row.id("principal")).await
    }

    /// Makes an account a standing member of a built-in group; `by` whom and when is kept.
    ///
    /// # Errors
    /// [`Fault::Dangling`] when group or account are not there.
    pub async fn add_standing_member(
        &mut self,
        group: GroupId,
        principal: PrincipalId,
        by: Option<PersonId>,
        at: Timestamp,
    ) -> Result<(), Fault> {
        let values = vec![group.into(), principal.into(), at.into(), by.into()];
        self.session.exec(&ADD_STANDING, values).await.map(drop)
    }

    /// An account is no standing member of a built-in group any more.
    ///
    /// # Errors
    /// As any statement.
    pub async fn drop_standing_member(&mut self, group: GroupId, principal: PrincipalId) -> Result<(), Fault> {
        self.session.exec(&DROP_STANDING, vec![group.into(), principal.into()]).await.map(drop)
    }

    /// Is the account a standing member of the built-in group?
    ///
    /// # Errors
    /// As any statement.
    pub async fn is_standing_member(&mut self, group: GroupId, principal: PrincipalId) -> Result<bool, Fault> {
        let found = self.first("standing_member", &IS_STANDING, vec![group.into(), principal.into()]).await?;
        found.map_or(Ok(false), |mut row| row.bool("exists"))
    }

    /// Is the account a member of the built-in group at `now`: standing, or by a membership in force that a grant before
    /// its end owes?
    ///
    /// # Errors
    /// As any statement.
    pub async fn is_member(&mut self, group: GroupId, principal: PrincipalId, now: Timestamp) -> Result<bool, Fault> {
        let found = self.first("membership", &IS_MEMBER, vec![group.into(), principal.into(), now.into()]).await?;
        found.map_or(Ok(false), |mut row| row.bool("exists"))
    }
}

fn after_id(after: Option<PrincipalId>) -> Uuid {
    after.map_or(Uuid::nil(), PrincipalId::uuid)
}

pub(super) fn read_placed(row: &mut Reader) -> Result<Placed, Fault> {
    Ok(Placed {
        membership: row::membership(row)?,
        group_native: row.text("native")?,
        attribute: row.text("attribute")?,
        account_native: row.text_or_null("native")?,
        login: row.text_or_null("login")?,
        until: row.instant_or_null("end_at")?,
        last_fault: row.text_or_null("last_fault")?,
        alarm: row.level("alarm")?,
    })
}
