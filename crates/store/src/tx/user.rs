//! PAM users: the join of a CORP and a PRIV account (`PAM 11.1`).

use ephor_domain::{id::PrincipalId, pam::user::User, principal::Principal};

use super::{
    Page, Tx,
    row::{self, principal_columns},
};
use crate::{
    Fault,
    sql::{Reader, Statement, Value},
};

/// A PAM user with its PRIV principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    /// The PAM user.
    pub user: User,
    /// Its PRIV principal.
    pub principal: Principal,
}

static BY_ID: Statement = Statement::new(
    "user.by_id",
    concat!(
        "SELECT u.id, u.corp, u.source, u.description, u.has_pin, ",
        principal_columns!(),
        " FROM pam_user u JOIN principal p ON p.id = u.id WHERE u.id = $1"
    ),
);
static BY_CORP: Statement = Statement::new(
    "user.by_corp",
    concat!(
        "SELECT u.id, u.corp, u.source, u.description, u.has_pin, ",
        principal_columns!(),
        " FROM pam_user u JOIN principal p ON p.id = u.id WHERE u.corp = $1"
    ),
);
static LIST: Statement = Statement::new(
    "user.list",
    concat!(
        "SELECT u.id, u.corp, u.source, u.description, u.has_pin, ",
        principal_columns!(),
        " FROM pam_user u JOIN principal p ON p.id = u.id WHERE (p.name_key, p.id) > ($1, $2) AND p.name_key LIKE $3 ESCAPE '\\' ORDER BY p.name_key, p.id LIMIT $4"
    ),
);
static INSERT: Statement = Statement::new(
    "user.insert",
    "INSERT INTO pam_user (id, corp, source, description, has_pin) VALUES ($1, $2, $3, $4, $5)",
);
static UPDATE: Statement =
    Statement::new("user.update", "UPDATE pam_user SET corp = $2, source = $3, description = $4 WHERE id = $1");
static DELETE: Statement = Statement::new("user.delete", "DELETE FROM pam_user WHERE id = $1");
static PIN: Statement = Statement::new("user.pin", "SELECT pin FROM pam_user WHERE id = $1");
static PUT_PIN: Statement = Statement::new("user.put_pin", "UPDATE pam_user SET pin = $2, has_pin = $3 WHERE id = $1");

/// All statements, for tests of schema and plans.
#[cfg(test)]
pub(super) const ALL: &[&Statement] = &[&BY_ID, &BY_CORP, &LIST, &INSERT, &UPDATE, &DELETE, &PIN, &PUT_PIN];

impl Tx {
    /// A PAM user by its PRIV principal.
    ///
    /// # Errors
    /// As any statement.
    pub async fn user(&mut self, id: PrincipalId) -> Result<Option<UserRow>, Fault> {
        match self.first("pam_user", &BY_ID, vec![id.into()]).await? {
            Some(mut row) => read(&mut row).map(Some),
            None => Ok(None),
        }
    }

    /// The PAM user whose CORP principal this is.
    ///
    /// # Errors
    /// As any statement.
    pub async fn user_of_corp(&mut self, corp: PrincipalId) -> Result<Option<UserRow>, Fault> {
        match self.first("pam_user", &BY_CORP, vec![corp.into()]).await? {
            Some(mut row) => read(&mut row).map(Some),
            None => Ok(None),
        }
    }

    /// PAM users by display name of the PRIV principal.
    ///
    /// # Errors
    /// As any statement.
    pub async fn users(&mut self, page: &Page) -> Result<Vec<UserRow>, Fault> {
        self.all("pam_user", &LIST, page.values(), read).await
    }

    /// Stores a new PAM user; its principals are stored before.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `pam_user` or `pam_user_corp`.
    pub async fn insert_user(&mut self, user: &User) -> Result<(), Fault> {
        let values: Vec<Value> = vec![
            user.id.into(),
            user.corp.into(),
            source(user)?.into(),
            user.description.clone().into(),
            user.has_pin.into(),
        ];
        self.configure(&INSERT, values).await.map(drop)
    }

    /// Stores a changed PAM user, all but the PIN; false when it is not there.
    ///
    /// # Errors
    /// As [`insert_user`](Self::insert_user).
    pub async fn update_user(&mut self, user: &User) -> Result<bool, Fault> {
        let values: Vec<Value> =
            vec![user.id.into(), user.corp.into(), source(user)?.into(), user.description.clone().into()];
        self.configure(&UPDATE, values).await
    }

    /// Deletes a PAM user; its principals stay. False when it is not there.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_user(&mut self, id: PrincipalId) -> Result<bool, Fault> {
        self.configure(&DELETE, vec![id.into()]).await
    }

    /// The sealed PIN.
    ///
    /// # Errors
    /// As any statement.
    pub async fn pin(&mut self, id: PrincipalId) -> Result<Option<Vec<u8>>, Fault> {
        match self.first("pam_user", &PIN, vec![id.into()]).await? {
            Some(mut row) => row.bytes_or_null("pin"),
            None => Ok(None),
        }
    }

    /// Stores or forgets the sealed PIN.
    ///
    /// # Errors
    /// As any statement.
    pub async fn put_pin(&mut self, id: PrincipalId, sealed: Option<Vec<u8>>) -> Result<bool, Fault> {
        let has_pin = sealed.is_some();
        Ok(self.session.exec(&PUT_PIN, vec![id.into(), sealed.into(), has_pin.into()]).await? > 0)
    }
}

fn source(user: &User) -> Result<String, Fault> {
    serde_json::to_string(&user.source).map_err(|error| Fault::Misuse { cause: error.to_string() })
}

fn read(row: &mut Reader) -> Result<UserRow, Fault> {
    let user = User {
        id: row.id("id")?,
        corp: row.id_or_null("corp")?,
        source: serde_json::from_str(&row.text("source")?).map_err(|_| row.fault("source"))?,
        description: row.text_or_null("description")?,
        has_pin: row.bool("has_pin")?,
    };
    Ok(UserRow { user, principal: row::principal(row)? })
}
