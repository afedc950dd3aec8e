//! Where a client begins: subscriptions and tenants.

use serde_json::json;

use crate::app::{App, SUBSCRIPTION, TENANT};

fn first() -> serde_json::Value {
    json!({
        "id": format!("/subscriptions/{SUBSCRIPTION}"),
        "subscriptionId": SUBSCRIPTION,
        "tenantId": TENANT,
        "displayName": "Demo subscription",
        "state": "Enabled",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "SelfHosted",
            "spendingLimit": "Off",
        },
    })
}

#[tokio::test]
async fn subscriptions_have_all_that_clients_read() {
    let app = App::start().await;
    for version in ["2022-12-01", "2022-09-01", "2021-01-01", "2020-01-01", "2019-11-01", "2016-06-01"] {
        let list = app.get(&format!("/subscriptions?api-version={version}")).await;
        assert_eq!(list.json(), json!({"value": [first()], "count": {"type": "Total", "value": 1}}), "{version}");
        let one = app.get(&format!("/subscriptions/{SUBSCRIPTION}/?api-version={version}")).await;
        assert_eq!(one.json(), first(), "{version}");
    }
}

#[tokio::test]
async fn an_unknown_subscription_is_not_found_and_a_broken_id_is_said_to_be_one() {
    let app = App::start().await;
    let unknown = app.get(&format!("/subscriptions/{TENANT}?api-version=2022-12-01")).await;
    assert_eq!(unknown.error(), (404, "SubscriptionNotFound".to_owned()));
    assert_eq!(unknown.message(), format!("The subscription '{TENANT}' could not be found."));
    let broken = app.get("/subscriptions/one?api-version=2022-12-01").await;
    assert_eq!(broken.error(), (400, "InvalidSubscriptionId".to_owned()));
}

#[tokio::test]
async fn the_tenant_is_there_with_its_domains() {
    let app = App::start().await;
    let reply = app.get("/tenants?api-version=2022-12-01").await;
    let expected = json!({"value": [{
        "id": format!("/tenants/{TENANT}"),
        "tenantId": TENANT,
        "countryCode": null,
        "displayName": "Demo",
        "domains": ["demo.example"],
        "defaultDomain": "demo.example",
        "tenantType": "AAD",
        "tenantCategory": "Home",
    }]});
    assert_eq!(reply.json(), expected);
}
