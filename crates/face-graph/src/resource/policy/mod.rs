//! Policies of roles and groups, and what they are the policies of (`GRAPH 13`).

mod change;
mod rule;

use std::collections::HashMap;

use ephor_domain::{
    entitlement::{Access, EntitlementKey},
    id::GroupId,
    policy::RuleId,
    provider::Provider,
    scope::DirectoryScope,
};
use ephor_engine::policy::{ChangePolicy, PolicyEntry};
use ephor_odata::v4::{Predicate, Shape};
use serde_json::{Value, json};
use uuid::Uuid;

use super::object;
use crate::{
    answer::Reply,
    body::member,
    call::{Call, guid},
    error::{Answer, GraphError},
    list,
    page::{Plan, Rules, shape, single},
    permission::Need,
};

const POLICY: &str = "unifiedRoleManagementPolicy";
const ASSIGNMENT: &str = "unifiedRoleManagementPolicyAssignment";
const RULE: &str = "unifiedRoleManagementPolicyRule";
const POLICIES: &str = "policies/roleManagementPolicies";
const ASSIGNMENTS: &str = "policies/roleManagementPolicyAssignments";

/// The word for a scope, which is also how ids begin. Roles have two (`GRAPH 13.1`).
const WORDS: [(&str, Provider); 3] =
    [("DirectoryRole", Provider::DirectoryRoles), ("Directory", Provider::DirectoryRoles), ("Group", Provider::Groups)];

/// Policies that a call means, all of one provider.
struct Meant {
    word: &'static str,
    provider: Provider,
    keys: Vec<EntitlementKey>,
}

fn scope_word(text: &str) -> Option<(&'static str, Provider)> {
    WORDS.into_iter().find(|(word, _)| word.eq_ignore_ascii_case(text))
}

/// Lets a caller in by the scopes for one provider's policies.
fn admit(call: &Call, provider: Option<Provider>, changes: bool) -> Answer<()> {
    let need = match (provider, changes) {
        (Some(Provider::Groups), false) => Need::GROUP_POLICIES,
        (Some(Provider::Groups), true) => Need::CHANGE_GROUP_POLICIES,
        (Some(_), false) => Need::ROLE_POLICIES,
        (Some(_), true) => Need::CHANGE_ROLE_POLICIES,
        (None, false) => Need::POLICIES,
        (None, true) => Need::CHANGE_POLICIES,
    };
    need.check(&call.signed)
}

fn role_key(definition: Uuid) -> EntitlementKey {
    EntitlementKey::DirectoryRole { definition, scope: DirectoryScope::Tenant }
}

fn group_keys(group: GroupId) -> Vec<EntitlementKey> {
    [Access::Member, Access::Owner].map(|access| EntitlementKey::Group { group, access }).into()
}

async fn role_keys(call: &Call) -> Answer<Vec<EntitlementKey>> {
    Ok(call.engine().role_definitions().await?.iter().map(|role| role_key(role.id)).collect())
}

/// What a policy belongs to: `/` or a group.
fn scope_of(key: &EntitlementKey) -> String {
    match key {
        EntitlementKey::Group { group, .. } => group.to_string(),
        EntitlementKey::PamRole(_) | EntitlementKey::DirectoryRole { .. } | EntitlementKey::Resource { .. } => {
            "/".to_owned()
        }
    }
}

/// What it is the policy of: a role definition, or `member` or `owner`.
fn role_of(key: &EntitlementKey) -> String {
    match key {
        EntitlementKey::DirectoryRole { definition, .. } | EntitlementKey::Resource { definition, .. } => {
            definition.to_string()
        }
        EntitlementKey::Group { access, .. } => access.word().to_owned(),
        EntitlementKey::PamRole(role) => role.to_string(),
    }
}

fn policy_id(call: &Call, word: &str, key: &EntitlementKey) -> String {
    let place = match key {
        EntitlementKey::Group { group, .. } => group.uuid(),
        EntitlementKey::PamRole(_) | EntitlementKey::DirectoryRole { .. } | EntitlementKey::Resource { .. } => {
            call.settings().tenant
        }
    };
    format!("{word}_{place}_{}", key.id())
}

/// The policy that an id names, with the word it begins with. The caller is let in on the way.
///
/// # Errors
/// 403 for a missing scope, 404 for what there is not.
async fn meant(call: &Call, id: &str, changes: bool) -> Answer<(&'static str, EntitlementKey)> {
    let mut parts = id.split('_');
    let (word, place, last) = (parts.next().and_then(scope_word), parts.next(), parts.next());
    admit(call, word.map(|(_, provider)| provider), changes)?;
    let ((word, provider), place, last) = match (word, place.and_then(guid), last.and_then(guid), parts.next()) {
        (Some(word), Some(place), Some(last), None) => (word, place, last),
        _ => return Err(GraphError::not_found()),
    };
    let candidates = match provider {
        Provider::Groups => group_keys(GroupId::new(place)),
        Provider::DirectoryRoles if place == call.settings().tenant => role_keys(call).await?,
        Provider::Pam | Provider::DirectoryRoles | Provider::Resources => Vec::new(),
    };
    let found = candidates.into_iter().find(|key| key.id().uuid() == last);
    found.map(|key| (word, key)).ok_or_else(GraphError::not_found)
}

