//! `EPHOR_…` variables over the file: `EPHOR_HTTP__LISTEN` is `http.listen`.

use super::{
    mistake::{Mistake, Place},
    sections::ROOT_KEYS,
    tree::{Node, Step, Value},
};

/// What every variable of ours begins with.
const PREFIX: &str = "EPHOR_";

/// Between the names of tables and keys.
const SEPARATOR: &str = "__";

/// The variable of a key.
pub(crate) fn variable_of(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', SEPARATOR).replace('-', "_").to_ascii_uppercase())
}

/// Puts the variables over the file. An empty variable counts as unset. A variable without `__` that is no key of the
/// root belongs to the client commands.
pub(crate) fn overlay(
    root: &mut Node,
    variables: impl IntoIterator<Item = (String, String)>,
    mistakes: &mut Vec<Mistake>,
) {
    let mut ours: Vec<(String, String)> =
        variables.into_iter().filter(|(name, value)| name.starts_with(PREFIX) && !value.is_empty()).collect();
    ours.sort();
    for (name, value) in ours {
        let Some(rest) = name.strip_prefix(PREFIX).map(str::to_ascii_lowercase) else {
            continue;
        };
        if !rest.contains(SEPARATOR) && !ROOT_KEYS.contains(&rest.as_str()) {
            continue;
        }
        let path: Vec<Step> = rest.split(SEPARATOR).map(|key| Step::Key(key.to_owned())).collect();
        let place = Place::Variable(name);
        if !root.put(&path, Node { value: Value::Word(value), place: place.clone() }) {
            mistakes.push(Mistake::new(place, path, "the file has a value here, not a table"));
        }
    }
}
