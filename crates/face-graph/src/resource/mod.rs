//! Resources: what is at a path, as rows for the model.

mod alert;
mod application;
mod assignment;
mod audit;
mod delta;
mod group;
mod group_change;
mod membership;
mod namespace;
mod object;
mod organization;
mod policy;
mod reference;
mod role;
mod role_change;
mod schedule;
mod service_principal;
mod tenant;
mod unit;
mod user;
mod user_change;

use std::{
    collections::{BTreeSet, HashMap},
    future::ready,
};

use ephor_domain::{entitlement::Access, id::Id, scope::DirectoryScope};
use ephor_engine::directory::NameCursor;
use ephor_odata::v4::Predicate;
use futures_util::future::BoxFuture;
use http::Method;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    answer::Reply,
    call::{Call, guid},
    error::{Answer, GraphError},
    list,
    page::{Plan, Rules},
    route::Resource,
};

/// Answers a call that was let in. Boxed: the work of each resource is a future of its own size.
///
/// # Errors
/// What the resource says no with.
pub(crate) fn serve(call: &Call) -> BoxFuture<'_, Answer<Reply>> {
    match call.target.resource {
        Resource::Users if call.method == Method::POST => Box::pin(user_change::create(call)),
        Resource::User | Resource::UserByName if call.method == Method::PATCH => Box::pin(user_change::change(call)),
        Resource::User | Resource::UserByName if call.method == Method::DELETE => Box::pin(user_change::delete(call)),
        Resource::Groups if call.method == Method::POST => Box::pin(group_change::create(call)),
        Resource::Group if call.method == Method::PATCH => Box::pin(group_change::change(call)),
        Resource::Group if call.method == Method::DELETE => Box::pin(group_change::delete(call)),
        Resource::UserDelta => Box::pin(delta::get(call, delta::Followed::Users)),
        Resource::GroupDelta => Box::pin(delta::get(call, delta::Followed::Groups)),
        Resource::ServicePrincipalDelta => Box::pin(delta::get(call, delta::Followed::Services)),
        Resource::DirectoryRoleDelta => Box::pin(delta::get(call, delta::Followed::Roles)),
        Resource::Users => Box::pin(by_name(call, Source::Users)),
        Resource::User | Resource::UserByName => Box::pin(user::get(call)),
        Resource::Me => Box::pin(user::me(call)),
        Resource::Manager => Box::pin(user::manager(call)),
        Resource::Groups => Box::pin(by_name(call, Source::Groups)),
        Resource::Group => Box::pin(group::get(call)),
        Resource::Members => Box::pin(group::members(call, false)),
        Resource::TransitiveMembers => Box::pin(group::members(call, true)),
        Resource::Owners => Box::pin(group::owners(call)),
        Resource::ServicePrincipals => Box::pin(by_name(call, Source::Services)),
        Resource::ServicePrincipal | Resource::ServicePrincipalByApp => Box::pin(service_principal::get(call)),
        Resource::MemberOf => Box::pin(membership::member_of(call, false)),
        Resource::TransitiveMemberOf => Box::pin(membership::member_of(call, true)),
        Resource::CheckMemberGroups => Box::pin(membership::check(call, "groupIds", false)),
        Resource::CheckMemberObjects => Box::pin(membership::check(call, "ids", true)),
        Resource::GetMemberGroups => Box::pin(membership::get(call, false)),
        Resource::GetMemberObjects => Box::pin(membership::get(call, true)),
        Resource::DirectoryObject => Box::pin(object::get(call)),
        Resource::GetByIds => Box::pin(object::get_by_ids(call)),
        Resource::Organizations => Box::pin(organization::list(call)),
        Resource::Organization => Box::pin(ready(organization::get(call))),
        Resource::DirectoryRoles => Box::pin(role::activated(call)),
        Resource::DirectoryRole | Resource::DirectoryRoleByTemplate => Box::pin(role::activated_one(call)),
        Resource::DirectoryRoleMembers => Box::pin(role::members(call)),
        Resource::DirectoryRoleTemplates => Box::pin(role::templates(call)),
        Resource::DirectoryRoleTemplate => Box::pin(ready(role::template(call))),
        Resource::RoleDefinitions if call.method == Method::POST => Box::pin(role_change::create(call)),
        Resource::RoleDefinitions => Box::pin(role::definitions(call)),
        Resource::RoleDefinition if call.method == Method::PATCH => Box::pin(role_change::change(call)),
        Resource::RoleDefinition if call.method == Method::DELETE => Box::pin(role_change::delete(call)),
        Resource::RoleDefinition => Box::pin(role::definition(call)),
        Resource::RoleAssignments if call.method == Method::POST => Box::pin(assignment::create(call)),
        Resource::RoleAssignments => Box::pin(assignment::list(call)),
        Resource::RoleAssignment if call.method == Method::DELETE => Box::pin(assignment::delete(call)),
        Resource::RoleAssignment => Box::pin(assignment::get(call)),
        Resource::Policies => Box::pin(policy::list(call)),
        Resource::Policy if call.method == Method::PATCH => Box::pin(policy::change(call)),
        Resource::Policy => Box::pin(policy::get(call)),
        Resource::PolicyRules => Box::pin(policy::rules(call, "rules")),
        Resource::PolicyRule if call.method == Method::PATCH => Box::pin(policy::change_rule(call)),
        Resource::PolicyRule => Box::pin(policy::rule(call, "rules")),
        Resource::EffectivePolicyRules => Box::pin(policy::rules(call, "effectiveRules")),
        Resource::EffectivePolicyRule => Box::pin(policy::rule(call, "effectiveRules")),
        Resource::PolicyAssignments => Box::pin(policy::assignments(call)),
        Resource::PolicyAssignment => Box::pin(policy::assignment(call)),
        Resource::Audits => Box::pin(audit::list(call)),
        Resource::Audit => Box::pin(audit::get(call)),
        Resource::Alerts => Box::pin(alert::list(call)),
        Resource::Alert if call.method == Method::PATCH => Box::pin(alert::dismiss(call)),
        Resource::Alert => Box::pin(alert::get(call)),
        Resource::AlertsRefresh => Box::pin(alert::refresh_all(call)),
        Resource::AlertRefresh => Box::pin(alert::refresh(call)),
        Resource::AlertIncidents => Box::pin(alert::incidents(call)),
        Resource::AlertIncident => Box::pin(alert::incident(call)),
        Resource::AlertRemedy => Box::pin(alert::remediate(call)),
        Resource::AlertDefinitions => Box::pin(alert::definitions(call)),
        Resource::AlertDefinition => Box::pin(alert::definition(call)),
        Resource::AlertConfigurations => Box::pin(alert::configurations(call)),
        Resource::AlertConfiguration if call.method == Method::PATCH => Box::pin(alert::configure(call)),
        Resource::AlertConfiguration => Box::pin(alert::configuration(call)),
        Resource::AlertOperation => Box::pin(alert::operation(call)),
        Resource::Units => Box::pin(unit::list(call)),
        Resource::Unit => Box::pin(unit::get(call)),
        Resource::UnitMembers => Box::pin(unit::members(call)),
        Resource::Scheduled(collection, part) => Box::pin(schedule::serve(call, collection, part)),
        Resource::Approvals(family) => Box::pin(schedule::approval::mine(call, family)),
        Resource::Approval(family) => Box::pin(schedule::approval::get(call, family)),
        Resource::Stages(family) => Box::pin(schedule::approval::stages(call, family)),
        Resource::Stage(family) if call.method == Method::PATCH => Box::pin(schedule::approval::decide(call, family)),
        Resource::Stage(family) => Box::pin(schedule::approval::stage(call, family)),
        Resource::MemberRefs | Resource::OwnerRefs if call.method != Method::POST => Box::pin(reference::list(call)),
        Resource::MemberRefs => Box::pin(reference::add(call, Access::Member)),
        Resource::MemberRef => Box::pin(reference::remove(call, Access::Member)),
        Resource::OwnerRefs => Box::pin(reference::add(call, Access::Owner)),
        Resource::OwnerRef => Box::pin(reference::remove(call, Access::Owner)),
        Resource::TransitiveRoleAssignments => Box::pin(assignment::transitive(call)),
        Resource::Applications if call.method == Method::POST => Box::pin(application::change::create(call)),
        Resource::Applications => Box::pin(application::list(call)),
        Resource::Application | Resource::ApplicationByApp if call.method == Method::PATCH => {
            Box::pin(application::change::change(call))
        }
        Resource::Application | Resource::ApplicationByApp if call.method == Method::DELETE => {
            Box::pin(application::change::delete(call))
        }
        Resource::Application | Resource::ApplicationByApp => Box::pin(application::get(call)),
        Resource::ApplicationCredential(order) => Box::pin(application::credential::order(call, order)),
        Resource::DirectoryObjectDelta => Box::pin(delta::get(call, delta::Followed::Objects)),
        Resource::DirectoryRoleMemberRefs if call.method == Method::POST => Box::pin(reference::add_holder(call)),
        Resource::DirectoryRoleMemberRefs => Box::pin(reference::list(call)),
        Resource::DirectoryRoleMemberRef => Box::pin(reference::remove_holder(call)),
        Resource::DeletedRoleDefinitions => Box::pin(namespace::deleted_definitions(call)),
        Resource::Namespaces => Box::pin(namespace::list(call)),
        Resource::Namespace => Box::pin(ready(namespace::get(call))),
        Resource::NamespaceActions => Box::pin(namespace::actions(call)),
        Resource::RoleSchedules(sort) => Box::pin(schedule::both(call, sort)),
        Resource::AuthorizationPolicy => Box::pin(ready(tenant::authorization_policy(call))),
        Resource::AuthenticationContexts => Box::pin(tenant::contexts(call)),
        Resource::AuthenticationContext => Box::pin(ready(tenant::context(call))),
        Resource::SubscribedSkus => Box::pin(tenant::plans(call)),
        // Served before.
        Resource::Batch => Box::pin(ready(Err(GraphError::not_implemented()))),
    }
}

