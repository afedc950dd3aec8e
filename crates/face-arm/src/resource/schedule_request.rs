//! Requests for schedules (`ARM 9`).

use ephor_domain::{
    Refusal,
    entitlement::EntitlementKey,
    id::PrincipalId,
    policy::Kind,
    provider::{Asked, AskedEnd, Provider, Said, Status},
    request::{Action, Channel},
    scope::ArmScope,
    time::{SpelledTtl, instant},
};
use ephor_engine::{
    Denied,
    resource::Described,
    schedule::{Cancel, NewOrder, OrderNamed, OrdersAt, RequestView},
};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::schedule::{describe, expand, narrow, place, principal_type, word};
use crate::{
    answer::Reply,
    body::Members,
    call::{Call, guid},
    error::{Answer, ArmError},
    page_token, refusal, role_id,
};

fn invalid() -> ArmError {
    ArmError::bad("InvalidRoleAssignmentRequest", "The role assignment request is invalid.")
}

fn invalid_schedule() -> ArmError {
    ArmError::bad("InvalidRoleAssignmentRequestSchedule", "The role assignment request schedule is invalid.")
}

fn missing(kind: Kind) -> ArmError {
    let code = match kind {
        Kind::Assignment => "RoleAssignmentScheduleRequestNotFound",
        Kind::Eligibility => "RoleEligibilityScheduleRequestNotFound",
    };
    ArmError::new(StatusCode::NOT_FOUND, code, "The request is not found.")
}

fn exists(name: &str) -> ArmError {
    ArmError::new(
        StatusCode::CONFLICT,
        "RoleAssignmentRequestExists",
        format!("A role assignment request with Id: {name} already exists"),
    )
}

fn item(call: &Call, known: &Described, view: &RequestView) -> Value {
    let (role, scope) = place(&view.key);
    let said = &view.details.said;
    let principal = view.request.principal.uuid();
    let kind = word(view.kind);
    let name = view.request.name.clone().unwrap_or_else(|| view.request.id.to_string());
    let binding = view.details.binding();
    let (end_kind, end) = match view.details.asked.end {
        AskedEnd::Never => (Some("NoExpiration"), None),
        AskedEnd::After(_) => (Some("AfterDuration"), None),
        AskedEnd::At(end) => (Some("AfterDateTime"), Some(end)),
        AskedEnd::Unsaid if said.scheduled => (Some("NoExpiration"), None),
        AskedEnd::Unsaid => (None, None),
    };
    let approval = view.approval.map(|id| format!("/providers/Microsoft.Authorization/roleAssignmentApprovals/{id}"));
    let mut properties = json!({
        "scope": scope.as_str(),
        "roleDefinitionId": role_id::render(&scope, role),
        "principalId": principal,
        "principalType": principal_type(known, principal),
        "requestType": capital(view.request.action.word()),
        "status": status(view),
        "approvalId": approval,
        "scheduleInfo": {
            "startDateTime": started(view),
            "expiration": {"type": end_kind, "endDateTime": end.map(|end| end.to_string()), "duration": said.duration},
        },
        "ticketInfo": {"ticketNumber": said.ticket_number, "ticketSystem": said.ticket_system},
        "justification": said.justification,
        "requestorId": view.request.requester,
        "createdOn": view.request.created.to_string(),
        "condition": said.condition.as_ref().or(binding.as_ref().map(|binding| &binding.text)),
        "conditionVersion": said.condition_version.as_ref().or(binding.as_ref().and_then(|it| it.version.as_ref())),
        "expandedProperties": expand(call, known, &view.key, principal),
    });
    if let Some(members) = properties.as_object_mut() {
        let schedule = json!(view.schedule);
        members.insert(format!("targetRole{kind}ScheduleId"), schedule);
        members.insert(format!("targetRole{kind}ScheduleInstanceId"), Value::Null);
        if view.kind == Kind::Assignment {
            members.insert("linkedRoleEligibilityScheduleId".to_owned(), json!(said.linked));
        }
    }
    json!({
        "properties": properties,
        "name": name,
        "id": role_id::at(&scope, &format!("Role{kind}ScheduleRequests"), &name),
        "type": format!("Microsoft.Authorization/Role{kind}ScheduleRequests"),
    })
}

/// When it starts: as asked, else as it came. Zones other than UTC are not written here (`ARM 2.4`).
fn started(view: &RequestView) -> String {
    let said = view.details.said.start.as_deref().filter(|text| text.ends_with('Z') && text.contains('T'));
    said.map_or_else(|| view.details.asked.start.unwrap_or_else(|| view.start()).to_string(), str::to_owned)
}

/// Extensions and renewals that were answered have words of their own here (`ARM 9.3`).
fn status(view: &RequestView) -> &'static str {
    let asks = matches!(view.request.action, Action::SelfExtend | Action::SelfRenew);
    // An activation that its holder prolonged was nothing to ask an administrator for (`ARM A-19`).
    if asks && view.status == Status::Provisioned && view.details.rests_on.is_none() {
        return "AdminApproved";
    }
    if asks && view.status == Status::Denied && view.approval.is_none() {
        return "AdminDenied";
    }
    view.status.word()
}

