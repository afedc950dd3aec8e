//! The model a service speaks of: types, members, operations, entry points. Data, read from lines of text.
//!
//! ```text
//! enum severity low=1 high=2
//! complex schedule
//!   start DateTimeOffset
//! entity user < directoryObject open hide=deletedDateTime
//!   displayName String
//!   phones [String] !
//!   manager -> directoryObject
//! set users user
//! ```
//!
//! Marks behind a member: `!` never null, `-` only where it is selected, `=` compared with regard to letter case. `v1` or
//! `beta` ends a line that one edition alone has.

use std::collections::BTreeMap;

/// Which edition of the service a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Edition {
    /// `v1.0`
    V1,
    /// `beta`
    Beta,
}

/// Editions that have something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Editions {
    /// Both.
    Both,
    /// One alone.
    Only(Edition),
}

impl Editions {
    /// Is it there in this edition?
    #[must_use]
    pub fn has(self, edition: Edition) -> bool {
        match self {
            Self::Both => true,
            Self::Only(only) => only == edition,
        }
    }
}

/// Types, operations and entry points of one edition.
#[derive(Debug, Clone)]
pub struct Model {
    /// Which edition it is of.
    pub edition: Edition,
    /// Entity and complex types by name.
    pub types: BTreeMap<String, Type>,
    /// Enumerations.
    pub enums: Vec<Enumeration>,
    /// Bound actions and functions.
    pub operations: Vec<Operation>,
    /// Entity sets and singletons.
    pub entries: Vec<Entry>,
}

/// A type with members.
#[derive(Debug, Clone)]
pub struct Type {
    /// Its name, without name space.
    pub name: String,
    /// What it derives from.
    pub base: Option<String>,
    /// Has an id of its own.
    pub entity: bool,
    /// Only other types derived from it have values.
    pub is_abstract: bool,
    /// Values may have further members.
    pub open: bool,
    /// Inherited members that do not stand in an answer unless selected.
    pub hides: Vec<String>,
    /// Its own members.
    pub members: Vec<Member>,
}

/// A member of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// `String`, `Boolean`, … or the name of a type of the model.
    pub of: String,
    /// A collection.
    pub many: bool,
    /// How it hangs together with its owner.
    pub link: Link,
    /// May be null.
    pub nullable: bool,
    /// Stands in an answer only where it is selected.
    pub by_select: bool,
    /// Letter case counts in comparisons.
    pub exact: bool,
    /// Where it stands in the metadata and in answers. It can be selected in both editions.
    pub editions: Editions,
}

/// How a member hangs together with its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// A value of its own.
    Value,
    /// A navigation to something that lives elsewhere.
    Refers,
    /// A navigation to something that lives below the owner.
    Contains,
}

/// An enumeration.
#[derive(Debug, Clone)]
pub struct Enumeration {
    /// Its name.
    pub name: String,
    /// Values are sets of words.
    pub flags: bool,
    /// Words and numbers.
    pub words: Vec<(String, i64)>,
}

/// A bound action or function.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Its name.
    pub name: String,
    /// A function has no effect.
    pub function: bool,
    /// The answer lies on the path it is bound to.
    pub on_path: bool,
    /// Parameters, the one it is bound to first.
    pub parameters: Vec<(String, Parameter)>,
    /// What it answers.
    pub returns: Option<Parameter>,
}

/// A parameter or an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// `String`, `Boolean`, … or the name of a type of the model.
    pub of: String,
    /// A collection.
    pub many: bool,
    /// May be null.
    pub nullable: bool,
    /// Plain ASCII text.
    pub ascii: bool,
}

/// Where a path may begin.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The first segment.
    pub name: String,
    /// The type behind it.
    pub of: String,
    /// One object, not a collection.
    pub singleton: bool,
}

/// A line that cannot be read; the first line is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {0} of the model cannot be read")]
pub struct ModelFault(pub usize);

