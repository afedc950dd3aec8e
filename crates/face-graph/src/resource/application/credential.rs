//! `addPassword`, `removePassword`, `addKey`, `removeKey`. Who may do so, and that a person is there, is the engine's to say;
//! the proof by an older key that `addKey` knows elsewhere is not needed beside that, and is not read.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ephor_domain::{
    application::KEY_LIFE,
    id::{Id, PrincipalId},
};
use ephor_engine::admin::application::{AddKey, NewKey, RemoveCredential};
use ephor_identity::client_key;
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value};

use super::{id, key, password};
use crate::{
    answer::Reply,
    body::member,
    call::{Call, guid},
    error::{Answer, GraphError},
    resource::group_change::{invalid, needed},
    route::CredentialOrder,
};

type Body = Map<String, Value>;

const WORD: &str = "Application";

/// How long a secret lives of which nobody says it.
const SECRET_DAYS: i64 = 180;

pub(in crate::resource) async fn order(call: &Call, order: CredentialOrder) -> Answer<Reply> {
    let (body, application) = (call.object()?, id(call).await?);
    match order {
        CredentialOrder::AddPassword => add_password(call, application, &body).await,
        CredentialOrder::AddKey => add_key(call, application, &body).await,
        CredentialOrder::RemovePassword | CredentialOrder::RemoveKey => remove(call, application, &body).await,
    }
}

/// The credential that a body describes.
fn described<'b>(body: &'b Body, name: &str) -> Answer<Option<&'b Body>> {
    match member(body, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(members)) => Ok(Some(members)),
        Some(_) => Err(invalid(name, WORD)),
    }
}

fn end(wanted: Option<&Body>) -> Answer<Option<Timestamp>> {
    match wanted.and_then(|members| member(members, "endDateTime")) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => text.parse().map(Some).map_err(|_| invalid("endDateTime", WORD)),
        Some(_) => Err(invalid("endDateTime", WORD)),
    }
}

fn label(wanted: Option<&Body>) -> Answer<String> {
    let label = wanted.map(|members| needed(members, "displayName", WORD)).transpose()?;
    Ok(label.flatten().unwrap_or_default())
}

/// What an action answers.
fn made(call: &Call, of: &str, mut credential: Value) -> Reply {
    if let Value::Object(members) = &mut credential {
        members.insert("@odata.context".to_owned(), call.context(&format!("microsoft.graph.{of}")).into());
    }
    Reply::json(credential)
}

async fn add_password(call: &Call, application: PrincipalId, body: &Body) -> Answer<Reply> {
    let wanted = described(body, "passwordCredential")?;
    let now = call.engine().now();
    let life = end(wanted)?.map_or(SignedDuration::from_hours(24 * SECRET_DAYS), |end| end.duration_since(now));
    let actor = &call.signed.caller.actor;
    let added = call.engine().add_application_secret(actor, application, label(wanted)?, life).await;
    let (text, secret) = added.map_err(GraphError::of_directory)?;
    Ok(made(call, "passwordCredential", password(&secret, Some(text.expose_secret()))))
}

/// PEM of the bytes that a client sent: those of the certificate, or of PEM already.
fn pem(sent: &[u8]) -> String {
    const BEGIN: &str = "-----BEGIN";
    match std::str::from_utf8(sent) {
        Ok(text) if text.trim_start().starts_with(BEGIN) => text.to_owned(),
        Ok(_) | Err(_) => format!("{BEGIN} CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(sent)),
    }
}

async fn add_key(call: &Call, application: PrincipalId, body: &Body) -> Answer<Reply> {
    let wanted = described(body, "keyCredential")?.ok_or_else(|| invalid("keyCredential", WORD))?;
    let usage = member(wanted, "usage").and_then(Value::as_str).unwrap_or("Verify");
    if !usage.eq_ignore_ascii_case("Verify") {
        return Err(GraphError::bad_object("The only 'usage' of a key here is Verify."));
    }
    let sent = member(wanted, "key").and_then(Value::as_str).and_then(|text| STANDARD.decode(text).ok());
    let sent = sent.ok_or_else(|| invalid("key", WORD))?;
    let unfit = |error| GraphError::bad_object(format!("The key {error}."));
    let read = client_key::read(&pem(&sent)).map_err(unfit)?;
    let longest = call.engine().now().saturating_add(KEY_LIFE).unwrap_or(Timestamp::MAX);
    let expires = [end(Some(wanted))?, read.not_after].into_iter().flatten().min().unwrap_or(longest);
    let new = NewKey { public_key: read.jwk, thumbprint: read.thumbprint, label: label(Some(wanted))?, expires };
    let added = call.engine().administer(&call.signed.caller.actor, AddKey { application, key: new }).await;
    Ok(made(call, "keyCredential", key(&added.map_err(GraphError::of_directory)?)))
}

async fn remove(call: &Call, application: PrincipalId, body: &Body) -> Answer<Reply> {
    let named = member(body, "keyId").and_then(Value::as_str).and_then(guid);
    let credential = Id::new(named.ok_or_else(|| invalid("keyId", WORD))?);
    let gone = call.engine().administer(&call.signed.caller.actor, RemoveCredential { application, credential }).await;
    gone.map_err(GraphError::of_directory)?;
    Ok(Reply::done())
}
