//! Rules as sentences.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    client::{
        access::{at, desk::Desk},
        ttl::Ttl,
    },
    output::seconds_for_people,
};

/// Names of people and groups by their ids.
pub(super) type People = BTreeMap<String, String>;

/// A policy in a few words.
pub(super) struct Brief {
    pub(super) longest: String,
    pub(super) asks: String,
    pub(super) approvers: String,
}

/// The rule of this id.
pub(super) fn rule<'r>(rules: &'r [Value], id: &str) -> Option<&'r Value> {
    rules.iter().find(|rule| at(rule, "/id").is_some_and(|known| known.eq_ignore_ascii_case(id)))
}

fn flag(value: Option<&Value>) -> bool {
    value.and_then(Value::as_bool) == Some(true)
}

fn length(text: Option<String>) -> String {
    let Some(text) = text else { return "any length".to_owned() };
    text.parse::<Ttl>().map_or(text, |ttl| seconds_for_people(ttl.0))
}

/// Names of everybody whom rules name, as far as they can be had.
pub(super) async fn people(desk: &Desk, policies: &[&[Value]]) -> People {
    let mut ids: Vec<String> = policies.iter().flat_map(|rules| stages(rules)).flat_map(approver_ids).collect();
    ids.sort();
    ids.dedup();
    let mut known = People::new();
    for some in ids.chunks(100) {
        let body = json!({"ids": some});
        let Ok(found) = desk.order(Method::POST, "v1.0/directoryObjects/getByIds", Some(&body)).await else { continue };
        for row in found.get("value").and_then(Value::as_array).into_iter().flatten() {
            if let Some((id, name)) = at(row, "/id").zip(at(row, "/displayName")) {
                known.insert(id, name);
            }
        }
    }
    known
}

fn stages(rules: &[Value]) -> Vec<&Value> {
    let approval = rule(rules, "Approval_EndUser_Assignment");
    let stages = approval.and_then(|rule| rule.pointer("/setting/approvalStages")).and_then(Value::as_array);
    stages.into_iter().flatten().collect()
}

fn approvers<'v>(stage: &'v Value, name: &str) -> Vec<&'v Value> {
    stage.get(name).and_then(Value::as_array).into_iter().flatten().collect()
}

fn id_of(approver: &Value) -> Option<String> {
    at(approver, "/userId").or_else(|| at(approver, "/groupId")).or_else(|| at(approver, "/id"))
}

fn approver_ids(stage: &Value) -> Vec<String> {
    let both = ["primaryApprovers", "escalationApprovers"].into_iter().flat_map(|name| approvers(stage, name));
    both.filter_map(id_of).collect()
}

fn called(approver: &Value, people: &People) -> String {
    let sort = at(approver, "/@odata.type").or_else(|| at(approver, "/userType")).unwrap_or_default();
    if sort.ends_with("requestorManager") || sort == "Manager" {
        return "the manager of who asks".to_owned();
    }
    let id = id_of(approver).unwrap_or_default();
    let name = people.get(&id).cloned().or_else(|| at(approver, "/description")).unwrap_or(id);
    let is_group = sort.ends_with("groupMembers") || sort == "Group";
    if is_group { format!("the members of {name}") } else { name }
}

/// `a, b or c`.
fn joined(words: &[String], last: &str) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [all @ .., end] => format!("{} {last} {end}", all.join(", ")),
    }
}

fn deciders(stage: &Value, name: &str, people: &People) -> String {
    let names: Vec<String> = approvers(stage, name).into_iter().map(|one| called(one, people)).collect();
    if names.is_empty() { "whoever administers it".to_owned() } else { joined(&names, "or") }
}

/// What has to be given, in words.
fn asked(rule: Option<&Value>) -> Vec<String> {
    let words = rule.and_then(|rule| rule.get("enabledRules")).and_then(Value::as_array);
    let said = |word: &Value| match word.as_str() {
        Some("MultiFactorAuthentication") => "a second factor".to_owned(),
        Some("Justification") => "a reason".to_owned(),
        Some("Ticketing") => "a ticket".to_owned(),
        other => other.unwrap_or_default().to_owned(),
    };
    words.into_iter().flatten().map(said).collect()
}

fn needs_approval(rules: &[Value]) -> bool {
    let approval = rule(rules, "Approval_EndUser_Assignment");
    flag(approval.and_then(|rule| rule.pointer("/setting/isApprovalRequired")))
}

fn context(rules: &[Value]) -> Option<String> {
    let rule = rule(rules, "AuthenticationContext_EndUser_Assignment")?;
    flag(rule.get("isEnabled")).then(|| at(rule, "/claimValue")).flatten()
}

/// The policy in a few words.
pub(super) fn brief(rules: &[Value], people: &People) -> Brief {
    let mut asks = asked(rule(rules, "Enablement_EndUser_Assignment"));
    asks.extend(context(rules).map(|class| format!("context {class}")));
    let stages: Vec<String> = stages(rules).iter().map(|stage| deciders(stage, "primaryApprovers", people)).collect();
    let approvers = match (needs_approval(rules), stages.is_empty()) {
        (false, _) => String::new(),
        (true, true) => "whoever administers it".to_owned(),
        (true, false) => stages.join(", then "),
    };
    let longest = rule(rules, "Expiration_EndUser_Assignment");
    Brief {
        longest: length(longest.and_then(|rule| at(rule, "/maximumDuration"))),
        asks: if asks.is_empty() { "nothing".to_owned() } else { joined(&asks, "and") },
        approvers,
    }
}

