//! What a command or query is about, as its records name it.

use ephor_audit::Record;
use ephor_domain::{
    entitlement::EntitlementKey,
    id::{EntitlementId, GroupId, PrincipalId, RequestId, TargetId},
    provider::Provider,
};

use crate::ledger::About;

/// What a command or query is about, for its records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Subject {
    /// A role.
    pub role: Option<EntitlementId>,
    /// A principal.
    pub user: Option<PrincipalId>,
    /// A request.
    pub request: Option<RequestId>,
    /// A group.
    pub group: Option<GroupId>,
    /// A target.
    pub target: Option<TargetId>,
    /// Whose rules apply, where it is not PAM.
    pub provider: Option<Provider>,
}

impl Subject {
    /// Nothing in particular.
    pub const NONE: Self = Self { role: None, user: None, request: None, group: None, target: None, provider: None };

    /// A role.
    #[must_use]
    pub fn role(role: EntitlementId) -> Self {
        Self { role: Some(role), ..Self::NONE }
    }

    /// A principal.
    #[must_use]
    pub fn user(user: PrincipalId) -> Self {
        Self { user: Some(user), ..Self::NONE }
    }

    /// A group.
    #[must_use]
    pub fn group(group: GroupId) -> Self {
        Self { group: Some(group), ..Self::NONE }
    }

    /// A request.
    #[must_use]
    pub fn request(request: RequestId) -> Self {
        Self { request: Some(request), ..Self::NONE }
    }

    /// A target.
    #[must_use]
    pub fn target(target: TargetId) -> Self {
        Self { target: Some(target), ..Self::NONE }
    }

    /// An order of a principal for something that can be held.
    #[must_use]
    pub fn order(key: &EntitlementKey, user: PrincipalId) -> Self {
        Self { role: Some(key.id()), user: Some(user), provider: Some(key.provider()), ..Self::NONE }
    }

    pub(crate) fn put(self, mut record: Record) -> Record {
        let about = About {
            request: self.request,
            entitlement: self.role,
            subject: self.user,
            provider: self.provider.or((self.role.is_some() || self.request.is_some()).then_some(Provider::Pam)),
        };
        about.put(&mut record);
        if let Some(group) = self.group {
            record = record.detail("group", group.uuid());
        }
        if let Some(target) = self.target {
            record = record.detail("target", target.uuid());
        }
        record
    }
}
