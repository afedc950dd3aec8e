//! Schedules and requests of resource roles as scopes show them (`ARM 10` to `ARM 12`): rows of the scope, of what lies
//! above and, where asked, of what lies below.

use std::collections::{BTreeSet, HashMap};

use ephor_domain::{
    Refusal,
    administration::Right,
    entitlement::EntitlementKey,
    grant::GrantKind,
    id::{PrincipalId, RequestId},
    policy::Kind,
    principal::Actor,
    provider::{Provider, Status},
    resource::{Assignment, AssignmentContent, ResourceRefusal},
    scope::{ArmScope, Place},
};
use ephor_store::{
    Fault, Tx,
    tx::{
        line::{Lines, line_id},
        order::{OrderRow, Orders},
        place::PlaceKind,
        role_assignment::ScopeSpan,
    },
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    approver::Judge,
    view::{RequestView, ScheduleView},
};
use crate::{
    admin::desk::{Desk, Files, Query},
    answer::Answer,
    directory::memberships,
    resource::{
        At, chain, children, known,
        rights::{Rights, action, locate},
        spans,
    },
};

/// Rows of one kind that one list looks at.
const MOST: u32 = 10_000;

/// How a row came into a list (`ARM 12.4`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Member {
    /// Its principal holds it at the scope of the list, or below.
    Direct,
    /// It came through a group of the principal asked for.
    Group,
    /// It is held above the scope of the list.
    Inherited,
}

/// A schedule in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The schedule.
    pub view: ScheduleView,
    /// How it came here.
    pub member: Member,
    /// The eligibility that it rests on.
    pub rests_on: Option<Box<ScheduleView>>,
    /// Name of the request that shaped it, as its client wrote it, and where that was made.
    pub made_by: Option<(String, ArmScope)>,
    /// Condition and its version.
    pub condition: Option<(String, Option<String>)>,
}

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

/// Schedules at a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchedulesAt {
    /// Where.
    pub scope: ArmScope,
    /// Eligibilities or assignments.
    pub kind: Kind,
    /// Which.
    pub narrow: Narrow,
}

impl Query for SchedulesAt {
    type Output = At<Vec<Listed>>;

    fn right(&self) -> Right {
        Right::Known
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Self::Output> {
        let rights = Rights::of(files.tx, files.caller, files.now).await?;
        let (scope, line) = locate(files.tx, &rights, &self.scope, action::READ_ASSIGNMENTS).await?;
        if !self.narrow.mine && !rights.may(files.tx, &line, action::READ_ASSIGNMENTS).await? {
            return Err(Refusal::from(ResourceRefusal::OwnRowsOnly).into());
        }
        let wanted = wanted(files.tx, &rights, &self.narrow, files.caller, files.now).await?;
        let mut views = match &wanted {
            Some(principals) => of_principals(files.tx, self.kind, principals, files.now).await?,
            None => in_spans(files.tx, self.kind, &line, &self.narrow, files.now).await?,
        };
        let mut found = Vec::new();
        views.sort_by_key(|view| (scope_of(&view.key), view.line));
        views.dedup_by_key(|view| view.line);
        for view in views {
            let (Some(at), Some(definition)) = (scope_of(&view.key), definition_of(&view.key)) else { continue };
            let is_role = self.narrow.definition.is_none_or(|wanted| wanted == definition);
            if !is_role || !is_there(files.tx, &line, &self.narrow, &at).await? {
                continue;
            }
            let through_group = wanted.is_some() && Some(view.principal.uuid()) != asked(&self.narrow, files.caller);
            let member = match (through_group, *line.first().unwrap_or(&scope) != at && line.contains(&at)) {
                (true, _) => Member::Group,
                (false, true) => Member::Inherited,
                (false, false) => Member::Direct,
            };
            found.push(listed(files.tx, view, member, files.now).await?);
        }
        Ok(At { scope, found })
    }
}

/// One schedule or instance, by name, at its own scope or at the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleNamed {
    /// Where it is looked for.
    pub scope: ArmScope,
    /// Eligibility or assignment.
    pub kind: Kind,
    /// Its name.
    pub name: Uuid,
    /// The name is one of an instance.
    pub instance: bool,
}

