//! Scopes of resource roles (`ARM 3`).

use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    str::FromStr,
};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{NoScope, directory::hyphenated};

/// A place in the tree of management groups, subscriptions, resource groups and resources, canonically spelled.
///
/// Names keep their letters; two scopes are equal when they agree case-blind. Which management group a subscription
/// hangs below is data of the store, not of the path.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ArmScope {
    text: String,
    /// Lower-case `text`.
    key: String,
    kind: ArmScopeKind,
}

/// What a scope is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArmScopeKind {
    /// `/`.
    Root,
    /// `/providers/Microsoft.Management/managementGroups/{name}`.
    ManagementGroup,
    /// `/subscriptions/{id}`.
    Subscription,
    /// `/subscriptions/{id}/resourceGroups/{name}`.
    ResourceGroup,
    /// Below a resource group or a subscription: its type, in lower case, as `microsoft.storage/storageaccounts`.
    Resource(String),
}

const PROVIDERS: &str = "providers";
const SUBSCRIPTIONS: &str = "subscriptions";
const RESOURCE_GROUPS: &str = "resourceGroups";
const MANAGEMENT: &str = "Microsoft.Management";
const SUBSCRIPTION_ALIAS: &str = "Microsoft.Subscription";
const MANAGEMENT_GROUPS: &str = "managementGroups";
/// Longest scope that is read, in bytes (S6).
const MAX_TEXT: usize = 2_048;
const MAX_MANAGEMENT_GROUP: usize = 90;

impl ArmScope {
    /// The root of the tenant.
    #[must_use]
    pub fn root() -> Self {
        Self::canonical("/".to_owned(), ArmScopeKind::Root)
    }

    /// A management group.
    #[must_use]
    pub fn management_group(name: &str) -> Option<Self> {
        Self::from_segments(&[PROVIDERS, MANAGEMENT, MANAGEMENT_GROUPS, name])
    }

    /// A subscription.
    #[must_use]
    pub fn subscription(id: Uuid) -> Self {
        Self::canonical(format!("/{SUBSCRIPTIONS}/{id}"), ArmScopeKind::Subscription)
    }

