//! Choosing from a list at the terminal.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use anyhow::Context as _;

use crate::{
    exit::{Done, Failure},
    output::printable,
};

/// Rows to choose from, in columns.
pub(super) fn lines(rows: impl Iterator<Item = [String; 3]>) -> Vec<String> {
    let rows: Vec<[String; 3]> = rows.map(|row| row.map(|cell| printable(&cell))).collect();
    let width =
        |column: fn(&[String; 3]) -> &String| rows.iter().map(|row| column(row).chars().count()).max().unwrap_or(0);
    let (first, second) = (width(|[it, _, _]| it), width(|[_, it, _]| it));
    rows.iter()
        .map(|[name, kind, state]| format!("{name:first$}  {kind:second$}  {state}").trim_end().to_owned())
        .collect()
}

/// The chosen ones of `lines`, by their place. `what` says what is chosen, `how` how to do without a terminal.
pub(super) fn chosen(lines: &[String], what: &str, how: &str) -> Done<Vec<usize>> {
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(format!("{what}? {how}")));
    }
    let mut err = io::stderr().lock();
    let width = lines.len().to_string().len();
    let mut ask = || -> io::Result<String> {
        for (number, line) in (1..).zip(lines) {
            writeln!(err, "{number:>width$}  {line}")?;
        }
        write!(err, "{what}? Numbers, as 1 or 1,3: ")?;
        err.flush()?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        Ok(answer)
    };
    read(&ask().context("asking at the terminal")?, lines.len())
}

/// Numbers from one on, separated by commas or blanks.
fn read(answer: &str, most: usize) -> Done<Vec<usize>> {
    let words: Vec<&str> = answer.split([',', ' ', '\t', '\n', '\r']).filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return Err(Failure::usage("nothing was chosen: nothing was done"));
    }
    let mut places = Vec::new();
    for word in words {
        let place = word.parse::<usize>().ok().filter(|number| (1..=most).contains(number)).map(|number| number - 1);
        let place = place.ok_or_else(|| Failure::usage(format!("{word:?} is no number from 1 to {most}")))?;
        if !places.contains(&place) {
            places.push(place);
        }
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_columns() {
        let row = |name: &str, kind: &str| [name.to_owned(), kind.to_owned(), "eligible".to_owned()];
        let rows = [row("Falcon", "group member"), row("User\u{1b}s", "PAM role")];
        assert_eq!(
            lines(rows.into_iter()),
            ["Falcon  group member  eligible", "User\u{fffd}s  PAM role      eligible"]
        );
    }

    #[test]
    fn numbers_are_read_and_nothing_else() {
        assert_eq!(read("1\n", 3).unwrap(), [0]);
        assert_eq!(read("3, 1 1\n", 3).unwrap(), [2, 0]);
        assert_eq!(read("\n", 3).unwrap_err().to_string(), "nothing was chosen: nothing was done");
        for wrong in ["0", "4", "1-2", "all"] {
            assert!(read(wrong, 3).is_err(), "{wrong}");
        }
    }
}
