//! Sign-in of people with an outside issuer: authorization code with PKCE, `state` and `nonce` (OpenID Connect Core 1.0,
//! RFC 7636, RFC 9207).
//!
//! What happens between leaving and coming back is carried by the browser, sealed: nothing is kept here, and what comes back
//! counts only in the browser that left, once the issuer has taken the code, and for [`TRIP`].

use std::{collections::BTreeMap, fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ephor_domain::{
    authentication::{Method, Proofs, UNDATED},
    principal::{Principal, PrincipalKind},
};
use ephor_engine::port::{Clock, Entropy};
use ephor_store::{Fault, tx::identity_link::IdentityLink};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::{
    bearer::{Claims, LEEWAY_OUTSIDE, TokenFault},
    caller::Caller,
    event::{Event, EventKind},
    jose::Compact,
    outside::{Links, OutsideIssuer, Unlinkable},
    seal::{SealedFor, Sealer},
    secret,
    token::FRESH,
};

/// How long somebody may be away.
pub const TRIP: SignedDuration = SignedDuration::from_mins(10);

/// Where the issuer sends people back to, below the public URL.
pub const CALLBACK: &str = "/portal/sign-in/callback";

/// How old a sign-in at the issuer may be on which one here rests: as long as a person counts as lately there.
pub const OLDEST: SignedDuration = FRESH;

/// What a sealed state is bound to.
const ROW: &str = "relying party";

/// Most bytes of a code, a state or a cookie.
const LONGEST: usize = 4096;

/// Most bytes of a place to return to: sealed beside the rest it fits into one cookie.
const LONGEST_WAY_BACK: usize = 2400;

/// What the relying party stands on.
#[derive(Clone)]
pub struct RelyingPorts {
    /// Whose an identity is.
    pub links: Arc<dyn Links>,
    /// Seals what the browser carries.
    pub sealer: Sealer,
    /// How long somebody is away.
    pub clock: Arc<dyn Clock>,
    /// State, nonce and verifier.
    pub entropy: Arc<dyn Entropy>,
}

/// Signs people in with outside issuers.
pub struct RelyingParty {
    ports: RelyingPorts,
    issuers: BTreeMap<String, Arc<OutsideIssuer>>,
    callback: String,
}

impl fmt::Debug for RelyingParty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelyingParty").field("issuers", &self.issuers.keys()).finish_non_exhaustive()
    }
}

/// The beginning of a trip.
#[derive(Debug)]
pub struct Departure {
    /// Where to send the browser.
    pub url: String,
    /// What its cookie is to hold: `HttpOnly`, `SameSite=Lax`, [`TRIP`] long.
    pub cookie: SecretString,
}

/// What came back with the browser.
#[derive(Debug, Clone, Copy)]
pub struct Return<'a> {
    /// The cookie of the departure.
    pub cookie: &'a SecretString,
    /// `state`.
    pub state: &'a str,
    /// `code`.
    pub code: &'a str,
    /// `iss`, if there is one.
    pub issuer: Option<&'a str>,
}

/// An identity that its bearer has just proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvedIdentity {
    /// `iss`.
    pub issuer: String,
    /// `sub`.
    pub subject: String,
    /// When the issuer asked, or [`UNDATED`].
    pub at: Timestamp,
}

/// Who came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The identity.
    pub identity: ProvedIdentity,
    /// The account it signs in to; `None` when it is linked to none: an administrator links it, or its bearer, who signs
    /// in here as well ([`RelyingParty::link_own`]).
    pub principal: Option<Principal>,
    /// What the issuer's word is worth here: for [`crate::Identity::begin_session`].
    pub proofs: Proofs,
    /// Where the person wanted to go.
    pub return_to: String,
}

