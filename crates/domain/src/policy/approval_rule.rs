//! The approval rule: stages, approver sets, time-outs.

use serde::{Deserialize, Serialize};

use crate::{
    id::{GroupId, PrincipalId},
    time::Ttl,
};

/// Who must agree to an activation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalRule {
    /// Approval is needed.
    pub required: bool,
    /// Stored and served, without effect: extensions are an administrator's own request (`GRAPH 9.2` T12, `ARM 15.3`).
    pub required_for_extension: bool,
    /// A reason is needed while approval is: enforced on Graph, stored only on ARM (seams §9).
    pub requestor_justification_required: bool,
    /// How stages follow each other.
    pub mode: ApprovalMode,
    /// The stages; never empty, because clients read the first one (`ARM 13.3`).
    pub stages: Vec<StageRule>,
}

/// How stages follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalMode {
    /// The first stage only.
    SingleStage,
    /// One after another.
    Serial,
    /// All at once; all must agree.
    Parallel,
    /// As if approval were not required.
    NoApproval,
}

/// One stage. Any one of its approvers settles it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageRule {
    /// Counted from the moment the stage starts. Graph and ARM speak of it in days, PAM in seconds.
    pub time_out: Ttl,
    /// An approver must say why.
    pub approver_justification_required: bool,
    /// Who may decide. Empty falls back to the provider's administrators (seams §8).
    pub primary: Vec<ApproverSet>,
    /// Stored and served, without effect (`GRAPH 11.1`).
    pub escalation: Escalation,
}

/// Escalation: stored, never acted upon.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Escalation {
    /// Switched on.
    pub enabled: bool,
    /// After so many minutes.
    pub after_minutes: u32,
    /// To whom.
    pub approvers: Vec<ApproverSet>,
}

/// Somebody who may decide.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ApproverSet {
    /// Whom it names.
    pub who: Approvers,
    /// Shown beside it.
    pub description: Option<String>,
    /// Stored and served, without effect.
    pub is_backup: bool,
}

/// Whom an approver set names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approvers {
    /// One principal.
    User(PrincipalId),
    /// The members of a group, transitively.
    Group(GroupId),
    /// The requester's manager, so many levels up.
    Manager(u8),
}

impl ApproverSet {
    /// The bare set.
    #[must_use]
    pub const fn new(who: Approvers) -> Self {
        Self { who, description: None, is_backup: false }
    }
}

impl StageRule {
    /// The stage every untouched policy has: one day, with a reason, nobody named.
    #[must_use]
    pub fn untouched() -> Self {
        Self {
            time_out: Ttl::days(1),
            approver_justification_required: true,
            primary: Vec::new(),
            escalation: Escalation::default(),
        }
    }
}

impl ApprovalRule {
    /// The rule of an untouched policy: off.
    #[must_use]
    pub fn untouched() -> Self {
        Self {
            required: false,
            required_for_extension: false,
            requestor_justification_required: true,
            mode: ApprovalMode::SingleStage,
            stages: vec![StageRule::untouched()],
        }
    }

    /// True when an activation waits for somebody.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.required && self.mode != ApprovalMode::NoApproval
    }

    /// The stages that count.
    #[must_use]
    pub fn effective_stages(&self) -> &[StageRule] {
        match self.mode {
            ApprovalMode::SingleStage => self.stages.get(..1).unwrap_or_default(),
            ApprovalMode::Serial | ApprovalMode::Parallel => &self.stages,
            ApprovalMode::NoApproval => &[],
        }
    }
}
