//! The report as a table.

use std::fmt;

use comfy_table::{ContentArrangement, Table, presets};

use super::{Line, Report};

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, figure) in &self.machine {
            writeln!(f, "{what}: {figure}")?;
        }
        let mut table = Table::new();
        table
            .load_style(presets::UTF8_HORIZONTAL_ONLY)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(150);
        table.set_header(["", "work", "figure", "floor of the same run", "ratio", "target", "verdict"]);
        for line in &self.lines {
            table.add_row(row(line));
        }
        writeln!(f, "{table}")
    }
}

fn row(line: &Line) -> [String; 7] {
    let figure =
        if line.detail.is_empty() { line.figure.to_string() } else { format!("{}\n{}", line.figure, line.detail) };
    let lines = |text: &dyn Fn(&super::Check) -> String| line.checks.iter().map(text).collect::<Vec<_>>().join("\n");
    [
        line.promise.to_owned(),
        line.work.clone(),
        figure,
        line.floor.as_ref().map(|floor| format!("{}\n{}", floor.figure, floor.work)).unwrap_or_default(),
        line.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
        lines(&|check| check.target.clone()),
        lines(&|check| check.verdict()),
    ]
}
