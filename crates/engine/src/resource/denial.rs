//! Deny assignments: what some may not do at a scope, whatever their roles say (`ARM 5`). Whoever administers the server lays
//! them down and lifts them; whoever gives roles at a scope cannot, so that nobody undoes what binds him.

use std::collections::BTreeSet;

use ephor_audit::events;
use ephor_domain::{
    Refusal,
    administration::Right,
    id::Id,
    provider::Provider,
    resource::{Denial, Permission, ResourceRefusal},
    scope::ArmScope,
};
use ephor_store::tx::lock::Lock;
use uuid::Uuid;

use super::{register::TREE, tree::known};
use crate::{
    admin::desk::{Command, Desk, Files, Query, Subject},
    answer::Answer,
};

/// Most deny assignments of one scope: all of them are read for each question.
const MOST: usize = 1_000;

/// What denials are about, for their records.
const SUBJECT: Subject = Subject { provider: Some(Provider::Resources), ..Subject::NONE };

/// Lays a deny assignment down, or puts another one in the place of that with the same id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutDenial {
    /// Its id.
    pub id: Uuid,
    /// Name for people.
    pub name: String,
    /// Where.
    pub scope: ArmScope,
    /// Only there, not below.
    pub not_below: bool,
    /// What it forbids.
    pub permissions: Vec<Permission>,
    /// Whom it concerns; the nil id is everybody.
    pub principals: BTreeSet<Uuid>,
    /// Whom it does not concern.
    pub excluded: BTreeSet<Uuid>,
}

impl Command for PutDenial {
    type Output = Denial;

    fn right(&self) -> Right {
        Right::Administrators
    }

    fn subject(&self) -> Subject {
        SUBJECT
    }

    fn locks(&self) -> Vec<Lock> {
        // A scope stays there while something is laid down at it.
        vec![Lock::Exclusive(self.id), Lock::Shared(TREE)]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<Denial> {
        let scope = known(desk.tx, &self.scope).await?;
        let Self { id, name, not_below, permissions, principals, excluded, .. } = self;
        let denial = Denial { id, name, scope, not_below, permissions, principals, excluded };
        denial.check().map_err(Refusal::from)?;
        for principal in denial.principals.iter().chain(&denial.excluded).filter(|id| !id.is_nil()) {
            if desk.tx.principal(Id::new(*principal)).await?.is_none() {
                return Err(Refusal::from(ResourceRefusal::NoPrincipal(principal.to_string())).into());
            }
        }
        desk.tx.delete_denial(denial.id).await?;
        let others = desk.tx.denials_at(std::slice::from_ref(&denial.scope)).await?;
        if others.len() >= MOST {
            return Err(Refusal::from(ResourceRefusal::Invalid("a scope has at most 1,000 deny assignments")).into());
        }
        desk.tx.insert_denial(&denial, desk.now()).await?;
        let (id, place) = (denial.id, denial.scope.to_string());
        desk.changed(events::DENIAL_ADDED, SUBJECT, |record| record.detail("denial", id).detail("scope", place));
        Ok(denial)
    }
}

/// Lifts a deny assignment. `None` when there was none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteDenial {
    /// Which.
    pub id: Uuid,
}

impl Command for DeleteDenial {
    type Output = Option<Denial>;

    fn right(&self) -> Right {
        Right::Administrators
    }

    fn subject(&self) -> Subject {
        SUBJECT
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::Exclusive(self.id)]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<Option<Denial>> {
        let Some(denial) = desk.tx.denial(self.id).await? else { return Ok(None) };
        desk.tx.delete_denial(denial.id).await?;
        let (id, place) = (denial.id, denial.scope.to_string());
        desk.changed(events::DENIAL_REMOVED, SUBJECT, |record| record.detail("denial", id).detail("scope", place));
        Ok(Some(denial))
    }
}

/// The deny assignments of exactly one scope, for those who administer the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListDenials {
    /// Where.
    pub scope: ArmScope,
}

impl Query for ListDenials {
    type Output = Vec<Denial>;

    async fn run(self, files: &mut Files<'_>) -> Answer<Vec<Denial>> {
        Ok(files.tx.denials_at(std::slice::from_ref(&self.scope)).await?)
    }
}
