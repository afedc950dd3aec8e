//! What goes when its time is over (`PAM 15.4`).

use ephor_domain::{id::RequestId, provider::Provider};
use jiff::Timestamp;

use super::{Tx, code};
use crate::{
    Fault,
    sql::{Op, Statement},
};

static PURGE: Statement = Statement::new(
    "retention.purge",
    "DELETE FROM request WHERE id IN (SELECT id FROM request WHERE finished IS NOT NULL AND finished < $1 \
     ORDER BY finished, id LIMIT $2) RETURNING id, grant_id, approval, provider",
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

impl Tx {
    /// Deletes requests that were finished before `before`, with grant and approval, at most `limit`; answers how many.
    /// Requests that are not finished are never deleted.
    ///
    /// # Errors
    /// As any statement.
    pub async fn purge_finished(&mut self, before: Timestamp, limit: u32) -> Result<Vec<RequestId>, Fault> {
        let gone = self.all("request", &PURGE, vec![before.into(), limit.into()], |row| {
            let id: RequestId = row.id("id")?;
            let (grant, approval) = (row.uuid_or_null("grant_id")?, row.uuid_or_null("approval")?);
            let provider: Provider = code::read(row, "provider")?;
            Ok((id, grant, approval, provider))
        });
        let gone = gone.await?;
        let mut ops = Vec::new();
        for (id, grant, approval, provider) in &gone {
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
