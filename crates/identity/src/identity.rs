//! The front door: headers in, caller out.

use std::{fmt, net::IpAddr, sync::Arc};

use ephor_domain::{
    authentication::{Methods, Proofs, Strength},
    id::PrincipalId,
    principal::{Actor, Delegation, Principal, Proof},
};
use ephor_engine::port::{Clock, Entropy};
use ephor_store::tx::credential::Credential;
use http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;
use secrecy::SecretString;

use crate::{
    basic,
    bearer::{Bearers, Issuer, LEEWAY_OUTSIDE, LEEWAY_OWN, Nobody, TokenFacts, TokenFault},
    caller::{Accepted, Caller, Denied, Reason, Via},
    cookie,
    directory::{Directories, Site},
    event::{Event, EventKind, FailureReason},
    negotiate::{self, Negotiator, Realms},
    pace::Pace,
    password::{self, Hashers, Overloaded, PasswordError},
    port::{Journal, Vault},
    relying_party::RelyingParty,
    remembered::Remembered,
    secret::SecretHash,
    settings::Settings,
    tally::Tally,
    throttle::Throttle,
    token::{FRESH, PREFIX},
};

/// What sign-in stands on.
#[derive(Clone)]
pub struct Ports {
    /// Accounts, sessions, tokens.
    pub vault: Arc<dyn Vault>,
    /// Who is told of failed sign-ins.
    pub journal: Arc<dyn Journal>,
    /// The one clock: sessions, tokens and lock-outs follow it (seams §12).
    pub clock: Arc<dyn Clock>,
    /// Secrets, salts and ids.
    pub entropy: Arc<dyn Entropy>,
}

/// What a call brings.
#[derive(Debug, Clone, Copy)]
pub struct Presented<'a> {
    /// Its header fields.
    pub headers: &'a HeaderMap,
    /// Who sent it; behind a listed proxy the client it names.
    pub address: IpAddr,
    /// It came over TLS, as the client sees it.
    pub secure: bool,
}

/// Recognises callers.
pub struct Identity {
    pub(crate) ports: Ports,
    pub(crate) settings: Settings,
    pub(crate) hashers: Hashers,
    pub(crate) remembered: Remembered,
    pub(crate) throttle: Throttle,
    pub(crate) directories: Directories,
    pub(crate) tickets: Option<negotiate::Desk>,
    pub(crate) pace: Pace,
    tally: Tally,
    bearers: Option<Bearers>,
    party: Option<RelyingParty>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A password could not be set.
#[derive(Debug, thiserror::Error)]
pub enum SetPasswordError {
    /// The password itself.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// Too busy, or the store does not answer.
    #[error(transparent)]
    Denied(#[from] Denied),
}

impl Identity {
    /// A front door with these settings.
    ///
    /// # Errors
    /// When the password cost is outside Argon2's range.
    pub fn new(ports: Ports, settings: Settings) -> Result<Self, PasswordError> {
        Ok(Self {
            hashers: Hashers::new(&settings)?,
            remembered: Remembered::new(settings.remember, ports.entropy.as_ref()),
            throttle: Throttle::new(settings.throttle),
            pace: Pace::new(settings.throttle),
            directories: Directories::default(),
            tickets: None,
            tally: Tally::default(),
            bearers: None,
            party: None,
            ports,
            settings,
        })
    }

    /// The same front door, which also knows signed tokens.
    #[must_use]
    pub fn with_bearers(self, bearers: Bearers) -> Self {
        Self { bearers: Some(bearers), ..self }
    }

    /// The same front door, through which people also come by outside issuers.
    #[must_use]
    pub fn with_relying_party(self, party: RelyingParty) -> Self {
        Self { party: Some(party), ..self }
    }

    /// The same front door, where people show passwords that directories keep.
    #[must_use]
    pub fn with_directories(self, sites: impl IntoIterator<Item = Site>) -> Self {
        Self { directories: Directories::new(sites), ..self }
    }

    /// The same front door, where people of these realms show Kerberos tickets.
    #[must_use]
    pub fn with_negotiator(self, negotiator: Arc<dyn Negotiator>, realms: Realms) -> Self {
        Self { tickets: Some(negotiate::Desk::new(negotiator, realms)), ..self }
    }

