//! The self-test of a domain: a proof that we may add and remove members of each group that changes nothing (R7), and
//! what an operator should know of the groups.

use std::collections::HashSet;

use ephor_engine::port::target::{FaultKind, Health, TargetFault, TargetGroup};
use futures_util::{StreamExt as _, stream};
use ldap3::{Mod, Scope};
use tokio::time::Instant;

use super::{
    super::{
        fault::{self, code},
        lane::Link,
        root,
    },
    ActiveDirectory,
    entry::{self, Group},
    membership,
};

/// Groups probed at the same time.
const AT_ONCE: usize = 16;
/// Nested groups that a finding names.
const SAMPLE: i32 = 20;

/// Accounts that every domain has, by their numbers: that of guests and that of the ticket service. Neither can be a
/// member of a group that gives a privilege by our doing.
const GUEST: u32 = 501;
const TICKET_SERVICE: u32 = 502;

impl ActiveDirectory {
    pub(super) async fn probe(&self, groups: &[TargetGroup]) -> Result<Health, TargetFault> {
        let deadline = self.deadline();
        // An open connection outlives its password; what counts is whether we could sign in now.
        let link = self.writer.fresh(&self.settings.access, deadline).await?;
        let domain = link.domain(deadline).await?;
        let probes: Vec<_> = groups.iter().map(|group| self.probe_group(&link, deadline, group)).collect();
        let (mut faults, mut findings) = (Vec::new(), Vec::new());
        let mut probes = stream::iter(probes).buffered(AT_ONCE);
        while let Some(probed) = probes.next().await {
            match probed {
                Ok(found) => findings.extend(found),
                Err(fault) => faults.push(fault),
            }
        }
        drop(probes);
        // The gravest is told: a lost right before a lost group, the whole target before one of its groups.
        faults.sort_by_key(|fault: &TargetFault| (!fault.kind.is_of_target(), fault.kind != FaultKind::Rights));
        if let Some(fault) = faults.into_iter().next() {
            return Err(fault);
        }
        let switched_off = (!self.settings.native_expiry).then(|| "it is switched off (`native_expiry`)".to_owned());
        let off = switched_off.or_else(|| domain.expiry_off.clone()).or_else(|| self.expiry_refused.lock().clone());
        Ok(Health {
            writable: true,
            native_expiry: off.is_none(),
            expiry_off: off,
            product: Some(link.root.product.clone().unwrap_or_else(|| "Active Directory".to_owned())),
            level: Some(domain.levels.clone()),
            findings,
        })
    }

    async fn probe_group(
        &self,
        link: &Link,
        deadline: Instant,
        group: &TargetGroup,
    ) -> Result<Vec<String>, TargetFault> {
        let facts = entry::group(link, deadline, group).await?;
        prove_rights(link, deadline, &facts).await?;
        let mut findings = Vec::new();
        if !facts.is_security {
            findings.push(format!("{} is a distribution group: who is in it holds nothing by it", facts.dn));
        }
        if facts.is_protected {
            findings.push(format!(
                "{} is protected (adminCount 1): the domain resets its access list to that of AdminSDHolder every hour, so \
                 our right to write its members must be given there",
                facts.dn
            ));
        }
        let (nested, primary) = membership::indirect(link, deadline, &self.settings.base_dn, &facts, SAMPLE).await?;
        if !nested.is_empty() {
            findings.push(format!(
                "{} holds other groups ({}): their members hold the privilege without a grant",
                facts.dn,
                nested.join("; ")
            ));
        }
        if primary > 0 {
            findings.push(format!(
                "{} is the primary group of {primary} accounts: they are members for good, whatever a grant says",
                facts.dn
            ));
        }
        Ok(findings)
    }
}

/// Adds one account and deletes another that is not there, in one modify: the server judges the right to write members,
/// which is one right for both, then finds the second absent and undoes the whole. What it says of the right is asked
/// besides, because servers differ in what they look at first.
async fn prove_rights(link: &Link, deadline: Instant, group: &Group) -> Result<(), TargetFault> {
    if !may_write(link, deadline, group).await? {
        let cause = format!("our account may not write the members of {}", group.dn);
        return Err(TargetFault { kind: FaultKind::Rights, cause });
    }
    if !group.sid.is_of_domain() {
        return Ok(());
    }
    let [guest, service] = [GUEST, TICKET_SERVICE].map(|number| format!("<SID={}>", group.sid.sibling(number)));
    let name = "member".to_owned();
    let mods = vec![
        Mod::Add(name.clone(), HashSet::from([service.clone()])),
        Mod::Delete(name.clone(), HashSet::from([guest.clone()])),
    ];
    let result = link.modify(deadline, &group.dn, mods, Vec::new()).await?;
    match result.rc {
        // Refused for the values: the right was there.
        code::NO_SUCH_ATTRIBUTE
        | code::CONSTRAINT_VIOLATION
        | code::ATTRIBUTE_OR_VALUE_EXISTS
        | code::ENTRY_ALREADY_EXISTS
        | code::NO_SUCH_OBJECT
        | code::UNWILLING_TO_PERFORM => Ok(()),
        code::SUCCESS => {
            // The guest was a member: all is put back as it was.
            let undo =
                vec![Mod::Add(name.clone(), HashSet::from([guest])), Mod::Delete(name, HashSet::from([service]))];
            let undone = link.modify(deadline, &group.dn, undo, Vec::new()).await?;
            match undone.rc {
                code::SUCCESS => Ok(()),
                _ => Err(fault::of_result(&undone, "removal of the write probe")),
            }
        }
        _ => Err(fault::of_result(&result, &format!("write probe of {}", group.dn))),
    }
}

/// What the server itself says of our right to write members.
async fn may_write(link: &Link, deadline: Instant, group: &Group) -> Result<bool, TargetFault> {
    let asked = "allowedAttributesEffective";
    let (entries, result) = link.search(deadline, &group.dn, Scope::Base, "(objectClass=*)", &[asked], 1).await?;
    if result.rc != code::SUCCESS {
        return Err(fault::of_result(&result, "read of our rights"));
    }
    Ok(entries
        .iter()
        .flat_map(|entry| root::values(entry, asked))
        .any(|attribute| attribute.eq_ignore_ascii_case("member")))
}
