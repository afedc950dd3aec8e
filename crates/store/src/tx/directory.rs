//! Users and groups as a directory shows them: accounts with their facts, groups with theirs, and who is in what.

use ephor_domain::{
    directory::{GroupFacts, UserFacts},
    id::{GroupId, PersonId, PrincipalId},
    pam::group::Group,
    principal::{Principal, PrincipalKind},
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{NameCursor, Tx, code, fold, row};
use crate::{
    Fault,
    sql::{Reader, Statement, Value},
};

/// A user, group or service principal with what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserEntry {
    /// The account.
    pub principal: Principal,
    /// What is known beyond it.
    pub facts: UserFacts,
}

/// A group with what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupEntry {
    /// The group.
    pub group: Group,
    /// What is known beyond it.
    pub facts: GroupFacts,
}

/// One way in which an account is in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// The group.
    pub group: GroupId,
    /// Until when; `None` for good.
    pub until: Option<Timestamp>,
    /// Since when.
    pub since: Timestamp,
    /// The persons who put it there: those who ordered it, and those who agreed.
    pub by: Vec<PersonId>,
}

/// Where a list by name begins and how far it reaches.
#[derive(Debug, Clone, Default)]
pub struct Span {
    /// Only names that begin with this text, case-blind.
    pub prefix: String,
    /// Goes on after this row.
    pub after: Option<NameCursor>,
    /// Most rows.
    pub limit: u32,
}

impl Span {
    /// Name and id to go on after, the first name beyond, most rows.
    fn values(&self) -> [Value; 4] {
        let prefix = fold(&self.prefix);
        let beyond = format!("{prefix}\u{10ffff}");
        let (name, id) = self.after.clone().map_or((prefix, Uuid::nil()), |after| (after.name, after.id));
        [name.into(), id.into(), beyond.into(), self.limit.into()]
    }
}

/// Ids that one statement looks for; a list that is shorter is filled up with nobody.
pub(super) const AT_ONCE: usize = 16;

macro_rules! at_once {
    () => {
        "($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)"
    };
}

macro_rules! user_columns {
    () => {
        concat!(
            row::principal_columns!(),
            ", u.mail, u.given_name, u.surname, u.job_title, u.department, u.office_location, u.mobile_phone, \
             u.business_phone, u.preferred_language, u.manager, u.created"
        )
    };
}

macro_rules! group_entry_columns {
    () => {
        concat!(
            row::group_columns!(),
            ", d.id, d.mail_nickname, d.mail_enabled, d.security_enabled, d.unified, d.role_assignable, d.rule, \
             d.synchronised, d.created"
        )
    };
}

static PRINCIPALS: Statement = Statement::new(
    "directory.principals",
    concat!(
        "SELECT ",
        user_columns!(),
        " FROM principal p LEFT JOIN directory_user u ON u.principal = p.id \
         WHERE p.kind = $1 AND (p.name_key, p.id) > ($2, $3) AND p.name_key < $4 ORDER BY p.name_key, p.id LIMIT $5"
    ),
);

static PRINCIPALS_OF: Statement = Statement::new(
    "directory.principals_of",
    concat!(
        "SELECT ",
        user_columns!(),
        " FROM principal p LEFT JOIN directory_user u ON u.principal = p.id WHERE p.id IN ",
        at_once!()
    ),
);

static BY_MAIL: Statement = Statement::new(
    "directory.by_mail",
    concat!(
        "SELECT ",
        user_columns!(),
        " FROM directory_user u JOIN principal p ON p.id = u.principal \
         WHERE u.mail_key = $1 AND u.mail_key IS NOT NULL ORDER BY p.id LIMIT 100"
    ),
);

static COUNT: Statement = Statement::new("directory.count", "SELECT count(*) FROM principal WHERE kind = $1");

static PUT_USER: Statement = Statement::new(
    "directory.put_user",
    "INSERT INTO directory_user (principal, mail, mail_key, given_name, surname, job_title, department, \
     office_location, mobile_phone, business_phone, preferred_language, manager, created) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (principal) DO UPDATE SET \
     mail = excluded.mail, mail_key = excluded.mail_key, given_name = excluded.given_name, \
     surname = excluded.surname, job_title = excluded.job_title, department = excluded.department, \
     office_location = excluded.office_location, mobile_phone = excluded.mobile_phone, \
     business_phone = excluded.business_phone, preferred_language = excluded.preferred_language, \
     manager = excluded.manager, created = excluded.created",
);

