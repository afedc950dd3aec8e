//! Eligibilities that people have through groups, and approvers that are named by groups: what comes with a membership goes
//! with it, and nobody is made an approver by whoever asks.

use ephor_audit::events;
use ephor_domain::{
    Refusal,
    approval::Verdict,
    entitlement::{Access, EntitlementKey},
    id::{GroupId, PrincipalId},
    policy::{Kind, approval_rule::Approvers},
    provider::{AskedEnd, Provider},
    request::Action,
    time::Ttl,
};
use ephor_engine::{
    Answer,
    directory::{CreateGroup, DeleteGroup, PutMember, RemoveMember},
    schedule::{DecideStage, Lines, ListSchedules, RequestView, Whose},
};
use ephor_testkit::world::{Options, World, for_both_stores, id, minutes};

use crate::{
    scene::refusal,
    schedule::{
        USER_ADMINISTRATOR, activate, ask_approvers, holds, make_eligible, member, order, own, role, seed, submit,
    },
};

const MONTH: AskedEnd = AskedEnd::After(Ttl::days(30));

/// A group of the directory; roles can be given to it or not.
pub(crate) async fn group(world: &World, name: &str, role_assignable: bool, members: &[PrincipalId]) -> GroupId {
    let made = CreateGroup {
        name: name.to_owned(),
        nickname: name.to_owned(),
        description: None,
        role_assignable,
        mail_enabled: false,
        security_enabled: true,
        unified: false,
        rule: None,
        members: members.to_vec(),
        owners: Vec::new(),
    };
    world.engine().administer(world.caller("root").actor(), made).await.unwrap().group.id
}

fn as_holder(group: GroupId) -> PrincipalId {
    PrincipalId::new(group.uuid())
}

async fn eligible(world: &World, group: GroupId, key: EntitlementKey) {
    let mut wanted = order(world, key, Kind::Eligibility, Action::AdminAssign, "root", MONTH);
    wanted.principal = as_holder(group);
    submit(world, "root", wanted).await.unwrap();
}

async fn put(world: &World, by: &str, group: GroupId, principal: PrincipalId) -> Answer<()> {
    let put = PutMember { group, principal, access: Access::Member };
    world.engine().administer(world.caller(by).actor(), put).await
}

async fn remove(world: &World, group: GroupId, principal: PrincipalId) {
    let remove = RemoveMember { group, principal, access: Access::Member };
    world.engine().administer(world.caller("root").actor(), remove).await.unwrap();
}

#[tokio::test]
async fn whoever_leaves_a_group_loses_what_rested_on_its_eligibility() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let admins = group(world, "admins", true, &[id("alice"), id("bob")]).await;
        eligible(world, admins, role()).await;
        let held = activate(world, role(), "alice").await.unwrap();
        activate(world, role(), "bob").await.unwrap();
        // carol is eligible herself, and stays so.
        make_eligible(world, role(), "carol", AskedEnd::Never).await;
        put(world, "root", admins, id("carol")).await.unwrap();
        activate(world, role(), "carol").await.unwrap();

        remove(world, admins, id("alice")).await;
        remove(world, admins, id("carol")).await;
        assert!(!holds(world, "alice", USER_ADMINISTRATOR).await);
        assert!(holds(world, "bob", USER_ADMINISTRATOR).await);
        assert!(holds(world, "carol", USER_ADMINISTRATOR).await);
        let story = world.story(held.request.id).await;
        let ended = story.iter().find(|record| record.reason.as_deref() == Some("eligibility_lost"));
        assert!(ended.is_some(), "{story:?}");
    })
    .await;
}

#[tokio::test]
async fn a_group_that_leaves_another_takes_everybody_along_and_so_does_one_that_is_deleted() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let target = world.target("ldap");
        let inner = group(world, "inner", false, &[id("alice"), id("bob")]).await;
        let outer = group(world, "outer", false, &[as_holder(inner), id("bob")]).await;
        eligible(world, outer, member("G")).await;
        activate(world, member("G"), "alice").await.unwrap();
        activate(world, member("G"), "bob").await.unwrap();
        assert!(target.has("G", "alice") && target.has("G", "bob"));
        remove(world, outer, as_holder(inner)).await;
        world.advance(minutes(1)).await;
        // bob is in the outer group by himself as well.
        assert!(!target.has("G", "alice") && target.has("G", "bob"));

        put(world, "root", outer, as_holder(inner)).await.unwrap();
        activate(world, member("G"), "alice").await.unwrap();
        assert!(target.has("G", "alice"));
        world.engine().administer(world.caller("root").actor(), DeleteGroup { id: inner }).await.unwrap();
        world.advance(minutes(1)).await;
        assert!(!target.has("G", "alice") && target.has("G", "bob"));
    })
    .await;
}

