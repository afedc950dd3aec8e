//! Activations of resource roles anywhere below what people are eligible for, over random trees with a policy of its own at
//! each scope, on both stores (`ARM 14.1`, `ARM A-6`).

use std::collections::BTreeMap;

use ephor_domain::{
    Refusal,
    entitlement::EntitlementKey,
    grant::Phase,
    policy::{
        ApprovalChange, ApproverSet, Enablement, FailedRule, Kind, Presence, RuleChange, RuleId, StageChange,
        approval_rule::Approvers,
    },
    principal::PrincipalKind,
    provider::{Asked, AskedEnd, Provider, Said, ScheduleRefusal, Status},
    request::{Action, Channel},
    resource::{Assignment, AssignmentContent, OWNER},
    scope::{ArmScope, Place},
    time::{SpelledTtl, Ttl},
};
use ephor_engine::{
    Answer, Denied,
    policy::ChangePolicy,
    schedule::{NewOrder, Orders, RequestView},
};
use ephor_testkit::world::{Dice, Options, World, for_both_stores, id, long, minutes};
use uuid::{Uuid, uuid};

const READER: Uuid = uuid!("acdd72a7-3385-48ef-bd42-f606fba81ae7");

/// What a policy asks of an activation.
#[derive(Debug, Clone, Copy)]
struct Asks {
    approval: bool,
    justification: bool,
    ticketing: bool,
    minutes: u32,
}

/// The policy that nobody changed.
const UNTOUCHED: Asks = Asks { approval: false, justification: true, ticketing: false, minutes: 480 };

/// A scope, what lies right above it, and its policy.
struct Node {
    scope: ArmScope,
    above: Option<usize>,
    asks: Asks,
}

fn key(scope: &ArmScope) -> EntitlementKey {
    EntitlementKey::Resource { definition: READER, scope: scope.clone() }
}

/// Root, management groups, subscriptions, resource groups, resources: as many and as deep as the dice say.
fn grow(dice: &mut Dice) -> Vec<Node> {
    let mut nodes = vec![Node { scope: ArmScope::root(), above: None, asks: UNTOUCHED }];
    let mut put = |scope: String, above: usize| {
        nodes.push(Node { scope: scope.parse().unwrap(), above: Some(above), asks: UNTOUCHED });
        nodes.len() - 1
    };
    let mut ends = vec![0];
    for group in 0..dice.below(3) {
        let above = *dice.pick(&ends);
        ends.push(put(format!("/providers/Microsoft.Management/managementGroups/m{group}"), above));
    }
    for subscription in 0..1 + dice.below(3) {
        let path = format!("/subscriptions/{}", Uuid::from_u128(0x5ab0 + u128::from(subscription)));
        let at = put(path.clone(), *dice.pick(&ends));
        for group in 0..dice.below(3) {
            let path = format!("{path}/resourceGroups/g{group}");
            let at = put(path.clone(), at);
            for resource in 0..dice.below(3) {
                put(format!("{path}/providers/Microsoft.X/things/t{resource}"), at);
            }
        }
    }
    nodes
}

async fn plant(world: &World, nodes: &[Node]) {
    for node in nodes.iter().skip(1) {
        let above = node.above.map(|above| nodes[above].scope.clone()).unwrap();
        let place = Place {
            scope: node.scope.clone(),
            name: node.scope.name().to_owned(),
            parent: above,
            location: None,
            tags: BTreeMap::new(),
            created: world.now(),
        };
        let work = world.store().transact(move |tx| {
            let place = place.clone();
            Box::pin(async move { tx.put_place(&place).await })
        });
        work.await.unwrap();
    }
    let owner = Assignment {
        name: Uuid::from_u128(0x0e),
        scope: ArmScope::root(),
        definition: OWNER,
        principal: id("root"),
        kind: PrincipalKind::User,
        content: AssignmentContent::default(),
        created: world.now(),
        updated: world.now(),
        created_by: None,
        updated_by: None,
    };
    let work = world.store().transact(move |tx| {
        let owner = owner.clone();
        Box::pin(async move { tx.insert_role_assignment(&owner).await })
    });
    work.await.unwrap();
}

/// Gives most scopes a policy that differs from the untouched one.
async fn rule(world: &World, dice: &mut Dice, nodes: &mut [Node]) {
    for node in nodes {
        if dice.one_in(4) {
            continue;
        }
        node.asks = Asks {
            approval: dice.one_in(2),
            justification: dice.one_in(2),
            ticketing: dice.one_in(4),
            minutes: 30 + u32::try_from(dice.below(600)).unwrap(),
        };
        let asks = node.asks;
        let carol = StageChange {
            primary: Some(vec![ApproverSet::new(Approvers::User(id("carol")))]),
            ..StageChange::default()
        };
        let approval =
            ApprovalChange { required: Some(asks.approval), stages: Some(vec![carol]), ..ApprovalChange::default() };
        let enablement = Enablement { mfa: false, justification: asks.justification, ticketing: asks.ticketing };
        let maximum = Some(SpelledTtl::canonical(Ttl::minutes(asks.minutes)));
        let changes = vec![
            (RuleId::ApprovalEndUserAssignment, RuleChange::Approval(Box::new(approval))),
            (RuleId::EnablementEndUserAssignment, RuleChange::Enablement(Some(enablement))),
            (RuleId::ExpirationEndUserAssignment, RuleChange::Expiration { required: None, maximum }),
        ];
        let change = ChangePolicy { key: key(&node.scope), changes };
        world.engine().administer(world.caller("root").actor(), change).await.unwrap();
    }
}