    /// The canonical spelling, names as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The spelling under which equal scopes are stored: lower case.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> &ArmScopeKind {
        &self.kind
    }

    /// The name of the last segment; empty for the root.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text.rsplit('/').next().unwrap_or_default()
    }

    /// The subscription it lies in.
    #[must_use]
    pub fn subscription_id(&self) -> Option<Uuid> {
        let mut segments = self.key.split('/').skip(1);
        if segments.next()? != SUBSCRIPTIONS {
            return None;
        }
        hyphenated(segments.next()?)
    }

    /// The next scope above within the path: of a child resource its parent resource, of a resource its resource group
    /// or subscription, of a resource group its subscription. `None` where only the store knows (subscription,
    /// management group) and for the root.
    #[must_use]
    pub fn parent_in_path(&self) -> Option<Self> {
        let segments: Vec<&str> = self.text.split('/').skip(1).collect();
        let shorter = match self.kind {
            ArmScopeKind::Root | ArmScopeKind::ManagementGroup | ArmScopeKind::Subscription => return None,
            ArmScopeKind::ResourceGroup => 2,
            ArmScopeKind::Resource(_) => {
                // A resource group may be named like the word.
                let is_grouped = segments.get(2).is_some_and(|segment| *segment == RESOURCE_GROUPS);
                let provider = if is_grouped { 4 } else { 2 };
                // `providers/{ns}/{type}/{name}`, then pairs of type and name.
                if segments.len() > provider + 4 { segments.len() - 2 } else { provider }
            }
        };
        Self::from_segments(segments.get(..shorter)?)
    }

    /// True for itself and for everything below by path. The root is above all; whether a management group is above a
    /// subscription, only the store knows.
    #[must_use]
    pub fn contains_path(&self, other: &Self) -> bool {
        match self.kind {
            ArmScopeKind::Root => true,
            ArmScopeKind::ManagementGroup
            | ArmScopeKind::Subscription
            | ArmScopeKind::ResourceGroup
            | ArmScopeKind::Resource(_) => {
                other.key.strip_prefix(&self.key).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
        }
    }

    fn canonical(text: String, kind: ArmScopeKind) -> Self {
        let key = text.to_lowercase();
        Self { text, key, kind }
    }

    fn from_segments(segments: &[&str]) -> Option<Self> {
        let is = |segment: &str, word: &str| segment.eq_ignore_ascii_case(word);
        match segments {
            [] => Some(Self::root()),
            [providers, ns, groups, name]
                if is(providers, PROVIDERS) && is(ns, MANAGEMENT) && is(groups, MANAGEMENT_GROUPS) =>
            {
                let text = format!("/{PROVIDERS}/{MANAGEMENT}/{MANAGEMENT_GROUPS}/{name}");
                (is_name(name) && name.chars().count() <= MAX_MANAGEMENT_GROUP)
                    .then(|| Self::canonical(text, ArmScopeKind::ManagementGroup))
            }
            [providers, ns, word, id, rest @ ..]
                if is(providers, PROVIDERS) && is(ns, SUBSCRIPTION_ALIAS) && is(word, SUBSCRIPTIONS) =>
            {
                Self::below_subscription(hyphenated(id)?, rest)
            }
            [word, id, rest @ ..] if is(word, SUBSCRIPTIONS) => Self::below_subscription(hyphenated(id)?, rest),
            _ => None,
        }
    }

    fn below_subscription(subscription: Uuid, rest: &[&str]) -> Option<Self> {
        let is = |segment: &str, word: &str| segment.eq_ignore_ascii_case(word);
        let above = format!("/{SUBSCRIPTIONS}/{subscription}");
        match rest {
            [] => Some(Self::subscription(subscription)),
            [groups, name] if is(groups, RESOURCE_GROUPS) => is_name(name)
                .then(|| Self::canonical(format!("{above}/{RESOURCE_GROUPS}/{name}"), ArmScopeKind::ResourceGroup)),
            [groups, name, resource @ ..] if is(groups, RESOURCE_GROUPS) && is_name(name) => {
                Self::resource(format!("{above}/{RESOURCE_GROUPS}/{name}"), resource)
            }
            resource => Self::resource(above, resource),
        }
    }

    fn resource(above: String, segments: &[&str]) -> Option<Self> {
        let [providers, namespace, path @ ..] = segments else { return None };
        let well_formed = providers.eq_ignore_ascii_case(PROVIDERS)
            && !path.is_empty()
            && path.len().is_multiple_of(2)
            && path.iter().chain([namespace]).all(|segment| is_name(segment));
        if !well_formed {
            return None;
        }
        let types: Vec<&str> = path.iter().step_by(2).copied().collect();
        let kind = ArmScopeKind::Resource(format!("{namespace}/{}", types.join("/")).to_lowercase());
        Some(Self::canonical(format!("{above}/{PROVIDERS}/{namespace}/{}", path.join("/")), kind))
    }
}

/// A segment that may be a name: nothing that a URL or a path gives a meaning to.
fn is_name(segment: &str) -> bool {
    !segment.is_empty()
        && segment != "."
        && segment != ".."
        && !segment.chars().any(|c| c.is_control() || "/\\?#%<>&\"".contains(c))
}

impl FromStr for ArmScope {
    type Err = NoScope;
    /// Accepts any letter case of the fixed words, a missing or trailing slash, and the long spelling of
    /// subscriptions. The text is decoded: a `%` is none.
    fn from_str(text: &str) -> Result<Self, NoScope> {
        if text.len() > MAX_TEXT {
            return Err(NoScope);
        }
        let path = text.strip_prefix('/').unwrap_or(text);
        let path = path.strip_suffix('/').unwrap_or(path);
        let segments: Vec<&str> = if path.is_empty() { Vec::new() } else { path.split('/').collect() };
        Self::from_segments(&segments).ok_or(NoScope)
    }
}

impl fmt::Display for ArmScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
impl TryFrom<String> for ArmScope {
    type Error = NoScope;
    fn try_from(text: String) -> Result<Self, NoScope> {
        text.parse()
    }
}
impl From<ArmScope> for String {
    fn from(scope: ArmScope) -> Self {
        scope.text
    }
}
impl PartialEq for ArmScope {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}
impl Eq for ArmScope {}
impl PartialOrd for ArmScope {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for ArmScope {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}
impl Hash for ArmScope {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SUB: &str = "/subscriptions/5f5a7e2a-0000-4000-8000-00000000000a";

    fn check(text: &str, expected: &str, kind: &ArmScopeKind) {
        let scope: ArmScope = text.parse().unwrap_or_else(|_| panic!("{text:?}"));
        assert_eq!((scope.as_str(), scope.kind()), (expected, kind));
    }

    fn scope(text: &str) -> ArmScope {
        text.replace("SUB", SUB).parse().unwrap()
    }

