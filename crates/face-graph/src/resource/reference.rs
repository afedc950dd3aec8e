//! Members and owners by reference (`GRAPH 15.1` R10, R11).

use ephor_domain::{Refusal, entitlement::Access, id::Id, scope::DirectoryScope};
use ephor_engine::{
    Denied,
    directory::{AssignRole, PutMember, RemoveMember, UnassignRole},
};
use ephor_odata::v4::Selection;
use serde_json::{Value, json};

use super::{group, role};
use crate::{
    answer::{Content, Reply},
    body::member,
    call::{Call, guid},
    error::{Answer, GraphError},
    route::Resource,
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

/// A role is given for good, for the whole tenant (`GRAPH 9.4`).
pub(super) async fn add_holder(call: &Call) -> Answer<Reply> {
    let (definition, principal) = (call.id(0)?, Id::new(referred(call)?));
    match call.engine().administer(&call.signed.caller.actor, AssignRole { principal, definition }).await {
        Ok(_) => Ok(Reply::done()),
        Err(Denied::Refused(Refusal::Conflict { .. })) => Err(GraphError::bad_object(
            "One or more added object references already exist for the following modified properties: 'members'.",
        )),
        Err(denied) => Err(said(call, denied)),
    }
}

/// Whatever made it, a role for the whole tenant is taken away (`GRAPH 9.4`).
pub(super) async fn remove_holder(call: &Call) -> Answer<Reply> {
    let (definition, principal) = (call.id(0)?, Id::new(call.id(1)?));
    let unassign = UnassignRole { principal, definition, scope: DirectoryScope::Tenant };
    let done = call.engine().administer(&call.signed.caller.actor, unassign).await;
    done.map(|()| Reply::done()).map_err(|denied| said(call, denied))
}

/// Where members are, instead of what they are.
pub(super) async fn list(call: &Call) -> Answer<Reply> {
    let mut plain = call.clone();
    plain.options.select = Selection::default();
    plain.options.expand = Vec::new();
    let resource = call.target.resource;
    let mut reply = if resource == Resource::OwnerRefs {
        group::owners(&plain).await?
    } else if resource == Resource::DirectoryRoleMemberRefs {
        role::members(&plain).await?
    } else {
        group::members(&plain, false).await?
    };
    if let Content::Json(Value::Object(body)) = &mut reply.content {
        body.insert("@odata.context".to_owned(), call.context("Collection($ref)").into());
        if let Some(Value::Array(rows)) = body.get_mut("value") {
            for row in rows {
                let id = row.get("id").and_then(Value::as_str).unwrap_or_default();
                *row = json!({"@odata.id": format!("{}/directoryObjects/{id}", call.root)});
            }
        }
    }
    Ok(reply)
}

/// Missing objects are named, missing rights are the directory's (`GRAPH 4.2`).
fn said(call: &Call, denied: Denied) -> GraphError {
    match denied {
        Denied::Refused(Refusal::NotFound { what: "group" }) => GraphError::no_object(call.key(0)),
        Denied::Refused(Refusal::NotFound { .. }) => {
            GraphError::no_object(call.target.keys.get(1).map_or("@odata.id", String::as_str))
        }
        other @ (Denied::Refused(_) | Denied::Failed(_)) => GraphError::of_directory(other),
    }
}
