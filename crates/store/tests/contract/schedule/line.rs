//! Lines.

use ephor_domain::{
    grant::{EndCause, Phase},
    policy::Kind,
    provider::Provider,
    scope::ArmScope,
};
use ephor_store::{
    Store, Write,
    tx::{
        line::{LineRow, Lines, ScheduleLine},
        role_assignment::ScopeSpan,
    },
};
use uuid::Uuid;

use super::{Clause, GROUPS, READER, RESOURCES, ROLES, WRITER, assignment, eligibility, grant_of, put, uuid};
use crate::fixture::{ADA, ADMINS, JEN, SAM, apply, at, id, who};

pub(super) fn clauses() -> Vec<(&'static str, Clause)> {
    vec![
        ("lines are listed by key, each list by its own index", |store| Box::pin(lines(store))),
        ("a line has one row whatever shapes it", |store| Box::pin(one_row(store))),
        ("lines page to their end", |store| Box::pin(pages(store))),
        ("lines of a span of scopes", |store| Box::pin(spans(store))),
        ("a line goes with its grant", |store| Box::pin(carried(store))),
        ("eligibilities that are over are due", |store| Box::pin(due(store))),
        ("roles that are held by schedule", |store| Box::pin(held(store))),
    ]
}

async fn list(
    store: &Store,
    provider: Provider,
    kind: Kind,
    which: Lines,
    after: Option<Uuid>,
    limit: u32,
) -> Vec<LineRow> {
    let listed = store.read(move |tx| {
        let which = which.clone();
        Box::pin(async move { tx.lines(provider, kind, &which, after, limit).await })
    });
    listed.await.unwrap()
}

/// Ids in the order of lists.
fn ids<'l>(lines: impl IntoIterator<Item = &'l ScheduleLine>) -> Vec<Uuid> {
    let mut ids: Vec<Uuid> = lines.into_iter().map(|line| line.id).collect();
    ids.sort_unstable();
    ids
}

fn of_rows(rows: &[LineRow]) -> Vec<Uuid> {
    rows.iter().map(|row| row.line.id).collect()
}

async fn lines(store: Store) {
    let ended = ScheduleLine { live: false, ..eligibility(ROLES, SAM, WRITER, "/") };
    let all = [
        eligibility(ROLES, JEN, READER, "/"),
        eligibility(ROLES, JEN, WRITER, "/"),
        eligibility(ROLES, SAM, READER, "/"),
        eligibility(ROLES, SAM, READER, "/administrativeunits/1"),
        assignment(ROLES, JEN, READER, "/", 1),
        eligibility(GROUPS, JEN, ADMINS, "member"),
        eligibility(GROUPS, JEN, ADMINS, "owner"),
    ];
    put(&store, &all).await;
    put(&store, std::slice::from_ref(&ended)).await;
    let [jen_reads, jen_writes, sam_reads, sam_there, assigned, member, owner] = &all;
    let ask = async |provider, kind, which| of_rows(&list(&store, provider, kind, which, None, 100).await);
    let eligible = async |which| ask(ROLES, Kind::Eligibility, which).await;
    assert_eq!(eligible(Lines::All).await, ids([jen_reads, jen_writes, sam_reads, sam_there]));
    assert_eq!(eligible(Lines::Of(who(JEN))).await, ids([jen_reads, jen_writes]));
    assert_eq!(eligible(Lines::Of(who(ADA))).await, Vec::<Uuid>::new());
    assert_eq!(eligible(Lines::Definition(uuid(READER))).await, ids([jen_reads, sam_reads, sam_there]));
    assert_eq!(eligible(Lines::Scope("/".to_owned())).await, ids([jen_reads, jen_writes, sam_reads]));
    assert_eq!(eligible(Lines::Scope("/administrativeunits/1".to_owned())).await, [sam_there.id]);
    assert_eq!(ask(ROLES, Kind::Assignment, Lines::All).await, [assigned.id]);
    assert_eq!(ask(GROUPS, Kind::Eligibility, Lines::Definition(uuid(ADMINS))).await, ids([member, owner]));
    assert_eq!(ask(GROUPS, Kind::Assignment, Lines::All).await, Vec::<Uuid>::new());
    assert_eq!(ask(RESOURCES, Kind::Eligibility, Lines::All).await, Vec::<Uuid>::new());

    // By its key a line is found whatever became of it, by its schedule while it lives.
    let row = async |line: &ScheduleLine| {
        let key = line.id;
        store.read(move |tx| Box::pin(tx.line(key))).await.unwrap()
    };
    assert_eq!(row(&ended).await, Some(LineRow { line: ended.clone(), grant: None }));
    assert_eq!(row(&eligibility(ROLES, ADA, READER, "/")).await, None);
    let by_schedule = async |line: &ScheduleLine| {
        let schedule = line.schedule;
        of_rows(&store.read(move |tx| Box::pin(tx.lines_of_schedule(schedule))).await.unwrap())
    };
    assert_eq!(by_schedule(sam_there).await, [sam_there.id]);
    assert_eq!(by_schedule(&ended).await, Vec::<Uuid>::new());
}

