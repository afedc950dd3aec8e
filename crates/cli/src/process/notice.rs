//! Notifications where nobody is configured to take them: a line in the log.

use ephor_engine::port::notify::{Notification, Notifier};
use futures_util::future::BoxFuture;

/// Writes notifications to the log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogNotifier;

impl Notifier for LogNotifier {
    fn deliver<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, Result<(), String>> {
        let Notification { event, recipient, request, .. } = notification;
        tracing::info!(
            event,
            recipient = recipient.as_ref().map(tracing::field::display),
            request = request.as_ref().map(tracing::field::display),
            "notification"
        );
        Box::pin(async { Ok(()) })
    }
}
