//! The keys of an issuer, held for a while.

use std::{collections::HashMap, sync::Arc};

use arc_swap::ArcSwap;
use ephor_engine::port::{Clock, fetch::Fetch};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex as AsyncMutex;

use super::{
    discovery::{Discovery, DiscoveryError},
    refresh::{Held, MOST_KEYS, Step},
};
use crate::jose::{Jwk, VerifyingKey};

/// What was read last.
#[derive(Default)]
struct Known {
    discovery: Option<Arc<Discovery>>,
    keys: HashMap<String, Arc<VerifyingKey>>,
    /// The one key of a set whose only key has no name, or of a set of one: for tokens without a name of a key.
    only: Option<Arc<VerifyingKey>>,
}

/// The keys of one issuer.
pub(super) struct IssuerKeys {
    issuer: String,
    fetch: Arc<dyn Fetch>,
    clock: Arc<dyn Clock>,
    known: ArcSwap<Known>,
    held: Mutex<Held>,
    /// One question at a time.
    asking: AsyncMutex<()>,
}

/// A set of keys; one that cannot be read does not spoil the others.
#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

impl IssuerKeys {
    pub(super) fn new(issuer: String, fetch: Arc<dyn Fetch>, clock: Arc<dyn Clock>) -> Self {
        let (known, held) = (ArcSwap::from_pointee(Known::default()), Mutex::new(Held::default()));
        Self { issuer, fetch, clock, known, held, asking: AsyncMutex::new(()) }
    }

    /// The key of this name.
    ///
    /// # Errors
    /// When no keys are held that count, and the issuer cannot be asked.
    pub(super) async fn verifying(&self, kid: Option<&str>) -> Result<Option<Arc<VerifyingKey>>, DiscoveryError> {
        let found = |known: &Known| match kid {
            Some(kid) => known.keys.get(kid).cloned(),
            None => known.only.clone(),
        };
        self.look(|known| found(known).is_some()).await?;
        Ok(found(&self.known.load()))
    }

    /// What the issuer says of itself.
    ///
    /// # Errors
    /// As [`IssuerKeys::verifying`].
    pub(super) async fn discovery(&self) -> Result<Arc<Discovery>, DiscoveryError> {
        self.look(|known| known.discovery.is_some()).await?;
        self.known.load().discovery.clone().ok_or(DiscoveryError::Pausing)
    }

    /// Sees to it that what is held is as new as it can be; `has` says whether it is enough.
    async fn look(&self, has: impl Fn(&Known) -> bool) -> Result<(), DiscoveryError> {
        let step = || {
            let held = *self.held.lock();
            held.step(has(&self.known.load()), self.clock.now())
        };
        match step() {
            Step::Use => return Ok(()),
            Step::Pause => return Err(DiscoveryError::Pausing),
            Step::Ask => {}
        }
        let _turn = self.asking.lock().await;
        // Somebody may have asked while we waited for our turn.
        match step() {
            Step::Use => return Ok(()),
            Step::Pause => return Err(DiscoveryError::Pausing),
            Step::Ask => {}
        }
        let now = self.clock.now();
        self.held.lock().asked = Some(now);
        match self.ask().await {
            Ok(known) => {
                self.known.store(Arc::new(known));
                self.held.lock().read = Some(now);
                Ok(())
            }
            Err(error) if self.held.lock().counts(now) => {
                tracing::warn!(issuer = self.issuer, %error, "an issuer was not read again; its keys of before count");
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    async fn ask(&self) -> Result<Known, DiscoveryError> {
        let fetched = |fault: ephor_engine::port::fetch::FetchFault| DiscoveryError::Fetch(fault.to_string());
        let document = self.fetch.get(&Discovery::url(&self.issuer)).await.map_err(fetched)?;
        let discovery = Discovery::read(&self.issuer, &document)?;
        let set = self.fetch.get(&discovery.jwks_uri).await.map_err(fetched)?;
        let set: Set = serde_json::from_slice(&set).map_err(|_| DiscoveryError::Unreadable("set of keys"))?;
        let read = |key: Value| {
            let jwk: Jwk = serde_json::from_value(key).ok()?;
            Some((jwk.kid.clone(), Arc::new(VerifyingKey::from_jwk(&jwk).ok()?)))
        };
        let usable: Vec<_> = set.keys.into_iter().take(MOST_KEYS).filter_map(read).collect();
        let only = match usable.as_slice() {
            [(_, key)] => Some(Arc::clone(key)),
            _ => None,
        };
        let keys = usable.into_iter().filter_map(|(kid, key)| kid.map(|kid| (kid, key))).collect();
        Ok(Known { discovery: Some(Arc::new(discovery)), keys, only })
    }
}
