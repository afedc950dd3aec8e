//! `New-`, `Get-`, `Set-`, `Remove-PAMUser`.

use std::io::stdin;

use clap::{Args, Subcommand};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::{api::Api, filter, find, find::Found, spelling, view};
use crate::{
    client::{connection::first_line, pipeline, prompt},
    exit::{Done, Failure, Several},
    output::{Columns, Form, property},
};

/// Users: a CORP account and the PRIV account of the same person.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a user, or register one that is there
    New(Box<New>),
    /// List users
    List(List),
    /// Show all that is stored about one user
    Show {
        /// Name or id
        #[arg(value_name = "USER")]
        account: String,
    },
    /// Change users: what is not given stays. CORP itself is never written
    Set(Box<Set>),
    /// Delete users and their PRIV accounts; refused while they are candidates of a role
    Remove(Remove),
}

/// The user to be made.
#[derive(Debug, Args)]
pub(crate) struct New {
    /// CORP domain; the PRIV domain with --priv-only
    source_domain: String,
    /// Account there
    source_account_name: String,
    /// Account in PRIV [default: PrivUserPrefix and the source account]
    #[arg(long, value_name = "NAME")]
    priv_account_name: Option<String>,
    /// Read the password of the PRIV account from a line of standard input; without it nobody knows one
    #[arg(long)]
    priv_password_stdin: bool,
    /// The account is in PRIV already
    #[arg(long)]
    priv_only: bool,
    /// Name in PRIV for people
    #[arg(long, value_name = "NAME")]
    priv_display_name: Option<String>,
    /// Description in PRIV
    #[arg(long, value_name = "TEXT")]
    priv_description: Option<String>,
    /// May sign in and hold from the start
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    priv_account_active: Option<bool>,
    /// Name to sign in with in mail form
    #[arg(long, value_name = "UPN")]
    user_principal_name: Option<String>,
    /// Directory that holds the PRIV account [default: the only outside one]
    #[arg(long, value_name = "TARGET")]
    target: Option<String>,
    #[command(flatten)]
    source: Source,
}

/// What is known of the CORP account.
#[derive(Debug, Args)]
struct Source {
    /// Name for people; empty takes it away
    #[arg(long, value_name = "NAME")]
    source_display_name: Option<String>,
    /// Description; empty takes it away
    #[arg(long, value_name = "TEXT")]
    source_description: Option<String>,
    /// Mail address; empty takes it away
    #[arg(long, value_name = "MAIL")]
    source_email_address: Option<String>,
    /// Telephone number; empty takes it away
    #[arg(long, value_name = "NUMBER")]
    source_phone_number: Option<String>,
    /// Security identifier; empty takes it away
    #[arg(long, value_name = "SID")]
    source_account_sid: Option<String>,
}

/// Which users: each text must occur in its property, letter case aside.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Text in the CORP name for people
    source_display_name: Option<String>,
    /// Text in the CORP domain
    #[arg(long, value_name = "TEXT")]
    source_domain: Option<String>,
    /// Text in the CORP account
    #[arg(long, value_name = "TEXT")]
    source_account_name: Option<String>,
    /// Text in the PRIV name for people
    #[arg(long, value_name = "TEXT")]
    priv_display_name: Option<String>,
    /// Text in the PRIV account
    #[arg(long, value_name = "TEXT")]
    priv_account_name: Option<String>,
    /// `$filter` as of the PAM API, e.g. "PrivAccountActive eq false"
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
    #[arg(required = true, value_name = "USER")]
    users: Vec<String>,
    /// May sign in and hold; =false ends whatever is open
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    priv_account_active: Option<bool>,
    /// Account in PRIV
    #[arg(long, value_name = "NAME")]
    priv_account_name: Option<String>,
    /// Name in PRIV for people
    #[arg(long, value_name = "NAME")]
    priv_display_name: Option<String>,
    /// Description in PRIV; empty takes it away
    #[arg(long, value_name = "TEXT")]
    priv_description: Option<String>,
    /// CORP domain
    #[arg(long, value_name = "DOMAIN")]
    source_domain: Option<String>,
    /// CORP account
    #[arg(long, value_name = "NAME")]
    source_account_name: Option<String>,
    #[command(flatten)]
    source: Source,
    /// Read the PIN of MFA providers that ask for one from a line of standard input; an empty line takes it away
    #[arg(long)]
    priv_pin_code_stdin: bool,
}

/// Which users are to go.
#[derive(Debug, Args)]
pub(crate) struct Remove {
    /// Names or ids; `-` reads them from standard input
    #[arg(required = true, value_name = "USER")]
    users: Vec<String>,
    #[command(flatten)]
    sure: super::Sure,
}

pub(super) async fn run(api: &Api, command: Command, form: Form) -> Done {
    match command {
        Command::New(new) => create(api, *new, form).await,
        Command::List(which) => list(api, which, form).await,
        Command::Show { account } => {
            let Found { id, .. } = find::user(api, &account).await?;
            view::object(form, &spelling::pam(api.get(&format!("users/{id}")).await?))
        }
        Command::Set(set) => change(api, *set, form).await,
        Command::Remove(remove) => delete(api, remove, form).await,
    }
}