/// Why nobody came back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RelyingError {
    /// No issuer of that name takes people in.
    #[error("nobody signs in with that issuer here")]
    UnknownIssuer,
    /// The browser did not leave from here, left for something else, or was away too long.
    #[error("the sign-in did not begin in this browser, or took too long; begin again")]
    State,
    /// The issuer says no, or nonsense.
    #[error("the issuer did not confirm the sign-in: {0}")]
    Refused(String),
    /// Its token does not count.
    #[error(transparent)]
    Token(#[from] TokenFault),
    /// The place to return to is not one of ours.
    #[error("the place to return to is not on this server")]
    Elsewhere,
    /// The identity cannot be linked.
    #[error(transparent)]
    Unlinkable(#[from] Unlinkable),
    /// The proof is too old, or nobody says how old, or it came with a token: sign in to both again.
    #[error("sign in to both again")]
    NotFresh,
    /// The issuer does not answer.
    #[error("the issuer does not answer at the moment")]
    Unavailable,
    /// The store does not answer.
    #[error("the store does not answer")]
    Store(Fault),
}

impl From<Fault> for RelyingError {
    fn from(fault: Fault) -> Self {
        Self::Store(fault)
    }
}

#[derive(Serialize, Deserialize)]
struct Trip {
    name: String,
    state: String,
    nonce: String,
    verifier: String,
    return_to: String,
    left: Timestamp,
    until: Timestamp,
    /// The issuer was to ask the person anew.
    fresh: bool,
}

#[derive(Deserialize)]
struct TokenAnswer {
    id_token: String,
}

impl RelyingParty {
    /// The relying party of a server that is reached at `public_url`, with issuers by the names they have here.
    #[must_use]
    pub fn new(ports: RelyingPorts, issuers: BTreeMap<String, Arc<OutsideIssuer>>, public_url: &str) -> Self {
        let callback = format!("{}{CALLBACK}", public_url.trim_end_matches('/'));
        Self { ports, issuers, callback }
    }

    /// Names of the issuers that people can sign in with.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.issuers.iter().filter(|(_, issuer)| issuer.settings().client.is_some()).map(|(name, _)| name.as_str())
    }

    /// Sends somebody to the issuer of this name. `return_to` is a path of ours; `fresh` asks that the issuer has the
    /// person prove again who he is.
    ///
    /// # Errors
    /// [`RelyingError::UnknownIssuer`], [`RelyingError::Elsewhere`], [`RelyingError::Unavailable`].
    pub async fn begin(&self, name: &str, return_to: &str, fresh: bool) -> Result<Departure, RelyingError> {
        let issuer = self.issuers.get(name).ok_or(RelyingError::UnknownIssuer)?;
        let client = issuer.settings().client.as_ref().ok_or(RelyingError::UnknownIssuer)?;
        if !is_own_path(return_to) {
            return Err(RelyingError::Elsewhere);
        }
        let discovery = issuer.discovery().await.map_err(|error| unavailable(name, &error))?;
        let endpoint = discovery.authorization_endpoint.as_deref().ok_or(RelyingError::UnknownIssuer)?;
        let mut url = Url::parse(endpoint).map_err(|error| unavailable(name, &error))?;
        let draw = || secret::fresh(self.ports.entropy.as_ref(), "").expose_secret().to_owned();
        let now = self.ports.clock.now();
        let trip = Trip {
            name: name.to_owned(),
            state: draw(),
            nonce: draw(),
            verifier: draw(),
            return_to: return_to.to_owned(),
            left: now,
            fresh,
            until: now.saturating_add(TRIP).unwrap_or(now),
        };
        let scope = client.scopes.iter().fold("openid".to_owned(), |all, scope| format!("{all} {scope}"));
        url.query_pairs_mut()
            .append_pair("client_id", &client.id)
            .append_pair("response_type", "code")
            .append_pair("scope", &scope)
            .append_pair("redirect_uri", &self.callback)
            .append_pair("state", &trip.state)
            .append_pair("nonce", &trip.nonce)
            .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(Sha256::digest(&trip.verifier)))
            .append_pair("code_challenge_method", "S256");
        // Whoever is told an age says when he asked (OpenID Connect Core 1.0, 2).
        let oldest = if fresh { 0 } else { OLDEST.as_secs() };
        url.query_pairs_mut().append_pair("max_age", &oldest.to_string());
        if fresh {
            url.query_pairs_mut().append_pair("prompt", "login");
        }
        let plain = serde_json::to_vec(&trip).map_err(|_| RelyingError::State)?;
        let sealed = self.ports.sealer.seal(SealedFor::SignInState, ROW, &plain, self.ports.entropy.as_ref());
        Ok(Departure { url: url.into(), cookie: URL_SAFE_NO_PAD.encode(sealed).into() })
    }

    /// Takes somebody back.
    ///
    /// # Errors
    /// [`RelyingError`].
    pub async fn complete(&self, back: Return<'_>) -> Result<Arrival, RelyingError> {
        let now = self.ports.clock.now();
        let trip = self.trip(back, now)?;
        let issuer = self.issuers.get(&trip.name).ok_or(RelyingError::UnknownIssuer)?;
        let client = issuer.settings().client.as_ref().ok_or(RelyingError::UnknownIssuer)?;
        let discovery = issuer.discovery().await.map_err(|error| unavailable(&trip.name, &error))?;
        // RFC 9207: the answer of another issuer is not to be taken to this one.
        let wants_issuer = discovery.authorization_response_iss_parameter_supported;
        if back.issuer.is_none_or(|said| said != discovery.issuer) && (wants_issuer || back.issuer.is_some()) {
            return Err(RelyingError::State);
        }
        let endpoint = discovery.token_endpoint.as_deref().ok_or(RelyingError::UnknownIssuer)?;
        let mut form = vec![
            ("grant_type", "authorization_code".to_owned()),
            ("code", back.code.to_owned()),
            ("redirect_uri", self.callback.clone()),
            ("code_verifier", trip.verifier.clone()),
        ];
        let basic = client.secret.as_ref().map(|secret| (client.id.as_str(), secret));
        if basic.is_none() {
            form.push(("client_id", client.id.clone()));
        }
        let answer = issuer.fetch().post_form(endpoint, form, basic).await;
        let answer = answer.map_err(|fault| RelyingError::Refused(fault.to_string()))?;
        let answer: TokenAnswer =
            serde_json::from_slice(&answer).map_err(|_| RelyingError::Refused("no id token".to_owned()))?;
        let claims = id_token(issuer, &client.id, &trip.nonce, &answer.id_token, now).await?;
        let subject = claims.subject.clone().ok_or(TokenFault::NoObject)?;
        let name = issuer.authoritative_name(&claims);
        let found = self.ports.links.linked(&claims.issuer, &subject, name).await?;
        let asked = trip.asked(claims.authenticated, now)?;
        let mfa = asked != UNDATED && issuer.settings().mapping.apply(&claims).mfa;
        let proofs = Proofs::of(Method::Federated, asked);
        Ok(Arrival {
            identity: ProvedIdentity { issuer: claims.issuer, subject, at: asked },
            principal: found.filter(|found| found.kind == PrincipalKind::User),
            proofs: if mfa { proofs.and(Method::FederatedMfa, asked) } else { proofs },
            return_to: trip.return_to,
        })
    }

    /// Links an identity to the account of somebody who has just proved both: here by his session, there by a sign-in.
    ///
    /// # Errors
    /// [`RelyingError::NotFresh`], [`RelyingError::Unlinkable`], [`RelyingError::Store`].
    pub async fn link_own(&self, caller: &Caller, identity: ProvedIdentity) -> Result<(), RelyingError> {
        let now = self.ports.clock.now();
        let fresh = |at: Timestamp| at <= now && now.duration_since(at) <= TRIP;
        let here = caller.proofs(now).identified().is_some_and(fresh);
        let session = caller.session().filter(|_| caller.ambient && here && fresh(identity.at));
        let session = session.ok_or(RelyingError::NotFresh)?.clone();
        let kind = EventKind::IdentityLinked { issuer: identity.issuer.clone(), subject: identity.subject.clone() };
        let id = Some(caller.principal.id);
        let address = caller.actor.address.as_deref().and_then(|address| address.parse().ok());
        let event = Event { at: now, by: id, principal: id, address, kind };
        let link = IdentityLink {
            issuer: identity.issuer,
            subject: identity.subject,
            principal: caller.principal.id,
            created: now,
            created_by: None,
            ended: None,
        };
        Ok(self.ports.links.link(link, session, event).await??)
    }

    /// Where the person wanted to go who left with this cookie, however the trip ends.
    #[must_use]
    pub fn way_back(&self, cookie: &SecretString) -> Option<String> {
        self.opened(cookie).map(|trip| trip.return_to)
    }

    fn opened(&self, cookie: &SecretString) -> Option<Trip> {
        let sealed = URL_SAFE_NO_PAD.decode(cookie.expose_secret()).ok()?;
        let plain = self.ports.sealer.open(SealedFor::SignInState, ROW, &sealed).ok()?;
        serde_json::from_slice(&plain).ok()
    }

    fn trip(&self, back: Return<'_>, now: Timestamp) -> Result<Trip, RelyingError> {
        let cookie = back.cookie.expose_secret();
        if [cookie, back.state, back.code].into_iter().any(|text| text.is_empty() || text.len() > LONGEST) {
            return Err(RelyingError::State);
        }
        let trip = self.opened(back.cookie).ok_or(RelyingError::State)?;
        if trip.state == back.state && now < trip.until { Ok(trip) } else { Err(RelyingError::State) }
    }
}