/// What the store gives out by name.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source {
    Users,
    Groups,
    Services,
    Applications,
}

impl Source {
    fn of(self) -> &'static str {
        match self {
            Self::Users => "user",
            Self::Groups => "group",
            Self::Services => "servicePrincipal",
            Self::Applications => application::OF,
        }
    }

    fn set(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Groups => "groups",
            Self::Services => "servicePrincipals",
            Self::Applications => application::SET,
        }
    }

    /// The next rows by name.
    pub(crate) async fn batch(
        self,
        call: &Call,
        predicate: Option<&Predicate>,
        after: Option<NameCursor>,
        limit: u32,
    ) -> Answer<Vec<(NameCursor, Value)>> {
        let engine = call.engine();
        Ok(match self {
            Self::Users => {
                let rows = engine.directory_users(list::span(predicate, after, limit)).await?;
                let place = |name: &str, id| NameCursor::after(name, id);
                let rows = rows.iter();
                rows.map(|it| (place(&it.principal.display_name, it.principal.id.uuid()), user::row(it))).collect()
            }
            Self::Groups => {
                let rows = engine.directory_groups(list::span(predicate, after, limit)).await?;
                let rows = rows.iter();
                rows.map(|it| (NameCursor::after(&it.group.display_name, it.group.id.uuid()), group::row(it))).collect()
            }
            Self::Services => {
                let rows = engine.directory_services(after, limit).await?;
                let rows = rows.iter();
                rows.map(|it| {
                    let place = NameCursor::after(&it.principal.display_name, it.principal.id.uuid());
                    (place, service_principal::row(call, it))
                })
                .collect()
            }
            Self::Applications => application::batch(call, after, limit).await?,
        })
    }

    /// The few rows among which a filter's are, where it names them; `None` where it does not.
    pub(crate) async fn look_up(self, call: &Call, predicate: &Predicate) -> Answer<Option<Vec<Value>>> {
        /// Most objects that one filter names.
        const NAMED: usize = 1000;
        let few = |texts: Vec<&str>| -> Answer<Vec<String>> {
            if texts.len() > NAMED {
                return Err(GraphError::unsupported_query("The filter names too many values."));
            }
            let unique: BTreeSet<String> = texts.into_iter().map(str::to_owned).collect();
            Ok(unique.into_iter().collect())
        };
        if let Some(ids) = predicate.equals(&["id"]) {
            let ids: Vec<Uuid> = few(ids)?.iter().filter_map(|id| guid(id)).collect();
            if matches!(self, Self::Applications) {
                return Ok(Some(application::those(call, ids.into_iter().map(Id::new).collect()).await?));
            }
            let objects = call.engine().directory_objects(ids).await?;
            let rows = objects.iter().map(|object| object::row(call, object));
            let is_it = |row: &Value| object::type_of(row) == self.of();
            return Ok(Some(rows.filter(is_it).collect()));
        }
        match self {
            Self::Users => {
                if let Some(names) = predicate.equals(&["userPrincipalName"]) {
                    let mut rows = Vec::new();
                    for name in few(names)? {
                        rows.extend(call.engine().directory_user_named(&name).await?.as_ref().map(user::row));
                    }
                    return Ok(Some(rows));
                }
                if let Some(mails) = predicate.equals(&["mail"]) {
                    let mut rows = Vec::new();
                    for mail in few(mails)? {
                        rows.extend(call.engine().directory_users_by_mail(&mail).await?.iter().map(user::row));
                    }
                    return Ok(Some(rows));
                }
                Ok(None)
            }
            Self::Services | Self::Applications => {
                let Some(apps) = predicate.equals(&["appId"]) else { return Ok(None) };
                let mut found = Vec::new();
                for app in few(apps)?.iter().filter_map(|app| guid(app)) {
                    found.extend(call.engine().directory_service_of(Id::new(app)).await?);
                }
                if matches!(self, Self::Applications) {
                    let ids = found.iter().map(|it| it.principal.id).collect();
                    return Ok(Some(application::those(call, ids).await?));
                }
                Ok(Some(found.iter().map(|it| service_principal::row(call, it)).collect()))
            }
            Self::Groups => Ok(None),
        }
    }

    /// How many there are, where the store knows.
    pub(crate) async fn count(self, call: &Call) -> Answer<Option<u64>> {
        match self {
            Self::Users => Ok(Some(call.engine().count_users().await?)),
            Self::Groups | Self::Services | Self::Applications => Ok(None),
        }
    }
}

