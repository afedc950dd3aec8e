//! Comparisons and literals of version 3 (PAM 8). Words are case-sensitive.

use winnow::Parser;
use winnow::ascii::{alpha1, digit1};
use winnow::combinator::{cut_err, opt, peek, preceded};
use winnow::token::{any, one_of, take_till, take_while};

use super::{Input, Parsed, blanks1, offset, refuse};
use crate::ast::{Comparison, Literal, Op, Path, Positions};
use crate::{DateTime, Decimal, Expr, FilterError, guid};

/// `path op literal`
pub(super) fn comparison(input: &mut Input<'_>) -> Parsed<Expr> {
    let path_at = offset(input);
    let path = path(input)?;
    if opt(peek('(')).parse_next(input)?.is_some() {
        return refuse(FilterError::UnsupportedOperator { offset: path_at });
    }
    blanks1(input)?;
    let op_at = offset(input);
    let op = operator(input)?;
    blanks1(input)?;
    let literal_at = offset(input);
    let literal = literal(input)?;
    let at = Positions { path: path_at, op: op_at, literal: literal_at };
    Ok(Expr::Compare(Comparison { path, op, literal, at }))
}

/// `Name` or `Name/Member`; which members exist is the schema's to say.
fn path(input: &mut Input<'_>) -> Parsed<Path> {
    let name = name(input)?.to_owned();
    let member = opt(preceded('/', cut_err(self::name))).parse_next(input)?;
    Ok(Path { name, members: member.map(str::to_owned).into_iter().collect() })
}

fn name<'i>(input: &mut Input<'i>) -> Parsed<&'i str> {
    (
        one_of(|c: char| c.is_ascii_alphabetic() || c == '_'),
        take_while(0.., |c: char| c.is_ascii_alphanumeric() || c == '_'),
    )
        .take()
        .parse_next(input)
}

fn operator(input: &mut Input<'_>) -> Parsed<Op> {
    let at = offset(input);
    let written = alpha1(input)?;
    match Op::ALL.into_iter().find(|op| op.word() == written) {
        Some(op) => Ok(op),
        None => refuse(FilterError::UnsupportedOperator { offset: at }),
    }
}

fn literal(input: &mut Input<'_>) -> Parsed<Literal> {
    match opt(peek(any)).parse_next(input)? {
        Some('\'') => quoted.map(Literal::String).parse_next(input),
        Some('-' | '0'..='9') => number(input),
        _ => word(input),
    }
}

/// Text in quotes; two quotes inside are one.
fn quoted(input: &mut Input<'_>) -> Parsed<String> {
    '\''.parse_next(input)?;
    let mut text = String::new();
    loop {
        text.push_str(take_till(0.., '\'').parse_next(input)?);
        '\''.parse_next(input)?;
        if opt('\'').parse_next(input)?.is_none() {
            return Ok(text);
        }
        text.push('\'');
    }
}

fn number(input: &mut Input<'_>) -> Parsed<Literal> {
    let written = (opt('-'), digit1, opt(('.', digit1))).take().verify_map(Decimal::parse);
    (written, opt(one_of(['L', 'M', 'd', 'f']))).map(|(number, _)| Literal::Number(number)).parse_next(input)
}

/// `true`, `false`, `null`, or a word with a quoted value.
fn word(input: &mut Input<'_>) -> Parsed<Literal> {
    let at = offset(input);
    let unreadable = FilterError::Syntax { offset: at };
    let written = alpha1(input)?;
    let value = match written {
        "true" => Some(Literal::Bool(true)),
        "false" => Some(Literal::Bool(false)),
        "null" => Some(Literal::Null),
        "datetime" => DateTime::parse(&quoted(input)?).map(Literal::DateTime),
        "datetimeoffset" => DateTime::parse(&quoted(input)?).map(Literal::DateTimeOffset),
        "guid" => guid::parse(&quoted(input)?).map(Literal::Guid),
        _ => None,
    };
    value.map_or_else(|| refuse(unreadable), Ok)
}
