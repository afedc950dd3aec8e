//! Orders for schedules.

use ephor_domain::{
    approval::Approval,
    grant::Phase,
    id::{ApprovalId, PrincipalId, RequestId},
    policy::Kind,
    principal::PrincipalKind,
    provider::{Asked, AskedEnd, Details, Said},
    request::{Action, Channel, Declined, Request, Stage},
    time::Ttl,
};
use ephor_store::{
    Fault, Store, Write,
    tx::{
        line::ScheduleLine,
        order::{OrderRow, Orders, ScheduleOrder},
    },
};
use uuid::Uuid;

use super::{Clause, GROUPS, READER, RESOURCES, ROLES, WRITER, assignment, eligibility, grant_of, uuid};
use crate::fixture::{ADA, ADMINS, JEN, SAM, activation, apply, at, grant_id, group, id, populate, who};

pub(super) fn clauses() -> Vec<(&'static str, Clause)> {
    vec![
        ("orders are listed newest first, each list by its own index", |store| Box::pin(orders(store))),
        ("an order is found by its name, its schedule and its line", |store| Box::pin(found(store))),
        ("an order keeps what was said", |store| Box::pin(kept(store))),
        ("what a membership would owe", |store| Box::pin(owed(store))),
    ]
}

/// An order of `requester` for the line of `holder`.
fn order(line: &ScheduleLine, number: u128, requester: u128, stage: Stage) -> (Request, ScheduleOrder) {
    let request = Request {
        id: id(number),
        name: None,
        provider: line.provider,
        action: Action::AdminAssign,
        principal: line.principal,
        requester: who(requester),
        entitlement: line.entitlement,
        channel: Channel::Graph,
        justification: None,
        asked_ttl: 0,
        asked_start: at(0),
        created: at(i64::try_from(number).unwrap()),
        stage,
    };
    let order = ScheduleOrder {
        request: request.id,
        kind: line.kind,
        definition: line.definition,
        scope: line.scope.clone(),
        line: line.id,
        schedule: Some(line.schedule),
        ends: None,
        gated: false,
        details: Details::default(),
    };
    (request, order)
}

async fn place(store: &Store, orders: &[(Request, ScheduleOrder)]) {
    let orders = orders.to_vec();
    let placed = store.transact(move |tx| {
        let orders = orders.clone();
        Box::pin(async move {
            for (request, order) in &orders {
                tx.apply(vec![Write::InsertRequest(request.clone())]).await?;
                tx.insert_order(request, order).await?;
            }
            Ok(())
        })
    });
    placed.await.unwrap();
}

fn numbers(rows: &[OrderRow]) -> Vec<u128> {
    rows.iter().map(|row| row.request.id.uuid().as_u128()).collect()
}

async fn orders(store: Store) {
    populate(&store).await;
    let recorded = Stage::Recorded { at: at(0) };
    let (jen_reads, sam_writes) = (eligibility(ROLES, JEN, READER, "/"), eligibility(ROLES, SAM, WRITER, "/units/1"));
    let gated = |(request, order): (Request, ScheduleOrder)| (request, ScheduleOrder { gated: true, ..order });
    let all = [
        order(&jen_reads, 1, ADA, recorded),
        order(&sam_writes, 2, ADA, recorded),
        order(&jen_reads, 3, JEN, recorded),
        gated(order(&assignment(ROLES, JEN, READER, "/", 4), 4, JEN, recorded)),
        gated(order(&eligibility(GROUPS, JEN, ADMINS, "member"), 5, ADA, recorded)),
        gated(order(&sam_writes, 6, SAM, recorded)),
    ];
    place(&store, &all).await;
    let ask = async |provider, kind, which: Orders, before: Option<u128>, limit| {
        let read = store.read(move |tx| {
            let which = which.clone();
            Box::pin(async move { tx.orders(provider, kind, &which, before.map(id), limit).await })
        });
        numbers(&read.await.unwrap())
    };
    let eligible = async |which, before, limit| ask(ROLES, Kind::Eligibility, which, before, limit).await;
    assert_eq!(eligible(Orders::All, None, 10).await, [6, 3, 2, 1]);
    assert_eq!(eligible(Orders::All, Some(6), 2).await, [3, 2]);
    assert_eq!(eligible(Orders::All, Some(2), 10).await, [1]);
    assert_eq!(eligible(Orders::All, Some(1), 10).await, [0_u128; 0]);
    assert_eq!(eligible(Orders::Of(who(JEN)), None, 10).await, [3, 1]);
    assert_eq!(eligible(Orders::Of(who(JEN)), Some(3), 10).await, [1]);
    assert_eq!(eligible(Orders::By(who(ADA)), None, 10).await, [2, 1]);
    assert_eq!(eligible(Orders::Definition(uuid(WRITER)), None, 10).await, [6, 2]);
    assert_eq!(eligible(Orders::Scope("/".to_owned()), None, 10).await, [3, 1]);
    assert_eq!(ask(ROLES, Kind::Assignment, Orders::All, None, 10).await, [4]);
    assert_eq!(ask(GROUPS, Kind::Eligibility, Orders::By(who(ADA)), None, 10).await, [5]);
    let gated = async |provider, before: Option<u128>| {
        let read = store.read(move |tx| Box::pin(tx.gated_orders(provider, before.map(id), 10)));
        numbers(&read.await.unwrap())
    };
    assert_eq!(gated(ROLES, None).await, [6, 4]);
    assert_eq!(gated(ROLES, Some(6)).await, [4]);
    assert_eq!(gated(GROUPS, None).await, [5]);
    let known = |provider, definition| store.read(move |tx| Box::pin(tx.is_scheduled(provider, uuid(definition))));
    assert_eq!(known(ROLES, READER).await, Ok(true));
    assert_eq!(known(GROUPS, READER).await, Ok(false));
    assert_eq!(known(ROLES, 0xd9).await, Ok(false));
}

