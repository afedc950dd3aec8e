//! Principals and the persons behind them.

use ephor_domain::{
    id::{PersonId, PrincipalId},
    principal::Principal,
};

use super::{Page, Tx, unwritten};
use crate::Fault;

impl Tx {
    /// A principal.
    ///
    /// # Errors
    /// As any statement.
    pub async fn principal(&mut self, _id: PrincipalId) -> Result<Option<Principal>, Fault> {
        unwritten()
    }

    /// The principal that a sign-in name means: `DOMAIN\account`, `account` where it is unique, or the UPN; case-blind
    /// (seams §1). `None` when there is none, or more than one.
    ///
    /// # Errors
    /// As any statement.
    pub async fn principal_named(&mut self, _spelling: &str) -> Result<Option<Principal>, Fault> {
        unwritten()
    }

    /// Principals by display name.
    ///
    /// # Errors
    /// As any statement.
    pub async fn principals(&mut self, _page: &Page) -> Result<Vec<Principal>, Fault> {
        unwritten()
    }

    /// All principals of a person.
    ///
    /// # Errors
    /// As any statement.
    pub async fn principals_of_person(&mut self, _person: PersonId) -> Result<Vec<Principal>, Fault> {
        unwritten()
    }

    /// Stores a new principal.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `principal_login` or `principal_upn` when a sign-in name is taken.
    pub async fn insert_principal(&mut self, _principal: &Principal) -> Result<(), Fault> {
        unwritten()
    }

    /// Stores a changed principal; false when it is not there.
    ///
    /// # Errors
    /// As [`insert_principal`](Self::insert_principal).
    pub async fn update_principal(&mut self, _principal: &Principal) -> Result<bool, Fault> {
        unwritten()
    }

    /// Deletes a principal and its credentials, sessions, tokens, accounts; false when it is not there. Requests and
    /// grants keep its id.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_principal(&mut self, _id: PrincipalId) -> Result<bool, Fault> {
        unwritten()
    }
}
