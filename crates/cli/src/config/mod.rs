//! The one configuration file and the environment over it.
//!
//! ```text
//! TOML text ──> tree ──overlay──> tree ──read──> Config ──check──> mistakes
//!               EPHOR_…
//! ```
//!
//! [`open`] reads the process's own. [`load`] is pure: text and variables in, a [`Config`] or *all* mistakes out, each with its place, its key and one
//! sentence that says what is allowed. Files are looked at afterwards: secrets by [`secrets`], certificates and
//! connections by [`connections`].

mod check;
pub mod connections;
mod directories;
mod environment;
mod identity;
pub mod mistake;
mod pam;
mod read;
pub mod reference;
pub mod secrets;
mod sections;
mod tree;
pub mod values;

use std::{
    env, fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize as _;

pub use directories::{Directory, Kerberos};
pub use identity::{Identity, Issuer, IssuerMapping, KnownClient, SigningAlgorithm};
pub use mistake::{Mistake, Mistakes, Place};
pub use pam::Pam;
pub use sections::{
    Audit, Config, Http, Https, Limits, Log, LogFormat, MfaHook, Notifications, SignIn, Store, Target, TargetMode, Tls,
    Webhook,
};

use read::{LIST_FOR_NAMES, LIST_FOR_TABLE, Wrong};
use tree::{Node, Step, spell};

/// Reads a configuration. `file` names the text in mistakes; `variables` are the process's environment, of which only
/// `EPHOR_…` counts.
///
/// # Errors
/// All mistakes, in the order of their places.
pub fn load(file: &str, text: &str, variables: impl IntoIterator<Item = (String, String)>) -> Result<Config, Mistakes> {
    let (mut root, mut mistakes) = tree::parse(text);
    environment::overlay(&mut root, variables, &mut mistakes);
    let whole = root.clone();
    let config = read_all(&mut root, &whole, &mut mistakes);
    let found: Vec<Vec<Step>> = mistakes.iter().map(|mistake| mistake.path.clone()).collect();
    for mut mistake in check::check(&config) {
        // What could not be read needs no second remark.
        if !found.iter().any(|path| !path.is_empty() && related(path, &mistake.path)) {
            mistake.place = whole.place_of(&mistake.path);
            mistakes.push(mistake);
        }
    }
    if mistakes.is_empty() { Ok(config) } else { Err(Mistakes::new(file, mistakes)) }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be read.
    #[error("cannot read {}: {cause}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// Something in it, or in the environment, is wrong.
    #[error("{0}")]
    Mistakes(#[from] Mistakes),
}

/// Reads the configuration of this process: the file, if one is given, and the environment over it.
///
/// # Errors
/// When the file cannot be read, or with all mistakes.
pub fn open(path: Option<&Path>) -> Result<Config, OpenError> {
    let text = match path {
        Some(path) => fs::read_to_string(path).map_err(|cause| OpenError::Read { path: path.to_owned(), cause })?,
        None => String::new(),
    };
    let file = path.map_or_else(|| "the configuration".to_owned(), |path| path.display().to_string());
    // A variable that is no Unicode cannot be one of ours.
    let variables =
        env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Ok(load(&file, &text, variables)?)
}

fn related(one: &[Step], other: &[Step]) -> bool {
    one.iter().zip(other).all(|(one, other)| one == other)
}

/// Reads the tree; each mistake is noted and taken out, so that the next one is found as well.
fn read_all(root: &mut Node, whole: &Node, mistakes: &mut Vec<Mistake>) -> Config {
    let mut blanks: Vec<Vec<Step>> = Vec::new();
    loop {
        let wrong = match Config::deserialize(root.reader()) {
            Ok(config) => return config,
            Err(wrong) => wrong,
        };
        let Wrong { path, missing, mut text } = wrong;
        // TOML's two brackets make a list of tables.
        let name = spell(&path);
        match text.as_str() {
            LIST_FOR_TABLE => text.push_str(&format!("; write [{name}], not [[{name}]]")),
            LIST_FOR_NAMES => text.push_str(&format!("; write [{name}.NAME] for each, not [[{name}]]")),
            _ => {}
        }
        if let Some(key) = missing {
            let mut path = path;
            path.push(Step::Key(key));
            // A blank stands in for what is missing, until its table has been read to the end.
            if root.put(&path, Node::blank()) && !blanks.contains(&path) {
                mistakes.push(Mistake::new(whole.place_of(&path), path.clone(), text));
                blanks.push(path);
                continue;
            }
            return Config::default();
        }
        match blanks.iter().any(|blank| related(blank, &path)) {
            // A blank is no value of that kind: the table it stands in goes.
            true => {
                let table = path.get(..path.len().saturating_sub(1)).unwrap_or_default();
                if !root.remove(table) {
                    return Config::default();
                }
            }
            false => {
                mistakes.push(Mistake::new(whole.place_of(&path), path.clone(), text));
                if !root.remove(&path) {
                    return Config::default();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
