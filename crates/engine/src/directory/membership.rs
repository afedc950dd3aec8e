//! Who is in which group, and which roles that gives (`GRAPH 15.3`): what is in force now, and nothing else.

use std::collections::BTreeSet;

use ephor_domain::id::{GroupId, Id, PrincipalId};
use ephor_store::{Fault, Tx};
use jiff::Timestamp;
use uuid::Uuid;

use super::{DirectoryObject, object::objects};
use crate::{answer::Answer, engine::Engine};

/// Most groups that one object is followed through: beyond, the answer would be no answer.
const MOST_GROUPS: usize = 10_000;

/// Most members of one group that are followed into it.
const MOST_MEMBERS: usize = 100_000;

/// What an object is in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memberships {
    /// Groups, by id.
    pub groups: BTreeSet<Uuid>,
    /// Ids of directory roles held at tenant scope, by id.
    pub roles: BTreeSet<Uuid>,
}

impl Engine {
    /// What an object is in now: directly, or through groups as well.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn memberships(&self, id: Uuid, transitive: bool) -> Answer<Memberships> {
        let now = self.now();
        let read = self.store.read(move |tx| Box::pin(async move { memberships(tx, id, transitive, now).await }));
        Ok(read.await?)
    }

    /// Members of a group now, by id; at most `limit`.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn group_members(
        &self,
        group: GroupId,
        after: Option<PrincipalId>,
        limit: u32,
    ) -> Answer<Vec<DirectoryObject>> {
        let now = self.now();
        let read = self.store.read(move |tx| {
            Box::pin(async move {
                let ids = tx.members_now(group, after, now, limit).await?;
                objects(tx, &bare(&ids)).await
            })
        });
        Ok(read.await?)
    }

    /// Members of a group now, and those of the groups in it, by id.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn group_members_transitive(&self, group: GroupId) -> Answer<Vec<DirectoryObject>> {
        let now = self.now();
        let read = self.store.read(move |tx| {
            Box::pin(async move {
                let mut found: BTreeSet<Uuid> = BTreeSet::new();
                let mut ahead = vec![group];
                while let Some(group) = ahead.pop() {
                    let mut after = None;
                    while found.len() < MOST_MEMBERS {
                        let some = tx.members_now(group, after, now, PAGE).await?;
                        let fresh: Vec<Uuid> = bare(&some).into_iter().filter(|id| found.insert(*id)).collect();
                        ahead.extend(fresh.into_iter().map(Id::new));
                        after = some.last().copied();
                        if some.len() < PAGE as usize {
                            break;
                        }
                    }
                }
                let ids: Vec<Uuid> = found.into_iter().collect();
                objects(tx, &ids).await
            })
        });
        Ok(read.await?)
    }

    /// Owners of a group, by id.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn group_owners(
        &self,
        group: GroupId,
        after: Option<PrincipalId>,
        limit: u32,
    ) -> Answer<Vec<DirectoryObject>> {
        let now = self.now();
        let read = self.store.read(move |tx| {
            Box::pin(async move {
                let ids = tx.owners_now(group, after, now, limit).await?;
                objects(tx, &bare(&ids)).await
            })
        });
        Ok(read.await?)
    }
}

/// Members read at once.
const PAGE: u32 = 1000;

fn bare(ids: &[PrincipalId]) -> Vec<Uuid> {
    ids.iter().map(|id| id.uuid()).collect()
}

/// What an object is in at `now`.
pub(crate) async fn memberships(tx: &mut Tx, id: Uuid, transitive: bool, now: Timestamp) -> Result<Memberships, Fault> {
    let mut found = Memberships { groups: groups_of(tx, id, transitive, now).await?, roles: BTreeSet::new() };
    let through = if transitive { found.groups.clone() } else { BTreeSet::new() };
    for holder in std::iter::once(id).chain(through).map(PrincipalId::new) {
        found.roles.extend(tx.administrator_roles(holder).await?);
        found.roles.extend(tx.roles_held_by_schedule(holder, now).await?);
    }
    Ok(found)
}

/// The groups alone.
pub(crate) async fn groups_of(
    tx: &mut Tx,
    id: Uuid,
    transitive: bool,
    now: Timestamp,
) -> Result<BTreeSet<Uuid>, Fault> {
    let mut found = BTreeSet::new();
    let mut ahead = vec![id];
    while let Some(id) = ahead.pop() {
        for group in tx.member_of_now(PrincipalId::new(id), now).await? {
            if found.len() < MOST_GROUPS && found.insert(group.uuid()) && transitive {
                ahead.push(group.uuid());
            }
        }
    }
    Ok(found)
}
