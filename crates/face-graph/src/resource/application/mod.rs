//! Applications as those who register them see them: the client, its addresses and what it proves itself with. An
//! application and its service principal have one id here.

pub(super) mod change;
pub(super) mod credential;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ephor_domain::{
    Refusal,
    application::{Redirect, RedirectKind},
    id::{Id, PrincipalId},
};
use ephor_engine::{
    Denied,
    admin::application::{ApplicationDetail, ApplicationKey, ApplicationSecret, GetApplication, ListApplications},
    directory::NameCursor,
};
use serde_json::{Value, json};

use super::{Source, by_name};
use crate::{
    answer::Reply,
    call::{Call, guid},
    error::{Answer, GraphError},
    page::{shape, single},
    route::Resource,
};

pub(super) const OF: &str = "application";
pub(super) const SET: &str = "applications";

/// An application as a row of the model.
pub(super) fn row(call: &Call, detail: &ApplicationDetail) -> Value {
    let (application, principal) = (&detail.row.application, &detail.row.principal);
    let uris = |kind: RedirectKind| -> Vec<&str> {
        let those = application.redirects.iter().filter(|redirect| redirect.kind() == kind);
        those.map(Redirect::uri).collect()
    };
    json!({
        "@odata.type": "#microsoft.graph.application",
        "id": principal.id,
        "appId": application.client,
        "createdDateTime": application.created,
        "displayName": principal.display_name,
        "identifierUris": [],
        "isFallbackPublicClient": application.public,
        "keyCredentials": detail.keys.iter().map(key).collect::<Vec<_>>(),
        "passwordCredentials": detail.secrets.iter().map(|secret| password(secret, None)).collect::<Vec<_>>(),
        "publicClient": {"redirectUris": uris(RedirectKind::Native)},
        "publisherDomain": call.settings().domains.first(),
        "signInAudience": "AzureADMyOrg",
        "spa": {"redirectUris": uris(RedirectKind::SinglePage)},
        "tags": [],
        "web": {"homePageUrl": null, "logoutUrl": null, "redirectUris": uris(RedirectKind::Web)},
    })
}

/// A secret. Its text is shown once, when it is made.
fn password(secret: &ApplicationSecret, text: Option<&str>) -> Value {
    json!({
        "customKeyIdentifier": null,
        "displayName": secret.label,
        "endDateTime": secret.expires,
        "hint": secret.hint,
        "keyId": secret.id,
        "secretText": text,
        "startDateTime": secret.created,
    })
}

/// A key. What is kept of a certificate is its thumbprint and the key in it.
fn key(key: &ApplicationKey) -> Value {
    json!({
        "customKeyIdentifier": STANDARD.encode(&key.thumbprint),
        "displayName": key.label,
        "endDateTime": key.expires,
        "key": null,
        "keyId": key.id,
        "startDateTime": key.created,
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
    })
}

/// The application with this id; `None` where there is none.
async fn known(call: &Call, id: PrincipalId) -> Answer<Option<ApplicationDetail>> {
    match call.engine().consult(&call.signed.caller.actor, GetApplication { application: id }).await {
        Ok(detail) => Ok(Some(detail)),
        Err(Denied::Refused(Refusal::NotFound { .. })) => Ok(None),
        Err(denied) => Err(GraphError::of_directory(denied)),
    }
}

/// The id that the path leads to: the key itself, or that of the client which it names.
async fn id(call: &Call) -> Answer<PrincipalId> {
    let key = call.key(0);
    let named = guid(key).ok_or_else(|| GraphError::no_object(key))?;
    if call.target.resource != Resource::ApplicationByApp {
        return Ok(Id::new(named));
    }
    let found = call.engine().directory_service_of(Id::new(named)).await?;
    Ok(found.ok_or_else(|| GraphError::no_object(key))?.principal.id)
}

async fn found(call: &Call) -> Answer<ApplicationDetail> {
    known(call, id(call).await?).await?.ok_or_else(|| GraphError::no_object(call.key(0)))
}

pub(super) async fn get(call: &Call) -> Answer<Reply> {
    let detail = found(call).await?;
    Ok(single(call, OF, SET, &shape(call, OF)?, &row(call, &detail)))
}

pub(super) async fn list(call: &Call) -> Answer<Reply> {
    by_name(call, Source::Applications).await
}

/// The next applications by name.
pub(super) async fn batch(call: &Call, after: Option<NameCursor>, limit: u32) -> Answer<Vec<(NameCursor, Value)>> {
    let listed = call.engine().consult(&call.signed.caller.actor, ListApplications { after, limit }).await;
    let mut rows = Vec::new();
    for listed in listed.map_err(GraphError::of_directory)?.rows {
        let place = NameCursor::after(&listed.principal.display_name, listed.principal.id.uuid());
        // It may have gone since.
        rows.extend(known(call, listed.principal.id).await?.map(|detail| (place, row(call, &detail))));
    }
    Ok(rows)
}

/// Those with these ids.
pub(super) async fn those(call: &Call, ids: Vec<PrincipalId>) -> Answer<Vec<Value>> {
    let mut rows = Vec::new();
    for id in ids {
        rows.extend(known(call, id).await?.map(|detail| row(call, &detail)));
    }
    Ok(rows)
}
