//! `ephor activate`: asks for what one is eligible for, whichever provider it is of.

use std::{
    io::{IsTerminal as _, stdin},
    time::Duration,
};

use clap::Args;
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::{
    Provider, Providers,
    desk::Desk,
    each,
    entitlement::{Entitlement, sort},
    find::{self, Names},
    held,
    order::Terms,
    picker,
    refusal::{asks_for_proof, explained, is_too_long},
    request::{Request, Stage, is_scheduled},
};
use crate::{
    client::{connection::Connection, mfa, pipeline, server::guid, ttl::Ttl},
    exit::{Done, Failure, Several},
    output::{self, Form, instant_text, printable},
};

/// What to ask for.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  ephor activate \"User Administrator\" --for 2h --reason \"reset passwords\"
  ephor activate falcon payroll -r \"incident 4711\" --ticket 4711 --wait
  ephor activate Owner --scope /subscriptions/7b1f…/resourceGroups/payroll
  ephor activate                     choose from a list

A name may be shortened as long as it means one thing. What asks for a second factor asks for it here.")]
pub(crate) struct Activate {
    #[command(flatten)]
    providers: Providers,
    /// Names or ids of roles and groups, as `ephor list` shows them; `-` reads them from standard input [default: choose]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    terms: Terms,
    /// Where: a scope, or the name of one. A resource role may be activated below the scope of its eligibility
    #[arg(long, value_name = "SCOPE")]
    scope: Option<String>,
    /// Wait until it is in force, or decided against
    #[arg(long, conflicts_with = "dry_run")]
    wait: bool,
    /// Print ids of the requests only, one a line
    #[arg(long, short = 'q', conflicts_with = "json")]
    ids: bool,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    form: Form,
}

/// How often a request that waits is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// What is asked for where nothing is said, longest first: the first is the longest that any rules allow by default.
const LENGTHS: [Ttl; 5] = [Ttl(8 * 3600), Ttl(4 * 3600), Ttl(3600), Ttl(1800), Ttl(300)];

/// What a thing may be called.
pub(super) fn names(what: &Entitlement) -> Names<'_> {
    let schedule = what.eligible.as_ref().and_then(|it| it.schedule.as_deref());
    let waiting = what.waiting.as_ref().map(|it| it.request.as_str());
    let ids = [Some(what.definition.as_str()), schedule, waiting].into_iter().flatten().collect();
    Names { ids, names: vec![what.name.clone(), what.label()] }
}

/// What lies at the scope that was named, by path, by name, or above it.
pub(super) fn is_at(what: &Entitlement, scope: &str, below: bool) -> bool {
    let path = |text: &str| text.trim_end_matches('/').to_lowercase();
    let (asked, has) = (path(scope), path(what.scope.as_deref().unwrap_or_default()));
    let named = what.place.as_deref().is_some_and(|place| place.to_lowercase() == asked);
    let is_below = below && what.provider == Provider::Resource && asked.starts_with(&format!("{has}/"));
    what.scope.is_some() && (asked == has || named || is_below)
}

/// Runs the command.
pub(crate) async fn run(activate: &Activate) -> Done {
    let desk = Desk::open(&activate.connection).await?;
    let mut several = Several::default();
    let mut proved = None;
    let outcome = carry_out(&desk, activate, &mut several, &mut proved).await;
    if let Some(proved) = proved {
        proved.close().await;
    }
    desk.close().await;
    outcome.and_then(|()| several.finish())
}

async fn carry_out(desk: &Desk, activate: &Activate, several: &mut Several, proved: &mut Option<Desk>) -> Done {
    let mut all = each(&activate.providers, several, |provider| held(desk, provider)).await?;
    all.retain(|what| what.eligible.is_some());
    if let Some(scope) = &activate.scope {
        all.retain(|what| is_at(what, scope, true));
    }
    sort(&mut all);
    let mut asked = Vec::new();
    for what in chosen(&all, activate, several)? {
        let what = below(what, activate.scope.as_deref());
        let placed = match ordered(desk, proved, &what, activate).await {
            Ok(request) if request.status == "PendingMFA" => confirmed(desk, &what, request).await,
            placed => placed,
        };
        match placed {
            Ok(request) => {
                tell(&request, &what, activate)?;
                asked.push((what, request));
            }
            Err(failure) => several.take(&printable(&what.label()), Err(explained(failure)))?,
        }
    }
    if activate.wait {
        for (what, request) in asked.iter().filter(|(_, request)| !is_over(request)) {
            let waited = wait(desk, what, request, activate).await;
            several.take(&printable(&what.label()), waited)?;
        }
    }
    Ok(())
}

