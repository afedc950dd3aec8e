//! Privileged access over time: requests, schedules and instances of roles and groups (`GRAPH 6`, `GRAPH 7`, `GRAPH 12`).

pub(super) mod approval;
mod order;
mod row;

use std::collections::HashMap;

use ephor_domain::{
    Refusal,
    entitlement::EntitlementKey,
    id::{PrincipalId, RequestId},
    policy::Kind,
    provider::Provider,
};
use ephor_engine::{
    Denied,
    schedule::{Cancel, Lines, ListOrders, ListSchedules, Orders, RequestView, ScheduleView, Whose},
};
use ephor_odata::v4::Predicate;
use http::{Method, StatusCode};
use serde_json::Value;
use uuid::Uuid;

use super::attach;
use crate::{
    answer::Reply,
    call::{Call, guid},
    collection::{Aspect, Collection, Family, Sort},
    error::{Answer, GraphError},
    list::{self, Keyed},
    page::{Plan, Rules, shape, single},
    wire_id,
};

/// Answers a call to one of the twelve collections.
pub(super) async fn serve(call: &Call, collection: Collection, part: Aspect) -> Answer<Reply> {
    match (part, collection.sort) {
        (Aspect::List, Sort::Requests) if call.method == Method::POST => {
            Box::pin(order::create(call, collection)).await
        }
        (Aspect::List, _) => all(call, collection).await,
        (Aspect::Mine, _) => mine(call, collection).await,
        (Aspect::One, Sort::Requests) => request(call, collection).await,
        (Aspect::One, Sort::Schedules | Sort::Instances) => schedule(call, collection).await,
        (Aspect::Cancel, _) => cancel(call, collection).await,
    }
}

async fn all(call: &Call, collection: Collection) -> Answer<Reply> {
    let plan = Plan::of(call, collection.of(), collection.set(), Rules::SCHEDULES)?;
    let predicate = plan.predicate.as_ref();
    let named = predicate.is_some_and(|it| names_one(it, "groupId") || names_one(it, "principalId"));
    if collection.family == Family::Groups && !named {
        return Err(GraphError::missing_provider());
    }
    rows(call, collection, &plan, Whose::Visible).await
}

/// `filterByCurrentUser(on='…')`.
async fn mine(call: &Call, collection: Collection) -> Answer<Reply> {
    if call.signed.app_only() {
        return Err(GraphError::bad_request("An application is no current user."));
    }
    let word = call.key(0);
    let is = |known: &str| word.eq_ignore_ascii_case(known);
    let whose = match collection.sort {
        _ if is("principal") => Whose::Mine,
        Sort::Requests if is("createdBy") => Whose::Ordered,
        Sort::Requests if is("approver") => Whose::ToApprove,
        Sort::Requests | Sort::Schedules | Sort::Instances => {
            return Err(GraphError::bad_request("The value of 'on' is not supported."));
        }
    };
    // No set holds just these (`GRAPH 3.2`).
    let plan = Plan::of(call, collection.of(), format!("Collection({})", collection.of()), Rules::SCHEDULES)?;
    rows(call, collection, &plan, whose).await
}

async fn rows(call: &Call, collection: Collection, plan: &Plan, whose: Whose) -> Answer<Reply> {
    let predicate = plan.predicate.as_ref();
    list::keyed(call, plan, &Rows { collection, lines: lines(predicate), orders: orders(predicate), whose }).await
}

/// Eligibilities and assignments of one principal and one role at one scope together (`GRAPH 7` D38).
pub(super) async fn both(call: &Call, sort: Sort) -> Answer<Reply> {
    const OF: [&str; 2] = ["unifiedRoleScheduleBase", "unifiedRoleScheduleInstanceBase"];
    let [schedules, instances] = OF;
    let (of, set) = match sort {
        Sort::Requests | Sort::Schedules => (schedules, "Collection(unifiedRoleScheduleBase)"),
        Sort::Instances => (instances, "Collection(unifiedRoleScheduleInstanceBase)"),
    };
    let plan = Plan::of(call, of, set, Rules::SCHEDULES)?;
    let named = |name: &str| {
        let found = call.target.named.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    };
    let needed = |name: &str| {
        let missing = || GraphError::bad_request(format!("The parameter '{name}' is needed: the id of an object."));
        named(name).and_then(guid).ok_or_else(missing)
    };
    let (principal, definition) = (needed("principalId")?, needed("roleDefinitionId")?.to_string());
    let scope = named("directoryScopeId").or_else(|| named("appScopeId")).unwrap_or("/");
    let mut rows = Vec::new();
    for kind in [Kind::Eligibility, Kind::Assignment] {
        let collection = Collection { family: Family::Roles, kind, sort };
        let (lines, orders) = (Lines::Of(PrincipalId::new(principal)), Orders::All);
        let source = Rows { collection, lines, orders, whose: Whose::Visible };
        let mut after = None;
        loop {
            let (batch, next) = source.batch(call, after, 1000).await?;
            rows.extend(batch);
            let Some(next) = next else { break };
            after = Some(next);
        }
    }
    let is = |row: &Value, name: &str, value: &str| {
        row.get(name).and_then(Value::as_str).is_some_and(|known| known.eq_ignore_ascii_case(value))
    };
    rows.retain(|row| is(row, "roleDefinitionId", &definition) && is(row, "directoryScopeId", scope));
    list::whole(call, &plan, rows).await
}

