//! Roles at resource scopes, over the ARM API.

use ephor_engine::port::{Entropy as _, SystemEntropy};
use futures_util::future::{join_all, try_join, try_join4};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Provider,
    approval::Waiting,
    at,
    desk::{Desk, escaped, scope_path},
    entitlement::{Active, Eligible, Entitlement, Pending},
    order::Terms,
    request::{Request, Whose, is_scheduled, seconds, stage},
};
use crate::exit::{Done, Failure};

/// The edition of schedules, requests and policies.
pub(crate) const EDITION: &str = "api-version=2020-10-01";
/// That of approvals.
const APPROVALS: &str = "api-version=2021-01-01-preview";

/// A collection of authorization at a scope, with its query.
pub(crate) fn set(scope: &str, name: &str, query: &str) -> String {
    let scope = scope_path(scope);
    let slash = if scope.is_empty() { "" } else { "/" };
    format!("{scope}{slash}providers/Microsoft.Authorization/{name}?{query}")
}

fn filtered(scope: &str, name: &str, filter: &str) -> String {
    set(scope, name, &format!("{EDITION}&$filter={}", escaped(filter)))
}

fn entitlement(row: &Value) -> Entitlement {
    let text = |name: &str| at(row, &format!("/properties/{name}"));
    let id = text("roleDefinitionId").unwrap_or_default();
    let scope = text("scope").filter(|scope| scope != "/").unwrap_or_else(|| "/".to_owned());
    let definition = id.rsplit('/').next().unwrap_or_default().to_owned();
    let name = text("expandedProperties/roleDefinition/displayName").unwrap_or_else(|| definition.clone());
    let place = text("expandedProperties/scope/displayName").unwrap_or_else(|| scope.clone());
    Entitlement { scope: Some(scope), place: Some(place), ..Entitlement::of(Provider::Resource, name, definition) }
}

fn last(id: Option<String>) -> Option<String> {
    id.and_then(|id| id.rsplit('/').next().map(str::to_owned))
}

pub(super) async fn held(desk: &Desk) -> Done<Vec<Entitlement>> {
    let mine = |name: &'static str| async move { desk.rows(&filtered("/", name, "asTarget()")).await };
    let (eligible, active, asked, extended) = try_join4(
        mine("roleEligibilityScheduleInstances"),
        mine("roleAssignmentScheduleInstances"),
        mine("roleAssignmentScheduleRequests"),
        mine("roleEligibilityScheduleRequests"),
    )
    .await?;
    let text = |row: &Value, name: &str| at(row, &format!("/properties/{name}"));
    let eligible = eligible.iter().map(|row| Entitlement {
        eligible: Some(Eligible {
            schedule: last(text(row, "roleEligibilityScheduleId")),
            from: text(row, "startDateTime"),
            until: text(row, "endDateTime"),
        }),
        ..entitlement(row)
    });
    let active = active.iter().map(|row| Entitlement {
        active: Some(Active {
            from: text(row, "startDateTime"),
            until: text(row, "endDateTime"),
            assigned: text(row, "assignmentType").as_deref() != Some("Activated"),
            requests: Vec::new(),
        }),
        ..entitlement(row)
    });
    let is_open = |row: &&Value| {
        let status = text(row, "status").unwrap_or_default();
        stage(&status) == super::request::Stage::Waiting || is_scheduled(&status) || status == "PendingProvisioning"
    };
    let waiting = asked.iter().chain(&extended).filter(is_open).map(|row| Entitlement {
        waiting: Some(Pending {
            request: at(row, "/name").unwrap_or_default(),
            status: text(row, "status").unwrap_or_default(),
            action: text(row, "requestType").unwrap_or_default(),
            since: text(row, "createdOn"),
        }),
        ..entitlement(row)
    });
    Ok(eligible.chain(active).chain(waiting).collect())
}

pub(super) async fn order(desk: &Desk, what: &Entitlement, action: &str, terms: &Terms) -> Done<Request> {
    let me = desk.me().await?.id.clone();
    let eligibility = action == "SelfExtend" || action == "SelfRenew";
    place(desk, what, &me, action, eligibility, terms).await
}

/// Places an order for anybody.
pub(crate) async fn place(
    desk: &Desk,
    what: &Entitlement,
    principal: &str,
    action: &str,
    eligibility: bool,
    terms: &Terms,
) -> Done<Request> {
    let scope = what.scope.as_deref().unwrap_or("/");
    let collection = if eligibility { "roleEligibilityScheduleRequests" } else { "roleAssignmentScheduleRequests" };
    let name = SystemEntropy::default().guid();
    let prefix = if scope == "/" { "" } else { scope };
    let schedule = what.eligible.as_ref().and_then(|it| it.schedule.clone());
    let mut properties = json!({
        "principalId": principal,
        "roleDefinitionId":
            format!("{prefix}/providers/Microsoft.Authorization/roleDefinitions/{}", what.definition),
        "requestType": action,
        "justification": terms.reason,
        "ticketInfo": terms.ticket_info(),
    });
    let mut put = |name: &str, value: Value| {
        if let Some(members) = properties.as_object_mut() {
            members.insert(name.to_owned(), value);
        }
    };
    if action == "SelfActivate" {
        put("linkedRoleEligibilityScheduleId", json!(schedule));
    }
    if action == "SelfExtend" || action == "SelfRenew" {
        put("targetRoleEligibilityScheduleId", json!(schedule));
    }
    if !["SelfDeactivate", "AdminRemove"].contains(&action) {
        let expiration = terms.lasting.map_or_else(
            || json!({"type": "NoExpiration"}),
            |lasting| json!({"type": "AfterDuration", "duration": Terms::iso(lasting)}),
        );
        put("scheduleInfo", json!({"startDateTime": terms.start, "expiration": expiration}));
    }
    let body = json!({"properties": properties});
    let made = if terms.dry_run {
        desk.order(Method::POST, &set(scope, &format!("{collection}/{name}/validate"), EDITION), Some(&body)).await?
    } else {
        desk.order(Method::PUT, &set(scope, &format!("{collection}/{name}"), EDITION), Some(&body)).await?
    };
    Ok(Request { dry_run: terms.dry_run, ..of_row(collection, &made) })
}

