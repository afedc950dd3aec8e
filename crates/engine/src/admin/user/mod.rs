//! PAM users: the CORP account and the PRIV account of one person (`PAM 11.1`).

pub(in crate::admin) mod account;
pub mod change;
pub mod create;
pub mod disable;
pub mod list;
pub mod remove;

use ephor_domain::{Refusal, pam::user::User, principal::Principal};
use ephor_store::{Fault, Tx, tx::account::Account};

pub use change::SetUser;
pub use create::NewUser;
pub use ephor_store::tx::user::UserRow;
pub use list::{GetPrincipal, GetUser, ListUsers, UserSearch};
pub use remove::RemoveUser;

use crate::answer::Answer;

pub(in crate::admin) use account::asked;

/// Small fact of the store that holds the name of the PRIV domain.
pub const PRIV_DOMAIN: &str = "priv_domain";
/// The PRIV domain of a store that was told none.
pub const DEFAULT_PRIV_DOMAIN: &str = "PRIV";

/// A PAM user with both accounts and their places at the targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserDetail {
    /// The record that joins the accounts.
    pub user: User,
    /// The PRIV account.
    pub principal: Principal,
    /// The CORP account; `None` for a PRIV-only user.
    pub corp: Option<Principal>,
    /// What the targets call the PRIV account.
    pub accounts: Vec<Account>,
}

impl UserDetail {
    /// Loads what belongs to `row`.
    pub(crate) async fn load(tx: &mut Tx, row: UserRow) -> Answer<Self> {
        let corp = match row.user.corp {
            Some(corp) => tx.principal(corp).await?,
            None => None,
        };
        let accounts = tx.accounts_of(row.user.id).await?;
        Ok(Self { user: row.user, principal: row.principal, corp, accounts })
    }
}

/// The name of the PRIV domain.
pub(crate) async fn priv_domain(tx: &mut Tx) -> Result<String, Fault> {
    Ok(tx.meta(PRIV_DOMAIN).await?.unwrap_or_else(|| DEFAULT_PRIV_DOMAIN.to_owned()))
}

/// A stored text of at most `limit` characters on one line; blank counts as none.
fn line(field: &'static str, text: Option<String>, limit: usize) -> Result<Option<String>, Refusal> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(None) };
    if text.chars().count() > limit {
        return Err(Refusal::Invalid { field, rule: "is longer than allowed" });
    }
    if text.chars().any(char::is_control) {
        return Err(Refusal::Invalid { field, rule: "holds a control character" });
    }
    Ok(Some(text))
}

/// As [`line`], for a text that must be there.
fn needed(field: &'static str, text: String, limit: usize) -> Result<String, Refusal> {
    line(field, Some(text), limit)?.ok_or(Refusal::Invalid { field, rule: "is empty" })
}

/// Most characters of names, addresses and numbers.
const SHORT: usize = 256;
/// Most characters of descriptions.
const LONG: usize = 4000;
