//! V8: the same on PostgreSQL.

use std::{process::Command, sync::Arc, time::Duration};

use anyhow::{Context as _, Result, bail};
use ephor_store::{Location, Options, Store};
use ephor_testkit::postgres::{Cluster, ClusterOptions};

use super::{
    activate::{Caller, lines_of},
    context::{Context, now, runtime},
};
use crate::{
    floor::postgres::BarePostgres,
    measure::{
        Outcome,
        load::{self, median},
    },
    report::{Line, Quantity},
    rows::Pattern,
    world::{
        Place, World,
        scratch::{self, Lesson},
    },
};

pub(super) fn run(context: &Context) -> Result<Vec<Line>> {
    runtime()?.block_on(measure(context))
}

async fn measure(context: &Context) -> Result<Vec<Line>> {
    let pattern = Arc::new(scratch::learn(Lesson::Activation, Place::BuiltIn).await?);
    context.say("a durable cluster");
    let cluster = Arc::new(Cluster::start(&ClusterOptions { durable: true, ..ClusterOptions::default() })?);
    let world = World::of_eligibilities(if context.quick { 1_000 } else { 10_000 });
    let (ours, bares) = (cluster.database()?, cluster.database()?);
    for url in [ours.url(), bares.url()] {
        let store = open(url).await?;
        world.load(&store, now()).await?;
        store.close().await;
    }
    let scale = if context.quick { 2 } else { 20 };
    let pgbench = Pgbench::new(&cluster.url("postgres"), scale)?;
    let mut lines = Vec::new();
    for clients in [16_u32, 64] {
        let (mut engines, mut bare, mut tpcb) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..context.rounds() {
            context.say(&format!("{clients} clients, round {}", round + 1));
            bare.push(bare_on(context, &world, bares.url(), &pattern, clients).await?);
            engines.push(engine_on(context, &world, ours.url(), clients).await?);
            tpcb.push(pgbench.run(clients, context.load().measured)?);
        }
        tpcb.sort_by(f64::total_cmp);
        let (engine, bare) = (median(engines).context("a round")?, median(bare).context("a round")?);
        let tpcb = tpcb.get(tpcb.len() / 2).copied().unwrap_or_default();
        lines.push(
            Line::new("V8", format!("activate, PostgreSQL, {clients} clients"), Quantity::Rate(engine.per_second))
                .detail(format!("{}\npgbench tpc-b, scale {scale}: {}", engine, Quantity::Rate(tpcb)))
                .floor("bare store, the same rows in one statement", Quantity::Rate(bare.per_second))
                .ratio_at_least(0.6),
        );
    }
    Ok(lines)
}

async fn open(url: &str) -> Result<Store> {
    let location: Location = url.parse()?;
    Ok(Store::open(&location).await?)
}

async fn engine_on(context: &Context, world: &World, url: &str, clients: u32) -> Result<Outcome> {
    let store = open(url).await?;
    let engine = scratch::live_engine(&store);
    let workers = engine.run();
    let callers = (0..clients).map(|client| Caller::new(&engine, world, client, clients));
    let outcome = load::run(context.load(), callers.collect()).await?;
    workers.stop().await;
    store.close().await;
    Ok(outcome)
}

async fn bare_on(context: &Context, world: &World, url: &str, pattern: &Arc<Pattern>, clients: u32) -> Result<Outcome> {
    let store = BarePostgres::open(url, Options::default().connections, pattern).await?;
    let callers = (0..clients).map(|client| store.client(lines_of(world, client, clients)));
    load::run(context.load(), callers.collect()).await
}

/// PostgreSQL's own benchmark, for scale.
struct Pgbench {
    url: String,
}

impl Pgbench {
    fn new(url: &str, scale: u32) -> Result<Self> {
        let made = Command::new("pgbench").args(["-i", "-q", "-s", &scale.to_string(), url]).output();
        let made = made.context("pgbench comes with PostgreSQL")?;
        if !made.status.success() {
            bail!("pgbench: {}", String::from_utf8_lossy(&made.stderr));
        }
        Ok(Self { url: url.to_owned() })
    }

    /// Transactions a second.
    fn run(&self, clients: u32, time: Duration) -> Result<f64> {
        let (clients, seconds) = (clients.to_string(), time.as_secs().max(1).to_string());
        let ran =
            Command::new("pgbench").args(["-n", "-j", "2", "-c", &clients, "-T", &seconds, &self.url]).output()?;
        let said = String::from_utf8_lossy(&ran.stdout);
        let tps = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        tps.with_context(|| format!("pgbench said {said} {}", String::from_utf8_lossy(&ran.stderr)))
    }
}
