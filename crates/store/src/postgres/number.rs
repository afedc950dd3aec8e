//! Numbering of audit leaves after their commit (seams §16). A leaf knows the transaction that wrote it; once every
//! transaction below some number is over, their leaves are all there and get their places.

use ephor_audit::{Frontier, Hash};
use tokio_postgres::types::Type;

use super::{Session, session::in_time};
use crate::{
    Fault,
    sql::{Reader, Row, Statement},
};

static HEAD: Statement =
    Statement::new("audit_head.read", "SELECT frontier, mark_xid, mark_seq FROM audit_head WHERE one = 1 FOR UPDATE");

static OLDEST: Statement =
    Statement::new("audit_head.oldest", "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint");

static NEXT: Statement = Statement::new(
    "leaf.next",
    "SELECT xid, seq, leaf_hash FROM leaf WHERE (xid, seq) > ($1, $2) AND xid < $3 ORDER BY xid, seq LIMIT $4",
);

// After a restore into another cluster, whose transactions are numbered anew.
static LEFT: Statement = Statement::new(
    "leaf.left",
    "SELECT l.xid, l.seq, l.leaf_hash FROM leaf l WHERE l.xid < $1 \
     AND NOT EXISTS (SELECT 1 FROM leaf_number n WHERE n.xid = l.xid AND n.seq = l.seq) ORDER BY l.xid, l.seq LIMIT $2",
);

static UPDATE: Statement = Statement::new(
    "audit_head.update.postgres",
    "UPDATE audit_head SET size = $1, frontier = $2, mark_xid = $3, mark_seq = $4 WHERE one = 1",
);

static MARK: Statement = Statement::new("audit_head.mark", "SELECT mark_xid, mark_seq FROM audit_head WHERE one = 1");

static WAITING: Statement = Statement::new(
    "leaf.waiting",
    "SELECT xid, seq, leaf, leaf_hash, erasable FROM leaf WHERE (xid, seq) > ($1, $2) ORDER BY xid, seq LIMIT $3",
);

// After a restore into another cluster, as above.
static WAITING_LEFT: Statement = Statement::new(
    "leaf.waiting_left",
    "SELECT l.xid, l.seq, l.leaf, l.leaf_hash, l.erasable FROM leaf l WHERE (l.xid, l.seq) > ($1, $2) \
     AND NOT EXISTS (SELECT 1 FROM leaf_number n WHERE n.xid = l.xid AND n.seq = l.seq) ORDER BY l.xid, l.seq LIMIT $3",
);

/// Statements of numbering.
#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[&HEAD, &OLDEST, &NEXT, &LEFT, &UPDATE, &MARK, &WAITING, &WAITING_LEFT];

const INSERT: &str = "INSERT INTO leaf_number (idx, xid, seq) SELECT * FROM unnest($1, $2, $3)";

impl Session {
    /// Leaves without a number, behind a place.
    pub(crate) async fn unnumbered(&mut self, after: Option<(i64, i64)>, limit: u32) -> Result<Vec<Row>, Fault> {
        let head = self.rows(&MARK, vec![]).await?.pop().unwrap_or_default();
        let mut head = Reader::new("audit_head", head);
        let mark = (head.int("mark_xid")?, head.int("mark_seq")?);
        let oldest = self.rows(&OLDEST, vec![]).await?.pop().unwrap_or_default();
        let is_restored = Reader::new("audit_head", oldest).int("oldest")? <= mark.0;
        let (statement, from) = if is_restored { (&WAITING_LEFT, (-1, -1)) } else { (&WAITING, mark) };
        let (xid, seq) = after.unwrap_or(from);
        self.rows(statement, vec![xid.into(), seq.into(), limit.into()]).await
    }

    pub(crate) async fn number_leaves(&mut self, limit: u32) -> Result<u64, Fault> {
        let head = self.rows(&HEAD, vec![]).await?.pop().unwrap_or_default();
        let mut head = Reader::new("audit_head", head);
        let frontier = Frontier::from_bytes(&head.bytes("frontier")?).map_err(|_| head.fault("frontier"))?;
        let (mark_xid, mark_seq) = (head.int("mark_xid")?, head.int("mark_seq")?);
        // In a statement of its own: the next one sees at least what was over by now.
        let oldest = self.rows(&OLDEST, vec![]).await?.pop().unwrap_or_default();
        let oldest = Reader::new("audit_head", oldest).int("oldest")?;
        let is_restored = oldest <= mark_xid;
        let rows = if is_restored {
            self.rows(&LEFT, vec![oldest.into(), limit.into()]).await?
        } else {
            self.rows(&NEXT, vec![mark_xid.into(), mark_seq.into(), oldest.into(), limit.into()]).await?
        };
        let is_all = rows.len() < usize::try_from(limit).unwrap_or(usize::MAX);
        if rows.is_empty() && !is_restored {
            return Ok(0);
        }
        let mut frontier = frontier;
        let (mut indexes, mut xids, mut seqs) = (Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            let mut row = Reader::new("leaf", row);
            let (xid, seq, hash) = (row.int("xid")?, row.int("seq")?, row.bytes("leaf_hash")?);
            let hash = Hash::from_slice(&hash).ok_or_else(|| row.fault("leaf_hash"))?;
            indexes.push(i64::try_from(frontier.append(hash)).map_err(|_| row.fault("seq"))?);
            xids.push(xid);
            seqs.push(seq);
        }
        let mark = match (is_all, xids.last(), seqs.last()) {
            (true, ..) => (oldest - 1, i64::MAX),
            (false, Some(xid), Some(seq)) if !is_restored => (*xid, *seq),
            // The old mark stays until nothing below the oldest transaction is left without a number.
            (false, ..) => (mark_xid, mark_seq),
        };
        let values = vec![frontier.size().into(), frontier.to_bytes().into(), mark.0.into(), mark.1.into()];
        self.exec(&UPDATE, values).await?;
        let client = self.transaction().await?;
        let array = Type::INT8_ARRAY;
        let values: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 3] =
            [(&indexes, array.clone()), (&xids, array.clone()), (&seqs, array)];
        let numbered = in_time(client.execute_typed(INSERT, &values)).await;
        self.checked(numbered)
    }
}