/// Rows of a collection, by key.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    collection: Collection,
    lines: Lines,
    orders: Orders,
    whose: Whose,
}

impl Keyed for Rows {
    async fn batch(&self, call: &Call, after: Option<String>, limit: u32) -> Answer<(Vec<Value>, Option<String>)> {
        let (collection, whose) = (self.collection, self.whose);
        let (provider, kind) = (collection.family.provider(), collection.kind);
        let actor = &call.signed.caller.actor;
        let after = after.as_deref().and_then(guid);
        if collection.sort == Sort::Requests {
            let (which, before) = (self.orders.clone(), after.map(RequestId::new));
            let list = ListOrders { provider, kind, which, whose, before, limit };
            let page = call.engine().orders(actor, list).await?;
            let rows = page.rows.iter().map(|view| row::request(call, collection, view)).collect();
            return Ok((rows, page.next.map(|id| id.to_string())));
        }
        let list = ListSchedules { provider, kind, which: self.lines.clone(), whose, after, limit };
        let page = call.engine().schedules(actor, list).await?;
        let shown = page.rows.iter().filter(|view| collection.sort == Sort::Schedules || view.in_force);
        let rows = shown.map(|view| row::schedule(collection, view)).collect();
        Ok((rows, page.next.map(|id| id.to_string())))
    }
}

fn the_one<'p>(predicate: &'p Predicate, member: &str) -> Option<&'p str> {
    match predicate.equals(&[member])?.as_slice() {
        [only] => Some(only),
        _ => None,
    }
}

fn names_one(predicate: &Predicate, member: &str) -> bool {
    predicate.equals(&[member]).is_some()
}

/// What the store has an index for, of what a filter says.
pub(super) fn lines(predicate: Option<&Predicate>) -> Lines {
    let Some(predicate) = predicate else { return Lines::All };
    if let Some(id) = the_one(predicate, "principalId").and_then(guid) {
        return Lines::Of(PrincipalId::new(id));
    }
    let definition = the_one(predicate, "roleDefinitionId").or_else(|| the_one(predicate, "groupId"));
    if let Some(id) = definition.and_then(guid) {
        return Lines::Definition(id);
    }
    Lines::All
}

fn orders(predicate: Option<&Predicate>) -> Orders {
    match lines(predicate) {
        Lines::All | Lines::Scope(_) => Orders::All,
        Lines::Of(principal) => Orders::Of(principal),
        Lines::Definition(definition) => Orders::Definition(definition),
    }
}

fn no_request() -> GraphError {
    GraphError::new(StatusCode::NOT_FOUND, "RoleAssignmentRequestNotFound", "The role assignment request is not found.")
}

/// One row, with what is expanded of it.
async fn shown(call: &Call, collection: Collection, row: Value) -> Answer<Reply> {
    let shape = shape(call, collection.of())?;
    let names: Vec<String> = shape.expand.iter().map(|expanded| expanded.name.clone()).collect();
    let mut rows = [row];
    attach(call, collection.of(), &mut rows, &names).await?;
    let [row] = &rows;
    Ok(single(call, collection.of(), collection.set(), &shape, row))
}

async fn request(call: &Call, collection: Collection) -> Answer<Reply> {
    let view = found_request(call, collection).await?.ok_or_else(no_request)?;
    shown(call, collection, row::request(call, collection, &view)).await
}

