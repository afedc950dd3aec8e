//! From a path to a resource (`GRAPH 2.1`): names in any letter case, keys as segments or in parentheses.

mod access;
mod table;

use ephor_odata::v4::{Edition, Key, Segment};

use crate::{
    collection::{Aspect, Collection, Family, Sort},
    error::GraphError,
};

/// What a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resource {
    Users,
    User,
    UserByName,
    Manager,
    Me,
    Groups,
    Group,
    Members,
    TransitiveMembers,
    Owners,
    Applications,
    Application,
    ApplicationByApp,
    /// `addPassword`, `removePassword`, `addKey`, `removeKey`.
    ApplicationCredential(CredentialOrder),
    ServicePrincipals,
    ServicePrincipal,
    ServicePrincipalByApp,
    /// What an object is in; the first capture is the object, or absent for the caller.
    MemberOf,
    TransitiveMemberOf,
    CheckMemberGroups,
    GetMemberGroups,
    CheckMemberObjects,
    GetMemberObjects,
    DirectoryObject,
    GetByIds,
    Organizations,
    Organization,
    DirectoryRoles,
    DirectoryRole,
    DirectoryRoleByTemplate,
    DirectoryRoleMembers,
    DirectoryRoleMemberRefs,
    DirectoryRoleMemberRef,
    DirectoryRoleTemplates,
    DirectoryRoleTemplate,
    RoleDefinitions,
    RoleDefinition,
    DeletedRoleDefinitions,
    Namespaces,
    Namespace,
    NamespaceActions,
    /// Eligibilities and assignments of one principal and role together.
    RoleSchedules(Sort),
    RoleAssignments,
    RoleAssignment,
    TransitiveRoleAssignments,
    Policies,
    Policy,
    PolicyRules,
    PolicyRule,
    EffectivePolicyRules,
    EffectivePolicyRule,
    PolicyAssignments,
    PolicyAssignment,
    Audits,
    Audit,
    Alerts,
    Alert,
    AlertsRefresh,
    AlertRefresh,
    AlertIncidents,
    AlertIncident,
    AlertRemedy,
    AlertDefinitions,
    AlertDefinition,
    AlertConfigurations,
    AlertConfiguration,
    AlertOperation,
    Units,
    Unit,
    UnitMembers,
    UserDelta,
    GroupDelta,
    ServicePrincipalDelta,
    DirectoryRoleDelta,
    DirectoryObjectDelta,
    Scheduled(Collection, Aspect),
    Approvals(Family),
    Approval(Family),
    Stages(Family),
    Stage(Family),
    MemberRefs,
    MemberRef,
    OwnerRefs,
    OwnerRef,
    AuthorizationPolicy,
    AuthenticationContexts,
    AuthenticationContext,
    SubscribedSkus,
    Batch,
}

/// What becomes of the credentials of an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CredentialOrder {
    AddPassword,
    RemovePassword,
    AddKey,
    RemoveKey,
}

/// What a path names, with the keys on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) resource: Resource,
    /// Keys, from the left.
    pub(crate) keys: Vec<String>,
    /// `/microsoft.graph.user` at the end: only objects of this type.
    pub(crate) cast: Option<String>,
    /// `/$count` at the end: how many there are, and no more.
    pub(crate) counted: bool,
    /// Parameters of a function at the end.
    pub(crate) named: Vec<(String, String)>,
}

/// A part of a path: a name, a key, or a named key.
struct Part {
    /// As written.
    text: String,
    /// What patterns compare with.
    name: String,
    is_key: bool,
}

fn parts(segments: &[Segment]) -> Vec<Part> {
    let mut parts = Vec::new();
    for segment in segments {
        let name = segment.name.to_ascii_lowercase();
        parts.push(Part { text: segment.name.clone(), name, is_key: false });
        match &segment.key {
            Some(Key::One(key)) => parts.push(Part { text: key.clone(), name: String::new(), is_key: true }),
            Some(Key::Named(pairs)) => {
                for (name, value) in pairs {
                    let name = format!("({})", name.to_ascii_lowercase());
                    parts.push(Part { text: value.clone(), name, is_key: true });
                }
            }
            None => {}
        }
    }
    parts
}

/// How many parts fit, from the left, and the keys among them.
fn fit(pattern: &str, parts: &[Part]) -> (usize, Vec<String>) {
    let mut keys = Vec::new();
    let mut count = 0;
    for (wanted, part) in pattern.split('/').zip(parts) {
        let fits = match wanted {
            "{}" => part.name.is_empty() || !part.is_key,
            named if named.starts_with('(') => part.is_key && part.name == named,
            word => !part.is_key && part.name == word,
        };
        if !fits {
            break;
        }
        if wanted == "{}" || part.is_key {
            keys.push(part.text.clone());
        }
        count += 1;
    }
    (count, keys)
}

