//! Memberships in groups of a domain.
//!
//! Who belongs to a group by his primary group does not stand in its `member` and cannot be taken out of it: he is a
//! member all the same, so an addition is there already, and a removal is refused with the reason rather than
//! confirmed.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use ephor_engine::port::target::{
    Change, FaultKind, MemberAttribute, Outcome, TargetAccount, TargetFault, TargetGroup, Wanted,
};
use ldap3::{Mod, Scope, controls::RawControl};
use tokio::time::Instant;

use super::{
    super::{
        fault::{self, code},
        lane::Link,
        membership::{each_value, which_are_members},
        modify::Batch,
        root::LINK_TTL,
    },
    ActiveDirectory,
    domain::{EXTENDED_NAMES, THIS_DOMAIN_ONLY, control},
    entry::{self, Group},
    expiry,
    name::{self, Name},
};
use crate::dn;

/// Names of members kept for reports.
const MOST_NAMES: usize = 20_000;
/// Entries in one page of an answer.
const PAGE: i32 = 500;
/// Asks for lasting names as text: `SEQUENCE { INTEGER 1 }`.
const AS_TEXT: [u8; 5] = [0x30, 3, 2, 1, 1];

impl ActiveDirectory {
    pub(super) async fn apply_changes(
        &self,
        group: &TargetGroup,
        changes: &[Change],
    ) -> Result<Vec<Outcome>, TargetFault> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let deadline = self.deadline();
        let link = self.writer(deadline).await?;
        let facts = entry::group(&link, deadline, group).await?;
        let expires = self.settings.native_expiry && link.domain(deadline).await?.expiry_off.is_none();
        let group = by_name(group, &facts);
        let mut outcomes = vec![None; changes.len()];
        let mut rest = self.plan(&link, deadline, &group, &facts, changes, &mut outcomes).await?;
        if expires {
            rest = renew(&link, deadline, &group, rest, &mut outcomes).await?;
        }
        let (positions, changes): (Vec<usize>, Vec<Change>) = rest.into_iter().unzip();
        if !changes.is_empty() {
            let batch = Batch::new(&link, deadline, &group, &changes, None).expiring(expires);
            let (mut done, refused) = batch.run_and_tell().await?;
            if expires {
                let told = match refused {
                    Some(reason) => Some(reason),
                    None => verify(&link, deadline, &group, &changes, &mut done).await?,
                };
                self.note_expiry(told);
            }
            for (position, outcome) in positions.into_iter().zip(done) {
                *outcomes.get_mut(position).expect("positions come from the list of changes") = Some(outcome);
            }
        }
        let untried = || Outcome::Refused(fault::rejected("the change was not tried"));
        Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(untried)).collect())
    }

    /// Decides what needs no write; answers the rest, by the names that the domain has now.
    async fn plan(
        &self,
        link: &Link,
        deadline: Instant,
        group: &TargetGroup,
        facts: &Group,
        changes: &[Change],
        outcomes: &mut [Option<Outcome>],
    ) -> Result<Vec<(usize, Change)>, TargetFault> {
        let accounts: Vec<TargetAccount> = changes.iter().map(|change| change.account.clone()).collect();
        let found = entry::accounts(link, deadline, &self.settings.base_dn, &accounts).await?;
        let mut rest = Vec::with_capacity(changes.len());
        let mut members = None;
        for (position, ((change, found), outcome)) in changes.iter().zip(found).zip(outcomes).enumerate() {
            let adds = matches!(change.wanted, Wanted::Present { .. });
            match found {
                Some(account) if account.is_primary_of(facts) => {
                    *outcome = Some(if adds { Outcome::Already } else { Outcome::Refused(primary(&account.dn)) });
                }
                Some(account) => {
                    let account = TargetAccount { native: account.dn, ..change.account.clone() };
                    rest.push((position, Change { account, wanted: change.wanted }));
                }
                None if adds => {
                    let cause = format!("the domain has no account {}", change.account.native);
                    *outcome = Some(Outcome::Refused(TargetFault { kind: FaultKind::NoSuchAccount, cause }));
                }
                // An account that is gone took its memberships along, unless it only went out of our sight.
                None => {
                    let members = match &members {
                        Some(members) => members,
                        None => members.insert(self.held(link, deadline, group, facts).await?),
                    };
                    if members.iter().any(|(key, name)| is_named(&change.account.native, key, name)) {
                        rest.push((position, change.clone()));
                    } else {
                        *outcome = Some(Outcome::Already);
                    }
                }
            }
        }
        Ok(rest)
    }

    pub(super) async fn which(
        &self,
        group: &TargetGroup,
        accounts: &[TargetAccount],
    ) -> Result<Vec<bool>, TargetFault> {
        let deadline = self.deadline();
        let link = self.reader(deadline).await?;
        let facts = entry::group(&link, deadline, group).await?;
        let group = by_name(group, &facts);
        let found = entry::accounts(&link, deadline, &self.settings.base_dn, accounts).await?;
        let named: Vec<Option<TargetAccount>> = accounts
            .iter()
            .zip(&found)
            .map(|(account, found)| Some(TargetAccount { native: found.as_ref()?.dn.clone(), ..account.clone() }))
            .collect();
        let some: Vec<&TargetAccount> = named.iter().flatten().collect();
        let mut direct = which_are_members(&link, deadline, &group, &some).await?.into_iter();
        Ok(found
            .iter()
            .map(|found| match found {
                Some(account) => direct.next().unwrap_or_default() || account.is_primary_of(&facts),
                None => false,
            })
            .collect())
    }

    pub(super) async fn all(&self, group: &TargetGroup) -> Result<Vec<String>, TargetFault> {
        let deadline = self.deadline();
        let link = self.reader(deadline).await?;
        let facts = entry::group(&link, deadline, group).await?;
        let members = self.held(&link, deadline, &by_name(group, &facts), &facts).await?;
        let mut names = self.names.lock();
        if names.len() > MOST_NAMES {
            names.clear();
        }
        Ok(members
            .into_iter()
            .map(|(key, name)| {
                if names.len() <= MOST_NAMES {
                    names.insert(key.clone(), name);
                }
                key
            })
            .collect())
    }

    /// Lasting and distinguished names of everybody who belongs to the group directly, by `member` or as primary group.
    async fn held(
        &self,
        link: &Link,
        deadline: Instant,
        group: &TargetGroup,
        facts: &Group,
    ) -> Result<Vec<(String, String)>, TargetFault> {
        let extended = [control(EXTENDED_NAMES, Some(AS_TEXT.to_vec()))];
        let mut members = Vec::new();
        let mut plain = None;
        each_value(link, deadline, group, &extended, |value| match name::extended(value) {
            Some((key, name)) => members.push((key, name.to_owned())),
            None => plain = Some(value.to_owned()),
        })
        .await?;
        if let Some(value) = plain {
            return Err(fault::rejected(format!("the server does not give the lasting name of the member {value}")));
        }
        if facts.sid.is_of_domain() {
            members.extend(self.primary_members(link, deadline, facts).await?);
        }
        Ok(members)
    }

    async fn primary_members(
        &self,
        link: &Link,
        deadline: Instant,
        facts: &Group,
    ) -> Result<Vec<(String, String)>, TargetFault> {
        let filter = format!("(primaryGroupID={})", facts.sid.relative());
        let controls = [control(THIS_DOMAIN_ONLY, None)];
        let base = &self.settings.base_dn;
        let (entries, result) =
            link.search_paged(deadline, base, &filter, &["objectGUID", "objectSid"], PAGE, &controls).await?;
        match result.rc {
            code::SUCCESS | code::REFERRAL => {}
            _ => return Err(fault::of_result(&result, "search for accounts by primary group")),
        }
        entries.into_iter().map(|entry| Ok((name::lasting(entry::identifiers(&entry)?.0), entry.dn))).collect()
    }

    pub(super) async fn keys(
        &self,
        group: &TargetGroup,
        accounts: &[TargetAccount],
    ) -> Result<Vec<Option<String>>, TargetFault> {
        let mut keys: Vec<Option<String>> = accounts.iter().map(|account| lasting_key(&account.native)).collect();
        let unknown: Vec<usize> = (0..keys.len()).filter(|at| keys.get(*at).is_some_and(Option::is_none)).collect();
        if unknown.is_empty() {
            return Ok(keys);
        }
        tracing::debug!(group = %group.native, count = unknown.len(), "accounts are known by names that may change");
        let deadline = self.deadline();
        let link = self.reader(deadline).await?;
        let asked: Vec<TargetAccount> = unknown.iter().filter_map(|at| accounts.get(*at).cloned()).collect();
        let found = entry::accounts(&link, deadline, &self.settings.base_dn, &asked).await?;
        for (at, found) in unknown.into_iter().zip(found) {
            if let (Some(key), Some(found)) = (keys.get_mut(at), found) {
                *key = Some(name::lasting(found.guid));
            }
        }
        Ok(keys)
    }

    /// Remembers whether the directory took the last time to live.
    fn note_expiry(&self, refused: Option<String>) {
        if let Some(reason) = &refused {
            tracing::warn!(target_id = %self.id, reason, "the directory did not take a time to live; we end the membership ourselves");
        }
        *self.expiry_refused.lock() = refused;
    }
}

