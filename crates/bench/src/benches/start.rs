//! O6 and V7: a process of its own over a large store: how soon it serves, and how much memory it takes.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use futures_util::future::try_join_all;
use jiff::SignedDuration;

use super::{
    activate::turns_of,
    context::{Context, Template, now, runtime},
};
use crate::{
    measure::{http::Connection, load},
    report::{Line, Quantity},
    world::{
        Place, World,
        past::{self, Span},
        scratch::{self, Lesson},
        served::HttpCaller,
    },
};

const CLIENTS: u32 = 64;

pub(super) fn run(context: &Context) -> Result<Vec<Line>> {
    let runtime = runtime()?;
    let (live, past) = if context.quick { (10_000, 50_000) } else { (100_000, 1_000_000) };
    let large = runtime.block_on(large(context, live, past))?;
    let fresh = runtime.block_on(Template::make(World::of_eligibilities(10)))?;
    let mut starts = Vec::new();
    for _ in 0..context.rounds().max(3) {
        let started = Instant::now();
        let served = Process::start(&large.path)?;
        runtime.block_on(served.first_list(&large.world))?;
        starts.push(started.elapsed());
    }
    starts.sort_unstable();
    let start = starts.get(starts.len() / 2).copied().unwrap_or_default();

    context.say("memory");
    let idle = runtime.block_on(async {
        let served = Process::start(&fresh.path)?;
        served.first_list(&fresh.world).await?;
        // Whatever starting took is given back, or it is not.
        tokio::time::sleep(Duration::from_secs(2)).await;
        served.resident()
    })?;
    let used = runtime.block_on(async {
        let served = Process::start(&large.path)?;
        served.use_it(context, &large.world).await?;
        served.resident()
    })?;
    Ok(vec![
        Line::new(
            "O6",
            format!("start with {live} live grants and {past} past ones: first list answered"),
            Quantity::Time(start),
        )
        .at_most(Quantity::Time(Duration::from_secs(2))),
        Line::new("V7", "resident, fresh store, idle", Quantity::Bytes(idle)).at_most(Quantity::Bytes(40_000_000)),
        Line::new(
            "V7",
            format!(
                "resident, {} users, {} roles, {past} past requests, after load",
                large.world.users, large.world.roles
            ),
            Quantity::Bytes(used),
        )
        .at_most(Quantity::Bytes(200_000_000)),
    ])
}

async fn large(context: &Context, live: u32, past: u32) -> Result<Template> {
    context.say(&format!("loading {live} live grants and {past} past ones"));
    let rows = scratch::learn(Lesson::Activation, Place::BuiltIn).await?;
    let old_rows = scratch::learn(Lesson::Past, Place::BuiltIn).await?;
    let template =
        Template::make(World { users: live / 10, roles: 1000, roles_each: 10, place: Place::BuiltIn }).await?;
    let now = now();
    let hours = |hours| now - SignedDuration::from_hours(hours);
    past::load(&template.path, &old_rows, &template.world, &Span { count: past, from: hours(20 * 24), to: hours(6) })?;
    let from = now - SignedDuration::from_mins(30);
    past::load(&template.path, &rows, &template.world, &Span { count: live, from, to: now })?;
    Ok(template)
}

/// This program, serving a store.
struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    fn start(store: &Path) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("--serve")
            .arg(store)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let said = child.stdout.take().context("its output is ours")?;
        let mut line = String::new();
        BufReader::new(said).read_line(&mut line)?;
        let address = line.trim().parse().with_context(|| format!("it said {line:?}"))?;
        Ok(Self { child, address })
    }

    async fn first_list(&self, world: &World) -> Result<()> {
        let mut connection = Connection::open(self.address).await?;
        let answer = connection.exchange(&world.list_call(0, "pamroles")).await?;
        ensure!(answer.status == 200, "answered {}", answer.status);
        Ok(())
    }

    async fn use_it(&self, context: &Context, world: &World) -> Result<()> {
        let callers = try_join_all((0..CLIENTS).map(|client| {
            let calls = turns_of(world, client, CLIENTS).flat_map(|(user, turn)| {
                [
                    world.list_call(user, "pamroles"),
                    world.list_call(user, "pamrequests"),
                    world.activation_call(user, turn),
                ]
            });
            HttpCaller::connect(self.address, calls.collect(), None)
        }));
        load::run(context.load(), callers.await?).await?;
        Ok(())
    }

    fn resident(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("the system names its memory")?;
        let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kilobytes * 1024)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Its input ends, and so does it.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
