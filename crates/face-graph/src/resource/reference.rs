//! Members and owners by reference (`GRAPH 15.1` R10, R11).

use ephor_domain::{Refusal, entitlement::Access, id::Id};
use ephor_engine::{
    Denied,
    directory::{PutMember, RemoveMember},
};
use serde_json::Value;

use crate::{
    answer::Reply,
    body::member,
    call::{Call, guid},
    error::{Answer, GraphError},
};

/// The object that a body refers to: the last segment of a URL.
fn referred(call: &Call) -> Answer<uuid::Uuid> {
    let body = call.object()?;
    let unfit = || GraphError::bad_object("A valid '@odata.id' is needed: the URL of a directory object.");
    let url = member(&body, "@odata.id").and_then(Value::as_str).ok_or_else(unfit)?;
    let last = url.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let last = last.rsplit_once("('").and_then(|(_, key)| key.strip_suffix("')")).unwrap_or(last);
    guid(last).ok_or_else(unfit)
}

pub(super) async fn add(call: &Call, access: Access) -> Answer<Reply> {
    let (group, principal) = (Id::new(call.id(0)?), Id::new(referred(call)?));
    let actor = &call.signed.caller.actor;
    match call.engine().administer(actor, PutMember { group, principal, access }).await {
        Ok(()) => Ok(Reply::done()),
        Err(Denied::Refused(Refusal::Conflict { what: what @ ("members" | "owners") })) => {
            Err(GraphError::bad_object(format!(
                "One or more added object references already exist for the following modified properties: '{what}'."
            )))
        }
        Err(denied) => Err(said(call, denied)),
    }
}

pub(super) async fn remove(call: &Call, access: Access) -> Answer<Reply> {
    let (group, principal) = (Id::new(call.id(0)?), Id::new(call.id(1)?));
    let actor = &call.signed.caller.actor;
    let done = call.engine().administer(actor, RemoveMember { group, principal, access }).await;
    done.map(|()| Reply::done()).map_err(|denied| said(call, denied))
}

/// Missing objects are named, missing rights are the directory's (`GRAPH 4.2`).
fn said(call: &Call, denied: Denied) -> GraphError {
    match denied {
        Denied::Refused(Refusal::NotFound { what: "group" }) => GraphError::no_object(call.key(0)),
        Denied::Refused(Refusal::NotFound { .. }) => {
            GraphError::no_object(call.target.keys.get(1).map_or("@odata.id", String::as_str))
        }
        Denied::Refused(Refusal::NotAdministrator) => GraphError::new(
            http::StatusCode::FORBIDDEN,
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
        ),
        other @ (Denied::Refused(_) | Denied::Failed(_)) => other.into(),
    }
}
