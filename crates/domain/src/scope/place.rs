//! Registered places of the tree: what is known of a scope beyond its path (`ARM 3`, `ARM 20`).

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::arm::{ArmScope, ArmScopeKind};
use crate::text::is_plain;

/// Longest name for people, in characters.
const MAX_NAME: usize = 256;
/// Most tags of one place, and longest name or value of one.
const MAX_TAGS: usize = 50;
const MAX_TAG: usize = 512;

/// A registered scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Which one, spelled as registered.
    pub scope: ArmScope,
    /// Name for people.
    pub name: String,
    /// What it hangs below.
    pub parent: ArmScope,
    /// Where it is said to be; kept and shown.
    pub location: Option<String>,
    /// Kept and shown.
    pub tags: BTreeMap<String, String>,
    /// When it was registered.
    pub created: Timestamp,
}

impl Place {
    /// # Errors
    /// Names the rule: the root is nowhere, a subscription or management group hangs below a management group or the
    /// root, everything else below what its path says; names and tags have bounds.
    pub fn check(&self) -> Result<(), &'static str> {
        match self.scope.kind() {
            ArmScopeKind::Root => return Err("the root is no place of its own"),
            ArmScopeKind::ManagementGroup | ArmScopeKind::Subscription => {
                if !matches!(self.parent.kind(), ArmScopeKind::Root | ArmScopeKind::ManagementGroup) {
                    return Err("the parent must be a management group");
                }
                if self.parent == self.scope {
                    return Err("nothing hangs below itself");
                }
            }
            ArmScopeKind::ResourceGroup | ArmScopeKind::Resource(_) => {
                if self.scope.parent_in_path().as_ref() != Some(&self.parent) {
                    return Err("the parent is what the path says");
                }
            }
        }
        let characters = self.name.chars().count();
        if characters == 0 || characters > MAX_NAME || self.name.chars().any(char::is_control) {
            return Err("a display name has 1 to 256 characters on one line");
        }
        let long = |text: &String| text.chars().count() > MAX_TAG;
        if self.tags.len() > MAX_TAGS || self.tags.iter().any(|(name, value)| long(name) || long(value)) {
            return Err("there are too many tags, or one is too long");
        }
        if self.location.as_ref().is_some_and(|text| !is_plain(text)) {
            return Err("the location holds a control character");
        }
        if self.location.as_ref().is_some_and(long) {
            return Err("the location is too long");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_hangs_where_its_kind_says() {
        let place = |scope: &str, parent: &str| Place {
            scope: scope.parse().unwrap(),
            name: "n".to_owned(),
            parent: parent.parse().unwrap(),
            location: None,
            tags: BTreeMap::new(),
            created: Timestamp::UNIX_EPOCH,
        };
        let (m, s) = (
            "/providers/Microsoft.Management/managementGroups/m",
            "/subscriptions/5f5a7e2a-0000-4000-8000-00000000000a",
        );
        let g = format!("{s}/resourceGroups/g");
        for (scope, parent, fits) in [
            (m, "/", true),
            (s, m, true),
            (s, "/", true),
            (&g, s, true),
            (m, m, false),
            (m, s, false),
            (s, &g, false),
            (&g, m, false),
            ("/", "/", false),
        ] {
            assert_eq!(place(scope, parent).check().is_ok(), fits, "{scope} below {parent}");
        }
    }
}
