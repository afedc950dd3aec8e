//! Role assignments written directly (`ARM 7.3`).

use ephor_audit::events;
use ephor_domain::{
    Refusal,
    administration::Right,
    entitlement::EntitlementKey,
    id::PrincipalId,
    principal::PrincipalKind,
    resource::{Assignment, AssignmentContent, OWNER, ResourceRefusal, USER_ACCESS_ADMINISTRATOR},
    scope::{ArmScope, ArmScopeKind},
};
use ephor_store::tx::{lock::Lock, role_assignment::ScopeSpan};
use uuid::Uuid;

use super::{
    register::TREE,
    rights::{Rights, action, author, locate},
    role,
};
use crate::{
    admin::desk::{Command, Desk, Subject},
    answer::Answer,
    schedule::resource::{end_assignment, is_scheduled},
};

/// Assignments at the root that are looked through for another administrator.
const MOST_AT_ROOT: u32 = 10_000;

/// Gives a principal a role at a scope, or changes what is written beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutRoleAssignment {
    /// Where.
    pub scope: ArmScope,
    /// What the client calls it.
    pub name: Uuid,
    /// Which role.
    pub definition: Uuid,
    /// Who.
    pub principal: PrincipalId,
    /// What sort of principal the client takes it for.
    pub kind: Option<PrincipalKind>,
    /// The rest.
    pub content: AssignmentContent,
}

/// What a [`PutRoleAssignment`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    /// The assignment as it is now.
    pub assignment: Assignment,
    /// It was not there before.
    pub created: bool,
}

impl Command for PutRoleAssignment {
    type Output = Put;

    fn right(&self) -> Right {
        Right::Known
    }

    fn subject(&self) -> Subject {
        Subject::user(self.principal)
    }

    fn locks(&self) -> Vec<Lock> {
        // A scope stays where it is, and there, while roles are given at it.
        let tree = Lock::Shared(TREE);
        vec![Lock::Exclusive(self.name), Lock::Exclusive(self.principal.uuid()), Lock::Shared(self.definition), tree]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<Put> {
        self.content.check().map_err(Refusal::from)?;
        let (scope, chain) = allowed(desk, &self.scope, action::WRITE_ASSIGNMENTS).await?;
        if *scope.kind() == ArmScopeKind::Root {
            // Whoever holds something here holds it everywhere.
            desk.require_presence_of_people()?;
        }
        let role = role::find(desk.tx, self.definition).await?;
        let role = role.ok_or_else(|| Refusal::from(ResourceRefusal::NoRole(self.definition.to_string())))?;
        if !role.is_assignable(&chain) {
            return Err(Refusal::from(ResourceRefusal::RoleElsewhere).into());
        }
        let holder = desk.tx.principal(self.principal).await?;
        let holder = holder.ok_or_else(|| Refusal::from(ResourceRefusal::NoPrincipal(self.principal.to_string())))?;
        if self.kind.is_some_and(|kind| kind != holder.kind) {
            return Err(Refusal::from(ResourceRefusal::OtherPrincipalType).into());
        }
        let (now, caller) = (desk.now(), author(desk.administrator()));
        let subject = Subject::user(holder.id);
        if let Some(before) = desk.tx.role_assignment(self.name).await? {
            before.check_same(&scope, role.id, holder.id).map_err(Refusal::from)?;
            let assignment = Assignment { content: self.content, updated: now, updated_by: caller, ..before };
            desk.tx.update_role_assignment(&assignment).await?;
            let (name, place) = (assignment.name, assignment.scope.to_string());
            desk.changed(events::ASSIGNMENT_CHANGED, subject, |record| {
                record.detail("assignment", name).detail("scope", place)
            });
            return Ok(Put { assignment, created: false });
        }
        let key = EntitlementKey::Resource { definition: role.id, scope: scope.clone() };
        let is_held = desk.tx.role_assignment_on(holder.id, &scope, role.id).await?.is_some();
        if is_held || is_scheduled(desk.tx, holder.id, &key, now).await? {
            return Err(Refusal::from(ResourceRefusal::AssignmentExists).into());
        }
        let assignment = Assignment {
            name: self.name,
            scope,
            definition: role.id,
            principal: holder.id,
            kind: holder.kind,
            content: self.content,
            created: now,
            updated: now,
            created_by: caller,
            updated_by: caller,
        };
        desk.tx.insert_role_assignment(&assignment).await?;
        let (name, place) = (assignment.name, assignment.scope.to_string());
        desk.changed(events::ASSIGNMENT_ASSIGNED, subject, |record| {
            record.detail("role", role.name.clone()).detail("assignment", name).detail("scope", place)
        });
        if desk.person() == Some(holder.person) {
            desk.changed(events::SELF_ASSIGNED, subject, |record| record.detail("as", role.name.clone()));
        }
        Ok(Put { assignment, created: true })
    }
}

/// Ends a role assignment. `None` when there was none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteRoleAssignment {
    /// Where the call addresses it.
    pub scope: ArmScope,
    /// Which.
    pub name: Uuid,
}

