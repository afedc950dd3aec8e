//! Directory roles and groups, over the Graph API.

use futures_util::future::{try_join, try_join4};
use reqwest::Method;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    Provider,
    approval::Waiting,
    at,
    desk::{Desk, escaped},
    entitlement::{Active, Eligible, Entitlement, Pending},
    order::Terms,
    request::{Request, Whose, seconds},
};
use crate::exit::{Done, Failure};

/// Where a family of schedules stands in the API.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Family {
    provider: Provider,
    base: &'static str,
    /// What the names of collections begin with.
    prefix: &'static str,
    /// What says the names of things.
    expand: &'static str,
    approvals: &'static str,
    /// Roles have their approvals in the beta edition alone.
    edition: &'static str,
    stages: &'static str,
}

pub(crate) const ROLES: Family = Family {
    provider: Provider::Role,
    base: "roleManagement/directory",
    prefix: "role",
    expand: "roleDefinition",
    approvals: "beta/roleManagement/directory/roleAssignmentApprovals",
    edition: "v1.0",
    stages: "steps",
};

pub(crate) const GROUPS: Family = Family {
    provider: Provider::Group,
    base: "identityGovernance/privilegedAccess/group",
    prefix: "",
    expand: "group",
    approvals: "v1.0/identityGovernance/privilegedAccess/group/assignmentApprovals",
    edition: "v1.0",
    stages: "stages",
};

/// Eligibilities or assignments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Eligibility,
    Assignment,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Eligibility => "Eligibility",
            Self::Assignment => "Assignment",
        }
    }
}

/// Requests that still do something.
const OPEN: &str = "status eq 'PendingApproval' or status eq 'PendingAdminDecision' or status eq 'PendingProvisioning' \
                    or status eq 'Granted'";

impl Family {
    pub(crate) fn set(self, kind: Kind, sort: &str) -> String {
        let name = format!("{}{}{sort}", self.prefix, kind.word());
        let mut letters = name.chars();
        let name: String = letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect();
        format!("{}/{}/{name}", self.edition, self.base)
    }

    fn mine(self, kind: Kind, sort: &str, on: &str, filter: Option<&str>) -> String {
        let filter = filter.map(|filter| format!("&$filter={}", escaped(filter))).unwrap_or_default();
        format!("{}/filterByCurrentUser(on='{on}')?$expand={},principal{filter}", self.set(kind, sort), self.expand)
    }
}

/// What a row is about.
pub(crate) fn entitlement(family: Family, row: &Value) -> Entitlement {
    let text = |pointer: &str| at(row, pointer);
    match family.provider {
        Provider::Group => {
            let id = text("/groupId").unwrap_or_default();
            let name = text("/group/displayName").unwrap_or_else(|| id.clone());
            let access = text("/accessId").map(|word| word.to_lowercase());
            Entitlement { access, ..Entitlement::of(Provider::Group, name, id) }
        }
        Provider::Role | Provider::Pam | Provider::Resource => {
            let id = text("/roleDefinitionId").unwrap_or_default();
            let name = text("/roleDefinition/displayName").unwrap_or_else(|| id.clone());
            let scope = text("/directoryScopeId");
            let place = scope.clone().filter(|scope| scope != "/");
            Entitlement { scope, place, ..Entitlement::of(Provider::Role, name, id) }
        }
    }
}

