//! An audit as a row of the model.

use std::collections::{BTreeSet, HashMap};

use ephor_domain::{
    entitlement::{Access, EntitlementKey},
    id::GroupId,
    policy::Kind,
    provider::{AskedEnd, Provider},
};
use ephor_engine::directory::{AuditEntry, OrderRow, entitlement_among};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::activity::{self, Activity, Facts, Service};
use crate::{
    call::{Call, guid},
    error::Answer,
    resource::object,
};

/// What is known of the objects that audits name.
pub(super) struct Names {
    objects: HashMap<Uuid, Value>,
    roles: HashMap<Uuid, String>,
}

impl Names {
    pub(super) async fn of(call: &Call, entries: &[AuditEntry]) -> Answer<Self> {
        let named = entries.iter().flat_map(|entry| {
            let row = &entry.row;
            let (actor, subject) = (row.actor.map(|id| id.uuid()), row.subject.map(|id| id.uuid()));
            let facts = Said::read(&row.facts);
            let ordered = entry.order.as_ref().map(|it| it.order.definition);
            [actor, subject, facts.id("group"), facts.id("definition"), ordered]
        });
        let named: BTreeSet<Uuid> = named.flatten().collect();
        let objects = call.engine().directory_objects(named.into_iter().collect()).await?;
        let roles = call.engine().role_definitions().await?;
        Ok(Self {
            objects: objects.iter().map(|it| (it.id(), object::row(call, it))).collect(),
            roles: roles.into_iter().map(|role| (role.id, role.name)).collect(),
        })
    }
}

/// The details of a record.
struct Said(Map<String, Value>);

impl Said {
    fn read(text: &str) -> Self {
        match serde_json::from_str(text) {
            Ok(Value::Object(members)) => Self(members),
            Ok(_) | Err(_) => Self(Map::new()),
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    fn id(&self, name: &str) -> Option<Uuid> {
        self.text(name).and_then(guid)
    }
}

/// A record as the table of activities asks about it.
struct Known<'e> {
    entry: &'e AuditEntry,
    said: Said,
    key: Option<EntitlementKey>,
}

impl Known<'_> {
    fn order(&self) -> Option<&OrderRow> {
        self.entry.order.as_ref()
    }
}

impl Facts for Known<'_> {
    fn fact(&self, name: &str) -> Option<&str> {
        let row = &self.entry.row;
        match name {
            "provider" => row.provider.map(Provider::word),
            "request" => Some(if row.request.is_some() { "yes" } else { "no" }),
            "access" => match &self.key {
                Some(EntitlementKey::Group { access, .. }) => Some(access.word()),
                Some(_) | None => None,
            },
            "order" => self.said.text(name).or_else(|| self.order().map(|it| it.request.action.word())),
            "kind" => self.said.text(name).or_else(|| match self.order()?.order.kind {
                Kind::Eligibility => Some("eligibility"),
                Kind::Assignment => Some("assignment"),
            }),
            "end" => self.said.text(name).or_else(|| {
                let is_endless = self.order()?.order.details.asked.end == AskedEnd::Never;
                is_endless.then_some("never")
            }),
            // An order whose start is still to come has not taken effect with its record.
            "when" => {
                let start = self.order().and_then(|it| it.order.details.start);
                Some(if start.is_some_and(|start| start > row.at) { "later" } else { "now" })
            }
            _ => self.said.text(name),
        }
    }
}

/// The record and the line of the table that an id names.
pub(super) fn record_of(id: &str) -> Option<(Uuid, usize)> {
    let mut parts = id.split('_');
    let is_known = parts.next().is_some_and(|prefix| prefix == "PIM" || prefix == "Directory");
    let (record, line) = (parts.next().and_then(guid)?, parts.next()?.parse().ok()?);
    (is_known && parts.next().is_none()).then_some((record, line))
}

/// The rows of a record, oldest first.
pub(super) fn rows(call: &Call, names: &Names, entry: &AuditEntry) -> Vec<Value> {
    let said = Said::read(&entry.row.facts);
    let key = key(names, entry, &said);
    let known = Known { entry, said, key };
    let activities = activity::of(entry.row.event, &known);
    activities.into_iter().map(|(line, activity)| row(call, names, &known, line, activity)).collect()
}

/// What is held, or would be.
fn key(names: &Names, entry: &AuditEntry, said: &Said) -> Option<EntitlementKey> {
    let entitlement = entry.row.entitlement?.uuid();
    if let Some(OrderRow { order, .. }) = &entry.order {
        let (definition, scope) = (order.definition, order.scope.as_str());
        return match entry.row.provider? {
            Provider::Groups => {
                Access::from_word(scope).map(|access| EntitlementKey::Group { group: GroupId::new(definition), access })
            }
            Provider::DirectoryRoles => {
                scope.parse().ok().map(|scope| EntitlementKey::DirectoryRole { definition, scope })
            }
            Provider::Pam | Provider::Resources => None,
        };
    }
    let group = said.id("group").or_else(|| said.id("definition"));
    let roles: Vec<Uuid> = match said.id("definition") {
        Some(definition) => vec![definition],
        None => names.roles.keys().copied().collect(),
    };
    entitlement_among(entitlement, &roles, group.as_slice())
}

