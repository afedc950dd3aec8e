//! The admin API of a server: sign-in, pages, orders.

use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use crate::{
    client::{
        connection::Connection,
        mfa,
        server::{Credentials, Server},
    },
    exit::{Done, Failure},
    output,
};

/// The base of the API.
const BASE: &str = "api/admin/v1";

/// Rows of a page.
const PAGE: &str = "500";

/// The admin API, called by somebody.
pub(crate) struct Api {
    server: Server,
    /// The session was begun for this command and ends with it.
    own_session: bool,
}

impl Api {
    /// The API of the server that `connection` names. A token is used as it is; with a password a session is begun.
    pub(crate) async fn open(connection: &Connection) -> Done<Self> {
        Self::signed_in(connection.open()?).await
    }

    /// The API of a server. A token is used as it is; with a password a session is begun.
    pub(crate) async fn signed_in(server: Server) -> Done<Self> {
        let Some(Credentials::Password { user, password }) = server.credentials().cloned() else {
            return Ok(Self::of(server));
        };
        Self::sign_in(server.called_by(None), &user, &password).await
    }

    /// The API of a server whose credentials are good as they are.
    pub(crate) fn of(server: Server) -> Self {
        Self { server, own_session: false }
    }

    /// Begins a session.
    pub(crate) async fn sign_in(server: Server, user: &str, password: &SecretString) -> Done<Self> {
        let mut who = json!({"username": user, "password": password.expose_secret()});
        let place = format!("{BASE}/session");
        let begun = match server.order(Method::POST, &place, Some(&who)).await {
            Err(Failure::Refused { code, .. }) if code == "mfa_required" => {
                let code = mfa::code(&format!("Code for {user}: "))?;
                if let Some(who) = who.as_object_mut() {
                    who.insert("code".to_owned(), code.expose_secret().into());
                }
                server.order(Method::POST, &place, Some(&who)).await?
            }
            begun => begun?,
        };
        let secret = begun.get("secret").and_then(Value::as_str).ok_or_else(|| {
            Failure::Failed(anyhow::anyhow!("{} is no Ephor server: its sign-in has no secret", server.url()))
        })?;
        let server = server.called_by(Some(Credentials::Token(secret.to_owned().into())));
        Ok(Self { server, own_session: true })
    }

    /// Ends what [`Api::open`] began. A session that cannot be ended runs out by itself.
    pub(crate) async fn close(self) {
        if self.own_session
            && let Err(failure) = self.delete("session").await
        {
            output::note(&format!("the session could not be ended and runs out by itself: {failure}"));
        }
    }

    /// The server, called by whoever is signed in.
    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    /// URL of the server.
    pub(crate) fn url(&self) -> &str {
        self.server.url()
    }

    /// Reads one resource.
    pub(crate) async fn get(&self, path: &str) -> Done<Value> {
        self.server.get(&format!("{BASE}/{path}"), &[]).await
    }

    /// Reads one page.
    pub(crate) async fn page(&self, path: &str, query: &[(&str, &str)]) -> Done<(Vec<Value>, Option<String>)> {
        let mut body = self.server.get(&format!("{BASE}/{path}"), query).await?;
        let next = body.get("next").and_then(Value::as_str).map(str::to_owned);
        match body.get_mut("items").map(Value::take) {
            Some(Value::Array(rows)) => Ok((rows, next)),
            _ => Err(anyhow::anyhow!("{} is no Ephor server: its answer has no `items`", self.url()).into()),
        }
    }

    /// Reads a list to its end.
    pub(crate) async fn list(&self, path: &str, query: &[(&str, &str)]) -> Done<Vec<Value>> {
        let (mut all, mut next) = self.page(path, query).await?;
        while let Some(cursor) = next {
            let mut more = query.to_vec();
            more.extend([("cursor", cursor.as_str()), ("limit", PAGE)]);
            let (rows, after) = self.page(path, &more).await?;
            all.extend(rows);
            next = after;
        }
        Ok(all)
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Done<Value> {
        self.server.order(Method::POST, &format!("{BASE}/{path}"), Some(body)).await
    }

    /// An order that needs no more than its address.
    pub(crate) async fn act(&self, path: &str) -> Done<Value> {
        self.server.order(Method::POST, &format!("{BASE}/{path}"), None).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Done<Value> {
        self.server.order(Method::PATCH, &format!("{BASE}/{path}"), Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Option<&Value>) -> Done<Value> {
        self.server.order(Method::PUT, &format!("{BASE}/{path}"), body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Done<Value> {
        self.server.order(Method::DELETE, &format!("{BASE}/{path}"), None).await
    }
}
