//! `/users/{userId}/person`, `/persons/links`: which accounts are one human being (seams §1).

use axum::{Json, extract::State};
use ephor_domain::id::Id;
use ephor_engine::admin::person::{GetPerson, Link, Person, Unlink};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::member::AccountBody;
use crate::{answer::Answer, body::Sent, caller::Signed, face::App, parameters::Ids, problem::Problems};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get)).routes(routes!(link)).routes(routes!(unlink))
}

/// A human being.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Person)]
struct PersonBody {
    person_id: Uuid,
    /// His accounts.
    accounts: Vec<AccountBody>,
    /// Accounts whose unlinking waits until the person has no open request.
    leaving: Vec<Uuid>,
}

impl From<Person> for PersonBody {
    fn from(person: Person) -> Self {
        Self {
            person_id: person.id.uuid(),
            accounts: person.accounts.into_iter().map(Into::into).collect(),
            leaving: person.leaving.into_iter().map(Id::uuid).collect(),
        }
    }
}

/// The human being behind an account, and his other accounts.
#[utoipa::path(get, path = "/users/{userId}/person", tag = "persons", operation_id = "getPerson",
    params(("userId" = Uuid, Path)), responses((status = 200, body = PersonBody), Problems))]
async fn get(State(app): State<App>, caller: Signed, ids: Ids<1>) -> Answer<Json<PersonBody>> {
    Ok(Json(app.engine.consult(caller.actor(), GetPerson { principal: ids.one() }).await?.into()))
}

/// Two accounts of one human being.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Accounts {
    user_id: Uuid,
    other_user_id: Uuid,
}

/// Says that two accounts are one human being. Takes a person at the keyboard who is neither.
#[utoipa::path(post, path = "/persons/links", tag = "persons", operation_id = "linkPersons", request_body = Accounts,
    responses((status = 200, body = PersonBody), Problems))]
async fn link(State(app): State<App>, caller: Signed, Sent(accounts): Sent<Accounts>) -> Answer<Json<PersonBody>> {
    let command = Link { one: Id::new(accounts.user_id), other: Id::new(accounts.other_user_id) };
    Ok(Json(app.engine.administer(caller.actor(), command).await?.into()))
}

/// What came of an unlinking.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Unlinked {
    /// It counts already; else once the open requests have ended.
    in_force: bool,
}

/// Takes an account out of its person. Counts once the open requests of all his accounts have ended.
#[utoipa::path(delete, path = "/persons/links/{userId}", tag = "persons", operation_id = "unlinkPerson",
    params(("userId" = Uuid, Path)), responses((status = 200, body = Unlinked), Problems))]
async fn unlink(State(app): State<App>, caller: Signed, ids: Ids<1>) -> Answer<Json<Unlinked>> {
    let in_force = app.engine.administer(caller.actor(), Unlink { principal: ids.one() }).await?;
    Ok(Json(Unlinked { in_force }))
}