async fn found(store: Store) {
    populate(&store).await;
    let line = eligibility(RESOURCES, JEN, READER, "/");
    let name = |(request, order): (Request, ScheduleOrder), name: &str| {
        (Request { name: Some(name.to_owned()), ..request }, order)
    };
    let wait = |number: u128, until: i64| {
        let stage = Stage::AwaitingApproval { approval: ApprovalId::new(uuid(0x500 + number)), until: at(until) };
        order(&line, number, JEN, stage)
    };
    let declined = Stage::Declined { cause: Declined::Rejected, at: at(9) };
    place(&store, &[name(order(&line, 1, ADA, declined), "FE89-Name"), wait(2, 200), wait(3, 300)]).await;
    let named = |provider, name: &'static str| {
        store.read(move |tx| Box::pin(async move { tx.order_named(provider, name).await }))
    };
    let number = |row: Option<OrderRow>| row.map(|row| row.request.id.uuid().as_u128());
    assert_eq!(number(named(RESOURCES, "fe89-nAME").await.unwrap()), Some(1));
    assert_eq!(number(named(ROLES, "FE89-Name").await.unwrap()), None);
    assert_eq!(number(named(RESOURCES, "FE89").await.unwrap()), None);
    // A name is taken once in a family, however it is spelled.
    let (twice, _) = name(order(&line, 4, ADA, declined), "fe89-name");
    let taken = apply(&store, vec![Write::InsertRequest(twice.clone())]).await;
    assert!(matches!(taken, Err(Fault::Conflict { .. })), "{taken:?}");
    apply(&store, vec![Write::InsertRequest(Request { provider: ROLES, ..twice })]).await.unwrap();

    let of_schedule = store.read(move |tx| Box::pin(tx.orders_of_schedule(line.schedule))).await.unwrap();
    assert_eq!(numbers(&of_schedule), [3, 2, 1]);
    let waiting = store.read(move |tx| Box::pin(tx.waiting_orders(line.id))).await;
    assert_eq!(waiting, Ok(vec![(id(2), Action::AdminAssign, at(200)), (id(3), Action::AdminAssign, at(300))]));
    let last = |of: Uuid| store.read(move |tx| Box::pin(async move { tx.last_activations(&[of]).await }));
    assert_eq!(last(line.id).await, Ok(vec![None]));

    let approval = |number: u128, opened| Approval {
        id: ApprovalId::new(uuid(0x500 + number)),
        request: id(2),
        opened: at(opened),
        until: at(200),
        decision: None,
    };
    apply(&store, vec![Write::InsertApproval(approval(9, 20)), Write::InsertApproval(approval(2, 10))]).await.unwrap();
    let stages = store.read(|tx| Box::pin(tx.approvals_of(id(2)))).await;
    assert_eq!(stages, Ok(vec![approval(2, 10), approval(9, 20)]));
    let decides = |number: u128| store.read(move |tx| Box::pin(tx.request_of_stage(uuid(0x500 + number))));
    assert_eq!(decides(9).await, Ok(Some(id(2))));
    assert_eq!(decides(1).await, Ok(None::<RequestId>));
}

