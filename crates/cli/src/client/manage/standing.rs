//! Standing role assignments and deny assignments at resource scopes.

use clap::{Args, Subcommand};
use ephor_engine::port::{Entropy as _, SystemEntropy};
use reqwest::Method;
use serde_json::{Value, json};

use super::name::{self, ROLES_EDITION};
use crate::{
    client::{
        access::{
            arm, at,
            desk::{Desk, escaped, quoted},
            refusal::explained,
        },
        admin::view,
        prompt,
        server::guid,
    },
    exit::Done,
    output::{self, Columns, Form, printable, property},
};

/// Role assignments that stand until somebody takes them away.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the role assignments at a scope and above
    List {
        /// Resource scope
        #[arg(long, value_name = "SCOPE", default_value = "/")]
        scope: String,
        /// Of this account, group or application alone
        #[arg(long, value_name = "NAME")]
        of: Option<String>,
        /// Those below the scope as well
        #[arg(long)]
        below: bool,
    },
    /// Give a role for good
    Create(Create),
    /// Take a role assignment away
    Delete {
        /// Name of the assignment, as `ephor role assignment list` shows it
        assignment: String,
        /// Resource scope
        #[arg(long, value_name = "SCOPE", default_value = "/")]
        scope: String,
        /// Do not ask
        #[arg(long)]
        force: bool,
    },
}

/// What is given to whom.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Name or id of the role
    role: String,
    /// Account, group or application: name or id, `group:NAME`, `app:NAME`
    to: String,
    /// Resource scope
    #[arg(long, value_name = "SCOPE")]
    scope: String,
    /// For people
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
}

pub(super) async fn run(desk: &Desk, command: Command, form: Form) -> Done {
    match command {
        Command::List { scope, of, below } => list(desk, &scope, of.as_deref(), below, form).await,
        Command::Create(create) => make(desk, &create, form).await,
        Command::Delete { assignment, scope, force } => {
            let id = guid(&assignment, "a role assignment")?;
            let path = arm::set(&scope, &format!("roleAssignments/{id}"), ROLES_EDITION);
            let row = desk.get(&path).await.map_err(explained)?;
            prompt::confirm(&format!("Take the role assignment {id} away"), force)?;
            // The address of the assignment itself, wherever it was found.
            let own = at(&row, "/properties/scope").unwrap_or(scope);
            desk.order(Method::DELETE, &arm::set(&own, &format!("roleAssignments/{id}"), ROLES_EDITION), None)
                .await
                .map_err(explained)?;
            view::done(form, false, "removed", ("roleAssignmentId", id), "role assignment")
        }
    }
}

async fn list(desk: &Desk, scope: &str, of: Option<&str>, below: bool, form: Form) -> Done {
    let mut filter = if below { String::new() } else { "atScope()".to_owned() };
    if let Some(of) = of {
        let of = name::holder(desk, of).await?;
        filter = format!("principalId eq {}", quoted(&of.id));
    }
    let query = match filter.as_str() {
        "" => ROLES_EDITION.to_owned(),
        filter => format!("{ROLES_EDITION}&$filter={}", escaped(filter)),
    };
    let rows = desk.rows(&arm::set(scope, "roleAssignments", &query)).await.map_err(explained)?;
    if form.json {
        return Ok(output::json(&rows)?);
    }
    if rows.is_empty() {
        output::note("No role assignments.");
        return Ok(());
    }
    let known = names(desk, scope, &rows).await;
    let called = |id: String| known.iter().find(|(known, _)| *known == id).map_or(id, |(_, name)| name.clone());
    let columns: Columns<'_> = &[
        ("Role", &|row| called(last(row, "/properties/roleDefinitionId"))),
        ("Who", &|row| called(at(row, "/properties/principalId").unwrap_or_default())),
        ("What", &|row| at(row, "/properties/principalType").unwrap_or_default()),
        ("Where", &|row| at(row, "/properties/scope").unwrap_or_default()),
        ("Assignment", &|row| property(row, "name")),
    ];
    Ok(output::table(columns, &rows)?)
}

fn last(row: &Value, pointer: &str) -> String {
    at(row, pointer).and_then(|id| id.rsplit('/').next().map(str::to_owned)).unwrap_or_default()
}

/// Names of roles and principals, as far as they can be had.
async fn names(desk: &Desk, scope: &str, rows: &[Value]) -> Vec<(String, String)> {
    let mut known = Vec::new();
    if let Ok(roles) = desk.rows(&arm::set(scope, "roleDefinitions", ROLES_EDITION)).await {
        known.extend(roles.iter().filter_map(|row| Some((at(row, "/name")?, at(row, "/properties/roleName")?))));
    }
    let mut ids: Vec<String> = rows.iter().filter_map(|row| at(row, "/properties/principalId")).collect();
    ids.sort();
    ids.dedup();
    for some in ids.chunks(100) {
        let body = json!({"ids": some});
        if let Ok(found) = desk.order(Method::POST, "v1.0/directoryObjects/getByIds", Some(&body)).await {
            let rows = found.get("value").and_then(Value::as_array).cloned().unwrap_or_default();
            known.extend(rows.iter().filter_map(|row| {
                Some((at(row, "/id")?, at(row, "/userPrincipalName").or_else(|| at(row, "/displayName"))?))
            }));
        }
    }
    known
}

async fn make(desk: &Desk, create: &Create, form: Form) -> Done {
    let role = name::role(desk, Some(&create.scope), &create.role).await?;
    let to = name::holder(desk, &create.to).await?;
    let id = SystemEntropy::default().guid();
    let body = json!({"properties": {
        "roleDefinitionId": at(&role.row, "/id"),
        "principalId": to.id,
        "description": create.description,
    }});
    let path = arm::set(&create.scope, &format!("roleAssignments/{id}"), ROLES_EDITION);
    let made = desk.order(Method::PUT, &path, Some(&body)).await.map_err(explained)?;
    if form.json {
        return Ok(output::json(&made)?);
    }
    Ok(output::line(&printable(&format!("{} has {} at {} (assignment {id})", to.name, role.name, create.scope)))?)
}

/// Lists what is denied whatever roles allow.
pub(super) async fn denials(desk: &Desk, scope: &str, form: Form) -> Done {
    let rows = desk.rows(&arm::set(scope, "denyAssignments", "api-version=2022-04-01")).await.map_err(explained)?;
    let joined = |row: &Value, pointer: &str| {
        let texts = row.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default();
        texts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
    };
    let columns: Columns<'_> = &[
        ("Name", &|row| at(row, "/properties/denyAssignmentName").unwrap_or_default()),
        ("Denied", &|row| joined(row, "/properties/permissions/0/actions")),
        ("But not", &|row| joined(row, "/properties/permissions/0/notActions")),
        ("Where", &|row| at(row, "/properties/scope").unwrap_or_default()),
        ("Id", &|row| property(row, "name")),
    ];
    view::list(form, None, &rows, columns, "Nothing is denied there.")
}
