//! Deciding rows (PAM 8).

use std::cmp::Ordering;

use jiff::civil::Time;
use uuid::Uuid;

use crate::ast::Op;
use crate::predicate::{Condition, Operand, Predicate};
use crate::{Decimal, Instant};

/// A row that a predicate can be asked about.
pub trait Row<F> {
    /// The value of a field, of the kind its entity set declares.
    fn value(&self, field: F) -> Value<'_>;
}

/// A row's value of one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'r> {
    /// A point in time, [`Instant::Unset`] where the wire shows the sentinel.
    Instant(Instant),
    /// Text, or use [`Value::text`].
    Text(&'r str),
    /// An identifier, wrapped or not.
    Guid(Uuid),
    /// A duration in whole seconds.
    Seconds(i128),
    /// A flag.
    Bool(bool),
    /// A time of day; midnight where the wire shows the sentinel.
    Time(Time),
    /// No value.
    Null,
}

impl<'r> Value<'r> {
    /// Text that may be absent.
    #[must_use]
    pub fn text(text: Option<&'r str>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}

impl<F: Copy> Predicate<F> {
    /// Whether the row stays.
    ///
    /// Null equals null only; it is unequal to every value and has no order. A value of another kind than declared
    /// meets no condition.
    #[must_use]
    pub fn matches(&self, row: &impl Row<F>) -> bool {
        match self {
            Self::And(terms) => terms.iter().all(|term| term.matches(row)),
            Self::Or(terms) => terms.iter().any(|term| term.matches(row)),
            Self::Not(inner) => !inner.matches(row),
            Self::Condition(condition) => condition.holds(row.value(condition.field)),
            Self::Constant(verdict) => *verdict,
        }
    }
}

impl<F> Condition<F> {
    fn holds(&self, value: Value<'_>) -> bool {
        match (value, &self.operand) {
            (Value::Null, Operand::Null) => self.op == Op::Eq,
            (Value::Null, _) | (_, Operand::Null) => self.op == Op::Ne,
            (value, operand) => compare(value, operand).is_some_and(|order| accepts(self.op, order)),
        }
    }
}

/// The value against the operand; `None` if they are of different kinds.
fn compare(value: Value<'_>, operand: &Operand) -> Option<Ordering> {
    match (value, operand) {
        (Value::Instant(value), Operand::Instant(operand)) => Some(value.cmp(operand)),
        (Value::Text(value), Operand::Text(operand)) => Some(value.cmp(operand.as_str())),
        (Value::Guid(value), Operand::Guid(operand)) => Some(value.cmp(operand)),
        (Value::Seconds(value), Operand::Number(operand)) => Some(compare_whole(value, operand)),
        (Value::Bool(value), Operand::Bool(operand)) => Some(value.cmp(operand)),
        (Value::Time(value), Operand::Time(operand)) => Some(value.cmp(operand)),
        _ => None,
    }
}

/// A whole number against a decimal, without rounding.
fn compare_whole(value: i128, operand: &Decimal) -> Ordering {
    value.cmp(&operand.floor()).then(if operand.is_whole() { Ordering::Equal } else { Ordering::Less })
}

fn accepts(op: Op, order: Ordering) -> bool {
    match op {
        Op::Eq => order.is_eq(),
        Op::Ne => order.is_ne(),
        Op::Gt => order.is_gt(),
        Op::Lt => order.is_lt(),
        Op::Ge => order.is_ge(),
        Op::Le => order.is_le(),
    }
}
