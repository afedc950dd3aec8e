//! `ephor demo`: the whole product with people, roles and groups in it, on loopback, with no set-up.

mod arguments;
mod certificate;
mod directory;
mod welcome;

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use anyhow::Context as _;
use ephor_cli::{config::Log, logging};
use ephor_connect::{HttpMfaHook, MfaHookConfig, OutgoingConfig};
use ephor_demo::{Facts, Place, cast};
use ephor_engine::port::{
    Clock, Entropy, SimulatedClock, SystemClock, SystemEntropy, mfa::MfaProvider, target::TargetDirectory,
};
use ephor_front::{Binding, Limits, Socket, owner::OwnerTable};
use ephor_identity::{KeySettings, Settings, TokenRules, factor::PasskeyPlace, settings::Throttling};
use ephor_store::{Location, Store};
use tempfile::TempDir;
use url::Url;

pub(crate) use self::arguments::Arguments;
use crate::{
    exit::{Done, Failure},
    output,
    process::{LogNotifier, Process, Setup, Stop, addresses, open::of_fault, signer, tokens},
};

/// Name of the demo's audit log.
const LOG_ORIGIN: &str = "demo.ephor/audit";

/// Serves the demo until told to stop.
pub(crate) async fn run(arguments: &Arguments) -> Done {
    logging::init(&log(arguments)).map_err(|error| Failure::usage(error.to_string()))?;
    let stop = Stop::listen()?;
    let folder = Folder::of(arguments.data.clone())?;
    let real = SystemClock::default();
    let now = real.now();
    let simulated = arguments.simulated_clock.then(|| SimulatedClock::new(now));
    let clock: Arc<dyn Clock> = match &simulated {
        Some(simulated) => Arc::new(simulated.clone()),
        None => Arc::new(real),
    };
    let certificate = certificate::of(&folder.path, arguments.https.ip(), now)?;
    let plain = bind(Binding::plain(loopback(arguments.http)?, false).map_err(anyhow::Error::from)?).await?;
    let tls = bind(Binding::tls(loopback(arguments.https)?, certificate.certificates)).await?;
    let facts = Facts::new(
        format!("http://{}", plain.local_address()),
        format!("https://{}", certificate::host_of(tls.local_address())),
        certificate.authority.display().to_string(),
    );

    let location = arguments.location(&folder.path)?;
    let store = Store::open(&location).await.map_err(|fault| of_fault(&location, &fault))?;
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::default());
    let directory = directory::of(arguments).await?;
    let place = directory.clone().map_or(Place::BuiltIn, Place::Outside);
    let fresh = ephor_demo::seed(&store, &place, clock.now(), entropy.as_ref()).await.context(location.to_string())?;
    let key = folder.path.join("audit.key");
    let signer =
        signer::load_or_make(&key, LOG_ORIGIN, entropy.as_ref()).map_err(|error| Failure::usage(error.to_string()))?;

    let keys = tokens::open(&folder.path.join("sealing.key"), KeySettings::default(), &store, &clock, &entropy).await?;
    if fresh {
        ephor_demo::enrol(&store, keys.sealer(), clock.now(), entropy.as_ref()).await.map_err(anyhow::Error::from)?;
    }
    let passkeys = passkeys(&plain, &tls);
    let token_rules = TokenRules::new(&facts.https, cast::tenant(), [facts.http.clone()]);

    let sockets = vec![plain, tls];
    let process = Process::new(Setup {
        store,
        mfa: hook(arguments, &addresses(&sockets), &clock)?,
        clock,
        simulated,
        entropy,
        targets: directory.into_iter().collect::<Vec<Arc<dyn TargetDirectory>>>(),
        notifier: Arc::new(LogNotifier),
        signer,
        keys,
        token_rules,
        public_url: facts.https.clone(),
        issuers: std::collections::BTreeMap::new(),
        directories: Vec::new(),
        tickets: None,
        passkeys,
        // Scripts of the tour approve with a password each.
        sign_in: Settings { throttle: Throttling::NotLoopback, basic_decides: true, ..Settings::default() },
        issuer: ephor_issuer::Settings::new(&facts.https, cast::tenant(), [facts.http.clone()]).password_grant(true),
        arm: ephor_face_arm::Options {
            public_url: facts.https.clone(),
            tenant: cast::tenant(),
            tenant_name: "Demo".to_owned(),
            domains: vec![cast::UPN_SUFFIX.to_owned()],
            cloud_name: "Ephor".to_owned(),
            page_size: 100,
            allowed_origins: Vec::new(),
            time_limit: std::time::Duration::from_secs(30),
        },
        owners: OwnerTable::new([cast::tenant().to_string(), cast::UPN_SUFFIX.to_owned()])
            .map_err(anyhow::Error::from)?,
        allowed_origins: Vec::new(),
        public_origin: None,
        proxies: Vec::new(),
        limits: Limits::default(),
        calls_per_second: arguments.calls_per_second,
        demo: true,
    })?;
    if arguments.json {
        output::json(&facts)?;
    } else {
        output::text(&welcome::text(&facts, &folder, arguments, fresh))?;
    }
    process.serve(sockets, stop).await;
    Ok(())
}