async fn by_name(call: &Call, source: Source) -> Answer<Reply> {
    let plan = Plan::of(call, source.of(), source.set(), Rules::OBJECTS)?;
    list::by_name(call, &plan, source).await
}

/// Finds the navigations `names` of rows of type `of`, for all rows at once.
///
/// # Errors
/// 400 for a navigation that is not found in this way; faults of the store.
pub(crate) async fn attach(call: &Call, of: &str, rows: &mut [Value], names: &[String]) -> Answer<()> {
    for name in names {
        match (of, name.as_str()) {
            ("user", "manager") => objects_behind(call, rows, "manager", user::MANAGER).await?,
            (_, "principal") => objects_behind(call, rows, "principal", "principalId").await?,
            (_, "roleDefinition") => role::definitions_behind(call, rows).await?,
            // Their rows hold it already.
            (_, "group") => objects_behind(call, rows, "group", "groupId").await?,
            (_, "activatedUsing" | "targetSchedule") => schedule::behind(call, of, rows, name).await?,
            (_, "steps" | "stages") => {}
            (_, "policy" | "rules" | "effectiveRules") => {}
            (_, "alertDefinition" | "alertConfiguration" | "alertIncidents") => {}
            (_, "directoryScope") => scopes_behind(call, rows).await?,
            // No application has scopes of its own.
            (_, "appScope") => put_all(rows, name, |_| Value::Null),
            ("unifiedRoleDefinition", "inheritsPermissionsFrom") => {
                put_all(rows, name, |_| Value::Array(Vec::new()));
            }
            _ => return Err(GraphError::unsupported_query("This navigation is not supported here.")),
        }
    }
    Ok(())
}

