//! Registered applications, what they prove themselves with, and what they were consented to.

use ephor_domain::{
    application::{Application, Permission, Redirect, RedirectKind},
    id::{ClientCredentialId, ClientId, PrincipalId},
    principal::Principal,
};
use jiff::Timestamp;

use super::{
    NameCursor, Tx, fold,
    row::{self, principal_columns},
};
use crate::{
    Fault,
    sql::{Op, Reader, Statement, Value},
};

/// An application with its service principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationRow {
    /// The application.
    pub application: Application,
    /// What it acts as.
    pub principal: Principal,
}

/// A secret of an application.
#[derive(Clone, PartialEq, Eq)]
pub struct ApplicationSecret {
    /// Key.
    pub id: ClientCredentialId,
    /// Whose: the service principal.
    pub principal: PrincipalId,
    /// Hash of the secret.
    pub hash: Vec<u8>,
    /// The first characters, by which people tell secrets apart.
    pub hint: String,
    /// Name for people.
    pub label: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
}

impl std::fmt::Debug for ApplicationSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApplicationSecret").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A key of an application: it signs its assertions with the private half.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationKey {
    /// Key.
    pub id: ClientCredentialId,
    /// Whose: the service principal.
    pub principal: PrincipalId,
    /// The public half, as JSON Web Key.
    pub public_key: String,
    /// SHA-256 of the certificate, or of the bare key.
    pub thumbprint: Vec<u8>,
    /// Name for people.
    pub label: String,
    /// When it was added.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
}

/// A permission that an application was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consent {
    /// Whose: the service principal.
    pub principal: PrincipalId,
    /// What.
    pub permission: Permission,
    /// When.
    pub created: Timestamp,
    /// By whom.
    pub created_by: Option<PrincipalId>,
}

macro_rules! columns {
    () => {
        concat!("a.client, a.public, a.redirects, a.created, ", principal_columns!())
    };
}

static READ: Statement = Statement::new(
    "application.read",
    concat!("SELECT ", columns!(), " FROM application a JOIN principal p ON p.id = a.principal WHERE a.principal = $1"),
);
static BY_CLIENT: Statement = Statement::new(
    "application.by_client",
    concat!("SELECT ", columns!(), " FROM application a JOIN principal p ON p.id = a.principal WHERE a.client = $1"),
);
static LIST: Statement = Statement::new(
    "application.list",
    concat!(
        "SELECT ",
        columns!(),
        " FROM application a JOIN principal p ON p.id = a.principal WHERE (a.name_key, a.principal) > ($1, $2) \
         ORDER BY a.name_key, a.principal LIMIT $3"
    ),
);
static INSERT: Statement = Statement::new(
    "application.insert",
    "INSERT INTO application (principal, client, public, redirects, created, name_key) VALUES ($1, $2, $3, $4, $5, $6)",
);
static UPDATE: Statement = Statement::new(
    "application.update",
    "UPDATE application SET public = $2, redirects = $3, name_key = $4 WHERE principal = $1",
);
static DELETE: Statement = Statement::new("application.delete", "DELETE FROM application WHERE principal = $1");
static DELETE_SECRETS: Statement =
    Statement::new("application.delete_secrets", "DELETE FROM application_secret WHERE principal = $1");
static DELETE_KEYS: Statement =
    Statement::new("application.delete_keys", "DELETE FROM application_key WHERE principal = $1");
static DELETE_CONSENTS: Statement =
    Statement::new("application.delete_consents", "DELETE FROM consent WHERE principal = $1");

static SECRETS: Statement = Statement::new(
    "application_secret.list",
    "SELECT id, principal, hash, hint, label, created, expires FROM application_secret WHERE principal = $1 \
     ORDER BY created, id",
);
static INSERT_SECRET: Statement = Statement::new(
    "application_secret.insert",
    "INSERT INTO application_secret (id, principal, hash, hint, label, created, expires) \
     VALUES ($1, $2, $3, $4, $5, $6, $7)",
);
static DELETE_SECRET: Statement =
    Statement::new("application_secret.delete", "DELETE FROM application_secret WHERE principal = $1 AND id = $2");

static KEYS: Statement = Statement::new(
    "application_key.list",
    "SELECT id, principal, public_key, thumbprint, label, created, expires FROM application_key WHERE principal = $1 \
     ORDER BY created, id",
);
static INSERT_KEY: Statement = Statement::new(
    "application_key.insert",
    "INSERT INTO application_key (id, principal, public_key, thumbprint, label, created, expires) \
     VALUES ($1, $2, $3, $4, $5, $6, $7)",
);
static DELETE_KEY: Statement =
    Statement::new("application_key.delete", "DELETE FROM application_key WHERE principal = $1 AND id = $2");

