//! Schedules of directory roles and groups, at the engine: `GRAPH 8` and `GRAPH 9`, on both stores.

use std::sync::Arc;

use ephor_audit::events::{self, Transition};
use ephor_domain::{
    Refusal,
    administration::AdministratorRole,
    approval::Verdict,
    entitlement::{Access, EntitlementKey},
    grant::GrantKind,
    id::PrincipalId,
    policy::{
        ApprovalChange, ApprovalMode, ApproverSet, FailedRule, Kind, Presence, RuleChange, RuleId, StageChange,
        approval_rule::Approvers,
    },
    provider::{Asked, AskedEnd, Provider, Said, ScheduleRefusal, Status},
    request::{Action, Channel},
    scope::DirectoryScope,
    time::Ttl,
};
use ephor_engine::{
    Answer, Denied, Fault,
    policy::ChangePolicy,
    schedule::{Cancel, DecideStage, Lines, ListSchedules, NewOrder, RequestView, ScheduleView, StageWord, Whose},
};
use ephor_testkit::world::{Caller, Options, Trouble, World, for_both_stores, id, minutes, seconds};
use jiff::Timestamp;
use tokio::sync::Barrier;
use uuid::{Uuid, uuid};

use crate::scene::refusal;

pub(crate) const USER_ADMINISTRATOR: Uuid = uuid!("fe930be7-5e62-47db-91af-98c3a49a38b1");

pub(crate) fn role() -> EntitlementKey {
    EntitlementKey::DirectoryRole { definition: USER_ADMINISTRATOR, scope: DirectoryScope::Tenant }
}

pub(crate) fn member(group: &str) -> EntitlementKey {
    EntitlementKey::Group { group: id(group), access: Access::Member }
}

pub(crate) async fn seed(world: &World) {
    world.people(&["alice", "bob", "carol", "root"]).await;
    world.administrator("root").await;
    world.group("G", "ldap").await;
}

/// An order with a reason, by a caller with a fresh second factor.
pub(crate) fn order(
    world: &World,
    key: EntitlementKey,
    kind: Kind,
    action: Action,
    of: &str,
    end: AskedEnd,
) -> NewOrder {
    NewOrder {
        key,
        kind,
        action,
        principal: id(of),
        asked: Asked { start: None, end },
        said: Said { justification: Some("because".to_owned()), scheduled: true, ..Said::default() },
        target: None,
        name: None,
        channel: Channel::Graph,
        presence: Presence { mfa_at: Some(world.now()), ..Presence::default() },
        only_validate: false,
    }
}

pub(crate) async fn submit(world: &World, caller: &str, order: NewOrder) -> Answer<RequestView> {
    world.engine().submit(world.caller(caller).actor(), order).await
}

pub(crate) const HOUR: AskedEnd = AskedEnd::After(Ttl::hours(1));

pub(crate) async fn make_eligible(world: &World, key: EntitlementKey, of: &str, end: AskedEnd) -> RequestView {
    let order = order(world, key, Kind::Eligibility, Action::AdminAssign, of, end);
    submit(world, "root", order).await.unwrap()
}

pub(crate) async fn activate(world: &World, key: EntitlementKey, of: &str) -> Answer<RequestView> {
    submit(world, of, order(world, key, Kind::Assignment, Action::SelfActivate, of, HOUR)).await
}

pub(crate) async fn own(world: &World, caller: &Caller, provider: Provider, kind: Kind) -> Vec<ScheduleView> {
    let list = ListSchedules { provider, kind, which: Lines::All, whose: Whose::Mine, after: None, limit: 100 };
    world.engine().schedules(caller.actor(), list).await.unwrap().rows
}

pub(crate) async fn holds(world: &World, who: &str, role: Uuid) -> bool {
    let who: PrincipalId = id(who);
    world.engine().memberships(who.uuid(), true).await.unwrap().roles.contains(&role)
}

