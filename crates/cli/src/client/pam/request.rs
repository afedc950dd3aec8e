//! `New-PAMRequest`.

use std::io::stdin;

use clap::Args;
use serde_json::{Value, json};

use super::{Api, find_role};
use crate::{
    client::{pipeline, ttl::Ttl},
    exit::{Done, Several},
    output::{self, Form, instant, printable, property},
};

/// What to ask for.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Display names or ids of roles; `-` reads them from standard input
    #[arg(required = true, value_name = "ROLE")]
    roles: Vec<String>,
    /// Why you need it
    #[arg(long, short, value_name = "TEXT")]
    justification: Option<String>,
    /// How long: seconds, hh:mm:ss, d.hh:mm:ss, PT1H or 1h [default: the longest stay of the role]. 0 gives the role up
    #[arg(long, value_name = "DURATION")]
    ttl: Option<Ttl>,
    /// When it begins: 2026-03-01T09:00:00Z, or "2026/03/01 09:00" in the server's time zone [default: now]
    #[arg(long, value_name = "INSTANT")]
    start: Option<String>,
    /// Print ids only, one a line
    #[arg(long, short = 'q', conflicts_with = "json")]
    ids: bool,
}

pub(super) async fn run(api: &Api, arguments: &Arguments, form: Form) -> Done {
    let names = pipeline::ids(&arguments.roles, "/RoleId", stdin())?;
    let roles = api.list("pamroles", None).await?;
    let mut several = Several::default();
    for name in &names {
        several.take(name, ask(api, &roles, name, arguments, form).await)?;
    }
    several.finish()
}

async fn ask(api: &Api, roles: &[Value], name: &str, arguments: &Arguments, form: Form) -> Done {
    let role = find_role(roles, name)?;
    let ttl = arguments.ttl.map_or_else(|| property(role, "TTL"), |ttl| ttl.0.to_string());
    let created = api
        .create(&json!({
            "RoleId": property(role, "RoleId"),
            "RequestedTTL": ttl,
            "Justification": arguments.justification,
            "RequestedTime": arguments.start,
        }))
        .await?;
    if let Some(capped) = arguments.ttl.and_then(|asked| capped(role, asked)) {
        output::note(&capped);
    }
    if form.json {
        return Ok(output::json(&created)?);
    }
    if arguments.ids {
        return Ok(output::line(&property(&created, "RequestId"))?);
    }
    let role = printable(&property(role, "DisplayName"));
    let id = property(&created, "RequestId");
    let status = property(&created, "RequestStatus");
    let what_now = match status.as_str() {
        "Active" => format!("active until {}", instant(&created, "ExpirationTime")),
        "Scheduled" => format!("begins {}", instant(&created, "RequestedTime")),
        "PendingMFA" => "waits for your second factor".to_owned(),
        "PendingApproval" => "waits for an approver".to_owned(),
        "Processing" => "is being put into force".to_owned(),
        other => printable(other),
    };
    Ok(output::line(&format!("{role}: {what_now} (request {id})"))?)
}

/// What is said when a role is given for less than was asked for (`PAM 10.2`); the request itself repeats what was asked.
fn capped(role: &Value, asked: Ttl) -> Option<String> {
    let most: u64 = property(role, "TTL").parse().ok()?;
    let name = printable(&property(role, "DisplayName"));
    (asked.0 > most)
        .then(|| format!("note: {name} is given for at most {}, not for the {} asked for", Ttl(most), asked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_is_said() {
        let role = json!({"DisplayName": "Backup", "TTL": "3600"});
        let said = capped(&role, Ttl(90_000));
        assert_eq!(said.as_deref(), Some("note: Backup is given for at most 1h, not for the 1d 1h asked for"));
        assert_eq!(capped(&role, Ttl(3600)), None);
    }
}
