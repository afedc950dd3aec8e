//! Reads the log of a store from end to end, in constant memory and in the order in which a verifier wants it.

use ephor_audit::verify::Row;
use ephor_store::{Fault, Store};

/// Rows read at once.
const PAGE: u32 = 1000;

/// Takes what is read.
pub(super) trait Sink {
    /// Why it takes no more.
    type Error;

    /// The next record.
    fn row(&mut self, row: &Row) -> Result<(), Self::Error>;

    /// A checkpoint of the tree so far.
    fn checkpoint(&mut self, text: &str) -> Result<(), Self::Error>;

    /// The head of the log.
    fn head(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;
}

/// The store or the sink failed.
#[derive(Debug)]
pub(super) enum ReadError<E> {
    Store(Fault),
    Sink(E),
}

impl<E> From<Fault> for ReadError<E> {
    fn from(fault: Fault) -> Self {
        Self::Store(fault)
    }
}

/// Reads the log as it was when the reading began: what is added meanwhile is left out.
pub(super) async fn read<S: Sink>(store: &Store, sink: &mut S) -> Result<(), ReadError<S::Error>> {
    let (head, size) =
        store.read(|tx| Box::pin(async move { Ok((tx.audit_frontier().await?, tx.audit_size().await?)) })).await?;
    let mut checkpoints = checkpoints(store).await?.into_iter().filter(|(at, _)| *at <= size).peekable();
    let mut next = 0;
    while next < size {
        let leaves = store.read(move |tx| Box::pin(tx.leaves(next, PAGE))).await?;
        let Some(last) = leaves.last().map(|leaf| leaf.index) else { break };
        for leaf in leaves.into_iter().filter(|leaf| leaf.index < size) {
            while let Some((_, text)) = checkpoints.next_if(|(at, _)| *at <= leaf.index) {
                sink.checkpoint(&text).map_err(ReadError::Sink)?;
            }
            let row = Row { index: leaf.index, leaf: leaf.leaf, leaf_hash: leaf.leaf_hash, erasable: leaf.erasable };
            sink.row(&row).map_err(ReadError::Sink)?;
        }
        next = last.saturating_add(1);
    }
    for (_, text) in checkpoints {
        sink.checkpoint(&text).map_err(ReadError::Sink)?;
    }
    if !head.is_empty() {
        sink.head(&head).map_err(ReadError::Sink)?;
    }
    Ok(())
}

async fn checkpoints(store: &Store) -> Result<Vec<(u64, String)>, Fault> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = store.read(move |tx| Box::pin(tx.checkpoints(after, PAGE))).await?;
        let is_last = page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
        all.extend(page);
        after = all.last().map(|(size, _)| *size);
        if is_last {
            return Ok(all);
        }
    }
}
