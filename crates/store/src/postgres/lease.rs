//! Lease rows: not session locks, which a pooler of transactions loses. They live by the clock of the database.

use std::time::Duration;

use uuid::Uuid;

use super::Session;
use crate::{
    Fault,
    sql::{Reader, Statement},
    tx::lease::Lease,
};

static READ: Statement = Statement::new(
    "lease.read",
    "SELECT holder, epoch, expires <= (extract(epoch FROM clock_timestamp()) * 1000000)::bigint \
     FROM lease WHERE name = $1 FOR UPDATE",
);

static INSERT: Statement = Statement::new(
    "lease.insert",
    "INSERT INTO lease (name, holder, epoch, expires) \
     VALUES ($1, $2, 1, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + $3) ON CONFLICT (name) DO NOTHING",
);

static TAKE: Statement = Statement::new(
    "lease.take",
    "UPDATE lease SET holder = $2, epoch = $4, \
     expires = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + $3 WHERE name = $1",
);

static RENEW: Statement = Statement::new(
    "lease.renew",
    "UPDATE lease SET expires = (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + $3 \
     WHERE name = $1 AND holder = $2 AND epoch = $4 \
     AND expires > (extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
);

static RELEASE: Statement = Statement::new(
    "lease.release",
    "UPDATE lease SET holder = NULL, expires = 0 WHERE name = $1 AND holder = $2 AND epoch = $3",
);

/// Statements of leases.
#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[&READ, &INSERT, &TAKE, &RENEW, &RELEASE];

fn microseconds(ttl: Duration) -> i64 {
    i64::try_from(ttl.as_micros()).unwrap_or(i64::MAX)
}

impl Session {
    pub(crate) async fn lease_take(&mut self, name: &str, holder: Uuid, ttl: Duration) -> Result<Option<Lease>, Fault> {
        let ttl = microseconds(ttl);
        let Some(row) = self.rows(&READ, vec![name.into()]).await?.pop() else {
            let made = self.exec(&INSERT, vec![name.into(), holder.into(), ttl.into()]).await?;
            return Ok((made == 1).then_some(Lease { epoch: 1, taken_over: false }));
        };
        let mut row = Reader::new("lease", row);
        let (before, epoch, is_over) = (row.uuid_or_null("holder")?, row.count("epoch")?, row.bool("expires")?);
        let is_ours = before == Some(holder);
        if before.is_some() && !is_ours && !is_over {
            return Ok(None);
        }
        let lease = Lease { epoch: if is_ours { epoch } else { epoch + 1 }, taken_over: before.is_some() && !is_ours };
        self.exec(&TAKE, vec![name.into(), holder.into(), ttl.into(), lease.epoch.into()]).await?;
        Ok(Some(lease))
    }

    pub(crate) async fn lease_renew(
        &mut self,
        name: &str,
        holder: Uuid,
        epoch: u64,
        ttl: Duration,
    ) -> Result<bool, Fault> {
        let values = vec![name.into(), holder.into(), microseconds(ttl).into(), epoch.into()];
        Ok(self.exec(&RENEW, values).await? == 1)
    }

    pub(crate) async fn lease_release(&mut self, name: &str, holder: Uuid, epoch: u64) -> Result<(), Fault> {
        self.exec(&RELEASE, vec![name.into(), holder.into(), epoch.into()]).await.map(drop)
    }
}
