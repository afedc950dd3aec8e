//! A cursor over short ASCII texts: the parsers of this module read left to right and never look back.

/// What is left to read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scan<'a>(&'a str);

impl<'a> Scan<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self(text)
    }

    pub(super) const fn is_done(self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn peek(self) -> Option<char> {
        self.0.chars().next()
    }

    /// Consumes `expected` if it comes next.
    pub(super) fn eat(&mut self, expected: &str) -> bool {
        match self.0.strip_prefix(expected) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    /// Consumes the run of decimal digits that comes next; empty if there is none.
    pub(super) fn digits(&mut self) -> &'a str {
        let end = self.0.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at(end);
        self.0 = rest;
        digits
    }

    /// Consumes exactly `count` digits and no fewer; a longer run leaves its rest.
    pub(super) fn number(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        if digits.bytes().all(|b| b.is_ascii_digit()) {
            self.0 = rest;
            digits.parse().ok()
        } else {
            None
        }
    }
}
