//! Gives the cast its authenticator apps: a step of its own, because it takes the key that seals their secrets.

use ephor_audit::{Actor, Record, events};
use ephor_engine::port::Entropy;
use ephor_identity::{
    Sealer,
    factor::{FactorKind, row},
    seal::SealedFor,
};
use ephor_store::{Fault, Store, tx::factor::Factor};
use jiff::Timestamp;

use crate::cast::PEOPLE;

/// Enrols the apps of a store that was seeded just now.
///
/// # Errors
/// Faults of the store.
pub async fn enrol(store: &Store, sealer: &Sealer, at: Timestamp, entropy: &dyn Entropy) -> Result<(), Fault> {
    let mut rows = Vec::new();
    for person in &PEOPLE {
        let Some(secret) = person.totp() else { continue };
        let id = person.factor();
        let factor = Factor {
            id,
            principal: person.id(),
            kind: FactorKind::Totp.to_string(),
            label: "Demo app".to_owned(),
            secret: sealer.seal(SealedFor::Totp, &row(id), &secret, entropy),
            counter: 0,
            created: at,
            used: None,
            disabled: None,
        };
        let mut record = Record::new(at, events::FACTOR_ENROLLED, Actor::system("demo"))
            .detail("factor", id.to_string())
            .detail("kind", factor.kind.clone());
        record.subject = Some(person.id().uuid());
        let mut salt = [0; 16];
        entropy.fill(&mut salt);
        rows.push((factor, record.seal(salt)));
    }
    store
        .transact(move |tx| {
            let rows = rows.clone();
            Box::pin(async move {
                for (factor, record) in rows {
                    tx.insert_factor(&factor).await?;
                    tx.record(record).await?;
                }
                Ok(())
            })
        })
        .await
}