#[tokio::test]
async fn graph_037_038_059_060_061_070_078_eligible_then_active_then_over() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let alice = world.caller("alice");
        let given = make_eligible(world, role(), "alice", AskedEnd::Never).await;
        assert_eq!((given.status, given.completed), (Status::Provisioned, Some(world.now())));
        assert_eq!(given.schedule, Some(given.request.id.uuid()));
        let eligible = own(world, &alice, Provider::DirectoryRoles, Kind::Eligibility).await;
        assert_eq!(eligible.len(), 1);
        assert_eq!((eligible[0].end, eligible[0].made_by), (None, Some(given.request.id)));
        assert!(own(world, &alice, Provider::DirectoryRoles, Kind::Assignment).await.is_empty());
        assert!(!holds(world, "alice", USER_ADMINISTRATOR).await);

        let now = world.now();
        let active = activate(world, role(), "alice").await.unwrap();
        assert_eq!((active.status, active.completed), (Status::Provisioned, Some(now)));
        let held = own(world, &alice, Provider::DirectoryRoles, Kind::Assignment).await;
        assert_eq!(held.len(), 1);
        assert_eq!((held[0].how, held[0].in_force), (GrantKind::Activated, true));
        assert_eq!((held[0].start, held[0].end), (Some(now), Some(now + minutes(60))));
        assert_eq!(held[0].rests_on, Some(eligible[0].line));
        assert!(holds(world, "alice", USER_ADMINISTRATOR).await);
        assert_eq!(own(world, &alice, Provider::DirectoryRoles, Kind::Eligibility).await.len(), 1);

        // Past its end it gives nothing, even with every worker dead.
        world.pass_unnoticed(minutes(60));
        assert!(!holds(world, "alice", USER_ADMINISTRATOR).await);
        assert!(own(world, &alice, Provider::DirectoryRoles, Kind::Assignment).await.is_empty());
        world.advance(seconds(0)).await;
        let story = world.events_of(active.request.id).await;
        assert_eq!(
            story,
            [Transition::T1, Transition::T5, Transition::T17, Transition::T16].map(|it| it.event().id)[..story.len()]
        );
        assert!(story.contains(&Transition::T17.event().id), "{story:?}");
        assert_eq!(own(world, &alice, Provider::DirectoryRoles, Kind::Eligibility).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn graph_042_046_048_062_063_065_077_refusals_of_state_and_policy() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let held = |kind, action, of, end| order(world, role(), kind, action, of, end);
        let no = |refused| Refusal::Schedule(refused);
        use ScheduleRefusal::{AlreadyHeld, HeldTooShort, NotHeld, NotHolder, Rules, WindowTooShort};

        let nothing = activate(world, role(), "alice").await;
        assert_eq!(refusal(nothing), no(Rules(vec![FailedRule::Eligibility])));
        make_eligible(world, role(), "alice", AskedEnd::Never).await;
        let again = held(Kind::Eligibility, Action::AdminAssign, "alice", AskedEnd::Never);
        assert_eq!(refusal(submit(world, "root", again).await), no(AlreadyHeld));

        let mut long = held(Kind::Assignment, Action::SelfActivate, "alice", AskedEnd::After(Ttl::hours(9)));
        long.said.justification = Some("  ".to_owned());
        long.presence = Presence::default();
        let failed = vec![FailedRule::Expiration, FailedRule::Justification, FailedRule::Mfa];
        assert_eq!(refusal(submit(world, "alice", long).await), no(Rules(failed)));
        let short = held(Kind::Assignment, Action::SelfActivate, "alice", AskedEnd::After(Ttl::minutes(4)));
        assert_eq!(refusal(submit(world, "alice", short).await), no(WindowTooShort));
        let foreign = held(Kind::Assignment, Action::SelfActivate, "alice", HOUR);
        assert_eq!(refusal(submit(world, "bob", foreign).await), no(NotHolder));
        let usurped = held(Kind::Eligibility, Action::AdminAssign, "bob", AskedEnd::Never);
        assert_eq!(refusal(submit(world, "carol", usurped).await), Refusal::NotAdministrator);

        activate(world, role(), "alice").await.unwrap();
        assert_eq!(refusal(activate(world, role(), "alice").await), no(AlreadyHeld));
        let mut later = held(Kind::Assignment, Action::SelfActivate, "alice", HOUR);
        later.asked.start = Some(world.now() + minutes(180));
        assert_eq!(refusal(submit(world, "alice", later).await), no(AlreadyHeld));
        let up = || held(Kind::Assignment, Action::SelfDeactivate, "alice", AskedEnd::Unsaid);
        assert_eq!(refusal(submit(world, "alice", up()).await), no(HeldTooShort));
        world.advance(minutes(5)).await;
        assert_eq!(submit(world, "alice", up()).await.unwrap().status, Status::Revoked);
        assert!(!holds(world, "alice", USER_ADMINISTRATOR).await);
        assert_eq!(activate(world, role(), "alice").await.unwrap().status, Status::Provisioned);

        // The eligibility has no five minutes, and takes the activation with it.
        let away = || held(Kind::Eligibility, Action::AdminRemove, "alice", AskedEnd::Unsaid);
        assert_eq!(submit(world, "root", away()).await.unwrap().status, Status::Revoked);
        assert!(!holds(world, "alice", USER_ADMINISTRATOR).await);
        assert_eq!(refusal(submit(world, "root", away()).await), no(NotHeld));
    })
    .await;
}

