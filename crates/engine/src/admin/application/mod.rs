//! Applications and their service principals (seams §12): registered, given credentials and consented to by
//! administrators. A service principal administers; it never asks for access and never decides.

mod change;
mod consent;
mod credential;
mod list;
mod register;

use ephor_domain::{Refusal, id::PrincipalId, principal::Principal};
pub use ephor_store::tx::application::{ApplicationKey, ApplicationRow, ApplicationSecret, Consent};
use ephor_store::{Fault, Tx, tx::lock::Lock};

pub use change::{ChangeApplication, RemoveApplication};
pub use consent::{GrantConsent, WithdrawConsent};
pub use credential::{AddKey, NewKey, RemoveCredential, SECRET_PREFIX, secret_hash};
pub use list::{GetApplication, ListApplications};
pub use register::{NewApplication, RegisterApplication};

use super::desk::Desk;
use crate::answer::Answer;

/// The domain of service principals: no person's account is in it.
pub const DOMAIN: &str = "app";

const UNKNOWN: Refusal = Refusal::NotFound { what: "application" };

/// An application with all that belongs to it. Secrets are hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationDetail {
    /// The application.
    pub row: ApplicationRow,
    /// Its secrets, oldest first.
    pub secrets: Vec<ApplicationSecret>,
    /// Its keys, oldest first.
    pub keys: Vec<ApplicationKey>,
    /// What it was consented to.
    pub consents: Vec<Consent>,
}

impl ApplicationDetail {
    async fn load(tx: &mut Tx, row: ApplicationRow) -> Result<Self, Fault> {
        let principal = row.application.principal;
        Ok(Self {
            secrets: tx.application_secrets(principal).await?,
            keys: tx.application_keys(principal).await?,
            consents: tx.consents(principal).await?,
            row,
        })
    }
}

fn locks(application: PrincipalId) -> Vec<Lock> {
    vec![Lock::Exclusive(application.uuid())]
}

async fn application(desk: &mut Desk<'_>, principal: PrincipalId) -> Answer<ApplicationRow> {
    Ok(desk.tx.application(principal).await?.ok_or(UNKNOWN)?)
}

/// Whoever holds an application's credentials speaks as it: such a change is never silent.
fn told(desk: &mut Desk<'_>, event: &'static str, application: &Principal) {
    desk.alarm(event, application.id.uuid(), [("application", application.display_name.clone())]);
}

fn name(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 120 || text.chars().any(char::is_control) {
        return Err(Refusal::Invalid { field: "displayName", rule: "must have 1 to 120 characters on one line" });
    }
    Ok(text.to_owned())
}

fn label(text: &str) -> Result<String, Refusal> {
    let text = text.trim();
    if text.chars().count() > 100 || text.chars().any(char::is_control) {
        return Err(Refusal::Invalid { field: "label", rule: "must have at most 100 characters on one line" });
    }
    Ok(text.to_owned())
}
