//! Which policies may be stored (`PAM 10.1`, `GRAPH 13.6`, `ARM 13.4`).

use thiserror::Error;

use super::{ApprovalMode, ApprovalRule, Policy, Rule, RuleId};
use crate::{provider::Provider, time::Ttl};

/// Why a policy is not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PolicyError {
    /// A longest duration below five minutes.
    #[error("{}: the longest duration must be at least five minutes", .0.word())]
    TooShort(RuleId),
    /// The end of activations was switched off where it cannot be.
    #[error("an activation must end")]
    ActivationMustEnd,
    /// There is no approval stage.
    #[error("an approval rule needs at least one stage")]
    NoStage,
    /// A stage that times out at once.
    #[error("an approval stage must last")]
    StageTooShort,
    /// Approval without anybody who could give it.
    #[error("approval needs an approver in its first stage")]
    NoApprover,
    /// More approvers in a stage than are allowed.
    #[error("a stage has at most {MAX_APPROVERS} approvers")]
    TooManyApprovers,
    /// More stages than are allowed.
    #[error("an approval rule has at most {MAX_STAGES} stages")]
    TooManyStages,
    /// Escalation without anybody to escalate to.
    #[error("escalation needs approvers")]
    NoEscalationApprover,
    /// A way of combining stages that the provider does not know.
    #[error("this approval mode is not supported")]
    UnsupportedMode,
    /// The context rule is on but names no class.
    #[error("the authentication context rule needs a class")]
    NoContext,
    /// MFA and authentication context exclude each other.
    #[error("multi-factor authentication and an authentication context exclude each other")]
    MfaAndContext,
    /// The availability window is enforced but not set.
    #[error("the availability window is not set")]
    NoAvailability,
    /// The change is not one for this rule.
    #[error("{}: this is a rule of another type", .0.word())]
    WrongRule(RuleId),
    /// An approver set names nobody there is.
    #[error("an approver does not exist")]
    UnknownApprover,
    /// More mail addresses than are kept, or one too long.
    #[error("{}: too many recipients, or too long ones", .0.word())]
    TooManyRecipients(RuleId),
}

/// The shortest duration an expiration rule may name.
pub const SHORTEST_MAXIMUM: Ttl = Ttl::minutes(5);
/// Most approver sets in a stage (`ARM 13.4`; everywhere, S6).
pub const MAX_APPROVERS: usize = 50;
/// Most mail addresses of a notification rule, and most characters of each (S6).
pub const MAX_RECIPIENTS: usize = 100;
const MAX_ADDRESS: usize = 320;
/// Most stages of an approval rule (S6).
pub const MAX_STAGES: usize = 10;

impl Policy {
    /// Checks a policy that is to replace `before`. Whether the named approvers exist is for the caller to see.
    ///
    /// # Errors
    /// The first rule that is broken, in the order of [`RuleId::ALL`].
    pub fn check(&self, provider: Provider, before: &Self) -> Result<(), PolicyError> {
        if provider != Provider::Pam {
            // PAM role durations have bounds of their own (`PAM 10.1`, `PAM-115`).
            for (rule, expiration) in [
                (RuleId::ExpirationAdminEligibility, &self.admin_eligibility.expiration),
                (RuleId::ExpirationAdminAssignment, &self.admin_assignment.expiration),
                (RuleId::ExpirationEndUserAssignment, &self.activation.expiration),
            ] {
                if expiration.maximum.ttl < SHORTEST_MAXIMUM {
                    return Err(PolicyError::TooShort(rule));
                }
            }
        }
        if provider == Provider::Resources && !self.activation.expiration.required {
            return Err(PolicyError::ActivationMustEnd);
        }
        self.activation.approval.check(provider)?;
        let rules = &self.activation;
        if rules.context.enabled && rules.context.class.is_none() {
            return Err(PolicyError::NoContext);
        }
        if rules.enablement.mfa && rules.context.enabled {
            match provider {
                Provider::Resources | Provider::Pam => return Err(PolicyError::MfaAndContext),
                // One way round only: the context may be enabled while MFA is on, and wins then (`GRAPH 13.6`).
                Provider::DirectoryRoles | Provider::Groups if !before.activation.enablement.mfa => {
                    return Err(PolicyError::MfaAndContext);
                }
                Provider::DirectoryRoles | Provider::Groups => {}
            }
        }
        for id in RuleId::ALL {
            if let Rule::Notification(rule) = self.rule(id)
                && (rule.recipients.len() > MAX_RECIPIENTS
                    || rule.recipients.iter().any(|address| address.chars().count() > MAX_ADDRESS))
            {
                return Err(PolicyError::TooManyRecipients(id));
            }
        }
        if rules.availability.enabled && rules.availability.window.is_none() {
            return Err(PolicyError::NoAvailability);
        }
        Ok(())
    }
}

