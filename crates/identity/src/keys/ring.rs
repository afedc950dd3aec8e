//! The keys as this node holds them.

use std::{collections::HashMap, fmt, sync::Arc};

use ephor_engine::port::Entropy;
use ephor_store::tx::signing_key::SigningKey;
use jiff::Timestamp;
use serde::Serialize;

use super::{
    plan::{self, Term},
    private::{PrivateKey, Unusable},
};
use crate::{
    jose::{Jwk, VerifyingKey},
    seal::{SealError, SealedFor, Sealer},
};

/// A set of public keys as it is published (RFC 7517).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Jwks {
    /// The keys.
    pub keys: Vec<Jwk>,
}

/// A key in the store cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RingError {
    /// The private half does not open.
    #[error("the signing key {kid} does not open: {cause}")]
    Sealed {
        /// Which.
        kid: String,
        /// Why.
        cause: SealError,
    },
    /// The row holds something else.
    #[error("the row of the signing key {kid} cannot be read")]
    Row {
        /// Which.
        kid: String,
    },
}

/// A key with which this node signs.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) kid: String,
    pub(super) private: PrivateKey,
}

struct Entry {
    held: Arc<Held>,
    verifying: Arc<VerifyingKey>,
    public: Jwk,
    term: Term,
    published_until: Timestamp,
}

/// All keys, in the order in which they sign.
#[derive(Default)]
pub(super) struct Ring {
    entries: Vec<Entry>,
    /// When the store was last looked at.
    pub(super) looked: Timestamp,
}

impl fmt::Debug for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.entries.iter().map(|entry| &entry.held.kid)).finish()
    }
}

/// The row that a private half is bound to.
fn row_of(kid: &str) -> String {
    format!("signing_key/{kid}")
}

/// The row of a key.
pub(super) fn sealed_row(
    private: &PrivateKey,
    term: Term,
    created: Timestamp,
    published_until: Timestamp,
    sealer: &Sealer,
    entropy: &dyn Entropy,
) -> Result<SigningKey, Unusable> {
    let public = private.public()?;
    let kid = public.thumbprint();
    Ok(SigningKey {
        algorithm: private.algorithm().to_string(),
        public: serde_json::to_string(&public).map_err(|_| Unusable)?,
        sealed: sealer.seal(SealedFor::SigningKey, &row_of(&kid), &private.to_pkcs8()?, entropy),
        kid,
        created,
        signs_from: term.from,
        signs_until: term.until,
        published_until,
    })
}

impl Ring {
    /// The ring of these rows. What `before` has opened is not opened again.
    pub(super) fn read(rows: &[SigningKey], before: &Self, sealer: &Sealer, now: Timestamp) -> Result<Self, RingError> {
        let known: HashMap<&str, &Entry> =
            before.entries.iter().map(|entry| (entry.held.kid.as_str(), entry)).collect();
        let mut entries = Vec::with_capacity(rows.len());
        for row in rows {
            let (held, verifying, public) = match known.get(row.kid.as_str()) {
                Some(entry) => (Arc::clone(&entry.held), Arc::clone(&entry.verifying), entry.public.clone()),
                None => opened(row, sealer)?,
            };
            let term = Term { from: row.signs_from, until: row.signs_until };
            entries.push(Entry { held, verifying, public, term, published_until: row.published_until });
        }
        Ok(Self { entries, looked: now })
    }

    pub(super) fn terms(&self) -> Vec<Term> {
        self.entries.iter().map(|entry| entry.term).collect()
    }

    pub(super) fn signing(&self, now: Timestamp) -> Option<Arc<Held>> {
        let at = plan::signing(&self.terms(), now)?;
        self.entries.get(at).map(|entry| Arc::clone(&entry.held))
    }

    pub(super) fn verifying(&self, kid: &str, now: Timestamp) -> Option<Arc<VerifyingKey>> {
        let entry = self.entries.iter().find(|entry| entry.held.kid == kid && now < entry.published_until)?;
        Some(Arc::clone(&entry.verifying))
    }

    pub(super) fn jwks(&self, now: Timestamp) -> Jwks {
        let published = self.entries.iter().filter(|entry| now < entry.published_until);
        Jwks { keys: published.map(|entry| entry.public.clone()).collect() }
    }
}

type Opened = (Arc<Held>, Arc<VerifyingKey>, Jwk);

fn opened(row: &SigningKey, sealer: &Sealer) -> Result<Opened, RingError> {
    let kid = row.kid.clone();
    let wrong = || RingError::Row { kid: kid.clone() };
    let document = sealer
        .open(SealedFor::SigningKey, &row_of(&kid), &row.sealed)
        .map_err(|cause| RingError::Sealed { kid: kid.clone(), cause })?;
    let algorithm = row.algorithm.parse().map_err(|_| wrong())?;
    let private = PrivateKey::from_pkcs8(algorithm, &document).map_err(|_| wrong())?;
    // The public half follows from the private one, which is sealed: whoever can write to the store cannot exchange it.
    let public = private.public().map_err(|_| wrong())?;
    let verifying = VerifyingKey::from_jwk(&public).map_err(|_| wrong())?;
    if public.kid.as_deref() != Some(&row.kid) {
        return Err(wrong());
    }
    Ok((Arc::new(Held { kid: row.kid.clone(), private }), Arc::new(verifying), public))
}
