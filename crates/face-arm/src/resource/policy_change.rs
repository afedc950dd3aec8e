//! What a body says of rules (`ARM 13.4`): what is given replaces, what is absent stays, `target` changes nothing.

use ephor_domain::{
    id::Id,
    policy::{
        ApprovalChange, ApproverSet, ContextClass, Enablement, RuleChange, RuleId, StageChange,
        approval_rule::Approvers,
    },
    time::{SpelledTtl, Ttl},
};
use serde_json::Value;

use super::policy::{JUSTIFICATION, LEVELS, MFA, MODES, TICKETING};
use crate::{
    body::Members,
    call::guid,
    error::{Answer, ArmError},
    refusal::invalid_policy,
};

/// Most characters of a description.
const LONGEST: usize = 1024;

/// Reads the rules of a body.
///
/// # Errors
/// 400 `InvalidPolicy` for a rule there is not and for a value that is none.
pub(super) fn read(properties: Members<'_>) -> Answer<Vec<(RuleId, RuleChange)>> {
    let rules = properties.list("rules").map_err(|_| invalid_policy())?;
    rules.iter().map(rule).collect()
}

fn rule(value: &Value) -> Answer<(RuleId, RuleChange)> {
    let rule = Members::of(value);
    let id = rule.get("id").and_then(Value::as_str).and_then(RuleId::from_word).ok_or_else(invalid_policy)?;
    let change = match id {
        RuleId::ExpirationAdminEligibility
        | RuleId::ExpirationAdminAssignment
        | RuleId::ExpirationEndUserAssignment => expiration(rule),
        RuleId::EnablementAdminEligibility
        | RuleId::EnablementAdminAssignment
        | RuleId::EnablementEndUserAssignment => enablement(rule),
        RuleId::ApprovalEndUserAssignment => approval(rule.within("setting")),
        RuleId::AuthenticationContextEndUserAssignment => context(rule),
        RuleId::NotificationAdminAdminEligibility
        | RuleId::NotificationRequestorAdminEligibility
        | RuleId::NotificationApproverAdminEligibility
        | RuleId::NotificationAdminAdminAssignment
        | RuleId::NotificationRequestorAdminAssignment
        | RuleId::NotificationApproverAdminAssignment
        | RuleId::NotificationAdminEndUserAssignment
        | RuleId::NotificationRequestorEndUserAssignment
        | RuleId::NotificationApproverEndUserAssignment => notification(rule),
    };
    Ok((id, change?))
}

/// A switch, also as a text.
fn flag(of: Members<'_>, name: &str) -> Answer<Option<bool>> {
    match of.get(name) {
        None => Ok(None),
        Some(Value::Bool(is)) => Ok(Some(*is)),
        Some(value) => match value.as_str().map(str::to_ascii_lowercase).as_deref() {
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            _ => Err(invalid_policy()),
        },
    }
}

/// A number, also as a text.
fn number(of: Members<'_>, name: &str) -> Answer<Option<u32>> {
    let Some(value) = of.get(name) else { return Ok(None) };
    let number = value.as_u64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
    number.and_then(|number| number.try_into().ok()).map(Some).ok_or_else(invalid_policy)
}

/// A word of a fixed list, in any letter case.
fn one_of<T: Copy>(of: Members<'_>, name: &str, words: &[(T, &str)]) -> Answer<Option<T>> {
    let Some(value) = of.get(name) else { return Ok(None) };
    let word = value.as_str().ok_or_else(invalid_policy)?;
    let found = words.iter().find(|(_, known)| known.eq_ignore_ascii_case(word));
    found.map(|(one, _)| Some(*one)).ok_or_else(invalid_policy)
}

fn texts(of: Members<'_>, name: &str) -> Answer<Option<Vec<String>>> {
    if of.get(name).is_none() {
        return Ok(None);
    }
    of.texts(name).map(Some).map_err(|_: ArmError| invalid_policy())
}

