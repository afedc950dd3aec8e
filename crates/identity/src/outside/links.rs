//! Whose an outside identity is.

use ephor_domain::principal::{Principal, PrincipalKind, may_take_identity};
use ephor_store::{
    Fault, Tx,
    tx::{fold, identity_link::IdentityLink},
};

use crate::{basis::session_stands, event::Event, port::Answer, secret::SecretHash, store_vault::StoreVault};

/// Why an identity cannot be linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unlinkable {
    /// It belongs to another account, or belonged to one of another person (S1).
    #[error("the identity belongs to another account, or belonged to one of another person")]
    OtherPerson,
    /// The session in which its bearer proved who he is has ended.
    #[error("the session has ended")]
    Ended,
    /// The account is not there, or is no account that signs in.
    #[error("there is no such account")]
    NoAccount,
}

/// Reads and makes links. Each writing method writes its event in the same commit (A1).
pub trait Links: Send + Sync + 'static {
    /// The account that an identity signs in to; where none is linked and the issuer's word on the name is ours, the
    /// person's account of that sign-in name.
    fn linked<'a>(&'a self, issuer: &'a str, subject: &'a str, name: Option<&'a str>) -> Answer<'a, Option<Principal>>;

    /// Links an identity whose bearer has proved both, here by his session.
    fn link(&self, link: IdentityLink, session: SecretHash, event: Event) -> Answer<'_, Result<(), Unlinkable>>;
}

impl Links for StoreVault {
    fn linked<'a>(&'a self, issuer: &'a str, subject: &'a str, name: Option<&'a str>) -> Answer<'a, Option<Principal>> {
        let (issuer, subject, name) = (issuer.to_owned(), subject.to_owned(), name.map(str::to_owned));
        Box::pin(self.store().read(move |tx| {
            let (issuer, subject, name) = (issuer.clone(), subject.clone(), name.clone());
            Box::pin(async move {
                if let Some(principal) = tx.linked_principal(&issuer, &subject).await? {
                    return open(tx, Some(principal)).await;
                }
                let Some(name) = name else { return Ok(None) };
                // An identity that was ever linked signs in by its link alone.
                if !tx.links_of_identity(&issuer, &subject).await?.is_empty() {
                    return Ok(None);
                }
                let named = tx.principal_named(&name).await?.filter(|named| named.kind == PrincipalKind::User);
                let named = named.filter(|named| named.upn.as_deref().is_some_and(|upn| fold(upn) == fold(&name)));
                open(tx, named).await
            })
        }))
    }

    fn link(&self, link: IdentityLink, session: SecretHash, event: Event) -> Answer<'_, Result<(), Unlinkable>> {
        let record = self.sealed(&event);
        Box::pin(self.store().transact(move |tx| {
            let (link, session, record) = (link.clone(), session.clone(), record.clone());
            Box::pin(async move {
                if !session_stands(tx, link.principal, &session).await? {
                    return Ok(Err(Unlinkable::Ended));
                }
                let account = tx.principal(link.principal).await?;
                let Some(account) = account.filter(|account| account.kind != PrincipalKind::Group) else {
                    return Ok(Err(Unlinkable::NoAccount));
                };
                let mut before = Vec::new();
                for former in tx.links_of_identity(&link.issuer, &link.subject).await? {
                    if former.ended.is_none() && former.principal != link.principal {
                        return Ok(Err(Unlinkable::OtherPerson));
                    }
                    before.extend(tx.principal(former.principal).await?.map(|former| former.person));
                }
                if !may_take_identity(account.person, before) {
                    return Ok(Err(Unlinkable::OtherPerson));
                }
                tx.put_identity_link(&link).await?;
                tx.record(record).await?;
                Ok(Ok(()))
            })
        }))
    }
}

/// The account, unless it is held back.
async fn open(tx: &mut Tx, found: Option<Principal>) -> Result<Option<Principal>, Fault> {
    let Some(account) = found else { return Ok(None) };
    let held = tx.credential(account.id).await?.is_some_and(|credential| credential.is_held());
    Ok((!held).then_some(account))
}