async fn submit(world: &World, caller: &str, order: NewOrder) -> Answer<RequestView> {
    world.engine().submit(world.caller(caller).actor(), order).await
}

fn order(scope: &ArmScope, kind: Kind, action: Action, of: &str, length: u32) -> NewOrder {
    NewOrder {
        key: key(scope),
        kind,
        action,
        principal: id(of),
        asked: Asked { start: None, end: AskedEnd::After(Ttl::minutes(length)) },
        said: Said { justification: Some("because".to_owned()), scheduled: true, ..Said::default() },
        target: None,
        name: None,
        channel: Channel::Arm,
        presence: Presence::default(),
        only_validate: false,
    }
}

/// The scope and everything above it, nearest first.
fn line(nodes: &[Node], at: usize) -> Vec<usize> {
    std::iter::successors(Some(at), |at| nodes[*at].above).collect()
}

/// What one activation of somebody with random eligibilities comes to, and what it should come to.
async fn round(world: &World, dice: &mut Dice, nodes: &[Node], who: &str) -> Option<bool> {
    let mut eligible: BTreeMap<usize, u32> = BTreeMap::new();
    for _ in 0..1 + dice.below(3) {
        let at = usize::try_from(dice.below(nodes.len() as u64)).unwrap();
        let length = 20 + u32::try_from(dice.below(900)).unwrap();
        if eligible.insert(at, length).is_none() {
            let order = order(&nodes[at].scope, Kind::Eligibility, Action::AdminAssign, who, length);
            submit(world, "root", order).await.unwrap();
        } else {
            let order = order(&nodes[at].scope, Kind::Eligibility, Action::AdminUpdate, who, length);
            submit(world, "root", order).await.unwrap();
        }
    }
    let target = usize::try_from(dice.below(nodes.len() as u64)).unwrap();
    let asked = 5 + u32::try_from(dice.below(700)).unwrap();
    let (justified, ticketed) = (!dice.one_in(4), dice.one_in(2));
    let mut activation = order(&nodes[target].scope, Kind::Assignment, Action::SelfActivate, who, asked);
    activation.said.justification = justified.then(|| "because".to_owned());
    activation.said.ticket_number = ticketed.then(|| "1".to_owned());
    let came = submit(world, who, activation).await;

    let here = nodes[target].asks;
    let used = line(nodes, target).into_iter().find(|at| eligible.contains_key(at));
    let story =
        || format!("{who}: {asked} min at {} {here:?}, eligible at {used:?} of {eligible:?}", nodes[target].scope);
    let broken = [
        (FailedRule::Eligibility, used.is_none()),
        (FailedRule::Expiration, asked > here.minutes),
        (FailedRule::Justification, here.justification && !justified),
        (FailedRule::Ticketing, here.ticketing && !ticketed),
    ];
    let failed: Vec<FailedRule> = broken.into_iter().filter_map(|(rule, broken)| broken.then_some(rule)).collect();
    if !failed.is_empty() {
        let expected = Refusal::Schedule(ScheduleRefusal::Rules(failed));
        assert!(matches!(&came, Err(Denied::Refused(refusal)) if *refusal == expected), "{}: {came:?}", story());
        return None;
    }
    let used = used.unwrap();
    let came = came.unwrap_or_else(|denied| panic!("{}: {denied:?}", story()));
    let waits = here.approval || nodes[used].asks.approval;
    assert_eq!(came.status, if waits { Status::PendingApproval } else { Status::Provisioned }, "{}", story());
    assert_eq!((came.approval.is_some(), came.grant.is_some()), (waits, !waits), "{}", story());
    if let Some(grant) = came.grant {
        let Phase::InForce { since, end } = grant.phase else { panic!("{}: {:?}", story(), grant.phase) };
        let expected = world.now() + minutes(i64::from(asked.min(eligible[&used])));
        assert_eq!((since, end), (world.now(), Some(expected)), "{}", story());
    }
    Some(waits)
}

#[tokio::test]
async fn an_activation_below_is_never_weaker_than_at_the_eligibility() {
    let mut seen = BTreeMap::new();
    for seed in 0..long(3, 60) {
        let counted = std::sync::Mutex::new(&mut seen);
        for_both_stores(&Options { seed: seed + 1, ..Options::default() }, async |world| {
            // The same story on both stores.
            let mut dice = Dice::new(seed);
            let names: Vec<String> = (0..long(12, 60)).map(|at| format!("p{at}")).collect();
            let people: Vec<&str> = names.iter().map(String::as_str).chain(["root", "carol"]).collect();
            world.people(&people).await;
            let mut nodes = grow(&mut dice);
            plant(world, &nodes).await;
            rule(world, &mut dice, &mut nodes).await;
            for who in &names {
                let came = round(world, &mut dice, &nodes, who).await;
                *counted.lock().unwrap().entry(came).or_insert(0_u32) += 1;
            }
            // What was refused left nothing.
            let all = world.store().read(|tx| {
                Box::pin(
                    async move { tx.orders(Provider::Resources, Kind::Assignment, &Orders::All, None, 1_000).await },
                )
            });
            assert!(all.await.unwrap().len() <= names.len());
        })
        .await;
    }
    assert_eq!(seen.len(), 3, "refused, waiting, active: {seen:?}");
}
