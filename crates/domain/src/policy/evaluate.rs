//! What a policy makes of an order: the gates it must pass, or every rule that failed (`GRAPH 10`, `ARM 14`).

use jiff::{Timestamp, tz::TimeZone};

use super::{AdminRules, ApprovalMode, ContextClass, Policy, Presence, StageRule};
use crate::{provider::Provider, time::Window};

/// What is made or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An eligibility schedule.
    Eligibility,
    /// An assignment schedule.
    Assignment,
}

/// What is known of an order and its caller.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// The window asked for, its start not before now. Without end when none was given.
    pub window: Window,
    /// The end of the eligibility usable at the start of the window (`Some(None)`: endless); `None` without one.
    /// Not read on PAM.
    pub eligible_until: Option<Option<Timestamp>>,
    /// A reason that is not blank was given.
    pub justified: bool,
    /// A ticket number was given.
    pub ticketed: bool,
    /// What the caller's sign-in proves.
    pub presence: &'a Presence,
    /// The caller is an owner (PAM: approver) of the entitlement.
    pub is_owner: bool,
    /// The zone of the availability window.
    pub zone: &'a TimeZone,
}

/// A rule that an order broke, by the names clients read out of the message (`GRAPH 10.2`, `ARM 14.2`).
///
/// Sorted as written here: alphabetically.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailedRule {
    /// No usable eligibility covers the activation.
    Eligibility,
    /// Too long, or without end where one is needed.
    Expiration,
    /// No reason given.
    Justification,
    /// No fresh proof of presence in the token.
    Mfa,
    /// No ticket number given.
    Ticketing,
}

impl FailedRule {
    /// The name in the message.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Eligibility => "EligibilityRule",
            Self::Expiration => "ExpirationRule",
            Self::Justification => "JustificationRule",
            Self::Mfa => "MfaRule",
            Self::Ticketing => "TicketingRule",
        }
    }
}

/// Why an order fails its policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// All rules that failed, sorted; never empty.
    Rules(Vec<FailedRule>),
    /// The token lacks this authentication context.
    Context(ContextClass),
    /// The start lies outside the availability window.
    OutsideAvailability,
}

/// What still stands between an accepted activation and its effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gates {
    /// A proof of presence for this very request (PAM only).
    pub mfa: bool,
    /// Somebody must agree.
    pub approval: Option<ApprovalGate>,
    /// Approval is not needed because policy exempts the owner; recorded as such (`PAM 10.4`).
    pub exempted: bool,
    /// What is granted when all gates are passed at once: the window capped (PAM) or cut to the eligibility's end.
    pub window: Window,
}

/// The approval to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalGate {
    /// All stages open at once; else one after another.
    pub at_once: bool,
    /// The stages, in order.
    pub stages: Vec<StageRule>,
}

impl Policy {
    /// Judges an activation at `now`: all failed rules in one answer.
    ///
    /// PAM caps what is too long and opens gates; the others refuse it and read the token (seams §6, §7).
    ///
    /// # Errors
    /// On Graph the authentication context comes before the other rules, on ARM after them (seams §7).
    pub fn evaluate_activation(&self, provider: Provider, facts: &Facts<'_>, now: Timestamp) -> Result<Gates, Denied> {
        let rules = &self.activation;
        let context = rules.context.enforced().filter(|class| !facts.presence.meets_context(*class, now));
        let failed = self.failed_rules_of_activation(provider, facts, now);
        let failed = if failed.is_empty() { None } else { Some(Denied::Rules(failed)) };
        let context = context.map(Denied::Context);
        let denied = match provider {
            Provider::DirectoryRoles | Provider::Groups => context.or(failed),
            Provider::Resources => failed.or(context),
            Provider::Pam => None,
        };
        if let Some(denied) = denied {
            return Err(denied);
        }
        if rules.availability.enforced().is_some_and(|window| !window.is_open(facts.window.start(), facts.zone)) {
            return Err(Denied::OutsideAvailability);
        }
        let granted = match provider {
            Provider::Pam => facts.window.cut(Some(rules.expiration.maximum.ttl.after(facts.window.start()))),
            Provider::DirectoryRoles | Provider::Groups | Provider::Resources => {
                facts.window.cut(facts.eligible_until.flatten())
            }
        };
        let Some(window) = granted else {
            // The eligibility ends before the asked start: nothing covers it then.
            return Err(Denied::Rules(vec![FailedRule::Eligibility]));
        };
        let exempted = rules.approval.is_on() && facts.is_owner && !rules.owner_needs_approval;
        let approval = (rules.approval.is_on() && !exempted).then(|| ApprovalGate {
            at_once: rules.approval.mode == ApprovalMode::Parallel,
            stages: rules.approval.effective_stages().to_vec(),
        });
        Ok(Gates { mfa: provider == Provider::Pam && rules.enablement.mfa, approval, exempted, window })
    }

