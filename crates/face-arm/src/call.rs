//! One call as a resource sees it.

use bytes::Bytes;
use ephor_domain::id::PrincipalId;
use ephor_engine::{
    Engine,
    admin::desk::{Command, Query},
};
use ephor_identity::Caller;
use http::{Method, StatusCode, Uri};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    answer::Reply,
    body,
    error::{Answer, ArmError},
    face::{App, Options},
    filter::{self, Term},
    refusal,
};

/// Longest page of a list that can be asked for with `$skipToken`: see [`Call::page`].
const TOKEN: &str = "$skiptoken";

/// A call that was let in.
pub(crate) struct Call {
    pub(crate) app: App,
    /// Scheme and host as the client used them.
    pub(crate) service: String,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    /// Parameters of the query, names in lower case.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) version: String,
    pub(crate) caller: Caller,
    pub(crate) body: Bytes,
}

impl Call {
    pub(crate) fn engine(&self) -> &Engine {
        &self.app.engine
    }

    pub(crate) fn settings(&self) -> &Options {
        &self.app.options
    }

    /// The object that calls.
    pub(crate) fn id(&self) -> PrincipalId {
        self.caller.principal.id
    }

    /// A parameter of the query.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The filter as written.
    pub(crate) fn filter_text(&self) -> &str {
        self.parameter("$filter").unwrap_or_default()
    }

    /// The parts of the filter.
    ///
    /// # Errors
    /// 400 `UnsupportedFilter`.
    pub(crate) fn filter(&self) -> Answer<Vec<Term>> {
        filter::parse(self.filter_text()).map_err(|_| self.unsupported_filter())
    }

    /// The filter asks for something that the collection does not know.
    pub(crate) fn unsupported_filter(&self) -> ArmError {
        let shown: String = self.filter_text().chars().filter(|c| !c.is_control()).take(500).collect();
        ArmError::bad("UnsupportedFilter", format!("The filter '{shown}' is not supported."))
    }

    /// The object of the body.
    ///
    /// # Errors
    /// 400 `InvalidRequestContent`.
    pub(crate) fn object(&self) -> Answer<Value> {
        body::object(&self.body)
    }

    /// Asks the engine.
    ///
    /// # Errors
    /// As the wire says them, see [`refusal`].
    pub(crate) async fn ask<Q: Query>(&self, query: Q) -> Answer<Q::Output> {
        let asked = self.engine().consult(&self.caller.actor, query).await;
        asked.map_err(|denied| refusal::said(self, denied))
    }

    /// Gives the engine an order.
    ///
    /// # Errors
    /// As the wire says them, see [`refusal`].
    pub(crate) async fn order<C: Command>(&self, command: C) -> Answer<C::Output> {
        let done = self.engine().administer(&self.caller.actor, command).await;
        done.map_err(|denied| refusal::said(self, denied))
    }

    /// What clients know the caller by: the user's name, or the application's id.
    pub(crate) fn caller_name(&self) -> String {
        let principal = &self.caller.principal;
        principal.upn.clone().unwrap_or_else(|| principal.account.clone())
    }

    /// A list of which all rows are at hand, cut into pages.
    ///
    /// # Errors
    /// 400 `InvalidSkipToken`.
    pub(crate) fn pages(&self, rows: Vec<Value>) -> Answer<Reply> {
        let from = match self.parameter(TOKEN) {
            None | Some("") => 0,
            Some(text) => text.strip_prefix('o').and_then(|text| text.parse().ok()).ok_or_else(bad_token)?,
        };
        let size = self.settings().page_size as usize;
        let next = (rows.len() > from + size).then(|| format!("o{}", from + size));
        let rows = rows.into_iter().skip(from).take(size).collect();
        Ok(self.list(rows, next.as_deref()))
    }

    /// One page of a list, and where the next one begins.
    pub(crate) fn list(&self, rows: Vec<Value>, next: Option<&str>) -> Reply {
        let mut body = serde_json::Map::new();
        body.insert("value".to_owned(), Value::Array(rows));
        if let Some(token) = next {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            let mut seen_version = false;
            for (name, value) in &self.query {
                let again = name == "api-version" && std::mem::replace(&mut seen_version, true);
                if name != TOKEN && !again {
                    query.append_pair(name, value);
                }
            }
            query.append_pair("$skipToken", token);
            let link = format!("{}{}?{}", self.service, self.uri.path(), query.finish());
            body.insert("nextLink".to_owned(), Value::String(link));
        }
        Reply::ok(Value::Object(body))
    }

    /// Where the page begins, as whoever made the token meant it.
    pub(crate) fn token(&self) -> Option<&str> {
        self.parameter(TOKEN).filter(|text| !text.is_empty())
    }
}

/// 400 for a token that nobody made here.
pub(crate) fn bad_token() -> ArmError {
    ArmError::new(StatusCode::BAD_REQUEST, "InvalidSkipToken", "The skip token is not valid.")
}

/// A GUID of the hyphenated form, in any letter case.
pub(crate) fn guid(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok().filter(|_| text.len() == 36)
}
