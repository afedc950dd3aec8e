//! What is served, one module a kind of resource.

mod denial;
mod expanded;
mod management_group;
mod operation;
mod permission;
mod place;
mod policy;
mod policy_change;
mod provider;
mod role_assignment;
mod role_definition;
mod subscription;

use ephor_domain::scope::ArmScopeKind;
use http::{Method, StatusCode};
use serde_json::json;

use crate::{
    answer::Reply,
    call::Call,
    collection::Collection,
    error::{Answer, ArmError},
    route::Target,
};

/// What may be done with what a path names; nothing where nothing has that path.
pub(crate) fn methods(target: &Target) -> &'static [Method] {
    const READ: &[Method] = &[Method::GET];
    const POST: &[Method] = &[Method::POST];
    const WRITE: &[Method] = &[Method::GET, Method::PUT, Method::DELETE];
    const GROUP: &[Method] = &[Method::GET, Method::HEAD, Method::PUT, Method::PATCH, Method::DELETE];
    match target {
        Target::Authorization { collection, rest, .. } => collection.methods(rest.len()),
        Target::Place(scope) => match scope.kind() {
            ArmScopeKind::Root => &[],
            ArmScopeKind::ResourceGroup => GROUP,
            ArmScopeKind::ManagementGroup => &[Method::GET, Method::PUT, Method::PATCH, Method::DELETE],
            ArmScopeKind::Subscription | ArmScopeKind::Resource(_) => WRITE,
        },
        Target::ManagementSubscription(..) => WRITE,
        Target::Register(..) | Target::Entities | Target::ResourceGraph => POST,
        Target::Tenants
        | Target::Subscriptions
        | Target::ResourceGroups(_)
        | Target::Resources(_)
        | Target::Locations(_)
        | Target::Providers(_)
        | Target::Provider(..)
        | Target::ManagementGroups => READ,
    }
}

/// Serves a call whose method fits what it names.
pub(crate) async fn serve(call: &Call, target: Target) -> Answer<Reply> {
    match target {
        Target::Tenants => Ok(subscription::tenants(call)),
        Target::Subscriptions => subscription::list(call).await,
        Target::Place(scope) => match scope.kind() {
            ArmScopeKind::ManagementGroup => management_group::serve(call, scope).await,
            ArmScopeKind::Subscription => subscription::serve(call, scope).await,
            ArmScopeKind::Root | ArmScopeKind::ResourceGroup | ArmScopeKind::Resource(_) => {
                place::serve(call, scope).await
            }
        },
        Target::ResourceGroups(scope) => place::groups(call, scope).await,
        Target::Resources(scope) => place::resources(call, scope).await,
        Target::Locations(_) => Ok(Reply::ok(json!({"value": []}))),
        Target::Providers(subscription) => Ok(provider::list(subscription.as_ref())),
        Target::Provider(subscription, name) => provider::one(subscription.as_ref(), &name),
        Target::Register(subscription, name) => provider::one(Some(&subscription), &name),
        Target::ManagementGroups => management_group::list(call).await,
        Target::ManagementSubscription(group, subscription) => {
            management_group::subscription(call, group, subscription).await
        }
        Target::Entities => management_group::entities(call).await,
        Target::ResourceGraph => {
            Err(ArmError::new(StatusCode::NOT_FOUND, "ResourceNotFound", "The resource graph is not served here."))
        }
        Target::Authorization { scope, collection, rest } => {
            let name = rest.first().map(String::as_str);
            match collection {
                Collection::RoleDefinitions => role_definition::serve(call, scope, name).await,
                Collection::RoleAssignments => role_assignment::serve(call, scope, name).await,
                Collection::Permissions => permission::list(call, scope).await,
                Collection::DenyAssignments => denial::serve(call, scope, name).await,
                Collection::ProviderOperations => operation::serve(call, name),
                Collection::ElevateAccess => permission::elevate(call, &scope).await,
                Collection::Policies => policy::serve(call, scope, name).await,
                Collection::PolicyAssignments => policy::assignments(call, scope, name).await,
                Collection::ClassicAdministrators | Collection::Locks => permission::nothing(call, scope).await,
            }
        }
    }
}
