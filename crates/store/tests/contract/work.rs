//! What workers find: due rows, memberships, outbox, retention, leases.

use std::time::Duration;

use ephor_domain::{
    effect::{Attempt, Membership, Prior},
    grant::{EndCause, Phase},
    provider::Provider,
    request::{Declined, Stage},
};
use ephor_store::{
    Store, Write,
    tx::{account::Account, outbox::Outgoing, retention::Kept},
};
use uuid::Uuid;

use super::Clause;
use crate::fixture::{
    ADMINS, BUILT_IN, JEN, LDAP, OPERATORS, SAM, activation, apply, at, grant, grant_id, granted, group, id, outside,
    populate, request, who,
};

pub(crate) fn clauses() -> Vec<(&'static str, Clause)> {
    vec![
        ("due rows come oldest first", |store| Box::pin(due(store))),
        ("due memberships bring the names of the target", |store| Box::pin(memberships(store))),
        ("waiting grants are found by their membership", |store| Box::pin(waiting(store))),
        ("memberships that end soon are known beforehand", |store| Box::pin(booked(store))),
        ("a membership is let go when nobody owes it any more", |store| Box::pin(let_go(store))),
        ("rights are read from confirmed memberships before the end", |store| Box::pin(members(store))),
        ("an outbox row is taken once", |store| Box::pin(outbox(store))),
        ("only finished requests are purged", |store| Box::pin(retention(store))),
        ("orders have a retention of their own, and their names stay taken", |store| Box::pin(orders_kept(store))),
        ("a lease has one holder", |store| Box::pin(lease(store))),
        ("a call is started once", |store| Box::pin(challenge(store))),
    ]
}

async fn due(store: Store) {
    populate(&store).await;
    assert_eq!(store.read(|tx| Box::pin(tx.next_due())).await, Ok(None));
    apply(&store, vec![Write::InsertRequest(request(1, JEN, at(0), Stage::AwaitingMfa { until: at(300) }))])
        .await
        .unwrap();
    apply(&store, vec![Write::InsertRequest(request(2, JEN, at(0), Stage::AwaitingMfa { until: at(200) }))])
        .await
        .unwrap();
    apply(&store, activation(3, JEN, at(0), at(100))).await.unwrap();
    apply(&store, activation(4, SAM, at(0), at(400))).await.unwrap();
    assert_eq!(store.read(|tx| Box::pin(tx.next_due())).await, Ok(Some(at(100))));
    let requests = |now: i64| store.read(move |tx| Box::pin(tx.due_requests(at(now), 10)));
    assert_eq!(requests(199).await, Ok(vec![]));
    assert_eq!(requests(300).await, Ok(vec![id(2), id(1)]));
    let grants = |now: i64| store.read(move |tx| Box::pin(tx.due_grants(at(now), 10)));
    assert_eq!(grants(100).await, Ok(vec![grant_id(3)]));
    assert_eq!(grants(400).await, Ok(vec![grant_id(3), grant_id(4)]));
    let owner = store.read(|tx| Box::pin(tx.owner_of_grant(grant_id(4)))).await.unwrap().unwrap();
    assert_eq!((owner.request, owner.principal), (id(4), who(SAM)));
    assert_eq!(store.read(|tx| Box::pin(tx.owner_of_request(id(4)))).await, Ok(Some(owner)));
    assert_eq!(store.read(|tx| Box::pin(tx.owner_of_request(id(99)))).await, Ok(None));
}

