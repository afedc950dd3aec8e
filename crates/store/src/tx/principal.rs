//! Principals and the persons behind them.

use ephor_domain::{
    id::{PersonId, PrincipalId},
    principal::Principal,
};

use super::{Page, Tx, code, credential::DELETE_ENROLMENTS, fold, read_all, row};
use crate::{
    Fault,
    sql::{Op, Statement, Value},
};

static READ: Statement = Statement::new(
    "principal.read",
    concat!("SELECT ", row::principal_columns!(), " FROM principal p WHERE p.id = $1"),
);

static BY_LOGIN: Statement = Statement::new(
    "principal.by_login",
    concat!("SELECT ", row::principal_columns!(), " FROM principal p WHERE p.login_key = $1"),
);

static BY_ACCOUNT: Statement = Statement::new(
    "principal.by_account",
    concat!("SELECT ", row::principal_columns!(), " FROM principal p WHERE p.account_key = $1 LIMIT 2"),
);

static BY_UPN: Statement = Statement::new(
    "principal.by_upn",
    concat!("SELECT ", row::principal_columns!(), " FROM principal p WHERE p.upn_key = $1 AND p.upn_key IS NOT NULL"),
);

static LIST: Statement = Statement::new(
    "principal.list",
    concat!(
        "SELECT ",
        row::principal_columns!(),
        " FROM principal p WHERE (p.name_key, p.id) > ($1, $2) \
         AND (p.name_key LIKE $3 ESCAPE '\\' OR p.login_key LIKE $3 ESCAPE '\\') ORDER BY p.name_key, p.id LIMIT $4"
    ),
);

static OF_PERSON: Statement = Statement::new(
    "principal.of_person",
    concat!("SELECT ", row::principal_columns!(), " FROM principal p WHERE p.person = $1 ORDER BY p.id"),
);

static INSERT: Statement = Statement::new(
    "principal.insert",
    "INSERT INTO principal (id, kind, person, domain, account, display_name, upn, enabled, login_key, account_key, \
     upn_key, name_key) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
);

static UPDATE: Statement = Statement::new(
    "principal.update",
    "UPDATE principal SET kind = $2, person = $3, domain = $4, account = $5, display_name = $6, upn = $7, enabled = $8, \
     login_key = $9, account_key = $10, upn_key = $11, name_key = $12 WHERE id = $1",
);

static DELETE: Statement = Statement::new("principal.delete", "DELETE FROM principal WHERE id = $1");

static DELETE_USER: Statement = Statement::new("principal.delete_user", "DELETE FROM pam_user WHERE id = $1");
static DELETE_CREDENTIAL: Statement =
    Statement::new("principal.delete_credential", "DELETE FROM credential WHERE principal = $1");
static DELETE_FACTORS: Statement =
    Statement::new("principal.delete_factors", "DELETE FROM factor WHERE principal = $1");
static DELETE_TOKENS: Statement =
    Statement::new("principal.delete_tokens", "DELETE FROM api_token WHERE principal = $1");
static DELETE_SESSIONS: Statement =
    Statement::new("principal.delete_sessions", "DELETE FROM session WHERE principal = $1");
static DELETE_ADMINISTRATOR: Statement =
    Statement::new("principal.delete_administrator", "DELETE FROM administrator WHERE principal = $1");
static DELETE_ACCOUNTS: Statement =
    Statement::new("principal.delete_accounts", "DELETE FROM account WHERE principal = $1");
static DELETE_MEMBER: Statement =
    Statement::new("principal.delete_member", "DELETE FROM standing_member WHERE principal = $1");
static DELETE_ELIGIBILITIES: Statement =
    Statement::new("principal.delete_eligibilities", "DELETE FROM eligibility WHERE principal = $1 AND provider = 0");
static DELETE_APPROVER: Statement =
    Statement::new("principal.delete_approver", "DELETE FROM approver WHERE principal = $1");

static DELETE_UNLINK: Statement =
    Statement::new("principal.delete_unlink", "DELETE FROM pending_unlink WHERE account = $1");

static DELETE_RECOVERY_CODES: Statement =
    Statement::new("principal.delete_recovery_codes", "DELETE FROM recovery_code WHERE principal = $1");
static DELETE_CEREMONIES: Statement =
    Statement::new("principal.delete_ceremonies", "DELETE FROM ceremony WHERE principal = $1");
static DELETE_GUESSES: Statement =
    Statement::new("principal.delete_guesses", "DELETE FROM guess_budget WHERE principal = $1");

static DELETE_LINKS: Statement =
    Statement::new("principal.delete_links", "DELETE FROM identity_link WHERE principal = $1");

static DELETE_DIRECTORY: Statement =
    Statement::new("principal.delete_directory", "DELETE FROM directory_user WHERE principal = $1");
static DELETE_WAY_IN: Statement = Statement::new("principal.delete_way_in", "DELETE FROM way_in WHERE principal = $1");
static DELETE_OWNER: Statement =
    Statement::new("principal.delete_owner", "DELETE FROM group_owner WHERE principal = $1");

