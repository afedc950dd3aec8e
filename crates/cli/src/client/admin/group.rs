//! `New-`, `Get-`, `Set-`, `Remove-PAMGroup`.

use std::io::stdin;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::{api::Api, filter, find, find::Found, spelling, view};
use crate::{
    client::{pipeline, prompt},
    exit::{Done, Failure, Several},
    output::{Columns, Form, property},
};

/// Groups that roles give.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Mirror a group, or register one that is there
    New(New),
    /// List groups
    List(List),
    /// Show one group
    Show {
        /// Name or id
        group: String,
    },
    /// Change a group: what is not given stays
    Set(Set),
    /// Forget groups; refused while a role gives them
    Remove(Remove),
}

/// The group to be made.
#[derive(Debug, Args)]
pub(crate) struct New {
    /// Name of the CORP group; of the group itself with --priv-only
    source_group_name: String,
    /// CORP domain; the PRIV domain with --priv-only
    source_domain: String,
    /// Security identifier of the CORP group
    #[arg(long, value_name = "SID")]
    source_account_sid: Option<String>,
    /// The group is in PRIV already
    #[arg(long)]
    priv_only: bool,
    /// Name in PRIV [default: source domain, dot, name]
    #[arg(long, value_name = "NAME")]
    priv_account_name: Option<String>,
    /// Name for people
    #[arg(long, value_name = "NAME")]
    priv_display_name: Option<String>,
    /// Description
    #[arg(long, value_name = "TEXT")]
    priv_description: Option<String>,
    /// Directory that holds it [default: the only outside one, else the built-in one]
    #[arg(long, value_name = "TARGET")]
    target: Option<String>,
}

/// Which groups: each text must occur in its property, letter case aside.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Text in the name of the CORP group
    source_account_name: Option<String>,
    /// Text in the name in PRIV
    #[arg(long, value_name = "TEXT")]
    priv_account_name: Option<String>,
    /// Text in the name for people
    #[arg(long, value_name = "TEXT")]
    priv_display_name: Option<String>,
    /// At this target
    #[arg(long, value_name = "TARGET")]
    target: Option<String>,
    /// `$filter` as of the PAM API, e.g. "Active eq true"
    #[arg(long, value_name = "FILTER")]
    filter: Option<String>,
    /// Print ids only, one a line
    #[arg(long, short = 'q', conflicts_with = "json")]
    ids: bool,
}

/// What is to change.
#[derive(Debug, Args)]
pub(crate) struct Set {
    /// Names or ids; `-` reads them from standard input
    #[arg(required = true, value_name = "GROUP")]
    groups: Vec<String>,
    /// Name of the CORP group
    #[arg(long, value_name = "NAME")]
    source_account_name: Option<String>,
    /// CORP domain
    #[arg(long, value_name = "DOMAIN")]
    source_domain: Option<String>,
    /// Security identifier; empty takes it away
    #[arg(long, value_name = "SID")]
    source_account_sid: Option<String>,
    /// Name in PRIV
    #[arg(long, value_name = "NAME")]
    priv_account_name: Option<String>,
    /// Name for people
    #[arg(long, value_name = "NAME")]
    priv_display_name: Option<String>,
    /// Description; empty takes it away
    #[arg(long, value_name = "TEXT")]
    priv_description: Option<String>,
    /// May be given; =false blocks activations that would give it
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    active: Option<bool>,
}

/// Which groups are to go.
#[derive(Debug, Args)]
pub(crate) struct Remove {
    /// Names or ids; `-` reads them from standard input
    #[arg(required = true, value_name = "GROUP")]
    groups: Vec<String>,
    #[command(flatten)]
    sure: super::Sure,
}

pub(super) async fn run(api: &Api, command: Command, form: Form) -> Done {
    match command {
        Command::New(new) => create(api, new, form).await,
        Command::List(which) => list(api, which, form).await,
        Command::Show { group } => {
            let Found { id, .. } = find::group(api, &group).await?;
            view::object(form, &spelling::pam(api.get(&format!("groups/{id}")).await?))
        }
        Command::Set(set) => change(api, set, form).await,
        Command::Remove(remove) => delete(api, remove, form).await,
    }
}