    fn failed_rules_of_activation(&self, provider: Provider, facts: &Facts<'_>, now: Timestamp) -> Vec<FailedRule> {
        if provider == Provider::Pam {
            return Vec::new();
        }
        let rules = &self.activation;
        // On Graph approval asks for a reason of its own; on ARM that switch is stored only (seams §9).
        let approval_asks = matches!(provider, Provider::DirectoryRoles | Provider::Groups)
            && rules.approval.is_on()
            && rules.approval.requestor_justification_required;
        // With an enabled context MFA counts as met by it (`GRAPH 10.4`).
        let asks_mfa = rules.enablement.mfa && rules.context.enforced().is_none();
        let broken = [
            (FailedRule::Eligibility, facts.eligible_until.is_none()),
            (FailedRule::Expiration, !rules.expiration.bounds(&facts.window)),
            (FailedRule::Justification, !facts.justified && (rules.enablement.justification || approval_asks)),
            (FailedRule::Mfa, asks_mfa && !facts.presence.meets_mfa(now)),
            (FailedRule::Ticketing, rules.enablement.ticketing && !facts.ticketed),
        ];
        broken.into_iter().filter_map(|(rule, is_broken)| is_broken.then_some(rule)).collect()
    }

    /// Judges an administrator's order at `now`.
    ///
    /// # Errors
    /// All rules that failed, sorted.
    pub fn evaluate_admin(&self, kind: Kind, facts: &Facts<'_>, now: Timestamp) -> Result<(), Denied> {
        let rules = self.admin(kind);
        let broken = [
            (FailedRule::Expiration, !rules.expiration.allows(&facts.window)),
            (FailedRule::Justification, rules.enablement.justification && !facts.justified),
            (FailedRule::Mfa, rules.enablement.mfa && !facts.presence.meets_mfa(now)),
            (FailedRule::Ticketing, rules.enablement.ticketing && !facts.ticketed),
        ];
        let failed: Vec<_> = broken.into_iter().filter_map(|(rule, broken)| broken.then_some(rule)).collect();
        if failed.is_empty() { Ok(()) } else { Err(Denied::Rules(failed)) }
    }

    /// The rules for an administrator's orders of one kind.
    #[must_use]
    pub const fn admin(&self, kind: Kind) -> &AdminRules {
        match kind {
            Kind::Eligibility => &self.admin_eligibility,
            Kind::Assignment => &self.admin_assignment,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;
    use proptest::prelude::*;

    use super::*;
    use crate::{
        policy::{ApproverSet, Availability, ContextClass, approval_rule::Approvers},
        time::{DailyWindow, Ttl},
    };

    const NOW: i64 = 1_000_000;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(NOW + second).unwrap()
    }

    fn hours(count: u32) -> Window {
        Window::lasting(at(0), Ttl::hours(count)).unwrap()
    }

    /// An order that meets every rule.
    fn good(presence: &Presence) -> Facts<'_> {
        Facts {
            window: hours(1),
            eligible_until: Some(None),
            justified: true,
            ticketed: true,
            presence,
            is_owner: false,
            zone: const { &TimeZone::UTC },
        }
    }

    fn present() -> Presence {
        Presence { mfa_at: Some(at(-60)), ..Presence::default() }
    }

    fn rules(failed: &[FailedRule]) -> Denied {
        Denied::Rules(failed.to_vec())
    }

