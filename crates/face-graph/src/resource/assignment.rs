//! Role assignments: who holds which role, in force now (`GRAPH 6.2`, `GRAPH 7`).

use ephor_domain::{Refusal, entitlement::EntitlementKey, id::Id, policy::Kind, scope::DirectoryScope};
use ephor_engine::{
    Denied,
    directory::{AssignRole, RoleAssignment, UnassignRole},
    schedule::{Lines, ListAssignments, line_id},
};
use http::StatusCode;
use serde_json::{Value, json};

use super::{attach, schedule};
use crate::{
    answer::Reply,
    body::member,
    call::{Call, guid},
    error::{Answer, GraphError},
    list::{self, Keyed, PLACE},
    page::{Plan, Rules, shape, single},
    wire_id,
};

const OF: &str = "unifiedRoleAssignment";
const SET: &str = "roleManagement/directory/roleAssignments";

fn row(call: &Call, found: &RoleAssignment) -> Value {
    let scope = found.scope.to_string();
    json!({
        "@odata.type": "#microsoft.graph.unifiedRoleAssignment",
        "id": wire_id::assignment(found),
        "appScopeId": null,
        "condition": null,
        "directoryScopeId": scope,
        "principalId": found.principal,
        "principalOrganizationId": call.settings().tenant,
        "resourceScope": scope,
        "roleDefinitionId": found.definition,
    })
}

/// All that the caller sees, or those that a filter names.
struct Assignments(Lines);

impl Keyed for Assignments {
    async fn batch(&self, call: &Call, after: Option<String>, limit: u32) -> Answer<(Vec<Value>, Option<String>)> {
        let list = ListAssignments { which: self.0.clone(), after: after.as_deref().and_then(guid), limit };
        let page = call.engine().role_assignments(&call.signed.caller.actor, list).await?;
        let rows = page.rows.iter().map(|one| placed(row(call, one), one)).collect();
        Ok((rows, page.next.map(|line| line.to_string())))
    }
}

/// The row with its place in the list.
fn placed(mut row: Value, of: &RoleAssignment) -> Value {
    let key = EntitlementKey::DirectoryRole { definition: of.definition, scope: of.scope };
    if let Value::Object(members) = &mut row {
        members.insert(PLACE.to_owned(), json!(line_id(of.principal, key.id(), Kind::Assignment)));
    }
    row
}

pub(super) async fn list(call: &Call) -> Answer<Reply> {
    let plan = Plan::of(call, OF, SET, Rules::PRIVILEGED)?;
    let which = schedule::lines(plan.predicate.as_ref());
    list::keyed(call, &plan, &Assignments(which)).await
}

pub(super) async fn get(call: &Call) -> Answer<Reply> {
    let key = call.key(0);
    let missing = || GraphError::no_object(key);
    let (definition, principal, scope) = wire_id::read_assignment(key).ok_or_else(missing)?;
    let actor = &call.signed.caller.actor;
    let mut found = None;
    for scope in wire_id::scopes(scope) {
        let one = RoleAssignment { principal, definition, scope };
        if call.engine().is_role_assigned(actor, one.clone()).await? {
            found = Some(row(call, &one));
            break;
        }
    }
    let mut rows = [found.ok_or_else(missing)?];
    let shape = shape(call, OF)?;
    let names: Vec<String> = shape.expand.iter().map(|expanded| expanded.name.clone()).collect();
    attach(call, OF, &mut rows, &names).await?;
    let [row] = &rows;
    Ok(single(call, OF, SET, &shape, row))
}

/// A standing assignment (`GRAPH 7` D7). Only the tenant is a scope so far.
pub(super) async fn create(call: &Call) -> Answer<Reply> {
    let body = call.object()?;
    let text = |name: &str| member(&body, name).and_then(Value::as_str);
    let missing = |name: &str| {
        GraphError::bad_object(format!("Invalid value specified for property '{name}' of resource 'RoleAssignment'."))
    };
    let id = |name: &str| text(name).and_then(guid).ok_or_else(|| missing(name));
    let (principal, definition) = (Id::new(id("principalId")?), id("roleDefinitionId")?);
    let scope = match (text("directoryScopeId"), text("appScopeId")) {
        (Some(scope), None) => scope.parse::<DirectoryScope>().map_err(|_| invalid_scope())?,
        (None, Some("/")) => DirectoryScope::Tenant,
        (None, Some(_)) => return Err(invalid_scope()),
        (None, None) | (Some(_), Some(_)) => return Err(missing("directoryScopeId")),
    };
    match scope {
        DirectoryScope::Tenant => {}
        DirectoryScope::AdministrativeUnit(id) if call.engine().administrative_unit(id).await?.is_none() => {
            return Err(invalid_scope());
        }
        DirectoryScope::Object(id) if call.engine().directory_object(id).await?.is_none() => {
            return Err(invalid_scope());
        }
        DirectoryScope::AdministrativeUnit(_) | DirectoryScope::Object(_) => return Err(GraphError::not_implemented()),
    }
    let made = call.engine().administer(&call.signed.caller.actor, AssignRole { principal, definition }).await?;
    let shape = shape(call, OF)?;
    let row = row(call, &made);
    let location = format!("{}/{SET}/{}", call.root, wire_id::assignment(&made));
    Ok(single(call, OF, SET, &shape, &row).created(&location))
}

fn invalid_scope() -> GraphError {
    GraphError::new(StatusCode::BAD_REQUEST, "InvalidScope", "The scope is invalid.")
}

pub(super) async fn delete(call: &Call) -> Answer<Reply> {
    let key = call.key(0);
    let missing = || GraphError::no_object(key);
    let (definition, principal, scope) = wire_id::read_assignment(key).ok_or_else(missing)?;
    for scope in wire_id::scopes(scope) {
        let unassign = UnassignRole { principal, definition, scope };
        match call.engine().administer(&call.signed.caller.actor, unassign).await {
            Ok(()) => return Ok(Reply::done()),
            Err(Denied::Refused(Refusal::NotFound { .. })) => {}
            Err(denied) => return Err(denied.into()),
        }
    }
    Err(missing())
}

/// Those of one principal, with what it holds through groups (`GRAPH 7` D10).
pub(super) async fn transitive(call: &Call) -> Answer<Reply> {
    let mut plan = Plan::of(call, OF, "roleManagement/directory/transitiveRoleAssignments", Rules::PRIVILEGED)?;
    let named = plan.predicate.as_ref().and_then(|predicate| predicate.equals(&["principalId"]));
    let principal = match named.as_deref() {
        Some([only]) if call.is_eventual() && call.options.count => guid(only),
        _ => {
            return Err(GraphError::unsupported_query(
                "This list needs $filter=principalId eq '…', $count=true and an eventual ConsistencyLevel header.",
            ));
        }
    };
    let Some(principal) = principal else { return list::whole(call, &plan, Vec::new()).await };
    let groups = call.engine().memberships(principal, true).await?.groups;
    let holders = groups.into_iter().chain([principal]).map(Id::new).collect();
    let held = call.engine().role_assignments_of(&call.signed.caller.actor, holders).await?;
    let rows = held.iter().map(|one| row(call, one)).collect();
    // The filter named the holder; rows through a group name the group.
    plan.predicate = None;
    list::whole(call, &plan, rows).await
}
