//! Roles, groups, targets, settings.

use ephor_domain::{pam::Settings, time::window::DailyWindow};
use ephor_store::{Fault, Store, Write};
use jiff::civil::time;

use super::Clause;
use crate::fixture::{
    ADA, ADMINS, BUILT_IN, JEN, LDAP, OPERATORS, ROLE, SAM, access_group, apply, at, group, id, outside, pam_role,
    person, populate, role, target, who,
};

pub(crate) fn clauses() -> Vec<(&'static str, Clause)> {
    vec![
        ("settings have defaults and come back", |store| Box::pin(settings(store))),
        ("the version grows with the configuration", |store| Box::pin(version(store))),
        ("a role comes back with its window", |store| Box::pin(roles(store))),
        ("a deleted role frees its name", |store| Box::pin(deleted_role(store))),
        ("candidates and approvers", |store| Box::pin(members(store))),
        ("a group in use stays", |store| Box::pin(groups(store))),
        ("a target in use stays", |store| Box::pin(targets(store))),
    ]
}

async fn settings(store: Store) {
    assert_eq!(store.read(|tx| Box::pin(tx.settings())).await, Ok(Settings::default()));
    let changed =
        Settings { time_zone: "Europe/Berlin".to_owned(), start_horizon: Some(86_400), ..Settings::default() };
    let put = changed.clone();
    store
        .transact(move |tx| {
            let put = put.clone();
            Box::pin(async move { tx.put_settings(&put).await })
        })
        .await
        .unwrap();
    assert_eq!(store.read(|tx| Box::pin(tx.settings())).await, Ok(changed));
    store.transact(|tx| Box::pin(tx.put_meta("tenant", Some("t")))).await.unwrap();
    store.transact(|tx| Box::pin(tx.put_meta("tenant", Some("u")))).await.unwrap();
    assert_eq!(store.read(|tx| Box::pin(tx.meta("tenant"))).await, Ok(Some("u".to_owned())));
    store.transact(|tx| Box::pin(tx.put_meta("tenant", None))).await.unwrap();
    assert_eq!(store.read(|tx| Box::pin(tx.meta("tenant"))).await, Ok(None));
}

async fn version(store: Store) {
    populate(&store).await;
    let now = || store.read(|tx| Box::pin(tx.config_version()));
    let before = now().await.unwrap();
    store.transact(|tx| Box::pin(async move { tx.update_role(&pam_role(ROLE, "Renamed")).await })).await.unwrap();
    assert_eq!(now().await, Ok(before + 1));
    // Nothing changed.
    let unknown = store.transact(|tx| Box::pin(async move { tx.update_role(&pam_role(0x77, "Other")).await }));
    assert_eq!(unknown.await, Ok(false));
    assert_eq!(now().await, Ok(before + 1));
}

async fn roles(store: Store) {
    populate(&store).await;
    let mut changed = pam_role(ROLE, "  Allow AD Access ");
    changed.window = DailyWindow::new(time(8, 0, 0, 0), time(17, 30, 15, 500));
    changed.description = Some("what it gives".to_owned());
    (changed.window_enabled, changed.mfa, changed.approval, changed.owner_needs_approval) = (true, true, true, false);
    let put = changed.clone();
    store
        .transact(move |tx| {
            let put = put.clone();
            Box::pin(async move { tx.update_role(&put).await })
        })
        .await
        .unwrap();
    assert_eq!(store.read(|tx| Box::pin(tx.role(role()))).await, Ok(Some(changed.clone())));
    let named = store.read(|tx| Box::pin(tx.role_named("  allow ad ACCESS "))).await;
    assert_eq!(named, Ok(Some(changed)));
    let privileges = store.read(|tx| Box::pin(tx.privilege_groups(role()))).await.unwrap();
    assert_eq!(privileges, [access_group(ADMINS, BUILT_IN, "admins"), access_group(OPERATORS, LDAP, "operators")]);
    let privileges = store.read(|tx| Box::pin(tx.privileges(role()))).await.unwrap();
    assert_eq!(privileges.iter().map(|privilege| privilege.built_in).collect::<Vec<_>>(), [true, false]);
    assert_eq!(store.read(|tx| Box::pin(tx.roles_giving(group(ADMINS)))).await, Ok(vec![role()]));
}

async fn deleted_role(store: Store) {
    populate(&store).await;
    let taken = store.transact(|tx| Box::pin(async move { tx.insert_role(&pam_role(0xa9, "ALLOW ad access")).await }));
    assert_eq!(taken.await, Err(Fault::Conflict { constraint: "pam_role_name".to_owned() }));
    let delete = || store.transact(|tx| Box::pin(tx.delete_role(role(), at(1))));
    assert_eq!(delete().await, Ok(true));
    assert_eq!(delete().await, Ok(false));
    store
        .transact(|tx| Box::pin(async move { tx.insert_role(&pam_role(0xa9, "ALLOW ad access")).await }))
        .await
        .unwrap();
    let left = store.read(|tx| {
        Box::pin(async move {
            Ok((
                tx.candidates(role(), None, 10).await?.len(),
                tx.approvers(role()).await?.len(),
                tx.privileges(role()).await?.len(),
                tx.role_name(role()).await?,
            ))
        })
    });
    assert_eq!(left.await, Ok((0, 0, 0, Some("Allow AD Access".to_owned()))));
}

