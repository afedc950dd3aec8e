//! The options of a query string (`GRAPH 2.1`, `GRAPH 3.4`).

use super::{
    expand::{self, Expansion, Selection},
    filter::Filter,
    lexer::SyntaxFault,
    search::Search,
};
use crate::percent::{Plus, decode};

/// Most rows that may be asked for at once.
pub const MOST: u32 = 999;

/// The options of a call or of an expansion. The dollar sign is optional, names have no letter case.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options {
    /// `$filter`
    pub filter: Option<Filter>,
    /// `$select`; empty when nothing was said.
    pub select: Selection,
    /// `$expand`
    pub expand: Vec<Expansion>,
    /// `$orderby`: paths, and whether descending.
    pub orderby: Vec<(Vec<String>, bool)>,
    /// `$search`
    pub search: Option<Search>,
    /// `$top`
    pub top: Option<u32>,
    /// `$skip`
    pub skip: Option<u32>,
    /// `$count=true`
    pub count: bool,
    /// `$skiptoken`
    pub skiptoken: Option<String>,
    /// `$deltatoken`
    pub deltatoken: Option<String>,
}

/// Why the options cannot be taken. The texts may be shown to the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionFault {
    /// The query string is not properly encoded.
    #[error("The query string is not properly percent-encoded.")]
    Encoding,
    /// The same option twice.
    #[error("Query option '{0}' was specified more than once, but it must be specified at most once.")]
    Twice(&'static str),
    /// An option with a dollar sign that does not exist.
    #[error("The query parameter '{0}' is not supported.")]
    Unknown(String),
    /// A value that is none.
    #[error("Invalid value '{value}' for {name} query option found.")]
    Value {
        /// Which option.
        name: &'static str,
        /// What was sent.
        value: String,
    },
    /// A text that cannot be read.
    #[error("Invalid {name} clause: {fault}")]
    Syntax {
        /// Which option.
        name: &'static str,
        /// Where and why.
        fault: SyntaxFault,
    },
}

const NAMES: [&str; 11] = [
    "$filter",
    "$select",
    "$expand",
    "$orderby",
    "$search",
    "$top",
    "$skip",
    "$count",
    "$skiptoken",
    "$deltatoken",
    "$format",
];

impl Options {
    /// Reads a raw query string, without its question mark.
    ///
    /// # Errors
    /// [`OptionFault`]: whatever begins with a dollar sign is understood or refused.
    pub fn parse(raw: &str) -> Result<Self, OptionFault> {
        let mut pairs = Vec::new();
        for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name, Plus::Blank).ok_or(OptionFault::Encoding)?;
            let value = decode(value, Plus::Blank).ok_or(OptionFault::Encoding)?;
            pairs.push((name.trim().to_owned(), value.trim().to_owned()));
        }
        Self::of(pairs, 0)
    }

    /// The options within an expansion.
    pub(super) fn nested(pairs: Vec<(String, String, usize)>, depth: usize) -> Result<Self, SyntaxFault> {
        let at = pairs.first().map_or(0, |(_, _, at)| *at);
        let known = |name: &str| NAMES.iter().take(6).chain(["$skip", "$count"].iter()).any(|known| is(name, known));
        if let Some((_, _, at)) = pairs.iter().find(|(name, _, _)| !known(name)) {
            return Err(SyntaxFault::Unexpected { at: *at });
        }
        let pairs = pairs.into_iter().map(|(name, value, _)| (name, value)).collect();
        Self::of(pairs, depth + 1).map_err(|fault| match fault {
            OptionFault::Syntax { fault: fault @ (SyntaxFault::TooDeep | SyntaxFault::TooLong), .. } => fault,
            OptionFault::Syntax { .. }
            | OptionFault::Encoding
            | OptionFault::Twice(_)
            | OptionFault::Unknown(_)
            | OptionFault::Value { .. } => SyntaxFault::Unexpected { at },
        })
    }

    fn of(pairs: Vec<(String, String)>, depth: usize) -> Result<Self, OptionFault> {
        let mut options = Self::default();
        let mut seen: Vec<&'static str> = Vec::new();
        for (written, value) in pairs {
            let Some(name) = NAMES.into_iter().find(|known| is(&written, known)) else {
                if written.starts_with('$') {
                    return Err(OptionFault::Unknown(shown(&written)));
                }
                continue;
            };
            if seen.contains(&name) {
                return Err(OptionFault::Twice(name));
            }
            seen.push(name);
            options.put(name, &value, depth)?;
        }
        Ok(options)
    }

    fn put(&mut self, name: &'static str, value: &str, depth: usize) -> Result<(), OptionFault> {
        let unfit = || OptionFault::Value { name, value: shown(value) };
        let syntax = |fault| OptionFault::Syntax { name, fault };
        match name {
            "$filter" if value.is_empty() => {}
            "$filter" => self.filter = Some(Filter::parse(value).map_err(syntax)?),
            "$select" if value.is_empty() => {}
            "$select" => self.select = expand::select(value).map_err(syntax)?,
            "$expand" if value.is_empty() => {}
            "$expand" => self.expand = expand::read(value, depth).map_err(syntax)?,
            "$orderby" if value.is_empty() => {}
            "$orderby" => self.orderby = expand::orderby(value).map_err(syntax)?,
            "$search" => self.search = Some(Search::parse(value).map_err(syntax)?),
            "$top" => {
                self.top = Some(value.parse().ok().filter(|top| *top <= MOST).ok_or_else(unfit)?);
            }
            "$skip" => self.skip = Some(value.parse().map_err(|_| unfit())?),
            "$count" => self.count = flag(value).ok_or_else(unfit)?,
            "$skiptoken" => self.skiptoken = Some(value.to_owned()),
            "$deltatoken" => self.deltatoken = Some(value.to_owned()),
            "$format" if value.eq_ignore_ascii_case("json") || value.starts_with("application/json") => {}
            _ => return Err(unfit()),
        }
        Ok(())
    }
}

fn is(written: &str, known: &str) -> bool {
    written.strip_prefix('$').unwrap_or(written).eq_ignore_ascii_case(known.strip_prefix('$').unwrap_or(known))
}

fn flag(value: &str) -> Option<bool> {
    [("true", true), ("false", false)].into_iter().find(|(word, _)| word.eq_ignore_ascii_case(value)).map(|(_, it)| it)
}

/// What of a caller's text may stand in an answer: bounded, on one line.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}
