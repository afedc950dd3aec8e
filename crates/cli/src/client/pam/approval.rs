//! `Get-PAMRequestToApprove` and `Set-PAMRequestToApprove`.

use std::io::stdin;

use clap::Args;
use serde_json::{Value, json};

use super::Api;
use crate::{
    client::pipeline,
    exit::{Done, Several},
    output::{self, Columns, Form, duration, instant, property},
};

/// What to list.
#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    /// `$filter` of the API, e.g. "RoleName eq 'Deploy'"
    #[arg(long, value_name = "FILTER")]
    filter: Option<String>,
    /// Print ids only, one a line
    #[arg(long, short = 'q', conflicts_with = "json")]
    ids: bool,
}

/// What to decide on.
#[derive(Debug, Args)]
pub(crate) struct DecideArguments {
    /// Ids of approvals as `ephor pam to-approve` lists them; `-` reads them from standard input
    #[arg(required = true, value_name = "APPROVAL")]
    approvals: Vec<String>,
}

/// Where an item has its id.
const ID: &str = "/ApprovalObjectID/Value";

fn id(item: &Value) -> String {
    item.pointer(ID).and_then(Value::as_str).unwrap_or_default().to_owned()
}

pub(super) async fn list(api: &Api, arguments: &ListArguments, form: Form) -> Done {
    let items = api.list("pamrequeststoapprove", arguments.filter.as_deref()).await?;
    if form.json {
        return Ok(output::json(&items)?);
    }
    if arguments.ids {
        for item in &items {
            output::line(&id(item))?;
        }
        return Ok(());
    }
    if items.is_empty() {
        output::note("Nothing waits for you.");
        return Ok(());
    }
    let columns: Columns<'_> = &[
        ("Role", &|item| property(item, "RoleName")),
        ("Requestor", &|item| property(item, "Requestor")),
        ("Asked", &|item| duration(item, "RequestedTTL")),
        ("Begins", &|item| instant(item, "RequestedTime")),
        ("Created", &|item| instant(item, "CreationTime")),
        ("Justification", &|item| property(item, "Justification")),
        ("Approval id", &id),
    ];
    Ok(output::table(columns, &items)?)
}

pub(super) async fn decide(api: &Api, arguments: &DecideArguments, action: &str, form: Form) -> Done {
    let mut several = Several::default();
    let word = if action == "Approve" { "approved" } else { "rejected" };
    for id in &pipeline::ids(&arguments.approvals, ID, stdin())? {
        let decided = match api.act("pamrequeststoapprove", id, "an approval", action).await {
            Ok(()) if form.json => {
                output::json(&json!({"ApprovalObjectID": {"Value": id}, "Decision": word})).map_err(Into::into)
            }
            Ok(()) => output::line(&format!("{word} {id}")).map_err(Into::into),
            Err(failure) => Err(failure),
        };
        several.take(id, decided)?;
    }
    several.finish()
}
