//! Groups that lead to directory roles are not for the administrators of PAM to do away with, and no way of asking touches
//! what was asked for by another.

use std::sync::Arc;

use ephor_domain::{
    Refusal,
    administration::AdministratorRole,
    approval::Verdict,
    entitlement::{Access, EntitlementKey},
    grant::EndCause,
    id::{ApprovalId, GroupId, PrincipalId},
    policy::{Kind, approval_rule::Approvers},
    principal::{Actor, Delegation},
    provider::{AskedEnd, Provider},
    request::Action,
    scope::DirectoryScope,
    time::Ttl,
};
use ephor_engine::{
    admin::{
        administrator::Appoint,
        group::{RemoveGroup, SetGroup},
        request::{CancelAll, CancelRequest, EndGrant, GetRequest},
        user::RemoveUser,
    },
    directory::{AssignRole, ChangeGroup, CreateGroup, DeleteGroup, PutMember, RemoveMember, UnassignRole},
    schedule::{Lines, ListSchedules, Whose},
};
use ephor_testkit::world::{Caller, Options, World, for_both_stores, id, minutes};

use crate::{
    scene::refusal,
    schedule::{
        USER_ADMINISTRATOR, activate, ask_approvers, holds, make_eligible, member, order, own, role, seed, submit,
    },
};

const MONTH: AskedEnd = AskedEnd::After(Ttl::days(30));

/// bob administers PAM.
async fn with_bob_as_administrator(world: &World) -> (Caller, Caller) {
    seed(world).await;
    let (bob, root) = (world.caller("bob"), world.caller("root"));
    let appoint = Appoint { principal: id("bob"), role: AdministratorRole::Pam };
    world.engine().administer(root.actor(), appoint).await.unwrap();
    (bob, root)
}

fn new_group(name: &str, role_assignable: bool, members: &[PrincipalId]) -> CreateGroup {
    CreateGroup {
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
    }
}

async fn group(world: &World, name: &str, role_assignable: bool, members: &[PrincipalId]) -> GroupId {
    let made = new_group(name, role_assignable, members);
    world.engine().administer(world.caller("root").actor(), made).await.unwrap().group.id
}

async fn eligible(world: &World, group: GroupId, key: EntitlementKey) {
    let mut wanted = order(world, key, Kind::Eligibility, Action::AdminAssign, "root", MONTH);
    wanted.principal = PrincipalId::new(group.uuid());
    submit(world, "root", wanted).await.unwrap();
}

#[tokio::test]
async fn s1_a_group_of_directory_roles_is_removed_by_those_who_give_them_and_whole() {
    for_both_stores(&Options::default(), async |world| {
        let (bob, root) = with_bob_as_administrator(world).await;
        let tier = group(world, "tier", true, &[id("alice")]).await;
        let holder = PrincipalId::new(tier.uuid());
        let definition = AdministratorRole::Global.template();
        eligible(world, tier, role()).await;
        activate(world, role(), "alice").await.unwrap();
        let remove = RemoveGroup { group: tier };
        let renamed = SetGroup { display_name: Some("other".to_owned()), ..SetGroup::of(tier) };
        let switched_off = SetGroup { active: Some(false), ..SetGroup::of(tier) };
        assert_eq!(refusal(world.engine().administer(bob.actor(), remove.clone()).await), Refusal::NotAdministrator);
        for change in [renamed.clone(), switched_off] {
            assert_eq!(refusal(world.engine().administer(bob.actor(), change).await), Refusal::NotAdministrator);
        }
        world.engine().administer(root.actor(), renamed).await.unwrap();

        // While it holds a role for good, it stays, whoever asks and at whichever face.
        world.engine().administer(root.actor(), AssignRole { principal: holder, definition }).await.unwrap();
        assert_eq!(refusal(world.engine().administer(bob.actor(), remove.clone()).await), Refusal::NotAdministrator);
        let by = "an assignment of a directory role";
        let in_use = Refusal::InUse { what: "the group", by };
        assert_eq!(refusal(world.engine().administer(root.actor(), remove.clone()).await), in_use);
        assert_eq!(refusal(world.engine().administer(root.actor(), DeleteGroup { id: tier }).await), in_use);
        assert!(holds(world, "alice", USER_ADMINISTRATOR).await);
        let unassign = UnassignRole { principal: holder, definition, scope: DirectoryScope::Tenant };
        world.engine().administer(root.actor(), unassign).await.unwrap();

        // Then it goes with what it was eligible for, and with what rested on that.
        world.engine().administer(root.actor(), remove).await.unwrap();
        assert!(!holds(world, "alice", USER_ADMINISTRATOR).await);
        let alice = world.caller("alice");
        for kind in [Kind::Eligibility, Kind::Assignment] {
            assert!(own(world, &alice, Provider::DirectoryRoles, kind).await.is_empty(), "{kind:?}");
        }
        let gone = world.store().read(move |tx| Box::pin(tx.principal(holder))).await.unwrap();
        assert_eq!(gone, None);
    })
    .await;
}

#[tokio::test]
async fn s1_an_ordinary_group_and_a_user_are_removed_with_all_that_they_were_eligible_for() {
    for_both_stores(&Options::default(), async |world| {
        let (bob, _) = with_bob_as_administrator(world).await;
        let target = world.target("ldap");
        let team = group(world, "team", false, &[id("alice")]).await;
        eligible(world, team, member("G")).await;
        activate(world, member("G"), "alice").await.unwrap();
        assert!(target.has("G", "alice"));
        world.engine().administer(bob.actor(), RemoveGroup { group: team }).await.unwrap();
        world.advance(minutes(1)).await;
        assert!(!target.has("G", "alice"));

        make_eligible(world, member("G"), "carol", MONTH).await;
        world.engine().administer(bob.actor(), RemoveUser { user: id("carol") }).await.unwrap();
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
    })
    .await;
}

