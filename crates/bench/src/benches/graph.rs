//! Graph: activations, lists at two sizes, the way of a group's activation into LDAP, and scans for alerts.

use std::{sync::Arc, time::Instant};

use anyhow::{Context as _, Result, ensure};
use ephor_domain::{alert::AlertKind, policy::Kind, provider::Provider};
use ephor_store::{Store, tx::line::Lines};
use ephor_testkit::slapd::{BASE, Slapd, SlapdOptions};
use uuid::Uuid;

use super::{
    context::{Context, Template, now, runtime},
    ldap::{Way, directory_of, target_of},
    schedules::{CLIENTS, Grown, List, SLOWEST, activations, pair, stock, tokens},
};
use crate::{
    floor::http::Query,
    measure::{Outcome, http::Connection},
    report::{Line, Quantity},
    world::{
        Place, World, calls,
        faces::Faces,
        lessons::Order,
        scratch,
        tenant::{Family, Tenant},
    },
};

/// V1.
pub(super) fn activate(context: &Context) -> Result<Vec<Line>> {
    activations(context, &runtime()?, Family::Roles, "Graph: activate a directory role")
}

const FAMILY: (Provider, Kind) = (Provider::DirectoryRoles, Kind::Eligibility);
/// People whose own lists are asked for.
const CALLERS: u32 = 512;
/// Clients of the list of a hundred: each call is the work of many.
const FEW: u32 = 8;

/// V3 and V6, and a scan of all.
pub(super) fn lists(context: &Context) -> Result<Vec<Line>> {
    let runtime = runtime()?;
    let count = if context.quick { 20_000 } else { 1_000_000 };
    let orders = [Order::Eligible, Order::Assign];
    let small = runtime.block_on(Site::make(context, 1_000, &orders))?;
    let large = runtime.block_on(Site::make(context, count, &orders))?;
    let (mut own, mut hundred) = (Vec::new(), Vec::new());
    for round in 0..context.rounds() {
        context.say(&format!("round {}", round + 1));
        own.push(runtime.block_on(pair(&small, &large, async |site, floor| site.own(context, floor).await))?);
        hundred.push(runtime.block_on(pair(&small, &large, async |site, floor| site.hundred(context, floor).await))?);
    }
    let (own, hundred) = (Grown::middle(own)?, Grown::middle(hundred)?);
    let size = format!("{count} eligibilities and as many assignments");
    let growth = |work: &str| format!("Graph: {work}: 1000 eligibilities and assignments against {count} of each");
    let bare = "bare handler, the same query and bytes";
    let mut lines =
        vec![
            own.beside_floor("V3", &format!("Graph: filterByCurrentUser, {size}, {CLIENTS} clients"), bare)
                .other_at_most("p99", Quantity::Time(own.large.spread.p99), Quantity::Time(SLOWEST)),
            own.growth(growth("filterByCurrentUser")),
            hundred.beside_floor(
                "V3",
                &format!("Graph: 100 rows with $expand=principal,roleDefinition, {size}, {FEW} clients"),
                bare,
            ),
            hundred.growth(growth("100 rows with $expand")),
        ];
    context.say("scans for alerts");
    lines.extend(runtime.block_on(scan(&large, &size))?);
    Ok(lines)
}

struct Site {
    template: Template<Tenant>,
    people: Vec<u32>,
    tokens: Vec<String>,
    reader: String,
}

impl Site {
    async fn make(context: &Context, count: u32, orders: &[Order]) -> Result<Self> {
        let template = stock(context, Tenant::of(Family::Roles, count), orders).await?;
        let users = template.world.world.users;
        let people: Vec<u32> = (0..users).step_by((users / CALLERS).max(1) as usize).collect();
        let principals = people.iter().map(|person| template.world.world.principal(*person));
        let mut tokens = tokens(&template.path, principals.chain([Tenant::administrator().principal])).await?;
        let reader = tokens.pop().context("the administrator's token")?;
        Ok(Self { template, people, tokens, reader })
    }

    fn person(&self, turn: u32) -> usize {
        turn as usize % self.people.len().max(1)
    }

    async fn own(&self, context: &Context, floor: bool) -> Result<(Outcome, Option<Outcome>)> {
        let token = |turn| self.tokens.get(self.person(turn)).map(String::as_str).unwrap_or_default();
        let principal = |turn| {
            let person = self.people.get(self.person(turn)).copied().unwrap_or_default();
            self.template.world.world.principal(person).uuid()
        };
        let list = List {
            clients: CLIENTS,
            call: &|turn| calls::by_current_user(token(turn)),
            query: Query::Lines(FAMILY.0, FAMILY.1),
            about: &principal,
        };
        list.measure(context.short(), &self.template.path, floor).await
    }

