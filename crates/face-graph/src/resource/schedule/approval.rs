//! Approvals and their stages (`GRAPH 11`): `stages` in v1.0, `steps` in beta.

use ephor_domain::{Refusal, approval::Verdict};
use ephor_engine::{
    Denied,
    directory::DirectoryObject,
    schedule::{ApprovalView, DecideStage, StageView, Whose},
};
use http::StatusCode;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{
    answer::Reply,
    body::member,
    call::{Call, guid},
    collection::{Family, stages as named},
    error::{Answer, GraphError},
    list,
    page::{Plan, Rules, shape, single},
    permission::Need,
};

const OF: &str = "approval";

fn missing() -> GraphError {
    GraphError::new(StatusCode::NOT_FOUND, "ApprovalNotFound", "The approval is not found.")
}

/// Who decided, with mail address and name.
async fn reviewers(call: &Call, views: &[ApprovalView]) -> Answer<Vec<(Uuid, Value)>> {
    let stages = views.iter().flat_map(|view| &view.stages);
    let ids: Vec<Uuid> = stages.filter_map(|stage| stage.decision.as_ref().map(|it| it.by.uuid())).collect();
    let objects = call.engine().directory_objects(ids).await?;
    let told = objects.into_iter().filter_map(|object| match object {
        DirectoryObject::User(entry) => {
            let account = &entry.principal;
            let identity = json!({
                "id": account.id,
                "displayName": account.display_name,
                "userPrincipalName": account.upn,
                "mail": entry.facts.mail,
            });
            Some((account.id.uuid(), identity))
        }
        DirectoryObject::Group(_) | DirectoryObject::Service(_) => None,
    });
    Ok(told.collect())
}

fn stage_row(call: &Call, family: Family, stage: &StageView, reviewers: &[(Uuid, Value)]) -> Value {
    let decision = stage.decision.as_ref();
    let result = match decision.map(|decision| decision.verdict) {
        None => "NotReviewed",
        Some(Verdict::Approve) => "Approve",
        Some(Verdict::Reject) => "Deny",
    };
    let reason = decision.and_then(|decision| decision.justification.clone());
    let reviewer = decision.map(|decision| {
        let known = reviewers.iter().find(|(id, _)| *id == decision.by.uuid()).map(|(_, identity)| identity.clone());
        // An account that is gone is still named.
        known
            .unwrap_or_else(|| json!({"id": decision.by, "displayName": null, "userPrincipalName": null, "mail": null}))
    });
    json!({
        "@odata.type": format!("#microsoft.graph.{}", named(call.edition).1),
        "id": stage.id,
        "assignedToMe": stage.assigned_to_me,
        "displayName": null,
        "justification": match (reason, family) {
            (Some(reason), _) => json!(reason),
            (None, Family::Groups) => json!(""),
            (None, Family::Roles) => Value::Null,
        },
        "reviewResult": result,
        "reviewedBy": reviewer,
        "reviewedDateTime": decision.map(|decision| decision.at),
        "status": stage.word.word(),
    })
}

async fn rows(call: &Call, family: Family, views: &[ApprovalView]) -> Answer<Vec<Value>> {
    let reviewers = reviewers(call, views).await?;
    let row = |view: &ApprovalView| {
        let stages: Vec<Value> = view.stages.iter().map(|stage| stage_row(call, family, stage, &reviewers)).collect();
        json!({"@odata.type": "#microsoft.graph.approval", "id": view.id, named(call.edition).0: stages})
    };
    Ok(views.iter().map(row).collect())
}

async fn found(call: &Call, family: Family) -> Answer<ApprovalView> {
    let id = guid(call.key(0)).ok_or_else(missing)?;
    let actor = &call.signed.caller.actor;
    call.engine().approval(actor, family.provider(), id).await?.ok_or_else(missing)
}

