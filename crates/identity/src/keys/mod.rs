//! The keys of our own issuer: made, published before use, used, published until the last token they signed is over.
//!
//! The rows of the store are the truth, so several nodes on one database agree. A node looks at them again every
//! [`LOOK`], when a key is due, and when a token names a key it does not know. Private halves are sealed (see
//! [`crate::seal`]); the store never sees one.

mod plan;
mod private;
mod ring;
mod store;

use std::{fmt, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use ephor_engine::port::{Clock, Entropy, clock::monotonic};
use ephor_store::{Fault, tx::signing_key::SigningKey};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use serde::Serialize;
use tokio::sync::Mutex as AsyncMutex;

pub use self::{
    plan::Rotation,
    private::{PrivateKey, Unusable},
    ring::{Jwks, RingError},
    store::KeyVault,
};
use self::{
    plan::Term,
    ring::{Ring, sealed_row},
};
use crate::{
    event::{Event, EventKind},
    jose::{self, Algorithm, VerifyingKey},
    seal::Sealer,
};

/// A node looks at the keys in the store at least this often: so long at most it goes on to accept keys that another
/// node has replaced.
pub const LOOK: SignedDuration = SignedDuration::from_secs(10);

/// Unknown names of keys make a node look at the store this often at most.
const UNKNOWN_PAUSE: Duration = Duration::from_secs(1);

/// What the keys stand on.
#[derive(Clone)]
pub struct KeyPorts {
    /// Where they are kept.
    pub vault: Arc<dyn KeyVault>,
    /// What their private halves are sealed with.
    pub sealer: Sealer,
    /// When they sign.
    pub clock: Arc<dyn Clock>,
    /// Nonces of sealed values.
    pub entropy: Arc<dyn Entropy>,
}

/// Which keys are made, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeySettings {
    /// What new keys sign with. Clients in the field expect RS256.
    pub algorithm: Algorithm,
    /// How keys follow each other.
    pub rotation: Rotation,
}

impl Default for KeySettings {
    fn default() -> Self {
        Self { algorithm: Algorithm::Rs256, rotation: Rotation::default() }
    }
}

