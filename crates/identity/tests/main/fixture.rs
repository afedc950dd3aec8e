use std::{net::IpAddr, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ephor_domain::{
    id::{ApiTokenId, PersonId, PrincipalId},
    principal::{Principal, PrincipalKind},
};
use ephor_engine::port::{SeededEntropy, SimulatedClock};
use ephor_identity::{
    Accepted, Basis, Caller, Denied, Event, Identity, Inserted, Journal, Ports, Presented, Settings, Vault,
    basis::{FactorMark, Found},
    password::{Cost, hash_password},
    port::Answer,
    secret::SecretHash,
    token::MOST,
};
use ephor_store::{
    Fault,
    tx::{credential::Credential, session::Session, token::ApiToken},
};
use futures_util::future::ready;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use uuid::Uuid;

/// Everything in memory. `down` makes it answer faults.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) principals: Vec<Principal>,
    pub(crate) credentials: Vec<Credential>,
    pub(crate) sessions: Vec<Session>,
    pub(crate) tokens: Vec<ApiToken>,
    pub(crate) enrolled: Vec<PrincipalId>,
    pub(crate) events: Vec<Event>,
    pub(crate) down: bool,
    pub(crate) writes: usize,
}

#[derive(Default, Clone)]
pub(crate) struct Shared(pub(crate) Arc<Mutex<Memory>>);

impl Shared {
    fn read<'a, T: Send + 'a>(&self, query: impl FnOnce(&Memory) -> T) -> Answer<'a, T> {
        let memory = self.0.lock();
        let answer =
            if memory.down { Err(Fault::Unavailable { cause: "down".to_owned() }) } else { Ok(query(&memory)) };
        Box::pin(ready(answer))
    }

    fn write<'a, T: Send + 'a>(&self, event: Option<Event>, change: impl FnOnce(&mut Memory) -> T) -> Answer<'a, T> {
        let mut memory = self.0.lock();
        if memory.down {
            return Box::pin(ready(Err(Fault::Unavailable { cause: "down".to_owned() })));
        }
        memory.writes += 1;
        memory.events.extend(event);
        Box::pin(ready(Ok(change(&mut memory))))
    }
}

impl Memory {
    fn principal(&self, id: PrincipalId) -> Option<Principal> {
        self.principals.iter().find(|principal| principal.id == id).cloned()
    }

    fn marks(&self, principal: PrincipalId) -> Vec<FactorMark> {
        let own = self.enrolled.iter().filter(|enrolled| **enrolled == principal);
        own.map(|enrolled| FactorMark { id: enrolled.uuid(), on: true }).collect()
    }

    fn found(&self, principal: PrincipalId) -> Found {
        let credential = self.credentials.iter().find(|credential| credential.principal == principal);
        Found {
            enabled: self.principal(principal).is_some_and(|account| account.enabled),
            held: credential.is_some_and(Credential::is_held),
            password: credential.map(|credential| credential.changed),
            factors: self.marks(principal),
            is_led_here: true,
        }
    }
}

impl Vault for Shared {
    fn account_named<'a>(&'a self, spelling: &'a str) -> Answer<'a, Option<(Principal, Option<Credential>)>> {
        self.read(|memory| {
            let principal = memory.principals.iter().find(|principal| {
                principal.username().eq_ignore_ascii_case(spelling)
                    || principal.account.eq_ignore_ascii_case(spelling)
                    || principal.upn.as_deref().is_some_and(|upn| upn.eq_ignore_ascii_case(spelling))
            })?;
            let credential = memory.credentials.iter().find(|credential| credential.principal == principal.id);
            Some((principal.clone(), credential.cloned()))
        })
    }

