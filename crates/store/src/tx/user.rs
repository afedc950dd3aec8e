//! PAM users: the join of a CORP and a PRIV account (`PAM 11.1`).

use ephor_domain::{id::PrincipalId, pam::user::User, principal::Principal};

use super::{Page, Tx, unwritten};
use crate::Fault;

/// A PAM user with its PRIV principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    /// The PAM user.
    pub user: User,
    /// Its PRIV principal.
    pub principal: Principal,
}

impl Tx {
    /// A PAM user by its PRIV principal.
    ///
    /// # Errors
    /// As any statement.
    pub async fn user(&mut self, _id: PrincipalId) -> Result<Option<UserRow>, Fault> {
        unwritten()
    }

    /// The PAM user whose CORP principal this is.
    ///
    /// # Errors
    /// As any statement.
    pub async fn user_of_corp(&mut self, _corp: PrincipalId) -> Result<Option<UserRow>, Fault> {
        unwritten()
    }

    /// PAM users by display name of the PRIV principal.
    ///
    /// # Errors
    /// As any statement.
    pub async fn users(&mut self, _page: &Page) -> Result<Vec<UserRow>, Fault> {
        unwritten()
    }

    /// Stores a new PAM user; its principals are stored before.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `pam_user` or `pam_user_corp`.
    pub async fn insert_user(&mut self, _user: &User) -> Result<(), Fault> {
        unwritten()
    }

    /// Stores a changed PAM user, all but the PIN; false when it is not there.
    ///
    /// # Errors
    /// As [`insert_user`](Self::insert_user).
    pub async fn update_user(&mut self, _user: &User) -> Result<bool, Fault> {
        unwritten()
    }

    /// Deletes a PAM user; its principals stay. False when it is not there.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_user(&mut self, _id: PrincipalId) -> Result<bool, Fault> {
        unwritten()
    }

    /// The sealed PIN.
    ///
    /// # Errors
    /// As any statement.
    pub async fn pin(&mut self, _id: PrincipalId) -> Result<Option<Vec<u8>>, Fault> {
        unwritten()
    }

    /// Stores or forgets the sealed PIN.
    ///
    /// # Errors
    /// As any statement.
    pub async fn put_pin(&mut self, _id: PrincipalId, _sealed: Option<Vec<u8>>) -> Result<bool, Fault> {
        unwritten()
    }
}
