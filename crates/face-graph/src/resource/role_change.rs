//! Role definitions made, changed and deleted (`GRAPH 7` D2, D4, D5).

use ephor_domain::directory::RolePermission;
use ephor_engine::directory::{ChangeRoleDefinition, CreateRoleDefinition, DeleteRoleDefinition, RolePatch};
use serde_json::{Map, Value};

use super::role;
use crate::{
    answer::Reply,
    body::member,
    call::{Call, guid},
    error::{Answer, GraphError},
    page::{shape, single},
};

fn invalid(name: &str) -> GraphError {
    GraphError::bad_object(format!("Invalid value specified for property '{name}' of resource 'RoleDefinition'."))
}

/// A text that may be null; `None` where the body does not name it.
fn text(body: &Map<String, Value>, name: &str) -> Answer<Option<Option<String>>> {
    match member(body, name) {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(None)),
        Some(Value::String(text)) => Ok(Some(Some(text.clone()))),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => Err(invalid(name)),
    }
}

fn permissions(body: &Map<String, Value>) -> Answer<Option<Vec<RolePermission>>> {
    let name = "rolePermissions";
    let Some(value) = member(body, name) else { return Ok(None) };
    let Value::Array(values) = value else { return Err(invalid(name)) };
    let actions = |value: Option<&Value>| -> Answer<Option<Vec<String>>> {
        match value {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(texts)) => {
                let texts = texts.iter().map(|text| text.as_str().map(str::to_owned));
                texts.collect::<Option<_>>().map(Some).ok_or_else(|| invalid(name))
            }
            Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => Err(invalid(name)),
        }
    };
    let read = |value: &Value| {
        let permission = value.as_object().ok_or_else(|| invalid(name))?;
        Ok(RolePermission {
            allowed_resource_actions: actions(member(permission, "allowedResourceActions"))?.unwrap_or_default(),
            excluded_resource_actions: actions(member(permission, "excludedResourceActions"))?,
            condition: text(permission, "condition")?.flatten(),
        })
    };
    values.iter().map(read).collect::<Answer<_>>().map(Some)
}

/// What a body says of a role. Members that cannot be set are ignored (`GRAPH 2.6`).
fn patch(body: &Map<String, Value>) -> Answer<RolePatch> {
    let name = match text(body, "displayName")? {
        Some(None) => return Err(invalid("displayName")),
        other => other.flatten(),
    };
    let enabled = match member(body, "isEnabled") {
        None => None,
        Some(Value::Bool(enabled)) => Some(*enabled),
        Some(_) => return Err(invalid("isEnabled")),
    };
    Ok(RolePatch {
        name,
        description: text(body, "description")?,
        enabled,
        version: text(body, "version")?,
        permissions: permissions(body)?,
    })
}

pub(super) async fn create(call: &Call) -> Answer<Reply> {
    let body = call.object()?;
    let mut rest = patch(&body)?;
    let name = rest.name.take().ok_or_else(|| invalid("displayName"))?;
    let template = match text(&body, "templateId")?.flatten() {
        Some(text) => Some(guid(&text).ok_or_else(|| invalid("templateId"))?),
        None => None,
    };
    let actor = &call.signed.caller.actor;
    let made = call.engine().administer(actor, CreateRoleDefinition { name, template, rest }).await?;
    let shape = shape(call, "unifiedRoleDefinition")?;
    let location = format!("{}/roleManagement/directory/roleDefinitions/{}", call.root, made.id);
    let reply = single(call, "unifiedRoleDefinition", role::SET, &shape, &role::row(&made));
    Ok(reply.created(&location))
}

pub(super) async fn change(call: &Call) -> Answer<Reply> {
    let (id, patch) = (call.id(0)?, patch(&call.object()?)?);
    call.engine().administer(&call.signed.caller.actor, ChangeRoleDefinition { id, patch }).await?;
    Ok(Reply::done())
}

pub(super) async fn delete(call: &Call) -> Answer<Reply> {
    let id = call.id(0)?;
    call.engine().administer(&call.signed.caller.actor, DeleteRoleDefinition { id }).await?;
    Ok(Reply::done())
}
