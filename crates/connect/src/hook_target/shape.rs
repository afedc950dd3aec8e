//! What is said in an order and in its answer.

use ephor_engine::port::target::{Change, FaultKind, Outcome, TargetFault, Wanted};
use serde::{Deserialize, Serialize};

/// One change that is ordered.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Order<'a> {
    account: &'a str,
    login: &'a str,
    wanted: &'static str,
}

impl<'a> Order<'a> {
    pub(super) fn of(change: &'a Change) -> Self {
        // The time that is left differs in each repeat and would make another order of it, so it is not told.
        let wanted = match change.wanted {
            Wanted::Present { .. } => "present",
            Wanted::Absent => "absent",
        };
        Self { account: &change.account.native, login: &change.account.login, wanted }
    }
}

/// What became of the changes, in order.
#[derive(Debug, Deserialize)]
pub(super) struct Outcomes {
    pub(super) outcomes: Vec<Became>,
}

/// What became of one change.
#[derive(Debug, Deserialize)]
#[serde(tag = "outcome", rename_all = "camelCase")]
pub(super) enum Became {
    Done,
    Already,
    Refused {
        #[serde(default)]
        cause: String,
    },
}

impl Became {
    pub(super) fn outcome(self) -> Outcome {
        match self {
            Self::Done => Outcome::Done,
            Self::Already => Outcome::Already,
            Self::Refused { cause } => {
                let cause = cause.chars().filter(|c| !c.is_control()).take(super::MOST_WORDS).collect();
                Outcome::Refused(TargetFault { kind: FaultKind::Rejected, cause })
            }
        }
    }
}

/// Who is in a group.
#[derive(Debug, Deserialize)]
pub(super) struct Held {
    pub(super) members: Vec<String>,
}

/// What a test found.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tested {
    pub(super) writable: bool,
    #[serde(default)]
    pub(super) product: Option<String>,
}

/// Something that was looked for or made.
#[derive(Debug, Deserialize)]
pub(super) struct Found {
    pub(super) name: Option<String>,
}

/// Whether an account was switched on or off.
#[derive(Debug, Deserialize)]
pub(super) struct Switched {
    pub(super) done: bool,
}

/// What is not there.
#[derive(Debug, Deserialize)]
pub(super) struct Missing {
    pub(super) missing: What,
}

/// A thing that is not there.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum What {
    Group,
    Account,
}
