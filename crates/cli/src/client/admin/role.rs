//! `New-`, `Get-`, `Set-`, `Remove-PAMRole`.

use std::io::stdin;

use clap::{Args, Subcommand};
use jiff::civil::Time;
use serde_json::{Map, Value, json};

use super::{api::Api, filter, find, find::Found, spelling, view};
use crate::{
    client::{pipeline, prompt, ttl::Ttl},
    exit::{Done, Failure, Several},
    output::{Columns, Form, duration, property},
};

/// Roles.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a role
    New(New),
    /// List roles
    List(List),
    /// Show one role with its candidates, approvers and privileges
    Show {
        /// Display name or id
        role: String,
    },
    /// Change a role: what is not given stays, lists replace the whole list
    Set(Set),
    /// Delete roles: their open requests end
    Remove(Remove),
}

/// What may be said of a role.
#[derive(Debug, Default, Args)]
pub(crate) struct Attributes {
    /// Description; empty takes it away
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Longest stay: seconds, hh:mm:ss, d.hh:mm:ss, PT1H or 1h [default of a new role: RoleDefaultDuration]
    #[arg(long, value_name = "DURATION")]
    ttl: Option<Ttl>,
    /// Earliest time of day in the server's zone, e.g. 08:00; of a date and time only the time counts
    #[arg(long, value_name = "TIME", value_parser = time_of_day)]
    available_from: Option<Time>,
    /// Latest time of day; later than the earliest
    #[arg(long, value_name = "TIME", value_parser = time_of_day)]
    available_to: Option<Time>,
    /// Ask for a second factor
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    mfa_enabled: Option<bool>,
    /// Ask for an approval
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    approval_enabled: Option<bool>,
    /// Give the role between --available-from and --available-to only
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    availability_window_enabled: Option<bool>,
    /// An approver who asks needs another approver, too; =false exempts him by policy
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    disable_auto_approval_if_owner: Option<bool>,
    /// Who may ask: names or ids, separated by commas; empty for nobody
    #[arg(long, value_name = "USERS", value_delimiter = ',')]
    candidates: Option<Vec<String>>,
    /// Who decides
    #[arg(long, value_name = "USERS", value_delimiter = ',')]
    approvers: Option<Vec<String>>,
    /// Groups the role gives
    #[arg(long, value_name = "GROUPS", value_delimiter = ',')]
    privileges: Option<Vec<String>>,
}

/// The role to be made.
#[derive(Debug, Args)]
pub(crate) struct New {
    /// Display name, unique
    name: String,
    #[command(flatten)]
    attributes: Attributes,
}

/// Which roles.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only the role with this display name
    name: Option<String>,
    /// Only roles that somebody holds or is about to hold
    #[arg(long)]
    active: bool,
    /// Only roles whose name holds this text
    #[arg(long, value_name = "TEXT", conflicts_with = "name")]
    search: Option<String>,
    /// `$filter` as of the PAM API, e.g. "TTL gt 3600"
    #[arg(long, value_name = "FILTER")]
    filter: Option<String>,
    /// Print ids only, one a line
    #[arg(long, short = 'q', conflicts_with = "json")]
    ids: bool,
}

/// What is to change.
#[derive(Debug, Args)]
pub(crate) struct Set {
    /// Display names or ids; `-` reads them from standard input
    #[arg(required = true, value_name = "ROLE")]
    roles: Vec<String>,
    /// New display name
    #[arg(long, value_name = "NAME")]
    display_name: Option<String>,
    #[command(flatten)]
    attributes: Attributes,
}

/// Which roles are to go.
#[derive(Debug, Args)]
pub(crate) struct Remove {
    /// Display names or ids; `-` reads them from standard input
    #[arg(required = true, value_name = "ROLE")]
    roles: Vec<String>,
    #[command(flatten)]
    sure: super::Sure,
}

pub(super) async fn run(api: &Api, command: Command, form: Form) -> Done {
    match command {
        Command::New(new) => create(api, new, form).await,
        Command::List(which) => list(api, which, form).await,
        Command::Show { role } => show(api, &role, form).await,
        Command::Set(set) => change(api, set, form).await,
        Command::Remove(remove) => delete(api, remove, form).await,
    }
}

async fn create(api: &Api, new: New, form: Form) -> Done {
    let mut body = new.attributes.body(api).await?;
    body.insert("displayName".to_owned(), new.name.into());
    let made = spelling::pam(api.post("roles", &body.into()).await?);
    view::object(form, &made)
}

async fn list(api: &Api, which: List, form: Form) -> Done {
    let mut query = Vec::new();
    query.extend(which.name.as_deref().map(|name| ("displayName", name)));
    query.extend(which.search.as_deref().map(|text| ("search", text)));
    query.extend(which.active.then_some(("active", "true")));
    let mut rows = spelling::pam_rows(api.list("roles", &query).await?);
    filter::keep(&mut rows, &filter::ROLES, which.filter.as_deref())?;
    let columns: Columns<'_> = &[
        ("Role", &|role| property(role, "DisplayName")),
        ("Longest stay", &|role| duration(role, "TTL")),
        ("MFA", &|role| property(role, "MFAEnabled")),
        ("Approval", &|role| property(role, "ApprovalEnabled")),
        ("Available", &window),
        ("Description", &|role| property(role, "Description")),
        ("Id", &|role| property(role, "RoleId")),
    ];
    view::list(form, which.ids.then_some("RoleId"), &rows, columns, "No roles.")
}