async fn one_row(store: Store) {
    let first = eligibility(ROLES, JEN, READER, "/");
    let second = ScheduleLine {
        schedule: uuid(0x51),
        instance: uuid(0x52),
        start: at(100),
        end: Some(at(900)),
        created: at(90),
        modified: Some(at(95)),
        made_by: id(0x701),
        ..first.clone()
    };
    put(&store, std::slice::from_ref(&first)).await;
    put(&store, std::slice::from_ref(&second)).await;
    let rows = list(&store, ROLES, Kind::Eligibility, Lines::All, None, 10).await;
    assert_eq!(rows, [LineRow { line: second.clone(), grant: None }]);
    let of = |schedule| store.read(move |tx| Box::pin(tx.lines_of_schedule(schedule)));
    assert_eq!(of(first.schedule).await.unwrap(), []);
    assert_eq!(of(uuid(0x51)).await.unwrap(), rows);
    // Both kinds of one holder and entitlement are lines of their own.
    assert_ne!(first.id, assignment(ROLES, JEN, READER, "/", 1).id);
    assert_ne!(first.id, eligibility(ROLES, SAM, READER, "/").id);
}

async fn pages(store: Store) {
    let all: Vec<ScheduleLine> =
        (0..23).map(|number| eligibility(ROLES, JEN, READER, &format!("/administrativeunits/{number}"))).collect();
    put(&store, &all).await;
    for which in [Lines::All, Lines::Of(who(JEN)), Lines::Definition(uuid(READER))] {
        for limit in [1, 7, 23, 100] {
            let (mut found, mut after) = (Vec::new(), None);
            loop {
                let page = list(&store, ROLES, Kind::Eligibility, which.clone(), after, limit).await;
                assert!(page.len() <= limit as usize);
                after = page.last().map(|row| row.line.id);
                found.extend(of_rows(&page));
                if page.len() < limit as usize {
                    break;
                }
            }
            assert_eq!(found, ids(&all), "{which:?}, pages of {limit}");
        }
    }
    // What goes between two pages takes nothing along.
    let gone = ScheduleLine { live: false, ..all[0].clone() };
    let rest = ids(&all[1..]);
    put(&store, &[gone]).await;
    let page = list(&store, ROLES, Kind::Eligibility, Lines::All, Some(rest[4]), 3).await;
    assert_eq!(of_rows(&page), rest[5..8]);
}

async fn spans(store: Store) {
    let subscription = "/subscriptions/5f5a7e2a-0000-4000-8000-00000000000a";
    let scopes = [
        "/".to_owned(),
        subscription.to_owned(),
        format!("{subscription}/resourcegroups/a"),
        format!("{subscription}/resourcegroups/b"),
        format!("{subscription}/resourcegroups/b-2"),
        "/subscriptions/5f5a7e2a-0000-4000-8000-00000000000b".to_owned(),
    ];
    let all: Vec<ScheduleLine> = scopes.iter().map(|scope| eligibility(RESOURCES, JEN, READER, scope)).collect();
    put(&store, &all).await;
    put(&store, &[ScheduleLine { live: false, ..eligibility(RESOURCES, SAM, READER, &scopes[2]) }]).await;
    let within = async |span: ScopeSpan, limit| {
        let read = store.read(move |tx| {
            let span = span.clone();
            Box::pin(async move { tx.lines_in(RESOURCES, Kind::Eligibility, &span, None, limit).await })
        });
        read.await.unwrap().into_iter().map(|row| row.line.scope).collect::<Vec<_>>()
    };
    let scope = |text: &str| text.parse::<ArmScope>().unwrap();
    assert_eq!(within(ScopeSpan::exactly(&scope(subscription)), 10).await, [scopes[1].as_str()]);
    assert_eq!(within(ScopeSpan::below(&scope(subscription)), 10).await, scopes[2..5]);
    assert_eq!(within(ScopeSpan::below(&scope(subscription)), 2).await, scopes[2..4]);
    assert_eq!(within(ScopeSpan::exactly(&scope(&scopes[3])), 10).await, [scopes[3].as_str()]);
    assert_eq!(within(ScopeSpan::below(&ArmScope::root()), 10).await, scopes[1..]);
    assert_eq!(within(ScopeSpan::exactly(&ArmScope::root()), 10).await, ["/"]);
}

