//! What a directory knows of people and groups, and roles of one's own.

use ephor_domain::{
    directory::{GroupFacts, RoleDefinition, RolePermission, UserFacts},
    id::PrincipalId,
    principal::PrincipalKind,
};
use ephor_store::{
    Fault, Store,
    tx::{NameCursor, directory::Span},
};
use uuid::Uuid;

use super::Clause;
use crate::fixture::{ADA, ADMINS, JEN, OPERATORS, SAM, activation, apply, at, group, populate, who};

pub(crate) fn clauses() -> Vec<(&'static str, Clause)> {
    vec![
        ("people by name, id and mail, with their facts", |store| Box::pin(people(store))),
        ("groups with and without facts", |store| Box::pin(groups(store))),
        ("members for good and for a time", |store| Box::pin(members(store))),
        ("an account goes with its facts and its place as owner", |store| Box::pin(deleted(store))),
        ("roles of one's own", |store| Box::pin(roles(store))),
    ]
}

fn facts() -> UserFacts {
    UserFacts {
        mail: Some("Jen@demo.test".to_owned()),
        given_name: Some("Jen".to_owned()),
        manager: Some(who(ADA)),
        created: Some(at(5)),
        ..UserFacts::default()
    }
}

async fn people(store: Store) {
    populate(&store).await;
    store.transact(|tx| Box::pin(async move { tx.put_directory_user(who(JEN), &facts()).await })).await.unwrap();
    let named = |span: Span| {
        let store = store.clone();
        async move {
            let found = store.read(move |tx| {
                let span = span.clone();
                Box::pin(async move { tx.directory_users(PrincipalKind::User, &span).await })
            });
            let found = found.await.unwrap();
            found.into_iter().map(|entry| (entry.principal.account, entry.facts)).collect::<Vec<_>>()
        }
    };
    let span = |prefix: &str, after: Option<NameCursor>, limit| Span { prefix: prefix.to_owned(), after, limit };
    let none = UserFacts::default;
    let all = [("ada", none()), ("jen", facts()), ("sam", none())].map(|(name, it)| (name.to_owned(), it));
    assert_eq!(named(span("", None, 10)).await, all);
    assert_eq!(named(span("JE", None, 10)).await, [("jen".to_owned(), facts())]);
    assert_eq!(named(span("x", None, 10)).await, []);
    assert_eq!(named(span("", None, 1)).await, [("ada".to_owned(), none())]);
    let after = NameCursor::after("jen of the demo", who(JEN).uuid());
    assert_eq!(named(span("", Some(after), 10)).await, [("sam".to_owned(), none())]);

    let many: Vec<PrincipalId> = (0..40).map(who).collect();
    let found = store.read(move |tx| {
        let many = many.clone();
        Box::pin(async move { tx.directory_users_of(&many).await })
    });
    let mut found: Vec<String> = found.await.unwrap().into_iter().map(|entry| entry.principal.account).collect();
    found.sort_unstable();
    assert_eq!(found, ["ada", "jen", "sam"]);
    let found = store.read(|tx| Box::pin(async move { tx.directory_users_by_mail("jEN@demo.test").await })).await;
    assert_eq!(found.unwrap().pop().unwrap().facts, facts());
    let count = |kind| store.read(move |tx| Box::pin(async move { tx.count_principals(kind).await }));
    assert_eq!((count(PrincipalKind::User).await, count(PrincipalKind::Group).await), (Ok(3), Ok(0)));
}

async fn groups(store: Store) {
    populate(&store).await;
    let known =
        GroupFacts { role_assignable: true, rule: Some("r".to_owned()), created: Some(at(1)), ..GroupFacts::default() };
    let put = |facts: GroupFacts| {
        store.transact(move |tx| {
            let facts = facts.clone();
            Box::pin(async move { tx.put_directory_group(group(ADMINS), &facts).await })
        })
    };
    put(known.clone()).await.unwrap();
    // Whether roles can be given to it was fixed when it was made.
    put(GroupFacts { role_assignable: false, unified: true, ..known.clone() }).await.unwrap();
    let found =
        store.read(|tx| Box::pin(async move { tx.directory_groups(&Span { limit: 10, ..Span::default() }).await }));
    let found: Vec<_> = found.await.unwrap().into_iter().map(|it| (it.group.display_name, it.facts)).collect();
    let expected = [("admins", GroupFacts { unified: true, ..known }), ("operators", GroupFacts::default())];
    assert_eq!(found, expected.map(|(name, facts)| (name.to_owned(), facts)));
    let found =
        store.read(|tx| Box::pin(async move { tx.directory_groups_of(&[group(OPERATORS), group(0x99)]).await }));
    assert_eq!(found.await.unwrap().len(), 1);
}

