//! Requests, grants, approvals and memberships come back as they were written.

use ephor_domain::{
    approval::{Approval, Decision, Verdict},
    effect::Prior,
    grant::{EndCause, Phase},
    id::ApprovalId,
    life::Owed,
    pam::status,
    request::{Declined, Request, Stage},
    text::Justification,
};
use ephor_store::{Store, Write};
use uuid::Uuid;

use super::Clause;
use crate::fixture::{
    ADA, ADMINS, JEN, OPERATORS, SAM, activation, apply, at, grant, grant_id, granted, group, id, outside, person,
    populate, record, request, role, who,
};

pub(crate) fn clauses() -> Vec<(&'static str, Clause)> {
    vec![
        ("every stage comes back", |store| Box::pin(stages(store))),
        ("every phase comes back", |store| Box::pin(phases(store))),
        ("a decision comes back", |store| Box::pin(decisions(store))),
        ("standing tells all that a request is judged on", |store| Box::pin(standing(store))),
        ("a case tells all that hangs on a request", |store| Box::pin(case(store))),
        ("a grant of two owners counts the other", |store| Box::pin(others(store))),
        ("what ended owes nothing", |store| Box::pin(ended(store))),
        ("rows name their last leaf", |store| Box::pin(named(store))),
    ]
}

async fn stages(store: Store) {
    populate(&store).await;
    let approval = ApprovalId::new(Uuid::from_u128(0x55));
    let stages = [
        Stage::AwaitingMfa { until: at(300) },
        Stage::AwaitingApproval { approval, until: at(900) },
        Stage::AwaitingAdministrator { until: at(5) },
        Stage::Granted { grant: grant_id(4) },
        Stage::Declined { cause: Declined::Rejected, at: at(7) },
        Stage::Recorded { at: at(8) },
    ];
    for (number, stage) in (1..).zip(stages) {
        let mut request = request(number, JEN, at(1), stage);
        request.justification = Justification::parse("ticket 7\nnext line").unwrap();
        request.asked_start = at(-86_400);
        apply(&store, vec![Write::InsertRequest(request.clone())]).await.unwrap();
        let found = store.read(move |tx| Box::pin(tx.request_case(id(number)))).await.unwrap().unwrap();
        assert_eq!(found.request, request);
        let later = request.declined(Declined::Withdrawn, at(10));
        apply(&store, vec![Write::UpdateRequest(later.clone())]).await.unwrap();
        let found = store.read(move |tx| Box::pin(tx.request_case(id(number)))).await.unwrap().unwrap();
        assert_eq!(found.request, later);
    }
    assert!(store.read(|tx| Box::pin(tx.request_case(id(77)))).await.unwrap().is_none());
}

async fn phases(store: Store) {
    populate(&store).await;
    let phases = [
        Phase::Scheduled { start: at(60) },
        Phase::Applying { since: at(60), end: Some(at(660)), give_up: at(120) },
        Phase::InForce { since: at(61), end: Some(at(661)) },
        Phase::InForce { since: at(61), end: None },
        Phase::Ending { since: Some(at(61)), end: at(100), cause: EndCause::Requester },
        Phase::Ended { since: None, end: at(100), cause: EndCause::CouldNotApply },
    ];
    let request = request(1, JEN, at(1), granted(1));
    let first = grant(&request, Phase::Scheduled { start: at(50) });
    apply(&store, vec![Write::InsertRequest(request.clone()), Write::InsertGrant(first.clone())]).await.unwrap();
    for phase in phases {
        let changed = ephor_domain::grant::Grant { phase, lasts: None, ..first.clone() };
        apply(&store, vec![Write::UpdateGrant(changed.clone())]).await.unwrap();
        let found = store.read(|tx| Box::pin(tx.grant_case(grant_id(1)))).await.unwrap().unwrap();
        assert_eq!(found.grant, Some(changed));
        assert_eq!(found.request, request);
    }
}