async fn memberships(store: Store) {
    populate(&store).await;
    let account =
        Account { principal: who(JEN), target: id(LDAP), native: "uid=jen".to_owned(), login: "jen".to_owned() };
    let stored = account.clone();
    store
        .transact(move |tx| {
            let stored = stored.clone();
            Box::pin(async move { tx.put_account(&stored).await })
        })
        .await
        .unwrap();
    let mut writes = activation(1, JEN, at(0), at(600));
    writes.push(Write::InsertEffect { grant: grant_id(1), group: group(OPERATORS), principal: who(JEN) });
    writes.push(Write::PutMembership(outside(JEN, at(5)).owed(at(5))));
    writes.push(Write::PutMembership(outside(SAM, at(3)).owed(at(3))));
    apply(&store, writes).await.unwrap();
    assert_eq!(store.read(|tx| Box::pin(tx.next_due_membership(id(LDAP)))).await, Ok(Some(at(3))));
    assert_eq!(store.read(|tx| Box::pin(tx.next_due_membership(id(BUILT_IN)))).await, Ok(None));
    let found = store.read(|tx| Box::pin(tx.due_memberships(id(LDAP), at(5), 10))).await.unwrap();
    assert_eq!(found.iter().map(|row| row.membership.principal).collect::<Vec<_>>(), [who(SAM), who(JEN)]);
    let jen = &found[1];
    assert_eq!((jen.group_native.as_str(), jen.attribute.as_str()), ("cn=operators,ou=groups", "member"));
    assert_eq!((jen.account_native.as_deref(), jen.login.as_deref()), (Some("uid=jen"), Some("jen")));
    assert_eq!((jen.until, jen.last_fault.as_deref(), jen.alarm), (Some(at(600)), None, 0));
    assert_eq!((found[0].account_native.as_deref(), found[0].until), (None, None));

    // Claimed: counted before the write, and not due for the next worker.
    store
        .transact(|tx| {
            Box::pin(async move {
                tx.claim_memberships(&[(group(OPERATORS), who(JEN)), (group(OPERATORS), who(SAM))], at(15)).await
            })
        })
        .await
        .unwrap();
    assert_eq!(store.read(|tx| Box::pin(tx.due_memberships(id(LDAP), at(14), 10))).await.unwrap(), []);
    store.transact(|tx| Box::pin(tx.membership_failed(group(OPERATORS), who(JEN), "busy", at(20)))).await.unwrap();
    store.transact(|tx| Box::pin(tx.raise_alarm(group(OPERATORS), who(JEN), 2))).await.unwrap();
    let found = store.read(|tx| Box::pin(tx.memberships_of_group(group(OPERATORS), None, 10))).await.unwrap();
    assert_eq!((found[0].membership.attempts, found[0].membership.due), (1, Some(at(20))));
    assert_eq!((found[0].last_fault.as_deref(), found[0].alarm), (Some("busy"), 2));
    let after = store.read(|tx| Box::pin(tx.memberships_of_group(group(OPERATORS), Some(who(JEN)), 10))).await.unwrap();
    assert_eq!(after.len(), 1);

    // Confirmed: nothing due, the fault is forgotten.
    let confirmed = found[0].membership.clone().attempted(true, Attempt::Present, at(21));
    apply(&store, vec![Write::PutMembership(confirmed)]).await.unwrap();
    let found = store.read(|tx| Box::pin(tx.memberships_of(who(JEN)))).await.unwrap();
    let groups: Vec<_> = found.iter().map(|row| row.membership.group).collect();
    assert_eq!(groups, [group(ADMINS), group(OPERATORS)]);
    assert_eq!((found[1].last_fault.as_deref(), found[1].alarm, found[1].membership.in_force), (None, 0, true));

    // Taken back and not confirmed: overdue.
    let ours = Membership { prior: Prior::Absent, ..found[1].membership.clone() };
    let released = ours.released(at(100));
    apply(&store, vec![Write::PutMembership(released)]).await.unwrap();
    let overdue = |since: i64, below: u8| store.read(move |tx| Box::pin(tx.overdue_removals(at(since), below, 10)));
    assert_eq!(overdue(99, 1).await.unwrap(), []);
    assert_eq!(overdue(100, 1).await.unwrap().len(), 1);
    assert_eq!(overdue(100, 0).await.unwrap(), []);
    let at_target = |target: u128| store.read(move |tx| Box::pin(tx.overdue_removals_at(id(target), at(100), 1, 10)));
    assert_eq!(at_target(LDAP).await, overdue(100, 1).await);
    assert_eq!(at_target(BUILT_IN).await, Ok(vec![]));
    assert_eq!(store.read(|tx| Box::pin(tx.oldest_removal(id(LDAP), 0))).await, Ok(Some(at(100))));
    assert_eq!(store.read(|tx| Box::pin(tx.oldest_removal(id(LDAP), 1))).await, Ok(None));
    let account_at = store.read(|tx| Box::pin(tx.account_at(who(JEN), id(LDAP)))).await;
    assert_eq!(account_at, Ok(Some(account)));
}

async fn waiting(store: Store) {
    populate(&store).await;
    let phases = [
        Phase::Applying { since: at(0), end: None, give_up: at(9) },
        Phase::InForce { since: at(0), end: None },
        Phase::Ending { since: None, end: at(1), cause: EndCause::Expired },
    ];
    for (number, phase) in (1..).zip(phases) {
        let request = request(number, JEN, at(0), granted(number));
        let grant = grant(&request, phase);
        let effect = Write::InsertEffect { grant: grant.id, group: group(OPERATORS), principal: who(JEN) };
        apply(&store, vec![Write::InsertRequest(request), Write::InsertGrant(grant), effect]).await.unwrap();
    }
    apply(&store, vec![Write::CloseEffect { grant: grant_id(3), group: group(OPERATORS) }]).await.unwrap();
    let waiting = store.read(|tx| Box::pin(tx.grants_waiting_on(group(OPERATORS), who(JEN)))).await;
    assert_eq!(waiting, Ok(vec![grant_id(1), grant_id(3)]));
    let owing = store.read(|tx| Box::pin(tx.grants_owing(group(OPERATORS), who(JEN)))).await;
    assert_eq!(owing, Ok(vec![grant_id(1), grant_id(2)]));
}

