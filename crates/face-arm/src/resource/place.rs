//! Resource groups and resources (`ARM 20`).

use std::collections::BTreeMap;

use ephor_domain::scope::{ArmScope, ArmScopeKind, Place};
use ephor_engine::resource::{DeletePlace, Footing, PlaceKind, PlaceNamed, PlacesBelow, PutPlace, ResourcesIn};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{answer::Reply, body::Members, call::Call, error::Answer};

/// Where a place is that nobody located.
const SOMEWHERE: &str = "global";

/// A resource group or resource as the wire shows it.
fn item(place: &Place) -> Value {
    let kind = match *place.scope.kind() == ArmScopeKind::ResourceGroup {
        true => "Microsoft.Resources/resourceGroups".to_owned(),
        false => written_type(&place.scope),
    };
    json!({
        "id": place.scope.as_str(),
        "name": place.scope.name(),
        "type": kind,
        "location": place.location.as_deref().unwrap_or(SOMEWHERE),
        "tags": place.tags,
        "properties": {"provisioningState": "Succeeded"},
    })
}

/// The type of a resource in the letters of its path.
fn written_type(scope: &ArmScope) -> String {
    let segments: Vec<&str> = scope.as_str().split('/').collect();
    let at = segments.iter().rposition(|segment| *segment == "providers").unwrap_or_default();
    let rest = segments.get(at + 1..).unwrap_or_default();
    let namespace = rest.first().copied().unwrap_or_default();
    let types: Vec<&str> = rest.iter().skip(1).step_by(2).copied().collect();
    format!("{namespace}/{}", types.join("/"))
}

/// The tags of a body; `None` where it says nothing of them.
pub(super) fn tags(members: Members<'_>) -> Answer<Option<BTreeMap<String, String>>> {
    let Some(Value::Object(tags)) = members.get("tags") else { return Ok(None) };
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Ok(Some(tags.iter().map(|(name, value)| (name.clone(), text(value))).collect()))
}

/// One resource group or resource.
pub(super) async fn serve(call: &Call, scope: ArmScope) -> Answer<Reply> {
    match call.method {
        Method::PUT | Method::PATCH => {
            let body = call.object()?;
            let members = Members::of(&body);
            let location = members.text("location")?.map(str::to_owned);
            let order = PutPlace {
                name: None,
                parent: None,
                location,
                tags: tags(members)?,
                footing: Footing::Resources,
                scope: scope.clone(),
            };
            if call.method == Method::PATCH {
                call.ask(PlaceNamed { scope }).await?;
            }
            let (place, created) = call.order(order).await?;
            Ok(Reply::with(if created { StatusCode::CREATED } else { StatusCode::OK }, item(&place)))
        }
        Method::DELETE => {
            let gone = call.order(DeletePlace { scope, footing: Footing::Resources }).await?;
            Ok(gone.map_or(Reply::empty(StatusCode::NO_CONTENT), |gone| Reply::ok(item(&gone))))
        }
        Method::HEAD => {
            call.ask(PlaceNamed { scope }).await?;
            Ok(Reply::empty(StatusCode::NO_CONTENT))
        }
        _ => Ok(Reply::ok(item(&call.ask(PlaceNamed { scope }).await?))),
    }
}

/// The resource groups of a subscription.
pub(super) async fn groups(call: &Call, scope: ArmScope) -> Answer<Reply> {
    let found = call.ask(PlacesBelow { scope, kind: PlaceKind::ResourceGroup }).await?;
    call.pages::<Value>(found.iter().map(item).collect())
}

/// The registered resources of a subscription or resource group.
pub(super) async fn resources(call: &Call, scope: ArmScope) -> Answer<Reply> {
    let found = call.ask(ResourcesIn { scope }).await?;
    call.pages::<Value>(found.iter().map(item).collect())
}
