//! Directory roles and who holds them.

use ephor_domain::{
    directory::{BuiltInRole, RoleDefinition, reader::reads_roles},
    id::PrincipalId,
    policy::Kind,
    principal::{Actor, Proof},
    provider::Provider,
    scope::DirectoryScope,
};
use ephor_store::{
    Fault, Tx,
    tx::{
        administrator::Administrator,
        line::{LineRow, Lines},
    },
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Memberships, membership::memberships};
use crate::{answer::Answer, engine::Engine};

/// A principal holds a role at a scope, in force now (`GRAPH 1`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleAssignment {
    /// Who.
    pub principal: PrincipalId,
    /// Which role.
    pub definition: Uuid,
    /// Where.
    pub scope: DirectoryScope,
}

impl RoleAssignment {
    fn of(standing: &Administrator) -> Self {
        Self { principal: standing.principal, definition: standing.template, scope: DirectoryScope::Tenant }
    }
}

/// Role assignments as far as the caller sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleAssignments {
    /// By role, then holder.
    pub rows: Vec<RoleAssignment>,
    /// All there are; otherwise those of the caller and of the groups he or she is in.
    pub all: bool,
}

/// Everything that is held now: for good, by an assignment of limited time, or by an activation (`GRAPH 6.2`).
async fn in_force(tx: &mut Tx, now: Timestamp) -> Result<Vec<RoleAssignment>, Fault> {
    const AT_ONCE: u32 = 1000;
    let mut found: Vec<RoleAssignment> =
        tx.administrators(None).await?.iter().map(|(standing, _)| RoleAssignment::of(standing)).collect();
    let mut after = None;
    loop {
        let (provider, kind) = (Provider::DirectoryRoles, Kind::Assignment);
        let rows = tx.lines(provider, kind, &Lines::All, after, AT_ONCE).await?;
        let is_last = rows.len() < AT_ONCE as usize;
        after = rows.last().map(|row| row.line.id);
        for LineRow { line, grant } in rows {
            if let (true, Ok(scope)) = (grant.is_some_and(|grant| grant.gives(now)), line.scope.parse()) {
                found.push(RoleAssignment { principal: line.principal, definition: line.definition, scope });
            }
        }
        if is_last {
            break;
        }
    }
    found.sort_by_key(|row| (row.definition, row.principal, row.scope));
    found.dedup();
    Ok(found)
}

impl Engine {
    /// All role definitions, by id: the built-in ones and those made here.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn role_definitions(&self) -> Answer<Vec<RoleDefinition>> {
        let own = self.store.read(|tx| Box::pin(tx.role_definitions())).await?;
        let built_in = BuiltInRole::all().iter().copied().map(RoleDefinition::from);
        let mut all: Vec<RoleDefinition> = built_in.chain(own).collect();
        all.sort_by_key(|role| role.id);
        Ok(all)
    }

    /// A role definition by its id.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn role_definition(&self, id: Uuid) -> Answer<Option<RoleDefinition>> {
        if let Some(role) = BuiltInRole::find(id) {
            return Ok(Some(role.into()));
        }
        Ok(self.store.read(move |tx| Box::pin(tx.role_definition(id))).await?)
    }

    /// Who holds which directory role now, for whoever sees memberships of the directory: holding a role is one
    /// (`GRAPH 15.1` R17).
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn held_roles(&self) -> Answer<Vec<RoleAssignment>> {
        let now = self.now();
        let found = self.store.read(move |tx| Box::pin(async move { in_force(tx, now).await })).await?;
        Ok(found.into_iter().filter(|row| row.scope == DirectoryScope::Tenant).collect())
    }

    /// Who holds which directory role now. An application sees all; a person without a reader role sees his or her own
    /// (`GRAPH 7`, `GRAPH 17.2`).
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn role_assignments(&self, actor: &Actor) -> Answer<RoleAssignments> {
        let (now, caller, is_person) = (self.now(), actor.principal, actor.proof != Proof::Application);
        let read = self.store.read(move |tx| {
            Box::pin(async move {
                let own =
                    if is_person { memberships(tx, caller.uuid(), true, now).await? } else { Memberships::default() };
                let held: Vec<Uuid> = own.roles.iter().copied().collect();
                let all = !is_person || reads_roles(&held);
                let rows = in_force(tx, now).await?.into_iter();
                let visible =
                    |row: &RoleAssignment| all || row.principal == caller || own.groups.contains(&row.principal.uuid());
                Ok(RoleAssignments { rows: rows.filter(visible).collect(), all })
            })
        });
        Ok(read.await?)
    }
}
