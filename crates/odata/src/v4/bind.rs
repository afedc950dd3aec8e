//! Names resolved against a model, constants in the type of their member.

use jiff::{SignedDuration, Timestamp};

use super::{
    filter::{Filter, Letters, Literal, Operand, Path, Place, duration},
    model::{Link, Member, Model},
};
use crate::{Decimal, ast::Op};

/// Why names or types of a query do not fit the model. The texts may be shown to the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindFault {
    /// There is no such member.
    #[error("Could not find a property named '{name}' on type '{of}'.")]
    Unknown {
        /// What was asked for.
        name: String,
        /// Of which type, with its name space.
        of: String,
    },
    /// A constant of the wrong type.
    #[error("The value does not fit the type of the property '{name}'.")]
    Mismatch {
        /// The member.
        name: String,
    },
    /// A collection where one value is needed, or the other way round.
    #[error("The property '{name}' cannot be used in this way.")]
    Misused {
        /// The member.
        name: String,
    },
}

/// Sorts of values as they compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text; letter case counts where it is exact.
    Text {
        /// Letter case counts.
        exact: bool,
    },
    /// True or false.
    Bool,
    /// A number.
    Number,
    /// A point in time.
    Instant,
    /// A length of time.
    Duration,
    /// A value with members, which compares with null alone.
    Object,
}

/// A member of a row, or of an element of a collection within it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// 0 for the row; else the how-manieth enclosing `any` or `all` it belongs to.
    pub level: usize,
    /// Names as the model spells them, outermost first.
    pub steps: Vec<String>,
    /// What its values are.
    pub kind: Kind,
    /// How letters of its values are read.
    pub letters: Letters,
}

/// A constant in the type of its member.
#[derive(Debug, Clone, PartialEq)]
pub enum Constant {
    /// Text; in lower case where letter case does not count.
    Text(String),
    /// True or false.
    Bool(bool),
    /// A number.
    Number(Decimal),
    /// A point in time.
    Instant(Timestamp),
    /// A length of time.
    Duration(SignedDuration),
    /// No value.
    Null,
}

impl Constant {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Bool(_) | Self::Number(_) | Self::Instant(_) | Self::Duration(_) | Self::Null => None,
        }
    }
}

/// A filter that decides any row without failing.
#[derive(Debug, Clone, PartialEq)]
pub enum Predicate {
    /// All must hold.
    And(Vec<Predicate>),
    /// One must hold.
    Or(Vec<Predicate>),
    /// Must not hold.
    Not(Box<Predicate>),
    /// A comparison.
    Compare(Column, Op, Constant),
    /// One of several.
    In(Column, Vec<Constant>),
    /// A text within a text.
    Match(Column, Place, String),
    /// True by itself.
    Flag(Column),
    /// For some element.
    Any(Column, Option<Box<Predicate>>),
    /// For every element.
    All(Column, Box<Predicate>),
    /// The same for every row.
    Constant(bool),
    /// The row is of this type.
    IsOf(String),
}

/// One part of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// By what.
    pub column: Column,
    /// Greatest first.
    pub descending: bool,
}

impl Predicate {
    /// Resolves a filter over rows of a type.
    ///
    /// # Errors
    /// [`BindFault`].
    pub fn bind(model: &Model, of: &str, filter: &Filter) -> Result<Self, BindFault> {
        Binder { model, of, variables: Vec::new() }.filter(filter)
    }

    /// Texts one of which the member must equal for a row to be kept, if the filter says so: a store looks these up.
    #[must_use]
    pub fn equals(&self, steps: &[&str]) -> Option<Vec<&str>> {
        let is_it = |column: &Column| column.level == 0 && column.steps == steps && column.letters == Letters::AsIs;
        match self {
            Self::And(parts) => parts.iter().find_map(|part| part.equals(steps)),
            Self::Compare(column, Op::Eq, constant) if is_it(column) => constant.text().map(|text| vec![text]),
            Self::In(column, constants) if is_it(column) => constants.iter().map(Constant::text).collect(),
            Self::Compare(..)
            | Self::In(..)
            | Self::Or(_)
            | Self::Not(_)
            | Self::Match(..)
            | Self::Flag(_)
            | Self::Any(..)
            | Self::All(..)
            | Self::IsOf(_)
            | Self::Constant(_) => None,
        }
    }

    /// The text that the member must begin with for a row to be kept, if the filter says so.
    #[must_use]
    pub fn prefix(&self, steps: &[&str]) -> Option<&str> {
        match self {
            Self::And(parts) => parts.iter().find_map(|part| part.prefix(steps)),
            Self::Match(column, Place::Start, text) if column.level == 0 && column.steps == steps => Some(text),
            Self::Match(..)
            | Self::Or(_)
            | Self::Not(_)
            | Self::Compare(..)
            | Self::In(..)
            | Self::Flag(_)
            | Self::Any(..)
            | Self::All(..)
            | Self::IsOf(_)
            | Self::Constant(_) => None,
        }
    }