/// The daily window in the server's zone.
fn window(role: &Value) -> String {
    if role.get("AvailabilityWindowEnabled").and_then(Value::as_bool) != Some(true) {
        return "always".to_owned();
    }
    let time = |name| {
        let text = property(role, name);
        text.strip_suffix(":00").map(str::to_owned).unwrap_or(text)
    };
    format!("{}-{}", time("AvailableFrom"), time("AvailableTo"))
}

async fn show(api: &Api, name: &str, form: Form) -> Done {
    let Found { id, .. } = find::role(api, name).await?;
    let mut role = api.get(&format!("roles/{id}")).await?;
    let candidates = api.list(&format!("roles/{id}/candidates"), &[]).await?;
    if let Some(members) = role.as_object_mut() {
        members.insert("candidates".to_owned(), candidates.into());
    }
    view::object(form, &spelling::pam(role))
}

async fn change(api: &Api, set: Set, form: Form) -> Done {
    let mut body = set.attributes.body(api).await?;
    if let Some(name) = set.display_name {
        body.insert("displayName".to_owned(), name.into());
    }
    if body.is_empty() {
        return Err(Failure::usage("say what is to change: `ephor admin role set --help` lists what can"));
    }
    let body = Value::from(body);
    let mut several = Several::default();
    for name in &pipeline::ids(&set.roles, "/RoleId", stdin())? {
        let changed = async {
            let Found { id, .. } = find::role(api, name).await?;
            let role = api.patch(&format!("roles/{id}"), &body).await?;
            view::object(form, &spelling::pam(role))
        };
        several.take(name, changed.await)?;
    }
    several.finish()
}

async fn delete(api: &Api, remove: Remove, form: Form) -> Done {
    let mut several = Several::default();
    for name in &pipeline::ids(&remove.roles, "/RoleId", stdin())? {
        let removed = async {
            let Found { id, name } = find::role(api, name).await?;
            if !remove.sure.dry_run {
                prompt::confirm(&format!("Delete the role {name:?}, and end what is open of it"), remove.sure.force)?;
                api.delete(&format!("roles/{id}")).await?;
            }
            view::done(form, remove.sure.dry_run, "deleted", ("RoleId", id), &name)
        };
        several.take(name, removed.await)?;
    }
    several.finish()
}

impl Attributes {
    /// The members of the order; what was not given is absent.
    async fn body(self, api: &Api) -> Done<Map<String, Value>> {
        let candidates = users(api, self.candidates.as_deref()).await?;
        let approvers = users(api, self.approvers.as_deref()).await?;
        let privileges = match self.privileges.as_deref().map(names) {
            Some(names) => Some(json!(find::groups(api, &names).await?)),
            None => None,
        };
        let members = [
            ("description", self.description.map(super::text_or_null)),
            ("ttl", self.ttl.map(|ttl| ttl.0.into())),
            ("availableFrom", self.available_from.map(|time| time.to_string().into())),
            ("availableTo", self.available_to.map(|time| time.to_string().into())),
            ("mfaEnabled", self.mfa_enabled.map(Value::from)),
            ("approvalEnabled", self.approval_enabled.map(Value::from)),
            ("availabilityWindowEnabled", self.availability_window_enabled.map(Value::from)),
            ("disableAutoApprovalIfOwner", self.disable_auto_approval_if_owner.map(Value::from)),
            ("candidates", candidates),
            ("approvers", approvers),
            ("privileges", privileges),
        ];
        Ok(super::members(members))
    }
}

async fn users(api: &Api, given: Option<&[String]>) -> Done<Option<Value>> {
    match given.map(names) {
        Some(names) => Ok(Some(json!(find::users(api, &names).await?))),
        None => Ok(None),
    }
}

/// The names of a list; an empty text is none.
fn names(given: &[String]) -> Vec<String> {
    given.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

/// A time of day, alone or behind a date, which does not count (`PAM 10.3`).
fn time_of_day(text: &str) -> Result<Time, String> {
    let text = text.trim();
    let time = text.rsplit(['T', ' ']).next().unwrap_or(text).trim_end_matches('Z');
    let time =
        if time.split(':').next().is_some_and(|hour| hour.len() == 1) { format!("0{time}") } else { time.to_owned() };
    time.parse().map_err(|_| "no time of day: give 08:00, 08:00:00 or a date and time".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_date_and_time_only_the_time_counts() {
        for text in ["08:00", "8:00", "08:00:00", "2026-03-01T08:00:00Z", "2026/03/01 08:00", " 08:00 "] {
            assert_eq!(time_of_day(text).map(|time| time.to_string()), Ok("08:00:00".to_owned()), "{text}");
        }
        for text in ["", "noon", "25:00"] {
            assert!(time_of_day(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_empty_list_is_a_list() {
        assert_eq!(names(&[String::new()]), Vec::<String>::new());
        assert_eq!(names(&[" jen".to_owned(), "pat".to_owned()]), ["jen", "pat"]);
    }

    #[test]
    fn a_window_is_shown_where_it_counts() {
        let role = |enabled: bool| json!({"AvailabilityWindowEnabled": enabled, "AvailableFrom": "08:00:00", "AvailableTo": "17:30:15"});
        assert_eq!(window(&role(true)), "08:00-17:30:15");
        assert_eq!(window(&role(false)), "always");
    }
}
