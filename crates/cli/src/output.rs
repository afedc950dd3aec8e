//! What commands print: tables for people, JSON for programs, bare ids for pipelines.

use std::io::{self, IsTerminal as _, Write as _};

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use serde_json::Value;

/// The form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::Args)]
pub(crate) struct Form {
    /// Print JSON with the property names of the API
    #[arg(long, global = true, help_heading = "Output")]
    pub(crate) json: bool,
}

/// Columns of a table: heading and how a row fills it.
pub(crate) type Columns<'a> = &'a [(&'a str, &'a dyn Fn(&Value) -> String)];

/// Prints one line.
pub(crate) fn line(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")
}

/// Prints text that has its own line ends.
pub(crate) fn text(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Prints one JSON value on one line.
pub(crate) fn json(value: &impl Serialize) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, value)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// Says on standard error what is wrong.
pub(crate) fn complain(sentence: &str) {
    note(&format!("error: {sentence}"));
}

/// Says something beside the output, on standard error.
pub(crate) fn note(sentence: &str) {
    // Sentences of servers hold other people's words; lines of ours stay lines.
    let sentence = sentence.lines().map(printable).collect::<Vec<_>>().join("\n");
    // If even that is closed there is nobody left to tell.
    let _ = writeln!(io::stderr().lock(), "{sentence}");
}

/// Prints rows as a table: as wide as the terminal, or as wide as they need where there is none.
pub(crate) fn table<'v>(columns: Columns<'_>, rows: impl IntoIterator<Item = &'v Value>) -> io::Result<()> {
    line(&render(columns, rows, io::stdout().is_terminal()))
}

/// The same without columns in which nothing stands: they take room from those that say something.
pub(crate) fn used_table(columns: Columns<'_>, rows: &[Value]) -> io::Result<()> {
    let used: Vec<_> =
        columns.iter().filter(|(_, fill)| rows.iter().any(|row| !fill(row).is_empty())).copied().collect();
    table(&used, rows)
}

/// The same, whose last column is an id that commands take: where the terminal is too narrow for whole ones it is left out,
/// as a broken one helps nobody.
pub(crate) fn table_by_id(columns: Columns<'_>, rows: &[Value]) -> io::Result<()> {
    let wide = |(heading, fill): &(&str, &dyn Fn(&Value) -> String)| {
        let longest = rows.iter().map(|row| printable(&fill(row)).chars().count()).max().unwrap_or(0);
        if longest == 0 { 0 } else { longest.max(heading.len()) + 2 }
    };
    let needed: usize = columns.iter().map(wide).sum();
    let narrow = terminal_width().is_some_and(|width| needed > usize::from(width));
    match columns.split_last() {
        Some((_, others)) if narrow && io::stdout().is_terminal() => {
            used_table(others, rows)?;
            note("Ids need a wider terminal, -q or --json.");
            Ok(())
        }
        _ => used_table(columns, rows),
    }
}

fn render<'v>(columns: Columns<'_>, rows: impl IntoIterator<Item = &'v Value>, fits_terminal: bool) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if fits_terminal {
        table.set_content_arrangement(ContentArrangement::Dynamic);
        if let Some(width) = terminal_width() {
            table.set_width(width);
        }
    }
    table.set_header(columns.iter().map(|(heading, _)| *heading));
    for row in rows {
        table.add_row(columns.iter().map(|(_, fill)| printable(&fill(row))));
    }
    // The style pads every cell by one blank on each side; lines begin where the text does.
    table
        .lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}

fn terminal_width() -> Option<u16> {
    rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| size.ws_col).filter(|width| *width >= 40)
}

/// Text without anything that a terminal would obey: names and reasons are other people's words.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => ' ',
            c if c.is_control() || turns(c) => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// Turns the direction of what is written, or ends a line where terminals do not agree on it.
const fn turns(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text of a property; empty where it is `null`, absent or the sentinel.
pub(crate) fn property(row: &Value, name: &str) -> String {
    match row.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bool(yes)) => if *yes { "yes" } else { "no" }.to_owned(),
        Some(Value::Null) | None => String::new(),
        Some(other @ (Value::Number(_) | Value::Array(_) | Value::Object(_))) => other.to_string(),
    }
}

/// An instant for people: whole seconds in UTC, nothing for the sentinel.
pub(crate) fn instant(row: &Value, name: &str) -> String {
    instant_text(&property(row, name))
}

/// The same of the instant itself.
pub(crate) fn instant_text(text: &str) -> String {
    if text.starts_with("0001-") {
        return String::new();
    }
    match text.split_once('T') {
        Some((date, time)) => {
            let seconds = time.get(..8).unwrap_or(time);
            let zone = if time.ends_with('Z') { "Z" } else { "" };
            format!("{date} {seconds}{zone}")
        }
        None => text.to_owned(),
    }
}

/// A number of seconds for people.
pub(crate) fn duration(row: &Value, name: &str) -> String {
    let text = property(row, name);
    match text.parse::<u64>() {
        Ok(seconds) => seconds_for_people(seconds),
        Err(_) => text,
    }
}

/// `3600` is `1h`.
pub(crate) fn seconds_for_people(seconds: u64) -> String {
    let parts = [(seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let text: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect();
    if text.is_empty() { "0s".to_owned() } else { text.join(" ") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_is_columns_of_text() {
        let rows = [json!({"Name": "Allow AD Access", "TTL": "3600"}), json!({"Name": "B", "TTL": "90"})];
        let columns: Columns<'_> =
            &[("Role", &|row| property(row, "Name")), ("Longest stay", &|row| duration(row, "TTL"))];
        assert_eq!(
            render(columns, &rows, false),
            "Role             Longest stay\nAllow AD Access  1h\nB                1m 30s"
        );
    }

    #[test]
    fn words_of_others_cannot_steer_the_terminal() {
        assert_eq!(printable("a\u{1b}[31mb\nc\u{202e}d\u{200f}"), "a\u{fffd}[31mb c\u{fffd}d\u{fffd}");
    }

    #[test]
    fn instants_and_durations_are_for_people() {
        let row = json!({"A": "2026-11-22T08:33:12.123Z", "B": "0001-01-01T00:00:00", "C": "90061", "D": null});
        assert_eq!(instant(&row, "A"), "2026-11-22 08:33:12Z");
        assert_eq!(instant(&row, "B"), "");
        assert_eq!(duration(&row, "C"), "1d 1h 1m 1s");
        assert_eq!((duration(&row, "D"), seconds_for_people(0)), (String::new(), "0s".to_owned()));
    }
}
