//! Policies that somebody has changed. All others are the defaults of their provider and need no row.

use ephor_domain::{
    entitlement::EntitlementKey,
    id::{EntitlementId, PrincipalId},
    policy::Policy,
    provider::Provider,
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Tx, code,
    directory::{AT_ONCE, filled},
};
use crate::{
    Fault,
    sql::{Reader, Statement},
};

/// A policy as it was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPolicy {
    /// Whose rules: see [`EntitlementKey::policy_owner`].
    pub key: EntitlementKey,
    /// The rules.
    pub policy: Policy,
    /// Last changed at.
    pub modified: Timestamp,
    /// Last changed by; nobody for the server itself.
    pub modified_by: Option<PrincipalId>,
}

static READ: Statement =
    Statement::new("policy.read", "SELECT owner, key, rules, modified, modified_by FROM policy WHERE owner = $1");
static READ_SOME: Statement = Statement::new(
    "policy.read_some",
    "SELECT owner, key, rules, modified, modified_by FROM policy \
     WHERE owner IN ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
);
static LIST: Statement = Statement::new(
    "policy.list",
    "SELECT owner, key, rules, modified, modified_by FROM policy WHERE provider = $1 AND owner > $2 \
     ORDER BY owner LIMIT $3",
);
static PUT: Statement = Statement::new(
    "policy.put",
    "INSERT INTO policy (owner, provider, key, rules, modified, modified_by) VALUES ($1, $2, $3, $4, $5, $6) \
     ON CONFLICT (owner) DO UPDATE SET rules = excluded.rules, modified = excluded.modified, \
     modified_by = excluded.modified_by",
);
static DELETE: Statement = Statement::new("policy.delete", "DELETE FROM policy WHERE owner = $1");

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[&READ, &READ_SOME, &LIST, &PUT, &DELETE];

impl Tx {
    /// The stored policy of an owner.
    ///
    /// # Errors
    /// As any statement.
    pub async fn policy(&mut self, owner: EntitlementId) -> Result<Option<StoredPolicy>, Fault> {
        let found = self.first("policy", &READ, vec![owner.into()]).await?;
        found.map(|mut row| policy(&mut row)).transpose()
    }

    /// The stored policies of these owners, in no particular order. Untouched ones are left out.
    ///
    /// # Errors
    /// As any statement.
    pub async fn policies_of(&mut self, owners: &[EntitlementId]) -> Result<Vec<StoredPolicy>, Fault> {
        let mut found = Vec::new();
        for some in owners.chunks(AT_ONCE) {
            let values = filled(some.iter().map(|id| id.uuid()));
            found.extend(self.all("policy", &READ_SOME, values, policy).await?);
        }
        Ok(found)
    }

    /// Stored policies of one provider, by owner.
    ///
    /// # Errors
    /// As any statement.
    pub async fn policies(
        &mut self,
        provider: Provider,
        after: Option<EntitlementId>,
        limit: u32,
    ) -> Result<Vec<StoredPolicy>, Fault> {
        let after = after.map_or(Uuid::nil(), EntitlementId::uuid);
        self.all("policy", &LIST, vec![code::of(provider), after.into(), limit.into()], policy).await
    }

    /// Stores a policy in place of the one before.
    ///
    /// # Errors
    /// As any statement.
    pub async fn put_policy(&mut self, stored: &StoredPolicy) -> Result<(), Fault> {
        let rules =
            serde_json::to_string(&stored.policy).map_err(|error| Fault::Misuse { cause: error.to_string() })?;
        let values = vec![
            stored.key.id().into(),
            code::of(stored.key.provider()),
            stored.key.to_string().into(),
            rules.into(),
            stored.modified.into(),
            stored.modified_by.into(),
        ];
        self.configure(&PUT, values).await.map(drop)
    }

    /// Lets the defaults hold again; false when they do already.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_policy(&mut self, owner: EntitlementId) -> Result<bool, Fault> {
        self.configure(&DELETE, vec![owner.into()]).await
    }
}

fn policy(row: &mut Reader) -> Result<StoredPolicy, Fault> {
    // Named by its owner when something else cannot be read.
    row.uuid("owner")?;
    let key = row.text("key")?.parse().map_err(|_| row.fault("key"))?;
    let policy = serde_json::from_str(&row.text("rules")?).map_err(|_| row.fault("rules"))?;
    Ok(StoredPolicy { key, policy, modified: row.instant("modified")?, modified_by: row.id_or_null("modified_by")? })
}