async fn decisions(store: Store) {
    populate(&store).await;
    let approval = Approval {
        id: ApprovalId::new(Uuid::from_u128(0x55)),
        request: id(1),
        opened: at(1),
        until: at(900),
        decision: None,
    };
    let asked = request(1, JEN, at(1), Stage::AwaitingApproval { approval: approval.id, until: at(900) });
    apply(&store, vec![Write::InsertRequest(asked.clone()), Write::InsertApproval(approval.clone())]).await.unwrap();
    let case = store.read(move |tx| Box::pin(tx.approval_case(approval.id))).await.unwrap().unwrap();
    assert_eq!((case.request.clone(), case.approval), (asked.clone(), Some(approval.clone())));
    assert_eq!(case.approvers.len(), 1);
    assert_eq!(case.approvers[0].person, person(ADA));
    assert_eq!((case.approvers[0].named_by, case.approvers[0].named_at), (Some(person(SAM)), at(0)));
    let decision = Decision {
        verdict: Verdict::Approve,
        by: who(ADA),
        person: person(ADA),
        at: at(20),
        justification: Some("fine".to_owned()),
    };
    let decided = Approval { decision: Some(decision), ..approval };
    let passed = Request { stage: granted(1), ..asked };
    let grant = grant(&passed, Phase::InForce { since: at(20), end: Some(at(620)) });
    let writes = vec![
        Write::DecideApproval(decided.clone()),
        Write::UpdateRequest(passed.clone()),
        Write::InsertGrant(grant.clone()),
    ];
    apply(&store, writes).await.unwrap();
    let case = store.read(move |tx| Box::pin(tx.approval_case(decided.id))).await.unwrap().unwrap();
    assert_eq!((case.request, case.grant), (passed, Some(grant)));
    // The decision is found although the stage does not name the approval any more.
    assert_eq!(case.approval.and_then(|approval| approval.decision).map(|decision| decision.at), Some(at(20)));
    assert_eq!(case.approvers, []);
}

async fn standing(store: Store) {
    populate(&store).await;
    let of = |number: u128| store.read(move |tx| Box::pin(tx.pam_standing(who(number), role())));
    let jen = of(JEN).await.unwrap();
    assert_eq!(jen.principal.map(|principal| principal.account), Some("jen".to_owned()));
    assert_eq!((jen.is_pam_user, jen.is_candidate, jen.is_approver, jen.unwritable), (true, true, false, false));
    assert_eq!(jen.role.map(|role| role.name.as_str().to_owned()), Some("Allow AD Access".to_owned()));
    let groups: Vec<_> = jen.privileges.iter().map(|privilege| (privilege.group, privilege.built_in)).collect();
    assert_eq!(groups, [(group(ADMINS), true), (group(OPERATORS), false)]);
    assert_eq!(jen.memberships, []);
    let ada = of(ADA).await.unwrap();
    assert_eq!((ada.is_candidate, ada.is_approver), (false, true));
    assert!(of(0x77).await.unwrap().principal.is_none());

    // An approver of the same person counts, and a target that cannot be written to.
    let changed = store.transact(|tx| {
        Box::pin(async move {
            tx.merge_persons(person(JEN), person(ADA)).await?;
            tx.put_target_health(id(crate::fixture::LDAP), true, "{}", at(3)).await
        })
    });
    changed.await.unwrap();
    apply(&store, vec![Write::PutMembership(outside(JEN, at(1)).owed(at(1)))]).await.unwrap();
    let jen = of(JEN).await.unwrap();
    assert_eq!((jen.is_approver, jen.unwritable), (true, true));
    assert_eq!(jen.memberships, [outside(JEN, at(1)).owed(at(1))]);
}

async fn case(store: Store) {
    populate(&store).await;
    // Before its grant, what the role gives; the membership that is there already comes along.
    let asked = request(1, JEN, at(1), Stage::AwaitingMfa { until: at(300) });
    let pending = outside(JEN, at(0)).owed(at(0));
    apply(&store, vec![Write::InsertRequest(asked), Write::PutMembership(pending.clone())]).await.unwrap();
    let case = store.read(|tx| Box::pin(tx.request_case(id(1)))).await.unwrap().unwrap();
    assert_eq!(case.principal.account, "jen");
    assert!(case.is_candidate && case.is_pam_user && !case.is_approver && !case.unwritable);
    let owed: Vec<_> =
        case.owed.iter().map(|owed| (owed.privilege.group, owed.membership.clone(), owed.others)).collect();
    assert_eq!(owed, [(group(ADMINS), None, 0), (group(OPERATORS), Some(pending), 0)]);
    assert_eq!(case.approvers.len(), 1);

    // Role deleted, holder deleted: the request is still there.
    let gone = store.transact(|tx| {
        Box::pin(async move { Ok((tx.delete_role(role(), at(5)).await?, tx.delete_principal(who(JEN)).await?)) })
    });
    assert_eq!(gone.await, Ok((true, true)));
    let case = store.read(|tx| Box::pin(tx.request_case(id(1)))).await.unwrap().unwrap();
    assert!(case.role.is_none() && !case.is_candidate && case.owed.is_empty());
    assert_eq!((case.principal.id, case.principal.enabled), (who(JEN), false));
}

