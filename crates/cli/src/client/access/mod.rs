//! What one may have, over all providers: PAM roles, directory roles, groups, resource roles. Each is asked over the protocol that
//! it speaks, all at once, by one sign-in; one that fails is told of, and the others are shown all the same.

pub(crate) mod activate;
pub(crate) mod approval;
pub(crate) mod arm;
pub(crate) mod cancel;
pub(crate) mod deactivate;
pub(crate) mod desk;
pub(crate) mod entitlement;
pub(crate) mod extend;
pub(crate) mod find;
pub(crate) mod graph;
pub(crate) mod list;
pub(crate) mod order;
mod pam;
mod picker;
pub(crate) mod refusal;
pub(crate) mod request;
pub(crate) mod requests;
pub(crate) mod status;

use std::collections::BTreeSet;

use clap::ValueEnum;
use futures_util::future::join_all;
use serde_json::Value;

use self::{approval::Waiting, desk::Desk, entitlement::Entitlement, order::Terms, request::Request};
use crate::exit::{Done, Failure, Outcome, Several};

/// Whose rules hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
pub(crate) enum Provider {
    /// Roles of the PAM API
    Pam,
    /// Roles of the directory
    Role,
    /// Membership and ownership of groups
    Group,
    /// Roles at resource scopes
    Resource,
}

impl Provider {
    /// All of them, or the ones that were named.
    fn wanted(named: &[Self]) -> Vec<Self> {
        if named.is_empty() { Self::value_variants().to_vec() } else { named.to_vec() }
    }

    /// The word in output for programs, and of `--provider`.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Pam => "pam",
            Self::Role => "role",
            Self::Group => "group",
            Self::Resource => "resource",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Pam => "PAM roles",
            Self::Role => "directory roles",
            Self::Group => "groups",
            Self::Resource => "resource roles",
        }
    }
}

/// Which providers are asked.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Providers {
    /// Only these providers; may be given several times [default: all]
    #[arg(long = "provider", value_enum, value_name = "PROVIDER")]
    named: Vec<Provider>,
}

/// What one provider is asked, with the answer of each that could be had. Failures are told at once and decide the exit code.
async fn each<T, F: Future<Output = Done<Vec<T>>>>(
    providers: &Providers,
    several: &mut Several,
    ask: impl Fn(Provider) -> F,
) -> Done<Vec<T>> {
    let wanted = Provider::wanted(&providers.named);
    let answers = join_all(wanted.iter().map(|provider| ask(*provider))).await;
    let (mut all, mut failures) = (Vec::new(), Vec::new());
    for (provider, answer) in wanted.iter().zip(answers) {
        match answer {
            Ok(rows) => all.extend(rows),
            Err(failure) => failures.push((*provider, refusal::explained(failure))),
        }
    }
    let nobody_answered = failures.len() == wanted.len();
    let sentences: BTreeSet<String> = failures.iter().map(|(_, failure)| failure.to_string()).collect();
    if nobody_answered && sentences.len() == 1 {
        // One reason is said once.
        return Err(failures.into_iter().next().map_or(Failure::Told(Outcome::Failed), |(_, failure)| failure));
    }
    for (provider, failure) in &failures {
        several.tell(provider.name(), failure);
    }
    match failures.iter().map(|(_, failure)| failure.outcome()).max() {
        Some(worst) if nobody_answered => Err(Failure::Told(worst)),
        _ => Ok(all),
    }
}

/// Everything that somebody holds, may have or waits for.
async fn held(desk: &Desk, provider: Provider) -> Done<Vec<Entitlement>> {
    let rows = match provider {
        Provider::Pam => pam::held(desk).await?,
        Provider::Role => graph::held(desk, graph::ROLES).await?,
        Provider::Group => graph::held(desk, graph::GROUPS).await?,
        Provider::Resource => arm::held(desk).await?,
    };
    Ok(entitlement::merged(rows))
}

/// Asks for what somebody is eligible for.
async fn activate(desk: &Desk, what: &Entitlement, terms: &Terms) -> Done<Request> {
    match what.provider {
        Provider::Pam => pam::activate(desk, what, terms).await,
        Provider::Role => graph::order(desk, graph::ROLES, what, "selfActivate", terms).await,
        Provider::Group => graph::order(desk, graph::GROUPS, what, "selfActivate", terms).await,
        Provider::Resource => arm::order(desk, what, "SelfActivate", terms).await,
    }
}

/// Gives up what somebody activated.
async fn deactivate(desk: &Desk, what: &Entitlement, terms: &Terms) -> Done<Vec<Request>> {
    match what.provider {
        Provider::Pam => pam::deactivate(desk, what).await,
        Provider::Role => Ok(vec![graph::order(desk, graph::ROLES, what, "selfDeactivate", terms).await?]),
        Provider::Group => Ok(vec![graph::order(desk, graph::GROUPS, what, "selfDeactivate", terms).await?]),
        Provider::Resource => Ok(vec![arm::order(desk, what, "SelfDeactivate", terms).await?]),
    }
}

/// Requests of a provider.
async fn requests(desk: &Desk, provider: Provider, whose: request::Whose) -> Done<Vec<Request>> {
    match provider {
        Provider::Pam => pam::requests(desk, whose).await,
        Provider::Role => graph::requests(desk, graph::ROLES, whose).await,
        Provider::Group => graph::requests(desk, graph::GROUPS, whose).await,
        Provider::Resource => arm::requests(desk, whose).await,
    }
}

/// One request by its id, if this provider has it and shows it to the caller.
async fn request(desk: &Desk, provider: Provider, id: uuid::Uuid) -> Done<Option<Request>> {
    let found = match provider {
        Provider::Pam => pam::request(desk, id).await,
        Provider::Role => graph::request(desk, graph::ROLES, id).await,
        Provider::Group => graph::request(desk, graph::GROUPS, id).await,
        Provider::Resource => arm::request(desk, id).await,
    };
    match found {
        // Not here, or not for these eyes: another provider may have it.
        Err(Failure::Refused { .. }) => Ok(None),
        found => found,
    }
}

/// What waits for the caller's decision.
async fn approvals(desk: &Desk, provider: Provider) -> Done<Vec<Waiting>> {
    match provider {
        Provider::Pam => pam::approvals(desk).await,
        Provider::Role => graph::approvals(desk, graph::ROLES).await,
        Provider::Group => graph::approvals(desk, graph::GROUPS).await,
        Provider::Resource => arm::approvals(desk).await,
    }
}

/// Decides.
async fn decide(desk: &Desk, waiting: &Waiting, approves: bool, reason: Option<&str>) -> Done {
    match waiting.request.provider {
        Provider::Pam => pam::decide(desk, waiting, approves).await,
        Provider::Role => graph::decide(desk, graph::ROLES, waiting, approves, reason).await,
        Provider::Group => graph::decide(desk, graph::GROUPS, waiting, approves, reason).await,
        Provider::Resource => arm::decide(desk, waiting, approves, reason).await,
    }
}

/// Withdraws a request.
async fn cancel(desk: &Desk, request: &Request) -> Done {
    match request.provider {
        Provider::Pam => pam::close(desk, &request.id).await,
        Provider::Role | Provider::Group => graph::cancel(desk, request).await,
        Provider::Resource => arm::cancel(desk, request).await,
    }
}

/// The text at a place of a document; nothing where there is none.
pub(crate) fn at(row: &Value, pointer: &str) -> Option<String> {
    match row.pointer(pointer) {
        Some(Value::String(text)) if !text.is_empty() => Some(text.clone()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    }
}
