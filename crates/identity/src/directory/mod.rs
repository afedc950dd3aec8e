//! Passwords that are kept in directories: who is asked, how often, and how many at once.
//!
//! An account belongs to the directory that is configured for its domain, unless it has a password here: that one alone
//! counts then. So an administrator who must get in while the directory is down can, and whoever administers the directory
//! takes over no account that was given a password of its own.

mod failures;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use ephor_engine::port::password::{PasswordDirectory, PasswordVerdict};
use ephor_store::tx::fold;
use jiff::SignedDuration;
use secrecy::SecretString;
use tokio::sync::Semaphore;

pub(crate) use failures::Failures;

/// Questions to one directory at once.
const WORKERS: usize = 8;
/// Questions that may wait besides.
const QUEUE: usize = 64;
/// The longest anybody waits, whatever the connector's own limits are.
const PATIENCE: Duration = Duration::from_secs(15);

/// How many wrong passwords of one account reach a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailureLimit {
    /// So many, wherever they come from …
    pub most: u32,
    /// … in any stretch of this length.
    pub window: SignedDuration,
}

impl Default for FailureLimit {
    fn default() -> Self {
        Self { most: 4, window: SignedDuration::from_mins(30) }
    }
}

/// A directory and whose passwords it has.
#[derive(Clone)]
pub struct Site {
    /// Names it in the log.
    pub name: String,
    /// The domains of its accounts.
    pub domains: Vec<String>,
    /// How it is asked.
    pub directory: Arc<dyn PasswordDirectory>,
    /// How many wrong passwords of one account reach it.
    pub failures: FailureLimit,
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").field("name", &self.name).field("domains", &self.domains).finish_non_exhaustive()
    }
}

/// Why there is no verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoVerdict {
    /// Too many ask at once.
    Busy,
    /// The directory gives no answer.
    Unanswered,
}

/// A directory behind its bounds.
#[derive(Debug)]
pub(crate) struct Desk {
    site: Site,
    workers: Semaphore,
    present: AtomicUsize,
    pub(crate) failures: Failures,
}

impl Desk {
    fn new(site: Site) -> Self {
        let failures = Failures::new(site.failures);
        Self { site, workers: Semaphore::new(WORKERS), present: AtomicUsize::new(0), failures }
    }

    /// Asks the directory.
    pub(crate) async fn ask(&self, account: &str, password: &SecretString) -> Result<PasswordVerdict, NoVerdict> {
        let _place = Place::take(&self.present)?;
        let asking = async {
            let _worker = self.workers.acquire().await.map_err(|_| NoVerdict::Unanswered)?;
            self.site.directory.verify(account, password).await.map_err(|fault| {
                tracing::warn!(directory = self.site.name, cause = fault.cause, "a directory gives no answer");
                NoVerdict::Unanswered
            })
        };
        match tokio::time::timeout(PATIENCE, asking).await {
            Ok(answer) => answer,
            Err(_) => {
                tracing::warn!(directory = self.site.name, "a directory did not answer in time");
                Err(NoVerdict::Unanswered)
            }
        }
    }
}

/// A place among those who wait or ask, given back on drop.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(present: &'a AtomicUsize) -> Result<Self, NoVerdict> {
        let place = Self(present);
        if present.fetch_add(1, Ordering::Relaxed) < WORKERS + QUEUE { Ok(place) } else { Err(NoVerdict::Busy) }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// All directories that check passwords.
#[derive(Debug, Default)]
pub(crate) struct Directories {
    by_domain: BTreeMap<String, Arc<Desk>>,
    /// Who stands for names that name no domain.
    first: Option<Arc<Desk>>,
}

impl Directories {
    pub(crate) fn new(sites: impl IntoIterator<Item = Site>) -> Self {
        let mut directories = Self::default();
        for site in sites {
            let domains: Vec<String> = site.domains.iter().map(|domain| fold(domain)).collect();
            let desk = Arc::new(Desk::new(site));
            directories.first.get_or_insert_with(|| Arc::clone(&desk));
            directories.by_domain.extend(domains.into_iter().map(|domain| (domain, Arc::clone(&desk))));
        }
        directories
    }

    /// The directory of a domain.
    pub(crate) fn of_domain(&self, domain: &str) -> Option<&Arc<Desk>> {
        self.by_domain.get(&fold(domain))
    }

    /// The directory that somebody of this name would have, if there were an account: a stranger must not learn from the
    /// time of the answer that there is none.
    pub(crate) fn of_stranger(&self, name: &str) -> Option<&Arc<Desk>> {
        match name.split_once('\\') {
            Some((domain, _)) => self.of_domain(domain.trim()),
            None => self.first.as_ref(),
        }
    }
}
