//! What a body says of a rule (`GRAPH 13.6`): what is given replaces, what is absent stays, `target` changes nothing.

use ephor_domain::{
    id::Id,
    policy::{
        ApprovalChange, ApproverSet, ContextClass, Enablement, Policy, RuleChange, RuleId, StageChange,
        approval_rule::Approvers,
    },
    provider::Provider,
    time::{SpelledTtl, Ttl},
};
use http::StatusCode;
use serde_json::{Map, Value};

use super::rule::{JUSTIFICATION, LEVELS, MFA, MODES, TICKETING, type_of};
use crate::{
    body::member,
    call::guid,
    error::{Answer, GraphError},
};

type Body = Map<String, Value>;

/// Most characters of a description.
const LONGEST: usize = 1024;

/// 400 `InvalidPolicyRule`.
pub(super) fn invalid_rule() -> GraphError {
    GraphError::new(StatusCode::BAD_REQUEST, "InvalidPolicyRule", "The policy rule is invalid.")
}

/// A rule that is of another type than it says: 400 `InvalidPolicy`.
fn wrong_type() -> GraphError {
    GraphError::new(StatusCode::BAD_REQUEST, "InvalidPolicy", "The policy is invalid.")
}

/// The name of a type, with or without `#` and name space.
fn type_named(value: &Value) -> Option<&str> {
    value.as_str()?.rsplit('.').next()
}

/// Reads what a body says of the rule `id`.
///
/// # Errors
/// 400.
pub(super) fn read(id: RuleId, body: &Body) -> Answer<RuleChange> {
    let own = type_of(Policy::untouched(Provider::DirectoryRoles).rule(id));
    let said = member(body, "@odata.type").and_then(type_named).ok_or_else(invalid_rule)?;
    if !said.eq_ignore_ascii_case(own) {
        return Err(wrong_type());
    }
    match member(body, "id") {
        None | Some(Value::Null) => {}
        Some(Value::String(text)) if text.eq_ignore_ascii_case(id.word()) => {}
        Some(_) => return Err(invalid_rule()),
    }
    match id {
        RuleId::ExpirationAdminEligibility
        | RuleId::ExpirationAdminAssignment
        | RuleId::ExpirationEndUserAssignment => expiration(body),
        RuleId::EnablementAdminEligibility
        | RuleId::EnablementAdminAssignment
        | RuleId::EnablementEndUserAssignment => enablement(body),
        RuleId::ApprovalEndUserAssignment => approval(body),
        RuleId::AuthenticationContextEndUserAssignment => context(body),
        RuleId::NotificationAdminAdminEligibility
        | RuleId::NotificationRequestorAdminEligibility
        | RuleId::NotificationApproverAdminEligibility
        | RuleId::NotificationAdminAdminAssignment
        | RuleId::NotificationRequestorAdminAssignment
        | RuleId::NotificationApproverAdminAssignment
        | RuleId::NotificationAdminEndUserAssignment
        | RuleId::NotificationRequestorEndUserAssignment
        | RuleId::NotificationApproverEndUserAssignment => notification(body),
    }
}

/// A switch; absent is not null.
fn flag(body: &Body, name: &str) -> Answer<Option<bool>> {
    match member(body, name) {
        None => Ok(None),
        Some(Value::Bool(is)) => Ok(Some(*is)),
        Some(Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_)) => {
            Err(invalid_rule())
        }
    }
}

fn number(body: &Body, name: &str) -> Answer<Option<u32>> {
    match member(body, name) {
        None => Ok(None),
        Some(value) => value.as_u64().and_then(|number| number.try_into().ok()).map(Some).ok_or_else(invalid_rule),
    }
}

/// A word of a fixed list, in any letter case.
fn one_of<T: Copy>(body: &Body, name: &str, words: &[(T, &str)]) -> Answer<Option<T>> {
    let Some(value) = member(body, name) else { return Ok(None) };
    let word = value.as_str().ok_or_else(invalid_rule)?;
    let found = words.iter().find(|(_, known)| known.eq_ignore_ascii_case(word));
    found.map(|(one, _)| Some(*one)).ok_or_else(invalid_rule)
}

fn expiration(body: &Body) -> Answer<RuleChange> {
    let maximum = match member(body, "maximumDuration") {
        None => None,
        Some(Value::String(text)) => Some(SpelledTtl::from_graph(text).map_err(|_| invalid_rule())?),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
            return Err(invalid_rule());
        }
    };
    Ok(RuleChange::Expiration { required: flag(body, "isExpirationRequired")?, maximum })
}

