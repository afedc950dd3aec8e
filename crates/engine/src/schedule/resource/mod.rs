//! Schedules and requests of resource roles as scopes show them (`ARM 10` to `ARM 12`): rows of the scope, of what lies
//! above and, where asked, of what lies below.

mod approvals;
mod assignments;
mod children;
mod given;
mod orders;
mod schedules;
mod walk;

use std::collections::{BTreeSet, HashMap};

use ephor_domain::{entitlement::EntitlementKey, id::PrincipalId, policy::Kind, provider::Provider, scope::ArmScope};
use ephor_store::{
    Fault, Tx,
    tx::line::{LineRow, Lines},
};
use jiff::Timestamp;
use uuid::Uuid;

pub use approvals::{ApprovalNamed, ApprovalsAt, Found};
pub(crate) use assignments::{assignment_named, assignments_of, end_assignment, in_force};
pub use children::EligibleChildren;
pub(crate) use given::{eligible_scopes, holds_any, is_role_scheduled, is_scheduled, is_span_scheduled};
pub use orders::{OrderNamed, OrdersAt};
pub use schedules::{Listed, Member, ScheduleNamed, SchedulesAt};
pub use walk::RowCursor;
pub(crate) use walk::Walk;

use crate::{
    directory::groups_of,
    resource::{chain, known, rights::Rights},
};

/// Rows that one page looks at, whatever it finds among them: whoever wants more goes on from there.
pub(crate) const MOST: u32 = 10_000;
/// Rows read at once where all of them are wanted.
const BATCH: u32 = 1_000;

/// What of a list is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Narrow {
    /// None from below.
    pub not_below: bool,
    /// Of exactly this principal.
    pub principal: Option<Uuid>,
    /// Of this principal and the groups it is in.
    pub assigned_to: Option<Uuid>,
    /// Of the caller, directly or through groups; needs no right.
    pub mine: bool,
    /// Ordered by the caller; needs no right.
    pub ordered: bool,
    /// Waiting for the caller's decision; needs no right.
    pub to_approve: bool,
    /// Of one role.
    pub definition: Option<Uuid>,
}

fn asked(narrow: &Narrow, caller: PrincipalId) -> Option<Uuid> {
    if narrow.mine { Some(caller.uuid()) } else { narrow.assigned_to.or(narrow.principal) }
}

/// The principals asked for; `None` for all.
async fn wanted(
    tx: &mut Tx,
    rights: &Rights,
    narrow: &Narrow,
    caller: PrincipalId,
    now: Timestamp,
) -> Result<Option<BTreeSet<Uuid>>, Fault> {
    let mut wanted: Option<BTreeSet<Uuid>> = None;
    let mut narrow_to = |ids: BTreeSet<Uuid>| {
        wanted = Some(match wanted.take() {
            Some(before) => before.intersection(&ids).copied().collect(),
            None => ids,
        });
    };
    if narrow.mine {
        let mut own = rights.principals.clone();
        own.insert(caller.uuid());
        narrow_to(own);
    }
    if let Some(id) = narrow.assigned_to {
        let mut with_groups = groups_of(tx, id, true, now).await?;
        with_groups.insert(id);
        narrow_to(with_groups);
    }
    if let Some(id) = narrow.principal {
        narrow_to(BTreeSet::from([id]));
    }
    Ok(wanted)
}

pub(crate) fn scope_of(key: &EntitlementKey) -> Option<ArmScope> {
    match key {
        EntitlementKey::Resource { scope, .. } => Some(scope.clone()),
        EntitlementKey::PamRole(_) | EntitlementKey::DirectoryRole { .. } | EntitlementKey::Group { .. } => None,
    }
}

pub(crate) fn definition_of(key: &EntitlementKey) -> Option<Uuid> {
    match key {
        EntitlementKey::Resource { definition, .. } => Some(*definition),
        EntitlementKey::PamRole(_) | EntitlementKey::DirectoryRole { .. } | EntitlementKey::Group { .. } => None,
    }
}

/// Which scopes belong to a list: those above, at and, unless said otherwise, below the one it is of.
pub(crate) struct Here<'l> {
    line: &'l [ArmScope],
    not_below: bool,
    known: HashMap<ArmScope, bool>,
}

impl<'l> Here<'l> {
    /// Of a scope with everything above it.
    pub(crate) fn new(line: &'l [ArmScope], not_below: bool) -> Self {
        Self { line, not_below, known: HashMap::new() }
    }

    /// The whole tenant holds everything.
    pub(crate) async fn is_there(&mut self, tx: &mut Tx, at: &ArmScope) -> Result<bool, Fault> {
        let Some(scope) = self.line.first() else { return Ok(false) };
        if self.line.contains(at) {
            return Ok(true);
        }
        if self.not_below {
            return Ok(false);
        }
        if scope.contains_path(at) {
            return Ok(true);
        }
        if let Some(known) = self.known.get(at) {
            return Ok(*known);
        }
        let is_below = chain(tx, at).await?.contains(scope);
        self.known.insert(at.clone(), is_below);
        Ok(is_below)
    }
}

/// Rows keep scopes in lower case: here is the spelling of whoever registered them.
async fn respell(tx: &mut Tx, key: &mut EntitlementKey) -> Result<(), Fault> {
    if let EntitlementKey::Resource { scope, .. } = key {
        match known(tx, scope).await {
            Ok(spelled) => *scope = spelled,
            // What is not registered any more is shown as it is kept.
            Err(crate::Denied::Refused(_)) => {}
            Err(crate::Denied::Failed(fault)) => return Err(fault),
        }
    }
    Ok(())
}

/// All live lines of one kind that a principal has.
async fn lines_of(tx: &mut Tx, kind: Kind, principal: Uuid) -> Result<Vec<LineRow>, Fault> {
    let which = Lines::Of(PrincipalId::new(principal));
    let mut found: Vec<LineRow> = Vec::new();
    loop {
        let after = found.last().map(|row| row.line.id);
        let page = tx.lines(Provider::Resources, kind, &which, after, BATCH).await?;
        let is_last = page.len() < BATCH as usize;
        found.extend(page);
        if is_last {
            return Ok(found);
        }
    }
}