/// The requests at a scope, one by name, or what is done with it.
pub(super) async fn serve(call: &Call, scope: ArmScope, kind: Kind, rest: &[String]) -> Answer<Reply> {
    let Some(name) = rest.first() else {
        let narrow = narrow(call, true)?;
        let actor = call.caller.actor.clone();
        let (after, limit) = (page_token::read(call)?, call.settings().page_size);
        let page = call.ask(OrdersAt { scope, kind, narrow, actor, after, limit }).await?.found;
        let known = describe(call, page.rows.iter().map(|view| (&view.key, view.request.principal.uuid()))).await?;
        let rows = page.rows.iter().map(|view| item(call, &known, view)).collect::<Vec<Value>>();
        return Ok(call.list(rows, page.next.as_ref().map(page_token::write).as_deref()));
    };
    let id = guid(name).ok_or_else(|| {
        ArmError::bad("InvalidRoleAssignmentRequestName", "The name of a role assignment request is a GUID.")
    })?;
    match (rest.get(1).map(|action| action.to_ascii_lowercase()).as_deref(), &call.method) {
        (Some("cancel"), _) => cancel(call, scope, kind, id).await,
        (Some("validate"), _) => put(call, scope, kind, name, true).await,
        (Some(_), _) => Err(ArmError::not_found()),
        (None, &Method::PUT) => put(call, scope, kind, name, false).await,
        (None, _) => shown(call, &named(call, scope, kind, id).await?, StatusCode::OK).await,
    }
}

async fn named(call: &Call, scope: ArmScope, kind: Kind, name: Uuid) -> Answer<RequestView> {
    let actor = call.caller.actor.clone();
    call.ask(OrderNamed { scope, kind, name, actor }).await?.ok_or_else(|| missing(kind))
}

async fn shown(call: &Call, view: &RequestView, status: StatusCode) -> Answer<Reply> {
    let known = describe(call, std::iter::once((&view.key, view.request.principal.uuid()))).await?;
    Ok(Reply::with(status, item(call, &known, view)))
}

async fn cancel(call: &Call, scope: ArmScope, kind: Kind, name: Uuid) -> Answer<Reply> {
    let view = named(call, scope.clone(), kind, name).await?;
    let order = Cancel { request: view.request.id, provider: Provider::Resources };
    match call.engine().cancel(&call.caller.actor, order).await {
        Ok(()) => shown(call, &named(call, scope, kind, name).await?, StatusCode::OK).await,
        Err(Denied::Refused(Refusal::RequestNotAvailable)) => Err(missing(kind)),
        Err(denied) => Err(refusal::said(call, denied)),
    }
}

async fn put(call: &Call, scope: ArmScope, kind: Kind, name: &str, only_validate: bool) -> Answer<Reply> {
    let body = call.object()?;
    let mut order = read(call, &scope, kind, Members::of(&body).within("properties"))?;
    order.only_validate = only_validate;
    order.name = (!only_validate).then(|| name.to_owned());
    let said = |denied| match denied {
        Denied::Refused(Refusal::Conflict { .. }) => exists(name),
        Denied::Refused(Refusal::NotFound { what: "principal" }) => {
            ArmError::bad("SubjectNotFound", "The subject is not found.")
        }
        Denied::Refused(Refusal::NotFound { .. }) => ArmError::bad("RoleNotFound", "The role is not found."),
        Denied::Refused(Refusal::Invalid { .. }) => invalid(),
        denied @ (Denied::Refused(_) | Denied::Failed(_)) => refusal::said(call, denied),
    };
    let mut view = call.engine().submit(&call.caller.actor, order).await.map_err(said)?;
    if only_validate {
        view.request.name = Some(name.to_owned());
        let known = describe(call, std::iter::once((&view.key, view.request.principal.uuid()))).await?;
        let mut found = item(call, &known, &view);
        let word = if view.status == Status::PendingApproval { "PendingApproval" } else { "Granted" };
        if let Some(members) = found.get_mut("properties").and_then(Value::as_object_mut) {
            members.insert("status".to_owned(), word.into());
            members.insert("approvalId".to_owned(), Value::Null);
        }
        return Ok(Reply::ok(found));
    }
    shown(call, &view, StatusCode::CREATED).await
}

/// A text as it came; another type is no text.
fn text(of: Members<'_>, name: &str) -> Answer<Option<String>> {
    of.text(name).map(|text| text.map(str::to_owned)).map_err(|_| invalid())
}

