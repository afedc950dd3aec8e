//! `ephor deactivate`: gives up what one activated.

use std::io::stdin;

use clap::Args;

use super::{
    Providers,
    activate::{is_at, names},
    desk::Desk,
    each,
    entitlement::{Entitlement, sort},
    find, held,
    order::Terms,
    picker,
    refusal::explained,
};
use crate::{
    client::{connection::Connection, pipeline},
    exit::{Done, Failure, Several},
    output::{self, Form, printable},
};

/// What to give up.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ephor deactivate \"User Administrator\"
  ephor deactivate --all             everything that was activated
  ephor deactivate                   choose from a list")]
pub(crate) struct Deactivate {
    #[command(flatten)]
    providers: Providers,
    /// Names or ids of roles and groups; `-` reads them from standard input [default: choose]
    #[arg(value_name = "NAME", conflicts_with = "all")]
    names: Vec<String>,
    /// Everything that was activated
    #[arg(long)]
    all: bool,
    /// Where: a scope, or the name of one
    #[arg(long, value_name = "SCOPE")]
    scope: Option<String>,
    /// Why, for the record
    #[arg(long, short = 'r', alias = "justification", value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    form: Form,
}

/// Runs the command.
pub(crate) async fn run(deactivate: &Deactivate) -> Done {
    let desk = Desk::open(&deactivate.connection).await?;
    let mut several = Several::default();
    let outcome = carry_out(&desk, deactivate, &mut several).await;
    desk.close().await;
    outcome.and_then(|()| several.finish())
}

async fn carry_out(desk: &Desk, deactivate: &Deactivate, several: &mut Several) -> Done {
    let mut all = each(&deactivate.providers, several, |provider| held(desk, provider)).await?;
    // What an administrator gave is his to take.
    all.retain(|what| what.active.as_ref().is_some_and(|active| !active.assigned));
    if let Some(scope) = &deactivate.scope {
        all.retain(|what| is_at(what, scope, false));
    }
    sort(&mut all);
    let terms = Terms { reason: deactivate.reason.clone(), ..Terms::default() };
    for what in chosen(&all, deactivate, several)? {
        match super::deactivate(desk, what, &terms).await {
            Ok(ended) => {
                for request in ended {
                    if deactivate.form.json {
                        output::json(&request.json())?;
                    } else {
                        output::line(&printable(&format!("{}: {}", what.label(), request.standing())))?;
                    }
                }
            }
            Err(failure) => several.take(&printable(&what.label()), Err(explained(failure)))?,
        }
    }
    Ok(())
}

fn chosen<'a>(all: &'a [Entitlement], deactivate: &Deactivate, several: &mut Several) -> Done<Vec<&'a Entitlement>> {
    if deactivate.all {
        if all.is_empty() {
            output::note("Nothing that you activated is in force.");
        }
        return Ok(all.iter().collect());
    }
    if deactivate.names.is_empty() {
        if all.is_empty() {
            return Err(nothing(None));
        }
        let until = |what: &Entitlement| match what.until() {
            until if until.is_empty() => until,
            until => format!("until {until}"),
        };
        let lines = picker::lines(all.iter().map(|what| [what.label(), what.kind().to_owned(), until(what)]));
        let places =
            picker::chosen(&lines, "Give up which", "Give names, as `ephor list --active` shows them, or --all")?;
        return Ok(places.into_iter().filter_map(|place| all.get(place)).collect());
    }
    let mut found: Vec<&Entitlement> = Vec::new();
    for name in pipeline::ids(&deactivate.names, "/definitionId", stdin())? {
        match find::one(all, &name, names, Entitlement::candidate, |name| nothing(Some(name))) {
            Ok(what) if found.contains(&what) => {}
            Ok(what) => found.push(what),
            Err(failure) => several.tell_plain(&failure),
        }
    }
    Ok(found)
}

fn nothing(name: Option<&str>) -> Failure {
    let text = name.map_or_else(
        || "nothing that you activated is in force".to_owned(),
        |name| format!("you activated nothing called \"{name}\" that is in force; `ephor list --active` shows what is"),
    );
    Failure::Refused { code: "not_active".to_owned(), text }
}
