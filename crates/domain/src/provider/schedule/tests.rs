use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::{
    id::{EntitlementId, GrantId, PrincipalId, RequestId},
    policy::{
        ApprovalMode, ApproverSet, ContextClass, Expiration, FailedRule, Policy, Presence, approval_rule::Approvers,
    },
    principal::PrincipalKind,
    provider::{
        directory_roles, groups,
        order::{Asked, Condition, Line, Order, Pending},
        resources,
    },
    request::{Channel, Declined},
};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const OLD: Uuid = Uuid::from_u128(0x01d);
const RIGHT: Uuid = Uuid::from_u128(0xe11);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_600_000_000 + second).unwrap()
}

fn alice() -> PrincipalId {
    PrincipalId::new(Uuid::from_u128(0xa))
}

fn pending(action: Action) -> Pending {
    Pending { request: RequestId::new(Uuid::from_u128(0x9e)), action }
}

fn held(kind: GrantKind, start: i64, end: impl Into<Option<i64>>) -> Held {
    let window = Window::new(at(start), end.into().map(at)).unwrap();
    Held { schedule: OLD, kind, window, in_force_since: (start <= 0).then(|| at(start)) }
}

/// A sentence about one order: who orders what on which line, and what comes of it.
struct Scene {
    provider: Provider,
    order: Order,
    line: Line,
    usable: Usable,
    policy: Policy,
    above: Option<Policy>,
}

impl Scene {
    /// alice, eligible for good, present with MFA, orders one hour from now with a reason, on an empty line.
    fn new(provider: Provider, kind: Kind, action: Action) -> Self {
        let holder =
            matches!(action, Action::SelfActivate | Action::SelfDeactivate | Action::SelfExtend | Action::SelfRenew);
        let admin = PrincipalId::new(Uuid::from_u128(0xad));
        Self {
            provider,
            order: Order {
                kind,
                action,
                caller: if holder { alice() } else { admin },
                principal: alice(),
                asked: Asked { start: None, end: AskedEnd::After(Ttl::hours(1)) },
                justified: true,
                ticketed: false,
                names_other_line: false,
            },
            line: Line::default(),
            usable: Usable::Eligible { schedule: RIGHT, window: Window::endless(at(-DAY)) },
            policy: Policy::untouched(provider),
            above: None,
        }
    }

    fn activate(provider: Provider) -> Self {
        Self::new(provider, Kind::Assignment, Action::SelfActivate)
    }

    fn on(mut self, held: Held) -> Self {
        self.line.held = Some(held);
        self
    }

    fn pending(mut self, action: Action) -> Self {
        self.line.pending.push(pending(action));
        self
    }

    fn ended_before(mut self) -> Self {
        self.line.ended_before = true;
        self
    }

    fn asking(mut self, start: impl Into<Option<i64>>, end: AskedEnd) -> Self {
        self.order.asked = Asked { start: start.into().map(at), end };
        self
    }