    /// True where Kerberos tickets count.
    #[must_use]
    pub fn takes_tickets(&self) -> bool {
        self.tickets.is_some()
    }

    /// The `WWW-Authenticate` lines of a 401: the strongest first, for clients that take the first they know.
    #[must_use]
    pub fn challenges(&self, accepted: Accepted) -> Vec<HeaderValue> {
        let ticket = (accepted.negotiate && self.takes_tickets()).then(|| HeaderValue::from_static("Negotiate"));
        ticket.into_iter().chain(accepted.challenges()).collect()
    }

    /// Who signs people in with outside issuers; `None` where nobody does.
    #[must_use]
    pub fn relying_party(&self) -> Option<&RelyingParty> {
        self.party.as_ref()
    }

    /// Who judges signed tokens; `None` where none counts.
    #[must_use]
    pub fn bearers(&self) -> Option<&Bearers> {
        self.bearers.as_ref()
    }

    /// Who is calling. An `Authorization` header is the caller's own word and goes before a cookie, which the browser
    /// sends by itself; if it is there and wrong, the cookie does not help.
    ///
    /// # Errors
    /// Why there is no caller.
    pub async fn caller(&self, presented: &Presented<'_>, accepted: Accepted) -> Result<Caller, Denied> {
        let mut lines = presented.headers.get_all(header::AUTHORIZATION).iter();
        match (lines.next(), lines.next()) {
            (Some(_), Some(_)) => Err(Denied::NotSignedIn(Reason::Malformed)),
            (Some(line), None) => {
                // Latin-1 names are inside the base64; the line itself is ASCII.
                let line = line.to_str().map_err(|_| Denied::NotSignedIn(Reason::Malformed))?;
                self.authorized_caller(line, presented.address, accepted).await
            }
            (None, _) => match cookie::find(presented.headers, presented.secure) {
                Some(secret) if accepted.session => self.session_caller(&secret, presented.address).await,
                Some(_) | None => Err(Denied::NotSignedIn(Reason::Nothing)),
            },
        }
    }

    async fn authorized_caller(&self, line: &str, address: IpAddr, accepted: Accepted) -> Result<Caller, Denied> {
        let (scheme, rest) = line.split_once(' ').unwrap_or((line, ""));
        if scheme.eq_ignore_ascii_case("basic") && accepted.basic {
            let pair = basic::parse(rest).ok_or(Denied::NotSignedIn(Reason::Malformed))?;
            self.verify_pair(&pair.name, pair.password, address).await
        } else if scheme.eq_ignore_ascii_case("negotiate") && accepted.negotiate {
            self.ticket_caller(rest, address).await
        } else if scheme.eq_ignore_ascii_case("bearer") {
            self.bearer(rest.trim(), address, accepted).await
        } else {
            Err(Denied::NotSignedIn(Reason::NotAccepted))
        }
    }

    /// Three kinds of bearer tokens tell themselves apart: ours for programs by their beginning, signed ones by their dots.
    async fn bearer(&self, token: &str, address: IpAddr, accepted: Accepted) -> Result<Caller, Denied> {
        if token.is_empty() {
            return Err(Denied::NotSignedIn(Reason::Nothing));
        }
        match &self.bearers {
            Some(bearers) if accepted.jwt && !token.starts_with(PREFIX) => {
                if token.contains('.') || !accepted.carried_session {
                    return self.signed_caller(bearers, token, address).await;
                }
            }
            Some(_) | None => {}
        }
        let secret = SecretString::from(token);
        if accepted.carried_session && !token.starts_with(PREFIX) {
            let caller = self.session_caller(&secret, address).await?;
            Ok(Caller { ambient: false, ..caller })
        } else if accepted.api_token {
            self.token_caller(&secret, address).await
        } else {
            Err(Denied::NotSignedIn(Reason::NotAccepted))
        }
    }