#[tokio::test]
async fn what_is_had_through_an_activated_membership_ends_with_it() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let admins = group(world, "admins", true, &[]).await;
        eligible(world, admins, role()).await;
        let way = || EntitlementKey::Group { group: admins, access: Access::Member };
        make_eligible(world, way(), "alice", MONTH).await;
        activate(world, way(), "alice").await.unwrap();
        world.advance(minutes(20)).await;
        // For an hour, but the membership has forty minutes left.
        activate(world, role(), "alice").await.unwrap();
        let alice = world.caller("alice");
        let held = own(world, &alice, Provider::DirectoryRoles, Kind::Assignment).await;
        assert_eq!(held[0].end, Some(world.now() + minutes(40)));
        world.pass_unnoticed(minutes(40));
        assert!(!holds(world, "alice", USER_ADMINISTRATOR).await);
        world.advance(minutes(1)).await;

        // Given up early it takes along what rests on it.
        activate(world, way(), "alice").await.unwrap();
        activate(world, role(), "alice").await.unwrap();
        world.advance(minutes(5)).await;
        let up = order(world, way(), Kind::Assignment, Action::SelfDeactivate, "alice", AskedEnd::Unsaid);
        submit(world, "alice", up).await.unwrap();
        assert!(!holds(world, "alice", USER_ADMINISTRATOR).await);
        assert!(own(world, &alice, Provider::DirectoryRoles, Kind::Assignment).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn eligibilities_of_a_deleted_group_and_for_it_are_over_and_on_record() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let gone = group(world, "gone", false, &[id("alice")]).await;
        eligible(world, gone, member("G")).await;
        let way = EntitlementKey::Group { group: gone, access: Access::Member };
        make_eligible(world, way, "bob", MONTH).await;
        activate(world, member("G"), "alice").await.unwrap();
        let before = world.records().await.len();
        world.engine().administer(world.caller("root").actor(), DeleteGroup { id: gone }).await.unwrap();
        let root = world.caller("root");
        let list = ListSchedules {
            provider: Provider::Groups,
            kind: Kind::Eligibility,
            which: Lines::All,
            whose: Whose::Visible,
            after: None,
            limit: 100,
        };
        let left = world.engine().schedules(root.actor(), list).await.unwrap().rows;
        assert!(left.is_empty(), "{left:?}");
        let records = world.records().await;
        let removed = records[before..].iter().filter(|record| record.event == events::ELIGIBILITY_REMOVED.id).count();
        assert_eq!(removed, 2);
        world.advance(minutes(1)).await;
        assert!(!world.target("ldap").has("G", "alice"));
    })
    .await;
}

async fn approve(world: &World, who: &str, asked: &RequestView) -> Answer<RequestView> {
    let approval = asked.request.id.uuid();
    let decision = DecideStage {
        provider: Provider::DirectoryRoles,
        approval,
        stage: approval,
        verdict: Verdict::Approve,
        justification: None,
    };
    world.engine().decide(world.caller(who).actor(), decision).await
}

#[tokio::test]
async fn f13_whom_the_requester_puts_into_the_approvers_after_asking_does_not_decide() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        world.people(&["dave"]).await;
        let deciders = group(world, "deciders", false, &[id("dave")]).await;
        // alice owns the group of those who decide about her.
        let owner = PutMember { group: deciders, principal: id("alice"), access: Access::Owner };
        world.engine().administer(world.caller("root").actor(), owner).await.unwrap();
        make_eligible(world, role(), "alice", AskedEnd::Never).await;
        ask_approvers(world, role(), &[&[Approvers::Group(deciders)]]).await;

        let asked = activate(world, role(), "alice").await.unwrap();
        put(world, "alice", deciders, id("bob")).await.unwrap();
        assert_eq!(refusal(approve(world, "bob", &asked).await), Refusal::NotAdministrator);
        // Nor by way of an assignment that she orders, or a group of her own.
        let way = EntitlementKey::Group { group: deciders, access: Access::Member };
        let give = order(world, way, Kind::Assignment, Action::AdminAssign, "carol", AskedEnd::After(Ttl::hours(8)));
        submit(world, "alice", give).await.unwrap();
        assert_eq!(refusal(approve(world, "carol", &asked).await), Refusal::NotAdministrator);
        let bob = world.caller("bob");
        let shown = world.engine().approvals(bob.actor(), Provider::DirectoryRoles, Whose::ToApprove).await.unwrap();
        assert!(shown.is_empty());
        // Whoever was there before decides, and so does whom somebody else put there.
        approve(world, "dave", &asked).await.unwrap();
        world.advance(minutes(60)).await;

        // Next time bob was there before the asking.
        let asked = activate(world, role(), "alice").await.unwrap();
        approve(world, "bob", &asked).await.unwrap();
    })
    .await;
}