#[tokio::test]
async fn graph_057_071_082_an_eligibility_ends_and_cuts_what_rests_on_it() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let alice = world.caller("alice");
        let end = world.now() + minutes(30);
        let given = make_eligible(world, role(), "alice", AskedEnd::At(end)).await;
        activate(world, role(), "alice").await.unwrap();
        let held = own(world, &alice, Provider::DirectoryRoles, Kind::Assignment).await;
        assert_eq!(held[0].end, Some(end));
        world.advance(minutes(30)).await;
        for kind in [Kind::Eligibility, Kind::Assignment] {
            assert!(own(world, &alice, Provider::DirectoryRoles, kind).await.is_empty());
        }
        assert!(!holds(world, "alice", USER_ADMINISTRATOR).await);
        let request = world.engine().order(alice.actor(), Provider::DirectoryRoles, given.request.id).await.unwrap();
        assert_eq!(request.unwrap().status, Status::Provisioned);
        assert!(world.events_of(given.request.id).await.contains(&events::SCHEDULE_ENDED.id));
        // Renewed by its holder's asking and an administrator's answer (GRAPH-082).
        let ask = order(world, role(), Kind::Eligibility, Action::SelfRenew, "alice", AskedEnd::Never);
        let asked = submit(world, "alice", ask).await.unwrap();
        assert_eq!(asked.status, Status::PendingAdminDecision);
        let renew = order(world, role(), Kind::Eligibility, Action::AdminRenew, "alice", AskedEnd::Never);
        assert_eq!(submit(world, "root", renew).await.unwrap().status, Status::Provisioned);
        let answered = world.engine().order(alice.actor(), Provider::DirectoryRoles, asked.request.id).await.unwrap();
        assert_eq!(answered.unwrap().status, Status::Provisioned);
        assert_eq!(own(world, &alice, Provider::DirectoryRoles, Kind::Eligibility).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn graph_041_066_067_087_what_starts_later_starts_by_itself_also_after_a_restart() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let start = world.now() + minutes(30);
        let mut later = order(world, role(), Kind::Eligibility, Action::AdminAssign, "alice", AskedEnd::Never);
        later.asked.start = Some(start);
        let given = submit(world, "root", later).await.unwrap();
        assert_eq!((given.status, given.completed), (Status::Granted, Some(start)));
        let too_early = refusal(activate(world, role(), "alice").await);
        assert_eq!(too_early, Refusal::Schedule(ScheduleRefusal::Rules(vec![FailedRule::Eligibility])));
        world.advance(minutes(30)).await;

        let start = world.now() + minutes(20);
        let mut later = order(world, role(), Kind::Assignment, Action::SelfActivate, "alice", HOUR);
        later.asked.start = Some(start);
        let granted = submit(world, "alice", later.clone()).await.unwrap();
        assert_eq!((granted.status, granted.completed), (Status::Granted, Some(start)));
        let again = refusal(submit(world, "alice", later.clone()).await);
        assert_eq!(again, Refusal::Schedule(ScheduleRefusal::AlreadyPending));
        let cancel = |id| Cancel { request: id, provider: Provider::DirectoryRoles };
        let alice = world.caller("alice").actor().clone();
        world.engine().cancel(&alice, cancel(granted.request.id)).await.unwrap();
        let view = world.engine().order(&alice, Provider::DirectoryRoles, granted.request.id).await.unwrap().unwrap();
        assert_eq!(view.status, Status::Canceled);
        let twice = refusal(world.engine().cancel(&alice, cancel(granted.request.id)).await);
        assert_eq!(twice, Refusal::Schedule(ScheduleRefusal::NotCancellable));

        let granted = submit(world, "alice", later).await.unwrap();
        world.reopen().await;
        world.advance(minutes(20)).await;
        assert!(holds(world, "alice", USER_ADMINISTRATOR).await);
        let view = world.engine().order(&alice, Provider::DirectoryRoles, granted.request.id).await.unwrap().unwrap();
        assert_eq!((view.status, view.completed), (Status::Provisioned, Some(start)));
        // Overdue while nothing ran: over at once, at its own instant.
        world.pass_unnoticed(minutes(90));
        world.reopen().await;
        world.advance(seconds(0)).await;
        let story = world.story(granted.request.id).await;
        let expired = story.iter().find(|record| record.event == Transition::T17.event().id).unwrap();
        assert_eq!((expired.at, expired.recorded_at), (start + minutes(60), Some(world.now())));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn graph_086_of_fifty_identical_activations_one_succeeds() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        make_eligible(world, role(), "alice", AskedEnd::Never).await;
        let start = Arc::new(Barrier::new(50));
        let mut racing = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let (engine, start) = (world.engine().clone(), Arc::clone(&start));
            let actor = world.caller("alice").actor().clone();
            let order = order(world, role(), Kind::Assignment, Action::SelfActivate, "alice", HOUR);
            racing.spawn(async move {
                start.wait().await;
                loop {
                    // A busy machine may time a call out; it is made again then, like any client would.
                    match engine.submit(&actor, order.clone()).await {
                        Err(Denied::Failed(Fault::Timeout)) => {}
                        answer => break answer,
                    }
                }
            });
        }
        let outcomes = racing.join_all().await;
        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        for refused in outcomes.into_iter().filter(Result::is_err) {
            assert_eq!(refusal(refused), Refusal::Schedule(ScheduleRefusal::AlreadyHeld));
        }
    })
    .await;
}

