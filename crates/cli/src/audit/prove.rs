//! `ephor audit prove` and `ephor audit check`.

use std::path::PathBuf;

use ephor_audit::{
    Frontier, Hash,
    checkpoint::SignedCheckpoint,
    proof::{ConsistencyDocument, InclusionDocument, ProofDocument, Proven, consistency_ranges, inclusion_ranges},
};
use ephor_store::Store;
use serde_json::json;

use super::{Log, keys_of, read};
use crate::{
    exit::{Done, Failure},
    output::{self, Form},
    process::open::Configured,
};

/// What to prove.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// That the record with this number is in the log of the last checkpoint
    #[arg(long, value_name = "NUMBER", required_unless_present = "from", conflicts_with = "from")]
    record: Option<u64>,
    /// That the log of the last checkpoint continues the one in this file
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    #[command(flatten)]
    configured: Configured,
}

/// Which proof.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArguments {
    /// The proof
    #[arg(value_name = "FILE")]
    proof: PathBuf,
    /// Public keys that are trusted, one a line
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Name of the log [default: the name of the first key]
    #[arg(long, value_name = "NAME")]
    origin: Option<String>,
}

pub(super) async fn run(arguments: &Arguments) -> Done {
    let log = Log::open(&arguments.configured).await?;
    let proven = prove(&log.store, arguments).await;
    log.store.close().await;
    Ok(output::line(&proven?.to_json())?)
}

async fn prove(store: &Store, arguments: &Arguments) -> Done<ProofDocument> {
    let last = store.read(|tx| Box::pin(tx.checkpoint(u64::MAX))).await.map_err(anyhow::Error::from)?;
    let (size, text) =
        last.ok_or_else(|| Failure::usage("no checkpoint was signed yet: run `ephor audit checkpoint`"))?;
    let checkpoint = parsed(&text)?;
    if let Some(path) = &arguments.from {
        let old = parsed(&read(path)?)?;
        let old_size = old.unverified().size;
        let ranges = consistency_ranges(old_size, size)
            .ok_or_else(|| Failure::usage(format!("that checkpoint has {old_size} records, the log {size}")))?;
        let path = roots(store, ranges).await?;
        return Ok(ProofDocument::Consistency(ConsistencyDocument::new(&old, &checkpoint, path)));
    }
    let index = arguments.record.unwrap_or_default();
    let ranges = inclusion_ranges(index, size).ok_or_else(|| {
        Failure::usage(format!("the last checkpoint has {size} records; record {index} is not among them"))
    })?;
    let leaves = store.read(move |tx| Box::pin(tx.leaves(index, 1))).await.map_err(anyhow::Error::from)?;
    let stored = leaves.into_iter().find(|leaf| leaf.index == index);
    let (leaf, erasable) = stored
        .and_then(|stored| Some((stored.leaf?, stored.erasable)))
        .ok_or_else(|| Failure::usage(format!("the body of record {index} is gone by retention")))?;
    let path = roots(store, ranges).await?;
    Ok(ProofDocument::Inclusion(InclusionDocument::new(index, &leaf, erasable, path, &checkpoint)))
}

/// Roots of ranges of leaves, in constant memory.
async fn roots(store: &Store, ranges: Vec<std::ops::Range<u64>>) -> Done<Vec<Hash>> {
    const PAGE: u32 = 1000;
    let mut roots = Vec::with_capacity(ranges.len());
    for range in ranges {
        let (mut tree, mut next) = (Frontier::new(), range.start);
        while next < range.end {
            let from = next;
            let leaves = store.read(move |tx| Box::pin(tx.leaves(from, PAGE))).await.map_err(anyhow::Error::from)?;
            for leaf in leaves.into_iter().filter(|leaf| leaf.index < range.end) {
                tree.append(leaf.leaf_hash);
                next = leaf.index + 1;
            }
            if next == from {
                return Err(anyhow::anyhow!("record {from} is missing: run `ephor audit verify`").into());
            }
        }
        roots.push(tree.root());
    }
    Ok(roots)
}

fn parsed(text: &str) -> Done<SignedCheckpoint> {
    SignedCheckpoint::parse(text).map_err(|error| Failure::usage(format!("a checkpoint: {error}")))
}

pub(super) fn check(arguments: &CheckArguments, form: Form) -> Done {
    let keys = keys_of(&arguments.key)?;
    let document = ProofDocument::parse(&read(&arguments.proof)?)
        .map_err(|error| Failure::usage(format!("{}: {error}", arguments.proof.display())))?;
    let origin = arguments.origin.clone().or_else(|| keys.keys().next().map(|key| key.name().to_owned()));
    let proven = document.check(&origin.unwrap_or_default(), &keys).map_err(|error| Failure::Refused {
        code: "proof".to_owned(),
        text: format!("the proof does not hold: {error}"),
    })?;
    let (sentence, facts) = match &proven {
        Proven::Record { index, checkpoint, .. } => (
            format!("the proof holds: record {index} is among the {} of the log", checkpoint.size),
            json!({"holds": true, "record": index, "size": checkpoint.size, "time": checkpoint.time}),
        ),
        Proven::Continues { old, new } => (
            format!("the proof holds: the log of {} records continues that of {}", new.size, old.size),
            json!({"holds": true, "old": old.size, "size": new.size, "time": new.time}),
        ),
    };
    if form.json {
        output::json(&facts)?
    } else {
        output::line(&sentence)?
    }
    Ok(())
}
