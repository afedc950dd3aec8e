//! Alerts as rows of the model.

use std::collections::{BTreeSet, HashMap};

use ephor_domain::{
    alert::{AlertKind, AlertSeverity},
    time::Ttl,
};
use ephor_engine::alert::{AlertRow, Incident};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    WORD,
    definition::{self, is_length, member_of},
};
use crate::{call::Call, error::Answer, resource::object};

/// Where nothing has happened yet (`GRAPH 14.4`).
const NEVER: &str = "0001-01-01T08:00:00Z";

/// The id of an alert, of its definition and of its configuration.
pub(super) fn id(call: &Call, kind: AlertKind) -> String {
    format!("{WORD}_{}_{}", call.settings().tenant, kind.word())
}

fn or_never(at: Option<Timestamp>) -> Value {
    at.map_or_else(|| NEVER.into(), |at| json!(at))
}

pub(super) fn alert(call: &Call, word: &str, row: &AlertRow) -> Map<String, Value> {
    let id = id(call, row.kind);
    let members = [
        ("@odata.type", json!("#microsoft.graph.unifiedRoleManagementAlert")),
        ("id", json!(id)),
        ("alertDefinitionId", json!(id)),
        ("incidentCount", json!(row.incidents)),
        ("isActive", json!(row.active)),
        ("lastModifiedDateTime", or_never(row.modified)),
        ("lastScannedDateTime", or_never(row.scanned)),
        ("scopeId", json!("/")),
        ("scopeType", json!(word)),
    ];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

pub(super) fn definition(call: &Call, word: &str, kind: AlertKind) -> Value {
    let said = definition::of(kind);
    let text = |read: fn(&definition::Definition) -> &'static str| said.map(read);
    let severity = match kind.severity() {
        AlertSeverity::Low => "low",
        AlertSeverity::Medium => "medium",
        AlertSeverity::High => "high",
    };
    json!({
        "@odata.type": "#microsoft.graph.unifiedRoleManagementAlertDefinition",
        "id": id(call, kind),
        "description": text(|it| it.description),
        "displayName": text(|it| it.name),
        "howToPrevent": text(|it| it.prevention),
        "isConfigurable": !kind.settings().is_empty(),
        "isRemediatable": kind.is_remediatable(),
        "mitigationSteps": text(|it| it.mitigation),
        "scopeId": "/",
        "scopeType": word,
        "securityImpact": text(|it| it.impact),
        "severityLevel": severity,
    })
}

pub(super) fn configuration(call: &Call, word: &str, row: &AlertRow) -> Value {
    let kind = definition::of(row.kind).map(definition::Definition::configuration_type).unwrap_or_default();
    let id = id(call, row.kind);
    let mut found = json!({
        "@odata.type": format!("#microsoft.graph.{kind}"),
        "id": id,
        "alertDefinitionId": id,
        "isEnabled": row.settings.enabled,
        "scopeId": "/",
        "scopeType": word,
        "alertDefinition": definition(call, word, row.kind),
    });
    for rule in row.kind.settings() {
        let value = row.settings.value(row.kind, rule.setting);
        let length = || Ttl::new(value).map(Ttl::to_iso);
        let value = if is_length(rule.setting) { json!(length()) } else { json!(value) };
        if let Value::Object(members) = &mut found {
            members.insert(member_of(rule.setting).to_owned(), value);
        }
    }
    found
}

/// What was found, with the names of what it is about.
pub(super) async fn incidents(call: &Call, kind: AlertKind, found: &[Incident]) -> Answer<Vec<Value>> {
    let people: BTreeSet<Uuid> = found.iter().filter_map(|it| it.facts.principal).map(|id| id.uuid()).collect();
    let objects = call.engine().directory_objects(people.into_iter().collect()).await?;
    let objects: HashMap<Uuid, Value> = objects.iter().map(|it| (it.id(), object::row(call, it))).collect();
    let roles = call.engine().role_definitions().await?;
    let roles: HashMap<Uuid, _> = roles.into_iter().map(|role| (role.id, role)).collect();
    let of = definition::of(kind).map(definition::Definition::incident_type).unwrap_or_default();
    let row = |incident: &Incident| {
        let facts = &incident.facts;
        let holder = facts.principal.and_then(|id| objects.get(&id.uuid()));
        let text = |name: &str| holder.and_then(|row| row.get(name)).cloned().unwrap_or(Value::Null);
        let role = facts.definition.and_then(|id| roles.get(&id));
        // The model leaves out what its type does not have.
        json!({
            "@odata.type": format!("#microsoft.graph.{of}"),
            "id": incident.id,
            "assigneeId": facts.principal,
            "assigneeDisplayName": text("displayName"),
            "assigneeUserPrincipalName": text("userPrincipalName"),
            "roleDefinitionId": facts.definition,
            "roleTemplateId": role.map(|role| role.template),
            "roleDisplayName": role.map(|role| role.name.as_str()),
            "assignmentCreatedDateTime": facts.created,
            "lastActivationDateTime": facts.last,
            "lastSignInDateTime": facts.last,
            "activationCount": facts.count,
            "sequenceStartDateTime": facts.from,
            "sequenceEndDateTime": facts.until,
            "tenantLicenseStatus": null,
        })
    };
    Ok(found.iter().map(row).collect())
}
