//! What of an entity set may be filtered, and by what type.

use crate::query::Query;
use crate::{Dialect, Expr, FilterError, Predicate};

/// Type of a field: which literals and operators it takes, and how values compare (PAM 8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `datetime`, `datetimeoffset`; compared as UTC instants.
    Instant,
    /// Quoted text; ordinal and case-sensitive.
    Text,
    /// `guid'…'` or the same quoted; equality only.
    Guid,
    /// As [`Guid`](Self::Guid), addressed as `Name/Value`.
    WrappedGuid,
    /// Numbers, bare or as quoted digits; numeric.
    Duration,
    /// `true`, `false`; equality only.
    Bool,
    /// `datetime`; only its time part counts.
    TimeOfDay,
}

/// One filterable field. `F` is the face's own name for it.
#[derive(Clone, Copy, Debug)]
pub struct Field<F: 'static> {
    name: &'static str,
    field: F,
    kind: Kind,
    nullable: bool,
    aliases: &'static [&'static str],
}

impl<F> Field<F> {
    /// A field that is never null. `name` is the spelling of the wire.
    pub const fn new(name: &'static str, field: F, kind: Kind) -> Self {
        Self { name, field, kind, nullable: false, aliases: &[] }
    }

    /// The same field, with rows that may have no value.
    #[must_use]
    pub const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// The same field, known by other names as well.
    #[must_use]
    pub const fn aliases(mut self, names: &'static [&'static str]) -> Self {
        self.aliases = names;
        self
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn is_nullable(&self) -> bool {
        self.nullable
    }
}

impl<F: Copy> Field<F> {
    pub(crate) fn id(&self) -> F {
        self.field
    }
}

/// The allow-list of an entity set: what is not listed does not exist.
///
/// ```
/// use ephor_odata::{EntitySet, Field, Kind};
///
/// #[derive(Clone, Copy, Debug, PartialEq)]
/// enum Request { Id, Status, Expiration }
///
/// const REQUESTS: EntitySet<Request> = EntitySet::new(&[
///     Field::new("RequestId", Request::Id, Kind::Guid),
///     Field::new("RequestStatus", Request::Status, Kind::Text).aliases(&["RequestedStatus"]),
///     Field::new("ExpirationTime", Request::Expiration, Kind::Instant),
/// ]);
///
/// let predicate = REQUESTS.from_query("%24filter=RequestedStatus+eq+%27Active%27").unwrap().unwrap();
/// assert_eq!(predicate.conjuncts().next().unwrap().field, Request::Status);
/// assert_eq!(REQUESTS.from_query("v=1").unwrap(), None);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct EntitySet<F: 'static> {
    fields: &'static [Field<F>],
}

impl<F: Copy> EntitySet<F> {
    /// An entity set with these fields.
    #[must_use]
    pub const fn new(fields: &'static [Field<F>]) -> Self {
        Self { fields }
    }

    /// The predicate of the `$filter` option of a raw query string (without `?`); `None` if there is none or an
    /// empty one.
    ///
    /// # Errors
    /// Any [`FilterError`]: a filter that is not understood in full is refused, never dropped.
    pub fn from_query(&self, raw_query: &str) -> Result<Option<Predicate<F>>, FilterError> {
        Query::new(raw_query).filter()?.map(|text| self.filter(Dialect::V3, &text)).transpose()
    }

    /// Reads and binds a filter text.
    ///
    /// # Errors
    /// Those of [`Expr::parse`] and [`bind`](Self::bind).
    pub fn filter(&self, dialect: Dialect, text: &str) -> Result<Predicate<F>, FilterError> {
        self.bind(&Expr::parse(dialect, text)?)
    }

    /// The field of this name: exact spelling first, then in any letter case, then the aliases (PAM 8).
    pub(crate) fn resolve(&self, name: &str) -> Option<&'static Field<F>> {
        let find = |found: &dyn Fn(&Field<F>) -> bool| self.fields.iter().find(|field| found(field));
        find(&|field| field.name == name)
            .or_else(|| find(&|field| field.name.eq_ignore_ascii_case(name)))
            .or_else(|| find(&|field| field.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))))
    }
}

#[cfg(test)]
mod tests {
    use super::{EntitySet, Field, Kind};

    #[test]
    fn names_resolve_exactly_then_in_any_case_then_as_alias() {
        const SET: EntitySet<u8> = EntitySet::new(&[
            Field::new("status", 1, Kind::Text).aliases(&["STATE", "phase"]),
            Field::new("Status", 2, Kind::Text),
            Field::new("State", 3, Kind::Text),
        ]);
        for (name, field) in [
            ("status", Some(1)),
            ("Status", Some(2)),
            ("STATUS", Some(1)),
            ("STATE", Some(3)),
            ("Phase", Some(1)),
            ("Statu", None),
            ("", None),
        ] {
            assert_eq!(SET.resolve(name).map(Field::id), field, "{name}");
        }
    }
}
