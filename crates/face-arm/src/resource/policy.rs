//! Policies of roles at scopes, and what binds them (`ARM 13`).

use ephor_domain::{
    entitlement::EntitlementKey,
    policy::{
        ApprovalMode, ApprovalRule, ApproverSet, NotificationLevel, Policy, Rule, RuleId, StageRule,
        approval_rule::Approvers,
    },
    scope::ArmScope,
};
use ephor_engine::{
    policy::{ChangePolicy, PolicyEntry, ResetPolicy},
    resource::{At, Described, ResourceRolesAt},
};
use http::{Method, StatusCode};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{expanded, policy_change};
use crate::{
    answer::Reply,
    body::Members,
    call::{Call, guid},
    error::{Answer, ArmError},
    filter::Term,
    refusal::{self, invalid_policy},
    role_id,
};

const DAY: u64 = 24 * 60 * 60;

/// The words of `enabledRules`, in served order.
pub(super) const MFA: &str = "MultiFactorAuthentication";
pub(super) const JUSTIFICATION: &str = "Justification";
pub(super) const TICKETING: &str = "Ticketing";

/// How stages follow each other, in words.
pub(super) const MODES: [(ApprovalMode, &str); 4] = [
    (ApprovalMode::SingleStage, "SingleStage"),
    (ApprovalMode::Serial, "Serial"),
    (ApprovalMode::Parallel, "Parallel"),
    (ApprovalMode::NoApproval, "NoApproval"),
];

/// How much is told, in words.
pub(super) const LEVELS: [(NotificationLevel, &str); 3] =
    [(NotificationLevel::None, "None"), (NotificationLevel::Critical, "Critical"), (NotificationLevel::All, "All")];

/// The order in which rules are served.
const ORDER: [RuleId; 17] = [
    RuleId::EnablementAdminEligibility,
    RuleId::ExpirationAdminEligibility,
    RuleId::NotificationAdminAdminEligibility,
    RuleId::NotificationRequestorAdminEligibility,
    RuleId::NotificationApproverAdminEligibility,
    RuleId::EnablementAdminAssignment,
    RuleId::ExpirationAdminAssignment,
    RuleId::NotificationAdminAdminAssignment,
    RuleId::NotificationRequestorAdminAssignment,
    RuleId::NotificationApproverAdminAssignment,
    RuleId::ApprovalEndUserAssignment,
    RuleId::AuthenticationContextEndUserAssignment,
    RuleId::EnablementEndUserAssignment,
    RuleId::ExpirationEndUserAssignment,
    RuleId::NotificationAdminEndUserAssignment,
    RuleId::NotificationRequestorEndUserAssignment,
    RuleId::NotificationApproverEndUserAssignment,
];

/// A policy. Clients cut its rules out of the text, so the order of members counts.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    properties: Properties,
    id: String,
    name: String,
    r#type: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    scope: String,
    display_name: Option<String>,
    description: Option<String>,
    is_organization_default: bool,
    last_modified_date_time: Option<String>,
    last_modified_by: Value,
    rules: Vec<Value>,
    effective_rules: Vec<Value>,
    policy_properties: Value,
}

