//! `ephor scope`: the tree of resource scopes, and the question who may do what in it.

use anyhow::Context as _;
use clap::{Subcommand, ValueEnum};
use serde_json::{Map, Value, json};
use url::form_urlencoded::byte_serialize;

use super::{
    admin::{api::Api, find, view},
    connection::Connection,
    prompt,
};
use crate::{
    exit::{Done, Failure, Outcome},
    output::{self, Columns, Form, property},
};

/// Resource scopes.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List registered scopes
    List {
        /// Only these
        #[arg(long, value_enum)]
        kind: Option<Kind>,
    },
    /// Register a scope, or rename or move it
    Add {
        /// `/subscriptions/…`, `/providers/Microsoft.Management/managementGroups/…`, and what lies below
        scope: String,
        /// Name for people
        #[arg(long)]
        name: Option<String>,
        /// What a management group or subscription hangs below [default: the whole tenant]
        #[arg(long, value_name = "SCOPE")]
        parent: Option<String>,
        /// Where it is said to be
        #[arg(long)]
        location: Option<String>,
    },
    /// Remove a scope that holds nothing
    Remove {
        /// Which
        scope: String,
        /// Do not ask
        #[arg(long)]
        force: bool,
    },
    /// Register all scopes of a file: a JSON list of objects with `scope`, `displayName`, `parent`, `location`, `tags`
    Import {
        /// JSON file; `-` reads standard input
        file: String,
    },
    /// Ask whether somebody may do something at a scope now; ends with 2 when not
    Check {
        /// Where
        scope: String,
        /// What, as `Microsoft.Storage/storageAccounts/read`
        action: String,
        /// Name or id [default: yourself]
        #[arg(long, value_name = "USER")]
        principal: Option<String>,
        /// The action is one on data
        #[arg(long)]
        data: bool,
    },
}

/// Sorts of scopes, from above to below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Management groups
    ManagementGroup,
    /// Subscriptions
    Subscription,
    /// Resource groups
    ResourceGroup,
    /// Resources
    Resource,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::ManagementGroup => "managementGroup",
            Self::Subscription => "subscription",
            Self::ResourceGroup => "resourceGroup",
            Self::Resource => "resource",
        }
    }
}

/// Runs one of the commands.
pub(crate) async fn run(command: Command, connection: &Connection, form: Form) -> Done {
    let api = Api::open(connection).await?;
    let outcome = ask(&api, command, form).await;
    api.close().await;
    outcome
}

async fn ask(api: &Api, command: Command, form: Form) -> Done {
    match command {
        Command::List { kind } => {
            let kinds = kind.map_or_else(|| Kind::value_variants().to_vec(), |kind| vec![kind]);
            let mut rows = Vec::new();
            for kind in kinds {
                rows.extend(api.list("scopes", &[("kind", kind.word())]).await?);
            }
            let columns: Columns<'_> = &[
                ("Name", &|row| property(row, "displayName")),
                ("Scope", &|row| property(row, "scope")),
                ("Below", &|row| property(row, "parent")),
            ];
            view::list(form, None, &rows, columns, "No scopes.")
        }
        Command::Add { scope, name, parent, location } => {
            let given = [("displayName", name), ("parent", parent), ("location", location)];
            let mut body = Map::from_iter([("scope".to_owned(), Value::from(scope))]);
            body.extend(given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))));
            view::object(form, &api.put("scopes", Some(&body.into())).await?)
        }
        Command::Remove { scope, force } => {
            prompt::confirm(&format!("Remove the scope {scope:?}"), force)?;
            let encoded: String = byte_serialize(scope.as_bytes()).collect();
            api.delete(&format!("scopes?scope={encoded}")).await?;
            said(form, "removed", &scope)
        }
        Command::Import { file } => import(api, &file, form).await,
        Command::Check { scope, action, principal, data } => {
            let principal = match principal {
                Some(name) => Some(find::user(api, &name).await?.id),
                None => None,
            };
            let body = json!({"principalId": principal, "scope": scope, "action": action, "data": data});
            let found = api.post("access-checks", &body).await?;
            view::object(form, &found)?;
            match found.get("allowed").and_then(Value::as_bool) {
                Some(true) => Ok(()),
                _ => Err(Failure::Told(Outcome::Refused)),
            }
        }
    }
}

/// Scopes are registered in the order of the file: what lies above comes first.
async fn import(api: &Api, file: &str, form: Form) -> Done {
    let text = match file {
        "-" => std::io::read_to_string(std::io::stdin()).context("reading standard input")?,
        file => std::fs::read_to_string(file).with_context(|| format!("reading {file}"))?,
    };
    let list: Vec<Value> =
        serde_json::from_str(&text).map_err(|error| Failure::usage(format!("{file} is no JSON list: {error}")))?;
    for one in &list {
        let name = property(one, "scope");
        api.put("scopes", Some(one)).await?;
        if !form.json {
            output::line(&format!("registered {}", output::printable(&name)))?;
        }
    }
    if form.json { Ok(output::json(&json!({"registered": list.len()}))?) } else { Ok(()) }
}

fn said(form: Form, word: &str, scope: &str) -> Done {
    if form.json {
        return Ok(output::json(&json!({"scope": scope}))?);
    }
    Ok(output::line(&format!("{word} {}", output::printable(scope)))?)
}
