//! `ephor cancel`: takes back what one asked for and what is not decided yet.

use clap::Args;

use super::{
    Providers,
    desk::Desk,
    each,
    find::{self, Names},
    refusal::explained,
    request::{Request, Whose},
    requests::is_open,
    status,
};
use crate::{
    client::connection::Connection,
    exit::{Done, Failure, Several},
    output::{self, Form, printable},
};

/// What to take back.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ephor cancel \"User Administrator\"
  ephor cancel 0198c2f4-…            an administrator may cancel requests of others")]
pub(crate) struct Cancel {
    #[command(flatten)]
    providers: Providers,
    /// Ids of requests, or names of what was asked for
    #[arg(value_name = "REQUEST", required = true)]
    requests: Vec<String>,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    form: Form,
}

/// Runs the command.
pub(crate) async fn run(cancel: &Cancel) -> Done {
    let desk = Desk::open(&cancel.connection).await?;
    let mut several = Several::default();
    let outcome = carry_out(&desk, cancel, &mut several).await;
    desk.close().await;
    outcome.and_then(|()| several.finish())
}

async fn carry_out(desk: &Desk, cancel: &Cancel, several: &mut Several) -> Done {
    let mut own = each(&cancel.providers, several, |provider| super::requests(desk, provider, Whose::Mine)).await?;
    own.retain(is_open);
    for name in &cancel.requests {
        let found = match find::one(&own, name, names, Request::candidate, nothing) {
            Ok(found) => Ok(found.clone()),
            // An id may be that of somebody else's request.
            Err(Failure::Refused { .. }) if uuid::Uuid::try_parse(name.trim()).is_ok() => {
                status::find(desk, &cancel.providers, name).await
            }
            Err(failure) => Err(failure),
        };
        let request = match found {
            Ok(request) => request,
            Err(failure) => {
                several.tell_plain(&failure);
                continue;
            }
        };
        match super::cancel(desk, &request).await {
            Ok(()) if cancel.form.json => {
                let request = Request { status: "Canceled".to_owned(), ..request };
                output::json(&request.json())?;
            }
            Ok(()) => output::line(&printable(&format!("{}: cancelled", request.label())))?,
            Err(failure) => several.take(&printable(name), Err(explained(failure)))?,
        }
    }
    Ok(())
}

/// What a request may be called.
pub(super) fn names(request: &Request) -> Names<'_> {
    Names { ids: vec![&request.id], names: vec![request.name.clone(), request.label()] }
}

fn nothing(name: &str) -> Failure {
    let text = format!("nothing called \"{name}\" that you asked for is open; `ephor requests --open` shows what is");
    Failure::Refused { code: "not_found".to_owned(), text }
}