/// The lasting name in a native one, if it is of that kind.
pub(super) fn lasting_key(native: &str) -> Option<String> {
    match Name::of(native) {
        Name::Guid(guid) => Some(name::lasting(guid)),
        Name::Sid(_) | Name::Dn(_) | Name::Principal(_) | Name::DownLevel { .. } | Name::Account(_) => None,
    }
}

fn is_named(native: &str, key: &str, name: &str) -> bool {
    match lasting_key(native) {
        Some(lasting) => lasting == key,
        None => dn::key(native) == dn::key(name),
    }
}

/// The group under the name it has now.
fn by_name(group: &TargetGroup, facts: &Group) -> TargetGroup {
    TargetGroup { id: group.id, native: facts.dn.clone(), attribute: MemberAttribute::Member }
}

fn primary(account: &str) -> TargetFault {
    fault::rejected(format!(
        "the group is the primary group of {account}, so it cannot be taken out of it: give the account another primary group"
    ))
}

/// Members that are there with an end that comes too early get the right one, or none; answers the rest. A member without an
/// end is not ours to give one (R4), and one that ends later is left: our own removal is on time.
async fn renew(
    link: &Link,
    deadline: Instant,
    group: &TargetGroup,
    planned: Vec<(usize, Change)>,
    outcomes: &mut [Option<Outcome>],
) -> Result<Vec<(usize, Change)>, TargetFault> {
    if !planned.iter().any(|(_, change)| matches!(change.wanted, Wanted::Present { .. })) {
        return Ok(planned);
    }
    let ends = ends(link, deadline, group).await?;
    let mut rest = Vec::with_capacity(planned.len());
    for (position, change) in planned {
        let wanted = match change.wanted {
            Wanted::Present { lives } => Some(lives),
            Wanted::Absent => None,
        };
        let (Some(lives), Some(end)) = (wanted, ends.get(&dn::key(&change.account.native))) else {
            rest.push((position, change));
            continue;
        };
        // A second of difference is the whole seconds that ends are told in.
        let is_enough = match (end, lives) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(left), Some(lives)) => Duration::from_secs(left.saturating_add(1)) >= lives,
        };
        let outcome = if is_enough { Outcome::Already } else { replace(link, deadline, group, &change, lives).await? };
        if let Some(slot) = outcomes.get_mut(position) {
            *slot = Some(outcome);
        }
    }
    Ok(rest)
}

