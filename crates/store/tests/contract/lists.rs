//! Lists page by key and come in the order of the contract.

use ephor_domain::{
    approval::Approval,
    grant::{EndCause, Phase},
    id::{ApprovalId, RequestId},
    request::{Declined, Stage},
};
use ephor_store::{
    Store, Write,
    tx::{
        NameCursor, Page,
        list::{RequestFilter, StateGroup},
    },
};
use uuid::Uuid;

use super::Clause;
use crate::fixture::{
    ADA, JEN, ROLE, SAM, access_group, activation, apply, at, grant, granted, id, pam_role, person, populate, request,
    role, who,
};

pub(crate) fn clauses() -> Vec<(&'static str, Clause)> {
    vec![
        ("own requests come in the order of PAM 7.3", |store| Box::pin(own(store))),
        ("pending items are those one may decide on", |store| Box::pin(to_approve(store))),
        ("administrators find requests newest first", |store| Box::pin(admin(store))),
        ("names are paged and searched", |store| Box::pin(names(store))),
        ("roles of a candidate come by name", |store| Box::pin(roles(store))),
        ("open rows are found by holder and role", |store| Box::pin(open(store))),
    ]
}

/// Rows whose order differs from that of their ids, some of them finished.
async fn history(store: &Store) -> Vec<RequestId> {
    let in_force = |since, end| Phase::InForce { since: at(since), end: Some(at(end)) };
    let ended = |since, end| Phase::Ended { since: Some(at(since)), end: at(end), cause: EndCause::Expired };
    let with_grant = |number, created, phase| {
        let request = request(number, JEN, at(created), granted(number));
        let grant = grant(&request, phase);
        vec![Write::InsertRequest(request), Write::InsertGrant(grant)]
    };
    let batches = [
        with_grant(1, 10, in_force(10, 700)),
        with_grant(2, 20, ended(20, 500)),
        vec![Write::InsertRequest(request(3, JEN, at(30), Stage::AwaitingMfa { until: at(330) }))],
        with_grant(4, 40, in_force(40, 640)),
        vec![Write::InsertRequest(request(5, JEN, at(50), Stage::Declined { cause: Declined::Rejected, at: at(55) }))],
        vec![Write::InsertRequest(request(6, JEN, at(60), Stage::Recorded { at: at(600) }))],
        with_grant(7, 5, Phase::Scheduled { start: at(5000) }),
        with_grant(8, 80, Phase::InForce { since: at(80), end: None }),
    ];
    for batch in batches {
        apply(store, batch).await.unwrap();
    }
    // Of somebody else.
    apply(store, activation(9, SAM, at(0), at(600))).await.unwrap();
    // With expiration: 2 (500), 6 (600), 4 (640), 1 (700); without: 7 (5), 3 (30), 5 (50), 8 (80).
    [2, 6, 4, 1, 7, 3, 5, 8].map(id).to_vec()
}

async fn own(store: Store) {
    populate(&store).await;
    let expected = history(&store).await;
    for limit in [1, 3, 100] {
        let mut found: Vec<RequestId> = Vec::new();
        let mut after = None;
        loop {
            let page = store.read(move |tx| Box::pin(tx.pam_requests_ordered(who(JEN), after, limit))).await.unwrap();
            found.extend(page.iter().map(|row| row.request.id));
            after = page.last().map(|row| row.cursor);
            if page.len() < usize::try_from(limit).unwrap() {
                break;
            }
        }
        assert_eq!(found, expected, "pages of {limit}");
    }
    let page = store.read(|tx| Box::pin(tx.pam_requests_ordered(who(JEN), None, 1))).await.unwrap();
    assert_eq!(page[0].grant.as_ref().map(|grant| grant.request), Some(id(2)));

    // A grant that ends early moves its request, also when the request itself is not written.
    let first = request(1, JEN, at(10), granted(1));
    let over = Phase::Ended { since: Some(at(10)), end: at(50), cause: EndCause::Requester };
    apply(&store, vec![Write::UpdateGrant(grant(&first, over))]).await.unwrap();
    let could_not = Phase::Ended { since: None, end: at(60), cause: EndCause::CouldNotApply };
    let seventh = request(7, JEN, at(5), granted(7));
    apply(&store, vec![Write::UpdateGrant(grant(&seventh, could_not))]).await.unwrap();
    let page = store.read(|tx| Box::pin(tx.pam_requests_ordered(who(JEN), None, 100))).await.unwrap();
    let ids: Vec<RequestId> = page.iter().map(|row| row.request.id).collect();
    assert_eq!(ids, [1, 2, 6, 4, 7, 3, 5, 8].map(id));
}