impl Command for DeleteRoleAssignment {
    type Output = Option<Assignment>;

    fn right(&self) -> Right {
        Right::Known
    }

    fn subject(&self) -> Subject {
        Subject::NONE
    }

    fn locks(&self) -> Vec<Lock> {
        // Two who end each other's last place at the root meet on the role.
        vec![Lock::Exclusive(self.name), Lock::Exclusive(USER_ACCESS_ADMINISTRATOR)]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<Option<Assignment>> {
        let (scope, _) = allowed(desk, &self.scope, action::DELETE_ASSIGNMENTS).await?;
        let Some(found) = desk.tx.role_assignment(self.name).await?.filter(|found| found.scope == scope) else {
            // What rests on a schedule ends with it (`ARM A-10`).
            return end_assignment(desk, &scope, self.name).await;
        };
        let at_root = *found.scope.kind() == ArmScopeKind::Root;
        if at_root && administers(&found) && !others_administer(desk, &found).await? {
            return Err(Refusal::from(ResourceRefusal::LastAdministrator).into());
        }
        desk.tx.delete_role_assignment(found.name).await?;
        let subject = Subject::user(found.principal);
        let (name, place, definition) = (found.name, found.scope.to_string(), found.definition);
        desk.changed(events::ASSIGNMENT_REMOVED, subject, |record| {
            record.detail("definition", definition).detail("assignment", name).detail("scope", place)
        });
        if at_root && found.definition == USER_ACCESS_ADMINISTRATOR {
            desk.changed(events::ROOT_ELEVATION_GIVEN_BACK, subject, |record| record);
        }
        Ok(Some(found))
    }
}

/// Does the assignment let somebody say who has access to resources?
fn administers(assignment: &Assignment) -> bool {
    [OWNER, USER_ACCESS_ADMINISTRATOR].contains(&assignment.definition)
}

/// Would somebody else still administer everything?
async fn others_administer(desk: &mut Desk<'_>, one: &Assignment) -> Answer<bool> {
    let there = desk.tx.role_assignments_in(&ScopeSpan::exactly(&ArmScope::root()), None, MOST_AT_ROOT).await?;
    for other in there.iter().filter(|other| other.name != one.name && administers(other)) {
        if desk.tx.principal(other.principal).await?.is_some_and(|account| account.enabled) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The scope and what is above it, where the caller may do this there.
pub(crate) async fn allowed(desk: &mut Desk<'_>, scope: &ArmScope, action: &str) -> Answer<(ArmScope, Vec<ArmScope>)> {
    let now = desk.now();
    let rights = match desk.administrator() {
        Some(caller) => Rights::of(desk.tx, caller, now).await?,
        None => Rights::default(),
    };
    let (scope, chain) = locate(desk.tx, &rights, scope, action).await?;
    if desk.administrator().is_some() {
        rights.require(desk.tx, &chain, action).await?;
    }
    Ok((scope, chain))
}
