//! Requests that wait for their requester's proof of presence.

use ephor_domain::request::Request;

use super::Tx;
use crate::Fault;

/// An open challenge with what a provider is told.
#[derive(Debug, Clone)]
pub struct OpenChallenge {
    /// The request that waits.
    pub request: Request,
    /// The provider was told already.
    pub started: bool,
    /// Telephone number of the PAM user.
    pub phone: Option<String>,
    /// `DOMAIN\\account` of the requester.
    pub username: String,
    /// Name of the role.
    pub role_name: String,
}

impl Tx {
    /// Requests at the MFA gate, oldest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn open_challenges(&mut self, _limit: u32) -> Result<Vec<OpenChallenge>, Fault> {
        super::unwritten()
    }
}
