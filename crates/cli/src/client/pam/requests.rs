//! `Get-PAMRequestForReview`.

use std::collections::HashMap;

use clap::Args;

use super::Api;
use crate::{
    client::status::Switches,
    exit::Done,
    output::{self, Columns, Form, duration, instant, property},
};

/// What to list.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    switches: Switches,
    /// `$filter` of the API, e.g. "RequestStatus eq 'Active'"
    #[arg(long, value_name = "FILTER")]
    filter: Option<String>,
    /// Print ids only, one a line
    #[arg(long, short = 'q', conflicts_with = "json")]
    ids: bool,
}

pub(super) async fn run(api: &Api, arguments: &Arguments, form: Form) -> Done {
    let mut requests = api.list("pamrequests", arguments.filter.as_deref()).await?;
    arguments.switches.keep(&mut requests);
    if form.json {
        return Ok(output::json(&requests)?);
    }
    if arguments.ids {
        for request in &requests {
            output::line(&property(request, "RequestId"))?;
        }
        return Ok(());
    }
    if requests.is_empty() {
        output::note("No requests.");
        return Ok(());
    }
    // A role that is no longer the caller's shows by its id.
    let names: HashMap<String, String> = api
        .list("pamroles", None)
        .await?
        .iter()
        .map(|role| (property(role, "RoleId"), property(role, "DisplayName")))
        .collect();
    let columns: Columns<'_> = &[
        ("Role", &|request| {
            let id = property(request, "RoleId");
            names.get(&id).cloned().unwrap_or(id)
        }),
        ("Status", &|request| property(request, "RequestStatus")),
        ("Asked", &|request| match property(request, "RequestedTTL").as_str() {
            "0" => "give up".to_owned(),
            _ => duration(request, "RequestedTTL"),
        }),
        ("Created", &|request| instant(request, "CreationTime")),
        ("Begins", &|request| instant(request, "RequestedTime")),
        ("Ends", &|request| instant(request, "ExpirationTime")),
        ("Justification", &|request| property(request, "Justification")),
        ("Id", &|request| property(request, "RequestId")),
    ];
    Ok(output::table(columns, &requests)?)
}
