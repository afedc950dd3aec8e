//! The policy of an entitlement that nobody has touched (seams §9, `GRAPH 13.3`, `ARM 13.3`).

use super::{
    ActivationRules, AdminRules, ApprovalMode, ApprovalRule, ApproverSet, Availability, ContextRule, Enablement,
    Expiration, Notifications, Policy, StageRule,
    approval_rule::{Approvers, Escalation},
};
use crate::{id::PrincipalId, pam, provider::Provider, time::Ttl};

const NOTHING: Enablement = Enablement { mfa: false, justification: false, ticketing: false };
const REASON: Enablement = Enablement { mfa: false, justification: true, ticketing: false };
const REASON_AND_MFA: Enablement = Enablement { mfa: true, justification: true, ticketing: false };

impl Policy {
    /// The default rules of a provider. For `pam` they are those of a role with nothing set (`PAM 10.1`), lasting an
    /// hour; a role's own are [`Policy::of_pam_role`].
    #[must_use]
    pub fn untouched(provider: Provider) -> Self {
        let (must_end, admin_assignment, activation, longest) = match provider {
            // A candidate is one for good, and nothing but the gates of the role is asked.
            Provider::Pam => (false, NOTHING, NOTHING, Ttl::hours(1)),
            Provider::DirectoryRoles => (false, REASON, REASON_AND_MFA, Ttl::hours(8)),
            Provider::Groups => (true, REASON, REASON_AND_MFA, Ttl::hours(8)),
            Provider::Resources => (true, REASON, REASON, Ttl::hours(8)),
        };
        Self {
            admin_eligibility: AdminRules {
                expiration: Expiration::new(must_end, Ttl::days(365)),
                enablement: NOTHING,
            },
            admin_assignment: AdminRules {
                expiration: Expiration::new(must_end, Ttl::days(180)),
                enablement: admin_assignment,
            },
            activation: ActivationRules {
                expiration: Expiration::new(true, longest),
                enablement: activation,
                approval: ApprovalRule::untouched(),
                context: ContextRule::default(),
                availability: Availability::default(),
                owner_needs_approval: true,
            },
            notifications: Notifications::default(),
        }
    }

    /// The rules of a PAM role: its TTL is default and cap, its approvers are the one stage (seams §9).
    #[must_use]
    pub fn of_pam_role(role: &pam::Role, approvers: &[PrincipalId], approval_time_out: Ttl) -> Self {
        let untouched = Self::untouched(Provider::Pam);
        let primary = approvers.iter().map(|id| ApproverSet::new(Approvers::User(*id))).collect();
        let stage = StageRule {
            time_out: approval_time_out,
            approver_justification_required: false,
            primary,
            escalation: Escalation::default(),
        };
        Self {
            activation: ActivationRules {
                expiration: Expiration::new(true, Ttl::new(role.ttl).unwrap_or(Ttl::MAX)),
                enablement: Enablement { mfa: role.mfa, ..NOTHING },
                approval: ApprovalRule {
                    required: role.approval,
                    required_for_extension: false,
                    requestor_justification_required: false,
                    mode: ApprovalMode::SingleStage,
                    stages: vec![stage],
                },
                context: ContextRule::default(),
                availability: Availability { enabled: role.window_enabled, window: role.window },
                owner_needs_approval: role.owner_needs_approval,
            },
            ..untouched
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_differ_as_the_contracts_say() {
        let told = |provider| {
            let policy = Policy::untouched(provider);
            let end = |rules: &AdminRules| (rules.expiration.required, rules.expiration.maximum.text.clone());
            (
                end(&policy.admin_eligibility),
                end(&policy.admin_assignment),
                policy.activation.expiration.maximum.text.clone(),
                policy.activation.enablement.mfa,
            )
        };
        let days = |required, count: u32| (required, format!("P{count}D"));
        assert_eq!(told(Provider::DirectoryRoles), (days(false, 365), days(false, 180), "PT8H".into(), true));
        assert_eq!(told(Provider::Groups), (days(true, 365), days(true, 180), "PT8H".into(), true));
        assert_eq!(told(Provider::Resources), (days(true, 365), days(true, 180), "PT8H".into(), false));
    }

    #[test]
    fn every_default_policy_may_be_stored() {
        for provider in [Provider::Pam, Provider::DirectoryRoles, Provider::Groups, Provider::Resources] {
            let policy = Policy::untouched(provider);
            assert_eq!(policy.check(provider, &policy), Ok(()));
        }
    }
}
