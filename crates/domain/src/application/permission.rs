//! What an application can be consented to. The names are facts of the contracts the faces speak; a face asks for one by
//! name, a token carries names, and nothing opens anything but by its own name.

use std::{fmt, str::FromStr, sync::LazyLock};

/// The catalogue: `scope NAME` or `app-role NAME`, one a line.
const CATALOGUE: &str = include_str!("../../data/permissions.txt");

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PermissionKind {
    /// A person through the application: `scp`.
    Scope,
    /// The application for itself: `roles`.
    AppRole,
}

impl PermissionKind {
    /// The word in files, records and our own API.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Scope => "scope",
            Self::AppRole => "app-role",
        }
    }

    /// The kind that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Scope, Self::AppRole].into_iter().find(|kind| kind.word() == word)
    }
}

/// A permission of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Permission {
    /// Who acts.
    pub kind: PermissionKind,
    name: &'static str,
}

static ALL: LazyLock<Vec<Permission>> = LazyLock::new(|| {
    let lines = CATALOGUE.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let (kind, name) = line.split_once(' ')?;
            Some(Permission { kind: PermissionKind::from_word(kind)?, name })
        })
        .collect()
});

impl Permission {
    /// All of them.
    #[must_use]
    pub fn all() -> &'static [Self] {
        &ALL
    }

    /// The name as tokens carry it.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.name
    }

    /// The permission of this kind and name, letter case aside.
    #[must_use]
    pub fn find(kind: PermissionKind, name: &str) -> Option<Self> {
        ALL.iter().copied().find(|known| known.kind == kind && known.name.eq_ignore_ascii_case(name))
    }

    /// The delegated scope of this name.
    #[must_use]
    pub fn scope(name: &str) -> Option<Self> {
        Self::find(PermissionKind::Scope, name)
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.word(), self.name)
    }
}

/// A text names no permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such permission")]
pub struct UnknownPermission;

impl FromStr for Permission {
    type Err = UnknownPermission;

    fn from_str(text: &str) -> Result<Self, UnknownPermission> {
        let (kind, name) = text.split_once(' ').ok_or(UnknownPermission)?;
        PermissionKind::from_word(kind).and_then(|kind| Self::find(kind, name)).ok_or(UnknownPermission)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_catalogue_is_read_and_named_once() {
        let lines: Vec<&str> = CATALOGUE.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(Permission::all().len(), lines.len());
        for (line, permission) in lines.iter().zip(Permission::all()) {
            assert_eq!(line.parse(), Ok(*permission));
            assert_eq!(permission.to_string(), *line);
        }
    }

    #[test]
    fn what_the_faces_ask_for_is_there() {
        for name in ["user_impersonation", "Pam.Use", "Ephor.Admin", "User.Read", "RoleManagement.ReadWrite.Directory"]
        {
            assert!(Permission::scope(name).is_some(), "{name}");
        }
        assert!(Permission::find(PermissionKind::AppRole, "ephor.admin").is_some());
        // Applications are nobody's voice on the PAM face, and ARM asks for no app role (seams §12).
        for name in ["Pam.Use", "user_impersonation", "User.Read"] {
            assert_eq!(Permission::find(PermissionKind::AppRole, name), None, "{name}");
        }
        assert_eq!(Permission::scope(""), None);
    }
}