    /// Navigations of the row that must be known before it can be decided.
    #[must_use]
    pub fn needs(&self, model: &Model, of: &str) -> Vec<String> {
        let mut found = Vec::new();
        self.visit(&mut |column| found.extend(navigation(model, of, column)));
        found
    }

    fn visit(&self, look: &mut impl FnMut(&Column)) {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.visit(look)),
            Self::Not(inner) => inner.visit(look),
            Self::Compare(column, ..) | Self::In(column, _) | Self::Match(column, ..) | Self::Flag(column) => {
                look(column);
            }
            Self::Any(column, body) => {
                look(column);
                if let Some(body) = body {
                    body.visit(look);
                }
            }
            Self::All(column, body) => {
                look(column);
                body.visit(look);
            }
            Self::IsOf(_) | Self::Constant(_) => {}
        }
    }
}

/// The navigation that a column of a row leads through.
fn navigation(model: &Model, of: &str, column: &Column) -> Option<String> {
    let first = column.steps.first().filter(|_| column.level == 0)?;
    let member = model.member(of, first)?;
    (member.link != Link::Value).then(|| member.name.clone())
}

impl Order {
    /// Resolves an order over rows of a type.
    ///
    /// # Errors
    /// [`BindFault`].
    pub fn bind(model: &Model, of: &str, orders: &[(Vec<String>, bool)]) -> Result<Vec<Self>, BindFault> {
        let binder = Binder { model, of, variables: Vec::new() };
        let bind = |(steps, descending): &(Vec<String>, bool)| {
            let (column, many) = binder.column(steps)?;
            if many || column.kind == Kind::Object {
                return Err(misused(&column));
            }
            Ok(Self { column, descending: *descending })
        };
        orders.iter().map(bind).collect()
    }

    /// The navigation of the row that must be known before it can be put in order.
    #[must_use]
    pub fn needs(&self, model: &Model, of: &str) -> Option<String> {
        navigation(model, of, &self.column)
    }
}

fn misused(column: &Column) -> BindFault {
    BindFault::Misused { name: column.steps.join("/") }
}

/// A type with its name space, as messages name it.
pub(super) fn qualified(of: &str) -> String {
    format!("microsoft.graph.{of}")
}

struct Binder<'m> {
    model: &'m Model,
    of: &'m str,
    /// Names of elements, the outermost first, with what they are.
    variables: Vec<(String, Element<'m>)>,
}

#[derive(Clone, Copy)]
struct Element<'m> {
    of: &'m str,
    exact: bool,
}

impl<'m> Binder<'m> {
    fn filter(&mut self, filter: &Filter) -> Result<Predicate, BindFault> {
        Ok(match filter {
            Filter::And(parts) => Predicate::And(self.all(parts)?),
            Filter::Or(parts) => Predicate::Or(self.all(parts)?),
            Filter::Not(inner) => Predicate::Not(Box::new(self.filter(inner)?)),
            Filter::Constant(value) => Predicate::Constant(*value),
            Filter::IsOf(name) => match self.model.type_named(name) {
                Some(known) => Predicate::IsOf(known.name.clone()),
                None => return Err(BindFault::Unknown { name: name.clone(), of: qualified(self.of) }),
            },
            Filter::Compare { left, op, right } => {
                let column = self.single(left)?;
                let constant = constant(&column, right)?;
                let unordered = matches!(column.kind, Kind::Bool | Kind::Object) || constant == Constant::Null;
                if op.is_ordering() && unordered {
                    return Err(misused(&column));
                }
                Predicate::Compare(column, *op, constant)
            }
            Filter::In { left, values } => {
                let column = self.single(left)?;
                let constants = values.iter().map(|value| constant(&column, value)).collect::<Result<_, _>>()?;
                Predicate::In(column, constants)
            }
            Filter::Match { left, place, text } => {
                let column = self.single(left)?;
                let Kind::Text { .. } = column.kind else { return Err(misused(&column)) };
                let text = folded(&column, text);
                Predicate::Match(column, *place, text)
            }
            Filter::Flag(operand) => {
                let column = self.single(operand)?;
                if column.kind != Kind::Bool {
                    return Err(misused(&column));
                }
                Predicate::Flag(column)
            }
            Filter::Any { path, body } => {
                let (column, element) = self.collection(path)?;
                let body = match body {
                    Some((variable, body)) => Some(Box::new(self.within(variable, element, body)?)),
                    None => None,
                };
                Predicate::Any(column, body)
            }
            Filter::All { path, variable, body } => {
                let (column, element) = self.collection(path)?;
                let body = self.within(variable, element, body)?;
                Predicate::All(column, Box::new(body))
            }
        })
    }

