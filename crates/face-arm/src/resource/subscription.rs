//! `/subscriptions`, `/tenants`: where a client begins (`ARM 20`).

use ephor_domain::scope::{ArmScope, Place};
use ephor_engine::resource::{DeletePlace, Footing, PlaceNamed, PutPlace, VisibleSubscriptions};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::place;
use crate::{
    answer::Reply,
    body::Members,
    call::Call,
    error::{Answer, ArmError},
    face::Options,
};

fn item(options: &Options, subscription: &Place) -> Value {
    let mut item = json!({
        "id": subscription.scope.as_str(),
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": subscription.scope.name(),
        "tenantId": options.tenant,
        "displayName": subscription.name,
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "SelfHosted",
            "spendingLimit": "Off",
        },
    });
    if !subscription.tags.is_empty()
        && let Some(members) = item.as_object_mut()
    {
        members.insert("tags".to_owned(), json!(subscription.tags));
    }
    item
}

/// `GET /subscriptions`.
pub(super) async fn list(call: &Call) -> Answer<Reply> {
    let found = call.ask(VisibleSubscriptions).await?;
    let items: Vec<Value> = found.iter().map(|one| item(call.settings(), one)).collect();
    let count = items.len();
    Ok(Reply::ok(json!({"value": items, "count": {"type": "Total", "value": count}})))
}

/// One subscription.
pub(super) async fn serve(call: &Call, scope: ArmScope) -> Answer<Reply> {
    match call.method {
        Method::PUT => {
            let body = call.object()?;
            let members = Members::of(&body);
            let within = members.within("properties");
            let name = members.text("displayName")?.or(within.text("displayName")?);
            let parent = within.text("managementGroupId")?.or(members.text("managementGroupId")?);
            let parent = parent.map(|text| text.parse()).transpose().map_err(|_| no_parent())?;
            let order = PutPlace {
                scope,
                name: name.map(str::to_owned),
                parent,
                location: None,
                tags: place::tags(members)?,
                footing: Footing::Resources,
            };
            let (found, created) = call.order(order).await?;
            let status = if created { StatusCode::CREATED } else { StatusCode::OK };
            Ok(Reply::with(status, item(call.settings(), &found)))
        }
        Method::DELETE => {
            let gone = call.order(DeletePlace { scope, footing: Footing::Resources }).await?;
            Ok(gone.map_or(Reply::empty(StatusCode::NO_CONTENT), |gone| Reply::ok(item(call.settings(), &gone))))
        }
        _ => Ok(Reply::ok(item(call.settings(), &call.ask(PlaceNamed { scope }).await?))),
    }
}

/// The parent that was named is no scope.
pub(super) fn no_parent() -> ArmError {
    ArmError::bad("InvalidRequestContent", "The request content was invalid: the parent is no management group.")
}

/// `GET /tenants`.
pub(super) fn tenants(call: &Call) -> Reply {
    let options = call.settings();
    Reply::ok(json!({"value": [{
        "id": format!("/tenants/{}", options.tenant),
        "tenantId": options.tenant,
        "countryCode": null,
        "displayName": options.tenant_name,
        "domains": options.domains,
        "defaultDomain": options.domains.first(),
        "tenantType": "AAD",
        "tenantCategory": "Home",
    }]}))
}
