//! Targets: the directories that enforce, and what they still hold.

use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::{api::Api, find, view};
use crate::{
    exit::{Done, Failure},
    output::{Columns, Form, instant, property},
};

/// Targets.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List targets and how they stand
    List,
    /// Say what is done about changes that others make at a target
    Set {
        /// Name or id
        target: String,
        /// Report them, or correct them
        #[arg(long)]
        mode: Mode,
    },
    /// Test targets now and compare them with what is owed
    Test {
        /// Names or ids
        #[arg(required = true, value_name = "TARGET")]
        targets: Vec<String>,
    },
    /// List members whom nobody is known to owe, as last read back
    Drift {
        /// Name or id
        target: String,
    },
    /// List the groups that live at a target
    Groups {
        /// Name or id
        target: String,
    },
    /// List removals that no target has confirmed for more than 30 seconds
    Overdue,
}

/// What is done about foreign changes.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Mode {
    /// They are reported; a grant whose membership is taken away ends
    ReportOnly,
    /// They are corrected
    Authoritative,
}

pub(super) async fn run(api: &Api, command: Command, form: Form) -> Done {
    match command {
        Command::List => {
            let rows = api.list("targets", &[]).await?;
            let columns: Columns<'_> = &[
                ("Target", &|target| property(target, "name")),
                ("Kind", &|target| property(target, "kind")),
                ("Foreign changes", &|target| property(target, "mode")),
                ("Unwritable", &|target| property(target, "unwritable")),
                ("Ends by itself", &|target| property(target, "nativeExpiry")),
                ("Failures", &|target| property(target, "failures")),
                ("Last fault", &|target| property(target, "lastFault")),
                ("Tested", &|target| instant(target, "testedAt")),
                ("Id", &|target| property(target, "targetId")),
            ];
            view::list(form, None, &rows, columns, "No targets.")
        }
        Command::Set { target, mode } => {
            let target = find::target(api, &target).await?;
            let mode = match mode {
                Mode::ReportOnly => "report-only",
                Mode::Authoritative => "authoritative",
            };
            api.patch(&format!("targets/{}", target.id), &json!({"mode": mode})).await?;
            view::done(form, false, &format!("set to {mode}:"), ("targetId", target.id), &target.name)
        }
        Command::Test { targets } => {
            for name in &targets {
                let target = find::target(api, name).await?;
                api.act(&format!("targets/{}/test", target.id)).await?;
                let seen = api.get(&format!("targets/{}", target.id)).await?;
                if let Some(fault) = seen.pointer("/health/fault").and_then(serde_json::Value::as_str) {
                    return Err(Failure::Failed(anyhow::anyhow!(
                        "the target {} failed its test: {fault}",
                        target.name
                    )));
                }
                view::done(form, false, "tested", ("targetId", target.id), &target.name)?;
            }
            Ok(())
        }
        Command::Drift { target } => {
            let target = find::target(api, &target).await?;
            let rows = api.list(&format!("targets/{}/drift", target.id), &[]).await?;
            let columns: Columns<'_> =
                &[("Group", &|drift| property(drift, "groupId")), ("Members", &|drift| property(drift, "members"))];
            view::list(form, None, &rows, columns, "No foreign members.")
        }
        Command::Groups { target } => {
            let target = find::target(api, &target).await?;
            let rows = super::spelling::pam_rows(api.list(&format!("targets/{}/groups", target.id), &[]).await?);
            let columns: Columns<'_> = &[
                ("Group", &|group| property(group, "PrivDisplayName")),
                ("At the target", &|group| property(group, "NativeName")),
                ("Active", &|group| property(group, "Active")),
                ("Id", &|group| property(group, "GroupId")),
            ];
            view::list(form, None, &rows, columns, "No groups.")
        }
        Command::Overdue => {
            let rows = api.list("removals/overdue", &[]).await?;
            let columns: Columns<'_> = &[
                ("Group", &|removal| property(removal, "groupNativeName")),
                ("Account", &|removal| property(removal, "accountNativeName")),
                ("User id", &|removal| property(removal, "userId")),
                ("Owed since", &|removal| instant(removal, "since")),
                ("Attempts", &|removal| property(removal, "attempts")),
                ("Last fault", &|removal| property(removal, "lastFault")),
            ];
            view::list(form, None, &rows, columns, "No removal is overdue.")
        }
    }
}
