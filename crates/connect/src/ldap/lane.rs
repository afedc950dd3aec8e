//! A lane is one connection to a target that is dialled when needed and dropped when it fails.
//!
//! Calls share the connection: LDAP answers carry ids, so a slow answer does not block the next question.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use ephor_engine::port::target::TargetFault;
use ldap3::{
    Ldap, LdapError, LdapResult, Mod, Scope, SearchEntry, SearchOptions,
    controls::{Control, ControlType, PagedResults, RawControl},
    exop::PasswordModify,
};
use parking_lot::Mutex;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::{
    sync::Notify,
    task::AbortHandle,
    time::{Instant, timeout_at},
};

use super::{
    active::Domain,
    fault::{self, code},
    root::{self, Root},
    server::{Access, Connection, Identity, within},
};

/// A connection left alone for longer is dialled anew: something between us and the target may have forgotten it.
const LONGEST_IDLE: Duration = Duration::from_secs(60);

/// One connection to a target, made on demand.
#[derive(Debug, Default)]
pub(super) struct Lane {
    open: tokio::sync::Mutex<Option<Arc<Link>>>,
}

impl Lane {
    /// The open connection, or a fresh one. Callers that come together wait for one dial.
    pub(super) async fn link(&self, access: &Access, deadline: Instant) -> Result<Arc<Link>, TargetFault> {
        let mut open = timeout_at(deadline, self.open.lock()).await.map_err(|_| fault::timeout("connect"))?;
        if let Some(link) = open.as_ref().filter(|link| link.is_usable()) {
            *link.last_used.lock() = Instant::now();
            return Ok(Arc::clone(link));
        }
        *open = None;
        let link = Arc::new(Link::dial(access, deadline).await?);
        *open = Some(Arc::clone(&link));
        Ok(link)
    }

    /// A connection signed in just now, which replaces the open one; calls in flight on that are still answered.
    pub(super) async fn fresh(&self, access: &Access, deadline: Instant) -> Result<Arc<Link>, TargetFault> {
        let link = Arc::new(Link::dial(access, deadline).await?);
        let mut open = timeout_at(deadline, self.open.lock()).await.map_err(|_| fault::timeout("connect"))?;
        *open = Some(Arc::clone(&link));
        Ok(link)
    }

    /// Closes the connection; calls in flight on it fail.
    pub(super) fn close(&self) {
        if let Ok(mut open) = self.open.try_lock()
            && let Some(link) = open.take()
        {
            link.driver.abort();
        }
    }
}

/// Where the next page begins; empty when there is none.
fn cookie_of(result: &LdapResult) -> Vec<u8> {
    let paged = result.ctrls.iter().find(|Control(kind, _)| matches!(kind, Some(ControlType::PagedResults)));
    paged.map_or_else(Vec::new, |Control(_, raw)| raw.parse::<PagedResults>().cookie)
}

/// A signed-in connection.
pub(super) struct Link {
    ldap: Ldap,
    /// What the server says of itself.
    pub(super) root: Root,
    /// What an Active Directory says of its domain, once somebody asked.
    pub(super) domain: tokio::sync::OnceCell<Domain>,
    driver: AbortHandle,
    broken: AtomicBool,
    given_up: Arc<Notify>,
    last_used: Mutex<Instant>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("root", &self.root).field("broken", &self.broken).finish_non_exhaustive()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // The driver may be stuck in a write to a server that stopped reading; it would never notice our leaving.
        self.driver.abort();
    }
}

impl Link {
    async fn dial(access: &Access, deadline: Instant) -> Result<Self, TargetFault> {
        let Connection { ldap, driver, given_up } = access.server.open(deadline).await?;
        let mut link = Self {
            ldap,
            root: Root::default(),
            domain: tokio::sync::OnceCell::new(),
            driver,
            broken: AtomicBool::new(false),
            given_up,
            last_used: Mutex::new(Instant::now()),
        };
        link.bind(access, deadline).await?;
        link.root = root::read(&link, deadline).await?;
        Ok(link)
    }

    async fn bind(&self, access: &Access, deadline: Instant) -> Result<(), TargetFault> {
        let mut ldap = self.ldap.clone();
        let result = match &access.identity {
            Identity::Simple { name, password } => {
                let reading = timeout_at(deadline, password.read());
                let password = reading.await.map_err(|_| fault::timeout("read of `password_file`"))??;
                let signing_in = async move { ldap.simple_bind(name, password.expose_secret()).await };
                self.run(deadline, "sign-in", signing_in).await?
            }
            Identity::Kerberos(tickets) => {
                let signing_in = tickets.sign_in(ldap, access.server.host());
                match timeout_at(deadline, signing_in).await {
                    Ok(result) => result?,
                    Err(_) => return Err(fault::timeout("sign-in by Kerberos")),
                }
            }
        };
        if result.rc == code::SUCCESS { Ok(()) } else { Err(fault::of_bind(&result)) }
    }

    fn is_usable(&self) -> bool {
        !self.broken.load(Ordering::Relaxed)
            && !self.ldap.clone().is_closed()
            && self.last_used.lock().elapsed() < LONGEST_IDLE
    }

