//! The tree for those who administer the server (seams §14): all of it, without regard to roles at its scopes.

use ephor_domain::scope::Place;
use ephor_store::tx::place::PlaceKind;

use crate::{
    admin::desk::{Files, Query},
    answer::Answer,
};

/// Registered scopes of one sort, by key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListPlaces {
    /// Which sort.
    pub kind: PlaceKind,
    /// Goes on after the scope with this key.
    pub after: String,
    /// Most rows.
    pub limit: u32,
}

impl Query for ListPlaces {
    type Output = Vec<Place>;

    async fn run(self, files: &mut Files<'_>) -> Answer<Vec<Place>> {
        Ok(files.tx.places_of_kind(self.kind, &self.after, self.limit).await?)
    }
}