fn row(call: &Call, names: &Names, known: &Known<'_>, line: usize, activity: &Activity) -> Value {
    let record = &known.entry.row;
    let of_group = record.provider == Some(Provider::Groups);
    let justification = known.order().and_then(|it| it.request.justification.as_ref()).map(|it| it.as_str());
    let reason = record.failure.as_deref().or(justification);
    json!({
        "@odata.type": "#microsoft.graph.directoryAudit",
        "id": format!("{}_{}_{line}", activity.service.prefix(), record.id),
        "activityDateTime": record.at,
        "activityDisplayName": activity.name(known.is_endless()),
        "additionalDetails": details(call, known, justification),
        "category": activity.category(of_group),
        "correlationId": record.correlation,
        "initiatedBy": initiator(names, known, activity.service),
        "loggedByService": activity.service.word(),
        "operationType": activity.operation,
        "result": if record.failure.is_some() { "failure" } else { "success" },
        "resultReason": reason,
        "targetResources": targets(call, names, known),
        "userAgent": null,
    })
}

fn member(object: Option<&Value>, name: &str) -> Value {
    object.and_then(|object| object.get(name)).cloned().unwrap_or(Value::Null)
}

/// Exactly one of user and application.
fn initiator(names: &Names, known: &Known<'_>, service: Service) -> Value {
    let record = &known.entry.row;
    let user = |id: Value, name: Value, upn: Value| {
        let user = json!({"id": id, "displayName": name, "userPrincipalName": upn, "ipAddress": record.address});
        json!({"user": user, "app": null})
    };
    let app = |id: Value, name: Value, principal: Value| {
        let app = json!({
            "appId": id,
            "displayName": name,
            "servicePrincipalId": principal,
            "servicePrincipalName": null,
        });
        json!({"user": null, "app": app})
    };
    if service == Service::Core && record.request.is_some() {
        // What follows from an order is done by privileged access, not by whoever ordered it.
        return app(Value::Null, "MS-PIM".into(), Value::Null);
    }
    match record.actor {
        Some(actor) => {
            let object = names.objects.get(&actor.uuid());
            if object.is_some_and(|object| object::type_of(object) == "servicePrincipal") {
                app(member(object, "appId"), member(object, "displayName"), json!(actor))
            } else {
                user(json!(actor), member(object, "displayName"), member(object, "userPrincipalName"))
            }
        }
        None if service == Service::Core => app(Value::Null, "Ephor".into(), Value::Null),
        None => user(Value::Null, "Azure AD PIM".into(), Value::Null),
    }
}

fn targets(call: &Call, names: &Names, known: &Known<'_>) -> Vec<Value> {
    let record = &known.entry.row;
    let target = |id: Value, name: Value, upn: Value, kind: &str| {
        json!({
            "id": id,
            "displayName": name,
            "type": kind,
            "userPrincipalName": upn,
            "groupType": null,
            "modifiedProperties": [],
        })
    };
    let mut found = Vec::new();
    let role = match &known.key {
        Some(EntitlementKey::DirectoryRole { definition, .. }) => Some(*definition),
        Some(_) => None,
        None => known.said.id("definition").or_else(|| known.said.id("role")),
    };
    if let Some(role) = role {
        let name = names.roles.get(&role).cloned();
        found.push(target(json!(role), json!(name), Value::Null, "Role"));
    }
    let group = match &known.key {
        Some(EntitlementKey::Group { group, .. }) => Some(group.uuid()),
        Some(_) | None => known.said.id("group"),
    };
    if let Some(group) = group {
        let name = member(names.objects.get(&group), "displayName");
        found.push(target(json!(group), name, Value::Null, "Group"));
    }
    if let Some(policy) = known.said.text("policy") {
        found.push(target(policy.into(), Value::Null, Value::Null, "Policy"));
    }
    if let Some(alert) = known.said.text("alert") {
        found.push(target(alert.into(), alert.into(), Value::Null, "Other"));
    }
    if let Some(request) = record.request {
        found.push(target(json!(request), Value::Null, Value::Null, "Request"));
    }
    if let Some(subject) = record.subject {
        let object = names.objects.get(&subject.uuid());
        let kind = match object.map(object::type_of) {
            Some("group") => "Group",
            Some("servicePrincipal") => "ServicePrincipal",
            Some(_) | None => "User",
        };
        let (name, upn) = (member(object, "displayName"), member(object, "userPrincipalName"));
        found.push(target(json!(subject), name, upn, kind));
    }
    if record.provider == Some(Provider::DirectoryRoles) && record.request.is_some() {
        let (tenant, name) = (call.settings().tenant, &call.settings().tenant_name);
        found.push(target(json!(tenant), json!(name), Value::Null, "Directory"));
    }
    found
}

fn details(call: &Call, known: &Known<'_>, justification: Option<&str>) -> Vec<Value> {
    let record = &known.entry.row;
    let role = match &known.key {
        Some(EntitlementKey::DirectoryRole { definition, .. }) => Some(definition.to_string()),
        Some(_) | None => None,
    };
    let end = known.said.text("end").filter(|end| *end != "never").map(str::to_owned);
    let request = record.request.map(|id| id.to_string());
    let said = known.order().map(|it| &it.order.details.said);
    let pairs = [
        ("RoleDefinitionOriginId", role.clone()),
        ("TemplateId", role),
        ("StartTime", known.said.text("start").map(str::to_owned)),
        ("TicketNumber", said.and_then(|said| said.ticket_number.clone())),
        ("TicketSystem", said.and_then(|said| said.ticket_system.clone())),
        ("ExpirationTime", end),
        ("Justification", justification.map(str::to_owned)),
        ("RequestId", request.clone()),
        ("RoleAssignmentRequestId", request),
        ("oid", record.actor.map(|id| id.to_string())),
        ("tid", Some(call.settings().tenant.to_string())),
        ("ipaddr", record.address.clone()),
    ];
    pairs.into_iter().filter_map(|(key, value)| Some(json!({"key": key, "value": value?}))).collect()
}
