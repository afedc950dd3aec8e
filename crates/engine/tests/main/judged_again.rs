//! What is judged again when it is approved or put off (S3, F14), and what administering takes (S4).

use ephor_domain::{
    Refusal,
    administration::AdministratorRole,
    approval::Verdict,
    entitlement::{Access, EntitlementKey},
    id::PrincipalId,
    policy::{Kind, RuleChange, RuleId, approval_rule::Approvers},
    principal::{Actor, Proof},
    provider::{AskedEnd, Provider, ScheduleRefusal},
    request::Action,
    scope::DirectoryScope,
    time::{SpelledTtl, Ttl},
};
use ephor_engine::{
    Answer,
    admin::{
        administrator::{Appoint, Dismiss},
        credential::SetPassword,
        person::{Link, Unlink},
    },
    directory::{AssignRole, ChangeUser, DeleteGroup, PutMember, UserPatch},
    policy::ChangePolicy,
    resource::ElevateAccess,
    schedule::{DecideStage, RequestView},
};
use ephor_store::tx::factor::Factor;
use ephor_testkit::world::{Caller, Options, Role, World, for_both_stores, id, minutes};
use uuid::Uuid;

use crate::{
    scene::refusal,
    schedule::{
        HOUR, USER_ADMINISTRATOR, activate, ask_approvers, holds, make_eligible, order, own, role, seed, submit,
    },
    through_group::group,
};

async fn decide(world: &World, by: &Caller, asked: &RequestView) -> Answer<RequestView> {
    let approval = asked.request.id.uuid();
    let provider = asked.request.provider;
    let decision = DecideStage { provider, approval, stage: approval, verdict: Verdict::Approve, justification: None };
    world.engine().decide(by.actor(), decision).await
}

fn expiration(ttl: Ttl) -> RuleChange {
    RuleChange::Expiration { required: Some(true), maximum: Some(SpelledTtl::canonical(ttl)) }
}

async fn longest_activation(world: &World, ttl: Ttl) {
    let changes = vec![(RuleId::ExpirationEndUserAssignment, expiration(ttl))];
    let change = ChangePolicy { key: role(), changes };
    world.engine().administer(world.caller("root").actor(), change).await.unwrap();
}

fn global() -> EntitlementKey {
    EntitlementKey::DirectoryRole { definition: AdministratorRole::Global.template(), scope: DirectoryScope::Tenant }
}

#[tokio::test]
async fn f14_a_maximum_that_was_lowered_holds_for_what_is_approved_and_for_what_starts() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let alice = world.caller("alice");
        make_eligible(world, role(), "alice", AskedEnd::Never).await;
        ask_approvers(world, role(), &[&[Approvers::User(id("bob"))]]).await;
        let eight = AskedEnd::After(Ttl::hours(8));
        let asked = order(world, role(), Kind::Assignment, Action::SelfActivate, "alice", eight);
        let asked = submit(world, "alice", asked).await.unwrap();
        longest_activation(world, Ttl::minutes(30)).await;
        decide(world, &world.caller("bob"), &asked).await.unwrap();
        let held = own(world, &alice, Provider::DirectoryRoles, Kind::Assignment).await;
        assert_eq!(held[0].end, Some(world.now() + minutes(30)));
        world.advance(minutes(30)).await;
        assert!(!holds(world, "alice", USER_ADMINISTRATOR).await);

        // Approved for later, lowered meanwhile.
        longest_activation(world, Ttl::hours(8)).await;
        let start = world.now() + minutes(120);
        let mut later = order(world, role(), Kind::Assignment, Action::SelfActivate, "alice", eight);
        later.asked.start = Some(start);
        let asked = submit(world, "alice", later).await.unwrap();
        decide(world, &world.caller("bob"), &asked).await.unwrap();
        longest_activation(world, Ttl::minutes(45)).await;
        world.advance(minutes(120)).await;
        let held = own(world, &alice, Provider::DirectoryRoles, Kind::Assignment).await;
        assert_eq!(held[0].end, Some(start + minutes(45)));
    })
    .await;
}

