//! The organization, which is the tenant (`GRAPH 15.1` R16).

use serde_json::{Value, json};

use crate::{
    answer::Reply,
    call::Call,
    error::{Answer, GraphError},
    list,
    page::{Plan, Rules, shape, single},
};

fn row(call: &Call) -> Value {
    let options = call.settings();
    let domains = options.domains.iter().enumerate().map(|(at, name)| {
        json!({
            "capabilities": "Email",
            "isDefault": at == 0,
            "isInitial": at == 0,
            "name": name,
            "type": "Managed",
        })
    });
    json!({
        "@odata.type": "#microsoft.graph.organization",
        "id": options.tenant,
        "businessPhones": [],
        "displayName": options.tenant_name,
        "securityComplianceNotificationMails": [],
        "technicalNotificationMails": [],
        "tenantType": "AAD",
        "verifiedDomains": domains.collect::<Vec<_>>(),
    })
}

pub(super) async fn list(call: &Call) -> Answer<Reply> {
    let plan = Plan::of(call, "organization", "organization", Rules::OBJECTS)?;
    list::whole(call, &plan, vec![row(call)]).await
}

pub(super) fn get(call: &Call) -> Answer<Reply> {
    if call.id(0)? != call.settings().tenant {
        return Err(GraphError::no_object(call.key(0)));
    }
    let shape = shape(call, "organization")?;
    Ok(single(call, "organization", "organization", &shape, &row(call)))
}
