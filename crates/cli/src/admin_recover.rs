//! `ephor admin recover`: lets an administrator in who lost every second factor, on the host, by whoever can open the store.

use ephor_domain::Refusal;
use ephor_engine::{Denied, admin::bootstrap::FirstAdministrator};
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::{
    admin_init,
    exit::{Done, Failure},
    output::{self, Form},
    process::open::{self, Configured},
};

/// Whom to let in.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Account of the Global Administrator
    #[arg(long, value_name = "NAME")]
    user: String,
    /// Do it although another administrator could reset the factors
    #[arg(long)]
    emergency: bool,
    #[command(flatten)]
    configured: Configured,
}

/// Lets him in.
pub(crate) async fn run(arguments: &Arguments, form: Form) -> Done {
    let (config, resolved) = arguments.configured.read()?;
    let opened = open::open(&config, &resolved).await?;
    let store = opened.store.clone();
    let engine = admin_init::engine(opened);
    let let_in = engine.recover_administrator(&arguments.user, arguments.emergency).await;
    store.close().await;
    told(form, &let_in.map_err(denied)?, &open::public_url(&config))
}

fn told(form: Form, let_in: &FirstAdministrator, public_url: &str) -> Done {
    let username = let_in.principal.username();
    let link = format!("{public_url}/portal/enrol?token={}", let_in.secret.expose_secret());
    if form.json {
        let id = let_in.principal.id;
        let facts = json!({"userId": id, "username": username, "link": link, "expires": let_in.expires});
        return Ok(output::json(&facts)?);
    }
    output::line(&format!(
        "The second factors of {} are gone, and everything that was signed in.",
        output::printable(&username)
    ))?;
    output::line(&format!(
        "Once, and until {}, this link lets its bearer set the password and enrol a factor, in a browser:",
        let_in.expires
    ))?;
    Ok(output::line(&link)?)
}

fn denied(denied: Denied) -> Failure {
    match denied {
        Denied::Refused(refusal) => {
            let text = if matches!(refusal, Refusal::Conflict { .. }) {
                "another administrator can do it with `ephor admin account reset-factors`; --emergency does it here"
                    .to_owned()
            } else if matches!(refusal, Refusal::Invalid { .. }) {
                "the account has no second factor that could be lost; a forgotten password takes `ephor admin init \
                 --emergency`"
                    .to_owned()
            } else {
                refusal.to_string()
            };
            Failure::Refused { code: refusal.code().to_owned(), text }
        }
        Denied::Failed(fault) => Failure::Failed(anyhow::anyhow!(fault.cause())),
    }
}
