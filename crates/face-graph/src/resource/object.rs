//! Directory objects of any type (`GRAPH 15.1` R14, R15).

use ephor_engine::directory::DirectoryObject;
use serde_json::Value;
use uuid::Uuid;

use super::{group, service_principal, user};
use crate::{
    answer::Reply,
    body::member,
    call::{Call, guid},
    error::{Answer, GraphError},
    list,
    page::{Plan, Rules, shape, single},
};

/// An object as a row of the model.
pub(super) fn row(call: &Call, object: &DirectoryObject) -> Value {
    match object {
        DirectoryObject::User(entry) => user::row(entry),
        DirectoryObject::Group(entry) => group::row(entry),
        DirectoryObject::Service(found) => service_principal::row(call, found),
    }
}

pub(super) fn rows(call: &Call, objects: &[DirectoryObject]) -> Vec<Value> {
    objects.iter().map(|object| row(call, object)).collect()
}

/// The type that a row names, without name space.
pub(super) fn type_of(row: &Value) -> &str {
    let named = row.get("@odata.type").and_then(Value::as_str).unwrap_or_default();
    named.rsplit('.').next().unwrap_or_default()
}

pub(super) async fn get(call: &Call) -> Answer<Reply> {
    let found = call.engine().directory_object(call.id(0)?).await?;
    let found = found.ok_or_else(|| GraphError::no_object(call.key(0)))?;
    let shape = shape(call, "directoryObject")?;
    if !shape.expand.is_empty() {
        return Err(GraphError::unsupported_query("This $expand is not supported."));
    }
    Ok(single(call, "directoryObject", "directoryObjects", &shape, &row(call, &found)))
}

/// Most ids of one call.
const MOST: usize = 1000;

pub(super) async fn get_by_ids(call: &Call) -> Answer<Reply> {
    let body = call.object()?;
    let ids = texts(&body, "ids", MOST)?.ok_or_else(|| GraphError::bad_object("Parameter 'ids' is missing."))?;
    let types = texts(&body, "types", 20)?;
    let mut known: Vec<Uuid> = Vec::new();
    for id in ids.iter().filter_map(|id| guid(id)) {
        if !known.contains(&id) {
            known.push(id);
        }
    }
    let found = call.engine().directory_objects(known).await?;
    let wanted = |row: &Value| match &types {
        None => true,
        Some(types) => types
            .iter()
            .any(|name| name.eq_ignore_ascii_case(type_of(row)) || name.eq_ignore_ascii_case("directoryObject")),
    };
    let rows = rows(call, &found).into_iter().filter(wanted).collect();
    // All of them at once: the answer has no further pages (`GRAPH 15.1`).
    let plan = Plan::of(call, "directoryObject", "directoryObjects", Rules { page: MOST, ..Rules::OBJECTS })?;
    list::whole(call, &plan, rows).await
}

/// A list of texts in a body; `None` where it is absent or null.
///
/// # Errors
/// 400 when it is none, or too long.
pub(super) fn texts(body: &serde_json::Map<String, Value>, name: &str, most: usize) -> Answer<Option<Vec<String>>> {
    let unfit = || GraphError::bad_object(format!("Invalid value specified for parameter '{name}'."));
    match member(body, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(values)) if values.len() <= most => {
            let texts = values.iter().map(|value| value.as_str().map(str::to_owned));
            texts.collect::<Option<_>>().map(Some).ok_or_else(unfit)
        }
        Some(Value::Array(_)) => Err(GraphError::bad_object(format!(
            "The number of values in parameter '{name}' exceeds the limit of {most}."
        ))),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => Err(unfit()),
    }
}
