//! Management groups (`ARM 20`).

use ephor_domain::scope::{ArmScope, ArmScopeKind, Place};
use ephor_engine::resource::{
    DeletePlace, Footing, ManagementGroups, PlaceKind, PlaceNamed, PlacesBelow, PutPlace, VisibleSubscriptions,
};
use futures_util::future::BoxFuture;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::subscription::no_parent;
use crate::{answer::Reply, body::Members, call::Call, error::Answer};

/// How deep children are shown.
const DEPTH: usize = 10;

fn kind(scope: &ArmScope) -> &'static str {
    match *scope.kind() == ArmScopeKind::Subscription {
        true => "/subscriptions",
        false => "Microsoft.Management/managementGroups",
    }
}

fn details(place: &Place) -> Value {
    let parent = match *place.parent.kind() == ArmScopeKind::Root {
        true => Value::Null,
        false => json!({"id": place.parent.as_str(), "name": place.parent.name(), "displayName": place.parent.name()}),
    };
    json!({"version": 1, "updatedTime": place.created.to_string(), "updatedBy": null, "parent": parent})
}

fn item(call: &Call, place: &Place, children: Option<Value>) -> Value {
    let mut properties = json!({
        "tenantId": call.settings().tenant,
        "displayName": place.name,
        "details": details(place),
    });
    if let (Some(children), Some(members)) = (children, properties.as_object_mut()) {
        members.insert("children".to_owned(), children);
    }
    json!({
        "id": place.scope.as_str(),
        "type": kind(&place.scope),
        "name": place.scope.name(),
        "properties": properties,
    })
}

/// What hangs below a management group, as far as the caller sees it.
fn children<'c>(call: &'c Call, scope: ArmScope, depth: usize) -> BoxFuture<'c, Answer<Value>> {
    Box::pin(async move {
        let mut found = Vec::new();
        for sort in [PlaceKind::ManagementGroup, PlaceKind::Subscription] {
            for place in call.ask(PlacesBelow { scope: scope.clone(), kind: sort }).await? {
                let below = match sort == PlaceKind::ManagementGroup && depth > 1 {
                    true => children(call, place.scope.clone(), depth - 1).await?,
                    false => Value::Null,
                };
                found.push(json!({
                    "id": place.scope.as_str(),
                    "type": kind(&place.scope),
                    "name": place.scope.name(),
                    "displayName": place.name,
                    "children": below,
                }));
            }
        }
        Ok(Value::Array(found))
    })
}

/// `GET …/managementGroups`.
pub(super) async fn list(call: &Call) -> Answer<Reply> {
    let found = call.ask(ManagementGroups).await?;
    let row = |place: &Place| {
        json!({
            "id": place.scope.as_str(),
            "type": kind(&place.scope),
            "name": place.scope.name(),
            "properties": {"tenantId": call.settings().tenant, "displayName": place.name},
        })
    };
    call.pages::<Value>(found.iter().map(row).collect())
}

/// One management group.
pub(super) async fn serve(call: &Call, scope: ArmScope) -> Answer<Reply> {
    match call.method {
        Method::PUT | Method::PATCH => {
            let body = call.object()?;
            let members = Members::of(&body);
            let within = members.within("properties");
            let name = within.text("displayName")?.or(members.text("displayName")?).map(str::to_owned);
            let parent = within.within("details").within("parent").text("id")?.or(members.text("parentGroupId")?);
            let parent = parent.map(|text| text.parse()).transpose().map_err(|_| no_parent())?;
            let footing = Footing::Resources;
            let order = PutPlace { scope, name, parent, location: None, tags: None, footing };
            let (place, _) = call.order(order).await?;
            Ok(Reply::ok(item(call, &place, None)))
        }
        Method::DELETE => {
            let gone = call.order(DeletePlace { scope, footing: Footing::Resources }).await?;
            Ok(gone.map_or(Reply::empty(StatusCode::NO_CONTENT), |gone| Reply::ok(item(call, &gone, None))))
        }
        _ => {
            let place = call.ask(PlaceNamed { scope: scope.clone() }).await?;
            let below = match call.parameter("$expand") {
                Some(text) if text.eq_ignore_ascii_case("children") => {
                    let recurse = call.parameter("$recurse").is_some_and(|text| text.eq_ignore_ascii_case("true"));
                    Some(children(call, scope, if recurse { DEPTH } else { 1 }).await?)
                }
                _ => None,
            };
            Ok(Reply::ok(item(call, &place, below)))
        }
    }
}

/// A subscription as a child of a management group.
pub(super) async fn subscription(call: &Call, group: ArmScope, subscription: ArmScope) -> Answer<Reply> {
    let parent = match call.method {
        Method::PUT => Some(group),
        Method::DELETE => Some(ArmScope::root()),
        _ => None,
    };
    let place = match parent {
        Some(parent) => {
            let footing = Footing::Resources;
            let parent = Some(parent);
            call.ask(PlaceNamed { scope: subscription.clone() }).await?;
            let order = PutPlace { scope: subscription, name: None, parent, location: None, tags: None, footing };
            call.order(order).await?.0
        }
        None => call.ask(PlaceNamed { scope: subscription }).await?,
    };
    if call.method == Method::DELETE {
        return Ok(Reply::empty(StatusCode::NO_CONTENT));
    }
    let id = format!("{}/subscriptions/{}", place.parent.as_str().trim_end_matches('/'), place.scope.name());
    Ok(Reply::ok(json!({
        "id": id,
        "type": "Microsoft.Management/managementGroups/subscriptions",
        "name": place.scope.name(),
        "properties": {
            "tenant": call.settings().tenant,
            "displayName": place.name,
            "parent": {"id": place.parent.as_str()},
            "state": "Active",
        },
    })))
}

/// `POST …/getEntities`: all management groups and subscriptions that the caller sees.
pub(super) async fn entities(call: &Call) -> Answer<Reply> {
    let mut found = call.ask(ManagementGroups).await?;
    found.extend(call.ask(VisibleSubscriptions).await?);
    let row = |place: &Place| {
        json!({
            "id": place.scope.as_str(),
            "type": kind(&place.scope),
            "name": place.scope.name(),
            "properties": {
                "tenantId": call.settings().tenant,
                "displayName": place.name,
                "parent": {"id": place.parent.as_str()},
            },
        })
    };
    let rows: Vec<Value> = found.iter().map(row).collect();
    let count = rows.len();
    Ok(Reply::ok(json!({"value": rows, "count": count})))
}