async fn members(store: Store) {
    populate(&store).await;
    let made = store.transact(|tx| {
        Box::pin(async move {
            tx.add_standing_member(group(ADMINS), who(SAM), None, at(0)).await?;
            tx.put_group_owner(group(ADMINS), who(ADA), true).await?;
            tx.put_group_owner(group(ADMINS), who(ADA), true).await
        })
    });
    made.await.unwrap();
    apply(&store, activation(1, JEN, at(0), at(100))).await.unwrap();
    let now = |seconds| {
        store.read(move |tx| {
            Box::pin(async move {
                let members = tx.members_now(group(ADMINS), None, at(seconds), 10).await?;
                Ok((members, tx.member_of_now(who(JEN), at(seconds)).await?))
            })
        })
    };
    assert_eq!(now(50).await, Ok((vec![who(JEN), who(SAM)], vec![group(ADMINS)])));
    assert_eq!(now(100).await, Ok((vec![who(SAM)], vec![])), "nothing after the end");
    let owned = store.read(|tx| {
        Box::pin(async move {
            let owners = tx.group_owners(group(ADMINS), None, 10).await?;
            let standing = tx.is_standing_member(group(ADMINS), who(SAM)).await?;
            Ok((owners, tx.groups_owned(who(ADA)).await?, standing))
        })
    });
    assert_eq!(owned.await, Ok((vec![who(ADA)], vec![group(ADMINS)], true)));
    store
        .transact(|tx| Box::pin(async move { tx.put_group_owner(group(ADMINS), who(ADA), false).await }))
        .await
        .unwrap();
    assert_eq!(store.read(|tx| Box::pin(async move { tx.groups_owned(who(ADA)).await })).await, Ok(vec![]));
}

async fn deleted(store: Store) {
    populate(&store).await;
    let gone = store.transact(|tx| {
        Box::pin(async move {
            tx.put_directory_user(who(SAM), &facts()).await?;
            tx.put_group_owner(group(OPERATORS), who(SAM), true).await?;
            tx.delete_principal(who(SAM)).await
        })
    });
    assert_eq!(gone.await, Ok(true));
    let left = store.read(|tx| Box::pin(async move { tx.group_owners(group(OPERATORS), None, 10).await })).await;
    assert_eq!(left, Ok(vec![]));
}

async fn roles(store: Store) {
    let role = |number: u128, name: &str| RoleDefinition {
        id: Uuid::from_u128(number),
        template: Uuid::from_u128(number + 100),
        name: name.to_owned(),
        description: None,
        built_in: false,
        enabled: true,
        privileged: false,
        version: Some("2".to_owned()),
        permissions: vec![RolePermission {
            allowed_resource_actions: vec!["a".to_owned()],
            excluded_resource_actions: Some(vec!["b".to_owned()]),
            condition: None,
        }],
    };
    let put = |role: RoleDefinition| {
        store.transact(move |tx| {
            let role = role.clone();
            Box::pin(async move { tx.insert_role_definition(&role, at(0)).await })
        })
    };
    put(role(1, "One")).await.unwrap();
    put(role(2, "Two")).await.unwrap();
    let taken = put(role(3, "ONE")).await;
    assert_eq!(taken, Err(Fault::Conflict { constraint: "role_definition_name".to_owned() }));
    let changed = RoleDefinition { enabled: false, ..role(1, "Changed") };
    let wanted = changed.clone();
    let found = store.transact(move |tx| {
        let changed = changed.clone();
        Box::pin(async move {
            tx.update_role_definition(&changed).await?;
            tx.delete_role_definition(Uuid::from_u128(2)).await?;
            tx.role_definitions().await
        })
    });
    assert_eq!(found.await, Ok(vec![wanted.clone()]));
    let one = store.read(|tx| Box::pin(async move { tx.role_definition(Uuid::from_u128(1)).await })).await;
    assert_eq!(one, Ok(Some(wanted)));
}
