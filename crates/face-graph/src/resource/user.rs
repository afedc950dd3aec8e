//! Users (`GRAPH 15.1` R1, R6, R7).

use ephor_engine::directory::{DirectoryObject, UserEntry};
use serde_json::{Value, json};

use super::{attach, object};
use crate::{
    answer::Reply,
    call::{Call, guid},
    error::{Answer, GraphError},
    page::{shape, single},
    route::Resource,
};

/// Member of a row that names the manager; the model does not have it, so it never stands in an answer.
pub(super) const MANAGER: &str = "managerId";

/// A user as a row of the model.
pub(super) fn row(entry: &UserEntry) -> Value {
    let (principal, facts) = (&entry.principal, &entry.facts);
    json!({
        "@odata.type": "#microsoft.graph.user",
        "id": principal.id,
        "deletedDateTime": null,
        "accountEnabled": principal.enabled,
        "businessPhones": facts.business_phone.iter().collect::<Vec<_>>(),
        "createdDateTime": facts.created,
        "department": facts.department,
        "displayName": principal.display_name,
        "givenName": facts.given_name,
        "jobTitle": facts.job_title,
        "mail": facts.mail,
        "mailNickname": principal.account,
        "mobilePhone": facts.mobile_phone,
        "officeLocation": facts.office_location,
        "onPremisesSyncEnabled": null,
        "preferredLanguage": facts.preferred_language,
        "surname": facts.surname,
        "userPrincipalName": principal.upn,
        "userType": "Member",
        MANAGER: facts.manager,
    })
}

/// The user that a key means: an id, or a name in mail form.
async fn named(call: &Call, key: &str) -> Answer<UserEntry> {
    let missing = || GraphError::no_object(key);
    if call.target.resource != Resource::UserByName
        && let Some(id) = guid(key)
    {
        return match call.engine().directory_object(id).await? {
            Some(DirectoryObject::User(entry)) => Ok(*entry),
            Some(DirectoryObject::Group(_) | DirectoryObject::Service(_)) | None => Err(missing()),
        };
    }
    call.engine().directory_user_named(key).await?.ok_or_else(missing)
}

pub(super) async fn get(call: &Call) -> Answer<Reply> {
    let entry = named(call, call.key(0)).await?;
    answer(call, &entry).await
}

pub(super) async fn me(call: &Call) -> Answer<Reply> {
    person(call)?;
    let id = call.signed.id().to_string();
    let entry = named(call, &id).await?;
    answer(call, &entry).await
}

/// `/me` means nobody where an application calls for itself.
pub(super) fn person(call: &Call) -> Answer<()> {
    if call.signed.app_only() {
        return Err(GraphError::bad_request("/me request is only valid with delegated authentication flow."));
    }
    Ok(())
}

async fn answer(call: &Call, entry: &UserEntry) -> Answer<Reply> {
    let shape = shape(call, "user")?;
    let mut rows = [row(entry)];
    for expanded in &shape.expand {
        match expanded.name.as_str() {
            "memberOf" | "transitiveMemberOf" => {
                let found = super::membership::rows(call, entry.principal.id.uuid(), expanded.name != "memberOf");
                let found = Value::Array(found.await?);
                super::put_all(&mut rows, &expanded.name, |_| found.clone());
            }
            name => attach(call, "user", &mut rows, &[name.to_owned()]).await?,
        }
    }
    let [row] = &rows;
    Ok(single(call, "user", "users", &shape, row))
}

pub(super) async fn manager(call: &Call) -> Answer<Reply> {
    let entry = match call.target.keys.first() {
        Some(key) => named(call, key).await?,
        None => {
            person(call)?;
            named(call, &call.signed.id().to_string()).await?
        }
    };
    let missing = || GraphError::no_object("manager");
    let id = entry.facts.manager.ok_or_else(missing)?;
    let manager = call.engine().directory_object(id.uuid()).await?.ok_or_else(missing)?;
    let shape = shape(call, "directoryObject")?;
    Ok(single(call, "directoryObject", "directoryObjects", &shape, &object::row(call, &manager)))
}
