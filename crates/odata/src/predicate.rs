//! A filter with names resolved and types checked.

use jiff::civil::Time;
use uuid::Uuid;

use crate::ast::Op;
use crate::{Decimal, Instant};

/// Decides rows; made by [`EntitySet::bind`](crate::EntitySet::bind). `F` is the face's field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Predicate<F> {
    /// All must hold.
    And(Vec<Predicate<F>>),
    /// One must hold.
    Or(Vec<Predicate<F>>),
    /// Must not hold. Conditions are true or false, never unknown, also for null.
    Not(Box<Predicate<F>>),
    /// One comparison.
    Condition(Condition<F>),
    /// The same for every row: null compared with a field that is never null.
    Constant(bool),
}

/// `field op operand`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition<F> {
    /// The field compared.
    pub field: F,
    /// The operator; only `eq` and `ne` for null, identifiers and booleans.
    pub op: Op,
    /// What it is compared with, of the field's kind or null.
    pub operand: Operand,
}

/// A literal in the type of its field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operand {
    /// For instants.
    Instant(Instant),
    /// For text.
    Text(String),
    /// For identifiers, wrapped or not.
    Guid(Uuid),
    /// For durations, in seconds; may be negative or fractional.
    Number(Decimal),
    /// For booleans.
    Bool(bool),
    /// For times of day, wall clock.
    Time(Time),
    /// No value.
    Null,
}

impl<F> Predicate<F> {
    /// The conditions that every matching row meets, in the order written.
    ///
    /// A store may use them as bounds. They need not be all of the predicate: rows found so must still be decided.
    pub fn conjuncts(&self) -> Conjuncts<'_, F> {
        Conjuncts { pending: vec![self] }
    }

    /// Whether the [`conjuncts`](Self::conjuncts) are the whole predicate, so that a store that applied each of them
    /// exactly has nothing left to decide.
    #[must_use]
    pub fn is_conjunction(&self) -> bool {
        match self {
            Self::And(terms) => terms.iter().all(Self::is_conjunction),
            Self::Condition(_) | Self::Constant(true) => true,
            Self::Or(_) | Self::Not(_) | Self::Constant(false) => false,
        }
    }
}

/// Iterator of [`Predicate::conjuncts`].
#[derive(Clone, Debug)]
pub struct Conjuncts<'p, F> {
    pending: Vec<&'p Predicate<F>>,
}

impl<'p, F> Iterator for Conjuncts<'p, F> {
    type Item = &'p Condition<F>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(predicate) = self.pending.pop() {
            match predicate {
                Predicate::Condition(condition) => return Some(condition),
                Predicate::And(terms) => self.pending.extend(terms.iter().rev()),
                Predicate::Or(_) | Predicate::Not(_) | Predicate::Constant(_) => {}
            }
        }
        None
    }
}
