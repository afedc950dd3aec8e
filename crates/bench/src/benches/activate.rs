//! V1 and V2: an activation at the built-in target, durable, on SQLite.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use ephor_engine::{Engine, port::SystemEntropy};
use ephor_store::Store;
use futures_util::future::try_join_all;

use super::context::{Context, Template, runtime};
use crate::{
    floor::{disk, sqlite::BareSqlite},
    measure::{
        Client, Outcome,
        load::{self, median},
    },
    report::{Line, Quantity},
    rows::{Pattern, Picks},
    world::{
        Place, World,
        scratch::{self, Lesson},
        served::{HttpCaller, Served},
    },
};

/// Clients of V1.
const MANY: u32 = 64;
/// Lines that a client takes in turn.
const LINES: u32 = 256;

pub(super) fn run(context: &Context) -> Result<Vec<Line>> {
    let runtime = runtime()?;
    let setup = runtime.block_on(async {
        let pattern = Arc::new(scratch::learn(Lesson::Activation, Place::BuiltIn).await?);
        context.say(&format!("an activation writes {}", pattern.summary()));
        anyhow::Ok((pattern, Template::make(World::of_eligibilities(10_000)).await?))
    })?;
    let (pattern, template) = setup;
    let mut lines = Vec::new();
    for clients in [MANY, 1] {
        let mut rounds = Vec::new();
        for round in 0..context.rounds() {
            context.say(&format!("{clients} clients, round {}", round + 1));
            let flushes = disk::fdatasync(template.directory.path(), Duration::from_secs(1))?;
            let bare = runtime.block_on(bare(context, &template, &pattern, clients))?;
            let engine = runtime.block_on(engine(context, &template, clients))?;
            let http = runtime.block_on(http(context, &template, clients))?;
            rounds.push(Round { flushes, bare, engine, http });
        }
        let middle = Round::middle(&rounds).context("at least one round")?;
        lines.extend(if clients == 1 { middle.alone() } else { middle.crowd(&pattern) });
    }
    Ok(lines)
}

#[derive(Debug, Clone, Copy)]
struct Round {
    flushes: Outcome,
    bare: Outcome,
    engine: Outcome,
    http: Outcome,
}

impl Round {
    fn middle(rounds: &[Self]) -> Option<Self> {
        let pick = |of: fn(&Self) -> Outcome| median(rounds.iter().map(of).collect());
        Some(Self {
            flushes: pick(|r| r.flushes)?,
            bare: pick(|r| r.bare)?,
            engine: pick(|r| r.engine)?,
            http: pick(|r| r.http)?,
        })
    }

    fn crowd(&self, pattern: &Pattern) -> Vec<Line> {
        let bare = Quantity::Rate(self.bare.per_second);
        let rows = format!("bare store, the same rows ({})\n{}", pattern.summary(), self.bare);
        vec![
            Line::new("V1", "activate over HTTP, 64 clients", Quantity::Rate(self.http.per_second))
                .detail(self.http.to_string())
                .floor(rows, bare)
                .at_least(Quantity::Rate(10_000.0))
                .ratio_at_least(0.6),
            Line::new("V1", "the same without HTTP", Quantity::Rate(self.engine.per_second))
                .detail(self.engine.to_string())
                .floor("bare store", bare),
        ]
    }

    fn alone(&self) -> Vec<Line> {
        let flush = self.flushes.spread.p50;
        let one = |work, outcome: &Outcome| {
            Line::new("V2", work, Quantity::Time(outcome.spread.p50))
                .detail(outcome.to_string())
                .floor("one fdatasync of 4 KiB, p50", Quantity::Time(flush))
        };
        vec![
            one("activate over HTTP, 1 client, p50", &self.http)
                .at_most(Quantity::Time(flush + Duration::from_micros(500))),
            one("the same without HTTP", &self.engine),
            one("bare store, 1 client, p50", &self.bare),
        ]
    }
}

async fn bare(context: &Context, template: &Template, pattern: &Arc<Pattern>, clients: u32) -> Result<Outcome> {
    bare_on(context, &template.world, &template.copy("bare.db")?, pattern, clients).await
}

/// The bare store on a file.
pub(super) async fn bare_on(
    context: &Context,
    world: &World,
    path: &Path,
    pattern: &Arc<Pattern>,
    clients: u32,
) -> Result<Outcome> {
    let store = BareSqlite::open(path, pattern)?;
    let entropy = Arc::new(SystemEntropy::default());
    let callers = (0..clients).map(|client| store.client(pattern, &entropy, lines_of(world, client, clients)));
    let outcome = load::run(context.load(), callers.collect()).await?;
    store.close()?;
    Ok(outcome)
}

async fn engine(context: &Context, template: &Template, clients: u32) -> Result<Outcome> {
    engine_on(context, &template.world, &template.copy("engine.db")?, clients).await
}

/// The engine on a file, its workers running.
pub(super) async fn engine_on(context: &Context, world: &World, path: &Path, clients: u32) -> Result<Outcome> {
    let store = Store::open(&scratch::sqlite(path)).await?;
    let engine = scratch::live_engine(&store);
    let workers = engine.run();
    let callers = (0..clients).map(|client| Caller::new(&engine, world, client, clients));
    let outcome = load::run(context.load(), callers.collect()).await?;
    workers.stop().await;
    store.close().await;
    Ok(outcome)
}

async fn http(context: &Context, template: &Template, clients: u32) -> Result<Outcome> {
    let store = Store::open(&scratch::sqlite(&template.copy("http.db")?)).await?;
    let served = Served::start(store).await?;
    let (address, world) = (served.address, &template.world);
    let callers = try_join_all((0..clients).map(|client| {
        let calls = turns_of(world, client, clients).map(|(user, turn)| world.activation_call(user, turn)).collect();
        HttpCaller::connect(address, calls, Some(201))
    }));
    let outcome = load::run_apart(context.load(), callers)?;
    served.stop().await?;
    Ok(outcome)
}

/// The lines that a client takes in turn.
pub(super) fn lines_of(world: &World, client: u32, clients: u32) -> Vec<Picks> {
    turns_of(world, client, clients).map(|(user, turn)| world.line(user, turn)).collect()
}

/// Users and turns of a client: another user each time, another role once all users had theirs.
pub(super) fn turns_of(world: &World, client: u32, clients: u32) -> impl Iterator<Item = (u32, u32)> {
    let each = (world.users / clients).max(1);
    (0..LINES).map(move |turn| (world.user_at(client, clients, turn), turn / each))
}

/// One caller of the engine.
pub(super) struct Caller {
    engine: Engine,
    world: World,
    turns: Vec<(u32, u32)>,
    turn: usize,
}

impl Caller {
    pub(super) fn new(engine: &Engine, world: &World, client: u32, clients: u32) -> Self {
        let turns = turns_of(world, client, clients).collect();
        Self { engine: engine.clone(), world: world.clone(), turns, turn: 0 }
    }
}

impl Client for Caller {
    async fn turn(&mut self) -> Result<()> {
        let (user, turn) = *self.turns.get(self.turn % self.turns.len()).context("a caller has turns")?;
        self.turn += 1;
        let order = scratch::order(&self.world, self.world.role_of(user, turn));
        let made = self.engine.pam_create(&self.world.actor(user), order).await?;
        made.grant.context("an activation makes a grant")?;
        Ok(())
    }
}
