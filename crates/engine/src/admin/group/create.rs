//! `New-PAMGroup`: mirrors a CORP group, or registers a PRIV one.

use ephor_audit::events;
use ephor_domain::{
    Refusal,
    administration::Right,
    id::{GroupId, TargetId},
    pam::group::Group,
    principal::Actor,
};

use super::{needed, optional};
use crate::{
    admin::{
        desk::{Command, Desk, Files, Query, Subject},
        target::enforcing,
        user::{asked, priv_domain},
    },
    answer::{Answer, Denied},
    engine::Engine,
    port::target::MemberAttribute,
};

/// What a new group is to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewGroup {
    /// Name of the CORP group; of the group itself for a PRIV-only one.
    pub source_group: String,
    /// CORP domain; the PRIV domain for a PRIV-only group.
    pub source_domain: String,
    /// Security identifier of the CORP group.
    pub source_sid: Option<String>,
    /// It is in PRIV already: nothing is made.
    pub priv_only: bool,
    /// Name of the mirror; source domain, dot, name when absent.
    pub priv_account: Option<String>,
    /// Display name of the mirror; its name when absent.
    pub display_name: Option<String>,
    /// Description of the mirror.
    pub description: Option<String>,
    /// The directory that holds it; the only outside one when absent, else the built-in one.
    pub target: Option<TargetId>,
}

impl Engine {
    /// Makes or registers a group, at its target first.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], [`Refusal::Conflict`] when the target's group is registered already,
    /// [`Refusal::TargetUnwritable`] when the target does not do its part; faults of the store.
    pub async fn create_group(&self, actor: &Actor, new: NewGroup) -> Answer<Group> {
        let plan = match self.consult(actor, Plan { new: new.clone() }).await {
            Ok(plan) => plan,
            Err(Denied::Refused(refusal)) if refusal != Refusal::NotAdministrator => {
                self.record_refusal(self.call(actor), Subject::NONE, &refusal).await?;
                return Err(refusal.into());
            }
            Err(denied) => return Err(denied),
        };
        let place = if plan.built_in {
            Ok((plan.name.clone(), MemberAttribute::Member))
        } else {
            self.group_at_target(&plan, new.priv_only).await
        };
        match place {
            Ok((native, attribute)) => {
                self.administer(actor, Insert { new, target: plan.target, native, attribute }).await
            }
            Err(refusal) => {
                self.record_refusal(self.call(actor), Subject::target(plan.target), &refusal).await?;
                Err(refusal.into())
            }
        }
    }

    async fn group_at_target(&self, plan: &Planned, priv_only: bool) -> Result<(String, MemberAttribute), Refusal> {
        let slot = self.inner.targets.get(&plan.target).ok_or(Refusal::TargetUnwritable)?;
        let directory = &*slot.directory;
        if priv_only {
            return asked(directory, directory.find_group(&plan.name))
                .await?
                .ok_or(Refusal::Invalid { field: "sourceGroupName", rule: "is not known at the target directory" });
        }
        asked(directory, directory.create_group(&plan.name)).await
    }
}

#[derive(Debug, Clone)]
struct Plan {
    new: NewGroup,
}

#[derive(Debug, Clone)]
struct Planned {
    name: String,
    target: TargetId,
    built_in: bool,
}

impl Query for Plan {
    type Output = Planned;

    fn right(&self) -> Right {
        Right::Pam
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Planned> {
        let domain = priv_domain(files.tx).await?;
        let name = mirror_name(&self.new, &domain)?;
        let target = enforcing(files.tx, self.new.target).await?.ok_or(Refusal::NotFound { what: "target" })?;
        Ok(Planned { name, target: target.id, built_in: target.built_in })
    }
}

/// The name of the group in PRIV (`PAM 11.2`).
fn mirror_name(new: &NewGroup, priv_domain: &str) -> Result<String, Refusal> {
    let group = needed("sourceGroupName", new.source_group.clone())?;
    let domain = needed("sourceDomain", new.source_domain.clone())?;
    let is_priv = domain.to_lowercase() == priv_domain.to_lowercase();
    if is_priv != new.priv_only {
        return Err(Refusal::Invalid {
            field: "sourceDomain",
            rule: "is the PRIV domain for a PRIV-only group, and another one for a mirror",
        });
    }
    match &new.priv_account {
        Some(name) if !new.priv_only => needed("privAccountName", name.clone()),
        Some(_) | None if new.priv_only => Ok(group),
        Some(_) | None => Ok(format!("{domain}.{group}")),
    }
}

#[derive(Debug, Clone)]
struct Insert {
    new: NewGroup,
    target: TargetId,
    native: String,
    attribute: MemberAttribute,
}

impl Command for Insert {
    type Output = Group;

    fn right(&self) -> Right {
        Right::Pam
    }

    fn subject(&self) -> Subject {
        Subject::target(self.target)
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<Group> {
        let domain = priv_domain(desk.tx).await?;
        let name = mirror_name(&self.new, &domain)?;
        let target = desk.tx.target(self.target).await?.ok_or(Refusal::NotFound { what: "target" })?;
        let new = self.new;
        let display_name = match new.display_name {
            Some(text) => needed("privDisplayName", text)?,
            None => name.clone(),
        };
        let group = Group {
            id: GroupId::new(desk.call().ids().request.uuid()),
            target: target.id,
            native: self.native,
            attribute: attribute(self.attribute).to_owned(),
            source_domain: new.source_domain,
            source_account: new.source_group,
            source_sid: optional("sourceAccountSid", new.source_sid)?,
            priv_account: name,
            display_name,
            description: optional("privDescription", new.description)?,
            active: true,
            priv_only: new.priv_only,
        };
        desk.tx.insert_group(&group).await?;
        let subject = Subject { target: Some(target.id), ..Subject::group(group.id) };
        desk.changed(events::GROUP_CREATED, subject, |record| {
            record
                .detail("privAccountName", group.priv_account.as_str())
                .detail("sourceDomain", group.source_domain.as_str())
                .detail("sourceAccountName", group.source_account.as_str())
                .detail("privOnly", group.priv_only)
        });
        Ok(group)
    }
}

/// The word under which the store keeps how a group holds its members.
const fn attribute(attribute: MemberAttribute) -> &'static str {
    match attribute {
        MemberAttribute::Member => "member",
        MemberAttribute::UniqueMember => "uniqueMember",
        MemberAttribute::MemberUid => "memberUid",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_is_named_after_domain_and_group_and_a_registered_group_keeps_its_name() {
        let new =
            NewGroup { source_group: "corpadmins".into(), source_domain: "contoso".into(), ..NewGroup::default() };
        assert_eq!(mirror_name(&new, "PRIV").unwrap(), "contoso.corpadmins");
        let named = NewGroup { priv_account: Some("admins".into()), ..new.clone() };
        assert_eq!(mirror_name(&named, "PRIV").unwrap(), "admins");
        let registered = NewGroup { priv_only: true, source_domain: "priv".into(), ..new.clone() };
        assert_eq!(mirror_name(&registered, "PRIV").unwrap(), "corpadmins");
        assert!(mirror_name(&NewGroup { priv_only: true, ..new }, "PRIV").is_err());
        let mirror_of_priv = NewGroup { priv_only: false, ..registered };
        assert!(mirror_name(&mirror_of_priv, "PRIV").is_err());
    }
}
