//! Role assignments (`ARM 7`).

use ephor_domain::{
    id::Id,
    principal::PrincipalKind,
    resource::{Assignment, AssignmentContent},
    scope::ArmScope,
};
use ephor_engine::resource::{DeleteRoleAssignment, PutRoleAssignment, RoleAssignmentNamed, RoleAssignmentsAt};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    answer::Reply,
    body::{Members, missing},
    call::{Call, guid},
    error::{Answer, ArmError},
    filter::Term,
    page_token, role_id,
};

/// Versions from which on a repeated PUT is answered with 200; clients of older ones take nothing but 201 (`ARM 7.3`).
const TELLS_UPDATES: [&str; 2] = ["2020-10-01-preview", "2022-04-01"];

fn item(one: &Assignment) -> Value {
    let content = &one.content;
    json!({
        "properties": {
            "roleDefinitionId": role_id::render(&one.scope, one.definition),
            "principalId": one.principal,
            "principalType": kind(one.kind),
            "scope": one.scope.as_str(),
            "condition": content.condition,
            "conditionVersion": content.condition_version,
            "createdOn": one.created.to_string(),
            "updatedOn": one.updated.to_string(),
            "createdBy": one.created_by,
            "updatedBy": one.updated_by,
            "delegatedManagedIdentityResourceId": content.delegated_identity,
            "description": content.description,
        },
        "id": role_id::at(&one.scope, "roleAssignments", one.name),
        "type": "Microsoft.Authorization/roleAssignments",
        "name": one.name,
    })
}

/// The word for a sort of principal.
pub(super) const fn kind(kind: PrincipalKind) -> &'static str {
    match kind {
        PrincipalKind::User => "User",
        PrincipalKind::Group => "Group",
        PrincipalKind::Service => "ServicePrincipal",
    }
}

fn name_of(name: &str) -> Answer<Uuid> {
    guid(name).ok_or_else(|| {
        ArmError::bad("InvalidRoleAssignmentId", "The role assignment ID is not a GUID in its hyphenated form.")
    })
}

/// The list at a scope, or one by name.
pub(super) async fn serve(call: &Call, scope: ArmScope, name: Option<&str>) -> Answer<Reply> {
    match (&call.method, name) {
        (&Method::PUT, Some(name)) => put(call, scope, name_of(name)?).await,
        (&Method::DELETE, Some(name)) => {
            let gone = call.order(DeleteRoleAssignment { scope, name: name_of(name)? }).await?;
            Ok(gone.map_or(Reply::empty(StatusCode::NO_CONTENT), |gone| Reply::ok(item(&gone))))
        }
        (_, Some(name)) => Ok(Reply::ok(item(&call.ask(RoleAssignmentNamed { scope, name: name_of(name)? }).await?))),
        (_, None) => list(call, scope).await,
    }
}

async fn list(call: &Call, scope: ArmScope) -> Answer<Reply> {
    let unsupported = || {
        let shown: String = call.filter_text().chars().filter(|c| !c.is_control()).take(500).collect();
        ArmError::bad(
            "UnsupportedQuery",
            format!(
                "The filter '{shown}' is not supported. Supported filters are either 'atScope()' or 'principalId eq \
                 '{{value}}' or assignedTo('{{value}}')'."
            ),
        )
    };
    let (mut not_below, mut principal, mut assigned_to) = (false, None, None);
    for term in crate::filter::parse(call.filter_text()).map_err(|_| unsupported())? {
        match term {
            Term::Function(function, None) if function == "atscope" => not_below = true,
            Term::Function(function, Some(id)) if function == "assignedto" => {
                assigned_to = Some(guid(&id).ok_or_else(unsupported)?);
            }
            Term::Equals(property, id) if property == "principalid" => {
                principal = Some(guid(&id).ok_or_else(unsupported)?);
            }
            Term::Function(..) | Term::Equals(..) | Term::AnyOf(_) => return Err(unsupported()),
        }
    }
    let (after, limit) = (page_token::read(call)?, call.settings().page_size);
    let page = call.ask(RoleAssignmentsAt { scope, not_below, principal, assigned_to, after, limit }).await?;
    let next = page.next.as_ref().map(page_token::write);
    Ok(call.list::<Value>(page.rows.iter().map(item).collect(), next.as_deref()))
}

async fn put(call: &Call, scope: ArmScope, name: Uuid) -> Answer<Reply> {
    let body = call.object()?;
    let members = Members::of(&body).within("properties");
    let definition = members.text("roleDefinitionId")?.ok_or_else(|| missing("roleDefinitionId"))?;
    let definition = role_id::parse(definition)
        .ok_or_else(|| ArmError::bad("InvalidRoleDefinitionId", "The role definition ID is not valid."))?;
    let principal = members.text("principalId")?.ok_or_else(|| missing("principalId"))?;
    let principal = guid(principal)
        .ok_or_else(|| ArmError::bad("InvalidPrincipalId", "The principal ID is not a GUID in its hyphenated form."))?;
    let kind = match members.text("principalType")?.map(str::to_ascii_lowercase).as_deref() {
        None | Some("") => None,
        Some("user") => Some(PrincipalKind::User),
        Some("group") => Some(PrincipalKind::Group),
        Some("serviceprincipal") => Some(PrincipalKind::Service),
        Some("foreigngroup" | "device") => {
            return Err(ArmError::bad(
                "PrincipalTypeNotSupported",
                "Principals of this type cannot validly be used in role assignments.",
            ));
        }
        Some(_) => {
            return Err(ArmError::bad(
                "InvalidRequestContent",
                "The request content was invalid: unknown principalType.",
            ));
        }
    };
    let text = |name| members.text(name).map(|text| text.map(str::to_owned));
    let content = AssignmentContent {
        description: text("description")?,
        condition: text("condition")?,
        condition_version: text("conditionVersion")?,
        delegated_identity: text("delegatedManagedIdentityResourceId")?,
    };
    let order = PutRoleAssignment { scope, name, definition, principal: Id::new(principal), kind, content };
    let put = call.order(order).await.map_err(|error| error.within_put())?;
    let told = !put.created && TELLS_UPDATES.contains(&call.version.as_str());
    Ok(Reply::with(if told { StatusCode::OK } else { StatusCode::CREATED }, item(&put.assignment)))
}
