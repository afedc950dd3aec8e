//! What is there, as far as the caller may see it (`ARM 20`).

use ephor_domain::{
    Refusal,
    administration::Right,
    resource::{NoSuchScope, ResourceRefusal},
    scope::{ArmScope, ArmScopeKind, Place},
};
use ephor_store::tx::place::PlaceKind;
use jiff::Timestamp;

use super::{
    rights::{Rights, locate},
    tree::{all_below, below_group, chain, top},
};
use crate::{
    admin::desk::{Files, Query},
    answer::Answer,
    schedule::resource::eligible_scopes,
};

const READ_SUBSCRIPTION: &str = "Microsoft.Resources/subscriptions/read";
const READ_GROUP: &str = "Microsoft.Resources/subscriptions/resourceGroups/read";
const READ_MANAGEMENT: &str = "Microsoft.Management/managementGroups/read";
const READ_RESOURCES: &str = "Microsoft.Resources/subscriptions/resources/read";

/// Most places that one list holds.
const MOST: usize = 100_000;

/// What must be allowed to see a place.
fn needed(scope: &ArmScope) -> String {
    match scope.kind() {
        ArmScopeKind::Root | ArmScopeKind::ManagementGroup => READ_MANAGEMENT.to_owned(),
        ArmScopeKind::Subscription => READ_SUBSCRIPTION.to_owned(),
        ArmScopeKind::ResourceGroup => READ_GROUP.to_owned(),
        ArmScopeKind::Resource(kind) => format!("{kind}/read"),
    }
}

/// Does a role of the caller lie in the scope or below it by path?
fn holds_below(rights: &Rights, scope: &ArmScope) -> bool {
    rights.held.iter().any(|(assignment, _)| scope.contains_path(&assignment.scope))
}

async fn sees(files: &mut Files<'_>, rights: &Rights, scope: &ArmScope) -> Answer<bool> {
    if *scope.kind() != ArmScopeKind::ManagementGroup && holds_below(rights, scope) {
        return Ok(true);
    }
    let line = chain(files.tx, scope).await?;
    Ok(rights.may(files.tx, &line, &needed(scope)).await?)
}

/// The subscriptions in which the caller may see anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VisibleSubscriptions;

impl Query for VisibleSubscriptions {
    type Output = Vec<Place>;

    fn right(&self) -> Right {
        Right::Known
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Vec<Place>> {
        let rights = Rights::of(files.tx, files.caller, files.now).await?;
        // Those in which something is held, and those below management groups at which something is held.
        let mut candidates: Vec<ArmScope> = Vec::new();
        for (assignment, _) in &rights.held {
            match (assignment.scope.subscription_id(), assignment.scope.kind()) {
                (Some(id), _) => candidates.push(ArmScope::subscription(id)),
                (None, ArmScopeKind::Root) => {
                    let mut after = String::new();
                    while candidates.len() < MOST {
                        let page = files.tx.places_of_kind(PlaceKind::Subscription, &after, 1000).await?;
                        let Some(last) = page.last() else { break };
                        after = last.scope.key().to_owned();
                        candidates.extend(page.into_iter().map(|place| place.scope));
                    }
                }
                (None, _) => {
                    let below = below_group(files.tx, &assignment.scope).await?;
                    candidates.extend(below.into_iter().filter(|scope| *scope.kind() == ArmScopeKind::Subscription));
                }
            }
        }
        let eligible = eligible_scopes(files.tx, &rights.principals).await?;
        candidates.extend(eligible.iter().filter_map(|scope| scope.subscription_id()).map(ArmScope::subscription));
        candidates.sort();
        candidates.dedup();
        let mut found = Vec::new();
        for scope in candidates {
            let is_eligible = eligible.iter().any(|own| scope.contains_path(own));
            if (is_eligible || sees(files, &rights, &scope).await?)
                && let Some(place) = files.tx.place(&scope).await?
            {
                found.push(place);
            }
        }
        Ok(found)
    }
}

/// One place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceNamed {
    /// Which.
    pub scope: ArmScope,
}

impl Query for PlaceNamed {
    type Output = Place;

