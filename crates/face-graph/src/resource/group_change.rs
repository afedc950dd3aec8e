//! Groups are made, changed and deleted (`GRAPH 15.1` R8, R12).

use ephor_domain::id::{Id, PrincipalId};
use ephor_engine::directory::{ChangeGroup, CreateGroup, DeleteGroup};
use serde_json::{Map, Value};

use super::group;
use crate::{
    answer::Reply,
    body::member,
    call::{Call, guid},
    error::{Answer, GraphError},
    page::{shape, single},
};

type Body = Map<String, Value>;

pub(super) fn invalid(name: &str, of: &str) -> GraphError {
    GraphError::bad_object(format!("Invalid value specified for property '{name}' of resource '{of}'."))
}

/// A text that may be null; `None` where the body does not name it.
pub(super) fn text(body: &Body, name: &str, of: &str) -> Answer<Option<Option<String>>> {
    match member(body, name) {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(None)),
        Some(Value::String(text)) => Ok(Some(Some(text.clone()))),
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => Err(invalid(name, of)),
    }
}

/// A text that cannot be null.
pub(super) fn needed(body: &Body, name: &str, of: &str) -> Answer<Option<String>> {
    match text(body, name, of)? {
        None => Ok(None),
        Some(Some(text)) => Ok(Some(text)),
        Some(None) => Err(invalid(name, of)),
    }
}

/// A switch; null counts as absent.
pub(super) fn flag(body: &Body, name: &str, of: &str) -> Answer<Option<bool>> {
    match member(body, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(is)) => Ok(Some(*is)),
        Some(Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_)) => Err(invalid(name, of)),
    }
}

const OF: &str = "Group";

/// The objects that references name: addresses that end in their ids.
fn bound(body: &Body, name: &str) -> Answer<Vec<PrincipalId>> {
    let name = format!("{name}@odata.bind");
    let Some(value) = member(body, &name) else { return Ok(Vec::new()) };
    let addresses = value.as_array().ok_or_else(|| invalid(&name, OF))?;
    let id = |address: &Value| {
        let last = address.as_str()?.trim_end_matches('/').rsplit('/').next()?;
        guid(last.trim_end_matches([')', '\'']).rsplit('\'').next()?).map(Id::new)
    };
    addresses.iter().map(|address| id(address).ok_or_else(|| invalid(&name, OF))).collect()
}

/// What a group is, which is said once.
struct Kinds {
    unified: bool,
    dynamic: bool,
}

fn kinds(body: &Body) -> Answer<Option<Kinds>> {
    let words = match member(body, "groupTypes") {
        None | Some(Value::Null) => return Ok(None),
        Some(value) => value.as_array().ok_or_else(|| invalid("groupTypes", OF))?,
    };
    let mut kinds = Kinds { unified: false, dynamic: false };
    for word in words {
        match word.as_str() {
            Some(word) if word.eq_ignore_ascii_case("Unified") => kinds.unified = true,
            Some(word) if word.eq_ignore_ascii_case("DynamicMembership") => kinds.dynamic = true,
            Some(_) | None => return Err(invalid("groupTypes", OF)),
        }
    }
    Ok(Some(kinds))
}

pub(super) async fn create(call: &Call) -> Answer<Reply> {
    let body = call.object()?;
    let missing =
        |name: &str| GraphError::bad_object(format!("A value is required for property '{name}' of resource 'Group'."));
    let kinds = kinds(&body)?.unwrap_or(Kinds { unified: false, dynamic: false });
    let rule = text(&body, "membershipRule", OF)?.flatten();
    if rule.is_some() != kinds.dynamic {
        return Err(invalid("membershipRule", OF));
    }
    let said = |name: &str| flag(&body, name, OF)?.ok_or_else(|| missing(name));
    let command = CreateGroup {
        name: needed(&body, "displayName", OF)?.ok_or_else(|| missing("displayName"))?,
        nickname: needed(&body, "mailNickname", OF)?.ok_or_else(|| missing("mailNickname"))?,
        description: text(&body, "description", OF)?.flatten(),
        role_assignable: flag(&body, "isAssignableToRole", OF)?.unwrap_or(false),
        mail_enabled: said("mailEnabled")?,
        security_enabled: said("securityEnabled")?,
        unified: kinds.unified,
        rule,
        members: bound(&body, "members")?,
        owners: bound(&body, "owners")?,
    };
    let made = call.engine().administer(&call.signed.caller.actor, command).await.map_err(GraphError::of_directory)?;
    let location = format!("{}/groups/{}", call.root, made.group.id);
    Ok(single(call, "group", "groups", &shape(call, "group")?, &group::row(&made)).created(&location))
}

pub(super) async fn change(call: &Call) -> Answer<Reply> {
    let body = call.object()?;
    let id = call.id(0)?;
    // What a group is stays as it was made; that is refused, not dropped.
    for name in ["isAssignableToRole", "groupTypes", "mailEnabled", "securityEnabled", "membershipRule"] {
        if member(&body, name).is_some() {
            return Err(GraphError::bad_object(format!("Property '{name}' cannot be changed.")));
        }
    }
    let command = ChangeGroup {
        id: Id::new(id),
        name: needed(&body, "displayName", OF)?,
        nickname: needed(&body, "mailNickname", OF)?,
        description: text(&body, "description", OF)?,
        members: bound(&body, "members")?,
        owners: bound(&body, "owners")?,
    };
    call.engine().administer(&call.signed.caller.actor, command).await.map_err(GraphError::of_directory)?;
    Ok(Reply::done())
}

pub(super) async fn delete(call: &Call) -> Answer<Reply> {
    let id = Id::new(call.id(0)?);
    call.engine().administer(&call.signed.caller.actor, DeleteGroup { id }).await.map_err(GraphError::of_directory)?;
    Ok(Reply::done())
}
