//! Device codes: a program without a browser waits until a person allows it from elsewhere (RFC 8628).

use ephor_domain::id::{ClientId, TokenFamilyId};
use jiff::Timestamp;

use super::{Tx, code};
use crate::{
    Fault,
    sql::{Reader, Statement, Value},
};

/// How far a device code has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceState {
    /// Nobody has typed the code yet.
    Waiting,
    /// A person allowed it.
    Allowed,
    /// A person refused it.
    Refused,
    /// Tokens were given.
    Redeemed,
}

impl code::Code for DeviceState {
    const ALL: &'static [(i64, Self)] =
        &[(0, Self::Waiting), (1, Self::Allowed), (2, Self::Refused), (3, Self::Redeemed)];
}

/// A device code.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceCode {
    /// Hash of what the program holds.
    pub hash: Vec<u8>,
    /// What the person types, in its canonical spelling.
    pub user_code: String,
    /// Which application asks.
    pub client: ClientId,
    /// What it asks for.
    pub scopes: String,
    /// Since when.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// When the program last asked.
    pub polled: Option<Timestamp>,
    /// How far it has come.
    pub state: DeviceState,
    /// The tokens' family, once allowed.
    pub family: Option<TokenFamilyId>,
}

impl std::fmt::Debug for DeviceCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeviceCode").field("client", &self.client).field("state", &self.state).finish_non_exhaustive()
    }
}

static INSERT: Statement = Statement::new(
    "device_code.insert",
    "INSERT INTO device_code (hash, user_code, client, scopes, created, expires, polled, state, family) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
);
static BY_HASH: Statement = Statement::new(
    "device_code.by_hash",
    "SELECT hash, user_code, client, scopes, created, expires, polled, state, family FROM device_code WHERE hash = $1",
);
static BY_USER_CODE: Statement = Statement::new(
    "device_code.by_user_code",
    "SELECT hash, user_code, client, scopes, created, expires, polled, state, family FROM device_code \
     WHERE user_code = $1 AND expires > $2",
);
static POLLED: Statement = Statement::new("device_code.polled", "UPDATE device_code SET polled = $2 WHERE hash = $1");
static DECIDE: Statement = Statement::new(
    "device_code.decide",
    "UPDATE device_code SET state = $2, family = $3 WHERE hash = $1 AND state = 0",
);
static REDEEM: Statement =
    Statement::new("device_code.redeem", "UPDATE device_code SET state = 3 WHERE hash = $1 AND state = 1");

/// All statements, for tests of schema and plans.
#[cfg(test)]
pub(super) const ALL: &[&Statement] = &[&INSERT, &BY_HASH, &BY_USER_CODE, &POLLED, &DECIDE, &REDEEM];

impl Tx {
    /// Stores a new device code.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `device_code_user_code`.
    pub async fn insert_device_code(&mut self, device: &DeviceCode) -> Result<(), Fault> {
        let values: Vec<Value> = vec![
            device.hash.as_slice().into(),
            device.user_code.as_str().into(),
            device.client.into(),
            device.scopes.as_str().into(),
            device.created.into(),
            device.expires.into(),
            device.polled.into(),
            code::of(device.state),
            device.family.into(),
        ];
        self.session.exec(&INSERT, values).await.map(drop)
    }

    /// The device code that a program holds.
    ///
    /// # Errors
    /// As any statement.
    pub async fn device_code(&mut self, hash: &[u8]) -> Result<Option<DeviceCode>, Fault> {
        let found = self.first("device_code", &BY_HASH, vec![hash.into()]).await?;
        found.map(|mut row| read(&mut row)).transpose()
    }

    /// The device code that a person typed, while it is good.
    ///
    /// # Errors
    /// As any statement.
    pub async fn device_code_typed(&mut self, user_code: &str, now: Timestamp) -> Result<Option<DeviceCode>, Fault> {
        let found = self.first("device_code", &BY_USER_CODE, vec![user_code.into(), now.into()]).await?;
        found.map(|mut row| read(&mut row)).transpose()
    }

    /// Notes that the program asked.
    ///
    /// # Errors
    /// As any statement.
    pub async fn device_code_polled(&mut self, hash: &[u8], at: Timestamp) -> Result<(), Fault> {
        self.session.exec(&POLLED, vec![hash.into(), at.into()]).await.map(drop)
    }

    /// A person's word on a device code; false when there was one already.
    ///
    /// # Errors
    /// As any statement.
    pub async fn decide_device_code(&mut self, hash: &[u8], family: Option<TokenFamilyId>) -> Result<bool, Fault> {
        let state = if family.is_some() { DeviceState::Allowed } else { DeviceState::Refused };
        Ok(self.session.exec(&DECIDE, vec![hash.into(), code::of(state), family.into()]).await? > 0)
    }

    /// Uses an allowed device code up; false when it is not allowed, or used already.
    ///
    /// # Errors
    /// As any statement.
    pub async fn redeem_device_code(&mut self, hash: &[u8]) -> Result<bool, Fault> {
        Ok(self.session.exec(&REDEEM, vec![hash.into()]).await? > 0)
    }
}

fn read(row: &mut Reader) -> Result<DeviceCode, Fault> {
    Ok(DeviceCode {
        hash: row.bytes("hash")?,
        user_code: row.text("user_code")?,
        client: row.id("client")?,
        scopes: row.text("scopes")?,
        created: row.instant("created")?,
        expires: row.instant("expires")?,
        polled: row.instant_or_null("polled")?,
        state: code::read(row, "state")?,
        family: row.id_or_null("family")?,
    })
}
