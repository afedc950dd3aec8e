//! The tree of a `$filter` (`GRAPH 3.5`): names are not resolved and types not checked.

use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use uuid::Uuid;

use super::lexer::{Cursor, SyntaxFault, is_name};
use crate::{Decimal, ast::Op, grammar::MAX_LENGTH, grammar::MAX_NESTING, guid};

/// A filter as written.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// All of them, at least two.
    And(Vec<Filter>),
    /// One of them, at least two.
    Or(Vec<Filter>),
    /// `not …`
    Not(Box<Filter>),
    /// `left op right`
    Compare {
        /// The member.
        left: Operand,
        /// The operator.
        op: Op,
        /// The constant.
        right: Literal,
    },
    /// `left in (…)`
    In {
        /// The member.
        left: Operand,
        /// The constants.
        values: Vec<Literal>,
    },
    /// `startswith(left,'text')` and its kin.
    Match {
        /// The member.
        left: Operand,
        /// Where the text must stand.
        place: Place,
        /// The text.
        text: String,
    },
    /// A member that is true or false by itself.
    Flag(Operand),
    /// `path/any(v: …)`, `path/any()`
    Any {
        /// The collection.
        path: Path,
        /// The name of an element and what must hold for one of them.
        body: Option<(String, Box<Filter>)>,
    },
    /// `path/all(v: …)`
    All {
        /// The collection.
        path: Path,
        /// The name of an element.
        variable: String,
        /// What must hold for each.
        body: Box<Filter>,
    },
    /// `isof('microsoft.graph.user')`: the row is of this type. The name stands without name space.
    IsOf(String),
    /// Written out by `… eq true`: the same for every row.
    Constant(bool),
}

/// Where `startswith`, `endswith` and `contains` look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// At the beginning.
    Start,
    /// At the end.
    End,
    /// Anywhere.
    Anywhere,
}

/// A member, maybe with its letters changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operand {
    /// Which.
    pub path: Path,
    /// How its letters are read.
    pub letters: Letters,
}

/// How the letters of a text are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Letters {
    /// As they stand.
    AsIs,
    /// `tolower`
    Lower,
    /// `toupper`
    Upper,
}

impl Letters {
    pub(super) fn apply(self, text: &str) -> String {
        match self {
            Self::AsIs => text.to_owned(),
            Self::Lower => text.to_lowercase(),
            Self::Upper => text.to_uppercase(),
        }
    }
}

/// `member/sub/…`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The names, outermost first.
    pub steps: Vec<String>,
    /// Where it begins.
    pub at: usize,
}

/// A constant.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `'text'`, or a word of an enumeration.
    Text(String),
    /// A bare GUID.
    Guid(Uuid),
    /// A number.
    Number(Decimal),
    /// A point in time.
    Instant(Timestamp),
    /// `duration'PT1H'`
    Duration(SignedDuration),
    /// `true`, `false`
    Bool(bool),
    /// `null`
    Null,
}

impl Filter {
    /// Reads a whole filter, which must not be empty. Takes time linear in its length.
    ///
    /// # Errors
    /// [`SyntaxFault`].
    pub fn parse(text: &str) -> Result<Self, SyntaxFault> {
        if text.len() > MAX_LENGTH {
            return Err(SyntaxFault::TooLong);
        }
        let mut reader = Reader { cursor: Cursor::new(text), nesting: 0 };
        reader.cursor.blanks();
        let filter = reader.either()?;
        reader.cursor.blanks();
        if reader.cursor.is_done() { Ok(filter) } else { reader.cursor.fault() }
    }
}

struct Reader<'t> {
    cursor: Cursor<'t>,
    nesting: usize,
}

type Read<T> = Result<T, SyntaxFault>;

/// One side of a comparison.
enum Side {
    Operand(Operand),
    Literal(Literal),
}