/// Everybody who stands in `member`, with the seconds he has left where he has an end.
async fn ends(
    link: &Link,
    deadline: Instant,
    group: &TargetGroup,
) -> Result<HashMap<String, Option<u64>>, TargetFault> {
    let with_ends = [RawControl { ctype: LINK_TTL.to_owned(), crit: true, val: None }];
    let mut ends = HashMap::new();
    each_value(link, deadline, group, &with_ends, |value| {
        let (name, end) = expiry::read(value);
        ends.insert(dn::key(name), end);
    })
    .await?;
    Ok(ends)
}

/// Takes a member out and puts him back with another end, in one modify: nobody sees him gone.
async fn replace(
    link: &Link,
    deadline: Instant,
    group: &TargetGroup,
    change: &Change,
    lives: Option<Duration>,
) -> Result<Outcome, TargetFault> {
    let name = change.account.native.clone();
    let value = lives.map_or_else(|| name.clone(), |lives| expiry::expiring(&name, lives));
    let mods = vec![
        Mod::Delete("member".to_owned(), HashSet::from([name])),
        Mod::Add("member".to_owned(), HashSet::from([value])),
    ];
    let controls = vec![control(LINK_TTL, None)];
    let result = link.modify(deadline, &group.native, mods, controls).await?;
    match result.rc {
        code::SUCCESS => Ok(Outcome::Done),
        // Tried again from the start: he may have come to his end in between.
        _ => Ok(Outcome::Refused(fault::of_result(&result, "modify of a time to live"))),
    }
}

