//! What an object is in (`GRAPH 15.1` R2 to R5). A role counts while it is held, a group while the membership is in force.

use std::collections::BTreeSet;

use ephor_engine::directory::Memberships;
use serde_json::Value;
use uuid::Uuid;

use super::{group, object, role, unit, user};
use crate::{
    answer::Reply,
    body::member,
    call::{Call, guid},
    error::{Answer, GraphError},
    page::texts,
};

/// The object that a path is about: that of its key, else the caller.
async fn subject(call: &Call) -> Answer<Uuid> {
    let Some(key) = call.target.keys.first() else {
        user::person(call)?;
        return Ok(call.signed.id().uuid());
    };
    let Some(id) = guid(key) else {
        let found = call.engine().directory_user_named(key).await?.ok_or_else(|| GraphError::no_object(key))?;
        return Ok(found.principal.id.uuid());
    };
    if id != call.signed.id().uuid() {
        call.engine().directory_object(id).await?.ok_or_else(|| GraphError::no_object(key))?;
    }
    Ok(id)
}

/// Groups and roles that an object is in, as rows.
pub(super) async fn rows(call: &Call, id: Uuid, transitive: bool) -> Answer<Vec<Value>> {
    let found = call.engine().memberships(id, transitive).await?;
    let groups = call.engine().directory_objects(found.groups.iter().copied().collect()).await?;
    let mut rows = object::rows(call, &groups);
    rows.extend(role::activated_rows(call, &found.roles).await?);
    rows.extend(call.engine().administrative_units_of(id).await?.iter().map(unit::row));
    Ok(rows)
}

pub(super) async fn member_of(call: &Call, transitive: bool) -> Answer<Reply> {
    let rows = rows(call, subject(call).await?, transitive).await?;
    group::listed(call, rows).await
}

/// Most ids that are asked about at once.
const MOST: usize = 20;

/// Those of the ids in the body that the object is in.
pub(super) async fn check(call: &Call, parameter: &str, with_roles: bool) -> Answer<Reply> {
    let body = call.object()?;
    let asked = object::texts(&body, parameter, MOST)?;
    let asked = asked.ok_or_else(|| GraphError::bad_object(format!("Parameter '{parameter}' is missing.")))?;
    let found = call.engine().memberships(subject(call).await?, true).await?;
    let held = ids(found, with_roles);
    let kept = asked.iter().filter_map(|id| guid(id)).filter(|id| held.contains(id)).map(|id| id.to_string());
    Ok(texts(call, kept.collect()))
}

/// All that the object is in.
pub(super) async fn get(call: &Call, with_roles: bool) -> Answer<Reply> {
    let body = call.object()?;
    let only_security = match member(&body, "securityEnabledOnly") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(only)) => *only,
        Some(_) => return Err(GraphError::bad_object("Parameter 'securityEnabledOnly' must be true or false.")),
    };
    let mut found = call.engine().memberships(subject(call).await?, true).await?;
    if only_security {
        let groups = call.engine().directory_objects(found.groups.iter().copied().collect()).await?;
        let rows = object::rows(call, &groups);
        let secure = rows.iter().filter(|row| row.get("securityEnabled") == Some(&Value::Bool(true)));
        found.groups = secure.filter_map(|row| row.get("id")?.as_str().and_then(guid)).collect();
    }
    let held = ids(found, with_roles);
    Ok(texts(call, held.into_iter().map(|id| id.to_string()).collect()))
}

fn ids(found: Memberships, with_roles: bool) -> BTreeSet<Uuid> {
    let mut ids = found.groups;
    if with_roles {
        ids.extend(found.roles);
    }
    ids
}
