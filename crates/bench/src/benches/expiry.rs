//! R1: ends at a directory, seen by somebody outside: ten thousand in one instant, and one at a time.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use ephor_engine::port::{Clock, SystemClock};
use ephor_store::Store;
use ephor_testkit::slapd::{BASE, Slapd};
use jiff::SignedDuration;

use super::{
    context::{Context, Template, now, runtime},
    ldap::{directory_of, target_of},
};
use crate::{
    floor::ldap::Directory,
    measure::Latencies,
    report::{Line, Quantity},
    rows::Pattern,
    world::{
        Place, World,
        past::{self, Span},
        scratch::{self, Lesson, TTL},
    },
};

/// Groups written at once by the floor: as many as the reconciler.
const AT_ONCE: usize = 8;

pub(super) fn run(context: &Context) -> Result<Vec<Line>> {
    runtime()?.block_on(async {
        let pattern = scratch::learn(Lesson::Activation, Place::Ldap(BASE.to_owned())).await?;
        context.say(&format!("a live grant is {}", pattern.summary()));
        let mut lines = crowd(context, &pattern).await?;
        lines.extend(singles(context, &pattern).await?);
        Ok(lines)
    })
}

/// So many grants, twenty a user, fifty a group, all with the same end.
async fn crowd(context: &Context, pattern: &Pattern) -> Result<Vec<Line>> {
    let (users, roles) = if context.quick { (50, 20) } else { (500, 200) };
    let world = World { users, roles, roles_each: 20, place: Place::Ldap(BASE.to_owned()) };
    let grants = u32::try_from(world.eligibilities())?;
    context.say(&format!("{grants} live grants in {roles} groups, slapd without fsync"));
    let slapd = Slapd::start(directory_of(&world, true))?;
    let mut witness = Directory::witness(&slapd).await?;
    let writer = Directory::writer(&slapd).await?;
    let template = Template::make(world.clone()).await?;

    let end = now() + SignedDuration::from_secs(if context.quick { 5 } else { 12 });
    let started = end - SignedDuration::from_secs(TTL.try_into()?);
    past::load(&template.path, pattern, &world, &Span { count: grants, from: started, to: started })?;
    let store = Store::open(&scratch::sqlite(&template.path)).await?;
    let clock = SystemClock::default();
    let engine = scratch::engine(&store, Arc::new(clock.clone()), vec![target_of(&slapd, &world)?]);
    let workers = engine.run();
    ensure!(clock.now() < end, "loading took longer than the grants last");
    clock.wait_until(end).await;
    let over = Instant::now();
    let still = witness.groups_with_members().await?;
    let gone = witness.wait_for_nobody().await? - over;
    ensure!(still > 0, "the groups were empty at the end already");
    let recorded = settled(&store, &template).await? - over;
    workers.stop().await;
    store.close().await;

    context.say("the same memberships, raw: one modify a group");
    let groups: Vec<(u32, Vec<u32>)> = (0..roles).map(|role| (role, members(&world, role))).collect();
    let mut raw = Vec::new();
    for _ in 0..context.rounds() {
        writer.change_all(&groups, true, AT_ONCE).await?;
        let begun = Instant::now();
        let (wrote, seen) = tokio::join!(writer.change_all(&groups, false, AT_ONCE), witness.wait_for_nobody());
        wrote?;
        raw.push(seen? - begun);
    }
    raw.sort_unstable();
    let raw = raw.get(raw.len() / 2).copied().unwrap_or_default();
    let work = format!("{grants} grants in {roles} groups end in one instant: all gone");
    Ok(vec![
        Line::new("R1", work, Quantity::Time(gone))
            .detail(format!("recorded as ended after {}", Quantity::Time(recorded)))
            .floor(format!("raw coalesced modifies, {AT_ONCE} at once"), Quantity::Time(raw))
            .at_most(Quantity::Time(Duration::from_secs(5)))
            .ratio_at_most(1.5),
    ])
}

/// When the store has no membership left that is to be removed.
async fn settled(store: &Store, template: &Template) -> Result<Instant> {
    let target = template.world.target();
    loop {
        let next = store.read(move |tx| Box::pin(async move { tx.next_due_membership(target).await })).await?;
        if next.is_none() {
            return Ok(Instant::now());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn members(world: &World, role: u32) -> Vec<u32> {
    let eligible = |user: &u32| (0..world.roles_each).any(|turn| world.role_of(*user, turn) == role);
    (0..world.users).filter(eligible).collect()
}

/// One end after the other, each in a group of its own.
async fn singles(context: &Context, pattern: &Pattern) -> Result<Vec<Line>> {
    let count: u32 = if context.quick { 40 } else { 400 };
    let apart = SignedDuration::from_millis(50);
    let world = World { users: count, roles: count, roles_each: 1, place: Place::Ldap(BASE.to_owned()) };
    context.say(&format!("{count} single ends, 50 ms apart"));
    let slapd = Slapd::start(directory_of(&world, true))?;
    let mut witness = Directory::witness(&slapd).await?;
    let template = Template::make(world.clone()).await?;
    let first = now() + SignedDuration::from_secs(3);
    let ttl = SignedDuration::from_secs(TTL.try_into()?);
    let span = Span { count, from: first - ttl, to: first - ttl + apart * i32::try_from(count)? };
    past::load(&template.path, pattern, &world, &span)?;
    let store = Store::open(&scratch::sqlite(&template.path)).await?;
    let clock = SystemClock::default();
    let engine = scratch::engine(&store, Arc::new(clock.clone()), vec![target_of(&slapd, &world)?]);
    let workers = engine.run();
    let (begun, begun_at) = (Instant::now(), clock.now());
    let mut lags = Latencies::default();
    for user in 0..count {
        let end = first + apart * i32::try_from(user)?;
        clock.wait_until(end).await;
        let seen = witness.wait_for(world.role_of(user, 0), user, false).await?;
        lags.record((begun_at + (seen - begun)).duration_since(end).try_into().unwrap_or_default());
    }
    workers.stop().await;
    store.close().await;
    let lags = lags.spread();
    Ok(vec![
        Line::new("R1", "single ends: lag to absence in LDAP, p99", Quantity::Time(lags.p99))
            .detail(lags.to_string())
            .at_most(Quantity::Time(Duration::from_millis(250))),
    ])
}
