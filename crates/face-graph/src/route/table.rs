//! The paths of the face.

use std::sync::LazyLock;

use ephor_odata::v4::Edition;

use super::{CredentialOrder, Resource};
use crate::collection::{Aspect, Collection, Family, Sort};

/// A path that leads somewhere.
#[derive(Clone)]
pub(super) struct Route {
    pub(super) pattern: String,
    pub(super) resource: Resource,
    only: Option<Edition>,
}

/// A row of the table.
type Row = (&'static str, Resource, Option<Edition>);

const fn route(pattern: &'static str, resource: Resource) -> Row {
    (pattern, resource, None)
}

const fn beta(pattern: &'static str, resource: Resource) -> Row {
    (pattern, resource, Some(Edition::Beta))
}

const fn v1(pattern: &'static str, resource: Resource) -> Row {
    (pattern, resource, Some(Edition::V1))
}

/// Literals before captures. `{}` is a key, `(name)` a named one.
static ROWS: &[Row] = &[
    route("users", Resource::Users),
    route("users/delta", Resource::UserDelta),
    route("users/(userprincipalname)", Resource::UserByName),
    route("users/{}", Resource::User),
    route("users/{}/manager", Resource::Manager),
    route("me", Resource::Me),
    route("me/manager", Resource::Manager),
    route("groups", Resource::Groups),
    route("groups/delta", Resource::GroupDelta),
    route("groups/{}", Resource::Group),
    route("groups/{}/members", Resource::Members),
    route("groups/{}/members/$ref", Resource::MemberRefs),
    route("groups/{}/members/{}/$ref", Resource::MemberRef),
    route("groups/{}/transitivemembers", Resource::TransitiveMembers),
    route("groups/{}/owners", Resource::Owners),
    route("groups/{}/owners/$ref", Resource::OwnerRefs),
    route("groups/{}/owners/{}/$ref", Resource::OwnerRef),
    route("applications", Resource::Applications),
    route("applications/(appid)", Resource::ApplicationByApp),
    route("applications/{}", Resource::Application),
    route("applications/{}/addpassword", Resource::ApplicationCredential(CredentialOrder::AddPassword)),
    route("applications/{}/removepassword", Resource::ApplicationCredential(CredentialOrder::RemovePassword)),
    route("applications/{}/addkey", Resource::ApplicationCredential(CredentialOrder::AddKey)),
    route("applications/{}/removekey", Resource::ApplicationCredential(CredentialOrder::RemoveKey)),
    route("serviceprincipals", Resource::ServicePrincipals),
    route("serviceprincipals/delta", Resource::ServicePrincipalDelta),
    route("serviceprincipals/(appid)", Resource::ServicePrincipalByApp),
    route("serviceprincipals/{}", Resource::ServicePrincipal),
    route("directoryobjects/getbyids", Resource::GetByIds),
    route("directoryobjects/delta", Resource::DirectoryObjectDelta),
    route("directoryobjects/{}", Resource::DirectoryObject),
    route("organization", Resource::Organizations),
    route("organization/{}", Resource::Organization),
    route("directoryroles", Resource::DirectoryRoles),
    route("directoryroles/delta", Resource::DirectoryRoleDelta),
    route("directoryroles/(roletemplateid)", Resource::DirectoryRoleByTemplate),
    route("directoryroles/{}", Resource::DirectoryRole),
    route("directoryroles/{}/members", Resource::DirectoryRoleMembers),
    route("directoryroles/{}/members/$ref", Resource::DirectoryRoleMemberRefs),
    route("directoryroles/{}/members/{}/$ref", Resource::DirectoryRoleMemberRef),
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
    route("rolemanagement/directory/deleteditems/roledefinitions", Resource::DeletedRoleDefinitions),
    route("rolemanagement/directory/resourcenamespaces", Resource::Namespaces),
    route("rolemanagement/directory/resourcenamespaces/{}", Resource::Namespace),
    route("rolemanagement/directory/resourcenamespaces/{}/resourceactions", Resource::NamespaceActions),
    route("rolemanagement/directory/roleschedules", Resource::RoleSchedules(Sort::Schedules)),
    route("rolemanagement/directory/rolescheduleinstances", Resource::RoleSchedules(Sort::Instances)),
    route("rolemanagement/directory/roleassignments", Resource::RoleAssignments),
    route("rolemanagement/directory/roleassignments/{}", Resource::RoleAssignment),
    beta("rolemanagement/directory/transitiveroleassignments", Resource::TransitiveRoleAssignments),
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
    route("policies/authorizationpolicy", Resource::AuthorizationPolicy),
    route("identity/conditionalaccess/authenticationcontextclassreferences", Resource::AuthenticationContexts),
    route("identity/conditionalaccess/authenticationcontextclassreferences/{}", Resource::AuthenticationContext),
    route("subscribedskus", Resource::SubscribedSkus),
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

/// What can be asked of everything that is in groups.
const BELOW_OBJECTS: [(&str, Resource); 6] = [
    ("memberof", Resource::MemberOf),
    ("transitivememberof", Resource::TransitiveMemberOf),
    ("checkmembergroups", Resource::CheckMemberGroups),
    ("getmembergroups", Resource::GetMemberGroups),
    ("checkmemberobjects", Resource::CheckMemberObjects),
    ("getmemberobjects", Resource::GetMemberObjects),
];

static OF_V1: LazyLock<Vec<Route>> = LazyLock::new(|| all(Edition::V1));
static OF_BETA: LazyLock<Vec<Route>> = LazyLock::new(|| all(Edition::Beta));

/// The paths of an edition.
pub(super) fn of(edition: Edition) -> &'static [Route] {
    match edition {
        Edition::V1 => &OF_V1,
        Edition::Beta => &OF_BETA,
    }
}

fn all(edition: Edition) -> Vec<Route> {
    let rows = ROWS.iter().map(|(pattern, resource, only)| Route {
        pattern: (*pattern).to_owned(),
        resource: *resource,
        only: *only,
    });
    let mut all: Vec<Route> = rows.collect();
    let mut put = |pattern: String, resource| all.push(Route { pattern, resource, only: None });
    for object in ["me", "users/{}", "groups/{}", "serviceprincipals/{}", "directoryobjects/{}"] {
        for (name, resource) in BELOW_OBJECTS {
            put(format!("{object}/{name}"), resource);
        }
    }
    for collection in Collection::ALL {
        let set = collection.set().to_ascii_lowercase();
        let mut below = |rest: &str, aspect| put(format!("{set}{rest}"), Resource::Scheduled(collection, aspect));
        below("", Aspect::List);
        below("/filterbycurrentuser/(on)", Aspect::Mine);
        below("/{}", Aspect::One);
        if collection.sort == Sort::Requests {
            below("/{}/cancel", Aspect::Cancel);
        }
    }
    all.retain(|route| route.only.is_none_or(|only| only == edition));
    all
}
