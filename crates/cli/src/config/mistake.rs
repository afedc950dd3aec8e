//! Mistakes in a configuration: where, which key, and one sentence that says what is allowed.

use std::fmt;

use super::tree::{Step, spell};

/// Where something stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Line and column in the file, from 1.
    File {
        /// Line.
        line: usize,
        /// Column in characters.
        column: usize,
    },
    /// A variable of the environment.
    Variable(String),
    /// Nowhere: the key is missing.
    Nowhere,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    pub(crate) place: Place,
    pub(crate) path: Vec<Step>,
    text: String,
}

impl Mistake {
    pub(crate) fn new(place: Place, path: Vec<Step>, text: impl Into<String>) -> Self {
        Self { place, path, text: text.into() }
    }

    /// A mistake at a key written with dots; its place is found later.
    pub(crate) fn at(key: &str, text: impl Into<String>) -> Self {
        let path = key.split('.').map(|key| Step::Key(key.to_owned())).collect();
        Self::new(Place::Nowhere, path, text)
    }

    /// Where it stands.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The key, e.g. `http.listen` or `allowed_origins[1]`; empty for a mistake of the text itself.
    #[must_use]
    pub fn key(&self) -> String {
        spell(&self.path)
    }

    /// What is wrong and what is allowed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// All mistakes of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Mistakes {
    file: String,
    list: Vec<Mistake>,
}

impl Mistakes {
    pub(crate) fn new(file: &str, mut list: Vec<Mistake>) -> Self {
        list.sort_by(|one, other| one.place.cmp(&other.place));
        Self { file: file.to_owned(), list }
    }

    /// The mistakes, those of the file first, by line.
    #[must_use]
    pub fn list(&self) -> &[Mistake] {
        &self.list
    }
}

/// One line each: `ephor.toml:3:10: http.listen: …`.
impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, mistake) in self.list.iter().enumerate() {
            if at > 0 {
                writeln!(f)?;
            }
            match &mistake.place {
                Place::File { line, column } => write!(f, "{}:{line}:{column}: ", self.file)?,
                Place::Variable(name) => write!(f, "{name}: ")?,
                Place::Nowhere => write!(f, "{}: ", self.file)?,
            }
            if !mistake.path.is_empty() {
                write!(f, "{}: ", mistake.key())?;
            }
            f.write_str(&mistake.text)?;
        }
        Ok(())
    }
}