/// The request of the path. For groups its schedule's id leads there too (`GRAPH 8.6`).
async fn found_request(call: &Call, collection: Collection) -> Answer<Option<RequestView>> {
    let (key, provider) = (call.key(0), collection.family.provider());
    let actor = &call.signed.caller.actor;
    let found = match guid(key) {
        Some(id) => call.engine().order(actor, provider, RequestId::new(id)).await?,
        None => match wire_id::read_of_group(key).filter(|_| collection.family == Family::Groups) {
            Some((_, _, schedule)) => call.engine().order_of_schedule(actor, provider, schedule).await?,
            None => None,
        },
    };
    Ok(found.filter(|view| view.kind == collection.kind))
}

async fn cancel(call: &Call, collection: Collection) -> Answer<Reply> {
    let view = found_request(call, collection).await?.ok_or_else(no_request)?;
    let cancel = Cancel { request: view.request.id, provider: collection.family.provider() };
    match call.engine().cancel(&call.signed.caller.actor, cancel).await {
        Ok(()) => Ok(Reply::done()),
        Err(Denied::Refused(Refusal::RequestNotAvailable)) => Err(no_request()),
        Err(denied) => Err(denied.into()),
    }
}

async fn schedule(call: &Call, collection: Collection) -> Answer<Reply> {
    let view = found_schedule(call, collection).await?.ok_or_else(GraphError::not_found)?;
    if collection.sort == Sort::Instances && !view.in_force {
        return Err(GraphError::not_found());
    }
    shown(call, collection, row::schedule(collection, &view)).await
}

/// The schedule or instance of the path.
async fn found_schedule(call: &Call, collection: Collection) -> Answer<Option<ScheduleView>> {
    let (key, actor, kind) = (call.key(0), &call.signed.caller.actor, collection.kind);
    match collection.family {
        Family::Groups => {
            let Some((group, access, id)) = wire_id::read_of_group(key) else { return Ok(None) };
            let by_group = ListSchedules {
                provider: Provider::Groups,
                kind,
                which: Lines::Definition(group),
                whose: Whose::Visible,
                after: None,
                limit: 10_000,
            };
            let rows = call.engine().schedules(actor, by_group).await?.rows;
            let is_it = |view: &ScheduleView| {
                let named = if collection.sort == Sort::Instances { view.line } else { view.schedule };
                named == id && matches!(view.key, EntitlementKey::Group { access: of, .. } if of == access)
            };
            Ok(rows.into_iter().find(is_it))
        }
        Family::Roles => {
            if collection.sort == Sort::Schedules
                && let Some(id) = guid(key)
            {
                return Ok(call.engine().schedule_named(actor, Provider::DirectoryRoles, kind, id).await?);
            }
            let named = if collection.sort == Sort::Instances && kind == Kind::Eligibility {
                key.strip_suffix("-e").and_then(wire_id::read_assignment)
            } else {
                wire_id::read_assignment(key)
            };
            let Some((definition, principal, object)) = named else { return Ok(None) };
            for scope in wire_id::scopes(object) {
                let key = EntitlementKey::DirectoryRole { definition, scope };
                let found = call.engine().schedule_at(actor, principal, key, kind).await?;
                // A schedule is known by its own id; what is held outside of schedules has only this one.
                if let Some(view) = found.filter(|view| collection.sort == Sort::Instances || view.is_standing()) {
                    return Ok(Some(view));
                }
            }
            Ok(None)
        }
    }
}

/// Puts the schedule or instance that a row rests on, or is about, behind a navigation.
pub(super) async fn behind(call: &Call, of: &str, rows: &mut [Value], name: &str) -> Answer<()> {
    let place = if name == "activatedUsing" { row::RESTS_ON } else { row::LINE };
    let id = |row: &Value| row.get(place).and_then(Value::as_str).and_then(guid);
    let lines: Vec<Uuid> = rows.iter().filter_map(id).collect();
    let found = call.engine().schedules_of_lines(lines).await?;
    let family = if of.starts_with("privileged") { Family::Groups } else { Family::Roles };
    let sort = if of.ends_with("Instance") { Sort::Instances } else { Sort::Schedules };
    let known: HashMap<Uuid, &ScheduleView> = found.iter().map(|view| (view.line, view)).collect();
    super::put_all(rows, name, |row| {
        let Some(view) = id(row).and_then(|id| known.get(&id).copied()) else { return Value::Null };
        let collection = Collection { family, kind: view.kind, sort };
        let shown = row::schedule(collection, view);
        // A schedule that took the place of the one asked about is another one.
        let is_it = name == "activatedUsing" || shown.get("id") == row.get("targetScheduleId");
        if is_it && (sort == Sort::Schedules || view.in_force) { shown } else { Value::Null }
    });
    Ok(())
}
