//! What goes when its time is over (`PAM 15.4`).

use ephor_domain::{id::RequestId, provider::Provider};
use jiff::Timestamp;

use super::{Tx, code, fold};
use crate::{
    Fault,
    sql::{Op, Statement},
};

static PURGE: Statement = Statement::new(
    "retention.purge",
    "DELETE FROM request WHERE id IN (SELECT id FROM request WHERE finished IS NOT NULL AND finished < $1 \
     AND ((provider = 0 AND finished < $2) OR (provider <> 0 AND finished < $3)) \
     ORDER BY finished, id LIMIT $4) RETURNING id, grant_id, approval, provider, name_key",
);

static TAKE_NAME: Statement = Statement::new(
    "retention.take_name",
    "INSERT INTO taken_name (provider, name_key) VALUES ($1, $2) ON CONFLICT (provider, name_key) DO NOTHING",
);

static IS_TAKEN: Statement = Statement::new(
    "retention.is_taken",
    "SELECT EXISTS (SELECT 1 FROM taken_name t WHERE t.provider = $1 AND t.name_key = $2)",
);

static PURGE_GRANT: Statement =
    Statement::new("retention.purge_grant", "DELETE FROM access_grant WHERE id = $1 AND phase = 4");

static PURGE_APPROVAL: Statement = Statement::new("retention.purge_approval", "DELETE FROM approval WHERE id = $1");

static PURGE_ORDER: Statement =
    Statement::new("retention.purge_order", "DELETE FROM schedule_order WHERE request = $1");

static PURGE_STAGES: Statement = Statement::new("retention.purge_stages", "DELETE FROM approval WHERE request = $1");

static PURGE_SESSIONS: Statement = Statement::new("retention.purge_sessions", "DELETE FROM session WHERE expires < $1");

static PURGE_ENROLMENTS: Statement =
    Statement::new("retention.purge_enrolments", "DELETE FROM enrolment WHERE expires < $1");

static PURGE_TOKENS: Statement = Statement::new("retention.purge_tokens", "DELETE FROM api_token WHERE expires < $1");

static PURGE_FAMILIES: Statement =
    Statement::new("retention.purge_families", "DELETE FROM token_family WHERE expires < $1");

static PURGE_CODES: Statement =
    Statement::new("retention.purge_codes", "DELETE FROM authorization_code WHERE expires < $1");

static PURGE_REFRESH: Statement =
    Statement::new("retention.purge_refresh", "DELETE FROM refresh_token WHERE expires < $1");

static PURGE_DEVICES: Statement =
    Statement::new("retention.purge_devices", "DELETE FROM device_code WHERE expires < $1");

static PURGE_ASSERTIONS: Statement =
    Statement::new("retention.purge_assertions", "DELETE FROM used_assertion WHERE expires < $1");

static PURGE_CEREMONIES: Statement =
    Statement::new("retention.purge_ceremonies", "DELETE FROM ceremony WHERE expires < $1");

/// What people and applications sign in with, once it is over.
static PURGE_ALL: [&Statement; 9] = [
    &PURGE_SESSIONS,
    &PURGE_ENROLMENTS,
    &PURGE_TOKENS,
    &PURGE_CODES,
    &PURGE_REFRESH,
    &PURGE_DEVICES,
    &PURGE_ASSERTIONS,
    &PURGE_CEREMONIES,
    &PURGE_FAMILIES,
];

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[
    &PURGE,
    &TAKE_NAME,
    &IS_TAKEN,
    &PURGE_GRANT,
    &PURGE_APPROVAL,
    &PURGE_ORDER,
    &PURGE_STAGES,
    &PURGE_SESSIONS,
    &PURGE_ENROLMENTS,
    &PURGE_TOKENS,
    &PURGE_FAMILIES,
    &PURGE_CODES,
    &PURGE_REFRESH,
    &PURGE_DEVICES,
    &PURGE_ASSERTIONS,
    &PURGE_CEREMONIES,
];

/// How long finished requests are kept: those that were finished before these instants go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Requests of PAM roles.
    pub pam: Timestamp,
    /// Orders for schedules.
    pub orders: Timestamp,
}

impl Tx {
    /// Deletes requests that were finished before their instant, with grant and approval, at most `limit`; answers which.
    /// Requests that are not finished are never deleted, and the names of deleted ones stay taken.
    ///
    /// # Errors
    /// As any statement.
    pub async fn purge_finished(&mut self, kept: Kept, limit: u32) -> Result<Vec<RequestId>, Fault> {
        let Kept { pam, orders } = kept;
        let values = vec![pam.max(orders).into(), pam.into(), orders.into(), limit.into()];
        let gone = self.all("request", &PURGE, values, |row| {
            let id: RequestId = row.id("id")?;
            let (grant, approval) = (row.uuid_or_null("grant_id")?, row.uuid_or_null("approval")?);
            let provider: Provider = code::read(row, "provider")?;
            Ok((id, grant, approval, provider, row.text_or_null("name_key")?))
        });
        let gone = gone.await?;
        let mut ops = Vec::new();
        for (id, grant, approval, provider, name) in &gone {
            ops.extend(name.as_deref().map(|name| Op::Run(TAKE_NAME.with([code::of(*provider), name.into()]))));
            ops.extend(grant.map(|grant| Op::Run(PURGE_GRANT.with([grant.into()]))));
            if *provider == Provider::Pam {
                ops.extend(approval.map(|approval| Op::Run(PURGE_APPROVAL.with([approval.into()]))));
            } else {
                ops.extend([&PURGE_ORDER, &PURGE_STAGES].map(|purge| Op::Run(purge.with([(*id).into()]))));
            }
        }
        self.session.write(ops).await?;
        Ok(gone.into_iter().map(|(id, ..)| id).collect())
    }

    /// Was this the name of a request that is deleted? Letter case does not count.
    ///
    /// # Errors
    /// As any statement.
    pub async fn is_name_taken(&mut self, provider: Provider, name: &str) -> Result<bool, Fault> {
        let found = self.first("taken_name", &IS_TAKEN, vec![code::of(provider), fold(name).into()]).await?;
        found.map_or(Ok(false), |mut row| row.bool("exists"))
    }

    /// Deletes sessions, links, codes and tokens that ended before `before`; answers how many.
    ///
    /// # Errors
    /// As any statement.
    pub async fn purge_credentials(&mut self, before: Timestamp) -> Result<u64, Fault> {
        let mut count = 0;
        for statement in PURGE_ALL {
            count += self.session.exec(statement, vec![before.into()]).await?;
        }
        Ok(count)
    }
}
