//! Alerts of a scope (`ARM 17`).

mod definition;
mod row;

use ephor_domain::{Refusal, alert::AlertKind, provider::Provider, scope::ArmScope};
use ephor_engine::{
    Denied,
    alert::{
        Incident,
        resource::{
            AlertsAt, ChangeAlertAt, DismissAlertAt, IncidentAt, IncidentsAt, OperationAt, OperationsAt, OrderScanAt,
        },
    },
    resource::{At, Described},
};
use http::{Method, StatusCode, header};
use serde_json::Value;

use crate::{
    answer::Reply,
    body::Members,
    call::{Call, bad_token, guid},
    error::{Answer, ArmError},
    refusal, role_id,
};

/// How long a client waits before it asks how far a scan is, in seconds.
const PAUSE: &str = "1";
/// Longest id of an incident.
const LONGEST_ID: usize = 100;

fn missing(what: &'static str) -> ArmError {
    ArmError::new(StatusCode::NOT_FOUND, what, "The alert, incident or operation is not found.")
}

fn no_alert() -> ArmError {
    missing("RoleManagementAlertNotFound")
}

fn no_incident() -> ArmError {
    missing("RoleManagementAlertIncidentNotFound")
}

fn invalid(why: &str) -> ArmError {
    ArmError::bad("InvalidRequestContent", format!("The request content was invalid: {why}."))
}

/// The alert of resources that a segment names.
fn named(text: &str) -> Answer<AlertKind> {
    let found = AlertKind::from_word(text).filter(|kind| kind.provider() == Provider::Resources);
    found.ok_or_else(no_alert)
}

/// Alerts, one of them, what was found, and orders about it.
pub(super) async fn serve(call: &Call, scope: ArmScope, rest: &[String]) -> Answer<Reply> {
    let segments: Vec<&str> = rest.iter().map(String::as_str).collect();
    let is = |segment: &str, word: &str| segment.eq_ignore_ascii_case(word);
    let is_post = call.method == Method::POST;
    match segments.as_slice() {
        [] => list(call, scope).await,
        [word] if is(word, "refresh") => {
            if is_post {
                refresh(call, scope, None).await
            } else {
                Err(ArmError::method_not_allowed(&[Method::POST]))
            }
        }
        [_] if is_post => Err(ArmError::method_not_allowed(&[Method::GET, Method::PATCH])),
        [name] if call.method == Method::PATCH => dismiss(call, scope, named(name)?).await,
        [name] => one(call, scope, named(name)?).await,
        [name, word] if is(word, "refresh") => {
            let only = Some(named(name)?);
            if is_post { refresh(call, scope, only).await } else { Err(ArmError::method_not_allowed(&[Method::POST])) }
        }
        [name, word, rest @ ..] if is(word, "alertIncidents") => {
            let kind = named(name)?;
            match rest {
                [] if is_post => Err(ArmError::method_not_allowed(&[Method::GET])),
                [] => incidents(call, scope, kind).await,
                [id] => incident(call, scope, kind, id).await,
                [id, word] if is(word, "remediate") => remediate(call, scope, kind, id).await,
                _ => Err(ArmError::not_found()),
            }
        }
        _ => Err(ArmError::not_found()),
    }
}

/// Names for people of what was found.
async fn describe<'i>(call: &Call, incidents: impl Iterator<Item = &'i Incident>) -> Answer<Described> {
    let (mut roles, mut people) = (Vec::new(), Vec::new());
    for one in incidents {
        roles.extend(one.facts.definition);
        roles.extend(&one.facts.others);
        people.extend(one.facts.principal.map(|id| id.uuid()));
        people.extend(one.facts.by.map(|id| id.uuid()));
    }
    let known = call.engine().describe(Vec::new(), roles, people).await;
    known.map_err(|denied| refusal::said(call, denied))
}

