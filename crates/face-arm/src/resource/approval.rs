//! Approvals of activations and their stages (`ARM 15`).

use ephor_domain::{
    Refusal,
    approval::Verdict,
    id::RequestId,
    principal::PrincipalKind,
    provider::{Provider, ScheduleRefusal},
    scope::ArmScope,
};
use ephor_engine::{
    Denied,
    schedule::{ApprovalNamed, ApprovalView, ApprovalsAt, DecideStage, Found, StageView, Whose},
};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    answer::Reply,
    body::Members,
    call::{Call, bad_token, guid},
    error::{Answer, ArmError},
    filter::Term,
    refusal,
};

fn missing() -> ArmError {
    ArmError::new(StatusCode::NOT_FOUND, "RoleAssignmentApprovalNotFound", "The approval is not found.")
}

fn id(view: &ApprovalView) -> String {
    format!("/providers/Microsoft.Authorization/roleAssignmentApprovals/{}", view.id)
}

fn stage(view: &ApprovalView, stage: &StageView) -> Value {
    let decision = stage.decision.as_ref();
    let result = match decision.map(|decision| decision.verdict) {
        None => "NotReviewed",
        Some(Verdict::Approve) => "Approve",
        Some(Verdict::Reject) => "Deny",
    };
    let reviewer = decision.map(|decision| {
        let account = stage.reviewer.as_ref();
        let kind = match account.map(|account| account.kind) {
            Some(PrincipalKind::Service) => "servicePrincipal",
            Some(PrincipalKind::User | PrincipalKind::Group) | None => "user",
        };
        json!({
            "principalId": decision.by,
            "principalType": kind,
            "principalName": account.map(|account| account.display_name.clone()),
            "userPrincipalName": account.and_then(|account| account.upn.clone()),
        })
    });
    json!({
        "id": format!("{}/stages/{}", id(view), stage.id),
        "name": stage.id,
        "type": "Microsoft.Authorization/roleAssignmentApprovals/stages",
        "properties": {
            "displayName": "Approval stage",
            "status": stage.word.word(),
            "assignedToMe": stage.assigned_to_me,
            "reviewedBy": reviewer,
            "reviewedDateTime": decision.map(|decision| decision.at.to_string()),
            "reviewResult": result,
            "justification": decision.and_then(|decision| decision.justification.clone()).unwrap_or_default(),
        },
    })
}

fn item(view: &ApprovalView) -> Value {
    let stages: Vec<Value> = view.stages.iter().map(|one| stage(view, one)).collect();
    json!({
        "id": id(view),
        "name": view.id,
        "type": "Microsoft.Authorization/roleAssignmentApprovals",
        "properties": {"stages": stages},
    })
}

/// Approvals, one of them, its stages, one of those, and decisions on it.
pub(super) async fn serve(call: &Call, scope: ArmScope, rest: &[String]) -> Answer<Reply> {
    let Some(name) = rest.first() else { return list(call, scope).await };
    let found = guid(name).ok_or_else(missing)?;
    let actor = call.caller.actor.clone();
    let view = match call.ask(ApprovalNamed { scope, id: found, actor }).await? {
        Found::Visible(view) => Some(*view),
        Found::Hidden => None,
        Found::Nowhere => return Err(missing()),
    };
    let Some(sort) = rest.get(1) else { return Ok(Reply::ok(item(&view.ok_or_else(missing)?))) };
    // `steps` is an older spelling.
    if !sort.eq_ignore_ascii_case("stages") && !sort.eq_ignore_ascii_case("steps") {
        return Err(ArmError::not_found());
    }
    let Some(name) = rest.get(2) else {
        let view = view.ok_or_else(missing)?;
        return call.pages::<Value>(view.stages.iter().map(|one| stage(&view, one)).collect());
    };
    let wanted = guid(name).ok_or_else(missing)?;
    if call.method == Method::PATCH || call.method == Method::PUT {
        return decide(call, found, wanted, view).await;
    }
    let view = view.ok_or_else(missing)?;
    let one = view.stages.iter().find(|one| one.id == wanted).ok_or_else(missing)?;
    Ok(Reply::ok(stage(&view, one)))
}

