//! Whether somebody behind a token may still act.

use ephor_domain::{
    id::{PrincipalId, TokenFamilyId},
    principal::Principal,
};
use ephor_store::{Fault, Tx};

use crate::{port::Answer, store_vault::StoreVault};

/// Who stands behind a token now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stands {
    /// The account; whether it is enabled is in it.
    pub principal: Principal,
    /// The token's family was taken back, or is not known.
    pub revoked: bool,
}

/// Accounts and families. Asked with every call, so what it says is never old.
pub trait Standing: Send + Sync + 'static {
    /// The account of a token of ours and the state of its family.
    fn of_token(&self, principal: PrincipalId, family: Option<TokenFamilyId>) -> Answer<'_, Option<Stands>>;
}

impl Standing for StoreVault {
    fn of_token(&self, principal: PrincipalId, family: Option<TokenFamilyId>) -> Answer<'_, Option<Stands>> {
        Box::pin(async move {
            let (version, asked) = (self.store().version(), (principal, family));
            if let Some(known) = version.and_then(|version| self.standing().get(&asked, version)) {
                return Ok(Some(known));
            }
            let found = self.store().read(move |tx| Box::pin(read(tx, principal, family))).await?;
            // What is revoked stays so, and nobody needs to know it fast.
            if let (Some(version), Some(found)) = (version, found.as_ref().filter(|found| !found.revoked)) {
                self.standing().remember(asked, version, found);
            }
            Ok(found)
        })
    }
}

async fn read(tx: &mut Tx, principal: PrincipalId, family: Option<TokenFamilyId>) -> Result<Option<Stands>, Fault> {
    let Some(principal) = tx.principal(principal).await? else { return Ok(None) };
    let revoked = match family {
        None => false,
        Some(family) => tx
            .token_family(family)
            .await?
            .is_none_or(|family| family.revoked.is_some() || family.principal != principal.id),
    };
    Ok(Some(Stands { principal, revoked }))
}
