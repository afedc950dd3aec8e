//! What a scan found.

use ephor_domain::id::PrincipalId;
use ephor_store::tx::alert::IncidentRow;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// Stable from scan to scan.
    pub id: String,
    /// What it is about.
    pub facts: Facts,
}

/// What an incident is about, as far as its kind has it. Names are looked up when it is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// Whose access.
    pub principal: Option<PrincipalId>,
    /// To which role.
    pub definition: Option<Uuid>,
    /// Where, if not in the whole tenant.
    pub scope: Option<String>,
    /// Since when it is held.
    pub created: Option<Timestamp>,
    /// Last used, or last signed in.
    pub last: Option<Timestamp>,
    /// How often.
    pub count: Option<u64>,
    /// From.
    pub from: Option<Timestamp>,
    /// To.
    pub until: Option<Timestamp>,
    /// Who gave it.
    pub by: Option<PrincipalId>,
    /// Roles that are the same as this one.
    pub others: Vec<Uuid>,
    /// They bear the same name, beside allowing the same or instead of it.
    pub same_name: bool,
    /// They allow the same.
    pub same_permissions: bool,
}

/// Name space of the ids of incidents.
const NAMESPACE: Uuid = Uuid::from_u128(0x6570_686f_722d_5e17_a1e1_0061_6c65_7274);

impl Incident {
    /// Something about the access of a principal to a role.
    #[must_use]
    pub fn of(principal: PrincipalId, definition: Uuid, scope: &str, facts: Facts) -> Self {
        let name = format!("{principal} {definition} {scope}");
        let scope = (scope != super::TENANT).then(|| scope.to_owned());
        let facts = Facts { principal: Some(principal), definition: Some(definition), scope, ..facts };
        Self { id: Uuid::new_v5(&NAMESPACE, name.as_bytes()).to_string(), facts }
    }

    pub(super) fn row(&self) -> IncidentRow {
        IncidentRow { id: self.id.clone(), facts: serde_json::to_string(&self.facts).unwrap_or_default() }
    }
}

impl From<IncidentRow> for Incident {
    fn from(row: IncidentRow) -> Self {
        // What an older version wrote may lack members; each has its default.
        Self { id: row.id, facts: serde_json::from_str(&row.facts).unwrap_or_default() }
    }
}