async fn list(call: &Call, scope: ArmScope) -> Answer<Reply> {
    let mut whose = Whose::Visible;
    for term in call.filter()? {
        whose = match term {
            Term::Function(name, None) if name == "asapprover" => Whose::ToApprove,
            Term::Function(name, None) if name == "astarget" => Whose::Mine,
            Term::Function(name, None) if name == "ascreatedby" || name == "asrequestor" => Whose::Ordered,
            Term::Function(..) | Term::Equals(..) | Term::AnyOf(_) => return Err(call.unsupported_filter()),
        };
    }
    let before = call.token().map(|text| request_of(text).ok_or_else(bad_token)).transpose()?;
    let (actor, limit) = (call.caller.actor.clone(), call.settings().page_size);
    let page = call.ask(ApprovalsAt { scope, whose, actor, before, limit }).await?.found;
    let next = page.next.map(|request| format!("r{request}"));
    Ok(call.list::<Value>(page.rows.iter().map(item).collect(), next.as_deref()))
}

/// The request before which a page begins.
fn request_of(token: &str) -> Option<RequestId> {
    token.strip_prefix('r').and_then(guid).map(RequestId::new)
}

async fn decide(call: &Call, approval: uuid::Uuid, wanted: uuid::Uuid, view: Option<ApprovalView>) -> Answer<Reply> {
    let body = call.object()?;
    let flat = Members::of(&body);
    let wrapped = flat.within("properties");
    let undecided = || ArmError::bad("InvalidApprovalDecision", "The decision must be Approve or Deny.");
    let word = wrapped.text("reviewResult")?.or(flat.text("reviewResult")?).ok_or_else(undecided)?;
    let verdict = match word {
        word if word.eq_ignore_ascii_case("Approve") => Verdict::Approve,
        word if word.eq_ignore_ascii_case("Deny") => Verdict::Reject,
        _ => return Err(undecided()),
    };
    let justification = wrapped.text("justification")?.or(flat.text("justification")?).map(str::to_owned);
    let order = DecideStage { provider: Provider::Resources, approval, stage: wanted, verdict, justification };
    let said = |denied| match denied {
        Denied::Refused(Refusal::Schedule(ScheduleRefusal::AlreadyDecided | ScheduleRefusal::StageNotOpen)) => {
            ArmError::new(StatusCode::CONFLICT, "ApprovalAlreadyCompleted", "The approval is completed already.")
        }
        Denied::Refused(Refusal::Schedule(ScheduleRefusal::ReasonRequired)) => {
            ArmError::bad("InvalidApprovalDecision", "A justification is required for this decision.")
        }
        Denied::Refused(Refusal::ApprovalNotAvailable) => missing(),
        denied @ (Denied::Refused(_) | Denied::Failed(_)) => refusal::said(call, denied),
    };
    if let Err(denied) = call.engine().decide(&call.caller.actor, order).await {
        let same = view
            .as_ref()
            .and_then(|view| view.stages.iter().find(|one| one.id == wanted))
            .filter(|one| one.decision.as_ref().is_some_and(|known| known.by == call.id() && known.verdict == verdict));
        return match (view.as_ref().zip(same), &denied) {
            (Some((view, one)), Denied::Refused(Refusal::Schedule(ScheduleRefusal::AlreadyDecided))) => {
                Ok(Reply::ok(stage(view, one)))
            }
            _ => Err(said(denied)),
        };
    }
    let view = call.engine().approval(&call.caller.actor, Provider::Resources, approval).await;
    let view = view.map_err(|denied| refusal::said(call, denied))?.ok_or_else(missing)?;
    let one = view.stages.iter().find(|one| one.id == wanted).ok_or_else(missing)?;
    Ok(Reply::ok(stage(&view, one)))
}
