//! Users, groups and service principals, by name and by id.

use std::collections::HashMap;

use ephor_domain::{
    id::{ClientId, GroupId, Id, PrincipalId},
    principal::PrincipalKind,
};
use ephor_store::{Fault, Tx, tx::NameCursor};
use uuid::Uuid;

use super::{ApplicationRow, GroupEntry, Span, UserEntry};
use crate::{answer::Answer, engine::Engine};

/// Something with an id in the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DirectoryObject {
    /// A person's account.
    User(Box<UserEntry>),
    /// A group.
    Group(Box<GroupEntry>),
    /// An application's account.
    Service(Box<ApplicationRow>),
}

impl DirectoryObject {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> Uuid {
        match self {
            Self::User(entry) => entry.principal.id.uuid(),
            Self::Group(entry) => entry.group.id.uuid(),
            Self::Service(row) => row.application.principal.uuid(),
        }
    }
}

impl Engine {
    /// Users by display name.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn directory_users(&self, span: Span) -> Answer<Vec<UserEntry>> {
        let read = self.store.read(move |tx| {
            let span = span.clone();
            Box::pin(async move { tx.directory_users(PrincipalKind::User, &span).await })
        });
        Ok(read.await?)
    }

    /// Number of users.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn count_users(&self) -> Answer<u64> {
        let read = self.store.read(|tx| Box::pin(tx.count_principals(PrincipalKind::User)));
        Ok(read.await?)
    }

    /// The user who signs in with this name in mail form, case-blind.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn directory_user_named(&self, upn: &str) -> Answer<Option<UserEntry>> {
        let upn = upn.to_owned();
        let read = self.store.read(move |tx| {
            let upn = upn.clone();
            Box::pin(async move {
                let Some(found) = tx.principal_named(&upn).await? else { return Ok(None) };
                let is_it = found.kind == PrincipalKind::User
                    && found.upn.as_deref().is_some_and(|known| known.to_lowercase() == upn.to_lowercase());
                if is_it { Ok(tx.directory_users_of(&[found.id]).await?.pop()) } else { Ok(None) }
            })
        });
        Ok(read.await?)
    }

    /// Users with this mail address, case-blind.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn directory_users_by_mail(&self, mail: &str) -> Answer<Vec<UserEntry>> {
        let mail = mail.to_owned();
        let read = self.store.read(move |tx| {
            let mail = mail.clone();
            Box::pin(async move { tx.directory_users_by_mail(&mail).await })
        });
        Ok(read.await?)
    }

    /// Groups by display name.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn directory_groups(&self, span: Span) -> Answer<Vec<GroupEntry>> {
        let read = self.store.read(move |tx| {
            let span = span.clone();
            Box::pin(async move { tx.directory_groups(&span).await })
        });
        Ok(read.await?)
    }

    /// Service principals by display name.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn directory_services(&self, after: Option<NameCursor>, limit: u32) -> Answer<Vec<ApplicationRow>> {
        let read = self.store.read(move |tx| {
            let after = after.clone();
            Box::pin(async move { tx.applications(after.as_ref(), limit).await })
        });
        Ok(read.await?)
    }

    /// The service principal of an application.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn directory_service_of(&self, client: ClientId) -> Answer<Option<ApplicationRow>> {
        let read = self.store.read(move |tx| Box::pin(tx.application_of_client(client)));
        Ok(read.await?)
    }

    /// The objects with these ids, in the order asked. Unknown ids are left out.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn directory_objects(&self, ids: Vec<Uuid>) -> Answer<Vec<DirectoryObject>> {
        let read = self.store.read(move |tx| {
            let ids = ids.clone();
            Box::pin(async move { objects(tx, &ids).await })
        });
        Ok(read.await?)
    }

    /// The object with this id.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn directory_object(&self, id: Uuid) -> Answer<Option<DirectoryObject>> {
        Ok(self.directory_objects(vec![id]).await?.pop())
    }
}

/// The objects with these ids, in the order asked.
pub(super) async fn objects(tx: &mut Tx, ids: &[Uuid]) -> Result<Vec<DirectoryObject>, Fault> {
    let mut found: HashMap<Uuid, DirectoryObject> = HashMap::new();
    let principals: Vec<PrincipalId> = ids.iter().copied().map(Id::new).collect();
    for entry in tx.directory_users_of(&principals).await? {
        let id = entry.principal.id;
        match entry.principal.kind {
            PrincipalKind::User => {
                found.insert(id.uuid(), DirectoryObject::User(Box::new(entry)));
            }
            PrincipalKind::Service => {
                if let Some(row) = tx.application(id).await? {
                    found.insert(id.uuid(), DirectoryObject::Service(Box::new(row)));
                }
            }
            // Its facts are those of the group.
            PrincipalKind::Group => {}
        }
    }
    let groups: Vec<GroupId> = ids.iter().filter(|id| !found.contains_key(*id)).copied().map(Id::new).collect();
    for entry in tx.directory_groups_of(&groups).await? {
        found.insert(entry.group.id.uuid(), DirectoryObject::Group(Box::new(entry)));
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}
