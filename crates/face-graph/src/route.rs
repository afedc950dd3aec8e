//! From a path to a resource (`GRAPH 2.1`): names in any letter case, keys as segments or in parentheses.

use ephor_odata::v4::{Edition, Key, Segment};
use http::Method;

use crate::{
    collection::{Aspect, Collection, Family, Sort},
    error::GraphError,
    permission::Need,
};

/// What a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resource {
    Users,
    UserCount,
    User,
    UserByName,
    Manager,
    Me,
    Groups,
    GroupCount,
    Group,
    Members,
    MemberCount,
    TransitiveMembers,
    Owners,
    ServicePrincipals,
    ServicePrincipalCount,
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
    DirectoryRoleTemplates,
    DirectoryRoleTemplate,
    RoleDefinitions,
    RoleDefinition,
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
    Scheduled(Collection, Aspect),
    Approvals(Family),
    Approval(Family),
    Stages(Family),
    Stage(Family),
    MemberRefs,
    MemberRef,
    OwnerRefs,
    OwnerRef,
    Batch,
    /// Part of the contract, not served yet.
    Absent,
}

/// What a path names, with the keys on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) resource: Resource,
    /// Keys, from the left.
    pub(crate) keys: Vec<String>,
    /// `/microsoft.graph.user` at the end: only objects of this type.
    pub(crate) cast: Option<String>,
}

struct Route {
    pattern: &'static str,
    resource: Resource,
    only: Option<Edition>,
}

const fn route(pattern: &'static str, resource: Resource) -> Route {
    Route { pattern, resource, only: None }
}

const fn beta(pattern: &'static str, resource: Resource) -> Route {
    Route { pattern, resource, only: Some(Edition::Beta) }
}

const fn v1(pattern: &'static str, resource: Resource) -> Route {
    Route { pattern, resource, only: Some(Edition::V1) }
}

