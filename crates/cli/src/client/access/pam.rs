//! PAM roles, over the PAM REST API.

use std::collections::HashMap;

use futures_util::future::try_join;
use reqwest::Method;
use serde_json::{Value, json};
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
use crate::{
    client::{admin::spelling, server::guid, status::is_open},
    exit::{Done, Failure},
    output::property,
};

const BASE: &str = "api/pamresources";

fn entitlement(id: &str, name: String) -> Entitlement {
    Entitlement::of(Provider::Pam, name, id.to_owned())
}

/// The sentinel of the wire is no instant.
fn instant(row: &Value, name: &str) -> Option<String> {
    Some(property(row, name)).filter(|text| !text.is_empty() && !text.starts_with("0001-"))
}

async fn roles(desk: &Desk) -> Done<Vec<Value>> {
    or_nothing(desk.rows(&format!("{BASE}/pamroles")).await)
}

async fn own(desk: &Desk) -> Done<Vec<Value>> {
    or_nothing(desk.rows(&format!("{BASE}/pamrequests")).await)
}

/// Whoever is no user of privileged access has nothing there; that is no failure of a list.
fn or_nothing<T>(rows: Done<Vec<T>>) -> Done<Vec<T>> {
    match rows {
        Err(Failure::Refused { code, .. }) if code == "NotAuthorized" => Ok(Vec::new()),
        rows => rows,
    }
}

pub(super) async fn held(desk: &Desk) -> Done<Vec<Entitlement>> {
    let (roles, requests) = try_join(roles(desk), own(desk)).await?;
    let names = names(&roles);
    let mut rows: Vec<Entitlement> = roles
        .iter()
        .map(|role| Entitlement {
            eligible: Some(Eligible::default()),
            ..entitlement(&property(role, "RoleId"), property(role, "DisplayName"))
        })
        .collect();
    for row in requests.iter().filter(|row| is_open(&property(row, "RequestStatus"))) {
        let (id, status) = (property(row, "RequestId"), property(row, "RequestStatus"));
        let role = property(row, "RoleId");
        let name = names.get(&role).cloned().unwrap_or_else(|| role.clone());
        let open = entitlement(&role, name);
        rows.push(if status == "Active" {
            let active = Active {
                from: instant(row, "RequestedTime"),
                until: instant(row, "ExpirationTime"),
                assigned: false,
                requests: vec![id],
            };
            Entitlement { active: Some(active), ..open }
        } else {
            let action = "selfActivate".to_owned();
            let waiting = Pending { request: id, status, action, since: instant(row, "CreationTime") };
            Entitlement { waiting: Some(waiting), ..open }
        });
    }
    Ok(rows)
}

fn names(roles: &[Value]) -> HashMap<String, String> {
    roles.iter().map(|role| (property(role, "RoleId"), property(role, "DisplayName"))).collect()
}

pub(super) async fn activate(desk: &Desk, what: &Entitlement, terms: &Terms) -> Done<Request> {
    let longest = || async {
        let roles = roles(desk).await?;
        let role = roles.iter().find(|role| property(role, "RoleId") == what.definition);
        Done::Ok(role.map(|role| property(role, "TTL")).unwrap_or_default())
    };
    let lasting = match terms.lasting {
        Some(lasting) => lasting.0.to_string(),
        None => longest().await?,
    };
    if terms.dry_run {
        // The API has no question without an order.
        return Ok(Request { dry_run: true, status: "Unknown".to_owned(), ..blank(what, lasting.parse().ok()) });
    }
    let reason = match (&terms.reason, &terms.ticket) {
        (reason, None) => reason.clone(),
        // There is no field for tickets: the record shall have it all the same.
        (Some(reason), Some(ticket)) => Some(format!("{reason} (ticket {ticket})")),
        (None, Some(ticket)) => Some(format!("ticket {ticket}")),
    };
    let body = json!({
        "RoleId": what.definition,
        "RequestedTTL": lasting,
        "Justification": reason,
        "RequestedTime": terms.start,
    });
    let made = desk.order(Method::POST, &format!("{BASE}/pamrequests"), Some(&body)).await?;
    Ok(of_row(&made, &what.name))
}

fn blank(what: &Entitlement, lasting: Option<u64>) -> Request {
    let row = json!({"RequestId": Value::Null, "RoleId": what.definition});
    Request { lasting, ..of_row(&row, &what.name) }
}