impl Model {
    /// Reads a model as one edition has it.
    ///
    /// # Errors
    /// [`ModelFault`].
    pub fn parse(text: &str, edition: Edition) -> Result<Self, ModelFault> {
        let mut model =
            Self { edition, types: BTreeMap::new(), enums: Vec::new(), operations: Vec::new(), entries: Vec::new() };
        let mut open: Option<Type> = None;
        let mut skips = false;
        for (number, line) in text.lines().enumerate() {
            let fault = ModelFault(number + 1);
            let words: Vec<&str> = line.split_whitespace().collect();
            if words.is_empty() || line.starts_with('#') {
                continue;
            }
            if line.starts_with(' ') {
                let member = member(&words).ok_or(fault)?;
                match &mut open {
                    Some(owner) => owner.members.push(member),
                    None if skips => {}
                    None => return Err(fault),
                }
                continue;
            }
            model.close(open.take());
            let (words, editions) = editions(&words);
            skips = !editions.has(edition);
            if skips {
                continue;
            }
            match words.split_first() {
                Some((&"entity", rest)) => open = Some(structure(rest, true).ok_or(fault)?),
                Some((&"complex", rest)) => open = Some(structure(rest, false).ok_or(fault)?),
                Some((&"enum", rest)) => model.enums.push(enumeration(rest).ok_or(fault)?),
                Some((word @ (&"action" | &"function"), rest)) => {
                    model.operations.push(operation(rest, *word == "function").ok_or(fault)?);
                }
                Some((word @ (&"set" | &"singleton"), rest)) => {
                    let [name, of] = rest else { return Err(fault) };
                    let singleton = *word == "singleton";
                    model.entries.push(Entry { name: (*name).into(), of: (*of).into(), singleton });
                }
                _ => return Err(fault),
            }
        }
        model.close(open);
        Ok(model)
    }

    fn close(&mut self, open: Option<Type>) {
        if let Some(mut done) = open {
            // What this edition declares goes before what only the other one has.
            let own: Vec<String> =
                done.members.iter().filter(|it| it.editions.has(self.edition)).map(|it| it.name.clone()).collect();
            done.members.retain(|it| it.editions.has(self.edition) || !own.contains(&it.name));
            self.types.insert(done.name.clone(), done);
        }
    }

    /// The type of this name, in any letter case.
    #[must_use]
    pub fn type_named(&self, name: &str) -> Option<&Type> {
        self.types.values().find(|known| known.name.eq_ignore_ascii_case(name))
    }

    /// The members of a type with those it inherits, the oldest first.
    #[must_use]
    pub fn members(&self, name: &str) -> Vec<&Member> {
        let Some(found) = self.types.get(name) else { return Vec::new() };
        let mut members = found.base.as_deref().map(|base| self.members(base)).unwrap_or_default();
        members.extend(&found.members);
        members
    }

    /// The member of a type by its name in any letter case. Where the type has none, one of a type derived from it counts:
    /// a navigation is declared by the base of what it leads to.
    #[must_use]
    pub fn member(&self, of: &str, name: &str) -> Option<&Member> {
        let own = self.members(of).into_iter().rev().find(|member| member.name.eq_ignore_ascii_case(name));
        own.or_else(|| {
            let derived = self.types.values().filter(|candidate| self.derives(&candidate.name, of));
            derived.flat_map(|candidate| &candidate.members).find(|member| member.name.eq_ignore_ascii_case(name))
        })
    }

    /// Is the type the base or derived from it?
    #[must_use]
    pub fn derives(&self, name: &str, base: &str) -> bool {
        let mut at = Some(name);
        while let Some(name) = at {
            if name == base {
                return true;
            }
            at = self.types.get(name).and_then(|found| found.base.as_deref());
        }
        false
    }

    /// Is it the name of an enumeration?
    #[must_use]
    pub fn is_enum(&self, name: &str) -> bool {
        self.enums.iter().any(|found| found.name == name)
    }

