//! Which accounts are one human being: separation of duties compares persons (seams §1).

use clap::Subcommand;
use serde_json::{Value, json};

use super::{api::Api, find, view};
use crate::{
    client::prompt,
    exit::Done,
    output::{self, Columns, Form, instant, printable, property},
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
    /// List the identities of outside issuers that sign in to an account
    Identities {
        /// Name or id
        #[arg(value_name = "USER")]
        account: String,
    },
    /// Let an identity of an outside issuer sign in to an account; takes your password, not a token
    LinkIdentity {
        /// Name or id
        #[arg(value_name = "USER")]
        account: String,
        /// `iss`, exactly as it is configured
        issuer: String,
        /// `sub` there
        subject: String,
    },
    /// End such a link; takes your password, not a token
    UnlinkIdentity {
        /// Name or id
        #[arg(value_name = "USER")]
        account: String,
        /// `iss`
        issuer: String,
        /// `sub` there
        subject: String,
        /// Do not ask
        #[arg(long)]
        force: bool,
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
        Command::Identities { account } => {
            let user = find::user(api, &account).await?;
            let rows = api.list(&format!("users/{}/identities", user.id), &[]).await?;
            let columns: Columns<'_> = &[
                ("Issuer", &|row| property(row, "issuer")),
                ("Subject", &|row| property(row, "subject")),
                ("Since", &|row| instant(row, "since")),
            ];
            view::list(form, None, &rows, columns, "No identities.")
        }
        Command::LinkIdentity { account, issuer, subject } => {
            let user = find::user(api, &account).await?;
            let identity = json!({"issuer": issuer, "subject": subject});
            view::object(form, &api.post(&format!("users/{}/identities", user.id), &identity).await?)
        }
        Command::UnlinkIdentity { account, issuer, subject, force } => {
            let user = find::user(api, &account).await?;
            prompt::confirm(&format!("End the link of {subject:?} of {issuer:?} to {:?}", user.name), force)?;
            let identity = json!({"issuer": issuer, "subject": subject});
            api.post(&format!("users/{}/identities/end", user.id), &identity).await?;
            if form.json {
                return Ok(output::json(&identity)?);
            }
            Ok(output::line(&printable(&format!("{} does not sign in with {subject} any more", user.name)))?)
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