fn of_row(row: &Value, role: &str) -> Request {
    let lasting = seconds(at(row, "/RequestedTTL"));
    Request {
        provider: Provider::Pam,
        id: property(row, "RequestId"),
        place_of_it: String::new(),
        name: role.to_owned(),
        access: None,
        scope: None,
        place: None,
        action: if lasting == Some(0) { "selfDeactivate" } else { "selfActivate" }.to_owned(),
        status: property(row, "RequestStatus"),
        created: instant(row, "CreationTime"),
        from: instant(row, "RequestedTime"),
        until: instant(row, "ExpirationTime"),
        lasting,
        reason: at(row, "/Justification"),
        ticket: None,
        principal: None,
        approval: None,
        dry_run: false,
    }
}

/// A row as administrators see it.
fn of_administration(row: &Value) -> Request {
    Request { principal: at(row, "/Username"), ..of_row(row, &property(row, "RoleName")) }
}

pub(super) async fn deactivate(desk: &Desk, what: &Entitlement) -> Done<Vec<Request>> {
    let ids = what.active.iter().flat_map(|active| active.requests.clone());
    let mut closed = Vec::new();
    for id in ids {
        close(desk, &id).await?;
        let found = request(desk, guid(&id, "a request")?).await?;
        let action = "selfDeactivate".to_owned();
        closed.extend(found.map(|found| Request { name: what.name.clone(), action, ..found }));
    }
    Ok(closed)
}

/// Ends an active request, withdraws one that waits.
pub(super) async fn close(desk: &Desk, id: &str) -> Done {
    let id = guid(id, "a request")?;
    desk.order(Method::POST, &format!("{BASE}/pamrequests(guid'{id}')/Close"), None).await.map(drop)
}

pub(super) async fn requests(desk: &Desk, whose: Whose) -> Done<Vec<Request>> {
    if whose == Whose::All {
        match desk.api().list("requests", &[]).await {
            Ok(rows) => return Ok(spelling::pam_rows(rows).iter().map(of_administration).collect()),
            // Whoever does not administer sees his own.
            Err(Failure::Refused { .. }) => {}
            Err(failure) => return Err(failure),
        }
    }
    let (roles, rows) = try_join(roles(desk), own(desk)).await?;
    let names = names(&roles);
    let of = |row: &Value| {
        let role = property(row, "RoleId");
        of_row(row, names.get(&role).unwrap_or(&role))
    };
    Ok(rows.iter().map(of).collect())
}

pub(super) async fn request(desk: &Desk, id: Uuid) -> Done<Option<Request>> {
    let own = requests(desk, Whose::Mine).await;
    let mine = own.as_ref().ok().and_then(|own| own.iter().find(|row| row.id == id.to_string()).cloned());
    match (mine, own) {
        (Some(mine), _) => Ok(Some(mine)),
        // Somebody else's, for those who administer.
        (None, _) => match desk.api().get(&format!("requests/{id}")).await {
            Ok(row) => Ok(Some(of_administration(&spelling::pam(row)))),
            Err(Failure::Refused { .. }) => Ok(None),
            Err(failure) => Err(failure),
        },
    }
}

pub(super) async fn approvals(desk: &Desk) -> Done<Vec<Waiting>> {
    let rows = or_nothing(desk.rows(&format!("{BASE}/pamrequeststoapprove")).await)?;
    let waiting = |row: &Value| {
        let id = row.pointer("/ApprovalObjectID/Value").and_then(Value::as_str).unwrap_or_default().to_owned();
        let request = Request {
            // The API names the approval and not the request.
            id: id.clone(),
            status: "PendingApproval".to_owned(),
            principal: at(row, "/Requestor"),
            approval: Some(id.clone()),
            ..of_row(row, &property(row, "RoleName"))
        };
        Waiting { id, stage: None, request }
    };
    Ok(rows.iter().map(waiting).collect())
}

pub(super) async fn decide(desk: &Desk, waiting: &Waiting, approves: bool) -> Done {
    let word = if approves { "Approve" } else { "Reject" };
    let id = escaped(&waiting.id);
    desk.order(Method::POST, &format!("{BASE}/pamrequeststoapprove(guid'{id}')/{word}"), None).await.map(drop)
}
