//! Role definitions, and directory roles as objects of the directory (`GRAPH 6.1`, `GRAPH 15.1` R17, R18).

use std::collections::{BTreeSet, HashMap};

use ephor_domain::directory::{BuiltInRole, RoleDefinition};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{attach, group, object};
use crate::{
    answer::Reply,
    call::{Call, guid},
    error::{Answer, GraphError},
    list,
    page::{Plan, Rules, shape, single},
    route::Resource,
};

pub(super) const SET: &str = "roleManagement/directory/roleDefinitions";

/// A definition as a row of the model.
pub(super) fn row(role: &RoleDefinition) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.unifiedRoleDefinition",
        "id": role.id,
        "allowedPrincipalTypes": "user,servicePrincipal,group",
        "description": role.description,
        "displayName": role.name,
        "isBuiltIn": role.built_in,
        "isEnabled": role.enabled,
        "isPrivileged": role.privileged,
        "resourceScopes": ["/"],
        "rolePermissions": role.permissions,
        "templateId": role.template,
        "version": role.version,
    })
}

pub(super) async fn definitions(call: &Call) -> Answer<Reply> {
    let plan = Plan::of(call, "unifiedRoleDefinition", SET, Rules::PRIVILEGED)?;
    let all = call.engine().role_definitions().await?;
    list::whole(call, &plan, all.iter().map(row).collect()).await
}

pub(super) async fn definition(call: &Call) -> Answer<Reply> {
    let found = call.engine().role_definition(call.id(0)?).await?;
    let found = found.ok_or_else(|| GraphError::no_object(call.key(0)))?;
    let shape = shape(call, "unifiedRoleDefinition")?;
    let mut rows = [row(&found)];
    let names: Vec<String> = shape.expand.iter().map(|expanded| expanded.name.clone()).collect();
    attach(call, "unifiedRoleDefinition", &mut rows, &names).await?;
    let [row] = &rows;
    Ok(single(call, "unifiedRoleDefinition", SET, &shape, row))
}

/// Puts the definition that `roleDefinitionId` names behind the navigation.
pub(super) async fn definitions_behind(call: &Call, rows: &mut [Value]) -> Answer<()> {
    let id = |row: &Value| row.get("roleDefinitionId").and_then(Value::as_str).and_then(guid);
    let named: BTreeSet<Uuid> = rows.iter().filter_map(id).collect();
    let all = call.engine().role_definitions().await?;
    let named = all.iter().filter(|role| named.contains(&role.id));
    let known: HashMap<Uuid, Value> = named.map(|role| (role.id, row(role))).collect();
    super::put_all(rows, "roleDefinition", |row| id(row).and_then(|id| known.get(&id).cloned()).unwrap_or(Value::Null));
    Ok(())
}

/// A role that somebody holds, as an object of the directory. Its id is that of the definition.
fn object(role: &RoleDefinition) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.directoryRole",
        "id": role.id,
        "description": role.description,
        "displayName": role.name,
        "roleTemplateId": role.template,
    })
}

/// The roles with these ids, as objects of the directory.
pub(super) async fn activated_rows(call: &Call, ids: &BTreeSet<Uuid>) -> Answer<Vec<Value>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let all = call.engine().role_definitions().await?;
    Ok(all.iter().filter(|role| ids.contains(&role.id)).map(object).collect())
}

pub(super) async fn activated(call: &Call) -> Answer<Reply> {
    let plan = Plan::of(call, "directoryRole", "directoryRoles", Rules::OBJECTS)?;
    let rows = activated_rows(call, &call.engine().roles_in_force().await?).await?;
    list::whole(call, &plan, rows).await
}

async fn found(call: &Call) -> Answer<RoleDefinition> {
    let id = call.id(0)?;
    let missing = || GraphError::no_object(call.key(0));
    let role = call.engine().role_definition(id).await?.ok_or_else(missing)?;
    if call.engine().roles_in_force().await?.contains(&role.id) { Ok(role) } else { Err(missing()) }
}

pub(super) async fn activated_one(call: &Call) -> Answer<Reply> {
    let role = found(call).await?;
    let shape = shape(call, "directoryRole")?;
    Ok(single(call, "directoryRole", "directoryRoles", &shape, &object(&role)))
}

pub(super) async fn members(call: &Call) -> Answer<Reply> {
    let role = found(call).await?;
    let holders = call.engine().holders_of_role(role.id).await?;
    let objects = call.engine().directory_objects(holders.iter().map(|id| id.uuid()).collect()).await?;
    group::listed(call, object::rows(call, &objects)).await
}

fn template_row(role: BuiltInRole) -> Value {
    json!({
        "@odata.type": "#microsoft.graph.directoryRoleTemplate",
        "id": role.id,
        "description": null,
        "displayName": role.name,
    })
}

pub(super) async fn templates(call: &Call) -> Answer<Reply> {
    let plan = Plan::of(call, "directoryRoleTemplate", "directoryRoleTemplates", Rules::OBJECTS)?;
    list::whole(call, &plan, BuiltInRole::all().iter().copied().map(template_row).collect()).await
}

pub(super) fn template(call: &Call) -> Answer<Reply> {
    debug_assert_eq!(call.target.resource, Resource::DirectoryRoleTemplate);
    let found = BuiltInRole::find(call.id(0)?).ok_or_else(|| GraphError::no_object(call.key(0)))?;
    let shape = shape(call, "directoryRoleTemplate")?;
    Ok(single(call, "directoryRoleTemplate", "directoryRoleTemplates", &shape, &template_row(found)))
}
