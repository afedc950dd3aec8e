//! What people sign in with, and what targets call them: passwords, enrolment links, tokens, names at targets.

use clap::{Args, Subcommand};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{api::Api, find, find::Found, view};
use crate::{
    client::{connection::first_line, prompt, server::guid, ttl::Ttl},
    exit::Done,
    output::{self, Columns, Form, instant, property},
};

/// The way into accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Set the local password of an account; its sessions end
    Password {
        /// Name or id
        #[arg(value_name = "USER")]
        account: String,
        /// Read it from a line of standard input instead of asking for it; with --password-stdin from the one after that
        #[arg(long, alias = "stdin")]
        new_password_stdin: bool,
    },
    /// Issue a link secret that lets its bearer set the password of an account, once
    Enrol {
        /// Name or id
        #[arg(value_name = "USER")]
        account: String,
        /// How long it is good [default: 15 minutes, at most a day]
        #[arg(long, value_name = "DURATION")]
        lifetime: Option<Ttl>,
    },
    /// Show the second factors of an account
    Factors {
        /// Name or id
        #[arg(value_name = "USER")]
        account: String,
    },
    /// Take all second factors of an account away whose person lost them; its sessions end. Takes your password, not a token
    ResetFactors {
        /// Name or id
        #[arg(value_name = "USER")]
        account: String,
        /// Do not ask
        #[arg(long)]
        force: bool,
    },
    /// Say what a target calls an account
    Bind {
        /// Name or id
        #[arg(value_name = "USER")]
        account: String,
        /// Name or id
        target: String,
        /// Distinguished name, where the target has such names
        #[arg(long, value_name = "NAME")]
        native_name: String,
        /// Login name there
        #[arg(long, value_name = "NAME")]
        login: String,
    },
    /// Forget what a target calls an account
    Unbind {
        /// Name or id
        #[arg(value_name = "USER")]
        account: String,
        /// Name or id
        target: String,
    },
}

/// API tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// List the tokens of an account, newest first
    List {
        /// Name or id [default: your own]
        #[arg(value_name = "USER")]
        account: Option<String>,
    },
    /// Make a token for yourself; takes your password, not a token
    New(NewToken),
    /// Take a token back
    Revoke {
        /// Id of the token
        token: String,
        /// Whose it is: name or id [default: your own]
        #[arg(long = "of", value_name = "USER")]
        of_user: Option<String>,
    },
}

/// The token to be made.
#[derive(Debug, Args)]
pub(crate) struct NewToken {
    /// Name for people
    label: String,
    /// What it opens: Pam.Use, Ephor.Admin, Ephor.Check, Ephor.Scim, Graph.Use, Arm.Use, Ephor.Metrics
    #[arg(long, required = true, value_name = "SCOPES", value_delimiter = ',')]
    scopes: Vec<String>,
    /// How long it lives, at most 90 days
    #[arg(long, value_name = "DURATION", default_value = "30d")]
    lifetime: Ttl,
}

pub(super) async fn run(api: &Api, command: Command, form: Form) -> Done {
    match command {
        Command::Password { account, new_password_stdin } => password(api, &account, new_password_stdin, form).await,
        Command::Enrol { account, lifetime } => {
            let Found { id, .. } = find::user(api, &account).await?;
            let order = json!({"lifetime": lifetime.map(|life| life.0)});
            view::object(form, &api.post(&format!("users/{id}/enrolment"), &order).await?)
        }
        Command::Factors { account } => {
            let user = find::user(api, &account).await?;
            let rows = api.list(&format!("users/{}/factors", user.id), &[]).await?;
            let columns: Columns<'_> = &[
                ("Factor", &|row| property(row, "label")),
                ("Kind", &|row| property(row, "kind")),
                ("Since", &|row| instant(row, "created")),
                ("Last used", &|row| instant(row, "lastUsed")),
                ("Switched off", &|row| instant(row, "disabled")),
            ];
            view::list(form, None, &rows, columns, "No second factors.")
        }
        Command::ResetFactors { account, force } => {
            let user = find::user(api, &account).await?;
            prompt::confirm(&format!("Take all second factors of {:?} away", user.name), force)?;
            api.delete(&format!("users/{}/factors", user.id)).await?;
            view::done(form, false, "reset the second factors of", ("UserId", user.id), &user.name)
        }
        Command::Bind { account, target, native_name, login } => {
            let (user, target) = (find::user(api, &account).await?, find::target(api, &target).await?);
            let names = json!({"nativeName": native_name, "login": login});
            api.put(&format!("users/{}/accounts/{}", user.id, target.id), Some(&names)).await?;
            view::done(form, false, "bound", ("UserId", user.id), &user.name)
        }
        Command::Unbind { account, target } => {
            let (user, target) = (find::user(api, &account).await?, find::target(api, &target).await?);
            api.delete(&format!("users/{}/accounts/{}", user.id, target.id)).await?;
            view::done(form, false, "unbound", ("UserId", user.id), &user.name)
        }
    }
}

async fn password(api: &Api, user: &str, stdin: bool, form: Form) -> Done {
    let Found { id, name } = find::user(api, user).await?;
    let new = if stdin { first_line()? } else { prompt::new_secret(&format!("New password of {name}: "))? };
    api.put(&format!("users/{id}/password"), Some(&json!({"password": new.expose_secret()}))).await?;
    view::done(form, false, "set the password of", ("UserId", id), &name)
}

pub(super) async fn token(api: &Api, command: Token, form: Form) -> Done {
    match command {
        Token::List { account } => {
            let id = of(api, account.as_deref()).await?;
            let rows = api.list(&format!("users/{id}/tokens"), &[]).await?;
            let columns: Columns<'_> = &[
                ("Token", &|token| property(token, "label")),
                ("Opens", &scopes),
                ("Created", &|token| instant(token, "created")),
                ("Ends", &|token| instant(token, "expires")),
                ("Taken back", &|token| instant(token, "revoked")),
                ("Id", &|token| property(token, "tokenId")),
            ];
            view::list(form, None, &rows, columns, "No tokens.")
        }
        Token::New(new) => {
            let id = of(api, None).await?;
            let order = json!({"label": new.label, "scopes": new.scopes, "lifetime": new.lifetime.0});
            let made = api.post(&format!("users/{id}/tokens"), &order).await?;
            if !form.json {
                output::note("Shown once; nobody can read it again:");
            }
            view::object(form, &made)
        }
        Token::Revoke { token, of_user } => {
            let (id, token) = (of(api, of_user.as_deref()).await?, guid(&token, "a token")?);
            api.delete(&format!("users/{id}/tokens/{token}")).await?;
            view::done(form, false, "taken back", ("tokenId", token), "the token")
        }
    }
}

/// The account that is meant; the caller's own when none is named.
async fn of(api: &Api, user: Option<&str>) -> Done<String> {
    match user {
        Some(name) => Ok(find::user(api, name).await?.id.to_string()),
        None => Ok(property(&api.get("me").await?, "userId")),
    }
}

fn scopes(token: &Value) -> String {
    let scopes = token.get("scopes").and_then(Value::as_array);
    scopes.map_or_else(String::new, |all| all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "))
}
