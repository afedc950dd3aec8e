//! `ephor enrol`: whoever has an enrolment link sets the password of its account.

use clap::Args;
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::json;
use url::Url;

use super::{
    connection::{Connection, first_line},
    prompt,
    server::Credentials,
};
use crate::{
    exit::{Done, Failure},
    output::{self, Form, printable, property},
};

/// The link, and where it is used.
#[derive(Debug, Args)]
pub(crate) struct Enrol {
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    form: Form,
    /// The link as it was given, or the secret in it alone
    link: String,
}

/// Sets the password.
pub(crate) async fn run(enrol: &Enrol) -> Done {
    let (server, secret) = parts(&enrol.link)?;
    let stored = enrol.connection.stored()?;
    let mut connection = enrol.connection.clone();
    connection.server = connection.server.or(server);
    // Held to the rule for credentials: a password never crosses the network in clear.
    let server = connection.server(&stored, Some(Credentials::Token(secret.clone().into())))?.called_by(None);
    let password = match connection.password_stdin {
        true => first_line()?,
        false => prompt::new_secret("New password: ")?,
    };
    let order = json!({"secret": secret, "password": password.expose_secret()});
    let account = server.order(Method::POST, "api/admin/v1/enrolment", Some(&order)).await?;
    if enrol.form.json {
        return Ok(output::json(&account)?);
    }
    Ok(output::line(&format!("{} has a password now.", printable(&property(&account, "username"))))?)
}

/// The server that a link names, and its secret.
fn parts(link: &str) -> Done<(Option<String>, String)> {
    let link = link.trim();
    let Some((_, secret)) = link.split_once("token=") else {
        return Ok((None, link.to_owned()));
    };
    let url =
        Url::parse(link).map_err(|_| Failure::usage("this is no link: give it whole, or the secret in it alone"))?;
    Ok((Some(url.origin().ascii_serialization()), secret.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_names_its_server_and_a_secret_does_not() {
        let link = parts("https://ephor.example:8443/portal/enrol?token=00ff").unwrap();
        assert_eq!(link, (Some("https://ephor.example:8443".to_owned()), "00ff".to_owned()));
        assert_eq!(parts(" 00ff\n").unwrap(), (None, "00ff".to_owned()));
        assert!(parts("nonsense token=00ff").is_err());
    }
}
