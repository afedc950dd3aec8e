//! The tree of scopes: registered management groups, subscriptions, resource groups, resources.

use ephor_domain::scope::{ArmScope, ArmScopeKind, Place};

use super::Tx;
use crate::{
    Fault,
    sql::{Reader, Statement, Value},
};

static READ: Statement =
    Statement::new("place.read", "SELECT scope, name, parent, location, tags, created FROM place WHERE scope_key = $1");
static CHILDREN: Statement = Statement::new(
    "place.children",
    "SELECT scope, name, parent, location, tags, created FROM place \
     WHERE parent_key = $1 AND kind = $2 AND scope_key > $3 ORDER BY scope_key LIMIT $4",
);
static OF_KIND: Statement = Statement::new(
    "place.of_kind",
    "SELECT scope, name, parent, location, tags, created FROM place \
     WHERE kind = $1 AND scope_key > $2 ORDER BY scope_key LIMIT $3",
);
static ANY_CHILD: Statement =
    Statement::new("place.any_child", "SELECT scope_key FROM place WHERE parent_key = $1 LIMIT 1");
static PUT: Statement = Statement::new(
    "place.put",
    "INSERT INTO place (scope_key, scope, kind, name, parent, parent_key, location, tags, created) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (scope_key) DO UPDATE SET name = excluded.name, \
     parent = excluded.parent, parent_key = excluded.parent_key, location = excluded.location, tags = excluded.tags",
);
static DELETE: Statement = Statement::new("place.delete", "DELETE FROM place WHERE scope_key = $1");

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[&READ, &CHILDREN, &OF_KIND, &ANY_CHILD, &PUT, &DELETE];

/// The four sorts of place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceKind {
    /// Management groups.
    ManagementGroup,
    /// Subscriptions.
    Subscription,
    /// Resource groups.
    ResourceGroup,
    /// Resources.
    Resource,
}

impl PlaceKind {
    /// All of them, from above to below.
    pub const ALL: [Self; 4] = [Self::ManagementGroup, Self::Subscription, Self::ResourceGroup, Self::Resource];

    /// The sort of a scope; none of the root.
    #[must_use]
    pub const fn of(scope: &ArmScope) -> Option<Self> {
        match scope.kind() {
            ArmScopeKind::Root => None,
            ArmScopeKind::ManagementGroup => Some(Self::ManagementGroup),
            ArmScopeKind::Subscription => Some(Self::Subscription),
            ArmScopeKind::ResourceGroup => Some(Self::ResourceGroup),
            ArmScopeKind::Resource(_) => Some(Self::Resource),
        }
    }

    const fn code(self) -> i64 {
        match self {
            Self::ManagementGroup => 1,
            Self::Subscription => 2,
            Self::ResourceGroup => 3,
            Self::Resource => 4,
        }
    }
}

impl Tx {
    /// A registered place.
    ///
    /// # Errors
    /// As any statement.
    pub async fn place(&mut self, scope: &ArmScope) -> Result<Option<Place>, Fault> {
        let found = self.first("place", &READ, vec![scope.key().into()]).await?;
        found.map(|mut row| place(&mut row)).transpose()
    }

    /// The registered ones of these scopes.
    ///
    /// # Errors
    /// As any statement.
    pub async fn places(&mut self, scopes: &[ArmScope]) -> Result<Vec<Place>, Fault> {
        let values: Vec<Vec<Value>> = scopes.iter().map(|scope| vec![scope.key().into()]).collect();
        let rows = self.session.many(&READ, values).await?;
        rows.into_iter().flatten().map(|row| place(&mut Reader::new("place", row))).collect()
    }

    /// Places of one sort right below another, by key; at most `limit`.
    ///
    /// # Errors
    /// As any statement.
    pub async fn places_below(
        &mut self,
        parent: &ArmScope,
        kind: PlaceKind,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Place>, Fault> {
        let values = vec![parent.key().into(), kind.code().into(), after.into(), limit.into()];
        self.all("place", &CHILDREN, values, place).await
    }

    /// Places of one sort, by key; at most `limit`.
    ///
    /// # Errors
    /// As any statement.
    pub async fn places_of_kind(&mut self, kind: PlaceKind, after: &str, limit: u32) -> Result<Vec<Place>, Fault> {
        self.all("place", &OF_KIND, vec![kind.code().into(), after.into(), limit.into()], place).await
    }

    /// Does anything hang below?
    ///
    /// # Errors
    /// As any statement.
    pub async fn has_places_below(&mut self, parent: &ArmScope) -> Result<bool, Fault> {
        Ok(self.first("place", &ANY_CHILD, vec![parent.key().into()]).await?.is_some())
    }

    /// Registers a place, or changes what is known of it; its spelling stays as first written.
    ///
    /// # Errors
    /// [`Fault::Misuse`] for the root, which is no place.
    pub async fn put_place(&mut self, place: &Place) -> Result<(), Fault> {
        let kind = PlaceKind::of(&place.scope);
        let kind = kind.ok_or_else(|| Fault::Misuse { cause: "the root is no place".to_owned() })?;
        let values = vec![
            place.scope.key().into(),
            place.scope.as_str().into(),
            kind.code().into(),
            place.name.as_str().into(),
            place.parent.as_str().into(),
            place.parent.key().into(),
            place.location.clone().into(),
            super::row::json(&place.tags)?.into(),
            place.created.into(),
        ];
        self.configure(&PUT, values).await.map(drop)
    }

    /// Forgets a place; false when it is not there.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_place(&mut self, scope: &ArmScope) -> Result<bool, Fault> {
        self.configure(&DELETE, vec![scope.key().into()]).await
    }
}

fn place(row: &mut Reader) -> Result<Place, Fault> {
    let scope = super::row::scope(row, "scope")?;
    let name = row.text("name")?;
    let parent = super::row::scope(row, "parent")?;
    let location = row.text_or_null("location")?;
    let tags = serde_json::from_str(&row.text("tags")?).map_err(|_| row.fault("tags"))?;
    Ok(Place { scope, name, parent, location, tags, created: row.instant("created")? })
}
