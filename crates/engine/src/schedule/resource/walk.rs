//! Rows of a list, one after the other, page by page from the index: first what was written directly, then what schedules
//! give; of each by principal or by scope.

use std::collections::{BTreeSet, VecDeque};

use ephor_domain::{
    entitlement::EntitlementKey,
    grant::GrantKind,
    id::PrincipalId,
    policy::Kind,
    provider::{Provider, Status},
    resource::Assignment,
    scope::ArmScope,
};
use ephor_store::{
    Fault, Tx,
    tx::{
        line::{LineRow, Lines, line_id},
        role_assignment::{ScopeCursor, ScopeSpan},
    },
};
use jiff::Timestamp;
use uuid::Uuid;

use crate::schedule::view::ScheduleView;

/// Where a list goes on: after this row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowCursor {
    /// The row was written directly.
    pub direct: bool,
    /// Whose it is, where the list goes by principal; nil where it goes by scope.
    pub principal: Uuid,
    /// Key of its scope.
    pub scope: String,
    /// What tells it from others.
    pub id: Uuid,
}

impl RowCursor {
    fn at(&self) -> ScopeCursor {
        ScopeCursor { scope: self.scope.clone(), name: self.id }
    }
}

/// A row as the index has it.
#[derive(Debug, Clone)]
pub(crate) enum Row {
    /// Written directly.
    Direct(Box<Assignment>),
    /// By schedule; over by the clock, perhaps.
    Scheduled(Box<LineRow>),
}

impl Row {
    /// Where it is.
    pub(crate) fn scope(&self) -> Option<ArmScope> {
        match self {
            Self::Direct(one) => Some(one.scope.clone()),
            Self::Scheduled(row) => row.line.scope.parse().ok(),
        }
    }

    /// The schedule that it shows as; `None` when it is over.
    pub(super) fn view(self, now: Timestamp) -> Result<Option<ScheduleView>, Fault> {
        match self {
            Self::Direct(one) => Ok(Some(direct_view(*one))),
            Self::Scheduled(row) => ScheduleView::of(*row, now),
        }
    }
}

#[derive(Debug, Clone)]
enum Of {
    Principal(PrincipalId),
    Span(ScopeSpan),
}

#[derive(Debug, Clone)]
struct Source {
    direct: bool,
    of: Of,
}

/// A walk through the index.
#[derive(Debug)]
pub(crate) struct Walk {
    kind: Kind,
    sources: VecDeque<Source>,
    after: Option<RowCursor>,
    buffer: VecDeque<(RowCursor, Row)>,
    batch: u32,
}

impl Walk {
    /// Everything that these principals have, from a place on.
    pub(crate) fn by_principal(kind: Kind, of: &BTreeSet<Uuid>, after: Option<RowCursor>, batch: u32) -> Self {
        let of = of.iter().map(|id| Of::Principal(PrincipalId::new(*id))).collect();
        Self::through(kind, of, after, batch)
    }

    /// Everything in these spans of scopes, which are in order, from a place on.
    pub(crate) fn by_scope(kind: Kind, of: Vec<ScopeSpan>, after: Option<RowCursor>, batch: u32) -> Self {
        Self::through(kind, of.into_iter().map(Of::Span).collect(), after, batch)
    }

    fn through(kind: Kind, of: Vec<Of>, after: Option<RowCursor>, batch: u32) -> Self {
        let source = |direct: bool| move |of| Source { direct, of };
        let direct = of.iter().filter(|_| kind == Kind::Assignment).cloned().map(source(true));
        let sources = direct.chain(of.iter().cloned().map(source(false)));
        let sources = sources.filter(|source| after.as_ref().is_none_or(|after| !source.is_over(after))).collect();
        Self { kind, sources, after, buffer: VecDeque::new(), batch: batch.max(1) }
    }

    /// The next row, and the place behind it.
    pub(crate) async fn next(&mut self, tx: &mut Tx) -> Result<Option<(RowCursor, Row)>, Fault> {
        loop {
            if let Some(row) = self.buffer.pop_front() {
                return Ok(Some(row));
            }
            let Some(source) = self.sources.front() else { return Ok(None) };
            let after = self.after.take().filter(|after| source.holds(after));
            let rows = source.read(tx, self.kind, after.as_ref(), self.batch).await?;
            if rows.len() < self.batch as usize {
                self.sources.pop_front();
            } else {
                self.after = rows.last().map(|(cursor, _)| cursor.clone());
            }
            self.buffer = rows.into();
        }
    }
}

impl Source {
    /// Nothing behind the place is of this source.
    fn is_over(&self, after: &RowCursor) -> bool {
        match &self.of {
            _ if self.direct != after.direct => self.direct,
            Of::Principal(principal) => principal.uuid() < after.principal,
            Of::Span(span) => span.end() <= after.scope.as_str(),
        }
    }

