//! `$filter` (`ARM 12.1`): functions and comparisons joined with `and`, parentheses anywhere, any letter case.

/// Longest filter that is read, in bytes, and how deep parentheses may lie in each other (S6).
const MAX_TEXT: usize = 8_192;
const MAX_DEPTH: usize = 20;

/// One part of a filter, names in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Term {
    /// `atScope()`, `assignedTo('id')`.
    Function(String, Option<String>),
    /// `principalId eq 'id'`.
    Equals(String, String),
    /// Comparisons joined with `or`.
    AnyOf(Vec<Term>),
}

/// Not a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoFilter;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    Word(String),
    Quoted(String),
}

/// The parts of a filter; all of them must hold. An empty text is no filter.
pub(crate) fn parse(text: &str) -> Result<Vec<Term>, NoFilter> {
    if text.len() > MAX_TEXT || text.contains('\0') {
        return Err(NoFilter);
    }
    let tokens = tokens(text)?;
    if tokens.is_empty() {
        return Ok(Vec::new());
    }
    let mut parser = Parser { tokens, at: 0, depth: 0 };
    let found = parser.any()?;
    if parser.at < parser.tokens.len() { Err(NoFilter) } else { Ok(found) }
}

fn tokens(text: &str) -> Result<Vec<Token>, NoFilter> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(next) = chars.next() {
        match next {
            '(' => tokens.push(Token::Open),
            ')' => tokens.push(Token::Close),
            // A plus that was sent as such stands for a blank too (`ARM 16`).
            blank if blank.is_whitespace() || blank == '+' => {}
            '\'' => {
                let mut quoted = String::new();
                loop {
                    match chars.next() {
                        Some('\'') if chars.peek() == Some(&'\'') => {
                            chars.next();
                            quoted.push('\'');
                        }
                        Some('\'') => break,
                        Some(other) => quoted.push(other),
                        None => return Err(NoFilter),
                    }
                }
                tokens.push(Token::Quoted(quoted));
            }
            first => {
                let mut word = String::from(first);
                while let Some(next) = chars.peek().filter(|next| !"()'+".contains(**next) && !next.is_whitespace()) {
                    word.push(*next);
                    chars.next();
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Ok(tokens)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let is_it = matches!(self.peek(), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word));
        if is_it {
            self.at += 1;
        }
        is_it
    }

    fn any(&mut self) -> Result<Vec<Term>, NoFilter> {
        let mut first = self.all()?;
        let mut others = Vec::new();
        while self.takes_word("or") {
            others.push(one(self.all()?)?);
        }
        if others.is_empty() {
            return Ok(first);
        }
        others.insert(0, one(std::mem::take(&mut first))?);
        Ok(vec![Term::AnyOf(others)])
    }

    fn all(&mut self) -> Result<Vec<Term>, NoFilter> {
        let mut found = self.single()?;
        while self.takes_word("and") {
            found.extend(self.single()?);
        }
        Ok(found)
    }

    fn single(&mut self) -> Result<Vec<Term>, NoFilter> {
        match self.next() {
            Some(Token::Open) => {
                self.depth += 1;
                if self.depth > MAX_DEPTH {
                    return Err(NoFilter);
                }
                let found = self.any()?;
                self.depth -= 1;
                match self.next() {
                    Some(Token::Close) => Ok(found),
                    _ => Err(NoFilter),
                }
            }
            Some(Token::Word(name)) => {
                let name = name.to_ascii_lowercase();
                match self.next() {
                    Some(Token::Open) => self.function(name).map(|term| vec![term]),
                    Some(Token::Word(eq)) if eq.eq_ignore_ascii_case("eq") => match self.next() {
                        Some(Token::Quoted(value)) => Ok(vec![Term::Equals(name, value)]),
                        _ => Err(NoFilter),
                    },
                    _ => Err(NoFilter),
                }
            }
            _ => Err(NoFilter),
        }
    }

    fn function(&mut self, name: String) -> Result<Term, NoFilter> {
        match self.next() {
            Some(Token::Close) => Ok(Term::Function(name, None)),
            Some(Token::Quoted(argument)) => match self.next() {
                Some(Token::Close) => Ok(Term::Function(name, Some(argument))),
                _ => Err(NoFilter),
            },
            _ => Err(NoFilter),
        }
    }
}

fn one(mut terms: Vec<Term>) -> Result<Term, NoFilter> {
    match (terms.pop(), terms.is_empty()) {
        (Some(term), true) => Ok(term),
        _ => Err(NoFilter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(name: &str) -> Term {
        Term::Function(name.to_owned(), None)
    }

    fn equals(name: &str, value: &str) -> Term {
        Term::Equals(name.to_owned(), value.to_owned())
    }

    #[test]
    fn filters_are_read_as_clients_write_them() {
        assert_eq!(parse(" "), Ok(vec![]));
        assert_eq!(parse("atScope()"), Ok(vec![function("atscope")]));
        assert_eq!(parse("((asTarget( )))"), Ok(vec![function("astarget")]));
        let assigned = Term::Function("assignedto".to_owned(), Some("X".to_owned()));
        assert_eq!(parse("assignedto('X') AND (atscope())"), Ok(vec![assigned, function("atscope")]));
        assert_eq!(parse("roleName eq 'O''Brien (x) and y'"), Ok(vec![equals("rolename", "O'Brien (x) and y")]));
        assert_eq!(parse("resourceType+eq+'a'"), Ok(vec![equals("resourcetype", "a")]));
        let either = Term::AnyOf(vec![equals("resourcetype", "a"), equals("resourcetype", "b")]);
        assert_eq!(parse("resourceType eq 'a' or resourceType eq 'b'"), Ok(vec![either]));
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for text in [
            "atScope",
            "principalId eq x",
            "a eq 'b' and",
            "a ne 'b'",
            "(atScope()",
            "atScope())",
            "'a'",
            "a eq 'b",
            "f('a' 'b')",
        ] {
            assert_eq!(parse(text), Err(NoFilter), "{text}");
        }
        assert_eq!(parse(&format!("{}atScope(){}", "(".repeat(30), ")".repeat(30))), Err(NoFilter));
        assert_eq!(parse(&"a".repeat(9_000)), Err(NoFilter));
    }
}