    /// Does the member of such a value stand in an answer in which nothing is selected?
    #[must_use]
    pub fn is_served(&self, of: &str, member: &Member) -> bool {
        let hidden = self.types.get(of).is_some_and(|found| found.hides.contains(&member.name));
        member.editions.has(self.edition) && !member.by_select && !hidden
    }
}

fn editions<'w, 't>(words: &'w [&'t str]) -> (&'w [&'t str], Editions) {
    match words.split_last() {
        Some((&"v1", rest)) => (rest, Editions::Only(Edition::V1)),
        Some((&"beta", rest)) => (rest, Editions::Only(Edition::Beta)),
        _ => (words, Editions::Both),
    }
}

fn structure(words: &[&str], entity: bool) -> Option<Type> {
    let (name, mut rest) = words.split_first()?;
    let mut found = Type {
        name: (*name).to_owned(),
        base: None,
        entity,
        is_abstract: false,
        open: false,
        hides: Vec::new(),
        members: Vec::new(),
    };
    while let Some((word, more)) = rest.split_first() {
        rest = more;
        match *word {
            "<" => {
                let (base, more) = rest.split_first()?;
                found.base = Some((*base).to_owned());
                rest = more;
            }
            "abstract" => found.is_abstract = true,
            "open" => found.open = true,
            other => found.hides.push(other.strip_prefix("hide=")?.to_owned()),
        }
    }
    Some(found)
}

fn collection(word: &str) -> (String, bool) {
    match word.strip_prefix('[').and_then(|word| word.strip_suffix(']')) {
        Some(of) => (of.to_owned(), true),
        None => (word.to_owned(), false),
    }
}

fn member(words: &[&str]) -> Option<Member> {
    let (words, editions) = editions(words);
    let (name, rest) = words.split_first()?;
    let (link, rest) = match rest.split_first()? {
        (&"->", rest) => (Link::Refers, rest),
        (&"=>", rest) => (Link::Contains, rest),
        _ => (Link::Value, rest),
    };
    let (of, marks) = rest.split_first()?;
    let (of, many) = collection(of);
    if marks.iter().any(|mark| !["!", "-", "="].contains(mark)) {
        return None;
    }
    Some(Member {
        name: (*name).to_owned(),
        of,
        many,
        link,
        nullable: !marks.contains(&"!"),
        by_select: marks.contains(&"-"),
        exact: marks.contains(&"="),
        editions,
    })
}

fn enumeration(words: &[&str]) -> Option<Enumeration> {
    let (name, rest) = words.split_first()?;
    let (flags, rest) = match rest.split_first() {
        Some((&"flags", rest)) => (true, rest),
        _ => (false, rest),
    };
    let words = rest.iter().map(|word| {
        let (word, number) = word.split_once('=')?;
        Some((word.to_owned(), number.parse().ok()?))
    });
    Some(Enumeration { name: (*name).to_owned(), flags, words: words.collect::<Option<_>>()? })
}

/// `cancel [path] name:Type!~ … > Type!~`
fn operation(words: &[&str], function: bool) -> Option<Operation> {
    let (name, rest) = words.split_first()?;
    let (on_path, rest) = match rest.split_first() {
        Some((&"path", rest)) => (true, rest),
        _ => (false, rest),
    };
    let (parameters, returns) = match rest.iter().position(|word| *word == ">") {
        Some(at) => (rest.get(..at)?, Some(parameter(rest.get(at + 1)?))),
        None => (rest, None),
    };
    let parameters = parameters.iter().map(|word| {
        let (name, of) = word.split_once(':')?;
        Some((name.to_owned(), parameter(of)))
    });
    let parameters = parameters.collect::<Option<_>>()?;
    Some(Operation { name: (*name).to_owned(), function, on_path, parameters, returns })
}

fn parameter(text: &str) -> Parameter {
    let (text, ascii) = text.strip_suffix('~').map_or((text, false), |text| (text, true));
    let (text, nullable) = text.strip_suffix('!').map_or((text, true), |text| (text, false));
    let (of, many) = collection(text);
    Parameter { of, many, nullable, ascii }
}
