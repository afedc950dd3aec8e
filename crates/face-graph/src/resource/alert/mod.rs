//! Alerts of directory roles (`GRAPH 14`, beta).

mod definition;
mod row;

use ephor_domain::{
    alert::{AlertKind, AlertSetting},
    provider::Provider,
    time::Ttl,
};
use ephor_engine::alert::{AlertRow, ChangeAlert, DismissAlert, Incident};
use ephor_odata::v4::Predicate;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

use self::definition::{is_length, member_of};
use crate::{
    answer::{Content, Reply},
    body::member,
    call::{Call, guid},
    error::{Answer, GraphError},
    list,
    page::{Plan, Rules, shape, single},
};

const ROOT: &str = "identityGovernance/roleManagementAlerts";
const ALERT: &str = "unifiedRoleManagementAlert";
const DEFINITION: &str = "unifiedRoleManagementAlertDefinition";
const CONFIGURATION: &str = "unifiedRoleManagementAlertConfiguration";
const INCIDENT: &str = "unifiedRoleManagementAlertIncident";
const OPERATION: &str = "longRunningOperation";

/// The scope's word in ids.
const WORD: &str = "DirectoryRole";
/// Another word for the same.
const ALIAS: &str = "Directory";

fn scope_word(text: &str) -> Option<&'static str> {
    [WORD, ALIAS].into_iter().find(|word| word.eq_ignore_ascii_case(text))
}

/// The scope that every list needs (`GRAPH 14.2` A1): its word, or nothing where no alerts are.
fn scope(predicate: Option<&Predicate>) -> Answer<Option<&'static str>> {
    let one = |name: &str| match predicate?.equals(&[name])?.as_slice() {
        [only] => Some((*only).to_owned()),
        _ => None,
    };
    match (one("scopeId"), one("scopeType").as_deref().and_then(scope_word)) {
        (Some(scope), Some(word)) => Ok((scope == "/").then_some(word)),
        _ => Err(GraphError::missing_provider()),
    }
}

/// The alert that an id names.
fn named(call: &Call, id: &str) -> Answer<AlertKind> {
    let mut parts = id.splitn(3, '_');
    let is_ours = parts.next().is_some_and(|word| scope_word(word).is_some())
        && parts.next().and_then(guid) == Some(call.settings().tenant);
    let kind = parts.next().and_then(AlertKind::from_word).filter(|kind| kind.provider() == Provider::DirectoryRoles);
    kind.filter(|_| is_ours).ok_or_else(GraphError::not_found)
}

async fn stored(call: &Call) -> Answer<Vec<AlertRow>> {
    Ok(call.engine().alerts(&call.signed.caller.actor).await?)
}

async fn one(call: &Call, kind: AlertKind) -> Answer<AlertRow> {
    stored(call).await?.into_iter().find(|row| row.kind == kind).ok_or_else(GraphError::not_found)
}

async fn found(call: &Call, kind: AlertKind) -> Answer<Vec<Incident>> {
    Ok(call.engine().alert_incidents(&call.signed.caller.actor, kind).await?)
}

/// An alert, with what can be expanded of it where that is wanted.
async fn full(call: &Call, word: &str, alert: &AlertRow, wanted: &[String]) -> Answer<Value> {
    let mut row = row::alert(call, word, alert);
    for name in wanted {
        let value = match name.as_str() {
            "alertDefinition" => row::definition(call, word, alert.kind),
            "alertConfiguration" => row::configuration(call, word, alert),
            "alertIncidents" => row::incidents(call, alert.kind, &found(call, alert.kind).await?).await?.into(),
            _ => continue,
        };
        row.insert(name.clone(), value);
    }
    Ok(row.into())
}

pub(super) async fn list(call: &Call) -> Answer<Reply> {
    let plan = Plan::of(call, ALERT, format!("{ROOT}/alerts"), Rules::ALERTS)?;
    let word = scope(plan.predicate.as_ref())?;
    let (alerts, wanted) = (stored(call).await?, plan.needs(call));
    let mut rows = Vec::new();
    if let Some(word) = word {
        for alert in &alerts {
            rows.push(full(call, word, alert, &wanted).await?);
        }
    }
    list::whole(call, &plan, rows).await
}

