//! Role assignments that were written directly: who holds which role at which scope.

use ephor_domain::{
    id::PrincipalId,
    resource::{Assignment, AssignmentContent},
    scope::ArmScope,
};
use uuid::Uuid;

use super::{Tx, code};
use crate::{
    Fault,
    sql::{Reader, Statement, Value},
};

macro_rules! columns {
    () => {
        "name, scope, definition, principal, kind, description, condition, condition_version, delegated_identity, \
         created, updated, created_by, updated_by"
    };
}

static READ: Statement =
    Statement::new("role_assignment.read", concat!("SELECT ", columns!(), " FROM role_assignment WHERE name = $1"));
static LINE: Statement = Statement::new(
    "role_assignment.line",
    concat!("SELECT ", columns!(), " FROM role_assignment WHERE principal = $1 AND scope_key = $2 AND definition = $3"),
);
static OF_PRINCIPAL: Statement = Statement::new(
    "role_assignment.of_principal",
    concat!(
        "SELECT ",
        columns!(),
        " FROM role_assignment WHERE principal = $1 ORDER BY scope_key, definition LIMIT 10000"
    ),
);
static OF_PRINCIPAL_AT: Statement = Statement::new(
    "role_assignment.of_principal_at",
    concat!(
        "SELECT ",
        columns!(),
        " FROM role_assignment WHERE principal = $1 AND scope_key = $2 ORDER BY definition LIMIT 10000"
    ),
);
static OF_PRINCIPAL_AFTER: Statement = Statement::new(
    "role_assignment.of_principal_after",
    concat!(
        "SELECT ",
        columns!(),
        " FROM role_assignment WHERE principal = $1 AND (scope_key, definition) > ($2, $3) \
         ORDER BY scope_key, definition LIMIT $4"
    ),
);
static IN_SPAN: Statement = Statement::new(
    "role_assignment.in_span",
    concat!(
        "SELECT ",
        columns!(),
        " FROM role_assignment WHERE (scope_key, name) > ($1, $2) AND scope_key < $3 \
         ORDER BY scope_key, name LIMIT $4"
    ),
);
static OF_ROLE: Statement =
    Statement::new("role_assignment.of_role", "SELECT name FROM role_assignment WHERE definition = $1 LIMIT 1");
static INSERT: Statement = Statement::new(
    "role_assignment.insert",
    "INSERT INTO role_assignment (name, scope, scope_key, definition, principal, kind, description, condition, \
     condition_version, delegated_identity, created, updated, created_by, updated_by) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
);
static UPDATE: Statement = Statement::new(
    "role_assignment.update",
    "UPDATE role_assignment SET kind = $2, description = $3, condition = $4, condition_version = $5, \
     delegated_identity = $6, updated = $7, updated_by = $8 WHERE name = $1",
);
static DELETE: Statement = Statement::new("role_assignment.delete", "DELETE FROM role_assignment WHERE name = $1");

#[cfg(test)]
pub(super) static ALL: &[&Statement] = &[
    &READ,
    &LINE,
    &OF_PRINCIPAL,
    &OF_PRINCIPAL_AT,
    &OF_PRINCIPAL_AFTER,
    &IN_SPAN,
    &OF_ROLE,
    &INSERT,
    &UPDATE,
    &DELETE,
];

/// A run of scopes that lie side by side in the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeSpan {
    from: String,
    to: String,
}

impl ScopeSpan {
    /// One scope alone.
    #[must_use]
    pub fn exactly(scope: &ArmScope) -> Self {
        // No scope has a control character in it.
        Self { from: scope.key().to_owned(), to: format!("{}\u{1}", scope.key()) }
    }

    /// Everything below a scope by path; below the root, all but the root.
    #[must_use]
    pub fn below(scope: &ArmScope) -> Self {
        let path = scope.key().trim_end_matches('/');
        Self { from: format!("{path}/\u{1}"), to: format!("{path}0") }
    }

    /// Where it begins: spans are walked through in this order.
    #[must_use]
    pub fn start(&self) -> &str {
        &self.from
    }

