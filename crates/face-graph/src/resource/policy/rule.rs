//! Rules of a policy as the wire has them (`GRAPH 13.2`, `GRAPH 13.3`). The stored ones are shared by both editions.

use ephor_domain::policy::{
    ApprovalMode, ApprovalRule, ApproverSet, NotificationLevel, Policy, Rule, RuleId, StageRule,
    approval_rule::Approvers,
};
use ephor_odata::v4::Edition;
use serde_json::{Value, json};

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

fn word<T: PartialEq>(words: &[(T, &'static str)], of: &T) -> &'static str {
    words.iter().find(|(known, _)| known == of).map_or("", |(_, word)| word)
}

/// The type of a rule, without name space.
pub(super) fn type_of(rule: Rule<'_>) -> &'static str {
    match rule {
        Rule::Expiration(_) => "unifiedRoleManagementPolicyExpirationRule",
        Rule::Enablement(_) => "unifiedRoleManagementPolicyEnablementRule",
        Rule::Approval(_) => "unifiedRoleManagementPolicyApprovalRule",
        Rule::Context(_) => "unifiedRoleManagementPolicyAuthenticationContextRule",
        Rule::Notification(_) => "unifiedRoleManagementPolicyNotificationRule",
    }
}

/// All rules, in served order.
pub(super) fn rows(edition: Edition, policy: &Policy) -> Vec<Value> {
    RuleId::ALL.into_iter().map(|id| row(edition, policy, id)).collect()
}

/// One rule.
pub(super) fn row(edition: Edition, policy: &Policy, id: RuleId) -> Value {
    let rule = policy.rule(id);
    let mut row = match rule {
        Rule::Expiration(rule) => {
            json!({"isExpirationRequired": rule.required, "maximumDuration": rule.maximum.text})
        }
        Rule::Enablement(rule) => {
            let words = [(rule.mfa, MFA), (rule.justification, JUSTIFICATION), (rule.ticketing, TICKETING)];
            json!({"enabledRules": words.iter().filter(|(is, _)| *is).map(|(_, word)| word).collect::<Vec<_>>()})
        }
        Rule::Approval(rule) => json!({"setting": setting(edition, rule)}),
        Rule::Context(rule) => json!({"isEnabled": rule.enabled, "claimValue": rule.class}),
        Rule::Notification(rule) => json!({
            "notificationType": "Email",
            "recipientType": recipient(id),
            "notificationLevel": word(&LEVELS, &rule.level),
            "isDefaultRecipientsEnabled": rule.default_recipients,
            "notificationRecipients": rule.recipients,
        }),
    };
    if let Value::Object(members) = &mut row {
        members.insert("@odata.type".to_owned(), format!("#microsoft.graph.{}", type_of(rule)).into());
        members.insert("id".to_owned(), id.word().into());
        members.insert("target".to_owned(), target(edition, id));
    }
    row
}

/// The id of a rule ends in caller and level.
fn target(edition: Edition, id: RuleId) -> Value {
    let mut words = id.word().rsplit('_');
    let (level, caller) = (words.next(), words.next());
    let all = match edition {
        Edition::V1 => "all",
        Edition::Beta => "All",
    };
    json!({
        "caller": caller,
        "operations": [all],
        "level": level,
        "inheritableSettings": [],
        "enforcedSettings": [],
    })
}

fn recipient(id: RuleId) -> Option<&'static str> {
    id.word().split('_').nth(1)
}

fn setting(edition: Edition, rule: &ApprovalRule) -> Value {
    json!({
        "isApprovalRequired": rule.required,
        "isApprovalRequiredForExtension": rule.required_for_extension,
        "isRequestorJustificationRequired": rule.requestor_justification_required,
        "approvalMode": word(&MODES, &rule.mode),
        "approvalStages": rule.stages.iter().map(|one| stage(edition, one)).collect::<Vec<_>>(),
    })
}

fn stage(edition: Edition, stage: &StageRule) -> Value {
    let sets = |sets: &[ApproverSet]| sets.iter().map(|set| approvers(edition, set)).collect::<Vec<_>>();
    json!({
        "approvalStageTimeOutInDays": stage.time_out.as_seconds().div_ceil(DAY),
        "isApproverJustificationRequired": stage.approver_justification_required,
        "escalationTimeInMinutes": stage.escalation.after_minutes,
        "isEscalationEnabled": stage.escalation.enabled,
        "primaryApprovers": sets(&stage.primary),
        "escalationApprovers": sets(&stage.escalation.approvers),
    })
}

fn approvers(edition: Edition, set: &ApproverSet) -> Value {
    let (description, is_backup) = (&set.description, set.is_backup);
    match (edition, set.who) {
        (Edition::V1, Approvers::User(id)) => {
            json!({"@odata.type": "#microsoft.graph.singleUser", "userId": id, "description": description})
        }
        (Edition::V1, Approvers::Group(id)) => {
            json!({"@odata.type": "#microsoft.graph.groupMembers", "groupId": id, "description": description})
        }
        (Edition::V1, Approvers::Manager(level)) => {
            json!({"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": level})
        }
        (Edition::Beta, Approvers::User(id)) => json!({
            "@odata.type": "#microsoft.graph.singleUser",
            "isBackup": is_backup,
            "id": id,
            "description": description,
        }),
        (Edition::Beta, Approvers::Group(id)) => json!({
            "@odata.type": "#microsoft.graph.groupMembers",
            "isBackup": is_backup,
            "id": id,
            "description": description,
        }),
        (Edition::Beta, Approvers::Manager(level)) => json!({
            "@odata.type": "#microsoft.graph.requestorManager",
            "isBackup": is_backup,
            "managerLevel": level,
        }),
    }
}
