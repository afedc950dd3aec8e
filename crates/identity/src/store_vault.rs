//! The vault in the store.

use std::{fmt, sync::Arc};

use ephor_domain::{
    id::{ApiTokenId, PrincipalId, TokenFamilyId},
    principal::Principal,
};
use ephor_store::{
    Fault, Sealed, Store,
    tx::{Lock, credential::Credential, session::Session, token::ApiToken},
};
use jiff::Timestamp;

use crate::{
    basis::{Basis, FactorMark, marks, session_stands},
    bearer::Stands,
    event::Event,
    port::{Answer, Inserted, Vault},
    recognised::Recognised,
    secret::SecretHash,
    token::MOST,
};

/// Makes the audit record of an event: the engine's.
pub type Seal = Arc<dyn Fn(&Event) -> Sealed + Send + Sync>;

/// Accounts, sessions and tokens in the store.
#[derive(Clone)]
pub struct StoreVault {
    store: Store,
    seal: Seal,
    recognised: Arc<Recognised<SecretHash, (ApiToken, Principal)>>,
    standing: Arc<Recognised<(PrincipalId, Option<TokenFamilyId>), Stands>>,
}

impl fmt::Debug for StoreVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreVault").finish_non_exhaustive()
    }
}

impl StoreVault {
    /// The vault in this store; `seal` makes the records.
    #[must_use]
    pub fn new(store: Store, seal: Seal) -> Self {
        Self { store, seal, recognised: Arc::default(), standing: Arc::default() }
    }
}

impl StoreVault {
    async fn read_token(&self, hash: SecretHash) -> Result<Option<(ApiToken, Principal)>, Fault> {
        let read = self.store.read(move |tx| {
            let hash = hash.clone();
            Box::pin(async move {
                let Some(token) = tx.api_token(hash.as_bytes()).await? else {
                    return Ok(None);
                };
                Ok(tx.principal(token.principal).await?.map(|principal| (token, principal)))
            })
        });
        read.await
    }

    /// Who stands behind signed tokens, as far as it was read.
    pub(crate) fn standing(&self) -> &Recognised<(PrincipalId, Option<TokenFamilyId>), Stands> {
        &self.standing
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn sealed(&self, event: &Event) -> Sealed {
        (self.seal)(event)
    }
}

impl Vault for StoreVault {
    fn account_named<'a>(&'a self, spelling: &'a str) -> Answer<'a, Option<(Principal, Option<Credential>)>> {
        let spelling = spelling.to_owned();
        Box::pin(self.store.read(move |tx| {
            let spelling = spelling.clone();
            Box::pin(async move {
                let Some(principal) = tx.principal_named(&spelling).await? else {
                    return Ok(None);
                };
                let credential = tx.credential(principal.id).await?;
                Ok(Some((principal, credential)))
            })
        }))
    }

    fn account(&self, principal: PrincipalId) -> Answer<'_, Option<Principal>> {
        Box::pin(self.store.read(move |tx| Box::pin(tx.principal(principal))))
    }

