//! What can happen.

use ephor_domain::{approval::Verdict, principal::Proof};
use proptest::prelude::*;

/// Accounts 0 and 1 belong to one person, the others to one each.
pub(crate) const ACCOUNTS: usize = 5;
pub(crate) const ROLES: usize = 5;

pub(crate) const fn person_of(account: usize) -> usize {
    if account == 0 { 1 } else { account }
}

#[derive(Debug, Clone)]
pub(crate) enum Command {
    /// Somebody asks for a role.
    Ask { who: usize, role: usize, ttl: u64, delay: Option<i64> },
    /// The MFA provider says its word on a request.
    Prove { request: prop::sample::Index, success: bool },
    /// Somebody decides on a request, entitled or not.
    Decide { request: prop::sample::Index, by: usize, verdict: Verdict, proof: Proof },
    /// Somebody closes a request, his own or not.
    Close { request: prop::sample::Index, by: usize },
    /// An administrator cancels a request.
    Cancel { request: prop::sample::Index },
    /// Somebody gives a role up (TTL 0).
    GiveUp { who: usize, role: usize },
    /// An account is disabled or enabled.
    Account { who: usize, enabled: bool },
    /// Somebody becomes a candidate or is none any more.
    Candidate { who: usize, role: usize, is: bool },
    /// The person of `by` makes `who` an approver or takes that away.
    Approver { who: usize, role: usize, by: usize, is: bool },
    /// A role gets another TTL.
    Ttl { role: usize, ttl: u64 },
    /// A role gets other gates.
    Gates { role: usize, mfa: bool, approval: bool },
    /// Time passes with every worker dead.
    Sleep { seconds: i64 },
    /// The scheduler does what is due, oldest first.
    Tick,
    /// The reconciler claims what is due and sends it.
    Send,
    /// The answers of the target arrive.
    Deliver,
    /// The target changes its mood.
    Target { mood: Mood },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Does what it is told.
    Well,
    /// Does nothing and says so.
    Down,
    /// Does what it is told, but its answer is lost.
    Silent,
}

pub(crate) fn any() -> impl Strategy<Value = Command> {
    let who = 0..ACCOUNTS;
    let role = 0..ROLES;
    let request = proptest::prelude::any::<prop::sample::Index>();
    let ttl = prop::sample::select(vec![60, 600, 1_801, 3_600, 7_200, 100_000]);
    let delay = prop::option::weighted(0.3, prop::sample::select(vec![-600, 60, 900, 7_200, 30_000, 90_000]));
    let verdict = prop::sample::select(vec![Verdict::Approve, Verdict::Approve, Verdict::Reject]);
    let proof = prop::sample::select(vec![
        Proof::Person,
        Proof::Person,
        Proof::Identified,
        Proof::FreshApiToken,
        Proof::AgedApiToken,
        Proof::Remembered,
        Proof::Application,
    ]);
    let mood = prop::sample::select(vec![Mood::Well, Mood::Well, Mood::Down, Mood::Silent]);
    let seconds = prop::sample::select(vec![1, 60, 299, 300, 899, 900, 1_800, 3_600, 7_200, 40_000, 700_000]);
    prop_oneof![
        10 => (who.clone(), role.clone(), ttl.clone(), delay)
            .prop_map(|(who, role, ttl, delay)| Command::Ask { who, role, ttl, delay }),
        5 => (request.clone(), prop::bool::weighted(0.8))
            .prop_map(|(request, success)| Command::Prove { request, success }),
        8 => (request.clone(), who.clone(), verdict, proof)
            .prop_map(|(request, by, verdict, proof)| Command::Decide { request, by, verdict, proof }),
        4 => (request.clone(), who.clone()).prop_map(|(request, by)| Command::Close { request, by }),
        2 => request.prop_map(|request| Command::Cancel { request }),
        2 => (who.clone(), role.clone()).prop_map(|(who, role)| Command::GiveUp { who, role }),
        2 => (who.clone(), prop::bool::weighted(0.7)).prop_map(|(who, enabled)| Command::Account { who, enabled }),
        2 => (who.clone(), role.clone(), prop::bool::weighted(0.7))
            .prop_map(|(who, role, is)| Command::Candidate { who, role, is }),
        2 => (who.clone(), role.clone(), who, prop::bool::weighted(0.7))
            .prop_map(|(who, role, by, is)| Command::Approver { who, role, by, is }),
        1 => (role.clone(), ttl).prop_map(|(role, ttl)| Command::Ttl { role, ttl }),
        1 => (role, proptest::prelude::any::<bool>(), proptest::prelude::any::<bool>())
            .prop_map(|(role, mfa, approval)| Command::Gates { role, mfa, approval }),
        6 => seconds.prop_map(|seconds| Command::Sleep { seconds }),
        6 => Just(Command::Tick),
        6 => Just(Command::Send),
        6 => Just(Command::Deliver),
        3 => mood.prop_map(|mood| Command::Target { mood }),
    ]
}
