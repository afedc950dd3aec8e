//! What the issuer keeps: reads, and changes with their records in one commit.

use std::{net::IpAddr, sync::Arc};

use ephor_audit::{Actor, Record, Sealed, events};
use ephor_domain::id::{ClientId, PrincipalId, TokenFamilyId};
use ephor_engine::port::{Clock, Entropy};
use ephor_identity::{
    Basis, Identity,
    basis::{FactorMark, session_stands},
    secret::SecretHash,
};
use ephor_store::{
    Fault, Store, Tx, Write,
    tx::{
        device::DeviceCode,
        family::{AuthorizationCode, RefreshToken, TokenFamily},
    },
};
use jiff::Timestamp;

use crate::client::Client;

/// The store as the issuer uses it.
#[derive(Clone)]
pub(crate) struct Ledger {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) identity: Arc<Identity>,
}

/// An application that did not prove itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Failed {
    pub(crate) principal: Option<PrincipalId>,
    pub(crate) address: IpAddr,
}

/// What a sign-in is recorded with.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    pub(crate) principal: PrincipalId,
    pub(crate) client: ClientId,
    pub(crate) address: IpAddr,
    /// Which grant.
    pub(crate) grant: &'static str,
    /// The session of the browser that it rests on, if it does.
    pub(crate) session: Option<SecretHash>,
    /// What else it rests on.
    pub(crate) basis: Basis,
}

/// What became of something that is good once.
#[derive(Debug)]
pub(crate) enum Once<T> {
    /// It was good; now it is used.
    Good(T),
    /// It was used before: its family has ended.
    Again,
    /// There is none, or it has ended.
    Unknown,
}

impl Ledger {
    fn seal(&self, record: &Record) -> Sealed {
        let mut salt = [0; 16];
        self.entropy.fill(&mut salt);
        record.clone().seal(salt)
    }

    fn signed_in(&self, note: &Note, family: Option<TokenFamilyId>) -> Sealed {
        let actor = Actor::principal(note.principal.uuid());
        let mut record = Record::new(self.clock.now(), events::SIGNED_IN, actor)
            .detail("client", note.client.uuid())
            .detail("grant", note.grant);
        if let Some(family) = family {
            record = record.detail("family", family.uuid());
        }
        record.subject = Some(note.principal.uuid());
        record.actor_address = Some(note.address.to_canonical());
        self.seal(&record)
    }

    fn replayed(&self, family: TokenFamilyId, what: &'static str, address: IpAddr) -> Sealed {
        let mut record = Record::new(self.clock.now(), events::REFRESH_TOKEN_REPLAYED, Actor::Anonymous)
            .detail("family", family.uuid())
            .detail("what", what);
        record.actor_address = Some(address.to_canonical());
        self.seal(&record)
    }

    /// An application did not prove itself: recorded one by one, then counted (seams §16).
    pub(crate) fn failed(&self, failed: Failed) {
        self.identity.note_client_failure(failed.principal, failed.address);
    }

    /// The registered application with this id.
    pub(crate) async fn client(&self, id: ClientId) -> Result<Option<Client>, Fault> {
        self.store
            .read(move |tx| {
                Box::pin(async move {
                    let Some(row) = tx.application_of_client(id).await? else { return Ok(None) };
                    let principal = row.principal.id;
                    let secrets = tx.application_secrets(principal).await?;
                    let keys = tx.application_keys(principal).await?;
                    let consents = tx.consents(principal).await?;
                    let permissions = consents.into_iter().map(|consent| consent.permission).collect();
                    Ok(Some(Client::registered(row, secrets, keys, permissions)))
                })
            })
            .await
    }

    /// An account.
    pub(crate) async fn principal(&self, id: PrincipalId) -> Result<Option<ephor_domain::principal::Principal>, Fault> {
        self.store.read(move |tx| Box::pin(tx.principal(id))).await
    }

    /// A family, whatever its state.
    pub(crate) async fn family(&self, id: TokenFamilyId) -> Result<Option<TokenFamily>, Fault> {
        self.store.read(move |tx| Box::pin(tx.token_family(id))).await
    }

    /// The second factors of an account.
    pub(crate) async fn factors(&self, id: PrincipalId) -> Result<Vec<FactorMark>, Fault> {
        self.identity.factors(id).await
    }

    /// Origins of all pages that redeem codes themselves.
    pub(crate) async fn page_origins(&self) -> Result<Vec<String>, Fault> {
        const MOST: u32 = 1000;
        let rows = self.store.read(|tx| Box::pin(async move { tx.applications(None, MOST).await })).await?;
        let enabled = rows.iter().filter(|row| row.principal.enabled);
        let origins = enabled.flat_map(|row| &row.application.redirects).filter_map(|redirect| redirect.page_origin());
        Ok(origins.map(str::to_owned).collect())
    }

