//! Laying out the tree: scopes are registered, renamed, moved and removed (`ARM 3`, `ARM 20`).

use std::collections::BTreeMap;

use ephor_audit::events;
use ephor_domain::{
    Refusal,
    administration::Right,
    resource::{NoSuchScope, ResourceRefusal},
    scope::{ArmScope, ArmScopeKind, Place},
};
use ephor_store::tx::{lock::Lock, role_assignment::ScopeSpan};
use uuid::Uuid;

use super::{
    rights::Rights,
    tree::{chain, known, top},
};
use crate::{
    admin::desk::{Command, Desk, Subject},
    answer::Answer,
    schedule::resource::is_span_scheduled,
};

/// Moves in the tree are made one after the other: two at once could close a ring.
pub(crate) const TREE: Uuid = Uuid::from_u128(0x6570_686f_722d_5e17_a1e1_6172_6d74_7265);

/// By what the caller changes the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Footing {
    /// Roles held at the scopes concerned.
    Resources,
    /// Administering the server: whoever does could give himself those roles.
    Administration,
}

/// Registers a scope, or changes what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutPlace {
    /// Which.
    pub scope: ArmScope,
    /// Name for people; the last segment of a new one, the present one of a known one when absent.
    pub name: Option<String>,
    /// What a management group or subscription hangs below: the whole tenant when absent and new.
    pub parent: Option<ArmScope>,
    /// Where it is said to be.
    pub location: Option<String>,
    /// Tags; as they are when absent.
    pub tags: Option<BTreeMap<String, String>>,
    /// By what.
    pub footing: Footing,
}

/// The place as it is now, and whether it is new.
type Registered = (Place, bool);

impl Command for PutPlace {
    type Output = Registered;

    fn right(&self) -> Right {
        match self.footing {
            Footing::Resources => Right::Known,
            Footing::Administration => Right::Administrators,
        }
    }

    fn subject(&self) -> Subject {
        Subject::NONE
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::Exclusive(TREE)]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<Registered> {
        let before = desk.tx.place(&self.scope).await?;
        let parent = match (self.scope.parent_in_path(), &self.parent, &before) {
            (Some(parent), _, _) => parent,
            (None, Some(parent), _) => parent.clone(),
            (None, None, Some(place)) => place.parent.clone(),
            (None, None, None) => ArmScope::root(),
        };
        let parent = known(desk.tx, &parent).await?;
        let scope = before.as_ref().map_or_else(|| spelled(&self.scope, &parent), |place| place.scope.clone());
        let name = self.name.or_else(|| before.as_ref().map(|place| place.name.clone()));
        let place = Place {
            name: name.unwrap_or_else(|| scope.name().to_owned()),
            parent,
            location: self.location.or_else(|| before.as_ref().and_then(|place| place.location.clone())),
            tags: self.tags.or_else(|| before.as_ref().map(|place| place.tags.clone())).unwrap_or_default(),
            created: before.as_ref().map_or(desk.now(), |place| place.created),
            scope,
        };
        let moved = before.as_ref().is_some_and(|before| before.parent != place.parent);
        may_write(desk, self.footing, &place, before.as_ref().filter(|_| moved)).await?;
        place.check().map_err(|rule| Refusal::from(ResourceRefusal::Invalid(rule)))?;
        if chain(desk.tx, &place.parent).await?.contains(&place.scope) {
            return Err(Refusal::from(ResourceRefusal::Invalid("nothing hangs below itself")).into());
        }
        desk.tx.put_place(&place).await?;
        let event = if before.is_some() { events::SCOPE_CHANGED } else { events::SCOPE_REGISTERED };
        let (text, above) = (place.scope.to_string(), place.parent.to_string());
        desk.changed(event, Subject::NONE, |record| record.detail("scope", text).detail("parent", above));
        Ok((place, before.is_none()))
    }
}

/// The scope below its parent as that is spelled.
fn spelled(scope: &ArmScope, parent: &ArmScope) -> ArmScope {
    if scope.parent_in_path().is_none() {
        return scope.clone();
    }
    let tail = scope.as_str().split('/').skip(parent.as_str().split('/').count());
    let text = [parent.as_str()].into_iter().chain(tail).collect::<Vec<_>>().join("/");
    text.parse().unwrap_or_else(|_| scope.clone())
}

