//! Second factors, recovery codes, what is remembered between two steps of a ceremony, and the budget of guesses.

use ephor_domain::id::PrincipalId;
use jiff::Timestamp;
use uuid::Uuid;

use super::Tx;
use crate::{
    Fault,
    sql::{Op, Reader, Statement},
};

/// A second factor.
#[derive(Clone, PartialEq, Eq)]
pub struct Factor {
    /// Key.
    pub id: Uuid,
    /// Whose.
    pub principal: PrincipalId,
    /// `totp`, `passkey`.
    pub kind: String,
    /// Name for people.
    pub label: String,
    /// Sealed secret or public key, as the kind has it.
    pub secret: Vec<u8>,
    /// Last time step or signature counter that was accepted: a code works once.
    pub counter: i64,
    /// When it was enrolled.
    pub created: Timestamp,
    /// When it was last used.
    pub used: Option<Timestamp>,
    /// When it was found to be copied; it opens nothing from then on.
    pub disabled: Option<Timestamp>,
}

impl std::fmt::Debug for Factor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Factor").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// What the server remembers between two steps: a challenge that was put, a sign-in that is half done.
#[derive(Clone, PartialEq, Eq)]
pub struct Ceremony {
    /// Hash of the secret that its bearer has.
    pub hash: Vec<u8>,
    /// What it is.
    pub kind: String,
    /// Whose, where that is known.
    pub principal: Option<PrincipalId>,
    /// JSON, as the kind has it.
    pub state: String,
    /// When it ends.
    pub expires: Timestamp,
}

impl std::fmt::Debug for Ceremony {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ceremony").field("kind", &self.kind).finish_non_exhaustive()
    }
}

static LIST: Statement = Statement::new(
    "factor.list",
    "SELECT id, principal, kind, label, secret, counter, created, used, disabled FROM factor WHERE principal = $1 \
     ORDER BY created, id",
);
static INSERT: Statement = Statement::new(
    "factor.insert",
    "INSERT INTO factor (id, principal, kind, label, secret, counter, created) VALUES ($1, $2, $3, $4, $5, $6, $7)",
);
static USE: Statement = Statement::new(
    "factor.use",
    "UPDATE factor SET counter = $2, used = $3 WHERE id = $1 AND counter < $2 AND disabled IS NULL",
);
// Keys that keep no counter say 0 for ever.
static USE_KEY: Statement = Statement::new(
    "factor.use_key",
    "UPDATE factor SET counter = $2, used = $3, secret = $4 \
     WHERE id = $1 AND (counter < $2 OR (counter = 0 AND $2 = 0)) AND disabled IS NULL",
);
static DISABLE: Statement =
    Statement::new("factor.disable", "UPDATE factor SET disabled = $2 WHERE id = $1 AND disabled IS NULL");
static DELETE: Statement = Statement::new("factor.delete", "DELETE FROM factor WHERE principal = $1 AND id = $2");
static DELETE_ALL: Statement = Statement::new("factor.delete_all", "DELETE FROM factor WHERE principal = $1");

static COUNT_CODES: Statement =
    Statement::new("recovery_code.count", "SELECT count(*) FROM recovery_code WHERE principal = $1");
static INSERT_CODE: Statement =
    Statement::new("recovery_code.insert", "INSERT INTO recovery_code (principal, hash, created) VALUES ($1, $2, $3)");
static TAKE_CODE: Statement =
    Statement::new("recovery_code.take", "DELETE FROM recovery_code WHERE principal = $1 AND hash = $2");
static DELETE_CODES: Statement =
    Statement::new("recovery_code.delete_all", "DELETE FROM recovery_code WHERE principal = $1");

static PUT_CEREMONY: Statement = Statement::new(
    "ceremony.put",
    "INSERT INTO ceremony (hash, kind, principal, state, expires) VALUES ($1, $2, $3, $4, $5)",
);
static CEREMONY: Statement = Statement::new(
    "ceremony.read",
    "SELECT hash, kind, principal, state, expires FROM ceremony WHERE hash = $1 AND kind = $2 AND expires > $3",
);
static TAKE_CEREMONY: Statement = Statement::new(
    "ceremony.take",
    "DELETE FROM ceremony WHERE hash = $1 AND kind = $2 AND expires > $3 RETURNING hash, kind, principal, state, expires",
);

