//! Linking accounts to one person, and unlinking them (seams §1): separation of duties compares persons.

use ephor_audit::events;
use ephor_domain::{
    Refusal,
    administration::Right,
    id::{PersonId, PrincipalId},
    principal::{Principal, PrincipalKind},
};
use ephor_store::{Fault, Tx, tx::lock::Lock};

use super::desk::{Command, Desk, Files, Query, Subject};
use crate::{answer::Answer, engine::Engine};

/// Accounts of one person, and whether one of them is on its way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The person.
    pub id: PersonId,
    /// Its accounts.
    pub accounts: Vec<Principal>,
    /// Accounts whose unlinking waits for open requests.
    pub leaving: Vec<PrincipalId>,
}

/// The person behind an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetPerson {
    /// One of its accounts.
    pub principal: PrincipalId,
}

impl Query for GetPerson {
    type Output = Person;

    fn subject(&self) -> Subject {
        Subject::user(self.principal)
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Person> {
        let account = files.tx.principal(self.principal).await?.ok_or(Refusal::NotFound { what: "user" })?;
        person(files.tx, account.person).await
    }
}

async fn person(tx: &mut Tx, id: PersonId) -> Answer<Person> {
    let accounts = tx.principals_of_person(id).await?;
    let pending = tx.pending_unlinks().await?;
    let leaving = pending.into_iter().filter(|gone| accounts.iter().any(|account| account.id == *gone)).collect();
    Ok(Person { id, accounts, leaving })
}

/// Makes the persons of two accounts one. Takes a person at the keyboard who is neither of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// One account.
    pub one: PrincipalId,
    /// The other one.
    pub other: PrincipalId,
}

impl Command for Link {
    type Output = Person;

    fn right(&self) -> Right {
        Right::Pam
    }

    fn subject(&self) -> Subject {
        Subject::user(self.one)
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::Exclusive(self.one.uuid()), Lock::Exclusive(self.other.uuid())]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<Person> {
        desk.require_person()?;
        let one = account(desk, self.one).await?;
        let other = account(desk, self.other).await?;
        not_oneself(desk, &[one.person, other.person])?;
        desk.require_over(one.person).await?;
        desk.require_over(other.person).await?;
        // Linked again before the unlinking came into force: it does not any more.
        desk.tx.put_pending_unlink(one.id, None).await?;
        desk.tx.put_pending_unlink(other.id, None).await?;
        if one.person != other.person {
            desk.tx.merge_persons(other.person, one.person).await?;
            desk.changed(events::ACCOUNTS_LINKED, Subject::user(one.id), |record| {
                record.detail("with", other.id.uuid())
            });
        }
        person(desk.tx, one.person).await
    }
}

/// Takes an account out of its person. It counts once the open requests of both have ended: else unlink, approve, link
/// again would be a way to approve oneself (F13).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlink {
    /// The account.
    pub principal: PrincipalId,
}

impl Command for Unlink {
    /// True when it counts already.
    type Output = bool;

    fn right(&self) -> Right {
        Right::Pam
    }

    fn subject(&self) -> Subject {
        Subject::user(self.principal)
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::Exclusive(self.principal.uuid())]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<bool> {
        desk.require_person()?;
        let account = account(desk, self.principal).await?;
        not_oneself(desk, &[account.person])?;
        desk.require_over(account.person).await?;
        let others = desk.tx.principals_of_person(account.person).await?.len().saturating_sub(1);
        if others == 0 {
            return Err(Refusal::NotFound { what: "link" }.into());
        }
        let is_pair = match desk.tx.user(account.id).await? {
            Some(row) => row.user.corp.is_some(),
            None => desk.tx.user_of_corp(account.id).await?.is_some(),
        };
        if is_pair {
            return Err(
                Refusal::InUse { what: "the link", by: "a PAM user, who is one person with two accounts" }.into()
            );
        }
        let now = desk.now();
        desk.tx.put_pending_unlink(account.id, Some(now)).await?;
        desk.changed(events::ACCOUNTS_UNLINKED, Subject::user(account.id), |record| record);
        unlink_if_idle(desk, &account).await
    }
}

/// Lets every unlinking come into force whose person has no open request any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SettleUnlinks;

impl Command for SettleUnlinks {
    type Output = u64;

    fn right(&self) -> Right {
        Right::Administrators
    }

    fn subject(&self) -> Subject {
        Subject::NONE
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<u64> {
        let mut settled = 0;
        for id in desk.tx.pending_unlinks().await? {
            desk.tx.lock(&[Lock::Exclusive(id.uuid())]).await?;
            match desk.tx.principal(id).await? {
                Some(account) if unlink_if_idle(desk, &account).await? => settled += 1,
                Some(_) => {}
                None => desk.tx.put_pending_unlink(id, None).await?,
            }
        }
        Ok(settled)
    }
}

impl Engine {
    /// Lets unlinkings come into force that waited for open requests. Answers how many did.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn settle_unlinks(&self) -> Answer<u64> {
        let pending = self.store.read(|tx| Box::pin(async move { tx.pending_unlinks().await })).await?;
        if pending.is_empty() {
            return Ok(0);
        }
        self.ordain("unlinker", SettleUnlinks).await
    }
}

async fn unlink_if_idle(desk: &mut Desk<'_>, account: &Principal) -> Answer<bool> {
    for of in desk.tx.principals_of_person(account.person).await? {
        if has_open(desk.tx, of.id).await? {
            return Ok(false);
        }
    }
    let alone = PersonId::new(desk.derived_id("person", account.id.uuid()));
    desk.tx.update_principal(&Principal { person: alone, ..account.clone() }).await?;
    desk.tx.split_person(account.person, alone).await?;
    desk.tx.put_pending_unlink(account.id, None).await?;
    desk.changed(events::UNLINK_IN_FORCE, Subject::user(account.id), |record| record);
    Ok(true)
}

async fn has_open(tx: &mut Tx, principal: PrincipalId) -> Result<bool, Fault> {
    Ok(!tx.open_requests(Some(principal), None, 1).await?.is_empty()
        || !tx.open_grants(Some(principal), None, 1).await?.is_empty())
}

async fn account(desk: &mut Desk<'_>, principal: PrincipalId) -> Answer<Principal> {
    // An application is nobody's other account.
    let found = desk.tx.principal(principal).await?.filter(|account| account.kind == PrincipalKind::User);
    Ok(found.ok_or(Refusal::NotFound { what: "user" })?)
}

/// Nobody decides with whom he is one person.
fn not_oneself(desk: &Desk<'_>, persons: &[PersonId]) -> Result<(), Refusal> {
    match desk.person() {
        Some(person) if persons.contains(&person) => Err(Refusal::SelfApproval),
        Some(_) | None => Ok(()),
    }
}
