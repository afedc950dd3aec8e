//! S1, F13: whoever could speak for somebody decides nothing in his name, and becomes no administrator by him.

use ephor_domain::Refusal;
use ephor_domain::administration::AdministratorRole;
use ephor_domain::directory::GroupFacts;
use ephor_domain::entitlement::{Access, EntitlementKey};
use ephor_domain::id::{EntitlementId, GroupId, PrincipalId};
use ephor_domain::policy::{Kind, Presence};
use ephor_domain::principal::{Principal, PrincipalKind, Proof};
use ephor_domain::provider::{Asked, AskedEnd, Said};
use ephor_domain::request::{Action, Channel};
use ephor_domain::time::Ttl;
use ephor_engine::admin::administrator::Appoint;
use ephor_engine::admin::configuration::SetConfiguration;
use ephor_engine::admin::credential::SetPassword;
use ephor_engine::admin::role::{AddMember, Member, SetRole};
use ephor_engine::admin::user::SetUser;
use ephor_engine::directory::{AssignRole, PutMember};
use ephor_engine::schedule::NewOrder;
use ephor_store::tx::factor::Factor;
use ephor_testkit::world::{Caller, Options, Role, World, for_both_stores, id, minutes};
use uuid::Uuid;

use crate::scene::{refusal, seed};

const HASH: &str = "$argon2id$";

/// jen may administer PAM.
async fn with_jen_as_administrator(world: &World) -> (Caller, Caller) {
    seed(world).await;
    let (jen, root) = (world.caller("jen"), world.caller("root"));
    let appoint = Appoint { principal: id("jen"), role: AdministratorRole::Pam };
    world.engine().administer(root.actor(), appoint).await.unwrap();
    (jen, root)
}

async fn set_password(world: &World, by: &Caller, of: &str) {
    let order = SetPassword { principal: id(of), hash: HASH.to_owned() };
    world.engine().administer(by.actor(), order).await.unwrap();
}

#[tokio::test]
async fn f13_whoever_gave_another_account_of_the_approver_a_way_in_speaks_for_him() {
    for_both_stores(&Options::default(), async |world| {
        let (jen, root) = with_jen_as_administrator(world).await;
        world.alias("pat2", "pat").await;
        set_password(world, &jen, "pat2").await;
        let asked = jen.ask("R1", 600).await.unwrap();
        assert_eq!(world.caller("pat").to_approve().await.unwrap().len(), 0);
        assert_eq!(refusal(world.caller("pat").approve(&asked).await), Refusal::ApprovalNotAvailable);
        // Nor does she open the way by which the other account acts as this one.
        let acting = SetConfiguration { corp_may_act: Some(true), ..SetConfiguration::default() };
        assert_eq!(refusal(world.engine().administer(jen.actor(), acting.clone()).await), Refusal::NotAdministrator);
        let key = root.clone().with_proof(Proof::AgedApiToken);
        assert_eq!(refusal(world.engine().administer(key.actor(), acting.clone()).await), Refusal::PersonRequired);
        world.engine().administer(root.actor(), acting).await.unwrap();
        set_password(world, &root, "pat2").await;
        assert_eq!(world.caller("pat").to_approve().await.unwrap().len(), 1);
        world.caller("pat").approve(&asked).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn f13_a_second_factor_of_any_account_is_asked_for() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        world.alias("pat2", "pat").await;
        factor(world, "pat2").await;
        let asked = world.caller("jen").ask("R1", 600).await.unwrap();
        let password = world.caller("pat").with_proof(Proof::Password);
        assert_eq!(refusal(password.approve(&asked).await), Refusal::PersonRequired);
    })
    .await;
}