async fn waiting(store: &Store, number: u128, holder: u128, created: i64, until: i64) {
    let approval = ApprovalId::new(Uuid::from_u128(0x500 + number));
    let stage = Stage::AwaitingApproval { approval, until: at(until) };
    let request = request(number, holder, at(created), stage);
    let approval =
        Approval { id: approval, request: request.id, opened: at(created), until: at(until), decision: None };
    apply(store, vec![Write::InsertRequest(request), Write::InsertApproval(approval)]).await.unwrap();
}

async fn to_approve(store: Store) {
    populate(&store).await;
    for (number, holder, created, until) in
        [(1, JEN, 30, 900), (2, SAM, 20, 900), (3, ADA, 10, 900), (4, JEN, 5, 100), (5, JEN, -5, 900)]
    {
        waiting(&store, number, holder, created, until).await;
    }
    let items = |account: u128, now: i64| {
        store.read(move |tx| Box::pin(tx.pam_to_approve(who(account), person(account), at(now), None, 100)))
    };
    let found = items(ADA, 50).await.unwrap();
    let ids: Vec<_> = found.iter().map(|item| item.request.id).collect();
    // Not her own; ascending by creation.
    assert_eq!(ids, [5, 4, 2, 1].map(id::<ephor_domain::id::kind::Request>));
    assert_eq!(found[0].role, "Allow AD Access");
    assert_eq!((found[2].requester.account.as_str(), found[2].approval.opened), ("sam", at(20)));
    let after = found[1].cursor;
    let rest = store.read(move |tx| Box::pin(tx.pam_to_approve(who(ADA), person(ADA), at(50), Some(after), 1)));
    assert_eq!(rest.await.unwrap()[0].request.id, id(2));
    // Time-out is a property of time.
    assert_eq!(items(ADA, 100).await.unwrap().len(), 3);
    assert!(items(JEN, 50).await.unwrap().is_empty());

    // Whom the requester's person named after asking decides on nothing of his (F13); sam named ada at 0.
    let renamed = store.transact(|tx| {
        Box::pin(async move {
            tx.delete_approver(role(), who(ADA)).await?;
            tx.insert_approver(role(), who(ADA), Some(person(SAM)), at(25)).await
        })
    });
    renamed.await.unwrap();
    let ids: Vec<_> = items(ADA, 50).await.unwrap().iter().map(|item| item.request.id).collect();
    assert_eq!(ids, [5, 4, 1].map(id::<ephor_domain::id::kind::Request>));
    // Withdrawn: gone at once.
    let withdrawn = request(1, JEN, at(30), Stage::Declined { cause: Declined::Withdrawn, at: at(40) });
    apply(&store, vec![Write::UpdateRequest(withdrawn)]).await.unwrap();
    assert_eq!(items(ADA, 50).await.unwrap().len(), 2);
}

