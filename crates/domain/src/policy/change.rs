//! One rule of a policy, to be shown or to be changed: what is given replaces, what is absent stays (`GRAPH 13.6`,
//! `ARM 13.4`).

use super::{
    ApprovalMode, ApprovalRule, ApproverSet, ContextClass, ContextRule, Enablement, Expiration, NotificationLevel,
    NotificationRule, Policy, PolicyError, RuleId, StageRule,
};
use crate::time::{SpelledTtl, Ttl};

/// A rule as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule<'p> {
    /// How long.
    Expiration(&'p Expiration),
    /// What must be given.
    Enablement(&'p Enablement),
    /// Who must agree.
    Approval(&'p ApprovalRule),
    /// Which authentication context.
    Context(&'p ContextRule),
    /// Who is told.
    Notification(&'p NotificationRule),
}

/// What of a rule is to be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleChange {
    /// How long.
    Expiration {
        /// It must end.
        required: Option<bool>,
        /// The longest length.
        maximum: Option<SpelledTtl>,
    },
    /// What must be given; the whole of it.
    Enablement(Option<Enablement>),
    /// Who must agree.
    Approval(Box<ApprovalChange>),
    /// Which authentication context.
    Context {
        /// It is asked for.
        enabled: Option<bool>,
        /// Which one; `Some(None)` takes it away.
        class: Option<Option<ContextClass>>,
    },
    /// Who is told.
    Notification {
        /// How much.
        level: Option<NotificationLevel>,
        /// The recipients the rule stands for are told.
        default_recipients: Option<bool>,
        /// Mail addresses told besides; all of them.
        recipients: Option<Vec<String>>,
    },
}

/// What of an approval rule is to be changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApprovalChange {
    /// Approval is needed.
    pub required: Option<bool>,
    /// Stored and served only.
    pub required_for_extension: Option<bool>,
    /// A reason is needed while approval is.
    pub requestor_justification_required: Option<bool>,
    /// How stages follow each other.
    pub mode: Option<ApprovalMode>,
    /// The stages; all of them. Each takes what it does not say from the one that stood in its place.
    pub stages: Option<Vec<StageChange>>,
}

/// What of a stage is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StageChange {
    /// How long it waits.
    pub time_out: Option<Ttl>,
    /// An approver must say why.
    pub approver_justification_required: Option<bool>,
    /// Who may decide; all of them.
    pub primary: Option<Vec<ApproverSet>>,
    /// Escalation is switched on.
    pub escalation_enabled: Option<bool>,
    /// After so many minutes.
    pub escalation_minutes: Option<u32>,
    /// To whom; all of them.
    pub escalation_approvers: Option<Vec<ApproverSet>>,
}

fn put<T>(place: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *place = given;
    }
}

impl StageChange {
    fn apply(self, before: Option<&StageRule>) -> StageRule {
        let mut stage = before.cloned().unwrap_or_else(StageRule::untouched);
        put(&mut stage.time_out, self.time_out);
        put(&mut stage.approver_justification_required, self.approver_justification_required);
        put(&mut stage.primary, self.primary);
        put(&mut stage.escalation.enabled, self.escalation_enabled);
        put(&mut stage.escalation.after_minutes, self.escalation_minutes);
        put(&mut stage.escalation.approvers, self.escalation_approvers);
        stage
    }
}

impl ApprovalChange {
    fn apply(self, rule: &mut ApprovalRule) {
        put(&mut rule.required, self.required);
        put(&mut rule.required_for_extension, self.required_for_extension);
        put(&mut rule.requestor_justification_required, self.requestor_justification_required);
        put(&mut rule.mode, self.mode);
        if let Some(stages) = self.stages {
            rule.stages = stages.into_iter().enumerate().map(|(at, stage)| stage.apply(rule.stages.get(at))).collect();
        }
    }
}

