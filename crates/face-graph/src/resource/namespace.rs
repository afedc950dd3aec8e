//! What role definitions are made of, as far as they say so (`GRAPH 7` D37).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    answer::Reply,
    call::Call,
    error::{Answer, GraphError},
    list,
    page::{Plan, Rules, shape, single},
};

const OF: &str = "unifiedRbacResourceNamespace";
const SET: &str = "roleManagement/directory/resourceNamespaces";
/// The one name space of a directory's actions.
const ONLY: &str = "microsoft.directory";

/// Roles that were deleted are gone for good: the list is empty.
pub(super) async fn deleted_definitions(call: &Call) -> Answer<Reply> {
    let set = "roleManagement/directory/deletedItems/roleDefinitions";
    let plan = Plan::of(call, "unifiedRoleDefinition", set, Rules::PRIVILEGED)?;
    list::whole(call, &plan, Vec::new()).await
}

fn row() -> Value {
    json!({"@odata.type": format!("#microsoft.graph.{OF}"), "id": ONLY, "name": ONLY})
}

pub(super) async fn list(call: &Call) -> Answer<Reply> {
    let plan = Plan::of(call, OF, SET, Rules::PRIVILEGED)?;
    list::whole(call, &plan, vec![row()]).await
}

fn check(call: &Call) -> Answer<()> {
    if call.key(0).eq_ignore_ascii_case(ONLY) { Ok(()) } else { Err(GraphError::not_found()) }
}

pub(super) fn get(call: &Call) -> Answer<Reply> {
    check(call)?;
    let shape = shape(call, OF)?;
    if !shape.expand.is_empty() {
        return Err(GraphError::unsupported_query("This $expand is not supported."));
    }
    Ok(single(call, OF, SET, &shape, &row()))
}

/// The actions that roles made here name. Built-in roles list none.
pub(super) async fn actions(call: &Call) -> Answer<Reply> {
    check(call)?;
    let set = format!("{SET}('{ONLY}')/resourceActions");
    let plan = Plan::of(call, "unifiedRbacResourceAction", set, Rules::PRIVILEGED)?;
    let roles = call.engine().role_definitions().await?;
    let permissions: Vec<Value> = roles.iter().map(|role| json!(role.permissions)).collect();
    let named = permissions.iter().filter_map(Value::as_array).flatten();
    let named = named.filter_map(|permission| permission.get("allowedResourceActions")?.as_array()).flatten();
    let names: BTreeSet<&str> = named.filter_map(Value::as_str).collect();
    let rows = names.into_iter().map(|name| {
        json!({
            "@odata.type": "#microsoft.graph.unifiedRbacResourceAction",
            "id": name.replace('/', "-"),
            "actionVerb": null,
            "authenticationContextId": null,
            "description": null,
            "isAuthenticationContextSettable": false,
            "isPrivileged": null,
            "name": name,
            "resourceScopeId": null,
        })
    });
    list::whole(call, &plan, rows.collect()).await
}