    #[test]
    fn all_failed_rules_come_in_one_answer() {
        let nobody = Presence::default();
        let bad = Facts {
            window: Window::endless(at(0)),
            eligible_until: None,
            justified: false,
            ticketed: false,
            ..good(&nobody)
        };
        let mut policy = Policy::untouched(Provider::DirectoryRoles);
        policy.activation.enablement.ticketing = true;
        use FailedRule::{Eligibility, Expiration, Justification, Mfa, Ticketing};
        assert_eq!(
            policy.evaluate_activation(Provider::DirectoryRoles, &bad, at(0)),
            Err(rules(&[Eligibility, Expiration, Justification, Mfa, Ticketing]))
        );
        // Resources ask for no MFA and no ticket by default; PAM asks for nothing.
        let policy = Policy::untouched(Provider::Resources);
        assert_eq!(
            policy.evaluate_activation(Provider::Resources, &bad, at(0)),
            Err(rules(&[Eligibility, Expiration, Justification]))
        );
        assert!(Policy::untouched(Provider::Pam).evaluate_activation(Provider::Pam, &bad, at(0)).is_ok());
    }

    #[test]
    fn too_long_is_capped_on_pam_and_refused_elsewhere() {
        let presence = present();
        let long = Facts { window: hours(9), ..good(&presence) };
        let window = |provider| {
            let policy = Policy::untouched(provider);
            policy.evaluate_activation(provider, &long, at(0)).map(|gates| gates.window)
        };
        assert_eq!(window(Provider::Pam), Ok(hours(1)));
        for provider in [Provider::DirectoryRoles, Provider::Groups, Provider::Resources] {
            assert_eq!(window(provider), Err(rules(&[FailedRule::Expiration])), "{provider:?}");
        }
    }

    #[test]
    fn exactly_the_maximum_passes_and_the_eligibility_cuts() {
        let presence = present();
        let policy = Policy::untouched(Provider::Groups);
        let exact = Facts { window: hours(8), eligible_until: Some(Some(at(7_200))), ..good(&presence) };
        let gates = policy.evaluate_activation(Provider::Groups, &exact, at(0)).unwrap();
        assert_eq!(gates.window, hours(2));
        let ended = Facts { eligible_until: Some(Some(at(0))), ..exact };
        assert_eq!(policy.evaluate_activation(Provider::Groups, &ended, at(0)), Err(rules(&[FailedRule::Eligibility])));
    }

    #[test]
    fn mfa_is_a_gate_on_pam_and_a_property_of_the_token_elsewhere() {
        let nobody = Presence::default();
        let mut policy = Policy::untouched(Provider::Pam);
        policy.activation.enablement.mfa = true;
        assert!(policy.evaluate_activation(Provider::Pam, &good(&nobody), at(0)).unwrap().mfa);
        let policy = Policy::untouched(Provider::Groups);
        assert_eq!(policy.evaluate_activation(Provider::Groups, &good(&nobody), at(0)), Err(rules(&[FailedRule::Mfa])));
        let presence = present();
        assert!(!policy.evaluate_activation(Provider::Groups, &good(&presence), at(0)).unwrap().mfa);
    }

    #[test]
    fn the_context_comes_first_on_graph_and_last_on_arm_and_stands_for_mfa() {
        let c1 = ContextClass::new(1).unwrap();
        let nobody = Presence::default();
        let bad = Facts { justified: false, ..good(&nobody) };
        let judge = |provider, facts: &Facts<'_>| {
            let mut policy = Policy::untouched(provider);
            policy.activation.context = super::super::ContextRule { enabled: true, class: Some(c1) };
            policy.evaluate_activation(provider, facts, at(0)).map(|_| ())
        };
        assert_eq!(judge(Provider::DirectoryRoles, &bad), Err(Denied::Context(c1)));
        assert_eq!(judge(Provider::Resources, &bad), Err(rules(&[FailedRule::Justification])));
        assert_eq!(judge(Provider::Resources, &good(&nobody)), Err(Denied::Context(c1)));