    fn set(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn decide(&self) -> Result<Decision, Refused> {
        let presence = Presence { mfa_at: Some(at(-60)), ..Presence::default() };
        let case = Case {
            order: &self.order,
            line: &self.line,
            usable: self.usable,
            policy: &self.policy,
            presence: &presence,
            now: at(0),
        };
        match self.provider {
            Provider::DirectoryRoles => directory_roles::decide(&case),
            Provider::Groups => groups::decide(&case),
            Provider::Resources => resources::decide(&case, self.above.as_ref()),
            Provider::Pam => unreachable!("PAM has life cycle functions of its own"),
        }
    }

    fn gives(self, start: i64, end: i64) {
        let expected = Window::new(at(start), Some(at(end))).unwrap();
        let window = match self.decide() {
            Ok(Decision::Give { window, .. } | Decision::Replace { window, .. }) => window,
            Ok(Decision::Activate { gates, .. } | Decision::Prolong { gates, .. }) => gates.window,
            other => panic!("no window: {other:?}"),
        };
        assert_eq!(window, expected, "{:?}", self.provider);
    }

    fn refused(self, expected: &Refused) {
        assert_eq!(self.decide().as_ref(), Err(expected), "{:?}", self.provider);
    }
}

use Provider::{DirectoryRoles, Groups, Resources};
const GRAPH: [Provider; 2] = [DirectoryRoles, Groups];
const ALL: [Provider; 3] = [DirectoryRoles, Groups, Resources];

fn expiration() -> Refused {
    Refused::Rules(vec![FailedRule::Expiration])
}

#[test]
fn an_activation_runs_from_now_for_as_long_as_asked() {
    for provider in ALL {
        Scene::activate(provider).gives(0, HOUR);
        Scene::activate(provider).asking(-600, AskedEnd::After(Ttl::hours(8))).gives(0, 8 * HOUR);
        Scene::activate(provider).asking(HOUR, AskedEnd::At(at(3 * HOUR))).gives(HOUR, 3 * HOUR);
        Scene::activate(provider).asking(None, AskedEnd::After(Ttl::hours(9))).refused(&expiration());
        Scene::activate(provider).asking(None, AskedEnd::Never).refused(&expiration());
        Scene::activate(provider).asking(None, AskedEnd::At(at(-1))).refused(&Refused::InvalidWindow);
        Scene::activate(provider).asking(None, AskedEnd::After(Ttl::minutes(5))).gives(0, 300);
        Scene::activate(provider).asking(None, AskedEnd::After(Ttl::seconds(299))).refused(&Refused::WindowTooShort);
    }
}

#[test]
fn an_activation_without_schedule_is_refused_on_graph_and_the_maximum_on_arm() {
    for provider in GRAPH {
        Scene::activate(provider).asking(None, AskedEnd::Unsaid).refused(&expiration());
    }
    Scene::activate(Resources).asking(None, AskedEnd::Unsaid).gives(0, 8 * HOUR);
}

#[test]
fn an_activation_is_cut_to_the_end_of_the_eligibility() {
    let until = |end| Usable::Eligible { schedule: RIGHT, window: Window::new(at(-DAY), Some(at(end))).unwrap() };
    for provider in ALL {
        Scene::activate(provider).set(|scene| scene.usable = until(1_800)).gives(0, 1_800);
        // It has ended by the asked start.
        Scene::activate(provider)
            .asking(DAY, AskedEnd::After(Ttl::hours(1)))
            .set(|scene| scene.usable = until(DAY))
            .refused(&Refused::Rules(vec![FailedRule::Eligibility]));
    }
}

#[test]
fn without_eligibility_there_is_no_activation() {
    for provider in ALL {
        let nowhere = Scene::activate(provider).set(|scene| scene.usable = Usable::Nowhere);
        nowhere.refused(&Refused::Rules(vec![FailedRule::Eligibility]));
    }
    let elsewhere = |provider| Scene::activate(provider).set(|scene| scene.usable = Usable::Elsewhere);
    elsewhere(DirectoryRoles).refused(&Refused::EligibleElsewhere);
    elsewhere(Resources).refused(&Refused::Rules(vec![FailedRule::Eligibility]));
}

#[test]
fn a_line_is_held_once() {
    for provider in ALL {
        for kind in [GrantKind::Assigned, GrantKind::Activated] {
            Scene::activate(provider).on(held(kind, -HOUR, HOUR)).refused(&Refused::AlreadyHeld);
            let later = Scene::activate(provider).asking(2 * HOUR, AskedEnd::After(Ttl::hours(1)));
            later.on(held(kind, -HOUR, HOUR)).refused(&Refused::AlreadyHeld);
            let assign = Scene::new(provider, Kind::Assignment, Action::AdminAssign);
            assign.on(held(kind, -HOUR, HOUR)).refused(&Refused::AlreadyHeld);
        }
        for start in [-HOUR, HOUR] {
            let eligibility = Scene::new(provider, Kind::Eligibility, Action::AdminAssign);
            eligibility.on(held(GrantKind::Assigned, start, DAY)).refused(&Refused::AlreadyHeld);
        }
    }
}

#[test]
fn an_activation_ahead_is_pending_on_graph_and_held_on_arm() {
    let ahead = held(GrantKind::Activated, HOUR, 2 * HOUR);
    for provider in GRAPH {
        Scene::activate(provider).on(ahead).refused(&Refused::AlreadyPending);
        Scene::new(provider, Kind::Assignment, Action::AdminAssign).on(ahead).refused(&Refused::AlreadyPending);
    }
    Scene::activate(Resources).on(ahead).refused(&Refused::AlreadyHeld);
    Scene::activate(DirectoryRoles).on(held(GrantKind::Assigned, HOUR, DAY)).refused(&Refused::AlreadyHeld);
}

#[test]
fn a_second_order_waits_for_the_first() {
    for provider in ALL {
        Scene::activate(provider).pending(Action::SelfActivate).refused(&Refused::AlreadyPending);
        let assign = Scene::new(provider, Kind::Assignment, Action::AdminAssign);
        assign.pending(Action::SelfActivate).refused(&Refused::AlreadyPending);
    }
}

#[test]
fn giving_up_needs_five_minutes_in_force() {
    for provider in ALL {
        let deactivate = || Scene::new(provider, Kind::Assignment, Action::SelfDeactivate);
        let remove = || Scene::new(provider, Kind::Assignment, Action::AdminRemove);
        deactivate().on(held(GrantKind::Activated, -299, HOUR)).refused(&Refused::HeldTooShort);
        remove().on(held(GrantKind::Activated, -299, HOUR)).refused(&Refused::HeldTooShort);
        remove().on(held(GrantKind::Assigned, -299, HOUR)).refused(&Refused::HeldTooShort);
        let gone = Decision::End { schedule: Some(OLD), cancels: vec![], ends_activations: false };
        assert_eq!(deactivate().on(held(GrantKind::Activated, -300, HOUR)).decide(), Ok(gone.clone()));
        assert_eq!(remove().on(held(GrantKind::Assigned, -300, HOUR)).decide(), Ok(gone.clone()));
        // What is still being applied, or lies ahead, may go at once.
        let applying = Held { in_force_since: None, ..held(GrantKind::Activated, -10, HOUR) };
        assert_eq!(deactivate().on(applying).decide(), Ok(gone.clone()));
        assert_eq!(remove().on(held(GrantKind::Assigned, HOUR, DAY)).decide(), Ok(gone));
        deactivate().on(held(GrantKind::Assigned, -HOUR, HOUR)).refused(&Refused::NotHeld);
        deactivate().on(held(GrantKind::Activated, HOUR, DAY)).refused(&Refused::NotHeld);
        deactivate().refused(&Refused::NotHeld);
        remove().refused(&Refused::NotHeld);
    }
}

#[test]
fn removing_an_eligibility_knows_no_five_minutes_and_ends_what_rests_on_it() {
    for provider in ALL {
        let remove = Scene::new(provider, Kind::Eligibility, Action::AdminRemove);
        let scene = remove.on(held(GrantKind::Assigned, -10, DAY)).pending(Action::SelfExtend);
        let cancels = vec![pending(Action::SelfExtend).request];
        let expected = Decision::End { schedule: Some(OLD), cancels, ends_activations: true };
        assert_eq!(scene.decide(), Ok(expected));
    }
}

#[test]
fn an_update_replaces_the_window_of_an_assigned_schedule() {
    for provider in ALL {
        let update = || Scene::new(provider, Kind::Eligibility, Action::AdminUpdate);
        // What runs keeps its start.
        update().on(held(GrantKind::Assigned, -DAY, DAY)).asking(None, AskedEnd::At(at(HOUR))).gives(-DAY, HOUR);
        update()
            .on(held(GrantKind::Assigned, HOUR, DAY))
            .asking(2 * HOUR, AskedEnd::At(at(3 * HOUR)))
            .gives(2 * HOUR, 3 * HOUR);
        update().on(held(GrantKind::Activated, -DAY, DAY)).refused(&Refused::NotHeld);
        update().refused(&Refused::NotHeld);
        let foreign = update().on(held(GrantKind::Assigned, -DAY, DAY));
        foreign.set(|scene| scene.order.names_other_line = true).refused(&Refused::NotHeld);
    }
}

#[test]
fn an_extension_moves_a_bounded_end() {
    for provider in ALL {
        let extend = |end| Scene::new(provider, Kind::Eligibility, Action::AdminExtend).asking(None, end);
        let present = held(GrantKind::Assigned, -DAY, DAY);
        extend(AskedEnd::At(at(2 * DAY))).on(present).gives(-DAY, 2 * DAY);
        extend(AskedEnd::After(Ttl::days(3))).on(present).gives(-DAY, 3 * DAY);
        extend(AskedEnd::At(at(DAY))).on(present).refused(&Refused::InvalidWindow);
        extend(AskedEnd::Unsaid).on(present).refused(&Refused::InvalidWindow);
        extend(AskedEnd::At(at(DAY))).on(held(GrantKind::Assigned, -DAY, None)).refused(&Refused::Endless);
        extend(AskedEnd::At(at(DAY))).on(held(GrantKind::Activated, -60, HOUR)).refused(&Refused::NotHeld);
        extend(AskedEnd::At(at(DAY))).refused(&Refused::NotHeld);
    }
    // A year counts from now, not from a start long ago.
    let year =
        Scene::new(Groups, Kind::Eligibility, Action::AdminExtend).on(held(GrantKind::Assigned, -100 * DAY, DAY));
    year.asking(None, AskedEnd::After(Ttl::days(365))).gives(-100 * DAY, 365 * DAY);
    let longer = Scene::new(Groups, Kind::Eligibility, Action::AdminExtend).on(held(GrantKind::Assigned, -DAY, DAY));
    longer.asking(None, AskedEnd::After(Ttl::days(366))).refused(&expiration());
}

#[test]
fn an_administrator_answers_what_the_holder_asked() {
    for provider in ALL {
        let ask = Scene::new(provider, Kind::Eligibility, Action::SelfExtend).asking(None, AskedEnd::At(at(50 * DAY)));
        let ask = ask.on(held(GrantKind::Assigned, -DAY, DAY));
        assert_eq!(ask.decide(), Ok(Decision::Ask { schedule: Some(OLD), until: at(DAY) }));
        ask.pending(Action::SelfExtend).refused(&Refused::AlreadyPending);

        let ask = Scene::new(provider, Kind::Eligibility, Action::SelfRenew).ended_before();
        assert_eq!(ask.decide(), Ok(Decision::Ask { schedule: None, until: at(30 * DAY) }));
        ask.pending(Action::SelfRenew).refused(&Refused::AlreadyPending);

        let renew = Scene::new(provider, Kind::Eligibility, Action::AdminRenew).ended_before();
        let Ok(Decision::Give { answers, .. }) = renew.pending(Action::SelfRenew).decide() else { panic!() };
        assert_eq!(answers, [pending(Action::SelfRenew).request]);
    }
}

#[test]
fn a_renewal_needs_something_that_has_ended() {
    for provider in ALL {
        for action in [Action::AdminRenew, Action::SelfRenew] {
            let renew = || Scene::new(provider, Kind::Eligibility, action);
            // What still runs is there already on Graph, and nothing to renew on ARM (`GRAPH 8.4`, `ARM 9.5`).
            let runs = if provider == Resources { Refused::NotHeld } else { Refused::AlreadyHeld };
            renew().refused(&Refused::NotHeld);
            renew().on(held(GrantKind::Assigned, -DAY, DAY)).refused(&runs);
            renew().ended_before().on(held(GrantKind::Assigned, -DAY, DAY)).refused(&runs);
        }
    }
}

#[test]
fn a_running_activation_is_prolonged_on_arm_only() {
    let running = held(GrantKind::Activated, -HOUR, HOUR);
    let extend =
        |provider, end| Scene::new(provider, Kind::Assignment, Action::SelfExtend).asking(None, end).on(running);
    for provider in GRAPH {
        extend(provider, AskedEnd::After(Ttl::hours(2))).refused(&Refused::NotHeld);
    }
    extend(Resources, AskedEnd::After(Ttl::hours(8))).gives(0, 8 * HOUR);
    extend(Resources, AskedEnd::After(Ttl::hours(9))).refused(&expiration());
    extend(Resources, AskedEnd::After(Ttl::hours(1))).refused(&Refused::InvalidWindow);
    let ending = Usable::Eligible { schedule: RIGHT, window: Window::new(at(-DAY), Some(at(HOUR))).unwrap() };
    let cut = extend(Resources, AskedEnd::After(Ttl::hours(2))).set(|scene| scene.usable = ending);
    cut.refused(&Refused::InvalidWindow);
}

#[test]
fn administrators_obey_the_rules_of_the_collection() {
    for (provider, kind, expected) in [
        (DirectoryRoles, Kind::Eligibility, None),
        (DirectoryRoles, Kind::Assignment, None),
        (Groups, Kind::Eligibility, Some(expiration())),
        (Resources, Kind::Assignment, Some(expiration())),
    ] {
        let scene = Scene::new(provider, kind, Action::AdminAssign).asking(None, AskedEnd::Unsaid);
        let endless = Decision::Give { window: Window::endless(at(0)), answers: vec![] };
        assert_eq!(scene.decide(), expected.map_or(Ok(endless), Err), "{provider:?} {kind:?}");
    }
    let silent = Scene::new(DirectoryRoles, Kind::Assignment, Action::AdminAssign);
    silent.set(|scene| scene.order.justified = false).refused(&Refused::Rules(vec![FailedRule::Justification]));
    let short = |provider| {
        Scene::new(provider, Kind::Assignment, Action::AdminAssign).asking(None, AskedEnd::After(Ttl::minutes(4)))
    };
    short(DirectoryRoles).refused(&Refused::WindowTooShort);
    short(Resources).gives(0, 240);
}

#[test]
fn state_comes_before_policy_and_context_before_the_other_rules_on_graph() {
    let c1 = ContextClass::new(1).unwrap();
    let bad = |provider| {
        Scene::activate(provider).asking(None, AskedEnd::After(Ttl::hours(9))).set(|scene| {
            scene.policy.activation.context = crate::policy::ContextRule { enabled: true, class: Some(c1) };
        })
    };
    bad(DirectoryRoles).refused(&Refused::Context(c1));
    bad(Resources).refused(&expiration());
    bad(DirectoryRoles).on(held(GrantKind::Activated, -HOUR, HOUR)).refused(&Refused::AlreadyHeld);
}

#[test]
fn the_holder_alone_orders_for_himself() {
    for action in [Action::SelfActivate, Action::SelfDeactivate, Action::SelfExtend, Action::SelfRenew] {
        let scene = Scene::new(DirectoryRoles, Kind::Assignment, action).on(held(GrantKind::Activated, -HOUR, HOUR));
        scene.set(|scene| scene.order.caller = PrincipalId::new(Uuid::from_u128(0xb))).refused(&Refused::NotHolder);
    }
    let wrong = Scene::new(Groups, Kind::Eligibility, Action::SelfActivate).decide();
    assert!(matches!(wrong, Err(Refused::NotPossible(_))));
}

#[test]
fn going_down_never_makes_approval_weaker() {
    let mut above = Policy::untouched(Resources);
    above.activation.approval.required = true;
    above.activation.approval.stages[0].primary = vec![ApproverSet::new(Approvers::Manager(1))];
    let scene = Scene::activate(Resources).set(|scene| scene.above = Some(above.clone()));
    let Ok(Decision::Activate { gates, eligibility }) = scene.decide() else { panic!() };
    assert_eq!(eligibility, RIGHT);
    assert_eq!(gates.approval.map(|gate| gate.stages), Some(above.activation.approval.stages));
}

#[test]
fn an_eligibility_that_is_named_and_is_none_is_a_fault_of_the_order_on_arm() {
    let named = |provider| Scene::activate(provider).set(|scene| scene.order.names_other_line = true);
    assert!(matches!(named(Resources).decide(), Err(Refused::NotPossible(_))));
    // What stands in the way comes first.
    named(Resources).on(held(GrantKind::Activated, -HOUR, HOUR)).refused(&Refused::AlreadyHeld);
    named(DirectoryRoles).refused(&Refused::NotHeld);
}

#[test]
fn a_condition_is_for_administrators_to_change() {
    let condition = |text: &str| Some(Condition { text: text.to_owned(), version: Some("2.0".to_owned()) });
    let (old, new) = (condition("old"), condition("new"));
    use Action::{
        AdminAssign, AdminExtend, AdminRemove, AdminRenew, AdminUpdate, SelfActivate, SelfDeactivate, SelfExtend,
        SelfRenew,
    };
    for action in [AdminUpdate, AdminExtend, AdminRenew] {
        assert_eq!(resources::condition(action, None, old.clone()), Ok(old.clone()), "{action:?} keeps it");
        assert_eq!(resources::condition(action, new.clone(), old.clone()), Ok(new.clone()), "{action:?} sets another");
    }
    assert_eq!(resources::condition(AdminAssign, new.clone(), old.clone()), Ok(new.clone()));
    for action in [SelfActivate, SelfExtend, SelfRenew] {
        assert_eq!(resources::condition(action, None, old.clone()), Ok(old.clone()), "{action:?} does not drop it");
        assert_eq!(resources::condition(action, old.clone(), old.clone()), Ok(old.clone()), "{action:?} repeats it");
        assert!(resources::condition(action, new.clone(), old.clone()).is_err(), "{action:?} does not change it");
        assert_eq!(resources::condition(action, new.clone(), None), Ok(new.clone()), "{action:?} may bind itself");
    }
    for action in [AdminRemove, SelfDeactivate] {
        assert_eq!(resources::condition(action, new.clone(), old.clone()), Ok(None));
    }
}

/// A policy with or without approval, reason, context and another length.
fn policies() -> impl Strategy<Value = Policy> {
    (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), 5..600_u32, any::<bool>()).prop_map(
        |(approval, justification, ticketing, mfa, minutes, parallel)| {
            let mut policy = Policy::untouched(Resources);
            let rules = &mut policy.activation;
            rules.approval.required = approval;
            rules.approval.mode = if parallel { ApprovalMode::Parallel } else { ApprovalMode::SingleStage };
            rules.approval.stages[0].primary = vec![ApproverSet::new(Approvers::Manager(if parallel { 1 } else { 2 }))];
            rules.enablement.justification = justification;
            rules.enablement.ticketing = ticketing;
            rules.enablement.mfa = mfa;
            rules.expiration = Expiration::new(true, Ttl::minutes(minutes));
            policy
        },
    )
}

