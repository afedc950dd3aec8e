//! What Graph and ARM have in common: activations, and lists beside bare handlers.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use ephor_domain::id::PrincipalId;
use ephor_engine::{Engine, port::SystemEntropy};
use ephor_store::Store;
use futures_util::future::try_join_all;
use jiff::SignedDuration;
use tokio::runtime::Runtime;
use uuid::Uuid;

use super::context::{Context, Template, now};
use crate::{
    floor::{
        http::{BareHttp, Query},
        sqlite::BareSqlite,
    },
    measure::{
        Client, Load, Outcome,
        http::Connection,
        load::{self, median},
    },
    report::{Line, Quantity},
    rows::Pattern,
    world::{
        faces::Faces,
        lessons::{self, Order},
        past::{Loader, Span},
        scratch,
        served::HttpCaller,
        tenant::{Family, Tenant},
    },
};

/// Clients of V1 and V3.
pub(super) const CLIENTS: u32 = 64;

/// What stands in a tenant's store: for each line of it, what these orders write.
pub(super) async fn stock(context: &Context, tenant: Tenant, orders: &[Order]) -> Result<Template<Tenant>> {
    let words: Vec<String> = orders.iter().map(|order| format!("{order:?}")).collect();
    let name = format!("{:?}-{}-{}.db", tenant.family, tenant.lines(), words.join("-")).to_lowercase();
    let kept = context.stores.as_ref().map(|folder| folder.join(name));
    if let Some(path) = kept.as_ref().filter(|path| path.exists()) {
        context.say(&format!("the store of an earlier run: {}", path.display()));
        return Template::kept(tenant, path.clone());
    }
    let mut patterns = Vec::new();
    for order in orders {
        let pattern = lessons::learn(tenant.family, *order).await?;
        context.say(&format!("{order:?}: {}", pattern.summary()));
        patterns.push(pattern);
    }
    let mut template = Template::with(tenant, async |tenant, store| {
        tenant.load(store, now()).await?;
        // The keys that sign tokens: copies know them then.
        Faces::start(store, Vec::new()).await?.stop().await
    })
    .await?;
    let hours = |hours| now() - SignedDuration::from_hours(hours);
    let mut loader = Loader::open(&template.path)?;
    loader.indexes_later(&patterns.iter().collect::<Vec<_>>())?;
    let tenant = &template.world;
    let span = Span { count: tenant.lines(), from: hours(60 * 24), to: hours(24) };
    let each = tenant.world.roles_each;
    for pattern in &patterns {
        loader.runs(pattern, &span, |run| tenant.line(run / each, run % each))?;
    }
    let loaded = loader.finish()?;
    context.say(&format!(
        "{} people in {}, {} lines each of {} orders in {}, {} on disk",
        tenant.world.users,
        Quantity::Time(template.load_time),
        span.count,
        patterns.len(),
        Quantity::Time(loaded.took),
        Quantity::Bytes(loaded.bytes)
    ));
    if let Some(path) = kept {
        template.keep(path)?;
    }
    Ok(template)
}

/// Tokens of people, signed by the keys of a store.
pub(super) async fn tokens(path: &Path, people: impl Iterator<Item = PrincipalId>) -> Result<Vec<String>> {
    let store = Store::open(&scratch::sqlite(path)).await?;
    let faces = Arc::new(Faces::start(&store, Vec::new()).await?);
    let people: Vec<PrincipalId> = people.collect();
    let mut signing = Vec::new();
    for share in people.chunks(people.len().div_ceil(2).max(1)) {
        let (faces, share) = (Arc::clone(&faces), share.to_vec());
        signing.push(tokio::spawn(async move {
            let mut signed = Vec::with_capacity(share.len());
            for principal in share {
                signed.push(faces.token(principal).await?);
            }
            anyhow::Ok(signed)
        }));
    }
    let mut signed = Vec::with_capacity(people.len());
    for share in signing {
        signed.extend(share.await??);
    }
    Arc::into_inner(faces).context("nobody signs any more")?.stop().await?;
    Ok(signed)
}

