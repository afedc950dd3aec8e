//! Ids in paths and parameters in queries: read strictly.

use axum::extract::{FromRequestParts, Path, RawPathParams};
use ephor_domain::id::Id;
use http::request::Parts;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::{face::App, problem::Problem};

/// The ids of a path, in order. One that is no id names nothing: 404, as an unknown one.
pub(crate) struct Ids<const N: usize>([Uuid; N]);

impl Ids<1> {
    pub(crate) fn one<Kind>(&self) -> Id<Kind> {
        let [id] = self.0;
        Id::new(id)
    }

    /// The id of something that has no kind of its own.
    pub(crate) fn bare(&self) -> Uuid {
        let [id] = self.0;
        id
    }
}

impl Ids<2> {
    pub(crate) fn both<One, Other>(&self) -> (Id<One>, Id<Other>) {
        let [one, other] = self.0;
        (Id::new(one), Id::new(other))
    }
}

impl<const N: usize> FromRequestParts<App> for Ids<N> {
    type Rejection = Problem;

    async fn from_request_parts(call: &mut Parts, app: &App) -> Result<Self, Problem> {
        let parameters = RawPathParams::from_request_parts(call, app).await.map_err(|_| Problem::not_found())?;
        let ids: Vec<Uuid> = parameters.iter().filter_map(|(_, text)| hyphenated(text)).collect();
        ids.try_into().map(Self).map_err(|_| Problem::not_found())
    }
}

/// Eight, four, four, four, twelve digits: one spelling of each address, letter case aside.
fn hyphenated(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()
}

/// A word and an id of a path.
pub(crate) struct WordAndId(pub(crate) String, pub(crate) Uuid);

impl FromRequestParts<App> for WordAndId {
    type Rejection = Problem;

    async fn from_request_parts(call: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Path((word, id)) =
            Path::<(String, String)>::from_request_parts(call, app).await.map_err(|_| Problem::not_found())?;
        hyphenated(&id).map(|id| Self(word, id)).ok_or_else(Problem::not_found)
    }
}

/// An id and two words of a path.
pub(crate) struct IdAndWords(pub(crate) Uuid, pub(crate) String, pub(crate) String);

impl FromRequestParts<App> for IdAndWords {
    type Rejection = Problem;

    async fn from_request_parts(call: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Path((id, one, other)) =
            Path::<(String, String, String)>::from_request_parts(call, app).await.map_err(|_| Problem::not_found())?;
        hyphenated(&id).map(|id| Self(id, one, other)).ok_or_else(Problem::not_found)
    }
}

/// A number of a path.
pub(crate) struct Number(pub(crate) u64);

impl FromRequestParts<App> for Number {
    type Rejection = Problem;

    async fn from_request_parts(call: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Path(number) = Path::<u64>::from_request_parts(call, app).await.map_err(|_| Problem::not_found())?;
        Ok(Self(number))
    }
}

/// The query: unknown and repeated parameters are refused, as a list that ignores a filter is worse than none (S5).
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(call: &mut Parts, app: &App) -> Result<Self, Problem> {
        match axum::extract::Query::<T>::from_request_parts(call, app).await {
            Ok(axum::extract::Query(read)) => Ok(Self(read)),
            Err(_) => Err(Problem::invalid("A parameter of the query is unknown, given twice or of the wrong form.")),
        }
    }
}