    /// Where a list that goes on after a row begins in the span: behind this scope and id.
    pub(super) fn from<'c>(&'c self, after: Option<&'c ScopeCursor>) -> (&'c str, Uuid) {
        match after {
            Some(after) if after.scope >= self.from => (&after.scope, after.name),
            Some(_) | None => (&self.from, Uuid::nil()),
        }
    }

    /// Where it ends: the first text beyond.
    #[must_use]
    pub fn end(&self) -> &str {
        &self.to
    }
}

/// Where a list goes on: after the row at this scope with this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeCursor {
    /// Key of the scope.
    pub scope: String,
    /// Name of the row, or whatever else tells rows of one scope apart.
    pub name: Uuid,
}

impl Tx {
    /// A role assignment by its name.
    ///
    /// # Errors
    /// As any statement.
    pub async fn role_assignment(&mut self, name: Uuid) -> Result<Option<Assignment>, Fault> {
        let found = self.first("role_assignment", &READ, vec![name.into()]).await?;
        found.map(|mut row| assignment(&mut row)).transpose()
    }

    /// The assignment of a principal to a role at exactly this scope.
    ///
    /// # Errors
    /// As any statement.
    pub async fn role_assignment_on(
        &mut self,
        principal: PrincipalId,
        scope: &ArmScope,
        definition: Uuid,
    ) -> Result<Option<Assignment>, Fault> {
        let values = vec![principal.into(), scope.key().into(), definition.into()];
        let found = self.first("role_assignment", &LINE, values).await?;
        found.map(|mut row| assignment(&mut row)).transpose()
    }

    /// What these principals hold, everywhere, in no particular order.
    ///
    /// # Errors
    /// As any statement.
    pub async fn role_assignments_of(
        &mut self,
        principals: impl IntoIterator<Item = Uuid>,
    ) -> Result<Vec<Assignment>, Fault> {
        let values: Vec<Vec<Value>> = principals.into_iter().map(|id| vec![id.into()]).collect();
        let rows = self.session.many(&OF_PRINCIPAL, values).await?;
        rows.into_iter().flatten().map(|row| assignment(&mut Reader::new("role_assignment", row))).collect()
    }

    /// What these principals hold at exactly these scopes, in no particular order.
    ///
    /// # Errors
    /// As any statement.
    pub async fn role_assignments_at(
        &mut self,
        principals: impl IntoIterator<Item = Uuid>,
        scopes: &[ArmScope],
    ) -> Result<Vec<Assignment>, Fault> {
        let at = |id: Uuid| scopes.iter().map(move |scope| vec![id.into(), scope.key().into()]);
        let values: Vec<Vec<Value>> = principals.into_iter().flat_map(at).collect();
        let rows = self.session.many(&OF_PRINCIPAL_AT, values).await?;
        rows.into_iter().flatten().map(|row| assignment(&mut Reader::new("role_assignment", row))).collect()
    }

    /// What one principal holds, by scope and role, after the row at a scope for a role; at most `limit`.
    ///
    /// # Errors
    /// As any statement.
    pub async fn role_assignments_of_after(
        &mut self,
        principal: PrincipalId,
        after: Option<&ScopeCursor>,
        limit: u32,
    ) -> Result<Vec<Assignment>, Fault> {
        let (scope, definition) = after.map_or(("", Uuid::nil()), |after| (after.scope.as_str(), after.name));
        let values = vec![principal.into(), scope.into(), definition.into(), limit.into()];
        self.all("role_assignment", &OF_PRINCIPAL_AFTER, values, assignment).await
    }

    /// Assignments in a span of scopes, by scope and name; at most `limit`.
    ///
    /// # Errors
    /// As any statement.
    pub async fn role_assignments_in(
        &mut self,
        span: &ScopeSpan,
        after: Option<&ScopeCursor>,
        limit: u32,
    ) -> Result<Vec<Assignment>, Fault> {
        let (from, name) = span.from(after);
        let values = vec![from.into(), name.into(), span.to.as_str().into(), limit.into()];
        self.all("role_assignment", &IN_SPAN, values, assignment).await
    }