#[tokio::test]
async fn graph_105_107_an_activated_membership_is_written_to_its_target_and_taken_away() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let target = world.target("ldap");
        make_eligible(world, member("G"), "alice", AskedEnd::After(Ttl::days(30))).await;
        assert!(!target.has("G", "alice"));
        let active = activate(world, member("G"), "alice").await.unwrap();
        assert_eq!(active.status, Status::Provisioned);
        assert!(target.has("G", "alice"));
        let end = world.now() + minutes(60);
        world.advance(minutes(60)).await;
        assert!(!target.has("G", "alice"));
        assert_eq!(target.removed_at("G", "alice"), Some(end));
        // A dead target: decided, said to be pending, and written when it is back.
        target.trouble(Trouble::Refuses);
        let slow = activate(world, member("G"), "alice").await.unwrap();
        assert_eq!(slow.status, Status::PendingProvisioning);
        target.repair();
        world.advance(minutes(2)).await;
        assert!(target.has("G", "alice"));
        let held = own(world, &world.caller("alice"), Provider::Groups, Kind::Assignment).await;
        assert_eq!(held[0].end, Some(end + minutes(60)));
        world.advance(minutes(60)).await;
        assert!(!target.has("G", "alice"));
    })
    .await;
}

#[tokio::test]
async fn graph_075_what_is_only_validated_leaves_nothing() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let alice = world.caller("alice");
        let mut dry = order(world, role(), Kind::Eligibility, Action::AdminAssign, "alice", AskedEnd::Never);
        dry.only_validate = true;
        let before = world.records().await.len();
        assert_eq!(submit(world, "root", dry.clone()).await.unwrap().status, Status::Provisioned);
        assert_eq!(refusal(submit(world, "carol", dry).await), Refusal::NotAdministrator);
        assert_eq!(world.records().await.len(), before);
        assert!(own(world, &alice, Provider::DirectoryRoles, Kind::Eligibility).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn graph_079_an_activated_administrator_administers_and_an_eligible_one_does_not() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let global = EntitlementKey::DirectoryRole {
            definition: AdministratorRole::Global.template(),
            scope: DirectoryScope::Tenant,
        };
        make_eligible(world, global.clone(), "bob", AskedEnd::Never).await;
        let give = || order(world, role(), Kind::Eligibility, Action::AdminAssign, "carol", AskedEnd::Never);
        assert_eq!(refusal(submit(world, "bob", give()).await), Refusal::NotAdministrator);
        activate(world, global, "bob").await.unwrap();
        assert_eq!(submit(world, "bob", give()).await.unwrap().status, Status::Provisioned);
        let administers = world.engine().administers(world.caller("bob").actor()).await.unwrap();
        assert_eq!(administers, [AdministratorRole::Global]);
        world.advance(minutes(60)).await;
        assert!(world.engine().administers(world.caller("bob").actor()).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_window_ends_at_its_instant_and_not_within_the_second_after_it() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        make_eligible(world, role(), "alice", AskedEnd::Never).await;
        world.advance(jiff::SignedDuration::from_millis(250)).await;
        let end: Timestamp = world.now() + minutes(60) - jiff::SignedDuration::from_millis(400);
        let order = order(world, role(), Kind::Assignment, Action::SelfActivate, "alice", AskedEnd::At(end));
        submit(world, "alice", order).await.unwrap();
        let held = own(world, &world.caller("alice"), Provider::DirectoryRoles, Kind::Assignment).await;
        assert_eq!(held[0].end, Some(end));
        world.advance(end.duration_since(world.now())).await;
        assert!(own(world, &world.caller("alice"), Provider::DirectoryRoles, Kind::Assignment).await.is_empty());
    })
    .await;
}

