//! Schedules: lines, one for each principal, entitlement and kind, and the orders that shaped them.

mod line;
mod order;

use ephor_domain::{
    grant::{Grant, GrantKind, Phase},
    id::EntitlementId,
    policy::Kind,
    provider::Provider,
};
use ephor_store::{
    Store,
    tx::line::{ScheduleLine, line_id},
};
use uuid::Uuid;

use super::Clause;
use crate::fixture::{at, grant_id, id, who};

pub(crate) fn clauses() -> Vec<(&'static str, Clause)> {
    [line::clauses(), order::clauses()].concat()
}

const ROLES: Provider = Provider::DirectoryRoles;
const GROUPS: Provider = Provider::Groups;
const RESOURCES: Provider = Provider::Resources;
const READER: u128 = 0xd1;
const WRITER: u128 = 0xd2;

fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn entitlement(definition: u128, scope: &str) -> EntitlementId {
    EntitlementId::derived(uuid(definition), scope)
}

/// An eligibility since 0 for good; `holder`, `definition` and `scope` say of what.
fn eligibility(provider: Provider, holder: u128, definition: u128, scope: &str) -> ScheduleLine {
    let (principal, entitlement) = (who(holder), entitlement(definition, scope));
    let line = line_id(principal, entitlement, Kind::Eligibility);
    ScheduleLine {
        id: line,
        provider,
        kind: Kind::Eligibility,
        principal,
        entitlement,
        definition: uuid(definition),
        scope: scope.to_owned(),
        schedule: Uuid::new_v5(&line, b"schedule"),
        instance: Uuid::new_v5(&line, b"instance"),
        grant: None,
        start: at(0),
        end: None,
        created: at(0),
        modified: None,
        made_by: id(0x700),
        rests_on: None,
        live: true,
    }
}

/// The same assigned, carried by the grant of `request`.
fn assignment(provider: Provider, holder: u128, definition: u128, scope: &str, request: u128) -> ScheduleLine {
    let eligible = eligibility(provider, holder, definition, scope);
    ScheduleLine {
        id: line_id(eligible.principal, eligible.entitlement, Kind::Assignment),
        kind: Kind::Assignment,
        grant: Some(grant_id(request)),
        made_by: id(request),
        ..eligible
    }
}

fn grant_of(line: &ScheduleLine, phase: Phase) -> Grant {
    Grant {
        id: line.grant.unwrap(),
        request: line.made_by,
        provider: line.provider,
        principal: line.principal,
        entitlement: line.entitlement,
        kind: GrantKind::Assigned,
        lasts: Some(600),
        phase,
    }
}

async fn put(store: &Store, lines: &[ScheduleLine]) {
    let lines = lines.to_vec();
    let stored = store.transact(move |tx| {
        let lines = lines.clone();
        Box::pin(async move {
            for line in &lines {
                tx.put_line(line).await?;
            }
            Ok(())
        })
    });
    stored.await.unwrap();
}
