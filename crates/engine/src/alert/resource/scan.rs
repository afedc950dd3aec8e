//! Looking at who holds what at a scope, and at the roles that can be given there: page by page, by index.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ephor_domain::{
    alert::{AlertKind, AlertSettings},
    id::{Id, PrincipalId},
    policy::Kind,
    provider::Provider,
    resource::{Assignment, OWNER, Permission, ResourceRole},
    scope::ArmScope,
};
use ephor_store::tx::{
    line::Lines,
    place::PlaceKind,
    role_assignment::{ScopeCursor, ScopeSpan},
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Ground, Incident, kinds};
use crate::{
    alert::{
        Facts,
        scan::{Found, RecordScan},
    },
    answer::Answer,
    engine::Engine,
    resource::chain,
    schedule::ScheduleView,
};

/// Rows read at once.
const PAGE: u32 = 500;
/// Most assignments of a scope that are kept for one alert; whoever has more need not see each.
const MOST: usize = 10_000;

/// Who holds something at a scope.
#[derive(Debug, Default)]
struct Holders {
    /// Whoever is eligible for any role, or assigned it.
    all: BTreeSet<PrincipalId>,
    /// Whoever is eligible for Owner, or assigned it. An activation rests on an eligibility and adds nobody.
    owners: BTreeSet<PrincipalId>,
    /// Whoever is assigned Owner for good.
    permanent: BTreeSet<PrincipalId>,
    /// Assignments that no schedule made, the first of them.
    outside: Vec<Assignment>,
}

impl Holders {
    fn add_direct(&mut self, one: Assignment) {
        self.add(one.principal, one.definition, true);
        if self.outside.len() < MOST {
            self.outside.push(one);
        }
    }

    fn add(&mut self, principal: PrincipalId, definition: Uuid, for_good: bool) {
        self.all.insert(principal);
        if definition == OWNER {
            self.owners.insert(principal);
            if for_good {
                self.permanent.insert(principal);
            }
        }
    }
}

