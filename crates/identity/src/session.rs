//! Sessions of the portal: a random secret in a cookie, ended by idleness, age, sign-out, a new password.

use std::net::IpAddr;

use ephor_domain::{
    authentication::{Contexts, Method, Proofs, Strength},
    id::PrincipalId,
    policy::{Presence, context::ContextClass},
    principal::{Principal, PrincipalKind},
};
use ephor_store::{Fault, tx::session::Session};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::{
    basis::{Basis, FactorMark},
    caller::{Caller, Denied, Reason, Via},
    event::{Event, EventKind},
    identity::{Identity, Presented, at_the_keyboard},
    secret::{self, Purpose, SecretHash, handle_of},
    settings::Settings,
};

/// A session that has just begun.
#[derive(Debug)]
pub struct NewSession {
    /// Whose it is.
    pub caller: Caller,
    /// What goes into the cookie ([`crate::cookie::set`]).
    pub secret: SecretString,
    /// For the cookie: seconds until the session ends in any case.
    pub max_age: i64,
}

/// How far a sign-in by password has come.
#[derive(Debug)]
pub enum SignIn {
    /// All is proved.
    Done(NewSession),
    /// The password is right, a second factor is still to come; nothing is open until then, and then only if what was
    /// judged still holds.
    SecondFactor(Caller, Proofs, Basis),
}

impl SignIn {
    /// The session, when all is proved.
    #[must_use]
    pub fn done(self) -> Option<NewSession> {
        match self {
            Self::Done(session) => Some(session),
            Self::SecondFactor(..) => None,
        }
    }
}

/// A session as its person sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
    /// Names it in [`Identity::end_session`].
    pub handle: String,
    /// When it began.
    pub created: Timestamp,
    /// When it was last used, to the minute.
    pub last_seen: Timestamp,
    /// When it ends at the latest.
    pub expires: Timestamp,
    /// Where it began.
    pub address: Option<IpAddr>,
    /// It is the one that asks.
    pub current: bool,
}

/// How a session began and what was proved in it; stored as JSON beside it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Facts {
    proofs: Proofs,
    address: Option<IpAddr>,
}

impl Facts {
    fn of(session: &Session) -> Self {
        serde_json::from_str(&session.facts).unwrap_or_default()
    }

    fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What a session proves at an instant, in the words of tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Strengths {
    /// `amr`.
    pub amr: Vec<&'static str>,
    /// `auth_time`: that of the second factor where `amr` says `mfa`.
    pub auth_time: Option<Timestamp>,
    /// `acrs`: the configured contexts that are met, with the last instant at which each counts.
    pub contexts: Vec<(ContextClass, Timestamp)>,
}

impl Strengths {
    /// What `proofs` are worth under `contexts`.
    #[must_use]
    pub fn of(proofs: &Proofs, contexts: &Contexts, now: Timestamp) -> Self {
        Self {
            amr: proofs.amr().into_iter().collect(),
            auth_time: proofs.auth_time(),
            contexts: contexts.met(proofs, now),
        }
    }
}

/// A use is noted this often at most: reading must not cost a write each time.
const TOUCH: SignedDuration = SignedDuration::from_secs(60);

fn is_over(session: &Session, settings: &Settings, now: Timestamp) -> bool {
    now >= session.expires || now.duration_since(session.last_seen) >= settings.session_idle
}

impl Identity {
    /// Signs a person in with name and password. A session begins when that is all there is to prove; an account with
    /// second factors proves one of them first. The session that the browser already has, if any, ends: a secret from
    /// before a sign-in is never worth anything after it.
    ///
    /// # Errors
    /// As [`Identity::caller`].
    pub async fn sign_in(
        &self,
        name: &str,
        password: SecretString,
        presented: &Presented<'_>,
    ) -> Result<SignIn, Denied> {
        let (caller, basis) = self.prove_password(name, password, presented.address).await?;
        let proofs = Proofs::of(Method::Password, self.ports.clock.now());
        self.identified(caller, proofs, basis, presented).await
    }

    /// The step after it is proved who it is: a session, unless the account has second factors.
    pub(crate) async fn identified(
        &self,
        caller: Caller,
        proofs: Proofs,
        basis: Basis,
        presented: &Presented<'_>,
    ) -> Result<SignIn, Denied> {
        let factors = self.ports.vault.factors(caller.principal.id).await?;
        let has_factors = !factors.is_empty();
        let basis = basis.and_factors(factors);
        if has_factors {
            return Ok(SignIn::SecondFactor(caller, proofs, basis));
        }
        let previous = self.previous(presented);
        let session = self.begin_session(caller.principal, proofs, basis, presented.address, previous).await?;
        Ok(SignIn::Done(session))
    }

    /// The second factors of an account, be they switched off or not.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn factors(&self, principal: PrincipalId) -> Result<Vec<FactorMark>, Fault> {
        self.ports.vault.factors(principal).await
    }