async fn members(store: Store) {
    populate(&store).await;
    let candidates = store.read(|tx| Box::pin(tx.candidates(role(), None, 10))).await.unwrap();
    assert_eq!(candidates.iter().map(|found| found.principal.account.as_str()).collect::<Vec<_>>(), ["jen", "sam"]);
    assert_eq!(candidates[0].eligibility, crate::fixture::candidate(JEN, ROLE));
    let after = store.read(|tx| Box::pin(tx.candidates(role(), Some(who(JEN)), 1))).await.unwrap();
    assert_eq!(after[0].principal.id, who(SAM));
    assert_eq!(store.read(|tx| Box::pin(tx.is_candidate(who(JEN), role()))).await, Ok(true));
    assert_eq!(store.transact(|tx| Box::pin(tx.delete_eligibility(who(JEN), role()))).await, Ok(true));
    assert_eq!(store.transact(|tx| Box::pin(tx.delete_eligibility(who(JEN), role()))).await, Ok(false));
    assert_eq!(store.read(|tx| Box::pin(tx.is_candidate(who(JEN), role()))).await, Ok(false));

    let approvers = store.read(|tx| Box::pin(tx.approvers(role()))).await.unwrap();
    assert_eq!((approvers[0].principal.account.as_str(), approvers[0].approver.named_at), ("ada", at(0)));
    assert_eq!(approvers[0].approver.person, person(ADA));
    let roles = store.read(|tx| Box::pin(tx.roles_approved_by(who(ADA)))).await.unwrap();
    assert_eq!(roles.len(), 1);
    // Naming follows the person (F13).
    store.transact(|tx| Box::pin(tx.merge_persons(person(SAM), person(JEN)))).await.unwrap();
    let approvers = store.read(|tx| Box::pin(tx.approvers(role()))).await.unwrap();
    assert_eq!(approvers[0].approver.named_by, Some(person(JEN)));
    assert_eq!(store.transact(|tx| Box::pin(tx.delete_approver(role(), who(ADA)))).await, Ok(true));
    assert_eq!(store.read(|tx| Box::pin(tx.approvers(role()))).await, Ok(vec![]));
}

async fn groups(store: Store) {
    populate(&store).await;
    let delete = |number: u128| store.transact(move |tx| Box::pin(tx.delete_group(group(number))));
    assert_eq!(delete(ADMINS).await, Ok(false));
    store.transact(|tx| Box::pin(tx.delete_privilege(role(), group(OPERATORS)))).await.unwrap();
    apply(&store, vec![Write::PutMembership(outside(JEN, at(0)).owed(at(0)))]).await.unwrap();
    assert_eq!(delete(OPERATORS).await, Ok(false));
    apply(&store, vec![Write::DropMembership { group: group(OPERATORS), principal: who(JEN) }]).await.unwrap();
    assert_eq!(delete(OPERATORS).await, Ok(true));
    assert_eq!(store.read(|tx| Box::pin(tx.group(group(OPERATORS)))).await, Ok(None));
    let mut changed = access_group(ADMINS, BUILT_IN, "Admins");
    changed.active = false;
    changed.source_sid = Some("S-1-5".to_owned());
    let put = changed.clone();
    store
        .transact(move |tx| {
            let put = put.clone();
            Box::pin(async move { tx.update_group(&put).await })
        })
        .await
        .unwrap();
    assert_eq!(store.read(|tx| Box::pin(tx.group(group(ADMINS)))).await, Ok(Some(changed)));
    let of_target = store.read(|tx| Box::pin(tx.groups_of_target(id(BUILT_IN), None, 10))).await.unwrap();
    assert_eq!(of_target.len(), 1);
    let twin =
        store.transact(|tx| Box::pin(async move { tx.insert_group(&access_group(0x99, BUILT_IN, "ADMINS")).await }));
    assert_eq!(twin.await, Err(Fault::Conflict { constraint: "access_group_native".to_owned() }));
    // An inactive group makes its roles unusable.
    let standing = store.read(|tx| Box::pin(tx.pam_standing(who(JEN), role()))).await.unwrap();
    assert!(standing.unwritable);
}

async fn targets(store: Store) {
    populate(&store).await;
    let names = store.read(|tx| Box::pin(tx.targets())).await.unwrap();
    assert_eq!(names.iter().map(|target| target.name.as_str()).collect::<Vec<_>>(), ["Built in", "Directory"]);
    store.transact(|tx| Box::pin(tx.put_target_health(id(LDAP), true, "{\"product\":\"x\"}", at(9)))).await.unwrap();
    let mut changed = target(LDAP, "Directory 2", false);
    changed.secret = Some(vec![1, 2, 3]);
    let put = changed.clone();
    store
        .transact(move |tx| {
            let put = put.clone();
            Box::pin(async move { tx.update_target(&put).await })
        })
        .await
        .unwrap();
    (changed.unwritable, changed.health) = (true, Some(("{\"product\":\"x\"}".to_owned(), at(9))));
    assert_eq!(store.read(|tx| Box::pin(tx.target(id(LDAP)))).await, Ok(Some(changed)));
    let delete = || store.transact(|tx| Box::pin(tx.delete_target(id(LDAP))));
    assert_eq!(delete().await, Ok(false));
    store
        .transact(|tx| {
            Box::pin(async move {
                tx.delete_privilege(role(), group(OPERATORS)).await?;
                tx.delete_group(group(OPERATORS)).await
            })
        })
        .await
        .unwrap();
    assert_eq!(delete().await, Ok(true));
    let taken = store.transact(|tx| Box::pin(async move { tx.insert_target(&target(0x99, "BUILT in", true)).await }));
    assert_eq!(taken.await, Err(Fault::Conflict { constraint: "target_name".to_owned() }));
}
