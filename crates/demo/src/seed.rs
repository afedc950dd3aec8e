//! Puts the cast into a store, once, and into an outside directory where there is one.

use std::{collections::HashMap, fmt, sync::Arc};

use ephor_domain::id::TargetId;
use ephor_engine::port::{
    Entropy,
    target::{MemberAttribute, NewAccount, TargetDirectory, TargetFault},
};
use ephor_identity::password::PasswordError;
use ephor_store::{Fault, Store, tx::account::Account};
use jiff::Timestamp;

use crate::{
    cast::{self, PEOPLE, ROLES, outside_target},
    rows::Rows,
};

/// The fact in a store that tells that a demo made it.
pub(crate) const DEMO_MARK: &str = "demo";

/// Where people and groups of the demo live.
#[derive(Clone)]
pub enum Place {
    /// In the directory inside the store.
    BuiltIn,
    /// In an outside directory; accounts and groups are made there if they are missing. Its id must be
    /// [`cast::outside_target`].
    Outside(Arc<dyn TargetDirectory>),
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BuiltIn => "BuiltIn",
            Self::Outside(_) => "Outside",
        })
    }
}

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The store has other things in it.
    #[error("this store was not made by `ephor demo`: give an empty folder or database")]
    NotADemo,
    /// The store was seeded for the other sort of place.
    #[error("{0}")]
    OtherPlace(&'static str),
    /// The directory does not take people or groups.
    #[error("the directory does not take the demo's people and groups")]
    Directory(#[from] TargetFault),
    /// A password cannot be hashed.
    #[error("a password of the demo cannot be hashed")]
    Password(#[from] PasswordError),
    /// The store does not do it.
    #[error(transparent)]
    Store(#[from] Fault),
}

/// What the outside directory calls accounts and groups.
#[derive(Debug, Clone, Default)]
pub(crate) struct Natives {
    people: HashMap<&'static str, String>,
    groups: HashMap<&'static str, (String, MemberAttribute)>,
}

impl Natives {
    pub(crate) fn accounts(&self) -> Vec<Account> {
        let account = |person: &cast::Person| {
            let native = self.people.get(person.key)?.clone();
            Some(Account { principal: person.id(), target: outside_target(), native, login: person.key.to_owned() })
        };
        PEOPLE.iter().filter_map(account).collect()
    }

    pub(crate) fn group(&self, group: &cast::Group) -> (TargetId, String, String) {
        let (native, attribute) = self.groups.get(group.account).cloned().unwrap_or_default();
        let attribute = match attribute {
            MemberAttribute::Member => "member",
            MemberAttribute::UniqueMember => "uniqueMember",
            MemberAttribute::MemberUid => "memberUid",
        };
        (outside_target(), native, attribute.to_owned())
    }
}

/// True when a demo made this store.
///
/// # Errors
/// Faults of the store.
pub async fn is_demo(store: &Store) -> Result<bool, Fault> {
    store.read(|tx| Box::pin(async move { Ok(tx.meta(DEMO_MARK).await?.is_some()) })).await
}

/// Puts the cast into an empty store; a store that a demo made goes on as it is. Answers whether it was empty.
///
/// # Errors
/// See [`SeedError`].
pub async fn seed(store: &Store, place: &Place, at: Timestamp, entropy: &dyn Entropy) -> Result<bool, SeedError> {
    if is_demo(store).await? {
        go_on(store, place).await?;
        return Ok(false);
    }
    let is_empty =
        store.read(|tx| Box::pin(async move { Ok(tx.targets().await?.is_empty() && tx.audit_size().await? == 0) }));
    if !is_empty.await? {
        return Err(SeedError::NotADemo);
    }
    let natives = match place {
        Place::BuiltIn => None,
        Place::Outside(directory) => Some(populate(directory.as_ref()).await?),
    };
    let rows = Rows::new(at, natives.as_ref(), entropy)?;
    store
        .transact(move |tx| {
            let rows = rows.clone();
            Box::pin(rows.insert(tx))
        })
        .await?;
    Ok(true)
}

/// A store goes on with its people in the same place.
async fn go_on(store: &Store, place: &Place) -> Result<(), SeedError> {
    let outside = outside_target();
    let was_outside = store.read(move |tx| Box::pin(async move { Ok(tx.target(outside).await?.is_some()) })).await?;
    match (place, was_outside) {
        (Place::BuiltIn, true) => {
            Err(SeedError::OtherPlace("this demo keeps its people in an LDAP directory: give --ldap as before"))
        }
        (Place::Outside(_), false) => {
            Err(SeedError::OtherPlace("this demo keeps its people in its own directory: leave --ldap out"))
        }
        (Place::BuiltIn, false) => Ok(()),
        (Place::Outside(directory), true) => {
            // What somebody deleted there meanwhile comes back, under the names that are stored.
            populate(directory.as_ref()).await?;
            Ok(())
        }
    }
}

/// Makes the people and groups that are missing.
async fn populate(directory: &dyn TargetDirectory) -> Result<Natives, TargetFault> {
    let mut natives = Natives::default();
    for person in PEOPLE.iter().filter(|person| person.pam_user) {
        // No password: people sign in at the demo, and a password that everybody knows has no place elsewhere.
        let new = NewAccount { login: person.key.to_owned(), display_name: person.name.to_owned(), password: None };
        natives.people.insert(person.key, directory.create_account(&new).await?);
    }
    for group in ROLES.iter().flat_map(|role| role.groups) {
        natives.groups.insert(group.account, directory.create_group(group.account).await?);
    }
    Ok(natives)
}