    async fn signed_caller(&self, bearers: &Bearers, token: &str, address: IpAddr) -> Result<Caller, Denied> {
        let now = self.ports.clock.now();
        match bearers.bearer(token, now).await {
            Ok((stands, facts)) => self.known(stands.principal, Via::Token(Box::new(facts)), address, now),
            Err(Nobody::Denied(denied)) => Err(denied),
            Err(Nobody::Fault { fault: TokenFault::KeysUnavailable, .. }) => Err(Denied::Busy),
            Err(Nobody::Fault { fault, principal }) => {
                self.failed(principal, address, reason_of(fault), now);
                Err(Denied::NotSignedIn(Reason::Token(fault)))
            }
        }
    }

    /// The caller behind right credentials.
    pub(crate) fn known(
        &self,
        principal: Principal,
        via: Via,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<Caller, Denied> {
        let (proof, ambient) = match &via {
            Via::Session { proofs, .. } => (at_the_keyboard(proofs), true),
            Via::Basic | Via::Kerberos { .. } if self.settings.basic_decides => (Proof::Person, true),
            // Nothing more can have been asked for with the call.
            Via::Basic | Via::Kerberos { .. } => (Proof::Password, true),
            Via::Token(facts) => (proof_of(facts, now), false),
            Via::ApiToken { created, .. } => {
                let age = now.duration_since(*created);
                let fresh = !age.is_negative() && age < FRESH;
                (if fresh { Proof::FreshApiToken } else { Proof::AgedApiToken }, false)
            }
        };
        let actor = Actor {
            principal: principal.id,
            person: principal.person,
            address: Some(address.to_canonical().to_string()),
            proof,
            methods: Methods::default(),
            delegation: delegation(&via),
        };
        let mut caller = Caller { actor, principal, via, ambient };
        caller.actor.methods = caller.proofs(now).methods();
        if caller.principal.enabled {
            return Ok(caller);
        }
        self.forget(caller.principal.id);
        self.failed(Some(caller.principal.id), address, FailureReason::Disabled, now);
        Err(Denied::Disabled(Box::new(caller)))
    }

    /// Sets the password of an account, ends its tokens and its sessions but the caller's own, and forgets what was
    /// remembered.
    ///
    /// # Errors
    /// What is wrong with the password; [`Denied::NotSignedIn`] when the caller's session has ended meanwhile; the store's
    /// fault.
    pub async fn set_password(
        &self,
        by: &Caller,
        principal: &Principal,
        password: SecretString,
    ) -> Result<(), SetPasswordError> {
        password::check_new(&password, &principal.account, self.settings.password_length)?;
        let hash =
            self.hashers.hash(password, self.ports.entropy.as_ref()).await.map_err(|Overloaded| Denied::Busy)??;
        let now = self.ports.clock.now();
        let credential = Credential { principal: principal.id, hash, changed: now };
        let keep: Option<SecretHash> = match &by.via {
            Via::Session { key, .. } if by.principal.id == principal.id => Some(key.clone()),
            Via::Session { .. } | Via::Basic | Via::Kerberos { .. } | Via::ApiToken { .. } | Via::Token(_) => None,
        };
        let event = Event { principal: Some(principal.id), ..self.event_of(by, now, EventKind::PasswordSet) };
        if !self.ports.vault.set_password(credential, keep, event).await.map_err(Denied::from)? {
            return Err(Denied::NotSignedIn(Reason::Ended).into());
        }
        self.forget(principal.id);
        Ok(())
    }

    /// The hash of a password that an administrator sets for `account`; storing it is the engine's, who asks whether he may.
    ///
    /// # Errors
    /// What is wrong with the password; [`Denied::Busy`].
    pub async fn hash_assigned(&self, account: &str, password: SecretString) -> Result<String, SetPasswordError> {
        password::check_new(&password, account, self.settings.password_length)?;
        let entropy = self.ports.entropy.as_ref();
        Ok(self.hashers.hash(password, entropy).await.map_err(|Overloaded| Denied::Busy)??)
    }

    /// The hash of a PIN: as of a password, but short ones count (`PAM 11.1`).
    ///
    /// # Errors
    /// [`PasswordError::TooLong`]; [`Denied::Busy`].
    pub async fn hash_pin(&self, pin: SecretString) -> Result<String, SetPasswordError> {
        let entropy = self.ports.entropy.as_ref();
        Ok(self.hashers.hash(pin, entropy).await.map_err(|Overloaded| Denied::Busy)??)
    }

    /// Forgets what is remembered of an account's password: it was changed, disabled or deleted elsewhere.
    pub fn forget(&self, principal: PrincipalId) {
        self.remembered.forget(principal);
    }

    /// Notes that an application did not prove itself: one by one, then counted (seams §16).
    pub fn note_client_failure(&self, principal: Option<PrincipalId>, address: IpAddr) {
        self.failed(principal, address, FailureReason::WrongClientCredential, self.ports.clock.now());
    }

    /// When [`Identity::settle`] is due: whoever moves the clock asks, so that a simulated one visits it too.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        let keys = self.bearers.as_ref().map(|bearers| bearers.keys().due());
        self.tally.due().into_iter().chain(keys).min()
    }

