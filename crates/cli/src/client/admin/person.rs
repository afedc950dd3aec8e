//! Which accounts are one human being: separation of duties compares persons (seams §1).

use clap::Subcommand;
use serde_json::{Value, json};

use super::{api::Api, find, view};
use crate::{
    client::prompt,
    exit::Done,
    output::{self, Form, printable},
};

/// Persons.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the person behind an account, and the other accounts
    Show {
        /// Name or id
        #[arg(value_name = "USER")]
        account: String,
    },
    /// Say that two accounts are one person; takes your password, not a token
    Link {
        /// Name or id
        #[arg(value_name = "USER")]
        account: String,
        /// Name or id
        other: String,
    },
    /// Take an account out of its person; takes your password, not a token
    Unlink {
        /// Name or id
        #[arg(value_name = "USER")]
        account: String,
        /// Do not ask
        #[arg(long)]
        force: bool,
    },
}

pub(super) async fn run(api: &Api, command: Command, form: Form) -> Done {
    match command {
        Command::Show { account } => {
            let user = find::user(api, &account).await?;
            view::object(form, &api.get(&format!("users/{}/person", user.id)).await?)
        }
        Command::Link { account, other } => {
            let (user, other) = (find::user(api, &account).await?, find::user(api, &other).await?);
            let accounts = json!({"userId": user.id, "otherUserId": other.id});
            view::object(form, &api.post("persons/links", &accounts).await?)
        }
        Command::Unlink { account, force } => {
            let user = find::user(api, &account).await?;
            prompt::confirm(&format!("Take {:?} out of its person", user.name), force)?;
            let said = api.delete(&format!("persons/links/{}", user.id)).await?;
            if form.json {
                return Ok(output::json(&said)?);
            }
            let name = printable(&user.name);
            let counts = said.get("inForce").and_then(Value::as_bool) == Some(true);
            let when =
                if counts { "counts from now on" } else { "counts once the open requests of that person have ended" };
            Ok(output::line(&format!("{name} is unlinked; it {when}"))?)
        }
    }
}
