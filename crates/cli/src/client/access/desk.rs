//! One sign-in for all providers, and lists read to their ends.

use std::io::{IsTerminal as _, stdin};

use reqwest::Method;
use serde_json::Value;
use tokio::sync::OnceCell;

use super::{super::admin::api::Api, at};
use crate::{
    client::{
        connection::{Connection, PASSWORD},
        server::{Credentials, Server},
    },
    exit::{Done, Failure},
};

/// Most pages of a list: more is a server that goes round in circles.
const MOST_PAGES: usize = 10_000;

/// A server with somebody signed in, for every face.
pub(crate) struct Desk {
    api: Api,
    me: OnceCell<Me>,
    /// A person signed in for this command, with all that the account asks for.
    pub(crate) is_proved: bool,
}

/// Who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Me {
    /// Id of the account.
    pub(crate) id: String,
    /// What it signs in with.
    pub(crate) name: String,
}

impl Desk {
    /// The server that `connection` names. With a password a session is begun: it counts at every face.
    pub(crate) async fn open(connection: &Connection) -> Done<Self> {
        let server = connection.open()?;
        let is_proved = matches!(server.credentials(), Some(Credentials::Password { .. }));
        Ok(Self { api: Api::signed_in(server).await?, me: OnceCell::new(), is_proved })
    }

    /// Ends what was begun.
    pub(crate) async fn close(self) {
        self.api.close().await;
    }

    /// Signs the same person in anew, by password and whatever second factor the account has: for rules that ask for one.
    ///
    /// # Errors
    /// Where there is nobody to ask.
    pub(crate) async fn prove(&self, connection: &Connection) -> Done<Self> {
        if !stdin().is_terminal() && std::env::var_os(PASSWORD).is_none() {
            return Err(Failure::usage("there is no terminal to ask at"));
        }
        let me = self.me().await?;
        let password = connection.password(&me.name)?;
        let server = self.api.server().called_by(None);
        let api = Api::sign_in(server, &me.name, &password).await?;
        Ok(Self { api, me: OnceCell::new_with(Some(me.clone())), is_proved: true })
    }

    pub(crate) fn server(&self) -> &Server {
        self.api.server()
    }

    /// The administration API, by the same sign-in.
    pub(crate) fn api(&self) -> &Api {
        &self.api
    }

    /// Who is signed in.
    pub(crate) async fn me(&self) -> Done<&Me> {
        self.me.get_or_try_init(|| self.ask_who()).await
    }

    async fn ask_who(&self) -> Done<Me> {
        let known = match self.api.get("me").await {
            // These credentials were not made for administration; the directory knows as well.
            Err(Failure::Refused { .. }) => {
                self.get("v1.0/me?$select=id,userPrincipalName").await.map(|row| (row, "/id", "/userPrincipalName"))
            }
            found => found.map(|row| (row, "/userId", "/username")),
        };
        let (row, id, name) = known?;
        let id = at(&row, id).ok_or_else(|| self.strange("an account without an id"))?;
        Ok(Me { name: at(&row, name).unwrap_or_else(|| id.clone()), id })
    }

    /// Reads one document; `path` has its query.
    pub(crate) async fn get(&self, path: &str) -> Done<Value> {
        self.server().get(path, &[]).await
    }

    /// Orders something.
    pub(crate) async fn order(&self, method: Method, path: &str, body: Option<&Value>) -> Done<Value> {
        self.server().order(method, path, body).await
    }

    /// Reads a list to its end.
    pub(crate) async fn rows(&self, path: &str) -> Done<Vec<Value>> {
        let mut all = Vec::new();
        let mut next = path.to_owned();
        for _ in 0..MOST_PAGES {
            let mut page = self.get(&next).await?;
            match page.get_mut("value").map(Value::take) {
                Some(Value::Array(rows)) => all.extend(rows),
                _ => return Err(self.strange("a list without `value`")),
            }
            let link = at(&page, "/@odata.nextLink").or_else(|| at(&page, "/nextLink"));
            match link {
                Some(link) => next = self.server().local(&link)?,
                None => return Ok(all),
            }
        }
        Err(self.strange("a list without an end"))
    }

    pub(crate) fn strange(&self, what: &str) -> Failure {
        anyhow::anyhow!("{} is no Ephor server: it answers {what}", self.server().url()).into()
    }
}

/// A value as a segment of a path or of a query.
pub(crate) fn escaped(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A scope as a path: its slashes stay.
pub(crate) fn scope_path(scope: &str) -> String {
    scope.split('/').filter(|segment| !segment.is_empty()).map(escaped).collect::<Vec<_>>().join("/")
}

/// A text in a filter.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_named_leaves_its_segment() {
        assert_eq!(escaped("a/b?c#d %"), "a%2Fb%3Fc%23d%20%25");
        assert_eq!(scope_path("/subscriptions/x/resourceGroups/a b?"), "subscriptions/x/resourceGroups/a%20b%3F");
        assert_eq!(quoted("O'Brien"), "'O''Brien'");
    }
}