proptest! {
    /// Whatever the two policies say: what is asked for below is decided by the policy there, somebody is asked to approve
    /// if either wants it, and nothing lasts longer than the eligibility (`ARM 14.1`, `ARM A-6`).
    #[test]
    fn an_activation_below_is_never_weaker_than_at_the_eligibility(
        here in policies(),
        above in policies(),
        minutes in 5..700_u32,
        left in prop::option::of(1..900_i64),
        justified: bool,
        ticketed: bool,
    ) {
        let activation = |policy: &Policy, above: Option<&Policy>| {
            let mut scene = Scene::activate(Resources).asking(None, AskedEnd::After(Ttl::minutes(minutes)));
            let until = left.map(|left| at(60 * left));
            scene.usable = Usable::Eligible { schedule: RIGHT, window: Window::new(at(-DAY), until).unwrap() };
            (scene.order.justified, scene.order.ticketed) = (justified, ticketed);
            (scene.policy, scene.above) = (policy.clone(), above.cloned());
            scene.decide()
        };
        let (below, alone, at_eligibility) =
            (activation(&here, Some(&above)), activation(&here, None), activation(&above, None));
        prop_assert_eq!(below.is_ok(), alone.is_ok());
        if let (Ok(Decision::Activate { gates, .. }), Ok(Decision::Activate { gates: own, .. })) = (&below, &alone) {
            prop_assert_eq!(gates.window, own.window);
            prop_assert!(gates.window.end().is_some_and(|end| left.is_none_or(|left| end <= at(60 * left))));
            let wanted = here.activation.approval.is_on() || above.activation.approval.is_on();
            prop_assert_eq!(gates.approval.is_some(), wanted);
            if own.approval.is_some() {
                prop_assert_eq!(&gates.approval, &own.approval);
            } else if let Ok(Decision::Activate { gates: at_eligibility, .. }) = &at_eligibility {
                prop_assert_eq!(&gates.approval, &at_eligibility.approval);
            }
        } else {
            prop_assert_eq!(below, alone);
        }
    }
}