static GROUPS: Statement = Statement::new(
    "directory.groups",
    concat!(
        "SELECT ",
        group_entry_columns!(),
        " FROM access_group c LEFT JOIN directory_group d ON d.id = c.id \
         WHERE (c.name_key, c.id) > ($1, $2) AND c.name_key < $3 ORDER BY c.name_key, c.id LIMIT $4"
    ),
);

static GROUPS_OF: Statement = Statement::new(
    "directory.groups_of",
    concat!(
        "SELECT ",
        group_entry_columns!(),
        " FROM access_group c LEFT JOIN directory_group d ON d.id = c.id WHERE c.id IN ",
        at_once!()
    ),
);

static PUT_GROUP: Statement = Statement::new(
    "directory.put_group",
    "INSERT INTO directory_group (id, mail_nickname, mail_enabled, security_enabled, unified, role_assignable, rule, \
     synchronised, created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO UPDATE SET \
     mail_nickname = excluded.mail_nickname, mail_enabled = excluded.mail_enabled, \
     security_enabled = excluded.security_enabled, unified = excluded.unified, rule = excluded.rule, \
     synchronised = excluded.synchronised",
);

// What a grant gives counts once it is in force, and until its end.
static MEMBERS: Statement = Statement::new(
    "directory.members",
    "SELECT s.principal AS id FROM standing_member s WHERE s.group_id = $1 AND s.principal > $2 \
     UNION SELECT e.principal FROM effect e JOIN access_grant g ON g.id = e.grant_id \
     JOIN membership m ON m.group_id = e.group_id AND m.principal = e.principal \
     WHERE e.group_id = $1 AND e.principal > $2 AND e.live AND m.wanted AND m.in_force AND g.phase = 2 \
     AND (g.end_at > $3 OR g.end_at IS NULL) ORDER BY id LIMIT $4",
);

// In force as in MEMBER_OF; who ordered it and who agreed to it put the holder there.
static JOINED: Statement = Statement::new(
    "directory.joined",
    "SELECT s.group_id AS id, CAST(NULL AS BIGINT) AS end_at, s.since AS since, s.added_by AS person, \
     s.group_id AS through FROM standing_member s WHERE s.principal = $1 \
     UNION ALL SELECT e.group_id, g.end_at, g.start_at, p.person, g.id \
     FROM access_grant g JOIN effect e ON e.grant_id = g.id \
     JOIN membership m ON m.group_id = e.group_id AND m.principal = e.principal \
     JOIN request r ON r.id = g.request LEFT JOIN principal p ON p.id = r.requester \
     WHERE g.principal = $1 AND g.phase < 4 AND g.phase = 2 AND (g.end_at > $2 OR g.end_at IS NULL) AND e.live \
     AND m.wanted AND m.in_force \
     UNION ALL SELECT e.group_id, g.end_at, g.start_at, a.person, g.id \
     FROM access_grant g JOIN effect e ON e.grant_id = g.id \
     JOIN membership m ON m.group_id = e.group_id AND m.principal = e.principal \
     JOIN approval a ON a.request = g.request AND a.person IS NOT NULL \
     WHERE g.principal = $1 AND g.phase < 4 AND g.phase = 2 AND (g.end_at > $2 OR g.end_at IS NULL) AND e.live \
     AND m.wanted AND m.in_force ORDER BY id, through",
);

static MEMBER_OF: Statement = Statement::new(
    "directory.member_of",
    "SELECT s.group_id AS id FROM standing_member s WHERE s.principal = $1 \
     UNION SELECT e.group_id FROM access_grant g JOIN effect e ON e.grant_id = g.id \
     JOIN membership m ON m.group_id = e.group_id AND m.principal = e.principal \
     WHERE g.principal = $1 AND g.phase < 4 AND g.phase = 2 AND (g.end_at > $2 OR g.end_at IS NULL) AND e.live \
     AND m.wanted AND m.in_force ORDER BY id",
);

static OWNERS: Statement = Statement::new(
    "directory.owners",
    "SELECT o.principal FROM group_owner o WHERE o.group_id = $1 AND o.principal > $2 ORDER BY o.principal LIMIT $3",
);

static OWNS: Statement =
    Statement::new("directory.owns", "SELECT o.group_id FROM group_owner o WHERE o.principal = $1 ORDER BY o.group_id");