static CONSENTS: Statement = Statement::new(
    "consent.list",
    "SELECT principal, permission, created, created_by FROM consent WHERE principal = $1 ORDER BY permission",
);
static PUT_CONSENT: Statement = Statement::new(
    "consent.put",
    "INSERT INTO consent (principal, permission, created, created_by) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (principal, permission) DO NOTHING",
);
static DELETE_CONSENT: Statement =
    Statement::new("consent.delete", "DELETE FROM consent WHERE principal = $1 AND permission = $2");

/// All statements, for tests of schema and plans.
#[cfg(test)]
pub(super) const ALL: &[&Statement] = &[
    &READ,
    &BY_CLIENT,
    &LIST,
    &INSERT,
    &UPDATE,
    &DELETE,
    &DELETE_SECRETS,
    &DELETE_KEYS,
    &DELETE_CONSENTS,
    &SECRETS,
    &INSERT_SECRET,
    &DELETE_SECRET,
    &KEYS,
    &INSERT_KEY,
    &DELETE_KEY,
    &CONSENTS,
    &PUT_CONSENT,
    &DELETE_CONSENT,
];

impl Tx {
    /// An application by its service principal.
    ///
    /// # Errors
    /// As any statement.
    pub async fn application(&mut self, principal: PrincipalId) -> Result<Option<ApplicationRow>, Fault> {
        let found = self.first("application", &READ, vec![principal.into()]).await?;
        found.map(|mut row| read(&mut row)).transpose()
    }

    /// An application by what clients call it.
    ///
    /// # Errors
    /// As any statement.
    pub async fn application_of_client(&mut self, client: ClientId) -> Result<Option<ApplicationRow>, Fault> {
        let found = self.first("application", &BY_CLIENT, vec![client.into()]).await?;
        found.map(|mut row| read(&mut row)).transpose()
    }

    /// Applications by name.
    ///
    /// # Errors
    /// As any statement.
    pub async fn applications(&mut self, after: Option<&NameCursor>, limit: u32) -> Result<Vec<ApplicationRow>, Fault> {
        let (name, id) = after.map_or(("", uuid::Uuid::nil()), |after| (&after.name, after.id));
        self.all("application", &LIST, vec![name.into(), id.into(), limit.into()], read).await
    }

    /// Stores a new application; its service principal is there already.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `application_client`.
    pub async fn insert_application(&mut self, row: &ApplicationRow) -> Result<(), Fault> {
        let application = &row.application;
        let values: Vec<Value> = vec![
            application.principal.into(),
            application.client.into(),
            application.public.into(),
            redirects_text(&application.redirects).into(),
            application.created.into(),
            fold(&row.principal.display_name).into(),
        ];
        self.configure(&INSERT, values).await.map(drop)
    }

    /// Stores a changed application; its service principal is stored apart.
    ///
    /// # Errors
    /// As any statement.
    pub async fn update_application(&mut self, row: &ApplicationRow) -> Result<bool, Fault> {
        let application = &row.application;
        let values: Vec<Value> = vec![
            application.principal.into(),
            application.public.into(),
            redirects_text(&application.redirects).into(),
            fold(&row.principal.display_name).into(),
        ];
        self.configure(&UPDATE, values).await
    }