/// Approval of activations by these, one stage after the other.
pub(crate) async fn ask_approvers(world: &World, key: EntitlementKey, stages: &[&[Approvers]]) {
    let stages = stages.iter().map(|who| StageChange {
        approver_justification_required: Some(false),
        primary: Some(who.iter().map(|who| ApproverSet::new(*who)).collect()),
        ..StageChange::default()
    });
    let change = ApprovalChange {
        required: Some(true),
        mode: Some(ApprovalMode::Serial),
        stages: Some(stages.collect()),
        ..ApprovalChange::default()
    };
    let changes = vec![(RuleId::ApprovalEndUserAssignment, RuleChange::Approval(Box::new(change)))];
    let root = world.caller("root");
    world.engine().administer(root.actor(), ChangePolicy { key, changes }).await.unwrap();
}

async fn decide(world: &World, who: &str, approval: Uuid, stage: Uuid, verdict: Verdict) -> Answer<RequestView> {
    let provider = Provider::DirectoryRoles;
    let decision = DecideStage { provider, approval, stage, verdict, justification: None };
    world.engine().decide(world.caller(who).actor(), decision).await
}

#[tokio::test]
async fn graph_088_091_092_094_095_100_approval() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        world.alias("alice2", "alice").await;
        make_eligible(world, role(), "alice", AskedEnd::Never).await;
        let named = ["alice", "alice2", "bob"].map(|name| Approvers::User(id(name)));
        ask_approvers(world, role(), &[&named]).await;
        let asked = activate(world, role(), "alice").await.unwrap();
        let approval = asked.request.id.uuid();
        assert_eq!((asked.status, asked.approval), (Status::PendingApproval, Some(approval)));
        assert!(!holds(world, "alice", USER_ADMINISTRATOR).await);
        let again = refusal(activate(world, role(), "alice").await);
        assert_eq!(again, Refusal::Schedule(ScheduleRefusal::AlreadyPending));

        // Nobody decides for himself, whichever account he uses (S1).
        let own = decide(world, "alice", approval, approval, Verdict::Approve).await;
        assert_eq!(refusal(own), Refusal::SelfApproval);
        let provider = Provider::DirectoryRoles;
        let linked = world.caller("alice").with_account("alice2");
        let decision =
            DecideStage { provider, approval, stage: approval, verdict: Verdict::Approve, justification: None };
        assert_eq!(refusal(world.engine().decide(linked.actor(), decision).await), Refusal::SelfApproval);
        let stranger = decide(world, "carol", approval, approval, Verdict::Approve).await;
        assert_eq!(refusal(stranger), Refusal::NotAdministrator);
        let unknown = decide(world, "bob", Uuid::from_u128(7), Uuid::from_u128(7), Verdict::Approve).await;
        assert_eq!(refusal(unknown), Refusal::ApprovalNotAvailable);
        let bob = world.caller("bob");
        let seen = world.engine().approval(bob.actor(), provider, approval).await.unwrap().unwrap();
        assert!(seen.stages[0].assigned_to_me && seen.stages[0].word == StageWord::InProgress);
        assert!(world.engine().approval(world.caller("carol").actor(), provider, approval).await.unwrap().is_none());
        let of_carol = world.engine().approvals(world.caller("carol").actor(), provider, Whose::ToApprove).await;
        assert!(of_carol.unwrap().is_empty());
        let of_bob = world.engine().approvals(bob.actor(), provider, Whose::ToApprove).await.unwrap();
        assert_eq!(of_bob.len(), 1);

        world.advance(minutes(10)).await;
        let granted = decide(world, "bob", approval, approval, Verdict::Approve).await.unwrap();
        assert_eq!((granted.status, granted.completed), (Status::Provisioned, Some(world.now())));
        let held = own_assignments(world, "alice").await;
        assert_eq!(held[0].end, Some(world.now() + minutes(60)));
        let twice = refusal(decide(world, "bob", approval, approval, Verdict::Reject).await);
        assert_eq!(twice, Refusal::Schedule(ScheduleRefusal::AlreadyDecided));
        world.advance(minutes(60)).await;
        assert!(own_assignments(world, "alice").await.is_empty());

        let refused = activate(world, role(), "alice").await.unwrap().request.id;
        let denied = decide(world, "bob", refused.uuid(), refused.uuid(), Verdict::Reject).await.unwrap();
        assert_eq!(denied.status, Status::Denied);
        let withdrawn = activate(world, role(), "alice").await.unwrap().request.id;
        let alice = world.caller("alice").actor().clone();
        world.engine().cancel(&alice, Cancel { request: withdrawn, provider }).await.unwrap();
        let late = refusal(decide(world, "bob", withdrawn.uuid(), withdrawn.uuid(), Verdict::Approve).await);
        assert_eq!(late, Refusal::Schedule(ScheduleRefusal::AlreadyDecided));
    })
    .await;
}

