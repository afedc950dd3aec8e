//! What a name on the command line means: an id, or the one object that is called so.

use serde_json::Value;
use uuid::Uuid;

use super::api::Api;
use crate::{
    exit::{Done, Failure},
    output::property,
};

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Its id.
    pub(crate) id: Uuid,
    /// Its name for people.
    pub(crate) name: String,
}

impl Found {
    fn of(row: &Value, id: &str, name: &str) -> Done<Self> {
        let id = property(row, id);
        let id = Uuid::try_parse(&id).map_err(|_| anyhow::anyhow!("the server answers an object without an id"))?;
        Ok(Self { id, name: property(row, name) })
    }
}

fn refused(what: &str, name: &str) -> Failure {
    Failure::Refused { code: "not_found".to_owned(), text: format!("there is no {what} called {name:?}") }
}

/// A hyphenated id; other spellings of GUIDs could be names.
fn as_id(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()
}

fn same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

/// The one row for which `fits` answers the smallest rank.
fn best<'r>(rows: &'r [Value], what: &str, name: &str, fits: impl Fn(&Value) -> Option<u8>) -> Done<&'r Value> {
    let ranked: Vec<(u8, &Value)> = rows.iter().filter_map(|row| fits(row).map(|rank| (rank, row))).collect();
    let first = ranked.iter().map(|(rank, _)| *rank).min().ok_or_else(|| refused(what, name))?;
    let mut alike = ranked.iter().filter(|(rank, _)| *rank == first);
    match (alike.next(), alike.next()) {
        (Some((_, row)), None) => Ok(row),
        _ => Err(Failure::usage(format!("several {what}s are called {name:?}: give the id of one"))),
    }
}

/// Position of the first property that holds `name`, letter case aside.
fn rank(row: &Value, name: &str, properties: &[&str]) -> Option<u8> {
    properties.iter().zip(0..).find(|(of, _)| same(&property(row, of), name)).map(|(_, rank)| rank)
}

/// A role by id or display name.
pub(crate) async fn role(api: &Api, name: &str) -> Done<Found> {
    if let Some(id) = as_id(name) {
        let row = api.get(&format!("roles/{id}")).await?;
        return Found::of(&row, "roleId", "displayName");
    }
    let rows = api.list("roles", &[("displayName", name)]).await?;
    let row = best(&rows, "role", name, |row| rank(row, name, &["displayName"]))?;
    Found::of(row, "roleId", "displayName")
}

/// A user by id, `DOMAIN\account` of either account, user principal name, account or display name; or another account
/// that administers.
pub(crate) async fn user(api: &Api, name: &str) -> Done<Found> {
    if let Some(id) = as_id(name) {
        return Ok(Found { id, name: name.to_owned() });
    }
    let account = name.split_once('\\').map_or(name, |(_, account)| account);
    let account = account.split_once('@').map_or(account, |(account, _)| account);
    let mut rows = api.list("users", &[("privAccountName", account)]).await?;
    rows.extend(api.list("users", &[("sourceAccountName", account)]).await?);
    rows.extend(api.list("users", &[("privDisplayName", name)]).await?);
    for administrator in api.list("administrators", &[]).await? {
        rows.extend(administrator.get("account").cloned());
    }
    rows.sort_by_key(|row| property(row, "userId"));
    rows.dedup_by_key(|row| property(row, "userId"));
    Found::of(named_user(&rows, name)?, "userId", "username")
}

fn named_user<'r>(rows: &'r [Value], name: &str) -> Done<&'r Value> {
    best(rows, "user", name, |row| {
        let source = format!("{}\\{}", property(row, "sourceDomain"), property(row, "sourceAccountName"));
        rank(row, name, &["username", "userPrincipalName"])
            .or_else(|| same(&source, name).then_some(2))
            .or_else(|| property(row, "username").split_once('\\').is_some_and(|(_, a)| same(a, name)).then_some(3))
            .or_else(|| rank(row, name, &["sourceAccountName", "privDisplayName", "displayName"]).map(|n| n + 4))
    })
}

/// An application by id, client id or name.
pub(crate) async fn application(api: &Api, name: &str) -> Done<Found> {
    let rows = api.list("applications", &[]).await?;
    let row = best(&rows, "application", name, |row| rank(row, name, &["applicationId", "clientId", "displayName"]))?;
    Found::of(row, "applicationId", "displayName")
}