    /// The session that the browser has already, to be replaced.
    #[must_use]
    pub fn previous(&self, presented: &Presented<'_>) -> Option<SecretHash> {
        crate::cookie::find(presented.headers, presented.secure).map(|secret| SecretHash::of(Purpose::Session, &secret))
    }

    /// The same by the account's id; [`Denied::NotSignedIn`] when it is gone.
    ///
    /// # Errors
    /// As [`Identity::begin_session`].
    pub async fn begin_session_of(
        &self,
        principal: PrincipalId,
        proofs: Proofs,
        basis: Basis,
        address: IpAddr,
        previous: Option<SecretHash>,
    ) -> Result<NewSession, Denied> {
        let account = self.ports.vault.account(principal).await?;
        let account = account.filter(|account| account.kind == PrincipalKind::User);
        self.begin_session(account.ok_or(Denied::NotSignedIn(Reason::Wrong))?, proofs, basis, address, previous).await
    }

    /// Begins a session for a person who has proved who he is, if what he was judged by still holds.
    ///
    /// # Errors
    /// [`Denied::Unavailable`], [`Denied::Disabled`]; [`Denied::NotSignedIn`] when it does not hold any more.
    pub async fn begin_session(
        &self,
        principal: Principal,
        proofs: Proofs,
        basis: Basis,
        address: IpAddr,
        previous: Option<SecretHash>,
    ) -> Result<NewSession, Denied> {
        let now = self.ports.clock.now();
        let secret = secret::fresh(self.ports.entropy.as_ref(), "");
        let key = SecretHash::of(Purpose::Session, &secret);
        let via = Via::Session { key: key.clone(), created: now, proofs: proofs.clone() };
        let caller = self.known(principal, via, address, now)?;
        let facts = Facts { proofs, address: Some(address) };
        let session = Session {
            hash: key.as_bytes().to_vec(),
            principal: caller.principal.id,
            created: now,
            last_seen: now,
            expires: now.saturating_add(self.settings.session_absolute).unwrap_or(now),
            facts: facts.text(),
        };
        let event = Event {
            at: now,
            by: Some(session.principal),
            principal: Some(session.principal),
            address: Some(address),
            kind: EventKind::SignedIn { session: key.handle(), methods: caller.actor.methods },
        };
        if !self.ports.vault.replace_session(previous, session, basis, event).await? {
            return Err(Denied::NotSignedIn(Reason::Ended));
        }
        self.pace.welcome(address, now);
        Ok(NewSession { caller, secret, max_age: self.settings.session_absolute.as_secs() })
    }

    /// Notes in the caller's session what was proved just now, and gives it a new secret with the same end: a secret
    /// from before never opens what only the proof opens. `None` when the caller has no session.
    ///
    /// # Errors
    /// [`Denied::Unavailable`]; [`Denied::NotSignedIn`] when the session has ended meanwhile.
    pub async fn strengthen_session(
        &self,
        caller: &Caller,
        proved: impl IntoIterator<Item = Method>,
    ) -> Result<Option<NewSession>, Denied> {
        let Via::Session { key: old, created, .. } = &caller.via else {
            return Ok(None);
        };
        let now = self.ports.clock.now();
        let Some((mut session, _)) = self.ports.vault.session(old).await? else {
            return Err(Denied::NotSignedIn(Reason::Ended));
        };
        if is_over(&session, &self.settings, now) {
            return Err(Denied::NotSignedIn(Reason::Ended));
        }
        let secret = secret::fresh(self.ports.entropy.as_ref(), "");
        let key = SecretHash::of(Purpose::Session, &secret);
        let mut facts = Facts::of(&session);
        facts.proofs = proved.into_iter().fold(facts.proofs, |proofs, method| proofs.and(method, now));
        session.hash = key.as_bytes().to_vec();
        session.last_seen = now;
        session.facts = facts.text();
        let max_age = session.expires.duration_since(now).as_secs();
        let kind = EventKind::SessionRotated { session: key.handle(), methods: facts.proofs.methods() };
        let event = self.event_of(caller, now, kind);
        if !self.ports.vault.renew_session(old.clone(), session, event).await? {
            return Err(Denied::NotSignedIn(Reason::Ended));
        }
        let proof = at_the_keyboard(&facts.proofs);
        let via = Via::Session { key, created: *created, proofs: facts.proofs };
        let mut caller = Caller { via, ..caller.clone() };
        caller.actor.proof = proof;
        caller.actor.methods = caller.proofs(now).methods();
        Ok(Some(NewSession { caller, secret, max_age }))
    }

    /// What the caller has proved, in the words of tokens.
    #[must_use]
    pub fn strengths(&self, caller: &Caller) -> Strengths {
        let now = self.ports.clock.now();
        Strengths::of(&caller.proofs(now), &self.settings.contexts, now)
    }

