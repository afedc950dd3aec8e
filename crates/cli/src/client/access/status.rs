//! `ephor status`: what is going on, or how one request stands.

use clap::Args;
use futures_util::future::join_all;

use super::{
    Provider, Providers,
    desk::Desk,
    list::{self, Wanted},
    request::Request,
};
use crate::{
    client::{admin::view, connection::Connection, server::guid},
    exit::{Done, Failure},
    output::{self, Form, instant_text},
};

/// What to look at.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ephor status                       what is in force, waits, or begins later
  ephor status 0198c2f4-…            one request, of whichever provider")]
pub(crate) struct Status {
    #[command(flatten)]
    providers: Providers,
    /// Id of a request
    #[arg(value_name = "REQUEST")]
    request: Option<String>,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    form: Form,
}

/// Runs the command.
pub(crate) async fn run(status: &Status) -> Done {
    let desk = Desk::open(&status.connection).await?;
    let outcome = show(&desk, status).await;
    desk.close().await;
    outcome
}

async fn show(desk: &Desk, status: &Status) -> Done {
    let Some(id) = &status.request else {
        if !status.form.json {
            let me = desk.me().await?;
            output::note(&format!("{} at {}", me.name, desk.server().url()));
        }
        let wanted = Wanted { active: true, waiting: true, eligible: false };
        return list::show(desk, &status.providers, wanted, false, status.form).await;
    };
    let found = find(desk, &status.providers, id).await?;
    if status.form.json {
        return Ok(output::json(&found.json())?);
    }
    described(&found)
}

/// The request of this id, of whichever provider.
pub(super) async fn find(desk: &Desk, providers: &Providers, id: &str) -> Done<Request> {
    let guid = guid(id, "a request")?;
    let wanted = Provider::wanted(&providers.named);
    let answers = join_all(wanted.iter().map(|provider| super::request(desk, *provider, guid))).await;
    let mut failed = None;
    for answer in answers {
        match answer {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => {}
            Err(failure) => failed = Some(failure),
        }
    }
    Err(failed.unwrap_or_else(|| Failure::Refused {
        code: "not_found".to_owned(),
        text: format!("there is no request {guid}, or it is not yours to see"),
    }))
}

/// For people, what matters most first.
fn described(request: &Request) -> Done {
    let instant = |text: &Option<String>| text.as_deref().map(instant_text);
    view::facts([
        ("name", Some(request.label())),
        ("what", Some(request.kind().to_owned())),
        ("state", Some(request.standing())),
        ("asked", Some(request.asked())),
        ("for", request.principal.clone()),
        ("scope", request.scope.clone().filter(|scope| scope != "/")),
        ("created", instant(&request.created)),
        ("begins", instant(&request.from)),
        ("ends", instant(&request.ends(None))),
        ("reason", request.reason.clone()),
        ("ticket", request.ticket.clone()),
        ("request", Some(request.id.clone())),
    ])
}