/// Passkeys are made for `localhost`: browsers make none for an address.
fn passkeys(plain: &Socket, tls: &Socket) -> Option<PasskeyPlace> {
    let origin = |scheme: &str, socket: &Socket| {
        Url::parse(&format!("{scheme}://localhost:{}", socket.local_address().port())).ok()
    };
    let origins = [origin("https", tls), origin("http", plain)].into_iter().flatten().collect();
    Some(PasskeyPlace { host: "localhost".to_owned(), origins })
}

/// With a table on standard output the log is for trouble only.
fn log(arguments: &Arguments) -> Log {
    let quiet = if arguments.json { "info" } else { "warn" };
    Log { filter: arguments.log.clone().unwrap_or_else(|| quiet.to_owned()), ..Log::default() }
}

/// Where the demo keeps its files.
pub(crate) struct Folder {
    path: PathBuf,
    /// Goes with the process.
    passing: Option<TempDir>,
}

impl Folder {
    fn of(given: Option<PathBuf>) -> Done<Self> {
        match given {
            Some(path) => {
                std::fs::create_dir_all(&path)
                    .map_err(|error| Failure::usage(format!("cannot make the folder {}: {error}", path.display())))?;
                let path = std::path::absolute(&path)?;
                Ok(Self { path, passing: None })
            }
            None => {
                let passing =
                    tempfile::Builder::new().prefix("ephor-demo-").tempdir().context("making a temporary folder")?;
                Ok(Self { path: passing.path().to_owned(), passing: Some(passing) })
            }
        }
    }
}

/// A demo is for this machine alone: everybody knows its passwords.
fn loopback(address: SocketAddr) -> Done<SocketAddr> {
    if address.ip().to_canonical().is_loopback() {
        Ok(address)
    } else {
        Err(Failure::usage(format!("the demo serves this machine alone: {address} is no loopback address")))
    }
}

async fn bind(binding: Binding) -> Done<Socket> {
    Ok(binding.bind().await.map_err(anyhow::Error::from)?)
}

fn hook(arguments: &Arguments, own: &[SocketAddr], clock: &Arc<dyn Clock>) -> Done<Option<Arc<dyn MfaProvider>>> {
    let Some(url) = &arguments.mfa_hook else { return Ok(None) };
    let endpoint = OutgoingConfig { url: url.clone(), allow_private: true, ca_file: None, secret: None };
    let config = MfaHookConfig { endpoint, needs_phone_number: false };
    let hook = HttpMfaHook::new(&config, own, Arc::clone(clock))
        .map_err(|error| Failure::usage(format!("--mfa-hook: {error}")))?;
    Ok(Some(Arc::new(hook)))
}

/// Where the store is.
impl Arguments {
    fn location(&self, folder: &std::path::Path) -> Done<Location> {
        match self.store.as_str() {
            "sqlite" => Ok(Location::Sqlite(folder.join("ephor.db"))),
            other => other.parse().map_err(|error| Failure::usage(format!("--store: {error}"))),
        }
    }
}
