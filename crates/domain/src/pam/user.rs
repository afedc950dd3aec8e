//! A PAM user: a CORP account and the PRIV account of the same person (`PAM 11.1`).

use serde::{Deserialize, Serialize};

use crate::id::PrincipalId;

/// The record that joins the two accounts. Its id is the PRIV principal's (seams §1).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// CORP domain.
    pub domain: String,
    /// CORP account name.
    pub account: String,
    /// CORP display name.
    pub display_name: Option<String>,
    /// CORP description.
    pub description: Option<String>,
    /// CORP mail address.
    pub email: Option<String>,
    /// CORP telephone number: what MFA rings.
    pub phone: Option<String>,
    /// CORP security identifier.
    pub sid: Option<String>,
}

/// A PAM user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The PRIV principal.
    pub id: PrincipalId,
    /// The CORP principal; `None` for a PRIV-only user.
    pub corp: Option<PrincipalId>,
    /// What was copied from CORP.
    pub source: Source,
    /// Description of the PRIV account.
    pub description: Option<String>,
    /// PIN for MFA, sealed; never shown.
    pub has_pin: bool,
}

impl User {
    /// The account exists only in PRIV.
    #[must_use]
    pub fn priv_only(&self) -> bool {
        self.corp.is_none()
    }
}