    #[test]
    fn arm_scopes_have_one_spelling() {
        check("", "/", &ArmScopeKind::Root);
        check("/", "/", &ArmScopeKind::Root);
        check("SUBSCRIPTIONS/5F5A7E2A-0000-4000-8000-00000000000A/", SUB, &ArmScopeKind::Subscription);
        let long = "/providers/microsoft.subscription/subscriptions/5f5a7e2a-0000-4000-8000-00000000000a";
        check(long, SUB, &ArmScopeKind::Subscription);
        check(
            &format!("{SUB}/resourcegroups/My-RG"),
            &format!("{SUB}/resourceGroups/My-RG"),
            &ArmScopeKind::ResourceGroup,
        );
        check(
            &format!("{long}/resourceGroups/g/Providers/Microsoft.Storage/storageAccounts/a/blobServices/default"),
            &format!("{SUB}/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a/blobServices/default"),
            &ArmScopeKind::Resource("microsoft.storage/storageaccounts/blobservices".to_owned()),
        );
        check(
            &format!("{SUB}/providers/Microsoft.X/things/t"),
            &format!("{SUB}/providers/Microsoft.X/things/t"),
            &ArmScopeKind::Resource("microsoft.x/things".to_owned()),
        );
        check(
            "/providers/microsoft.management/managementgroups/Team A",
            "/providers/Microsoft.Management/managementGroups/Team A",
            &ArmScopeKind::ManagementGroup,
        );
    }

    #[test]
    fn what_is_no_scope_is_refused() {
        for text in [
            "/subscriptions",
            "/subscriptions/one",
            "SUB/resourceGroups",
            "SUB/resourceGroups/",
            "SUB/resourceGroups//",
            "SUB/resourceGroups/..",
            "SUB/resourceGroups/a%2Fb",
            "SUB/resourceGroups/g/providers/Microsoft.X/things",
            "SUB/resourceGroups/g/things/t",
            "SUB/things",
            "/providers/Microsoft.Management/managementGroups/",
            "/providers/Microsoft.Other/managementGroups/m",
            "/administrativeUnits/x",
        ] {
            // One trailing slash is forgiven, so these name something that has no meaning even then.
            let text = text.replace("SUB", SUB);
            assert_eq!(text.parse::<ArmScope>().ok().map(|scope| scope.to_string()), None, "{text:?}");
        }
        assert!(ArmScope::management_group(&"m".repeat(91)).is_none());
    }

    #[test]
    fn above_and_below() {
        let child = scope("SUB/resourceGroups/g/providers/Microsoft.X/things/t/parts/p");
        let above: Vec<String> =
            std::iter::successors(Some(child.clone()), ArmScope::parent_in_path).map(|s| s.to_string()).collect();
        let expected = [
            format!("{SUB}/resourceGroups/g/providers/Microsoft.X/things/t/parts/p"),
            format!("{SUB}/resourceGroups/g/providers/Microsoft.X/things/t"),
            format!("{SUB}/resourceGroups/g"),
            SUB.to_owned(),
        ];
        assert_eq!(above, expected);
        // A name may look like the word that begins a resource.
        let named = scope("SUB/resourceGroups/providers/providers/Microsoft.X/things/providers");
        assert_eq!(named.parent_in_path(), Some(scope("SUB/resourceGroups/providers")));
        assert_eq!(scope("SUB/providers/Microsoft.X/things/t").parent_in_path(), Some(scope("SUB")));
        assert!(expected.iter().all(|text| scope(text).contains_path(&child)));
        assert!(ArmScope::root().contains_path(&child) && !child.contains_path(&ArmScope::root()));
        assert!(!scope("SUB/resourceGroups/g").contains_path(&scope("SUB/resourceGroups/g2")));
        assert_eq!(scope("SUB/resourceGroups/G"), scope("SUB/resourcegroups/g"));
        assert_eq!(child.subscription_id(), scope("SUB").subscription_id());
        assert!(child.subscription_id().is_some() && ArmScope::root().subscription_id().is_none());
    }

    proptest! {
        #[test]
        fn a_canonical_scope_reads_back_and_no_text_panics(text in "(/?(subscriptions|providers|resourceGroups|Microsoft.X|a|b|5f5a7e2a-0000-4000-8000-00000000000a)){0,9}|\\PC{0,60}") {
            if let Ok(scope) = text.parse::<ArmScope>() {
                let again: ArmScope = scope.as_str().parse().unwrap();
                prop_assert_eq!(again.as_str(), scope.as_str());
                prop_assert_eq!(scope.key().parse::<ArmScope>().unwrap(), scope);
            }
        }
    }
}
