//! LDAP directories as targets.
//!
//! One call of the port is bounded by `operation_timeout` as a whole, however many operations it needs: a lease holder
//! that starts a call inside its lease is done before the next holder writes (seams §17).

mod account;
mod active;
mod config;
mod container;
mod fault;
pub(crate) mod filter;
mod group;
mod lane;
mod membership;
mod modify;
mod probe;
mod root;
mod server;
mod sign_in;
mod tickets;

use std::sync::Arc;

use ephor_domain::id::TargetId;
use ephor_engine::port::target::{
    Change, Health, MemberAttribute, NewAccount, Outcome, TargetAccount, TargetDirectory, TargetFault, TargetGroup,
};
use futures_util::future::BoxFuture;
use tokio::time::Instant;

pub use self::active::{ActiveDirectory, ActiveDirectoryConfig};
pub use self::config::{AccountState, LONGEST_CALL, LdapConfig, LdapConfigError, NewGroupClass, PosixAccounts};
pub(crate) use self::server::Password;
pub use self::sign_in::{DirectoryConfig, DirectoryConfigError, DirectoryHealth, LdapDirectory, LockOut};
use self::{
    config::Settings,
    lane::{Lane, Link},
};
use crate::dn;

/// An LDAP directory that enforces memberships. Holds at most two connections: one for writes, one for reads.
#[derive(Debug)]
pub struct LdapTarget {
    id: TargetId,
    settings: Settings,
    writer: Lane,
    reader: Lane,
}

impl LdapTarget {
    /// The target `id` as configured. Connects to nothing yet.
    ///
    /// # Errors
    /// When the configuration contradicts itself or names unreadable files.
    pub fn new(id: TargetId, config: LdapConfig) -> Result<Self, LdapConfigError> {
        Ok(Self { id, settings: Settings::check(config)?, writer: Lane::default(), reader: Lane::default() })
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.settings.operation_timeout
    }

    async fn writer(&self, deadline: Instant) -> Result<Arc<Link>, TargetFault> {
        self.writer.link(&self.settings.access, deadline).await
    }

    async fn reader(&self, deadline: Instant) -> Result<Arc<Link>, TargetFault> {
        self.reader.link(&self.settings.access, deadline).await
    }
}

impl TargetDirectory for LdapTarget {
    fn id(&self) -> TargetId {
        self.id
    }

    fn disconnect(&self) {
        self.writer.close();
        self.reader.close();
    }

    fn apply<'a>(
        &'a self,
        group: &'a TargetGroup,
        changes: &'a [Change],
    ) -> BoxFuture<'a, Result<Vec<Outcome>, TargetFault>> {
        Box::pin(self.apply_changes(group, changes))
    }

    fn are_members<'a>(
        &'a self,
        group: &'a TargetGroup,
        accounts: &'a [TargetAccount],
    ) -> BoxFuture<'a, Result<Vec<bool>, TargetFault>> {
        Box::pin(async move {
            let deadline = self.deadline();
            let link = self.reader(deadline).await?;
            let accounts: Vec<&TargetAccount> = accounts.iter().collect();
            membership::which_are_members(&link, deadline, group, &accounts).await
        })
    }

    fn members<'a>(&'a self, group: &'a TargetGroup) -> BoxFuture<'a, Result<Vec<String>, TargetFault>> {
        Box::pin(async move {
            let deadline = self.deadline();
            let link = self.reader(deadline).await?;
            let mut members = Vec::new();
            membership::each_value(&link, deadline, group, &[], |value| {
                let key = membership::key(group.attribute, value);
                if group.attribute == MemberAttribute::MemberUid || key != self.settings.placeholder_key {
                    members.push(key);
                }
            })
            .await?;
            Ok(members)
        })
    }

    fn member_key(&self, group: &TargetGroup, account: &TargetAccount) -> String {
        membership::key(group.attribute, membership::value(group.attribute, account))
    }

    fn self_test<'a>(&'a self, groups: &'a [TargetGroup]) -> BoxFuture<'a, Result<Health, TargetFault>> {
        Box::pin(self.probe(groups))
    }

    fn find_account<'a>(&'a self, login: &'a str) -> BoxFuture<'a, Result<Option<String>, TargetFault>> {
        Box::pin(async move {
            let deadline = self.deadline();
            let link = self.reader(deadline).await?;
            self.look_up_account(&link, deadline, login).await
        })
    }

    fn find_group<'a>(
        &'a self,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<(String, MemberAttribute)>, TargetFault>> {
        Box::pin(async move {
            let deadline = self.deadline();
            let link = self.reader(deadline).await?;
            self.look_up_group(&link, deadline, name).await
        })
    }

    fn create_account<'a>(&'a self, new: &'a NewAccount) -> BoxFuture<'a, Result<String, TargetFault>> {
        Box::pin(self.add_account(new))
    }

    fn create_group<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<(String, MemberAttribute), TargetFault>> {
        Box::pin(self.add_group(name))
    }

    fn set_enabled<'a>(
        &'a self,
        account: &'a TargetAccount,
        enabled: bool,
    ) -> BoxFuture<'a, Result<bool, TargetFault>> {
        Box::pin(self.mark_enabled(account, enabled))
    }
}

/// The attribute that holds the members of a group.
fn attribute_name(attribute: MemberAttribute) -> &'static str {
    match attribute {
        MemberAttribute::Member => "member",
        MemberAttribute::UniqueMember => "uniqueMember",
        MemberAttribute::MemberUid => "memberUid",
    }
}

/// True when two names spell the same entry.
fn same_name(left: &str, right: &str) -> bool {
    dn::key(left) == dn::key(right)
}
