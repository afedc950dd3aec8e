//! `ephor list`: what I may have, hold, and wait for.

use clap::Args;
use serde_json::Value;

use super::{Providers, desk::Desk, each, entitlement::Entitlement, held};
use crate::{
    client::connection::Connection,
    exit::{Done, Several},
    output::{self, Form, property},
};

/// What to list.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ephor list                         everything
  ephor list --active                what is in force, and until when
  ephor list --provider group --json groups alone, for a program

What cannot be asked is told on standard error, the rest is shown; the exit code then is 2 or 3.")]
pub(crate) struct List {
    #[command(flatten)]
    providers: Providers,
    /// What is in force
    #[arg(long)]
    active: bool,
    /// What can be activated
    #[arg(long)]
    eligible: bool,
    /// What waits for somebody, or begins later
    #[arg(long)]
    waiting: bool,
    /// Print ids only, one a line
    #[arg(long, short = 'q', conflicts_with = "json")]
    ids: bool,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    form: Form,
}

/// Which of them are wanted; several switches show the union.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wanted {
    pub(super) active: bool,
    pub(super) eligible: bool,
    pub(super) waiting: bool,
}

impl Wanted {
    fn shows(self, what: &Entitlement) -> bool {
        let all = !(self.active || self.eligible || self.waiting);
        all || self.active && what.active.is_some()
            || self.eligible && what.eligible.is_some()
            || self.waiting && what.waiting.is_some()
    }
}

/// Runs the command.
pub(crate) async fn run(list: &List) -> Done {
    let desk = Desk::open(&list.connection).await?;
    let wanted = Wanted { active: list.active, eligible: list.eligible, waiting: list.waiting };
    let outcome = show(&desk, &list.providers, wanted, list.ids, list.form).await;
    desk.close().await;
    outcome
}

/// Lists what is wanted.
pub(super) async fn show(desk: &Desk, providers: &Providers, wanted: Wanted, ids: bool, form: Form) -> Done {
    let mut several = Several::default();
    let mut found = each(providers, &mut several, |provider| held(desk, provider)).await?;
    found.retain(|what| wanted.shows(what));
    super::entitlement::sort(&mut found);
    let rows: Vec<Value> = found.iter().map(Entitlement::json).collect();
    if form.json {
        output::json(&rows)?;
    } else if ids {
        for what in &found {
            output::line(what.id())?;
        }
    } else if found.is_empty() {
        output::note(match (wanted.eligible, wanted.active, wanted.waiting) {
            (false, true, false) => "Nothing is in force.",
            (false, false, true) => "Nothing waits.",
            (false, true, true) => "Nothing is in force, and nothing waits.",
            (true, false, false) => "You are eligible for nothing.",
            _ => "You are eligible for nothing, and hold nothing.",
        });
    } else {
        table(&found)?;
    }
    several.finish()
}

fn table(found: &[Entitlement]) -> std::io::Result<()> {
    let rows: Vec<Value> = found
        .iter()
        .map(|what| {
            serde_json::json!({
                "name": what.name, "kind": what.kind(), "where": what.place_name(), "state": what.standing(),
                "until": what.until(),
            })
        })
        .collect();
    let column = |name: &'static str| move |row: &Value| property(row, name);
    let columns: output::Columns<'_> = &[
        ("Name", &column("name")),
        ("What", &column("kind")),
        ("Where", &column("where")),
        ("State", &column("state")),
        ("Until", &column("until")),
    ];
    output::used_table(columns, &rows)
}