#[tokio::test]
async fn f14_an_approver_whom_the_policy_names_no_more_does_not_decide() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        make_eligible(world, role(), "alice", AskedEnd::Never).await;
        ask_approvers(world, role(), &[&[Approvers::User(id("bob"))]]).await;
        let asked = activate(world, role(), "alice").await.unwrap();
        ask_approvers(world, role(), &[&[Approvers::User(id("carol"))]]).await;
        assert_eq!(refusal(decide(world, &world.caller("bob"), &asked).await), Refusal::NotAdministrator);
        // Nor does one who came after the asking.
        assert_eq!(refusal(decide(world, &world.caller("carol"), &asked).await), Refusal::NotAdministrator);
        ask_approvers(world, role(), &[&[Approvers::User(id("carol")), Approvers::User(id("bob"))]]).await;
        decide(world, &world.caller("bob"), &asked).await.unwrap();
    })
    .await;
}

async fn factor(world: &World, of: &str, disabled: bool) {
    let factor = Factor {
        id: Uuid::from_u128(9),
        principal: id(of),
        kind: "totp".to_owned(),
        label: "telephone".to_owned(),
        secret: vec![1],
        counter: 0,
        created: world.now(),
        used: None,
        disabled: disabled.then(|| world.now()),
    };
    let insert = world.store().transact(move |tx| {
        let factor = factor.clone();
        Box::pin(async move { tx.insert_factor(&factor).await })
    });
    insert.await.unwrap();
}

#[tokio::test]
async fn s4_nobody_administers_by_less_than_his_account_asks_for() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let engine = world.engine();
        let made = group(world, "RG", true, &[]).await;
        factor(world, "root", false).await;
        let password = world.caller("root").with_proof(Proof::Password);
        let no = Refusal::PersonRequired;
        let patch = UserPatch { name: Some("Alice".to_owned()), ..UserPatch::default() };
        let named = ChangeUser { id: id("alice"), patch };
        assert_eq!(refusal(engine.administer(password.actor(), named).await), no);
        assert_eq!(refusal(engine.administer(password.actor(), DeleteGroup { id: made }).await), no);
        let put = PutMember { group: made, principal: id("alice"), access: Access::Member };
        assert_eq!(refusal(engine.administer(password.actor(), put).await), no);
        let changes = vec![(RuleId::ExpirationEndUserAssignment, expiration(Ttl::hours(1)))];
        let change = ChangePolicy { key: role(), changes };
        assert_eq!(refusal(engine.administer(password.actor(), change).await), no);
        // What is everybody's asks by its policy.
        make_eligible(world, role(), "root", AskedEnd::Never).await;
        let own = order(world, role(), Kind::Assignment, Action::SelfActivate, "root", HOUR);
        engine.submit(password.actor(), own).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn s4_a_factor_that_was_switched_off_is_still_asked_for() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        make_eligible(world, role(), "alice", AskedEnd::Never).await;
        ask_approvers(world, role(), &[&[Approvers::User(id("bob"))]]).await;
        factor(world, "bob", true).await;
        let asked = activate(world, role(), "alice").await.unwrap();
        let password = world.caller("bob").with_proof(Proof::Password);
        assert_eq!(refusal(decide(world, &password, &asked).await), Refusal::PersonRequired);
    })
    .await;
}

#[tokio::test]
async fn an_eligibility_that_is_put_off_ends_what_rested_on_it() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        make_eligible(world, role(), "alice", AskedEnd::Never).await;
        activate(world, role(), "alice").await.unwrap();
        let end = AskedEnd::At(world.now() + minutes(60 * 24 * 90));
        let mut later = order(world, role(), Kind::Eligibility, Action::AdminUpdate, "alice", end);
        later.asked.start = Some(world.now() + minutes(60 * 24));
        submit(world, "root", later).await.unwrap();
        assert!(!holds(world, "alice", USER_ADMINISTRATOR).await);
    })
    .await;
}

#[tokio::test]
async fn what_makes_administrators_last_takes_a_person_who_signed_in_lately() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        make_eligible(world, global(), "bob", AskedEnd::After(Ttl::days(30))).await;
        let old = world.caller("root").with_proof(Proof::Remembered);
        for (action, days) in [(Action::AdminUpdate, 60), (Action::AdminExtend, 90)] {
            let end = AskedEnd::After(Ttl::days(days));
            let longer = order(world, global(), Kind::Eligibility, action, "bob", end);
            let answer = world.engine().submit(old.actor(), longer.clone()).await;
            assert_eq!(refusal(answer), Refusal::PersonRequired);
            submit(world, "root", longer).await.unwrap();
        }
        let elevated = world.engine().administer(old.actor(), ElevateAccess).await;
        assert_eq!(refusal(elevated), Refusal::PersonRequired);
        world.engine().administer(world.caller("root").actor(), ElevateAccess).await.unwrap();
    })
    .await;
}