impl Engine {
    /// Looks for what the alerts of a scope are about.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn scan_alerts_at(&self, scope: ArmScope, only: Option<AlertKind>) -> Answer<()> {
        let key = scope.key().to_owned();
        let stored = self.store.read(move |tx| {
            let key = key.clone();
            Box::pin(async move { tx.alerts(Provider::Resources, &key).await })
        });
        let stored = stored.await?;
        let settings = |kind| stored.iter().find(|row| row.kind == kind).map(|row| row.settings.clone());
        let wanted: Vec<(AlertKind, AlertSettings)> =
            kinds(only).into_iter().map(|kind| (kind, settings(kind).unwrap_or_default())).collect();
        let looks = |kind: &AlertKind| wanted.iter().any(|(known, settings)| known == kind && settings.enabled);
        let holders = match kinds(None).iter().any(|kind| *kind != AlertKind::DuplicateRole && looks(kind)) {
            true => self.holders(&scope).await?,
            false => Holders::default(),
        };
        let mut found = Found::new();
        for (kind, settings) in wanted {
            let incidents = match kind {
                _ if !settings.enabled => Vec::new(),
                AlertKind::TooManyOwners => too_many(kind, &settings, &holders.owners, &holders.all),
                AlertKind::TooManyPermanentOwners => too_many(kind, &settings, &holders.permanent, &holders.owners),
                AlertKind::ResourceAssignedOutside => holders.outside.iter().map(outside).collect(),
                AlertKind::DuplicateRole => duplicates(&self.roles_at(&scope).await?),
                AlertKind::InvalidLicense
                | AlertKind::NoMfaOnActivation
                | AlertKind::RedundantAssignment
                | AlertKind::AssignedOutside
                | AlertKind::SequentialActivations
                | AlertKind::StaleSignIn
                | AlertKind::TooManyGlobalAdministrators => Vec::new(),
            };
            found.insert(kind, incidents);
        }
        self.ordain("alerts", RecordScan { ground: Ground::of(scope), found }).await
    }

    /// Scans where somebody looks at alerts, and at every management group and subscription.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn scan_all_scopes(&self) -> Answer<()> {
        let mut after = String::new();
        loop {
            let from = after.clone();
            let page = self.store.read(move |tx| {
                let from = from.clone();
                Box::pin(async move { tx.alert_scopes(Provider::Resources, &from, PAGE).await })
            });
            let page = page.await?;
            for text in &page {
                if let Ok(scope) = text.parse() {
                    self.scan_alerts_at(scope, None).await?;
                }
            }
            match page.last() {
                Some(last) if page.len() >= PAGE as usize => after.clone_from(last),
                Some(_) | None => break,
            }
        }
        for kind in [PlaceKind::ManagementGroup, PlaceKind::Subscription] {
            let mut after = String::new();
            loop {
                let from = after.clone();
                let page = self.store.read(move |tx| {
                    let from = from.clone();
                    Box::pin(async move {
                        let mut fresh = Vec::new();
                        let places = tx.places_of_kind(kind, &from, PAGE).await?;
                        let last = places.last().map(|place| place.scope.key().to_owned());
                        let is_full = places.len() >= PAGE as usize;
                        for place in places {
                            if tx.alerts(Provider::Resources, place.scope.key()).await?.is_empty() {
                                fresh.push(place.scope);
                            }
                        }
                        Ok((fresh, last.filter(|_| is_full)))
                    })
                });
                let (fresh, next) = page.await?;
                for scope in fresh {
                    self.scan_alerts_at(scope, None).await?;
                }
                match next {
                    Some(last) => after = last,
                    None => break,
                }
            }
        }
        Ok(())
    }

    async fn holders(&self, scope: &ArmScope) -> Answer<Holders> {
        let now = self.now();
        let mut holders = Holders::default();
        let mut after: Option<ScopeCursor> = None;
        loop {
            let (span, from) = (ScopeSpan::exactly(scope), after.clone());
            let page = self.store.read(move |tx| {
                let (span, from) = (span.clone(), from.clone());
                Box::pin(async move { tx.role_assignments_in(&span, from.as_ref(), PAGE).await })
            });
            let page = page.await?;
            let is_last = page.len() < PAGE as usize;
            after = page.last().map(|one| ScopeCursor { scope: one.scope.key().to_owned(), name: one.name });
            for one in page {
                holders.add_direct(one);
            }
            if is_last {
                break;
            }
        }
        for kind in [Kind::Eligibility, Kind::Assignment] {
            self.add_scheduled(&mut holders, scope, kind, now).await?;
        }
        Ok(holders)
    }

    async fn add_scheduled(&self, holders: &mut Holders, scope: &ArmScope, kind: Kind, now: Timestamp) -> Answer<()> {
        let mut after = None;
        loop {
            let which = Lines::Scope(scope.key().to_owned());
            let page = self.store.read(move |tx| {
                let which = which.clone();
                Box::pin(async move { tx.lines(Provider::Resources, kind, &which, after, PAGE).await })
            });
            let page = page.await?;
            let is_last = page.len() < PAGE as usize;
            after = page.last().map(|row| row.line.id);
            for row in page {
                let definition = row.line.definition;
                let view = ScheduleView::of(row, now)?.filter(|view| view.in_force && view.rests_on.is_none());
                if let Some(view) = view {
                    holders.add(view.principal, definition, kind == Kind::Assignment && view.end.is_none());
                }
            }
            if is_last {
                return Ok(());
            }
        }
    }

    /// The roles that can be given at a scope.
    async fn roles_at(&self, scope: &ArmScope) -> Answer<Vec<ResourceRole>> {
        let scope = scope.clone();
        let own = self.store.read(move |tx| {
            let scope = scope.clone();
            Box::pin(async move {
                let line = chain(tx, &scope).await?;
                let mut roles = tx.resource_roles().await?;
                roles.retain(|role| role.is_assignable(&line));
                Ok(roles)
            })
        });
        Ok(ResourceRole::built_in().cloned().chain(own.await?).collect())
    }
}

fn too_many(
    kind: AlertKind,
    settings: &AlertSettings,
    some: &BTreeSet<PrincipalId>,
    all: &BTreeSet<PrincipalId>,
) -> Vec<Incident> {
    let count = |of: &BTreeSet<PrincipalId>| u64::try_from(of.len()).unwrap_or(u64::MAX);
    if some.is_empty() || !settings.too_many(kind, count(some), count(all)) {
        return Vec::new();
    }
    let incident = |principal: &PrincipalId| {
        let facts = Facts { principal: Some(*principal), definition: Some(OWNER), ..Facts::default() };
        Incident { id: principal.to_string(), facts }
    };
    some.iter().map(incident).collect()
}

fn outside(one: &Assignment) -> Incident {
    let facts = Facts {
        principal: Some(one.principal),
        definition: Some(one.definition),
        created: Some(one.created),
        by: one.created_by.map(Id::new),
        ..Facts::default()
    };
    // Named like the assignment, which is what is taken away.
    Incident { id: one.name.to_string(), facts }
}

