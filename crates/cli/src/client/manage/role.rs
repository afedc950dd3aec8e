//! `ephor role`: roles of the directory, and with `--scope` roles for resources.

use clap::{Args, Subcommand};
use ephor_engine::port::{Entropy as _, SystemEntropy};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    At, Way,
    name::{self, DIRECTORY_ROLES, ROLES_EDITION, Role},
    schedule::{self, Act, Given, Taken},
    standing,
};
use crate::{
    client::{
        access::{arm, at, desk::Desk, entitlement::Entitlement, refusal::explained},
        admin::view,
        connection::Connection,
        prompt,
        server::guid,
    },
    exit::{Done, Failure},
    output::{self, Columns, Form, printable, property},
};

/// Roles of the directory, and with `--scope` roles for resources.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  ephor role list
  ephor role assign eligible \"User Administrator\" alice --for 90d --reason \"on call\"
  ephor role unassign eligible \"User Administrator\" alice
  ephor role assign eligible Owner alice --for 90d --scope /subscriptions/7b1f…
  ephor role assignment list --scope /subscriptions/7b1f…")]
pub(crate) enum Command {
    #[command(flatten)]
    Plain(Definition),
    /// The same, in the words of resource management
    #[command(subcommand)]
    Definition(Definition),
    /// Show who has a role, and who may activate it
    Holders {
        /// Name or id of the role
        role: String,
        #[command(flatten)]
        at: At,
    },
    /// Give a role, to be activated or in force, for a time
    Assign {
        /// To be activated, or in force
        #[arg(value_enum)]
        way: Way,
        /// Name or id of the role
        role: String,
        /// Account, group or application: name or id, `group:NAME`, `app:NAME`
        to: String,
        #[command(flatten)]
        at: At,
        #[command(flatten)]
        given: Box<Given>,
    },
    /// Give more time, and answer who asked for it
    Extend {
        /// To be activated, or in force
        #[arg(value_enum)]
        way: Way,
        /// Name or id of the role
        role: String,
        /// Account, group or application: name or id, `group:NAME`, `app:NAME`
        of: String,
        #[command(flatten)]
        at: At,
        #[command(flatten)]
        given: Box<Given>,
    },
    /// Take a role away
    Unassign {
        /// To be activated, or in force
        #[arg(value_enum)]
        way: Way,
        /// Name or id of the role
        role: String,
        /// Account, group or application: name or id, `group:NAME`, `app:NAME`
        from: String,
        #[command(flatten)]
        at: At,
        #[command(flatten)]
        taken: Taken,
    },
    /// Role assignments at resource scopes that stand until somebody takes them away
    #[command(subcommand)]
    Assignment(standing::Command),
    /// List what is denied at a resource scope, whatever roles allow
    Denials {
        /// Resource scope
        #[arg(long, value_name = "SCOPE")]
        scope: String,
    },
}

/// What roles there are.
#[derive(Debug, Subcommand)]
pub(crate) enum Definition {
    /// List roles
    List {
        #[command(flatten)]
        at: At,
        /// Only those that were made here
        #[arg(long)]
        custom: bool,
        /// Print ids only, one a line
        #[arg(long, short = 'q', conflicts_with = "json")]
        ids: bool,
    },
    /// Show a role and what it allows
    Show {
        /// Name or id of the role
        role: String,
        #[command(flatten)]
        at: At,
    },
    /// Make a role of one's own
    Create(Create),
    /// Delete a role of one's own
    Delete {
        /// Name or id of the role
        role: String,
        #[command(flatten)]
        at: At,
        /// Do not ask
        #[arg(long)]
        force: bool,
    },
}

/// A new role.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Display name
    name: String,
    /// What it allows, as `microsoft.directory/users/basic/update` or `Microsoft.Storage/storageAccounts/read`; may be given
    /// several times
    #[arg(long = "action", value_name = "ACTION", required = true)]
    actions: Vec<String>,
    /// What of that it does not allow (resources)
    #[arg(long = "not-action", value_name = "ACTION", requires = "scope")]
    not_actions: Vec<String>,
    /// What it allows on data (resources)
    #[arg(long = "data-action", value_name = "ACTION", requires = "scope")]
    data_actions: Vec<String>,
    /// For people
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Resource scopes at which it can be given; the role is one for resources. May be given several times
    #[arg(long = "scope", value_name = "SCOPE", id = "scope")]
    scopes: Vec<String>,
}

/// Runs one of the commands.
pub(crate) async fn run(command: Command, connection: &Connection, form: Form) -> Done {
    let desk = Desk::open(connection).await?;
    let outcome = ask(&desk, command, form).await;
    desk.close().await;
    outcome
}

async fn ask(desk: &Desk, command: Command, form: Form) -> Done {
    match command {
        Command::Plain(command) | Command::Definition(command) => define(desk, command, form).await,
        Command::Holders { role, at } => {
            let what = entitlement(desk, &at, &role).await?;
            schedule::show(&schedule::holders(desk, &what).await.map_err(explained)?, form)
        }
        Command::Assign { way, role, to, at, given } => {
            let what = entitlement(desk, &at, &role).await?;
            schedule::assign(desk, &what, (Act::Assign, way), &to, &given, form).await
        }
        Command::Extend { way, role, of, at, given } => {
            let what = entitlement(desk, &at, &role).await?;
            schedule::assign(desk, &what, (Act::Extend, way), &of, &given, form).await
        }
        Command::Unassign { way, role, from, at, taken } => {
            let what = entitlement(desk, &at, &role).await?;
            schedule::unassign(desk, &what, way, &from, &taken, form).await
        }
        Command::Assignment(command) => standing::run(desk, command, form).await,
        Command::Denials { scope } => standing::denials(desk, &scope, form).await,
    }
}