fn of_row(collection: &str, row: &Value) -> Request {
    let text = |name: &str| at(row, &format!("/properties/{name}"));
    let what = entitlement(row);
    let id = at(row, "/name").unwrap_or_default();
    let scope = what.scope.clone().unwrap_or_default();
    Request {
        provider: Provider::Resource,
        place_of_it: set(&scope, &format!("{collection}/{}/cancel", escaped(&id)), EDITION),
        id,
        name: what.name,
        access: None,
        scope: what.scope,
        place: what.place,
        action: text("requestType").unwrap_or_default(),
        status: text("status").unwrap_or_default(),
        created: text("createdOn"),
        from: text("scheduleInfo/startDateTime"),
        until: text("scheduleInfo/expiration/endDateTime"),
        lasting: seconds(text("scheduleInfo/expiration/duration")),
        reason: text("justification"),
        ticket: text("ticketInfo/ticketNumber"),
        principal: text("expandedProperties/principal/email")
            .or_else(|| text("expandedProperties/principal/displayName"))
            .or_else(|| text("principalId")),
        approval: text("approvalId"),
        dry_run: false,
    }
}

const COLLECTIONS: [&str; 2] = ["roleAssignmentScheduleRequests", "roleEligibilityScheduleRequests"];

pub(super) async fn requests(desk: &Desk, whose: Whose) -> Done<Vec<Request>> {
    let of = |collection: &'static str| async move {
        let rows = match whose {
            Whose::Mine => desk.rows(&filtered("/", collection, "asTarget()")).await?,
            Whose::All => match desk.rows(&set("/", collection, EDITION)).await {
                // Whoever may not read all sees what he has to do with.
                Err(Failure::Refused { .. }) => {
                    let own = ["asTarget()", "asRequestor()", "asApprover()"]
                        .map(|filter| async move { desk.rows(&filtered("/", collection, filter)).await });
                    let mut rows = Vec::new();
                    for found in join_all(own).await {
                        rows.extend(found?);
                    }
                    rows.sort_by_key(|row| at(row, "/name"));
                    rows.dedup_by_key(|row| at(row, "/name"));
                    rows
                }
                rows => rows?,
            },
        };
        Done::Ok(rows.iter().map(|row| of_row(collection, row)).collect::<Vec<_>>())
    };
    let [assignments, eligibilities] = COLLECTIONS;
    let (mut found, more) = try_join(of(assignments), of(eligibilities)).await?;
    found.extend(more);
    Ok(found)
}

pub(super) async fn request(desk: &Desk, id: Uuid) -> Done<Option<Request>> {
    for collection in COLLECTIONS {
        match desk.get(&set("/", &format!("{collection}/{id}"), EDITION)).await {
            Ok(row) => return Ok(Some(of_row(collection, &row))),
            Err(Failure::Refused { .. }) => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(None)
}

pub(super) async fn approvals(desk: &Desk) -> Done<Vec<Waiting>> {
    let mine =
        async { desk.rows(&set("/", "roleAssignmentApprovals", &format!("{APPROVALS}&$filter=asApprover()"))).await };
    let asked = async { desk.rows(&filtered("/", "roleAssignmentScheduleRequests", "asApprover()")).await };
    let (approvals, requests) = try_join(mine, asked).await?;
    let mut waiting = Vec::new();
    for approval in &approvals {
        let Some(id) = at(approval, "/name") else { continue };
        let stages = approval.pointer("/properties/stages").and_then(Value::as_array).cloned().unwrap_or_default();
        let open = stages.iter().find(|stage| {
            stage.pointer("/properties/assignedToMe").and_then(Value::as_bool) == Some(true)
                && at(stage, "/properties/reviewResult").as_deref() == Some("NotReviewed")
                && at(stage, "/properties/status").is_none_or(|status| status != "Completed")
        });
        let request = requests.iter().find(|row| last(at(row, "/properties/approvalId")).as_ref() == Some(&id));
        if let (Some(stage), Some(row)) = (open.and_then(|stage| at(stage, "/name")), request) {
            let request = of_row("roleAssignmentScheduleRequests", row);
            waiting.push(Waiting { id, stage: Some(stage), request });
        }
    }
    Ok(waiting)
}

pub(super) async fn decide(desk: &Desk, waiting: &Waiting, approves: bool, reason: Option<&str>) -> Done {
    let stage = escaped(waiting.stage.as_deref().unwrap_or_default());
    let path = set("/", &format!("roleAssignmentApprovals/{}/stages/{stage}", escaped(&waiting.id)), APPROVALS);
    let word = if approves { "Approve" } else { "Deny" };
    let body = json!({"properties": {"reviewResult": word, "justification": reason.unwrap_or_default()}});
    desk.order(Method::PATCH, &path, Some(&body)).await.map(drop)
}

pub(super) async fn cancel(desk: &Desk, request: &Request) -> Done {
    desk.order(Method::POST, &request.place_of_it, None).await.map(drop)
}