pub(super) async fn held(desk: &Desk, family: Family) -> Done<Vec<Entitlement>> {
    let instances = |kind| async move { desk.rows(&family.mine(kind, "ScheduleInstances", "principal", None)).await };
    let open = |kind| async move { desk.rows(&family.mine(kind, "ScheduleRequests", "principal", Some(OPEN))).await };
    let (eligible, active, asked, extended) = try_join4(
        instances(Kind::Eligibility),
        instances(Kind::Assignment),
        open(Kind::Assignment),
        open(Kind::Eligibility),
    )
    .await?;
    let eligible = eligible.iter().map(|row| Entitlement {
        eligible: Some(Eligible {
            schedule: at(row, "/roleEligibilityScheduleId").or_else(|| at(row, "/eligibilityScheduleId")),
            from: at(row, "/startDateTime"),
            until: at(row, "/endDateTime"),
        }),
        ..entitlement(family, row)
    });
    let active = active.iter().map(|row| Entitlement {
        active: Some(Active {
            from: at(row, "/startDateTime"),
            until: at(row, "/endDateTime"),
            assigned: !at(row, "/assignmentType").is_some_and(|word| word.eq_ignore_ascii_case("activated")),
            requests: Vec::new(),
        }),
        ..entitlement(family, row)
    });
    let waiting = asked.iter().chain(&extended).map(|row| Entitlement {
        waiting: Some(Pending {
            request: at(row, "/id").unwrap_or_default(),
            status: at(row, "/status").unwrap_or_default(),
            action: at(row, "/action").unwrap_or_default(),
            since: at(row, "/createdDateTime"),
        }),
        ..entitlement(family, row)
    });
    Ok(eligible.chain(active).chain(waiting).collect())
}

/// What an order is about, in the members of the family.
pub(crate) fn target(family: Family, what: &Entitlement) -> Map<String, Value> {
    let members = match family.provider {
        Provider::Group => json!({"groupId": what.definition, "accessId": what.access}),
        Provider::Role | Provider::Pam | Provider::Resource => {
            json!({"roleDefinitionId": what.definition, "directoryScopeId": what.scope.as_deref().unwrap_or("/")})
        }
    };
    members.as_object().cloned().unwrap_or_default()
}

/// `scheduleInfo` for what begins at `start`, or now, and lasts so long, or for ever.
fn schedule_info(terms: &Terms) -> Value {
    let expiration = terms.lasting.map_or_else(
        || json!({"type": "noExpiration"}),
        |lasting| json!({"type": "afterDuration", "duration": Terms::iso(lasting)}),
    );
    json!({"startDateTime": terms.start, "expiration": expiration})
}

pub(super) async fn order(
    desk: &Desk,
    family: Family,
    what: &Entitlement,
    action: &str,
    terms: &Terms,
) -> Done<Request> {
    let kind = if action == "selfExtend" || action == "selfRenew" { Kind::Eligibility } else { Kind::Assignment };
    let me = desk.me().await?.id.clone();
    place(desk, family, kind, what, &me, action, terms).await
}

/// Places an order for anybody.
pub(crate) async fn place(
    desk: &Desk,
    family: Family,
    kind: Kind,
    what: &Entitlement,
    principal: &str,
    action: &str,
    terms: &Terms,
) -> Done<Request> {
    let mut body = target(family, what);
    body.extend([
        ("action".to_owned(), action.into()),
        ("principalId".to_owned(), principal.into()),
        ("justification".to_owned(), json!(terms.reason)),
        ("isValidationOnly".to_owned(), terms.dry_run.into()),
    ]);
    body.extend(terms.ticket_info().map(|ticket| ("ticketInfo".to_owned(), ticket)));
    if !["selfDeactivate", "adminRemove"].contains(&action) {
        body.insert("scheduleInfo".to_owned(), schedule_info(terms));
    }
    let made = desk.order(Method::POST, &family.set(kind, "ScheduleRequests"), Some(&body.into())).await?;
    Ok(Request {
        name: what.name.clone(),
        place: what.place.clone(),
        dry_run: terms.dry_run,
        ..of_row(family, kind, &made)
    })
}

/// A row of a collection of requests.
pub(crate) fn of_row(family: Family, kind: Kind, row: &Value) -> Request {
    let what = entitlement(family, row);
    let id = at(row, "/id").unwrap_or_default();
    Request {
        provider: family.provider,
        place_of_it: format!("{}/{}", family.set(kind, "ScheduleRequests"), escaped(&id)),
        id,
        name: what.name,
        access: what.access,
        scope: what.scope,
        place: what.place,
        action: at(row, "/action").unwrap_or_default(),
        status: at(row, "/status").unwrap_or_default(),
        created: at(row, "/createdDateTime"),
        from: at(row, "/scheduleInfo/startDateTime"),
        until: at(row, "/scheduleInfo/expiration/endDateTime"),
        lasting: seconds(at(row, "/scheduleInfo/expiration/duration")),
        reason: at(row, "/justification"),
        ticket: at(row, "/ticketInfo/ticketNumber"),
        principal: at(row, "/principal/userPrincipalName")
            .or_else(|| at(row, "/principal/displayName"))
            .or_else(|| at(row, "/principalId")),
        approval: at(row, "/approvalId"),
        dry_run: false,
    }
}