/// The role at its place.
async fn entitlement(desk: &Desk, at: &At, name: &str) -> Done<Entitlement> {
    let role = name::role(desk, at.scope.as_deref(), name).await?;
    let scope = at.scope.clone().unwrap_or_else(|| "/".to_owned());
    let place = at.scope.clone();
    Ok(Entitlement { scope: Some(scope), place, ..Entitlement::of(at.provider(), role.name, role.id) })
}

async fn define(desk: &Desk, command: Definition, form: Form) -> Done {
    match command {
        Definition::List { at, custom, ids } => list(desk, &at, custom, ids, form).await,
        Definition::Show { role, at } => show(&name::role(desk, at.scope.as_deref(), &role).await?, form),
        Definition::Create(create) => make(desk, &create, form).await,
        Definition::Delete { role, at, force } => {
            let role = name::role(desk, at.scope.as_deref(), &role).await?;
            prompt::confirm(&format!("Delete the role \"{}\"", printable(&role.name)), force)?;
            let id = guid(&role.id, "a role")?;
            let path = match &at.scope {
                Some(scope) => arm::set(scope, &format!("roleDefinitions/{id}"), ROLES_EDITION),
                None => format!("{DIRECTORY_ROLES}/{id}"),
            };
            desk.order(Method::DELETE, &path, None).await.map_err(explained)?;
            view::done(form, false, "deleted", ("roleDefinitionId", id), &role.name)
        }
    }
}

async fn list(desk: &Desk, of: &At, custom: bool, ids: bool, form: Form) -> Done {
    let (mut rows, id) = match &of.scope {
        None => (desk.rows(DIRECTORY_ROLES).await?, "id"),
        Some(scope) => (desk.rows(&arm::set(scope, "roleDefinitions", ROLES_EDITION)).await?, "name"),
    };
    if custom {
        rows.retain(is_custom);
    }
    let columns: Columns<'_> = &[
        ("Role", &|row| at(row, "/displayName").or_else(|| at(row, "/properties/roleName")).unwrap_or_default()),
        ("Made", &|row| if is_custom(row) { "here" } else { "built in" }.to_owned()),
        ("Description", &|row| {
            at(row, "/description").or_else(|| at(row, "/properties/description")).unwrap_or_default()
        }),
        ("Id", &|row| property(row, id)),
    ];
    rows.sort_by_key(|row| {
        at(row, "/displayName").or_else(|| at(row, "/properties/roleName")).map(|it| it.to_lowercase())
    });
    view::list(form, ids.then_some(id), &rows, columns, "No roles.")
}

fn is_custom(row: &Value) -> bool {
    match at(row, "/properties/type") {
        Some(kind) => kind.eq_ignore_ascii_case("CustomRole"),
        None => row.get("isBuiltIn").and_then(Value::as_bool) == Some(false),
    }
}

fn show(role: &Role, form: Form) -> Done {
    if form.json {
        return Ok(output::json(&role.row)?);
    }
    let text = |pointers: &[&str]| pointers.iter().find_map(|pointer| at(&role.row, pointer));
    let texts = |pointers: &[&str]| {
        let found = pointers.iter().find_map(|pointer| role.row.pointer(pointer).and_then(Value::as_array));
        Some(found?.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "))
    };
    view::facts([
        ("role", Some(role.name.clone())),
        ("made", Some(if is_custom(&role.row) { "here" } else { "built in" }.to_owned())),
        ("description", text(&["/description", "/properties/description"])),
        ("allows", texts(&["/rolePermissions/0/allowedResourceActions", "/properties/permissions/0/actions"])),
        ("but not", texts(&["/properties/permissions/0/notActions"])),
        ("allows on data", texts(&["/properties/permissions/0/dataActions"])),
        ("can be given at", texts(&["/properties/assignableScopes"])),
        ("id", Some(role.id.clone())),
    ])
}

async fn make(desk: &Desk, create: &Create, form: Form) -> Done {
    let made = match create.scopes.first() {
        None => {
            let body = json!({
                "displayName": create.name,
                "description": create.description,
                "isEnabled": true,
                "rolePermissions": [{"allowedResourceActions": create.actions}],
            });
            desk.order(Method::POST, DIRECTORY_ROLES, Some(&body)).await
        }
        Some(scope) => {
            let id = SystemEntropy::default().guid();
            let body = json!({"properties": {
                "roleName": create.name,
                "description": create.description,
                "type": "CustomRole",
                "assignableScopes": create.scopes,
                "permissions": [{
                    "actions": create.actions,
                    "notActions": create.not_actions,
                    "dataActions": create.data_actions,
                    "notDataActions": [],
                }],
            }});
            desk.order(Method::PUT, &arm::set(scope, &format!("roleDefinitions/{id}"), ROLES_EDITION), Some(&body))
                .await
        }
    };
    let made = made.map_err(explained)?;
    if form.json {
        return Ok(output::json(&made)?);
    }
    let id = at(&made, "/name").or_else(|| at(&made, "/id"));
    let id = id.ok_or_else(|| Failure::from(anyhow::anyhow!("the server answers a role without an id")))?;
    Ok(output::line(&printable(&format!("made {} ({id})", create.name)))?)
}
