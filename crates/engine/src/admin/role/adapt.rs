//! What a change of a role's privileges does to those who hold the role now: while a request is *Active* its holder is
//! in every group of the role (`PAM 1`), and in no other because of it.

use std::collections::BTreeSet;

use ephor_domain::{
    Refusal,
    effect::Membership,
    grant::{Grant, Phase},
    id::{EntitlementId, GroupId, PrincipalId},
    life,
    request::Request,
};
use ephor_store::{Write, tx::lock::Lock};

use crate::{admin::desk::Desk, answer::Answer};

/// Gives `group` to everybody who holds `role`.
pub(super) async fn widen(desk: &mut Desk<'_>, role: EntitlementId, group: GroupId) -> Answer<()> {
    let privilege = desk.tx.privileges(role).await?.into_iter().find(|privilege| privilege.group == group);
    let Some(privilege) = privilege else { return Err(Refusal::NotFound { what: "privilege" }.into()) };
    for (_, grant) in holding(desk, role).await? {
        let now = desk.now();
        let membership = desk.tx.membership(group, grant.principal).await?;
        let membership = membership.unwrap_or_else(|| Membership::unowed(&privilege, grant.principal, now));
        desk.ledger().widen(&grant, membership);
        // The next grant may be of the same account.
        desk.flush().await?;
    }
    Ok(())
}

/// Takes `group` from everybody who holds it through `role` alone (R4).
pub(super) async fn narrow(desk: &mut Desk<'_>, role: EntitlementId, group: GroupId) -> Answer<()> {
    for (request, grant) in holding(desk, role).await? {
        desk.ledger().write(Write::CloseEffect { grant: grant.id, group });
        desk.flush().await?;
        release(desk, group, grant.principal).await?;
        settle(desk, &request, grant).await?;
        desk.flush().await?;
    }
    Ok(())
}

async fn release(desk: &mut Desk<'_>, group: GroupId, principal: PrincipalId) -> Answer<()> {
    if !desk.tx.grants_owing(group, principal).await?.is_empty() {
        return Ok(());
    }
    let Some(membership) = desk.tx.membership(group, principal).await? else { return Ok(()) };
    let released = membership.released(desk.now());
    if released.is_settled_away() {
        desk.ledger().drop_membership(group, principal);
    } else {
        desk.ledger().put_membership(released);
    }
    Ok(())
}

/// A grant that waited for nothing but the group that went is in force now.
async fn settle(desk: &mut Desk<'_>, request: &Request, grant: Grant) -> Answer<()> {
    if !matches!(grant.phase, Phase::Applying { .. }) {
        return Ok(());
    }
    let Some(case) = desk.tx.grant_case(grant.id).await? else { return Ok(()) };
    if life::is_in_force(&case.owed) {
        desk.ledger().in_force(request, grant, &case.owed);
    }
    Ok(())
}

/// Grants of the role that owe their memberships now.
async fn holding(desk: &mut Desk<'_>, role: EntitlementId) -> Answer<Vec<(Request, Grant)>> {
    let (mut locks, mut grants) = (BTreeSet::new(), Vec::new());
    for id in desk.tx.open_grants(None, Some(role), ALL).await? {
        if let Some(owner) = desk.tx.owner_of_grant(id).await? {
            locks.insert(owner.principal);
            grants.push(id);
        }
    }
    let locks: Vec<_> = locks.into_iter().map(|holder| Lock::Exclusive(holder.uuid())).collect();
    desk.tx.lock(&locks).await?;
    let mut holding = Vec::new();
    for id in grants {
        let Some(case) = desk.tx.grant_case(id).await? else { continue };
        if let Some(grant) = case.grant
            && matches!(grant.phase, Phase::Applying { .. } | Phase::InForce { .. })
        {
            holding.push((case.request, grant));
        }
    }
    Ok(holding)
}

/// A role's live grants are changed in one commit, however many they are: nobody may see half of it.
const ALL: u32 = 1_000_000;
