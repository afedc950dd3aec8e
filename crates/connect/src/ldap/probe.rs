//! The self-test: what the target is, and a proof that we may write to each group that changes nothing (R7).

use std::collections::HashSet;

use ephor_engine::port::target::{FaultKind, Health, MemberAttribute, TargetFault, TargetGroup};
use futures_util::{StreamExt as _, stream};
use ldap3::Mod;
use tokio::time::Instant;

use super::{
    LdapTarget, attribute_name,
    fault::{self, code},
    lane::Link,
    membership,
};

/// Groups probed at the same time.
const AT_ONCE: usize = 16;

/// A login name nobody has: capital letters and a space do not occur in `memberUid`.
const NOBODY: &str = "EPHOR write probe";

impl LdapTarget {
    pub(super) async fn probe(&self, groups: &[TargetGroup]) -> Result<Health, TargetFault> {
        let deadline = self.deadline();
        // An open connection outlives its password; what counts is whether we could sign in now.
        let link = self.writer.fresh(&self.settings.access, deadline).await?;
        let probes: Vec<_> = groups.iter().map(|group| self.probe_group(&link, deadline, group)).collect();
        let mut faults: Vec<TargetFault> = stream::iter(probes)
            .buffer_unordered(AT_ONCE)
            .filter_map(|answer| async move { answer.err() })
            .collect()
            .await;
        // The gravest is told: a lost right before a lost group, the whole target before one of its groups.
        faults.sort_by_key(|fault| (!fault.kind.is_of_target(), fault.kind != FaultKind::Rights));
        match faults.into_iter().next() {
            Some(fault) => Err(fault),
            // OpenLDAP expires entries, not values (seams §18): no group kept as one entry has native expiry.
            None => Ok(Health {
                writable: true,
                native_expiry: false,
                product: link.root.product.clone(),
                ..Health::default()
            }),
        }
    }

    /// Adds a value and deletes another that cannot be there, in one modify: servers judge the right to do both
    /// first and then undo the whole, because the second fails.
    async fn probe_group(&self, link: &Link, deadline: Instant, group: &TargetGroup) -> Result<(), TargetFault> {
        let [added, absent] = match group.attribute {
            MemberAttribute::Member | MemberAttribute::UniqueMember => {
                ["add", "delete"].map(|what| format!("cn=ephor-probe-{what},{}", self.settings.base_dn))
            }
            MemberAttribute::MemberUid => ["add", "delete"].map(|what| format!("{NOBODY} {what}")),
        };
        let attribute = attribute_name(group.attribute).to_owned();
        let mods = vec![
            Mod::Add(attribute.clone(), HashSet::from([added.clone()])),
            Mod::Delete(attribute.clone(), HashSet::from([absent])),
        ];
        let result = link.modify(deadline, &group.native, mods, Vec::new()).await?;
        match result.rc {
            // Refused for the values: the right was there.
            code::NO_SUCH_ATTRIBUTE
            | code::CONSTRAINT_VIOLATION
            | code::ATTRIBUTE_OR_VALUE_EXISTS
            | code::INVALID_ATTRIBUTE_SYNTAX => Ok(()),
            code::SUCCESS => {
                // A server that passes over absent values by itself: take back what it did.
                let undo = vec![Mod::Delete(attribute, HashSet::from([added]))];
                let undone = link.modify(deadline, &group.native, undo, Vec::new()).await?;
                match undone.rc {
                    code::SUCCESS => Ok(()),
                    _ => Err(fault::of_result(&undone, "removal of the write probe")),
                }
            }
            code::NO_SUCH_OBJECT if !membership::exists(link, deadline, group).await? => {
                Err(membership::no_such_group(group))
            }
            // The target looks up members: ours does not exist, so it came to the values.
            code::NO_SUCH_OBJECT => Ok(()),
            _ => Err(fault::of_result(&result, &format!("write probe of {}", group.native))),
        }
    }
}
