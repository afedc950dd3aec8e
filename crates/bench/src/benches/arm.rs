//! ARM: activations, access checks and lists at two sizes.

use anyhow::{Context as _, Result, ensure};
use ephor_domain::{
    entitlement::EntitlementKey,
    policy::Kind,
    provider::Provider,
    resource::{Plane, Verdict},
};
use ephor_engine::{Engine, resource::CheckAccess, schedule::line_id};
use ephor_store::Store;

use super::{
    context::{Context, Template, runtime},
    schedules::{CLIENTS, Grown, List, SLOWEST, activations, pair, stock, tokens},
};
use crate::{
    floor::http::Query,
    measure::{Client, Load, Outcome, load},
    report::{Line, Quantity},
    world::{
        calls,
        lessons::Order,
        scratch,
        tenant::{Family, Tenant},
    },
};

/// V1.
pub(super) fn activate(context: &Context) -> Result<Vec<Line>> {
    activations(context, &runtime()?, Family::Resources, "ARM: activate a resource role")
}

/// People whose own lists are asked for.
const CALLERS: u32 = 512;

/// V3, V4 and V6.
pub(super) fn lists(context: &Context) -> Result<Vec<Line>> {
    let runtime = runtime()?;
    let count = if context.quick { 20_000 } else { 1_000_000 };
    let small = runtime.block_on(Site::make(context, 1_000))?;
    let large = runtime.block_on(Site::make(context, count))?;
    let (mut checks, mut consulted, mut own) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..context.rounds() {
        context.say(&format!("round {}", round + 1));
        checks.push(runtime.block_on(pair(&small, &large, async |site, floor| site.checks(context, floor).await))?);
        let of_small = runtime.block_on(small.consult(context.short()))?;
        let of_large = runtime.block_on(large.consult(context.short()))?;
        consulted.push((of_small, of_large, of_large));
        own.push(runtime.block_on(pair(&small, &large, async |site, floor| site.own(context, floor).await))?);
    }
    let (checks, consulted, own) = (Grown::middle(checks)?, Grown::middle(consulted)?, Grown::middle(own)?);
    let size = format!("{count} eligibilities and as many assignments");
    let growth = |work: &str| format!("{work}: 1000 eligibilities and assignments against {count} of each");
    Ok(vec![
        checks
            .beside_floor(
                "V4",
                &format!("access check over HTTP, {size}, {CLIENTS} clients"),
                "bare handler, one keyed read",
            )
            .at_least(Quantity::Rate(45_000.0)),
        Line::new(
            "V4",
            format!("the same by the engine, {CLIENTS} at once"),
            Quantity::Rate(consulted.large.per_second),
        )
        .detail(consulted.large.to_string())
        .floor("bare handler", Quantity::Rate(checks.bare.per_second)),
        checks.growth(growth("access check over HTTP")),
        consulted.growth(growth("access check by the engine")),
        own.beside_floor(
            "V3",
            &format!("ARM: asTarget() at the root, {size}, {CLIENTS} clients"),
            "bare handler, the same query and bytes",
        )
        .other_at_most("p99", Quantity::Time(own.large.spread.p99), Quantity::Time(SLOWEST)),
        own.growth(growth("ARM: asTarget() at the root")),
    ])
}

struct Site {
    template: Template<Tenant>,
    people: Vec<u32>,
    tokens: Vec<String>,
}

impl Site {
    async fn make(context: &Context, count: u32) -> Result<Self> {
        let template = stock(context, Tenant::of(Family::Resources, count), &[Order::Eligible, Order::Direct]).await?;
        let users = template.world.world.users;
        let people: Vec<u32> = (0..users).step_by((users / CALLERS).max(1) as usize).collect();
        let tokens = tokens(&template.path, people.iter().map(|it| template.world.world.principal(*it))).await?;
        Ok(Self { template, people, tokens })
    }

    fn person(&self, turn: u32) -> u32 {
        self.people.get(turn as usize % self.people.len().max(1)).copied().unwrap_or_default()
    }

    fn token(&self, turn: u32) -> &str {
        self.tokens.get(turn as usize % self.people.len().max(1)).map(String::as_str).unwrap_or_default()
    }

    async fn checks(&self, context: &Context, floor: bool) -> Result<(Outcome, Option<Outcome>)> {
        let tenant = &self.template.world;
        let line = |turn| {
            let person = self.person(turn);
            line_id(tenant.world.principal(person), tenant.key(person, turn).id(), Kind::Eligibility)
        };
        let list = List {
            clients: CLIENTS,
            call: &|turn| tenant.check_call(self.person(turn), turn, self.token(turn)),
            query: Query::Line,
            about: &line,
        };
        list.measure(context.short(), &self.template.path, floor).await
    }

    async fn own(&self, context: &Context, floor: bool) -> Result<(Outcome, Option<Outcome>)> {
        let principal = |turn| self.template.world.world.principal(self.person(turn)).uuid();
        let list = List {
            clients: CLIENTS,
            call: &|turn| calls::as_target(self.token(turn)),
            query: Query::Lines(Provider::Resources, Kind::Eligibility),
            about: &principal,
        };
        list.measure(context.short(), &self.template.path, floor).await
    }

    /// The engine asked without HTTP.
    async fn consult(&self, load: Load) -> Result<Outcome> {
        let store = Store::open(&scratch::sqlite(&self.template.path)).await?;
        let engine = scratch::live_engine(&store);
        let callers = (0..CLIENTS).map(|client| Asking {
            engine: engine.clone(),
            tenant: self.template.world.clone(),
            people: self.people.clone(),
            turn: client as usize,
        });
        let outcome = load::run(load, callers.collect()).await?;
        store.close().await;
        Ok(outcome)
    }
}

/// A resource server that asks about whoever comes.
struct Asking {
    engine: Engine,
    tenant: Tenant,
    people: Vec<u32>,
    turn: usize,
}

impl Client for Asking {
    async fn turn(&mut self) -> Result<()> {
        let turn = u32::try_from(self.turn)?;
        let person = self.people.get(self.turn % self.people.len()).copied().context("people")?;
        self.turn += CLIENTS as usize;
        let EntitlementKey::Resource { scope, .. } = self.tenant.key(person, turn) else { return Ok(()) };
        let question = CheckAccess {
            principal: self.tenant.world.principal(person),
            scope,
            action: calls::ACTION.to_owned(),
            plane: Plane::Control,
            as_administrator: false,
        };
        let verdict = self.engine.consult(&self.tenant.actor(person), question).await?;
        ensure!(verdict == Verdict::Allowed, "answered {verdict:?}");
        Ok(())
    }
}
