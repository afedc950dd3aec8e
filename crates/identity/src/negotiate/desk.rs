//! Where tickets are judged: off the threads that serve, a few at a time, and not for ever.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::sync::Semaphore;

use super::{ClientName, LONGEST, NegotiationFault, Negotiator, Realms, token};

/// Tickets judged at once; each takes a millisecond of work and a look at two files.
const WORKERS: usize = 4;
/// Tickets that may wait besides.
const QUEUE: usize = 64;
/// The longest a caller waits. A worker whose files do not answer stays taken until they do.
const PATIENCE: Duration = Duration::from_secs(5);

/// What came of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A good ticket of a realm that counts.
    Known {
        /// `DOMAIN\account`.
        username: String,
        /// Our own proof, for the client.
        answer: Option<Vec<u8>>,
    },
    /// No token that could be a ticket.
    Unreadable,
    /// NTLM.
    Ntlm,
    /// A ticket that is not good, or an exchange of several messages.
    Bad,
    /// A good ticket of somebody who is no person of a realm that counts.
    Foreign,
    /// Too many wait.
    Busy,
    /// Nothing can be judged.
    Unavailable,
}

pub(crate) struct Desk {
    negotiator: Arc<dyn Negotiator>,
    realms: Realms,
    workers: Arc<Semaphore>,
    present: Arc<AtomicUsize>,
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("realms", &self.realms).finish_non_exhaustive()
    }
}

impl Desk {
    pub(crate) fn new(negotiator: Arc<dyn Negotiator>, realms: Realms) -> Self {
        Self { negotiator, realms, workers: Arc::new(Semaphore::new(WORKERS)), present: Arc::default() }
    }

    /// What these bytes are worth. Whatever cannot be a ticket is answered without the library.
    pub(crate) async fn judge(&self, token: Vec<u8>) -> Verdict {
        if token.len() > LONGEST {
            return Verdict::Unreadable;
        }
        match token::kind(&token) {
            token::Kind::Ticket => {}
            token::Kind::Ntlm => return Verdict::Ntlm,
            token::Kind::Elsewhere => return Verdict::Bad,
            token::Kind::Malformed => return Verdict::Unreadable,
        }
        let Some(place) = Place::take(&self.present) else { return Verdict::Busy };
        let judged = tokio::time::timeout(PATIENCE, self.accept(token, place)).await;
        let negotiated = match judged {
            Ok(Some(Ok(negotiated))) => negotiated,
            Ok(Some(Err(fault))) => return told(&fault),
            Ok(None) | Err(_) => {
                tracing::error!("no ticket was judged in time");
                return Verdict::Unavailable;
            }
        };
        let client = match ClientName::parse(&negotiated.client) {
            Ok(client) => client,
            Err(fault) => {
                tracing::info!(client = negotiated.client, %fault, "a ticket is no person's");
                return Verdict::Foreign;
            }
        };
        match self.realms.username(&client) {
            Some(username) => Verdict::Known { username, answer: negotiated.answer },
            None => {
                tracing::info!(realm = client.realm, "a ticket is of a realm that is not configured");
                Verdict::Foreign
            }
        }
    }

    /// `None` when the worker ended without an answer.
    async fn accept(&self, token: Vec<u8>, place: Place) -> Option<Result<super::Negotiated, NegotiationFault>> {
        let permit = Arc::clone(&self.workers).acquire_owned().await.ok()?;
        let negotiator = Arc::clone(&self.negotiator);
        // Permit and place go with the job: a caller who hangs up frees no worker that is still at it.
        let done = tokio::task::spawn_blocking(move || {
            let _held = (permit, place);
            negotiator.accept(&token)
        });
        done.await.ok()
    }
}

fn told(fault: &NegotiationFault) -> Verdict {
    match fault {
        NegotiationFault::Refused { cause } => {
            tracing::info!(cause, "a ticket was refused");
            Verdict::Bad
        }
        NegotiationFault::Incomplete => {
            tracing::info!("a client wanted to negotiate in several steps, which is not done here");
            Verdict::Bad
        }
        NegotiationFault::Unavailable { cause } => {
            tracing::error!(cause, "tickets cannot be judged: look at `kerberos.keytab_file`, and run `ephor doctor`");
            Verdict::Unavailable
        }
    }
}

/// A place among those who wait or are looked at, given back on drop.
#[derive(Debug)]
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(present: &Arc<AtomicUsize>) -> Option<Self> {
        let place = Self(Arc::clone(present));
        (present.fetch_add(1, Ordering::Relaxed) < WORKERS + QUEUE).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
