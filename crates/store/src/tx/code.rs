//! Small numbers that stand for words in the rows. A number that was once given keeps its meaning for ever.

use ephor_domain::{
    approval::{Verdict, Way},
    effect::Prior,
    grant::GrantKind,
    policy::Kind,
    principal::PrincipalKind,
    provider::Provider,
    request::{Action, Channel},
};

use super::target::Mode;
use crate::{
    Fault,
    sql::{Reader, Value},
};

/// A word with a number.
pub(super) trait Code: Copy + Eq + 'static {
    /// All words, each with its number.
    const ALL: &'static [(i64, Self)];
}

/// The number of a word.
pub(super) fn of<C: Code>(word: C) -> Value {
    let number = C::ALL.iter().find(|(_, known)| *known == word).map(|(number, _)| *number);
    Value::Int(number.expect("every word has a number: the test below"))
}

/// The word of the next column.
pub(super) fn read<C: Code>(row: &mut Reader, column: &'static str) -> Result<C, Fault> {
    read_or_null(row, column)?.ok_or_else(|| row.fault(column))
}

/// The word of the next column, if there is one.
pub(super) fn read_or_null<C: Code>(row: &mut Reader, column: &'static str) -> Result<Option<C>, Fault> {
    let Some(number) = row.int_or_null(column)? else { return Ok(None) };
    let word = C::ALL.iter().find(|(known, _)| *known == number).map(|(_, word)| *word);
    word.map(Some).ok_or_else(|| row.fault(column))
}

impl Code for PrincipalKind {
    const ALL: &'static [(i64, Self)] = &[(0, Self::User), (1, Self::Group), (2, Self::Service)];
}

impl Code for Way {
    const ALL: &'static [(i64, Self)] =
        &[(0, Self::Password), (1, Self::Names), (2, Self::Identity), (3, Self::Renamed)];
}

impl Code for Provider {
    const ALL: &'static [(i64, Self)] =
        &[(0, Self::Pam), (1, Self::DirectoryRoles), (2, Self::Groups), (3, Self::Resources)];
}

impl Code for Action {
    const ALL: &'static [(i64, Self)] = &[
        (0, Self::SelfActivate),
        (1, Self::SelfDeactivate),
        (2, Self::SelfExtend),
        (3, Self::SelfRenew),
        (4, Self::AdminAssign),
        (5, Self::AdminUpdate),
        (6, Self::AdminRemove),
        (7, Self::AdminExtend),
        (8, Self::AdminRenew),
    ];
}

impl Code for Channel {
    const ALL: &'static [(i64, Self)] =
        &[(0, Self::PamRest), (1, Self::PowerShell), (2, Self::Graph), (3, Self::Arm), (4, Self::Portal)];
}

impl Code for GrantKind {
    const ALL: &'static [(i64, Self)] = &[(0, Self::Assigned), (1, Self::Activated)];
}

impl Code for Kind {
    const ALL: &'static [(i64, Self)] = &[(0, Self::Eligibility), (1, Self::Assignment)];
}

impl Code for Verdict {
    const ALL: &'static [(i64, Self)] = &[(0, Self::Reject), (1, Self::Approve)];
}

impl Code for Prior {
    const ALL: &'static [(i64, Self)] = &[(0, Self::Unknown), (1, Self::Absent), (2, Self::Present)];
}

impl Code for Mode {
    const ALL: &'static [(i64, Self)] = &[(0, Self::ReportOnly), (1, Self::Authoritative)];
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Does not compile when a word is added; then give it a number above.
    fn is_known(action: Action, channel: Channel, provider: Provider, prior: Prior) -> bool {
        let action = match action {
            Action::SelfActivate
            | Action::SelfDeactivate
            | Action::SelfExtend
            | Action::SelfRenew
            | Action::AdminAssign
            | Action::AdminUpdate
            | Action::AdminRemove
            | Action::AdminExtend
            | Action::AdminRenew => 9,
        };
        let channel = match channel {
            Channel::PamRest | Channel::PowerShell | Channel::Graph | Channel::Arm | Channel::Portal => 5,
        };
        let provider = match provider {
            Provider::Pam | Provider::DirectoryRoles | Provider::Groups | Provider::Resources => 4,
        };
        let prior = match prior {
            Prior::Unknown | Prior::Absent | Prior::Present => 3,
        };
        (action, channel, provider, prior)
            == (<Action as Code>::ALL.len(), Channel::ALL.len(), Provider::ALL.len(), Prior::ALL.len())
    }

    #[test]
    fn every_word_has_a_number_of_its_own() {
        assert!(is_known(Action::SelfActivate, Channel::Arm, Provider::Pam, Prior::Absent));
        let numbers = |all: Vec<i64>| all.iter().copied().eq(0..i64::try_from(all.len()).unwrap());
        assert!(numbers(<Action as Code>::ALL.iter().map(|(n, _)| *n).collect()));
        assert!(numbers(Channel::ALL.iter().map(|(n, _)| *n).collect()));
        assert!(numbers(Provider::ALL.iter().map(|(n, _)| *n).collect()));
        assert!(numbers(Prior::ALL.iter().map(|(n, _)| *n).collect()));
        assert!(numbers(GrantKind::ALL.iter().map(|(n, _)| *n).collect()));
        assert!(numbers(Kind::ALL.iter().map(|(n, _)| *n).collect()));
        assert!(numbers(Verdict::ALL.iter().map(|(n, _)| *n).collect()));
        assert!(numbers(PrincipalKind::ALL.iter().map(|(n, _)| *n).collect()));
        assert!(numbers(Mode::ALL.iter().map(|(n, _)| *n).collect()));
    }
}
