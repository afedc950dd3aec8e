//! Changing memberships: one modify carries many, and is narrowed down when the server refuses the whole.
//!
//! A modify is all or nothing (RFC 4511 §4.6). Values that are in place already are found by reading the group once;
//! values the server does not like are found by halving.

use std::{collections::HashSet, time::Duration};

use ephor_engine::port::target::{
    Change, FaultKind, MemberAttribute, Outcome, TargetAccount, TargetFault, TargetGroup, Wanted,
};
use ldap3::{LdapResult, Mod, controls::RawControl};
use tokio::time::Instant;

use super::{
    LdapTarget, active, attribute_name,
    fault::{self, code},
    lane::Link,
    membership,
    root::{LINK_TTL, PERMISSIVE_MODIFY},
    same_name,
};

/// The most values one modify carries.
const MOST_VALUES: usize = 500;

/// A part that the server keeps answering in contradiction to what we read is given up after so many attempts.
const MOST_ATTEMPTS: u8 = 6;

impl LdapTarget {
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
        let stands_in = Some(self.settings.placeholder.as_str());
        Batch::new(&link, deadline, group, changes, stands_in).run().await
    }
}

/// Changes, by position, that go into one modify: at most [`MOST_VALUES`], and no account twice, so that repeated
/// changes of one account keep their order.
fn parts(group: &TargetGroup, changes: &[Change]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut positions = Vec::new();
    let mut seen = HashSet::new();
    for (position, change) in changes.iter().enumerate() {
        let key = membership::key(group.attribute, membership::value(group.attribute, &change.account));
        if positions.len() == MOST_VALUES || seen.contains(&key) {
            parts.push(Part::new(std::mem::take(&mut positions)));
            seen.clear();
        }
        seen.insert(key);
        positions.push(position);
    }
    parts.push(Part::new(positions));
    parts
}

/// Some changes that are tried together.
#[derive(Debug)]
struct Part {
    positions: Vec<usize>,
    /// The group was read: what is left was not in place then.
    narrowed: bool,
    /// The placeholder goes in, because the last member goes.
    fills: bool,
    attempts: u8,
}

impl Part {
    fn new(positions: Vec<usize>) -> Self {
        Self { positions, narrowed: false, fills: false, attempts: 0 }
    }

    fn halves(mut self) -> [Self; 2] {
        let right = self.positions.split_off(self.positions.len() / 2);
        [Self::new(self.positions), Self::new(right)].map(|half| Self { narrowed: self.narrowed, ..half })
    }
}

/// What an answer to a modify means for the part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Done,
    /// A value to be added is there.
    Exists,
    /// A value to be deleted is not there.
    Missing,
    /// The schema does not allow what the group would become.
    Schema,
    /// Group or member are not there.
    NoObject,
    /// A value is refused.
    Value,
    /// The group or the whole target is affected.
    Whole,
}

impl Answer {
    fn of(result: &LdapResult) -> Self {
        match result.rc {
            code::SUCCESS => Self::Done,
            // Active Directory answers entryAlreadyExists for a member that is there …
            code::ATTRIBUTE_OR_VALUE_EXISTS | code::ENTRY_ALREADY_EXISTS => Self::Exists,
            code::NO_SUCH_ATTRIBUTE => Self::Missing,
            // … and unwillingToPerform with ERROR_MEMBER_NOT_IN_GROUP for one that is not.
            code::UNWILLING_TO_PERFORM if says_absent(&result.text) => Self::Missing,
            code::OBJECT_CLASS_VIOLATION => Self::Schema,
            code::NO_SUCH_OBJECT => Self::NoObject,
            code::CONSTRAINT_VIOLATION
            | code::INVALID_ATTRIBUTE_SYNTAX
            | code::INVALID_DN_SYNTAX
            | code::UNWILLING_TO_PERFORM => Self::Value,
            _ => Self::Whole,
        }
    }
}

/// The words of Active Directory (ERROR_MEMBER_NOT_IN_GROUP) and of Samba for a member that is not there.
fn says_absent(text: &str) -> bool {
    text.starts_with("00000561")
        || text.starts_with("Attribute member already deleted for target")
        || text.starts_with("Attribute member doesn't exist for target")
}

