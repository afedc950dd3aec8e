//! The audit log for administrators and auditors: records, verification, checkpoints, proofs (architecture §8).

use std::ops::Range;

use ephor_audit::{
    Frontier, Hash, Record,
    checkpoint::SignedCheckpoint,
    key::KeyRing,
    leaf,
    proof::{ConsistencyDocument, InclusionDocument, consistency_ranges, inclusion_ranges},
    verify::{Report, Verifier},
};
use ephor_domain::{Refusal, administration::Right, principal::Actor};
use ephor_store::{Fault, Tx};

use super::{
    Listing,
    desk::{Files, Query},
};
use crate::{answer::Answer, engine::Engine, verify::verify_log};

/// Leaves read at once.
const PAGE: u32 = 1000;
/// Most records one page of a filtered list looks at (promise S6); the next page goes on behind them.
const LOOKED_AT: u64 = 20_000;

/// A record with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number, from 0.
    pub index: u64,
    /// Its hash in the tree.
    pub hash: Hash,
    /// The record; `None` once retention has taken its body, or when it cannot be read.
    pub record: Option<Record>,
}

/// Records, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListRecords {
    /// Of this request.
    pub request: Option<uuid::Uuid>,
    /// Caused by this principal.
    pub actor: Option<uuid::Uuid>,
    /// About the access of this principal.
    pub subject: Option<uuid::Uuid>,
    /// About this role.
    pub entitlement: Option<uuid::Uuid>,
    /// Of this event.
    pub event: Option<u16>,
    /// Older than this record.
    pub before: Option<u64>,
    /// Most rows.
    pub limit: u32,
}

impl ListRecords {
    fn fits(&self, record: &Record) -> bool {
        let actor = match record.actor {
            ephor_audit::Actor::Principal { id, .. } => Some(id),
            ephor_audit::Actor::System { .. } | ephor_audit::Actor::Anonymous => None,
        };
        self.request.is_none_or(|request| record.request_id == Some(request))
            && self.actor.is_none_or(|by| actor == Some(by))
            && self.subject.is_none_or(|subject| record.subject == Some(subject))
            && self.entitlement.is_none_or(|role| record.entitlement_id == Some(role))
            && self.event.is_none_or(|event| record.event == event)
    }

    fn filters(&self) -> bool {
        self.request.is_some()
            || self.actor.is_some()
            || self.subject.is_some()
            || self.entitlement.is_some()
            || self.event.is_some()
    }
}

impl Query for ListRecords {
    type Output = Listing<Entry, u64>;

    fn right(&self) -> Right {
        Right::ReadAudit
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Self::Output> {
        let size = files.tx.audit_size().await?;
        let mut end = self.before.unwrap_or(size).min(size);
        let (mut rows, floor) = (Vec::new(), end.saturating_sub(LOOKED_AT));
        while end > floor {
            let start = end.saturating_sub(u64::from(PAGE)).max(floor);
            let count = u32::try_from(end - start).unwrap_or(PAGE);
            let leaves = files.tx.leaves(start, count).await?;
            for stored in leaves.into_iter().rev() {
                let record = stored
                    .leaf
                    .as_deref()
                    .and_then(|bytes| leaf::open(bytes, stored.erasable.as_deref()).ok())
                    .map(|opened| opened.record);
                let fits = record.as_ref().map_or(!self.filters(), |record| self.fits(record));
                if fits {
                    rows.push(Entry { index: stored.index, hash: stored.leaf_hash, record });
                }
                if rows.len() >= self.limit as usize {
                    let next = (stored.index > 0).then_some(stored.index);
                    return Ok(Listing { rows, next });
                }
            }
            end = start;
        }
        Ok(Listing { rows, next: (end > 0).then_some(end) })
    }
}

/// The head of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Number of records.
    pub size: u64,
    /// Root of the tree of them.
    pub root: Hash,
    /// Text of the last signed checkpoint.
    pub checkpoint: Option<String>,
    /// Public key that checkpoints are signed with, in its text form.
    pub key: Option<String>,
}

#[derive(Debug, Clone)]
struct ReadHead;

impl Query for ReadHead {
    type Output = Head;

    fn right(&self) -> Right {
        Right::ReadAudit
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Head> {
        let frontier = frontier(files.tx).await?;
        let checkpoint = files.tx.checkpoint(u64::MAX).await?.map(|(_, text)| text);
        Ok(Head { size: frontier.size(), root: frontier.root(), checkpoint, key: None })
    }
}

async fn frontier(tx: &mut Tx) -> Result<Frontier, Fault> {
    let bytes = tx.audit_frontier().await?;
    if bytes.is_empty() {
        return Ok(Frontier::new());
    }
    Frontier::from_bytes(&bytes).map_err(|_| Fault::Corrupt { cause: "the head of the audit log".to_owned() })
}

/// The proof that a record is in the tree of the last checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProveInclusion {
    /// Number of the record.
    pub index: u64,
}

impl Query for ProveInclusion {
    type Output = InclusionDocument;

