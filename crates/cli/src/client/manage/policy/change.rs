//! What settings make of rules.

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::source::Policy;
use crate::{
    client::{
        access::{at, desk::Desk, order::Terms},
        manage::name::{self, Holder, Sort},
        ttl::Ttl,
    },
    exit::{Done, Failure},
};

/// Rules to set. What is not given stays as it is.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Settings {
    /// Longest activation
    #[arg(long, value_name = "DURATION")]
    max: Option<Ttl>,
    /// All that an activation asks for, separated by commas; `none` for nothing
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT")]
    require: Vec<Need>,
    /// Who approves: account, `group:NAME`, or `manager`; may be given several times, and replaces those before. Approval is
    /// asked for then
    #[arg(long = "approver", value_name = "NAME")]
    approvers: Vec<String>,
    /// How long approvers have
    #[arg(long, value_name = "DAYS")]
    approve_within: Option<u32>,
    /// Whether approvers must say why
    #[arg(long, value_name = "YES|NO", num_args = 0..=1, default_missing_value = "true", action = clap::ArgAction::Set)]
    approver_reason: Option<bool>,
    /// Authentication context that an activation asks for, c1 to c99; `none` for none
    #[arg(long, value_name = "CLASS")]
    context: Option<String>,
    /// Longest eligibility
    #[arg(long, value_name = "DURATION")]
    max_eligible: Option<Ttl>,
    /// Whether eligibilities may be permanent
    #[arg(long, value_name = "YES|NO", num_args = 0..=1, default_missing_value = "true", action = clap::ArgAction::Set)]
    permanent_eligible: Option<bool>,
    /// Longest active assignment
    #[arg(long, value_name = "DURATION")]
    max_active: Option<Ttl>,
    /// Whether active assignments may be permanent
    #[arg(long, value_name = "YES|NO", num_args = 0..=1, default_missing_value = "true", action = clap::ArgAction::Set)]
    permanent_active: Option<bool>,
    /// All that an active assignment asks its administrator for; `none` for nothing
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT")]
    require_for_active: Vec<Need>,
    /// JSON with rules, as `ephor policy show --json` prints them; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    file: Option<String>,
}

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Need {
    /// A second factor
    Mfa,
    /// A reason
    #[value(alias = "justification")]
    Reason,
    /// A ticket
    Ticket,
    /// An approval
    Approval,
    /// Nothing
    None,
}

/// The words of the wire, in its order.
fn enabled(needs: &[Need]) -> Value {
    let words =
        [(Need::Mfa, "MultiFactorAuthentication"), (Need::Reason, "Justification"), (Need::Ticket, "Ticketing")];
    words.iter().filter(|(need, _)| needs.contains(need)).map(|(_, word)| *word).collect()
}

/// The rules as they would be.
pub(super) async fn changed(desk: &Desk, policy: &Policy, settings: &Settings) -> Done<Vec<Value>> {
    let mut approvers = Vec::new();
    for name in &settings.approvers {
        approvers.push(match name.as_str() {
            "manager" => None,
            name => Some(name::holder(desk, name).await?),
        });
    }
    let mut rules = policy.rules.clone();
    if let Some(file) = &settings.file {
        take(&mut rules, &read(file)?)?;
    }
    apply(&mut rules, settings, &approvers)?;
    Ok(rules)
}

/// Rules of a file: a list of them, or an object that has them.
fn read(file: &str) -> Done<Vec<Value>> {
    let text = match file {
        "-" => std::io::read_to_string(std::io::stdin()).context("reading standard input")?,
        file => {
            std::fs::read_to_string(file).map_err(|error| Failure::usage(format!("cannot read {file}: {error}")))?
        }
    };
    let value: Value =
        serde_json::from_str(&text).map_err(|error| Failure::usage(format!("{file} is no JSON: {error}")))?;
    let rules = value.as_array().or_else(|| value.get("rules").and_then(Value::as_array));
    rules
        .cloned()
        .ok_or_else(|| Failure::usage(format!("{file} has no rules: give what `ephor policy show --json` prints")))
}

/// Rules of a file take the place of those with their ids.
fn take(rules: &mut [Value], given: &[Value]) -> Done {
    for new in given {
        let id = at(new, "/id").unwrap_or_default();
        let known = rules.iter_mut().find(|rule| at(rule, "/id").is_some_and(|known| known.eq_ignore_ascii_case(&id)));
        let known =
            known.ok_or_else(|| Failure::usage(format!("the file has a rule {id:?}, and the policy has none")))?;
        *known = new.clone();
    }
    Ok(())
}

