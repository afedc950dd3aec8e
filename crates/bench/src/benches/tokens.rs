//! Signed tokens: validation beside the bare signature check of the cryptographic library, one core; and what a sign-in
//! with a password takes.

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use ephor_domain::{
    id::{PersonId, PrincipalId},
    principal::{Principal, PrincipalKind},
};
use ephor_engine::port::{Clock, Entropy, SystemClock, SystemEntropy};
use ephor_identity::{
    Accepted, Bearers, Identity, KeyPorts, KeyRing, KeySettings, Ports, Presented, Sealer, Settings, StoreJournal,
    StoreVault, TokenRules,
    jose::{Algorithm, VerifyingKey},
    password::{Cost, hash_password},
    record::sealer,
};
use ephor_store::{Store, tx::credential::Credential};
use ephor_testkit::WorkDir;
use http::{HeaderMap, HeaderValue, header};
use jiff::SignedDuration;
use serde_json::json;
use uuid::Uuid;

use super::context::{Context, runtime};
use crate::{
    report::{Line, Quantity},
    world::scratch::sqlite,
};

const URL: &str = "https://ephor.example";
const TENANT: Uuid = Uuid::from_u128(1);
const USER: Uuid = Uuid::from_u128(2);
const PASSWORD: &str = "correct horse battery staple";

pub(super) fn run(context: &Context) -> Result<Vec<Line>> {
    // One thread: the figure is that of one core.
    let alone = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut lines = Vec::new();
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
        lines.extend(alone.block_on(validation(context, algorithm))?);
    }
    lines.push(runtime()?.block_on(sign_in(context))?);
    Ok(lines)
}

struct World {
    identity: Identity,
    keys: Arc<KeyRing>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    store: Store,
    _directory: WorkDir,
}

async fn world(algorithm: Algorithm) -> Result<World> {
    let directory = WorkDir::new("bench")?;
    let store = Store::open(&sqlite(&directory.join("tokens.db"))).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::default());
    let hash = hash_password(&PASSWORD.into(), Cost::default(), entropy.as_ref())?;
    let credential = Credential { principal: PrincipalId::new(USER), hash, changed: clock.now() };
    let user = Principal {
        id: PrincipalId::new(USER),
        kind: PrincipalKind::User,
        person: PersonId::new(USER),
        domain: "BENCH".to_owned(),
        account: "user".to_owned(),
        display_name: "User".to_owned(),
        upn: None,
        enabled: true,
    };
    store
        .transact(move |tx| {
            let (user, credential) = (user.clone(), credential.clone());
            Box::pin(async move {
                tx.insert_principal(&user).await?;
                tx.put_credential(&credential).await
            })
        })
        .await?;
    let seal = sealer(Arc::clone(&entropy));
    let (journal, writer) = StoreJournal::new(store.clone(), Arc::clone(&seal));
    tokio::spawn(writer);
    let vault = Arc::new(StoreVault::new(store.clone(), seal));
    let ports = KeyPorts {
        vault: vault.clone(),
        sealer: Sealer::new(&[1; 32]),
        clock: Arc::clone(&clock),
        entropy: Arc::clone(&entropy),
    };
    let keys = Arc::new(KeyRing::open(ports, KeySettings { algorithm, ..KeySettings::default() }).await?);
    let bearers = Bearers::new(Arc::clone(&keys), TokenRules::new(URL, TENANT, []), vault.clone());
    let ports = Ports { vault, journal: Arc::new(journal), clock: Arc::clone(&clock), entropy: Arc::clone(&entropy) };
    let identity = Identity::new(ports, Settings::default())?.with_bearers(bearers);
    Ok(World { identity, keys, clock, entropy, store, _directory: directory })
}

/// Repetitions a second in `time`, looked at every hundred.
async fn rate<F: Future<Output = bool>>(time: Duration, mut once: impl FnMut() -> F) -> Result<f64> {
    let (begun, mut count) = (Instant::now(), 0_u32);
    while begun.elapsed() < time {
        for _ in 0..100 {
            ensure!(once().await, "a good token was refused");
        }
        count += 100;
    }
    Ok(f64::from(count) / begun.elapsed().as_secs_f64())
}

