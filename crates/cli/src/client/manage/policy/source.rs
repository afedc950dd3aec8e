//! Where policies are read and written: the Graph API for directory roles and groups, the ARM API for resource roles.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Of, no_policy};
use crate::{
    client::{
        access::{
            arm, at,
            desk::{Desk, escaped, quoted},
            entitlement::label,
        },
        manage::name::{self, DIRECTORY_ROLES},
    },
    exit::Done,
};

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Policy {
    /// What it is the policy of.
    pub(super) name: String,
    /// Its id on the wire.
    pub(super) id: String,
    pub(super) rules: Vec<Value>,
}

impl Policy {
    /// For programs, and to be read again by `--file`.
    pub(super) fn json(&self) -> Value {
        json!({"name": self.name, "policyId": self.id, "rules": self.rules})
    }
}

/// One policy, or all of a place.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// Of directory roles; of one, by its id and name.
    Directory(Option<(String, String)>),
    /// Of a group, by its id and name; of its members or owners.
    Group { id: String, name: String, access: Option<&'static str> },
    /// At a resource scope; of one role, by its id on the wire and name.
    Resource { scope: String, role: Option<(String, String)> },
}

const ASSIGNMENTS: &str = "v1.0/policies/roleManagementPolicyAssignments";

impl Source {
    /// All policies of a place.
    pub(super) async fn all(desk: &Desk, group: Option<String>, scope: Option<String>) -> Done<Self> {
        Ok(match (group, scope) {
            (Some(group), _) => {
                let group = name::group(desk, &group).await?;
                Self::Group { id: group.id, name: group.name, access: None }
            }
            (None, Some(scope)) => Self::Resource { scope, role: None },
            (None, None) => Self::Directory(None),
        })
    }

    /// One policy.
    pub(super) async fn one(desk: &Desk, of: &Of) -> Done<Self> {
        if let Some(group) = &of.group {
            let group = name::group(desk, group).await?;
            return Ok(Self::Group { id: group.id, name: group.name, access: Some(of.access.word()) });
        }
        let role = name::role(desk, of.scope.as_deref(), of.role.as_deref().unwrap_or_default()).await?;
        Ok(match &of.scope {
            Some(scope) => {
                let id = at(&role.row, "/id").unwrap_or(role.id);
                Self::Resource { scope: scope.clone(), role: Some((id, role.name)) }
            }
            None => Self::Directory(Some((role.id, role.name))),
        })
    }

    /// The approvers of this API may be named as managers, and are written in its way.
    pub(super) const fn is_graph(&self) -> bool {
        matches!(self, Self::Directory(_) | Self::Group { .. })
    }

    /// The one policy.
    pub(super) async fn policy(&self, desk: &Desk) -> Done<Policy> {
        self.policies(desk).await?.into_iter().next().ok_or_else(|| no_policy("it"))
    }

    /// All policies.
    pub(super) async fn policies(&self, desk: &Desk) -> Done<Vec<Policy>> {
        match self {
            Self::Directory(one) => {
                let mut filter = "scopeId eq '/' and scopeType eq 'DirectoryRole'".to_owned();
                let mut names = Vec::new();
                match one {
                    Some((id, name)) => {
                        filter.push_str(&format!(" and roleDefinitionId eq {}", quoted(id)));
                        names.push((id.clone(), name.clone()));
                    }
                    None => names.extend(
                        desk.rows(DIRECTORY_ROLES)
                            .await?
                            .iter()
                            .filter_map(|row| Some((at(row, "/id")?, at(row, "/displayName")?))),
                    ),
                }
                let rows = graph_rows(desk, &filter).await?;
                let called =
                    |id: String| names.iter().find(|(known, _)| *known == id).map_or(id, |(_, name)| name.clone());
                Ok(sorted(rows.iter().filter_map(|row| of_graph(row, &called)).collect()))
            }
            Self::Group { id, name, access } => {
                let mut filter = format!("scopeId eq {} and scopeType eq 'Group'", quoted(id));
                if let Some(access) = access {
                    filter.push_str(&format!(" and roleDefinitionId eq '{access}'"));
                }
                let rows = graph_rows(desk, &filter).await?;
                let called = |access: String| label(name, Some(&access), None);
                Ok(sorted(rows.iter().filter_map(|row| of_graph(row, &called)).collect()))
            }
            Self::Resource { scope, role } => {
                let query = match role {
                    Some((id, _)) => {
                        format!("{}&$filter={}", arm::EDITION, escaped(&format!("roleDefinitionId eq {}", quoted(id))))
                    }
                    None => arm::EDITION.to_owned(),
                };
                let rows = desk.rows(&arm::set(scope, "roleManagementPolicyAssignments", &query)).await?;
                Ok(sorted(rows.iter().filter_map(|row| of_arm(row, scope)).collect()))
            }
        }
    }

    /// Saves changed rules, all or none.
    pub(super) async fn save(&self, desk: &Desk, policy: &Policy, changes: &[Value]) -> Done {
        let (path, body) = if self.is_graph() {
            (format!("v1.0/policies/roleManagementPolicies/{}", escaped(&policy.id)), json!({"rules": changes}))
        } else {
            let path = policy.id.trim_start_matches('/').split('/').map(escaped).collect::<Vec<_>>().join("/");
            (format!("{path}?{}", arm::EDITION), json!({"properties": {"rules": changes}}))
        };
        desk.order(Method::PATCH, &path, Some(&body)).await.map(drop)
    }
}

async fn graph_rows(desk: &Desk, filter: &str) -> Done<Vec<Value>> {
    desk.rows(&format!("{ASSIGNMENTS}?$expand=policy($expand=rules)&$filter={}", escaped(filter))).await
}

fn rules(row: &Value, pointer: &str) -> Vec<Value> {
    row.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default()
}

fn of_graph(row: &Value, called: &dyn Fn(String) -> String) -> Option<Policy> {
    let name = called(at(row, "/roleDefinitionId")?);
    Some(Policy { name, id: at(row, "/policyId")?, rules: rules(row, "/policy/rules") })
}

fn of_arm(row: &Value, scope: &str) -> Option<Policy> {
    let role = at(row, "/properties/policyAssignmentProperties/roleDefinition/displayName")
        .or_else(|| at(row, "/properties/roleDefinitionId"))?;
    let place = at(row, "/properties/policyAssignmentProperties/scope/displayName").unwrap_or_else(|| scope.to_owned());
    let rules = rules(row, "/properties/effectiveRules");
    Some(Policy { name: label(&role, None, Some(&place)), id: at(row, "/properties/policyId")?, rules })
}

fn sorted(mut policies: Vec<Policy>) -> Vec<Policy> {
    policies.sort_by_cached_key(|policy| policy.name.to_lowercase());
    policies
}
