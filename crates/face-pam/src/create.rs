//! O2: asking for a role, or giving it up (`PAM 7.2`).

use axum::body::Body;
use ephor_domain::{
    id::EntitlementId,
    request::Channel,
    text::Justification,
    time::{duration::Ttl, instant},
};
use ephor_engine::{Engine, pam::create::NewRequest};
use ephor_identity::Caller;
use ephor_odata::query::Query;
use http::{HeaderValue, Response, StatusCode, header, request::Parts};
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    answer,
    body::Sent,
    entity::RequestEntity,
    envelope::{self, Base, Set},
    parameters::{Parameter, Parameters},
    problem::Problem,
};

/// Reads what is asked for. Parsing needs the server's zone only where a start is given.
///
/// # Errors
/// 400 for each parameter that is missing, conflicting or not valid.
pub(crate) async fn read(engine: &Engine, call: &Parts, sent: &Sent) -> Result<NewRequest, Problem> {
    let parameters = Parameters::new(Query::new(call.uri.query().unwrap_or_default()), sent)?;
    let role = role(&parameters.require(Parameter::RoleId)?)?;
    let ttl = Ttl::from_pam(parameters.require(Parameter::RequestedTtl)?.trim())
        .map_err(|_| Parameter::RequestedTtl.invalid())?;
    let justification = Justification::parse(&parameters.get(Parameter::Justification)?.unwrap_or_default())
        .map_err(|_| Parameter::Justification.invalid())?;
    let start = match parameters.get(Parameter::RequestedTime)? {
        None => None,
        Some(text) => start(engine, &text).await?,
    };
    Ok(NewRequest { role, ttl: ttl.as_seconds(), start, justification, channel: Channel::PamRest })
}

pub(crate) async fn create(
    engine: Engine,
    caller: Caller,
    base: Base,
    new: NewRequest,
) -> Result<Response<Body>, Problem> {
    let made = engine.pam_create(&caller.actor, new).await?;
    let mut response =
        answer::json(StatusCode::CREATED, envelope::single(&base, Set::Requests, &RequestEntity::of(&made)));
    let location = base.link(&format!("pamrequests(guid'{}')", made.request.id));
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

fn role(text: &str) -> Result<EntitlementId, Problem> {
    let text = text.trim();
    Uuid::try_parse(text)
        .ok()
        .filter(|_| text.len() == uuid::fmt::Hyphenated::LENGTH)
        .map(EntitlementId::new)
        .ok_or_else(|| Parameter::RoleId.invalid())
}

/// The start asked for, to the millisecond that the wire shows, so that `eq` on a shown value matches (seams §10).
async fn start(engine: &Engine, text: &str) -> Result<Option<Timestamp>, Problem> {
    let zone = engine.pam_zone().await?;
    let start = instant::from_pam(text, &zone).map_err(|_| Parameter::RequestedTime.invalid())?;
    Ok(start.map(|start| Timestamp::from_millisecond(start.as_millisecond()).unwrap_or(start)))
}