    /// What the sign-in behind a call proves to rules of activation: a signed token as it says, a session as it remembers, an
    /// API token nothing.
    #[must_use]
    pub fn presence(&self, caller: &Caller) -> Presence {
        if let Some(facts) = caller.token() {
            return facts.presence();
        }
        let now = self.ports.clock.now();
        let proofs = caller.proofs(now);
        Presence {
            application: false,
            mfa_at: proofs.proved(Strength::Mfa),
            contexts: self.settings.contexts.met(&proofs, now),
        }
    }

    /// What each authentication context asks for.
    #[must_use]
    pub fn contexts(&self) -> &Contexts {
        &self.settings.contexts
    }

    /// Ends the caller's session; nothing happens if it has none.
    ///
    /// # Errors
    /// [`Denied::Unavailable`].
    pub async fn sign_out(&self, caller: &Caller) -> Result<(), Denied> {
        if let Via::Session { key, .. } = &caller.via {
            let kind = EventKind::SignedOut { session: key.handle() };
            let event = self.event_of(caller, self.ports.clock.now(), kind);
            self.ports.vault.end_session(key.as_bytes().to_vec(), event).await?;
        }
        Ok(())
    }

    /// The caller's running sessions, newest first.
    ///
    /// # Errors
    /// [`Denied::Unavailable`].
    pub async fn sessions(&self, caller: &Caller) -> Result<Vec<SessionView>, Denied> {
        let now = self.ports.clock.now();
        let own = match &caller.via {
            Via::Session { key, .. } => Some(key.as_bytes()),
            Via::Basic | Via::Kerberos { .. } | Via::ApiToken { .. } | Via::Token(_) => None,
        };
        let sessions = self.ports.vault.sessions_of(caller.principal.id).await?;
        let running = sessions.into_iter().filter(|session| !is_over(session, &self.settings, now));
        Ok(running
            .map(|session| SessionView {
                handle: handle_of(&session.hash),
                created: session.created,
                last_seen: session.last_seen,
                expires: session.expires,
                address: Facts::of(&session).address,
                current: own == Some(session.hash.as_slice()),
            })
            .collect())
    }

    /// Ends one of the caller's sessions by its handle; false when there is none.
    ///
    /// # Errors
    /// [`Denied::Unavailable`].
    pub async fn end_session(&self, caller: &Caller, handle: &str) -> Result<bool, Denied> {
        let sessions = self.ports.vault.sessions_of(caller.principal.id).await?;
        let Some(session) = sessions.into_iter().find(|session| handle_of(&session.hash) == handle) else {
            return Ok(false);
        };
        let kind = EventKind::SignedOut { session: handle.to_owned() };
        let event = self.event_of(caller, self.ports.clock.now(), kind);
        Ok(self.ports.vault.end_session(session.hash, event).await?)
    }

    /// Ends the caller's sessions but the one that asks.
    ///
    /// # Errors
    /// [`Denied::Unavailable`].
    pub async fn end_other_sessions(&self, caller: &Caller) -> Result<(), Denied> {
        let keep = match &caller.via {
            Via::Session { key, .. } => Some(key.clone()),
            Via::Basic | Via::Kerberos { .. } | Via::ApiToken { .. } | Via::Token(_) => None,
        };
        let event = self.event_of(caller, self.ports.clock.now(), EventKind::SessionsEnded);
        Ok(self.ports.vault.end_sessions_of(caller.principal.id, keep, event).await?)
    }

    /// Ends all sessions of an account, and what is remembered of its password: it was disabled, or its person asks.
    ///
    /// # Errors
    /// [`Denied::Unavailable`].
    pub async fn end_all_sessions(&self, by: &Caller, principal: PrincipalId) -> Result<(), Denied> {
        self.forget(principal);
        let event =
            Event { principal: Some(principal), ..self.event_of(by, self.ports.clock.now(), EventKind::SessionsEnded) };
        Ok(self.ports.vault.end_sessions_of(principal, None, event).await?)
    }

    pub(crate) async fn session_caller(&self, secret: &SecretString, address: IpAddr) -> Result<Caller, Denied> {
        let now = self.ports.clock.now();
        let key = SecretHash::of(Purpose::Session, secret);
        let Some((mut session, principal)) = self.ports.vault.session(&key).await? else {
            return Err(Denied::NotSignedIn(Reason::Wrong));
        };
        if is_over(&session, &self.settings, now) {
            return Err(Denied::NotSignedIn(Reason::Ended));
        }
        let proofs = Facts::of(&session).proofs;
        let via = Via::Session { key, created: session.created, proofs };
        if now.duration_since(session.last_seen) >= TOUCH {
            session.last_seen = now;
            // A note that is lost ends the session early at worst; it is no reason to turn the call away.
            if let Err(fault) = self.ports.vault.touch_session(session).await {
                tracing::warn!(cause = fault.cause(), "the use of a session was not noted");
            }
        }
        self.known(principal, via, address, now)
    }
}
