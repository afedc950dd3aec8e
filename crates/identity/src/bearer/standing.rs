//! Whether somebody behind a token may still act.

use ephor_domain::{
    id::{PrincipalId, TokenFamilyId},
    principal::Principal,
};

use crate::{port::Answer, store_vault::StoreVault};

/// Who stands behind a token now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stands {
    /// The account; whether it is enabled is in it.
    pub principal: Principal,
    /// The token's family was taken back, or is not known.
    pub revoked: bool,
}

/// Reads accounts and families. Asked with every call, so what it says is never old.
pub trait Standing: Send + Sync + 'static {
    /// The account of a token of ours and the state of its family.
    fn of_token(&self, principal: PrincipalId, family: Option<TokenFamilyId>) -> Answer<'_, Option<Stands>>;
}

impl Standing for StoreVault {
    fn of_token(&self, principal: PrincipalId, family: Option<TokenFamilyId>) -> Answer<'_, Option<Stands>> {
        Box::pin(self.store().read(move |tx| {
            Box::pin(async move {
                let Some(principal) = tx.principal(principal).await? else { return Ok(None) };
                let revoked = match family {
                    None => false,
                    Some(family) => tx
                        .token_family(family)
                        .await?
                        .is_none_or(|family| family.revoked.is_some() || family.principal != principal.id),
                };
                Ok(Some(Stands { principal, revoked }))
            })
        }))
    }
}