async fn own_assignments(world: &World, of: &str) -> Vec<ScheduleView> {
    own(world, &world.caller(of), Provider::DirectoryRoles, Kind::Assignment).await
}

#[tokio::test]
async fn graph_096_098_099_102_stages_time_and_those_who_stand_in() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        make_eligible(world, role(), "alice", AskedEnd::Never).await;
        ask_approvers(world, role(), &[&[Approvers::User(id("bob"))], &[Approvers::User(id("carol"))]]).await;
        let asked = activate(world, role(), "alice").await.unwrap();
        let approval = asked.request.id.uuid();
        let second = asked.details.stages[1].id.uuid();
        let early = refusal(decide(world, "carol", approval, second, Verdict::Approve).await);
        assert_eq!(early, Refusal::Schedule(ScheduleRefusal::StageNotOpen));
        let half = decide(world, "bob", approval, approval, Verdict::Approve).await.unwrap();
        assert_eq!(half.status, Status::PendingApproval);
        // Each stage has its own day.
        world.advance(minutes(23 * 60)).await;
        let granted = decide(world, "carol", approval, second, Verdict::Approve).await.unwrap();
        assert_eq!(granted.status, Status::Provisioned);
        world.advance(minutes(60)).await;

        // Nobody is named: those who administer roles decide, and a later start is kept.
        ask_approvers(world, role(), &[&[]]).await;
        let start = world.now() + minutes(120);
        let mut later = order(world, role(), Kind::Assignment, Action::SelfActivate, "alice", HOUR);
        later.asked.start = Some(start);
        let asked = submit(world, "alice", later).await.unwrap().request.id.uuid();
        let not_named = refusal(decide(world, "bob", asked, asked, Verdict::Approve).await);
        assert_eq!(not_named, Refusal::NotAdministrator);
        let granted = decide(world, "root", asked, asked, Verdict::Approve).await.unwrap();
        assert_eq!((granted.status, granted.completed), (Status::Granted, Some(start)));
        world.advance(minutes(120)).await;
        assert!(holds(world, "alice", USER_ADMINISTRATOR).await);
        world.advance(minutes(60)).await;

        let asked = activate(world, role(), "alice").await.unwrap().request.id;
        world.advance(minutes(24 * 60)).await;
        let provider = Provider::DirectoryRoles;
        let alice = world.caller("alice");
        let view = world.engine().order(alice.actor(), provider, asked).await.unwrap().unwrap();
        assert_eq!(view.status, Status::TimedOut);
        let late = refusal(decide(world, "root", asked.uuid(), asked.uuid(), Verdict::Approve).await);
        assert_eq!(late, Refusal::Schedule(ScheduleRefusal::AlreadyDecided));
        assert!(world.events_of(asked).await.contains(&Transition::T12.event().id));
    })
    .await;
}

#[tokio::test]
async fn an_approved_request_whose_eligibility_is_gone_gives_nothing() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        make_eligible(world, role(), "alice", AskedEnd::Never).await;
        ask_approvers(world, role(), &[&[Approvers::User(id("bob"))]]).await;
        let asked = activate(world, role(), "alice").await.unwrap().request.id;
        let away = order(world, role(), Kind::Eligibility, Action::AdminRemove, "alice", AskedEnd::Unsaid);
        submit(world, "root", away).await.unwrap();
        let late = refusal(decide(world, "bob", asked.uuid(), asked.uuid(), Verdict::Approve).await);
        assert_eq!(late, Refusal::Schedule(ScheduleRefusal::AlreadyDecided));
        let alice = world.caller("alice");
        let view = world.engine().order(alice.actor(), Provider::DirectoryRoles, asked).await.unwrap().unwrap();
        assert_eq!(view.status, Status::Failed);
        assert!(!holds(world, "alice", USER_ADMINISTRATOR).await);
    })
    .await;
}
