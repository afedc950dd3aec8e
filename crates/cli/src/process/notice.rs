//! Notifications where nobody is configured to take them: a line in the log.

use ephor_engine::port::notify::{Notification, Notifier};
use futures_util::future::BoxFuture;

/// Writes notifications to the log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogNotifier;

impl Notifier for LogNotifier {
    fn deliver<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, Result<(), String>> {
        let Notification { event, recipient, request, facts, .. } = notification;
        let facts: Vec<String> = facts.iter().map(|(name, fact)| format!("{name}={fact}")).collect();
        let facts = facts.join(" ");
        let request = request.as_ref().map(tracing::field::display);
        match recipient {
            Some(recipient) => tracing::info!(event, %recipient, request, facts, "notification"),
            // To the operator: nothing is said to him that he need not know.
            None => tracing::warn!(event, request, facts, "notification"),
        }
        Box::pin(async { Ok(()) })
    }
}