async fn rows(call: &Call, scope: ArmScope, only: Option<AlertKind>) -> Answer<Vec<Value>> {
    let incidents = call.settings().page_size;
    let At { scope, found } = call.ask(AlertsAt { scope, only, incidents }).await?;
    let known = describe(call, found.iter().flat_map(|(_, incidents)| incidents)).await?;
    Ok(found.iter().map(|(alert, incidents)| row::alert(&known, &scope, alert, incidents)).collect())
}

async fn list(call: &Call, scope: ArmScope) -> Answer<Reply> {
    let rows = rows(call, scope, None).await?;
    call.pages(rows)
}

async fn one(call: &Call, scope: ArmScope, kind: AlertKind) -> Answer<Reply> {
    let found = rows(call, scope, Some(kind)).await?.pop();
    found.map(Reply::ok).ok_or_else(no_alert)
}

async fn dismiss(call: &Call, scope: ArmScope, kind: AlertKind) -> Answer<Reply> {
    let body = call.object()?;
    match Members::of(&body).within("properties").get("isActive") {
        Some(Value::Bool(false)) => {}
        Some(_) => return Err(invalid("an alert can only be dismissed: isActive must be false")),
        None => return Err(invalid("the required property 'isActive' is missing")),
    }
    call.order(DismissAlertAt { scope, kind }).await?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

async fn refresh(call: &Call, scope: ArmScope, only: Option<AlertKind>) -> Answer<Reply> {
    let ordered = call.engine().refresh_alerts_at(&call.caller.actor, OrderScanAt { scope, only }).await;
    let At { scope, found } = ordered.map_err(|denied| refusal::said(call, denied))?;
    let path = role_id::at(&scope, "roleManagementAlertOperations", found.id);
    let place = format!("{}{}?api-version={}", call.service, escaped(&path), call.version);
    let reply = Reply::with(StatusCode::ACCEPTED, row::operation(call, &scope, &found));
    Ok(reply.header(header::LOCATION, &place).header(header::RETRY_AFTER, PAUSE))
}

/// A path with everything in it that is no letter of a URL spelled out.
fn escaped(path: &str) -> String {
    let mut url = url::Url::parse("http://h").expect("a URL is one");
    url.set_path(path);
    url.path().to_owned()
}

async fn incidents(call: &Call, scope: ArmScope, kind: AlertKind) -> Answer<Reply> {
    let after = match call.token().map(|text| text.strip_prefix('a').map(str::to_owned)) {
        Some(after) => after.filter(|id| id.len() <= LONGEST_ID).ok_or_else(bad_token)?,
        None => String::new(),
    };
    let size = call.settings().page_size as usize;
    let limit = call.settings().page_size.saturating_add(1);
    let At { scope, mut found } = call.ask(IncidentsAt { scope, kind, after, limit }).await?;
    let is_more = found.len() > size;
    found.truncate(size);
    let next = found.last().filter(|_| is_more).map(|last| format!("a{}", last.id));
    let known = describe(call, found.iter()).await?;
    let rows = found.iter().map(|one| row::incident(&known, &scope, kind, one)).collect::<Vec<Value>>();
    Ok(call.list(rows, next.as_deref()))
}

async fn incident(call: &Call, scope: ArmScope, kind: AlertKind, id: &str) -> Answer<Reply> {
    let query = IncidentAt { scope, kind, id: id.to_lowercase() };
    let At { scope, found } =
        call.engine().consult(&call.caller.actor, query).await.map_err(|denied| match denied {
            Denied::Refused(Refusal::NotFound { .. }) => no_incident(),
            denied @ (Denied::Refused(_) | Denied::Failed(_)) => refusal::said(call, denied),
        })?;
    let known = describe(call, std::iter::once(&found)).await?;
    Ok(Reply::ok(row::incident(&known, &scope, kind, &found)))
}

async fn remediate(call: &Call, scope: ArmScope, kind: AlertKind, id: &str) -> Answer<Reply> {
    let done = call.engine().remediate_at(&call.caller.actor, scope, kind, id.to_lowercase()).await;
    done.map_err(|denied| match denied {
        Denied::Refused(Refusal::NotFound { .. }) => no_incident(),
        denied @ (Denied::Refused(_) | Denied::Failed(_)) => refusal::said(call, denied),
    })?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// The definitions, which are the same everywhere, or one of them.
pub(super) async fn definitions(call: &Call, scope: ArmScope, name: Option<&str>) -> Answer<Reply> {
    let only =
        name.map(|name| named(name).map_err(|_| missing("RoleManagementAlertDefinitionNotFound"))).transpose()?;
    let At { scope, found } = call.ask(AlertsAt { scope, only, incidents: 0 }).await?;
    let mut rows: Vec<Value> = found.iter().map(|(alert, _)| row::definition(&scope, alert.kind)).collect();
    match only {
        None => call.pages(rows),
        Some(_) => rows.pop().map(Reply::ok).ok_or_else(no_alert),
    }
}

/// How the alerts are set, all or one, and changes of one.
pub(super) async fn configurations(call: &Call, scope: ArmScope, name: Option<&str>) -> Answer<Reply> {
    let only = name.map(|name| named(name).map_err(|_| missing("RoleManagementAlertConfigurationNotFound")));
    let only = only.transpose()?;
    if let Some(kind) = only.filter(|_| call.method == Method::PATCH) {
        return configure(call, scope, kind).await;
    }
    let At { scope, found } = call.ask(AlertsAt { scope, only, incidents: 0 }).await?;
    let mut rows: Vec<Value> = found.iter().map(|(alert, _)| row::configuration(&scope, alert)).collect();
    match only {
        None => call.pages(rows),
        Some(_) => rows.pop().map(Reply::ok).ok_or_else(no_alert),
    }
}

async fn configure(call: &Call, scope: ArmScope, kind: AlertKind) -> Answer<Reply> {
    let body = call.object()?;
    let members = Members::of(&body).within("properties");
    let own = definition::configuration_type(kind);
    if !members.text("alertConfigurationType")?.is_some_and(|said| said.eq_ignore_ascii_case(&own)) {
        return Err(invalid(&format!("the alertConfigurationType of this alert is '{own}'")));
    }
    let enabled = match members.get("isEnabled") {
        None => None,
        Some(Value::Bool(is)) => Some(*is),
        Some(_) => return Err(invalid("'isEnabled' is true or false")),
    };
    let mut values = Vec::new();
    for rule in kind.settings() {
        let name = definition::member(kind, rule.setting);
        if let Some(value) = members.get(name) {
            let number = value.as_u64().filter(|number| (rule.least..=rule.most).contains(number));
            let bounds = || invalid(&format!("'{name}' is a number from {} to {}", rule.least, rule.most));
            values.push((rule.setting, number.ok_or_else(bounds)?));
        }
    }
    call.order(ChangeAlertAt { scope, kind, enabled, values }).await?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// The latest ordered scans, or how far one is: 202 until it is done.
pub(super) async fn operation(call: &Call, scope: ArmScope, name: Option<&str>) -> Answer<Reply> {
    if name.is_none() {
        // They are forgotten a day after they are done: the latest are all that anybody asks for.
        let limit = call.settings().page_size;
        let At { scope, found } = call.ask(OperationsAt { scope, limit }).await?;
        return Ok(call.list::<Value>(found.iter().map(|one| row::operation(call, &scope, one)).collect(), None));
    }
    let none = || missing("RoleManagementAlertOperationNotFound");
    let id = name.and_then(guid).ok_or_else(none)?;
    let asked = call.engine().consult(&call.caller.actor, OperationAt { scope, id }).await;
    let At { scope, found } = asked.map_err(|denied| match denied {
        Denied::Refused(Refusal::NotFound { .. }) => none(),
        denied @ (Denied::Refused(_) | Denied::Failed(_)) => refusal::said(call, denied),
    })?;
    let row = row::operation(call, &scope, &found);
    if found.finished.is_some() {
        return Ok(Reply::ok(row));
    }
    let place = format!("{}{}?api-version={}", call.service, call.uri.path(), call.version);
    Ok(Reply::with(StatusCode::ACCEPTED, row).header(header::LOCATION, &place).header(header::RETRY_AFTER, PAUSE))
}