pub(super) async fn get(call: &Call) -> Answer<Reply> {
    let alert = one(call, named(call, call.key(0))?).await?;
    let shape = shape(call, ALERT)?;
    let wanted: Vec<String> = shape.expand.iter().map(|expanded| expanded.name.clone()).collect();
    let row = full(call, WORD, &alert, &wanted).await?;
    Ok(single(call, ALERT, &format!("{ROOT}/alerts"), &shape, &row))
}

pub(super) async fn definitions(call: &Call) -> Answer<Reply> {
    let plan = Plan::of(call, DEFINITION, format!("{ROOT}/alertDefinitions"), Rules::ALERTS)?;
    let word = scope(plan.predicate.as_ref())?;
    let rows = stored(call).await?;
    let rows = word.map(|word| rows.iter().map(|row| row::definition(call, word, row.kind)).collect());
    list::whole(call, &plan, rows.unwrap_or_default()).await
}

pub(super) async fn definition(call: &Call) -> Answer<Reply> {
    let alert = one(call, named(call, call.key(0))?).await?;
    let row = row::definition(call, WORD, alert.kind);
    Ok(single(call, DEFINITION, &format!("{ROOT}/alertDefinitions"), &shape(call, DEFINITION)?, &row))
}

pub(super) async fn configurations(call: &Call) -> Answer<Reply> {
    let plan = Plan::of(call, CONFIGURATION, format!("{ROOT}/alertConfigurations"), Rules::ALERTS)?;
    let word = scope(plan.predicate.as_ref())?;
    let rows = stored(call).await?;
    let rows = word.map(|word| rows.iter().map(|row| row::configuration(call, word, row)).collect());
    list::whole(call, &plan, rows.unwrap_or_default()).await
}

pub(super) async fn configuration(call: &Call) -> Answer<Reply> {
    let alert = one(call, named(call, call.key(0))?).await?;
    let row = row::configuration(call, WORD, &alert);
    Ok(single(call, CONFIGURATION, &format!("{ROOT}/alertConfigurations"), &shape(call, CONFIGURATION)?, &row))
}

fn incident_set(call: &Call, kind: AlertKind) -> String {
    format!("{ROOT}/alerts('{}')/alertIncidents", row::id(call, kind))
}

pub(super) async fn incidents(call: &Call) -> Answer<Reply> {
    let kind = named(call, call.key(0))?;
    let plan = Plan::of(call, INCIDENT, incident_set(call, kind), Rules::ALERTS)?;
    let rows = row::incidents(call, kind, &found(call, kind).await?).await?;
    list::whole(call, &plan, rows).await
}

pub(super) async fn incident(call: &Call) -> Answer<Reply> {
    let kind = named(call, call.key(0))?;
    let found = found(call, kind).await?.into_iter().find(|incident| incident.id.eq_ignore_ascii_case(call.key(1)));
    let found = found.ok_or_else(GraphError::not_found)?;
    let rows = row::incidents(call, kind, std::slice::from_ref(&found)).await?;
    let row = rows.first().ok_or_else(GraphError::not_found)?;
    Ok(single(call, INCIDENT, &incident_set(call, kind), &shape(call, INCIDENT)?, row))
}

fn bad(message: &str) -> GraphError {
    GraphError::bad_request(message)
}

/// Control information is no member.
fn members(body: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    body.iter().filter(|(name, _)| !name.contains('@'))
}

/// `{"isActive": false}`, and nothing else can be written.
pub(super) async fn dismiss(call: &Call) -> Answer<Reply> {
    let kind = named(call, call.key(0))?;
    let body = call.object()?;
    let is_other =
        |(name, value): (&String, &Value)| !name.eq_ignore_ascii_case("isActive") || *value != Value::Bool(false);
    if member(&body, "isActive").is_none() || members(&body).any(is_other) {
        return Err(bad("An alert can only be dismissed: isActive false."));
    }
    call.engine().administer(&call.signed.caller.actor, DismissAlert { kind }).await?;
    Ok(Reply::done())
}