async fn carried(store: Store) {
    let in_force = Phase::InForce { since: at(0), end: Some(at(600)) };
    let eligible = eligibility(ROLES, JEN, READER, "/");
    let active = ScheduleLine { rests_on: Some(eligible.id), ..assignment(ROLES, JEN, READER, "/", 1) };
    let other = assignment(ROLES, SAM, READER, "/", 2);
    for line in [&active, &other] {
        apply(&store, vec![Write::InsertGrant(grant_of(line, in_force))]).await.unwrap();
    }
    put(&store, &[eligible.clone(), active.clone(), other.clone()]).await;
    let of_grant = |line: &ScheduleLine| {
        let grant = line.grant.unwrap();
        store.read(move |tx| Box::pin(tx.line_of_grant(grant)))
    };
    let row = |line: &ScheduleLine, phase| LineRow { line: line.clone(), grant: Some(grant_of(line, phase)) };
    assert_eq!(of_grant(&active).await, Ok(Some(row(&active, in_force))));
    let resting = || store.read(move |tx| Box::pin(tx.lines_resting_on(eligible.id)));
    assert_eq!(resting().await, Ok(vec![row(&active, in_force)]));

    // Whoever ends a grant ends its line in the same batch, and no other.
    let over = Phase::Ended { since: Some(at(0)), end: at(50), cause: EndCause::Requester };
    apply(&store, vec![Write::UpdateGrant(grant_of(&active, over))]).await.unwrap();
    assert_eq!(of_grant(&active).await, Ok(None));
    assert_eq!(resting().await, Ok(Vec::new()));
    assert_eq!(of_grant(&other).await, Ok(Some(row(&other, in_force))));
    let live = list(&store, ROLES, Kind::Assignment, Lines::All, None, 10).await;
    assert_eq!(of_rows(&live), [other.id]);
    let kept = store.read(move |tx| Box::pin(tx.line(active.id))).await.unwrap().unwrap();
    assert_eq!((kept.line.live, kept.grant.map(|grant| grant.phase)), (false, Some(over)));

    // An end that waits for its target is an end.
    let ending = Phase::Ending { since: Some(at(0)), end: at(60), cause: EndCause::Expired };
    apply(&store, vec![Write::UpdateGrant(grant_of(&other, ending))]).await.unwrap();
    assert_eq!(of_grant(&other).await, Ok(None));
}

async fn due(store: Store) {
    let until = |holder, seconds| ScheduleLine { end: Some(at(seconds)), ..eligibility(ROLES, holder, READER, "/") };
    let (early, late) = (until(JEN, 300), until(SAM, 500));
    let gone = ScheduleLine { live: false, ..until(ADA, 100) };
    // An assignment ends with its grant, not by itself.
    let assigned = ScheduleLine { end: Some(at(50)), ..assignment(ROLES, ADA, WRITER, "/", 1) };
    put(&store, &[late.clone(), early.clone(), gone, assigned, eligibility(ROLES, JEN, WRITER, "/")]).await;
    let due = |now, limit| store.read(move |tx| Box::pin(tx.due_lines(at(now), limit)));
    assert_eq!(of_rows(&due(299, 10).await.unwrap()), Vec::<Uuid>::new());
    assert_eq!(of_rows(&due(300, 10).await.unwrap()), [early.id]);
    assert_eq!(of_rows(&due(900, 10).await.unwrap()), [early.id, late.id]);
    assert_eq!(of_rows(&due(900, 1).await.unwrap()), [early.id]);
    let next = || store.read(|tx| Box::pin(tx.next_due()));
    assert_eq!(next().await, Ok(Some(at(300))));
    put(&store, &[ScheduleLine { live: false, ..early }]).await;
    assert_eq!(next().await, Ok(Some(at(500))));
    put(&store, &[ScheduleLine { end: None, ..late }]).await;
    assert_eq!(next().await, Ok(None));
}

async fn held(store: Store) {
    let cases = [
        (READER, "/", Phase::InForce { since: at(0), end: Some(at(600)) }),
        (WRITER, "/", Phase::InForce { since: at(0), end: None }),
        (0xd3, "/", Phase::Scheduled { start: at(900) }),
        (0xd4, "/administrativeunits/1", Phase::InForce { since: at(0), end: None }),
        (0xd5, "/", Phase::Ended { since: Some(at(0)), end: at(10), cause: EndCause::Expired }),
    ];
    for (number, (definition, scope, phase)) in (1..).zip(cases) {
        let line = assignment(ROLES, JEN, definition, scope, number);
        put(&store, std::slice::from_ref(&line)).await;
        apply(&store, vec![Write::InsertGrant(grant_of(&line, phase))]).await.unwrap();
    }
    put(&store, &[eligibility(ROLES, JEN, 0xd6, "/")]).await;
    let held = async |holder, now| {
        let read = store.read(move |tx| Box::pin(tx.roles_held_by_schedule(who(holder), at(now))));
        let mut held = read.await.unwrap();
        held.sort_unstable();
        held
    };
    assert_eq!(held(JEN, 599).await, [uuid(READER), uuid(WRITER)]);
    // Over at its instant, settled or not.
    assert_eq!(held(JEN, 600).await, [uuid(WRITER)]);
    assert_eq!(held(SAM, 1).await, Vec::<Uuid>::new());
    let anybody = async |now| {
        let asked: Vec<Uuid> = [0xd6, 0xd5, 0xd4, 0xd3, WRITER, READER].map(uuid).to_vec();
        let read = store.read(move |tx| {
            let asked = asked.clone();
            Box::pin(async move { tx.roles_held_by_anybody(&asked, at(now)).await })
        });
        read.await.unwrap()
    };
    assert_eq!(anybody(599).await, [uuid(WRITER), uuid(READER)]);
    assert_eq!(anybody(600).await, [uuid(WRITER)]);
}