async fn validation(context: &Context, algorithm: Algorithm) -> Result<Vec<Line>> {
    let world = world(algorithm).await?;
    let now = world.clock.now();
    let (begins, ends) = (now.as_second(), now.as_second() + 3600);
    let claims = json!({
        "iss": format!("{URL}/{TENANT}/v2.0"), "aud": URL, "tid": TENANT, "oid": USER, "sub": USER, "iat": begins,
        "nbf": begins, "exp": ends, "auth_time": begins, "idtyp": "user", "name": "User", "preferred_username": "user",
        "scp": "Pam.Use user_impersonation Ephor.Admin", "appid": Uuid::from_u128(3), "amr": ["pwd", "mfa"],
        "acrs": ["c1"], "xms_cc": ["CP1"], "uti": "AAAAAAAAAAAAAAAAAAAAAA", "ver": "2.0",
    });
    let token = world.keys.sign(&claims, "JWT", now + SignedDuration::from_hours(1)).await?;
    let jwk = world.keys.jwks().keys.pop().context("a key")?;
    let key = VerifyingKey::from_jwk(&jwk)?;
    let (message, signature) = token.rsplit_once('.').context("a signature")?;
    let signature = decoded(signature)?;
    let bearers = world.identity.bearers().context("bearers")?;
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}"))?);
    let presented = Presented { headers: &headers, address: [127, 0, 0, 1].into(), secure: true };

    let time = context.load().measured / 2;
    let (mut bare, mut valid, mut whole) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..context.rounds() {
        bare.push(
            rate(time, || {
                let good = key.verifies(algorithm, black_box(message.as_bytes()), &signature);
                async move { good }
            })
            .await?,
        );
        valid.push(rate(time, async || bearers.verify(black_box(&token), world.clock.now()).await.is_ok()).await?);
        whole.push(rate(time, async || world.identity.caller(&presented, Accepted::ARM).await.is_ok()).await?);
    }
    world.store.close().await;
    let floor = Quantity::Rate(middle(&mut bare));
    let length = format!("a token of {} bytes, one core", token.len());
    Ok(vec![
        Line::new("V", format!("{algorithm}: tokens validated"), Quantity::Rate(middle(&mut valid)))
            .detail(length)
            .floor("signatures checked by aws-lc-rs", floor),
        Line::new("V", format!("{algorithm}: callers recognised"), Quantity::Rate(middle(&mut whole)))
            .detail("with account and family read from SQLite each time")
            .floor("signatures checked by aws-lc-rs", floor),
    ])
}

/// One person after another signs in with a password.
async fn sign_in(context: &Context) -> Result<Line> {
    let world = world(Algorithm::EdDsa).await?;
    let cost = Cost::default();
    let stored = hash_password(&PASSWORD.into(), cost, world.entropy.as_ref())?;
    let count = if context.quick { 20 } else { 100 };
    let headers = HeaderMap::new();
    let presented = Presented { headers: &headers, address: [127, 0, 0, 1].into(), secure: true };
    let (mut bare, mut whole) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let begun = Instant::now();
        ensure!(ephor_identity::password::verify_password(&PASSWORD.into(), black_box(&stored)), "the hash fits");
        bare.push(begun.elapsed());
        // What is remembered of a password would be no sign-in.
        world.identity.forget(PrincipalId::new(USER));
        let begun = Instant::now();
        world.identity.sign_in("user", PASSWORD.into(), &presented).await?;
        whole.push(begun.elapsed());
    }
    world.store.close().await;
    bare.sort_unstable();
    whole.sort_unstable();
    let at = |times: &[Duration], share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
    let argon = format!("Argon2id m={} KiB, t={}, p={}", cost.memory_kib, cost.passes, cost.lanes);
    Ok(Line::new("V", "sign-in with a password, p50", Quantity::Time(at(&whole, 50)))
        .detail(format!("{argon}; p99 {:.1} ms", at(&whole, 99).as_secs_f64() * 1e3))
        .floor("the hash alone, p50", Quantity::Time(at(&bare, 50))))
}

fn middle(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn decoded(text: &str) -> Result<Vec<u8>> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    Ok(URL_SAFE_NO_PAD.decode(text)?)
}
