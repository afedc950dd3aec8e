//! The syntax tree of a filter, one for all dialects.

use std::fmt::{self, Display as _};

use uuid::Uuid;

use crate::{DateTime, Decimal};

/// A filter as written: names are not resolved and types not checked. `Display` writes the shortest text that reads
/// back as the same tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// `a and b and …`, at least two.
    And(Vec<Expr>),
    /// `a or b or …`, at least two.
    Or(Vec<Expr>),
    /// `not (a)`
    Not(Box<Expr>),
    /// `path op literal`
    Compare(Comparison),
}

/// `path op literal`. Two comparisons are equal wherever they stand in their texts.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// Left side.
    pub path: Path,
    /// Operator.
    pub op: Op,
    /// Right side.
    pub literal: Literal,
    /// Where the three stand.
    pub at: Positions,
}

impl PartialEq for Comparison {
    fn eq(&self, other: &Self) -> bool {
        (&self.path, self.op, &self.literal) == (&other.path, other.op, &other.literal)
    }
}

impl Eq for Comparison {}

/// Byte offsets of the parts of a comparison in the filter text.
#[derive(Clone, Copy, Debug, Default)]
pub struct Positions {
    /// First byte of the path.
    pub path: usize,
    /// First byte of the operator.
    pub op: usize,
    /// First byte of the literal.
    pub literal: usize,
}

/// Name of a property, with the names of members below it: `RequestorID/Value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The property.
    pub name: String,
    /// The members below it, outermost first.
    pub members: Vec<String>,
}

/// A comparison operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// `eq`
    Eq,
    /// `ne`
    Ne,
    /// `gt`
    Gt,
    /// `lt`
    Lt,
    /// `ge`
    Ge,
    /// `le`
    Le,
}

impl Op {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Eq, Self::Ne, Self::Gt, Self::Lt, Self::Ge, Self::Le];

    /// The wire spelling.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Gt => "gt",
            Self::Lt => "lt",
            Self::Ge => "ge",
            Self::Le => "le",
        }
    }

    /// Whether the operator asks for an order, not only for equality.
    #[must_use]
    pub fn is_ordering(self) -> bool {
        !matches!(self, Self::Eq | Self::Ne)
    }
}

/// A constant of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// `'text'`, without its quotes and with doubled quotes undone.
    String(String),
    /// `-12.5L`; the suffix only named a machine type and is dropped.
    Number(Decimal),
    /// `datetime'…'`
    DateTime(DateTime),
    /// `datetimeoffset'…'`
    DateTimeOffset(DateTime),
    /// `guid'…'`
    Guid(Uuid),
    /// `true`, `false`
    Bool(bool),
    /// `null`
    Null,
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(terms) => join(f, " and ", terms, |term| matches!(term, Self::And(_) | Self::Or(_))),
            Self::Or(terms) => join(f, " or ", terms, |term| matches!(term, Self::Or(_))),
            Self::Not(inner) if matches!(**inner, Self::Not(_)) => write!(f, "not {inner}"),
            Self::Not(inner) => write!(f, "not ({inner})"),
            Self::Compare(comparison) => comparison.fmt(f),
        }
    }
}

fn join(f: &mut fmt::Formatter<'_>, word: &str, terms: &[Expr], bracketed: fn(&Expr) -> bool) -> fmt::Result {
    for (index, term) in terms.iter().enumerate() {
        if index > 0 {
            f.write_str(word)?;
        }
        if bracketed(term) { write!(f, "({term})")? } else { term.fmt(f)? }
    }
    Ok(())
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.path, self.op.word(), self.literal)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.members.iter().try_for_each(|member| write!(f, "/{member}"))
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String(text) => write!(f, "'{}'", text.replace('\'', "''")),
            Self::Number(number) => number.fmt(f),
            Self::DateTime(value) => write!(f, "datetime'{value}'"),
            Self::DateTimeOffset(value) => write!(f, "datetimeoffset'{value}'"),
            Self::Guid(value) => write!(f, "guid'{value}'"),
            Self::Bool(value) => value.fmt(f),
            Self::Null => f.write_str("null"),
        }
    }
}