async fn booked(store: Store) {
    populate(&store).await;
    let owe = |number: u128, holder: u128, end: Option<i64>| {
        let request = request(number, holder, at(0), granted(number));
        let grant = grant(&request, Phase::InForce { since: at(0), end: end.map(at) });
        vec![
            Write::InsertEffect { grant: grant.id, group: group(OPERATORS), principal: who(holder) },
            Write::InsertRequest(request),
            Write::InsertGrant(grant),
            Write::PutMembership(outside(holder, at(0)).owed(at(0))),
        ]
    };
    for writes in [owe(1, JEN, Some(100)), owe(2, SAM, Some(90)), owe(3, SAM, Some(300))] {
        apply(&store, writes).await.unwrap();
    }
    apply(&store, activation(4, JEN, at(0), at(50))).await.unwrap();
    let until = |before: i64| store.read(move |tx| Box::pin(tx.memberships_until(at(before), 10)));
    let found = until(100).await.unwrap();
    // Not sam, whose other grant goes on; not the built-in target.
    assert_eq!(found.iter().map(|row| row.membership.principal).collect::<Vec<_>>(), [who(JEN)]);
    assert_eq!(found[0].until, Some(at(100)));
    assert_eq!(until(99).await.unwrap(), []);
    assert_eq!(until(300).await.unwrap().len(), 2);
}

async fn let_go(store: Store) {
    populate(&store).await;
    let owe = |number: u128, holder: u128, end: Option<i64>, prior: Prior| {
        let request = request(number, holder, at(0), granted(number));
        let grant = grant(&request, Phase::InForce { since: at(0), end: end.map(at) });
        let membership = Membership { prior, ..outside(holder, at(0)) };
        vec![
            Write::InsertEffect { grant: grant.id, group: group(OPERATORS), principal: who(holder) },
            Write::InsertRequest(request),
            Write::InsertGrant(grant),
            Write::PutMembership(membership.owed(at(0)).attempted(true, Attempt::Present, at(1))),
        ]
    };
    let member = |holder: u128| (group(OPERATORS), who(holder));
    let release = |holders: &'static [u128], now: i64| {
        let members: Vec<_> = holders.iter().map(|holder| member(*holder)).collect();
        store.transact(move |tx| {
            let members = members.clone();
            Box::pin(async move { tx.release_over(&members, at(now)).await })
        })
    };
    let row = |holder: u128| store.read(move |tx| Box::pin(tx.membership(group(OPERATORS), who(holder))));
    for writes in [
        owe(1, JEN, Some(100), Prior::Absent),
        owe(2, SAM, Some(90), Prior::Absent),
        owe(3, SAM, Some(300), Prior::Absent),
    ] {
        apply(&store, writes).await.unwrap();
    }
    assert_eq!(release(&[JEN, SAM], 99).await, Ok(vec![false, false]));
    let before = row(JEN).await.unwrap().unwrap();
    // Not sam, whose other grant goes on.
    assert_eq!(release(&[SAM, JEN], 100).await, Ok(vec![false, true]));
    let gone = row(JEN).await.unwrap().unwrap();
    assert_eq!(gone, Membership { attempts: 1, ..before.released(at(100)) });
    assert_eq!((gone.due, gone.in_force), (Some(at(100)), true));
    assert_eq!(release(&[JEN], 101).await, Ok(vec![false]), "once");
    assert!(row(SAM).await.unwrap().unwrap().wanted);

    // Owed again before the removal is confirmed: the row stays, and waits for a fresh confirmation.
    let drop = |holders: &'static [u128]| {
        let members: Vec<_> = holders.iter().map(|holder| member(*holder)).collect();
        store.transact(move |tx| {
            let members = members.clone();
            Box::pin(async move { tx.drop_removed(&members).await })
        })
    };
    apply(&store, owe(4, JEN, Some(500), Prior::Absent)).await.unwrap();
    assert_eq!(drop(&[JEN]).await, Ok(vec![false]));
    assert_eq!(release(&[JEN, SAM], 500).await, Ok(vec![true, true]));
    assert_eq!(drop(&[JEN, SAM]).await, Ok(vec![true, true]));
    assert_eq!(drop(&[JEN]).await, Ok(vec![false]));
    assert_eq!(row(JEN).await, Ok(None));

    // What people had before, and what nobody looked at, stays.
    apply(&store, owe(5, JEN, Some(600), Prior::Present)).await.unwrap();
    apply(&store, owe(6, SAM, Some(600), Prior::Unknown)).await.unwrap();
    assert_eq!(release(&[JEN, SAM], 700).await, Ok(vec![false, false]));
    // Without an end.
    apply(&store, owe(7, JEN, None, Prior::Absent)).await.unwrap();
    assert_eq!(release(&[JEN], 700).await, Ok(vec![false]));
    let waiting = store.read(|tx| Box::pin(tx.grants_waiting_on_each(&[]))).await;
    assert_eq!(waiting, Ok(vec![]));
}

