//! `ephor audit verify`.

use std::{collections::HashSet, convert::Infallible, fs::File, io::BufReader, path::PathBuf};

use ephor_audit::{
    Hash, bundle,
    verify::{Assurance, NamedLeaf, Report, Row, Verifier},
};
use ephor_store::tx::audit::Named;

use super::{
    Log, checkpoints_of, keys_of,
    rows::{self, ReadError, Sink},
};
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
            let mut verifier = Verifier::new(&log.origin, keys.unwrap_or_else(|| log.keys()));
            if own {
                verifier = verifier.with_keys_from_log();
            }
            for text in &against {
                verifier.against(text);
            }
            let report = of_store(&log, verifier).await;
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

async fn of_store(log: &Log, mut verifier: Verifier) -> Done<Report> {
    // Named before read: whatever a row names by now is in the log that is read afterwards.
    let named = if log.store.numbers_later() {
        output::note(
            "note: leaves named by rows are not looked up, as this database numbers leaves after their commit",
        );
        Vec::new()
    } else {
        rows::named(&log.store).await.map_err(anyhow::Error::from)?
    };
    let mut seen = Seen { verifier: &mut verifier, missing: named.iter().map(|(_, hash)| *hash).collect() };
    match rows::read(&log.store, &mut seen).await {
        Ok(()) => {}
        Err(ReadError::Store(fault)) => return Err(anyhow::anyhow!(fault.cause()).into()),
        Err(ReadError::Sink(never)) => match never {},
    }
    let missing = seen.missing;
    for (row, leaf_hash) in named {
        let (table, id) = match row {
            Named::Request(id) => ("request", id.to_string()),
            Named::Grant(id) => ("access_grant", id.to_string()),
        };
        let found = !missing.contains(&leaf_hash);
        verifier.named_leaf(NamedLeaf { table: table.to_owned(), id, leaf_hash }, found);
    }
    Ok(verifier.finish())
}

/// Verifies, and notes which leaves were there.
struct Seen<'v> {
    verifier: &'v mut Verifier,
    missing: HashSet<Hash>,
}

impl Sink for Seen<'_> {
    type Error = Infallible;

    fn row(&mut self, row: &Row) -> Result<(), Infallible> {
        self.missing.remove(&row.leaf_hash);
        self.verifier.row(row);
        Ok(())
    }

    fn checkpoint(&mut self, text: &str) -> Result<(), Infallible> {
        self.verifier.checkpoint(text);
        Ok(())
    }

    fn head(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.verifier.head(bytes);
        Ok(())
    }
}
