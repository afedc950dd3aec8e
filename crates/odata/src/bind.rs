//! Tree to predicate: names resolved, every type rule of PAM 8 checked.

use crate::ast::{Comparison, Literal, Op};
use crate::predicate::{Condition, Operand, Predicate};
use crate::schema::{EntitySet, Field, Kind};
use crate::{Decimal, Expr, FilterError, guid};

/// The only member a wrapped identifier has.
const WRAPPED_MEMBER: &str = "Value";

impl<F: Copy> EntitySet<F> {
    /// Types a tree against the fields of this set. What it returns decides any row without failing.
    ///
    /// # Errors
    /// [`FilterError::UnknownProperty`], [`UnsupportedOperator`](FilterError::UnsupportedOperator),
    /// [`TypeMismatch`](FilterError::TypeMismatch), [`NullOrdering`](FilterError::NullOrdering).
    pub fn bind(&self, expr: &Expr) -> Result<Predicate<F>, FilterError> {
        let all = |terms: &[Expr]| terms.iter().map(|term| self.bind(term)).collect::<Result<Vec<_>, _>>();
        Ok(match expr {
            Expr::And(terms) => Predicate::And(all(terms)?),
            Expr::Or(terms) => Predicate::Or(all(terms)?),
            Expr::Not(inner) => Predicate::Not(Box::new(self.bind(inner)?)),
            Expr::Compare(comparison) => self.bind_comparison(comparison)?,
        })
    }

    fn bind_comparison(&self, comparison: &Comparison) -> Result<Predicate<F>, FilterError> {
        let field = self.resolve_path(comparison)?;
        let op = comparison.op;
        let operand = operand(field, comparison)?;
        if operand == Operand::Null && !field.is_nullable() {
            return Ok(Predicate::Constant(op == Op::Ne));
        }
        Ok(Predicate::Condition(Condition { field: field.id(), op, operand }))
    }

    fn resolve_path(&self, comparison: &Comparison) -> Result<&'static Field<F>, FilterError> {
        let (path, at) = (&comparison.path, comparison.at);
        let field = self.resolve(&path.name).ok_or(FilterError::UnknownProperty { offset: at.path })?;
        let has_value = field.kind() == Kind::WrappedGuid;
        match path.members.as_slice() {
            [] if !has_value => Ok(field),
            // The whole object has no order and no literal.
            [] => Err(FilterError::TypeMismatch { offset: at.literal }),
            [member] if has_value && member.eq_ignore_ascii_case(WRAPPED_MEMBER) => Ok(field),
            _ => Err(FilterError::UnknownProperty { offset: at.path + path.name.len() + 1 }),
        }
    }
}

/// The literal as the field's type has it.
fn operand<F>(field: &Field<F>, comparison: &Comparison) -> Result<Operand, FilterError> {
    let (literal, ordering, at) = (&comparison.literal, comparison.op.is_ordering(), comparison.at);
    if *literal == Literal::Null {
        return if ordering { Err(FilterError::NullOrdering { offset: at.op }) } else { Ok(Operand::Null) };
    }
    let (operand, ordered) = match field.kind() {
        Kind::Instant => (instant(literal), true),
        Kind::Text => (text(literal), true),
        Kind::Guid | Kind::WrappedGuid => (identifier(literal), false),
        Kind::Duration => (seconds(literal), true),
        Kind::Bool => (boolean(literal), false),
        Kind::TimeOfDay => (time_of_day(literal), true),
    };
    let operand = operand.ok_or(FilterError::TypeMismatch { offset: at.literal })?;
    if ordering && !ordered {
        return Err(FilterError::UnsupportedOperator { offset: at.op });
    }
    Ok(operand)
}

fn instant(literal: &Literal) -> Option<Operand> {
    match literal {
        Literal::DateTime(value) | Literal::DateTimeOffset(value) => Some(Operand::Instant(value.instant())),
        Literal::String(_) | Literal::Number(_) | Literal::Guid(_) | Literal::Bool(_) | Literal::Null => None,
    }
}

fn text(literal: &Literal) -> Option<Operand> {
    if let Literal::String(value) = literal { Some(Operand::Text(value.clone())) } else { None }
}

fn identifier(literal: &Literal) -> Option<Operand> {
    match literal {
        Literal::Guid(value) => Some(Operand::Guid(*value)),
        Literal::String(value) => guid::parse(value).map(Operand::Guid),
        Literal::Number(_) | Literal::DateTime(_) | Literal::DateTimeOffset(_) | Literal::Bool(_) | Literal::Null => {
            None
        }
    }
}

fn seconds(literal: &Literal) -> Option<Operand> {
    match literal {
        Literal::Number(value) => Some(Operand::Number(value.clone())),
        Literal::String(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
            Decimal::parse(digits).map(Operand::Number)
        }
        Literal::String(_)
        | Literal::DateTime(_)
        | Literal::DateTimeOffset(_)
        | Literal::Guid(_)
        | Literal::Bool(_)
        | Literal::Null => None,
    }
}

fn boolean(literal: &Literal) -> Option<Operand> {
    if let Literal::Bool(value) = literal { Some(Operand::Bool(*value)) } else { None }
}

fn time_of_day(literal: &Literal) -> Option<Operand> {
    if let Literal::DateTime(value) = literal { Some(Operand::Time(value.time())) } else { None }
}
