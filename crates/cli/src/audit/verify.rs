//! `ephor audit verify`.

use std::{fs::File, io::BufReader, path::PathBuf};

use ephor_audit::{
    bundle,
    verify::{Assurance, Report, Verifier},
};
use ephor_engine::verify::verify_log;

use super::{Log, checkpoints_of, keys_of};
use crate::{
    exit::{Done, Failure, Outcome},
    output::{self, Form},
    process::open::Configured,
};

/// Which log.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A bundle that `ephor audit export` wrote, instead of the configured store
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    /// Public keys that are trusted, one a line [default: for a store the configured key, for a bundle those in it]
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// A checkpoint that was kept elsewhere: shows that nothing was cut off or rolled back since
    #[arg(long, value_name = "FILE")]
    against: Vec<PathBuf>,
    #[command(flatten)]
    configured: Configured,
}

pub(super) async fn run(arguments: &Arguments, form: Form) -> Done {
    let keys = arguments.key.as_deref().map(keys_of).transpose()?;
    let against = checkpoints_of(&arguments.against)?;
    let report = match &arguments.bundle {
        Some(path) => {
            let file =
                File::open(path).map_err(|error| Failure::usage(format!("cannot read {}: {error}", path.display())))?;
            let against: Vec<&str> = against.iter().map(String::as_str).collect();
            bundle::verify(BufReader::new(file), keys, &against)?
        }
        None => {
            let log = Log::open(&arguments.configured).await?;
            let own = keys.is_none();
            let keys = keys.unwrap_or_else(|| log.keys());
            let origin = log.origin.clone();
            let report = log.store.read(move |tx| {
                let mut verifier = Verifier::new(&origin, keys.clone());
                if own {
                    verifier = verifier.with_keys_from_log();
                }
                for text in &against {
                    verifier.against(text);
                }
                Box::pin(verify_log(tx, verifier))
            });
            let report = report.await.map_err(|fault| anyhow::anyhow!(fault.cause()));
            log.store.close().await;
            report?
        }
    };
    told(&report, form)
}

fn told(report: &Report, form: Form) -> Done {
    if form.json {
        output::json(report)?;
    } else {
        output::text(&report.to_string())?;
    }
    match report.assurance {
        Assurance::Faulty => Err(Failure::Told(Outcome::Refused)),
        Assurance::ConsistentWithItself | Assurance::ContinuesCheckpoint { .. } => Ok(()),
    }
}