fn enablement(body: &Body) -> Answer<RuleChange> {
    let Some(value) = member(body, "enabledRules") else { return Ok(RuleChange::Enablement(None)) };
    let mut given = Enablement::default();
    for word in value.as_array().ok_or_else(invalid_rule)? {
        match word.as_str() {
            Some(word) if word.eq_ignore_ascii_case(MFA) => given.mfa = true,
            Some(word) if word.eq_ignore_ascii_case(JUSTIFICATION) => given.justification = true,
            Some(word) if word.eq_ignore_ascii_case(TICKETING) => given.ticketing = true,
            Some(_) | None => return Err(invalid_rule()),
        }
    }
    Ok(RuleChange::Enablement(Some(given)))
}

fn context(body: &Body) -> Answer<RuleChange> {
    let class = match member(body, "claimValue") {
        None => None,
        Some(Value::Null) => Some(None),
        Some(Value::String(text)) if text.is_empty() => Some(None),
        Some(Value::String(text)) => Some(Some(text.parse::<ContextClass>().map_err(|_| invalid_rule())?)),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => return Err(invalid_rule()),
    };
    Ok(RuleChange::Context { enabled: flag(body, "isEnabled")?, class })
}

fn notification(body: &Body) -> Answer<RuleChange> {
    let recipients = match member(body, "notificationRecipients") {
        None => None,
        Some(Value::Null) => Some(Vec::new()),
        Some(Value::Array(texts)) => {
            let texts = texts.iter().map(|text| text.as_str().map(str::to_owned));
            Some(texts.collect::<Option<Vec<_>>>().ok_or_else(invalid_rule)?)
        }
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => return Err(invalid_rule()),
    };
    Ok(RuleChange::Notification {
        level: one_of(body, "notificationLevel", &LEVELS)?,
        default_recipients: flag(body, "isDefaultRecipientsEnabled")?,
        recipients,
    })
}

fn approval(body: &Body) -> Answer<RuleChange> {
    let setting = match member(body, "setting") {
        None => return Ok(RuleChange::Approval(Box::default())),
        Some(value) => value.as_object().ok_or_else(invalid_rule)?,
    };
    let stages = match member(setting, "approvalStages") {
        None => None,
        Some(Value::Null) => {
            return Err(GraphError::new(StatusCode::BAD_REQUEST, "InvalidPolicyRule", "Value cannot be null."));
        }
        Some(Value::Array(stages)) => Some(stages.iter().map(stage).collect::<Answer<Vec<_>>>()?),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => return Err(invalid_rule()),
    };
    Ok(RuleChange::Approval(Box::new(ApprovalChange {
        required: flag(setting, "isApprovalRequired")?,
        required_for_extension: flag(setting, "isApprovalRequiredForExtension")?,
        requestor_justification_required: flag(setting, "isRequestorJustificationRequired")?,
        mode: one_of(setting, "approvalMode", &MODES)?,
        stages,
    })))
}

fn stage(value: &Value) -> Answer<StageChange> {
    let body = value.as_object().ok_or_else(invalid_rule)?;
    Ok(StageChange {
        time_out: number(body, "approvalStageTimeOutInDays")?.map(Ttl::days),
        approver_justification_required: flag(body, "isApproverJustificationRequired")?,
        primary: sets(body, "primaryApprovers")?,
        escalation_enabled: flag(body, "isEscalationEnabled")?,
        escalation_minutes: number(body, "escalationTimeInMinutes")?,
        escalation_approvers: sets(body, "escalationApprovers")?,
    })
}

fn sets(body: &Body, name: &str) -> Answer<Option<Vec<ApproverSet>>> {
    match member(body, name) {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(Vec::new())),
        Some(Value::Array(sets)) => sets.iter().map(set).collect::<Answer<_>>().map(Some),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => Err(invalid_rule()),
    }
}

/// Either edition's names are taken in both (`GRAPH 13.2`).
fn set(value: &Value) -> Answer<ApproverSet> {
    let body = value.as_object().ok_or_else(invalid_rule)?;
    let named = |name: &str| {
        let id = member(body, name).or_else(|| member(body, "id")).and_then(Value::as_str);
        id.and_then(guid).ok_or_else(invalid_rule)
    };
    let who = match member(body, "@odata.type").and_then(type_named) {
        Some("singleUser") => Approvers::User(Id::new(named("userId")?)),
        Some("groupMembers") => Approvers::Group(Id::new(named("groupId")?)),
        Some("requestorManager") => {
            let level = number(body, "managerLevel")?.unwrap_or(1);
            Approvers::Manager(u8::try_from(level).ok().filter(|level| *level > 0).ok_or_else(invalid_rule)?)
        }
        Some(_) | None => return Err(invalid_rule()),
    };
    let description = match member(body, "description") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if text.chars().count() <= LONGEST => Some(text.clone()),
        Some(_) => return Err(invalid_rule()),
    };
    Ok(ApproverSet { who, description, is_backup: flag(body, "isBackup")?.unwrap_or(false) })
}
