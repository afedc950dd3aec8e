//! Orders as clients write them (`GRAPH 5`, `GRAPH 8.1`).

use ephor_domain::{
    Refusal,
    directory::BuiltInRole,
    entitlement::EntitlementKey,
    id::{GroupId, PrincipalId},
    provider::{Asked, AskedEnd, Said},
    request::{Action, Channel},
    scope::DirectoryScope,
    time::{duration::SpelledTtl, instant},
};
use ephor_engine::{
    Denied,
    schedule::{NewOrder, line_id},
};
use http::StatusCode;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::row;
use crate::{
    answer::Reply,
    body::member,
    call::{Call, guid},
    collection::{Collection, Family},
    error::{Answer, GraphError},
    page::{shape, single},
    permission::Need,
    wire_id,
};

fn invalid() -> GraphError {
    bad("InvalidRoleAssignmentRequest", "The role assignment request is invalid.")
}

fn invalid_schedule() -> GraphError {
    bad("InvalidRoleAssignmentRequestSchedule", "The role assignment request schedule is invalid.")
}

fn invalid_scope() -> GraphError {
    bad("InvalidScope", "The scope is invalid.")
}

fn bad(code: &'static str, message: &str) -> GraphError {
    GraphError::new(StatusCode::BAD_REQUEST, code, message)
}

fn unknown_word(member: &str, value: &str) -> GraphError {
    let value: String = value.chars().filter(|c| !c.is_control()).take(100).collect();
    GraphError::bad_request(format!("The value '{value}' of '{member}' is not known."))
}

pub(super) async fn create(call: &Call, collection: Collection) -> Answer<Reply> {
    let order = read(call, collection).await?;
    let only_takes = order.action == Action::AdminRemove || order.action == Action::SelfDeactivate;
    if !only_takes {
        Need::of_orders(collection).check(&call.signed)?;
    }
    let is_dry = order.only_validate;
    let said = |denied| match denied {
        Denied::Refused(Refusal::NotFound { what: "principal" }) => {
            GraphError::new(StatusCode::NOT_FOUND, "SubjectNotFound", "The subject is not found.")
        }
        Denied::Refused(Refusal::NotFound { what: "role definition" }) => {
            GraphError::new(StatusCode::NOT_FOUND, "RoleNotFound", "The role is not found.")
        }
        Denied::Refused(Refusal::Invalid { .. }) => invalid(),
        denied @ (Denied::Refused(_) | Denied::Failed(_)) => denied.into(),
    };
    let view = call.engine().submit(&call.signed.caller.actor, order).await.map_err(said)?;
    let mut found = row::request(call, collection, &view);
    if let (true, Value::Object(members)) = (is_dry, &mut found) {
        // Nothing came of it, and nothing has this id (`GRAPH 8.3`).
        members.insert("id".to_owned(), json!(Uuid::nil()));
        members.insert("isValidationOnly".to_owned(), true.into());
        members.insert("status".to_owned(), "Granted".into());
        members.insert("approvalId".to_owned(), Value::Null);
        members.insert("targetScheduleId".to_owned(), Value::Null);
    }
    let shape = shape(call, collection.of())?;
    let id = found.get("id").and_then(Value::as_str).unwrap_or_default();
    let location = format!("{}/{}/{id}", call.root, collection.set());
    Ok(single(call, collection.of(), collection.set(), &shape, &found).created(&location))
}

/// A text, `null` like nothing.
fn text<'b>(body: &'b Map<String, Value>, name: &str) -> Answer<Option<&'b str>> {
    match member(body, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(invalid()),
    }
}

/// An object, `null` like nothing.
fn object<'b>(body: &'b Map<String, Value>, name: &str) -> Answer<Option<&'b Map<String, Value>>> {
    match member(body, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(_) => Err(GraphError::bad_request(format!("'{name}' must be an object."))),
    }
}