async fn create(api: &Api, new: New, form: Form) -> Done {
    let target = match &new.target {
        Some(name) => Some(find::target(api, name).await?.id.to_string()),
        None => None,
    };
    let body = super::members([
        ("sourceGroupName", Some(new.source_group_name.into())),
        ("sourceDomain", Some(new.source_domain.into())),
        ("sourceAccountSid", new.source_account_sid.map(Value::from)),
        ("privOnly", Some(new.priv_only.into())),
        ("privAccountName", new.priv_account_name.map(Value::from)),
        ("privDisplayName", new.priv_display_name.map(Value::from)),
        ("privDescription", new.priv_description.map(Value::from)),
        ("targetId", target.map(Value::from)),
    ]);
    view::object(form, &spelling::pam(api.post("groups", &body.into()).await?))
}

async fn list(api: &Api, which: List, form: Form) -> Done {
    let target = match &which.target {
        Some(name) => Some(find::target(api, name).await?.id.to_string()),
        None => None,
    };
    let query: Vec<(&str, &str)> = [
        ("sourceAccountName", which.source_account_name.as_deref()),
        ("privAccountName", which.priv_account_name.as_deref()),
        ("privDisplayName", which.priv_display_name.as_deref()),
        ("targetId", target.as_deref()),
    ]
    .into_iter()
    .filter_map(|(name, text)| text.map(|text| (name, text)))
    .collect();
    let mut rows = spelling::pam_rows(api.list("groups", &query).await?);
    filter::keep(&mut rows, &filter::GROUPS, which.filter.as_deref())?;
    let columns: Columns<'_> = &[
        ("Group", &|group| property(group, "PrivDisplayName")),
        ("In PRIV", &|group| property(group, "PrivAccountName")),
        ("Source", &|group| format!("{}\\{}", property(group, "SourceDomain"), property(group, "SourceAccountName"))),
        ("Active", &|group| property(group, "Active")),
        ("At the target", &|group| property(group, "NativeName")),
        ("Id", &|group| property(group, "GroupId")),
    ];
    view::list(form, which.ids.then_some("GroupId"), &rows, columns, "No groups.")
}

async fn change(api: &Api, set: Set, form: Form) -> Done {
    let body = super::members([
        ("sourceAccountName", set.source_account_name.map(Value::from)),
        ("sourceDomain", set.source_domain.map(Value::from)),
        ("sourceAccountSid", set.source_account_sid.map(super::text_or_null)),
        ("privAccountName", set.priv_account_name.map(Value::from)),
        ("privDisplayName", set.priv_display_name.map(Value::from)),
        ("privDescription", set.priv_description.map(super::text_or_null)),
        ("active", set.active.map(Value::from)),
    ]);
    if body.is_empty() {
        return Err(Failure::usage("say what is to change: `ephor admin group set --help` lists what can"));
    }
    let body = Value::from(body);
    let mut several = Several::default();
    for name in &pipeline::ids(&set.groups, "/GroupId", stdin())? {
        let changed = async {
            let Found { id, .. } = find::group(api, name).await?;
            view::object(form, &spelling::pam(api.patch(&format!("groups/{id}"), &body).await?))
        };
        several.take(name, changed.await)?;
    }
    several.finish()
}

async fn delete(api: &Api, remove: Remove, form: Form) -> Done {
    let mut several = Several::default();
    for name in &pipeline::ids(&remove.groups, "/GroupId", stdin())? {
        let removed = async {
            let Found { id, name } = find::group(api, name).await?;
            if !remove.sure.dry_run {
                prompt::confirm(&format!("Forget the group {name:?}"), remove.sure.force)?;
                api.delete(&format!("groups/{id}")).await?;
            }
            view::done(form, remove.sure.dry_run, "forgotten", ("GroupId", id), &name)
        };
        several.take(name, removed.await)?;
    }
    several.finish()
}