fn rule<'r>(rules: &'r mut [Value], id: &str) -> Done<&'r mut Value> {
    let found = rules.iter_mut().find(|rule| at(rule, "/id").as_deref() == Some(id));
    found.ok_or_else(|| anyhow::anyhow!("the policy has no rule {id}").into())
}

fn put(value: &mut Value, name: &str, new: Value) {
    if let Some(members) = value.as_object_mut() {
        members.insert(name.to_owned(), new);
    }
}

fn apply(rules: &mut [Value], settings: &Settings, approvers: &[Option<Holder>]) -> Done {
    if let Some(max) = settings.max {
        put(rule(rules, "Expiration_EndUser_Assignment")?, "maximumDuration", iso(max));
    }
    let approval = (!settings.require.is_empty()).then(|| settings.require.contains(&Need::Approval));
    if !settings.require.is_empty() {
        exclusive(&settings.require)?;
        put(rule(rules, "Enablement_EndUser_Assignment")?, "enabledRules", enabled(&settings.require));
    }
    if !settings.require_for_active.is_empty() {
        exclusive(&settings.require_for_active)?;
        if settings.require_for_active.contains(&Need::Approval) {
            return Err(Failure::usage(
                "an assignment by an administrator is approved by nobody: leave `approval` out",
            ));
        }
        put(rule(rules, "Enablement_Admin_Assignment")?, "enabledRules", enabled(&settings.require_for_active));
    }
    let lengths = [
        ("Expiration_Admin_Eligibility", settings.max_eligible, settings.permanent_eligible),
        ("Expiration_Admin_Assignment", settings.max_active, settings.permanent_active),
    ];
    for (id, longest, permanent) in lengths {
        if let Some(longest) = longest {
            put(rule(rules, id)?, "maximumDuration", iso(longest));
        }
        if let Some(permanent) = permanent {
            put(rule(rules, id)?, "isExpirationRequired", (!permanent).into());
        }
    }
    if let Some(context) = &settings.context {
        let rule = rule(rules, "AuthenticationContext_EndUser_Assignment")?;
        let is_none = context == "none";
        put(rule, "isEnabled", (!is_none).into());
        put(rule, "claimValue", if is_none { Value::from("") } else { context.as_str().into() });
    }
    approve(rules, settings, approval, approvers)
}

fn exclusive(needs: &[Need]) -> Done {
    if needs.contains(&Need::None) && needs.len() > 1 {
        return Err(Failure::usage("`none` stands alone"));
    }
    Ok(())
}

fn approve(rules: &mut [Value], settings: &Settings, asked: Option<bool>, approvers: &[Option<Holder>]) -> Done {
    let stage_changes =
        !approvers.is_empty() || settings.approve_within.is_some() || settings.approver_reason.is_some();
    let asked = match (asked, approvers.is_empty()) {
        (Some(false), false) => {
            return Err(Failure::usage("approvers are named, and --require has no `approval`: say which is meant"));
        }
        (None, false) => Some(true),
        (asked, _) => asked,
    };
    if asked.is_none() && !stage_changes {
        return Ok(());
    }
    let rule = rule(rules, "Approval_EndUser_Assignment")?;
    // Of ARM a rule says its type, of Graph its name in the metadata: each has its own form of approvers.
    let is_graph = rule.get("ruleType").is_none();
    let Some(setting) = rule.get_mut("setting") else {
        return Err(anyhow::anyhow!("the rule of approvals has no setting").into());
    };
    if let Some(asked) = asked {
        put(setting, "isApprovalRequired", asked.into());
    }
    if !stage_changes {
        return Ok(());
    }
    let mut stages = setting.get("approvalStages").and_then(Value::as_array).cloned().unwrap_or_default();
    if stages.is_empty() {
        stages.push(json!({
            "approvalStageTimeOutInDays": 1,
            "isApproverJustificationRequired": true,
            "escalationTimeInMinutes": 0,
            "isEscalationEnabled": false,
            "primaryApprovers": [],
            "escalationApprovers": [],
        }));
        put(setting, "approvalMode", "SingleStage".into());
    }
    if let Some(first) = stages.first_mut() {
        if !approvers.is_empty() {
            let all = approvers.iter().map(|who| approver(who.as_ref(), is_graph)).collect::<Done<Vec<_>>>()?;
            put(first, "primaryApprovers", all.into());
        }
        if let Some(days) = settings.approve_within {
            put(first, "approvalStageTimeOutInDays", days.into());
        }
        if let Some(must) = settings.approver_reason {
            put(first, "isApproverJustificationRequired", must.into());
        }
    }
    put(setting, "approvalStages", stages.into());
    Ok(())
}

