//! Resources: what is at a path, as rows for the model.

mod alert;
mod assignment;
mod audit;
mod group;
mod membership;
mod object;
mod organization;
mod policy;
mod reference;
mod role;
mod role_change;
mod service_principal;
mod unit;
mod user;

use std::collections::{BTreeSet, HashMap};

use ephor_domain::{entitlement::Access, scope::DirectoryScope};
use ephor_engine::directory::NameCursor;
use ephor_odata::v4::Predicate;
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

/// Answers a call that was let in.
///
/// # Errors
/// What the resource says no with.
pub(crate) async fn serve(call: &Call) -> Answer<Reply> {
    match call.target.resource {
        Resource::Users => by_name(call, Source::Users).await,
        Resource::UserCount => number(call, Source::Users).await,
        Resource::User | Resource::UserByName => user::get(call).await,
        Resource::Me => user::me(call).await,
        Resource::Manager => user::manager(call).await,
        Resource::Groups => by_name(call, Source::Groups).await,
        Resource::GroupCount => number(call, Source::Groups).await,
        Resource::Group => group::get(call).await,
        Resource::Members => group::members(call, false).await,
        Resource::MemberCount => group::member_count(call).await,
        Resource::TransitiveMembers => group::members(call, true).await,
        Resource::Owners => group::owners(call).await,
        Resource::ServicePrincipals => by_name(call, Source::Services).await,
        Resource::ServicePrincipalCount => number(call, Source::Services).await,
        Resource::ServicePrincipal | Resource::ServicePrincipalByApp => service_principal::get(call).await,
        Resource::MemberOf => membership::member_of(call, false).await,
        Resource::TransitiveMemberOf => membership::member_of(call, true).await,
        Resource::CheckMemberGroups => membership::check(call, "groupIds", false).await,
        Resource::CheckMemberObjects => membership::check(call, "ids", true).await,
        Resource::GetMemberGroups => membership::get(call, false).await,
        Resource::GetMemberObjects => membership::get(call, true).await,
        Resource::DirectoryObject => object::get(call).await,
        Resource::GetByIds => object::get_by_ids(call).await,
        Resource::Organizations => organization::list(call).await,
        Resource::Organization => organization::get(call),
        Resource::DirectoryRoles => role::activated(call).await,
        Resource::DirectoryRole | Resource::DirectoryRoleByTemplate => role::activated_one(call).await,
        Resource::DirectoryRoleMembers => role::members(call).await,
        Resource::DirectoryRoleTemplates => role::templates(call).await,
        Resource::DirectoryRoleTemplate => role::template(call),
        Resource::RoleDefinitions if call.method == Method::POST => role_change::create(call).await,
        Resource::RoleDefinitions => role::definitions(call).await,
        Resource::RoleDefinition if call.method == Method::PATCH => role_change::change(call).await,
        Resource::RoleDefinition if call.method == Method::DELETE => role_change::delete(call).await,
        Resource::RoleDefinition => role::definition(call).await,
        Resource::RoleAssignments if call.method == Method::POST => assignment::create(call).await,
        Resource::RoleAssignments => assignment::list(call).await,
        Resource::RoleAssignment if call.method == Method::DELETE => assignment::delete(call).await,
        Resource::RoleAssignment => assignment::get(call).await,
        Resource::Policies => policy::list(call).await,
        Resource::Policy if call.method == Method::PATCH => policy::change(call).await,
        Resource::Policy => policy::get(call).await,
        Resource::PolicyRules => policy::rules(call, "rules").await,
        Resource::PolicyRule if call.method == Method::PATCH => policy::change_rule(call).await,
        Resource::PolicyRule => policy::rule(call, "rules").await,
        Resource::EffectivePolicyRules => policy::rules(call, "effectiveRules").await,
        Resource::EffectivePolicyRule => policy::rule(call, "effectiveRules").await,
        Resource::PolicyAssignments => policy::assignments(call).await,
        Resource::PolicyAssignment => policy::assignment(call).await,
        Resource::Audits => audit::list(call).await,
        Resource::Audit => audit::get(call).await,
        Resource::Alerts => alert::list(call).await,
        Resource::Alert if call.method == Method::PATCH => alert::dismiss(call).await,
        Resource::Alert => alert::get(call).await,
        Resource::AlertsRefresh => alert::refresh_all(call).await,
        Resource::AlertRefresh => alert::refresh(call).await,
        Resource::AlertIncidents => alert::incidents(call).await,
        Resource::AlertIncident => alert::incident(call).await,
        Resource::AlertRemedy => alert::remediate(call).await,
        Resource::AlertDefinitions => alert::definitions(call).await,
        Resource::AlertDefinition => alert::definition(call).await,
        Resource::AlertConfigurations => alert::configurations(call).await,
        Resource::AlertConfiguration if call.method == Method::PATCH => alert::configure(call).await,
        Resource::AlertConfiguration => alert::configuration(call).await,
        Resource::AlertOperation => alert::operation(call).await,
        Resource::Units => unit::list(call).await,
        Resource::Unit => unit::get(call).await,
        Resource::UnitMembers => unit::members(call).await,
        Resource::MemberRefs => reference::add(call, Access::Member).await,
        Resource::MemberRef => reference::remove(call, Access::Member).await,
        Resource::OwnerRefs => reference::add(call, Access::Owner).await,
        Resource::OwnerRef => reference::remove(call, Access::Owner).await,
        Resource::TransitiveRoleAssignments => assignment::transitive(call).await,
        Resource::Batch | Resource::Absent => Err(GraphError::not_implemented()),
    }
}

/// What the store gives out by name.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source {
    Users,
    Groups,
    Services,
}

impl Source {
    fn of(self) -> &'static str {
        match self {
            Self::Users => "user",
            Self::Groups => "group",
            Self::Services => "servicePrincipal",
        }
    }

    fn set(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Groups => "groups",
            Self::Services => "servicePrincipals",
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
            Self::Services => {
                let Some(apps) = predicate.equals(&["appId"]) else { return Ok(None) };
                let mut rows = Vec::new();
                for app in few(apps)?.iter().filter_map(|app| guid(app)) {
                    let found = call.engine().directory_service_of(ephor_domain::id::Id::new(app)).await?;
                    rows.extend(found.as_ref().map(|found| service_principal::row(call, found)));
                }
                Ok(Some(rows))
            }
            Self::Groups => Ok(None),
        }
    }

    /// How many there are, where the store knows.
    pub(crate) async fn count(self, call: &Call) -> Answer<Option<u64>> {
        match self {
            Self::Users => Ok(Some(call.engine().count_users().await?)),
            Self::Groups | Self::Services => Ok(None),
        }
    }
}

async fn by_name(call: &Call, source: Source) -> Answer<Reply> {
    let plan = Plan::of(call, source.of(), source.set(), Rules::OBJECTS)?;
    list::by_name(call, &plan, source).await
}

/// `/$count`: a plain number.
async fn number(call: &Call, source: Source) -> Answer<Reply> {
    needs_eventual(call)?;
    let plan = Plan::of(call, source.of(), source.set(), Rules::OBJECTS)?;
    Ok(Reply::text(list::count(call, &plan, source).await?.to_string()))
}

fn needs_eventual(call: &Call) -> Answer<()> {
    if call.is_eventual() {
        return Ok(());
    }
    Err(GraphError::bad_object("$count is only supported with an eventual ConsistencyLevel header."))
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
