//! Eligibilities and assignments over time: schedules and instances (`ARM 10`, `ARM 11`).

use ephor_domain::{entitlement::EntitlementKey, grant::GrantKind, policy::Kind, scope::ArmScope};
use ephor_engine::{
    resource::Described,
    schedule::{Listed, Member, Narrow, ScheduleNamed, ScheduleView, SchedulesAt},
};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::expanded;
use crate::{
    answer::Reply,
    call::{Call, guid},
    error::{Answer, ArmError},
    filter::Term,
    page_token, refusal, role_id,
};

/// The word for a kind in names and types.
pub(super) const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Eligibility => "Eligibility",
        Kind::Assignment => "Assignment",
    }
}

/// Role and scope of an entitlement of this face.
pub(super) fn place(key: &EntitlementKey) -> (Uuid, ArmScope) {
    match key {
        EntitlementKey::Resource { definition, scope } => (*definition, scope.clone()),
        EntitlementKey::PamRole(_) | EntitlementKey::DirectoryRole { .. } | EntitlementKey::Group { .. } => {
            (Uuid::nil(), ArmScope::root())
        }
    }
}

fn instant(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| at.to_string().into())
}

/// The id of a schedule.
fn schedule_id(view: &ScheduleView) -> String {
    let (_, scope) = place(&view.key);
    role_id::at(&scope, &format!("Role{}Schedules", word(view.kind)), view.schedule)
}

/// What a client calls the running of a schedule.
fn instance_name(view: &ScheduleView) -> Uuid {
    match view.kind {
        Kind::Assignment => view.instance,
        Kind::Eligibility => view.line,
    }
}

fn instance_id(view: &ScheduleView) -> String {
    let (_, scope) = place(&view.key);
    role_id::at(&scope, &format!("Role{}ScheduleInstances", word(view.kind)), instance_name(view))
}

/// What of the filter says which rows.
///
/// # Errors
/// 400 for terms that the collection does not know.
pub(super) fn narrow(call: &Call, requests: bool) -> Answer<Narrow> {
    let mut narrow = Narrow::default();
    let unknown = || call.unsupported_filter();
    for term in call.filter()? {
        match term {
            Term::Function(name, None) if name == "atscope" => narrow.not_below = true,
            Term::Function(name, None) if name == "astarget" => narrow.mine = true,
            Term::Function(name, None) if name == "asrequestor" && requests => narrow.ordered = true,
            Term::Function(name, None) if name == "asapprover" && requests => narrow.to_approve = true,
            // Of requests the table says nothing, an example does (`ARM 12.2`).
            Term::Function(name, Some(id)) if name == "assignedto" => {
                narrow.assigned_to = Some(guid(&id).ok_or_else(unknown)?);
            }
            Term::Equals(name, id) if name == "principalid" => {
                narrow.principal = Some(guid(&id).ok_or_else(unknown)?);
            }
            Term::Equals(name, id) if name == "roledefinitionid" => {
                narrow.definition = Some(role_id::parse(&id).ok_or_else(unknown)?);
            }
            Term::Function(..) | Term::Equals(..) | Term::AnyOf(_) => return Err(unknown()),
        }
    }
    Ok(narrow)
}

/// Names for people of rows.
pub(super) async fn describe<'v>(
    call: &Call,
    views: impl Iterator<Item = (&'v EntitlementKey, Uuid)>,
) -> Answer<Described> {
    let (mut scopes, mut roles, mut people) = (Vec::new(), Vec::new(), Vec::new());
    for (key, principal) in views {
        let (role, scope) = place(key);
        scopes.push(scope);
        roles.push(role);
        people.push(principal);
    }
    let known = call.engine().describe(scopes, roles, people).await;
    known.map_err(|denied| refusal::said(call, denied))
}

/// `expandedProperties` of a row.
pub(super) fn expand(call: &Call, known: &Described, key: &EntitlementKey, principal: Uuid) -> Value {
    let (role, scope) = place(key);
    json!({
        "scope": expanded::scope(call, known, &scope),
        "roleDefinition": expanded::role(known, &scope, role),
        "principal": expanded::principal(known, principal),
    })
}

/// The word for a sort of principal.
pub(super) fn principal_type(known: &Described, principal: Uuid) -> &'static str {
    known.principal(principal).map_or("User", |account| super::role_assignment::kind(account.kind))
}