/// A group by id, PRIV name, display name or source name.
pub(crate) async fn group(api: &Api, name: &str) -> Done<Found> {
    if let Some(id) = as_id(name) {
        let row = api.get(&format!("groups/{id}")).await?;
        return Found::of(&row, "groupId", "privDisplayName");
    }
    let account = name.split_once('\\').map_or(name, |(_, account)| account);
    let mut rows = api.list("groups", &[("privAccountName", account)]).await?;
    rows.extend(api.list("groups", &[("sourceAccountName", account)]).await?);
    rows.extend(api.list("groups", &[("privDisplayName", name)]).await?);
    rows.sort_by_key(|row| property(row, "groupId"));
    rows.dedup_by_key(|row| property(row, "groupId"));
    Found::of(named_group(&rows, name)?, "groupId", "privDisplayName")
}

fn named_group<'r>(rows: &'r [Value], name: &str) -> Done<&'r Value> {
    best(rows, "group", name, |row| {
        let source = format!("{}\\{}", property(row, "sourceDomain"), property(row, "sourceAccountName"));
        rank(row, name, &["privAccountName", "privDisplayName"])
            .or_else(|| same(&source, name).then_some(2))
            .or_else(|| rank(row, name, &["sourceAccountName"]).map(|n| n + 3))
    })
}

/// A target by id or name.
pub(crate) async fn target(api: &Api, name: &str) -> Done<Found> {
    let rows = api.list("targets", &[]).await?;
    let row = best(&rows, "target", name, |row| rank(row, name, &["targetId", "name"]))?;
    Found::of(row, "targetId", "name")
}

/// The ids of users, in order.
pub(crate) async fn users(api: &Api, names: &[String]) -> Done<Vec<Uuid>> {
    let mut ids = Vec::with_capacity(names.len());
    for name in names {
        ids.push(user(api, name).await?.id);
    }
    Ok(ids)
}

/// The ids of groups, in order.
pub(crate) async fn groups(api: &Api, names: &[String]) -> Done<Vec<Uuid>> {
    let mut ids = Vec::with_capacity(names.len());
    for name in names {
        ids.push(group(api, name).await?.id);
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::exit::Outcome;

    #[test]
    fn a_user_is_found_by_every_name_and_the_more_exact_one_wins() {
        let rows = [
            json!({"userId": "1", "username": "PRIV\\PRIV.Jen", "sourceDomain": "CORP", "sourceAccountName": "Jen",
                "privDisplayName": "Jen Field", "userPrincipalName": "jen@priv.example"}),
            json!({"userId": "2", "username": "PRIV\\Jen", "sourceDomain": "CORP", "sourceAccountName": "Jennifer",
                "privDisplayName": "Jen Field"}),
            json!({"userId": "3", "username": "PRIV\\root", "displayName": "Root"}),
        ];
        let found = |name: &str| named_user(&rows, name).map(|row| property(row, "userId"));
        assert_eq!(found("priv\\priv.jen").unwrap(), "1");
        assert_eq!(found("jen@priv.example").unwrap(), "1");
        assert_eq!(found("CORP\\jen").unwrap(), "1");
        assert_eq!(found("jen").unwrap(), "2", "an account goes before a source account");
        assert_eq!(found("jennifer").unwrap(), "2");
        assert_eq!(found("root").unwrap(), "3");
        assert_eq!(found("Jen Field").unwrap_err().outcome(), Outcome::Usage);
        assert_eq!(found("sam").unwrap_err().to_string(), "there is no user called \"sam\" (not_found)");
    }

    #[test]
    fn a_group_is_found_by_its_names() {
        let rows = [
            json!({"groupId": "1", "privAccountName": "CORP.dba", "privDisplayName": "Database admins",
                "sourceDomain": "CORP", "sourceAccountName": "dba"}),
            json!({"groupId": "2", "privAccountName": "EAST.dba", "privDisplayName": "East", "sourceDomain": "EAST",
                "sourceAccountName": "dba"}),
        ];
        let found = |name: &str| named_group(&rows, name).map(|row| property(row, "groupId"));
        assert_eq!(found("corp.dba").unwrap(), "1");
        assert_eq!(found("EAST\\dba").unwrap(), "2");
        assert_eq!(found("database admins").unwrap(), "1");
        assert_eq!(found("dba").unwrap_err().outcome(), Outcome::Usage);
        assert_eq!(found("db").unwrap_err().outcome(), Outcome::Refused);
    }

    #[test]
    fn only_a_hyphenated_id_is_an_id() {
        assert!(as_id("11111111-1111-4111-8111-111111111111").is_some());
        assert!(as_id("11111111111141118111111111111111").is_none());
        assert!(as_id("Deploy").is_none());
    }
}
