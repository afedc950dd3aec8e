//! V6: what activations and lists cost with a thousand eligibilities and past requests, and with a million.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context as _, Result, ensure};
use ephor_engine::Engine;
use ephor_store::Store;
use jiff::SignedDuration;

use super::{
    activate::{bare_on, engine_on, turns_of},
    context::{Context, Template, now, runtime},
};
use crate::{
    measure::{
        Client, Outcome,
        load::{self, median},
    },
    report::{Line, Quantity},
    rows::Pattern,
    world::{
        Place, World,
        past::{self, Span},
        scratch::{self, Lesson},
    },
};

const CLIENTS: u32 = 64;

pub(super) fn run(context: &Context) -> Result<Vec<Line>> {
    let runtime = runtime()?;
    let (live, past) = runtime.block_on(async {
        let live = scratch::learn(Lesson::Activation, Place::BuiltIn).await?;
        anyhow::Ok((Arc::new(live), scratch::learn(Lesson::Past, Place::BuiltIn).await?))
    })?;
    let large = if context.quick { 100_000 } else { 1_000_000 };
    let small = runtime.block_on(Site::make(context, 1_000, &past))?;
    let large = runtime.block_on(Site::make(context, large, &past))?;
    let (mut of_small, mut of_large) = (Vec::new(), Vec::new());
    for round in 0..context.rounds() {
        context.say(&format!("round {}", round + 1));
        of_small.push(runtime.block_on(small.measure(context, &live))?);
        of_large.push(runtime.block_on(large.measure(context, &live))?);
    }
    let (of_small, of_large) = (Measured::middle(&of_small)?, Measured::middle(&of_large)?);
    let what = |work: &str| format!("{work}: {} against {} eligibilities and past requests", small.size, large.size);
    let cost = |work: &str, of: fn(&Measured) -> Outcome| {
        let (a, b) = (of(&of_small), of(&of_large));
        Line::new("V6", what(work), Quantity::Times(a.per_second / b.per_second)).detail(format!(
            "{} against {}\n{b}",
            Quantity::Rate(a.per_second),
            Quantity::Rate(b.per_second),
        ))
    };
    let bare = cost("bare store", |measured| measured.bare);
    Ok(vec![
        cost("activate", |measured| measured.activate).at_most(Quantity::Times(1.3)),
        bare,
        cost("list my roles", |measured| measured.roles).at_most(Quantity::Times(1.3)),
        cost("list my requests", |measured| measured.requests).at_most(Quantity::Times(1.3)),
        Line::new("V6", format!("file with {} of each", large.size), Quantity::Bytes(large.bytes))
            .detail(large.loading.clone()),
    ])
}

/// A loaded store, kept over all rounds: what a round adds is little beside what is there.
struct Site {
    size: u32,
    bytes: u64,
    loading: String,
    template: Template,
    bare: PathBuf,
}

impl Site {
    async fn make(context: &Context, size: u32, past: &Pattern) -> Result<Self> {
        let template = Template::make(World::of_eligibilities(size)).await?;
        context.say(&format!("{size} eligibilities loaded in {}", Quantity::Time(template.load_time)));
        let now = now();
        let span = Span {
            count: size,
            from: now - SignedDuration::from_hours(20 * 24),
            to: now - SignedDuration::from_hours(6),
        };
        let loaded = past::load(&template.path, past, &template.world, &span)?;
        context.say(&format!(
            "{size} past requests loaded in {}, {} on disk",
            Quantity::Time(loaded.took),
            Quantity::Bytes(loaded.bytes)
        ));
        let bare = template.copy("bare.db")?;
        let loading = format!(
            "each past request: {}\neligibilities in {}, past in {}",
            past.summary(),
            Quantity::Time(template.load_time),
            Quantity::Time(loaded.took)
        );
        Ok(Self { size, bytes: loaded.bytes, loading, template, bare })
    }

    async fn measure(&self, context: &Context, live: &Arc<Pattern>) -> Result<Measured> {
        let (world, path) = (&self.template.world, &self.template.path);
        let store = Store::open(&scratch::sqlite(path)).await?;
        let engine = scratch::live_engine(&store);
        let lists = |list| (0..CLIENTS).map(move |client| (client, list));
        let mut measured = Vec::new();
        for list in [List::Roles, List::Requests] {
            let readers = lists(list).map(|(client, list)| Reader::new(&engine, world, client, list));
            measured.push(load::run(context.load(), readers.collect()).await?);
        }
        store.close().await;
        let [roles, requests] = measured.try_into().ok().context("two lists")?;
        let activate = engine_on(context, world, path, CLIENTS).await?;
        let bare = bare_on(context, world, &self.bare, live, CLIENTS).await?;
        Ok(Measured { activate, bare, roles, requests })
    }
}

#[derive(Debug, Clone, Copy)]
struct Measured {
    activate: Outcome,
    bare: Outcome,
    roles: Outcome,
    requests: Outcome,
}

impl Measured {
    fn middle(rounds: &[Self]) -> Result<Self> {
        let pick = |of: fn(&Self) -> Outcome| median(rounds.iter().map(of).collect()).context("at least one round");
        Ok(Self {
            activate: pick(|m| m.activate)?,
            bare: pick(|m| m.bare)?,
            roles: pick(|m| m.roles)?,
            requests: pick(|m| m.requests)?,
        })
    }
}

#[derive(Debug, Clone, Copy)]
enum List {
    Roles,
    Requests,
}

/// One caller who looks at his lists.
struct Reader {
    engine: Engine,
    world: World,
    users: Vec<u32>,
    list: List,
    turn: usize,
}

impl Reader {
    fn new(engine: &Engine, world: &World, client: u32, list: List) -> Self {
        let users = turns_of(world, client, CLIENTS).map(|(user, _)| user).collect();
        Self { engine: engine.clone(), world: world.clone(), users, list, turn: 0 }
    }
}

impl Client for Reader {
    async fn turn(&mut self) -> Result<()> {
        let user = *self.users.get(self.turn % self.users.len()).context("a reader has users")?;
        self.turn += 1;
        let actor = self.world.actor(user);
        let rows = match self.list {
            List::Roles => self.engine.pam_roles(&actor).await?.len(),
            List::Requests => self.engine.pam_requests(&actor, None, PAGE).await?.rows.len(),
        };
        ensure!(rows >= usize::try_from(self.world.roles_each)?, "{rows} rows for user {user}");
        Ok(())
    }
}

/// As many as a list had before anything was added: the small store's users get more during the run.
const PAGE: u32 = 10;
