//! The dependencies that are compiled, and who brings them in.
//!
//! `cargo metadata` knows licences and sources, but lists optional dependencies that no feature turns on. `cargo tree` asks
//! the resolver that the build uses. So the facts come from the one and the edges from the other.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::policy::Scope;
use crate::step;

/// One package that is compiled.
#[derive(Debug, Deserialize)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) license: Option<String>,
    /// `None` for a package of a path.
    pub(super) source: Option<String>,
    /// Registries it may be published to: none for a private one, absent for any.
    publish: Option<Vec<String>>,
}

impl Package {
    pub(super) fn is_private(&self) -> bool {
        self.publish.as_ref().is_some_and(Vec::is_empty)
    }

    fn key(&self) -> Key {
        (self.name.clone(), self.version.clone())
    }
}

impl fmt::Display for Package {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {}", self.name, self.version)
    }
}

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

/// Name and version. The same from two sources would be one here; the sources are checked apart.
type Key = (String, String);

/// All packages the workspace compiles.
#[derive(Debug)]
pub(super) struct Graph {
    packages: BTreeMap<Key, Package>,
    /// Who uses a package directly.
    users: HashMap<Key, Vec<Key>>,
}

impl Graph {
    /// Asks cargo.
    pub(super) fn load(scope: &Scope) -> Result<Self> {
        let mut metadata = step::cargo();
        metadata.args(["metadata", "--format-version=1"]);
        let mut tree = step::cargo();
        tree.args(["tree", "--quiet", "--workspace", "--edges=normal,build,dev", "--prefix=depth"]);
        for target in &scope.targets {
            tree.args(["--target", target]);
        }
        if scope.all_features {
            metadata.arg("--all-features");
            tree.arg("--all-features");
        }
        Self::parse(&step::output(&mut metadata)?, &step::output(&mut tree)?)
    }

    /// Reads what `cargo metadata` and `cargo tree --prefix=depth` print.
    pub(super) fn parse(metadata: &str, tree: &str) -> Result<Self> {
        let metadata: Metadata = serde_json::from_str(metadata).context("reading cargo metadata")?;
        let mut known: HashMap<Key, Package> =
            metadata.packages.into_iter().map(|package| (package.key(), package)).collect();
        let mut packages = BTreeMap::new();
        let mut users: HashMap<Key, Vec<Key>> = HashMap::new();
        let mut above: Vec<Key> = Vec::new();
        for line in tree.lines().filter(|line| !line.is_empty()) {
            let (depth, key) = tree_line(line).with_context(|| format!("reading cargo tree: {line}"))?;
            above.truncate(depth);
            if let Some(package) = known.remove(&key) {
                packages.insert(key.clone(), package);
            }
            let direct = users.entry(key.clone()).or_default();
            if let Some(user) = above.last().filter(|user| !direct.contains(user)) {
                direct.push(user.clone());
            }
            above.push(key);
        }
        Ok(Self { packages, users })
    }

    pub(super) fn packages(&self) -> impl Iterator<Item = &Package> {
        self.packages.values()
    }

    pub(super) fn by_name(&self) -> BTreeMap<&str, Vec<&Package>> {
        let mut names: BTreeMap<&str, Vec<&Package>> = BTreeMap::new();
        for package in self.packages() {
            names.entry(&package.name).or_default().push(package);
        }
        names
    }

    pub(super) fn users_of(&self, package: &Package) -> Vec<&Package> {
        self.users.get(&package.key()).into_iter().flatten().filter_map(|key| self.packages.get(key)).collect()
    }

    /// A shortest way from a package of ours to this one.
    pub(super) fn path_to(&self, package: &Package) -> Vec<String> {
        let end = package.key();
        let mut next: HashMap<&Key, &Key> = HashMap::new();
        let mut open = VecDeque::from([&end]);
        let mut start = &end;
        while let Some(key) = open.pop_front() {
            start = key;
            if self.packages.get(key).is_some_and(|package| package.source.is_none()) {
                break;
            }
            for user in self.users.get(key).into_iter().flatten() {
                if *user != end && !next.contains_key(user) {
                    next.insert(user, key);
                    open.push_back(user);
                }
            }
        }
        std::iter::successors(Some(start), |key| next.get(key).copied())
            .filter_map(|key| self.packages.get(key))
            .map(ToString::to_string)
            .collect()
    }
}

/// `2name v1.2.3 (anything)`: how deep, and what.
fn tree_line(line: &str) -> Option<(usize, Key)> {
    let digits = line.find(|letter: char| !letter.is_ascii_digit())?;
    let (depth, package) = line.split_at_checked(digits)?;
    let mut words = package.split(' ');
    let (name, version) = (words.next()?, words.next()?.strip_prefix('v')?);
    Some((depth.parse().ok()?, (name.to_owned(), version.to_owned())))
}