impl Trip {
    /// When the issuer asked the person: by its word alone, whose absence says nothing of how long ago. Never later than
    /// now.
    fn asked(&self, said: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, RelyingError> {
        // An instant to come is none, beyond what clocks differ by.
        let said = said.filter(|at| at.duration_since(now) <= LEEWAY_OUTSIDE);
        let age = if self.fresh { SignedDuration::ZERO } else { OLDEST };
        match said {
            Some(at) if self.left.duration_since(at) <= age + LEEWAY_OUTSIDE => Ok(at.min(now)),
            Some(_) => Err(RelyingError::NotFresh),
            None if self.fresh => Err(RelyingError::NotFresh),
            None => Ok(UNDATED),
        }
    }
}

/// The claims of an id token that was made for us, for this trip (OpenID Connect Core 1.0, 3.1.3.7).
async fn id_token(
    issuer: &OutsideIssuer,
    client: &str,
    nonce: &str,
    token: &str,
    now: Timestamp,
) -> Result<Claims, TokenFault> {
    let compact = Compact::parse(token).map_err(|_| TokenFault::Malformed)?;
    let claims = compact.unverified_claims().map_err(|_| TokenFault::Malformed)?;
    let azp = claims.get("azp").and_then(|azp| azp.as_str()).map(str::to_owned);
    let claims = Claims::read(&claims).map_err(|_| TokenFault::Malformed)?;
    let claims = issuer.signed(&compact, claims, now).await?;
    let several = claims.audiences.len() > 1;
    let for_us = claims.audiences.iter().any(|audience| audience == client);
    let by_us = azp.as_deref().map_or(!several, |azp| azp == client);
    if !(for_us && by_us) {
        return Err(TokenFault::Audience);
    }
    if claims.nonce.as_deref() == Some(nonce) { Ok(claims) } else { Err(TokenFault::Signature) }
}

/// A path on this server, which no browser takes for another host.
fn is_own_path(path: &str) -> bool {
    let plain = path.chars().all(|c| c.is_ascii_graphic() && c != '\\');
    path.starts_with('/') && !path.starts_with("//") && plain && path.len() <= LONGEST_WAY_BACK
}

fn unavailable(name: &str, error: &dyn fmt::Display) -> RelyingError {
    tracing::warn!(issuer = name, %error, "an issuer cannot be used");
    RelyingError::Unavailable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_return_to_this_server() {
        for good in ["/", "/portal/", "/portal/requests?x=1&y=%2F#a"] {
            assert!(is_own_path(good), "{good}");
        }
        for bad in
            ["", "portal", "//evil.example", "/\\evil.example", "https://evil.example", "/a b", "/\u{e9}", "/a\n"]
        {
            assert!(!is_own_path(bad), "{bad}");
        }
        assert!(is_own_path(&format!("/{}", "a".repeat(2399))) && !is_own_path(&format!("/{}", "a".repeat(2400))));
    }
}
