//! Requests, schedules and instances as rows of the model.

use ephor_domain::{
    entitlement::{Access, EntitlementKey},
    grant::GrantKind,
    policy::Kind,
    principal::PrincipalKind,
    provider::AskedEnd,
    request::Action,
    scope::DirectoryScope,
};
use ephor_engine::{
    directory::RoleAssignment,
    schedule::{RequestView, ScheduleView},
};
use ephor_odata::v4::Edition;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    call::Call,
    collection::{Collection, Family, Sort},
    list::PLACE,
    wire_id,
};

/// The line a row is about, and the line it rests on; no members of the model.
pub(super) const LINE: &str = "~line";
pub(super) const RESTS_ON: &str = "~restsOn";

/// The members that say what is held.
fn put_key(row: &mut Value, key: &EntitlementKey) {
    let members = match key {
        EntitlementKey::DirectoryRole { definition, scope } => json!({
            "appScopeId": null,
            "directoryScopeId": scope.to_string(),
            "roleDefinitionId": definition,
        }),
        EntitlementKey::Group { group, access } => json!({"groupId": group, "accessId": access.word()}),
        EntitlementKey::PamRole(_) | EntitlementKey::Resource { .. } => json!({}),
    };
    if let (Value::Object(row), Value::Object(members)) = (row, members) {
        row.extend(members);
    }
}

fn qualified(collection: Collection) -> String {
    format!("#microsoft.graph.{}", collection.of())
}

/// What a schedule is called on the wire.
pub(super) fn schedule_id(key: &EntitlementKey, schedule: Uuid) -> String {
    match key {
        EntitlementKey::Group { group, access } => wire_id::of_group(group.uuid(), *access, schedule),
        EntitlementKey::PamRole(_) | EntitlementKey::DirectoryRole { .. } | EntitlementKey::Resource { .. } => {
            schedule.to_string()
        }
    }
}

pub(super) fn request(call: &Call, collection: Collection, view: &RequestView) -> Value {
    let request = &view.request;
    let said = &view.details.said;
    let takes_away = matches!(request.action, Action::AdminRemove | Action::SelfDeactivate);
    let created_by = match view.requester {
        PrincipalKind::Service => json!({
            "application": {"displayName": view.requester_name, "id": request.requester}, "device": null, "user": null,
        }),
        PrincipalKind::User | PrincipalKind::Group => json!({
            "application": null, "device": null, "user": {"displayName": null, "id": request.requester},
        }),
    };
    let mut ticket = json!({"ticketNumber": said.ticket_number, "ticketSystem": said.ticket_system});
    if let (Edition::Beta, Value::Object(ticket)) = (call.edition, &mut ticket) {
        ticket.insert("ticketSubmitterIdentityId".to_owned(), Value::Null);
        ticket.insert("ticketApproverIdentityId".to_owned(), Value::Null);
    }
    let target = view.schedule.filter(|_| !takes_away).map(|schedule| schedule_id(&view.key, schedule));
    let mut row = json!({
        "@odata.type": qualified(collection),
        "id": request.id,
        "action": request.action.word(),
        "approvalId": view.approval,
        "completedDateTime": view.completed,
        "createdBy": created_by,
        "createdDateTime": request.created,
        "customData": said.custom_data,
        "isValidationOnly": false,
        "justification": said.justification,
        "principalId": request.principal,
        "scheduleInfo": if takes_away { Value::Null } else { asked(view) },
        "status": view.status.word(),
        "targetScheduleId": target,
        "ticketInfo": ticket,
        PLACE: request.id,
        LINE: ephor_engine::schedule::line_id(request.principal, request.entitlement, view.kind),
        RESTS_ON: view.details.rests_on.filter(|_| request.action == Action::SelfActivate),
    });
    put_key(&mut row, &view.key);
    row
}

/// The schedule as it was asked for; the start as decided (`GRAPH 5.2`, `GRAPH 5.3`).
fn asked(view: &RequestView) -> Value {
    let said = &view.details.said;
    let expiration = match view.details.asked.end {
        AskedEnd::After(ttl) => {
            let duration = said.duration.clone().unwrap_or_else(|| ttl.to_iso());
            json!({"type": "afterDuration", "endDateTime": null, "duration": duration})
        }
        AskedEnd::At(end) => json!({"type": "afterDateTime", "endDateTime": end, "duration": null}),
        AskedEnd::Never | AskedEnd::Unsaid => json!({"type": "noExpiration", "endDateTime": null, "duration": null}),
    };
    json!({"startDateTime": view.start(), "recurrence": null, "expiration": expiration})
}