    /// Uses an assertion up; false when it was used before.
    pub(crate) async fn use_assertion(&self, hash: Vec<u8>, expires: Timestamp) -> Result<bool, Fault> {
        self.store
            .transact(move |tx| {
                let hash = hash.clone();
                Box::pin(async move { tx.use_assertion(&hash, expires).await })
            })
            .await
    }

    /// Begins a family with what stands for it; false when what the sign-in rests on has ended meanwhile.
    pub(crate) async fn begin(
        &self,
        family: TokenFamily,
        code: Option<AuthorizationCode>,
        refresh: Option<RefreshToken>,
        note: Note,
    ) -> Result<bool, Fault> {
        let (sealed, now) = (self.signed_in(&note, Some(family.id)), self.clock.now());
        self.store
            .transact(move |tx| {
                let (family, code, refresh, sealed) = (family.clone(), code.clone(), refresh.clone(), sealed.clone());
                let note = note.clone();
                Box::pin(async move {
                    if !stands(tx, &note).await? {
                        return Ok(false);
                    }
                    tx.insert_token_family(&family).await?;
                    if let Some(code) = code {
                        tx.insert_authorization_code(&code).await?;
                    }
                    if let Some(refresh) = refresh {
                        tx.insert_refresh_token(&refresh).await?;
                    }
                    tx.apply(vec![Write::Record(sealed), Write::SignedIn(note.principal, now)]).await?;
                    Ok(true)
                })
            })
            .await
    }

    /// Notes that somebody signed in without a token of ours being asked for in the ordinary way.
    pub(crate) async fn note_sign_in(&self, principal: PrincipalId) -> Result<(), Fault> {
        let now = self.clock.now();
        let noted = self
            .store
            .transact(move |tx| Box::pin(async move { tx.apply(vec![Write::SignedIn(principal, now)]).await }));
        noted.await
    }

    /// The code with this hash, not used up yet by asking.
    pub(crate) async fn code(&self, hash: Vec<u8>) -> Result<Option<(AuthorizationCode, TokenFamily)>, Fault> {
        self.store
            .read(move |tx| {
                let hash = hash.clone();
                Box::pin(async move {
                    let Some(code) = tx.authorization_code(&hash).await? else { return Ok(None) };
                    Ok(tx.token_family(code.family).await?.map(|family| (code, family)))
                })
            })
            .await
    }

    /// Uses a code up, and gives its family the refresh token; a code that comes again ends the family.
    pub(crate) async fn redeem_code(
        &self,
        code: &AuthorizationCode,
        refresh: Option<RefreshToken>,
        address: IpAddr,
    ) -> Result<Once<()>, Fault> {
        let now = self.clock.now();
        let (hash, family) = (code.hash.clone(), code.family);
        let sealed = self.replayed(family, "code", address);
        self.store
            .transact(move |tx| {
                let (hash, refresh, sealed) = (hash.clone(), refresh.clone(), sealed.clone());
                Box::pin(async move {
                    if !tx.use_authorization_code(&hash, now).await? {
                        end_family(tx, family, now, sealed).await?;
                        return Ok(Once::Again);
                    }
                    if let Some(refresh) = refresh {
                        tx.insert_refresh_token(&refresh).await?;
                    }
                    Ok(Once::Good(()))
                })
            })
            .await
    }

    /// Ends a family because somebody showed what was used already.
    pub(crate) async fn end_replayed(
        &self,
        family: TokenFamilyId,
        what: &'static str,
        address: IpAddr,
    ) -> Result<(), Fault> {
        let (now, sealed) = (self.clock.now(), self.replayed(family, what, address));
        self.store
            .transact(move |tx| {
                let sealed = sealed.clone();
                Box::pin(end_family(tx, family, now, sealed))
            })
            .await
    }

    /// The refresh token with this hash, not used up yet by asking.
    pub(crate) async fn refresh(&self, hash: Vec<u8>) -> Result<Option<(RefreshToken, TokenFamily)>, Fault> {
        self.store
            .read(move |tx| {
                let hash = hash.clone();
                Box::pin(async move {
                    let Some(token) = tx.refresh_token(&hash).await? else { return Ok(None) };
                    Ok(tx.token_family(token.family).await?.map(|family| (token, family)))
                })
            })
            .await
    }

