//! Where alerts are: those of directory roles in the tenant, those of roles on resources at each scope.

use ephor_audit::Record;
use ephor_domain::{alert::AlertKind, provider::Provider, scope::ArmScope};
use ephor_store::tx::lock::Lock;
use uuid::Uuid;

use super::{TENANT, change::LOCK};
use crate::admin::desk::Subject;

/// Whose alerts are meant: what is dismissed, set and scanned on one ground says nothing of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ground(Option<ArmScope>);

impl Ground {
    /// Directory roles.
    pub(super) const TENANT: Self = Self(None);

    /// Roles on resources at exactly this scope.
    pub(super) const fn of(scope: ArmScope) -> Self {
        Self(Some(scope))
    }

    /// The scope as the store keeps it.
    pub(super) fn key(&self) -> &str {
        self.0.as_ref().map_or(TENANT, ArmScope::key)
    }

    /// What everybody locks who changes alerts there.
    pub(super) fn lock(&self) -> Lock {
        Lock::Exclusive(match &self.0 {
            None => LOCK,
            Some(scope) => Uuid::new_v5(&LOCK, scope.key().as_bytes()),
        })
    }

    /// What records of it are about: those of resources are no business of the directory's readers.
    pub(super) fn subject(&self) -> Subject {
        Subject { provider: self.0.as_ref().map(|_| Provider::Resources), ..Subject::NONE }
    }

    /// Which alert a record tells of, and where.
    pub(super) fn put(&self, record: Record, kind: AlertKind) -> Record {
        let record = record.detail("alert", kind.word());
        match &self.0 {
            None => record,
            Some(scope) => record.detail("scope", scope.to_string()),
        }
    }
}
