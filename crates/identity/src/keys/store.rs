//! Where the keys are kept.

use ephor_store::{
    Tx,
    tx::{Lock, signing_key::SigningKey},
};
use jiff::Timestamp;
use uuid::{Uuid, uuid};

use crate::{event::Event, port::Answer, store_vault::StoreVault};

/// What orders those who make keys.
const MAKERS: Uuid = uuid!("b2f6ad70-6f7e-4f0e-9f0b-4c6a2f5d9e31");

/// Keys in the store. Each writing method writes its event in the same commit (A1).
pub trait KeyVault: Send + Sync + 'static {
    /// All keys, in the order in which they sign.
    fn signing_keys(&self) -> Answer<'_, Vec<SigningKey>>;

    /// Adds a key if `after` is still the last one, and answers all keys: another node may have been first.
    fn add_signing_key(&self, key: SigningKey, after: Option<String>, event: Event) -> Answer<'_, Vec<SigningKey>>;

    /// Ends all keys when `key` was made, and puts `key` in their place.
    fn replace_signing_keys(&self, key: SigningKey, event: Event) -> Answer<'_, Vec<SigningKey>>;

    /// Forgets keys that ceased to be published before `before`.
    fn purge_signing_keys(&self, before: Timestamp) -> Answer<'_, ()>;
}

impl KeyVault for StoreVault {
    fn signing_keys(&self) -> Answer<'_, Vec<SigningKey>> {
        Box::pin(self.store().read(|tx| Box::pin(tx.signing_keys())))
    }

    fn add_signing_key(&self, key: SigningKey, after: Option<String>, event: Event) -> Answer<'_, Vec<SigningKey>> {
        let record = self.sealed(&event);
        Box::pin(self.store().transact(move |tx| {
            let (key, after, record) = (key.clone(), after.clone(), record.clone());
            Box::pin(async move {
                let rows = locked(tx).await?;
                if rows.last().map(|last| &last.kid) != after.as_ref() {
                    return Ok(rows);
                }
                tx.insert_signing_key(&key).await?;
                tx.record(record).await?;
                tx.signing_keys().await
            })
        }))
    }

    fn replace_signing_keys(&self, key: SigningKey, event: Event) -> Answer<'_, Vec<SigningKey>> {
        let record = self.sealed(&event);
        Box::pin(self.store().transact(move |tx| {
            let (key, record) = (key.clone(), record.clone());
            Box::pin(async move {
                locked(tx).await?;
                tx.end_signing_keys(key.created).await?;
                tx.insert_signing_key(&key).await?;
                tx.record(record).await?;
                tx.signing_keys().await
            })
        }))
    }

    fn purge_signing_keys(&self, before: Timestamp) -> Answer<'_, ()> {
        Box::pin(
            self.store().transact(move |tx| Box::pin(async move { tx.purge_signing_keys(before).await.map(drop) })),
        )
    }
}

async fn locked(tx: &mut Tx) -> Result<Vec<SigningKey>, ephor_store::Fault> {
    tx.lock(&[Lock::Exclusive(MAKERS)]).await?;
    tx.signing_keys().await
}
