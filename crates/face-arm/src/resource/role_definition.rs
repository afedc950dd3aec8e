//! Role definitions (`ARM 6`).

use ephor_domain::{
    resource::{Permission, ResourceRole},
    scope::ArmScope,
};
use ephor_engine::resource::{DeleteResourceRole, PutResourceRole, ResourceRoleNamed, ResourceRolesAt};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::permission;
use crate::{
    answer::Reply,
    body::{Members, missing},
    call::{Call, guid},
    error::{Answer, ArmError},
    filter::Term,
    role_id,
};

fn item(scope: &ArmScope, role: &ResourceRole, version: &str) -> Value {
    let permissions: Vec<Value> = role.permissions.iter().map(|one| permission::item(one, version)).collect();
    let assignable: Vec<&str> = role.assignable.iter().map(ArmScope::as_str).collect();
    json!({
        "properties": {
            "roleName": role.name,
            "type": kind(role),
            "description": role.description,
            "assignableScopes": assignable,
            "permissions": permissions,
            "createdOn": role.created.to_string(),
            "updatedOn": role.updated.to_string(),
            "createdBy": role.created_by,
            "updatedBy": role.updated_by,
        },
        "id": role_id::render(scope, role.id),
        "type": "Microsoft.Authorization/roleDefinitions",
        "name": role.id,
    })
}

fn kind(role: &ResourceRole) -> &'static str {
    if role.built_in { "BuiltInRole" } else { "CustomRole" }
}

fn id_of(name: &str) -> Answer<Uuid> {
    guid(name).ok_or_else(|| {
        ArmError::bad("InvalidRoleDefinitionId", "The role definition ID is not a GUID in its hyphenated form.")
    })
}

/// The list at a scope, or one by its id.
pub(super) async fn serve(call: &Call, scope: ArmScope, name: Option<&str>) -> Answer<Reply> {
    match (&call.method, name) {
        (&Method::PUT, Some(name)) => put(call, scope, id_of(name)?).await,
        (&Method::DELETE, Some(name)) => {
            let gone = call.order(DeleteResourceRole { scope, id: id_of(name)? }).await?;
            Ok(gone.map_or(Reply::empty(StatusCode::NO_CONTENT), |gone| {
                Reply::ok(item(&gone.scope, &gone.found, &call.version))
            }))
        }
        (_, Some(name)) => {
            let role = call.ask(ResourceRoleNamed { scope, id: id_of(name)? }).await?;
            Ok(Reply::ok(item(&role.scope, &role.found, &call.version)))
        }
        (_, None) => list(call, scope).await,
    }
}

async fn list(call: &Call, scope: ArmScope) -> Answer<Reply> {
    let (mut name, mut sort, mut below) = (None, None, false);
    for term in call.filter()? {
        match term {
            Term::Equals(property, text) if property == "rolename" => name = Some(text.to_lowercase()),
            Term::Equals(property, text) if property == "type" => sort = Some(text),
            Term::Function(function, None) if function == "atscopeandbelow" => below = true,
            Term::Function(function, None) if function == "atscope" => {}
            Term::Function(..) | Term::Equals(..) | Term::AnyOf(_) => return Err(call.unsupported_filter()),
        }
    }
    let at = call.ask(ResourceRolesAt { scope, below }).await?;
    let fits = |role: &&ResourceRole| {
        name.as_ref().is_none_or(|name| role.name.to_lowercase() == *name)
            && sort.as_ref().is_none_or(|sort| kind(role).eq_ignore_ascii_case(sort))
    };
    let rows = at.found.iter().filter(fits).map(|role| item(&at.scope, role, &call.version)).collect();
    call.pages::<Value>(rows)
}

async fn put(call: &Call, scope: ArmScope, id: Uuid) -> Answer<Reply> {
    let body = call.object()?;
    let members = Members::of(&body).within("properties");
    let name = members.text("roleName")?.ok_or_else(|| missing("roleName"))?;
    let wrong_type =
        || ArmError::bad("InvalidRequestContent", "The request content was invalid: only custom roles can be made.");
    if members.text("type")?.is_some_and(|text| !text.eq_ignore_ascii_case("CustomRole")) {
        return Err(wrong_type());
    }
    let mut assignable: Vec<ArmScope> = Vec::new();
    for text in members.texts("assignableScopes")? {
        let no_scope = || {
            ArmError::bad("InvalidRequestContent", "The request content was invalid: an assignable scope is no scope.")
        };
        assignable.push(text.parse().map_err(|_| no_scope())?);
    }
    let mut permissions = Vec::new();
    for one in members.list("permissions")? {
        let one = Members::of(one);
        permissions.push(Permission {
            actions: one.texts("actions")?,
            not_actions: one.texts("notActions")?,
            data_actions: one.texts("dataActions")?,
            not_data_actions: one.texts("notDataActions")?,
            condition: one.text("condition")?.filter(|text| !text.is_empty()).map(str::to_owned),
            condition_version: one.text("conditionVersion")?.filter(|text| !text.is_empty()).map(str::to_owned),
        });
    }
    if permissions.is_empty() {
        permissions.push(Permission::default());
    }
    let order = PutResourceRole {
        scope,
        id,
        name: name.to_owned(),
        description: members.text("description")?.map(str::to_owned),
        permissions,
        assignable,
    };
    let made = call.order(order).await?;
    Ok(Reply::with(StatusCode::CREATED, item(&made.scope, &made.found, &call.version)))
}
