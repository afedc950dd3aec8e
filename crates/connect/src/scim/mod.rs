//! SCIM 2.0 servers as targets (RFC 7643, RFC 7644): memberships by PATCH of groups.
//!
//! What a server answers to a PATCH says little: some answer with the group, some with nothing, and adding a member that
//! is there is a success as well. So a group is read back after each write, and what is seen is what is said.

mod client;
mod config;
mod shape;

use std::{collections::HashSet, net::SocketAddr, sync::Arc};

use ephor_domain::id::TargetId;
use ephor_engine::port::{
    Clock,
    target::{
        Change, FaultKind, Health, MemberAttribute, NewAccount, Outcome, TargetAccount, TargetDirectory, TargetFault,
        TargetGroup, Wanted,
    },
};
use futures_util::future::BoxFuture;
use reqwest::Method;
use serde_json::Value;
use tokio::time::Instant;

pub use self::config::{GroupKey, ScimConfig, ScimConfigError, UserKey};
pub(crate) use self::{client::unanswered, config::limit};
use self::{
    client::{Client, of, parse, refused},
    config::Settings,
    shape::{List, Operation, Provider, Resource, equals, patch},
};
use crate::outgoing::Answered;

/// The most changes one PATCH carries.
const MOST_CHANGES: usize = 100;

/// A member nobody is.
const NOBODY: &str = "ephor-write-probe";

/// A SCIM server that enforces memberships.
#[derive(Debug)]
pub struct ScimTarget {
    id: TargetId,
    client: Client,
}