#[tokio::test]
async fn f13_other_names_are_another_way_in() {
    for_both_stores(&Options::default(), async |world| {
        let (jen, root) = with_jen_as_administrator(world).await;
        let named = |name: &str| SetUser { priv_account: Some(name.to_owned()), ..SetUser::default() };
        let asked = jen.ask("R1", 600).await.unwrap();
        let key = jen.clone().with_proof(Proof::AgedApiToken);
        let answer = world.engine().set_user(key.actor(), id("pat"), named("jen-lab")).await;
        assert_eq!(refusal(answer), Refusal::PersonRequired);
        assert_eq!(world.caller("pat").to_approve().await.unwrap().len(), 1);

        world.engine().set_user(jen.actor(), id("pat"), named("jen-lab")).await.unwrap();
        assert_eq!(refusal(world.caller("pat").approve(&asked).await), Refusal::ApprovalNotAvailable);
        // Back again does not make it undone.
        world.engine().set_user(jen.actor(), id("pat"), named("pat")).await.unwrap();
        assert_eq!(world.caller("pat").to_approve().await.unwrap().len(), 0);
        assert_eq!(refusal(world.caller("pat").approve(&asked).await), Refusal::ApprovalNotAvailable);
        // Another description is no other name.
        let described = SetUser { priv_description: Some(Some("text".to_owned())), ..SetUser::default() };
        world.engine().set_user(jen.actor(), id("sam"), described).await.unwrap();
        assert_eq!(world.caller("sam").to_approve().await.unwrap().len(), 1);
        // Somebody else says whose the names are.
        world.advance(minutes(1)).await;
        world.engine().set_user(root.actor(), id("pat"), named("pat")).await.unwrap();
        world.caller("pat").approve(&asked).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn f13_a_link_replaces_nothing_until_it_is_used_and_a_factor_outlives_the_password() {
    for_both_stores(&Options::default(), async |world| {
        let (jen, root) = with_jen_as_administrator(world).await;
        set_password(world, &jen, "pat").await;
        let asked = jen.ask("R1", 600).await.unwrap();
        world.advance(minutes(1)).await;
        // While the link lies there, her password still opens the account.
        let (link, _) = world.engine().issue_enrolment(root.actor(), id("pat"), minutes(60)).await.unwrap();
        assert_eq!(world.caller("pat").to_approve().await.unwrap().len(), 0);
        assert_eq!(refusal(world.caller("pat").approve(&asked).await), Refusal::ApprovalNotAvailable);
        world.engine().redeem_enrolment(&link, HASH.to_owned()).await.unwrap();
        assert_eq!(world.caller("pat").to_approve().await.unwrap().len(), 1);

        // A key that she may have enrolled opens it after every new password.
        set_password(world, &jen, "sam").await;
        factor(world, "sam").await;
        world.advance(minutes(1)).await;
        set_password(world, &root, "sam").await;
        assert_eq!(refusal(world.caller("sam").approve(&asked).await), Refusal::ApprovalNotAvailable);
        world.caller("pat").approve(&asked).await.unwrap();
    })
    .await;
}

async fn factor(world: &World, of: &str) {
    let factor = Factor {
        id: Uuid::from_u128(7),
        principal: id(of),
        kind: "totp".to_owned(),
        label: "telephone".to_owned(),
        secret: vec![1],
        counter: 0,
        created: world.now(),
        used: None,
        disabled: None,
    };
    let insert = world.store().transact(move |tx| {
        let factor = factor.clone();
        Box::pin(async move { tx.insert_factor(&factor).await })
    });
    insert.await.unwrap();
}

/// A group of the built-in directory that directory roles can be given to.
async fn assignable_group(world: &World, name: &str) {
    world.group(name, ephor_testkit::world::BUILT_IN).await;
    let (group, holder): (GroupId, PrincipalId) = (id(name), id(name));
    let principal = Principal {
        id: holder,
        kind: PrincipalKind::Group,
        person: id(name),
        domain: "group".to_owned(),
        account: holder.to_string(),
        display_name: name.to_owned(),
        upn: None,
        enabled: true,
    };
    let facts = GroupFacts { role_assignable: true, security_enabled: true, ..GroupFacts::default() };
    let insert = world.store().transact(move |tx| {
        let (principal, facts) = (principal.clone(), facts.clone());
        Box::pin(async move {
            tx.insert_principal(&principal).await?;
            tx.put_directory_group(group, &facts).await
        })
    });
    insert.await.unwrap();
}

#[tokio::test]
async fn s1_no_pam_role_gives_a_directory_role_but_by_those_who_give_them() {
    for_both_stores(&Options::default(), async |world| {
        let (jen, root) = with_jen_as_administrator(world).await;
        assignable_group(world, "admins").await;
        let order = |member| AddMember { role: id::<_>("R0"), member };
        let privilege = order(Member::Privilege(id("admins")));
        assert_eq!(refusal(world.engine().administer(jen.actor(), privilege.clone()).await), Refusal::NotAdministrator);
        world.engine().administer(root.actor(), privilege).await.unwrap();
        // Who asks, who decides and what is asked is theirs to say from then on.
        for member in [Member::Candidate(id("ada")), Member::Approver(id("ada"))] {
            assert_eq!(refusal(world.engine().administer(jen.actor(), order(member)).await), Refusal::NotAdministrator);
        }
        let role: EntitlementId = id("R0");
        let weaker = SetRole { ttl: Some(7200), ..SetRole::of(role) };
        assert_eq!(refusal(world.engine().administer(jen.actor(), weaker.clone()).await), Refusal::NotAdministrator);
        world.engine().administer(root.actor(), weaker).await.unwrap();
        world.role(Role::new("plain").gives(&["G0"])).await;
        let plain = AddMember { role: id("plain"), member: Member::Candidate(id("ada")) };
        world.engine().administer(jen.actor(), plain).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn s1_whoever_comes_to_hold_a_role_by_a_group_keeps_nothing_that_a_lesser_one_gave() {
    for_both_stores(&Options::default(), async |world| {
        let (jen, root) = with_jen_as_administrator(world).await;
        assignable_group(world, "admins").await;
        let has_password = async |name: &str| {
            let account: PrincipalId = id(name);
            world.store().read(move |tx| Box::pin(tx.credential(account))).await.unwrap().is_some()
        };
        let member = |name: &str| PutMember { group: id("admins"), principal: id(name), access: Access::Member };
        let role = AssignRole { principal: id("admins"), definition: AdministratorRole::Global.template() };
        set_password(world, &jen, "pat").await;
        set_password(world, &jen, "sam").await;

        let key = root.clone().with_proof(Proof::AgedApiToken);
        assert_eq!(refusal(world.engine().administer(key.actor(), member("pat")).await), Refusal::PersonRequired);
        assert_eq!(refusal(world.engine().administer(key.actor(), role).await), Refusal::PersonRequired);
        // One who is in it before the role is given, and one who comes after.
        world.engine().administer(root.actor(), member("pat")).await.unwrap();
        assert!(!has_password("pat").await);
        set_password(world, &root, "pat").await;
        world.engine().administer(root.actor(), role).await.unwrap();
        assert!(has_password("pat").await);
        assert!(has_password("sam").await);
        world.engine().administer(root.actor(), member("sam")).await.unwrap();
        assert!(!has_password("sam").await);
    })
    .await;
}

#[tokio::test]
async fn s1_whoever_may_come_into_a_group_of_roles_is_an_administrators_to_let_in() {
    for_both_stores(&Options::default(), async |world| {
        let (jen, root) = with_jen_as_administrator(world).await;
        assignable_group(world, "admins").await;
        set_password(world, &jen, "pat").await;
        let order = NewOrder {
            key: EntitlementKey::Group { group: id("admins"), access: Access::Member },
            kind: Kind::Eligibility,
            action: Action::AdminAssign,
            principal: id("pat"),
            asked: Asked { start: None, end: AskedEnd::After(Ttl::hours(1)) },
            said: Said { justification: Some("on call".to_owned()), scheduled: true, ..Said::default() },
            target: None,
            name: None,
            channel: Channel::Graph,
            presence: Presence::default(),
            only_validate: false,
        };
        world.engine().submit(root.actor(), order).await.unwrap();
        let again = SetPassword { principal: id("pat"), hash: HASH.to_owned() };
        assert_eq!(refusal(world.engine().administer(jen.actor(), again).await), Refusal::NotAdministrator);
        set_password(world, &jen, "sam").await;
    })
    .await;
}

#[tokio::test]
async fn s1_whoever_was_given_other_names_is_held_back_at_his_appointment_once() {
    for_both_stores(&Options::default(), async |world| {
        let (jen, root) = with_jen_as_administrator(world).await;
        let named = |name: &str| SetUser { priv_account: Some(name.to_owned()), ..SetUser::default() };
        let is_held = async |name: &str| {
            let account: PrincipalId = id(name);
            let credential = world.store().read(move |tx| Box::pin(tx.credential(account))).await.unwrap();
            credential.is_some_and(|credential| credential.is_held())
        };
        let appoint = async |name: &str, role| {
            let order = Appoint { principal: id(name), role };
            world.engine().administer(root.actor(), order).await.unwrap();
        };
        // jen has an account of that name in the domain that checks passwords; she says it as it is, to be sure.
        world.engine().set_user(jen.actor(), id("pat"), named("jen-lab")).await.unwrap();
        world.engine().set_user(jen.actor(), id("pat"), named("jen-lab")).await.unwrap();
        appoint("pat", AdministratorRole::Auditor).await;
        assert!(is_held("pat").await);
        // Those who appoint let him in again, and another role is no other name.
        set_password(world, &root, "pat").await;
        appoint("pat", AdministratorRole::Target).await;
        assert!(!is_held("pat").await);

        // Named by those who appoint, or by nobody since he is there.
        world.engine().set_user(jen.actor(), id("sam"), named("jen-lab2")).await.unwrap();
        world.engine().set_user(root.actor(), id("sam"), named("sam")).await.unwrap();
        for name in ["sam", "ada"] {
            appoint(name, AdministratorRole::Auditor).await;
            assert!(!is_held(name).await, "{name}");
        }
    })
    .await;
}