/// V1: activations at the built-in target through a face, without it, and the bare store.
pub(super) fn activations(context: &Context, runtime: &Runtime, family: Family, work: &str) -> Result<Vec<Line>> {
    // Each line is activated once: who holds a role does not activate it again.
    let tenant = if context.quick { Tenant::with(family, 1_000, 25) } else { Tenant::with(family, 4_000, 25) };
    let (pattern, template, tokens) = runtime.block_on(async {
        let pattern = Arc::new(lessons::learn(family, Order::Activate).await?);
        context.say(&format!("an activation writes {}", pattern.summary()));
        let template = stock(context, tenant, &[Order::Eligible]).await?;
        let people = (0..template.world.world.users).map(|person| template.world.world.principal(person));
        let tokens = tokens(&template.path, people).await?;
        context.say(&format!("{} tokens signed", tokens.len()));
        anyhow::Ok((pattern, template, tokens))
    })?;
    let (mut bare, mut engine, mut http) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..context.rounds() {
        context.say(&format!("{CLIENTS} clients, round {}", round + 1));
        bare.push(runtime.block_on(bare_store(context.load(), &template, &pattern))?);
        engine.push(runtime.block_on(engine_alone(context.load(), &template))?);
        http.push(runtime.block_on(over_http(context.load(), &template, &tokens))?);
    }
    let middle = |outcomes| median(outcomes).context("at least one round");
    let (bare, engine, http) = (middle(bare)?, middle(engine)?, middle(http)?);
    let floor = Quantity::Rate(bare.per_second);
    let rows = format!("bare store, the same rows ({})\n{bare}", pattern.summary());
    Ok(vec![
        Line::new("V1", format!("{work} over HTTP, {CLIENTS} clients"), Quantity::Rate(http.per_second))
            .detail(http.to_string())
            .floor(rows, floor)
            .at_least(Quantity::Rate(10_000.0))
            .ratio_at_least(0.6),
        Line::new("V1", "the same without HTTP", Quantity::Rate(engine.per_second))
            .detail(engine.to_string())
            .floor("bare store", floor),
    ])
}

/// People and turns of a client: another of its people each time, another line once all had theirs.
fn turns(tenant: &Tenant, client: u32) -> impl Iterator<Item = (u32, u32)> {
    let (people, each) = (tenant.world.users, tenant.world.roles_each);
    (0..each).flat_map(move |turn| (client..people).step_by(CLIENTS as usize).map(move |person| (person, turn)))
}

async fn bare_store(load: Load, template: &Template<Tenant>, pattern: &Arc<Pattern>) -> Result<Outcome> {
    let store = BareSqlite::open(&template.copy("bare.db")?, pattern)?;
    let entropy = Arc::new(SystemEntropy::default());
    let tenant = &template.world;
    let callers = (0..CLIENTS).map(|client| {
        let lines = turns(tenant, client).map(|(person, turn)| tenant.line(person, turn)).collect();
        store.client(pattern, &entropy, lines)
    });
    let outcome = load::run(load, callers.collect()).await?;
    store.close()?;
    Ok(outcome)
}

async fn engine_alone(load: Load, template: &Template<Tenant>) -> Result<Outcome> {
    let store = Store::open(&scratch::sqlite(&template.copy("engine.db")?)).await?;
    let engine = scratch::live_engine(&store);
    let workers = engine.run();
    let callers = (0..CLIENTS).map(|client| Activating {
        engine: engine.clone(),
        tenant: template.world.clone(),
        turns: turns(&template.world, client).collect(),
        turn: 0,
    });
    let outcome = load::run(load, callers.collect()).await?;
    workers.stop().await;
    store.close().await;
    Ok(outcome)
}

async fn over_http(load: Load, template: &Template<Tenant>, tokens: &[String]) -> Result<Outcome> {
    let store = Store::open(&scratch::sqlite(&template.copy("http.db")?)).await?;
    let faces = Faces::start(&store, Vec::new()).await?;
    let (address, tenant) = (faces.served.address, &template.world);
    let callers = try_join_all((0..CLIENTS).map(|client| {
        let calls = turns(tenant, client).filter_map(|(person, turn)| {
            tokens.get(person as usize).map(|token| tenant.activation_call(person, turn, token))
        });
        HttpCaller::connect(address, calls.collect(), Some(201))
    }));
    let outcome = load::run_apart(load, callers)?;
    faces.stop().await?;
    Ok(outcome)
}

/// One who activates by the engine.
struct Activating {
    engine: Engine,
    tenant: Tenant,
    turns: Vec<(u32, u32)>,
    turn: usize,
}

