//! Active Directory domains as targets.
//!
//! Accounts and groups are kept by their GUIDs, which stay when objects are renamed or moved: who is renamed while he
//! holds something still loses it at the end. One call of the port is bounded by `operation_timeout` as a whole.

mod config;
mod domain;
mod entry;
mod expiry;
mod make;
mod membership;
mod name;
mod probe;

use std::{collections::HashMap, sync::Arc};

use ephor_domain::id::TargetId;
use ephor_engine::port::target::{
    Change, Health, MemberAttribute, NewAccount, Outcome, TargetAccount, TargetDirectory, TargetFault, TargetGroup,
};
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use tokio::time::Instant;

pub use self::config::ActiveDirectoryConfig;
use self::config::Settings;
pub(super) use self::{domain::Domain, expiry::expiring};
use super::{
    LdapConfigError,
    lane::{Lane, Link},
};
use crate::dn;

/// An Active Directory domain that enforces memberships. Holds at most two connections: one for writes, one for reads.
#[derive(Debug)]
pub struct ActiveDirectory {
    id: TargetId,
    settings: Settings,
    writer: Lane,
    reader: Lane,
    /// What the directory said when it last did not take a time to live.
    expiry_refused: Mutex<Option<String>>,
    /// Distinguished names behind lasting ones, as last read.
    names: Mutex<HashMap<String, String>>,
}

impl ActiveDirectory {
    /// The target `id` as configured. Connects to nothing yet.
    ///
    /// # Errors
    /// When the configuration contradicts itself or names unreadable files.
    pub fn new(id: TargetId, config: ActiveDirectoryConfig) -> Result<Self, LdapConfigError> {
        Ok(Self {
            id,
            settings: Settings::check(config)?,
            writer: Lane::default(),
            reader: Lane::default(),
            expiry_refused: Mutex::default(),
            names: Mutex::default(),
        })
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

impl TargetDirectory for ActiveDirectory {
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
        Box::pin(self.which(group, accounts))
    }

    fn members<'a>(&'a self, group: &'a TargetGroup) -> BoxFuture<'a, Result<Vec<String>, TargetFault>> {
        Box::pin(self.all(group))
    }

    fn member_key(&self, _: &TargetGroup, account: &TargetAccount) -> String {
        membership::lasting_key(&account.native).unwrap_or_else(|| dn::key(&account.native))
    }

    fn member_keys<'a>(
        &'a self,
        group: &'a TargetGroup,
        accounts: &'a [TargetAccount],
    ) -> BoxFuture<'a, Result<Vec<Option<String>>, TargetFault>> {
        Box::pin(self.keys(group, accounts))
    }

    fn spelled(&self, key: &str) -> String {
        self.names.lock().get(key).cloned().unwrap_or_else(|| key.to_owned())
    }

    fn self_test<'a>(&'a self, groups: &'a [TargetGroup]) -> BoxFuture<'a, Result<Health, TargetFault>> {
        Box::pin(self.probe(groups))
    }

    fn find_account<'a>(&'a self, login: &'a str) -> BoxFuture<'a, Result<Option<String>, TargetFault>> {
        Box::pin(async move {
            let deadline = self.deadline();
            let link = self.reader(deadline).await?;
            let found = entry::account_named(&link, deadline, &self.settings.people, login).await?;
            Ok(found.map(|account| name::lasting(account.guid)))
        })
    }

    fn find_group<'a>(
        &'a self,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<(String, MemberAttribute)>, TargetFault>> {
        Box::pin(async move {
            let deadline = self.deadline();
            let link = self.reader(deadline).await?;
            let found = entry::group_named(&link, deadline, &self.settings.groups, name).await?;
            Ok(found.map(|group| (group, MemberAttribute::Member)))
        })
    }

    fn create_account<'a>(&'a self, new: &'a NewAccount) -> BoxFuture<'a, Result<String, TargetFault>> {
        Box::pin(self.add_account(new))
    }

    fn create_group<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<(String, MemberAttribute), TargetFault>> {
        Box::pin(async move { Ok((self.add_group(name).await?, MemberAttribute::Member)) })
    }

    fn set_enabled<'a>(
        &'a self,
        account: &'a TargetAccount,
        enabled: bool,
    ) -> BoxFuture<'a, Result<bool, TargetFault>> {
        Box::pin(self.mark_enabled(account, enabled))
    }
}
