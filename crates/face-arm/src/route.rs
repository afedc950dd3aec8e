//! From a path to what it names (`ARM 2.1`, `ARM 3`, `ARM 20`): any letter case, any number of slashes.

use ephor_domain::scope::{ArmScope, ArmScopeKind};
use http::StatusCode;

use crate::{
    collection::Collection,
    error::{Answer, ArmError},
};

/// Namespaces that are served.
pub(crate) const NAMESPACES: [&str; 4] =
    ["Microsoft.Authorization", "Microsoft.Management", "Microsoft.Resources", "Microsoft.Subscription"];

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Tenants,
    Subscriptions,
    /// A subscription, resource group, management group or resource itself.
    Place(ArmScope),
    ResourceGroups(ArmScope),
    Resources(ArmScope),
    Locations(ArmScope),
    /// `providers`, of the tenant or of a subscription.
    Providers(Option<ArmScope>),
    /// One of them.
    Provider(Option<ArmScope>, String),
    Register(ArmScope, String),
    ManagementGroups,
    /// A subscription as a child of a management group.
    ManagementSubscription(ArmScope, ArmScope),
    Entities,
    ResourceGraph,
    /// A collection of `Microsoft.Authorization` at a scope, and what follows its name.
    Authorization {
        scope: ArmScope,
        collection: Collection,
        rest: Vec<String>,
    },
}

/// What the path of a call names.
///
/// # Errors
/// 400 `InvalidResourceType`, `InvalidSubscriptionId`; 404 `InvalidResourceNamespace`, `InvalidRequestUri`.
pub(crate) fn find(segments: &[String]) -> Answer<Target> {
    let lower: Vec<String> = segments.iter().map(|segment| segment.to_ascii_lowercase()).collect();
    let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
    let provider = lower.windows(2).rposition(|pair| pair == ["providers", "microsoft.authorization"]);
    let registers = matches!(lower.as_slice(), ["subscriptions", _, "providers", _, "register"]);
    if let Some(at) = provider
        && let Some(name) = segments.get(at + 2)
        && !registers
    {
        let scope = scope(segments.get(..at).unwrap_or_default())?;
        let collection = Collection::find(name).ok_or_else(|| unknown_type("Microsoft.Authorization", name))?;
        let rest = segments.get(at + 3..).unwrap_or_default().to_vec();
        return Ok(Target::Authorization { scope, collection, rest });
    }
    let whole = || scope(segments);
    let upto = |count: usize| scope(segments.get(..count).unwrap_or_default());
    let text = |at: usize| segments.get(at).cloned().unwrap_or_default();
    Ok(match lower.as_slice() {
        ["tenants"] => Target::Tenants,
        ["subscriptions"] => Target::Subscriptions,
        ["subscriptions", _, "resourcegroups"] => Target::ResourceGroups(upto(2)?),
        ["subscriptions", _, "resources"] => Target::Resources(upto(2)?),
        ["subscriptions", _, "locations"] => Target::Locations(upto(2)?),
        ["subscriptions", _, "resourcegroups", _, "resources"] => Target::Resources(upto(4)?),
        ["subscriptions", _, "providers"] => Target::Providers(Some(upto(2)?)),
        ["subscriptions", _, "providers", _] => Target::Provider(Some(upto(2)?), text(3)),
        ["subscriptions", _, "providers", _, "register"] => Target::Register(upto(2)?, text(3)),
        ["providers"] => Target::Providers(None),
        ["providers", _] => Target::Provider(None, text(1)),
        ["providers", "microsoft.management", "managementgroups"] => Target::ManagementGroups,
        ["providers", "microsoft.management", "getentities"] => Target::Entities,
        ["providers", "microsoft.management", "managementgroups", _, "subscriptions", _] => {
            Target::ManagementSubscription(upto(4)?, scope(&["subscriptions".to_owned(), text(5)])?)
        }
        ["providers", "microsoft.resourcegraph", "resources"] => Target::ResourceGraph,
        ["subscriptions", ..] | ["providers", "microsoft.management" | "microsoft.subscription", ..] => {
            match whole() {
                Ok(scope) => Target::Place(scope),
                // A provider below a known sort of scope, with a type and no name.
                Err(error) => return Err(namespace_of(&lower, segments).unwrap_or(error)),
            }
        }
        ["providers", ..] => return Err(unknown_namespace(&text(1))),
        _ => return Err(ArmError::not_found()),
    })
}

/// The namespace or type that nobody serves, where a path names one.
fn namespace_of(lower: &[&str], segments: &[String]) -> Option<ArmError> {
    let at = lower.iter().rposition(|segment| *segment == "providers")?;
    let namespace = segments.get(at + 1)?;
    let known = NAMESPACES.iter().find(|known| known.eq_ignore_ascii_case(namespace));
    match (known, segments.get(at + 2)) {
        (None, _) => Some(unknown_namespace(namespace)),
        (Some(known), Some(name)) => Some(unknown_type(known, name)),
        (Some(_), None) => None,
    }
}

