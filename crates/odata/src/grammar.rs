//! Text to tree. The logic of `or`, `and`, `not` and parentheses is the same in every dialect and lives here; what
//! stands between them is the dialect's.

mod v3;

use std::iter;

use winnow::combinator::{eof, opt, peek, terminated};
use winnow::error::{ErrMode, ParserError};
use winnow::stream::{LocatingSlice, Location, Stateful};
use winnow::token::{any, take_while};
use winnow::{ModalResult, Parser};

use crate::{Expr, FilterError};

/// Longest filter read, in bytes after decoding. PAM 8 asks for 2 KiB.
pub const MAX_LENGTH: usize = 8 * 1024;

/// Deepest nesting read; each parenthesis and each `not` is a level.
pub const MAX_NESTING: usize = 20;

/// Which spelling of OData a filter is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dialect {
    /// Version 3 as far as MIM PAM has it (PAM 8), with `or` and `not` as that section allows.
    V3,
}

impl Expr {
    /// Reads a whole filter, which must not be empty. Takes time linear in its length.
    ///
    /// # Errors
    /// [`FilterError::TooLong`], [`TooDeep`](FilterError::TooDeep), [`Syntax`](FilterError::Syntax), and
    /// [`UnsupportedOperator`](FilterError::UnsupportedOperator) for functions and unknown operators.
    pub fn parse(dialect: Dialect, text: &str) -> Result<Self, FilterError> {
        if text.len() > MAX_LENGTH {
            return Err(FilterError::TooLong);
        }
        let mut input = Stateful { input: LocatingSlice::new(text), state: State { dialect, nesting: 0 } };
        let end = text.len();
        terminated(filter, eof)
            .parse_next(&mut input)
            .map_err(|error| error.into_inner().unwrap_or(FilterError::Syntax { offset: end }))
    }
}

type Input<'i> = Stateful<LocatingSlice<&'i str>, State>;
type Parsed<T> = ModalResult<T, FilterError>;

#[derive(Clone, Copy, Debug)]
struct State {
    dialect: Dialect,
    nesting: usize,
}

impl ParserError<Input<'_>> for FilterError {
    type Inner = Self;

    fn from_input(input: &Input<'_>) -> Self {
        Self::Syntax { offset: offset(input) }
    }

    fn into_inner(self) -> Result<Self::Inner, Self> {
        Ok(self)
    }
}

/// Byte offset of what comes next.
fn offset(input: &Input<'_>) -> usize {
    input.current_token_start()
}

/// An error that no alternative may replace.
fn refuse<T>(error: FilterError) -> Parsed<T> {
    Err(ErrMode::Cut(error))
}

fn filter(input: &mut Input<'_>) -> Parsed<Expr> {
    blanks(input)?;
    let expr = disjunction(input)?;
    blanks(input)?;
    Ok(expr)
}

fn disjunction(input: &mut Input<'_>) -> Parsed<Expr> {
    chain(input, "or", conjunction, Expr::Or)
}

fn conjunction(input: &mut Input<'_>) -> Parsed<Expr> {
    chain(input, "and", term, Expr::And)
}

/// One operand, or several joined by a word with blanks on both sides.
fn chain(
    input: &mut Input<'_>,
    word: &'static str,
    operand: fn(&mut Input<'_>) -> Parsed<Expr>,
    join: fn(Vec<Expr>) -> Expr,
) -> Parsed<Expr> {
    let first = operand(input)?;
    let mut rest = Vec::new();
    while opt((blanks1, word, blanks1)).parse_next(input)?.is_some() {
        rest.push(operand(input)?);
    }
    if rest.is_empty() {
        return Ok(first);
    }
    Ok(join(iter::once(first).chain(rest).collect()))
}

fn term(input: &mut Input<'_>) -> Parsed<Expr> {
    if opt(peek('(')).parse_next(input)?.is_some() {
        return group(input);
    }
    if opt(peek(("not", any.verify(|next| *next == '(' || is_blank(*next))))).parse_next(input)?.is_some() {
        return negation(input);
    }
    match input.state.dialect {
        Dialect::V3 => v3::comparison(input),
    }
}

fn group(input: &mut Input<'_>) -> Parsed<Expr> {
    nested(input, |input| {
        '('.parse_next(input)?;
        terminated(filter, ')').parse_next(input)
    })
}

/// `not` binds tighter than a comparison, so `not a eq b` would negate `a`: only what is bracketed can be negated.
fn negation(input: &mut Input<'_>) -> Parsed<Expr> {
    nested(input, |input| {
        "not".parse_next(input)?;
        blanks(input)?;
        match opt(peek(any)).parse_next(input)? {
            Some('(') => group(input),
            Some('n') => negation(input),
            _ => refuse(FilterError::Syntax { offset: offset(input) }),
        }
        .map(|inner| Expr::Not(Box::new(inner)))
    })
}

/// Counts a level, so that recursion is bounded here and in everything that walks the tree.
fn nested(input: &mut Input<'_>, body: fn(&mut Input<'_>) -> Parsed<Expr>) -> Parsed<Expr> {
    if input.state.nesting == MAX_NESTING {
        return refuse(FilterError::TooDeep { offset: offset(input) });
    }
    input.state.nesting += 1;
    let expr = body(input)?;
    input.state.nesting -= 1;
    Ok(expr)
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn blanks(input: &mut Input<'_>) -> Parsed<()> {
    take_while(0.., is_blank).void().parse_next(input)
}

fn blanks1(input: &mut Input<'_>) -> Parsed<()> {
    take_while(1.., is_blank).void().parse_next(input)
}
