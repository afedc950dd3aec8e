//! `Close-PAMRequest`.

use std::io::stdin;

use clap::Args;
use serde_json::json;

use super::{Api, find_role};
use crate::{
    client::{pipeline, status::is_open},
    exit::{Done, Several},
    output::{self, Form, property},
};

/// What to end.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Ids of requests; `-` reads them from standard input
    #[arg(value_name = "REQUEST", required_unless_present = "role")]
    requests: Vec<String>,
    /// All your open requests of the role with this display name or id
    #[arg(long, value_name = "ROLE", conflicts_with = "requests")]
    role: Vec<String>,
}

pub(super) async fn run(api: &Api, arguments: &Arguments, form: Form) -> Done {
    let mut ids = pipeline::ids(&arguments.requests, "/RequestId", stdin())?;
    if !arguments.role.is_empty() {
        ids = open_requests(api, &arguments.role).await?;
    }
    let mut several = Several::default();
    for id in &ids {
        let closed = match api.act("pamrequests", id, "a request", "Close").await {
            Ok(()) if form.json => output::json(&json!({"RequestId": id})).map_err(Into::into),
            Ok(()) => output::line(&format!("closed {id}")).map_err(Into::into),
            Err(failure) => Err(failure),
        };
        several.take(id, closed)?;
    }
    several.finish()
}

async fn open_requests(api: &Api, names: &[String]) -> Done<Vec<String>> {
    let roles = api.list("pamroles", None).await?;
    let requests = api.list("pamrequests", None).await?;
    let mut ids = Vec::new();
    for name in names {
        let role = property(find_role(&roles, name)?, "RoleId");
        let before = ids.len();
        ids.extend(
            requests
                .iter()
                .filter(|request| property(request, "RoleId") == role && is_open(&property(request, "RequestStatus")))
                .map(|request| property(request, "RequestId")),
        );
        if ids.len() == before {
            output::note(&format!("{}: no open request", output::printable(name)));
        }
    }
    Ok(ids)
}
