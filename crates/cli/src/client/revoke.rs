//! `ephor revoke`: access is ended now (seams §14). No waiting rule holds against it, the operator is alarmed.

use std::io::stdin;

use clap::Args;
use serde_json::{Value, json};

use super::{
    admin::{api::Api, find, spelling, view},
    connection::Connection,
    pipeline, prompt,
    server::guid,
    status::is_open,
};
use crate::{
    exit::{Done, Failure, Several},
    output::{self, Form, printable, property},
};

/// Whose access ends.
#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Revoke {
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    form: Form,
    /// Ids of requests whose grants end; `-` reads them from standard input
    #[arg(value_name = "REQUEST", required_unless_present_any = ["of_user", "role"])]
    requests: Vec<String>,
    /// Everything of this user: name or id
    #[arg(long = "of", value_name = "USER", conflicts_with = "requests")]
    of_user: Option<String>,
    /// Everything of this role: display name or id
    #[arg(long, value_name = "ROLE", conflicts_with = "requests")]
    role: Option<String>,
    /// Disable the account of the user first, so that nothing new begins
    #[arg(long, requires = "of_user")]
    disable: bool,
    /// Why, for the record
    #[arg(long, short, value_name = "TEXT")]
    justification: Option<String>,
    /// Do not ask
    #[arg(long)]
    force: bool,
    /// Say what would end, and do nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs the command.
pub(crate) async fn run(revoke: &Revoke) -> Done {
    let api = Api::open(&revoke.connection).await?;
    let outcome = carry_out(&api, revoke).await;
    api.close().await;
    outcome
}

async fn carry_out(api: &Api, revoke: &Revoke) -> Done {
    let user = match &revoke.of_user {
        Some(name) => Some(find::user(api, name).await?),
        None => None,
    };
    let open = open_requests(api, revoke, user.as_ref()).await?;
    let names: Vec<String> = open.iter().map(name).collect();
    if revoke.dry_run {
        for request in &open {
            view::done(
                revoke.form,
                true,
                "ended",
                ("RequestId", guid(&property(request, "RequestId"), "a request")?),
                &name(request),
            )?;
        }
        return Ok(());
    }
    if open.is_empty() && !revoke.disable {
        output::note("Nothing is open.");
        return Ok(());
    }
    let disabled = user.as_ref().filter(|_| revoke.disable);
    let first = disabled.map_or_else(String::new, |user| format!("Disable {:?} and e", user.name));
    let what = format!("{}nd at once: {}", if first.is_empty() { "E" } else { first.as_str() }, names.join("; "));
    prompt::confirm(&printable(&what), revoke.force)?;
    let mut several = Several::default();
    if let Some(user) = disabled {
        let path = format!("users/{}", user.id);
        let done = api.patch(&path, &json!({"privAccountActive": false})).await.map(drop);
        several.take(&user.name, done)?;
    }
    for request in &open {
        let id = property(request, "RequestId");
        let ended = match end(api, request, revoke.justification.as_deref()).await {
            Ok(ended) if revoke.form.json => output::json(&ended).map_err(Failure::from),
            Ok(ended) => {
                let said = format!("{} is {}", name(request), property(&ended, "RequestStatus"));
                output::line(&printable(&said)).map_err(Failure::from)
            }
            Err(failure) => Err(failure),
        };
        several.take(&id, ended)?;
    }
    several.finish()
}

async fn open_requests(api: &Api, revoke: &Revoke, user: Option<&find::Found>) -> Done<Vec<Value>> {
    if !revoke.requests.is_empty() {
        let mut requests = Vec::new();
        for id in &pipeline::ids(&revoke.requests, "/RequestId", stdin())? {
            let id = guid(id, "a request")?;
            requests.push(spelling::pam(api.get(&format!("requests/{id}")).await?));
        }
        return Ok(requests);
    }
    let mut query = vec![("status", "Pending,Active".to_owned())];
    query.extend(user.map(|user| ("userId", user.id.to_string())));
    if let Some(name) = &revoke.role {
        query.push(("roleId", find::role(api, name).await?.id.to_string()));
    }
    let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut rows = spelling::pam_rows(api.list("requests", &query).await?);
    rows.retain(|row| is_open(&property(row, "RequestStatus")));
    Ok(rows)
}

/// Ends the grant of a request; a request without one is cancelled.
async fn end(api: &Api, request: &Value, justification: Option<&str>) -> Done<Value> {
    let (id, grant) = (property(request, "RequestId"), property(request, "GrantId"));
    let ended = if grant.is_empty() {
        api.act(&format!("requests/{id}/cancel")).await?
    } else {
        api.post(&format!("grants/{grant}/end"), &json!({"justification": justification})).await?
    };
    Ok(spelling::pam(ended))
}

fn name(request: &Value) -> String {
    format!("{}, {}", property(request, "Username"), property(request, "RoleName"))
}