    /// The place is in this source.
    fn holds(&self, after: &RowCursor) -> bool {
        self.direct == after.direct
            && match &self.of {
                Of::Principal(principal) => principal.uuid() == after.principal,
                Of::Span(span) => span.start() <= after.scope.as_str(),
            }
    }

    async fn read(
        &self,
        tx: &mut Tx,
        kind: Kind,
        after: Option<&RowCursor>,
        limit: u32,
    ) -> Result<Vec<(RowCursor, Row)>, Fault> {
        let at = after.map(RowCursor::at);
        let mut found = Vec::new();
        match (&self.of, self.direct) {
            (Of::Principal(principal), true) => {
                for one in tx.role_assignments_of_after(*principal, at.as_ref(), limit).await? {
                    found.push((direct_cursor(&one, principal.uuid(), one.definition), Row::Direct(Box::new(one))));
                }
            }
            (Of::Span(span), true) => {
                for one in tx.role_assignments_in(span, at.as_ref(), limit).await? {
                    found.push((direct_cursor(&one, Uuid::nil(), one.name), Row::Direct(Box::new(one))));
                }
            }
            (Of::Principal(principal), false) => {
                let after = after.map(|after| after.id);
                for row in tx.lines(Provider::Resources, kind, &Lines::Of(*principal), after, limit).await? {
                    found.push((cursor(&row, principal.uuid()), Row::Scheduled(Box::new(row))));
                }
            }
            (Of::Span(span), false) => {
                for row in tx.lines_in(Provider::Resources, kind, span, at.as_ref(), limit).await? {
                    found.push((cursor(&row, Uuid::nil()), Row::Scheduled(Box::new(row))));
                }
            }
        }
        Ok(found)
    }
}

fn direct_cursor(one: &Assignment, principal: Uuid, id: Uuid) -> RowCursor {
    RowCursor { direct: true, principal, scope: one.scope.key().to_owned(), id }
}

fn cursor(row: &LineRow, principal: Uuid) -> RowCursor {
    RowCursor { direct: false, principal, scope: row.line.scope.clone(), id: row.line.id }
}

/// A role assignment that was written directly, as a schedule without end and without request.
pub(super) fn direct_view(one: Assignment) -> ScheduleView {
    let key = EntitlementKey::Resource { definition: one.definition, scope: one.scope };
    ScheduleView {
        line: line_id(one.principal, key.id(), Kind::Assignment),
        kind: Kind::Assignment,
        key,
        principal: one.principal,
        via: None,
        schedule: one.name,
        instance: one.name,
        how: GrantKind::Assigned,
        start: Some(one.created),
        end: None,
        created: Some(one.created),
        modified: Some(one.updated),
        made_by: None,
        rests_on: None,
        status: Status::Provisioned,
        in_force: true,
        grant: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(of: &str) -> Of {
        Of::Span(ScopeSpan::exactly(&of.parse().unwrap()))
    }

    fn cursor(direct: bool, principal: u128, scope: &str) -> RowCursor {
        RowCursor { direct, principal: Uuid::from_u128(principal), scope: scope.to_owned(), id: Uuid::nil() }
    }

    #[test]
    fn a_walk_goes_on_in_the_source_that_it_left() {
        let group = |name: &str| format!("/providers/Microsoft.Management/managementGroups/{name}");
        let key = |name: &str| group(name).to_lowercase();
        let source = |direct, name: &str| Source { direct, of: span(&group(name)) };
        // Direct rows come first, and both in the order of scopes.
        for (one, after, over, holds) in [
            (source(true, "b"), cursor(true, 0, &key("a")), false, false),
            (source(true, "b"), cursor(true, 0, &key("b")), false, true),
            (source(true, "b"), cursor(true, 0, &key("c")), true, true),
            (source(true, "b"), cursor(false, 0, &key("a")), true, false),
            (source(false, "b"), cursor(true, 0, &key("z")), false, false),
            (source(false, "b"), cursor(false, 0, &key("b")), false, true),
        ] {
            assert_eq!((one.is_over(&after), one.holds(&after)), (over, holds), "{one:?} {after:?}");
        }
        let of = |direct, id| Source { direct, of: Of::Principal(PrincipalId::new(Uuid::from_u128(id))) };
        for (one, after, over, holds) in [
            (of(true, 2), cursor(true, 1, "/"), false, false),
            (of(true, 2), cursor(true, 2, "/"), false, true),
            (of(true, 2), cursor(true, 3, "/"), true, false),
            (of(false, 2), cursor(true, 3, "/"), false, false),
            (of(true, 2), cursor(false, 1, "/"), true, false),
        ] {
            assert_eq!((one.is_over(&after), one.holds(&after)), (over, holds), "{one:?} {after:?}");
        }
    }
}