fn expiration(rule: Members<'_>) -> Answer<RuleChange> {
    let maximum = rule.get("maximumDuration").map(|value| {
        let text = value.as_str().ok_or_else(invalid_policy)?;
        SpelledTtl::from_arm(text).map_err(|_| invalid_policy())
    });
    Ok(RuleChange::Expiration { required: flag(rule, "isExpirationRequired")?, maximum: maximum.transpose()? })
}

fn enablement(rule: Members<'_>) -> Answer<RuleChange> {
    let Some(words) = texts(rule, "enabledRules")? else { return Ok(RuleChange::Enablement(None)) };
    let mut given = Enablement::default();
    for word in words {
        match word {
            word if word.eq_ignore_ascii_case(MFA) => given.mfa = true,
            word if word.eq_ignore_ascii_case(JUSTIFICATION) => given.justification = true,
            word if word.eq_ignore_ascii_case(TICKETING) => given.ticketing = true,
            _ => return Err(invalid_policy()),
        }
    }
    Ok(RuleChange::Enablement(Some(given)))
}

fn context(rule: Members<'_>) -> Answer<RuleChange> {
    let class = match rule.get("claimValue").map(Value::as_str) {
        None => None,
        Some(Some("")) => Some(None),
        Some(Some(text)) => Some(Some(text.parse::<ContextClass>().map_err(|_| invalid_policy())?)),
        Some(None) => return Err(invalid_policy()),
    };
    Ok(RuleChange::Context { enabled: flag(rule, "isEnabled")?, class })
}

fn notification(rule: Members<'_>) -> Answer<RuleChange> {
    const RECIPIENTS: &str = "notificationRecipients";
    // Nobody besides is written as an empty list or as nothing (`ARM 13.3`).
    let recipients = if rule.is_null(RECIPIENTS) { Some(Vec::new()) } else { texts(rule, RECIPIENTS)? };
    Ok(RuleChange::Notification {
        level: one_of(rule, "notificationLevel", &LEVELS)?,
        default_recipients: flag(rule, "isDefaultRecipientsEnabled")?,
        recipients,
    })
}

fn approval(setting: Members<'_>) -> Answer<RuleChange> {
    let stages = match setting.get("approvalStages") {
        None => None,
        Some(Value::Array(stages)) => Some(stages.iter().map(stage).collect::<Answer<Vec<_>>>()?),
        Some(_) => return Err(invalid_policy()),
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
    let stage = Members::of(value);
    Ok(StageChange {
        time_out: number(stage, "approvalStageTimeOutInDays")?.map(Ttl::days),
        approver_justification_required: flag(stage, "isApproverJustificationRequired")?,
        primary: sets(stage, "primaryApprovers")?,
        escalation_enabled: flag(stage, "isEscalationEnabled")?,
        escalation_minutes: number(stage, "escalationTimeInMinutes")?,
        escalation_approvers: sets(stage, "escalationApprovers")?,
    })
}

fn sets(of: Members<'_>, name: &str) -> Answer<Option<Vec<ApproverSet>>> {
    match of.get(name) {
        None => Ok(None),
        Some(Value::Array(sets)) => sets.iter().map(set).collect::<Answer<_>>().map(Some),
        Some(_) => Err(invalid_policy()),
    }
}

fn set(value: &Value) -> Answer<ApproverSet> {
    let set = Members::of(value);
    let id = set.get("id").and_then(Value::as_str).and_then(guid).ok_or_else(invalid_policy)?;
    let who = match set.get("userType").and_then(Value::as_str) {
        Some(word) if word.eq_ignore_ascii_case("User") => Approvers::User(Id::new(id)),
        Some(word) if word.eq_ignore_ascii_case("Group") => Approvers::Group(Id::new(id)),
        _ => return Err(invalid_policy()),
    };
    let description = match set.get("description") {
        None => None,
        Some(Value::String(text)) if text.chars().count() <= LONGEST => Some(text.clone()),
        Some(_) => return Err(invalid_policy()),
    };
    Ok(ApproverSet { who, description, is_backup: flag(set, "isBackup")?.unwrap_or(false) })
}
