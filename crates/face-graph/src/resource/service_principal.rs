//! Service principals (`GRAPH 15.1` R13).

use ephor_domain::id::Id;
use ephor_engine::directory::{ApplicationRow, DirectoryObject};
use serde_json::{Value, json};

use crate::{
    answer::Reply,
    call::{Call, guid},
    error::{Answer, GraphError},
    page::{shape, single},
    route::Resource,
};

/// A service principal as a row of the model.
pub(super) fn row(call: &Call, row: &ApplicationRow) -> Value {
    let client = row.application.client.to_string();
    json!({
        "@odata.type": "#microsoft.graph.servicePrincipal",
        "id": row.principal.id,
        "accountEnabled": row.principal.enabled,
        "appDisplayName": row.principal.display_name,
        "appId": client,
        "appOwnerOrganizationId": call.settings().tenant,
        "appRoleAssignmentRequired": false,
        "displayName": row.principal.display_name,
        "servicePrincipalNames": [client],
        "servicePrincipalType": "Application",
        "tags": [],
    })
}

pub(super) async fn get(call: &Call) -> Answer<Reply> {
    let missing = || GraphError::no_object(call.key(0));
    let id = guid(call.key(0)).ok_or_else(missing)?;
    let found = if call.target.resource == Resource::ServicePrincipalByApp {
        call.engine().directory_service_of(Id::new(id)).await?
    } else {
        match call.engine().directory_object(id).await? {
            Some(DirectoryObject::Service(found)) => Some(*found),
            Some(DirectoryObject::User(_) | DirectoryObject::Group(_)) | None => None,
        }
    };
    let found = found.ok_or_else(missing)?;
    let shape = shape(call, "servicePrincipal")?;
    if !shape.expand.is_empty() {
        return Err(GraphError::unsupported_query("This $expand is not supported."));
    }
    Ok(single(call, "servicePrincipal", "servicePrincipals", &shape, &row(call, &found)))
}