#[tokio::test]
async fn what_was_asked_for_by_other_rules_is_none_of_pams_requests() {
    for_both_stores(&Options::default(), async |world| {
        let (bob, root) = with_bob_as_administrator(world).await;
        world.people(&["dave"]).await;
        let (alice, engine) = (world.caller("alice"), world.engine());
        make_eligible(world, role(), "alice", AskedEnd::Never).await;
        let held = activate(world, role(), "alice").await.unwrap();
        let request = held.request.id;
        // Five minutes hold by the rules by which she asked, and PAM knows no way around them.
        let up = order(world, role(), Kind::Assignment, Action::SelfDeactivate, "alice", AskedEnd::Unsaid);
        assert!(matches!(refusal(submit(world, "alice", up).await), Refusal::Schedule(_)));
        assert_eq!(refusal(alice.close(request).await), Refusal::RequestNotAvailable);
        let unknown = Refusal::NotFound { what: "request" };
        assert_eq!(refusal(engine.administer(bob.actor(), CancelRequest { request }).await), unknown);
        assert_eq!(refusal(engine.consult(bob.actor(), GetRequest { request }).await), unknown);
        for all in [CancelAll { user: Some(id("alice")), role: None }, CancelAll { user: None, role: None }] {
            assert_eq!(engine.administer(bob.actor(), all).await.unwrap(), 0);
        }
        assert!(holds(world, "alice", USER_ADMINISTRATOR).await);

        // Nor is a decision on it one of PAM's, though bob may take it.
        ask_approvers(world, member("G"), &[&[Approvers::User(id("dave"))]]).await;
        make_eligible(world, member("G"), "carol", MONTH).await;
        let asked = activate(world, member("G"), "carol").await.unwrap();
        let approval = ApprovalId::new(asked.request.id.uuid());
        let decided = world.caller("dave").decide(approval, Verdict::Approve).await;
        assert_eq!(refusal(decided), Refusal::ApprovalNotAvailable);
        assert_eq!(refusal(world.caller("carol").close(asked.request.id).await), Refusal::RequestNotAvailable);

        // The emergency ends everything, on record as what it is.
        let grant = held.grant.as_ref().map(|grant| grant.id).expect("in force");
        engine.administer(root.actor(), EndGrant { grant, reason: None }).await.unwrap();
        assert!(!holds(world, "alice", USER_ADMINISTRATOR).await);
        let story = world.story(request).await;
        let word = EndCause::Administrator.word();
        assert!(story.iter().any(|record| record.reason.as_deref() == Some(word)), "{story:?}");
    })
    .await;
}

/// root, by a program that he let do so much.
fn by_program(world: &World, scopes: &[&str]) -> Actor {
    let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    let delegation = Delegation::Scopes(Arc::new(scopes));
    Actor { delegation, ..world.caller("root").actor().clone() }
}

#[tokio::test]
async fn graph_152_groups_that_can_be_given_roles_ask_a_program_for_a_scope_of_roles() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let engine = world.engine();
        let tier = group(world, "tier", true, &[id("alice")]).await;
        let team = group(world, "team", false, &[id("alice")]).await;
        let rename = |group| ChangeGroup {
            id: group,
            name: Some("other".to_owned()),
            nickname: None,
            description: None,
            members: vec![id("carol")],
            owners: Vec::new(),
        };
        let put = |group| PutMember { group, principal: id("bob"), access: Access::Member };
        let own = |group| PutMember { group, principal: id("bob"), access: Access::Owner };
        let remove = |group| RemoveMember { group, principal: id("alice"), access: Access::Member };
        let groups =
            by_program(world, &["Group.ReadWrite.All", "GroupMember.ReadWrite.All", "Directory.ReadWrite.All"]);
        let roles = by_program(world, &["RoleManagement.ReadWrite.Directory"]);
        for (actor, open, shut, makes) in [(&groups, team, tier, false), (&roles, tier, team, true)] {
            assert_eq!(refusal(engine.administer(actor, put(shut)).await), Refusal::NotAdministrator);
            assert_eq!(refusal(engine.administer(actor, own(shut)).await), Refusal::NotAdministrator);
            assert_eq!(refusal(engine.administer(actor, remove(shut)).await), Refusal::NotAdministrator);
            assert_eq!(refusal(engine.administer(actor, rename(shut)).await), Refusal::NotAdministrator);
            assert_eq!(refusal(engine.administer(actor, DeleteGroup { id: shut }).await), Refusal::NotAdministrator);
            let made = new_group("made", !makes, &[]);
            assert_eq!(refusal(engine.administer(actor, made).await), Refusal::NotAdministrator);
            engine.administer(actor, put(open)).await.unwrap();
            engine.administer(actor, own(open)).await.unwrap();
            engine.administer(actor, remove(open)).await.unwrap();
            engine.administer(actor, rename(open)).await.unwrap();
            engine.administer(actor, new_group("made", makes, &[])).await.unwrap();
        }
        engine.administer(&groups, DeleteGroup { id: team }).await.unwrap();
        engine.administer(&roles, DeleteGroup { id: tier }).await.unwrap();
    })
    .await;
}
