//! Who may order schedules of resource roles, and for which roles (`ARM 5`, `ARM 9.5`).

use ephor_domain::{Refusal, id::PrincipalId, request::Action, resource::ResourceRefusal, scope::ArmScope};
use ephor_store::{Fault, Tx};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    rights::{Rights, action, locate},
    role,
    tree::{chain, known},
};
use crate::{admin::desk::Desk, answer::Answer};

/// Finer actions that serve as well (`ARM A-23`).
const WRITE_ASSIGNMENT_REQUESTS: &str = "Microsoft.Authorization/roleAssignmentScheduleRequests/write";
const WRITE_ELIGIBILITY_REQUESTS: &str = "Microsoft.Authorization/roleEligibilityScheduleRequests/write";

/// # Errors
/// [`ResourceRefusal::NotAuthorized`] for whoever may not give roles there; removing needs only the right to take them.
pub(crate) async fn require_order(desk: &mut Desk<'_>, scope: &ArmScope, order: Action) -> Answer<()> {
    let Some(caller) = desk.administrator() else { return Ok(()) };
    let now = desk.now();
    let rights = Rights::of(desk.tx, caller, now).await?;
    let (_, chain) = locate(desk.tx, &rights, scope, action::WRITE_ASSIGNMENTS).await?;
    for finer in [WRITE_ASSIGNMENT_REQUESTS, WRITE_ELIGIBILITY_REQUESTS] {
        if rights.may(desk.tx, &chain, finer).await? {
            return Ok(());
        }
    }
    if order == Action::AdminRemove && rights.may(desk.tx, &chain, action::DELETE_ASSIGNMENTS).await? {
        return Ok(());
    }
    rights.require(desk.tx, &chain, action::WRITE_ASSIGNMENTS).await
}

/// The same as a question.
pub(crate) async fn may_order(desk: &mut Desk<'_>, scope: &ArmScope, order: Action) -> Answer<bool> {
    match require_order(desk, scope, order).await {
        Ok(()) => Ok(true),
        Err(crate::Denied::Refused(_)) => Ok(false),
        Err(failed) => Err(failed),
    }
}

/// May this principal give roles there?
pub(crate) async fn may_assign(
    tx: &mut Tx,
    principal: PrincipalId,
    scope: &ArmScope,
    now: Timestamp,
) -> Result<bool, Fault> {
    let rights = Rights::of(tx, principal, now).await?;
    let chain = chain(tx, scope).await?;
    rights.may(tx, &chain, action::WRITE_ASSIGNMENTS).await
}

/// Is the scope there, and can the role be given at it?
///
/// # Errors
/// [`ResourceRefusal::NoScope`]; [`Refusal::NotFound`] of `role definition`; [`ResourceRefusal::RoleElsewhere`].
pub(crate) async fn check_role(tx: &mut Tx, definition: Uuid, scope: &ArmScope, gives: bool) -> Answer<()> {
    let scope = known(tx, scope).await?;
    if !gives {
        return Ok(());
    }
    let role = role::find(tx, definition).await?.ok_or(Refusal::NotFound { what: "role definition" })?;
    if role.is_assignable(&chain(tx, &scope).await?) {
        return Ok(());
    }
    Err(Refusal::from(ResourceRefusal::RoleElsewhere).into())
}
