//! Anything else as a target: signed HTTP orders that the other side carries out and confirms.
//!
//! Every order is a POST of JSON to a path below the configured URL, signed as Standard Webhooks lays down
//! (`webhook-id`, `webhook-timestamp`, `webhook-signature`). The same order sent again carries the same id, so a receiver
//! can tell repeats; an order that is not confirmed is sent again until it is.
//!
//! | path | asks | success |
//! | --- | --- | --- |
//! | `memberships` | `{"group", "changes": [{"account", "login", "wanted": "present" \| "absent"}]}` | `{"outcomes": [{"outcome": "done" \| "already"} \| {"outcome": "refused", "cause"}]}`; 202 for "accepted, not done yet" |
//! | `members` | `{"group"}` | `{"members": [account]}` |
//! | `test` | `{"groups": [group]}` | `{"writable", "product"?}` |
//! | `accounts/find`, `groups/find` | `{"name"}` | `{"name"}`, null when there is none |
//! | `accounts/create` | `{"name", "displayName"}` | `{"name"}` |
//! | `groups/create` | `{"name"}` | `{"name"}` |
//! | `accounts/enable` | `{"account", "enabled"}` | `{"done"}`, false when it has no such state |
//!
//! A group or an account that is not there is answered with 404 and `{"missing": "group" | "account"}`.

mod config;
mod shape;

use std::{collections::HashSet, net::SocketAddr, sync::Arc, time::Duration};

use ephor_domain::id::TargetId;
use ephor_engine::port::{
    Clock,
    target::{
        Change, FaultKind, Health, MemberAttribute, NewAccount, Outcome, TargetAccount, TargetDirectory, TargetFault,
        TargetGroup,
    },
};
use futures_util::future::BoxFuture;
use reqwest::Method;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;

pub use self::config::{HookTargetConfig, HookTargetConfigError};
use self::shape::{Became, Found, Held, Missing, Order, Outcomes, Tested};
use crate::{
    outgoing::{Endpoint, Exchange},
    scim::unanswered,
};

/// The name space of order ids.
const IDS: Uuid = Uuid::from_u128(0x2f0b_53c8_9d7e_5a44_8a37_15c0_6be2_91d3);
/// The longest piece of the other side's words that is passed on.
const MOST_WORDS: usize = 300;

/// A target behind signed HTTP orders.
#[derive(Debug)]
pub struct HookTarget {
    id: TargetId,
    endpoint: Endpoint,
    operation_timeout: Duration,
}

impl HookTarget {
    /// The target `id` as configured. Connects to nothing yet; `own` are the addresses we listen on ourselves.
    ///
    /// # Errors
    /// When the configuration contradicts itself, names unreadable files, or has no secret.
    pub fn new(
        id: TargetId,
        config: HookTargetConfig,
        own: &[SocketAddr],
        clock: Arc<dyn Clock>,
    ) -> Result<Self, HookTargetConfigError> {
        let (endpoint, operation_timeout) = config.check(own, clock)?;
        Ok(Self { id, endpoint, operation_timeout })
    }

    /// Sends one order; `None` when it was accepted and is not done yet.
    async fn order<A: DeserializeOwned>(
        &self,
        path: &[&str],
        order: &(impl Serialize + Sync),
    ) -> Result<Option<A>, TargetFault> {
        let body = serde_json::to_vec(order).map_err(|error| of(FaultKind::Rejected, error.to_string()))?;
        // Follows from what is asked, so that a repeat is known as one.
        let name = [path.join("/").as_bytes(), b"\n", &body].concat();
        let id = format!("ord_{}", Uuid::new_v5(&IDS, &name).simple());
        let exchange = Exchange {
            method: Method::POST,
            path,
            query: &[],
            token: None,
            body: Some((body, "application/json")),
            id: Some(&id),
            deadline: Instant::now() + self.operation_timeout,
        };
        let answer = self.endpoint.exchange(exchange).await.map_err(|fault| unanswered(&fault))?;
        let said = || {
            let text = String::from_utf8_lossy(&answer.body);
            let text: String = text.chars().filter(|c| !c.is_control()).take(MOST_WORDS).collect();
            format!("{}: HTTP status {} {text}", path.join("/"), answer.status)
        };
        match answer.status {
            202 => Ok(None),
            200 => serde_json::from_slice(&answer.body).map(Some).map_err(|error| {
                of(FaultKind::Rejected, format!("{}: the answer is not as agreed: {error}", path.join("/")))
            }),
            401 => Err(of(FaultKind::Credentials, said())),
            403 => Err(of(FaultKind::Rights, said())),
            404 => {
                let kind = match serde_json::from_slice(&answer.body) {
                    Ok(Missing { missing: shape::What::Group }) => FaultKind::NoSuchGroup,
                    Ok(Missing { missing: shape::What::Account }) => FaultKind::NoSuchAccount,
                    Err(_) => FaultKind::Rejected,
                };
                Err(of(kind, said()))
            }
            429 | 500.. => Err(of(FaultKind::Busy, said())),
            _ => Err(of(FaultKind::Rejected, said())),
        }
    }