pub(super) async fn configure(call: &Call) -> Answer<Reply> {
    let kind = named(call, call.key(0))?;
    let body = call.object()?;
    let own = definition::of(kind).map(definition::Definition::configuration_type).unwrap_or_default();
    if let Some(said) = member(&body, "@odata.type") {
        let said = said.as_str().and_then(|name| name.rsplit('.').next()).unwrap_or_default();
        if !said.eq_ignore_ascii_case(&own) {
            return Err(bad("The type is not that of this configuration."));
        }
    }
    let (mut enabled, mut values) = (None, Vec::new());
    for (name, value) in members(&body) {
        let setting = kind.settings().iter().find(|rule| member_of(rule.setting).eq_ignore_ascii_case(name));
        match (name.to_ascii_lowercase().as_str(), setting) {
            ("isenabled", _) => enabled = Some(value.as_bool().ok_or_else(|| bad("isEnabled must be true or false."))?),
            // Read-only members are sent along and mean nothing.
            ("id" | "alertdefinitionid" | "scopeid" | "scopetype", _) => {}
            (_, Some(rule)) => values.push((rule.setting, number(rule.setting, value)?)),
            (_, None) => return Err(bad("The configuration of this alert has no such property.")),
        }
    }
    call.engine().administer(&call.signed.caller.actor, ChangeAlert { kind, enabled, values }).await?;
    Ok(Reply::done())
}

fn number(setting: AlertSetting, value: &Value) -> Answer<u64> {
    let number = match is_length(setting) {
        true => value.as_str().and_then(|text| Ttl::from_iso(text).ok()).map(Ttl::as_seconds),
        false => value.as_u64(),
    };
    number.ok_or_else(|| bad("The value does not fit the property."))
}

/// 202, and where to ask how far it is.
fn accepted(call: &Call, kind: AlertKind) -> Reply {
    let place = format!("{}/{ROOT}/operations/refresh:{}", call.root, row::id(call, kind));
    let reply = Reply { status: StatusCode::ACCEPTED, content: Content::Nothing, headers: Vec::new() };
    match HeaderValue::from_str(&place) {
        Ok(place) => reply.with(header::LOCATION, place),
        Err(_) => reply,
    }
}

pub(super) async fn refresh(call: &Call) -> Answer<Reply> {
    let kind = named(call, call.key(0))?;
    call.engine().refresh_alerts(&call.signed.caller.actor, Some(kind)).await?;
    Ok(accepted(call, kind))
}

pub(super) async fn refresh_all(call: &Call) -> Answer<Reply> {
    let body = call.object()?;
    let text = |name: &str| member(&body, name).and_then(Value::as_str);
    if text("scopeId") != Some("/") || text("scopeType").and_then(scope_word).is_none() {
        return Err(GraphError::missing_provider());
    }
    call.engine().refresh_alerts(&call.signed.caller.actor, None).await?;
    // All were scanned at once: each tells the same.
    Ok(accepted(call, AlertKind::AssignedOutside))
}

pub(super) async fn operation(call: &Call) -> Answer<Reply> {
    let id = call.key(0);
    let kind = named(call, id.strip_prefix("refresh:").ok_or_else(GraphError::not_found)?)?;
    let alert = one(call, kind).await?;
    let ordered = alert.ordered.ok_or_else(GraphError::not_found)?;
    let done = alert.scanned.filter(|scanned| *scanned >= ordered);
    let place = done.map(|_| format!("{}/{ROOT}/alerts/{}", call.root, row::id(call, kind)));
    let row = json!({
        "@odata.type": "#microsoft.graph.longRunningOperation",
        "id": id,
        "createdDateTime": ordered,
        "lastActionDateTime": done.unwrap_or(ordered),
        "resourceLocation": place.unwrap_or_default(),
        "status": if done.is_some() { "succeeded" } else { "running" },
        "statusDetail": "",
    });
    Ok(single(call, OPERATION, &format!("{ROOT}/operations"), &shape(call, OPERATION)?, &row))
}

pub(super) async fn remediate(call: &Call) -> Answer<Reply> {
    let kind = named(call, call.key(0))?;
    let incident = call.key(1).to_owned();
    call.engine().remediate(&call.signed.caller.actor, kind, incident).await?;
    Ok(Reply::done())
}