    async fn hundred(&self, context: &Context, floor: bool) -> Result<(Outcome, Option<Outcome>)> {
        // Pages from all over the list, and whole ones: the last tenth of all keys is left out.
        let place = |turn: u32| Uuid::from_u128((u128::from(turn.wrapping_mul(0x9e37_79b9)) * 9 / 10) << 96);
        let list = List {
            clients: FEW,
            call: &|turn| calls::hundred(place(turn), &self.reader),
            query: Query::Page(FAMILY.0, FAMILY.1, 101),
            about: &place,
        };
        list.measure(context.short(), &self.template.path, floor).await
    }
}

/// All alerts of directory roles, over all that the store holds; beside it, reading the lines and nothing else.
async fn scan(site: &Site, size: &str) -> Result<Vec<Line>> {
    let store = Store::open(&scratch::sqlite(&site.template.path)).await?;
    let engine = scratch::live_engine(&store);
    let begun = Instant::now();
    let mut read = 0;
    for kind in [Kind::Eligibility, Kind::Assignment] {
        let mut after = None;
        loop {
            let page = store
                .read(move |tx| {
                    Box::pin(async move { tx.lines(Provider::DirectoryRoles, kind, &Lines::All, after, 1000).await })
                })
                .await?;
            read += page.len();
            after = page.last().map(|row| row.line.id);
            if page.len() < 1000 {
                break;
            }
        }
    }
    let bare = begun.elapsed();
    ensure!(read >= 2 * site.template.world.lines() as usize, "{read} lines");
    let mut lines = Vec::new();
    let begun = Instant::now();
    engine.scan_alerts(None).await?;
    let whole = begun.elapsed();
    let found = engine.alerts(&Tenant::administrator()).await?;
    let found: Vec<String> =
        found.iter().filter(|row| row.active).map(|row| format!("{} {}", row.incidents, row.kind.word())).collect();
    lines.push(
        Line::new("V", format!("Graph: scan for all alerts, {size}"), Quantity::Time(whole))
            .detail(format!("found {}", found.join(", ")))
            .floor(format!("reading the {read} lines alone"), Quantity::Time(bare)),
    );
    let begun = Instant::now();
    engine.scan_alerts(Some(AlertKind::RedundantAssignment)).await?;
    lines.push(Line::new("V", "Graph: scan for eligibilities that nobody uses", Quantity::Time(begun.elapsed())));
    store.close().await;
    Ok(lines)
}

/// V5 of a group.
pub(super) fn ldap(context: &Context) -> Result<Vec<Line>> {
    runtime()?.block_on(in_ldap(context))
}

async fn in_ldap(context: &Context) -> Result<Vec<Line>> {
    let samples = if context.quick { 40 } else { 300 };
    let world = World { users: samples, roles: 20, roles_each: 2, place: Place::Ldap(BASE.to_owned()) };
    let tenant = Tenant { world: world.clone(), family: Family::Groups };
    context.say("starting slapd, with fsync");
    let slapd = Slapd::start(SlapdOptions { sync: true, ..directory_of(&world, false) })?;
    let template = Template::with(tenant.clone(), async |tenant, store| tenant.load(store, now()).await).await?;
    let store = Store::open(&scratch::sqlite(&template.path)).await?;
    let target = target_of(&slapd, &world)?;
    let faces = Faces::start(&store, vec![target]).await?;
    for person in 0..samples {
        tenant.order(&faces.engine, Order::Eligible, person, 0).await?;
    }
    let mut calls = Vec::new();
    for person in 0..samples {
        let token = faces.token(world.principal(person)).await?;
        calls.push(tenant.activation_call(person, 0, &token));
    }
    context.say(&format!("{samples} activations over HTTP, one at a time"));
    let connection = Arc::new(tokio::sync::Mutex::new(Connection::open(faces.served.address).await?));
    let way = Way::walk(&slapd, &world, async |person| {
        let call = calls.get(person as usize).cloned().context("a call for each")?;
        let connection = Arc::clone(&connection);
        Ok(tokio::spawn(async move {
            let mut connection = connection.lock().await;
            let answer = connection.exchange(&call).await?;
            let said = String::from_utf8_lossy(answer.body);
            ensure!(answer.status == 201, "answered {}: {said}", answer.status);
            ensure!(said.contains("\"Provisioned\""), "the answer did not wait for the directory: {said}");
            Ok(Instant::now())
        }))
    })
    .await?;
    faces.stop().await?;
    Ok(way.lines("Graph: group activation over HTTP"))
}