async fn may_write(desk: &mut Desk<'_>, footing: Footing, place: &Place, moved_from: Option<&Place>) -> Answer<()> {
    let (Footing::Resources, Some(caller)) = (footing, desk.administrator()) else { return Ok(()) };
    let now = desk.now();
    let rights = Rights::of(desk.tx, caller, now).await?;
    let action = write_action(&place.scope);
    // A place that is not there yet has only what is above it.
    let mut line = vec![place.scope.clone()];
    line.extend(chain(desk.tx, &place.parent).await?);
    rights.require(desk.tx, &line, &action).await?;
    if let Some(before) = moved_from {
        // Whoever holds something above gets it with the move.
        let above = chain(desk.tx, &place.parent).await?;
        rights.require(desk.tx, &above, "Microsoft.Management/managementGroups/write").await?;
        let here = chain(desk.tx, &before.scope).await?;
        rights.require(desk.tx, &here, &action).await?;
        rights.require(desk.tx, &here, super::rights::action::WRITE_ASSIGNMENTS).await?;
    }
    Ok(())
}

fn write_action(scope: &ArmScope) -> String {
    match scope.kind() {
        ArmScopeKind::Root | ArmScopeKind::ManagementGroup => "Microsoft.Management/managementGroups/write".to_owned(),
        ArmScopeKind::Subscription => "Microsoft.Resources/subscriptions/write".to_owned(),
        ArmScopeKind::ResourceGroup => "Microsoft.Resources/subscriptions/resourceGroups/write".to_owned(),
        ArmScopeKind::Resource(kind) => format!("{kind}/write"),
    }
}

/// Removes a scope that holds nothing: no scope below, and nobody's role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletePlace {
    /// Which.
    pub scope: ArmScope,
    /// By what.
    pub footing: Footing,
}

impl Command for DeletePlace {
    type Output = Option<Place>;

    fn right(&self) -> Right {
        match self.footing {
            Footing::Resources => Right::Known,
            Footing::Administration => Right::Administrators,
        }
    }

    fn subject(&self) -> Subject {
        Subject::NONE
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::Exclusive(TREE)]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<Option<Place>> {
        if let (Footing::Resources, Some(caller)) = (self.footing, desk.administrator()) {
            let now = desk.now();
            let rights = Rights::of(desk.tx, caller, now).await?;
            let line = chain(desk.tx, &self.scope).await?;
            let action = write_action(&self.scope);
            let action = action.strip_suffix("/write").map_or(action.clone(), |kind| format!("{kind}/delete"));
            rights.require(desk.tx, &line, &action).await?;
        }
        let Some(place) = desk.tx.place(&self.scope).await? else {
            if top(desk.tx).await?.as_ref() == Some(&self.scope) || *self.scope.kind() == ArmScopeKind::Root {
                return Err(Refusal::from(ResourceRefusal::Invalid("the whole tenant cannot be removed")).into());
            }
            if let Some(parent) = self.scope.parent_in_path() {
                known(desk.tx, &parent).await?;
            } else if *self.scope.kind() == ArmScopeKind::Subscription {
                let no = NoSuchScope::Subscription(self.scope.name().to_owned());
                return Err(Refusal::from(ResourceRefusal::from(no)).into());
            }
            return Ok(None);
        };
        if desk.tx.has_places_below(&place.scope).await? {
            return Err(Refusal::from(ResourceRefusal::ScopeInUse("other scopes hang below it")).into());
        }
        for span in [ScopeSpan::exactly(&place.scope), ScopeSpan::below(&place.scope)] {
            let has_roles = !desk.tx.role_assignments_in(&span, None, 1).await?.is_empty();
            if has_roles || is_span_scheduled(desk.tx, &span).await? {
                return Err(Refusal::from(ResourceRefusal::ScopeInUse("roles are assigned at it")).into());
            }
        }
        if !desk.tx.denials_at(std::slice::from_ref(&place.scope)).await?.is_empty() {
            return Err(Refusal::from(ResourceRefusal::ScopeInUse("a deny assignment stands at it")).into());
        }
        desk.tx.delete_place(&place.scope).await?;
        let text = place.scope.to_string();
        desk.changed(events::SCOPE_REMOVED, Subject::NONE, |record| record.detail("scope", text));
        Ok(Some(place))
    }
}