async fn set_password(world: &World, by: &str, of: &str) -> Answer<()> {
    let order = SetPassword { principal: id(of), hash: "$argon2id$".to_owned() };
    world.engine().administer(world.caller(by).actor(), order).await.map(drop)
}

#[tokio::test]
async fn whoever_will_be_an_administrator_is_guarded_like_one() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        world.people(&["dave", "eve"]).await;
        let pam = Appoint { principal: id("dave"), role: AdministratorRole::Pam };
        world.engine().administer(world.caller("root").actor(), pam).await.unwrap();
        set_password(world, "dave", "carol").await.unwrap();
        let start = world.now() + minutes(120);
        let mut later = order(world, global(), Kind::Assignment, Action::AdminAssign, "carol", HOUR);
        later.asked.start = Some(start);
        submit(world, "root", later).await.unwrap();
        assert_eq!(refusal(set_password(world, "dave", "carol").await), Refusal::NotAdministrator);

        // A candidate of a role that gives a group which can hold directory roles.
        let made = group(world, "RG", true, &[]).await;
        world.role(Role::new("Tier0").gives(&["G"]).candidates(&["eve"])).await;
        set_password(world, "dave", "eve").await.unwrap();
        let role: ephor_domain::id::EntitlementId = id("Tier0");
        let gives = world.store().transact(move |tx| Box::pin(tx.insert_privilege(role, made)));
        gives.await.unwrap();
        assert_eq!(refusal(set_password(world, "dave", "eve").await), Refusal::NotAdministrator);
    })
    .await;
}

#[tokio::test]
async fn the_last_administrator_is_a_person() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let root = world.caller("root");
        let made = group(world, "RG", true, &[]).await;
        let assign =
            AssignRole { principal: PrincipalId::new(made.uuid()), definition: AdministratorRole::Global.template() };
        world.engine().administer(root.actor(), assign).await.unwrap();
        let resign = Dismiss { principal: id("root"), role: AdministratorRole::Global };
        let answer = world.engine().administer(root.actor(), resign).await;
        assert_eq!(refusal(answer), Refusal::LastAdministrator);
    })
    .await;
}

#[tokio::test]
async fn s1_unlinking_does_not_launder_what_was_given() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let pam = Appoint { principal: id("carol"), role: AdministratorRole::Pam };
        let root = world.caller("root");
        world.people(&["dave", "eve"]).await;
        world.engine().administer(root.actor(), pam).await.unwrap();
        let link = Link { one: id("carol"), other: id("eve") };
        world.engine().administer(root.actor(), link).await.unwrap();
        // One person with two accounts gives dave his password.
        set_password(world, "carol", "dave").await.unwrap();
        let unlink = Unlink { principal: id("eve") };
        assert!(world.engine().administer(root.actor(), unlink).await.unwrap());
        make_eligible(world, role(), "eve", AskedEnd::Never).await;
        ask_approvers(world, role(), &[&[Approvers::User(id("dave"))]]).await;
        let person = world.store().read(|tx| Box::pin(tx.principal(id("eve")))).await.unwrap().unwrap().person;
        let eve = Actor { person, ..world.caller("eve").actor().clone() };
        let asked = order(world, role(), Kind::Assignment, Action::SelfActivate, "eve", HOUR);
        let asked = world.engine().submit(&eve, asked).await.unwrap();
        assert_eq!(refusal(decide(world, &world.caller("dave"), &asked).await), Refusal::NotAdministrator);
    })
    .await;
}

#[tokio::test]
async fn s5_the_right_comes_before_what_is_there() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let mut probe = order(world, role(), Kind::Eligibility, Action::AdminAssign, "alice", AskedEnd::Never);
        probe.principal = PrincipalId::new(Uuid::from_u128(404));
        assert_eq!(refusal(submit(world, "bob", probe.clone()).await), Refusal::NotAdministrator);
        assert_eq!(refusal(submit(world, "root", probe.clone()).await), Refusal::NotFound { what: "principal" });
        probe.action = Action::SelfActivate;
        probe.kind = Kind::Assignment;
        let foreign = refusal(submit(world, "bob", probe).await);
        assert_eq!(foreign, Refusal::Schedule(ScheduleRefusal::NotHolder));
    })
    .await;
}