    fn account(&self, principal: PrincipalId) -> Answer<'_, Option<Principal>> {
        self.read(|memory| memory.principal(principal))
    }

    fn factors(&self, principal: PrincipalId) -> Answer<'_, Vec<FactorMark>> {
        self.read(|memory| memory.marks(principal))
    }

    fn session<'a>(&'a self, hash: &'a SecretHash) -> Answer<'a, Option<(Session, Principal)>> {
        self.read(|memory| {
            let session = memory.sessions.iter().find(|session| session.hash == hash.as_bytes())?;
            Some((session.clone(), memory.principal(session.principal)?))
        })
    }

    fn token<'a>(&'a self, hash: &'a SecretHash) -> Answer<'a, Option<(ApiToken, Principal)>> {
        self.read(|memory| {
            let token = memory.tokens.iter().find(|token| token.hash == hash.as_bytes())?;
            Some((token.clone(), memory.principal(token.principal)?))
        })
    }

    fn touch_session(&self, session: Session) -> Answer<'_, ()> {
        self.write(None, |memory| {
            if let Some(stored) = memory.sessions.iter_mut().find(|stored| stored.hash == session.hash) {
                *stored = session;
            }
        })
    }

    fn replace_session(&self, old: Option<SecretHash>, new: Session, basis: Basis, event: Event) -> Answer<'_, bool> {
        self.write(Some(event), |memory| {
            if !basis.holds(&memory.found(new.principal)) {
                return false;
            }
            memory.sessions.retain(|session| old.as_ref().is_none_or(|old| session.hash != old.as_bytes()));
            memory.sessions.insert(0, new);
            true
        })
    }

    fn renew_session(&self, old: SecretHash, new: Session, event: Event) -> Answer<'_, bool> {
        self.write(Some(event), |memory| {
            let before = memory.sessions.len();
            memory.sessions.retain(|session| session.hash != old.as_bytes());
            let there = memory.sessions.len() < before;
            if there {
                memory.sessions.insert(0, new);
            }
            there
        })
    }

    fn end_session(&self, hash: Vec<u8>, event: Event) -> Answer<'_, bool> {
        self.write(Some(event), |memory| {
            let before = memory.sessions.len();
            memory.sessions.retain(|session| session.hash != hash);
            memory.sessions.len() < before
        })
    }

    fn end_sessions_of(&self, principal: PrincipalId, keep: Option<SecretHash>, event: Event) -> Answer<'_, ()> {
        self.write(Some(event), |memory| end_sessions(memory, principal, keep))
    }

    fn sessions_of(&self, principal: PrincipalId) -> Answer<'_, Vec<Session>> {
        self.read(|memory| memory.sessions.iter().filter(|session| session.principal == principal).cloned().collect())
    }

    fn insert_token(&self, token: ApiToken, _: Option<SecretHash>, event: Event) -> Answer<'_, Inserted> {
        self.write(Some(event), |memory| {
            let good = |other: &&ApiToken| other.revoked.is_none() && other.expires > token.created;
            if memory.tokens.iter().filter(good).count() >= MOST {
                return Inserted::TooMany;
            }
            memory.tokens.insert(0, token);
            Inserted::Done
        })
    }

    fn revoke_token(&self, principal: PrincipalId, id: ApiTokenId, at: Timestamp, event: Event) -> Answer<'_, bool> {
        self.write(Some(event), |memory| {
            let good =
                |token: &&mut ApiToken| token.id == id && token.principal == principal && token.revoked.is_none();
            memory.tokens.iter_mut().find(good).map(|token| token.revoked = Some(at)).is_some()
        })
    }

    fn tokens_of(&self, principal: PrincipalId) -> Answer<'_, Vec<ApiToken>> {
        self.read(|memory| memory.tokens.iter().filter(|token| token.principal == principal).cloned().collect())
    }

    fn set_password(&self, credential: Credential, keep: Option<SecretHash>, event: Event) -> Answer<'_, bool> {
        self.write(Some(event), |memory| {
            memory.credentials.retain(|stored| stored.principal != credential.principal);
            end_sessions(memory, credential.principal, keep);
            memory.credentials.push(credential);
            true
        })
    }
}