/// The policy in sentences.
pub(super) fn sentences(rules: &[Value], people: &People) -> Vec<String> {
    let brief = brief(rules, people);
    let mut said =
        vec![format!("An activation lasts at most {}.", brief.longest), format!("It asks for {}.", brief.asks)];
    if needs_approval(rules) {
        let stages = stages(rules);
        if stages.is_empty() {
            said.push("It is approved by whoever administers it.".to_owned());
        }
        for (number, stage) in (1..).zip(&stages) {
            said.extend(stage_sentences(number, stages.len(), stage, people));
        }
    } else {
        said.push("It needs no approval.".to_owned());
    }
    for (of, id) in [("An eligibility", "Eligibility"), ("An active assignment", "Assignment")] {
        if let Some(rule) = rule(rules, &format!("Expiration_Admin_{id}")) {
            let longest = length(at(rule, "/maximumDuration"));
            said.push(match flag(rule.get("isExpirationRequired")) {
                true => format!("{of} ends after {longest} at the latest."),
                false => format!("{of} may be permanent."),
            });
        }
        let asked = asked(rule(rules, &format!("Enablement_Admin_{id}")));
        if !asked.is_empty() {
            said.push(format!("{of} asks its administrator for {}.", joined(&asked, "and")));
        }
    }
    said.extend(rules.iter().filter_map(notification));
    said
}

fn stage_sentences(number: usize, of: usize, stage: &Value, people: &People) -> Vec<String> {
    let which = if of > 1 { format!("Stage {number}: it") } else { "It".to_owned() };
    let days = stage.get("approvalStageTimeOutInDays").and_then(Value::as_u64).unwrap_or(1);
    let mut said = vec![format!(
        "{which} is approved by {}, within {days} {}{}.",
        deciders(stage, "primaryApprovers", people),
        if days == 1 { "day" } else { "days" },
        if flag(stage.get("isApproverJustificationRequired")) { ", with a reason" } else { "" }
    )];
    if flag(stage.get("isEscalationEnabled")) {
        let minutes = stage.get("escalationTimeInMinutes").and_then(Value::as_u64).unwrap_or_default();
        let length = seconds_for_people(minutes * 60);
        said.push(format!("{which} goes to {} after {length}.", deciders(stage, "escalationApprovers", people)));
    }
    said
}

/// Who else is told; nothing of rules that tell those whom they always tell.
fn notification(rule: &Value) -> Option<String> {
    let id = at(rule, "/id").filter(|id| id.starts_with("Notification_"))?;
    let more: Vec<String> = rule
        .get("notificationRecipients")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|one| one.as_str().map(str::to_owned))
        .collect();
    let usual = rule.get("isDefaultRecipientsEnabled").and_then(Value::as_bool) != Some(false);
    let whose = id.trim_start_matches("Notification_").replace('_', " ");
    match (usual, more.is_empty()) {
        (true, true) => None,
        (true, false) => Some(format!("{whose}: {} are told as well.", joined(&more, "and"))),
        (false, true) => Some(format!("{whose}: nobody is told.")),
        (false, false) => Some(format!("{whose}: only {} are told.", joined(&more, "and"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Vec<Value> {
        vec![
            json!({"id": "Expiration_EndUser_Assignment", "maximumDuration": "PT8H", "isExpirationRequired": true}),
            json!({"id": "Enablement_EndUser_Assignment", "enabledRules": ["MultiFactorAuthentication", "Justification"]}),
            json!({"id": "Approval_EndUser_Assignment", "setting": {"isApprovalRequired": true, "approvalStages": [{
                "approvalStageTimeOutInDays": 1, "isApproverJustificationRequired": true,
                "primaryApprovers": [
                    {"@odata.type": "#microsoft.graph.singleUser", "userId": "1", "description": null},
                    {"@odata.type": "#microsoft.graph.groupMembers", "groupId": "2", "description": "Ops"},
                    {"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1},
                ],
            }]}}),
            json!({"id": "Expiration_Admin_Eligibility", "isExpirationRequired": false, "maximumDuration": "P365D"}),
            json!({"id": "Expiration_Admin_Assignment", "isExpirationRequired": true, "maximumDuration": "P180D"}),
            json!({"id": "Notification_Admin_EndUser_Assignment", "isDefaultRecipientsEnabled": true,
                "notificationRecipients": ["soc@demo.test"]}),
        ]
    }

    #[test]
    fn rules_are_sentences() {
        let people = People::from([("1".to_owned(), "Pat".to_owned())]);
        assert_eq!(
            sentences(&rules(), &people),
            [
                "An activation lasts at most 8h.",
                "It asks for a second factor and a reason.",
                "It is approved by Pat, the members of Ops or the manager of who asks, within 1 day, with a reason.",
                "An eligibility may be permanent.",
                "An active assignment ends after 180d at the latest.",
                "Admin EndUser Assignment: soc@demo.test are told as well.",
            ]
        );
        let brief = brief(&rules()[..1], &people);
        assert_eq!((brief.asks.as_str(), brief.approvers.as_str()), ("nothing", ""));
    }

    #[test]
    fn approvers_of_resources_are_read_as_well() {
        let stage =
            json!({"primaryApprovers": [{"id": "7", "userType": "Group", "description": "Ops", "isBackup": false}]});
        assert_eq!(deciders(&stage, "primaryApprovers", &People::new()), "the members of Ops");
        assert_eq!(deciders(&json!({}), "primaryApprovers", &People::new()), "whoever administers it");
    }
}
