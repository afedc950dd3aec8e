//! `Set-PAMGroup`: an inactive group blocks activations that would give it.

use ephor_audit::events;
use ephor_domain::{Refusal, administration::Right, id::GroupId, pam::group::Group};
use ephor_store::tx::lock::Lock;

use super::{needed, optional};
use crate::{
    admin::{
        desk::{Command, Desk, Subject},
        role::require_over_group,
    },
    answer::Answer,
};

/// Changes what is given of a group. `Some(None)` takes an optional text away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetGroup {
    /// The group.
    pub group: GroupId,
    /// Name of the CORP group.
    pub source_account: Option<String>,
    /// CORP domain.
    pub source_domain: Option<String>,
    /// Security identifier of the CORP group.
    pub source_sid: Option<Option<String>>,
    /// Name of the mirror.
    pub priv_account: Option<String>,
    /// Display name of the mirror.
    pub display_name: Option<String>,
    /// Description of the mirror.
    pub description: Option<Option<String>>,
    /// May be used for activation.
    pub active: Option<bool>,
}

impl SetGroup {
    /// Changes nothing yet.
    #[must_use]
    pub fn of(group: GroupId) -> Self {
        Self {
            group,
            source_account: None,
            source_domain: None,
            source_sid: None,
            priv_account: None,
            display_name: None,
            description: None,
            active: None,
        }
    }
}

impl Command for SetGroup {
    type Output = Group;

    fn right(&self) -> Right {
        Right::Pam
    }

    fn subject(&self) -> Subject {
        Subject::group(self.group)
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::Exclusive(self.group.uuid())]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<Group> {
        let old = desk.tx.group(self.group).await?.ok_or(Refusal::NotFound { what: "group" })?;
        require_over_group(desk, old.id).await?;
        let mut new = old.clone();
        if let Some(name) = self.source_account {
            new.source_account = needed("sourceAccountName", name)?;
        }
        if let Some(domain) = self.source_domain {
            new.source_domain = needed("sourceDomain", domain)?;
        }
        if let Some(sid) = self.source_sid {
            new.source_sid = optional("sourceAccountSid", sid)?;
        }
        if let Some(name) = self.priv_account {
            new.priv_account = needed("privAccountName", name)?;
        }
        if let Some(name) = self.display_name {
            new.display_name = needed("privDisplayName", name)?;
        }
        if let Some(text) = self.description {
            new.description = optional("privDescription", text)?;
        }
        if let Some(active) = self.active {
            new.active = active;
        }
        if new != old {
            desk.tx.update_group(&new).await?;
            desk.changed(events::GROUP_CHANGED, Subject::group(new.id), |record| {
                record.detail("old", describe(&old)).detail("new", describe(&new))
            });
        }
        Ok(new)
    }
}

fn describe(group: &Group) -> ephor_audit::detail::Detail {
    let members = [
        ("sourceDomain", group.source_domain.as_str().into()),
        ("sourceAccountName", group.source_account.as_str().into()),
        ("sourceAccountSid", group.source_sid.clone().into()),
        ("privAccountName", group.priv_account.as_str().into()),
        ("privDisplayName", group.display_name.as_str().into()),
        ("privDescription", group.description.clone().into()),
        ("active", group.active.into()),
    ];
    ephor_audit::detail::Detail::Map(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}
