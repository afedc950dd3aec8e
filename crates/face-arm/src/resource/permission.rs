//! What the caller may do at a scope, and the way up for administrators of the tenant (`ARM 20`).

use ephor_domain::{
    resource::Permission,
    scope::{ArmScope, ArmScopeKind},
};
use ephor_engine::resource::{ElevateAccess, PermissionsAt};
use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    answer::Reply,
    call::Call,
    error::{Answer, ArmError},
};

/// One set of actions; conditions only where the version knows them.
pub(super) fn item(permission: &Permission, version: &str) -> Value {
    let mut item = json!({
        "actions": permission.actions,
        "notActions": permission.not_actions,
        "dataActions": permission.data_actions,
        "notDataActions": permission.not_data_actions,
    });
    if version == "2022-05-01-preview"
        && let (Some(condition), Some(members)) = (&permission.condition, item.as_object_mut())
    {
        members.insert("condition".to_owned(), json!(condition));
        members.insert("conditionVersion".to_owned(), json!(permission.condition_version));
    }
    item
}

/// `GET {scope}/…/permissions`.
pub(super) async fn list(call: &Call, scope: ArmScope) -> Answer<Reply> {
    let found = call.ask(PermissionsAt { scope }).await?;
    call.pages::<Value>(found.iter().map(|one| item(one, &call.version)).collect())
}

/// `POST …/elevateAccess`.
pub(super) async fn elevate(call: &Call, scope: &ArmScope) -> Answer<Reply> {
    if *scope.kind() != ArmScopeKind::Root {
        return Err(ArmError::not_found());
    }
    call.order(ElevateAccess).await?;
    Ok(Reply::empty(StatusCode::OK))
}

/// What is always empty: classic administrators, locks.
pub(super) async fn nothing(call: &Call, scope: ArmScope) -> Answer<Reply> {
    // Of a scope that is not there nothing is empty.
    call.ask(PermissionsAt { scope }).await?;
    Ok(call.list(Vec::<Value>::new(), None))
}