// Ownership by schedule is in force with its grant. The index by scope would read the owners of all groups: hence no bare
// column.
static OWNERS_NOW: Statement = Statement::new(
    "directory.owners_now",
    "SELECT o.principal AS id FROM group_owner o WHERE o.group_id = $1 AND o.principal > $2 \
     UNION SELECT l.principal FROM line l JOIN access_grant g ON g.id = l.grant_id \
     WHERE l.live AND l.definition = $1 AND l.provider = 2 AND l.kind = 1 AND l.scope || '' = 'owner' AND l.principal > $2 \
     AND g.phase = 2 AND (g.end_at > $3 OR g.end_at IS NULL) ORDER BY id LIMIT $4",
);

static OWNS_NOW: Statement = Statement::new(
    "directory.owns_now",
    "SELECT o.group_id AS id FROM group_owner o WHERE o.principal = $1 \
     UNION SELECT l.definition FROM line l JOIN access_grant g ON g.id = l.grant_id \
     WHERE l.live AND l.principal = $1 AND l.provider = 2 AND l.kind = 1 AND l.scope || '' = 'owner' \
     AND g.phase = 2 AND (g.end_at > $2 OR g.end_at IS NULL) ORDER BY id",
);

static STANDING_MEMBERS: Statement = Statement::new(
    "directory.standing_members",
    "SELECT s.principal FROM standing_member s WHERE s.group_id = $1 AND s.principal > $2 ORDER BY s.principal LIMIT $3",
);

static STANDING_OF: Statement = Statement::new(
    "directory.standing_of",
    "SELECT s.group_id FROM standing_member s WHERE s.principal = $1 ORDER BY s.group_id",
);

static PUT_OWNER: Statement = Statement::new(
    "directory.put_owner",
    "INSERT INTO group_owner (group_id, principal) VALUES ($1, $2) ON CONFLICT (group_id, principal) DO NOTHING",
);

static DROP_OWNER: Statement =
    Statement::new("directory.drop_owner", "DELETE FROM group_owner WHERE group_id = $1 AND principal = $2");

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[
    &PRINCIPALS,
    &PRINCIPALS_OF,
    &BY_MAIL,
    &COUNT,
    &PUT_USER,
    &GROUPS,
    &GROUPS_OF,
    &PUT_GROUP,
    &MEMBERS,
    &JOINED,
    &MEMBER_OF,
    &OWNERS,
    &OWNS,
    &OWNERS_NOW,
    &OWNS_NOW,
    &STANDING_MEMBERS,
    &STANDING_OF,
    &PUT_OWNER,
    &DROP_OWNER,
];

impl Tx {
    /// Accounts of one kind by display name.
    ///
    /// # Errors
    /// As any statement.
    pub async fn directory_users(&mut self, kind: PrincipalKind, span: &Span) -> Result<Vec<UserEntry>, Fault> {
        let values = [vec![code::of(kind)], span.values().into()].concat();
        self.all("principal", &PRINCIPALS, values, user_entry).await
    }

    /// The accounts with these ids, of whatever kind, in no particular order. Unknown ones are left out.
    ///
    /// # Errors
    /// As any statement.
    pub async fn directory_users_of(&mut self, ids: &[PrincipalId]) -> Result<Vec<UserEntry>, Fault> {
        let mut found = Vec::new();
        for some in ids.chunks(AT_ONCE) {
            let values = filled(some.iter().map(|id| id.uuid()));
            found.extend(self.all("principal", &PRINCIPALS_OF, values, user_entry).await?);
        }
        Ok(found)
    }

    /// Accounts with a mail address, case-blind.
    ///
    /// # Errors
    /// As any statement.
    pub async fn directory_users_by_mail(&mut self, mail: &str) -> Result<Vec<UserEntry>, Fault> {
        self.all("principal", &BY_MAIL, vec![fold(mail).into()], user_entry).await
    }

    /// Number of accounts of one kind.
    ///
    /// # Errors
    /// As any statement.
    pub async fn count_principals(&mut self, kind: PrincipalKind) -> Result<u64, Fault> {
        let found = self.first("principal", &COUNT, vec![code::of(kind)]).await?;
        found.map_or(Ok(0), |mut row| row.count("count"))
    }