fn chosen<'a>(all: &'a [Entitlement], activate: &Activate, several: &mut Several) -> Done<Vec<&'a Entitlement>> {
    if activate.names.is_empty() {
        if all.is_empty() {
            return Err(nothing_like(None));
        }
        let lines = picker::lines(all.iter().map(|what| [what.label(), what.kind().to_owned(), what.standing()]));
        let how = "Give names, as `ephor list --eligible` shows them";
        let places = picker::chosen(&lines, "Activate which", how)?;
        return Ok(places.into_iter().filter_map(|place| all.get(place)).collect());
    }
    let mut found: Vec<&Entitlement> = Vec::new();
    for name in pipeline::ids(&activate.names, "/definitionId", stdin())? {
        match find::one(all, &name, names, Entitlement::candidate, |name| nothing_like(Some(name))) {
            Ok(what) if found.contains(&what) => {}
            Ok(what) => found.push(what),
            Err(failure) => several.tell_plain(&failure),
        }
    }
    Ok(found)
}

fn nothing_like(name: Option<&str>) -> Failure {
    let text = name.map_or_else(
        || "you are eligible for nothing".to_owned(),
        |name| format!("you are eligible for nothing called \"{name}\"; `ephor list --eligible` shows what you are"),
    );
    Failure::Refused { code: "not_eligible".to_owned(), text }
}

/// A resource role, further down than it was given.
fn below(what: &Entitlement, scope: Option<&str>) -> Entitlement {
    let mut what = what.clone();
    let Some(scope) = scope.filter(|scope| what.provider == Provider::Resource && scope.starts_with('/')) else {
        return what;
    };
    let scope = scope.trim_end_matches('/');
    if !what.scope.as_deref().is_some_and(|at| at.eq_ignore_ascii_case(scope)) {
        what.place = scope.rsplit('/').next().map(str::to_owned);
        what.scope = Some(scope.to_owned());
    }
    what
}

/// Places the order: for as long as the rules allow where nothing was said, with a second factor where one is asked for.
async fn ordered(desk: &Desk, proved: &mut Option<Desk>, what: &Entitlement, activate: &Activate) -> Done<Request> {
    let lengths: Vec<Option<Ttl>> = match (activate.terms.lasting, what.provider) {
        (Some(lasting), _) => vec![Some(lasting)],
        // The role says how long.
        (None, Provider::Pam) => vec![None],
        (None, _) => LENGTHS.into_iter().map(Some).collect(),
    };
    let mut refused = None;
    for lasting in lengths {
        let terms = Terms { lasting, ..activate.terms.clone() };
        let by = proved.as_ref().unwrap_or(desk);
        let mut placed = super::activate(by, what, &terms).await;
        if let Err(failure) = &placed
            && asks_for_proof(failure)
        {
            if by.is_proved {
                return Err(no_factor(by));
            }
            let fresh = desk.prove(&activate.connection).await.map_err(unprovable)?;
            let fresh = proved.insert(fresh);
            placed = super::activate(fresh, what, &terms).await;
            if placed.as_ref().is_err_and(asks_for_proof) {
                return Err(no_factor(fresh));
            }
        }
        match placed {
            Err(failure) if is_too_long(&failure) && activate.terms.lasting.is_none() => refused = Some(failure),
            placed => return placed,
        }
    }
    Err(refused.unwrap_or_else(|| Failure::usage("nothing was asked for")))
}

/// Confirms a request that waits for its requester's second factor, where there is somebody to ask for a code.
async fn confirmed(desk: &Desk, what: &Entitlement, request: Request) -> Done<Request> {
    if !stdin().is_terminal() && std::env::var_os(mfa::CODE).is_none() {
        return Ok(request);
    }
    let code = mfa::code(&format!("Code for {}: ", printable(&what.label())))?;
    let id = guid(&request.id, "a request")?;
    let body = json!({"code": code.expose_secret()});
    desk.order(Method::POST, &format!("{}/{id}", mfa::BASE), Some(&body)).await?;
    Ok(super::request(desk, request.provider, id).await?.unwrap_or(request))
}

