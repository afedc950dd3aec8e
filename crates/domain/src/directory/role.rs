//! Directory roles: those that are the same in every tenant, and what a definition says.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::administration::AdministratorRole;

/// The catalogue; its head describes the form of a line.
const CATALOGUE: &str = include_str!("../../data/directory-roles.txt");

/// A role that every tenant has under the same id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuiltInRole {
    /// Its id, which is its template id too (`GRAPH 6.1`).
    pub id: Uuid,
    /// Display name.
    pub name: &'static str,
    /// Gives power over others.
    pub privileged: bool,
    /// May be assigned. Others are implicit or retired.
    pub assignable: bool,
}

static ALL: LazyLock<Vec<BuiltInRole>> = LazyLock::new(|| {
    let known = CATALOGUE.lines().filter(|line| !line.starts_with('#')).filter_map(read);
    let own = [AdministratorRole::Pam, AdministratorRole::Target, AdministratorRole::Auditor].map(|role| BuiltInRole {
        id: role.template(),
        name: role.name(),
        privileged: role != AdministratorRole::Auditor,
        assignable: true,
    });
    let mut all: Vec<BuiltInRole> = known.chain(own).collect();
    all.sort_by_key(|role| role.id);
    all
});

fn read(line: &'static str) -> Option<BuiltInRole> {
    let (id, rest) = line.split_once(' ')?;
    let (marks, name) = rest.split_once(' ')?;
    let id = Uuid::try_parse(id).ok()?;
    Some(BuiltInRole { id, name, privileged: marks.contains('p'), assignable: !marks.contains('i') })
}

impl BuiltInRole {
    /// All of them, by id.
    #[must_use]
    pub fn all() -> &'static [Self] {
        &ALL
    }

    /// The role with this id.
    #[must_use]
    pub fn find(id: Uuid) -> Option<Self> {
        let at = ALL.binary_search_by_key(&id, |role| role.id).ok()?;
        ALL.get(at).copied()
    }
}

/// What a role allows. Stored and shown; no rule here reads it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RolePermission {
    /// Actions it allows.
    pub allowed_resource_actions: Vec<String>,
    /// Actions it takes out again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excluded_resource_actions: Option<Vec<String>>,
    /// When it holds.
    #[serde(default)]
    pub condition: Option<String>,
}

/// A role as clients see it: built-in, or made by an administrator (`GRAPH 6.1`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleDefinition {
    /// Its id.
    pub id: Uuid,
    /// What copies of it in other tenants have in common.
    pub template: Uuid,
    /// Display name.
    pub name: String,
    /// Description.
    pub description: Option<String>,
    /// The same in every tenant; cannot be changed.
    pub built_in: bool,
    /// May be used.
    pub enabled: bool,
    /// Gives power over others.
    pub privileged: bool,
    /// Free text.
    pub version: Option<String>,
    /// What it allows.
    pub permissions: Vec<RolePermission>,
}

impl From<BuiltInRole> for RoleDefinition {
    fn from(role: BuiltInRole) -> Self {
        Self {
            id: role.id,
            template: role.id,
            name: role.name.to_owned(),
            description: None,
            built_in: true,
            enabled: true,
            privileged: role.privileged,
            version: Some("1".to_owned()),
            permissions: vec![RolePermission::default()],
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_line_of_the_catalogue_is_a_role_of_its_own() {
        let lines = CATALOGUE.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(BuiltInRole::all().len(), lines + 3);
        let ids: BTreeSet<Uuid> = BuiltInRole::all().iter().map(|role| role.id).collect();
        assert_eq!(ids.len(), BuiltInRole::all().len());
        let names: BTreeSet<&str> = BuiltInRole::all().iter().map(|role| role.name).collect();
        assert_eq!(names.len(), BuiltInRole::all().len());
    }

    #[test]
    fn administrators_of_the_server_are_roles_of_the_directory() {
        for role in AdministratorRole::ALL {
            let found = BuiltInRole::find(role.template()).unwrap();
            assert_eq!(found.name, role.name());
            assert!(found.assignable);
        }
        assert_eq!(BuiltInRole::find(Uuid::nil()), None);
    }
}