static DELETE_LINES: Statement =
    Statement::new("principal.delete_lines", "UPDATE line SET live = FALSE, due = NULL WHERE principal = $1 AND live");

/// What goes with a principal.
static DELETE_ALL: [&Statement; 20] = [
    &DELETE_LINES,
    &DELETE_DIRECTORY,
    &DELETE_WAY_IN,
    &DELETE_OWNER,
    &DELETE_UNLINK,
    &DELETE_USER,
    &DELETE_CREDENTIAL,
    &DELETE_FACTORS,
    &DELETE_RECOVERY_CODES,
    &DELETE_CEREMONIES,
    &DELETE_GUESSES,
    &DELETE_ENROLMENTS,
    &DELETE_TOKENS,
    &DELETE_LINKS,
    &DELETE_SESSIONS,
    &DELETE_ADMINISTRATOR,
    &DELETE_ACCOUNTS,
    &DELETE_MEMBER,
    &DELETE_ELIGIBILITIES,
    &DELETE_APPROVER,
];

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[
    &READ,
    &BY_LOGIN,
    &BY_ACCOUNT,
    &BY_UPN,
    &LIST,
    &OF_PERSON,
    &INSERT,
    &UPDATE,
    &DELETE,
    &DELETE_LINES,
    &DELETE_DIRECTORY,
    &DELETE_WAY_IN,
    &DELETE_OWNER,
    &DELETE_UNLINK,
    &DELETE_USER,
    &DELETE_CREDENTIAL,
    &DELETE_FACTORS,
    &DELETE_RECOVERY_CODES,
    &DELETE_CEREMONIES,
    &DELETE_GUESSES,
    &DELETE_TOKENS,
    &DELETE_LINKS,
    &DELETE_SESSIONS,
    &DELETE_ADMINISTRATOR,
    &DELETE_ACCOUNTS,
    &DELETE_MEMBER,
    &DELETE_ELIGIBILITIES,
    &DELETE_APPROVER,
];

impl Tx {
    /// A principal.
    ///
    /// # Errors
    /// As any statement.
    pub async fn principal(&mut self, id: PrincipalId) -> Result<Option<Principal>, Fault> {
        let found = self.first("principal", &READ, vec![id.into()]).await?;
        found.map(|mut row| row::principal(&mut row)).transpose()
    }

    /// The principal that a sign-in name means: `DOMAIN\account`, `account` where it is unique, or the UPN; case-blind
    /// (seams §1). `None` when there is none, or more than one.
    ///
    /// # Errors
    /// As any statement.
    pub async fn principal_named(&mut self, spelling: &str) -> Result<Option<Principal>, Fault> {
        let key = || [fold(spelling).into()];
        let calls = [BY_LOGIN.with(key()), BY_UPN.with(key()), BY_ACCOUNT.with(key())];
        for rows in self.session.rows_of(calls).await? {
            let mut found = read_all("principal", rows, row::principal)?;
            match found.len() {
                0 => {}
                1 => return Ok(found.pop()),
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Principals by display name.
    ///
    /// # Errors
    /// As any statement.
    pub async fn principals(&mut self, page: &Page) -> Result<Vec<Principal>, Fault> {
        self.all("principal", &LIST, page.values(), row::principal).await
    }

    /// All principals of a person.
    ///
    /// # Errors
    /// As any statement.
    pub async fn principals_of_person(&mut self, person: PersonId) -> Result<Vec<Principal>, Fault> {
        self.all("principal", &OF_PERSON, vec![person.into()], row::principal).await
    }

    /// Stores a new principal.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `principal_login` or `principal_upn` when a sign-in name is taken.
    pub async fn insert_principal(&mut self, principal: &Principal) -> Result<(), Fault> {
        self.configure(&INSERT, values(principal)).await.map(drop)
    }

    /// Stores a changed principal; false when it is not there.
    ///
    /// # Errors
    /// As [`insert_principal`](Self::insert_principal).
    pub async fn update_principal(&mut self, principal: &Principal) -> Result<bool, Fault> {
        self.configure(&UPDATE, values(principal)).await
    }

    /// Deletes a principal and its credentials, sessions, tokens, accounts; false when it is not there. Requests and
    /// grants keep its id.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_principal(&mut self, id: PrincipalId) -> Result<bool, Fault> {
        let ops = DELETE_ALL.iter().map(|statement| Op::Run(statement.with([id.into()])));
        self.session.write(ops.collect()).await?;
        self.configure(&DELETE, vec![id.into()]).await
    }
}

fn values(principal: &Principal) -> Vec<Value> {
    vec![
        principal.id.into(),
        code::of(principal.kind),
        principal.person.into(),
        principal.domain.as_str().into(),
        principal.account.as_str().into(),
        principal.display_name.as_str().into(),
        principal.upn.clone().into(),
        principal.enabled.into(),
        fold(&principal.username()).into(),
        fold(&principal.account).into(),
        principal.upn.as_deref().map(fold).into(),
        fold(&principal.display_name).into(),
    ]
}
