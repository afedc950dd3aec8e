//! `ephor audit`: verify the log, carry it out of the server, prove what is in it. On the host against the store, or
//! anywhere against an exported bundle and the public key.

mod export;
mod prove;
mod rows;
mod verify;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use ephor_audit::key::{KeyRing, VerifyingKey};
use ephor_cli::config::Config;
use ephor_store::{Location, Store};

use crate::{
    exit::{Done, Failure},
    output::{self, Form},
    process::{
        keepsake,
        open::{self, Configured},
        signer,
    },
};

/// What to do with the log.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Read the whole log and say what is wrong with it
    Verify(verify::Arguments),
    /// Write the log into a bundle that anybody can verify
    Export(export::Arguments),
    /// Write the proof that a record is in the log, or that the log continues an earlier checkpoint
    Prove(prove::Arguments),
    /// Check a proof with the public key alone
    Check(prove::CheckArguments),
    /// Sign the log as it is now and print the checkpoint, to be kept elsewhere
    Checkpoint(Configured),
}

/// Runs one of the commands.
pub(crate) async fn run(command: &Command, form: Form) -> Done {
    match command {
        Command::Verify(arguments) => verify::run(arguments, form).await,
        Command::Export(arguments) => export::run(arguments).await,
        Command::Prove(arguments) => prove::run(arguments).await,
        Command::Check(arguments) => prove::check(arguments, form),
        Command::Checkpoint(configured) => checkpoint(configured).await,
    }
}

/// The log of a configured store.
struct Log {
    store: Store,
    origin: String,
    key: Option<VerifyingKey>,
}

impl Log {
    async fn open(configured: &Configured) -> Done<Self> {
        let (config, resolved) = configured.read()?;
        let (origin, key) = trusted(&config)?;
        if let Location::Sqlite(path) = &resolved.store
            && !path.exists()
        {
            return Err(Failure::usage(format!("there is no store at {}", path.display())));
        }
        let store = open::open_store(&config, &resolved.store).await?;
        Ok(Self { store, origin, key })
    }

    fn keys(&self) -> KeyRing {
        KeyRing::new(self.key.clone())
    }
}

/// Name and public key of the configured log.
fn trusted(config: &Config) -> Done<(String, Option<VerifyingKey>)> {
    let origin = open::origin(config);
    let signer = signer::load(&open::key_file(config), &origin).map_err(|error| Failure::usage(error.to_string()))?;
    Ok((origin, signer.map(|signer| signer.key.verifying_key().clone())))
}

/// The public keys in a file, one a line.
fn keys_of(path: &Path) -> Done<KeyRing> {
    let text = read(path)?;
    let keys = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::parse);
    let keys: Vec<VerifyingKey> =
        keys.collect::<Result<_, _>>().map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
    if keys.is_empty() {
        return Err(Failure::usage(format!("{} holds no key", path.display())));
    }
    Ok(KeyRing::new(keys))
}

/// The texts of checkpoints kept elsewhere.
fn checkpoints_of(paths: &[PathBuf]) -> Done<Vec<String>> {
    let mut texts = Vec::new();
    for path in paths {
        let text = read(path)?;
        // In a file to which checkpoints were appended the last one says most.
        let last = keepsake::last(&text).ok_or_else(|| Failure::usage(format!("{} is empty", path.display())))?;
        texts.push(last);
    }
    Ok(texts)
}

fn read(path: &Path) -> Done<String> {
    std::fs::read_to_string(path).map_err(|error| Failure::usage(format!("cannot read {}: {error}", path.display())))
}

async fn checkpoint(configured: &Configured) -> Done {
    use ephor_engine::{Engine, Parts};

    let (config, resolved) = configured.read()?;
    let opened = open::open(&config, &resolved).await?;
    let (store, node) = (opened.store.clone(), opened.entropy.guid());
    let engine = Engine::new(Parts {
        store: opened.store,
        clock: opened.clock,
        entropy: opened.entropy,
        targets: Vec::new(),
        mfa: None,
        notifier: None,
        signer: Some(opened.signer),
        node,
    });
    engine.number_leaves().await.map_err(anyhow::Error::from)?;
    engine.checkpoint().await.map_err(anyhow::Error::from)?;
    // Signed now, or before, if nothing came since.
    let last = store.read(|tx| Box::pin(tx.checkpoint(u64::MAX))).await.map_err(anyhow::Error::from)?;
    store.close().await;
    match last {
        Some((_, text)) => Ok(output::text(&text)?),
        None => Err(Failure::usage("the log is empty: there is nothing to sign")),
    }
}