async fn admin(store: Store) {
    populate(&store).await;
    history(&store).await;
    let find = |filter: RequestFilter, after: Option<u128>, limit| {
        let store = store.clone();
        async move {
            let found = store
                .read(move |tx| {
                    let filter = filter.clone();
                    Box::pin(async move { tx.pam_requests_admin(&filter, after.map(id), limit).await })
                })
                .await;
            found.unwrap().iter().map(|row| row.request.id.uuid().as_u128()).collect::<Vec<_>>()
        }
    };
    let all = RequestFilter::default();
    assert_eq!(find(all.clone(), None, 100).await, [9, 8, 7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(find(all.clone(), Some(7), 2).await, [6, 5]);
    let of_jen = RequestFilter { principal: Some(who(JEN)), ..all.clone() };
    assert_eq!(find(of_jen.clone(), None, 3).await, [8, 7, 6]);
    let waiting = RequestFilter { groups: vec![StateGroup::Waiting], ..of_jen.clone() };
    assert_eq!(find(waiting, None, 100).await, [3]);
    let finished = RequestFilter { groups: vec![StateGroup::Finished], ..of_jen };
    assert_eq!(find(finished, None, 100).await, [6, 5, 2]);
    let granted = RequestFilter { groups: vec![StateGroup::Granted], created_from: Some(at(10)), ..all.clone() };
    assert_eq!(find(granted, None, 100).await, [8, 4, 1]);
    assert_eq!(find(RequestFilter { role: Some(id(0x77)), ..all.clone() }, None, 100).await, [0_u128; 0]);
    assert_eq!(find(RequestFilter { role: Some(id(ROLE)), ..all }, None, 100).await.len(), 9);
}

async fn names(store: Store) {
    populate(&store).await;
    let made = store.transact(|tx| {
        Box::pin(async move {
            for (number, name) in [(0xa1, "beta"), (0xa2, "Alpha"), (0xa3, "ÄRGER 100%"), (0xa4, "Beta 2")] {
                tx.insert_role(&pam_role(number, name)).await?;
            }
            tx.insert_group(&access_group(0x63, crate::fixture::LDAP, "Zeta")).await
        })
    });
    made.await.unwrap();
    let roles = |page: Page| {
        let store = store.clone();
        async move {
            let found = store
                .read(move |tx| {
                    let page = page.clone();
                    Box::pin(async move { tx.roles(&page).await })
                })
                .await;
            found.unwrap().into_iter().map(|role| role.name.as_str().to_owned()).collect::<Vec<_>>()
        }
    };
    let all = Page { limit: 10, ..Page::default() };
    assert_eq!(roles(all.clone()).await, ["Allow AD Access", "Alpha", "beta", "Beta 2", "ÄRGER 100%"]);
    let after = Some(NameCursor::after("Alpha", Uuid::from_u128(0xa2)));
    assert_eq!(roles(Page { after, limit: 2, ..Page::default() }).await, ["beta", "Beta 2"]);
    let search = |text: &str| Page { search: Some(text.to_owned()), ..all.clone() };
    assert_eq!(roles(search("BETA")).await, ["beta", "Beta 2"]);
    assert_eq!(roles(search("ärger")).await, ["ÄRGER 100%"]);
    assert_eq!(roles(search("0%")).await, ["ÄRGER 100%"]);
    assert_eq!(roles(search("%")).await, ["ÄRGER 100%"]);
    assert_eq!(roles(search("_")).await, Vec::<String>::new());

    let (people, users, groups) = store
        .read(|tx| {
            Box::pin(async move {
                let page = Page { limit: 10, search: Some("demo\\j".to_owned()), ..Page::default() };
                let all = Page { limit: 10, ..Page::default() };
                Ok((tx.principals(&page).await?, tx.users(&all).await?, tx.groups(&all).await?))
            })
        })
        .await
        .unwrap();
    assert_eq!(people.iter().map(|found| found.account.as_str()).collect::<Vec<_>>(), ["jen"]);
    assert_eq!(users.iter().map(|row| row.principal.account.as_str()).collect::<Vec<_>>(), ["ada", "jen", "sam"]);
    assert_eq!(users[0].user.source.phone.as_deref(), Some("+49 1"));
    let names: Vec<_> = groups.iter().map(|group| group.display_name.as_str()).collect();
    assert_eq!(names, ["admins", "operators", "Zeta"]);
}

async fn roles(store: Store) {
    populate(&store).await;
    let made = store.transact(|tx| {
        Box::pin(async move {
            for (number, name) in [(0xa1, "beta"), (0xa2, "Alpha"), (0xa3, "gamma")] {
                tx.insert_role(&pam_role(number, name)).await?;
                tx.insert_eligibility(&crate::fixture::candidate(JEN, number)).await?;
            }
            tx.delete_role(id(0xa3), at(1)).await
        })
    });
    made.await.unwrap();
    let found = store.read(|tx| Box::pin(tx.pam_roles_of(who(JEN)))).await.unwrap();
    let names: Vec<_> = found.iter().map(|role| role.name.as_str()).collect();
    assert_eq!(names, ["Allow AD Access", "Alpha", "beta"]);
    assert_eq!(store.read(|tx| Box::pin(tx.role_name(id(0xa3)))).await, Ok(Some("gamma".to_owned())));
    assert_eq!(store.read(|tx| Box::pin(tx.role(id(0xa3)))).await, Ok(None));
}

async fn open(store: Store) {
    populate(&store).await;
    history(&store).await;
    let waiting = |principal, role| store.read(move |tx| Box::pin(tx.open_requests(principal, role, 100)));
    assert_eq!(waiting(Some(who(JEN)), Some(role())).await, Ok(vec![id(3)]));
    assert_eq!(waiting(None, None).await, Ok(vec![id(3)]));
    assert_eq!(waiting(Some(who(SAM)), None).await, Ok(vec![]));
    let grants = |principal, role| store.read(move |tx| Box::pin(tx.open_grants(principal, role, 100)));
    let ids = |numbers: &[u128]| Ok(numbers.iter().map(|number| crate::fixture::grant_id(*number)).collect());
    assert_eq!(grants(None, None).await, ids(&[1, 4, 7, 8, 9]));
    assert_eq!(grants(Some(who(SAM)), Some(role())).await, ids(&[9]));
    assert_eq!(grants(None, Some(id(0x77))).await, ids(&[]));
    let line = store.read(|tx| Box::pin(tx.live_grants_of_line(who(JEN), role()))).await.unwrap();
    assert_eq!(line.len(), 4);
    let is_active = |number: u128, now: i64| store.read(move |tx| Box::pin(tx.is_active(who(number), role(), at(now))));
    assert_eq!(is_active(SAM, 599).await, Ok(true));
    assert_eq!(is_active(SAM, 600).await, Ok(false));
    // One of jen's has no end.
    assert_eq!(is_active(JEN, 1_000_000).await, Ok(true));
    assert_eq!(is_active(ADA, 1).await, Ok(false));
}