    fn right(&self) -> Right {
        Right::ReadAudit
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<InclusionDocument> {
        let (size, text) = last_checkpoint(files.tx, u64::MAX).await?;
        let ranges =
            inclusion_ranges(self.index, size).ok_or(Refusal::NotFound { what: "record under a checkpoint" })?;
        let stored = files.tx.leaves(self.index, 1).await?.pop().ok_or(Refusal::NotFound { what: "record" })?;
        let body = stored.leaf.ok_or(Refusal::NotFound { what: "body of the record" })?;
        let path = roots(files.tx, ranges).await?;
        Ok(InclusionDocument::new(self.index, &body, stored.erasable, path, &parsed(&text)?))
    }
}

/// The proof that the tree of the last checkpoint begins with that of an earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProveConsistency {
    /// Size of the earlier checkpoint.
    pub old: u64,
}

impl Query for ProveConsistency {
    type Output = ConsistencyDocument;

    fn right(&self) -> Right {
        Right::ReadAudit
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<ConsistencyDocument> {
        let (new_size, new) = last_checkpoint(files.tx, u64::MAX).await?;
        let (old_size, old) = last_checkpoint(files.tx, self.old).await?;
        let ranges = consistency_ranges(old_size, new_size).ok_or(Refusal::NotFound { what: "checkpoint" })?;
        let path = roots(files.tx, ranges).await?;
        Ok(ConsistencyDocument::new(&parsed(&old)?, &parsed(&new)?, path))
    }
}

async fn last_checkpoint(tx: &mut Tx, size: u64) -> Answer<(u64, String)> {
    Ok(tx.checkpoint(size).await?.ok_or(Refusal::NotFound { what: "checkpoint" })?)
}

fn parsed(text: &str) -> Result<SignedCheckpoint, Fault> {
    SignedCheckpoint::parse(text).map_err(|error| Fault::Corrupt { cause: format!("a checkpoint: {error}") })
}

/// Roots of ranges of leaves, each read once and folded, in constant memory.
async fn roots(tx: &mut Tx, ranges: Vec<Range<u64>>) -> Result<Vec<Hash>, Fault> {
    let mut roots = Vec::with_capacity(ranges.len());
    for range in ranges {
        let (mut tree, mut next) = (Frontier::new(), range.start);
        while next < range.end {
            let count = u32::try_from(range.end - next).unwrap_or(PAGE).min(PAGE);
            let leaves = tx.leaves(next, count).await?;
            if leaves.is_empty() {
                return Err(Fault::Corrupt { cause: format!("record {next} of the audit log is missing") });
            }
            for leaf in leaves.into_iter().filter(|leaf| leaf.index < range.end) {
                next = leaf.index + 1;
                tree.append(leaf.leaf_hash);
            }
        }
        roots.push(tree.root());
    }
    Ok(roots)
}

/// Reads the whole log and says what may be said of it.
#[derive(Debug, Clone)]
struct Verify {
    origin: String,
    keys: KeyRing,
    against: Option<String>,
}

impl Query for Verify {
    type Output = Report;

    fn right(&self) -> Right {
        Right::ReadAudit
    }

    async fn run(self, files: &mut Files<'_>) -> Answer<Report> {
        let mut verifier = Verifier::new(&self.origin, self.keys).with_keys_from_log();
        if let Some(text) = &self.against {
            verifier.against(text);
        }
        Ok(verify_log(files.tx, verifier).await?)
    }
}

impl Engine {
    /// The head of the log.
    ///
    /// # Errors
    /// [`Refusal::NotAdministrator`]; faults of the store.
    pub async fn audit_head(&self, actor: &Actor) -> Answer<Head> {
        let head = self.consult(actor, ReadHead).await?;
        let key = self.inner.signer.as_ref().map(|signer| signer.key.verifying_key().to_string());
        Ok(Head { key, ..head })
    }

    /// Signs the tree as it is now. Answers the last checkpoint, also when nothing was recorded since.
    ///
    /// # Errors
    /// [`Refusal::NotAdministrator`]; [`Refusal::NotFound`] when no key is set; faults of the store.
    pub async fn sign_checkpoint(&self, actor: &Actor) -> Answer<String> {
        self.consult(actor, ReadHead).await?;
        if let Some(text) = self.checkpoint().await? {
            return Ok(text);
        }
        let head = self.consult(actor, ReadHead).await?;
        Ok(head.checkpoint.ok_or(Refusal::NotFound { what: "checkpoint" })?)
    }

    /// Verifies the log of the store, against a checkpoint kept elsewhere if one is given (A2).
    ///
    /// # Errors
    /// [`Refusal::NotAdministrator`]; faults of the store. What is wrong with the log is in the report.
    pub async fn verify_audit(&self, actor: &Actor, against: Option<String>) -> Answer<Report> {
        let (origin, keys) = match &self.inner.signer {
            Some(signer) => (signer.origin.clone(), KeyRing::new([signer.key.verifying_key().clone()])),
            None => (String::new(), KeyRing::new([])),
        };
        self.consult(actor, Verify { origin, keys, against }).await
    }
}