        let stepped_up = Presence { contexts: vec![(c1, at(600))], ..Presence::default() };
        assert_eq!(judge(Provider::DirectoryRoles, &good(&stepped_up)), Ok(()));
        let stale = Presence { contexts: vec![(c1, at(-1))], ..Presence::default() };
        assert_eq!(judge(Provider::DirectoryRoles, &good(&stale)), Err(Denied::Context(c1)));
    }

    #[test]
    fn approval_asks_for_a_reason_on_graph_only() {
        let presence = present();
        let silent = Facts { justified: false, ..good(&presence) };
        let judge = |provider| {
            let mut policy = Policy::untouched(provider);
            policy.activation.enablement.justification = false;
            policy.activation.approval.required = true;
            policy.evaluate_activation(provider, &silent, at(0)).map(|gates| gates.approval.is_some())
        };
        assert_eq!(judge(Provider::DirectoryRoles), Err(rules(&[FailedRule::Justification])));
        assert_eq!(judge(Provider::Resources), Ok(true));
    }

    #[test]
    fn pam_108_an_owner_is_exempted_only_where_policy_says_so() {
        let presence = present();
        let owner = Facts { is_owner: true, ..good(&presence) };
        let mut policy = Policy::untouched(Provider::Pam);
        policy.activation.approval.required = true;
        policy.activation.approval.stages[0].primary = vec![ApproverSet::new(Approvers::Manager(1))];
        let gates = |policy: &Policy| policy.evaluate_activation(Provider::Pam, &owner, at(0)).unwrap();
        assert!(gates(&policy).approval.is_some() && !gates(&policy).exempted);
        policy.activation.owner_needs_approval = false;
        assert!(gates(&policy).approval.is_none() && gates(&policy).exempted);
    }

    #[test]
    fn pam_113_a_window_that_is_not_enabled_restricts_nothing() {
        let presence = present();
        let mut policy = Policy::untouched(Provider::Pam);
        // It is 13:46 UTC.
        let window = DailyWindow::new(time(8, 0, 0, 0), time(12, 0, 0, 0));
        policy.activation.availability = Availability { enabled: false, window };
        assert!(policy.evaluate_activation(Provider::Pam, &good(&presence), at(0)).is_ok());
        policy.activation.availability.enabled = true;
        let shut = policy.evaluate_activation(Provider::Pam, &good(&presence), at(0));
        assert_eq!(shut, Err(Denied::OutsideAvailability));
    }

    #[test]
    fn administrators_are_bounded_only_where_an_end_is_required() {
        let presence = present();
        let endless = Facts { window: Window::endless(at(0)), ..good(&presence) };
        let judge = |provider, kind| Policy::untouched(provider).evaluate_admin(kind, &endless, at(0));
        let expiration = || Err(rules(&[FailedRule::Expiration]));
        assert_eq!(judge(Provider::DirectoryRoles, Kind::Assignment), Ok(()));
        assert_eq!(judge(Provider::Groups, Kind::Assignment), expiration());
        assert_eq!(judge(Provider::Resources, Kind::Eligibility), expiration());
        let silent = Facts { justified: false, window: hours(1), ..good(&presence) };
        let judge = |kind| Policy::untouched(Provider::Groups).evaluate_admin(kind, &silent, at(0));
        assert_eq!(judge(Kind::Assignment), Err(rules(&[FailedRule::Justification])));
        assert_eq!(judge(Kind::Eligibility), Ok(()));
    }

    proptest! {
        /// Whatever is asked, what is granted lies inside the asked window, the maximum and the eligibility.
        #[test]
        fn nothing_is_granted_beyond_what_policy_and_eligibility_allow(
            start in 0..100_000i64,
            length in prop::option::of(1..60_000i64),
            eligible in prop::option::of(prop::option::of(0..200_000i64)),
            maximum in 300..50_000u32,
            provider in prop::sample::select(vec![
                Provider::Pam, Provider::DirectoryRoles, Provider::Groups, Provider::Resources,
            ]),
        ) {
            let presence = present();
            let window = Window::new(at(start), length.map(|length| at(start + length))).unwrap();
            let eligible_until = eligible.map(|end| end.map(at));
            let facts = Facts { window, eligible_until, ..good(&presence) };
            let mut policy = Policy::untouched(provider);
            policy.activation.expiration = super::super::Expiration::new(true, Ttl::seconds(maximum));
            if let Ok(gates) = policy.evaluate_activation(provider, &facts, at(0)) {
                prop_assert!(window.contains(&gates.window));
                prop_assert!(!gates.window.is_longer_than(Ttl::seconds(maximum)));
                if provider != Provider::Pam {
                    let until = eligible_until.expect("without eligibility nothing is granted");
                    prop_assert!(until.is_none_or(|until| gates.window.end().is_some_and(|end| end <= until)));
                }
            }
        }
    }
}
