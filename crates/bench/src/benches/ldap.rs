//! V5: from the call to the membership in the directory, nothing else going on.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use ephor_connect::{LdapConfig, LdapTarget};
use ephor_domain::grant::Phase;
use ephor_engine::port::{SystemClock, target::TargetDirectory};
use ephor_store::Store;
use ephor_testkit::slapd::{BASE, CONNECTOR_DN, CONNECTOR_PASSWORD, Group, GroupKind, Slapd, SlapdOptions};
use tokio::task::JoinHandle;

use super::context::{Context, Template, runtime};
use crate::{
    floor::ldap::Directory,
    measure::{Latencies, Spread},
    report::{Line, Quantity},
    world::{Place, World, scratch},
};

pub(super) fn run(context: &Context) -> Result<Vec<Line>> {
    runtime()?.block_on(measure(context))
}

async fn measure(context: &Context) -> Result<Vec<Line>> {
    let samples = if context.quick { 40 } else { 300 };
    let world = World { users: samples, roles: 20, roles_each: 2, place: Place::Ldap(BASE.to_owned()) };
    context.say("starting slapd, with fsync");
    let slapd = Slapd::start(SlapdOptions { sync: true, ..directory_of(&world, false) })?;
    let template = Template::make(world.clone()).await?;
    let store = Store::open(&scratch::sqlite(&template.path)).await?;
    let engine = scratch::engine(&store, Arc::new(SystemClock::default()), vec![target_of(&slapd, &world)?]);
    let workers = engine.run();
    context.say(&format!("{samples} activations, one at a time"));
    let way = Way::walk(&slapd, &world, async |user| {
        let (engine, actor, order) =
            (engine.clone(), world.actor(user), scratch::order(&world, world.role_of(user, 0)));
        Ok(tokio::spawn(async move {
            let made = engine.pam_create(&actor, order).await?;
            let phase = made.grant.context("an activation makes a grant")?.phase;
            ensure!(matches!(phase, Phase::InForce { .. }), "the answer did not wait for the directory: {phase:?}");
            Ok(Instant::now())
        }))
    })
    .await?;
    workers.stop().await;
    store.close().await;
    Ok(way.lines("activation"))
}

/// How long things took until a membership was seen in a directory.
pub(super) struct Way {
    visible: Spread,
    answered: Spread,
    raw: Spread,
}

impl Way {
    /// Lets every user of `world` have the group of his first turn by `activate`, which says when it was answered, and that
    /// of the second by a raw modify.
    pub(super) async fn walk<A>(slapd: &Slapd, world: &World, activate: A) -> Result<Self>
    where
        A: AsyncFn(u32) -> Result<JoinHandle<Result<Instant>>>,
    {
        let (mut witness, writer) = (Directory::witness(slapd).await?, Directory::writer(slapd).await?);
        let (mut visible, mut answered, mut raw) = (Latencies::default(), Latencies::default(), Latencies::default());
        for user in 0..world.users {
            let (mine, floors) = (world.role_of(user, 0), world.role_of(user, 1));
            let asked = Instant::now();
            let call = activate(user).await?;
            let seen = witness.wait_for(mine, user, true).await?;
            let done = call.await??;

            let wrote = Instant::now();
            let floor = {
                let mut writer = writer.clone();
                tokio::spawn(async move { writer.change(floors, &[user], true).await })
            };
            let floor_seen = witness.wait_for(floors, user, true).await?;
            floor.await??;
            // The first one dials, binds and takes the lease.
            if user > 0 {
                visible.record(seen - asked);
                answered.record(done - asked);
                raw.record(floor_seen - wrote);
            }
        }
        Ok(Self { visible: visible.spread(), answered: answered.spread(), raw: raw.spread() })
    }

    /// As the promise has it.
    pub(super) fn lines(&self, work: &str) -> Vec<Line> {
        let Self { visible, answered, raw } = self;
        let over = visible.p50.saturating_sub(raw.p50);
        vec![
            Line::new(
                "V5",
                format!("{work} → member in LDAP (slapd with fsync), idle, p50"),
                Quantity::Time(visible.p50),
            )
            .detail(visible.to_string())
            .floor(format!("raw modify → member\n{raw}"), Quantity::Time(raw.p50))
            .other_at_most("over the floor", Quantity::Time(over), Quantity::Time(Duration::from_millis(10)))
            .other_at_most("p99", Quantity::Time(visible.p99), Quantity::Time(Duration::from_millis(100))),
            Line::new("V5", format!("{work} → answer that says it is in force, p50"), Quantity::Time(answered.p50))
                .detail(answered.to_string()),
        ]
    }
}

/// A directory with the users and groups of a world; the groups full or empty.
pub(super) fn directory_of(world: &World, full: bool) -> SlapdOptions {
    let members = |role: u32| {
        let eligible = |user: &u32| (0..world.roles_each).any(|turn| world.role_of(*user, turn) == role);
        (0..world.users).filter(eligible).map(|user| format!("user{}", user + 1)).collect()
    };
    let group = |role| Group {
        name: format!("role{role}"),
        kind: GroupKind::Members,
        members: if full { members(role) } else { Vec::new() },
    };
    SlapdOptions { users: world.users, groups: (0..world.roles).map(group).collect(), ..SlapdOptions::default() }
}

/// The directory as a target of the engine.
pub(super) fn target_of(slapd: &Slapd, world: &World) -> Result<Arc<dyn TargetDirectory>> {
    let config: LdapConfig = serde_json::from_value(serde_json::json!({
        "url": slapd.url(),
        "bind_dn": CONNECTOR_DN,
        "password": CONNECTOR_PASSWORD,
        "base_dn": BASE,
    }))?;
    Ok(Arc::new(LdapTarget::new(world.target(), config)?))
}
