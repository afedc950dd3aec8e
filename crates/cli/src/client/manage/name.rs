//! What a name means: an account, a group, an application, a role.

use serde_json::Value;
use uuid::Uuid;

use crate::{
    client::access::{
        arm, at,
        desk::{Desk, escaped, quoted},
        find::{self, Names},
    },
    exit::{Done, Failure},
    output::printable,
};

/// Somebody or something that can hold what is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) sort: Sort,
    /// What it signs in with.
    login: Option<String>,
}

impl Holder {
    #[cfg(test)]
    pub(super) fn of(id: &str, name: &str, sort: Sort) -> Self {
        Self { id: id.to_owned(), name: name.to_owned(), sort, login: None }
    }
}

/// What it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    User,
    Group,
    Application,
}

impl Sort {
    const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Application => "application",
        }
    }
}

fn as_id(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()
}

fn unknown(what: &str, name: &str) -> Failure {
    let text = format!("there is no {what} called \"{name}\"");
    Failure::Refused { code: "not_found".to_owned(), text }
}

fn rows_of(rows: &[Value], sort: Sort) -> impl Iterator<Item = Holder> + '_ {
    rows.iter().filter_map(move |row| {
        let login = at(row, "/userPrincipalName").or_else(|| at(row, "/mailNickname")).or_else(|| at(row, "/appId"));
        let id = at(row, "/id")?;
        Some(Holder { name: at(row, "/displayName").unwrap_or_else(|| id.clone()), id, sort, login })
    })
}

/// The account, group or application that a name means: `user:`, `group:` and `app:` in front say which sort is meant.
pub(super) async fn holder(desk: &Desk, name: &str) -> Done<Holder> {
    let (sorts, name): (&[Sort], &str) = match name.split_once(':') {
        Some(("user", name)) => (&[Sort::User], name),
        Some(("group", name)) => (&[Sort::Group], name),
        Some(("app", name)) => (&[Sort::Application], name),
        _ => (&[Sort::User, Sort::Group, Sort::Application], name),
    };
    if let Some(id) = as_id(name.trim()) {
        return by_id(desk, id).await;
    }
    let mut found = Vec::new();
    for sort in sorts {
        found.extend(called(desk, *sort, name.trim()).await?);
    }
    one(&found, name)
}

/// The user that a name means.
pub(super) async fn user(desk: &Desk, name: &str) -> Done<Holder> {
    holder(desk, &format!("user:{}", name.trim_start_matches("user:"))).await
}

/// The group that a name means.
pub(super) async fn group(desk: &Desk, name: &str) -> Done<Holder> {
    holder(desk, &format!("group:{}", name.trim_start_matches("group:"))).await
}

fn one(found: &[Holder], name: &str) -> Done<Holder> {
    let names = |it: &Holder| {
        let login = it.login.clone().unwrap_or_default();
        let account = login.split('@').next().unwrap_or_default().to_owned();
        // `DEMO\jen` is `jen` of that domain: accounts are unique by more than this look-up needs.
        [it.name.clone(), login, account].into_iter().filter(|name| !name.is_empty()).collect()
    };
    let wanted = name.split_once('\\').map_or(name, |(_, account)| account);
    let candidate =
        |it: &Holder| printable(&format!("{}:{} ({})", it.sort.name(), it.login.as_deref().unwrap_or(&it.name), it.id));
    let holder = find::exactly(
        found,
        wanted,
        |it| Names { ids: vec![&it.id], names: names(it) },
        candidate,
        |name| unknown("account or group", name),
    )?;
    Ok(holder.clone())
}