#[test]
fn sorts_of_principals() {
    let roles = |kind, principal, assignable| directory_roles::check_principal(kind, principal, assignable).is_ok();
    assert!(
        roles(Kind::Eligibility, PrincipalKind::Group, true) && !roles(Kind::Assignment, PrincipalKind::Group, false)
    );
    assert!(
        roles(Kind::Assignment, PrincipalKind::Service, false)
            && !roles(Kind::Eligibility, PrincipalKind::Service, false)
    );
    let group = |traits, kind, principal| groups::check_principal(traits, kind, principal);
    let plain = groups::GroupTraits::default();
    assert_eq!(group(plain, Kind::Eligibility, PrincipalKind::Group), Ok(()));
    let dynamic = groups::GroupTraits { dynamic: true, ..plain };
    let synchronised = groups::GroupTraits { synchronised: true, ..plain };
    assert_eq!(group(dynamic, Kind::Eligibility, PrincipalKind::User), Err(Refused::NotSupported));
    assert_eq!(group(synchronised, Kind::Assignment, PrincipalKind::User), Err(Refused::NotSupported));
    let assignable = groups::GroupTraits { role_assignable: true, ..plain };
    assert!(group(assignable, Kind::Assignment, PrincipalKind::Group).is_err());
    assert!(resources::check_principal(Kind::Eligibility, PrincipalKind::Service).is_err());
}

