//! The tree of scopes as it is registered: what lies above and below a scope, and what is there at all (`ARM 3`).

use ephor_domain::{
    resource::{NoSuchScope, ResourceRefusal},
    scope::{ArmScope, ArmScopeKind},
};
use ephor_store::{
    Fault, Tx,
    tx::{place::PlaceKind, role_assignment::ScopeSpan},
};
use uuid::Uuid;

use crate::answer::Answer;

/// Management groups above each other that are followed: far more than anybody has, and an end if they formed a ring.
const DEPTH: usize = 32;
/// Places read at once.
const PAGE: u32 = 1000;
/// The fact of the store that names the tenant.
const TENANT: &str = "tenant";

/// Something at a scope, with the scope spelled as it is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At<T> {
    /// The scope.
    pub scope: ArmScope,
    /// What is there.
    pub found: T,
}

/// The management group of the whole tenant, which is named by the tenant and needs no row.
pub(crate) async fn top(tx: &mut Tx) -> Result<Option<ArmScope>, Fault> {
    let tenant = tx.meta(TENANT).await?.and_then(|text| Uuid::try_parse(&text).ok());
    Ok(tenant.and_then(|tenant| ArmScope::management_group(&tenant.to_string())))
}

/// The scope and everything above it, nearest first; the last one is the root.
pub(crate) async fn chain(tx: &mut Tx, scope: &ArmScope) -> Result<Vec<ArmScope>, Fault> {
    let mut chain = vec![scope.clone()];
    let mut at = scope.clone();
    while let Some(above) = at.parent_in_path() {
        chain.push(above.clone());
        at = above;
    }
    if *at.kind() == ArmScopeKind::Root {
        return Ok(chain);
    }
    for _ in 0..DEPTH {
        let Some(place) = tx.place(&at).await? else { break };
        if *place.parent.kind() == ArmScopeKind::Root {
            break;
        }
        chain.push(place.parent.clone());
        at = place.parent;
    }
    if let Some(top) = top(tx).await?.filter(|top| !chain.contains(top)) {
        chain.push(top);
    }
    chain.push(ArmScope::root());
    Ok(chain)
}

/// The scope as it is registered.
///
/// # Errors
/// [`ResourceRefusal::NoScope`]. Single resources need not be registered: what lies below a known group is taken as it is.
pub(crate) async fn known(tx: &mut Tx, scope: &ArmScope) -> Answer<ArmScope> {
    let refused = |no: NoSuchScope| Err(ephor_domain::Refusal::from(ResourceRefusal::from(no)).into());
    match scope.kind() {
        ArmScopeKind::Root => return Ok(ArmScope::root()),
        ArmScopeKind::ManagementGroup => {
            return match tx.place(scope).await? {
                Some(place) => Ok(place.scope),
                None if top(tx).await?.as_ref() == Some(scope) => Ok(scope.clone()),
                None => refused(NoSuchScope::ManagementGroup(scope.name().to_owned())),
            };
        }
        ArmScopeKind::Subscription | ArmScopeKind::ResourceGroup | ArmScopeKind::Resource(_) => {}
    }
    let subscription = scope.subscription_id().map(ArmScope::subscription);
    let id = scope.subscription_id().map(|id| id.to_string()).unwrap_or_default();
    match &subscription {
        Some(subscription) if tx.place(subscription).await?.is_some() => {}
        _ => return refused(NoSuchScope::Subscription(id)),
    }
    // From the group down to the scope; each spelled as registered where it is registered.
    let mut line: Vec<ArmScope> = std::iter::successors(Some(scope.clone()), ArmScope::parent_in_path).collect();
    line.reverse();
    let mut spelled = line.first().cloned().unwrap_or_else(ArmScope::root);
    for step in line.into_iter().skip(1) {
        let tail = step.as_str().split('/').skip(spelled.as_str().split('/').count());
        let as_written: Option<ArmScope> =
            [spelled.as_str()].into_iter().chain(tail).collect::<Vec<_>>().join("/").parse().ok();
        spelled = match tx.place(&step).await? {
            Some(place) => place.scope,
            None if *step.kind() == ArmScopeKind::ResourceGroup => {
                return refused(NoSuchScope::ResourceGroup(step.name().to_owned()));
            }
            None => as_written.unwrap_or(step),
        };
    }
    Ok(spelled)
}

/// Where in the index the rows of everything below a scope stand.
pub(crate) async fn spans_below(tx: &mut Tx, scope: &ArmScope) -> Result<Vec<ScopeSpan>, Fault> {
    if *scope.kind() != ArmScopeKind::ManagementGroup {
        return Ok(vec![ScopeSpan::below(scope)]);
    }
    let mut spans = Vec::new();
    for below in below_group(tx, scope).await? {
        spans.push(ScopeSpan::exactly(&below));
        if *below.kind() == ArmScopeKind::Subscription {
            spans.push(ScopeSpan::below(&below));
        }
    }
    Ok(spans)
}

/// Management groups and subscriptions below a management group.
pub(super) async fn below_group(tx: &mut Tx, group: &ArmScope) -> Result<Vec<ArmScope>, Fault> {
    let mut found: Vec<ArmScope> = Vec::new();
    let mut ahead = vec![group.clone()];
    // What hangs below nothing else hangs below the management group of the whole tenant.
    if top(tx).await?.as_ref() == Some(group) {
        ahead.push(ArmScope::root());
    }
    while let Some(group) = ahead.pop() {
        for kind in [PlaceKind::ManagementGroup, PlaceKind::Subscription] {
            for place in all_below(tx, &group, kind).await? {
                if found.contains(&place.scope) {
                    continue;
                }
                if kind == PlaceKind::ManagementGroup {
                    ahead.push(place.scope.clone());
                }
                found.push(place.scope);
            }
        }
    }
    Ok(found)
}

/// All places of one sort right below a scope.
pub(crate) async fn all_below(
    tx: &mut Tx,
    parent: &ArmScope,
    kind: PlaceKind,
) -> Result<Vec<ephor_domain::scope::Place>, Fault> {
    let mut found: Vec<ephor_domain::scope::Place> = Vec::new();
    loop {
        let after = found.last().map(|place| place.scope.key().to_owned()).unwrap_or_default();
        let page = tx.places_below(parent, kind, &after, PAGE).await?;
        let is_last = page.len() < PAGE as usize;
        found.extend(page);
        if is_last {
            return Ok(found);
        }
    }
}

/// Where in the index the rows of a list at a scope stand: above it, at it and, if asked, below, each once and in order.
pub(crate) async fn spans(tx: &mut Tx, chain: &[ArmScope], below: bool) -> Result<Vec<ScopeSpan>, Fault> {
    let mut spans: Vec<ScopeSpan> = chain.iter().map(ScopeSpan::exactly).collect();
    if let Some(scope) = chain.first().filter(|_| below) {
        spans.extend(spans_below(tx, scope).await?);
    }
    spans.sort_by(|one, other| one.start().cmp(other.start()));
    Ok(spans)
}