fn end_sessions(memory: &mut Memory, principal: PrincipalId, keep: Option<SecretHash>) {
    memory.sessions.retain(|session| {
        session.principal != principal || keep.as_ref().is_some_and(|keep| session.hash == keep.as_bytes())
    });
}

impl Journal for Shared {
    fn note(&self, event: Event) {
        self.0.lock().events.push(event);
    }
}

pub(crate) struct App {
    pub(crate) memory: Shared,
    pub(crate) clock: SimulatedClock,
    pub(crate) identity: Identity,
}

pub(crate) const START: i64 = 1_800_000_000;
pub(crate) const JEN: u128 = 1;
pub(crate) const OFF: u128 = 2;

pub(crate) fn id(number: u128) -> PrincipalId {
    PrincipalId::new(Uuid::from_u128(number))
}

fn principal(number: u128, account: &str, kind: PrincipalKind) -> Principal {
    Principal {
        id: id(number),
        kind,
        person: PersonId::new(Uuid::from_u128(100 + number)),
        domain: "DEMO".to_owned(),
        account: account.to_owned(),
        display_name: account.to_owned(),
        upn: Some(format!("{account}@demo.test")),
        enabled: account != "off",
    }
}

pub(crate) fn app() -> App {
    app_with(Settings { password_cost: Cost::LEAST, ..Settings::default() })
}

/// jen with a password, off disabled, nopass without, robot a service principal with one.
pub(crate) fn app_with(settings: Settings) -> App {
    let memory = Shared::default();
    let clock = SimulatedClock::new(Timestamp::from_second(START).unwrap());
    let entropy = Arc::new(SeededEntropy::new(1));
    {
        let mut memory = memory.0.lock();
        for (number, account, kind, password) in [
            (JEN, "jen", PrincipalKind::User, Some("jen's password")),
            (OFF, "off", PrincipalKind::User, Some("off's password")),
            (3, "nopass", PrincipalKind::User, None),
            (4, "robot", PrincipalKind::Service, Some("robot's password")),
        ] {
            memory.principals.push(principal(number, account, kind));
            if let Some(password) = password {
                let hash = hash_password(&password.into(), Cost::LEAST, entropy.as_ref()).unwrap();
                let changed = Timestamp::from_second(START - 1000).unwrap();
                memory.credentials.push(Credential { principal: id(number), hash, changed });
            }
        }
    }
    let ports = Ports {
        vault: Arc::new(memory.clone()),
        journal: Arc::new(memory.clone()),
        clock: Arc::new(clock.clone()),
        entropy,
    };
    App { identity: Identity::new(ports, settings).unwrap(), memory, clock }
}

pub(crate) fn basic(name: &str, password: &str) -> HeaderMap {
    header("authorization", &format!("Basic {}", STANDARD.encode(format!("{name}:{password}"))))
}

pub(crate) fn bearer(secret: &str) -> HeaderMap {
    header("authorization", &format!("Bearer {secret}"))
}

pub(crate) fn header(name: &'static str, value: &str) -> HeaderMap {
    HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())])
}

pub(crate) fn presented(headers: &HeaderMap) -> Presented<'_> {
    Presented { headers, address: address(1), secure: true }
}

pub(crate) fn address(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

impl App {
    pub(crate) async fn ask(&self, headers: &HeaderMap) -> Result<Caller, Denied> {
        self.identity.caller(&presented(headers), Accepted::PAM).await
    }

    pub(crate) async fn jen(&self) -> Caller {
        self.ask(&basic("jen", "jen's password")).await.unwrap()
    }

    pub(crate) fn now(&self) -> Timestamp {
        use ephor_engine::port::Clock;
        self.clock.now()
    }

    pub(crate) fn advance(&self, by: SignedDuration) {
        use ephor_engine::port::Clock;
        self.clock.set(self.clock.now().saturating_add(by).unwrap());
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        std::mem::take(&mut self.memory.0.lock().events)
    }
}
