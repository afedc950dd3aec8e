//! The audit log as the running server shows it. `ephor audit` reads it at its source.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{api::Api, find, view};
use crate::{
    client::server::guid,
    exit::{Done, Failure, Outcome},
    output::{self, Columns, Form, instant, property},
};

/// The audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List records, newest first
    List(List),
    /// Show size and root of the log, its last checkpoint and its key
    Head,
    /// Let the server read the whole log and say what may be said of it
    Verify {
        /// File with a checkpoint kept elsewhere that the log must continue
        #[arg(long, value_name = "FILE")]
        against: Option<std::path::PathBuf>,
    },
    /// Sign the log as it is now, and print the checkpoint: keep it elsewhere
    Checkpoint,
    /// Print the proof that a record is in the log
    Prove {
        /// Number of the record, from 0
        #[arg(required_unless_present = "from")]
        index: Option<u64>,
        /// Print the proof that the log continues the checkpoint of this size instead
        #[arg(long, value_name = "SIZE", conflicts_with = "index")]
        from: Option<u64>,
    },
}

/// Which records.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Of this request
    #[arg(long, value_name = "ID")]
    request: Option<String>,
    /// Caused by this user
    #[arg(long, value_name = "USER")]
    actor: Option<String>,
    /// About the access of this user
    #[arg(long, value_name = "USER")]
    subject: Option<String>,
    /// About this role
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// Of this event number
    #[arg(long, value_name = "NUMBER")]
    event: Option<u16>,
    /// Most records
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    limit: usize,
}

pub(super) async fn run(api: &Api, command: Command, form: Form) -> Done {
    match command {
        Command::List(which) => list(api, which, form).await,
        Command::Head => view::object(form, &api.get("audit/head").await?),
        Command::Verify { against } => {
            let read = |path: std::path::PathBuf| {
                std::fs::read_to_string(&path)
                    .map_err(|error| Failure::usage(format!("cannot read {}: {error}", path.display())))
            };
            let checkpoint = against.map(read).transpose()?;
            let report = api.post("audit/verify", &json!({"checkpoint": checkpoint})).await?;
            verdict(&report, form)
        }
        Command::Checkpoint => {
            let signed = api.act("audit/checkpoints").await?;
            if form.json {
                return Ok(output::json(&signed)?);
            }
            Ok(output::text(&property(&signed, "checkpoint"))?)
        }
        Command::Prove { index: Some(index), .. } => {
            print_proof("ephor-inclusion-1", api.get(&format!("audit/records/{index}/proof")).await?)
        }
        Command::Prove { index: None, from } => {
            let from = from.unwrap_or_default();
            print_proof("ephor-consistency-1", api.get(&format!("audit/consistency?from={from}")).await?)
        }
    }
}

/// Prints a proof in the form that `ephor audit verify` reads.
fn print_proof(kind: &str, mut proof: Value) -> Done {
    if let Some(members) = proof.as_object_mut() {
        members.insert("proof".to_owned(), kind.into());
    }
    Ok(output::json(&proof)?)
}

/// Prints a report; a bad log is a failure.
fn verdict(report: &Value, form: Form) -> Done {
    if form.json {
        output::json(report)?;
    } else {
        let records = property(report, "records");
        let said = match property(report, "assurance").as_str() {
            "consistent_with_itself" => {
                "consistent with itself; without a checkpoint kept elsewhere a cut end cannot be seen".to_owned()
            }
            "continues_checkpoint" => {
                format!("consistent, and it continues the checkpoint of {} records", property(report, "size"))
            }
            _ => format!("FAULTY: {} faults", property(report, "fault_count")),
        };
        output::line(&format!("{records} records: {said}"))?;
        output::note("the server judged its own log: `ephor audit verify` judges without it");
        for fault in report.get("faults").and_then(Value::as_array).into_iter().flatten() {
            output::line(&output::printable(&fault.to_string()))?;
        }
    }
    if report.get("fault_count").and_then(Value::as_u64) == Some(0) {
        Ok(())
    } else {
        Err(Failure::Told(Outcome::Refused))
    }
}

async fn list(api: &Api, which: List, form: Form) -> Done {
    let mut query = Vec::new();
    if let Some(request) = &which.request {
        query.push(("requestId", guid(request, "a request")?.to_string()));
    }
    for (name, user) in [("actorId", &which.actor), ("subjectId", &which.subject)] {
        if let Some(user) = user {
            query.push((name, find::user(api, user).await?.id.to_string()));
        }
    }
    if let Some(role) = &which.role {
        query.push(("roleId", find::role(api, role).await?.id.to_string()));
    }
    query.extend(which.event.map(|event| ("event", event.to_string())));
    query.push(("limit", which.limit.clamp(1, 1000).to_string()));
    let mut rows = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let mut asked: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        asked.extend(next.as_deref().map(|next| ("cursor", next)));
        let (page, after) = api.page("audit/records", &asked).await?;
        rows.extend(page);
        next = after;
        if next.is_none() || rows.len() >= which.limit {
            break;
        }
    }
    rows.truncate(which.limit);
    let of = |row: &Value, name: &str| row.get("record").map_or_else(String::new, |record| property(record, name));
    let columns: Columns<'_> = &[
        ("No.", &|row| property(row, "index")),
        ("Time", &|row| row.get("record").map_or_else(String::new, |record| instant(record, "at"))),
        ("Event", &|row| of(row, "event")),
        ("What", &|row| property(row, "title")),
        ("Status", &|row| of(row, "new_status")),
        ("Reason", &|row| of(row, "reason")),
        ("Request", &|row| of(row, "request_id")),
    ];
    view::list(form, None, &rows, columns, "No records.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_log_fails_and_a_good_one_does_not() {
        let form = Form { json: true };
        assert!(verdict(&json!({"fault_count": 0, "assurance": "consistent_with_itself"}), form).is_ok());
        let failure = verdict(&json!({"fault_count": 1, "assurance": "faulty", "faults": []}), form).unwrap_err();
        assert_eq!(failure.outcome(), Outcome::Refused);
    }
}