/// What a path below the root of an edition names.
///
/// # Errors
/// 400 that names the first segment that leads nowhere.
pub(crate) fn find(edition: Edition, segments: &[Segment]) -> Result<Target, GraphError> {
    let mut segments = segments.to_vec();
    let counted = segments.len() > 1 && segments.last().is_some_and(|last| last.name.eq_ignore_ascii_case("$count"));
    if counted {
        segments.pop();
    }
    let cast = segments.last().and_then(|last| cast_of(&last.name)).map(str::to_owned);
    if cast.is_some() {
        segments.pop();
    }
    let named = segments.last_mut().map(parameters).unwrap_or_default();
    let parts = parts(&segments);
    let mut furthest = 0;
    for route in table::of(edition) {
        let (count, keys) = fit(&route.pattern, &parts);
        if count == parts.len() && route.pattern.split('/').count() == count {
            if cast.is_some() && !route.resource.can_be_cast() {
                return Err(GraphError::unknown_segment(&segments_text(cast.as_deref())));
            }
            if matches!(route.resource, Resource::Scheduled(_, Aspect::One)) && keys.iter().any(|key| is_delta(key)) {
                // Nothing of privileged access is followed (`GRAPH 18.2`).
                return Err(GraphError::unknown_segment("delta"));
            }
            return Ok(Target { resource: route.resource, keys, cast, counted, named });
        }
        furthest = furthest.max(count);
    }
    let lost = parts.get(furthest.min(parts.len().saturating_sub(1)));
    Err(GraphError::unknown_segment(lost.map_or("", |part| &part.text)))
}

/// Functions whose parameters have no order.
const FUNCTIONS: [&str; 2] = ["roleschedules", "rolescheduleinstances"];

/// Takes the parameters of a function off its segment.
fn parameters(segment: &mut Segment) -> Vec<(String, String)> {
    if !FUNCTIONS.contains(&&*segment.name.to_ascii_lowercase()) {
        return Vec::new();
    }
    match segment.key.take() {
        Some(Key::Named(pairs)) => pairs,
        other => {
            segment.key = other;
            Vec::new()
        }
    }
}

fn is_delta(key: &str) -> bool {
    key.eq_ignore_ascii_case("delta")
}

fn segments_text(cast: Option<&str>) -> String {
    format!("microsoft.graph.{}", cast.unwrap_or_default())
}

fn cast_of(name: &str) -> Option<&str> {
    const PREFIX: &str = "microsoft.graph.";
    let (head, rest) = (name.get(..PREFIX.len())?, name.get(PREFIX.len()..)?);
    head.eq_ignore_ascii_case(PREFIX).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(edition: Edition, path: &str) -> Result<(Resource, Vec<String>, Option<String>), String> {
        let segments: Vec<Segment> = path.split('/').filter(|text| !text.is_empty()).map(Segment::parse).collect();
        find(edition, &segments).map(|it| (it.resource, it.keys, it.cast)).map_err(|error| error.message)
    }

    #[test]
    fn paths_lead_to_resources() {
        let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        for (path, resource, expected) in [
            ("Users", Resource::Users, keys(&[])),
            ("users/x", Resource::User, keys(&["x"])),
            ("users('x')", Resource::User, keys(&["x"])),
            ("USERS('x')/MemberOf", Resource::MemberOf, keys(&["x"])),
            ("users(userPrincipalName='a@b')", Resource::UserByName, keys(&["a@b"])),
            ("servicePrincipals( appId = 'x' )", Resource::ServicePrincipalByApp, keys(&["x"])),
            ("me/memberOf", Resource::MemberOf, keys(&[])),
            ("directoryobjects/GetByIds", Resource::GetByIds, keys(&[])),
            ("roleManagement/directory/ROLEDEFINITIONS/x", Resource::RoleDefinition, keys(&["x"])),
            ("groups/g/members/p/$ref", Resource::MemberRef, keys(&["g", "p"])),
            (
                "roleManagement/directory/roleEligibilitySchedules/x",
                Resource::Scheduled(Collection::ROLE_ELIGIBILITY_SCHEDULES, Aspect::One),
                keys(&["x"]),
            ),
            (
                "roleManagement/directory/roleSchedules(roleDefinitionId='r',principalId='p')",
                Resource::RoleSchedules(Sort::Schedules),
                keys(&[]),
            ),
        ] {
            assert_eq!(at(Edition::V1, path), Ok((resource, expected, None)), "{path}");
        }
        let counted = |path: &str| {
            let segments: Vec<Segment> = path.split('/').map(Segment::parse).collect();
            find(Edition::V1, &segments).map(|it| (it.resource, it.counted, it.cast)).map_err(|error| error.message)
        };
        assert_eq!(counted("users/$count"), Ok((Resource::Users, true, None)));
        let cast = Some("group".to_owned());
        assert_eq!(counted("me/memberOf/microsoft.graph.group/$COUNT"), Ok((Resource::MemberOf, true, cast)));
        let cast = at(Edition::V1, "me/transitiveMemberOf/Microsoft.Graph.group").unwrap();
        assert_eq!((cast.0, cast.2.as_deref()), (Resource::TransitiveMemberOf, Some("group")));
        for (path, segment) in [
            ("", ""),
            ("nothing", "nothing"),
            ("users/x/nothing/more", "nothing"),
            ("roleManagement/directory/roleAssignmentApprovals/x", "roleAssignmentApprovals"),
            ("roleManagement/directory/transitiveRoleAssignments", "transitiveRoleAssignments"),
            ("users/x/microsoft.graph.user", "microsoft.graph.user"),
            ("users(other='x')", "x"),
            ("roleManagement/directory/roleEligibilitySchedules/delta", "delta"),
        ] {
            assert_eq!(
                at(Edition::V1, path),
                Err(format!("Resource not found for the segment '{segment}'.")),
                "{path}"
            );
        }
        assert!(at(Edition::Beta, "roleManagement/directory/roleAssignmentApprovals/x").is_ok());
    }
}
