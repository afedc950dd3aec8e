//! Applications are registered, changed and removed.

use ephor_domain::application::{Redirect, RedirectKind};
use ephor_engine::admin::application::{ChangeApplication, NewApplication, RegisterApplication, RemoveApplication};
use serde_json::{Map, Value};

use super::{OF, SET, found, id, row};
use crate::{
    answer::Reply,
    body::member,
    call::Call,
    error::{Answer, GraphError},
    page::{shape, single},
    resource::group_change::{flag, invalid, needed},
};

type Body = Map<String, Value>;

const WORD: &str = "Application";

/// Members that hold the addresses of each kind.
const PLACES: [(&str, RedirectKind); 3] =
    [("web", RedirectKind::Web), ("spa", RedirectKind::SinglePage), ("publicClient", RedirectKind::Native)];

/// What an application has elsewhere and not here: better refused than forgotten.
const NOT_KEPT: [&str; 6] =
    ["identifierUris", "requiredResourceAccess", "appRoles", "keyCredentials", "passwordCredentials", "tags"];

fn check(body: &Body) -> Answer<()> {
    let is_empty = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    if let Some(name) = NOT_KEPT.iter().find(|name| member(body, name).is_some_and(|value| !is_empty(value))) {
        let how = if name.ends_with("Credentials") { " Use addPassword and addKey." } else { "" };
        return Err(GraphError::bad_object(format!("The property '{name}' is not supported here.{how}")));
    }
    match member(body, "signInAudience").map(Value::as_str) {
        None | Some(Some("AzureADMyOrg")) => Ok(()),
        Some(_) => Err(GraphError::bad_object("The only 'signInAudience' here is AzureADMyOrg.")),
    }
}

/// The addresses of one kind; `None` where the body does not name them.
fn addresses(body: &Body, place: &str, kind: RedirectKind) -> Answer<Option<Vec<Redirect>>> {
    let uris = match member(body, place) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(members)) => match member(members, "redirectUris") {
            None | Some(Value::Null) => return Ok(None),
            Some(uris) => uris.as_array().ok_or_else(|| invalid("redirectUris", WORD))?,
        },
        Some(_) => return Err(invalid(place, WORD)),
    };
    let read = |uri: &Value| {
        let uri = uri.as_str().ok_or_else(|| invalid("redirectUris", WORD))?;
        Redirect::parse(kind, uri).map_err(|error| GraphError::bad_object(format!("A redirect URI {error}.")))
    };
    uris.iter().map(read).collect::<Answer<_>>().map(Some)
}

pub(in crate::resource) async fn create(call: &Call) -> Answer<Reply> {
    let body = call.object()?;
    check(&body)?;
    let missing =
        || GraphError::bad_object("A value is required for property 'displayName' of resource 'Application'.");
    let display_name = needed(&body, "displayName", WORD)?.ok_or_else(missing)?;
    let mut redirects = Vec::new();
    for (place, kind) in PLACES {
        redirects.extend(addresses(&body, place, kind)?.unwrap_or_default());
    }
    // Programs on people's machines keep no secrets.
    let is_native = redirects.iter().any(|redirect| redirect.kind() == RedirectKind::Native);
    let public = flag(&body, "isFallbackPublicClient", WORD)?.unwrap_or(is_native);
    let new = NewApplication { display_name, public, redirects };
    let made = call.engine().administer(&call.signed.caller.actor, RegisterApplication(new)).await;
    let made = made.map_err(GraphError::of_directory)?;
    let location = format!("{}/{SET}/{}", call.root, made.row.principal.id);
    Ok(single(call, OF, SET, &shape(call, OF)?, &row(call, &made)).created(&location))
}

pub(in crate::resource) async fn change(call: &Call) -> Answer<Reply> {
    let body = call.object()?;
    check(&body)?;
    let known = found(call).await?.row.application;
    if flag(&body, "isFallbackPublicClient", WORD)?.is_some_and(|public| public != known.public) {
        return Err(GraphError::bad_object("Whether an application is a public client cannot be changed."));
    }
    let (mut redirects, mut is_named) = (Vec::new(), false);
    for (place, kind) in PLACES {
        match addresses(&body, place, kind)? {
            Some(given) => {
                redirects.extend(given);
                is_named = true;
            }
            None => redirects.extend(known.redirects.iter().filter(|known| known.kind() == kind).cloned()),
        }
    }
    let change = ChangeApplication {
        application: known.principal,
        display_name: needed(&body, "displayName", WORD)?,
        enabled: None,
        redirects: is_named.then_some(redirects),
    };
    call.engine().administer(&call.signed.caller.actor, change).await.map_err(GraphError::of_directory)?;
    Ok(Reply::done())
}

pub(in crate::resource) async fn delete(call: &Call) -> Answer<Reply> {
    let application = id(call).await?;
    let gone = call.engine().administer(&call.signed.caller.actor, RemoveApplication { application }).await;
    gone.map_err(GraphError::of_directory)?;
    Ok(Reply::done())
}