pub(super) struct Batch<'a> {
    link: &'a Link,
    deadline: Instant,
    group: &'a TargetGroup,
    changes: &'a [Change],
    outcomes: Vec<Option<Outcome>>,
    /// The name that stands in for a member where the schema demands one.
    stands_in: Option<&'a str>,
    /// Whether the group holds the placeholder, once known.
    placeholder: Option<bool>,
    /// The target takes a time to live with a member (R5).
    expires: bool,
    /// What it said when it did not take one.
    expiry_refused: Option<String>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(
        link: &'a Link,
        deadline: Instant,
        group: &'a TargetGroup,
        changes: &'a [Change],
        stands_in: Option<&'a str>,
    ) -> Self {
        let outcomes = vec![None; changes.len()];
        let (placeholder, expires, expiry_refused) = (None, false, None);
        Self { link, deadline, group, changes, outcomes, stands_in, placeholder, expires, expiry_refused }
    }

    /// Members are added with a time to live where the change has one.
    pub(super) fn expiring(mut self, expires: bool) -> Self {
        self.expires = expires;
        self
    }

    /// Works through all changes; one outcome each, in order.
    pub(super) async fn run(self) -> Result<Vec<Outcome>, TargetFault> {
        self.run_and_tell().await.map(|(outcomes, _)| outcomes)
    }

    /// As [`Batch::run`], with what the target said when it did not take a time to live.
    pub(super) async fn run_and_tell(mut self) -> Result<(Vec<Outcome>, Option<String>), TargetFault> {
        let mut known = Ok(());
        for part in parts(self.group, self.changes) {
            known = self.work_through(part).await;
            if known.is_err() {
                break;
            }
        }
        let refused = self.expiry_refused.take();
        match known {
            // Nothing is known of any change: a fault of the whole call.
            Err(fault) if self.outcomes.iter().all(Option::is_none) => Err(fault),
            Err(fault) => Ok((self.outcomes(fault), refused)),
            Ok(()) => Ok((self.outcomes(fault::rejected("the change was not tried")), refused)),
        }
    }

    fn outcomes(self, otherwise: TargetFault) -> Vec<Outcome> {
        self.outcomes
            .into_iter()
            .map(|outcome| outcome.unwrap_or_else(|| Outcome::Refused(otherwise.clone())))
            .collect()
    }

    fn change(&self, position: usize) -> &Change {
        self.changes.get(position).expect("positions come from the list of changes")
    }

    fn settle(&mut self, position: usize, outcome: Outcome) {
        *self.outcomes.get_mut(position).expect("one outcome for each change") = Some(outcome);
    }

    fn adds(&self, position: usize) -> bool {
        matches!(self.change(position).wanted, Wanted::Present { .. })
    }

    /// True when a member of the part goes with a time to live.
    fn lives(&self, part: &Part) -> bool {
        self.expires && part.positions.iter().any(|position| self.time_to_live(*position).is_some())
    }

    fn time_to_live(&self, position: usize) -> Option<Duration> {
        match self.change(position).wanted {
            Wanted::Present { lives } if self.expires => lives,
            Wanted::Present { .. } | Wanted::Absent => None,
        }
    }

    async fn work_through(&mut self, whole: Part) -> Result<(), TargetFault> {
        let mut waiting = vec![whole];
        while let Some(mut part) = waiting.pop() {
            self.refuse_placeholder(&mut part);
            if part.positions.is_empty() {
                continue;
            }
            part.attempts += 1;
            let result = self.send(&part).await?;
            let answer = Answer::of(&result);
            match answer {
                Answer::Done => {
                    for position in part.positions {
                        self.settle(position, Outcome::Done);
                    }
                }
                Answer::Whole => return Err(fault::of_result(&result, "modify")),
                Answer::NoObject if !membership::exists(self.link, self.deadline, self.group).await? => {
                    return Err(membership::no_such_group(self.group));
                }
                // The time to live may be what it does not like: without one rather than not at all (R5).
                Answer::Value | Answer::NoObject if self.lives(&part) => {
                    self.expires = false;
                    self.expiry_refused = Some(fault::cause(&result, "modify with a time to live"));
                    waiting.push(part);
                }
                Answer::Exists | Answer::Missing | Answer::Schema if part.attempts < MOST_ATTEMPTS => {
                    self.take_apart(part, answer, &result, &mut waiting).await?;
                }
                Answer::Exists | Answer::Missing | Answer::Schema | Answer::NoObject | Answer::Value => {
                    self.halve(part, &result, &mut waiting);
                }
            }
        }
        Ok(())
    }

    /// After an answer that says the group is not as we thought.
    async fn take_apart(
        &mut self,
        mut part: Part,
        answer: Answer,
        result: &LdapResult,
        waiting: &mut Vec<Part>,
    ) -> Result<(), TargetFault> {
        if answer == Answer::Schema {
            let removes = part.positions.iter().any(|position| !self.adds(*position));
            let may_fill = self.stands_in.is_some() && self.group.attribute != MemberAttribute::MemberUid;
            if removes && !part.fills && may_fill {
                part.fills = true;
                waiting.push(part);
            } else {
                self.halve(part, result, waiting);
            }
            return Ok(());
        }
        // What we know of the placeholder may be what is wrong.
        self.placeholder = None;
        if let [only] = part.positions.as_slice() {
            if self.adds(*only) == (answer == Answer::Exists) {
                self.settle(*only, Outcome::Already);
            } else {
                part.fills = false;
                waiting.push(part);
            }
            return Ok(());
        }
        if part.narrowed {
            self.halve(part, result, waiting);
            return Ok(());
        }
        let accounts: Vec<&TargetAccount> = part.positions.iter().map(|p| &self.change(*p).account).collect();
        let members = membership::which_are_members(self.link, self.deadline, self.group, &accounts).await?;
        let mut left = Part { narrowed: true, attempts: part.attempts, ..Part::new(Vec::new()) };
        for (position, is_member) in part.positions.into_iter().zip(members) {
            if self.adds(position) == is_member {
                self.settle(position, Outcome::Already);
            } else {
                left.positions.push(position);
            }
        }
        waiting.push(left);
        Ok(())
    }

    /// Tries the halves of a refused part; a single change is refused for itself.
    fn halve(&mut self, part: Part, result: &LdapResult, waiting: &mut Vec<Part>) {
        if let [only] = part.positions.as_slice() {
            let mut fault = fault::of_result(result, "modify");
            if result.rc == code::NO_SUCH_OBJECT {
                fault.kind = FaultKind::NoSuchAccount;
            }
            self.settle(*only, Outcome::Refused(fault));
            return;
        }
        let [left, right] = part.halves();
        // The left one is tried first.
        waiting.push(right);
        waiting.push(left);
    }

    /// The placeholder is nobody: no account of that name is ever added or removed.
    fn refuse_placeholder(&mut self, part: &mut Part) {
        let Some(stands_in) = self.stands_in.filter(|_| self.group.attribute != MemberAttribute::MemberUid) else {
            return;
        };
        for position in std::mem::take(&mut part.positions) {
            if same_name(&self.change(position).account.native, stands_in) {
                self.settle(position, Outcome::Refused(fault::rejected("the account is the placeholder member")));
            } else {
                part.positions.push(position);
            }
        }
    }

    async fn send(&mut self, part: &Part) -> Result<LdapResult, TargetFault> {
        let attribute = self.group.attribute;
        let (mut added, mut removed) = (HashSet::new(), HashSet::new());
        for position in &part.positions {
            let value = membership::value(attribute, &self.change(*position).account).to_owned();
            if let Some(lives) = self.time_to_live(*position) {
                added.insert(active::expiring(&value, lives))
            } else if self.adds(*position) {
                added.insert(value)
            } else {
                removed.insert(value)
            };
        }
        // A server that passes over values in place would hide that a membership was there before us (R4), so only
        // removals are sent that way.
        let permissive = added.is_empty() && self.link.root.permissive_modify;
        let stands_in = self.stands_in.filter(|_| attribute != MemberAttribute::MemberUid);
        let mut placeholder_goes = false;
        if let Some(stands_in) = stands_in {
            placeholder_goes = !added.is_empty() && self.holds_placeholder(stands_in).await?;
            if placeholder_goes {
                removed.insert(stands_in.to_owned());
            } else if part.fills {
                added.insert(stands_in.to_owned());
            }
        }
        let name = attribute_name(attribute).to_owned();
        let mut mods = Vec::with_capacity(2);
        if !added.is_empty() {
            mods.push(Mod::Add(name.clone(), added));
        }
        if !removed.is_empty() {
            mods.push(Mod::Delete(name, removed));
        }
        let mut controls = if permissive {
            vec![RawControl { ctype: PERMISSIVE_MODIFY.to_owned(), crit: false, val: None }]
        } else {
            Vec::new()
        };
        if self.lives(part) {
            controls.push(RawControl { ctype: LINK_TTL.to_owned(), crit: false, val: None });
        }
        let result = self.link.modify(self.deadline, &self.group.native, mods, controls).await?;
        if result.rc == code::SUCCESS {
            match (placeholder_goes, part.fills) {
                (true, _) => self.placeholder = Some(false),
                (false, true) => self.placeholder = Some(true),
                (false, false) => {}
            }
        }
        Ok(result)
    }

    async fn holds_placeholder(&mut self, stands_in: &str) -> Result<bool, TargetFault> {
        if let Some(known) = self.placeholder {
            return Ok(known);
        }
        let holds = membership::holds(self.link, self.deadline, self.group, stands_in).await?;
        self.placeholder = Some(holds);
        Ok(holds)
    }
}

#[cfg(test)]
mod tests {
    use ephor_domain::id::{GroupId, PrincipalId};
    use ephor_engine::port::target::{Change, MemberAttribute, TargetAccount, TargetGroup, Wanted};
    use uuid::Uuid;

    use super::parts;

    fn change(login: &str, wanted: Wanted) -> Change {
        let account = TargetAccount {
            id: PrincipalId::new(Uuid::nil()),
            native: format!("uid={login},dc=demo"),
            login: login.to_owned(),
        };
        Change { account, wanted }
    }

    #[test]
    fn a_modify_is_bounded_and_names_no_account_twice() {
        let group = TargetGroup {
            id: GroupId::new(Uuid::nil()),
            native: "cn=g,dc=demo".to_owned(),
            attribute: MemberAttribute::Member,
        };
        let mut changes: Vec<Change> =
            (0..1100).map(|n| change(&format!("u{n}"), Wanted::Present { lives: None })).collect();
        changes.push(change("U1099", Wanted::Absent));
        let sizes: Vec<usize> = parts(&group, &changes).iter().map(|part| part.positions.len()).collect();
        assert_eq!(sizes, [500, 500, 100, 1]);
    }
}
