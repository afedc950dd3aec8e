//! One call as a resource sees it.

use bytes::Bytes;
use ephor_domain::id::PrincipalId;
use ephor_engine::{
    Engine,
    admin::desk::{Command, Query},
};
use ephor_identity::Caller;
use http::{Method, StatusCode, Uri};
use serde::Serialize;
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

/// The parameter that says where a page begins.
const TOKEN: &str = "$skiptoken";
/// Rows of a list that is put together whole.
const MOST_ROWS: usize = 1_000_000;

/// A page of a list.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List<T> {
    value: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_link: Option<String>,
}

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
        let asked = Box::pin(self.engine().consult(&self.caller.actor, query)).await;
        asked.map_err(|denied| refusal::said(self, denied))
    }

    /// Gives the engine an order.
    ///
    /// # Errors
    /// As the wire says them, see [`refusal`].
    pub(crate) async fn order<C: Command>(&self, command: C) -> Answer<C::Output> {
        let done = Box::pin(self.engine().administer(&self.caller.actor, command)).await;
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
    pub(crate) fn pages<T: Serialize>(&self, rows: Vec<T>) -> Answer<Reply> {
        let (from, size) = self.place()?;
        let next = (rows.len() > from + size).then(|| format!("o{}", from + size));
        let rows = rows.into_iter().skip(from).take(size).collect();
        Ok(self.list(rows, next.as_deref()))
    }

    /// How many rows of a list that is at hand whole come before this page, and how many are on it.
    ///
    /// # Errors
    /// 400 `InvalidSkipToken`.
    pub(crate) fn place(&self) -> Answer<(usize, usize)> {
        let from = match self.parameter(TOKEN) {
            None | Some("") => 0,
            Some(text) => text
                .strip_prefix('o')
                .and_then(|text| text.parse().ok())
                .filter(|from| *from < MOST_ROWS)
                .ok_or_else(bad_token)?,
        };
        Ok((from, self.settings().page_size as usize))
    }

    /// One page of a list, and where the next one begins.
    pub(crate) fn list<T: Serialize>(&self, value: Vec<T>, next: Option<&str>) -> Reply {
        let next_link = next.map(|token| {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            let mut seen_version = false;
            for (name, value) in &self.query {
                let again = name == "api-version" && std::mem::replace(&mut seen_version, true);
                if name != TOKEN && !again {
                    query.append_pair(name, value);
                }
            }
            query.append_pair("$skipToken", token);
            format!("{}{}?{}", self.service, self.uri.path(), query.finish())
        });
        Reply::ok(List { value, next_link })
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
