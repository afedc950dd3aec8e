//! One call as a resource sees it.

use bytes::Bytes;
use ephor_engine::Engine;
use ephor_odata::v4::{Edition, Model, Options};
use http::{Extensions, HeaderMap, HeaderName, Method, Uri};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{
    body,
    caller::Signed,
    error::{Answer, GraphError},
    face::{self, App},
    model,
    route::Target,
};

const CONSISTENCY: HeaderName = HeaderName::from_static("consistencylevel");
const PREFER: HeaderName = HeaderName::from_static("prefer");

/// A call that was let in.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) app: App,
    pub(crate) edition: Edition,
    /// Scheme, host and edition as the client used them: `https://host/v1.0`.
    pub(crate) root: String,
    /// Scheme and host as the client used them.
    pub(crate) service: String,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    /// What the listener knows of the call.
    pub(crate) extensions: Extensions,
    pub(crate) signed: Signed,
    pub(crate) target: Target,
    pub(crate) options: Options,
    pub(crate) body: Bytes,
}

impl Call {
    pub(crate) fn engine(&self) -> &Engine {
        &self.app.engine
    }

    pub(crate) fn settings(&self) -> &face::Options {
        &self.app.options
    }

    pub(crate) fn model(&self) -> &'static Model {
        model::of(self.edition)
    }

    /// The key at a place of the path.
    pub(crate) fn key(&self, at: usize) -> &str {
        self.target.keys.get(at).map_or("", String::as_str)
    }

    /// The key at a place of the path, as the id of an object.
    ///
    /// # Errors
    /// 404: nothing has an id of another form.
    pub(crate) fn id(&self, at: usize) -> Answer<Uuid> {
        let key = self.key(at);
        guid(key).ok_or_else(|| GraphError::no_object(key))
    }

    /// The object of the body.
    ///
    /// # Errors
    /// 415, 400.
    pub(crate) fn object(&self) -> Answer<Map<String, Value>> {
        body::object(&self.headers, &self.body)
    }

    /// `ConsistencyLevel: eventual` (`GRAPH 2.2`).
    pub(crate) fn is_eventual(&self) -> bool {
        let value = self.headers.get(&CONSISTENCY).and_then(|value| value.to_str().ok());
        value.is_some_and(|value| value.trim().eq_ignore_ascii_case("eventual"))
    }

    /// `Prefer: return=representation`.
    pub(crate) fn prefers_representation(&self) -> bool {
        let lines = self.headers.get_all(&PREFER).into_iter().filter_map(|line| line.to_str().ok());
        let mut words = lines.flat_map(|line| line.split([',', ';'])).map(str::trim);
        words.any(|word| word.eq_ignore_ascii_case("return=representation"))
    }

    /// `Prefer: odata.maxpagesize=n`.
    pub(crate) fn preferred_page(&self) -> Option<usize> {
        let lines = self.headers.get_all(&PREFER).into_iter().filter_map(|line| line.to_str().ok());
        let words = lines.flat_map(|line| line.split([',', ';'])).map(str::trim);
        let size = words.filter_map(|word| {
            let (name, value) = word.split_once('=')?;
            name.trim().eq_ignore_ascii_case("odata.maxpagesize").then_some(value.trim())
        });
        size.filter_map(|value| value.trim_matches('"').parse().ok()).find(|size| *size > 0)
    }

    /// `{root}/$metadata#…`
    pub(crate) fn context(&self, suffix: &str) -> String {
        format!("{}/$metadata#{suffix}", self.root)
    }
}

/// A GUID of the hyphenated form, in any letter case.
pub(crate) fn guid(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok().filter(|_| text.len() == 36)
}