    /// Stores what is known of a user.
    ///
    /// # Errors
    /// [`Fault::Dangling`] when there is no such account.
    pub async fn put_directory_user(&mut self, principal: PrincipalId, facts: &UserFacts) -> Result<(), Fault> {
        let mail_key = facts.mail.as_deref().map(fold);
        let values = vec![
            principal.into(),
            facts.mail.clone().into(),
            mail_key.into(),
            facts.given_name.clone().into(),
            facts.surname.clone().into(),
            facts.job_title.clone().into(),
            facts.department.clone().into(),
            facts.office_location.clone().into(),
            facts.mobile_phone.clone().into(),
            facts.business_phone.clone().into(),
            facts.preferred_language.clone().into(),
            facts.manager.into(),
            facts.created.into(),
        ];
        self.configure(&PUT_USER, values).await.map(drop)
    }

    /// Groups by display name.
    ///
    /// # Errors
    /// As any statement.
    pub async fn directory_groups(&mut self, span: &Span) -> Result<Vec<GroupEntry>, Fault> {
        self.all("access_group", &GROUPS, span.values().into(), group_entry).await
    }

    /// The groups with these ids, in no particular order. Unknown ones are left out.
    ///
    /// # Errors
    /// As any statement.
    pub async fn directory_groups_of(&mut self, ids: &[GroupId]) -> Result<Vec<GroupEntry>, Fault> {
        let mut found = Vec::new();
        for some in ids.chunks(AT_ONCE) {
            let values = filled(some.iter().map(|id| id.uuid()));
            found.extend(self.all("access_group", &GROUPS_OF, values, group_entry).await?);
        }
        Ok(found)
    }

    /// Stores what is known of a group. Whether roles can be given to it stays as it was first stored.
    ///
    /// # Errors
    /// [`Fault::Dangling`] when there is no such group.
    pub async fn put_directory_group(&mut self, group: GroupId, facts: &GroupFacts) -> Result<(), Fault> {
        let values = vec![
            group.into(),
            facts.mail_nickname.clone().into(),
            facts.mail_enabled.into(),
            facts.security_enabled.into(),
            facts.unified.into(),
            facts.role_assignable.into(),
            facts.rule.clone().into(),
            facts.synchronised.into(),
            facts.created.into(),
        ];
        self.configure(&PUT_GROUP, values).await.map(drop)
    }