/// Reads back what was added with a time to live: a server may say yes and keep nothing, or keep it without an end.
/// Answers what is wrong with the time to live.
async fn verify(
    link: &Link,
    deadline: Instant,
    group: &TargetGroup,
    changes: &[Change],
    outcomes: &mut [Outcome],
) -> Result<Option<String>, TargetFault> {
    let mut added: HashMap<String, &mut Outcome> = changes
        .iter()
        .zip(outcomes)
        .filter(|(change, outcome)| {
            matches!(change.wanted, Wanted::Present { lives: Some(_), .. }) && **outcome == Outcome::Done
        })
        .map(|(change, outcome)| (dn::key(&change.account.native), outcome))
        .collect();
    if added.is_empty() {
        return Ok(None);
    }
    let mut is_endless = false;
    for (name, end) in ends(link, deadline, group).await? {
        is_endless |= added.remove(&name).is_some() && end.is_none();
    }
    for outcome in added.into_values() {
        *outcome = Outcome::Refused(fault::rejected("the server says that it added the member, and does not hold it"));
    }
    Ok(is_endless.then(|| "the server takes a time to live and keeps the member without one".to_owned()))
}

/// Accounts that belong to a group by another group in it, or as their primary group: for reports (a sample).
pub(super) async fn indirect(
    link: &Link,
    deadline: Instant,
    base: &str,
    facts: &Group,
    most: i32,
) -> Result<(Vec<String>, usize), TargetFault> {
    let nested =
        super::super::filter::both("(objectCategory=group)", &super::super::filter::equals("memberOf", &facts.dn));
    let filter = match facts.sid.is_of_domain() {
        true => format!("(|{nested}(primaryGroupID={}))", facts.sid.relative()),
        false => nested,
    };
    let controls = vec![control(THIS_DOMAIN_ONLY, None)];
    let (entries, result) = link
        .search_with(deadline, base, Scope::Subtree, &filter, &["objectCategory", "primaryGroupID"], most, controls)
        .await?;
    match result.rc {
        code::SUCCESS | code::SIZE_LIMIT_EXCEEDED | code::REFERRAL => {}
        _ => return Err(fault::of_result(&result, "search for nested groups")),
    }
    let (accounts, groups): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|entry| !super::super::root::values(entry, "primaryGroupID").is_empty());
    Ok((groups.into_iter().map(|group| group.dn).collect(), accounts.len()))
}