pub(super) async fn requests(desk: &Desk, family: Family, whose: Whose) -> Done<Vec<Request>> {
    let of = |kind: Kind| async move {
        let all = format!("{}?$expand={},principal", family.set(kind, "ScheduleRequests"), family.expand);
        let rows = match (whose, family.provider) {
            (Whose::Mine, _) => desk.rows(&family.mine(kind, "ScheduleRequests", "principal", None)).await?,
            // Lists of groups name a group: what can be had without is what one has to do with.
            (Whose::All, Provider::Group) => {
                let on =
                    |on: &'static str| async move { desk.rows(&family.mine(kind, "ScheduleRequests", on, None)).await };
                let (mut rows, more) = try_join(on("principal"), on("createdBy")).await?;
                rows.extend(more);
                rows.extend(on("approver").await?);
                rows.sort_by_key(|row| at(row, "/id"));
                rows.dedup_by_key(|row| at(row, "/id"));
                rows
            }
            (Whose::All, _) => desk.rows(&all).await?,
        };
        Done::Ok(rows.iter().map(|row| of_row(family, kind, row)).collect::<Vec<_>>())
    };
    let (mut found, more) = try_join(of(Kind::Assignment), of(Kind::Eligibility)).await?;
    found.extend(more);
    Ok(found)
}

pub(super) async fn request(desk: &Desk, family: Family, id: Uuid) -> Done<Option<Request>> {
    for kind in [Kind::Assignment, Kind::Eligibility] {
        let path = format!("{}/{id}?$expand={},principal", family.set(kind, "ScheduleRequests"), family.expand);
        match desk.get(&path).await {
            Ok(row) => return Ok(Some(of_row(family, kind, &row))),
            Err(Failure::Refused { .. }) => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(None)
}

pub(super) async fn approvals(desk: &Desk, family: Family) -> Done<Vec<Waiting>> {
    let waits = Some("status eq 'PendingApproval'");
    let rows = desk.rows(&family.mine(Kind::Assignment, "ScheduleRequests", "approver", waits)).await?;
    let mut waiting = Vec::new();
    for row in &rows {
        let request = of_row(family, Kind::Assignment, row);
        let Some(id) = request.approval.clone() else { continue };
        // Whoever could decide at some stage need not be whose turn it is.
        if let Some(stage) = open_stage(desk, family, &id).await? {
            waiting.push(Waiting { id, stage: Some(stage), request });
        }
    }
    Ok(waiting)
}

/// The stage that waits for the caller.
async fn open_stage(desk: &Desk, family: Family, approval: &str) -> Done<Option<String>> {
    let path = format!("{}/{}/{}", family.approvals, escaped(approval), family.stages);
    let stages = desk.rows(&path).await?;
    let is_open = |stage: &&Value| {
        let mine = stage.get("assignedToMe").and_then(Value::as_bool) == Some(true);
        let waits = at(stage, "/status").is_none_or(|status| status != "Completed");
        mine && waits && at(stage, "/reviewResult").as_deref() == Some("NotReviewed")
    };
    Ok(stages.iter().find(is_open).and_then(|stage| at(stage, "/id")))
}

pub(super) async fn decide(
    desk: &Desk,
    family: Family,
    waiting: &Waiting,
    approves: bool,
    reason: Option<&str>,
) -> Done {
    let stage = waiting.stage.as_deref().unwrap_or_default();
    let path = format!("{}/{}/{}/{}", family.approvals, escaped(&waiting.id), family.stages, escaped(stage));
    let body = json!({"reviewResult": if approves { "Approve" } else { "Deny" }, "justification": reason});
    desk.order(Method::PATCH, &path, Some(&body)).await.map(drop)
}

pub(super) async fn cancel(desk: &Desk, request: &Request) -> Done {
    desk.order(Method::POST, &format!("{}/cancel", request.place_of_it), None).await.map(drop)
}
