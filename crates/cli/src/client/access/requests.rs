//! `ephor requests`: what was asked for, over all providers.

use clap::Args;
use serde_json::{Value, json};

use super::{
    Providers,
    desk::Desk,
    each,
    request::{Request, Whose},
};
use crate::{
    client::connection::Connection,
    exit::{Done, Several},
    output::{self, Form, instant, property},
};

/// Which requests.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ephor requests                     my own, newest first
  ephor requests --open              what waits or begins later
  ephor requests --all --json        all that I may see")]
pub(crate) struct Requests {
    #[command(flatten)]
    providers: Providers,
    /// Your own, as without this
    #[arg(long, conflicts_with = "all")]
    mine: bool,
    /// All that you may see; of groups those that you have to do with
    #[arg(long)]
    all: bool,
    /// Only those on which nothing is decided yet, or that begin later
    #[arg(long)]
    open: bool,
    /// Print ids only, one a line
    #[arg(long, short = 'q', conflicts_with = "json")]
    ids: bool,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    form: Form,
}

/// Runs the command.
pub(crate) async fn run(requests: &Requests) -> Done {
    let desk = Desk::open(&requests.connection).await?;
    let outcome = show(&desk, requests).await;
    desk.close().await;
    outcome
}

async fn show(desk: &Desk, requests: &Requests) -> Done {
    let whose = if requests.all { Whose::All } else { Whose::Mine };
    let mut several = Several::default();
    let mut found = each(&requests.providers, &mut several, |provider| super::requests(desk, provider, whose)).await?;
    if requests.open {
        found.retain(is_open);
    }
    found.sort_by(|one, other| other.created.cmp(&one.created).then_with(|| one.id.cmp(&other.id)));
    if requests.form.json {
        output::json(&found.iter().map(Request::json).collect::<Vec<_>>())?;
    } else if requests.ids {
        for request in &found {
            output::line(&request.id)?;
        }
    } else if found.is_empty() {
        output::note("No requests.");
    } else {
        table(&found, requests.all)?;
    }
    several.finish()
}

/// Something may still become of it.
pub(super) fn is_open(request: &Request) -> bool {
    use super::request::{Stage, is_scheduled};
    matches!(request.stage(), Stage::Waiting | Stage::Settling) || is_scheduled(&request.status)
}

/// Requests as a table; with those whom they are for, where there are several.
pub(super) fn table(found: &[Request], with_people: bool) -> std::io::Result<()> {
    let rows: Vec<Value> = found
        .iter()
        .map(|request| {
            json!({
                "for": if with_people { request.principal.as_deref() } else { None },
                "name": request.label(), "what": request.kind(), "asked": request.asked(), "long": request.how_long(),
                "status": request.standing(), "created": request.created, "reason": request.reason, "id": request.id,
            })
        })
        .collect();
    let column = |name: &'static str| move |row: &Value| property(row, name);
    let columns: output::Columns<'_> = &[
        ("For", &column("for")),
        ("Name", &column("name")),
        ("What", &column("what")),
        ("Asked", &column("asked")),
        ("How long", &column("long")),
        ("State", &column("status")),
        ("Created", &|row| instant(row, "created")),
        ("Reason", &column("reason")),
        ("Id", &column("id")),
    ];
    output::table_by_id(columns, &rows)
}
