//! `ephor admin init`: the first administrator, made on the host by whoever can open the store (seams §14). There is no
//! default password, and the first visitor wins nothing.

use ephor_cli::config::Config;
use ephor_domain::{
    authentication::Methods,
    principal::{Actor, Delegation, Proof},
};
use ephor_engine::{
    Denied, Engine, Parts,
    admin::{bootstrap::FirstAdministrator, credential::SetPassword},
};
use ephor_identity::password::{Cost, check_new, hash_password};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::{
    client::connection::first_line,
    exit::{Done, Failure},
    output::{self, Form},
    process::open::{self, Configured, Opened},
};

/// Whom to make an administrator.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Account name; it is made if it is not there
    #[arg(long, value_name = "NAME")]
    user: String,
    /// Make one although there is an administrator: recorded as an emergency, and everybody is told
    #[arg(long)]
    emergency: bool,
    /// Set the password from the first line of standard input, instead of printing a link that lets its bearer set it
    #[arg(long)]
    password_stdin: bool,
    #[command(flatten)]
    configured: Configured,
}

/// Makes the administrator.
pub(crate) async fn run(arguments: &Arguments, form: Form) -> Done {
    let (config, resolved) = arguments.configured.read()?;
    let password = arguments.password_stdin.then(first_line).transpose()?;
    if let Some(password) = &password {
        let least = config.sign_in.settings().password_length;
        let account = arguments.user.rsplit(['\\']).next().unwrap_or(&arguments.user);
        check_new(password, account, least).map_err(|error| Failure::usage(error.to_string()))?;
    }
    let opened = open::open(&config, &resolved).await?;
    // Made here, at the latest, so that the file stands beside the others before anybody serves.
    open::keys(&config, &opened).await?;
    let store = opened.store.clone();
    let made = make(arguments, &config, opened, password, form).await;
    store.close().await;
    made
}

async fn make(
    arguments: &Arguments,
    config: &Config,
    opened: Opened,
    password: Option<SecretString>,
    form: Form,
) -> Done {
    let engine = engine(opened);
    let first = engine.init_administrator(&arguments.user, arguments.emergency).await.map_err(denied)?;
    if let Some(password) = password {
        set_password(&engine, &first, &password).await?;
        return told(form, &first, None);
    }
    let link = format!("{}/portal/enrol?token={}", open::public_url(config), first.secret.expose_secret());
    told(form, &first, Some(&link))
}

/// An engine for one order on the host. It has no targets: nothing that follows from the order goes outside.
pub(crate) fn engine(opened: Opened) -> Engine {
    let Opened { store, clock, entropy, signer, .. } = opened;
    let node = entropy.guid();
    Engine::new(Parts {
        store,
        clock,
        entropy,
        targets: Vec::new(),
        mfa: None,
        notifier: None,
        signer: Some(signer),
        node,
    })
}

async fn set_password(engine: &Engine, first: &FirstAdministrator, password: &SecretString) -> Done {
    let hash = hash_password(password, Cost::default(), engine.entropy().as_ref()).map_err(anyhow::Error::from)?;
    let actor = Actor {
        principal: first.principal.id,
        person: first.principal.person,
        address: None,
        proof: Proof::Host,
        methods: Methods::default(),
        delegation: Delegation::Whole,
    };
    engine.administer(&actor, SetPassword { principal: first.principal.id, hash }).await.map_err(denied)?;
    Ok(())
}

fn told(form: Form, first: &FirstAdministrator, link: Option<&str>) -> Done {
    let username = first.principal.username();
    if form.json {
        let expires = link.map(|_| first.expires);
        let facts = json!({"userId": first.principal.id, "username": username, "link": link, "expires": expires});
        return Ok(output::json(&facts)?);
    }
    output::line(&format!("{} is a Global Administrator now.", output::printable(&username)))?;
    if let Some(link) = link {
        output::line(&format!(
            "Once, and until {}, this link lets its bearer set the password, with `ephor enrol LINK`:",
            first.expires
        ))?;
        output::line(link)?;
    }
    Ok(())
}

fn denied(denied: Denied) -> Failure {
    match denied {
        Denied::Refused(refusal @ ephor_domain::Refusal::Conflict { .. }) => Failure::Refused {
            code: refusal.code().to_owned(),
            text: "there is an active administrator already; --emergency makes another one and tells everybody"
                .to_owned(),
        },
        Denied::Refused(refusal) => Failure::Refused { code: refusal.code().to_owned(), text: refusal.to_string() },
        Denied::Failed(fault) => Failure::Failed(anyhow::anyhow!(fault.cause())),
    }
}
