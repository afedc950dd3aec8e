//! What clients ask about the tenant before they go on: what people may do by themselves, contexts of sign-in, plans that
//! were bought (`GRAPH 15.1` R23, R24).

use ephor_domain::policy::ContextClass;
use serde_json::{Value, json};

use crate::{
    answer::Reply,
    call::Call,
    error::{Answer, GraphError},
    list,
    page::{Plan, Rules, shape, single},
};

const POLICY: &str = "authorizationPolicy";
const CONTEXT: &str = "authenticationContextClassReference";
const CONTEXTS: &str = "identity/conditionalAccess/authenticationContextClassReferences";

/// Nobody does anything by himself: administrators register applications, make groups and invite.
pub(super) fn authorization_policy(call: &Call) -> Answer<Reply> {
    let row = json!({
        "@odata.type": "#microsoft.graph.authorizationPolicy",
        "id": POLICY,
        "allowEmailVerifiedUsersToJoinOrganization": false,
        "allowInvitesFrom": "none",
        "allowUserConsentForRiskyApps": false,
        "allowedToSignUpEmailBasedSubscriptions": false,
        "allowedToUseSSPR": false,
        "blockMsolPowerShell": true,
        "defaultUserRolePermissions": {
            "allowedToCreateApps": false,
            "allowedToCreateSecurityGroups": false,
            "allowedToCreateTenants": false,
            "allowedToReadBitlockerKeysForOwnedDevice": false,
            "allowedToReadOtherUsers": true,
            "permissionGrantPoliciesAssigned": [],
        },
        "deletedDateTime": null,
        "description": "What people may do by themselves.",
        "displayName": "Authorization Policy",
    });
    Ok(single(call, POLICY, "policies/authorizationPolicy", &shape(call, POLICY)?, &row))
}

/// A context that can be asked for. Those that nobody configured ask for a second factor of the last minutes.
fn row(class: ContextClass, configured: bool) -> Value {
    let name = if configured { format!("Context {class}") } else { format!("Context {class} (second factor)") };
    json!({
        "@odata.type": format!("#microsoft.graph.{CONTEXT}"),
        "id": class.to_string(),
        "description": null,
        "displayName": name,
        "isAvailable": true,
    })
}

fn all(call: &Call) -> Vec<Value> {
    let configured: Vec<ContextClass> = call.app.identity.contexts().configured().map(|(class, _)| class).collect();
    let classes = (1..=99).filter_map(ContextClass::new);
    classes.map(|class| row(class, configured.contains(&class))).collect()
}

pub(super) async fn contexts(call: &Call) -> Answer<Reply> {
    let plan = Plan::of(call, CONTEXT, CONTEXTS, Rules::PRIVILEGED)?;
    list::whole(call, &plan, all(call)).await
}

pub(super) fn context(call: &Call) -> Answer<Reply> {
    let is_it =
        |row: &Value| row.get("id").and_then(Value::as_str).is_some_and(|id| id.eq_ignore_ascii_case(call.key(0)));
    let found = all(call).into_iter().find(is_it).ok_or_else(GraphError::not_found)?;
    Ok(single(call, CONTEXT, CONTEXTS, &shape(call, CONTEXT)?, &found))
}

/// The plan that scripts look for before they go on: everything is there.
pub(super) async fn plans(call: &Call) -> Answer<Reply> {
    let plan = Plan::of(call, "subscribedSku", "subscribedSkus", Rules::OBJECTS)?;
    let tenant = call.settings().tenant;
    let (sku, service) = ("84a661c4-e949-4bd2-a560-ed7766fcaf2b", "eec0eb4f-6444-4f95-aba0-50c24d67f998");
    let row = json!({
        "@odata.type": "#microsoft.graph.subscribedSku",
        "id": format!("{tenant}_{sku}"),
        "accountId": tenant,
        "accountName": call.settings().tenant_name,
        "appliesTo": "User",
        "capabilityStatus": "Enabled",
        "consumedUnits": 0,
        "prepaidUnits": {"enabled": 1, "lockedOut": 0, "suspended": 0, "warning": 0},
        "servicePlans": [{
            "appliesTo": "User",
            "provisioningStatus": "Success",
            "servicePlanId": service,
            "servicePlanName": "AAD_PREMIUM_P2",
        }],
        "skuId": sku,
        "skuPartNumber": "AAD_PREMIUM_P2",
        "subscriptionIds": [],
    });
    list::whole(call, &plan, vec![row]).await
}