fn read(call: &Call, scope: &ArmScope, kind: Kind, body: Members<'_>) -> Answer<NewOrder> {
    let action = text(body, "requestType")?.as_deref().and_then(Action::from_word).ok_or_else(invalid)?;
    let activates = matches!(action, Action::SelfActivate | Action::SelfDeactivate);
    if kind == Kind::Eligibility && activates {
        return Err(invalid());
    }
    let principal = text(body, "principalId")?.as_deref().and_then(guid).ok_or_else(invalid)?;
    let definition = text(body, "roleDefinitionId")?.as_deref().and_then(role_id::parse).ok_or_else(invalid)?;
    if let Some(other) = text(body, "scope")?.filter(|text| !text.is_empty()) {
        let other: ArmScope = other.parse().map_err(|_| ArmError::bad("InvalidScope", "The scope is invalid."))?;
        if !other.contains_path(scope) && !scope.contains_path(&other) {
            return Err(ArmError::bad("InvalidScope", "The scope of the request is not that of its address."));
        }
    }
    let ticket = body.within("ticketInfo");
    let takes_away = matches!(action, Action::AdminRemove | Action::SelfDeactivate);
    let linked = text(body, "linkedRoleEligibilityScheduleId")?.filter(|text| !text.is_empty());
    let targeted = text(body, &format!("targetRole{}ScheduleId", word(kind)))?.filter(|text| !text.is_empty());
    // An activation names what it rests on, any other order what it changes. What goes is named by its line alone.
    let named = match action {
        Action::AdminRemove | Action::SelfDeactivate | Action::AdminAssign => None,
        Action::SelfActivate => linked.clone(),
        Action::AdminUpdate | Action::AdminExtend | Action::AdminRenew | Action::SelfExtend | Action::SelfRenew => {
            targeted
        }
    };
    let mut said = Said {
        justification: text(body, "justification")?,
        ticket_number: text(ticket, "ticketNumber")?,
        ticket_system: text(ticket, "ticketSystem")?,
        condition: text(body, "condition")?,
        condition_version: text(body, "conditionVersion")?,
        linked,
        ..Said::default()
    };
    check_condition(&said)?;
    // What goes needs no schedule; one that is sent along says nothing.
    let asked = match body.get("scheduleInfo").filter(|_| !takes_away) {
        Some(schedule) => read_schedule(Members::of(schedule), kind, &mut said)?,
        None => Asked::default(),
    };
    let target = match named {
        Some(text) => {
            let last = text.trim_end_matches('/').rsplit('/').next().and_then(guid);
            Some(last.ok_or_else(invalid)?)
        }
        None => None,
    };
    let presence = call.app.identity.presence(&call.caller);
    Ok(NewOrder {
        key: EntitlementKey::Resource { definition, scope: scope.clone() },
        kind,
        action,
        principal: PrincipalId::new(principal),
        asked,
        said,
        target,
        name: None,
        channel: Channel::Arm,
        presence,
        only_validate: false,
    })
}

fn check_condition(said: &Said) -> Answer<()> {
    let has = said.condition.as_deref().is_some_and(|text| !text.is_empty());
    match said.condition_version.as_deref().filter(|text| !text.is_empty()) {
        None if has => Err(invalid()),
        Some(version) if !["1.0", "2.0"].contains(&version) => Err(invalid()),
        _ => Ok(()),
    }
}

/// `scheduleInfo` (`ARM 9.6`).
fn read_schedule(schedule: Members<'_>, kind: Kind, said: &mut Said) -> Answer<Asked> {
    let at = |text: &str| instant::from_utc_text(text).map_err(|_| invalid_schedule());
    said.scheduled = true;
    said.start = text(schedule, "startDateTime")?.filter(|text| !text.is_empty());
    let start = said.start.as_deref().map(at).transpose()?;
    let expiration = schedule.within("expiration");
    let sort = text(expiration, "type")?.unwrap_or_default();
    let duration = text(expiration, "duration")?.filter(|text| !text.is_empty());
    let end = text(expiration, "endDateTime")?.filter(|text| !text.is_empty());
    let is = |known: &str| sort.eq_ignore_ascii_case(known);
    let end = if is("NoExpiration") {
        AskedEnd::Never
    } else if is("AfterDateTime") {
        AskedEnd::At(at(end.as_deref().ok_or_else(invalid_schedule)?)?)
    } else if is("AfterDuration") || sort.is_empty() || is("null") {
        match (duration, end) {
            (Some(duration), _) => {
                let ttl = SpelledTtl::from_arm(&duration).map_err(|_| invalid_schedule())?;
                said.duration = Some(duration);
                AskedEnd::After(ttl.ttl)
            }
            (None, Some(end)) if !is("AfterDuration") => AskedEnd::At(at(&end)?),
            // A length that is not there has no end (`ARM 9.6`).
            (None, _) if is("AfterDuration") || kind == Kind::Eligibility => AskedEnd::Never,
            (None, _) => AskedEnd::Unsaid,
        }
    } else {
        return Err(invalid_schedule());
    };
    Ok(Asked { start, end })
}

/// `selfActivate` as it is written here: `SelfActivate`.
fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    first + letters.as_str()
}