    /// Who is in a group at `now`, by id: those who are in it for good as far as we know, and those whom a grant in force
    /// puts there.
    ///
    /// # Errors
    /// As any statement.
    pub async fn members_now(
        &mut self,
        group: GroupId,
        after: Option<PrincipalId>,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<PrincipalId>, Fault> {
        let after = after.map_or(Uuid::nil(), PrincipalId::uuid);
        let values = vec![group.into(), after.into(), now.into(), limit.into()];
        self.all("standing_member", &MEMBERS, values, |row| row.id("id")).await
    }

    /// The groups an account is in at `now`, by id; not those it is in through another group.
    ///
    /// # Errors
    /// As any statement.
    pub async fn member_of_now(&mut self, principal: PrincipalId, now: Timestamp) -> Result<Vec<GroupId>, Fault> {
        self.all("standing_member", &MEMBER_OF, vec![principal.into(), now.into()], |row| row.id("id")).await
    }

    /// Each way in which an account is in a group at `now`, by group; a group in which it is twice is there twice. Not
    /// those it is in through another group.
    ///
    /// # Errors
    /// As any statement.
    pub async fn joined(&mut self, principal: PrincipalId, now: Timestamp) -> Result<Vec<Joined>, Fault> {
        let rows = self.all("standing_member", &JOINED, vec![principal.into(), now.into()], |row| {
            let joined = Joined {
                group: row.id("group_id")?,
                until: row.instant_or_null("end_at")?,
                since: row.instant("since")?,
                by: row.id_or_null("person")?.into_iter().collect(),
            };
            Ok((row.uuid("id")?, joined))
        });
        let mut all: Vec<(Uuid, Joined)> = Vec::new();
        for (through, joined) in rows.await? {
            match all.last_mut() {
                Some((last, before)) if *last == through && before.group == joined.group => {
                    before.by.extend(joined.by);
                }
                Some(_) | None => all.push((through, joined)),
            }
        }
        Ok(all.into_iter().map(|(_, joined)| joined).collect())
    }

    /// Owners of a group, by id.
    ///
    /// # Errors
    /// As any statement.
    pub async fn group_owners(
        &mut self,
        group: GroupId,
        after: Option<PrincipalId>,
        limit: u32,
    ) -> Result<Vec<PrincipalId>, Fault> {
        let after = after.map_or(Uuid::nil(), PrincipalId::uuid);
        self.all("group_owner", &OWNERS, vec![group.into(), after.into(), limit.into()], |row| row.id("id")).await
    }

    /// Groups that an account owns, by id.
    ///
    /// # Errors
    /// As any statement.
    pub async fn groups_owned(&mut self, principal: PrincipalId) -> Result<Vec<GroupId>, Fault> {
        self.all("group_owner", &OWNS, vec![principal.into()], |row| row.id("id")).await
    }

    /// Owners of a group at `now`, by id: those for good, and those by a schedule in force.
    ///
    /// # Errors
    /// As any statement.
    pub async fn owners_now(
        &mut self,
        group: GroupId,
        after: Option<PrincipalId>,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<PrincipalId>, Fault> {
        let after = after.map_or(Uuid::nil(), PrincipalId::uuid);
        let values = vec![group.into(), after.into(), now.into(), limit.into()];
        self.all("group_owner", &OWNERS_NOW, values, |row| row.id("id")).await
    }

    /// Groups that an account owns at `now`, by id.
    ///
    /// # Errors
    /// As any statement.
    pub async fn owned_now(&mut self, principal: PrincipalId, now: Timestamp) -> Result<Vec<GroupId>, Fault> {
        self.all("group_owner", &OWNS_NOW, vec![principal.into(), now.into()], |row| row.id("id")).await
    }

    /// Who is in a built-in group for good, by id.
    ///
    /// # Errors
    /// As any statement.
    pub async fn members_for_good(
        &mut self,
        group: GroupId,
        after: Option<PrincipalId>,
        limit: u32,
    ) -> Result<Vec<PrincipalId>, Fault> {
        let after = after.map_or(Uuid::nil(), PrincipalId::uuid);
        let values = vec![group.into(), after.into(), limit.into()];
        self.all("standing_member", &STANDING_MEMBERS, values, |row| row.id("principal")).await
    }

    /// The built-in groups an account is in for good, by id.
    ///
    /// # Errors
    /// As any statement.
    pub async fn member_for_good_of(&mut self, principal: PrincipalId) -> Result<Vec<GroupId>, Fault> {
        self.all("standing_member", &STANDING_OF, vec![principal.into()], |row| row.id("group_id")).await
    }

    /// Makes an account an owner of a group, or ends that.
    ///
    /// # Errors
    /// [`Fault::Dangling`] when group or account are not there.
    pub async fn put_group_owner(&mut self, group: GroupId, owner: PrincipalId, owns: bool) -> Result<(), Fault> {
        let statement = if owns { &PUT_OWNER } else { &DROP_OWNER };
        self.session.exec(statement, vec![group.into(), owner.into()]).await.map(drop)
    }
}

/// The ids, filled up to what a statement looks for.
pub(super) fn filled(ids: impl Iterator<Item = Uuid>) -> Vec<Value> {
    ids.chain(std::iter::repeat(Uuid::nil())).take(AT_ONCE).map(Value::from).collect()
}

fn user_entry(row: &mut Reader) -> Result<UserEntry, Fault> {
    let principal = row::principal(row)?;
    row.of("directory_user");
    let facts = UserFacts {
        mail: row.text_or_null("mail")?,
        given_name: row.text_or_null("given_name")?,
        surname: row.text_or_null("surname")?,
        job_title: row.text_or_null("job_title")?,
        department: row.text_or_null("department")?,
        office_location: row.text_or_null("office_location")?,
        mobile_phone: row.text_or_null("mobile_phone")?,
        business_phone: row.text_or_null("business_phone")?,
        preferred_language: row.text_or_null("preferred_language")?,
        manager: row.id_or_null("manager")?,
        created: row.instant_or_null("created")?,
    };
    Ok(UserEntry { principal, facts })
}

fn group_entry(row: &mut Reader) -> Result<GroupEntry, Fault> {
    let group = row::group(row)?;
    row.of("directory_group");
    if row.uuid_or_null("id")?.is_none() {
        return Ok(GroupEntry { group, facts: GroupFacts::default() });
    }
    let facts = GroupFacts {
        mail_nickname: row.text_or_null("mail_nickname")?,
        mail_enabled: row.bool("mail_enabled")?,
        security_enabled: row.bool("security_enabled")?,
        unified: row.bool("unified")?,
        role_assignable: row.bool("role_assignable")?,
        rule: row.text_or_null("rule")?,
        synchronised: row.bool("synchronised")?,
        created: row.instant_or_null("created")?,
    };
    Ok(GroupEntry { group, facts })
}
