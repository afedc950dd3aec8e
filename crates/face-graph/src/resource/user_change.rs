//! People's accounts are made, changed and deleted (`GRAPH 15.1` R6).

use ephor_domain::id::Id;
use ephor_engine::directory::{ChangeUser, CreateUser, DeleteUser, UserPatch};
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::{
    group_change::{flag, invalid, needed, text},
    user,
};
use crate::{
    answer::Reply,
    body::member,
    call::{Call, guid},
    error::{Answer, GraphError},
    page::{shape, single},
};

const OF: &str = "User";

fn patch(body: &Map<String, Value>) -> Answer<UserPatch> {
    let phones = match member(body, "businessPhones") {
        None => None,
        Some(Value::Array(phones)) if phones.len() <= 1 => {
            let first = phones.first().map(|phone| phone.as_str().map(str::to_owned));
            Some(first.map(|phone| phone.ok_or_else(|| invalid("businessPhones", OF))).transpose()?)
        }
        Some(_) => return Err(invalid("businessPhones", OF)),
    };
    Ok(UserPatch {
        name: needed(body, "displayName", OF)?,
        upn: needed(body, "userPrincipalName", OF)?,
        enabled: flag(body, "accountEnabled", OF)?,
        mail: text(body, "mail", OF)?,
        given_name: text(body, "givenName", OF)?,
        surname: text(body, "surname", OF)?,
        job_title: text(body, "jobTitle", OF)?,
        department: text(body, "department", OF)?,
        office_location: text(body, "officeLocation", OF)?,
        mobile_phone: text(body, "mobilePhone", OF)?,
        business_phone: phones,
        preferred_language: text(body, "preferredLanguage", OF)?,
    })
}

pub(super) async fn create(call: &Call) -> Answer<Reply> {
    let body = call.object()?;
    let missing =
        |name: &str| GraphError::bad_object(format!("A value is required for property '{name}' of resource 'User'."));
    let rest = patch(&body)?;
    let account = needed(&body, "mailNickname", OF)?.ok_or_else(|| missing("mailNickname"))?;
    if rest.enabled.is_none() {
        return Err(missing("accountEnabled"));
    }
    let password = match member(&body, "passwordProfile") {
        None | Some(Value::Null) => None,
        Some(Value::Object(profile)) => needed(profile, "password", OF)?.map(SecretString::from),
        Some(_) => return Err(invalid("passwordProfile", OF)),
    };
    let password_hash = match password {
        None => None,
        Some(password) => {
            let hash = call.app.identity.hash_assigned(&account, password).await;
            Some(hash.map_err(|error| GraphError::bad_object(error.to_string()))?)
        }
    };
    let made = call
        .engine()
        .administer(&call.signed.caller.actor, CreateUser { account, password_hash, rest })
        .await
        .map_err(GraphError::of_directory)?;
    let location = format!("{}/users/{}", call.root, made.principal.id);
    Ok(single(call, "user", "users", &shape(call, "user")?, &user::row(&made)).created(&location))
}

async fn id(call: &Call) -> Answer<uuid::Uuid> {
    let key = call.key(0);
    if let Some(id) = guid(key) {
        return Ok(id);
    }
    let found = call.engine().directory_user_named(key).await?.ok_or_else(|| GraphError::no_object(key))?;
    Ok(found.principal.id.uuid())
}

pub(super) async fn change(call: &Call) -> Answer<Reply> {
    let body = call.object()?;
    let (id, patch) = (Id::new(id(call).await?), patch(&body)?);
    if member(&body, "passwordProfile").is_some() {
        return Err(GraphError::bad_object("A password cannot be changed here."));
    }
    call.engine()
        .administer(&call.signed.caller.actor, ChangeUser { id, patch })
        .await
        .map_err(GraphError::of_directory)?;
    Ok(Reply::done())
}

pub(super) async fn delete(call: &Call) -> Answer<Reply> {
    let id = Id::new(id(call).await?);
    call.engine().administer(&call.signed.caller.actor, DeleteUser { id }).await.map_err(GraphError::of_directory)?;
    Ok(Reply::done())
}