impl Reader<'_> {
    fn either(&mut self) -> Read<Filter> {
        self.chain("or", Self::both, Filter::Or)
    }

    fn both(&mut self) -> Read<Filter> {
        self.chain("and", Self::term, Filter::And)
    }

    fn chain(
        &mut self,
        word: &str,
        part: fn(&mut Self) -> Read<Filter>,
        join: fn(Vec<Filter>) -> Filter,
    ) -> Read<Filter> {
        let mut parts = vec![part(self)?];
        loop {
            let before = self.cursor.clone();
            self.cursor.blanks();
            if !self.cursor.word(word) {
                self.cursor = before;
                break;
            }
            self.cursor.blanks();
            parts.push(part(self)?);
        }
        match parts.pop() {
            Some(only) if parts.is_empty() => Ok(only),
            Some(last) => {
                parts.push(last);
                Ok(join(parts))
            }
            None => self.cursor.fault(),
        }
    }

    fn nested<T>(&mut self, body: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        if self.nesting == MAX_NESTING {
            return Err(SyntaxFault::TooDeep);
        }
        self.nesting += 1;
        let read = body(self)?;
        self.nesting -= 1;
        Ok(read)
    }

    fn term(&mut self) -> Read<Filter> {
        if self.cursor.word("not") {
            self.cursor.blanks();
            return self.nested(|reader| Ok(Filter::Not(Box::new(reader.term()?))));
        }
        if self.cursor.eat('(') {
            let inner = self.nested(|reader| {
                reader.cursor.blanks();
                let inner = reader.either()?;
                reader.cursor.blanks();
                reader.cursor.expect(')')?;
                Ok(inner)
            })?;
            return self.judged(inner);
        }
        self.condition()
    }

    /// `… eq true`, `… ne false` behind something that is true or false already.
    fn judged(&mut self, inner: Filter) -> Read<Filter> {
        let before = self.cursor.clone();
        self.cursor.blanks();
        let Some(op) = self.operator().filter(|op| !op.is_ordering()) else {
            self.cursor = before;
            return Ok(inner);
        };
        self.cursor.blanks();
        let Literal::Bool(value) = self.literal()? else { return self.cursor.fault() };
        Ok(if value == (op == Op::Eq) { inner } else { Filter::Not(Box::new(inner)) })
    }

    fn condition(&mut self) -> Read<Filter> {
        let at = self.cursor.at();
        for (name, place) in [("startswith", Place::Start), ("endswith", Place::End), ("contains", Place::Anywhere)] {
            let before = self.cursor.clone();
            if self.cursor.word(name) && self.cursor.eat('(') {
                return self.matching(place);
            }
            self.cursor = before;
        }
        let before = self.cursor.clone();
        if self.cursor.word("isof") && self.cursor.eat('(') {
            return self.is_of();
        }
        self.cursor = before;
        let left = match self.side()? {
            Side::Operand(operand) => operand,
            Side::Literal(Literal::Bool(value)) => return self.constant(value),
            Side::Literal(_) => return Err(SyntaxFault::Unexpected { at }),
        };
        if self.cursor.rest().starts_with("/any(") || self.cursor.rest().starts_with("/all(") {
            return self.lambda(left);
        }
        let before = self.cursor.clone();
        if !self.cursor.blanks() {
            return Ok(Filter::Flag(left));
        }
        if self.cursor.word("in") {
            self.cursor.blanks();
            return Ok(Filter::In { left, values: self.list()? });
        }
        let Some(op) = self.operator() else {
            // A member that is true or false, and what follows it.
            let follows = self.cursor.is_done()
                || self.cursor.rest().starts_with(')')
                || self.cursor.clone().word("and")
                || self.cursor.clone().word("or");
            if !follows {
                return self.cursor.fault();
            }
            self.cursor = before;
            return Ok(Filter::Flag(left));
        };
        if !self.cursor.blanks() {
            return self.cursor.fault();
        }
        let at = self.cursor.at();
        match self.side()? {
            Side::Literal(right) => Ok(Filter::Compare { left, op, right }),
            Side::Operand(_) => Err(SyntaxFault::Unexpected { at }),
        }
    }

    /// `true`, or `true eq true`: clients build such filters.
    fn constant(&mut self, value: bool) -> Read<Filter> {
        self.judged(Filter::Constant(value))
    }

    fn is_of(&mut self) -> Read<Filter> {
        self.cursor.blanks();
        let at = self.cursor.at();
        let Side::Literal(Literal::Text(name)) = self.side()? else { return Err(SyntaxFault::Unexpected { at }) };
        self.cursor.blanks();
        self.cursor.expect(')')?;
        let name = name.rsplit('.').next().unwrap_or_default().to_owned();
        self.judged(Filter::IsOf(name))
    }

    fn matching(&mut self, place: Place) -> Read<Filter> {
        self.cursor.blanks();
        let at = self.cursor.at();
        let Side::Operand(left) = self.side()? else { return Err(SyntaxFault::Unexpected { at }) };
        self.cursor.blanks();
        self.cursor.expect(',')?;
        self.cursor.blanks();
        let at = self.cursor.at();
        let Side::Literal(Literal::Text(text)) = self.side()? else { return Err(SyntaxFault::Unexpected { at }) };
        self.cursor.blanks();
        self.cursor.expect(')')?;
        self.judged(Filter::Match { left, place, text })
    }

    fn lambda(&mut self, left: Operand) -> Read<Filter> {
        if left.letters != Letters::AsIs {
            return self.cursor.fault();
        }
        let path = left.path;
        self.cursor.expect('/')?;
        let every = self.cursor.word("all");
        if !every && !self.cursor.word("any") {
            return self.cursor.fault();
        }
        self.cursor.expect('(')?;
        self.cursor.blanks();
        if self.cursor.eat(')') {
            return if every { self.cursor.fault() } else { Ok(Filter::Any { path, body: None }) };
        }
        let variable = self.cursor.take_while(is_name).to_owned();
        if variable.is_empty() {
            return self.cursor.fault();
        }
        self.cursor.blanks();
        self.cursor.expect(':')?;
        let body = self.nested(|reader| {
            reader.cursor.blanks();
            let body = reader.either()?;
            reader.cursor.blanks();
            reader.cursor.expect(')')?;
            Ok(Box::new(body))
        })?;
        Ok(match every {
            true => Filter::All { path, variable, body },
            false => Filter::Any { path, body: Some((variable, body)) },
        })
    }

    fn list(&mut self) -> Read<Vec<Literal>> {
        self.cursor.expect('(')?;
        let mut values = Vec::new();
        loop {
            self.cursor.blanks();
            values.push(self.literal()?);
            self.cursor.blanks();
            if self.cursor.eat(')') {
                return Ok(values);
            }
            self.cursor.expect(',')?;
        }
    }

    fn operator(&mut self) -> Option<Op> {
        Op::ALL.into_iter().find(|op| self.cursor.word(op.word()))
    }

    fn side(&mut self) -> Read<Side> {
        for (name, letters) in [("tolower", Letters::Lower), ("toupper", Letters::Upper)] {
            let before = self.cursor.clone();
            if self.cursor.word(name) && self.cursor.eat('(') {
                let inner = self.nested(|reader| {
                    reader.cursor.blanks();
                    let inner = reader.side()?;
                    reader.cursor.blanks();
                    reader.cursor.expect(')')?;
                    Ok(inner)
                })?;
                return match inner {
                    Side::Operand(operand) => Ok(Side::Operand(Operand { letters, ..operand })),
                    Side::Literal(Literal::Text(text)) => Ok(Side::Literal(Literal::Text(letters.apply(&text)))),
                    Side::Literal(_) => self.cursor.fault(),
                };
            }
            self.cursor = before;
        }
        if self.begins_literal() {
            return self.literal().map(Side::Literal);
        }
        let at = self.cursor.at();
        let path = self.path()?;
        if self.cursor.rest().starts_with('(') {
            return Err(SyntaxFault::UnknownFunction { at });
        }
        if self.cursor.rest().starts_with('\'') {
            // The word before a quote names a type: `duration'…'`, `microsoft.graph.type'…'`.
            return self.prefixed(&path, at).map(Side::Literal);
        }
        Ok(Side::Operand(Operand { path, letters: Letters::AsIs }))
    }

    fn begins_literal(&self) -> bool {
        let rest = self.cursor.rest();
        let mut cursor = self.cursor.clone();
        ["true", "false", "null"].into_iter().any(|word| cursor.word(word))
            || rest.starts_with(|c: char| c == '\'' || c == '-' || c.is_ascii_digit())
            || rest.get(..36).is_some_and(|head| guid::parse(head).is_some())
    }

    fn path(&mut self) -> Read<Path> {
        let at = self.cursor.at();
        let mut steps = Vec::new();
        loop {
            // Dots belong to names of types, as in `microsoft.graph.user`.
            let step = self.cursor.take_while(|c| is_name(c) || c == '.');
            if step.is_empty() || step.starts_with(|c: char| c.is_ascii_digit()) {
                return Err(SyntaxFault::Unexpected { at });
            }
            steps.push(step.to_owned());
            let lambda = ["/any(", "/all("].into_iter().any(|word| self.cursor.rest().starts_with(word));
            if lambda || !self.cursor.eat('/') {
                return Ok(Path { steps, at });
            }
        }
    }

    fn prefixed(&mut self, path: &Path, at: usize) -> Read<Literal> {
        let fault = SyntaxFault::Unexpected { at };
        let [prefix] = path.steps.as_slice() else { return Err(fault) };
        let text = self.cursor.quoted()?;
        if prefix.eq_ignore_ascii_case("duration") {
            return duration(&text).map(Literal::Duration).ok_or(fault);
        }
        // The words of an enumeration.
        if prefix.contains('.') { Ok(Literal::Text(text)) } else { Err(fault) }
    }

    fn literal(&mut self) -> Read<Literal> {
        let at = self.cursor.at();
        if self.cursor.rest().starts_with('\'') {
            return self.cursor.quoted().map(Literal::Text);
        }
        for (word, literal) in [("true", Literal::Bool(true)), ("false", Literal::Bool(false)), ("null", Literal::Null)]
        {
            if self.cursor.word(word) {
                return Ok(literal);
            }
        }
        let written = self.cursor.take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | ':' | '.' | '_'));
        if self.cursor.rest().starts_with('\'') {
            let path = Path { steps: vec![written.to_owned()], at };
            return self.prefixed(&path, at);
        }
        let guid = guid::parse(written).map(Literal::Guid);
        let instant = || written.parse::<Timestamp>().ok().map(Literal::Instant);
        let number = || Decimal::parse(written).map(Literal::Number);
        guid.or_else(number).or_else(instant).ok_or(SyntaxFault::Unexpected { at })
    }
}

/// An ISO 8601 duration without calendar parts.
pub(super) fn duration(text: &str) -> Option<SignedDuration> {
    let span: Span = text.parse().ok()?;
    if span.get_years() != 0 || span.get_months() != 0 {
        return None;
    }
    span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()
}