pub(super) fn schedule(collection: Collection, view: &ScheduleView) -> Value {
    let mut row = match collection.sort {
        Sort::Requests | Sort::Schedules => of_schedule(view),
        Sort::Instances => of_instance(view),
    };
    if let Value::Object(members) = &mut row {
        let (assigned, activated, direct, group) = match collection.family {
            Family::Roles => ("Assigned", "Activated", "Direct", "Group"),
            Family::Groups => ("assigned", "activated", "direct", "group"),
        };
        let how = if view.how == GrantKind::Activated { activated } else { assigned };
        if view.kind == Kind::Assignment {
            members.insert("assignmentType".to_owned(), how.into());
        }
        members.insert("memberType".to_owned(), if view.via.is_some() { group } else { direct }.into());
        members.insert("principalId".to_owned(), json!(view.principal));
        members.insert("@odata.type".to_owned(), qualified(collection).into());
        members.insert(PLACE.to_owned(), json!(view.line));
        members.insert(LINE.to_owned(), json!(view.line));
        members.insert(RESTS_ON.to_owned(), json!(view.rests_on.filter(|_| view.how == GrantKind::Activated)));
    }
    put_key(&mut row, &view.key);
    row
}

/// The id of the running of a schedule: from the line, so that it stays while schedules follow each other.
fn instance_id(view: &ScheduleView) -> String {
    let holder = view.via.unwrap_or(view.principal);
    match &view.key {
        EntitlementKey::DirectoryRole { definition, scope } => {
            let row = RoleAssignment { principal: holder, definition: *definition, scope: *scope };
            match view.kind {
                Kind::Assignment => wire_id::assignment(&row),
                Kind::Eligibility => wire_id::eligibility(&row),
            }
        }
        EntitlementKey::Group { group, access } => wire_id::of_group(group.uuid(), *access, view.line),
        EntitlementKey::PamRole(_) | EntitlementKey::Resource { .. } => view.line.to_string(),
    }
}

/// The id of a schedule; what is held outside of schedules has one id for all.
fn id_of(view: &ScheduleView) -> String {
    if view.is_standing() { instance_id(view) } else { schedule_id(&view.key, view.schedule) }
}

fn of_schedule(view: &ScheduleView) -> Value {
    let id = id_of(view);
    let created_using = match (&view.key, view.made_by) {
        (_, None) => Value::Null,
        // Its own id (`GRAPH 5.5`).
        (EntitlementKey::Group { .. }, Some(_)) => id.clone().into(),
        (_, Some(request)) => json!(request),
    };
    json!({
        "id": id,
        "createdDateTime": view.created,
        "createdUsing": created_using,
        "modifiedDateTime": view.modified,
        "scheduleInfo": {
            "startDateTime": view.start,
            "recurrence": null,
            "expiration": expiration(view.end),
        },
        "status": view.status.word(),
    })
}

fn expiration(end: Option<Timestamp>) -> Value {
    let kind = if end.is_some() { "afterDateTime" } else { "noExpiration" };
    json!({"type": kind, "endDateTime": end, "duration": null})
}

fn of_instance(view: &ScheduleView) -> Value {
    let (id, schedule) = (instance_id(view), id_of(view));
    let of_schedule = match (&view.key, view.kind) {
        (EntitlementKey::Group { .. }, Kind::Assignment) => "assignmentScheduleId",
        (EntitlementKey::Group { .. }, Kind::Eligibility) => "eligibilityScheduleId",
        (_, Kind::Assignment) => "roleAssignmentScheduleId",
        (_, Kind::Eligibility) => "roleEligibilityScheduleId",
    };
    let mut row = json!({
        "id": id,
        "startDateTime": view.start,
        "endDateTime": view.end,
        of_schedule: schedule,
    });
    if let (Value::Object(members), Kind::Assignment) = (&mut row, view.kind) {
        members.insert("roleAssignmentOriginId".to_owned(), members.get("id").cloned().unwrap_or_default());
    }
    row
}

/// The scope of a role as clients write it.
pub(super) fn read_scope(text: &str) -> Option<DirectoryScope> {
    text.parse().ok()
}

/// As what a group is held.
pub(super) fn read_access(text: &str) -> Option<Access> {
    Access::from_word(text)
}
