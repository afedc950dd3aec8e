//! What may be done with a resource, and what it asks of a token.

use http::Method;

use super::Resource;
use crate::{
    collection::{Aspect, Collection, Sort},
    permission::Need,
};

impl Resource {
    /// What may be done with it.
    pub(crate) fn methods(self) -> &'static str {
        use Resource as R;
        const BY_METHOD: [(&[R], &str); 7] = [
            (
                &[
                    R::CheckMemberGroups,
                    R::GetMemberGroups,
                    R::CheckMemberObjects,
                    R::GetMemberObjects,
                    R::GetByIds,
                    R::AlertsRefresh,
                    R::AlertRefresh,
                    R::AlertRemedy,
                    R::Batch,
                ],
                "POST",
            ),
            (&[R::MemberRef, R::OwnerRef, R::DirectoryRoleMemberRef], "DELETE"),
            (&[R::MemberRefs, R::OwnerRefs, R::DirectoryRoleMemberRefs], "GET, POST"),
            (&[R::RoleDefinitions, R::RoleAssignments, R::Users, R::Groups, R::Applications], "GET, POST"),
            (
                &[R::RoleDefinition, R::User, R::UserByName, R::Group, R::Application, R::ApplicationByApp],
                "GET, PATCH, DELETE",
            ),
            (&[R::RoleAssignment], "GET, DELETE"),
            (&[R::Policy, R::PolicyRule, R::Alert, R::AlertConfiguration], "GET, PATCH"),
        ];
        if let R::Scheduled(Collection { sort: Sort::Requests, .. }, Aspect::List) = self {
            return "GET, POST";
        }
        if let R::Scheduled(_, Aspect::Cancel) = self {
            return "POST";
        }
        if let R::ApplicationCredential(_) = self {
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
        self.methods().split(", ").any(|allowed| allowed == method.as_str())
    }

    /// What it asks of a token.
    pub(crate) fn need(self, method: &Method, is_own: bool) -> Need {
        let is_read = method == Method::GET || method == Method::HEAD;
        match self {
            Self::RoleDefinitions | Self::RoleDefinition if !is_read => Need::CHANGE_DEFINITIONS,
            Self::RoleAssignments | Self::RoleAssignment if !is_read => Need::CHANGE_ASSIGNMENTS,
            Self::Users | Self::User | Self::UserByName if !is_read => Need::CHANGE_USERS,
            Self::Groups | Self::Group if !is_read => Need::CHANGE_GROUPS,
            Self::Applications | Self::Application | Self::ApplicationByApp if !is_read => Need::CHANGE_APPLICATIONS,
            Self::ApplicationCredential(_) => Need::CHANGE_APPLICATIONS,
            Self::Applications | Self::Application | Self::ApplicationByApp => Need::APPLICATIONS,
            Self::DirectoryRoleMemberRefs | Self::DirectoryRoleMemberRef if !is_read => Need::CHANGE_ASSIGNMENTS,
            Self::UserDelta => Need::USERS,
            Self::DirectoryObjectDelta => Need::OBJECTS,
            Self::GroupDelta => Need::GROUPS,
            Self::ServicePrincipalDelta => Need::SERVICES,
            Self::DirectoryRoleDelta => Need::DIRECTORY_ROLES,
            Self::MemberRefs | Self::OwnerRefs if is_read => Need::GROUPS,
            Self::MemberRefs | Self::MemberRef | Self::OwnerRefs | Self::OwnerRef => Need::CHANGE_MEMBERS,
            Self::Users | Self::UserByName => Need::USERS,
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
            Self::Groups | Self::Group | Self::Members | Self::TransitiveMembers | Self::Owners => Need::GROUPS,
            Self::ServicePrincipals | Self::ServicePrincipal | Self::ServicePrincipalByApp => Need::SERVICES,
            Self::Organizations | Self::Organization | Self::SubscribedSkus => Need::ORGANIZATION,
            Self::DirectoryRoles
            | Self::DirectoryRole
            | Self::DirectoryRoleByTemplate
            | Self::DirectoryRoleMembers
            | Self::DirectoryRoleMemberRefs
            | Self::DirectoryRoleMemberRef
            | Self::DirectoryRoleTemplates
            | Self::DirectoryRoleTemplate => Need::DIRECTORY_ROLES,
            Self::RoleDefinitions
            | Self::RoleDefinition
            | Self::DeletedRoleDefinitions
            | Self::Namespaces
            | Self::Namespace
            | Self::NamespaceActions
            | Self::RoleAssignments
            | Self::RoleAssignment => Need::ROLES,
            Self::RoleSchedules(_) => Need::ROLE_SCHEDULES,
            Self::AuthorizationPolicy | Self::AuthenticationContexts | Self::AuthenticationContext => Need::SETTINGS,
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
            Self::Batch => Need::Known,
        }
    }

    /// Does its list hold objects of several types?
    pub(super) fn can_be_cast(self) -> bool {
        use Resource as R;
        matches!(self, R::Members | R::TransitiveMembers | R::Owners | R::MemberOf | R::TransitiveMemberOf)
            || matches!(self, R::DirectoryRoleMembers | R::UnitMembers)
    }
}
