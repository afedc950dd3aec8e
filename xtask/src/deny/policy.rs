//! The part of cargo-deny's configuration that is checked here.

use serde::Deserialize;

use super::graph::Package;

/// `deny.toml`. Keys of other checks are passed over.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Policy {
    pub(super) graph: Scope,
    pub(super) licenses: Licenses,
    pub(super) bans: Bans,
    pub(super) sources: Sources,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(super) struct Scope {
    pub(super) targets: Vec<String>,
    pub(super) all_features: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Licenses {
    pub(super) allow: Vec<String>,
    pub(super) exceptions: Vec<Exception>,
    pub(super) clarify: Vec<Clarification>,
    pub(super) private: Private,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Private {
    pub(super) ignore: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Exception {
    #[serde(rename = "crate")]
    pub(super) of: CrateSpec,
    pub(super) allow: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Clarification {
    #[serde(rename = "crate")]
    pub(super) of: CrateSpec,
    pub(super) expression: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(super) struct Bans {
    pub(super) multiple_versions: Level,
    pub(super) deny: Vec<Ban>,
    pub(super) skip: Vec<Skip>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Ban {
    #[serde(rename = "crate")]
    pub(super) of: CrateSpec,
    pub(super) reason: Option<String>,
    /// Crates that may depend on it all the same.
    #[serde(default)]
    pub(super) wrappers: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Skip {
    #[serde(rename = "crate")]
    pub(super) of: CrateSpec,
}

#[derive(Debug, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub(super) struct Sources {
    pub(super) unknown_registry: Level,
    pub(super) unknown_git: Level,
    pub(super) allow_registry: Vec<String>,
    pub(super) allow_git: Vec<String>,
}

impl Default for Sources {
    fn default() -> Self {
        Self {
            unknown_registry: Level::Warn,
            unknown_git: Level::Warn,
            allow_registry: vec!["https://github.com/rust-lang/crates.io-index".to_owned()],
            allow_git: Vec::new(),
        }
    }
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    Allow,
    #[default]
    Warn,
    Deny,
}

/// `name`, or `name@version` where the version may leave out its last parts (`tower@0.5`).
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct CrateSpec(String);

impl CrateSpec {
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    pub(super) fn covers(&self, package: &Package) -> bool {
        let Some((name, version)) = self.0.split_once('@') else { return self.0 == package.name };
        let version = version.trim_start_matches(['=', '^', '~']);
        let starts = package.version.strip_prefix(version).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        name == package.name && starts
    }
}
