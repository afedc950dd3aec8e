//! What somebody may do now with resources (`ARM 5`).

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
};

use ephor_domain::{
    Refusal,
    id::PrincipalId,
    resource::{Assignment, NoSuchScope, Plane, Question, ResourceRefusal, ResourceRole, Verdict, decide},
    scope::ArmScope,
};
use ephor_store::{Fault, Tx};
use jiff::Timestamp;
use uuid::Uuid;

use super::tree::{chain, known};
use crate::{answer::Answer, directory::groups_of, schedule::resource::assignments_of};

/// Actions that guard role assignments.
pub(crate) mod action {
    pub(crate) const READ_ASSIGNMENTS: &str = "Microsoft.Authorization/roleAssignments/read";
    pub(crate) const WRITE_ASSIGNMENTS: &str = "Microsoft.Authorization/roleAssignments/write";
    pub(crate) const DELETE_ASSIGNMENTS: &str = "Microsoft.Authorization/roleAssignments/delete";
    pub(crate) const WRITE_ROLES: &str = "Microsoft.Authorization/roleDefinitions/write";
    pub(crate) const DELETE_ROLES: &str = "Microsoft.Authorization/roleDefinitions/delete";
    pub(crate) const READ_DENIALS: &str = "Microsoft.Authorization/denyAssignments/read";
}

/// A role that somebody holds somewhere.
pub(crate) type Held = (Assignment, Cow<'static, ResourceRole>);

/// What a principal holds now, directly and through groups.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rights {
    /// The principal and its groups.
    pub(crate) principals: BTreeSet<Uuid>,
    /// Roles in force.
    pub(crate) held: Vec<Held>,
}

impl Rights {
    /// What a principal holds at `now`. A disabled or unknown account holds nothing.
    pub(crate) async fn of(tx: &mut Tx, principal: PrincipalId, now: Timestamp) -> Result<Self, Fault> {
        Self::load(tx, principal, None, now).await
    }

    /// The same as far as it counts where this chain begins: who holds much elsewhere is asked about as fast as who does not
    /// (V4).
    pub(crate) async fn at(
        tx: &mut Tx,
        principal: PrincipalId,
        chain: &[ArmScope],
        now: Timestamp,
    ) -> Result<Self, Fault> {
        Self::load(tx, principal, Some(chain), now).await
    }

    async fn load(
        tx: &mut Tx,
        principal: PrincipalId,
        chain: Option<&[ArmScope]>,
        now: Timestamp,
    ) -> Result<Self, Fault> {
        if tx.principal(principal).await?.is_none_or(|account| !account.enabled) {
            return Ok(Self::default());
        }
        let mut principals = groups_of(tx, principal.uuid(), true, now).await?;
        principals.insert(principal.uuid());
        let mut held = Vec::new();
        let mut own: BTreeMap<Uuid, Option<ResourceRole>> = BTreeMap::new();
        let mut all = match chain {
            Some(chain) => tx.role_assignments_at(principals.iter().copied(), chain).await?,
            None => tx.role_assignments_of(principals.iter().copied()).await?,
        };
        all.extend(assignments_of(tx, principals.iter().copied(), now).await?);
        for assignment in all {
            let role = match ResourceRole::find_built_in(assignment.definition) {
                Some(role) => Some(Cow::Borrowed(role)),
                None => {
                    let role = match own.entry(assignment.definition) {
                        Entry::Occupied(known) => known.get().clone(),
                        Entry::Vacant(unknown) => {
                            unknown.insert(tx.resource_role(assignment.definition).await?).clone()
                        }
                    };
                    role.map(Cow::Owned)
                }
            };
            if let Some(role) = role {
                held.push((assignment, role));
            }
        }
        Ok(Self { principals, held })
    }

    /// May the principal do this where the chain begins?
    pub(crate) async fn verdict(
        &self,
        tx: &mut Tx,
        chain: &[ArmScope],
        action: &str,
        plane: Plane,
    ) -> Result<Verdict, Fault> {
        let question = Question { principals: &self.principals, chain, action, plane };
        let held = self.held.iter().map(|(assignment, role)| (assignment, role.as_ref()));
        // Who is allowed nothing is denied nothing.
        if decide(&question, held.clone(), &[]) == Verdict::NotAllowed {
            return Ok(Verdict::NotAllowed);
        }
        let denials = tx.denials_at(chain).await?;
        Ok(decide(&question, held, &denials))
    }

    /// # Errors
    /// [`ResourceRefusal::NotAuthorized`], [`ResourceRefusal::Denied`].
    pub(crate) async fn require(&self, tx: &mut Tx, chain: &[ArmScope], action: &str) -> Answer<()> {
        let scope = || chain.first().map_or("/", ArmScope::as_str).to_owned();
        let refused = |conditioned| {
            let (action, scope) = (action.to_owned(), scope());
            Err(Refusal::from(ResourceRefusal::NotAuthorized { action, scope, conditioned }).into())
        };
        match self.verdict(tx, chain, action, Plane::Control).await? {
            Verdict::Allowed => Ok(()),
            Verdict::NotAllowed => refused(false),
            Verdict::Conditioned => refused(true),
            Verdict::Denied(_) => {
                let (action, scope) = (action.to_owned(), scope());
                Err(Refusal::from(ResourceRefusal::Denied { action, scope }).into())
            }
        }
    }

    /// True when the principal may do this where the chain begins.
    pub(crate) async fn may(&self, tx: &mut Tx, chain: &[ArmScope], action: &str) -> Result<bool, Fault> {
        Ok(self.verdict(tx, chain, action, Plane::Control).await? == Verdict::Allowed)
    }
}

/// A scope as it is registered, and everything above it. Whoever may not look at all management groups learns of none
/// that is not there.
///
/// # Errors
/// [`ResourceRefusal::NoScope`], [`ResourceRefusal::NotAuthorized`].
pub(crate) async fn locate(
    tx: &mut Tx,
    rights: &Rights,
    scope: &ArmScope,
    action: &str,
) -> Answer<(ArmScope, Vec<ArmScope>)> {
    match known(tx, scope).await {
        Ok(scope) => {
            let chain = chain(tx, &scope).await?;
            Ok((scope, chain))
        }
        Err(crate::Denied::Refused(Refusal::Resource(ResourceRefusal::NoScope(NoSuchScope::ManagementGroup(
            name,
        ))))) => {
            if !rights.may(tx, &[ArmScope::root()], action).await? {
                let (action, scope) = (action.to_owned(), scope.to_string());
                return Err(Refusal::from(ResourceRefusal::NotAuthorized { action, scope, conditioned: false }).into());
            }
            Err(Refusal::from(ResourceRefusal::from(NoSuchScope::ManagementGroup(name))).into())
        }
        Err(other) => Err(other),
    }
}

/// How records name who gives the order.
pub(crate) fn author(actor: Option<PrincipalId>) -> Option<Uuid> {
    actor.map(|id| id.uuid())
}