fn no_factor(desk: &Desk) -> Failure {
    let text = format!(
        "it asks for a second factor, and your sign-in shows none that counts: set one up at {}/portal under Second factors, \
         and try again",
        desk.server().url()
    );
    Failure::Refused { code: "mfa_required".to_owned(), text }
}

/// Whoever cannot be asked cannot prove anything; what a server says of a wrong answer is said as it is.
fn unprovable(why: Failure) -> Failure {
    let Failure::Usage(_) = why else { return why };
    let text =
        "it asks for a second factor that was shown lately, and a kept sign-in shows none: run this at a terminal, or \
                set EPHOR_PASSWORD and EPHOR_CODE"
            .to_owned();
    Failure::Refused { code: "mfa_required".to_owned(), text }
}

fn is_over(request: &Request) -> bool {
    match request.stage() {
        Stage::Settled => !is_scheduled(&request.status),
        Stage::Refused => true,
        Stage::Waiting | Stage::Settling => false,
    }
}

/// Says what became of an order.
fn tell(request: &Request, what: &Entitlement, activate: &Activate) -> Done {
    let cap = what.eligible.as_ref().and_then(|it| it.until.as_deref());
    if activate.form.json {
        return Ok(output::json(&request.json())?);
    }
    if activate.ids {
        return Ok(output::line(&request.id)?);
    }
    let label = printable(&what.label());
    if request.dry_run {
        let would = match (request.provider, request.status.as_str()) {
            (Provider::Pam, _) => "can be asked for; its rules are looked at when it is",
            (_, "PendingApproval") => "would wait for approval",
            _ => "would be given",
        };
        return Ok(output::line(&format!("{label}: {would}"))?);
    }
    let id = &request.id;
    let now = match (request.stage(), request.status.as_str()) {
        (Stage::Settled, "Granted" | "Scheduled") => match &request.from {
            Some(from) => format!("begins {}", instant_text(from)),
            None => "begins later".to_owned(),
        },
        (Stage::Settled, _) => match request.ends(cap) {
            Some(end) => format!("active until {}", instant_text(&end)),
            None => "active".to_owned(),
        },
        (_, "PendingMFA") => "waits for your second factor: `ephor mfa answer`".to_owned(),
        _ => request.standing(),
    };
    Ok(output::line(&format!("{label}: {now} (request {id})"))?)
}

/// Looks at a request until it is settled.
async fn wait(desk: &Desk, what: &Entitlement, request: &Request, activate: &Activate) -> Done {
    let id = guid(&request.id, "a request")?;
    loop {
        let found = super::request(desk, request.provider, id).await?;
        let Some(found) = found else {
            let text = "the request is gone".to_owned();
            return Err(Failure::Refused { code: "not_found".to_owned(), text });
        };
        if found.stage() == Stage::Refused {
            let text = format!("the request is {}", found.standing());
            return Err(Failure::Refused { code: found.status, text });
        }
        if is_over(&found) {
            return tell(&found, what, activate);
        }
        tokio::time::sleep(LOOK).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::access::entitlement::Eligible;

    fn owner() -> Entitlement {
        Entitlement {
            scope: Some("/subscriptions/S".to_owned()),
            place: Some("Shop".to_owned()),
            eligible: Some(Eligible::default()),
            ..Entitlement::of(Provider::Resource, "Owner".to_owned(), "8e3a".to_owned())
        }
    }

    #[test]
    fn a_scope_is_a_path_a_name_or_something_below() {
        for at in ["/subscriptions/s", "/subscriptions/S/", "shop", "/subscriptions/S/resourceGroups/g"] {
            assert!(is_at(&owner(), at, true), "{at}");
        }
        for not in ["/subscriptions/S2", "/subscriptions", "Shops"] {
            assert!(!is_at(&owner(), not, true), "{not}");
        }
        assert!(!is_at(&owner(), "/subscriptions/S/resourceGroups/g", false));
        let down = below(&owner(), Some("/subscriptions/S/resourceGroups/g"));
        assert_eq!(
            (down.scope.as_deref(), down.place.as_deref()),
            (Some("/subscriptions/S/resourceGroups/g"), Some("g"))
        );
        assert_eq!(below(&owner(), Some("shop")), owner());
    }
}