/// Those of a sort that may be called so.
async fn called(desk: &Desk, sort: Sort, name: &str) -> Done<Vec<Holder>> {
    let account = name.split_once('\\').map_or(name, |(_, account)| account);
    let text = quoted(account);
    let (set, filter) = match sort {
        Sort::User => (
            "users?$select=id,displayName,userPrincipalName",
            format!("startswith(displayName,{text}) or startswith(userPrincipalName,{text})"),
        ),
        Sort::Group => (
            "groups?$select=id,displayName,mailNickname",
            format!("startswith(displayName,{text}) or startswith(mailNickname,{text})"),
        ),
        Sort::Application => {
            ("servicePrincipals?$select=id,displayName,appId", format!("startswith(displayName,{text})"))
        }
    };
    let rows = desk.rows(&format!("v1.0/{set}&$filter={}", escaped(&filter))).await?;
    Ok(rows_of(&rows, sort).collect())
}

async fn by_id(desk: &Desk, id: Uuid) -> Done<Holder> {
    let row = match desk.get(&format!("v1.0/directoryObjects/{id}")).await {
        Err(Failure::Refused { .. }) => return Err(unknown("account or group", &id.to_string())),
        row => row?,
    };
    let sort = match at(&row, "/@odata.type").unwrap_or_default() {
        sort if sort.ends_with("group") => Sort::Group,
        sort if sort.ends_with("servicePrincipal") => Sort::Application,
        _ => Sort::User,
    };
    rows_of(std::slice::from_ref(&row), sort).next().ok_or_else(|| unknown("account or group", &id.to_string()))
}

/// A role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Role {
    pub(super) id: String,
    pub(super) name: String,
    /// As the API has it.
    pub(super) row: Value,
}

fn one_role(rows: &[Value], name: &str, name_at: &str) -> Done<Role> {
    let roles: Vec<Role> = rows
        .iter()
        .filter_map(|row| {
            let id = at(row, "/name").filter(|name| as_id(name).is_some()).or_else(|| at(row, "/id"))?;
            Some(Role { name: at(row, name_at).unwrap_or_else(|| id.clone()), id, row: row.clone() })
        })
        .collect();
    let role = find::exactly(
        &roles,
        name,
        |role| Names { ids: vec![&role.id], names: vec![role.name.clone()] },
        |role| printable(&format!("{} ({})", role.name, role.id)),
        |name| unknown("role", name),
    )?;
    Ok(role.clone())
}

/// The path of all roles of the directory.
pub(super) const DIRECTORY_ROLES: &str = "v1.0/roleManagement/directory/roleDefinitions";
/// The edition of role definitions and assignments for resources.
pub(super) const ROLES_EDITION: &str = "api-version=2022-04-01";

/// The role that a name means: of the directory, or at a resource scope.
pub(super) async fn role(desk: &Desk, scope: Option<&str>, name: &str) -> Done<Role> {
    match scope {
        None => one_role(&desk.rows(DIRECTORY_ROLES).await?, name, "/displayName"),
        Some(scope) => {
            let rows = desk.rows(&arm::set(scope, "roleDefinitions", ROLES_EDITION)).await?;
            one_role(&rows, name, "/properties/roleName")
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn people_are_found_by_account_and_whole_names_alone() {
        let rows = [
            json!({"id": "1", "displayName": "Jen Field", "userPrincipalName": "jen@demo.test"}),
            json!({"id": "2", "displayName": "Jennifer Moss", "userPrincipalName": "jennifer@demo.test"}),
        ];
        let found: Vec<Holder> = rows_of(&rows, Sort::User).collect();
        assert_eq!(one(&found, "jen").unwrap().id, "1");
        assert_eq!(one(&found, "DEMO\\jen").unwrap().id, "1");
        assert_eq!(one(&found, "jennifer moss").unwrap().id, "2");
        assert!(one(&found, "jennifer m").is_err(), "nothing is guessed");
        assert!(one(&found, "sam").is_err());
    }

    #[test]
    fn a_role_for_resources_goes_by_its_guid() {
        let id = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
        let rows = [json!({"id": format!("/x/{id}"), "name": id, "properties": {"roleName": "Owner"}})];
        assert_eq!(one_role(&rows, "owner", "/properties/roleName").unwrap().id, id);
        assert_eq!(one_role(&rows, id, "/properties/roleName").unwrap().name, "Owner");
    }
}
