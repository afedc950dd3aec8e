//! `ephor pam`: the requestor's commands over the PAM REST API (`PAM 14.1`).

mod approval;
mod close;
mod request;
mod requests;
mod roles;

use clap::Subcommand;
use reqwest::Method;
use serde_json::Value;

use super::{
    connection::Connection,
    server::{Server, guid},
};
use crate::{
    exit::{Done, Failure},
    output::{Form, property},
};

/// The base of the API.
const BASE: &str = "api/pamresources";

/// Ask for roles, look at requests, end them, decide on those of others.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the roles you may ask for
    Roles(roles::Arguments),
    /// Ask for roles
    #[command(visible_alias = "activate")]
    Request(request::Arguments),
    /// List your own requests
    Requests(requests::Arguments),
    /// End requests of your own: by id, or all open ones of a role
    #[command(visible_alias = "deactivate")]
    Close(close::Arguments),
    /// List the requests that wait for your decision
    ToApprove(approval::ListArguments),
    /// Approve requests
    Approve(approval::DecideArguments),
    /// Reject requests
    Reject(approval::DecideArguments),
    /// Print the account you are signed in with
    Session,
}

/// Runs one of the commands.
pub(crate) async fn run(command: Command, connection: &Connection, form: Form) -> Done {
    let api = Api { server: connection.open()? };
    match command {
        Command::Roles(arguments) => roles::run(&api, &arguments, form).await,
        Command::Request(arguments) => request::run(&api, &arguments, form).await,
        Command::Requests(arguments) => requests::run(&api, &arguments, form).await,
        Command::Close(arguments) => close::run(&api, &arguments, form).await,
        Command::ToApprove(arguments) => approval::list(&api, &arguments, form).await,
        Command::Approve(arguments) => approval::decide(&api, &arguments, "Approve", form).await,
        Command::Reject(arguments) => approval::decide(&api, &arguments, "Reject", form).await,
        Command::Session => session(&api, form).await,
    }
}

/// The PAM REST API of a server.
pub(crate) struct Api {
    server: Server,
}

impl Api {
    /// One of the four collections, filtered by the server.
    pub(crate) async fn list(&self, set: &str, filter: Option<&str>) -> Done<Vec<Value>> {
        let query: Vec<(&str, &str)> = filter.map(|filter| ("$filter", filter)).into_iter().collect();
        let mut body = self.server.get(&format!("{BASE}/{set}"), &query).await?;
        match body.get_mut("value").map(Value::take) {
            Some(Value::Array(rows)) => Ok(rows),
            _ => Err(anyhow::anyhow!("{} is no PAM server: its answer has no `value`", self.server.url()).into()),
        }
    }

    async fn create(&self, body: &Value) -> Done<Value> {
        let mut created = self.server.order(Method::POST, &format!("{BASE}/pamrequests"), Some(body)).await?;
        if let Some(created) = created.as_object_mut() {
            created.remove("odata.metadata");
        }
        Ok(created)
    }

    async fn act(&self, set: &str, id: &str, what: &str, action: &str) -> Done {
        let id = guid(id, what)?;
        self.server.order(Method::POST, &format!("{BASE}/{set}(guid'{id}')/{action}"), None).await?;
        Ok(())
    }
}

/// The role that `name` means among those the caller may ask for: id, exact display name, or the only one that differs
/// in letter case or outer blanks alone.
fn find_role<'r>(roles: &'r [Value], name: &str) -> Done<&'r Value> {
    let exact = roles
        .iter()
        .find(|role| property(role, "RoleId").eq_ignore_ascii_case(name.trim()))
        .or_else(|| roles.iter().find(|role| property(role, "DisplayName") == name));
    if let Some(role) = exact {
        return Ok(role);
    }
    let folded = |text: &str| text.trim().to_lowercase();
    let alike: Vec<&Value> =
        roles.iter().filter(|role| folded(&property(role, "DisplayName")) == folded(name)).collect();
    match alike.as_slice() {
        [role] => Ok(role),
        [] => Err(Failure::Refused {
            code: "RoleNotAvailable".to_owned(),
            text: format!("you may ask for no role called {name:?}; `ephor pam roles` lists yours"),
        }),
        [_, _, ..] => Err(Failure::usage(format!("several roles are called {name:?}: give the id of one"))),
    }
}

async fn session(api: &Api, form: Form) -> Done {
    let rows = api.list("sessioninfo", None).await?;
    if form.json {
        return Ok(crate::output::json(&rows)?);
    }
    for row in &rows {
        crate::output::line(&crate::output::printable(&property(row, "Username")))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn roles() -> Vec<Value> {
        [("11111111-1111-4111-8111-111111111111", "Allow AD Access "), ("2", "Deploy"), ("3", "deploy")]
            .map(|(id, name)| json!({"RoleId": id, "DisplayName": name}))
            .to_vec()
    }

    #[test]
    fn a_role_is_found_by_id_name_and_forgiving_spelling() {
        let roles = roles();
        let found = |name: &str| find_role(&roles, name).map(|role| property(role, "RoleId"));
        assert_eq!(found("11111111-1111-4111-8111-111111111111").unwrap(), property(&roles[0], "RoleId"));
        assert_eq!(found("allow ad access").unwrap(), property(&roles[0], "RoleId"));
        assert_eq!(found("deploy").unwrap(), "3");
        assert!(found("DEPLOY").unwrap_err().to_string().starts_with("several roles"));
        assert_eq!(found("Other").unwrap_err().outcome(), crate::exit::Outcome::Refused);
    }
}