/// A token cannot be signed, or the keys cannot be looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The store does not answer.
    #[error("the keys cannot be read: {0}")]
    Store(#[from] Fault),
    /// A row is none of ours to read.
    #[error(transparent)]
    Ring(#[from] RingError),
    /// The cryptographic library refused.
    #[error(transparent)]
    Unusable(#[from] Unusable),
    /// A token would outlive the key that signs it.
    #[error("a token of this life would outlive its key: at most {longest}")]
    TooLong {
        /// Longest life.
        longest: SignedDuration,
    },
    /// The claims are no JSON object.
    #[error("the claims are no JSON object")]
    Claims,
}

/// The keys of our own issuer.
pub struct KeyRing {
    ports: KeyPorts,
    settings: KeySettings,
    ring: ArcSwap<Ring>,
    /// One look at the store at a time.
    looking: AsyncMutex<()>,
    /// When a name that nobody knew last made us look.
    unknown: Mutex<Option<std::time::Instant>>,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("ring", &self.ring.load()).finish_non_exhaustive()
    }
}

impl KeyRing {
    /// Reads the keys, and makes the first one where there is none.
    ///
    /// # Errors
    /// [`KeyError`]; above all when the file of the sealing key is not the one of this store.
    pub async fn open(ports: KeyPorts, settings: KeySettings) -> Result<Self, KeyError> {
        let ring = ArcSwap::from_pointee(Ring::default());
        let keys = Self { ports, settings, ring, looking: AsyncMutex::new(()), unknown: Mutex::new(None) };
        keys.settle().await?;
        Ok(keys)
    }

    /// What seals the private halves, for whoever else keeps something sealed in the same store.
    #[must_use]
    pub fn sealer(&self) -> &Sealer {
        &self.ports.sealer
    }

    /// The token with these claims, signed by the key whose turn it is. `expires` is the token's `exp`, and `typ` its kind
    /// in the header: `JWT`.
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn sign(&self, claims: &impl Serialize, typ: &str, expires: Timestamp) -> Result<String, KeyError> {
        let now = self.ports.clock.now();
        let longest = self.settings.rotation.longest_token;
        if expires.duration_since(now) > longest {
            return Err(KeyError::TooLong { longest });
        }
        let claims = serde_json::to_vec(claims).map_err(|_| KeyError::Claims)?;
        if claims.first() != Some(&b'{') {
            return Err(KeyError::Claims);
        }
        if self.ring.load().signing(now).is_none() {
            self.settle().await?;
        }
        let ring = self.ring.load_full();
        let key = ring.signing(now).ok_or(KeyError::Unusable(Unusable))?;
        let header = serde_json::json!({"typ": typ, "alg": key.private.algorithm(), "kid": key.kid});
        Ok(jose::write(&header, &claims, |message| key.private.sign(message))?)
    }

    /// The public halves of all keys that count now or soon, oldest first.
    #[must_use]
    pub fn jwks(&self) -> Jwks {
        self.ring.load().jwks(self.ports.clock.now())
    }

    /// The published key of this name. One that is not known makes this node look at the store, at most once a second.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn verifying(&self, kid: &str) -> Result<Option<Arc<VerifyingKey>>, KeyError> {
        let now = self.ports.clock.now();
        if let Some(key) = self.ring.load().verifying(kid, now) {
            return Ok(Some(key));
        }
        let at = monotonic();
        {
            let mut unknown = self.unknown.lock();
            if unknown.is_some_and(|last| at.duration_since(last) < UNKNOWN_PAUSE) {
                return Ok(None);
            }
            *unknown = Some(at);
        }
        self.look().await?;
        Ok(self.ring.load().verifying(kid, now))
    }

    /// When [`KeyRing::settle`] is due.
    #[must_use]
    pub fn due(&self) -> Timestamp {
        let ring = self.ring.load();
        let look = ring.looked.saturating_add(LOOK).unwrap_or(ring.looked);
        self.settings.rotation.due(&ring.terms()).map_or(look, |due| due.min(look))
    }

    /// Looks at the store, makes the keys that are due, forgets those that are over.
    ///
    /// # Errors
    /// [`KeyError`]; the keys of before go on to count.
    pub async fn settle(&self) -> Result<(), KeyError> {
        let _turn = self.looking.lock().await;
        let mut rows = self.ports.vault.signing_keys().await?;
        let now = self.ports.clock.now();
        // More than once where the period is shorter than the lead.
        while let Some(term) = self.settings.rotation.wanted(&terms(&rows), now) {
            let after = rows.last().map(|last| last.kid.clone());
            let key = self.make(term, now).await?;
            let kind = EventKind::SigningKeyMade { key: key.kid.clone(), from: key.signs_from, until: key.signs_until };
            rows = self.ports.vault.add_signing_key(key, after, event(now, kind)).await?;
        }
        if rows.iter().any(|row| row.published_until < now) {
            self.ports.vault.purge_signing_keys(now).await?;
            rows.retain(|row| row.published_until >= now);
        }
        self.put(&rows, now)
    }

    /// Replaces all keys at once, because one of them may be known to somebody else: no token that was signed before is
    /// good any more, on other nodes within [`LOOK`].
    ///
    /// # Errors
    /// [`KeyError`].
    pub async fn replace(&self, by: Option<ephor_domain::id::PrincipalId>) -> Result<(), KeyError> {
        let _turn = self.looking.lock().await;
        let now = self.ports.clock.now();
        let term = self.settings.rotation.wanted(&[], now).ok_or(KeyError::Unusable(Unusable))?;
        let key = self.make(term, now).await?;
        let replaced = Event { by, ..event(now, EventKind::SigningKeysReplaced { key: key.kid.clone() }) };
        let rows = self.ports.vault.replace_signing_keys(key, replaced).await?;
        self.put(&rows, now)
    }

    async fn look(&self) -> Result<(), KeyError> {
        let _turn = self.looking.lock().await;
        let rows = self.ports.vault.signing_keys().await?;
        self.put(&rows, self.ports.clock.now())
    }

    fn put(&self, rows: &[SigningKey], now: Timestamp) -> Result<(), KeyError> {
        let ring = Ring::read(rows, &self.ring.load(), &self.ports.sealer, now)?;
        self.ring.store(Arc::new(ring));
        Ok(())
    }

    async fn make(&self, term: Term, now: Timestamp) -> Result<SigningKey, KeyError> {
        let algorithm = self.settings.algorithm;
        // The search for primes is no work for a thread that serves.
        let made = tokio::task::spawn_blocking(move || PrivateKey::generate(algorithm)).await;
        let private = made.map_err(|_| Unusable)??;
        let published_until = self.settings.rotation.published_until(term.until);
        Ok(sealed_row(&private, term, now, published_until, &self.ports.sealer, self.ports.entropy.as_ref())?)
    }
}

fn terms(rows: &[SigningKey]) -> Vec<Term> {
    rows.iter().map(|row| Term { from: row.signs_from, until: row.signs_until }).collect()
}

fn event(at: Timestamp, kind: EventKind) -> Event {
    Event { at, by: None, principal: None, address: None, kind }
}
