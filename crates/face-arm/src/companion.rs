//! `/subscriptions`, `/tenants`: where a client begins (`ARM 20`).

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    caller::{Call, Signed},
    error::{Answer, ArmError},
    face::{App, Options},
    version,
};

/// A subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its id.
    pub id: Uuid,
    /// Name for people.
    pub name: String,
}

fn item(options: &Options, subscription: &Subscription) -> Value {
    json!({
        "id": format!("/subscriptions/{}", subscription.id),
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": subscription.id,
        "tenantId": options.tenant,
        "displayName": subscription.name,
        "state": "Enabled",
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "SelfHosted",
            "spendingLimit": "Off",
        },
    })
}

/// `GET /subscriptions`.
pub(crate) async fn subscriptions(State(app): State<App>, _: Signed, Call(uri): Call) -> Answer<Response> {
    version::check(&uri, version::SUBSCRIPTIONS)?;
    let items: Vec<Value> = app.options.subscriptions.iter().map(|one| item(&app.options, one)).collect();
    let count = items.len();
    Ok(Json(json!({"value": items, "count": {"type": "Total", "value": count}})).into_response())
}

/// `GET /subscriptions/{id}`.
pub(crate) async fn subscription(
    State(app): State<App>,
    _: Signed,
    Path(id): Path<String>,
    Call(uri): Call,
) -> Answer<Response> {
    version::check(&uri, version::SUBSCRIPTIONS)?;
    let asked = Uuid::try_parse(&id).ok().filter(|_| id.len() == 36).ok_or_else(|| {
        ArmError::new(
            StatusCode::BAD_REQUEST,
            "InvalidSubscriptionId",
            "The provided subscription identifier is malformed or invalid.",
        )
    })?;
    let found = app.options.subscriptions.iter().find(|one| one.id == asked);
    let found = found.ok_or_else(|| {
        ArmError::new(
            StatusCode::NOT_FOUND,
            "SubscriptionNotFound",
            format!("The subscription '{asked}' could not be found."),
        )
    })?;
    Ok(Json(item(&app.options, found)).into_response())
}

/// `GET /tenants`.
pub(crate) async fn tenants(State(app): State<App>, _: Signed, Call(uri): Call) -> Answer<Response> {
    version::check(&uri, version::TENANTS)?;
    let options = &app.options;
    let body = json!({"value": [{
        "id": format!("/tenants/{}", options.tenant),
        "tenantId": options.tenant,
        "countryCode": null,
        "displayName": options.tenant_name,
        "domains": options.domains,
        "defaultDomain": options.domains.first(),
        "tenantType": "AAD",
        "tenantCategory": "Home",
    }]});
    Ok(Json(body).into_response())
}