static BUDGET: Statement =
    Statement::new("guess_budget.read", "SELECT whole_at FROM guess_budget WHERE principal = $1");
static PUT_BUDGET: Statement = Statement::new(
    "guess_budget.put",
    "INSERT INTO guess_budget (principal, whole_at) VALUES ($1, $2) \
     ON CONFLICT (principal) DO UPDATE SET whole_at = excluded.whole_at",
);
static CLEAR_BUDGET: Statement = Statement::new("guess_budget.clear", "DELETE FROM guess_budget WHERE principal = $1");

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[
    &LIST,
    &INSERT,
    &USE,
    &USE_KEY,
    &DISABLE,
    &DELETE,
    &DELETE_ALL,
    &COUNT_CODES,
    &INSERT_CODE,
    &TAKE_CODE,
    &DELETE_CODES,
    &PUT_CEREMONY,
    &CEREMONY,
    &TAKE_CEREMONY,
    &BUDGET,
    &PUT_BUDGET,
    &CLEAR_BUDGET,
];

impl Tx {
    /// Second factors of an account, oldest first, disabled ones too.
    ///
    /// # Errors
    /// As any statement.
    pub async fn factors(&mut self, principal: PrincipalId) -> Result<Vec<Factor>, Fault> {
        self.all("factor", &LIST, vec![principal.into()], |row| {
            Ok(Factor {
                id: row.uuid("id")?,
                principal: row.id("principal")?,
                kind: row.text("kind")?,
                label: row.text("label")?,
                secret: row.bytes("secret")?,
                counter: row.int("counter")?,
                created: row.instant("created")?,
                used: row.instant_or_null("used")?,
                disabled: row.instant_or_null("disabled")?,
            })
        })
        .await
    }

    /// Stores a new factor, never used yet.
    ///
    /// # Errors
    /// As any statement.
    pub async fn insert_factor(&mut self, factor: &Factor) -> Result<(), Fault> {
        let values = vec![
            factor.id.into(),
            factor.principal.into(),
            factor.kind.as_str().into(),
            factor.label.as_str().into(),
            factor.secret.as_slice().into(),
            factor.counter.into(),
            factor.created.into(),
        ];
        self.session.exec(&INSERT, values).await.map(drop)
    }

    /// Uses a factor up to `counter`; false when that or a later one was used before, or the factor is disabled (S4).
    ///
    /// # Errors
    /// As any statement.
    pub async fn use_factor(&mut self, id: Uuid, counter: i64, at: Timestamp) -> Result<bool, Fault> {
        Ok(self.session.exec(&USE, vec![id.into(), counter.into(), at.into()]).await? > 0)
    }

    /// Uses a key whose counter says `counter`, and stores its new form; false when the counter did not grow (a key that
    /// keeps none says 0 each time), or the key is disabled.
    ///
    /// # Errors
    /// As any statement.
    pub async fn use_key(&mut self, id: Uuid, counter: i64, at: Timestamp, form: &[u8]) -> Result<bool, Fault> {
        let values = vec![id.into(), counter.into(), at.into(), form.into()];
        Ok(self.session.exec(&USE_KEY, values).await? > 0)
    }

    /// Lets a factor open nothing any more; false when that was so already.
    ///
    /// # Errors
    /// As any statement.
    pub async fn disable_factor(&mut self, id: Uuid, at: Timestamp) -> Result<bool, Fault> {
        Ok(self.session.exec(&DISABLE, vec![id.into(), at.into()]).await? > 0)
    }