async fn members(store: Store) {
    populate(&store).await;
    apply(&store, activation(1, JEN, at(0), at(600))).await.unwrap();
    let is_member =
        |number: u128, now: i64| store.read(move |tx| Box::pin(tx.is_member(group(ADMINS), who(number), at(now))));
    assert_eq!(is_member(JEN, 599).await, Ok(true));
    assert_eq!(is_member(JEN, 600).await, Ok(false));
    assert_eq!(is_member(SAM, 1).await, Ok(false));
    store.transact(|tx| Box::pin(tx.add_standing_member(group(ADMINS), who(SAM), None, at(0)))).await.unwrap();
    assert_eq!(is_member(SAM, 1).await, Ok(true));
    let standing = store.read(|tx| Box::pin(tx.standing_members(group(ADMINS), None, 10))).await;
    assert_eq!(standing, Ok(vec![who(SAM)]));
    store.transact(|tx| Box::pin(tx.drop_standing_member(group(ADMINS), who(SAM)))).await.unwrap();
    assert_eq!(is_member(SAM, 1).await, Ok(false));
}

async fn outbox(store: Store) {
    let out = |number: u128, due: i64| {
        Write::Outbox(Outgoing {
            id: Uuid::from_u128(number),
            kind: "mail".to_owned(),
            payload: "{\"to\":\"jen\"}".to_owned(),
            due: at(due),
            attempts: 0,
        })
    };
    apply(&store, vec![out(1, 10), out(2, 5), out(3, 100)]).await.unwrap();
    assert_eq!(store.read(|tx| Box::pin(tx.next_due_outbox())).await, Ok(Some(at(5))));
    let claim = |now: i64| store.transact(move |tx| Box::pin(tx.claim_outbox(at(now), at(now + 60), 10)));
    let claimed = claim(10).await.unwrap();
    let rows: Vec<_> = claimed.iter().map(|row| (row.id.as_u128(), row.attempts, row.due)).collect();
    assert_eq!(rows, [(1, 1, at(70)), (2, 1, at(70))]);
    assert_eq!(claim(20).await.unwrap(), []);
    store.transact(|tx| Box::pin(tx.outbox_done(Uuid::from_u128(1)))).await.unwrap();
    store.transact(|tx| Box::pin(tx.outbox_retry(Uuid::from_u128(2), at(30)))).await.unwrap();
    let claimed = claim(30).await.unwrap();
    assert_eq!(claimed.iter().map(|row| (row.id.as_u128(), row.attempts)).collect::<Vec<_>>(), [(2, 2)]);
}

async fn retention(store: Store) {
    populate(&store).await;
    let gone = |number: u128, end: i64| {
        let request = request(number, JEN, at(0), granted(number));
        let grant = grant(&request, Phase::Ended { since: Some(at(0)), end: at(end), cause: EndCause::Expired });
        vec![Write::InsertRequest(request), Write::InsertGrant(grant)]
    };
    apply(&store, gone(1, 100)).await.unwrap();
    apply(&store, gone(2, 50)).await.unwrap();
    apply(&store, gone(3, 300)).await.unwrap();
    apply(&store, activation(4, JEN, at(0), at(60))).await.unwrap();
    apply(&store, vec![Write::InsertRequest(request(5, JEN, at(0), Stage::AwaitingMfa { until: at(10) }))])
        .await
        .unwrap();
    let declined = Stage::Declined { cause: Declined::Withdrawn, at: at(20) };
    apply(&store, vec![Write::InsertRequest(request(6, JEN, at(0), declined))]).await.unwrap();
    let purge = |before: i64, limit| {
        let kept = Kept { pam: at(before), orders: at(0) };
        store.transact(move |tx| Box::pin(tx.purge_finished(kept, limit)))
    };
    let mut first = purge(300, 2).await.unwrap();
    first.sort();
    assert_eq!(first, [id(2), id(6)]);
    assert_eq!(purge(300, 2).await, Ok(vec![id(1)]));
    assert_eq!(purge(300, 2).await, Ok(vec![]));
    let left = store.read(|tx| Box::pin(tx.pam_requests_ordered(who(JEN), None, 10))).await.unwrap();
    let ids: Vec<_> = left.iter().map(|row| (row.request.id.uuid().as_u128(), row.grant.is_some())).collect();
    assert_eq!(ids, [(4, true), (3, true), (5, false)]);
    assert!(store.read(|tx| Box::pin(tx.grant_case(grant_id(1)))).await.unwrap().is_none());
}

