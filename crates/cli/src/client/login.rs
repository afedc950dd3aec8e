//! `ephor login`, `ephor logout`: keep server and account for later commands, by an API token and never by a password.

use clap::Args;
use serde_json::json;

use super::{
    admin::api::Api,
    connection::Connection,
    profile::Profile,
    server::{Credentials, Server},
    ttl::Ttl,
};
use crate::{
    exit::{Done, Failure},
    output::{self, Form, printable, property},
};

/// What is kept, and how long.
#[derive(Debug, Args)]
pub(crate) struct Login {
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    form: Form,
    /// How long the token lives, at most 90 days
    #[arg(long, value_name = "DURATION", default_value = "30d")]
    lifetime: Ttl,
    /// Name of the token in your list of tokens
    #[arg(long, value_name = "TEXT", default_value = "ephor command line")]
    label: String,
}

/// Whose sign-in is forgotten.
#[derive(Debug, Args)]
pub(crate) struct Logout {
    #[command(flatten)]
    connection: Connection,
}

/// Signs in with a password and keeps a token.
pub(crate) async fn login(login: &Login) -> Done {
    let connection = &login.connection;
    let stored = connection.stored()?;
    let user = connection.user.clone().or_else(|| stored.user.clone());
    let user = user.ok_or_else(|| Failure::usage("who signs in? Give --user NAME"))?;
    let password = connection.password(&user)?;
    let server =
        connection.server(&stored, Some(Credentials::Password { user: user.clone(), password: password.clone() }))?;
    let api = Api::sign_in(server.called_by(None), &user, &password).await?;
    let kept = keep(&api, login, &stored, &user).await;
    api.close().await;
    kept
}

async fn keep(api: &Api, login: &Login, stored: &Profile, user: &str) -> Done {
    let me = api.get("me").await?;
    let id = property(&me, "userId");
    // A scope opens a door; what is allowed behind it stays the user's own rights.
    let order = json!({"label": login.label, "scopes": ["Pam.Use", "Graph.Use", "Arm.Use", "Ephor.Admin"], "lifetime": login.lifetime.0});
    let made = api.post(&format!("users/{id}/tokens"), &order).await?;
    let path = login.connection.profile_path()?;
    let profile = Profile {
        server: Some(api.url().to_owned()),
        ca: login.connection.ca.clone().or_else(|| stored.ca.clone()),
        user: Some(user.to_owned()),
        token: Some(property(&made, "token").into()),
        token_id: Some(property(&made, "tokenId")),
    };
    profile.store(&path)?;
    if login.form.json {
        return Ok(output::json(&json!({"server": api.url(), "account": me, "expires": made.get("expires")}))?);
    }
    let (name, expires) = (printable(&property(&me, "username")), property(&made, "expires"));
    Ok(output::line(&format!("signed in at {} as {name} until {expires}", api.url()))?)
}

/// Takes the kept token back and forgets it.
pub(crate) async fn logout(logout: &Logout) -> Done {
    let connection = &logout.connection;
    let stored = connection.stored()?;
    let (Some(token), Some(id)) = (stored.token.clone(), stored.token_id.clone()) else {
        output::note("Nobody is signed in.");
        return Ok(());
    };
    let server: Server = connection.server(&stored, Some(Credentials::Token(token)))?;
    let taken_back = Api::of(server).take_back(&id).await;
    let kept = Profile { server: stored.server, ca: stored.ca, user: stored.user, token: None, token_id: None };
    kept.store(&connection.profile_path()?)?;
    match taken_back {
        Ok(()) => Ok(output::line("signed out")?),
        // It is over already, which is what was asked for.
        Err(Failure::Refused { .. }) => Ok(output::line("signed out; the token was over already")?),
        Err(failure) => {
            output::note("the token is forgotten here, but the server could not take it back; it ends at its time");
            Err(failure)
        }
    }
}

impl Api {
    async fn take_back(&self, token: &str) -> Done {
        let me = property(&self.get("me").await?, "userId");
        self.delete(&format!("users/{me}/tokens/{token}")).await.map(drop)
    }
}
