//! Reads the whole audit log of a store, and what the rows of the state say of it, into a verifier (A2).

use std::collections::HashSet;

use ephor_audit::{
    Hash,
    verify::{NamedLeaf, Report, Row, Verifier},
};
use ephor_store::{
    Fault, Tx,
    tx::audit::{Named, Waiting},
};

use crate::retention;

/// Rows read at once.
const PAGE: u32 = 1000;

/// Verifies the log as it was when the reading began; what is added meanwhile is left out.
///
/// # Errors
/// Faults of the store. What is wrong with the log is in the report.
pub async fn verify_log(tx: &mut Tx, mut verifier: Verifier) -> Result<Report, Fault> {
    // In this order: a leaf that a row names by now is then among those without number, or in the log read after them.
    let named = named(tx).await?;
    let waiting = waiting(tx).await?;
    let (head, size) = (tx.audit_frontier().await?, tx.audit_size().await?);
    let mut unseen: HashSet<Hash> = named.iter().map(|(_, hash)| *hash).collect();
    let mut unnumbered: HashSet<Hash> = waiting.iter().map(|leaf| leaf.leaf_hash).collect();

    // Rows and checkpoints by size, so that a root is compared when its tree is there.
    let checkpoints = checkpoints(tx).await?;
    let mut checkpoints = checkpoints.into_iter().filter(|(at, _)| *at <= size).peekable();
    let mut next = 0;
    while next < size {
        let leaves = tx.leaves(next, PAGE).await?;
        let Some(last) = leaves.last().map(|leaf| leaf.index) else { break };
        for leaf in leaves.into_iter().filter(|leaf| leaf.index < size) {
            while let Some((_, text)) = checkpoints.next_if(|(at, _)| *at <= verifier.records_read()) {
                verifier.checkpoint(&text);
            }
            unseen.remove(&leaf.leaf_hash);
            unnumbered.remove(&leaf.leaf_hash);
            verifier.row(&Row {
                index: leaf.index,
                leaf: leaf.leaf,
                leaf_hash: leaf.leaf_hash,
                erasable: leaf.erasable,
            });
        }
        next = last.saturating_add(1);
    }
    for (_, text) in checkpoints {
        verifier.checkpoint(&text);
    }
    if !head.is_empty() {
        verifier.head(&head);
    }
    // Read behind the rows: retention that went on meanwhile removed no body too early.
    verifier.bodies_kept_from(retention::kept_from(tx).await?);
    for leaf in waiting.into_iter().filter(|leaf| unnumbered.contains(&leaf.leaf_hash)) {
        unseen.remove(&leaf.leaf_hash);
        verifier.unnumbered(&leaf.leaf, leaf.leaf_hash, leaf.erasable.as_deref());
    }
    for (row, leaf_hash) in named {
        let (table, id) = match row {
            Named::Request(id) => ("request", id.to_string()),
            Named::Grant(id) => ("access_grant", id.to_string()),
        };
        let found = !unseen.contains(&leaf_hash);
        verifier.named_leaf(NamedLeaf { table: table.to_owned(), id, leaf_hash }, found);
    }
    Ok(verifier.finish())
}

/// Every row of the state with the leaf it names (seams §16).
async fn named(tx: &mut Tx) -> Result<Vec<(Named, Hash)>, Fault> {
    let mut all: Vec<(Named, Hash)> = Vec::new();
    loop {
        let after = all.last().map(|(named, _)| *named);
        let page = tx.named_leaves(after, PAGE).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

/// What is committed and has no number yet: a fraction of a second's work while a sequencer runs.
async fn waiting(tx: &mut Tx) -> Result<Vec<Waiting>, Fault> {
    let mut all: Vec<Waiting> = Vec::new();
    loop {
        let after = all.last().map(|leaf| leaf.place);
        let page = tx.unnumbered_leaves(after, PAGE).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

async fn checkpoints(tx: &mut Tx) -> Result<Vec<(u64, String)>, Fault> {
    let mut all: Vec<(u64, String)> = Vec::new();
    loop {
        let page = tx.checkpoints(all.last().map(|(size, _)| *size), PAGE).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}
