//! `ephor mfa`: proves presence for one's own requests by a code.

use clap::Subcommand;
use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::{
    connection::Connection,
    prompt,
    server::{Server, guid},
};
use crate::{
    exit::{Done, Failure},
    output::{self, Form, printable, property},
};

/// The base of the API.
pub(super) const BASE: &str = "api/mfa/v1/challenges";

/// Environment variable that holds a code.
pub(super) const CODE: &str = "EPHOR_CODE";

/// Prove that it is you, for requests of your own that wait for a second factor.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List your requests that wait for a second factor
    List,
    /// Prove that it is you by a code of your authenticator app or a recovery code
    Answer(Answer),
}

/// Which request, and the proof.
#[derive(Debug, clap::Args)]
pub(crate) struct Answer {
    /// Id of the request; needed when several wait
    request: Option<String>,
    /// The code, good for once; asked for if it is not given
    #[arg(long, value_name = "CODE", env = CODE, hide_env_values = true)]
    code: Option<SecretString>,
}

/// Runs one of the commands.
pub(crate) async fn run(command: Command, connection: &Connection, form: Form) -> Done {
    let server = connection.open()?;
    match command {
        Command::List => list(&server, form).await,
        Command::Answer(answer) => prove(&server, answer, form).await,
    }
}

async fn waiting(server: &Server) -> Done<Vec<Value>> {
    let mut body = server.get(BASE, &[]).await?;
    match body.get_mut("items").map(Value::take) {
        Some(Value::Array(rows)) => Ok(rows),
        _ => Err(anyhow::anyhow!("{} is no Ephor server: its answer has no `items`", server.url()).into()),
    }
}

async fn list(server: &Server, form: Form) -> Done {
    let rows = waiting(server).await?;
    if form.json {
        return Ok(output::json(&rows)?);
    }
    let text = |name: &'static str| move |row: &Value| printable(&property(row, name));
    let instant = |name: &'static str| move |row: &Value| output::instant(row, name);
    let columns: output::Columns<'_> = &[
        ("Request", &text("requestId")),
        ("Role", &text("role")),
        ("Asked", &instant("created")),
        ("Confirm by", &instant("expires")),
    ];
    Ok(output::table(columns, &rows)?)
}

async fn prove(server: &Server, answer: Answer, form: Form) -> Done {
    let request = match answer.request {
        Some(request) => guid(&request, "a request")?.to_string(),
        None => match waiting(server).await?.as_slice() {
            [only] => property(only, "requestId"),
            [] => return Err(Failure::usage("no request of yours waits for a second factor")),
            _ => return Err(Failure::usage("several requests wait: name one of those that `ephor mfa list` shows")),
        },
    };
    let code = match answer.code {
        Some(code) => code,
        None => asked("Code: ")?,
    };
    let body = json!({"code": code.expose_secret()});
    let outcome = server.order(Method::POST, &format!("{BASE}/{request}"), Some(&body)).await?;
    if form.json {
        return Ok(output::json(&outcome)?);
    }
    Ok(output::line(&format!("confirmed; the request is {}", printable(&property(&outcome, "status"))))?)
}

/// A code from the environment, or from the person at the terminal.
pub(super) fn code(question: &str) -> Done<SecretString> {
    match std::env::var(CODE).ok().filter(|code| !code.is_empty()) {
        Some(code) => Ok(code.into()),
        None => asked(question),
    }
}

fn asked(question: &str) -> Done<SecretString> {
    prompt::secret(question)?.ok_or_else(|| Failure::usage(format!("a code is needed: set {CODE}")))
}
