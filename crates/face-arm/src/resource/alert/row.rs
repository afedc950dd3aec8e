//! Alerts, their definitions, configurations, incidents and scans as members (`ARM 17.2`).

use ephor_domain::{alert::AlertKind, provider::Provider, scope::ArmScope};
use ephor_engine::{
    alert::{AlertRow, Incident, resource::AlertOperation},
    resource::Described,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::definition::{self, configuration_type, incident_type};
use crate::{
    call::Call,
    resource::{policy::offset, role_assignment},
    role_id,
};

/// Most roles that are named as being the same.
const MOST_NAMES: usize = 10;

fn instant(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, |at| offset(at).into())
}

/// Something of the provider with its name, which is that of an alert.
fn resource(scope: &ArmScope, collection: &str, name: &str, properties: Value) -> Value {
    json!({
        "properties": properties,
        "id": role_id::at(scope, collection, name),
        "name": name,
        "type": format!("Microsoft.Authorization/{collection}"),
    })
}

pub(super) fn definition(scope: &ArmScope, kind: AlertKind) -> Value {
    let texts = definition::of(kind);
    let properties = json!({
        "displayName": texts.name,
        "scope": scope.as_str(),
        "description": texts.description,
        "severityLevel": definition::severity(kind),
        "securityImpact": texts.impact,
        "mitigationSteps": texts.mitigation,
        "howToPrevent": texts.prevention,
        "isRemediatable": kind.is_remediatable(),
        "isConfigurable": !kind.settings().is_empty(),
    });
    resource(scope, "roleManagementAlertDefinitions", kind.word(), properties)
}

pub(super) fn configuration(scope: &ArmScope, alert: &AlertRow) -> Value {
    let kind = alert.kind;
    let mut properties = json!({
        "alertConfigurationType": configuration_type(kind),
        "alertDefinitionId": kind.word(),
        "scope": scope.as_str(),
        "isEnabled": alert.settings.enabled,
        "alertDefinition": definition(scope, kind),
    });
    if let Some(members) = properties.as_object_mut() {
        for rule in kind.settings() {
            let name = definition::member(kind, rule.setting);
            members.insert(name.to_owned(), alert.settings.value(kind, rule.setting).into());
        }
    }
    resource(scope, "roleManagementAlertConfigurations", kind.word(), properties)
}

pub(super) fn alert(known: &Described, scope: &ArmScope, alert: &AlertRow, incidents: &[Incident]) -> Value {
    let rows: Vec<Value> = incidents.iter().map(|one| incident(known, scope, alert.kind, one)).collect();
    let properties = json!({
        "scope": scope.as_str(),
        "isActive": alert.active,
        "incidentCount": alert.incidents,
        "lastModifiedDateTime": instant(alert.modified),
        "lastScannedDateTime": instant(alert.scanned),
        "alertDefinition": definition(scope, alert.kind),
        "alertIncidents": rows,
        "alertConfiguration": configuration(scope, alert),
    });
    resource(scope, "roleManagementAlerts", alert.kind.word(), properties)
}

pub(super) fn incident(known: &Described, scope: &ArmScope, kind: AlertKind, one: &Incident) -> Value {
    let collection = format!("roleManagementAlerts/{}/alertIncidents", kind.word());
    json!({
        "properties": incident_properties(known, scope, kind, one),
        "id": role_id::at(scope, &collection, &one.id),
        "name": one.id,
        "type": "Microsoft.Authorization/roleManagementAlerts/alertIncidents",
    })
}

fn incident_properties(known: &Described, scope: &ArmScope, kind: AlertKind, one: &Incident) -> Value {
    let facts = &one.facts;
    let account = facts.principal.and_then(|id| known.principal(id.uuid()));
    let display = |id: Option<Uuid>| id.and_then(|id| known.principal(id)).map(|found| found.display_name.clone());
    let upn = |id: Option<Uuid>| id.and_then(|id| known.principal(id)).and_then(|found| found.upn.clone());
    let role = |id: Uuid| known.roles.get(&id).map_or_else(|| id.to_string(), |role| role.name.clone());
    let (assignee, requestor) = (facts.principal.map(|id| id.uuid()), facts.by.map(|id| id.uuid()));
    match kind {
        AlertKind::DuplicateRole => {
            let others: Vec<String> = facts.others.iter().take(MOST_NAMES).map(|id| role(*id)).collect();
            let reason = match (facts.same_name, facts.same_permissions) {
                (true, true) => "Same name and permissions",
                (true, false) => "Same name",
                (false, _) => "Same permissions",
            };
            json!({
                "alertIncidentType": incident_type(kind),
                "roleName": facts.definition.map(role),
                "duplicateRoles": others.join(", "),
                "reason": reason,
            })
        }
        AlertKind::ResourceAssignedOutside => json!({
            "alertIncidentType": incident_type(kind),
            "assigneeDisplayName": display(assignee),
            "assigneeUserPrincipalName": upn(assignee),
            "assigneeId": assignee,
            "roleDisplayName": facts.definition.map(role),
            "roleTemplateId": facts.definition,
            "roleDefinitionId": facts.definition.map(|id| role_id::render(scope, id)),
            "assignmentActivatedDate": instant(facts.created),
            "requestorId": requestor,
            "requestorDisplayName": display(requestor),
            "requestorUserPrincipalName": upn(requestor),
        }),
        AlertKind::TooManyOwners
        | AlertKind::TooManyPermanentOwners
        | AlertKind::InvalidLicense
        | AlertKind::NoMfaOnActivation
        | AlertKind::RedundantAssignment
        | AlertKind::AssignedOutside
        | AlertKind::SequentialActivations
        | AlertKind::StaleSignIn
        | AlertKind::TooManyGlobalAdministrators => json!({
            "alertIncidentType": incident_type(kind),
            "assigneeName": display(assignee).or_else(|| assignee.map(|id| id.to_string())),
            "assigneeType": account.map_or("User", |account| role_assignment::kind(account.kind)),
        }),
    }
}

/// How far a scan is. `statusDetail` is JSON in a text.
pub(super) fn operation(call: &Call, scope: &ArmScope, one: &AlertOperation) -> Value {
    let (status, detail) = match (one.started, one.finished) {
        (_, Some(_)) => ("Succeeded", "Alert scan is completed."),
        (Some(_), None) => ("Running", "Alert scan is running."),
        (None, None) => ("NotStarted", "Alert scan is not yet started."),
    };
    let kinds = AlertKind::of(Provider::Resources).filter(|kind| one.kind.is_none_or(|only| only == *kind));
    let result: Vec<Value> = kinds.map(|kind| json!({"name": kind.word(), "statusDetail": detail})).collect();
    let place = match one.kind {
        Some(kind) => role_id::at(scope, "roleManagementAlerts", kind.word()),
        None => role_id::at(scope, "roleManagementAlerts", "").trim_end_matches('/').to_owned(),
    };
    json!({
        "id": one.id,
        "status": status,
        "statusDetail": json!({"result": result}).to_string(),
        "createdDateTime": offset(one.ordered),
        "lastActionDateTime": offset(one.finished.or(one.started).unwrap_or(one.ordered)),
        "resourceLocation": format!("{}{place}?api-version={}", call.service, call.version),
    })
}