async fn create(api: &Api, new: New, form: Form) -> Done {
    let target = match &new.target {
        Some(name) => Some(find::target(api, name).await?.id.to_string()),
        None => None,
    };
    let password = new.priv_password_stdin.then(first_line).transpose()?;
    let mut body = super::members([
        ("sourceDomain", Some(new.source_domain.into())),
        ("sourceAccountName", Some(new.source_account_name.into())),
        ("privAccountName", new.priv_account_name.map(Value::from)),
        ("privPassword", password.map(|password| password.expose_secret().into())),
        ("privOnly", Some(new.priv_only.into())),
        ("privDisplayName", new.priv_display_name.map(Value::from)),
        ("privDescription", new.priv_description.map(Value::from)),
        ("privAccountActive", new.priv_account_active.map(Value::from)),
        ("userPrincipalName", new.user_principal_name.map(Value::from)),
        ("targetId", target.map(Value::from)),
    ]);
    body.extend(new.source.members());
    view::object(form, &spelling::pam(api.post("users", &body.into()).await?))
}

async fn list(api: &Api, which: List, form: Form) -> Done {
    let query: Vec<(&str, &str)> = [
        ("sourceDisplayName", which.source_display_name.as_deref()),
        ("sourceDomain", which.source_domain.as_deref()),
        ("sourceAccountName", which.source_account_name.as_deref()),
        ("privDisplayName", which.priv_display_name.as_deref()),
        ("privAccountName", which.priv_account_name.as_deref()),
    ]
    .into_iter()
    .filter_map(|(name, text)| text.map(|text| (name, text)))
    .collect();
    let mut rows = spelling::pam_rows(api.list("users", &query).await?);
    filter::keep(&mut rows, &filter::USERS, which.filter.as_deref())?;
    let columns: Columns<'_> = &[
        ("User", &|user| property(user, "PrivDisplayName")),
        ("Account", &|user| property(user, "Username")),
        ("Source", &|user| format!("{}\\{}", property(user, "SourceDomain"), property(user, "SourceAccountName"))),
        ("Active", &|user| property(user, "PrivAccountActive")),
        ("PRIV only", &|user| property(user, "PrivOnly")),
        ("Mail", &|user| property(user, "SourceEmailAddress")),
        ("Id", &|user| property(user, "UserId")),
    ];
    view::list(form, which.ids.then_some("UserId"), &rows, columns, "No users.")
}

async fn change(api: &Api, set: Set, form: Form) -> Done {
    let pin = match set.priv_pin_code_stdin {
        true => Some(pin()?),
        false => None,
    };
    let mut body = super::members([
        ("privAccountActive", set.priv_account_active.map(Value::from)),
        ("privAccountName", set.priv_account_name.map(Value::from)),
        ("privDisplayName", set.priv_display_name.map(Value::from)),
        ("privDescription", set.priv_description.map(super::text_or_null)),
        ("sourceDomain", set.source_domain.map(Value::from)),
        ("sourceAccountName", set.source_account_name.map(Value::from)),
        ("privPinCode", pin),
    ]);
    body.extend(set.source.members());
    if body.is_empty() {
        return Err(Failure::usage("say what is to change: `ephor admin user set --help` lists what can"));
    }
    let body = Value::from(body);
    let mut several = Several::default();
    for name in &pipeline::ids(&set.users, "/UserId", stdin())? {
        let changed = async {
            let Found { id, .. } = find::user(api, name).await?;
            view::object(form, &spelling::pam(api.patch(&format!("users/{id}"), &body).await?))
        };
        several.take(name, changed.await)?;
    }
    several.finish()
}

/// The PIN on standard input; an empty line is none.
fn pin() -> Done<Value> {
    let mut line = zeroize::Zeroizing::new(String::new());
    stdin().read_line(&mut line)?;
    Ok(super::text_or_null(line.trim_end_matches(['\r', '\n']).to_owned()))
}

async fn delete(api: &Api, remove: Remove, form: Form) -> Done {
    let mut several = Several::default();
    for name in &pipeline::ids(&remove.users, "/UserId", stdin())? {
        let removed = async {
            let Found { id, name } = find::user(api, name).await?;
            if !remove.sure.dry_run {
                prompt::confirm(&format!("Delete the user {name:?} and the PRIV account"), remove.sure.force)?;
                api.delete(&format!("users/{id}")).await?;
            }
            view::done(form, remove.sure.dry_run, "deleted", ("UserId", id), &name)
        };
        several.take(name, removed.await)?;
    }
    several.finish()
}

impl Source {
    fn members(self) -> serde_json::Map<String, Value> {
        super::members([
            ("sourceDisplayName", self.source_display_name.map(super::text_or_null)),
            ("sourceDescription", self.source_description.map(super::text_or_null)),
            ("sourceEmailAddress", self.source_email_address.map(super::text_or_null)),
            ("sourcePhoneNumber", self.source_phone_number.map(super::text_or_null)),
            ("sourceAccountSid", self.source_account_sid.map(super::text_or_null)),
        ])
    }
}
