//! `Get-PAMRoleForRequest`.

use std::collections::HashSet;

use clap::Args;
use serde_json::Value;

use super::Api;
use crate::{
    exit::Done,
    output::{self, Columns, Form, duration, property},
};

/// What to list.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only the role with this display name
    name: Option<String>,
    /// Only roles with an active request of yours
    #[arg(long)]
    active: bool,
    /// `$filter` of the API, e.g. "TTL gt 3600"
    #[arg(long, value_name = "FILTER", conflicts_with = "name")]
    filter: Option<String>,
    /// Print ids only, one a line
    #[arg(long, short = 'q', conflicts_with = "json")]
    ids: bool,
}

pub(super) async fn run(api: &Api, arguments: &Arguments, form: Form) -> Done {
    let by_name = arguments.name.as_ref().map(|name| format!("DisplayName eq '{}'", name.replace('\'', "''")));
    let mut roles = api.list("pamroles", arguments.filter.as_deref().or(by_name.as_deref())).await?;
    if arguments.active {
        let requests = api.list("pamrequests", None).await?;
        let active: HashSet<String> = requests
            .iter()
            .filter(|request| property(request, "RequestStatus") == "Active")
            .map(|request| property(request, "RoleId"))
            .collect();
        roles.retain(|role| active.contains(&property(role, "RoleId")));
    }
    if form.json {
        return Ok(output::json(&roles)?);
    }
    if arguments.ids {
        for role in &roles {
            output::line(&property(role, "RoleId"))?;
        }
        return Ok(());
    }
    if roles.is_empty() {
        output::note("You may ask for no role.");
        return Ok(());
    }
    let columns: Columns<'_> = &[
        ("Role", &|role| property(role, "DisplayName")),
        ("Longest stay", &|role| duration(role, "TTL")),
        ("MFA", &|role| property(role, "MFAEnabled")),
        ("Approval", &|role| property(role, "ApprovalEnabled")),
        ("Available", &window),
        ("Description", &|role| property(role, "Description")),
        ("Id", &|role| property(role, "RoleId")),
    ];
    Ok(output::table(columns, &roles)?)
}

/// The daily window in the server's zone.
fn window(role: &Value) -> String {
    let time = |name| property(role, name).split_once('T').map_or_else(String::new, |(_, time)| time.to_owned());
    if role.get("AvailabilityWindowEnabled").and_then(Value::as_bool) == Some(true) {
        let minutes = |time: &str| time.strip_suffix(":00").unwrap_or(time).to_owned();
        format!("{}-{}", minutes(&time("AvailableFrom")), minutes(&time("AvailableTo")))
    } else {
        "always".to_owned()
    }
}