    /// Deletes an application with its credentials and consents, not its service principal; false when it is not there.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_application(&mut self, principal: PrincipalId) -> Result<bool, Fault> {
        let ops = [&DELETE_SECRETS, &DELETE_KEYS, &DELETE_CONSENTS];
        self.session.write(ops.map(|statement| Op::Run(statement.with([principal.into()]))).into()).await?;
        self.configure(&DELETE, vec![principal.into()]).await
    }

    /// Secrets of an application, oldest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn application_secrets(&mut self, principal: PrincipalId) -> Result<Vec<ApplicationSecret>, Fault> {
        self.all("application_secret", &SECRETS, vec![principal.into()], |row| {
            Ok(ApplicationSecret {
                id: row.id("id")?,
                principal: row.id("principal")?,
                hash: row.bytes("hash")?,
                hint: row.text("hint")?,
                label: row.text("label")?,
                created: row.instant("created")?,
                expires: row.instant("expires")?,
            })
        })
        .await
    }

    /// Stores a new secret.
    ///
    /// # Errors
    /// As any statement.
    pub async fn insert_application_secret(&mut self, secret: &ApplicationSecret) -> Result<(), Fault> {
        let values: Vec<Value> = vec![
            secret.id.into(),
            secret.principal.into(),
            secret.hash.as_slice().into(),
            secret.hint.as_str().into(),
            secret.label.as_str().into(),
            secret.created.into(),
            secret.expires.into(),
        ];
        self.session.exec(&INSERT_SECRET, values).await.map(drop)
    }

    /// Removes a secret; false when it is not there.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_application_secret(
        &mut self,
        principal: PrincipalId,
        id: ClientCredentialId,
    ) -> Result<bool, Fault> {
        Ok(self.session.exec(&DELETE_SECRET, vec![principal.into(), id.into()]).await? > 0)
    }

    /// Keys of an application, oldest first.
    ///
    /// # Errors
    /// As any statement.
    pub async fn application_keys(&mut self, principal: PrincipalId) -> Result<Vec<ApplicationKey>, Fault> {
        self.all("application_key", &KEYS, vec![principal.into()], |row| {
            Ok(ApplicationKey {
                id: row.id("id")?,
                principal: row.id("principal")?,
                public_key: row.text("public_key")?,
                thumbprint: row.bytes("thumbprint")?,
                label: row.text("label")?,
                created: row.instant("created")?,
                expires: row.instant("expires")?,
            })
        })
        .await
    }

    /// Stores a new key.
    ///
    /// # Errors
    /// As any statement.
    pub async fn insert_application_key(&mut self, key: &ApplicationKey) -> Result<(), Fault> {
        let values: Vec<Value> = vec![
            key.id.into(),
            key.principal.into(),
            key.public_key.as_str().into(),
            key.thumbprint.as_slice().into(),
            key.label.as_str().into(),
            key.created.into(),
            key.expires.into(),
        ];
        self.session.exec(&INSERT_KEY, values).await.map(drop)
    }

    /// Removes a key; false when it is not there.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_application_key(
        &mut self,
        principal: PrincipalId,
        id: ClientCredentialId,
    ) -> Result<bool, Fault> {
        Ok(self.session.exec(&DELETE_KEY, vec![principal.into(), id.into()]).await? > 0)
    }

    /// What an application was consented to. A permission that this program does not know is none.
    ///
    /// # Errors
    /// As any statement.
    pub async fn consents(&mut self, principal: PrincipalId) -> Result<Vec<Consent>, Fault> {
        let rows = self.all("consent", &CONSENTS, vec![principal.into()], |row| {
            let (principal, permission) = (row.id("principal")?, row.text("permission")?);
            let (created, created_by) = (row.instant("created")?, row.id_or_null("created_by")?);
            let permission = permission.parse().ok();
            Ok(permission.map(|permission| Consent { principal, permission, created, created_by }))
        });
        Ok(rows.await?.into_iter().flatten().collect())
    }

    /// Consents; false when it was so already.
    ///
    /// # Errors
    /// As any statement.
    pub async fn put_consent(&mut self, consent: &Consent) -> Result<bool, Fault> {
        let values: Vec<Value> = vec![
            consent.principal.into(),
            consent.permission.to_string().into(),
            consent.created.into(),
            consent.created_by.into(),
        ];
        Ok(self.session.exec(&PUT_CONSENT, values).await? > 0)
    }

    /// Takes a consent back; false when there was none.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_consent(&mut self, principal: PrincipalId, permission: Permission) -> Result<bool, Fault> {
        Ok(self.session.exec(&DELETE_CONSENT, vec![principal.into(), permission.to_string().into()]).await? > 0)
    }
}

/// `kind address`, one a line.
fn redirects_text(redirects: &[Redirect]) -> String {
    redirects.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn redirects_of(text: &str) -> Option<Vec<Redirect>> {
    let line = |line: &str| {
        let (kind, uri) = line.split_once(' ')?;
        Redirect::parse(RedirectKind::from_word(kind)?, uri).ok()
    };
    text.lines().map(line).collect()
}

fn read(reader: &mut Reader) -> Result<ApplicationRow, Fault> {
    let client = reader.id("client")?;
    let public = reader.bool("public")?;
    let redirects = redirects_of(&reader.text("redirects")?).ok_or_else(|| reader.fault("redirects"))?;
    let created = reader.instant("created")?;
    let principal = row::principal(reader.of("principal"))?;
    let application = Application { principal: principal.id, client, public, redirects, created };
    Ok(ApplicationRow { application, principal })
}
