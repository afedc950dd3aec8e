//! Role definitions: those that are the same everywhere, and those made here (`ARM 6`).

use std::{collections::BTreeMap, sync::LazyLock};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::{Uuid, uuid};

use super::{pattern::covered, refusal::ResourceRefusal};
use crate::scope::ArmScope;

/// Owner.
pub const OWNER: Uuid = uuid!("8e3af657-a8ff-443c-a75c-2fe8c4bcb635");
/// User Access Administrator.
pub const USER_ACCESS_ADMINISTRATOR: Uuid = uuid!("18d7d88d-d35e-4fb5-a5c3-7773c20a72d9");
/// Longest name of a role, in characters.
pub const MAX_NAME: usize = 512;

/// Most actions of one role or deny assignment.
const MOST_ACTIONS: usize = 5_000;
/// Longest action, in bytes.
const MAX_ACTION: usize = 512;

/// One set of actions of a role.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Permission {
    /// What is allowed at the resources themselves.
    pub actions: Vec<String>,
    /// What of it is taken out again. This denies nothing that another role gives.
    pub not_actions: Vec<String>,
    /// What is allowed with the data in them.
    pub data_actions: Vec<String>,
    /// What of it is taken out again.
    pub not_data_actions: Vec<String>,
    /// Bounds what the role may be used for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Language of the condition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition_version: Option<String>,
}

impl Permission {
    /// # Errors
    /// [`ResourceRefusal::Invalid`] for an action that is none, and for too many of them.
    pub fn check_all(permissions: &[Self]) -> Result<(), ResourceRefusal> {
        let (mut count, mut fit) = (0_usize, true);
        for one in permissions {
            for action in
                [&one.actions, &one.not_actions, &one.data_actions, &one.not_data_actions].into_iter().flatten()
            {
                count += 1;
                fit &= !action.is_empty() && action.len() <= MAX_ACTION && !action.chars().any(char::is_control);
            }
        }
        if fit && count <= MOST_ACTIONS {
            return Ok(());
        }
        Err(ResourceRefusal::Invalid("actions are short texts, and no more than 5,000"))
    }
}

/// A role for resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceRole {
    /// Its id, the same at every scope.
    pub id: Uuid,
    /// Name, unique in the tenant.
    pub name: String,
    /// Description.
    pub description: Option<String>,
    /// The same in every tenant; cannot be changed.
    pub built_in: bool,
    /// What it allows.
    pub permissions: Vec<Permission>,
    /// Where it can be given: there and below.
    pub assignable: Vec<ArmScope>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// Who made it.
    pub created_by: Option<Uuid>,
    /// Who changed it last.
    pub updated_by: Option<Uuid>,
}

const CATALOGUE: &str = include_str!("../../data/resource-roles.txt");

/// The instant at which the built-in roles were published; nothing rests on it.
const PUBLISHED: i64 = 1_422_921_600;

static ALL: LazyLock<BTreeMap<Uuid, ResourceRole>> = LazyLock::new(|| {
    let mut all: BTreeMap<Uuid, ResourceRole> = BTreeMap::new();
    let mut present = None;
    let published = Timestamp::from_second(PUBLISHED).unwrap_or_default();
    for line in CATALOGUE.lines() {
        let Some((mark, text)) = line.split_once(' ') else { continue };
        if mark == "=" {
            let Some((id, name)) = text.split_once(' ') else { continue };
            let Ok(id) = Uuid::try_parse(id) else { continue };
            present = Some(id);
            let role = ResourceRole {
                id,
                name: name.to_owned(),
                description: None,
                built_in: true,
                permissions: vec![Permission::default()],
                assignable: vec![ArmScope::root()],
                created: published,
                updated: published,
                created_by: None,
                updated_by: None,
            };
            all.insert(id, role);
            continue;
        }
        let Some(role) = present.and_then(|id| all.get_mut(&id)) else { continue };
        let ResourceRole { description, permissions, .. } = role;
        let Some(permission) = permissions.first_mut() else { continue };
        match mark {
            ":" => *description = Some(text.to_owned()),
            "+" => permission.actions.push(text.to_owned()),
            "-" => permission.not_actions.push(text.to_owned()),
            "d+" => permission.data_actions.push(text.to_owned()),
            "d-" => permission.not_data_actions.push(text.to_owned()),
            _ => {}
        }
    }
    all
});

impl ResourceRole {
    /// The roles that every tenant has, by id.
    pub fn built_in() -> impl Iterator<Item = &'static Self> {
        ALL.values()
    }

    /// The built-in role with this id.
    #[must_use]
    pub fn find_built_in(id: Uuid) -> Option<&'static Self> {
        ALL.get(&id)
    }

    /// Can it be given at a scope? `chain` is the scope and everything above it.
    #[must_use]
    pub fn is_assignable(&self, chain: &[ArmScope]) -> bool {
        self.built_in || self.assignable.iter().any(|scope| chain.contains(scope))
    }

    /// Does the role by itself allow an action at a resource?
    #[must_use]
    pub fn allows(&self, action: &str) -> bool {
        self.permissions.iter().any(|one| covered(&one.actions, action))
            && !self.permissions.iter().any(|one| covered(&one.not_actions, action))
    }

    /// Does the role by itself allow an action with data?
    #[must_use]
    pub fn allows_data(&self, action: &str) -> bool {
        self.permissions.iter().any(|one| covered(&one.data_actions, action))
            && !self.permissions.iter().any(|one| covered(&one.not_data_actions, action))
    }

    /// Some part of it holds only under a condition.
    #[must_use]
    pub fn is_conditional(&self) -> bool {
        self.permissions.iter().any(|one| one.condition.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_read_whole() {
        let lines = CATALOGUE.lines().filter(|line| line.starts_with("= ")).count();
        assert_eq!(ResourceRole::built_in().count(), lines);
        for role in ResourceRole::built_in() {
            assert!(role.description.is_some() && !role.permissions[0].actions.is_empty(), "{}", role.name);
        }
        let contributor = ResourceRole::built_in().find(|role| role.name == "Contributor").unwrap();
        assert_eq!(
            (contributor.permissions[0].not_actions.len(), &contributor.permissions[0].actions[..]),
            (11, &["*".to_owned()][..])
        );
    }

    #[test]
    fn what_is_taken_out_of_a_role_is_not_in_it() {
        let role = |name: &str| ResourceRole::built_in().find(|role| role.name == name).unwrap();
        let write = "Microsoft.Authorization/roleAssignments/write";
        let who: Vec<&str> =
            ResourceRole::built_in().filter(|role| role.allows(write)).map(|role| role.name.as_str()).collect();
        assert_eq!(who, ["User Access Administrator", "Owner", "Role Based Access Control Administrator"]);
        assert!(role("Contributor").allows("Microsoft.Compute/virtualMachines/write"));
        assert!(!role("Reader").allows("Microsoft.Compute/virtualMachines/write"));
        let blob = "microsoft.storage/storageaccounts/blobservices/containers/blobs/read";
        assert!(role("Storage Blob Data Reader").allows_data(blob) && !role("Owner").allows_data(blob));
        assert_eq!(ResourceRole::find_built_in(OWNER).unwrap().name, "Owner");
        assert_eq!(ResourceRole::find_built_in(USER_ACCESS_ADMINISTRATOR).unwrap().name, "User Access Administrator");
    }
}