/// Somebody who approves; nobody in particular is the manager of who asks.
fn approver(who: Option<&Holder>, is_graph: bool) -> Done<Value> {
    let Some(who) = who else {
        return match is_graph {
            true => Ok(json!({"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1})),
            false => Err(Failure::usage("roles for resources have no manager as approver: name accounts or groups")),
        };
    };
    match (who.sort, is_graph) {
        (Sort::User, true) => {
            Ok(json!({"@odata.type": "#microsoft.graph.singleUser", "userId": who.id, "description": who.name}))
        }
        (Sort::Group, true) => {
            Ok(json!({"@odata.type": "#microsoft.graph.groupMembers", "groupId": who.id, "description": who.name}))
        }
        (Sort::User, false) => {
            Ok(json!({"id": who.id, "description": who.name, "isBackup": false, "userType": "User"}))
        }
        (Sort::Group, false) => {
            Ok(json!({"id": who.id, "description": who.name, "isBackup": false, "userType": "Group"}))
        }
        (Sort::Application, _) => Err(Failure::usage(format!("{} is an application, and people approve", who.name))),
    }
}

fn iso(length: Ttl) -> Value {
    let text = match length.0 {
        seconds if seconds % 86_400 == 0 => format!("P{}D", seconds / 86_400),
        seconds if seconds % 3600 == 0 => format!("PT{}H", seconds / 3600),
        seconds if seconds % 60 == 0 => format!("PT{}M", seconds / 60),
        _ => Terms::iso(length),
    };
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> Vec<Value> {
        vec![
            json!({"id": "Expiration_EndUser_Assignment", "maximumDuration": "PT8H"}),
            json!({"id": "Enablement_EndUser_Assignment", "enabledRules": ["MultiFactorAuthentication"]}),
            json!({"id": "Approval_EndUser_Assignment", "setting": {"isApprovalRequired": false, "approvalStages": []}}),
            json!({"id": "AuthenticationContext_EndUser_Assignment", "isEnabled": false, "claimValue": null}),
        ]
    }

    fn pat() -> Option<Holder> {
        Some(Holder::of("1", "Pat", Sort::User))
    }

    #[test]
    fn settings_change_the_rules_they_name_and_no_others() {
        let mut changed = rules();
        let settings = Settings {
            max: Some(Ttl(4 * 3600)),
            require: vec![Need::Ticket, Need::Reason, Need::Approval],
            ..Settings::default()
        };
        apply(&mut changed, &settings, &[pat()]).unwrap();
        assert_eq!(changed[0]["maximumDuration"], "PT4H");
        assert_eq!(changed[1]["enabledRules"], json!(["Justification", "Ticketing"]));
        let setting = &changed[2]["setting"];
        assert_eq!((&setting["isApprovalRequired"], &setting["approvalMode"]), (&json!(true), &json!("SingleStage")));
        assert_eq!(setting["approvalStages"][0]["primaryApprovers"][0]["userId"], "1");
        assert_eq!(changed[3], rules()[3]);

        let mut same = rules();
        apply(&mut same, &Settings::default(), &[]).unwrap();
        assert_eq!(same, rules());
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let no_approval = Settings { require: vec![Need::Reason], ..Settings::default() };
        assert!(
            apply(&mut rules(), &no_approval, &[pat()]).unwrap_err().to_string().starts_with("approvers are named")
        );
        let none = Settings { require: vec![Need::None, Need::Mfa], ..Settings::default() };
        assert_eq!(apply(&mut rules(), &none, &[]).unwrap_err().to_string(), "`none` stands alone");
        assert!(approver(None, false).is_err());
        assert!(take(&mut rules(), &[json!({"id": "Other"})]).is_err());
    }

    #[test]
    fn lengths_are_spelled_shortly() {
        for (seconds, text) in [(7200, "PT2H"), (86_400, "P1D"), (90, "PT90S"), (1800, "PT30M")] {
            assert_eq!(iso(Ttl(seconds)), text);
        }
    }
}
