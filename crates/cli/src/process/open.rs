//! From the configuration to an open store: what every command on the host begins with.

use std::{path::PathBuf, sync::Arc};

use ephor_cli::config::{self, Config, secrets::Resolved};
use ephor_engine::{
    AuditSigner,
    port::{Clock, Entropy, SystemClock, SystemEntropy},
};
use ephor_identity::{KeyRing, TokenRules};
use ephor_store::{Fault, Location, Store};

use super::{
    foundation::{self, Foundation, Plan},
    key_file, signer, tokens,
};
use crate::exit::{Done, Failure};

/// Which configuration.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Configured {
    /// Configuration file; without it, the environment and the defaults
    #[arg(long, short, value_name = "FILE", env = "EPHOR_CONFIG")]
    pub(crate) config: Option<PathBuf>,
}

impl Configured {
    /// The configuration with its secrets.
    ///
    /// # Errors
    /// All mistakes, one a line.
    pub(crate) fn read(&self) -> Done<(Config, Resolved)> {
        let config = config::open(self.config.as_deref()).map_err(|error| Failure::usage(error.to_string()))?;
        let resolved = config::secrets::resolve(&config).map_err(|errors| {
            let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
            Failure::usage(lines.join("\n"))
        })?;
        Ok((config, resolved))
    }
}

/// An open store and what goes with it.
pub(crate) struct Opened {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) signer: AuditSigner,
    pub(crate) foundation: Foundation,
}

/// Opens the configured store, brings it up to date and lays what is missing.
pub(crate) async fn open(config: &Config, resolved: &Resolved) -> Done<Opened> {
    let store = open_store(config, &resolved.store).await?;
    if ephor_demo::is_demo(&store).await.map_err(|fault| of_fault(&resolved.store, &fault))? {
        store.close().await;
        return Err(Failure::usage(format!(
            "{} was made by `ephor demo`, whose passwords everybody knows: give another store",
            resolved.store
        )));
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::default());
    let signer = signer::load_or_make(&key_file(config), &origin(config), entropy.as_ref())
        .map_err(|error| Failure::usage(error.to_string()))?;
    let plan = Plan {
        settings: config.pam.settings(),
        targets: config
            .targets
            .iter()
            .filter_map(|(name, target)| Some((name.clone(), (target.mode.into(), target.way()?.kind()))))
            .collect(),
    };
    let foundation = foundation::lay(&store, plan, clock.now(), entropy.as_ref())
        .await
        .map_err(|fault| of_fault(&resolved.store, &fault))?;
    Ok(Opened { store, clock, entropy, signer, foundation })
}

/// Opens the store and brings its schema up to date.
pub(crate) async fn open_store(config: &Config, location: &Location) -> Done<Store> {
    if let Location::Sqlite(path) = location
        && let Some(folder) = path.parent()
    {
        key_file::make_folder(folder)
            .map_err(|error| Failure::usage(format!("cannot make the folder {}: {error}", folder.display())))?;
    }
    Store::open_with(location, &config.store.options()).await.map_err(|fault| of_fault(location, &fault))
}

/// What a fault of the store means to whoever started the program.
pub(crate) fn of_fault(location: &Location, fault: &Fault) -> Failure {
    let text = if *fault == Fault::InUse {
        "another process has the store open; is Ephor running already?".to_owned()
    } else {
        fault.cause()
    };
    Failure::Failed(anyhow::anyhow!("{location}: {text}"))
}

/// Where the key is that seals what is secret in the store.
pub(crate) fn sealing_key_file(config: &Config) -> PathBuf {
    config.identity.sealing_key_file.clone().unwrap_or_else(|| config.data_dir.join("sealing.key"))
}

/// The keys of tokens, of an open store.
pub(crate) async fn keys(config: &Config, opened: &Opened) -> Done<Arc<KeyRing>> {
    tokens::open(&sealing_key_file(config), config.identity.keys(), &opened.store, &opened.clock, &opened.entropy).await
}

/// What our own tokens say.
pub(crate) fn token_rules(config: &Config, foundation: &Foundation) -> TokenRules {
    TokenRules::new(&public_url(config), foundation.tenant, config.identity.audiences.iter().cloned())
}

/// How our own tokens are made.
pub(crate) fn issuer(config: &Config, foundation: &Foundation) -> ephor_issuer::Settings {
    let aliases = config.identity.audiences.iter().cloned();
    let known = config.identity.known_clients.iter().map(|client| client.known());
    ephor_issuer::Settings::new(&public_url(config), foundation.tenant, aliases).known(known)
}

/// What clients of resource management find.
pub(crate) fn arm(config: &Config, foundation: &Foundation) -> ephor_face_arm::Options {
    ephor_face_arm::Options {
        public_url: public_url(config),
        tenant: foundation.tenant,
        tenant_name: "Ephor".to_owned(),
        domains: Vec::new(),
        cloud_name: "Ephor".to_owned(),
        page_size: 100,
        allowed_origins: config.allowed_origins.iter().map(|origin| origin.0.clone()).collect(),
        time_limit: std::time::Duration::from_secs(30),
    }
}

/// The file of the key that signs checkpoints.
pub(crate) fn key_file(config: &Config) -> PathBuf {
    config.audit.key_file.clone().unwrap_or_else(|| config.data_dir.join("audit.key"))
}

/// The name of the log in checkpoints.
pub(crate) fn origin(config: &Config) -> String {
    config.audit.origin.clone().unwrap_or_else(|| {
        let url = public_url(config);
        url.split_once("://").map_or(url.clone(), |(_, host)| host.to_owned())
    })
}

/// Where people reach Ephor.
pub(crate) fn public_url(config: &Config) -> String {
    if let Some(origin) = &config.public_url {
        return origin.0.to_string();
    }
    let https = config.https.listen.first().map(|address| format!("https://{}", address.0));
    let http = config.http.listen.first().map(|address| format!("http://{}", address.0));
    https.or(http).unwrap_or_else(|| "http://127.0.0.1:8086".to_owned())
}
