//! Role assignments: a principal, a role, a scope (`ARM 7`).

use jiff::Timestamp;
use uuid::Uuid;

use super::refusal::ResourceRefusal;
use crate::{id::PrincipalId, principal::PrincipalKind, scope::ArmScope, text::is_plain};

/// Longest free text of an assignment or condition, in characters.
pub const MAX_TEXT: usize = 8_192;

/// What of an assignment may be written again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AssignmentContent {
    /// Free text.
    pub description: Option<String>,
    /// Bounds what the role may be used for; kept and shown, see [`super::decide`].
    pub condition: Option<String>,
    /// Language of the condition.
    pub condition_version: Option<String>,
    /// Kept and shown.
    pub delegated_identity: Option<String>,
}

impl AssignmentContent {
    /// # Errors
    /// A condition without its version, another version than `1.0` or `2.0`, texts that are too long.
    pub fn check(&self) -> Result<(), ResourceRefusal> {
        let texts = [&self.description, &self.condition, &self.delegated_identity];
        if texts.into_iter().flatten().any(|text| text.chars().count() > MAX_TEXT) {
            return Err(ResourceRefusal::Invalid("a text is too long"));
        }
        if texts.into_iter().flatten().any(|text| !is_plain(text)) {
            return Err(ResourceRefusal::Invalid("a text holds a control character"));
        }
        let has_condition = self.condition.as_deref().is_some_and(|text| !text.is_empty());
        match self.condition_version.as_deref().filter(|text| !text.is_empty()) {
            None if has_condition => Err(ResourceRefusal::Invalid("a condition needs its version")),
            Some(version) if !["1.0", "2.0"].contains(&version) => {
                Err(ResourceRefusal::Invalid("the version of a condition is 2.0"))
            }
            _ => Ok(()),
        }
    }
}

/// A principal holds a role at a scope and below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Its name.
    pub name: Uuid,
    /// Where.
    pub scope: ArmScope,
    /// Which role.
    pub definition: Uuid,
    /// Who.
    pub principal: PrincipalId,
    /// What sort of principal.
    pub kind: PrincipalKind,
    /// The rest.
    pub content: AssignmentContent,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// Who made it.
    pub created_by: Option<Uuid>,
    /// Who changed it last.
    pub updated_by: Option<Uuid>,
}

impl Assignment {
    /// Holds only under a condition.
    #[must_use]
    pub fn is_conditional(&self) -> bool {
        self.content.condition.as_deref().is_some_and(|text| !text.is_empty())
    }

    /// # Errors
    /// [`ResourceRefusal::UpdateNotPermitted`] when something else than its content would change.
    pub fn check_same(
        &self,
        scope: &ArmScope,
        definition: Uuid,
        principal: PrincipalId,
    ) -> Result<(), ResourceRefusal> {
        let same = self.scope == *scope && self.definition == definition && self.principal == principal;
        same.then_some(()).ok_or(ResourceRefusal::UpdateNotPermitted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_needs_its_version() {
        let content = |condition: Option<&str>, version: Option<&str>| AssignmentContent {
            condition: condition.map(str::to_owned),
            condition_version: version.map(str::to_owned),
            ..AssignmentContent::default()
        };
        assert_eq!(content(Some("@x"), Some("2.0")).check(), Ok(()));
        assert_eq!(content(Some(""), None).check(), Ok(()));
        assert!(content(Some("@x"), None).check().is_err());
        assert!(content(Some("@x"), Some("")).check().is_err());
        assert!(content(Some("@x"), Some("3.0")).check().is_err());
        assert!(content(Some("@x\0"), Some("2.0")).check().is_err());
    }
}