/// Literals before captures. `{}` is a key, `(name)` a named one.
static ROUTES: &[Route] = &[
    route("users", Resource::Users),
    route("users/delta", Resource::UserDelta),
    route("users/$count", Resource::UserCount),
    route("users/(userprincipalname)", Resource::UserByName),
    route("users/{}", Resource::User),
    route("users/{}/manager", Resource::Manager),
    route("users/{}/memberof", Resource::MemberOf),
    route("users/{}/transitivememberof", Resource::TransitiveMemberOf),
    route("users/{}/checkmembergroups", Resource::CheckMemberGroups),
    route("users/{}/getmembergroups", Resource::GetMemberGroups),
    route("users/{}/checkmemberobjects", Resource::CheckMemberObjects),
    route("users/{}/getmemberobjects", Resource::GetMemberObjects),
    route("me", Resource::Me),
    route("me/manager", Resource::Manager),
    route("me/memberof", Resource::MemberOf),
    route("me/transitivememberof", Resource::TransitiveMemberOf),
    route("me/checkmembergroups", Resource::CheckMemberGroups),
    route("me/getmembergroups", Resource::GetMemberGroups),
    route("me/checkmemberobjects", Resource::CheckMemberObjects),
    route("me/getmemberobjects", Resource::GetMemberObjects),
    route("groups", Resource::Groups),
    route("groups/$count", Resource::GroupCount),
    route("groups/delta", Resource::GroupDelta),
    route("groups/{}", Resource::Group),
    route("groups/{}/members", Resource::Members),
    route("groups/{}/members/$count", Resource::MemberCount),
    route("groups/{}/members/$ref", Resource::MemberRefs),
    route("groups/{}/members/{}/$ref", Resource::MemberRef),
    route("groups/{}/transitivemembers", Resource::TransitiveMembers),
    route("groups/{}/owners", Resource::Owners),
    route("groups/{}/owners/$ref", Resource::OwnerRefs),
    route("groups/{}/owners/{}/$ref", Resource::OwnerRef),
    route("groups/{}/memberof", Resource::MemberOf),
    route("groups/{}/transitivememberof", Resource::TransitiveMemberOf),
    route("groups/{}/checkmembergroups", Resource::CheckMemberGroups),
    route("groups/{}/getmembergroups", Resource::GetMemberGroups),
    route("groups/{}/checkmemberobjects", Resource::CheckMemberObjects),
    route("groups/{}/getmemberobjects", Resource::GetMemberObjects),
    route("serviceprincipals", Resource::ServicePrincipals),
    route("serviceprincipals/delta", Resource::ServicePrincipalDelta),
    route("serviceprincipals/$count", Resource::ServicePrincipalCount),
    route("serviceprincipals/(appid)", Resource::ServicePrincipalByApp),
    route("serviceprincipals/{}", Resource::ServicePrincipal),
    route("serviceprincipals/{}/memberof", Resource::MemberOf),
    route("serviceprincipals/{}/transitivememberof", Resource::TransitiveMemberOf),
    route("serviceprincipals/{}/checkmembergroups", Resource::CheckMemberGroups),
    route("serviceprincipals/{}/getmembergroups", Resource::GetMemberGroups),
    route("serviceprincipals/{}/checkmemberobjects", Resource::CheckMemberObjects),
    route("serviceprincipals/{}/getmemberobjects", Resource::GetMemberObjects),
    route("directoryobjects/getbyids", Resource::GetByIds),
    route("directoryobjects/delta", Resource::Absent),
    route("directoryobjects/{}", Resource::DirectoryObject),
    route("directoryobjects/{}/checkmembergroups", Resource::CheckMemberGroups),
    route("directoryobjects/{}/getmembergroups", Resource::GetMemberGroups),
    route("directoryobjects/{}/checkmemberobjects", Resource::CheckMemberObjects),
    route("directoryobjects/{}/getmemberobjects", Resource::GetMemberObjects),
    route("organization", Resource::Organizations),
    route("organization/{}", Resource::Organization),
    route("directoryroles", Resource::DirectoryRoles),
    route("directoryroles/delta", Resource::DirectoryRoleDelta),
    route("directoryroles/(roletemplateid)", Resource::DirectoryRoleByTemplate),
    route("directoryroles/{}", Resource::DirectoryRole),
    route("directoryroles/{}/members", Resource::DirectoryRoleMembers),
    route("directoryroletemplates", Resource::DirectoryRoleTemplates),
    route("directoryroletemplates/{}", Resource::DirectoryRoleTemplate),
    route("directory/administrativeunits", Resource::Units),
    route("directory/administrativeunits/{}", Resource::Unit),
    route("directory/administrativeunits/{}/members", Resource::UnitMembers),
    beta("administrativeunits", Resource::Units),
    beta("administrativeunits/{}", Resource::Unit),
    beta("administrativeunits/{}/members", Resource::UnitMembers),
    route("rolemanagement/directory/roledefinitions", Resource::RoleDefinitions),
    route("rolemanagement/directory/roledefinitions/{}", Resource::RoleDefinition),
    route("rolemanagement/directory/roleassignments", Resource::RoleAssignments),
    route("rolemanagement/directory/roleassignments/{}", Resource::RoleAssignment),
    beta("rolemanagement/directory/transitiveroleassignments", Resource::TransitiveRoleAssignments),
    route(
        "rolemanagement/directory/roleassignmentschedulerequests",
        Resource::Scheduled(Collection::ROLE_ASSIGNMENT_REQUESTS, Aspect::List),
    ),
    route(
        "rolemanagement/directory/roleassignmentschedulerequests/filterbycurrentuser/(on)",
        Resource::Scheduled(Collection::ROLE_ASSIGNMENT_REQUESTS, Aspect::Mine),
    ),
    route(
        "rolemanagement/directory/roleassignmentschedulerequests/{}",
        Resource::Scheduled(Collection::ROLE_ASSIGNMENT_REQUESTS, Aspect::One),
    ),
    route(
        "rolemanagement/directory/roleassignmentschedulerequests/{}/cancel",
        Resource::Scheduled(Collection::ROLE_ASSIGNMENT_REQUESTS, Aspect::Cancel),
    ),
    route(
        "rolemanagement/directory/roleassignmentschedules",
        Resource::Scheduled(Collection::ROLE_ASSIGNMENT_SCHEDULES, Aspect::List),
    ),
    route(
        "rolemanagement/directory/roleassignmentschedules/filterbycurrentuser/(on)",
        Resource::Scheduled(Collection::ROLE_ASSIGNMENT_SCHEDULES, Aspect::Mine),
    ),
    route(
        "rolemanagement/directory/roleassignmentschedules/{}",
        Resource::Scheduled(Collection::ROLE_ASSIGNMENT_SCHEDULES, Aspect::One),
    ),
    route(
        "rolemanagement/directory/roleassignmentscheduleinstances",
        Resource::Scheduled(Collection::ROLE_ASSIGNMENT_INSTANCES, Aspect::List),
    ),
    route(
        "rolemanagement/directory/roleassignmentscheduleinstances/filterbycurrentuser/(on)",
        Resource::Scheduled(Collection::ROLE_ASSIGNMENT_INSTANCES, Aspect::Mine),
    ),
    route(
        "rolemanagement/directory/roleassignmentscheduleinstances/{}",
        Resource::Scheduled(Collection::ROLE_ASSIGNMENT_INSTANCES, Aspect::One),
    ),
    route(
        "rolemanagement/directory/roleeligibilityschedulerequests",
        Resource::Scheduled(Collection::ROLE_ELIGIBILITY_REQUESTS, Aspect::List),
    ),
    route(
        "rolemanagement/directory/roleeligibilityschedulerequests/filterbycurrentuser/(on)",
        Resource::Scheduled(Collection::ROLE_ELIGIBILITY_REQUESTS, Aspect::Mine),
    ),
    route(
        "rolemanagement/directory/roleeligibilityschedulerequests/{}",
        Resource::Scheduled(Collection::ROLE_ELIGIBILITY_REQUESTS, Aspect::One),
    ),
    route(
        "rolemanagement/directory/roleeligibilityschedulerequests/{}/cancel",
        Resource::Scheduled(Collection::ROLE_ELIGIBILITY_REQUESTS, Aspect::Cancel),
    ),
    route(
        "rolemanagement/directory/roleeligibilityschedules",
        Resource::Scheduled(Collection::ROLE_ELIGIBILITY_SCHEDULES, Aspect::List),
    ),
    route(
        "rolemanagement/directory/roleeligibilityschedules/filterbycurrentuser/(on)",
        Resource::Scheduled(Collection::ROLE_ELIGIBILITY_SCHEDULES, Aspect::Mine),
    ),
    route(
        "rolemanagement/directory/roleeligibilityschedules/{}",
        Resource::Scheduled(Collection::ROLE_ELIGIBILITY_SCHEDULES, Aspect::One),
    ),
    route(
        "rolemanagement/directory/roleeligibilityscheduleinstances",
        Resource::Scheduled(Collection::ROLE_ELIGIBILITY_INSTANCES, Aspect::List),
    ),
    route(
        "rolemanagement/directory/roleeligibilityscheduleinstances/filterbycurrentuser/(on)",
        Resource::Scheduled(Collection::ROLE_ELIGIBILITY_INSTANCES, Aspect::Mine),
    ),
    route(
        "rolemanagement/directory/roleeligibilityscheduleinstances/{}",
        Resource::Scheduled(Collection::ROLE_ELIGIBILITY_INSTANCES, Aspect::One),
    ),
    route(
        "identitygovernance/privilegedaccess/group/assignmentschedulerequests",
        Resource::Scheduled(Collection::GROUP_ASSIGNMENT_REQUESTS, Aspect::List),
    ),
    route(
        "identitygovernance/privilegedaccess/group/assignmentschedulerequests/filterbycurrentuser/(on)",
        Resource::Scheduled(Collection::GROUP_ASSIGNMENT_REQUESTS, Aspect::Mine),
    ),
    route(
        "identitygovernance/privilegedaccess/group/assignmentschedulerequests/{}",
        Resource::Scheduled(Collection::GROUP_ASSIGNMENT_REQUESTS, Aspect::One),
    ),
    route(
        "identitygovernance/privilegedaccess/group/assignmentschedulerequests/{}/cancel",
        Resource::Scheduled(Collection::GROUP_ASSIGNMENT_REQUESTS, Aspect::Cancel),
    ),
    route(
        "identitygovernance/privilegedaccess/group/assignmentschedules",
        Resource::Scheduled(Collection::GROUP_ASSIGNMENT_SCHEDULES, Aspect::List),
    ),
    route(
        "identitygovernance/privilegedaccess/group/assignmentschedules/filterbycurrentuser/(on)",
        Resource::Scheduled(Collection::GROUP_ASSIGNMENT_SCHEDULES, Aspect::Mine),
    ),
    route(
        "identitygovernance/privilegedaccess/group/assignmentschedules/{}",
        Resource::Scheduled(Collection::GROUP_ASSIGNMENT_SCHEDULES, Aspect::One),
    ),
    route(
        "identitygovernance/privilegedaccess/group/assignmentscheduleinstances",
        Resource::Scheduled(Collection::GROUP_ASSIGNMENT_INSTANCES, Aspect::List),
    ),
    route(
        "identitygovernance/privilegedaccess/group/assignmentscheduleinstances/filterbycurrentuser/(on)",
        Resource::Scheduled(Collection::GROUP_ASSIGNMENT_INSTANCES, Aspect::Mine),
    ),
    route(
        "identitygovernance/privilegedaccess/group/assignmentscheduleinstances/{}",
        Resource::Scheduled(Collection::GROUP_ASSIGNMENT_INSTANCES, Aspect::One),
    ),
    route(
        "identitygovernance/privilegedaccess/group/eligibilityschedulerequests",
        Resource::Scheduled(Collection::GROUP_ELIGIBILITY_REQUESTS, Aspect::List),
    ),
    route(
        "identitygovernance/privilegedaccess/group/eligibilityschedulerequests/filterbycurrentuser/(on)",
        Resource::Scheduled(Collection::GROUP_ELIGIBILITY_REQUESTS, Aspect::Mine),
    ),
    route(
        "identitygovernance/privilegedaccess/group/eligibilityschedulerequests/{}",
        Resource::Scheduled(Collection::GROUP_ELIGIBILITY_REQUESTS, Aspect::One),
    ),
    route(
        "identitygovernance/privilegedaccess/group/eligibilityschedulerequests/{}/cancel",
        Resource::Scheduled(Collection::GROUP_ELIGIBILITY_REQUESTS, Aspect::Cancel),
    ),
    route(
        "identitygovernance/privilegedaccess/group/eligibilityschedules",
        Resource::Scheduled(Collection::GROUP_ELIGIBILITY_SCHEDULES, Aspect::List),
    ),
    route(
        "identitygovernance/privilegedaccess/group/eligibilityschedules/filterbycurrentuser/(on)",
        Resource::Scheduled(Collection::GROUP_ELIGIBILITY_SCHEDULES, Aspect::Mine),
    ),
    route(
        "identitygovernance/privilegedaccess/group/eligibilityschedules/{}",
        Resource::Scheduled(Collection::GROUP_ELIGIBILITY_SCHEDULES, Aspect::One),
    ),
    route(
        "identitygovernance/privilegedaccess/group/eligibilityscheduleinstances",
        Resource::Scheduled(Collection::GROUP_ELIGIBILITY_INSTANCES, Aspect::List),
    ),
    route(
        "identitygovernance/privilegedaccess/group/eligibilityscheduleinstances/filterbycurrentuser/(on)",
        Resource::Scheduled(Collection::GROUP_ELIGIBILITY_INSTANCES, Aspect::Mine),
    ),
    route(
        "identitygovernance/privilegedaccess/group/eligibilityscheduleinstances/{}",
        Resource::Scheduled(Collection::GROUP_ELIGIBILITY_INSTANCES, Aspect::One),
    ),
    beta(
        "rolemanagement/directory/roleassignmentapprovals/filterbycurrentuser/(on)",
        Resource::Approvals(Family::Roles),
    ),
    beta("rolemanagement/directory/roleassignmentapprovals/{}", Resource::Approval(Family::Roles)),
    beta("rolemanagement/directory/roleassignmentapprovals/{}/steps", Resource::Stages(Family::Roles)),
    beta("rolemanagement/directory/roleassignmentapprovals/{}/steps/{}", Resource::Stage(Family::Roles)),
    beta(
        "identitygovernance/privilegedaccess/group/assignmentapprovals/filterbycurrentuser/(on)",
        Resource::Approvals(Family::Groups),
    ),
    beta("identitygovernance/privilegedaccess/group/assignmentapprovals/{}", Resource::Approval(Family::Groups)),
    beta("identitygovernance/privilegedaccess/group/assignmentapprovals/{}/steps", Resource::Stages(Family::Groups)),
    beta("identitygovernance/privilegedaccess/group/assignmentapprovals/{}/steps/{}", Resource::Stage(Family::Groups)),
    v1(
        "identitygovernance/privilegedaccess/group/assignmentapprovals/filterbycurrentuser/(on)",
        Resource::Approvals(Family::Groups),
    ),
    v1("identitygovernance/privilegedaccess/group/assignmentapprovals/{}", Resource::Approval(Family::Groups)),
    v1("identitygovernance/privilegedaccess/group/assignmentapprovals/{}/stages", Resource::Stages(Family::Groups)),
    v1("identitygovernance/privilegedaccess/group/assignmentapprovals/{}/stages/{}", Resource::Stage(Family::Groups)),
    route("policies/rolemanagementpolicies", Resource::Policies),
    route("policies/rolemanagementpolicies/{}", Resource::Policy),
    route("policies/rolemanagementpolicies/{}/rules", Resource::PolicyRules),
    route("policies/rolemanagementpolicies/{}/rules/{}", Resource::PolicyRule),
    route("policies/rolemanagementpolicies/{}/effectiverules", Resource::EffectivePolicyRules),
    route("policies/rolemanagementpolicies/{}/effectiverules/{}", Resource::EffectivePolicyRule),
    route("policies/rolemanagementpolicyassignments", Resource::PolicyAssignments),
    route("policies/rolemanagementpolicyassignments/{}", Resource::PolicyAssignment),
    beta("identitygovernance/rolemanagementalerts/alerts", Resource::Alerts),
    beta("identitygovernance/rolemanagementalerts/alerts/refresh", Resource::AlertsRefresh),
    beta("identitygovernance/rolemanagementalerts/alerts/{}", Resource::Alert),
    beta("identitygovernance/rolemanagementalerts/alerts/{}/refresh", Resource::AlertRefresh),
    beta("identitygovernance/rolemanagementalerts/alerts/{}/alertincidents", Resource::AlertIncidents),
    beta("identitygovernance/rolemanagementalerts/alerts/{}/alertincidents/{}", Resource::AlertIncident),
    beta("identitygovernance/rolemanagementalerts/alerts/{}/alertincidents/{}/remediate", Resource::AlertRemedy),
    beta("identitygovernance/rolemanagementalerts/alertdefinitions", Resource::AlertDefinitions),
    beta("identitygovernance/rolemanagementalerts/alertdefinitions/{}", Resource::AlertDefinition),
    beta("identitygovernance/rolemanagementalerts/alertconfigurations", Resource::AlertConfigurations),
    beta("identitygovernance/rolemanagementalerts/alertconfigurations/{}", Resource::AlertConfiguration),
    beta("identitygovernance/rolemanagementalerts/operations/{}", Resource::AlertOperation),
    route("auditlogs/directoryaudits", Resource::Audits),
    route("auditlogs/directoryaudits/{}", Resource::Audit),
    route("$batch", Resource::Batch),
];

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
    let cast = segments.last().and_then(|last| cast_of(&last.name)).map(str::to_owned);
    if cast.is_some() {
        segments.pop();
    }
    let parts = parts(&segments);
    let mut furthest = 0;
    for route in ROUTES.iter().filter(|route| route.only.is_none_or(|only| only == edition)) {
        let (count, keys) = fit(route.pattern, &parts);
        if count == parts.len() && route.pattern.split('/').count() == count {
            let is_cast_fit = cast.is_none() || can_be_cast(route.resource);
            if !is_cast_fit {
                return Err(GraphError::unknown_segment(&segments_text(cast.as_deref())));
            }
            return Ok(Target { resource: route.resource, keys, cast });
        }
        furthest = furthest.max(count);
    }
    let lost = parts.get(furthest.min(parts.len().saturating_sub(1)));
    Err(GraphError::unknown_segment(lost.map_or("", |part| &part.text)))
}