async fn entry(call: &Call, key: EntitlementKey) -> Answer<PolicyEntry> {
    let mut entries = call.engine().policies(&call.signed.caller.actor, vec![key]).await?;
    entries.pop().ok_or_else(GraphError::not_found)
}

/// Policies as rows; with their rules where those are wanted.
async fn rows(call: &Call, word: &str, entries: &[PolicyEntry], with_rules: bool) -> Answer<Vec<Value>> {
    let by = entries.iter().filter_map(|entry| entry.modified?.by).map(|by| by.uuid()).collect();
    let known = call.engine().directory_objects(by).await?;
    let known: HashMap<Uuid, Value> = known.iter().map(|it| (it.id(), object::row(call, it))).collect();
    let row = |entry: &PolicyEntry| {
        let name = entry.modified.and_then(|modified| match modified.by {
            Some(by) => known.get(&by.uuid()).and_then(|row| row.get("displayName")).cloned(),
            None => Some("Ephor".into()),
        });
        let mut row = json!({
            "@odata.type": "#microsoft.graph.unifiedRoleManagementPolicy",
            "id": policy_id(call, word, &entry.key),
            "displayName": word,
            "description": word,
            "isOrganizationDefault": false,
            "scopeId": scope_of(&entry.key),
            "scopeType": word,
            "lastModifiedDateTime": entry.modified.map(|modified| modified.at),
            "lastModifiedBy": {"displayName": name, "id": null},
        });
        if with_rules && let Value::Object(members) = &mut row {
            let rules: Value = rule::rows(call.edition, &entry.policy).into();
            members.insert("rules".to_owned(), rules.clone());
            // Scopes inherit nothing from each other here.
            members.insert("effectiveRules".to_owned(), rules);
        }
        row
    };
    Ok(entries.iter().map(row).collect())
}

/// Which policy stands for what, as rows.
async fn assignment_rows(call: &Call, word: &str, entries: &[PolicyEntry], with_policy: bool) -> Answer<Vec<Value>> {
    let policies = if with_policy { rows(call, word, entries, true).await? } else { Vec::new() };
    let mut policies = policies.into_iter();
    let row = |entry: &PolicyEntry| {
        let (id, role) = (policy_id(call, word, &entry.key), role_of(&entry.key));
        let mut row = json!({
            "@odata.type": "#microsoft.graph.unifiedRoleManagementPolicyAssignment",
            "id": format!("{id}_{role}"),
            "policyId": id,
            "scopeId": scope_of(&entry.key),
            "scopeType": word,
            "roleDefinitionId": role,
        });
        if let (Value::Object(members), Some(policy)) = (&mut row, policies.next()) {
            members.insert("policy".to_owned(), policy);
        }
        row
    };
    Ok(entries.iter().map(row).collect())
}

/// What the filter that every list needs names (`GRAPH 13.4` P1, P8). The caller is let in on the way.
async fn filtered(call: &Call, predicate: Option<&Predicate>) -> Answer<Meant> {
    let one = |member: &str| match predicate?.equals(&[member])?.as_slice() {
        [only] => Some((*only).to_owned()),
        _ => None,
    };
    let (scope, word) = (one("scopeId"), one("scopeType").as_deref().and_then(scope_word));
    admit(call, word.map(|(_, provider)| provider), false)?;
    let (Some(scope), Some((word, provider))) = (scope, word) else { return Err(GraphError::missing_provider()) };
    let mut keys = match provider {
        Provider::Groups => guid(&scope).map(|id| group_keys(GroupId::new(id))).unwrap_or_default(),
        Provider::DirectoryRoles if scope == "/" => role_keys(call).await?,
        Provider::Pam | Provider::DirectoryRoles | Provider::Resources => Vec::new(),
    };
    if let Some(role) = one("roleDefinitionId") {
        keys.retain(|key| role_of(key).eq_ignore_ascii_case(&role));
    }
    Ok(Meant { word, provider, keys })
}

async fn entries(call: &Call, meant: Meant) -> Answer<Vec<PolicyEntry>> {
    // Nothing is named of what there is: the right is asked for all the same.
    let keys = match (meant.keys.as_slice(), meant.provider) {
        ([], Provider::DirectoryRoles) => {
            call.engine().policies(&call.signed.caller.actor, role_keys(call).await?).await?;
            return Ok(Vec::new());
        }
        _ => meant.keys,
    };
    Ok(call.engine().policies(&call.signed.caller.actor, keys).await?)
}