    /// Puts `next` in the place of a refresh token; one that comes again ends the family.
    pub(crate) async fn rotate(
        &self,
        used: &RefreshToken,
        next: RefreshToken,
        address: IpAddr,
    ) -> Result<Once<()>, Fault> {
        let now = self.clock.now();
        let (hash, family) = (used.hash.clone(), used.family);
        let sealed = self.replayed(family, "refresh_token", address);
        self.store
            .transact(move |tx| {
                let (hash, next, sealed) = (hash.clone(), next.clone(), sealed.clone());
                Box::pin(async move {
                    if !tx.use_refresh_token(&hash, now).await? {
                        end_family(tx, family, now, sealed).await?;
                        return Ok(Once::Again);
                    }
                    tx.insert_refresh_token(&next).await?;
                    Ok(Once::Good(()))
                })
            })
            .await
    }

    /// Stores a new device code; false when its typed code is taken.
    pub(crate) async fn insert_device(&self, device: DeviceCode) -> Result<bool, Fault> {
        let outcome = self
            .store
            .transact(move |tx| {
                let device = device.clone();
                Box::pin(async move { tx.insert_device_code(&device).await })
            })
            .await;
        match outcome {
            Ok(()) => Ok(true),
            Err(Fault::Conflict { .. }) => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// The device code that a person typed.
    pub(crate) async fn device_typed(&self, code: String) -> Result<Option<DeviceCode>, Fault> {
        let now = self.clock.now();
        self.store
            .read(move |tx| {
                let code = code.clone();
                Box::pin(async move { tx.device_code_typed(&code, now).await })
            })
            .await
    }

    /// A person's word on a device code, with the family that follows from a yes; false when there was a word already, or
    /// the session has ended meanwhile.
    pub(crate) async fn decide_device(
        &self,
        hash: Vec<u8>,
        family: Option<TokenFamily>,
        note: Note,
    ) -> Result<bool, Fault> {
        let sealed = family.as_ref().map(|family| self.signed_in(&note, Some(family.id)));
        let now = self.clock.now();
        self.store
            .transact(move |tx| {
                let (hash, family, sealed) = (hash.clone(), family.clone(), sealed.clone());
                let note = note.clone();
                Box::pin(async move {
                    if !stands(tx, &note).await?
                        || !tx.decide_device_code(&hash, family.as_ref().map(|family| family.id)).await?
                    {
                        return Ok(false);
                    }
                    if let Some(family) = family {
                        tx.insert_token_family(&family).await?;
                    }
                    if let Some(sealed) = sealed {
                        tx.apply(vec![Write::Record(sealed), Write::SignedIn(note.principal, now)]).await?;
                    }
                    Ok(true)
                })
            })
            .await
    }

    /// The device code that a program holds; notes that it asked, and answers when it asked before.
    pub(crate) async fn poll_device(&self, hash: Vec<u8>) -> Result<Option<DeviceCode>, Fault> {
        let now = self.clock.now();
        // Whoever guesses writes nothing.
        let asked = hash.clone();
        let known = self.store.read(move |tx| {
            let hash = asked.clone();
            Box::pin(async move { tx.device_code(&hash).await })
        });
        if known.await?.is_none() {
            return Ok(None);
        }
        self.store
            .transact(move |tx| {
                let hash = hash.clone();
                Box::pin(async move {
                    let device = tx.device_code(&hash).await?;
                    if device.is_some() {
                        tx.device_code_polled(&hash, now).await?;
                    }
                    Ok(device)
                })
            })
            .await
    }

    /// Uses an allowed device code up, and answers its family.
    pub(crate) async fn redeem_device(
        &self,
        device: &DeviceCode,
        refresh: Option<RefreshToken>,
    ) -> Result<Once<TokenFamily>, Fault> {
        let (hash, family) = (device.hash.clone(), device.family);
        self.store
            .transact(move |tx| {
                let (hash, refresh) = (hash.clone(), refresh.clone());
                Box::pin(async move {
                    let Some(family) = family else { return Ok(Once::Unknown) };
                    if !tx.redeem_device_code(&hash).await? {
                        return Ok(Once::Again);
                    }
                    if let Some(refresh) = refresh {
                        tx.insert_refresh_token(&refresh).await?;
                    }
                    Ok(tx.token_family(family).await?.map_or(Once::Unknown, Once::Good))
                })
            })
            .await
    }
}

/// Does what a sign-in rests on still stand? Whoever ends sessions and tokens of an account holds the same lock, so none
/// begins beside it.
async fn stands(tx: &mut Tx, note: &Note) -> Result<bool, Fault> {
    if !note.basis.stands(tx, note.principal).await? {
        return Ok(false);
    }
    match &note.session {
        Some(session) => session_stands(tx, note.principal, session).await,
        None => Ok(true),
    }
}

async fn end_family(tx: &mut Tx, family: TokenFamilyId, now: Timestamp, sealed: Sealed) -> Result<(), Fault> {
    // Somebody who shows it again and again fills no log.
    if tx.revoke_token_family(family, now).await? {
        tx.record(sealed).await?;
    }
    Ok(())
}