    /// Is the role assigned to anybody?
    ///
    /// # Errors
    /// As any statement.
    pub async fn is_role_assigned(&mut self, definition: Uuid) -> Result<bool, Fault> {
        Ok(self.first("role_assignment", &OF_ROLE, vec![definition.into()]).await?.is_some())
    }

    /// Stores a new assignment.
    ///
    /// # Errors
    /// [`Fault::Conflict`] on `role_assignment` or `role_assignment_line` when name or line is taken.
    pub async fn insert_role_assignment(&mut self, one: &Assignment) -> Result<(), Fault> {
        let content = one.content.clone();
        let values = vec![
            one.name.into(),
            one.scope.as_str().into(),
            one.scope.key().into(),
            one.definition.into(),
            one.principal.into(),
            code::of(one.kind),
            content.description.into(),
            content.condition.into(),
            content.condition_version.into(),
            content.delegated_identity.into(),
            one.created.into(),
            one.updated.into(),
            one.created_by.into(),
            one.updated_by.into(),
        ];
        self.configure(&INSERT, values).await.map(drop)
    }

    /// Stores the changed content of an assignment.
    ///
    /// # Errors
    /// As any statement.
    pub async fn update_role_assignment(&mut self, one: &Assignment) -> Result<bool, Fault> {
        let content = one.content.clone();
        let values = vec![
            one.name.into(),
            code::of(one.kind),
            content.description.into(),
            content.condition.into(),
            content.condition_version.into(),
            content.delegated_identity.into(),
            one.updated.into(),
            one.updated_by.into(),
        ];
        self.configure(&UPDATE, values).await
    }

    /// Deletes an assignment; false when it is not there.
    ///
    /// # Errors
    /// As any statement.
    pub async fn delete_role_assignment(&mut self, name: Uuid) -> Result<bool, Fault> {
        self.configure(&DELETE, vec![name.into()]).await
    }
}

fn assignment(row: &mut Reader) -> Result<Assignment, Fault> {
    let name = row.uuid("name")?;
    let scope = super::row::scope(row, "scope")?;
    let (definition, principal) = (row.uuid("definition")?, row.id("principal")?);
    let kind = code::read(row, "kind")?;
    let content = AssignmentContent {
        description: row.text_or_null("description")?,
        condition: row.text_or_null("condition")?,
        condition_version: row.text_or_null("condition_version")?,
        delegated_identity: row.text_or_null("delegated_identity")?,
    };
    Ok(Assignment {
        name,
        scope,
        definition,
        principal,
        kind,
        content,
        created: row.instant("created")?,
        updated: row.instant("updated")?,
        created_by: row.uuid_or_null("created_by")?,
        updated_by: row.uuid_or_null("updated_by")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_hold_what_their_names_say() {
        let scope = |text: &str| text.parse::<ArmScope>().unwrap();
        let holds = |span: &ScopeSpan, text: &str| {
            let key = scope(text).key().to_owned();
            key >= span.from && key < span.to
        };
        let sub = "/subscriptions/5f5a7e2a-0000-4000-8000-00000000000a";
        let group = format!("{sub}/resourceGroups/g");
        let (other, below) = (format!("{group}-2"), format!("{group}/providers/Microsoft.X/y/z"));
        let exactly = ScopeSpan::exactly(&scope(&group));
        assert!(
            holds(&exactly, &group) && !holds(&exactly, &other) && !holds(&exactly, &below) && !holds(&exactly, sub)
        );
        let beneath = ScopeSpan::below(&scope(&group));
        assert!(holds(&beneath, &below) && !holds(&beneath, &group) && !holds(&beneath, &other));
        let all = ScopeSpan::below(&ArmScope::root());
        assert!(holds(&all, sub) && holds(&all, &below) && !holds(&all, "/"));
        assert!(holds(&ScopeSpan::exactly(&ArmScope::root()), "/"));
    }
}
