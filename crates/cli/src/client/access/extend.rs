//! `ephor extend`: asks for more time of an eligibility, or for one that ended.

use clap::Args;

use super::{
    Provider, Providers, activate::names, arm, desk::Desk, each, entitlement::Entitlement, find, graph, held,
    order::Terms, refusal::explained,
};
use crate::{
    client::connection::Connection,
    exit::{Done, Failure, Several},
    output::{self, Form, printable},
};

/// What to extend.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ephor extend \"User Administrator\" --for 30d --reason \"still on call\"

Eligibilities that end soon can be extended; an administrator decides. What was activated cannot: activate it again when it
is over.")]
pub(crate) struct Extend {
    #[command(flatten)]
    providers: Providers,
    /// Name or id of a role or group
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    terms: Terms,
    /// Where: a scope, or the name of one
    #[arg(long, value_name = "SCOPE")]
    scope: Option<String>,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    form: Form,
}

/// Runs the command.
pub(crate) async fn run(extend: &Extend) -> Done {
    let desk = Desk::open(&extend.connection).await?;
    let mut several = Several::default();
    let outcome = carry_out(&desk, extend, &mut several).await;
    desk.close().await;
    outcome.and_then(|()| several.finish())
}

async fn carry_out(desk: &Desk, extend: &Extend, several: &mut Several) -> Done {
    let mut all = each(&extend.providers, several, |provider| held(desk, provider)).await?;
    all.retain(|what| what.eligible.is_some());
    if let Some(scope) = &extend.scope {
        all.retain(|what| super::activate::is_at(what, scope, false));
    }
    let nothing = |name: &str| Failure::Refused {
        code: "not_eligible".to_owned(),
        text: format!("you are eligible for nothing called \"{name}\"; `ephor list --eligible` shows what you are"),
    };
    let what = find::one(&all, &extend.name, names, Entitlement::candidate, nothing)?;
    if extend.terms.lasting.is_none() {
        return Err(Failure::usage("for how long? Give --for 30d"));
    }
    let asked = match what.provider {
        Provider::Pam => {
            let text = "PAM roles have no end that could be extended: `ephor activate` asks for one again".to_owned();
            Err(Failure::Refused { code: "not_supported".to_owned(), text })
        }
        Provider::Role => graph::order(desk, graph::ROLES, what, "selfExtend", &extend.terms).await,
        Provider::Group => graph::order(desk, graph::GROUPS, what, "selfExtend", &extend.terms).await,
        Provider::Resource => arm::order(desk, what, "SelfExtend", &extend.terms).await,
    };
    let asked = asked.map_err(explained)?;
    if extend.form.json {
        return Ok(output::json(&asked.json())?);
    }
    let would = if asked.dry_run { "would be asked for: " } else { "" };
    Ok(output::line(&printable(&format!("{}: {would}{} (request {})", what.label(), asked.standing(), asked.id)))?)
}
