//! Who sees and who changes the policy of a role at a scope (`ARM 5`).

use ephor_domain::{
    Refusal,
    id::PrincipalId,
    resource::{ResourceRefusal, ResourceRole},
    scope::ArmScope,
};
use ephor_store::Tx;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    rights::{Rights, action, locate},
    role,
};
use crate::{admin::desk::Desk, answer::Answer, schedule::resource::holds_any};

/// The finer action by which a policy may be changed (`ARM A-23`).
const WRITE_POLICIES: &str = "Microsoft.Authorization/roleManagementPolicies/write";

/// May the caller see the policy? Whoever reads role assignments there, and whoever holds the role there.
///
/// # Errors
/// [`ResourceRefusal::NotAuthorized`], [`ResourceRefusal::NoRole`], [`ResourceRefusal::NoScope`].
pub(crate) async fn reads_policy(
    tx: &mut Tx,
    caller: PrincipalId,
    definition: Uuid,
    scope: &ArmScope,
    now: Timestamp,
) -> Answer<()> {
    let rights = Rights::of(tx, caller, now).await?;
    let (_, chain) = locate(tx, &rights, scope, action::READ_ASSIGNMENTS).await?;
    let holds = |(held, _): &super::rights::Held| held.definition == definition && chain.contains(&held.scope);
    let has = rights.held.iter().any(holds) || holds_any(tx, &rights.principals, definition, &chain).await?;
    if !has {
        rights.require(tx, &chain, action::READ_ASSIGNMENTS).await?;
    }
    assignable(tx, definition, &chain).await
}

/// May the caller change the policy?
///
/// # Errors
/// As [`reads_policy`].
pub(crate) async fn changes_policy(desk: &mut Desk<'_>, definition: Uuid, scope: &ArmScope) -> Answer<()> {
    let now = desk.now();
    let rights = match desk.administrator() {
        Some(caller) => Rights::of(desk.tx, caller, now).await?,
        None => Rights::default(),
    };
    let (_, chain) = locate(desk.tx, &rights, scope, action::WRITE_ASSIGNMENTS).await?;
    if desk.administrator().is_some() && !rights.may(desk.tx, &chain, WRITE_POLICIES).await? {
        rights.require(desk.tx, &chain, action::WRITE_ASSIGNMENTS).await?;
    }
    assignable(desk.tx, definition, &chain).await
}

async fn assignable(tx: &mut Tx, definition: Uuid, chain: &[ArmScope]) -> Answer<()> {
    let unknown = || Refusal::from(ResourceRefusal::NoRole(definition.to_string()));
    let role: ResourceRole = role::find(tx, definition).await?.ok_or_else(unknown)?;
    if role.is_assignable(chain) { Ok(()) } else { Err(Refusal::from(ResourceRefusal::RoleElsewhere).into()) }
}
