//! Policies of entitlements: defaults, changes that hold whole or not at all, who may.

use ephor_audit::events;
use ephor_domain::{
    Refusal,
    directory::reader::PRIVILEGED_ROLE_ADMINISTRATOR,
    entitlement::{Access, EntitlementKey},
    policy::{
        ApprovalChange, ApproverSet, Expiration, Policy, PolicyError, Rule, RuleChange, RuleId, StageChange,
        approval_rule::Approvers,
    },
    provider::{Provider, ScheduleRefusal},
    scope::DirectoryScope,
    time::{SpelledTtl, Ttl},
};
use ephor_engine::policy::{ChangePolicy, PolicyEntry, ResetPolicy};
use ephor_testkit::world::{Options, World, for_both_stores, id, minutes};
use uuid::Uuid;

use crate::scene::{refusal, seed};

fn role() -> EntitlementKey {
    EntitlementKey::DirectoryRole { definition: PRIVILEGED_ROLE_ADMINISTRATOR, scope: DirectoryScope::Tenant }
}

fn group(name: &str, access: Access) -> EntitlementKey {
    EntitlementKey::Group { group: id(name), access }
}

fn longest(minutes: u32) -> (RuleId, RuleChange) {
    let maximum = Some(SpelledTtl::canonical(Ttl::minutes(minutes)));
    (RuleId::ExpirationEndUserAssignment, RuleChange::Expiration { required: None, maximum })
}

fn approved_by(who: Approvers) -> (RuleId, RuleChange) {
    let stage = StageChange { primary: Some(vec![ApproverSet::new(who)]), ..StageChange::default() };
    let change = ApprovalChange { required: Some(true), stages: Some(vec![stage]), ..ApprovalChange::default() };
    (RuleId::ApprovalEndUserAssignment, RuleChange::Approval(Box::new(change)))
}

async fn read(world: &World, name: &str, key: EntitlementKey) -> ephor_engine::Answer<PolicyEntry> {
    let entries = world.engine().policies(world.caller(name).actor(), vec![key]).await?;
    assert_eq!(entries.len(), 1);
    Ok(entries[0].clone())
}

async fn change(
    world: &World,
    name: &str,
    key: EntitlementKey,
    changes: Vec<(RuleId, RuleChange)>,
) -> ephor_engine::Answer<PolicyEntry> {
    world.engine().administer(world.caller(name).actor(), ChangePolicy { key, changes }).await
}

#[tokio::test]
async fn graph_123_125_133_a_policy_is_the_default_until_it_is_changed_and_a_bad_rule_changes_nothing() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        let untouched = read(world, "root", role()).await.unwrap();
        assert_eq!(
            untouched,
            PolicyEntry { key: role(), policy: Policy::untouched(Provider::DirectoryRoles), modified: None }
        );
        world.advance(minutes(1)).await;
        let jen = Approvers::User(id("jen"));
        let changed = change(world, "root", role(), vec![longest(120), approved_by(jen)]).await.unwrap();
        let modified = changed.modified.unwrap();
        assert_eq!((modified.at, modified.by), (world.now(), Some(id("root"))));
        assert_eq!(changed.policy.activation.expiration.maximum.text, "PT2H");
        assert!(changed.policy.activation.approval.is_on());
        // At another scope the same policy holds.
        let unit = DirectoryScope::AdministrativeUnit(Uuid::from_u128(1));
        let there = EntitlementKey::DirectoryRole { definition: PRIVILEGED_ROLE_ADMINISTRATOR, scope: unit };
        assert_eq!(read(world, "root", there).await.unwrap(), changed);

        world.advance(minutes(1)).await;
        let too_short = PolicyError::TooShort(RuleId::ExpirationEndUserAssignment);
        let wrong = (RuleId::ApprovalEndUserAssignment, RuleChange::Enablement(None));
        for (changes, expected) in [
            (vec![longest(60), longest(4)], too_short),
            (vec![longest(60), wrong], PolicyError::WrongRule(RuleId::ApprovalEndUserAssignment)),
            (vec![longest(60), approved_by(Approvers::User(id("nobody")))], PolicyError::UnknownApprover),
            (vec![approved_by(Approvers::Group(id("jen")))], PolicyError::UnknownApprover),
        ] {
            let refused = refusal(change(world, "root", role(), changes).await);
            assert_eq!(refused, Refusal::Schedule(ScheduleRefusal::Policy(expected)));
        }
        assert_eq!(read(world, "root", role()).await.unwrap(), changed);

        let records = world.records().await;
        let told: Vec<_> = records.iter().filter(|record| record.event == events::POLICY_CHANGED.id).collect();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].provider.as_deref(), Some("directory_roles"));
        assert_eq!(told[0].entitlement_id, Some(role().id().uuid()));
        assert_eq!(world.count(events::ADMIN_CHANGE_REFUSED).await, 4);

        world.engine().administer(world.caller("root").actor(), ResetPolicy { key: role() }).await.unwrap();
        assert_eq!(read(world, "root", role()).await.unwrap(), untouched);
    })
    .await;
}

#[tokio::test]
async fn graph_122_132_members_and_owners_of_a_group_have_a_policy_each_that_its_owners_change() {
    for_both_stores(&Options::default(), async |world| {
        seed(world).await;
        world.group("G9", "ldap").await;
        let owns = world.store().transact(|tx| Box::pin(tx.put_group_owner(id("G9"), id("sam"), true)));
        owns.await.unwrap();
        let (members, owners) = (group("G9", Access::Member), group("G9", Access::Owner));
        change(world, "sam", members.clone(), vec![longest(30)]).await.unwrap();
        let read_back = read(world, "sam", members.clone()).await.unwrap();
        let expected = Expiration::new(true, Ttl::minutes(30));
        assert_eq!(read_back.policy.rule(RuleId::ExpirationEndUserAssignment), Rule::Expiration(&expected));
        assert_eq!(read(world, "sam", owners.clone()).await.unwrap().modified, None);
        for key in [members, owners, role()] {
            assert_eq!(refusal(read(world, "ada", key.clone()).await), Refusal::NotAdministrator, "{key}");
            assert_eq!(refusal(change(world, "ada", key, vec![longest(30)]).await), Refusal::NotAdministrator);
        }
        // Whoever owns a group that a PAM role gives changes nothing about how it is had.
        let owns = world.store().transact(|tx| Box::pin(tx.put_group_owner(id("G1"), id("sam"), true)));
        owns.await.unwrap();
        let given = group("G1", Access::Member);
        assert_eq!(refusal(change(world, "sam", given.clone(), vec![longest(30)]).await), Refusal::NotAdministrator);
        change(world, "root", given, vec![longest(30)]).await.unwrap();
        let nowhere = group("nowhere", Access::Member);
        assert_eq!(refusal(read(world, "root", nowhere).await), Refusal::NotFound { what: "policy" });
        let own = EntitlementKey::PamRole(id("R1"));
        assert!(matches!(refusal(change(world, "root", own, vec![longest(30)]).await), Refusal::Invalid { .. }));
    })
    .await;
}