#[test]
fn what_waits_or_lies_ahead_can_be_cancelled_and_on_arm_what_is_being_applied() {
    let grant_id = GrantId::new(Uuid::from_u128(1));
    let request = |stage| Request {
        id: RequestId::new(Uuid::from_u128(2)),
        name: None,
        provider: DirectoryRoles,
        action: Action::SelfActivate,
        principal: alice(),
        requester: alice(),
        entitlement: EntitlementId::new(Uuid::from_u128(3)),
        channel: Channel::Graph,
        justification: None,
        asked_ttl: 3_600,
        asked_start: at(0),
        created: at(0),
        stage,
    };
    let grant = |phase| Grant {
        id: grant_id,
        request: RequestId::new(Uuid::from_u128(2)),
        provider: DirectoryRoles,
        principal: alice(),
        entitlement: EntitlementId::new(Uuid::from_u128(3)),
        kind: GrantKind::Activated,
        lasts: Some(3_600),
        phase,
    };
    let granted = request(Stage::Granted { grant: grant_id });
    let scheduled = grant(Phase::Scheduled { start: at(60) });
    let applying = grant(Phase::Applying { since: at(0), end: None, give_up: at(900) });
    let running = grant(Phase::InForce { since: at(0), end: Some(at(HOUR)) });
    let no = Err(Refused::NotCancellable);
    for (request, grant, graph, arm) in [
        (request(Stage::AwaitingAdministrator { until: at(60) }), None, Ok(()), Ok(())),
        (request(Stage::AwaitingAdministrator { until: at(0) }), None, no.clone(), no.clone()),
        (request(Stage::Recorded { at: at(60) }), None, Ok(()), Ok(())),
        (request(Stage::Recorded { at: at(0) }), None, no.clone(), no.clone()),
        (granted.clone(), Some(scheduled), Ok(()), Ok(())),
        (granted.clone(), Some(applying), no.clone(), Ok(())),
        (granted, Some(running), no.clone(), no.clone()),
        (request(Stage::Declined { cause: Declined::Withdrawn, at: at(0) }), None, no.clone(), no.clone()),
    ] {
        assert_eq!(directory_roles::check_cancel(&request, grant.as_ref(), at(0)), graph, "{request:?}");
        assert_eq!(groups::check_cancel(&request, grant.as_ref(), at(0)), graph, "{request:?}");
        assert_eq!(resources::check_cancel(&request, grant.as_ref(), at(0)), arm, "{request:?}");
    }
}