impl Query for ScheduleNamed {
    type Output = Option<Listed>;

    fn right(&self) -> Right {
        Right::Known
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Option<Listed>> {
        let rights = Rights::of(files.tx, files.caller, files.now).await?;
        let (scope, _) = locate(files.tx, &rights, &self.scope, action::READ_ASSIGNMENTS).await?;
        let mut views = at_exactly(files.tx, self.kind, &scope, files.now).await?;
        if !self.instance {
            for row in files.tx.lines_of_schedule(self.name).await? {
                views.extend(ScheduleView::of(row, files.now)?);
            }
        }
        let name = |view: &ScheduleView| match (self.instance, self.kind) {
            (false, _) => view.schedule,
            (true, Kind::Assignment) => view.instance,
            (true, Kind::Eligibility) => view.line,
        };
        let Some(view) = views.into_iter().find(|view| view.kind == self.kind && name(view) == self.name) else {
            return Ok(None);
        };
        let Some(at) = scope_of(&view.key) else { return Ok(None) };
        if !rights.principals.contains(&view.principal.uuid()) {
            let line = chain(files.tx, &at).await?;
            if !rights.may(files.tx, &line, action::READ_ASSIGNMENTS).await? {
                return Ok(None);
            }
        }
        let member =
            if view.principal == files.caller { Member::Direct } else { group_or_direct(&rights, &view, files.caller) };
        Ok(Some(listed(files.tx, view, member, files.now).await?))
    }
}

fn group_or_direct(rights: &Rights, view: &ScheduleView, caller: PrincipalId) -> Member {
    if view.principal != caller && rights.principals.contains(&view.principal.uuid()) {
        Member::Group
    } else {
        Member::Direct
    }
}

/// Requests at a scope, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrdersAt {
    /// Where.
    pub scope: ArmScope,
    /// For eligibilities or assignments.
    pub kind: Kind,
    /// Which.
    pub narrow: Narrow,
    /// Who asks, with all that decides on approvals.
    pub actor: Actor,
}

impl Query for OrdersAt {
    type Output = At<Vec<RequestView>>;

    fn right(&self) -> Right {
        Right::Known
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Self::Output> {
        let (caller, now) = (files.caller, files.now);
        let rights = Rights::of(files.tx, caller, now).await?;
        let (scope, line) = locate(files.tx, &rights, &self.scope, action::READ_ASSIGNMENTS).await?;
        let narrow = &self.narrow;
        let own = narrow.mine || narrow.ordered || narrow.to_approve;
        if !own && !rights.may(files.tx, &line, action::READ_ASSIGNMENTS).await? {
            return Err(Refusal::from(ResourceRefusal::OwnRowsOnly).into());
        }
        let mut rows: Vec<OrderRow> = Vec::new();
        if narrow.to_approve {
            let judge = Judge::of(files.tx, &self.actor, now).await?;
            for row in files.tx.gated_orders(Provider::Resources, None, MOST).await? {
                if row.order.kind == self.kind && judge.is_approver(files.tx, &row).await? {
                    rows.push(row);
                }
            }
        } else {
            let which: Vec<Orders> = match (narrow.ordered, wanted(files.tx, &rights, narrow, caller, now).await?) {
                (true, _) => vec![Orders::By(caller)],
                (false, Some(principals)) => {
                    principals.into_iter().map(|id| Orders::Of(PrincipalId::new(id))).collect()
                }
                (false, None) => vec![Orders::All],
            };
            for which in which {
                rows.extend(files.tx.orders(Provider::Resources, self.kind, &which, None, MOST).await?);
            }
        }
        rows.sort_by_key(|row| std::cmp::Reverse(row.request.id));
        rows.dedup_by_key(|row| row.request.id);
        let mut found = Vec::new();
        for row in rows {
            let waits = narrow.to_approve;
            let mut view = RequestView::of(row, now)?;
            let (Some(at), Some(definition)) = (scope_of(&view.key), definition_of(&view.key)) else { continue };
            let fits = narrow.definition.is_none_or(|wanted| wanted == definition)
                && narrow.principal.is_none_or(|wanted| wanted == view.request.principal.uuid())
                && (!narrow.ordered || view.request.requester == caller)
                && (!waits || view.is_waiting());
            if fits && is_there(files.tx, &line, narrow, &at).await? {
                respell(files.tx, &mut view.key).await?;
                found.push(view);
            }
        }
        Ok(At { scope, found })
    }
}

/// One request by its name, for its target, its requester, its approvers, and whoever reads role assignments there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderNamed {
    /// Where it is looked for: its own scope, or the root.
    pub scope: ArmScope,
    /// For an eligibility or an assignment.
    pub kind: Kind,
    /// Its name; of a schedule that starts later its name leads to the request too.
    pub name: Uuid,
    /// Who asks.
    pub actor: Actor,
}