pub(super) async fn list(call: &Call) -> Answer<Reply> {
    admit(call, None, false)?;
    let plan = Plan::of(call, POLICY, POLICIES, Rules::POLICIES)?;
    let meant = filtered(call, plan.predicate.as_ref()).await?;
    let word = meant.word;
    let entries = entries(call, meant).await?;
    let rows = rows(call, word, &entries, !plan.needs(call).is_empty()).await?;
    list::whole(call, &plan, rows).await
}

pub(super) async fn assignments(call: &Call) -> Answer<Reply> {
    admit(call, None, false)?;
    let plan = Plan::of(call, ASSIGNMENT, ASSIGNMENTS, Rules::POLICIES)?;
    let meant = filtered(call, plan.predicate.as_ref()).await?;
    let word = meant.word;
    let entries = entries(call, meant).await?;
    let rows = assignment_rows(call, word, &entries, !plan.needs(call).is_empty()).await?;
    list::whole(call, &plan, rows).await
}

pub(super) async fn get(call: &Call) -> Answer<Reply> {
    let (word, key) = meant(call, call.key(0), false).await?;
    let shape = shape(call, POLICY)?;
    answer(call, word, &entry(call, key).await?, &shape).await
}

async fn answer(call: &Call, word: &str, entry: &PolicyEntry, shape: &Shape) -> Answer<Reply> {
    let rows = rows(call, word, std::slice::from_ref(entry), !shape.expand.is_empty()).await?;
    let row = rows.first().ok_or_else(GraphError::not_found)?;
    Ok(single(call, POLICY, POLICIES, shape, row))
}

pub(super) async fn assignment(call: &Call) -> Answer<Reply> {
    let id = call.key(0);
    let (policy, role) = id.rsplit_once('_').unwrap_or((id, ""));
    let (word, key) = meant(call, policy, false).await?;
    if !role_of(&key).eq_ignore_ascii_case(role) {
        return Err(GraphError::not_found());
    }
    let shape = shape(call, ASSIGNMENT)?;
    let entries = [entry(call, key).await?];
    let rows = assignment_rows(call, word, &entries, !shape.expand.is_empty()).await?;
    let row = rows.first().ok_or_else(GraphError::not_found)?;
    Ok(single(call, ASSIGNMENT, ASSIGNMENTS, &shape, row))
}

/// The set that rules are in, as contexts name it.
fn rule_set(call: &Call, word: &str, key: &EntitlementKey, name: &str) -> String {
    format!("{POLICIES}('{}')/{name}", policy_id(call, word, key))
}

/// `rules` or `effectiveRules`.
pub(super) async fn rules(call: &Call, name: &str) -> Answer<Reply> {
    let (word, key) = meant(call, call.key(0), false).await?;
    let plan = Plan::of(call, RULE, rule_set(call, word, &key, name), Rules::POLICIES)?;
    let entry = entry(call, key).await?;
    list::whole(call, &plan, rule::rows(call.edition, &entry.policy)).await
}

fn rule_id(call: &Call) -> Answer<RuleId> {
    RuleId::from_word(call.key(1)).ok_or_else(GraphError::not_found)
}

pub(super) async fn rule(call: &Call, name: &str) -> Answer<Reply> {
    let (word, key) = meant(call, call.key(0), false).await?;
    let entry = entry(call, key).await?;
    one_rule(call, word, &entry, rule_id(call)?, name)
}

fn one_rule(call: &Call, word: &str, entry: &PolicyEntry, id: RuleId, name: &str) -> Answer<Reply> {
    let shape = shape(call, RULE)?;
    let row = rule::row(call.edition, &entry.policy, id);
    Ok(single(call, RULE, &rule_set(call, word, &entry.key, name), &shape, &row))
}

pub(super) async fn change_rule(call: &Call) -> Answer<Reply> {
    let (word, key) = meant(call, call.key(0), true).await?;
    let id = rule_id(call)?;
    let changes = vec![(id, change::read(id, &call.object()?)?)];
    let entry = call.engine().administer(&call.signed.caller.actor, ChangePolicy { key, changes }).await?;
    if call.prefers_representation() { one_rule(call, word, &entry, id, "rules") } else { Ok(Reply::done()) }
}

/// Several rules, all or none.
pub(super) async fn change(call: &Call) -> Answer<Reply> {
    let (word, key) = meant(call, call.key(0), true).await?;
    let body = call.object()?;
    let rules = match member(&body, "rules") {
        None => &[][..],
        Some(value) => value.as_array().ok_or_else(change::invalid_rule)?,
    };
    let read = |rule: &Value| {
        let rule = rule.as_object().ok_or_else(change::invalid_rule)?;
        let id = member(rule, "id").and_then(Value::as_str).and_then(RuleId::from_word);
        let id = id.ok_or_else(change::invalid_rule)?;
        Ok((id, change::read(id, rule)?))
    };
    let changes = rules.iter().map(read).collect::<Answer<Vec<_>>>()?;
    let entry = call.engine().administer(&call.signed.caller.actor, ChangePolicy { key, changes }).await?;
    answer(call, word, &entry, &Shape::default()).await
}