/// The place of a rule in a policy.
enum Place<'p> {
    Expiration(&'p mut Expiration),
    Enablement(&'p mut Enablement),
    Approval(&'p mut ApprovalRule),
    Context(&'p mut ContextRule),
    Notification(&'p mut NotificationRule),
}

impl Policy {
    fn place(&mut self, id: RuleId) -> Place<'_> {
        use RuleId as Id;
        let told = &mut self.notifications;
        match id {
            Id::ExpirationAdminEligibility => Place::Expiration(&mut self.admin_eligibility.expiration),
            Id::EnablementAdminEligibility => Place::Enablement(&mut self.admin_eligibility.enablement),
            Id::NotificationAdminAdminEligibility => Place::Notification(&mut told.admin_eligibility.admin),
            Id::NotificationRequestorAdminEligibility => Place::Notification(&mut told.admin_eligibility.requestor),
            Id::NotificationApproverAdminEligibility => Place::Notification(&mut told.admin_eligibility.approver),
            Id::ExpirationAdminAssignment => Place::Expiration(&mut self.admin_assignment.expiration),
            Id::EnablementAdminAssignment => Place::Enablement(&mut self.admin_assignment.enablement),
            Id::NotificationAdminAdminAssignment => Place::Notification(&mut told.admin_assignment.admin),
            Id::NotificationRequestorAdminAssignment => Place::Notification(&mut told.admin_assignment.requestor),
            Id::NotificationApproverAdminAssignment => Place::Notification(&mut told.admin_assignment.approver),
            Id::ExpirationEndUserAssignment => Place::Expiration(&mut self.activation.expiration),
            Id::EnablementEndUserAssignment => Place::Enablement(&mut self.activation.enablement),
            Id::ApprovalEndUserAssignment => Place::Approval(&mut self.activation.approval),
            Id::AuthenticationContextEndUserAssignment => Place::Context(&mut self.activation.context),
            Id::NotificationAdminEndUserAssignment => Place::Notification(&mut told.activation.admin),
            Id::NotificationRequestorEndUserAssignment => Place::Notification(&mut told.activation.requestor),
            Id::NotificationApproverEndUserAssignment => Place::Notification(&mut told.activation.approver),
        }
    }

    /// A rule as it stands.
    #[must_use]
    pub fn rule(&self, id: RuleId) -> Rule<'_> {
        use RuleId as Id;
        let told = &self.notifications;
        match id {
            Id::ExpirationAdminEligibility => Rule::Expiration(&self.admin_eligibility.expiration),
            Id::EnablementAdminEligibility => Rule::Enablement(&self.admin_eligibility.enablement),
            Id::NotificationAdminAdminEligibility => Rule::Notification(&told.admin_eligibility.admin),
            Id::NotificationRequestorAdminEligibility => Rule::Notification(&told.admin_eligibility.requestor),
            Id::NotificationApproverAdminEligibility => Rule::Notification(&told.admin_eligibility.approver),
            Id::ExpirationAdminAssignment => Rule::Expiration(&self.admin_assignment.expiration),
            Id::EnablementAdminAssignment => Rule::Enablement(&self.admin_assignment.enablement),
            Id::NotificationAdminAdminAssignment => Rule::Notification(&told.admin_assignment.admin),
            Id::NotificationRequestorAdminAssignment => Rule::Notification(&told.admin_assignment.requestor),
            Id::NotificationApproverAdminAssignment => Rule::Notification(&told.admin_assignment.approver),
            Id::ExpirationEndUserAssignment => Rule::Expiration(&self.activation.expiration),
            Id::EnablementEndUserAssignment => Rule::Enablement(&self.activation.enablement),
            Id::ApprovalEndUserAssignment => Rule::Approval(&self.activation.approval),
            Id::AuthenticationContextEndUserAssignment => Rule::Context(&self.activation.context),
            Id::NotificationAdminEndUserAssignment => Rule::Notification(&told.activation.admin),
            Id::NotificationRequestorEndUserAssignment => Rule::Notification(&told.activation.requestor),
            Id::NotificationApproverEndUserAssignment => Rule::Notification(&told.activation.approver),
        }
    }

    /// Changes one rule. Whether the whole may be stored is for [`Policy::check`] to say, after the last change.
    ///
    /// # Errors
    /// [`PolicyError::WrongRule`] when the change is not one for this rule; nothing is changed then.
    pub fn change(&mut self, id: RuleId, change: RuleChange) -> Result<(), PolicyError> {
        match (self.place(id), change) {
            (Place::Expiration(rule), RuleChange::Expiration { required, maximum }) => {
                put(&mut rule.required, required);
                put(&mut rule.maximum, maximum);
            }
            (Place::Enablement(rule), RuleChange::Enablement(given)) => put(rule, given),
            (Place::Approval(rule), RuleChange::Approval(change)) => change.apply(rule),
            (Place::Context(rule), RuleChange::Context { enabled, class }) => {
                put(&mut rule.enabled, enabled);
                put(&mut rule.class, class);
            }
            (Place::Notification(rule), RuleChange::Notification { level, default_recipients, recipients }) => {
                put(&mut rule.level, level);
                put(&mut rule.default_recipients, default_recipients);
                put(&mut rule.recipients, recipients);
            }
            _ => return Err(PolicyError::WrongRule(id)),
        }
        Ok(())
    }
}

impl ApprovalRule {
    /// Every approver set it names, escalation included.
    pub fn approvers(&self) -> impl Iterator<Item = &ApproverSet> {
        self.stages.iter().flat_map(|stage| stage.primary.iter().chain(&stage.escalation.approvers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{policy::approval_rule::Approvers, provider::Provider};

    #[test]
    fn each_rule_takes_its_own_sort_of_change_and_no_other() {
        for id in RuleId::ALL {
            let mut policy = Policy::untouched(Provider::DirectoryRoles);
            let changes = [
                RuleChange::Expiration { required: None, maximum: None },
                RuleChange::Enablement(None),
                RuleChange::Approval(Box::default()),
                RuleChange::Context { enabled: None, class: None },
                RuleChange::Notification { level: None, default_recipients: None, recipients: None },
            ];
            let taken = changes.into_iter().filter(|change| policy.change(id, change.clone()).is_ok()).count();
            assert_eq!(taken, 1, "{id:?}");
            // Nothing was said, so nothing changed.
            assert_eq!(policy, Policy::untouched(Provider::DirectoryRoles));
        }
    }

    #[test]
    fn every_rule_has_a_place_of_its_own() {
        for id in RuleId::ALL {
            let mut policy = Policy::untouched(Provider::Resources);
            let change = match policy.rule(id) {
                Rule::Expiration(_) => {
                    RuleChange::Expiration { required: None, maximum: Some(SpelledTtl::canonical(Ttl::minutes(77))) }
                }
                Rule::Enablement(_) => {
                    RuleChange::Enablement(Some(Enablement { ticketing: true, ..Enablement::default() }))
                }
                Rule::Approval(_) => {
                    RuleChange::Approval(Box::new(ApprovalChange { required: Some(true), ..Default::default() }))
                }
                Rule::Context(_) => RuleChange::Context { enabled: None, class: Some(ContextClass::new(7)) },
                Rule::Notification(_) => RuleChange::Notification {
                    level: Some(NotificationLevel::Critical),
                    default_recipients: None,
                    recipients: None,
                },
            };
            policy.change(id, change).unwrap();
            let untouched = Policy::untouched(Provider::Resources);
            let changed: Vec<_> =
                RuleId::ALL.into_iter().filter(|other| policy.rule(*other) != untouched.rule(*other)).collect();
            assert_eq!(changed, [id]);
        }
    }

    #[test]
    fn a_stage_takes_what_it_does_not_say_from_the_one_in_its_place() {
        let mut policy = Policy::untouched(Provider::DirectoryRoles);
        let somebody = ApproverSet::new(Approvers::Manager(1));
        policy.activation.approval.stages = vec![StageRule { time_out: Ttl::days(3), ..StageRule::untouched() }];
        let only = StageChange { primary: Some(vec![somebody.clone()]), ..StageChange::default() };
        let stages = Some(vec![only.clone(), only]);
        let change = ApprovalChange { stages, ..ApprovalChange::default() };
        policy.change(RuleId::ApprovalEndUserAssignment, RuleChange::Approval(Box::new(change))).unwrap();
        let told = |stage: &StageRule| (stage.time_out, stage.primary.clone(), stage.approver_justification_required);
        let expected = [Ttl::days(3), Ttl::days(1)].map(|time_out| (time_out, vec![somebody.clone()], true));
        assert_eq!(policy.activation.approval.stages.iter().map(told).collect::<Vec<_>>(), expected);
    }
}