fn segments_text(cast: Option<&str>) -> String {
    format!("microsoft.graph.{}", cast.unwrap_or_default())
}

fn cast_of(name: &str) -> Option<&str> {
    const PREFIX: &str = "microsoft.graph.";
    let (head, rest) = (name.get(..PREFIX.len())?, name.get(PREFIX.len()..)?);
    head.eq_ignore_ascii_case(PREFIX).then_some(rest)
}

fn can_be_cast(resource: Resource) -> bool {
    use Resource as R;
    matches!(resource, R::Members | R::TransitiveMembers | R::Owners | R::MemberOf | R::TransitiveMemberOf)
        || matches!(resource, R::DirectoryRoleMembers | R::UnitMembers)
}

impl Resource {
    /// What may be done with it.
    pub(crate) fn methods(self) -> &'static str {
        use Resource as R;
        const BY_METHOD: [(&[R], &str); 6] = [
            (
                &[
                    R::CheckMemberGroups,
                    R::GetMemberGroups,
                    R::CheckMemberObjects,
                    R::GetMemberObjects,
                    R::GetByIds,
                    R::MemberRefs,
                    R::OwnerRefs,
                    R::AlertsRefresh,
                    R::AlertRefresh,
                    R::AlertRemedy,
                    R::Batch,
                ],
                "POST",
            ),
            (&[R::MemberRef, R::OwnerRef], "DELETE"),
            (&[R::RoleDefinitions, R::RoleAssignments, R::Users, R::Groups], "GET, POST"),
            (&[R::RoleDefinition, R::User, R::UserByName, R::Group], "GET, PATCH, DELETE"),
            (&[R::RoleAssignment], "GET, DELETE"),
            (&[R::Policy, R::PolicyRule, R::Alert, R::AlertConfiguration], "GET, PATCH"),
        ];
        if let R::Scheduled(Collection { sort: Sort::Requests, .. }, Aspect::List) = self {
            return "GET, POST";
        }
        if let R::Scheduled(_, Aspect::Cancel) = self {
            return "POST";
        }
        if let R::Stage(_) = self {
            return "GET, PATCH";
        }
        let found = BY_METHOD.iter().find(|(resources, _)| resources.contains(&self));
        found.map_or("GET", |(_, methods)| methods)
    }

    pub(crate) fn allows(self, method: &Method) -> bool {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        self == Self::Absent || self.methods().split(", ").any(|allowed| allowed == method.as_str())
    }

    /// What it asks of a token.
    pub(crate) fn need(self, method: &Method, is_own: bool) -> Need {
        let is_read = method == Method::GET || method == Method::HEAD;
        match self {
            Self::RoleDefinitions | Self::RoleDefinition if !is_read => Need::CHANGE_DEFINITIONS,
            Self::RoleAssignments | Self::RoleAssignment if !is_read => Need::CHANGE_ASSIGNMENTS,
            Self::Users | Self::User | Self::UserByName if !is_read => Need::CHANGE_USERS,
            Self::Groups | Self::Group if !is_read => Need::CHANGE_GROUPS,
            Self::UserDelta => Need::USERS,
            Self::GroupDelta => Need::GROUPS,
            Self::ServicePrincipalDelta => Need::SERVICES,
            Self::DirectoryRoleDelta => Need::DIRECTORY_ROLES,
            Self::MemberRefs | Self::MemberRef | Self::OwnerRefs | Self::OwnerRef => Need::CHANGE_MEMBERS,
            Self::Users | Self::UserCount | Self::UserByName => Need::USERS,
            Self::User | Self::Manager if is_own => Need::ME,
            Self::User | Self::Manager => Need::USERS,
            Self::Me => Need::ME,
            Self::MemberOf
            | Self::TransitiveMemberOf
            | Self::CheckMemberGroups
            | Self::GetMemberGroups
            | Self::CheckMemberObjects
            | Self::GetMemberObjects
                if is_own =>
            {
                Need::ME
            }
            Self::MemberOf
            | Self::TransitiveMemberOf
            | Self::CheckMemberGroups
            | Self::GetMemberGroups
            | Self::CheckMemberObjects
            | Self::GetMemberObjects
            | Self::DirectoryObject
            | Self::GetByIds => Need::OBJECTS,
            Self::Groups
            | Self::GroupCount
            | Self::Group
            | Self::Members
            | Self::MemberCount
            | Self::TransitiveMembers
            | Self::Owners => Need::GROUPS,
            Self::ServicePrincipals
            | Self::ServicePrincipalCount
            | Self::ServicePrincipal
            | Self::ServicePrincipalByApp => Need::SERVICES,
            Self::Organizations | Self::Organization => Need::ORGANIZATION,
            Self::DirectoryRoles
            | Self::DirectoryRole
            | Self::DirectoryRoleByTemplate
            | Self::DirectoryRoleMembers
            | Self::DirectoryRoleTemplates
            | Self::DirectoryRoleTemplate => Need::DIRECTORY_ROLES,
            Self::RoleDefinitions | Self::RoleDefinition | Self::RoleAssignments | Self::RoleAssignment => Need::ROLES,
            Self::TransitiveRoleAssignments => Need::TRANSITIVE_ASSIGNMENTS,
            Self::Units | Self::Unit | Self::UnitMembers => Need::UNITS,
            Self::Audits | Self::Audit => Need::AUDITS,
            Self::Alerts
            | Self::Alert
            | Self::AlertIncidents
            | Self::AlertIncident
            | Self::AlertDefinitions
            | Self::AlertDefinition
            | Self::AlertConfigurations
            | Self::AlertConfiguration
            | Self::AlertOperation
                if is_read =>
            {
                Need::ALERTS
            }
            Self::Alerts
            | Self::Alert
            | Self::AlertsRefresh
            | Self::AlertRefresh
            | Self::AlertIncidents
            | Self::AlertIncident
            | Self::AlertRemedy
            | Self::AlertDefinitions
            | Self::AlertDefinition
            | Self::AlertConfigurations
            | Self::AlertConfiguration
            | Self::AlertOperation => Need::CHANGE_ALERTS,
            // The id or the filter says which ones: they ask themselves.
            Self::Policies
            | Self::Policy
            | Self::PolicyRules
            | Self::PolicyRule
            | Self::EffectivePolicyRules
            | Self::EffectivePolicyRule
            | Self::PolicyAssignments
            | Self::PolicyAssignment => Need::Known,
            Self::Scheduled(collection, part) => Need::of_schedules(collection, part, is_read),
            Self::Approvals(family) | Self::Approval(family) | Self::Stages(family) | Self::Stage(family) => {
                Need::of_approvals(family, is_read)
            }
            Self::Batch | Self::Absent => Need::Known,
        }
    }
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
        ] {
            assert_eq!(at(Edition::V1, path), Ok((resource, expected, None)), "{path}");
        }
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