async fn read(call: &Call, collection: Collection) -> Answer<NewOrder> {
    let body = call.object()?;
    let word = text(&body, "action")?.ok_or_else(invalid)?;
    let action = Action::from_word(word).ok_or_else(|| unknown_word("action", word))?;
    let principal = text(&body, "principalId")?.and_then(guid).map(PrincipalId::new).ok_or_else(invalid)?;
    let key = match collection.family {
        Family::Roles => role(call, &body).await?,
        Family::Groups => group(&body)?,
    };
    let takes_away = matches!(action, Action::AdminRemove | Action::SelfDeactivate);
    let mut said = Said {
        justification: text(&body, "justification")?.map(str::to_owned),
        custom_data: text(&body, "customData")?.map(str::to_owned),
        linked: text(&body, "targetScheduleId")?.map(str::to_owned),
        ..Said::default()
    };
    if let Some(ticket) = object(&body, "ticketInfo")? {
        said.ticket_number = text(ticket, "ticketNumber")?.map(str::to_owned);
        said.ticket_system = text(ticket, "ticketSystem")?.map(str::to_owned);
    }
    // What goes needs no schedule; one that is sent along says nothing.
    let asked = match object(&body, "scheduleInfo")?.filter(|_| !takes_away) {
        Some(schedule) => read_schedule(schedule, &mut said)?,
        None => Asked::default(),
    };
    let only_validate = match member(&body, "isValidationOnly") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(only)) => *only,
        Some(_) => return Err(invalid()),
    };
    let target = said.linked.as_deref().filter(|text| !text.is_empty()).map(|text| {
        let standing = || {
            let (definition, holder, object) = wire_id::read_assignment(text)?;
            let scope = wire_id::scopes(object).into_iter().next()?;
            let key = EntitlementKey::DirectoryRole { definition, scope };
            Some(line_id(holder, key.id(), collection.kind))
        };
        let of_group = || wire_id::read_of_group(text).map(|(_, _, id)| id);
        // Whatever it is, it names no schedule of ours then.
        guid(text).or_else(of_group).or_else(standing).unwrap_or(Uuid::nil())
    });
    Ok(NewOrder {
        key,
        kind: collection.kind,
        action,
        principal,
        asked,
        said,
        target,
        name: None,
        channel: Channel::Graph,
        presence: call.signed.presence(),
        only_validate,
    })
}

async fn role(call: &Call, body: &Map<String, Value>) -> Answer<EntitlementKey> {
    let id = text(body, "roleDefinitionId")?.and_then(guid).ok_or_else(invalid)?;
    let scope = match (text(body, "directoryScopeId")?, text(body, "appScopeId")?) {
        (Some(scope), None) => row::read_scope(scope).ok_or_else(invalid_scope)?,
        (None, Some("/")) => DirectoryScope::Tenant,
        (None, Some(_)) => return Err(invalid_scope()),
        (None, None) | (Some(_), Some(_)) => return Err(invalid()),
    };
    // The id of the definition or of its template.
    let definition = match BuiltInRole::find(id) {
        Some(role) => role.id,
        None => {
            let all = call.engine().role_definitions().await?;
            let found = all.iter().find(|role| role.id == id).or_else(|| all.iter().find(|role| role.template == id));
            found.map_or(id, |role| role.id)
        }
    };
    Ok(EntitlementKey::DirectoryRole { definition, scope })
}

fn group(body: &Map<String, Value>) -> Answer<EntitlementKey> {
    let group = text(body, "groupId")?.and_then(guid).map(GroupId::new).ok_or_else(invalid)?;
    let word = text(body, "accessId")?.ok_or_else(invalid)?;
    let access = row::read_access(word).ok_or_else(|| unknown_word("accessId", word))?;
    Ok(EntitlementKey::Group { group, access })
}

/// `scheduleInfo` (`GRAPH 5.2`).
fn read_schedule(schedule: &Map<String, Value>, said: &mut Said) -> Answer<Asked> {
    said.scheduled = true;
    if member(schedule, "recurrence").is_some_and(|recurrence| !recurrence.is_null()) {
        return Err(invalid_schedule());
    }
    said.start = text(schedule, "startDateTime")?.map(str::to_owned);
    let start = said.start.as_deref().map(|text| instant::from_graph(text).map_err(|_| invalid())).transpose()?;
    let Some(expiration) = object(schedule, "expiration")? else { return Ok(Asked { start, end: AskedEnd::Unsaid }) };
    let duration = text(expiration, "duration")?;
    let end = text(expiration, "endDateTime")?;
    let word = text(expiration, "type")?.unwrap_or("notSpecified");
    let is = |known: &str| word.eq_ignore_ascii_case(known);
    let end = if is("noExpiration") {
        AskedEnd::Never
    } else if is("afterDuration") {
        lasting(duration.ok_or_else(invalid)?, said)?
    } else if is("afterDateTime") {
        AskedEnd::At(instant::from_graph(end.ok_or_else(invalid)?).map_err(|_| invalid())?)
    } else if is("notSpecified") {
        match (duration, end) {
            (Some(duration), _) => lasting(duration, said)?,
            (None, Some(end)) => AskedEnd::At(instant::from_graph(end).map_err(|_| invalid())?),
            (None, None) => AskedEnd::Unsaid,
        }
    } else {
        return Err(unknown_word("type", word));
    };
    Ok(Asked { start, end })
}

fn lasting(text: &str, said: &mut Said) -> Answer<AskedEnd> {
    let read = SpelledTtl::from_graph(text).map_err(|_| invalid())?;
    said.duration = Some(read.text);
    Ok(AskedEnd::After(read.ttl))
}
