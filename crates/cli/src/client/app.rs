//! `ephor app`: clients that ask for tokens, their credentials and what they were consented to.

mod register;

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::{Value, json};

use super::{
    admin::{
        api::Api,
        find::{self, Found},
        view,
    },
    connection::Connection,
    prompt,
    server::guid,
    ttl::Ttl,
};
use crate::{
    exit::{Done, Failure},
    output::{self, Columns, Form, instant, property},
};

/// Applications.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Register an application: it gets a client id and a service principal
    Create(register::Create),
    /// List registered applications
    List,
    /// Show an application with its credentials and permissions
    Show {
        /// Name, id or client id
        app: String,
    },
    /// Change an application: what is not given stays
    Set(register::Set),
    /// Remove an application; its tokens end
    Delete {
        /// Name, id or client id
        app: String,
        /// Do not ask
        #[arg(long)]
        force: bool,
    },
    /// Secrets of an application
    #[command(subcommand)]
    Secret(Secret),
    /// Keys with which an application signs its assertions
    #[command(subcommand)]
    Key(Key),
    /// Consent to a permission: to a scope, by which people act through the application, or to an app role
    Grant(Permission),
    /// Take a permission back; what people gave the application ends
    Revoke(Permission),
    /// List everything that applications can be consented to
    Permissions,
}

/// Secrets.
#[derive(Debug, Subcommand)]
pub(crate) enum Secret {
    /// Give an application a secret; it is shown once
    Add {
        /// Name, id or client id
        app: String,
        /// Name for people
        #[arg(long, default_value = "")]
        label: String,
        /// How long it is good, at most two years
        #[arg(long, value_name = "DURATION", default_value = "180d")]
        lifetime: Ttl,
    },
    /// Remove a secret
    Remove(Remove),
}

/// Keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Add a certificate or public key; the private half stays where it is
    Add {
        /// Name, id or client id
        app: String,
        /// PEM file with a certificate or public key; `-` reads standard input
        #[arg(value_name = "FILE")]
        pem: String,
        /// Name for people
        #[arg(long, default_value = "")]
        label: String,
        /// How long it is good, at most three years [default: as its certificate, a bare key a year]
        #[arg(long, value_name = "DURATION")]
        lifetime: Option<Ttl>,
    },
    /// Remove a key
    Remove(Remove),
}

/// What is to be removed.
#[derive(Debug, clap::Args)]
pub(crate) struct Remove {
    /// Name, id or client id of the application
    app: String,
    /// Id of the secret or key
    credential: String,
}

/// A permission.
#[derive(Debug, clap::Args)]
pub(crate) struct Permission {
    /// Name, id or client id of the application
    app: String,
    /// Names of permissions
    #[arg(required = true)]
    names: Vec<String>,
    /// They are app roles: the application acts for itself
    #[arg(long)]
    app_role: bool,
}

impl Permission {
    fn kind(&self) -> &'static str {
        if self.app_role { "app-role" } else { "scope" }
    }
}

/// Runs one of the commands.
pub(crate) async fn run(command: Command, connection: &Connection, form: Form) -> Done {
    let api = Api::open(connection).await?;
    let outcome = ask(&api, command, form).await;
    api.close().await;
    outcome
}

async fn ask(api: &Api, command: Command, form: Form) -> Done {
    match command {
        Command::Create(create) => register::create(api, &create, form).await,
        Command::Set(set) => register::set(api, &set, form).await,
        Command::List => list(api, form).await,
        Command::Show { app } => {
            let app = find::application(api, &app).await?;
            view::object(form, &api.get(&format!("applications/{}", app.id)).await?)
        }
        Command::Delete { app, force } => {
            let app = find::application(api, &app).await?;
            prompt::confirm(&format!("Remove the application {:?}", app.name), force)?;
            api.delete(&format!("applications/{}", app.id)).await?;
            view::done(form, false, "removed", ("applicationId", app.id), &app.name)
        }
        Command::Secret(Secret::Add { app, label, lifetime }) => {
            let app = find::application(api, &app).await?;
            let order = json!({"label": label, "lifetime": lifetime.0});
            shown_once(&api.post(&format!("applications/{}/secrets", app.id), &order).await?, form)
        }
        Command::Key(Key::Add { app, pem, label, lifetime }) => {
            let app = find::application(api, &app).await?;
            let order = json!({"pem": pem_text(&pem)?, "label": label, "lifetime": lifetime.map(|life| life.0)});
            view::object(form, &api.post(&format!("applications/{}/keys", app.id), &order).await?)
        }
        Command::Secret(Secret::Remove(remove)) | Command::Key(Key::Remove(remove)) => {
            let app = find::application(api, &remove.app).await?;
            let credential = guid(&remove.credential, "a secret or key")?;
            api.delete(&format!("applications/{}/credentials/{credential}", app.id)).await?;
            view::done(form, false, "removed from", ("credentialId", credential), &app.name)
        }
        Command::Grant(permission) => consent(api, &permission, true, form).await,
        Command::Revoke(permission) => consent(api, &permission, false, form).await,
        Command::Permissions => {
            let rows = api.list("permissions", &[]).await?;
            let columns: Columns<'_> =
                &[("Kind", &|row| property(row, "kind")), ("Name", &|row| property(row, "name"))];
            view::list(form, None, &rows, columns, "No permissions.")
        }
    }
}

async fn list(api: &Api, form: Form) -> Done {
    let rows = api.list("applications", &[]).await?;
    let columns: Columns<'_> = &[
        ("Application", &|row| property(row, "displayName")),
        ("Client id", &|row| property(row, "clientId")),
        ("Public", &|row| property(row, "public")),
        ("Enabled", &|row| property(row, "enabled")),
        ("Created", &|row| instant(row, "created")),
        ("Id", &|row| property(row, "applicationId")),
    ];
    view::list(form, None, &rows, columns, "No applications.")
}

/// A file of PEM, or standard input.
fn pem_text(file: &str) -> Done<String> {
    let text = if file == "-" {
        std::io::read_to_string(std::io::stdin()).context("reading standard input")?
    } else {
        std::fs::read_to_string(file).with_context(|| format!("reading {file}"))?
    };
    if text.contains("PRIVATE KEY") {
        return Err(Failure::usage(format!("{file} holds a private key: give the certificate or public key alone")));
    }
    Ok(text)
}

fn shown_once(made: &Value, form: Form) -> Done {
    if !form.json {
        output::note("Shown once; nobody can read it again:");
    }
    view::object(form, made)
}

async fn consent(api: &Api, permission: &Permission, give: bool, form: Form) -> Done {
    let Found { id, name } = find::application(api, &permission.app).await?;
    let word = if give { "consented to for" } else { "taken back from" };
    for named in &permission.names {
        let safe = named.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
        if !safe || named.is_empty() {
            return Err(Failure::usage(format!("{named:?} is no name of a permission: see `ephor app permissions`")));
        }
        let path = format!("applications/{id}/permissions/{}/{named}", permission.kind());
        if give {
            api.put(&path, None).await?
        } else {
            api.delete(&path).await?
        };
        view::done(form, false, &format!("{} {named} {word}", permission.kind()), ("applicationId", id), &name)?;
    }
    Ok(())
}
