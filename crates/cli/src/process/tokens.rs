//! The keys that sign tokens, and the key that seals them in the store.

use std::{path::Path, sync::Arc};

use ephor_engine::port::{Clock, Entropy};
use ephor_identity::{KeyPorts, KeyRing, KeySettings, Sealer, StoreVault, record::sealer};
use ephor_store::Store;

use super::key_file;
use crate::exit::{Done, Failure};

/// Opens the keys of this store. The sealing key in `path` is made only for a store that has sealed nothing yet.
pub(crate) async fn open(
    path: &Path,
    settings: KeySettings,
    store: &Store,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> Done<Arc<KeyRing>> {
    let unusable = |error: &dyn std::fmt::Display| Failure::usage(format!("identity.sealing_key_file: {error}"));
    let there = key_file::load(path).map_err(|error| unusable(&error))?;
    let sealed = store.read(|tx| Box::pin(tx.signing_keys())).await.map_err(anyhow::Error::from)?;
    let bytes = match there {
        Some(bytes) => bytes,
        None if sealed.is_empty() => {
            key_file::load_or_make(path, entropy.as_ref()).map_err(|error| unusable(&error))?
        }
        None => {
            return Err(unusable(&format!(
                "{} is not there, but the store holds values sealed with it: bring it back from where it was, or copy \
                 it from another node",
                path.display()
            )));
        }
    };
    let ports = KeyPorts {
        vault: Arc::new(StoreVault::new(store.clone(), sealer(Arc::clone(entropy)))),
        sealer: Sealer::new(&bytes),
        clock: Arc::clone(clock),
        entropy: Arc::clone(entropy),
    };
    let ring =
        KeyRing::open(ports, settings).await.map_err(|error| unusable(&format!("{}: {error}", path.display())))?;
    Ok(Arc::new(ring))
}
