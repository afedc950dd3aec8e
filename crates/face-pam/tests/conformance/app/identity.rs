//! Sign-in over the real identity layer, with accounts in the store and faults on demand.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use ephor_audit::{Actor, Record, Sealed, events};
use ephor_domain::{
    id::{ApiTokenId, PrincipalId},
    principal::Principal,
};
use ephor_engine::port::{Clock, Entropy};
use ephor_identity::{
    Basis, Event, Identity, Inserted, Journal, Ports, Presented, Settings, StoreVault, Vault, basis::FactorMark,
    password::Cost, port::Answer, secret::SecretHash, settings::Throttling,
};
use ephor_store::{
    Fault, Store,
    tx::{credential::Credential, session::Session, token::ApiToken},
};
use http::HeaderMap;
use jiff::Timestamp;

/// Everybody's password.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// The address that test callers come from.
pub(crate) const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A front door over the accounts of a store. Whoever signs in as `panic`, `slow`, `down` or `hangs` gets that.
pub(crate) fn front_door(store: &Store, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Identity {
    let settings = Settings {
        password_cost: Cost::LEAST,
        hash_workers: 1,
        throttle: Throttling::NotLoopback,
        ..Settings::default()
    };
    let vault = Arc::new(Directory(StoreVault::new(store.clone(), Arc::new(seal))));
    Identity::new(Ports { vault, journal: Arc::new(Nobody), clock, entropy }, settings).unwrap()
}

/// What a session or token is asked for with.
pub(crate) fn presented(headers: &HeaderMap) -> Presented<'_> {
    Presented { headers, address: ADDRESS, secure: false }
}

fn seal(event: &Event) -> Sealed {
    Record::new(event.at, events::SIGNED_IN, Actor::Anonymous).seal([0; 16])
}

struct Nobody;

impl Journal for Nobody {
    fn note(&self, _: Event) {}
}

struct Directory(StoreVault);

impl Vault for Directory {
    fn account_named<'a>(&'a self, spelling: &'a str) -> Answer<'a, Option<(Principal, Option<Credential>)>> {
        match spelling {
            "panic" => panic!("asked to"),
            "slow" => Box::pin(async { Err(Fault::Timeout) }),
            "down" => Box::pin(async { Err(Fault::Unavailable { cause: "asked to".to_owned() }) }),
            "hangs" => Box::pin(std::future::pending()),
            _ => self.0.account_named(spelling),
        }
    }

    fn account(&self, principal: PrincipalId) -> Answer<'_, Option<Principal>> {
        self.0.account(principal)
    }

    fn factors(&self, principal: PrincipalId) -> Answer<'_, Vec<FactorMark>> {
        self.0.factors(principal)
    }

    fn session<'a>(&'a self, hash: &'a SecretHash) -> Answer<'a, Option<(Session, Principal)>> {
        self.0.session(hash)
    }

    fn token<'a>(&'a self, hash: &'a SecretHash) -> Answer<'a, Option<(ApiToken, Principal)>> {
        self.0.token(hash)
    }

    fn touch_session(&self, session: Session) -> Answer<'_, ()> {
        self.0.touch_session(session)
    }

    fn replace_session(&self, old: Option<SecretHash>, new: Session, basis: Basis, event: Event) -> Answer<'_, bool> {
        self.0.replace_session(old, new, basis, event)
    }

    fn renew_session(&self, old: SecretHash, new: Session, event: Event) -> Answer<'_, bool> {
        self.0.renew_session(old, new, event)
    }

    fn end_session(&self, hash: Vec<u8>, event: Event) -> Answer<'_, bool> {
        self.0.end_session(hash, event)
    }

    fn end_sessions_of(&self, principal: PrincipalId, keep: Option<SecretHash>, event: Event) -> Answer<'_, ()> {
        self.0.end_sessions_of(principal, keep, event)
    }

    fn sessions_of(&self, principal: PrincipalId) -> Answer<'_, Vec<Session>> {
        self.0.sessions_of(principal)
    }

    fn insert_token(&self, token: ApiToken, session: Option<SecretHash>, event: Event) -> Answer<'_, Inserted> {
        self.0.insert_token(token, session, event)
    }

    fn revoke_token(&self, principal: PrincipalId, id: ApiTokenId, at: Timestamp, event: Event) -> Answer<'_, bool> {
        self.0.revoke_token(principal, id, at, event)
    }

    fn tokens_of(&self, principal: PrincipalId) -> Answer<'_, Vec<ApiToken>> {
        self.0.tokens_of(principal)
    }

    fn set_password(&self, credential: Credential, keep: Option<SecretHash>, event: Event) -> Answer<'_, bool> {
        self.0.set_password(credential, keep, event)
    }
}