fn word<T: PartialEq>(words: &[(T, &'static str)], of: &T) -> &'static str {
    words.iter().find(|(known, _)| known == of).map_or("", |(_, word)| word)
}

/// An instant as policies show it.
pub(super) fn offset(at: Timestamp) -> String {
    at.to_string().replace('Z', "+00:00")
}

/// The entitlement of a role at a scope: whose policy is meant.
fn key(scope: &ArmScope, definition: Uuid) -> EntitlementKey {
    EntitlementKey::Resource { definition, scope: scope.clone() }
}

/// What clients call the policy: the same in every read.
fn name_of(scope: &ArmScope, definition: Uuid) -> Uuid {
    key(scope, definition).id().uuid()
}

fn modified_by(known: &Described, entry: &PolicyEntry) -> Value {
    let by = entry.modified.and_then(|modified| modified.by);
    let account = by.and_then(|id| known.principal(id.uuid()));
    json!({
        "id": by,
        "displayName": account.map(|account| account.display_name.clone()),
        "type": account.map(|account| super::role_assignment::kind(account.kind)),
        "email": account.and_then(|account| account.upn.clone()),
    })
}

fn definition_of(entry: &PolicyEntry) -> Uuid {
    match &entry.key {
        EntitlementKey::Resource { definition, .. } => *definition,
        EntitlementKey::PamRole(_) | EntitlementKey::DirectoryRole { .. } | EntitlementKey::Group { .. } => Uuid::nil(),
    }
}

fn shown(call: &Call, known: &Described, scope: &ArmScope, entry: &PolicyEntry) -> Shown {
    let rules = rows(known, &entry.policy);
    let name = name_of(scope, definition_of(entry));
    Shown {
        properties: Properties {
            scope: scope.to_string(),
            display_name: None,
            description: None,
            is_organization_default: false,
            last_modified_date_time: entry.modified.map(|modified| offset(modified.at)),
            last_modified_by: modified_by(known, entry),
            effective_rules: rules.clone(),
            rules,
            policy_properties: json!({"scope": expanded::scope(call, known, scope)}),
        },
        id: role_id::at(scope, "roleManagementPolicies", name),
        name: name.to_string(),
        r#type: "Microsoft.Authorization/RoleManagementPolicies",
    }
}

fn binding(call: &Call, known: &Described, scope: &ArmScope, entry: &PolicyEntry) -> Value {
    let definition = definition_of(entry);
    let policy = name_of(scope, definition);
    let policy_id = role_id::at(scope, "roleManagementPolicies", policy);
    let name = format!("{policy}_{definition}");
    let mut properties = json!({
        "scope": scope.as_str(),
        "roleDefinitionId": role_id::render(scope, definition),
        "policyId": policy_id,
        "policyAssignmentProperties": {
            "scope": expanded::scope(call, known, scope),
            "roleDefinition": expanded::role(known, scope, definition),
            "policy": {
                "id": policy_id,
                "lastModifiedBy": modified_by(known, entry),
                "lastModifiedDateTime": entry.modified.map(|modified| offset(modified.at)),
            },
        },
    });
    if call.version != "2020-10-01-preview"
        && let Some(members) = properties.as_object_mut()
    {
        members.insert("effectiveRules".to_owned(), Value::Array(rows(known, &entry.policy)));
    }
    json!({
        "properties": properties,
        "name": name,
        "id": role_id::at(scope, "roleManagementPolicyAssignment", &name),
        "type": "Microsoft.Authorization/RoleManagementPolicyAssignment",
    })
}

fn rows(known: &Described, policy: &Policy) -> Vec<Value> {
    ORDER.into_iter().map(|id| row(known, policy, id)).collect()
}

fn row(known: &Described, policy: &Policy, id: RuleId) -> Value {
    let (kind, mut row) = match policy.rule(id) {
        Rule::Expiration(rule) => (
            "RoleManagementPolicyExpirationRule",
            json!({"isExpirationRequired": rule.required, "maximumDuration": rule.maximum.text}),
        ),
        Rule::Enablement(rule) => {
            let words = [(rule.mfa, MFA), (rule.justification, JUSTIFICATION), (rule.ticketing, TICKETING)];
            let words: Vec<&str> = words.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
            ("RoleManagementPolicyEnablementRule", json!({"enabledRules": words}))
        }
        Rule::Approval(rule) => ("RoleManagementPolicyApprovalRule", json!({"setting": setting(known, rule)})),
        Rule::Context(rule) => {
            let claim = rule.class.map(|class| class.to_string()).unwrap_or_default();
            ("RoleManagementPolicyAuthenticationContextRule", json!({"isEnabled": rule.enabled, "claimValue": claim}))
        }
        Rule::Notification(rule) => (
            "RoleManagementPolicyNotificationRule",
            json!({
                "notificationType": "Email",
                "recipientType": id.word().split('_').nth(1),
                "notificationLevel": word(&LEVELS, &rule.level),
                "isDefaultRecipientsEnabled": rule.default_recipients,
                "notificationRecipients": rule.recipients,
            }),
        ),
    };
    if let Some(members) = row.as_object_mut() {
        members.insert("id".to_owned(), id.word().into());
        members.insert("ruleType".to_owned(), kind.into());
        members.insert("target".to_owned(), target(id));
    }
    row
}

/// The id of a rule ends in caller and level.
fn target(id: RuleId) -> Value {
    let mut words = id.word().rsplit('_');
    let (level, caller) = (words.next(), words.next());
    json!({
        "caller": caller,
        "operations": ["All"],
        "level": level,
        "targetObjects": null,
        "inheritableSettings": null,
        "enforcedSettings": null,
    })
}

fn setting(known: &Described, rule: &ApprovalRule) -> Value {
    json!({
        "isApprovalRequired": rule.required,
        "isApprovalRequiredForExtension": rule.required_for_extension,
        "isRequestorJustificationRequired": rule.requestor_justification_required,
        "approvalMode": word(&MODES, &rule.mode),
        "approvalStages": rule.stages.iter().map(|one| stage(known, one)).collect::<Vec<_>>(),
    })
}

fn stage(known: &Described, stage: &StageRule) -> Value {
    let sets = |sets: &[ApproverSet]| sets.iter().map(|set| approvers(known, set)).collect::<Vec<_>>();
    let escalation = &stage.escalation;
    let to = if escalation.approvers.is_empty() { Value::Null } else { json!(sets(&escalation.approvers)) };
    json!({
        "approvalStageTimeOutInDays": stage.time_out.as_seconds().div_ceil(DAY),
        "isApproverJustificationRequired": stage.approver_justification_required,
        "escalationTimeInMinutes": escalation.after_minutes,
        "primaryApprovers": sets(&stage.primary),
        "isEscalationEnabled": escalation.enabled,
        "escalationApprovers": to,
    })
}

fn approvers(known: &Described, set: &ApproverSet) -> Value {
    let (kind, id) = match set.who {
        Approvers::User(id) => ("User", Some(id.uuid())),
        Approvers::Group(id) => ("Group", Some(id.uuid())),
        Approvers::Manager(_) => ("Manager", None),
    };
    let name = id.and_then(|id| known.principal(id)).map(|account| account.display_name.clone());
    json!({"id": id, "description": set.description.clone().or(name), "isBackup": set.is_backup, "userType": kind})
}

/// Ids of all principals that a policy names.
fn named(entry: &PolicyEntry) -> Vec<Uuid> {
    let stages = entry.policy.activation.approval.stages.iter();
    let sets = stages.flat_map(|stage| stage.primary.iter().chain(&stage.escalation.approvers));
    let ids = sets.filter_map(|set| match set.who {
        Approvers::User(id) => Some(id.uuid()),
        Approvers::Group(id) => Some(id.uuid()),
        Approvers::Manager(_) => None,
    });
    ids.chain(entry.modified.and_then(|modified| modified.by).map(|id| id.uuid())).collect()
}

/// The roles whose policies are asked for at a scope, one or all.
async fn roles(call: &Call, scope: ArmScope) -> Answer<At<Vec<Uuid>>> {
    let mut wanted = None;
    for term in call.filter()? {
        match term {
            Term::Equals(property, text) if property == "roledefinitionid" => {
                wanted = Some(role_id::parse(&text).ok_or_else(|| call.unsupported_filter())?);
            }
            Term::Function(function, None) if function == "atscope" => {}
            Term::Function(..) | Term::Equals(..) | Term::AnyOf(_) => return Err(call.unsupported_filter()),
        }
    }
    let at = call.ask(ResourceRolesAt { scope, below: false }).await?;
    let found = at.found.iter().map(|role| role.id).filter(|id| wanted.is_none_or(|wanted| wanted == *id)).collect();
    Ok(At { scope: at.scope, found })
}

/// The policies of these roles at a scope, and all names on them.
async fn load(call: &Call, at: &At<Vec<Uuid>>) -> Answer<(Vec<PolicyEntry>, Described)> {
    let keys = at.found.iter().map(|definition| key(&at.scope, *definition)).collect();
    let entries = call.engine().policies(&call.caller.actor, keys).await;
    let entries = entries.map_err(|denied| refusal::said(call, denied))?;
    let people = entries.iter().flat_map(named).collect();
    let known = call.engine().describe(vec![at.scope.clone()], at.found.clone(), people).await;
    Ok((entries, known.map_err(|denied| refusal::said(call, denied))?))
}

/// The role whose policy has this name at the scope.
async fn find(call: &Call, scope: ArmScope, name: &str) -> Answer<Option<At<Vec<Uuid>>>> {
    let At { scope, found } = call.ask(ResourceRolesAt { scope, below: false }).await?;
    let wanted = guid(name);
    let role = found.iter().map(|role| role.id).find(|id| Some(name_of(&scope, *id)) == wanted);
    Ok(role.map(|id| At { scope, found: vec![id] }))
}

fn no_policy() -> ArmError {
    ArmError::new(StatusCode::NOT_FOUND, "InputPolicyNotFound", "The policy is not found.")
}

/// The policies at a scope, or one by name.
pub(super) async fn serve(call: &Call, scope: ArmScope, name: Option<&str>) -> Answer<Reply> {
    let Some(name) = name else {
        let at = paged(call, roles(call, scope).await?)?;
        let (entries, known) = load(call, &at.0).await?;
        let rows: Vec<Shown> = entries.iter().map(|entry| shown(call, &known, &at.0.scope, entry)).collect();
        return Ok(call.list(rows, at.1.as_deref()));
    };
    let found = find(call, scope, name).await?;
    let Some(definition) = found.as_ref().and_then(|at| at.found.first().copied()) else {
        return if call.method == Method::DELETE { Ok(Reply::empty(StatusCode::NO_CONTENT)) } else { Err(no_policy()) };
    };
    let at = found.ok_or_else(no_policy)?;
    match call.method {
        Method::PATCH => {
            let body = call.object()?;
            let changes = policy_change::read(Members::of(&body).within("properties"))?;
            call.order(ChangePolicy { key: key(&at.scope, definition), changes }).await?;
        }
        Method::DELETE => call.order(ResetPolicy { key: key(&at.scope, definition) }).await?,
        _ => {}
    }
    let (entries, known) = load(call, &at).await?;
    let entry = entries.first().ok_or_else(no_policy)?;
    Ok(Reply::ok(shown(call, &known, &at.scope, entry)))
}

/// The roles of the page asked for, and where the next one begins.
fn paged(call: &Call, at: At<Vec<Uuid>>) -> Answer<(At<Vec<Uuid>>, Option<String>)> {
    let (from, size) = call.place()?;
    let next = (at.found.len() > from + size).then(|| format!("o{}", from + size));
    let found = at.found.into_iter().skip(from).take(size).collect();
    Ok((At { scope: at.scope, found }, next))
}

/// What binds policies to roles at a scope, all or one by name.
pub(super) async fn assignments(call: &Call, scope: ArmScope, name: Option<&str>) -> Answer<Reply> {
    let Some(name) = name else {
        let at = paged(call, roles(call, scope).await?)?;
        let (entries, known) = load(call, &at.0).await?;
        let rows: Vec<Value> = entries.iter().map(|entry| binding(call, &known, &at.0.scope, entry)).collect();
        return Ok(call.list(rows, at.1.as_deref()));
    };
    let none = || {
        let message = "The role management policy assignment is not found.";
        ArmError::new(StatusCode::NOT_FOUND, "RoleManagementPolicyAssignmentNotFound", message)
    };
    let (policy, role) = name.split_once('_').ok_or_else(none)?;
    let found = find(call, scope, policy).await?.filter(|at| at.found.first().copied() == guid(role));
    let Some(at) = found else {
        return if call.method == Method::DELETE { Ok(Reply::empty(StatusCode::NO_CONTENT)) } else { Err(none()) };
    };
    let definition = at.found.first().copied().ok_or_else(none)?;
    match call.method {
        Method::PUT => {
            let body = call.object()?;
            let wanted = Members::of(&body).within("properties").text("policyId")?.unwrap_or_default().to_owned();
            let last = wanted.trim_end_matches('/').rsplit('/').next().and_then(guid);
            if last != Some(name_of(&at.scope, definition)) {
                return Err(invalid_policy());
            }
            // It is bound already: only whether the caller might bind it is asked.
            call.order(ChangePolicy { key: key(&at.scope, definition), changes: Vec::new() }).await?;
        }
        Method::DELETE => call.order(ResetPolicy { key: key(&at.scope, definition) }).await?,
        _ => {}
    }
    let (entries, known) = load(call, &at).await?;
    let entry = entries.first().ok_or_else(none)?;
    let status = if call.method == Method::PUT { StatusCode::CREATED } else { StatusCode::OK };
    Ok(Reply::with(status, binding(call, &known, &at.scope, entry)))
}