impl ScimTarget {
    /// The target `id` as configured. Connects to nothing yet; `own` are the addresses we listen on ourselves.
    ///
    /// # Errors
    /// When the configuration contradicts itself or names unreadable files.
    pub fn new(
        id: TargetId,
        config: ScimConfig,
        own: &[SocketAddr],
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ScimConfigError> {
        Ok(Self { id, client: Client::new(Settings::check(config, own, clock)?) })
    }

    async fn held(&self, deadline: Instant, group: &TargetGroup) -> Result<Vec<String>, TargetFault> {
        let path = ["Groups", &group.native];
        let found: Option<Resource> = self.client.get(deadline, &path, &[("attributes", "members")]).await?;
        let found = found.ok_or_else(|| no_such_group(group))?;
        Ok(found.members.unwrap_or_default().into_iter().map(|member| member.value).collect())
    }

    async fn patch(
        &self,
        deadline: Instant,
        group: &TargetGroup,
        operations: &[Operation],
    ) -> Result<Answered, TargetFault> {
        let body = patch(operations);
        self.client.ask(deadline, Method::PATCH, &["Groups", &group.native], &[], Some(&body)).await
    }

    async fn apply_changes(&self, group: &TargetGroup, changes: &[Change]) -> Result<Vec<Outcome>, TargetFault> {
        let deadline = self.client.deadline();
        let before: HashSet<String> = self.held(deadline, group).await?.into_iter().collect();
        let mut outcomes: Vec<Option<Outcome>> = vec![None; changes.len()];
        let mut needed = Vec::new();
        for (position, (change, outcome)) in changes.iter().zip(&mut outcomes).enumerate() {
            if adds(change) == before.contains(&change.account.native) {
                *outcome = Some(Outcome::Already);
            } else {
                needed.push(position);
            }
        }
        if needed.is_empty() {
            return Ok(outcomes.into_iter().flatten().collect());
        }
        let mut refusals: Vec<Option<TargetFault>> = vec![None; changes.len()];
        let mut waiting: Vec<Vec<usize>> = needed.chunks(MOST_CHANGES).map(<[usize]>::to_vec).rev().collect();
        let mut broken = None;
        while let Some(part) = waiting.pop() {
            let answer = match self.patch(deadline, group, &operations(changes, &part)).await {
                Ok(answer) => answer,
                Err(fault) => {
                    // What was sent may have landed: only a look tells.
                    broken = Some(fault);
                    break;
                }
            };
            match (answer.status, part.as_slice()) {
                (200 | 204, _) => {}
                (404, _) if !self.exists(deadline, group).await? => return Err(no_such_group(group)),
                (_, [only]) => {
                    let mut fault = refused(&answer);
                    if answer.status == 404 {
                        fault.kind = FaultKind::NoSuchAccount;
                    }
                    if let Some(refusal) = refusals.get_mut(*only) {
                        *refusal = Some(fault);
                    }
                }
                _ => {
                    let (left, right) = part.split_at(part.len() / 2);
                    waiting.push(right.to_vec());
                    waiting.push(left.to_vec());
                }
            }
        }
        let after: HashSet<String> = match (self.held(deadline, group).await, broken.clone()) {
            (Ok(after), _) => after.into_iter().collect(),
            (Err(_), Some(fault)) | (Err(fault), None) => return Err(fault),
        };
        let lied = || of(FaultKind::Rejected, "the server said yes and did not do it");
        Ok(changes
            .iter()
            .zip(outcomes)
            .zip(refusals)
            .map(|((change, known), refusal)| match known {
                Some(known) => known,
                None if adds(change) == after.contains(&change.account.native) => Outcome::Done,
                None => Outcome::Refused(refusal.or_else(|| broken.clone()).unwrap_or_else(lied)),
            })
            .collect())
    }

    async fn exists(&self, deadline: Instant, group: &TargetGroup) -> Result<bool, TargetFault> {
        let found: Option<Resource> =
            self.client.get(deadline, &["Groups", &group.native], &[("attributes", "displayName")]).await?;
        Ok(found.is_some())
    }

    /// The id of the one resource of a kind that has this name under one of the attributes.
    async fn find(
        &self,
        deadline: Instant,
        kind: &str,
        attributes: &[&'static str],
        name: &str,
    ) -> Result<Option<String>, TargetFault> {
        for attribute in attributes {
            let filter = equals(attribute, name);
            let list: Option<List> = self.client.get(deadline, &[kind], &[("filter", &filter)]).await?;
            // A server that passes over the filter gives everybody.
            let is_meant = |found: &Resource| {
                found.attribute(attribute).is_some_and(|value| match *attribute {
                    "externalId" => value == name,
                    _ => value.to_lowercase() == name.to_lowercase(),
                })
            };
            let found: Vec<Resource> = list.into_iter().flat_map(|list| list.resources).filter(is_meant).collect();
            match found.as_slice() {
                [] => {}
                [one] => return Ok(Some(one.id.clone())),
                [_, _, ..] => {
                    return Err(of(FaultKind::Rejected, format!("several of {kind} have the {attribute} {name:?}")));
                }
            }
        }
        Ok(None)
    }

    /// Makes a resource, or answers the one that is there.
    async fn make(
        &self,
        kind: &str,
        attributes: &[&'static str],
        name: &str,
        body: &Value,
    ) -> Result<String, TargetFault> {
        let deadline = self.client.deadline();
        if let Some(there) = self.find(deadline, kind, attributes, name).await? {
            return Ok(there);
        }
        let answer = self.client.ask(deadline, Method::POST, &[kind], &[], Some(body)).await?;
        match answer.status {
            200 | 201 => Ok(parse::<Resource>(&answer.body)?.id),
            409 => self.find(deadline, kind, attributes, name).await?.ok_or_else(|| refused(&answer)),
            _ => Err(refused(&answer)),
        }
    }

    async fn probe(&self, groups: &[TargetGroup]) -> Result<Health, TargetFault> {
        let deadline = self.client.deadline();
        let provider: Option<Provider> = self.client.get(deadline, &["ServiceProviderConfig"], &[]).await?;
        if provider.and_then(|provider| provider.patch).is_some_and(|patch| !patch.supported) {
            return Err(of(FaultKind::Rejected, "the server says that it does not support PATCH"));
        }
        // What a server can do it may tell anybody; whether our token counts shows at the groups.
        let answer = self.client.ask(deadline, Method::GET, &["Groups"], &[("count", "1")], None).await?;
        if answer.status != 200 {
            return Err(refused(&answer));
        }
        for group in groups {
            self.prove_rights(deadline, group).await?;
        }
        Ok(Health { writable: true, ..Health::default() })
    }

    /// Adds and removes a member that nobody is, in one PATCH, which is all or nothing: a server that looks up members
    /// refuses the whole for the value, the others come out where they began.
    async fn prove_rights(&self, deadline: Instant, group: &TargetGroup) -> Result<(), TargetFault> {
        let both = [Operation::add_members(&[NOBODY]), Operation::remove_member(NOBODY)];
        let answer = self.patch(deadline, group, &both).await?;
        match answer.status {
            200 | 204 => {
                if self.held(deadline, group).await?.iter().any(|member| member == NOBODY) {
                    let undone = self.patch(deadline, group, &[Operation::remove_member(NOBODY)]).await?;
                    if !matches!(undone.status, 200 | 204) {
                        return Err(refused(&undone));
                    }
                }
                Ok(())
            }
            404 if !self.exists(deadline, group).await? => Err(no_such_group(group)),
            // Refused for the value: the right was there.
            400 | 404 | 409 | 422 => Ok(()),
            _ => Err(refused(&answer)),
        }
    }
}

fn adds(change: &Change) -> bool {
    matches!(change.wanted, Wanted::Present { .. })
}

fn operations(changes: &[Change], part: &[usize]) -> Vec<Operation> {
    let some = || part.iter().filter_map(|position| changes.get(*position));
    let added: Vec<&str> = some().filter(|change| adds(change)).map(|change| change.account.native.as_str()).collect();
    let mut operations = Vec::new();
    if !added.is_empty() {
        operations.push(Operation::add_members(&added));
    }
    operations
        .extend(some().filter(|change| !adds(change)).map(|change| Operation::remove_member(&change.account.native)));
    operations
}

fn no_such_group(group: &TargetGroup) -> TargetFault {
    of(FaultKind::NoSuchGroup, format!("the server has no group {}", group.native))
}

impl TargetDirectory for ScimTarget {
    fn id(&self) -> TargetId {
        self.id
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
            let held = self.held(self.client.deadline(), group).await?;
            let held: HashSet<&str> = held.iter().map(String::as_str).collect();
            Ok(accounts.iter().map(|account| held.contains(account.native.as_str())).collect())
        })
    }

    fn members<'a>(&'a self, group: &'a TargetGroup) -> BoxFuture<'a, Result<Vec<String>, TargetFault>> {
        Box::pin(async move { self.held(self.client.deadline(), group).await })
    }

    fn member_key(&self, _: &TargetGroup, account: &TargetAccount) -> String {
        account.native.clone()
    }

    fn self_test<'a>(&'a self, groups: &'a [TargetGroup]) -> BoxFuture<'a, Result<Health, TargetFault>> {
        Box::pin(self.probe(groups))
    }

    fn find_account<'a>(&'a self, login: &'a str) -> BoxFuture<'a, Result<Option<String>, TargetFault>> {
        Box::pin(self.find(self.client.deadline(), "Users", &self.client.settings().users_by, login))
    }

    fn find_group<'a>(
        &'a self,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<(String, MemberAttribute)>, TargetFault>> {
        Box::pin(async move {
            let found = self.find(self.client.deadline(), "Groups", &self.client.settings().groups_by, name).await?;
            Ok(found.map(|id| (id, MemberAttribute::Member)))
        })
    }

