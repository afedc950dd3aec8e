//! What is served, one module a kind of resource.

mod alert;
mod approval;
mod child;
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
mod schedule;
mod schedule_request;
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

/// Serves a call whose method fits what it names. Each resource's work is a future of its own: together they would fill a
/// thread's stack.
pub(crate) async fn serve(call: &Call, target: Target) -> Answer<Reply> {
    match target {
        Target::Tenants => Ok(subscription::tenants(call)),
        Target::Subscriptions => Box::pin(subscription::list(call)).await,
        Target::Place(scope) => match scope.kind() {
            ArmScopeKind::ManagementGroup => Box::pin(management_group::serve(call, scope)).await,
            ArmScopeKind::Subscription => Box::pin(subscription::serve(call, scope)).await,
            ArmScopeKind::Root | ArmScopeKind::ResourceGroup | ArmScopeKind::Resource(_) => {
                Box::pin(place::serve(call, scope)).await
            }
        },
        Target::ResourceGroups(scope) => Box::pin(place::groups(call, scope)).await,
        Target::Resources(scope) => Box::pin(place::resources(call, scope)).await,
        Target::Locations(_) => Ok(Reply::ok(json!({"value": []}))),
        Target::Providers(subscription) => Ok(provider::list(subscription.as_ref())),
        Target::Provider(subscription, name) => provider::one(subscription.as_ref(), &name),
        Target::Register(subscription, name) => provider::one(Some(&subscription), &name),
        Target::ManagementGroups => Box::pin(management_group::list(call)).await,
        Target::ManagementSubscription(group, subscription) => {
            Box::pin(management_group::subscription(call, group, subscription)).await
        }
        Target::Entities => Box::pin(management_group::entities(call)).await,
        Target::ResourceGraph => {
            Err(ArmError::new(StatusCode::NOT_FOUND, "ResourceNotFound", "The resource graph is not served here."))
        }
        Target::Authorization { scope, collection, rest } => {
            let name = rest.first().map(String::as_str);
            match collection {
                Collection::RoleDefinitions => Box::pin(role_definition::serve(call, scope, name)).await,
                Collection::RoleAssignments => Box::pin(role_assignment::serve(call, scope, name)).await,
                Collection::Permissions => Box::pin(permission::list(call, scope)).await,
                Collection::DenyAssignments => Box::pin(denial::serve(call, scope, name)).await,
                Collection::ProviderOperations => operation::serve(call, name),
                Collection::ElevateAccess => Box::pin(permission::elevate(call, &scope)).await,
                Collection::Policies => Box::pin(policy::serve(call, scope, name)).await,
                Collection::PolicyAssignments => Box::pin(policy::assignments(call, scope, name)).await,
                Collection::Requests(kind) => schedule_request::serve(call, scope, kind, &rest).await,
                Collection::Schedules(kind) => schedule::serve(call, scope, kind, false, name).await,
                Collection::Instances(kind) => schedule::serve(call, scope, kind, true, name).await,
                Collection::EligibleChildren => child::list(call, scope).await,
                Collection::Approvals => approval::serve(call, scope, &rest).await,
                Collection::Alerts => Box::pin(alert::serve(call, scope, &rest)).await,
                Collection::AlertDefinitions => Box::pin(alert::definitions(call, scope, name)).await,
                Collection::AlertConfigurations => Box::pin(alert::configurations(call, scope, name)).await,
                Collection::AlertOperations => Box::pin(alert::operation(call, scope, name)).await,
                Collection::ClassicAdministrators | Collection::Locks => {
                    Box::pin(permission::nothing(call, scope)).await
                }
            }
        }
    }
}