fn scope(segments: &[String]) -> Answer<ArmScope> {
    if let [word, id, ..] = segments
        && word.eq_ignore_ascii_case("subscriptions")
        && format!("/subscriptions/{id}").parse::<ArmScope>().is_err()
    {
        return Err(ArmError::bad(
            "InvalidSubscriptionId",
            "The provided subscription identifier is malformed or invalid.",
        ));
    }
    // A slash that was written with a percent sign is part of no name.
    if segments.iter().any(|segment| segment.contains('/')) {
        return Err(ArmError::not_found());
    }
    segments.join("/").parse().map_err(|_| ArmError::not_found())
}

pub(crate) fn unknown_namespace(namespace: &str) -> ArmError {
    ArmError::new(
        StatusCode::NOT_FOUND,
        "InvalidResourceNamespace",
        format!("The resource namespace '{}' is invalid.", shown(namespace)),
    )
}

pub(crate) fn unknown_type(namespace: &str, name: &str) -> ArmError {
    ArmError::bad(
        "InvalidResourceType",
        format!("The resource type '{}' could not be found in the namespace '{namespace}'.", shown(name)),
    )
}

/// So much of what was sent as can be repeated.
pub(crate) fn shown(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || "-._".contains(*c)).take(100).collect()
}

impl Target {
    /// Resource groups and what lies below take any date as version (`ARM 1.1`).
    pub(crate) fn takes_any_version(&self) -> bool {
        match self {
            Self::Place(scope) => *scope.kind() != ArmScopeKind::Subscription,
            Self::ResourceGroups(_)
            | Self::Resources(_)
            | Self::Locations(_)
            | Self::Providers(_)
            | Self::Provider(..)
            | Self::Register(..)
            | Self::ManagementGroups
            | Self::ManagementSubscription(..)
            | Self::Entities
            | Self::ResourceGraph => true,
            Self::Tenants | Self::Subscriptions | Self::Authorization { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: &str = "/subscriptions/5f5a7e2a-0000-4000-8000-00000000000a";

    fn found(path: &str) -> Result<Target, (u16, &'static str)> {
        let path = path.replace('~', S);
        let segments: Vec<String> = path.split('/').filter(|text| !text.is_empty()).map(str::to_owned).collect();
        find(&segments).map_err(|error| error.facts())
    }

    fn scope(text: &str) -> ArmScope {
        text.replace('~', S).parse().unwrap()
    }

    fn authorization(at: &str, collection: Collection, rest: &[&str]) -> Target {
        let rest = rest.iter().map(|text| (*text).to_owned()).collect();
        Target::Authorization { scope: scope(at), collection, rest }
    }

    #[test]
    fn paths_name_what_they_say_in_any_spelling() {
        let roles = Collection::RoleDefinitions;
        for (path, target) in [
            ("//~/providers/Microsoft.Authorization/roleDefinitions/", authorization("~", roles, &[])),
            ("//providers//microsoft.authorization/ROLEDEFINITIONS/x", authorization("/", roles, &["x"])),
            (
                "~/resourcegroups/G/providers/Microsoft.Authorization/locks",
                authorization("~/resourceGroups/g", Collection::Locks, &[]),
            ),
            (
                "/providers/Microsoft.Subscription~/providers/microsoft.authorization/permissions",
                authorization("~", Collection::Permissions, &[]),
            ),
            ("~", Target::Place(scope("~"))),
            ("~/ResourceGroups", Target::ResourceGroups(scope("~"))),
            ("~/resourceGroups/g", Target::Place(scope("~/resourceGroups/g"))),
            (
                "~/resourceGroups/g/providers/Microsoft.X/y/z",
                Target::Place(scope("~/resourceGroups/g/providers/Microsoft.X/y/z")),
            ),
            (
                "~/providers/Microsoft.Authorization/register",
                Target::Register(scope("~"), "Microsoft.Authorization".to_owned()),
            ),
            ("/providers/Microsoft.Authorization", Target::Provider(None, "Microsoft.Authorization".to_owned())),
            (
                "/providers/Microsoft.Management/managementGroups/m",
                Target::Place(scope("/providers/Microsoft.Management/managementGroups/m")),
            ),
        ] {
            assert_eq!(found(path), Ok(target), "{path}");
        }
    }

    #[test]
    fn what_is_not_there_is_said_by_what_it_is() {
        for (path, status, code) in [
            ("~/providers/Microsoft.Authorization/nope", 400, "InvalidResourceType"),
            ("~/providers/Microsoft.Nope/things", 404, "InvalidResourceNamespace"),
            ("/providers/Microsoft.Nope/things/t", 404, "InvalidResourceNamespace"),
            ("/subscriptions/one/resourceGroups", 400, "InvalidSubscriptionId"),
            ("/subscriptions/one", 400, "InvalidSubscriptionId"),
            ("~/nothing", 404, "InvalidRequestUri"),
            ("/elsewhere", 404, "InvalidRequestUri"),
        ] {
            assert_eq!(found(path), Err((status, code)), "{path}");
        }
    }
}