    fn factors(&self, principal: PrincipalId) -> Answer<'_, Vec<FactorMark>> {
        Box::pin(self.store.read(move |tx| Box::pin(marks(tx, principal))))
    }

    fn session<'a>(&'a self, hash: &'a SecretHash) -> Answer<'a, Option<(Session, Principal)>> {
        let hash = hash.clone();
        Box::pin(self.store.read(move |tx| {
            let hash = hash.clone();
            Box::pin(async move {
                let Some(session) = tx.session(hash.as_bytes()).await? else {
                    return Ok(None);
                };
                Ok(tx.principal(session.principal).await?.map(|principal| (session, principal)))
            })
        }))
    }

    fn token<'a>(&'a self, hash: &'a SecretHash) -> Answer<'a, Option<(ApiToken, Principal)>> {
        Box::pin(async move {
            let version = self.store.version();
            if let Some(known) = version.and_then(|version| self.recognised.get(hash, version)) {
                return Ok(Some(known));
            }
            let found = self.read_token(hash.clone()).await?;
            if let (Some(version), Some(found)) = (version, &found) {
                self.recognised.remember(hash.clone(), version, found);
            }
            Ok(found)
        })
    }

    fn touch_session(&self, session: Session) -> Answer<'_, ()> {
        Box::pin(self.store.transact(move |tx| {
            let session = session.clone();
            Box::pin(async move {
                tx.lock(&[Lock::Exclusive(session.principal.uuid())]).await?;
                // Only a session that is still there: an ended one must not come back.
                if tx.session(&session.hash).await?.is_some() {
                    tx.put_session(&session).await?;
                }
                Ok(())
            })
        }))
    }

    fn replace_session(&self, old: Option<SecretHash>, new: Session, basis: Basis, event: Event) -> Answer<'_, bool> {
        let record = (self.seal)(&event);
        Box::pin(self.store.transact(move |tx| {
            let (old, new, basis, record) = (old.clone(), new.clone(), basis.clone(), record.clone());
            Box::pin(async move {
                if !basis.stands(tx, new.principal).await? {
                    return Ok(false);
                }
                if let Some(old) = old {
                    tx.delete_session(old.as_bytes()).await?;
                }
                tx.put_session(&new).await?;
                tx.record(record).await?;
                Ok(true)
            })
        }))
    }

    fn renew_session(&self, old: SecretHash, new: Session, event: Event) -> Answer<'_, bool> {
        let record = (self.seal)(&event);
        Box::pin(self.store.transact(move |tx| {
            let (old, new, record) = (old.clone(), new.clone(), record.clone());
            Box::pin(async move {
                tx.lock(&[Lock::Exclusive(new.principal.uuid())]).await?;
                if !tx.delete_session(old.as_bytes()).await? {
                    return Ok(false);
                }
                tx.put_session(&new).await?;
                tx.record(record).await?;
                Ok(true)
            })
        }))
    }

    fn end_session(&self, hash: Vec<u8>, event: Event) -> Answer<'_, bool> {
        let record = (self.seal)(&event);
        Box::pin(self.store.transact(move |tx| {
            let (hash, record) = (hash.clone(), record.clone());
            Box::pin(async move {
                let Some(session) = tx.session(&hash).await? else { return Ok(false) };
                tx.lock(&[Lock::Exclusive(session.principal.uuid())]).await?;
                let there = tx.delete_session(&hash).await?;
                if there {
                    tx.record(record).await?;
                }
                Ok(there)
            })
        }))
    }

    fn end_sessions_of(&self, principal: PrincipalId, keep: Option<SecretHash>, event: Event) -> Answer<'_, ()> {
        let (record, at) = ((self.seal)(&event), event.at);
        Box::pin(self.store.transact(move |tx| {
            let (keep, record) = (keep.clone(), record.clone());
            Box::pin(async move {
                tx.lock(&[Lock::Exclusive(principal.uuid())]).await?;
                end_sessions(tx, principal, keep).await?;
                tx.revoke_token_families_of(principal, at).await?;
                tx.record(record).await
            })
        }))
    }

    fn sessions_of(&self, principal: PrincipalId) -> Answer<'_, Vec<Session>> {
        Box::pin(self.store.read(move |tx| Box::pin(tx.sessions_of(principal))))
    }

    fn insert_token(&self, token: ApiToken, session: Option<SecretHash>, event: Event) -> Answer<'_, Inserted> {
        let record = (self.seal)(&event);
        Box::pin(self.store.transact(move |tx| {
            let (token, session, record) = (token.clone(), session.clone(), record.clone());
            Box::pin(async move {
                let stands = match session {
                    Some(session) => session_stands(tx, token.principal, &session).await?,
                    None => Basis::default().stands(tx, token.principal).await?,
                };
                if !stands {
                    return Ok(Inserted::Ended);
                }
                let tokens = tx.api_tokens(token.principal).await?;
                let good = tokens.iter().filter(|other| other.revoked.is_none() && other.expires > token.created);
                if good.count() >= MOST {
                    return Ok(Inserted::TooMany);
                }
                tx.insert_api_token(&token).await?;
                tx.record(record).await?;
                Ok(Inserted::Done)
            })
        }))
    }

    fn revoke_token(&self, principal: PrincipalId, id: ApiTokenId, at: Timestamp, event: Event) -> Answer<'_, bool> {
        let record = (self.seal)(&event);
        Box::pin(self.store.transact(move |tx| {
            let record = record.clone();
            Box::pin(async move {
                let revoked = tx.revoke_api_token(principal, id, at).await?;
                if revoked {
                    tx.record(record).await?;
                }
                Ok(revoked)
            })
        }))
    }

    fn tokens_of(&self, principal: PrincipalId) -> Answer<'_, Vec<ApiToken>> {
        Box::pin(self.store.read(move |tx| Box::pin(tx.api_tokens(principal))))
    }

    fn set_password(&self, credential: Credential, keep: Option<SecretHash>, event: Event) -> Answer<'_, bool> {
        let record = (self.seal)(&event);
        Box::pin(self.store.transact(move |tx| {
            let (credential, keep, record) = (credential.clone(), keep.clone(), record.clone());
            Box::pin(async move {
                let stands = match &keep {
                    Some(session) => session_stands(tx, credential.principal, session).await?,
                    None => tx.lock(&[Lock::Exclusive(credential.principal.uuid())]).await.map(|()| true)?,
                };
                if !stands {
                    return Ok(false);
                }
                tx.put_credential(&credential).await?;
                tx.delete_enrolments_of(credential.principal).await?;
                end_sessions(tx, credential.principal, keep).await?;
                tx.revoke_token_families_of(credential.principal, credential.changed).await?;
                tx.revoke_api_tokens_of(credential.principal, credential.changed).await?;
                tx.record(record).await?;
                Ok(true)
            })
        }))
    }
}

/// Ends all sessions of an account but `keep`.
pub(crate) async fn end_sessions(
    tx: &mut ephor_store::Tx,
    principal: PrincipalId,
    keep: Option<SecretHash>,
) -> Result<(), ephor_store::Fault> {
    let kept = match keep {
        Some(keep) => tx.session(keep.as_bytes()).await?.filter(|session| session.principal == principal),
        None => None,
    };
    tx.delete_sessions_of(principal).await?;
    if let Some(kept) = kept {
        tx.put_session(&kept).await?;
    }
    Ok(())
}
