//! V3: lists, beside a bare handler that makes the same query.

use std::time::Duration;

use anyhow::{Context as _, Result};
use ephor_store::Store;
use futures_util::future::try_join_all;
use jiff::SignedDuration;

use super::{
    activate::turns_of,
    context::{Context, Template, now, runtime},
};
use crate::{
    floor::http::{BareHttp, Query},
    measure::{
        Outcome,
        http::Connection,
        load::{self, median},
    },
    report::{Line, Quantity},
    world::{
        Place, World,
        past::{self, Span},
        scratch::{self, Lesson},
        served::{HttpCaller, Served},
    },
};

const CLIENTS: u32 = 64;

pub(super) fn run(context: &Context) -> Result<Vec<Line>> {
    let runtime = runtime()?;
    let template = runtime.block_on(async {
        let past = scratch::learn(Lesson::Past, Place::BuiltIn).await?;
        let template = Template::make(World::of_eligibilities(10_000)).await?;
        let now = now();
        let (from, to) = (now - SignedDuration::from_hours(20 * 24), now - SignedDuration::from_hours(6));
        past::load(&template.path, &past, &template.world, &Span { count: 10_000, from, to })?;
        anyhow::Ok(template)
    })?;
    let mut lines = Vec::new();
    for (work, list, query) in [
        ("list my 10 roles", "pamroles", Query::Roles),
        // As many as the face reads at once.
        ("list my 10 requests", "pamrequests", Query::Requests(256)),
    ] {
        context.say(work);
        let (ours, bare) = runtime.block_on(measure(context, &template, list, query))?;
        lines.push(
            Line::new("V3", format!("{work}, 64 clients"), Quantity::Rate(ours.per_second))
                .detail(ours.to_string())
                .floor(format!("bare handler, the same query and bytes\n{bare}"), Quantity::Rate(bare.per_second))
                .ratio_at_least(0.6)
                .other_at_most("p99", Quantity::Time(ours.spread.p99), Quantity::Time(Duration::from_millis(10))),
        );
    }
    Ok(lines)
}

async fn measure(context: &Context, template: &Template, list: &str, query: Query) -> Result<(Outcome, Outcome)> {
    let world = &template.world;
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..context.rounds() {
        let store = Store::open(&scratch::sqlite(&template.path)).await?;
        let served = Served::start(store.clone()).await?;
        let mut first = Connection::open(served.address).await?;
        let length = first.exchange(&world.list_call(0, list)).await?.body.len();
        let callers = try_join_all((0..CLIENTS).map(|client| {
            let calls = turns_of(world, client, CLIENTS).map(|(user, _)| world.list_call(user, list)).collect();
            HttpCaller::connect(served.address, calls, Some(200))
        }));
        ours.push(load::run_apart(context.load(), callers)?);

        let floor = BareHttp::start(store, query, length).await?;
        let callers = try_join_all((0..CLIENTS).map(|client| {
            let calls = turns_of(world, client, CLIENTS).map(|(user, _)| BareHttp::call(world.principal(user).uuid()));
            HttpCaller::connect(floor.address, calls.collect(), Some(200))
        }));
        bare.push(load::run_apart(context.load(), callers)?);
        floor.stop().await;
        served.stop().await?;
    }
    Ok((median(ours).context("a round")?, median(bare).context("a round")?))
}
