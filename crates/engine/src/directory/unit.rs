//! Administrative units (`GRAPH 15.1` R19). What is in them is no secret to whoever sees the directory.

pub use ephor_store::tx::administrative_unit::AdministrativeUnit;
use uuid::Uuid;

use super::{DirectoryObject, object::objects};
use crate::{answer::Answer, engine::Engine};

impl Engine {
    /// The units by name.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn administrative_units(&self) -> Answer<Vec<AdministrativeUnit>> {
        Ok(self.store.read(|tx| Box::pin(tx.administrative_units())).await?)
    }

    /// The unit with this id.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn administrative_unit(&self, id: Uuid) -> Answer<Option<AdministrativeUnit>> {
        Ok(self.store.read(move |tx| Box::pin(tx.administrative_unit(id))).await?)
    }

    /// The units that an object is in, by id.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn administrative_units_of(&self, member: Uuid) -> Answer<Vec<AdministrativeUnit>> {
        let read = self.store.read(move |tx| {
            Box::pin(async move {
                let mut found = Vec::new();
                for id in tx.administrative_units_of(member).await? {
                    found.extend(tx.administrative_unit(id).await?);
                }
                Ok(found)
            })
        });
        Ok(read.await?)
    }

    /// Who is in a unit, by id.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn administrative_unit_members(&self, unit: Uuid, limit: u32) -> Answer<Vec<DirectoryObject>> {
        let read = self.store.read(move |tx| {
            Box::pin(async move {
                let ids = tx.administrative_unit_members(unit, None, limit).await?;
                objects(tx, &ids).await
            })
        });
        Ok(read.await?)
    }
}