    fn right(&self) -> Right {
        Right::Known
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Place> {
        let rights = Rights::of(files.tx, files.caller, files.now).await?;
        let action = needed(&self.scope);
        let (scope, line) = locate(files.tx, &rights, &self.scope, &action).await?;
        if !sees(files, &rights, &scope).await? {
            rights.require(files.tx, &line, &action).await?;
        }
        if let Some(place) = files.tx.place(&scope).await? {
            return Ok(place);
        }
        if top(files.tx).await?.as_ref() == Some(&scope) {
            return Ok(whole(scope));
        }
        Err(Refusal::from(ResourceRefusal::from(NoSuchScope::Resource(scope.to_string()))).into())
    }
}

/// The management group of the whole tenant.
fn whole(scope: ArmScope) -> Place {
    Place {
        scope,
        name: "Tenant Root Group".to_owned(),
        parent: ArmScope::root(),
        location: None,
        tags: std::collections::BTreeMap::new(),
        created: Timestamp::UNIX_EPOCH,
    }
}

/// Places of one sort right below another, as far as the caller may see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacesBelow {
    /// Below what.
    pub scope: ArmScope,
    /// Which sort.
    pub kind: PlaceKind,
}

impl Query for PlacesBelow {
    type Output = Vec<Place>;

    fn right(&self) -> Right {
        Right::Known
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Vec<Place>> {
        let rights = Rights::of(files.tx, files.caller, files.now).await?;
        let action = match self.kind {
            PlaceKind::ManagementGroup => READ_MANAGEMENT,
            PlaceKind::Subscription => READ_SUBSCRIPTION,
            PlaceKind::ResourceGroup => READ_GROUP,
            PlaceKind::Resource => READ_RESOURCES,
        };
        let (scope, line) = locate(files.tx, &rights, &self.scope, action).await?;
        let all = rights.may(files.tx, &line, action).await?;
        if !all && !sees(files, &rights, &scope).await? {
            rights.require(files.tx, &line, action).await?;
        }
        let mut below = all_below(files.tx, &scope, self.kind).await?;
        if top(files.tx).await?.as_ref() == Some(&scope) {
            below.extend(all_below(files.tx, &ArmScope::root(), self.kind).await?);
            below.retain(|place| place.scope != scope);
        }
        if all {
            return Ok(below);
        }
        let mut found = Vec::new();
        for place in below {
            if sees(files, &rights, &place.scope).await? {
                found.push(place);
            }
        }
        Ok(found)
    }
}

/// Registered resources of a subscription or resource group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourcesIn {
    /// Where.
    pub scope: ArmScope,
}

impl Query for ResourcesIn {
    type Output = Vec<Place>;

    fn right(&self) -> Right {
        Right::Known
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Vec<Place>> {
        let rights = Rights::of(files.tx, files.caller, files.now).await?;
        let (scope, line) = locate(files.tx, &rights, &self.scope, READ_RESOURCES).await?;
        let all = rights.may(files.tx, &line, READ_RESOURCES).await?;
        let mut parents = vec![scope.clone()];
        if *scope.kind() == ArmScopeKind::Subscription {
            let groups = all_below(files.tx, &scope, PlaceKind::ResourceGroup).await?;
            parents.extend(groups.into_iter().map(|place| place.scope));
        }
        let mut found: Vec<Place> = Vec::new();
        while let Some(parent) = parents.pop() {
            for place in all_below(files.tx, &parent, PlaceKind::Resource).await? {
                parents.push(place.scope.clone());
                if found.len() < MOST && (all || sees(files, &rights, &place.scope).await?) {
                    found.push(place);
                }
            }
        }
        found.sort_by(|one, other| one.scope.cmp(&other.scope));
        Ok(found)
    }
}

/// Management groups that the caller may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ManagementGroups;

impl Query for ManagementGroups {
    type Output = Vec<Place>;

    fn right(&self) -> Right {
        Right::Known
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Vec<Place>> {
        let rights = Rights::of(files.tx, files.caller, files.now).await?;
        let mut all: Vec<Place> = Vec::new();
        if let Some(top) = top(files.tx).await?
            && files.tx.place(&top).await?.is_none()
        {
            all.push(whole(top));
        }
        let mut after = String::new();
        while all.len() < MOST {
            let page = files.tx.places_of_kind(PlaceKind::ManagementGroup, &after, 1000).await?;
            let Some(last) = page.last() else { break };
            after = last.scope.key().to_owned();
            all.extend(page);
        }
        let mut found = Vec::new();
        for place in all {
            if sees(files, &rights, &place.scope).await? {
                found.push(place);
            }
        }
        Ok(found)
    }
}