impl Client for Activating {
    async fn turn(&mut self) -> Result<()> {
        let (person, turn) = *self.turns.get(self.turn).context("everything was activated: the tenant is too small")?;
        self.turn += 1;
        self.tenant.order(&self.engine, Order::Activate, person, turn).await
    }
}

/// A list, its calls and those of its floor.
pub(super) struct List<'l> {
    /// How many ask at once.
    pub(super) clients: u32,
    /// The call of a client at a turn.
    pub(super) call: &'l (dyn Fn(u32) -> Vec<u8> + Sync),
    /// The same query.
    pub(super) query: Query,
    /// What the bare handler is asked about.
    pub(super) about: &'l (dyn Fn(u32) -> Uuid + Sync),
}

/// Calls that a client makes in turn.
const TURNS: u32 = 64;

impl List<'_> {
    fn calls<T>(&self, client: u32, call: impl Fn(u32) -> T) -> Vec<T> {
        (0..TURNS).map(|turn| call(turn * self.clients + client)).collect()
    }

    /// Over HTTP, and the floor if it is asked for.
    pub(super) async fn measure(&self, load: Load, path: &Path, floor: bool) -> Result<(Outcome, Option<Outcome>)> {
        let store = Store::open(&scratch::sqlite(path)).await?;
        let faces = Faces::start(&store, Vec::new()).await?;
        let address = faces.served.address;
        let length = Connection::open(address).await?.exchange(&(self.call)(0)).await?.body.len();
        let callers = try_join_all(
            (0..self.clients).map(|client| HttpCaller::connect(address, self.calls(client, self.call), None)),
        );
        let ours = load::run_apart(load, callers)?;
        let mut bare = None;
        if floor {
            let floor = BareHttp::start(store, self.query, length).await?;
            let call = |turn| BareHttp::call((self.about)(turn));
            let callers = try_join_all(
                (0..self.clients).map(|client| HttpCaller::connect(floor.address, self.calls(client, call), None)),
            );
            bare = Some(load::run_apart(load, callers)?);
            floor.stop().await;
        }
        faces.stop().await?;
        Ok((ours, bare))
    }
}

/// Small with nothing, large with its floor.
pub(super) async fn pair<S, T>(small: &S, large: &S, measure: T) -> Result<(Outcome, Outcome, Outcome)>
where
    T: AsyncFn(&S, bool) -> Result<(Outcome, Option<Outcome>)>,
{
    let (of_small, _) = measure(small, false).await?;
    let (of_large, bare) = measure(large, true).await?;
    Ok((of_small, of_large, bare.context("a floor")?))
}

/// The same calls against a small and a large store, in turns.
pub(super) struct Grown {
    pub(super) small: Outcome,
    pub(super) large: Outcome,
    pub(super) bare: Outcome,
}

impl Grown {
    pub(super) fn middle(rounds: Vec<(Outcome, Outcome, Outcome)>) -> Result<Self> {
        let pick = |of: fn(&(Outcome, Outcome, Outcome)) -> Outcome| {
            median(rounds.iter().map(of).collect()).context("at least one round")
        };
        Ok(Self { small: pick(|it| it.0)?, large: pick(|it| it.1)?, bare: pick(|it| it.2)? })
    }

    /// What it costs at the large size beside the floor there.
    pub(super) fn beside_floor(&self, promise: &'static str, work: &str, floor: &str) -> Line {
        Line::new(promise, work, Quantity::Rate(self.large.per_second))
            .detail(self.large.to_string())
            .floor(format!("{floor}\n{}", self.bare), Quantity::Rate(self.bare.per_second))
            .ratio_at_least(0.6)
    }

    /// How much more it costs at the large size.
    pub(super) fn growth(&self, work: String) -> Line {
        Line::new("V6", work, Quantity::Times(self.small.per_second / self.large.per_second))
            .detail(format!(
                "{} against {}\n{} against\n{}",
                Quantity::Rate(self.small.per_second),
                Quantity::Rate(self.large.per_second),
                self.small.spread,
                self.large.spread
            ))
            .at_most(Quantity::Times(1.3))
    }
}

/// Ten milliseconds: what V3 wants of the slowest of a hundred.
pub(super) const SLOWEST: Duration = Duration::from_millis(10);
