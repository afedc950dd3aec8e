//! SPDX licence expressions.

use anyhow::{Result, bail};

/// A licence, or several joined by `AND` and `OR`. An identifier keeps its `WITH` exception.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Expression {
    License(String),
    All(Vec<Expression>),
    Any(Vec<Expression>),
}

impl Expression {
    /// Reads an expression; also the old form that writes `/` for `OR`.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let spaced = text.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
        let mut words = spaced.split_whitespace().peekable();
        let expression = any(&mut words)?;
        match words.next() {
            Some(word) => bail!("unexpected {word}"),
            None => Ok(expression),
        }
    }

    /// Whether the licences that `allowed` accepts are enough.
    pub(super) fn is_met_by(&self, allowed: &impl Fn(&str) -> bool) -> bool {
        match self {
            Self::License(name) => allowed(name),
            Self::All(parts) => parts.iter().all(|part| part.is_met_by(allowed)),
            Self::Any(parts) => parts.iter().any(|part| part.is_met_by(allowed)),
        }
    }
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn any(words: &mut Words<'_>) -> Result<Expression> {
    let mut parts = vec![all(words)?];
    while words.next_if_eq(&"OR").is_some() {
        parts.push(all(words)?);
    }
    Ok(single(parts).unwrap_or_else(Expression::Any))
}

fn all(words: &mut Words<'_>) -> Result<Expression> {
    let mut parts = vec![one(words)?];
    while words.next_if_eq(&"AND").is_some() {
        parts.push(one(words)?);
    }
    Ok(single(parts).unwrap_or_else(Expression::All))
}

fn one(words: &mut Words<'_>) -> Result<Expression> {
    match words.next() {
        None => bail!("a licence is missing"),
        Some("(") => {
            let inner = any(words)?;
            match words.next() {
                Some(")") => Ok(inner),
                _ => bail!("a bracket is not closed"),
            }
        }
        Some(word @ (")" | "AND" | "OR" | "WITH")) => bail!("unexpected {word}"),
        Some(name) if words.next_if_eq(&"WITH").is_some() => match words.next() {
            Some(exception) => Ok(Expression::License(format!("{name} WITH {exception}"))),
            None => bail!("an exception is missing"),
        },
        Some(name) => Ok(Expression::License(name.trim_end_matches('+').to_owned())),
    }
}

fn single(mut parts: Vec<Expression>) -> Result<Expression, Vec<Expression>> {
    if parts.len() == 1 { parts.pop().ok_or(parts) } else { Err(parts) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_against_a_list() {
        let allow = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "ISC"];
        for (text, met) in [
            ("MIT", true),
            ("MIT/Apache-2.0", true),
            ("GPL-3.0-only OR MIT", true),
            ("GPL-3.0-only AND MIT", false),
            ("(MIT OR GPL-3.0-only) AND ISC", true),
            ("MIT OR GPL-3.0-only AND BSD-3-Clause", true),
            ("(MIT OR GPL-3.0-only) AND BSD-3-Clause", false),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("MIT WITH LLVM-exception", false),
        ] {
            let expression = Expression::parse(text).unwrap();
            assert_eq!(expression.is_met_by(&|name| allow.contains(&name)), met, "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "MIT OR", "(MIT", "MIT Apache-2.0", "AND MIT", "MIT WITH"] {
            assert!(Expression::parse(text).is_err(), "{text:?}");
        }
    }
}