const fn member(member: Member) -> &'static str {
    match member {
        Member::Direct => "Direct",
        Member::Group => "Group",
        Member::Inherited => "Inherited",
    }
}

fn item(call: &Call, known: &Described, row: &Listed, instance: bool) -> Value {
    let view = &row.view;
    let (role, scope) = place(&view.key);
    let principal = view.principal.uuid();
    let (condition, version) = match row.condition.clone() {
        Some(condition) => (Some(condition.text), condition.version),
        None => (None, None),
    };
    let mut properties = Map::from_iter([
        ("scope".to_owned(), json!(scope.as_str())),
        ("roleDefinitionId".to_owned(), json!(role_id::render(&scope, role))),
        ("principalId".to_owned(), json!(principal)),
        ("principalType".to_owned(), json!(principal_type(known, principal))),
        ("status".to_owned(), json!(view.status.word())),
        ("startDateTime".to_owned(), instant(view.start)),
        ("endDateTime".to_owned(), instant(view.end)),
        ("memberType".to_owned(), json!(member(row.member))),
        ("createdOn".to_owned(), instant(view.created)),
        ("condition".to_owned(), json!(condition)),
        ("conditionVersion".to_owned(), json!(version)),
        ("expandedProperties".to_owned(), expand(call, known, &view.key, principal)),
    ]);
    let mut put = |name: &str, value: Value| properties.insert(name.to_owned(), value);
    let kind = word(view.kind);
    if instance {
        put(&format!("role{kind}ScheduleId"), json!(schedule_id(view)));
    } else {
        put("updatedOn", instant(view.modified.or(view.created)));
        let request =
            row.made_by.as_ref().map(|(name, at)| role_id::at(at, &format!("Role{kind}ScheduleRequests"), name));
        put(&format!("role{kind}ScheduleRequestId"), json!(request));
    }
    if view.kind == Kind::Assignment {
        let word = if view.how == GrantKind::Activated { "Activated" } else { "Assigned" };
        put("assignmentType", json!(word));
        let linked = row.rests_on.as_deref();
        put("linkedRoleEligibilityScheduleId", json!(linked.map(schedule_id)));
        if instance {
            put("linkedRoleEligibilityScheduleInstanceId", json!(linked.map(instance_id)));
            put("originRoleAssignmentId", json!(role_id::at(&scope, "roleAssignments", view.instance)));
        }
    }
    let sort = if instance { "ScheduleInstances" } else { "Schedules" };
    let name = if instance { instance_name(view) } else { view.schedule };
    json!({
        "properties": properties,
        "name": name,
        "id": if instance { instance_id(view) } else { schedule_id(view) },
        "type": format!("Microsoft.Authorization/Role{kind}{sort}"),
    })
}

/// Schedules or instances at a scope, or one by name.
pub(super) async fn serve(
    call: &Call,
    scope: ArmScope,
    kind: Kind,
    instance: bool,
    name: Option<&str>,
) -> Answer<Reply> {
    let Some(name) = name else {
        let narrow = narrow(call, false)?;
        let (after, limit) = (page_token::read(call)?, call.settings().page_size);
        let query = SchedulesAt { scope, kind, narrow, in_force: instance, after, limit };
        let page = call.ask(query).await?.found;
        let known = describe(call, page.rows.iter().map(|row| (&row.view.key, row.view.principal.uuid()))).await?;
        let rows = page.rows.iter().map(|row| item(call, &known, row, instance)).collect::<Vec<Value>>();
        return Ok(call.list(rows, page.next.as_ref().map(page_token::write).as_deref()));
    };
    let missing = || {
        let code = match (kind, instance) {
            (Kind::Assignment, false) => "RoleAssignmentScheduleNotFound",
            (Kind::Assignment, true) => "RoleAssignmentScheduleInstanceNotFound",
            (Kind::Eligibility, false) => "RoleEligibilityScheduleNotFound",
            (Kind::Eligibility, true) => "RoleEligibilityScheduleInstanceNotFound",
        };
        ArmError::new(StatusCode::NOT_FOUND, code, "The schedule is not found.")
    };
    let name = guid(name).ok_or_else(missing)?;
    let found = call.ask(ScheduleNamed { scope, kind, name, instance }).await?;
    let row = found.filter(|row| !instance || row.view.in_force).ok_or_else(missing)?;
    let known = describe(call, std::iter::once((&row.view.key, row.view.principal.uuid()))).await?;
    Ok(Reply::ok(item(call, &known, &row, instance)))
}
