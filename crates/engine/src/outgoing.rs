//! What is told to people: outbox rows written with what they tell (seams §18), and the worker that delivers them.

use std::{collections::BTreeMap, time::Duration};

use ephor_domain::request::Request;
use ephor_store::{Fault, tx::outbox::Outgoing};
use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::{call::Call, engine::Engine, port::notify::Notification, reconcile::pause};

/// The deliverer of notifications among the kinds of outbox rows.
const NOTIFICATION: &str = "notification";
/// Rows claimed and delivered at once.
const ROUND: u32 = 32;
/// The longest a delivery may take: well below [`CLAIM`], so that nothing is delivered twice because it is slow.
const DELIVERY: Duration = Duration::from_secs(10);
/// Longest nap: what another node left behind waits no longer.
const NAP: Duration = Duration::from_secs(5);
/// A delivery that was claimed and not answered for is tried again after this.
const CLAIM: SignedDuration = SignedDuration::from_secs(30);
/// Tries before a notification is given up: about three days with the capped pause.
const TRIES: u32 = 4320;

/// The one notification of `event` about `request`.
pub(crate) fn about_request(call: &Call, event: &'static str, request: &Request, now: Timestamp) -> Outgoing {
    let notification = Notification {
        event: event.to_owned(),
        at: now,
        recipient: Some(request.principal),
        request: Some(request.id),
        facts: BTreeMap::from([
            ("provider".to_owned(), request.provider.word().to_owned()),
            ("entitlement".to_owned(), request.entitlement.to_string()),
        ]),
    };
    row(call.outbox_id(event, request.id.uuid()), &notification, now)
}

/// An alarm to the operator.
pub(crate) fn alarm(
    call: &Call,
    event: &'static str,
    subject: Uuid,
    facts: BTreeMap<String, String>,
    now: Timestamp,
) -> Outgoing {
    let notification = Notification { event: event.to_owned(), at: now, recipient: None, request: None, facts };
    row(call.outbox_id(event, subject), &notification, now)
}

fn row(id: Uuid, notification: &Notification, now: Timestamp) -> Outgoing {
    let payload = serde_json::to_string(notification).expect("a notification of texts and ids is JSON");
    Outgoing { id, kind: NOTIFICATION.to_owned(), payload, due: now, attempts: 0 }
}

impl Engine {
    /// Delivers what is due in the outbox. Answers when to come back.
    ///
    /// # Errors
    /// Faults of the store. A delivery that fails is no error: it is tried again, and blocks nothing else.
    pub async fn deliver_outbox(&self) -> Result<Option<Timestamp>, Fault> {
        loop {
            let now = self.now();
            let again = now.saturating_add(CLAIM).unwrap_or(Timestamp::MAX);
            let claimed = self
                .store
                .transact(move |tx| Box::pin(async move { tx.claim_outbox(now, again, ROUND).await }))
                .await?;
            if claimed.is_empty() {
                return self.store.read(|tx| Box::pin(async move { tx.next_due_outbox().await })).await;
            }
            try_join_all(claimed.into_iter().map(|row| self.deliver(row))).await?;
        }
    }

    async fn deliver(&self, row: Outgoing) -> Result<(), Fault> {
        let (id, attempts) = (row.id, row.attempts);
        let outcome = match (&self.inner.notifier, serde_json::from_str::<Notification>(&row.payload)) {
            (Some(notifier), Ok(notification)) => tokio::time::timeout(DELIVERY, notifier.deliver(&notification))
                .await
                .unwrap_or_else(|_| Err("no answer in time".to_owned())),
            // Nobody to tell, or nothing that can be told.
            (None, _) | (_, Err(_)) => Ok(()),
        };
        let retry = match outcome {
            Ok(()) => None,
            Err(cause) if attempts >= TRIES => {
                tracing::error!(%id, %cause, "a notification was given up");
                None
            }
            Err(cause) => {
                tracing::warn!(%id, %cause, attempts, "a notification could not be delivered");
                self.now().saturating_add(pause(attempts)).ok()
            }
        };
        self.store
            .transact(move |tx| {
                Box::pin(async move {
                    match retry {
                        Some(at) => tx.outbox_retry(id, at).await,
                        None => tx.outbox_done(id).await,
                    }
                })
            })
            .await
    }

    /// Delivers for ever; ends when the task is dropped.
    pub(crate) async fn run_outbox(&self) {
        loop {
            let woken = self.inner.outbox.notified();
            match self.deliver_outbox().await {
                Ok(next) => {
                    let next = next.unwrap_or(Timestamp::MAX);
                    tokio::select! {
                        () = woken => (),
                        () = self.inner.clock.wait_until(next) => (),
                        () = tokio::time::sleep(NAP) => (),
                    }
                }
                Err(fault) => {
                    tracing::error!(%fault, "the outbox waits for the store");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }
}
