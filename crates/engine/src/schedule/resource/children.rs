//! Where somebody can go on from a scope (`ARM 16`).

use ephor_domain::{
    administration::Right,
    policy::Kind,
    scope::{ArmScope, Place},
};
use ephor_store::tx::place::PlaceKind;

use super::{rows::of_principals, scope_of};
use crate::{
    admin::desk::{Files, Query},
    answer::Answer,
    resource::{
        chain, children,
        rights::{Rights, action, locate},
    },
};

/// Places below a scope in or above which the caller has something, eligible or active (`ARM 16`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EligibleChildren {
    /// Below what.
    pub scope: ArmScope,
    /// Not only right below: all subscriptions and resource groups.
    pub all: bool,
}

impl Query for EligibleChildren {
    type Output = Vec<Place>;

    fn right(&self) -> Right {
        Right::Known
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Vec<Place>> {
        let (tx, now) = (&mut *files.tx, files.now);
        let rights = Rights::of(tx, files.caller, now).await?;
        let (scope, _) = locate(tx, &rights, &self.scope, action::READ_ASSIGNMENTS).await?;
        let mut lines: Vec<Vec<ArmScope>> = Vec::new();
        for kind in [Kind::Eligibility, Kind::Assignment] {
            for view in of_principals(tx, kind, &rights.principals, now).await? {
                if let Some(at) = scope_of(&view.key) {
                    lines.push(chain(tx, &at).await?);
                }
            }
        }
        let mut found: Vec<Place> = Vec::new();
        let mut ahead = vec![scope.clone()];
        while let Some(above) = ahead.pop() {
            for kind in PlaceKind::ALL {
                // Resources hang below groups alone here: the others are reached through them.
                if self.all && kind == PlaceKind::Resource {
                    continue;
                }
                for place in children(tx, &above, kind).await? {
                    let here = chain(tx, &place.scope).await?;
                    let is_reached = lines
                        .iter()
                        .any(|line| line.first().is_some_and(|own| here.contains(own)) || line.contains(&place.scope));
                    if !is_reached || found.iter().any(|known| known.scope == place.scope) {
                        continue;
                    }
                    if self.all && kind != PlaceKind::ResourceGroup {
                        ahead.push(place.scope.clone());
                    }
                    found.push(place);
                }
            }
        }
        found.sort_by(|one, other| one.scope.cmp(&other.scope));
        Ok(found)
    }
}
