//! Reading along a text: what filters, expansions and searches have in common.

/// Where and why a text of a query option cannot be read. The texts may be shown to the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxFault {
    /// Something else was expected here.
    #[error("Syntax error at position {at}.")]
    Unexpected {
        /// Byte offset.
        at: usize,
    },
    /// A text that does not end.
    #[error("There is an unterminated string literal at position {at}.")]
    OpenLiteral {
        /// Where it begins.
        at: usize,
    },
    /// A function that does not exist.
    #[error("An unknown function was found at position {at}.")]
    UnknownFunction {
        /// Where.
        at: usize,
    },
    /// Longer than any option may be.
    #[error("The query option is too long.")]
    TooLong,
    /// Nested deeper than any option may be.
    #[error("The query option is nested too deeply.")]
    TooDeep,
}

/// A place in a text.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn is_done(&self) -> bool {
        self.rest().is_empty()
    }

    pub(super) fn fault<T>(&self) -> Result<T, SyntaxFault> {
        Err(SyntaxFault::Unexpected { at: self.at })
    }

    /// Goes over blanks; true when there was one.
    pub(super) fn blanks(&mut self) -> bool {
        !self.take_while(char::is_whitespace).is_empty()
    }

    /// Takes a character if it stands here.
    pub(super) fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    pub(super) fn expect(&mut self, wanted: char) -> Result<(), SyntaxFault> {
        if self.eat(wanted) { Ok(()) } else { self.fault() }
    }

    pub(super) fn take_while(&mut self, keep: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest.find(|c| !keep(c)).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    /// Takes a word in any letter case, if it stands here and ends here.
    pub(super) fn word(&mut self, wanted: &str) -> bool {
        let rest = self.rest();
        let Some(head) = rest.get(..wanted.len()) else { return false };
        let ends = rest.get(wanted.len()..).and_then(|tail| tail.chars().next()).is_none_or(|next| !is_name(next));
        let found = ends && head.eq_ignore_ascii_case(wanted);
        if found {
            self.at += wanted.len();
        }
        found
    }

    /// A text in quotes; a doubled quote is one.
    pub(super) fn quoted(&mut self) -> Result<String, SyntaxFault> {
        let begin = self.at;
        self.expect('\'')?;
        let mut text = String::new();
        loop {
            text.push_str(self.take_while(|c| c != '\''));
            if !self.eat('\'') {
                return Err(SyntaxFault::OpenLiteral { at: begin });
            }
            if !self.eat('\'') {
                return Ok(text);
            }
            text.push('\'');
        }
    }
}

/// What names are made of.
pub(super) fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '@' | '$')
}
