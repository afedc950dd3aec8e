//! `Get-PAMRequest`, `Close-PAMRequestForControl`: other people's requests.

use std::io::stdin;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{api::Api, filter, find, spelling, view};
use crate::{
    client::{pipeline, prompt, server::guid, status::Switches},
    exit::{Done, Several},
    output::{self, Columns, Form, duration, instant, property},
};

/// Requests of everybody.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List requests, newest first
    List(List),
    /// Show one request
    Show {
        /// Id
        request: String,
    },
    /// Cancel requests: by id, or all open ones of a user, of a role, of everybody
    Close(Close),
}

/// Which requests.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Of this user: name or id
    #[arg(value_name = "USER")]
    of_user: Option<String>,
    /// For this role: display name or id
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    #[command(flatten)]
    switches: Switches,
    /// Made at or after this instant: 2026-03-01T09:00:00Z
    #[arg(long, value_name = "INSTANT")]
    created_from: Option<Timestamp>,
    /// `$filter` as of the PAM API, e.g. "RequestedTTL gt 3600"
    #[arg(long, value_name = "FILTER")]
    filter: Option<String>,
    /// Print ids only, one a line
    #[arg(long, short = 'q', conflicts_with = "json")]
    ids: bool,
}

/// What is to be cancelled.
#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Close {
    /// Ids of requests; `-` reads them from standard input
    #[arg(value_name = "REQUEST", required_unless_present_any = ["of_user", "role", "everything"])]
    requests: Vec<String>,
    /// Everything open of this user
    #[arg(long = "of", value_name = "USER", conflicts_with = "requests")]
    of_user: Option<String>,
    /// Everything open of this role
    #[arg(long, value_name = "ROLE", conflicts_with = "requests")]
    role: Option<String>,
    /// Everything open
    #[arg(long = "all", conflicts_with_all = ["requests", "of_user", "role"])]
    everything: bool,
    #[command(flatten)]
    sure: super::Sure,
}

pub(super) async fn run(api: &Api, command: Command, form: Form) -> Done {
    match command {
        Command::List(which) => list(api, which, form).await,
        Command::Show { request } => {
            let id = guid(&request, "a request")?;
            view::object(form, &spelling::pam(api.get(&format!("requests/{id}")).await?))
        }
        Command::Close(close) if close.requests.is_empty() => close_many(api, close, form).await,
        Command::Close(close) => close_each(api, close, form).await,
    }
}

/// The words of the server for the switches: `Pending` and `Closed` mean their groups there, too (`PAM 14.3`).
fn status(switches: Switches) -> Option<String> {
    let words: Vec<String> = switches
        .words()
        .into_iter()
        .map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .map_or_else(String::new, |first| format!("{}{}", first.to_ascii_uppercase(), letters.as_str()))
        })
        .collect();
    (!words.is_empty()).then(|| words.join(","))
}

async fn list(api: &Api, which: List, form: Form) -> Done {
    let user = match &which.of_user {
        Some(name) => Some(find::user(api, name).await?.id.to_string()),
        None => None,
    };
    let role = match &which.role {
        Some(name) => Some(find::role(api, name).await?.id.to_string()),
        None => None,
    };
    let (status, from) = (status(which.switches), which.created_from.map(|from| from.to_string()));
    let query: Vec<(&str, &str)> = [
        ("userId", user.as_deref()),
        ("roleId", role.as_deref()),
        ("status", status.as_deref()),
        ("createdFrom", from.as_deref()),
    ]
    .into_iter()
    .filter_map(|(name, text)| text.map(|text| (name, text)))
    .collect();
    let mut rows = spelling::pam_rows(api.list("requests", &query).await?);
    filter::keep(&mut rows, &filter::REQUESTS, which.filter.as_deref())?;
    let columns: Columns<'_> = &[
        ("User", &|request| match property(request, "Username") {
            gone if gone.is_empty() => property(request, "CreatorID"),
            name => name,
        }),
        ("Role", &|request| property(request, "RoleName")),
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
    view::list(form, which.ids.then_some("RequestId"), &rows, columns, "No requests.")
}

async fn close_each(api: &Api, close: Close, form: Form) -> Done {
    let mut several = Several::default();
    for id in &pipeline::ids(&close.requests, "/RequestId", stdin())? {
        let cancelled = async {
            let id = guid(id, "a request")?;
            let request = spelling::pam(api.get(&format!("requests/{id}")).await?);
            let name = format!("{}, {}", property(&request, "Username"), property(&request, "RoleName"));
            if close.sure.dry_run {
                return view::done(form, true, "cancelled", ("RequestId", id), &name);
            }
            prompt::confirm(&format!("Cancel the request {id} ({name})"), close.sure.force)?;
            let cancelled: Value = spelling::pam(api.act(&format!("requests/{id}/cancel")).await?);
            if form.json {
                return Ok(output::json(&cancelled)?);
            }
            let status = property(&cancelled, "RequestStatus");
            Ok(output::line(&output::printable(&format!("{id} ({name}) is {status}")))?)
        };
        several.take(id, cancelled.await)?;
    }
    several.finish()
}

async fn close_many(api: &Api, close: Close, form: Form) -> Done {
    let mut body = json!({"all": close.everything});
    let mut of = Vec::new();
    let mut query = vec![("status", "Pending,Active".to_owned())];
    if let Some(name) = &close.of_user {
        let user = find::user(api, name).await?;
        body = json!({"userId": user.id});
        query.push(("userId", user.id.to_string()));
        of.push(format!("of {}", user.name));
    }
    if let Some(name) = &close.role {
        let role = find::role(api, name).await?;
        query.push(("roleId", role.id.to_string()));
        of.push(format!("for {}", role.name));
        match body.as_object_mut().filter(|body| body.contains_key("userId")) {
            Some(body) => drop(body.insert("roleId".to_owned(), json!(role.id))),
            None => body = json!({"roleId": role.id}),
        }
    }
    let of = if close.everything { "of everybody".to_owned() } else { of.join(" ") };
    if close.sure.dry_run {
        let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let open = spelling::pam_rows(api.list("requests", &query).await?);
        if form.json {
            return Ok(output::json(&open)?);
        }
        return Ok(output::line(&output::printable(&format!(
            "would have cancelled {} open requests {of}",
            open.len()
        )))?);
    }
    prompt::confirm(&format!("Cancel all open requests {of}"), close.sure.force)?;
    let ended = spelling::pam(api.post("requests/cancel", &body).await?);
    if form.json {
        return Ok(output::json(&ended)?);
    }
    Ok(output::line(&output::printable(&format!(
        "cancelled {} open requests {of}",
        property(&ended, "EndedRequests")
    )))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pam_123_switches_become_the_words_of_the_server() {
        let none = Switches::default();
        assert_eq!(status(none), None);
        assert_eq!(status(Switches { all: true, active: true, ..none }), None);
        assert_eq!(status(Switches { pending: true, closed: true, ..none }).as_deref(), Some("Pending,Closed"));
        assert_eq!(
            status(Switches { active: true, expired: true, rejected: true, ..none }).as_deref(),
            Some("Active,Expired,Rejected")
        );
    }
}
