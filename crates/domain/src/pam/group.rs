//! A PAM group: a CORP group mirrored in a target (`PAM 11.2`).

use serde::{Deserialize, Serialize};

use crate::id::{GroupId, TargetId};

/// A group that roles give membership of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Its id, the same on every face (seams §1).
    pub id: GroupId,
    /// The directory that holds the mirror.
    pub target: TargetId,
    /// The target's own name: the distinguished name in LDAP, the account name in the built-in directory.
    pub native: String,
    /// How the group entry holds members: `member`, `uniqueMember`, `memberUid`.
    pub attribute: String,
    /// CORP domain of the source group.
    pub source_domain: String,
    /// Name of the source group.
    pub source_account: String,
    /// Security identifier of the source group.
    pub source_sid: Option<String>,
    /// Name of the mirror.
    pub priv_account: String,
    /// Display name of the mirror.
    pub display_name: String,
    /// Description of the mirror.
    pub description: Option<String>,
    /// May be used for activation.
    pub active: bool,
    /// Stands for a group that was in PRIV already.
    pub priv_only: bool,
}
