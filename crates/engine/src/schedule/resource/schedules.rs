//! Eligibilities and assignments over time, as a scope shows them (`ARM 10`, `ARM 11`).

use ephor_domain::{
    Refusal,
    administration::Right,
    id::PrincipalId,
    policy::Kind,
    provider::{Condition, Provider},
    resource::ResourceRefusal,
    scope::ArmScope,
};
use ephor_store::{Fault, Tx, tx::line::LineRow};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Here, MOST, Narrow, RowCursor, Walk, asked, definition_of, respell, scope_of, walk::direct_view, wanted};
use crate::{
    admin::desk::{Files, Query},
    answer::Answer,
    resource::{
        At, chain,
        rights::{Rights, action, locate},
        spans,
    },
    schedule::{held, list::Page, view::ScheduleView},
};

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
    /// What binds it.
    pub condition: Option<Condition>,
}

/// Schedules at a scope, page by page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchedulesAt {
    /// Where.
    pub scope: ArmScope,
    /// Eligibilities or assignments.
    pub kind: Kind,
    /// Which.
    pub narrow: Narrow,
    /// What is in force alone, without what is to come.
    pub in_force: bool,
    /// Goes on after this row.
    pub after: Option<RowCursor>,
    /// Most rows.
    pub limit: u32,
}

impl Query for SchedulesAt {
    type Output = At<Page<Listed, RowCursor>>;

    fn right(&self) -> Right {
        Right::Known
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Self::Output> {
        let (caller, now) = (files.caller, files.now);
        let rights = Rights::of(files.tx, caller, now).await?;
        let (scope, line) = locate(files.tx, &rights, &self.scope, action::READ_ASSIGNMENTS).await?;
        if !self.narrow.mine && !rights.may(files.tx, &line, action::READ_ASSIGNMENTS).await? {
            return Err(Refusal::from(ResourceRefusal::OwnRowsOnly).into());
        }
        let wanted = wanted(files.tx, &rights, &self.narrow, caller, now).await?;
        let batch = self.limit.saturating_add(1);
        let mut walk = match &wanted {
            Some(principals) => Walk::by_principal(self.kind, principals, self.after, batch),
            None => {
                let spans = spans(files.tx, &line, !self.narrow.not_below).await?;
                Walk::by_scope(self.kind, spans, self.after, batch)
            }
        };
        let mut found = Vec::new();
        let mut here = Here::new(&line, self.narrow.not_below);
        let (mut seen, mut last, mut next) = (0, None, None);
        while let Some((cursor, row)) = walk.next(files.tx).await? {
            if seen == MOST {
                next = last;
                break;
            }
            seen += 1;
            let view = row.view(now)?.filter(|view| view.in_force || !self.in_force);
            let place = view.as_ref().and_then(|view| scope_of(&view.key).zip(definition_of(&view.key)));
            if let (Some(view), Some((at, definition))) = (view, place)
                && self.narrow.definition.is_none_or(|wanted| wanted == definition)
                && here.is_there(files.tx, &at).await?
            {
                if found.len() == self.limit as usize {
                    next = last;
                    break;
                }
                let through_group = wanted.is_some() && Some(view.principal.uuid()) != asked(&self.narrow, caller);
                let member = match (through_group, scope != at && line.contains(&at)) {
                    (true, _) => Member::Group,
                    (false, true) => Member::Inherited,
                    (false, false) => Member::Direct,
                };
                found.push((view, member));
            }
            last = Some(cursor);
        }
        let mut rows = Vec::with_capacity(found.len());
        for (view, member) in found {
            rows.push(listed(files.tx, view, member, now).await?);
        }
        Ok(At { scope, found: Page { rows, next } })
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
        let Some(view) = self.look(files.tx, files.now).await? else { return Ok(None) };
        let Some(at) = scope_of(&view.key).filter(|at| *at == scope || scope == ArmScope::root()) else {
            return Ok(None);
        };
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

impl ScheduleNamed {
    /// What bears the name, wherever it is.
    async fn look(&self, tx: &mut Tx, now: Timestamp) -> Result<Option<ScheduleView>, Fault> {
        let rows = match (self.instance, self.kind) {
            (false, _) => tx.lines_of_schedule(self.name).await?,
            (true, Kind::Assignment) => tx.lines_of_instance(self.name).await?,
            (true, Kind::Eligibility) => tx.line(self.name).await?.into_iter().collect(),
        };
        let is_it =
            |row: &LineRow| row.line.live && row.line.provider == Provider::Resources && row.line.kind == self.kind;
        for row in rows.into_iter().filter(is_it) {
            if let Some(view) = ScheduleView::of(row, now)? {
                return Ok(Some(view));
            }
        }
        // What was written directly bears the same name as a schedule and in force.
        let direct = match self.kind {
            Kind::Assignment => tx.role_assignment(self.name).await?,
            Kind::Eligibility => None,
        };
        Ok(direct.map(direct_view))
    }
}

fn group_or_direct(rights: &Rights, view: &ScheduleView, caller: PrincipalId) -> Member {
    if view.principal != caller && rights.principals.contains(&view.principal.uuid()) {
        Member::Group
    } else {
        Member::Direct
    }
}

async fn listed(tx: &mut Tx, mut view: ScheduleView, member: Member, now: Timestamp) -> Result<Listed, Fault> {
    let (mut made_by, mut condition, mut rests_on) = (None, None, None);
    match view.made_by {
        Some(request) => {
            if let Some(row) = tx.order(request).await? {
                condition = row.order.details.binding();
                let name = row.request.name.clone().unwrap_or_else(|| row.request.id.to_string());
                made_by = scope_of(&view.key).map(|scope| (name, scope));
            }
        }
        None => condition = held::standing_condition(tx, view.principal, &view.key).await?,
    }
    if let Some(line) = view.rests_on
        && let Some(row) = tx.line(line).await?
    {
        // An activation is bound by what its eligibility is bound by (`ARM 9.5`).
        condition = held::condition(tx, row.line.made_by).await?.or(condition);
        if let Some(mut found) = ScheduleView::of(row, now)? {
            respell(tx, &mut found.key).await?;
            rests_on = Some(Box::new(found));
        }
    }
    respell(tx, &mut view.key).await?;
    if let (Some((_, scope)), Some(spelled)) = (&mut made_by, scope_of(&view.key)) {
        *scope = spelled;
    }
    Ok(Listed { view, member, rests_on, made_by, condition })
}
