//! `ephor approvals`, `ephor approve`, `ephor deny`: decisions on requests of others.

use std::io::stdin;

use clap::Args;
use serde_json::{Value, json};

use super::{
    Providers,
    desk::Desk,
    each,
    find::{self, Names},
    refusal::explained,
    request::Request,
};
use crate::{
    client::{connection::Connection, pipeline},
    exit::{Done, Failure, Several},
    output::{self, Form, instant, printable, property},
};

/// What waits for the caller's decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// Id of the approval.
    pub(crate) id: String,
    /// The stage whose turn it is, where there are stages.
    pub(crate) stage: Option<String>,
    pub(crate) request: Request,
}

/// Which approvals.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ephor approvals
  ephor approvals -q | ephor approve - --reason \"as discussed\"")]
pub(crate) struct Approvals {
    #[command(flatten)]
    providers: Providers,
    /// Print ids only, one a line
    #[arg(long, short = 'q', conflicts_with = "json")]
    ids: bool,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    form: Form,
}

/// What to decide.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ephor approve 0198c2f4-… --reason \"as discussed\"
  ephor approve alice                the one request of alice's that waits
  ephor deny \"User Administrator\" --reason \"not tonight\"")]
pub(crate) struct Decide {
    #[command(flatten)]
    providers: Providers,
    /// Ids as `ephor approvals` lists them, or names: of what is asked for, or of who asks; `-` reads ids from standard input
    #[arg(value_name = "APPROVAL", required = true)]
    approvals: Vec<String>,
    /// Why, for the record and for who asked
    #[arg(long, short = 'r', alias = "justification", value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    form: Form,
}

/// Lists what waits.
pub(crate) async fn run(approvals: &Approvals) -> Done {
    let desk = Desk::open(&approvals.connection).await?;
    let outcome = show(&desk, approvals).await;
    desk.close().await;
    outcome
}

impl Waiting {
    fn json(&self) -> Value {
        let mut row = self.request.json();
        if let Some(members) = row.as_object_mut() {
            members.insert("approvalId".to_owned(), self.id.clone().into());
        }
        row
    }

    fn names(&self) -> Names<'_> {
        let request = &self.request;
        let who = request.principal.clone().unwrap_or_default();
        // `DOMAIN\account` and `account@domain` go by their account as well.
        let account = who.rsplit('\\').next().and_then(|name| name.split('@').next()).unwrap_or_default().to_owned();
        let names = [request.name.clone(), request.label(), who, account];
        Names { ids: vec![&self.id, &request.id], names: names.into_iter().filter(|name| !name.is_empty()).collect() }
    }
}

async fn show(desk: &Desk, approvals: &Approvals) -> Done {
    let mut several = Several::default();
    let mut found = each(&approvals.providers, &mut several, |provider| super::approvals(desk, provider)).await?;
    found.sort_by(|one, other| one.request.created.cmp(&other.request.created));
    if approvals.form.json {
        output::json(&found.iter().map(Waiting::json).collect::<Vec<_>>())?;
    } else if approvals.ids {
        for waiting in &found {
            output::line(&waiting.id)?;
        }
    } else if found.is_empty() {
        output::note("Nothing waits for you.");
    } else {
        table(&found)?;
    }
    several.finish()
}

fn table(found: &[Waiting]) -> std::io::Result<()> {
    let rows: Vec<Value> = found
        .iter()
        .map(|Waiting { id, request, .. }| {
            json!({
                "who": request.principal, "name": request.label(), "what": request.kind(), "long": request.how_long(),
                "created": request.created, "reason": request.reason, "ticket": request.ticket, "id": id,
            })
        })
        .collect();
    let column = |name: &'static str| move |row: &Value| property(row, name);
    let columns: output::Columns<'_> = &[
        ("Who", &column("who")),
        ("Asks for", &column("name")),
        ("What", &column("what")),
        ("How long", &column("long")),
        ("Created", &|row| instant(row, "created")),
        ("Reason", &column("reason")),
        ("Ticket", &column("ticket")),
        ("Approval", &column("id")),
    ];
    output::table_by_id(columns, &rows)
}

/// Decides.
pub(crate) async fn decide(decide: &Decide, approves: bool) -> Done {
    let desk = Desk::open(&decide.connection).await?;
    let mut several = Several::default();
    let outcome = carry_out(&desk, decide, approves, &mut several).await;
    desk.close().await;
    outcome.and_then(|()| several.finish())
}

async fn carry_out(desk: &Desk, decide: &Decide, approves: bool, several: &mut Several) -> Done {
    let all = each(&decide.providers, several, |provider| super::approvals(desk, provider)).await?;
    let (word, status) = if approves { ("approved", "Approved") } else { ("denied", "Denied") };
    for name in pipeline::ids(&decide.approvals, "/approvalId", stdin())? {
        let candidate = |waiting: &Waiting| {
            let who = waiting.request.principal.as_deref().unwrap_or("somebody");
            printable(&format!("{who}: {} ({}, {})", waiting.request.label(), waiting.request.kind(), waiting.id))
        };
        let waiting = match find::one(&all, &name, Waiting::names, candidate, nothing) {
            Ok(waiting) => waiting,
            Err(failure) => {
                several.tell_plain(&failure);
                continue;
            }
        };
        let decided = super::decide(desk, waiting, approves, decide.reason.as_deref()).await;
        match decided {
            Ok(()) if decide.form.json => {
                let mut row = waiting.json();
                if let Some(members) = row.as_object_mut() {
                    members.insert("decision".to_owned(), status.into());
                }
                output::json(&row)?;
            }
            Ok(()) => {
                let request = &waiting.request;
                let who = request.principal.as_deref().map(|who| format!(" for {who}")).unwrap_or_default();
                output::line(&printable(&format!("{}{who}: {word}", request.label())))?;
            }
            Err(failure) => several.take(&printable(&name), Err(explained(failure)))?,
        }
    }
    Ok(())
}

fn nothing(name: &str) -> Failure {
    let text = format!("nothing called \"{name}\" waits for your decision; `ephor approvals` shows what does");
    Failure::Refused { code: "not_found".to_owned(), text }
}