    /// Runs one operation. After a failure below LDAP results the lane dials a new connection next time; others in
    /// flight on this one may still be answered.
    async fn run<T>(
        &self,
        deadline: Instant,
        doing: &str,
        operation: impl Future<Output = Result<T, LdapError>> + Send,
    ) -> Result<T, TargetFault> {
        within(deadline, doing, operation).await.inspect_err(|_| {
            self.broken.store(true, Ordering::Relaxed);
            self.given_up.notify_one();
        })
    }

    /// Modifies an entry; any result is an answer.
    pub(super) async fn modify(
        &self,
        deadline: Instant,
        dn: &str,
        mods: Vec<Mod<String>>,
        controls: Vec<RawControl>,
    ) -> Result<LdapResult, TargetFault> {
        let mut ldap = self.ldap.clone();
        self.run(deadline, "modify", async move {
            if !controls.is_empty() {
                ldap.with_controls(controls);
            }
            ldap.modify(dn, mods).await
        })
        .await
    }

    /// Adds an entry; any result is an answer.
    pub(super) async fn add<S>(
        &self,
        deadline: Instant,
        dn: &str,
        attributes: Vec<(S, std::collections::HashSet<S>)>,
    ) -> Result<LdapResult, TargetFault>
    where
        S: AsRef<[u8]> + Eq + std::hash::Hash + Send,
    {
        let mut ldap = self.ldap.clone();
        self.run(deadline, "add", async move { ldap.add(dn, attributes).await }).await
    }

    /// Deletes an entry; any result is an answer.
    pub(super) async fn delete(&self, deadline: Instant, dn: &str) -> Result<LdapResult, TargetFault> {
        let mut ldap = self.ldap.clone();
        self.run(deadline, "delete", async move { ldap.delete(dn).await }).await
    }

    /// Asks whether an attribute holds a value; any result is an answer.
    pub(super) async fn compare(
        &self,
        deadline: Instant,
        dn: &str,
        attribute: &str,
        value: &str,
    ) -> Result<LdapResult, TargetFault> {
        let mut ldap = self.ldap.clone();
        Ok(self.run(deadline, "compare", async move { ldap.compare(dn, attribute, value).await }).await?.0)
    }

    /// Sets a password through the extended operation of RFC 3062, so that the server hashes it; any result is an
    /// answer.
    pub(super) async fn set_password(
        &self,
        deadline: Instant,
        dn: &str,
        password: &SecretString,
    ) -> Result<LdapResult, TargetFault> {
        let mut ldap = self.ldap.clone();
        let setting = async move {
            let new_pass = Some(password.expose_secret());
            ldap.extended(PasswordModify { user_id: Some(dn), old_pass: None, new_pass }).await
        };
        Ok(self.run(deadline, "set password", setting).await?.1)
    }

    /// Searches, at most `most` entries (0: no limit of ours); any result is an answer.
    pub(super) async fn search(
        &self,
        deadline: Instant,
        base: &str,
        scope: Scope,
        filter: &str,
        attributes: &[&str],
        most: i32,
    ) -> Result<(Vec<SearchEntry>, LdapResult), TargetFault> {
        self.search_with(deadline, base, scope, filter, attributes, most, Vec::new()).await
    }

    /// Searches a subtree page by page until the server has no more; any result is an answer.
    pub(super) async fn search_paged(
        &self,
        deadline: Instant,
        base: &str,
        filter: &str,
        attributes: &[&str],
        page: i32,
        controls: &[RawControl],
    ) -> Result<(Vec<SearchEntry>, LdapResult), TargetFault> {
        let (mut all, mut cookie) = (Vec::new(), Vec::new());
        loop {
            let mut controls = controls.to_vec();
            controls.push(PagedResults { size: page, cookie }.into());
            let (entries, result) =
                self.search_with(deadline, base, Scope::Subtree, filter, attributes, 0, controls).await?;
            all.extend(entries);
            // The library's reading of the answer panics at nonsense.
            let reading = async { Ok::<_, LdapError>(cookie_of(&result)) };
            cookie = self.run(deadline, "search", reading).await?;
            if cookie.is_empty() || result.rc != code::SUCCESS {
                return Ok((all, result));
            }
        }
    }

    /// As [`Link::search`], with controls.
    #[expect(clippy::too_many_arguments, reason = "the parts of one search, as the protocol has them")]
    pub(super) async fn search_with(
        &self,
        deadline: Instant,
        base: &str,
        scope: Scope,
        filter: &str,
        attributes: &[&str],
        most: i32,
        controls: Vec<RawControl>,
    ) -> Result<(Vec<SearchEntry>, LdapResult), TargetFault> {
        let mut ldap = self.ldap.clone();
        self.run(deadline, "search", async move {
            ldap.with_search_options(SearchOptions::new().sizelimit(most));
            if !controls.is_empty() {
                ldap.with_controls(controls);
            }
            let ldap3::SearchResult(entries, result) = ldap.search(base, scope, filter, attributes).await?;
            let entries = entries.into_iter().filter(|entry| !entry.is_ref() && !entry.is_intermediate());
            Ok((entries.map(SearchEntry::construct).collect(), result))
        })
        .await
    }
}