pub(in crate::resource) async fn mine(call: &Call, family: Family) -> Answer<Reply> {
    let word = call.key(0);
    let is = |known: &str| word.eq_ignore_ascii_case(known);
    let whose = if is("approver") {
        Whose::ToApprove
    } else if is("target") {
        Whose::Mine
    } else if is("createdBy") {
        Whose::Ordered
    } else {
        return Err(GraphError::bad_request("The value of 'on' is not supported."));
    };
    let plan = Plan::of(call, OF, format!("Collection({OF})"), Rules::SCHEDULES)?;
    let views = call.engine().approvals(&call.signed.caller.actor, family.provider(), whose).await?;
    list::whole(call, &plan, rows(call, family, &views).await?).await
}

pub(in crate::resource) async fn get(call: &Call, family: Family) -> Answer<Reply> {
    let view = found(call, family).await?;
    let shape = shape(call, OF)?;
    let rows = rows(call, family, std::slice::from_ref(&view)).await?;
    let row = rows.first().ok_or_else(missing)?;
    Ok(single(call, OF, family.approvals(), &shape, row))
}

/// The stages of the approval of the path, as rows.
async fn stage_rows(call: &Call, family: Family) -> Answer<Vec<Value>> {
    let view = found(call, family).await?;
    let reviewers = reviewers(call, std::slice::from_ref(&view)).await?;
    Ok(view.stages.iter().map(|stage| stage_row(call, family, stage, &reviewers)).collect())
}

fn set(call: &Call, family: Family) -> String {
    format!("{}('{}')/{}", family.approvals(), call.key(0), named(call.edition).0)
}

pub(in crate::resource) async fn stages(call: &Call, family: Family) -> Answer<Reply> {
    let plan = Plan::of(call, named(call.edition).1, set(call, family), Rules::SCHEDULES)?;
    list::whole(call, &plan, stage_rows(call, family).await?).await
}

pub(in crate::resource) async fn stage(call: &Call, family: Family) -> Answer<Reply> {
    let of = named(call.edition).1;
    let wanted = guid(call.key(1)).ok_or_else(missing)?.to_string();
    let rows = stage_rows(call, family).await?;
    let row = rows.into_iter().find(|row| row.get("id").and_then(Value::as_str) == Some(&wanted));
    let shape = shape(call, of)?;
    Ok(single(call, of, &set(call, family), &shape, &row.ok_or_else(missing)?))
}

/// PATCH of a stage (`GRAPH 11.4`).
pub(in crate::resource) async fn decide(call: &Call, family: Family) -> Answer<Reply> {
    let body = call.object()?;
    let approval = guid(call.key(0)).ok_or_else(missing)?;
    let stage = guid(call.key(1)).ok_or_else(missing)?;
    let (verdict, justification) = (verdict(&body)?, reason(&body)?);
    let decision = DecideStage { provider: family.provider(), approval, stage, verdict, justification };
    let said = |denied| match (denied, family) {
        (Denied::Refused(Refusal::SelfApproval), Family::Roles) => {
            GraphError::new(StatusCode::FORBIDDEN, "", "Self-Approval is not allowed.")
        }
        (Denied::Refused(Refusal::SelfApproval), Family::Groups) => {
            GraphError::new(StatusCode::FORBIDDEN, "UnauthorizedAccessException", "Self-Approval is not allowed.")
        }
        (Denied::Refused(Refusal::NotAdministrator | Refusal::PersonRequired), Family::Roles) => Need::no_approver(),
        (denied, _) => denied.into(),
    };
    call.engine().decide(&call.signed.caller.actor, decision).await.map_err(said)?;
    Ok(Reply::done())
}

fn verdict(body: &Map<String, Value>) -> Answer<Verdict> {
    let word = member(body, "reviewResult").and_then(Value::as_str).unwrap_or_default();
    let is = |known: &[&str]| known.iter().any(|known| known.eq_ignore_ascii_case(word));
    if is(&["Approve", "Approved"]) {
        Ok(Verdict::Approve)
    } else if is(&["Deny", "Denied"]) {
        Ok(Verdict::Reject)
    } else {
        Err(GraphError::bad_request("'reviewResult' must be Approve or Deny."))
    }
}

fn reason(body: &Map<String, Value>) -> Answer<Option<String>> {
    match member(body, "justification") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(GraphError::bad_request("'justification' must be a text.")),
    }
}