async fn kept(store: Store) {
    populate(&store).await;
    let active = assignment(ROLES, JEN, READER, "/", 1);
    let in_force = Phase::InForce { since: at(0), end: Some(at(600)) };
    let (made, made_order) = order(&active, 1, ADA, Stage::Granted { grant: grant_id(1) });
    let made = Request { action: Action::SelfActivate, ..made };
    let details = Details {
        asked: Asked { start: Some(at(0)), end: AskedEnd::After(Ttl::hours(2)) },
        start: Some(at(0)),
        said: Said { justification: Some("  \u{dc}ber \"alles\" ".to_owned()), ..Said::default() },
        rests_on: Some(uuid(0x77)),
        ..Details::default()
    };
    let made_order = ScheduleOrder { details: details.clone(), ..made_order };
    // The order that took the grant away: its grant is that of the one it ended.
    let (ended, ended_order) = order(&active, 2, SAM, Stage::Recorded { at: at(50) });
    let ended_order = ScheduleOrder { ends: Some(grant_id(1)), schedule: None, ..ended_order };
    apply(&store, vec![Write::InsertGrant(grant_of(&active, in_force))]).await.unwrap();
    place(&store, &[(made.clone(), made_order.clone()), (ended.clone(), ended_order.clone())]).await;
    let read = |number: u128| store.read(move |tx| Box::pin(tx.order(id(number))));
    let grant = Some(grant_of(&active, in_force));
    let expected = |request: Request, order: ScheduleOrder, name: &str| OrderRow {
        request,
        grant: grant.clone(),
        order,
        requester: PrincipalKind::User,
        requester_name: Some(format!("{name} of the demo")),
    };
    assert_eq!(read(1).await, Ok(Some(expected(made.clone(), made_order.clone(), "ada"))));
    assert_eq!(read(2).await, Ok(Some(expected(ended, ended_order, "sam"))));
    assert_eq!(read(3).await, Ok(None));
    let last = store.read(move |tx| Box::pin(async move { tx.last_activations(&[active.id, uuid(1)]).await }));
    assert_eq!(last.await, Ok(vec![Some(at(1)), None]));

    let changed = Details { rests_on: None, ..details };
    let written = changed.clone();
    let detailed = store.transact(move |tx| {
        let written = written.clone();
        Box::pin(async move { tx.detail_order(id(1), &written).await })
    });
    detailed.await.unwrap();
    let order = ScheduleOrder { details: changed, ..made_order };
    assert_eq!(read(1).await, Ok(Some(expected(made, order, "ada"))));

    // Nobody's account: a user without a name.
    let (foreign, of_foreign) = order_by_nobody();
    place(&store, &[(foreign, of_foreign)]).await;
    let row = read(7).await.unwrap().unwrap();
    assert_eq!((row.requester, row.requester_name, row.grant), (PrincipalKind::User, None, None));
}

fn order_by_nobody() -> (Request, ScheduleOrder) {
    order(&eligibility(ROLES, JEN, WRITER, "/"), 7, 0x99, Stage::Recorded { at: at(0) })
}

async fn owed(store: Store) {
    populate(&store).await;
    let owed = |of: Uuid, holder: PrincipalId| store.read(move |tx| Box::pin(tx.owed_in_group(of, holder)));
    assert_eq!(owed(uuid(0x5a), who(JEN)).await.map(|found| found.is_none()), Ok(true));
    let (first, refuses) = owed(group(ADMINS).uuid(), who(JEN)).await.unwrap().unwrap();
    assert_eq!((first.privilege.group, first.others, first.membership, refuses), (group(ADMINS), 0, None, false));
    apply(&store, activation(1, JEN, at(0), at(600))).await.unwrap();
    let (second, _) = owed(group(ADMINS).uuid(), who(JEN)).await.unwrap().unwrap();
    assert_eq!((second.others, second.membership.map(|it| it.principal)), (1, Some(who(JEN))));
    let (of_sam, _) = owed(group(ADMINS).uuid(), who(SAM)).await.unwrap().unwrap();
    assert_eq!((of_sam.others, of_sam.membership.is_none()), (0, true));
}
