//! Who is told what: mail, webhooks and logs behind one trait.

use std::collections::BTreeMap;

use ephor_domain::id::{PrincipalId, RequestId};
use futures_util::future::BoxFuture;
use jiff::Timestamp;

/// One notification: one outbox row (seams §18).
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// What happened, e.g. `request.pending-approval`.
    pub event: String,
    /// When.
    pub at: Timestamp,
    /// Whom to tell; `None` tells the operator.
    pub recipient: Option<PrincipalId>,
    /// The request it is about.
    pub request: Option<RequestId>,
    /// Facts for the text. Never a secret.
    pub facts: BTreeMap<String, String>,
}

/// Delivers notifications. A failure is retried by the engine and never blocks anything else.
pub trait Notifier: Send + Sync + 'static {
    /// Delivers one notification.
    ///
    /// # Errors
    /// Why it could not be delivered now.
    fn deliver<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, Result<(), String>>;
}
