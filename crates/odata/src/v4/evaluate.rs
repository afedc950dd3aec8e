//! Deciding and ordering rows, which are JSON objects with the members of their model.

use std::cmp::Ordering;

use jiff::Timestamp;
use serde_json::Value;

use super::{
    bind::{Column, Constant, Kind, Order, Predicate},
    filter::{Letters, Place, duration},
};
use crate::ast::Op;

impl Predicate {
    /// Whether the row stays. Null equals null only, is unequal to every value and has no order (`GRAPH 3.5`).
    #[must_use]
    pub fn matches(&self, row: &Value) -> bool {
        self.holds(&mut vec![row])
    }

    fn holds(&self, stack: &mut Vec<&Value>) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.holds(stack)),
            Self::Or(parts) => parts.iter().any(|part| part.holds(stack)),
            Self::Not(inner) => !inner.holds(stack),
            Self::Constant(verdict) => *verdict,
            Self::IsOf(name) => {
                let named = stack.first().and_then(|row| row.get("@odata.type")).and_then(Value::as_str);
                named.and_then(|named| named.rsplit('.').next()).is_some_and(|own| own.eq_ignore_ascii_case(name))
            }
            Self::Compare(column, op, constant) => compared(column, stack, *op, constant),
            Self::In(column, constants) => constants.iter().any(|one| compared(column, stack, Op::Eq, one)),
            Self::Match(column, place, text) => {
                let Some(Value::String(found)) = at(column, stack) else { return false };
                let found = read(column, found);
                match place {
                    Place::Start => found.starts_with(text.as_str()),
                    Place::End => found.ends_with(text.as_str()),
                    Place::Anywhere => found.contains(text.as_str()),
                }
            }
            Self::Flag(column) => at(column, stack) == Some(&Value::Bool(true)),
            Self::Any(column, body) => {
                let Some(Value::Array(elements)) = at(column, stack) else { return false };
                match body {
                    None => !elements.is_empty(),
                    Some(body) => elements.iter().any(|element| within(stack, element, body)),
                }
            }
            Self::All(column, body) => {
                let Some(Value::Array(elements)) = at(column, stack) else { return true };
                elements.iter().all(|element| within(stack, element, body))
            }
        }
    }
}

fn within<'v>(stack: &mut Vec<&'v Value>, element: &'v Value, body: &Predicate) -> bool {
    stack.push(element);
    let holds = body.holds(stack);
    stack.pop();
    holds
}

/// The value of a column; `None` for null too.
fn at<'v>(column: &Column, stack: &[&'v Value]) -> Option<&'v Value> {
    let root = *stack.get(column.level)?;
    let found = column.steps.iter().try_fold(root, |value, step| value.get(step))?;
    (!found.is_null()).then_some(found)
}

/// A text with its letters as the column reads them.
fn read(column: &Column, text: &str) -> String {
    match (column.letters, column.kind) {
        (Letters::AsIs, Kind::Text { exact: true }) => text.to_owned(),
        (Letters::AsIs, _) => text.to_lowercase(),
        (letters, _) => letters.apply(text),
    }
}

fn compared(column: &Column, stack: &[&Value], op: Op, constant: &Constant) -> bool {
    let found = at(column, stack);
    let order = match (found, constant) {
        (None, Constant::Null) => return op == Op::Eq,
        (None, _) | (_, Constant::Null) => return op == Op::Ne,
        (Some(value), constant) => order(column, value, constant),
    };
    order.map_or(op == Op::Ne, |order| match op {
        Op::Eq => order.is_eq(),
        Op::Ne => order.is_ne(),
        Op::Gt => order.is_gt(),
        Op::Lt => order.is_lt(),
        Op::Ge => order.is_ge(),
        Op::Le => order.is_le(),
    })
}

fn order(column: &Column, value: &Value, constant: &Constant) -> Option<Ordering> {
    match (value, constant) {
        (Value::String(text), Constant::Text(wanted)) => Some(read(column, text).as_str().cmp(wanted)),
        (Value::Bool(value), Constant::Bool(wanted)) => Some(value.cmp(wanted)),
        (Value::Number(number), Constant::Number(wanted)) => {
            let wanted: f64 = wanted.to_string().parse().ok()?;
            number.as_f64()?.partial_cmp(&wanted)
        }
        (Value::String(text), Constant::Instant(wanted)) => text.parse::<Timestamp>().ok().map(|at| at.cmp(wanted)),
        (Value::String(text), Constant::Duration(wanted)) => duration(text).map(|length| length.cmp(wanted)),
        _ => None,
    }
}

impl Order {
    /// Puts rows in order; what has no value comes first.
    pub fn sort(orders: &[Self], rows: &mut [Value]) {
        rows.sort_by(|one, other| {
            let mut decided = orders.iter().map(|order| {
                let found = order.compare(one, other);
                if order.descending { found.reverse() } else { found }
            });
            decided.find(|found| found.is_ne()).unwrap_or(Ordering::Equal)
        });
    }

    fn compare(&self, one: &Value, other: &Value) -> Ordering {
        let (one, other) = (at(&self.column, &[one]), at(&self.column, &[other]));
        match (one, other) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(Value::String(one)), Some(Value::String(other))) => match self.column.kind {
                Kind::Instant => one.parse::<Timestamp>().ok().cmp(&other.parse().ok()),
                Kind::Duration => duration(one).cmp(&duration(other)),
                Kind::Text { .. } | Kind::Bool | Kind::Number | Kind::Object => {
                    one.to_lowercase().cmp(&other.to_lowercase()).then_with(|| one.cmp(other))
                }
            },
            (Some(Value::Bool(one)), Some(Value::Bool(other))) => one.cmp(other),
            (Some(Value::Number(one)), Some(Value::Number(other))) => {
                one.as_f64().partial_cmp(&other.as_f64()).unwrap_or(Ordering::Equal)
            }
            _ => Ordering::Equal,
        }
    }
}
