//! Where somebody can go on from a scope (`ARM 16`).

use std::collections::BTreeSet;

use ephor_domain::{
    administration::Right,
    policy::Kind,
    scope::{ArmScope, Place},
};
use ephor_store::tx::place::PlaceKind;

use super::{BATCH, Walk, scope_of};
use crate::{
    admin::desk::{Files, Query},
    answer::Answer,
    resource::{
        chain, children,
        rights::{Rights, action, locate},
        top,
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
        let mut own: BTreeSet<ArmScope> = BTreeSet::new();
        for kind in [Kind::Eligibility, Kind::Assignment] {
            let mut walk = Walk::by_principal(kind, &rights.principals, None, BATCH);
            while let Some((_, row)) = walk.next(tx).await? {
                own.extend(row.view(now)?.and_then(|view| scope_of(&view.key)));
            }
        }
        // Whatever lies above something of his leads to it.
        let mut leading: BTreeSet<ArmScope> = BTreeSet::new();
        for at in &own {
            leading.extend(chain(tx, at).await?);
        }
        let (mut found, mut seen): (Vec<Place>, BTreeSet<ArmScope>) = (Vec::new(), BTreeSet::new());
        let mut ahead = vec![scope.clone()];
        // What hangs below nothing else hangs below the management group of the whole tenant.
        if top(tx).await?.as_ref() == Some(&scope) {
            ahead.push(ArmScope::root());
        }
        while let Some(above) = ahead.pop() {
            for kind in PlaceKind::ALL {
                // Resources hang below groups alone here: the others are reached through them.
                if self.all && kind == PlaceKind::Resource {
                    continue;
                }
                for place in children(tx, &above, kind).await? {
                    let is_reached = leading.contains(&place.scope)
                        || chain(tx, &place.scope).await?.iter().any(|above| own.contains(above));
                    if !is_reached || place.scope == scope || !seen.insert(place.scope.clone()) {
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
