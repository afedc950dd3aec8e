//! Policies that somebody has changed.

use ephor_domain::{
    entitlement::{Access, EntitlementKey},
    policy::Policy,
    provider::Provider,
    scope::DirectoryScope,
};
use ephor_store::{Store, tx::policy::StoredPolicy};
use uuid::Uuid;

use super::Clause;
use crate::fixture::{ADMINS, JEN, at, group, populate, who};

pub(crate) fn clauses() -> Vec<(&'static str, Clause)> {
    vec![("policies of entitlements", |store| Box::pin(policies(store)))]
}

async fn policies(store: Store) {
    populate(&store).await;
    let role =
        |number| EntitlementKey::DirectoryRole { definition: Uuid::from_u128(number), scope: DirectoryScope::Tenant };
    let owners = EntitlementKey::Group { group: group(ADMINS), access: Access::Owner };
    let stored = |key: &EntitlementKey, seconds| {
        let mut policy = Policy::untouched(key.provider());
        policy.activation.enablement.ticketing = true;
        StoredPolicy { key: key.clone(), policy, modified: at(seconds), modified_by: Some(who(JEN)) }
    };
    let put = |policy: StoredPolicy| {
        store.transact(move |tx| {
            let policy = policy.clone();
            Box::pin(async move { tx.put_policy(&policy).await })
        })
    };
    for (key, seconds) in [(role(1), 1), (role(2), 2), (owners.clone(), 3), (role(1), 4)] {
        put(stored(&key, seconds)).await.unwrap();
    }
    let read = |key: EntitlementKey| store.read(move |tx| Box::pin(tx.policy(key.id())));
    assert_eq!(read(role(1)).await.unwrap(), Some(stored(&role(1), 4)));
    assert_eq!(read(role(3)).await.unwrap(), None);
    let listed = store
        .read(|tx| {
            Box::pin(async move {
                let first = tx.policies(Provider::DirectoryRoles, None, 1).await?;
                let after = first.last().map(|policy| policy.key.id());
                Ok([first, tx.policies(Provider::DirectoryRoles, after, 10).await?].concat())
            })
        })
        .await
        .unwrap();
    let mut expected = vec![stored(&role(1), 4), stored(&role(2), 2)];
    expected.sort_by_key(|policy| policy.key.id());
    assert_eq!(listed, expected);
    let first = role(1).id();
    let many: Vec<_> = (1..40).map(|number| role(number).id()).chain([owners.id()]).collect();
    let found = store
        .read(move |tx| {
            let many = many.clone();
            Box::pin(async move { tx.policies_of(&many).await })
        })
        .await;
    assert_eq!(found.unwrap().len(), 3);
    let gone = store.transact(move |tx| {
        Box::pin(async move { Ok([tx.delete_policy(first).await?, tx.delete_policy(first).await?]) })
    });
    assert_eq!(gone.await.unwrap(), [true, false]);
    assert_eq!(read(role(1)).await.unwrap(), None);
}
