//! Eligibilities and assignments over time, as a scope shows them (`ARM 10`, `ARM 11`).

use ephor_domain::{
    Refusal, administration::Right, id::PrincipalId, policy::Kind, provider::Condition, resource::ResourceRefusal,
    scope::ArmScope,
};
use ephor_store::{Fault, Tx};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Narrow, asked, definition_of, is_there, respell,
    rows::{at_exactly, in_spans, of_principals},
    scope_of, wanted,
};
use crate::{
    admin::desk::{Files, Query},
    answer::Answer,
    resource::{
        At, chain,
        rights::{Rights, action, locate},
    },
    schedule::{held, view::ScheduleView},
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