    fn all(&mut self, parts: &[Filter]) -> Result<Vec<Predicate>, BindFault> {
        parts.iter().map(|part| self.filter(part)).collect()
    }

    fn within(&mut self, variable: &str, element: Element<'m>, body: &Filter) -> Result<Predicate, BindFault> {
        self.variables.push((variable.to_owned(), element));
        let bound = self.filter(body);
        self.variables.pop();
        bound
    }

    fn single(&self, operand: &Operand) -> Result<Column, BindFault> {
        let (mut column, many) = self.column(&operand.path.steps)?;
        if many {
            return Err(misused(&column));
        }
        if operand.letters != Letters::AsIs {
            let Kind::Text { .. } = column.kind else { return Err(misused(&column)) };
            // Whoever folds the letters himself compares what he folded.
            column.kind = Kind::Text { exact: true };
            column.letters = operand.letters;
        }
        Ok(column)
    }

    fn collection(&self, path: &Path) -> Result<(Column, Element<'m>), BindFault> {
        let (column, many) = self.column(&path.steps)?;
        if !many {
            return Err(misused(&column));
        }
        let mut of = self.of;
        let mut exact = false;
        for step in &column.steps {
            let member = self.model.member(of, step);
            (of, exact) = member.map_or((of, exact), |member| (member.of.as_str(), member.exact));
        }
        Ok((column, Element { of, exact }))
    }

    /// The column behind a path, and whether it is a collection.
    fn column(&self, steps: &[String]) -> Result<(Column, bool), BindFault> {
        let variable = steps.first().and_then(|first| {
            let found = self.variables.iter().rposition(|(name, _)| name == first)?;
            self.variables.get(found).map(|(_, element)| (found + 1, *element))
        });
        let (level, mut of, mut exact, rest) = match variable {
            Some((level, element)) => (level, element.of, element.exact, steps.get(1..).unwrap_or_default()),
            None => (0, self.of, false, steps),
        };
        let mut spelled = Vec::new();
        let mut last: Option<&Member> = None;
        for step in rest.iter().filter(|step| !step.contains('.')) {
            if last.is_some_and(|member| member.many) {
                return Err(BindFault::Misused { name: spelled.join("/") });
            }
            let unknown = || BindFault::Unknown { name: step.clone(), of: qualified(of) };
            let member = self.model.member(of, step).ok_or_else(unknown)?;
            spelled.push(member.name.clone());
            (of, exact, last) = (member.of.as_str(), member.exact, Some(member));
        }
        let kind = match of {
            "Boolean" => Kind::Bool,
            "Int32" | "Int64" | "Int16" | "Double" => Kind::Number,
            "DateTimeOffset" => Kind::Instant,
            "Duration" => Kind::Duration,
            "String" | "Guid" | "Date" | "TimeOfDay" | "Binary" => Kind::Text { exact },
            name if self.model.is_enum(name) => Kind::Text { exact: false },
            _ => Kind::Object,
        };
        let many = last.is_some_and(|member| member.many);
        Ok((Column { level, steps: spelled, kind, letters: Letters::AsIs }, many))
    }
}

fn folded(column: &Column, text: &str) -> String {
    if column.kind == (Kind::Text { exact: true }) { text.to_owned() } else { text.to_lowercase() }
}

fn constant(column: &Column, literal: &Literal) -> Result<Constant, BindFault> {
    let typed = match (column.kind, literal) {
        (_, Literal::Null) => Some(Constant::Null),
        (Kind::Text { .. }, Literal::Text(text)) => Some(Constant::Text(folded(column, text))),
        (Kind::Text { .. }, Literal::Guid(id)) => Some(Constant::Text(id.to_string())),
        (Kind::Bool, Literal::Bool(value)) => Some(Constant::Bool(*value)),
        (Kind::Number, Literal::Number(value)) => Some(Constant::Number(value.clone())),
        (Kind::Instant, Literal::Instant(at)) => Some(Constant::Instant(*at)),
        // Some clients put instants and lengths in quotes.
        (Kind::Instant, Literal::Text(text)) => text.parse().ok().map(Constant::Instant),
        (Kind::Duration, Literal::Duration(length)) => Some(Constant::Duration(*length)),
        (Kind::Duration, Literal::Text(text)) => duration(text).map(Constant::Duration),
        _ => None,
    };
    typed.ok_or_else(|| BindFault::Mismatch { name: column.steps.join("/") })
}