async fn others(store: Store) {
    populate(&store).await;
    apply(&store, activation(1, JEN, at(0), at(600))).await.unwrap();
    apply(&store, activation(2, JEN, at(10), at(900))).await.unwrap();
    let case = store.read(|tx| Box::pin(tx.grant_case(grant_id(1)))).await.unwrap().unwrap();
    // Its effects, not what the role gives today.
    let owed: Vec<&Owed> = case.owed.iter().collect();
    assert_eq!(owed.len(), 1);
    assert_eq!((owed[0].privilege.group, owed[0].others), (group(ADMINS), 1));
    assert!(owed[0].membership.as_ref().is_some_and(|membership| membership.in_force));
    apply(&store, vec![Write::CloseEffects { grant: grant_id(2) }]).await.unwrap();
    let case = store.read(|tx| Box::pin(tx.grant_case(grant_id(1)))).await.unwrap().unwrap();
    assert_eq!(case.owed[0].others, 0);
    let owing = store.read(|tx| Box::pin(tx.grants_owing(group(ADMINS), who(JEN)))).await;
    assert_eq!(owing, Ok(vec![grant_id(1)]));
}

async fn ended(store: Store) {
    populate(&store).await;
    apply(&store, activation(1, JEN, at(0), at(600))).await.unwrap();
    let case = store.read(|tx| Box::pin(tx.grant_case(grant_id(1)))).await.unwrap().unwrap();
    let over = ephor_domain::life::end(case.grant.unwrap(), case.owed, at(300), EndCause::Requester, at(300));
    assert_eq!(over.dropped, [(group(ADMINS), who(JEN))]);
    let writes = vec![
        Write::UpdateGrant(over.grant.clone()),
        Write::CloseEffects { grant: over.grant.id },
        Write::DropMembership { group: group(ADMINS), principal: who(JEN) },
        Write::Record(record(2, None)),
    ];
    apply(&store, writes).await.unwrap();
    let case = store.read(|tx| Box::pin(tx.grant_case(grant_id(1)))).await.unwrap().unwrap();
    assert_eq!((case.grant.as_ref(), case.owed.len()), (Some(&over.grant), 0));
    let view = status::view(&case.request, case.grant.as_ref(), at(301));
    assert_eq!((view.status.word(), view.expiration), ("Closed", Some(at(300))));
    let left = store.read(|tx| {
        Box::pin(async move {
            Ok((
                tx.membership(group(ADMINS), who(JEN)).await?,
                tx.grants_owing(group(ADMINS), who(JEN)).await?,
                tx.live_grants_of_line(who(JEN), role()).await?,
                tx.next_due().await?,
            ))
        })
    });
    assert_eq!(left.await, Ok((None, vec![], vec![], None)));
}

async fn named(store: Store) {
    populate(&store).await;
    apply(&store, activation(1, JEN, at(0), at(600))).await.unwrap();
    let second = record(2, None).leaf_hash;
    let request = request(1, JEN, at(0), granted(1));
    let ending = Phase::Ending { since: Some(at(0)), end: at(9), cause: EndCause::Administrator };
    let writes = vec![
        Write::UpdateGrant(grant(&request, ending)),
        Write::Record(record(7, None)),
        Write::Record(record(2, None)),
    ];
    apply(&store, writes).await.unwrap();
    let named = store.read(|tx| Box::pin(tx.named_leaves(None, 10))).await.unwrap();
    // The request follows its grant, and the last record of a batch is the one that is named.
    assert_eq!(named.iter().map(|(_, leaf)| *leaf).collect::<Vec<_>>(), [second, second]);
    let first = named[0].0;
    let rest = store.read(move |tx| Box::pin(tx.named_leaves(Some(first), 10))).await.unwrap();
    assert_eq!(rest, named[1..]);
    // Without a record the name stays.
    let membership = outside(JEN, at(0)).owed(at(0));
    apply(&store, vec![Write::UpdateGrant(grant(&request, ending)), Write::PutMembership(membership.clone())])
        .await
        .unwrap();
    assert_eq!(store.read(|tx| Box::pin(tx.named_leaves(None, 10))).await.unwrap(), named);
    let read = store.read(|tx| Box::pin(tx.membership(group(OPERATORS), who(JEN)))).await.unwrap().unwrap();
    assert_eq!((read.prior, read.clone()), (Prior::Unknown, membership));
}