    /// Hands the journal the counts of failed sign-ins whose minute is over, and sees to the signing keys.
    pub async fn settle(&self) {
        for event in self.tally.settle(self.ports.clock.now()) {
            self.ports.journal.note(event);
        }
        if let Some(bearers) = &self.bearers
            && bearers.keys().due() <= self.ports.clock.now()
            && let Err(error) = bearers.keys().settle().await
        {
            tracing::error!(%error, "the signing keys cannot be looked at");
        }
    }

    /// Notes that a passkey opened no account; for the record, with its limits.
    pub fn passkey_failed(&self, address: IpAddr) {
        self.failed(None, address, FailureReason::WrongPasskey, self.ports.clock.now());
    }

    pub(crate) fn failed(
        &self,
        principal: Option<PrincipalId>,
        address: IpAddr,
        reason: FailureReason,
        now: Timestamp,
    ) {
        let address = Some(address.to_canonical());
        let failure = Event { at: now, by: None, principal, address, kind: EventKind::SignInFailed { reason } };
        for event in self.tally.take(failure) {
            self.ports.journal.note(event);
        }
    }

    pub(crate) fn event_of(&self, caller: &Caller, at: Timestamp, kind: EventKind) -> Event {
        let address = caller.actor.address.as_deref().and_then(|address| address.parse().ok());
        Event { at, by: Some(caller.principal.id), principal: Some(caller.principal.id), address, kind }
    }
}

/// What the record says of a token that does not count.
fn reason_of(fault: TokenFault) -> FailureReason {
    match fault {
        TokenFault::Malformed | TokenFault::KeysUnavailable => FailureReason::UnknownToken,
        TokenFault::Expired | TokenFault::NotYetValid | TokenFault::Revoked => FailureReason::EndedToken,
        TokenFault::Issuer
        | TokenFault::Signature
        | TokenFault::Audience
        | TokenFault::Tenant
        | TokenFault::NoObject
        | TokenFault::UnknownObject
        | TokenFault::NotLinked => FailureReason::ForgedToken,
    }
}

/// A program acts within the scopes it was let have; an application for itself is asked for what it was given, and what a
/// session or an API token of one's own opens is the face's to say.
fn delegation(via: &Via) -> Delegation {
    match via {
        Via::Token(facts) if !facts.app_only => Delegation::Scopes(Arc::new(facts.scopes.clone())),
        Via::Token(_) | Via::Basic | Via::Kerberos { .. } | Via::Session { .. } | Via::ApiToken { .. } => {
            Delegation::Whole
        }
    }
}

/// A token stands for a person who signed in lately, or for one who did so once. A sign-in that is still to come, by more
/// than clocks may be apart, is none.
fn proof_of(facts: &TokenFacts, now: Timestamp) -> Proof {
    let leeway = if facts.issuer == Issuer::Own { LEEWAY_OWN } else { LEEWAY_OUTSIDE };
    let lately = facts.authenticated.is_some_and(|at| {
        let age = now.duration_since(at);
        -leeway <= age && age < FRESH
    });
    match (facts.app_only, lately) {
        (true, _) => Proof::Application,
        (false, true) => at_the_keyboard(&facts.proofs()),
        (false, false) => Proof::Remembered,
    }
}

/// Somebody whose session or token these proofs are in.
pub(crate) fn at_the_keyboard(proofs: &Proofs) -> Proof {
    if proofs.proved(Strength::Mfa).is_some() { Proof::Person } else { Proof::Identified }
}