impl ApprovalRule {
    fn check(&self, provider: Provider) -> Result<(), PolicyError> {
        let first = self.stages.first().ok_or(PolicyError::NoStage)?;
        if self.stages.len() > MAX_STAGES {
            return Err(PolicyError::TooManyStages);
        }
        if self.mode == ApprovalMode::Parallel && provider != Provider::Resources {
            return Err(PolicyError::UnsupportedMode);
        }
        // Graph falls back to administrators or owners (`GRAPH 11.1`); ARM and PAM refuse (`ARM 13.4`, `PAM 10.1`).
        let falls_back = matches!(provider, Provider::DirectoryRoles | Provider::Groups);
        if self.is_on() && first.primary.is_empty() && !falls_back {
            return Err(PolicyError::NoApprover);
        }
        for stage in &self.stages {
            if stage.time_out.is_zero() {
                return Err(PolicyError::StageTooShort);
            }
            let escalation = &stage.escalation;
            // PAM owners have no such limit; they are one stage of any size.
            if provider != Provider::Pam
                && (stage.primary.len() > MAX_APPROVERS || escalation.approvers.len() > MAX_APPROVERS)
            {
                return Err(PolicyError::TooManyApprovers);
            }
            if provider == Provider::Resources && escalation.enabled && escalation.approvers.is_empty() {
                return Err(PolicyError::NoEscalationApprover);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{ApproverSet, ContextClass, Expiration, StageRule, approval_rule::Approvers};

    const ALL: [Provider; 4] = [Provider::Pam, Provider::DirectoryRoles, Provider::Groups, Provider::Resources];

    /// What each provider answers, in the order of [`ALL`].
    fn check(change: impl Fn(&mut Policy), expected: [Result<(), PolicyError>; 4]) {
        let answers = ALL.map(|provider| {
            let before = Policy::untouched(provider);
            let mut after = before.clone();
            change(&mut after);
            after.check(provider, &before)
        });
        assert_eq!(answers, expected);
    }

    #[test]
    fn a_longest_duration_is_at_least_five_minutes() {
        let too_short = Err(PolicyError::TooShort(RuleId::ExpirationEndUserAssignment));
        let set = |ttl| move |policy: &mut Policy| policy.activation.expiration = Expiration::new(true, ttl);
        check(set(Ttl::minutes(5)), [Ok(()); 4]);
        check(set(Ttl::seconds(299)), [Ok(()), too_short, too_short, too_short]);
    }

    #[test]
    fn only_resources_must_end_their_activations() {
        check(
            |policy| policy.activation.expiration.required = false,
            [Ok(()), Ok(()), Ok(()), Err(PolicyError::ActivationMustEnd)],
        );
    }

    #[test]
    fn approval_without_approver_is_refused_where_nobody_falls_back() {
        let nobody = Err(PolicyError::NoApprover);
        check(|policy| policy.activation.approval.required = true, [nobody, Ok(()), Ok(()), nobody]);
        check(
            |policy| {
                policy.activation.approval.required = true;
                policy.activation.approval.mode = ApprovalMode::NoApproval;
            },
            [Ok(()); 4],
        );
        check(|policy| policy.activation.approval.stages.clear(), [Err(PolicyError::NoStage); 4]);
    }

    #[test]
    fn stages_are_bounded() {
        let many = |count: usize| {
            let set = ApproverSet::new(Approvers::Manager(1));
            move |policy: &mut Policy| {
                policy.activation.approval.stages =
                    vec![StageRule { primary: vec![set.clone(); count], ..StageRule::untouched() }];
            }
        };
        check(many(50), [Ok(()); 4]);
        let too_many = Err(PolicyError::TooManyApprovers);
        check(many(51), [Ok(()), too_many, too_many, too_many]);
        check(
            |policy| policy.activation.approval.stages = vec![StageRule::untouched(); 11],
            [Err(PolicyError::TooManyStages); 4],
        );
        let unsupported = Err(PolicyError::UnsupportedMode);
        check(
            |policy| policy.activation.approval.mode = ApprovalMode::Parallel,
            [unsupported, unsupported, unsupported, Ok(())],
        );
    }

    #[test]
    fn mfa_and_context_exclude_each_other_and_on_graph_one_way_round_only() {
        let context = |policy: &mut Policy| {
            policy.activation.context.enabled = true;
            policy.activation.context.class = ContextClass::new(1);
        };
        // MFA is on by default on Graph, off elsewhere: enabling the context is accepted everywhere.
        check(context, [Ok(()); 4]);
        check(|policy| policy.activation.context.enabled = true, [Err(PolicyError::NoContext); 4]);

        for provider in ALL {
            let mut before = Policy::untouched(provider);
            before.activation.enablement.mfa = false;
            context(&mut before);
            let mut after = before.clone();
            after.activation.enablement.mfa = true;
            assert_eq!(after.check(provider, &before), Err(PolicyError::MfaAndContext), "{provider:?}");
        }
    }
}
