//! `ephor migrate`: brings the schema of the store up to date without serving, so that an upgrade can be tried first.

use crate::{
    exit::Done,
    output,
    process::open::{self, Configured},
};

/// Which store.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    configured: Configured,
}

/// Migrates and tells so.
pub(crate) async fn run(arguments: &Arguments) -> Done {
    let (config, resolved) = arguments.configured.read()?;
    let store = open::open_store(&config, &resolved.store).await?;
    store.close().await;
    Ok(output::line(&format!("{} is up to date", resolved.store))?)
}
