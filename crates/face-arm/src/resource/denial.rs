//! Deny assignments (`ARM 20`).

use std::collections::BTreeSet;

use ephor_domain::{resource::Denial, scope::ArmScope};
use ephor_engine::resource::{DenialsAt, Described};
use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{permission, role_assignment};
use crate::{
    answer::Reply,
    call::{Call, guid},
    error::{Answer, ArmError},
    filter::Term,
    refusal, role_id,
};

fn item(known: &Described, denial: &Denial, version: &str) -> Value {
    let kind = |id: &Uuid| match known.principal(*id) {
        _ if id.is_nil() => "SystemDefined",
        Some(account) => role_assignment::kind(account.kind),
        None => "Unknown",
    };
    let people =
        |ids: &BTreeSet<Uuid>| -> Vec<Value> { ids.iter().map(|id| json!({"id": id, "type": kind(id)})).collect() };
    let permissions: Vec<Value> = denial.permissions.iter().map(|one| permission::item(one, version)).collect();
    json!({
        "properties": {
            "denyAssignmentName": denial.name,
            "description": null,
            "permissions": permissions,
            "scope": denial.scope.as_str(),
            "doNotApplyToChildScopes": denial.not_below,
            "principals": people(&denial.principals),
            "excludePrincipals": people(&denial.excluded),
            "isSystemProtected": false,
        },
        "id": role_id::at(&denial.scope, "denyAssignments", denial.id),
        "type": "Microsoft.Authorization/denyAssignments",
        "name": denial.id,
    })
}

/// The list at a scope, or one by name.
pub(super) async fn serve(call: &Call, scope: ArmScope, name: Option<&str>) -> Answer<Reply> {
    let found = call.ask(DenialsAt { scope }).await?.found;
    let people = found.iter().flat_map(|one| one.principals.iter().chain(&one.excluded)).copied().collect();
    let known = call.engine().describe(Vec::new(), Vec::new(), people).await;
    let known = known.map_err(|denied| refusal::said(call, denied))?;
    if let Some(name) = name {
        let one = guid(name).and_then(|id| found.iter().find(|one| one.id == id));
        let none = || {
            let message = "The deny assignment is not found.";
            ArmError::new(StatusCode::NOT_FOUND, "DenyAssignmentNotFound", message)
        };
        return Ok(Reply::ok(item(&known, one.ok_or_else(none)?, &call.version)));
    }
    let mut rows = found;
    for term in call.filter()? {
        match &term {
            Term::Function(name, None) if name == "atscope" => {}
            Term::Function(name, Some(id)) if name == "assignedto" => retain(&mut rows, id),
            Term::Equals(name, id) if name == "principalid" || name == "gdprexportprincipalid" => retain(&mut rows, id),
            Term::Equals(name, text) if name == "denyassignmentname" => {
                rows.retain(|row| row.name.eq_ignore_ascii_case(text));
            }
            Term::Function(..) | Term::Equals(..) | Term::AnyOf(_) => return Err(call.unsupported_filter()),
        }
    }
    call.pages::<Value>(rows.iter().map(|one| item(&known, one, &call.version)).collect())
}

fn retain(rows: &mut Vec<Denial>, id: &str) {
    let id = guid(id);
    rows.retain(|row| id.is_some_and(|id| row.principals.contains(&id)));
}