/// Roles made here that are called like another one, or allow exactly what another one allows.
fn duplicates(roles: &[ResourceRole]) -> Vec<Incident> {
    let mut by_name: HashMap<String, Vec<Uuid>> = HashMap::new();
    let mut by_permissions: HashMap<BTreeSet<Shape>, Vec<Uuid>> = HashMap::new();
    for role in roles {
        by_name.entry(plain(&role.name)).or_default().push(role.id);
        by_permissions.entry(shape(role)).or_default().push(role.id);
    }
    let others = |ids: Option<&Vec<Uuid>>, own: Uuid| -> BTreeSet<Uuid> {
        ids.into_iter().flatten().copied().filter(|id| *id != own).collect()
    };
    let mut found = BTreeMap::new();
    for role in roles.iter().filter(|role| !role.built_in) {
        let named = others(by_name.get(&plain(&role.name)), role.id);
        let alike = others(by_permissions.get(&shape(role)), role.id);
        if named.is_empty() && alike.is_empty() {
            continue;
        }
        let facts = Facts {
            definition: Some(role.id),
            created: Some(role.created),
            same_name: !named.is_empty(),
            same_permissions: !alike.is_empty(),
            others: named.union(&alike).copied().collect(),
            ..Facts::default()
        };
        found.insert(role.id, Incident { id: role.id.to_string(), facts });
    }
    found.into_values().collect()
}

/// A name without what people do not read: letter case and blanks.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// What one set of actions allows, without order and letter case.
type Shape = [BTreeSet<String>; 4];

fn shape(role: &ResourceRole) -> BTreeSet<Shape> {
    let texts = |of: &[String]| of.iter().map(|text| text.to_lowercase()).collect();
    let one = |permission: &Permission| {
        let Permission { actions, not_actions, data_actions, not_data_actions, .. } = permission;
        [texts(actions), texts(not_actions), texts(data_actions), texts(not_data_actions)]
    };
    role.permissions.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(id: u128, name: &str, actions: &[&str], built_in: bool) -> ResourceRole {
        let actions = actions.iter().map(|action| (*action).to_owned()).collect();
        ResourceRole {
            id: Uuid::from_u128(id),
            name: name.to_owned(),
            description: None,
            built_in,
            permissions: vec![Permission { actions, ..Permission::default() }],
            assignable: vec![ArmScope::root()],
            created: Timestamp::UNIX_EPOCH,
            updated: Timestamp::UNIX_EPOCH,
            created_by: None,
            updated_by: None,
        }
    }

    #[test]
    fn roles_made_here_are_compared_with_all_in_name_and_permissions() {
        let roles = [
            role(1, "Reader", &["*/read"], true),
            role(2, "Looker", &["*/READ"], false),
            role(3, "night watch", &["a", "b"], false),
            role(4, "NightWatch", &["b", "a", "c"], false),
            role(5, "Alone", &["z"], false),
            role(6, "Same as 5 in nothing", &["y"], true),
        ];
        let ids = |of: &[u128]| of.iter().map(|id| Uuid::from_u128(*id)).collect::<Vec<_>>();
        let found: Vec<_> = duplicates(&roles)
            .into_iter()
            .map(|one| (one.facts.definition, one.facts.others, one.facts.same_name, one.facts.same_permissions))
            .collect();
        assert_eq!(
            found,
            [
                (Some(Uuid::from_u128(2)), ids(&[1]), false, true),
                (Some(Uuid::from_u128(3)), ids(&[4]), true, false),
                (Some(Uuid::from_u128(4)), ids(&[3]), true, false),
            ]
        );
    }

    #[test]
    fn owners_are_too_many_by_number_and_share() {
        let people = |ids: std::ops::Range<u128>| -> BTreeSet<PrincipalId> {
            ids.map(|id| PrincipalId::new(Uuid::from_u128(id))).collect()
        };
        let settings = AlertSettings::default();
        let found = |owners, all| too_many(AlertKind::TooManyOwners, &settings, &people(owners), &people(all)).len();
        assert_eq!(found(0..2, 0..2), 0, "three is the least");
        assert_eq!(found(0..3, 0..30), 3, "a tenth of all");
        assert_eq!(found(0..3, 0..31), 0, "less than a tenth");
        assert_eq!(found(0..0, 0..0), 0);
    }
}
