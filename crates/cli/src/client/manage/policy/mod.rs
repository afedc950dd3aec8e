//! `ephor policy`: the rules of roles and groups, read as sentences and changed by settings.

mod change;
mod say;
mod source;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use self::{
    change::Settings,
    source::{Policy, Source},
};
use super::Access;
use crate::{
    client::{
        access::{desk::Desk, refusal::explained},
        admin::view,
        connection::Connection,
        prompt,
    },
    exit::{Done, Failure},
    output::{self, Columns, Form, printable, property},
};

/// The rules of roles and groups.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  ephor policy list
  ephor policy show \"User Administrator\"
  ephor policy set \"User Administrator\" --max 4h --require mfa,reason,approval --approver pat --approver group:Ops
  ephor policy set --group falcon --as owner --max 1h --require none
  ephor policy set Owner --scope /subscriptions/7b1f… --max 2h
  ephor policy show \"User Administrator\" --json > rules.json; ephor policy set \"User Administrator\" --file rules.json")]
pub(crate) enum Command {
    /// List policies: of directory roles, of a group, or of the roles at a resource scope
    List {
        /// Of this group
        #[arg(long, value_name = "GROUP")]
        group: Option<String>,
        /// Of the roles at this resource scope
        #[arg(long, value_name = "SCOPE", conflicts_with = "group")]
        scope: Option<String>,
    },
    /// Show the rules of one
    Show {
        #[command(flatten)]
        of: Of,
    },
    /// Change the rules of one: what is not given stays. Shows what would change, and asks
    Set(Box<Set>),
}

/// Whose rules.
#[derive(Debug, Clone, Args)]
pub(crate) struct Of {
    /// Name or id of a role
    #[arg(required_unless_present = "group", conflicts_with = "group")]
    role: Option<String>,
    /// Of this group
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
    /// Of its members or its owners
    #[arg(long = "as", value_enum, default_value_t, requires = "group")]
    access: Access,
    /// The role is one for resources, at this scope
    #[arg(long, value_name = "SCOPE", conflicts_with = "group")]
    scope: Option<String>,
}

/// What to change.
#[derive(Debug, Args)]
pub(crate) struct Set {
    #[command(flatten)]
    of: Of,
    #[command(flatten)]
    settings: Settings,
    /// Do not ask
    #[arg(long)]
    force: bool,
    /// Show what would change, and do nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs one of the commands.
pub(crate) async fn run(command: Command, connection: &Connection, form: Form) -> Done {
    let desk = Desk::open(connection).await?;
    let outcome = ask(&desk, command, form).await;
    desk.close().await;
    outcome.map_err(explained)
}

async fn ask(desk: &Desk, command: Command, form: Form) -> Done {
    match command {
        Command::List { group, scope } => list(desk, &Source::all(desk, group, scope).await?, form).await,
        Command::Show { of } => show(desk, &Source::one(desk, &of).await?.policy(desk).await?, form).await,
        Command::Set(set) => change(desk, &set, form).await,
    }
}

async fn list(desk: &Desk, source: &Source, form: Form) -> Done {
    let policies = source.policies(desk).await?;
    if form.json {
        let rows: Vec<Value> = policies.iter().map(Policy::json).collect();
        return Ok(output::json(&rows)?);
    }
    let rules: Vec<&[Value]> = policies.iter().map(|policy| policy.rules.as_slice()).collect();
    let people = say::people(desk, &rules).await;
    let rows: Vec<Value> = policies
        .iter()
        .map(|policy| {
            let brief = say::brief(&policy.rules, &people);
            json!({"name": policy.name, "longest": brief.longest, "asks": brief.asks, "approvers": brief.approvers})
        })
        .collect();
    let columns: Columns<'_> = &[
        ("Of", &|row| property(row, "name")),
        ("Longest", &|row| property(row, "longest")),
        ("Asks for", &|row| property(row, "asks")),
        ("Approved by", &|row| property(row, "approvers")),
    ];
    view::list(form, None, &rows, columns, "No policies.")
}

async fn show(desk: &Desk, policy: &Policy, form: Form) -> Done {
    if form.json {
        return Ok(output::json(&policy.json())?);
    }
    let people = say::people(desk, &[&policy.rules]).await;
    output::line(&printable(&policy.name))?;
    for sentence in say::sentences(&policy.rules, &people) {
        output::line(&format!("  {}", printable(&sentence)))?;
    }
    Ok(())
}

async fn change(desk: &Desk, set: &Set, form: Form) -> Done {
    let source = Source::one(desk, &set.of).await?;
    let policy = source.policy(desk).await?;
    let rules = change::changed(desk, &policy, &set.settings).await?;
    let changes: Vec<Value> = rules.iter().filter(|rule| !policy.rules.contains(rule)).cloned().collect();
    if changes.is_empty() {
        output::note("Nothing would change.");
        return if form.json { Ok(output::json(&policy.json())?) } else { Ok(()) };
    }
    let people = say::people(desk, &[&policy.rules, &rules]).await;
    let (before, after) = (say::sentences(&policy.rules, &people), say::sentences(&rules, &people));
    let mut shown = vec![policy.name.clone()];
    shown.extend(before.iter().filter(|it| !after.contains(it)).map(|it| format!("- {it}")));
    shown.extend(after.iter().filter(|it| !before.contains(it)).map(|it| format!("+ {it}")));
    let changed = Policy { rules, ..policy.clone() };
    if set.dry_run {
        return if form.json { Ok(output::json(&changed.json())?) } else { Ok(output::line(&lines(&shown))?) };
    }
    // What is about to happen is part of the question.
    output::note(&shown.join("\n"));
    prompt::confirm("Save these rules", set.force)?;
    source.save(desk, &policy, &changes).await?;
    if form.json {
        return Ok(output::json(&source.policy(desk).await?.json())?);
    }
    Ok(output::line(&printable(&format!("saved the rules of {}", policy.name)))?)
}

fn lines(shown: &[String]) -> String {
    shown.iter().map(|line| printable(line)).collect::<Vec<_>>().join("\n")
}

fn no_policy(name: &str) -> Failure {
    Failure::Refused { code: "not_found".to_owned(), text: format!("there is no policy of {}", printable(name)) }
}