/// Puts the object that a member names behind a navigation.
async fn objects_behind(call: &Call, rows: &mut [Value], name: &str, member: &str) -> Answer<()> {
    let id = |row: &Value| row.get(member).and_then(Value::as_str).and_then(guid);
    let ids: BTreeSet<Uuid> = rows.iter().filter_map(id).collect();
    let objects = call.engine().directory_objects(ids.into_iter().collect()).await?;
    let known: HashMap<Uuid, Value> = objects.iter().map(|it| (it.id(), object::row(call, it))).collect();
    put_all(rows, name, |row| id(row).and_then(|id| known.get(&id).cloned()).unwrap_or(Value::Null));
    Ok(())
}

/// Puts the object that a scope names behind the navigation; the tenant is none.
async fn scopes_behind(call: &Call, rows: &mut [Value]) -> Answer<()> {
    let scope = |row: &Value| row.get("directoryScopeId").and_then(Value::as_str)?.parse::<DirectoryScope>().ok();
    let mut known: HashMap<DirectoryScope, Value> = HashMap::new();
    for scope in rows.iter().filter_map(scope).collect::<BTreeSet<_>>() {
        let found = match scope {
            DirectoryScope::Tenant => None,
            DirectoryScope::AdministrativeUnit(id) => {
                call.engine().administrative_unit(id).await?.as_ref().map(unit::row)
            }
            DirectoryScope::Object(id) => {
                call.engine().directory_object(id).await?.as_ref().map(|it| object::row(call, it))
            }
        };
        known.extend(found.map(|found| (scope, found)));
    }
    put_all(rows, "directoryScope", |row| scope(row).and_then(|it| known.get(&it).cloned()).unwrap_or(Value::Null));
    Ok(())
}

fn put_all(rows: &mut [Value], name: &str, value: impl Fn(&Value) -> Value) {
    for row in rows {
        let value = value(row);
        if let Value::Object(members) = row {
            members.insert(name.to_owned(), value);
        }
    }
}
