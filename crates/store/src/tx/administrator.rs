//! Standing assignments of administrator roles (seams §14).

use ephor_domain::{id::PrincipalId, principal::Principal};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Tx, unwritten};
use crate::Fault;

/// A standing administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Administrator {
    /// Who.
    pub principal: PrincipalId,
    /// Template id of the directory role.
    pub template: Uuid,
    /// When it was given.
    pub created: Timestamp,
    /// Who gave it.
    pub created_by: Option<PrincipalId>,
}

impl Tx {
    /// Template ids of the administrator roles that a principal holds.
    ///
    /// # Errors
    /// As any statement.
    pub async fn administrator_roles(&mut self, _principal: PrincipalId) -> Result<Vec<Uuid>, Fault> {
        unwritten()
    }

    /// All administrators, or those of one template, with their accounts.
    ///
    /// # Errors
    /// As any statement.
    pub async fn administrators(&mut self, _template: Option<Uuid>) -> Result<Vec<(Administrator, Principal)>, Fault> {
        unwritten()
    }

    /// Number of enabled principals that hold a template.
    ///
    /// # Errors
    /// As any statement.
    pub async fn enabled_administrators(&mut self, _template: Uuid) -> Result<u64, Fault> {
        unwritten()
    }

    /// Makes an administrator.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `administrator` when he is one already.
    pub async fn insert_administrator(&mut self, _administrator: &Administrator) -> Result<(), Fault> {
        unwritten()
    }

    /// Ends an administrator's assignment; false when there was none.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_administrator(&mut self, _principal: PrincipalId, _template: Uuid) -> Result<bool, Fault> {
        unwritten()
    }
}