    /// Removes a factor of an account; false when it is not there.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_factor(&mut self, principal: PrincipalId, id: Uuid) -> Result<bool, Fault> {
        Ok(self.session.exec(&DELETE, vec![principal.into(), id.into()]).await? > 0)
    }

    /// Removes all factors and recovery codes of an account; answers how many factors there were.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_factors(&mut self, principal: PrincipalId) -> Result<u64, Fault> {
        self.session.write(vec![Op::Run(DELETE_CODES.with([principal.into()]))]).await?;
        self.session.exec(&DELETE_ALL, vec![principal.into()]).await
    }

    /// How many recovery codes an account has left.
    ///
    /// # Errors
    /// As any statement.
    pub async fn recovery_codes(&mut self, principal: PrincipalId) -> Result<u64, Fault> {
        match self.first("recovery_code", &COUNT_CODES, vec![principal.into()]).await? {
            Some(mut row) => row.count("count"),
            None => Ok(0),
        }
    }

    /// Puts new recovery codes, as hashes, in the place of all old ones.
    ///
    /// # Errors
    /// As any statement.
    pub async fn replace_recovery_codes(
        &mut self,
        principal: PrincipalId,
        hashes: &[Vec<u8>],
        at: Timestamp,
    ) -> Result<(), Fault> {
        let mut ops = vec![Op::Run(DELETE_CODES.with([principal.into()]))];
        ops.extend(hashes.iter().map(|hash| {
            let values = [principal.into(), hash.as_slice().into(), at.into()];
            Op::Run(INSERT_CODE.with(values))
        }));
        self.session.write(ops).await.map(drop)
    }

    /// Uses a recovery code up; false when it is unknown or was used.
    ///
    /// # Errors
    /// As any statement.
    pub async fn take_recovery_code(&mut self, principal: PrincipalId, hash: &[u8]) -> Result<bool, Fault> {
        Ok(self.session.exec(&TAKE_CODE, vec![principal.into(), hash.into()]).await? > 0)
    }

    /// Remembers a step of a ceremony.
    ///
    /// # Errors
    /// As any statement.
    pub async fn put_ceremony(&mut self, ceremony: &Ceremony) -> Result<(), Fault> {
        let values = vec![
            ceremony.hash.as_slice().into(),
            ceremony.kind.as_str().into(),
            ceremony.principal.into(),
            ceremony.state.as_str().into(),
            ceremony.expires.into(),
        ];
        self.session.exec(&PUT_CEREMONY, values).await.map(drop)
    }

    /// A ceremony that still goes on.
    ///
    /// # Errors
    /// As any statement.
    pub async fn ceremony(&mut self, hash: &[u8], kind: &str, now: Timestamp) -> Result<Option<Ceremony>, Fault> {
        let found = self.first("ceremony", &CEREMONY, vec![hash.into(), kind.into(), now.into()]).await?;
        found.map(|mut row| read_ceremony(&mut row)).transpose()
    }

    /// Ends a ceremony and answers it, once.
    ///
    /// # Errors
    /// As any statement.
    pub async fn take_ceremony(&mut self, hash: &[u8], kind: &str, now: Timestamp) -> Result<Option<Ceremony>, Fault> {
        let found = self.first("ceremony", &TAKE_CEREMONY, vec![hash.into(), kind.into(), now.into()]).await?;
        found.map(|mut row| read_ceremony(&mut row)).transpose()
    }

    /// When the budget of guesses of an account is whole again; `None` when it is whole.
    ///
    /// # Errors
    /// As any statement.
    pub async fn guess_budget(&mut self, principal: PrincipalId) -> Result<Option<Timestamp>, Fault> {
        let found = self.first("guess_budget", &BUDGET, vec![principal.into()]).await?;
        found.map(|mut row| row.instant("whole_at")).transpose()
    }

    /// Sets the budget of guesses of an account; `None` makes it whole.
    ///
    /// # Errors
    /// As any statement.
    pub async fn put_guess_budget(&mut self, principal: PrincipalId, whole_at: Option<Timestamp>) -> Result<(), Fault> {
        match whole_at {
            Some(at) => self.session.exec(&PUT_BUDGET, vec![principal.into(), at.into()]).await.map(drop),
            None => self.session.exec(&CLEAR_BUDGET, vec![principal.into()]).await.map(drop),
        }
    }
}

fn read_ceremony(row: &mut Reader) -> Result<Ceremony, Fault> {
    Ok(Ceremony {
        hash: row.bytes("hash")?,
        kind: row.text("kind")?,
        principal: row.id_or_null("principal")?,
        state: row.text("state")?,
        expires: row.instant("expires")?,
    })
}