impl Query for OrderNamed {
    type Output = Option<RequestView>;

    fn right(&self) -> Right {
        Right::Known
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Option<RequestView>> {
        let rights = Rights::of(files.tx, files.caller, files.now).await?;
        let (scope, _) = locate(files.tx, &rights, &self.scope, action::READ_ASSIGNMENTS).await?;
        let named = files.tx.order_named(Provider::Resources, &self.name.to_string()).await?;
        let mut rows: Vec<OrderRow> = named.into_iter().collect();
        rows.extend(files.tx.orders_of_schedule(self.name).await?);
        let is_kind = |row: &OrderRow| row.request.provider == Provider::Resources && row.order.kind == self.kind;
        let Some(row) = rows.into_iter().find(is_kind) else { return Ok(None) };
        let judge = Judge::of(files.tx, &self.actor, files.now).await?;
        let is_approver = judge.is_approver(files.tx, &row).await?;
        let mut view = RequestView::of(row, files.now)?;
        let Some(at) = scope_of(&view.key) else { return Ok(None) };
        if at != scope && scope != ArmScope::root() {
            return Ok(None);
        }
        let is_own =
            view.request.requester == files.caller || rights.principals.contains(&view.request.principal.uuid());
        if !is_own && !is_approver {
            let line = chain(files.tx, &at).await?;
            if !rights.may(files.tx, &line, action::READ_ASSIGNMENTS).await? {
                return Ok(None);
            }
        }
        respell(files.tx, &mut view.key).await?;
        Ok(Some(view))
    }
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
        let mut with_groups = memberships(tx, id, true, now).await?.groups;
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

/// Is the scope above, at or below the one asked for, as far as asked? The whole tenant holds everything.
async fn is_there(tx: &mut Tx, line: &[ArmScope], narrow: &Narrow, at: &ArmScope) -> Result<bool, Fault> {
    let Some(scope) = line.first() else { return Ok(false) };
    if line.contains(at) {
        return Ok(true);
    }
    if narrow.not_below {
        return Ok(false);
    }
    Ok(scope.contains_path(at) || chain(tx, at).await?.contains(scope))
}

/// What these principals have, everywhere.
async fn of_principals(
    tx: &mut Tx,
    kind: Kind,
    principals: &BTreeSet<Uuid>,
    now: Timestamp,
) -> Result<Vec<ScheduleView>, Fault> {
    let mut found = Vec::new();
    for id in principals {
        let which = Lines::Of(PrincipalId::new(*id));
        for row in tx.lines(Provider::Resources, kind, &which, None, MOST).await? {
            found.extend(ScheduleView::of(row, now)?);
        }
    }
    if kind == Kind::Assignment {
        let direct = tx.role_assignments_of(principals.iter().copied()).await?;
        found.extend(direct.into_iter().map(direct_view));
    }
    Ok(found)
}

/// What is at exactly this scope.
async fn at_exactly(tx: &mut Tx, kind: Kind, scope: &ArmScope, now: Timestamp) -> Result<Vec<ScheduleView>, Fault> {
    let mut found = Vec::new();
    for row in tx.lines(Provider::Resources, kind, &Lines::Scope(scope.key().to_owned()), None, MOST).await? {
        found.extend(ScheduleView::of(row, now)?);
    }
    if kind == Kind::Assignment {
        let direct = tx.role_assignments_in(&ScopeSpan::exactly(scope), None, MOST).await?;
        found.extend(direct.into_iter().map(direct_view));
    }
    Ok(found)
}

/// What is above, at and below, as far as asked.
async fn in_spans(
    tx: &mut Tx,
    kind: Kind,
    line: &[ArmScope],
    narrow: &Narrow,
    now: Timestamp,
) -> Result<Vec<ScheduleView>, Fault> {
    let mut found = Vec::new();
    for span in spans(tx, line, !narrow.not_below).await? {
        for row in tx.lines_in(Provider::Resources, kind, &span, MOST).await? {
            found.extend(ScheduleView::of(row, now)?);
        }
        if kind == Kind::Assignment {
            let direct = tx.role_assignments_in(&span, None, MOST).await?;
            found.extend(direct.into_iter().map(direct_view));
        }
    }
    Ok(found)
}

/// A role assignment that was written directly, as a schedule without end and without request.
fn direct_view(one: Assignment) -> ScheduleView {
    let key = EntitlementKey::Resource { definition: one.definition, scope: one.scope };
    ScheduleView {
        line: line_id(one.principal, key.id(), Kind::Assignment),
        kind: Kind::Assignment,
        key,
        principal: one.principal,
        via: None,
        schedule: one.name,
        instance: one.name,
        how: GrantKind::Assigned,
        start: Some(one.created),
        end: None,
        created: Some(one.created),
        modified: Some(one.updated),
        made_by: None,
        rests_on: None,
        status: Status::Provisioned,
        in_force: true,
        grant: None,
    }
}

async fn listed(tx: &mut Tx, mut view: ScheduleView, member: Member, now: Timestamp) -> Result<Listed, Fault> {
    let mut rests_on = None;
    if let Some(line) = view.rests_on
        && let Some(row) = tx.line(line).await?
        && let Some(mut found) = ScheduleView::of(row, now)?
    {
        respell(tx, &mut found.key).await?;
        rests_on = Some(Box::new(found));
    }
    let (mut made_by, mut condition) = (None, None);
    if let Some(request) = view.made_by
        && let Some(row) = tx.order(request).await?
    {
        let said = row.order.details.said.clone();
        condition = said.condition.filter(|text| !text.is_empty()).map(|text| (text, said.condition_version));
        let name = row.request.name.clone().unwrap_or_else(|| row.request.id.to_string());
        made_by = scope_of(&view.key).map(|scope| (name, scope));
    }
    respell(tx, &mut view.key).await?;
    if let (Some((_, scope)), Some(spelled)) = (&mut made_by, scope_of(&view.key)) {
        *scope = spelled;
    }
    Ok(Listed { view, member, rests_on, made_by, condition })
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

/// Roles in force by schedule: what these principals have now, as role assignments (`ARM 7.2`).
pub(crate) async fn assignments_of(
    tx: &mut Tx,
    principals: impl IntoIterator<Item = Uuid>,
    now: Timestamp,
) -> Result<Vec<Assignment>, Fault> {
    let mut found = Vec::new();
    for id in principals {
        let which = Lines::Of(PrincipalId::new(id));
        for row in tx.lines(Provider::Resources, Kind::Assignment, &which, None, MOST).await? {
            found.extend(assignment(tx, ScheduleView::of(row, now)?).await?);
        }
    }
    Ok(found)
}

/// Roles in force by schedule in these spans of scopes.
pub(crate) async fn assignments_in(tx: &mut Tx, spans: &[ScopeSpan], now: Timestamp) -> Result<Vec<Assignment>, Fault> {
    let mut found = Vec::new();
    for span in spans {
        for row in tx.lines_in(Provider::Resources, Kind::Assignment, span, MOST).await? {
            found.extend(assignment(tx, ScheduleView::of(row, now)?).await?);
        }
    }
    let mut spelled: HashMap<ArmScope, ArmScope> = HashMap::new();
    for one in &mut found {
        if let Some(known) = spelled.get(&one.scope) {
            one.scope = known.clone();
            continue;
        }
        let mut key = EntitlementKey::Resource { definition: one.definition, scope: one.scope.clone() };
        respell(tx, &mut key).await?;
        if let Some(scope) = scope_of(&key) {
            spelled.insert(one.scope.clone(), scope.clone());
            one.scope = scope;
        }
    }
    Ok(found)
}

async fn assignment(tx: &mut Tx, view: Option<ScheduleView>) -> Result<Option<Assignment>, Fault> {
    let Some(view) = view.filter(|view| view.in_force) else { return Ok(None) };
    let (Some(scope), Some(definition)) = (scope_of(&view.key), definition_of(&view.key)) else { return Ok(None) };
    let mut content = AssignmentContent::default();
    let mut author = None;
    let mut shaped_by: Vec<RequestId> = view.made_by.into_iter().collect();
    // An activation is bound by what its eligibility is bound by (`ARM 9.5`).
    if let Some(line) = view.rests_on
        && let Some(row) = tx.line(line).await?
    {
        shaped_by.push(row.line.made_by);
    }
    for request in shaped_by {
        let Some(row) = tx.order(request).await? else { continue };
        let said = row.order.details.said;
        if content.condition.is_none() {
            content.condition = said.condition.filter(|text| !text.is_empty());
            content.condition_version = said.condition_version.filter(|text| !text.is_empty());
        }
        author.get_or_insert(row.request.requester.uuid());
    }
    let kind = match tx.principal(view.principal).await? {
        Some(account) => account.kind,
        None => ephor_domain::principal::PrincipalKind::User,
    };
    let since = view.start.unwrap_or(Timestamp::UNIX_EPOCH);
    Ok(Some(Assignment {
        name: view.instance,
        scope,
        definition,
        principal: view.principal,
        kind,
        content,
        created: since,
        updated: view.modified.unwrap_or(since),
        created_by: author,
        updated_by: author,
    }))
}

/// Places below a scope in or above which the caller has something, eligible or active (`ARM 16`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EligibleChildren {
    /// Below what.
    pub scope: ArmScope,
    /// Not only right below: all subscriptions and resource groups.
    pub all: bool,
}

impl Query for EligibleChildren {
    type Output = Vec<Place>;

    fn right(&self) -> Right {
        Right::Known
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Vec<Place>> {
        let (tx, now) = (&mut *files.tx, files.now);
        let rights = Rights::of(tx, files.caller, now).await?;
        let (scope, _) = locate(tx, &rights, &self.scope, action::READ_ASSIGNMENTS).await?;
        let mut lines: Vec<Vec<ArmScope>> = Vec::new();
        for kind in [Kind::Eligibility, Kind::Assignment] {
            for view in of_principals(tx, kind, &rights.principals, now).await? {
                if let Some(at) = scope_of(&view.key) {
                    lines.push(chain(tx, &at).await?);
                }
            }
        }
        let mut found: Vec<Place> = Vec::new();
        let mut ahead = vec![scope.clone()];
        while let Some(above) = ahead.pop() {
            for kind in PlaceKind::ALL {
                // Resources hang below groups alone here: the others are reached through them.
                if self.all && kind == PlaceKind::Resource {
                    continue;
                }
                for place in children(tx, &above, kind).await? {
                    let here = chain(tx, &place.scope).await?;
                    let is_reached = lines
                        .iter()
                        .any(|line| line.first().is_some_and(|own| here.contains(own)) || line.contains(&place.scope));
                    if !is_reached || found.iter().any(|known| known.scope == place.scope) {
                        continue;
                    }
                    if self.all && kind != PlaceKind::ResourceGroup {
                        ahead.push(place.scope.clone());
                    }
                    found.push(place);
                }
            }
        }
        found.sort_by(|one, other| one.scope.cmp(&other.scope));
        Ok(found)
    }
}

/// A role assignment that rests on a schedule, by its name at its own scope.
pub(crate) async fn assignment_named(
    tx: &mut Tx,
    scope: &ArmScope,
    name: Uuid,
    now: Timestamp,
) -> Result<Option<Assignment>, Fault> {
    let which = Lines::Scope(scope.key().to_owned());
    for row in tx.lines(Provider::Resources, Kind::Assignment, &which, None, MOST).await? {
        if row.line.instance == name
            && let Some(found) = assignment(tx, ScheduleView::of(row, now)?).await?
        {
            return Ok(Some(Assignment { scope: scope.clone(), ..found }));
        }
    }
    Ok(None)
}

/// Ends the schedule behind a role assignment, at once.
pub(crate) async fn end_assignment(desk: &mut Desk<'_>, scope: &ArmScope, name: Uuid) -> Answer<Option<Assignment>> {
    let now = desk.now();
    let Some(found) = assignment_named(desk.tx, scope, name, now).await? else { return Ok(None) };
    let key = EntitlementKey::Resource { definition: found.definition, scope: scope.clone() };
    super::end_now(desk, found.principal, &key).await?;
    Ok(Some(found))
}

/// Does a schedule give this, now or later?
pub(crate) async fn is_scheduled(
    tx: &mut Tx,
    principal: PrincipalId,
    key: &EntitlementKey,
    now: Timestamp,
) -> Result<bool, Fault> {
    match tx.line(line_id(principal, key.id(), Kind::Assignment)).await? {
        Some(row) => Ok(ScheduleView::of(row, now)?.is_some()),
        None => Ok(false),
    }
}

/// Is anybody eligible for the role, or assigned it by schedule?
pub(crate) async fn is_role_scheduled(tx: &mut Tx, definition: Uuid) -> Result<bool, Fault> {
    for kind in [Kind::Eligibility, Kind::Assignment] {
        if !tx.lines(Provider::Resources, kind, &Lines::Definition(definition), None, 1).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Does a schedule give anything in this span of scopes?
pub(crate) async fn is_span_scheduled(tx: &mut Tx, span: &ScopeSpan) -> Result<bool, Fault> {
    for kind in [Kind::Eligibility, Kind::Assignment] {
        if !tx.lines_in(Provider::Resources, kind, span, 1).await?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Are these principals eligible for the role, or assigned it, at a scope of the chain?
pub(crate) async fn holds_any(
    tx: &mut Tx,
    principals: &BTreeSet<Uuid>,
    definition: Uuid,
    chain: &[ArmScope],
) -> Result<bool, Fault> {
    for kind in [Kind::Eligibility, Kind::Assignment] {
        for id in principals {
            let which = Lines::Of(PrincipalId::new(*id));
            for row in tx.lines(Provider::Resources, kind, &which, None, MOST).await? {
                if row.line.definition == definition && chain.iter().any(|scope| scope.key() == row.line.scope) {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

/// Where these principals are eligible for anything.
pub(crate) async fn eligible_scopes(tx: &mut Tx, principals: &BTreeSet<Uuid>) -> Result<Vec<ArmScope>, Fault> {
    let mut found = Vec::new();
    for id in principals {
        let which = Lines::Of(PrincipalId::new(*id));
        let rows = tx.lines(Provider::Resources, Kind::Eligibility, &which, None, MOST).await?;
        found.extend(rows.into_iter().filter_map(|row| row.line.scope.parse().ok()));
    }
    Ok(found)
}