    fn create_account<'a>(&'a self, new: &'a NewAccount) -> BoxFuture<'a, Result<String, TargetFault>> {
        Box::pin(async move {
            // Who signs in there does so by other means than a password of ours.
            let body = shape::new_user(&new.login, &new.display_name);
            self.make("Users", &self.client.settings().users_by, &new.login, &body).await
        })
    }

    fn create_group<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<(String, MemberAttribute), TargetFault>> {
        Box::pin(async move {
            let body = shape::new_group(name);
            let id = self.make("Groups", &self.client.settings().groups_by, name, &body).await?;
            Ok((id, MemberAttribute::Member))
        })
    }

    fn set_enabled<'a>(
        &'a self,
        account: &'a TargetAccount,
        enabled: bool,
    ) -> BoxFuture<'a, Result<bool, TargetFault>> {
        Box::pin(async move {
            let body = patch(&[Operation::set_active(enabled)]);
            let path = ["Users", account.native.as_str()];
            let answer = self.client.ask(self.client.deadline(), Method::PATCH, &path, &[], Some(&body)).await?;
            match answer.status {
                200 | 204 => Ok(true),
                404 => Err(of(FaultKind::NoSuchAccount, format!("the server has no user {}", account.native))),
                _ => Err(refused(&answer)),
            }
        })
    }
}
