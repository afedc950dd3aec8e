//! Lists of resources by key: each row once, whatever the size of the page.

use std::collections::BTreeSet;

use ephor_domain::{
    policy::Kind,
    principal::PrincipalKind,
    provider::Provider,
    resource::{Assignment, AssignmentContent, Denial, Permission},
    scope::ArmScope,
};
use ephor_store::{
    Store,
    tx::{
        line::{Lines, ScheduleLine},
        role_assignment::{ScopeCursor, ScopeSpan},
    },
};
use uuid::Uuid;

use super::Clause;
use crate::fixture::{JEN, SAM, at, id, who};

const S: &str = "/subscriptions/5f5a7e2a-0000-4000-8000-00000000000a";

pub(crate) fn clauses() -> Vec<(&'static str, Clause)> {
    vec![
        ("lines of a span of scopes page by page", |store| Box::pin(lines(store))),
        ("role assignments of a principal page by page", |store| Box::pin(assignments(store))),
        ("a deny assignment by its id", |store| Box::pin(denials(store))),
    ]
}

fn scope(tail: &str) -> ArmScope {
    format!("{S}{tail}").parse().unwrap()
}

fn places() -> [ArmScope; 4] {
    [scope(""), scope("/resourceGroups/a"), scope("/resourceGroups/a-b"), scope("/resourceGroups/b")]
}

fn line(number: u128, at_scope: &ArmScope) -> ScheduleLine {
    ScheduleLine {
        id: Uuid::from_u128(number),
        provider: Provider::Resources,
        kind: Kind::Eligibility,
        principal: who(JEN),
        entitlement: id(number),
        definition: Uuid::from_u128(7),
        scope: at_scope.key().to_owned(),
        schedule: Uuid::from_u128(0x500 + number),
        instance: Uuid::from_u128(0x600 + number),
        grant: None,
        start: at(0),
        end: None,
        created: at(0),
        modified: None,
        made_by: id(1),
        rests_on: None,
        live: true,
    }
}

async fn lines(store: Store) {
    let written = store.transact(|tx| {
        Box::pin(async move {
            for (n, place) in places().iter().enumerate() {
                for m in 0..3_u128 {
                    tx.put_line(&line(n as u128 + 10 * m + 1, place)).await?;
                }
            }
            // One that is over is none.
            tx.put_line(&ScheduleLine { live: false, ..line(99, &places()[1]) }).await
        })
    });
    written.await.unwrap();
    let spans = [
        (ScopeSpan::exactly(&scope("/resourceGroups/a")), vec!["a"; 3]),
        (ScopeSpan::below(&scope("")), vec!["a", "a", "a", "a-b", "a-b", "a-b", "b", "b", "b"]),
        (ScopeSpan::below(&scope("/resourceGroups/a")), vec![]),
    ];
    for (span, expected) in spans {
        for size in [1, 2, 4, 100] {
            let of = span.clone();
            let found = store.read(move |tx| {
                let of = of.clone();
                Box::pin(async move {
                    let (mut found, mut after) = (Vec::new(), None);
                    loop {
                        let page =
                            tx.lines_in(Provider::Resources, Kind::Eligibility, &of, after.as_ref(), size).await?;
                        let Some(last) = page.last() else { return Ok(found) };
                        after = Some(ScopeCursor { scope: last.line.scope.clone(), name: last.line.id });
                        found.extend(page.into_iter().map(|row| (row.line.scope, row.line.id)));
                    }
                })
            });
            let found = found.await.unwrap();
            let ids: BTreeSet<Uuid> = found.iter().map(|(_, id)| *id).collect();
            assert_eq!(ids.len(), found.len(), "each once");
            let names: Vec<&str> = found.iter().map(|(scope, _)| scope.rsplit('/').next().unwrap()).collect();
            assert_eq!(names, expected, "{size} a page");
        }
    }
    let named = store.read(|tx| {
        Box::pin(async move {
            let known = tx.lines_of_instance(Uuid::from_u128(0x601)).await?;
            let over = tx.lines_of_instance(Uuid::from_u128(0x600 + 99)).await?;
            let all = tx.lines(Provider::Resources, Kind::Eligibility, &Lines::Of(who(JEN)), None, 100).await?;
            Ok((known, over.len(), all.len()))
        })
    });
    let (known, over, all) = named.await.unwrap();
    assert_eq!((known.len(), known[0].line.id, over, all), (1, Uuid::from_u128(1), 0, 12));
}

async fn assignments(store: Store) {
    let one = |name: u128, principal: u128, place: &ArmScope, role: u128| Assignment {
        name: Uuid::from_u128(name),
        scope: place.clone(),
        definition: Uuid::from_u128(role),
        principal: who(principal),
        kind: PrincipalKind::User,
        content: AssignmentContent::default(),
        created: at(0),
        updated: at(0),
        created_by: None,
        updated_by: None,
    };
    let mut rows = Vec::new();
    for (n, place) in places().iter().enumerate() {
        for role in 1..=2_u128 {
            rows.push(one(0x100 * role + n as u128, JEN, place, role));
        }
        rows.push(one(0x900 + n as u128, SAM, place, 1));
    }
    let written = rows.clone();
    let kept = store.transact(move |tx| {
        let written = written.clone();
        Box::pin(async move {
            for row in &written {
                tx.insert_role_assignment(row).await?;
            }
            Ok(())
        })
    });
    kept.await.unwrap();
    for size in [1, 3, 100] {
        let found = store.read(move |tx| {
            Box::pin(async move {
                let (mut found, mut after): (Vec<Assignment>, Option<ScopeCursor>) = (Vec::new(), None);
                loop {
                    let page = tx.role_assignments_of_after(who(JEN), after.as_ref(), size).await?;
                    let Some(last) = page.last() else { return Ok(found) };
                    after = Some(ScopeCursor { scope: last.scope.key().to_owned(), name: last.definition });
                    found.extend(page);
                }
            })
        });
        let found: Vec<(ArmScope, Uuid)> =
            found.await.unwrap().into_iter().map(|one| (one.scope, one.definition)).collect();
        let mut expected: Vec<(ArmScope, Uuid)> = rows
            .iter()
            .filter(|row| row.principal == who(JEN))
            .map(|row| (row.scope.clone(), row.definition))
            .collect();
        expected.sort();
        assert_eq!(found, expected, "{size} a page");
    }
}

async fn denials(store: Store) {
    let denial = Denial {
        id: Uuid::from_u128(5),
        name: "Freeze".to_owned(),
        scope: scope(""),
        not_below: true,
        permissions: vec![Permission { actions: vec!["*".to_owned()], ..Permission::default() }],
        principals: [Uuid::nil()].into(),
        excluded: [who(JEN).uuid()].into(),
    };
    let written = denial.clone();
    let found = store.transact(move |tx| {
        let written = written.clone();
        Box::pin(async move {
            tx.insert_denial(&written, at(0)).await?;
            let found = tx.denial(written.id).await?;
            let gone = tx.delete_denial(written.id).await?;
            Ok((found, gone, tx.denial(written.id).await?))
        })
    });
    assert_eq!(found.await.unwrap(), (Some(denial), true, None));
}
