//! The resources of the demo: a small tree of scopes, and who holds which role in it. Keys are those of the ARM checklist.

use std::collections::BTreeMap;

use ephor_domain::{
    principal::PrincipalKind,
    resource::{Assignment, AssignmentContent, OWNER},
    scope::{ArmScope, Place},
};
use ephor_store::{Fault, Tx};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    apps::APPS,
    cast::{NAMESPACE, subscription},
    directory::DIRECTORY_PEOPLE,
};

fn second_subscription() -> Uuid {
    Uuid::new_v5(&NAMESPACE, b"subscription/S2")
}

/// The scopes of the demo, from above to below.
pub(crate) fn scopes() -> Vec<(&'static str, ArmScope)> {
    let s = format!("/subscriptions/{}", subscription());
    let texts = [
        ("M", "/providers/Microsoft.Management/managementGroups/contoso".to_owned()),
        ("S", s.clone()),
        ("S2", format!("/subscriptions/{}", second_subscription())),
        ("G1", format!("{s}/resourceGroups/payroll")),
        ("G2", format!("{s}/resourceGroups/website")),
        ("X", format!("{s}/resourceGroups/payroll/providers/Microsoft.Storage/storageAccounts/salaries")),
    ];
    texts.into_iter().map(|(key, text)| (key, text.parse().expect("the demo's scopes are scopes"))).collect()
}

fn name(key: &str) -> &'static str {
    match key {
        "M" => "Contoso",
        "S" => "Demo subscription",
        "S2" => "Second subscription",
        "G1" => "payroll",
        "G2" => "website",
        _ => "salaries",
    }
}

fn places(at: Timestamp) -> Vec<Place> {
    let scopes = scopes();
    let find = |wanted: &str| scopes.iter().find(|(key, _)| *key == wanted).map(|(_, scope)| scope.clone());
    let place = |(key, scope): &(&'static str, ArmScope)| {
        let above = if *key == "S" { find("M") } else { scope.parent_in_path() };
        Place {
            scope: scope.clone(),
            name: name(key).to_owned(),
            parent: above.unwrap_or_else(ArmScope::root),
            location: matches!(*key, "G1" | "G2" | "X").then(|| "westeurope".to_owned()),
            tags: BTreeMap::new(),
            created: at,
        }
    };
    scopes.iter().map(place).collect()
}

/// Puts the tree into the store. alice and the first application are Owners of S.
pub(crate) async fn insert(tx: &mut Tx, at: Timestamp) -> Result<(), Fault> {
    for place in places(at) {
        tx.put_place(&place).await?;
    }
    let alice = DIRECTORY_PEOPLE.iter().find(|person| person.key == "alice").map(|alice| (alice.key, alice.id()));
    let app = APPS.first().map(|app| (app.key, app.id()));
    for ((key, principal), kind) in
        alice.zip(Some(PrincipalKind::User)).into_iter().chain(app.zip(Some(PrincipalKind::Service)))
    {
        let assignment = Assignment {
            name: Uuid::new_v5(&NAMESPACE, format!("role-assignment/{key}").as_bytes()),
            scope: ArmScope::subscription(subscription()),
            definition: OWNER,
            principal,
            kind,
            content: AssignmentContent::default(),
            created: at,
            updated: at,
            created_by: None,
            updated_by: None,
        };
        tx.insert_role_assignment(&assignment).await?;
    }
    Ok(())
}
