//! Which of many things a name means: its id, its name, the beginning of it or of one of its words, as long as only one fits.

use crate::{
    exit::{Done, Failure},
    output::printable,
};

/// What a thing can be called.
pub(crate) struct Names<'t> {
    /// Ids: only whole ones count.
    pub(crate) ids: Vec<&'t str>,
    /// Its name, and its name with what tells it from others.
    pub(crate) names: Vec<String>,
}

/// How well a name fits; the smaller the better.
fn rank(names: &Names<'_>, wanted: &str) -> Option<u8> {
    let folded = |text: &str| text.trim().to_lowercase();
    let wanted_folded = folded(wanted);
    if names.ids.iter().any(|id| id.eq_ignore_ascii_case(wanted.trim())) {
        return Some(0);
    }
    let any = |fits: &dyn Fn(&str) -> bool| names.names.iter().any(|name| fits(name));
    if any(&|name| name == wanted) {
        Some(1)
    } else if any(&|name| folded(name) == wanted_folded) {
        Some(2)
    } else if !wanted_folded.is_empty() && any(&|name| folded(name).starts_with(&wanted_folded)) {
        Some(3)
    } else if !wanted_folded.is_empty() && any(&|name| has_word(&folded(name), &wanted_folded)) {
        Some(4)
    } else {
        None
    }
}

/// One of its words, and what follows it, begins so.
fn has_word(name: &str, wanted: &str) -> bool {
    name.match_indices(char::is_whitespace)
        .filter_map(|(at, blank)| name.get(at + blank.len()..))
        .any(|rest| rest.starts_with(wanted))
}

/// The worst rank of what is called so as a whole.
const WHOLE: u8 = 2;

/// The one thing that `wanted` means. `candidate` shows one to choose from; `nothing` is said where none fits.
pub(crate) fn one<'t, T>(
    things: impl IntoIterator<Item = &'t T>,
    wanted: &str,
    names: impl Fn(&'t T) -> Names<'t>,
    candidate: impl Fn(&T) -> String,
    nothing: impl FnOnce(&str) -> Failure,
) -> Done<&'t T> {
    best(things, wanted, u8::MAX, names, candidate, nothing)
}

/// The same by whole names alone: what changes things of others guesses nothing.
pub(crate) fn exactly<'t, T>(
    things: impl IntoIterator<Item = &'t T>,
    wanted: &str,
    names: impl Fn(&'t T) -> Names<'t>,
    candidate: impl Fn(&T) -> String,
    nothing: impl FnOnce(&str) -> Failure,
) -> Done<&'t T> {
    best(things, wanted, WHOLE, names, candidate, nothing)
}

fn best<'t, T>(
    things: impl IntoIterator<Item = &'t T>,
    wanted: &str,
    worst: u8,
    names: impl Fn(&'t T) -> Names<'t>,
    candidate: impl Fn(&T) -> String,
    nothing: impl FnOnce(&str) -> Failure,
) -> Done<&'t T> {
    let fits = |thing: &'t T| rank(&names(thing), wanted).filter(|rank| *rank <= worst);
    let ranked: Vec<(u8, &T)> = things.into_iter().filter_map(|thing| fits(thing).map(|rank| (rank, thing))).collect();
    let Some(best) = ranked.iter().map(|(rank, _)| *rank).min() else {
        return Err(nothing(&printable(wanted)));
    };
    let alike: Vec<&T> = ranked.iter().filter(|(rank, _)| *rank == best).map(|(_, thing)| *thing).collect();
    match alike.as_slice() {
        [only] => Ok(only),
        several => {
            let lines: Vec<String> = several.iter().map(|thing| format!("  {}", candidate(thing))).collect();
            Err(Failure::usage(format!(
                "\"{}\" may mean {} things: say more of the name, or give the id of one of\n{}",
                printable(wanted),
                several.len(),
                lines.join("\n")
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Outcome;

    const THINGS: [(&str, &str, &str); 5] = [
        ("1", "Reader", "Reader at payroll"),
        ("2", "Reader", "Reader at website"),
        ("3", "User Administrator", "User Administrator"),
        ("4", "User Reader", "User Reader"),
        ("5", "user reader", "user reader"),
    ];

    fn found(wanted: &str) -> Done<&'static str> {
        let names = |thing: &'static (&str, &str, &str)| Names {
            ids: vec![thing.0],
            names: vec![thing.1.to_owned(), thing.2.to_owned()],
        };
        let nothing = |name: &str| Failure::Refused { code: "not_eligible".to_owned(), text: format!("no {name}") };
        one(&THINGS, wanted, names, |thing| thing.2.to_owned(), nothing).map(|thing| thing.0)
    }

    #[test]
    fn whole_names_alone_where_nothing_may_be_guessed() {
        let names = |thing: &'static (&str, &str, &str)| Names { ids: vec![thing.0], names: vec![thing.1.to_owned()] };
        let nothing = |name: &str| Failure::Refused { code: "not_found".to_owned(), text: format!("no {name}") };
        let found =
            |wanted: &str| exactly(&THINGS, wanted, names, |thing| thing.2.to_owned(), nothing).map(|thing| thing.0);
        assert_eq!(found("user administrator").unwrap(), "3");
        assert_eq!(found("user a").unwrap_err().outcome(), Outcome::Refused);
        assert_eq!(found("reader").unwrap_err().outcome(), Outcome::Usage, "two of them");
    }

    #[test]
    fn ids_names_and_clear_beginnings_are_understood() {
        assert_eq!(found("4").unwrap(), "4");
        assert_eq!(found("reader at w").unwrap(), "2");
        assert_eq!(found("user a").unwrap(), "3");
        assert_eq!(found("administrator").unwrap(), "3", "a word of it");
        assert_eq!(found("at web").unwrap(), "2");
        assert_eq!(found("User Reader").unwrap(), "4", "letter by letter goes first");
        assert_eq!(found("USER ADMINISTRATOR ").unwrap(), "3");
    }

    #[test]
    fn what_may_mean_several_things_is_refused_with_the_list_of_them() {
        let ambiguous = found("reader").unwrap_err();
        assert_eq!(ambiguous.outcome(), Outcome::Usage);
        assert_eq!(
            ambiguous.to_string(),
            "\"reader\" may mean 2 things: say more of the name, or give the id of one of\n  Reader at payroll\n  Reader at website"
        );
        assert_eq!(found("USER READER").unwrap_err().outcome(), Outcome::Usage);
        assert_eq!(found("Owner").unwrap_err().outcome(), Outcome::Refused);
        assert_eq!(found("").unwrap_err().outcome(), Outcome::Refused);
        assert!(found("\u{1b}[31m").unwrap_err().to_string().contains("no \u{fffd}[31m"));
    }
}