    /// As [`HookTarget::order`], for what must be answered at once.
    async fn answer<A: DeserializeOwned>(
        &self,
        path: &[&str],
        order: &(impl Serialize + Sync),
    ) -> Result<A, TargetFault> {
        let answer = self.order(path, order).await?;
        answer
            .ok_or_else(|| of(FaultKind::Rejected, format!("{}: must be answered at once, not by 202", path.join("/"))))
    }

    async fn apply_changes(&self, group: &TargetGroup, changes: &[Change]) -> Result<Vec<Outcome>, TargetFault> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let orders: Vec<Order<'_>> = changes.iter().map(Order::of).collect();
        let order = json!({ "group": group.native, "changes": orders });
        let Some(answer) = self.order::<Outcomes>(&["memberships"], &order).await? else {
            // Sending it again is how we ask: the same id, until it is confirmed.
            let waits = of(FaultKind::Rejected, "accepted by the other side, not confirmed yet");
            return Ok(vec![Outcome::Refused(waits); changes.len()]);
        };
        if answer.outcomes.len() != changes.len() {
            let cause = format!("{} outcomes for {} changes", answer.outcomes.len(), changes.len());
            return Err(of(FaultKind::Rejected, cause));
        }
        Ok(answer.outcomes.into_iter().map(Became::outcome).collect())
    }

    async fn held(&self, group: &TargetGroup) -> Result<Vec<String>, TargetFault> {
        let held: Held = self.answer(&["members"], &json!({ "group": group.native })).await?;
        Ok(held.members)
    }
}

fn of(kind: FaultKind, cause: impl Into<String>) -> TargetFault {
    TargetFault { kind, cause: cause.into() }
}

impl TargetDirectory for HookTarget {
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
            let held: HashSet<String> = self.held(group).await?.into_iter().collect();
            Ok(accounts.iter().map(|account| held.contains(&account.native)).collect())
        })
    }

    fn members<'a>(&'a self, group: &'a TargetGroup) -> BoxFuture<'a, Result<Vec<String>, TargetFault>> {
        Box::pin(self.held(group))
    }

    fn member_key(&self, _: &TargetGroup, account: &TargetAccount) -> String {
        account.native.clone()
    }

    fn self_test<'a>(&'a self, groups: &'a [TargetGroup]) -> BoxFuture<'a, Result<Health, TargetFault>> {
        Box::pin(async move {
            let groups: Vec<&str> = groups.iter().map(|group| group.native.as_str()).collect();
            let tested: Tested = self.answer(&["test"], &json!({ "groups": groups })).await?;
            Ok(Health {
                writable: tested.writable,
                native_expiry: false,
                product: tested.product.map(|product| product.chars().filter(|c| !c.is_control()).take(100).collect()),
                ..Health::default()
            })
        })
    }

    fn find_account<'a>(&'a self, login: &'a str) -> BoxFuture<'a, Result<Option<String>, TargetFault>> {
        Box::pin(async move {
            let found: Found = self.answer(&["accounts", "find"], &json!({ "name": login })).await?;
            Ok(found.name)
        })
    }

    fn find_group<'a>(
        &'a self,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Option<(String, MemberAttribute)>, TargetFault>> {
        Box::pin(async move {
            let found: Found = self.answer(&["groups", "find"], &json!({ "name": name })).await?;
            Ok(found.name.map(|name| (name, MemberAttribute::Member)))
        })
    }

    fn create_account<'a>(&'a self, new: &'a NewAccount) -> BoxFuture<'a, Result<String, TargetFault>> {
        Box::pin(async move {
            let order = json!({ "name": new.login, "displayName": new.display_name });
            let made: Found = self.answer(&["accounts", "create"], &order).await?;
            made.name.ok_or_else(|| of(FaultKind::Rejected, "accounts/create: no name in the answer"))
        })
    }

    fn create_group<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<(String, MemberAttribute), TargetFault>> {
        Box::pin(async move {
            let made: Found = self.answer(&["groups", "create"], &json!({ "name": name })).await?;
            let name = made.name.ok_or_else(|| of(FaultKind::Rejected, "groups/create: no name in the answer"))?;
            Ok((name, MemberAttribute::Member))
        })
    }

    fn set_enabled<'a>(
        &'a self,
        account: &'a TargetAccount,
        enabled: bool,
    ) -> BoxFuture<'a, Result<bool, TargetFault>> {
        Box::pin(async move {
            let order = json!({ "account": account.native, "enabled": enabled });
            let answer: shape::Switched = self.answer(&["accounts", "enable"], &order).await?;
            Ok(answer.done)
        })
    }
}