async fn orders_kept(store: Store) {
    populate(&store).await;
    let declined = |end: i64| Stage::Declined { cause: Declined::Withdrawn, at: at(end) };
    let order = |number: u128, provider: Provider, name: Option<&str>, end: i64| {
        let mut order = request(number, JEN, at(0), declined(end));
        (order.provider, order.name) = (provider, name.map(str::to_owned));
        Write::InsertRequest(order)
    };
    let rows = vec![
        order(1, Provider::Pam, None, 100),
        order(2, Provider::Groups, None, 100),
        order(3, Provider::Resources, Some("Night-1"), 100),
        order(4, Provider::Resources, Some("night-2"), 200),
    ];
    apply(&store, rows).await.unwrap();
    let purge = |pam: i64, orders: i64| {
        let kept = Kept { pam: at(pam), orders: at(orders) };
        store.transact(move |tx| {
            Box::pin(async move {
                let mut gone = tx.purge_finished(kept, 10).await?;
                gone.sort();
                Ok(gone)
            })
        })
    };
    assert_eq!(purge(150, 50).await, Ok(vec![id(1)]));
    assert_eq!(purge(50, 150).await, Ok(vec![id(2), id(3)]));
    let taken = |provider, name: &'static str| store.read(move |tx| Box::pin(tx.is_name_taken(provider, name)));
    assert_eq!(taken(Provider::Resources, "nIGHT-1").await, Ok(true));
    assert_eq!(taken(Provider::Resources, "night-2").await, Ok(false), "the request itself has it");
    assert_eq!(taken(Provider::Groups, "night-1").await, Ok(false));
}

async fn lease(store: Store) {
    let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let ttl = Duration::from_secs(5);
    let take = |name: &'static str, holder| store.transact(move |tx| Box::pin(tx.lease_take(name, holder, ttl)));
    let lease = take("sequencer", one).await.unwrap().unwrap();
    assert!(!lease.taken_over);
    // Ours already: the same.
    assert_eq!(take("sequencer", one).await.unwrap().map(|again| again.epoch), Some(lease.epoch));
    let renewed = store.transact(move |tx| Box::pin(tx.lease_renew("sequencer", one, lease.epoch, ttl)));
    assert_eq!(renewed.await, Ok(true));
    store.transact(move |tx| Box::pin(tx.lease_release("sequencer", one, lease.epoch))).await.unwrap();
    let next = take("sequencer", other).await.unwrap().unwrap();
    assert!(!next.taken_over, "given back, not taken");
}

async fn challenge(store: Store) {
    populate(&store).await;
    apply(&store, vec![Write::InsertRequest(request(1, JEN, at(0), Stage::AwaitingMfa { until: at(300) }))])
        .await
        .unwrap();
    apply(&store, activation(2, SAM, at(0), at(600))).await.unwrap();
    let open = store.read(|tx| Box::pin(tx.open_challenges(10))).await.unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!((open[0].started, open[0].phone.as_deref()), (false, Some("+49 1")));
    assert_eq!((open[0].username.as_str(), open[0].role_name.as_str()), ("DEMO\\jen", "Allow AD Access"));
    let start = |number: u128| store.transact(move |tx| Box::pin(tx.start_call(id(number), at(7))));
    assert_eq!(start(1).await, Ok(true));
    assert_eq!(start(1).await, Ok(false));
    assert_eq!(start(2).await, Ok(false));
    assert_eq!(store.read(|tx| Box::pin(tx.call_started(id(1)))).await, Ok(Some(at(7))));
    assert!(store.read(|tx| Box::pin(tx.open_challenges(10))).await.unwrap()[0].started);
}
