//! A directory server: how it is reached, and who we are there.

use std::{
    future::Future,
    panic::AssertUnwindSafe,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use ephor_engine::port::target::{FaultKind, TargetFault};
use futures_util::FutureExt as _;
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, StdStream};
use rustls::ClientConfig;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::{
    net::TcpStream,
    sync::Notify,
    task::AbortHandle,
    time::{Instant, timeout_at},
};
use url::{Host, Url};
use zeroize::Zeroizing;

use super::{
    config::{LONGEST_CALL, LdapConfigError},
    fault,
    tickets::Tickets,
};
use crate::tls;

/// How a server is to be reached, as configured.
#[derive(Debug)]
pub(super) struct Way<'a> {
    pub(super) url: &'a str,
    pub(super) start_tls: bool,
    pub(super) allow_plain: bool,
    pub(super) ca_file: Option<&'a Path>,
    pub(super) connect_timeout: Duration,
}

/// A server that can be dialled.
#[derive(Debug)]
pub(super) struct Server {
    url: Url,
    start_tls: bool,
    /// `None` for plain LDAP.
    tls: Option<Arc<ClientConfig>>,
    connect_timeout: Duration,
}

/// A server and our account there.
#[derive(Debug)]
pub(super) struct Access {
    pub(super) server: Server,
    pub(super) identity: Identity,
}

/// Who we are at a server, and how we prove it.
#[derive(Debug)]
pub(super) enum Identity {
    /// A name (distinguished, or what the server takes in its place) and a password.
    Simple {
        /// The name.
        name: String,
        /// The password.
        password: Password,
    },
    /// A Kerberos principal whose key is in a key tab.
    Kerberos(Tickets),
}

/// Where our password comes from.
#[derive(Debug, Clone)]
pub(crate) enum Password {
    Given(SecretString),
    File(PathBuf),
}

/// A connection on which nothing was said yet.
pub(super) struct Connection {
    pub(super) ldap: Ldap,
    /// Ends it.
    pub(super) driver: AbortHandle,
    /// Tells the driver that nobody starts anything on it any more.
    pub(super) given_up: Arc<Notify>,
}

impl Server {
    pub(super) fn check(way: &Way<'_>) -> Result<Self, LdapConfigError> {
        let url = Url::parse(way.url).map_err(|e| LdapConfigError::Url(e.to_string()))?;
        let encrypted = match url.scheme() {
            "ldaps" => true,
            "ldap" => way.start_tls,
            other => return Err(LdapConfigError::Url(format!("scheme {other:?}"))),
        };
        if url.host_str().is_none_or(str::is_empty) {
            return Err(LdapConfigError::Url("no host".to_owned()));
        }
        if !encrypted && !way.allow_plain && !is_this_machine(&url) {
            return Err(LdapConfigError::Plain);
        }
        let tls = if encrypted { Some(tls::client_config(way.ca_file)?) } else { None };
        let start_tls = way.start_tls && url.scheme() == "ldap";
        Ok(Self { url, start_tls, tls, connect_timeout: way.connect_timeout })
    }

    /// The host it is reached at: what a ticket must be for.
    pub(super) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    #[cfg(test)]
    pub(super) fn is_encrypted(&self) -> bool {
        self.tls.is_some()
    }

    /// Dials, TLS included.
    pub(super) async fn open(&self, deadline: Instant) -> Result<Connection, TargetFault> {
        let dialled_by = deadline.min(Instant::now() + self.connect_timeout);
        let stream = timeout_at(dialled_by, connect(&self.url))
            .await
            .map_err(|_| fault::timeout("connect"))?
            .map_err(|error| TargetFault { kind: FaultKind::Unreachable, cause: format!("connect: {error}") })?;
        let mut how = LdapConnSettings::new().set_std_stream(StdStream::Tcp(stream)).set_starttls(self.start_tls);
        if let Some(tls) = &self.tls {
            how = how.set_config(Arc::clone(tls));
        }
        let (connection, ldap) =
            within(dialled_by, "connect", LdapConnAsync::from_url_with_settings(how, &self.url)).await?;
        let given_up = Arc::new(Notify::new());
        let driver = tokio::spawn(drive(connection, Arc::clone(&given_up))).abort_handle();
        Ok(Connection { ldap, driver, given_up })
    }
}

impl Password {
    pub(crate) fn check(given: Option<SecretString>, file: Option<PathBuf>) -> Result<Self, LdapConfigError> {
        match (given, file) {
            (Some(password), None) => Ok(Self::Given(password)),
            (None, Some(file)) => Ok(Self::File(file)),
            (None, None) | (Some(_), Some(_)) => Err(LdapConfigError::Password),
        }
    }

    /// The password as it is now.
    pub(crate) async fn read(&self) -> Result<SecretString, TargetFault> {
        let refused = |cause: String| TargetFault { kind: FaultKind::Credentials, cause };
        let password = match self {
            Self::Given(password) => password.clone(),
            Self::File(file) => {
                let text = tokio::fs::read_to_string(file)
                    .await
                    .map(Zeroizing::new)
                    .map_err(|error| refused(format!("the file with our password or token cannot be read: {error}")))?;
                let line = text.strip_suffix('\n').unwrap_or(&text);
                SecretString::from(line.strip_suffix('\r').unwrap_or(line))
            }
        };
        // A name without a password is an anonymous bind that answers success (RFC 4513 §5.1.2).
        if password.expose_secret().is_empty() {
            Err(refused("our password or token is empty".to_owned()))
        } else {
            Ok(password)
        }
    }
}

fn is_this_machine(url: &Url) -> bool {
    // The scheme is not one of the web's, so the host is an opaque domain and addresses in it are not parsed.
    let host = url.host_str().unwrap_or_default();
    match Host::parse(host) {
        Ok(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Ok(Host::Ipv4(address)) => address.is_loopback(),
        Ok(Host::Ipv6(address)) => address.is_loopback(),
        Err(_) => false,
    }
}

async fn connect(url: &Url) -> std::io::Result<std::net::TcpStream> {
    let host = url.host_str().unwrap_or_default();
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let port = url.port().unwrap_or(if url.scheme() == "ldaps" { 636 } else { 389 });
    let stream = TcpStream::connect((host, port)).await?;
    // Many small questions share the connection; each must leave at once.
    stream.set_nodelay(true)?;
    stream.into_std()
}

/// Moves bytes until the connection ends, or until it was given up and every call that was in flight then is over: a
/// server that answers too late, or without end, is not listened to any longer.
async fn drive(connection: LdapConnAsync, given_up: Arc<Notify>) {
    let forsaken = async {
        given_up.notified().await;
        tokio::time::sleep(LONGEST_CALL).await;
    };
    tokio::select! {
        ended = connection.drive() => {
            if let Err(error) = ended {
                tracing::debug!(%error, "LDAP connection ended");
            }
        }
        () = forsaken => tracing::debug!("LDAP connection given up"),
    }
}

/// Bounds an operation in time and keeps the library's panics at malformed answers from ending our task.
pub(super) async fn within<T>(
    deadline: Instant,
    doing: &str,
    operation: impl Future<Output = Result<T, LdapError>> + Send,
) -> Result<T, TargetFault> {
    match timeout_at(deadline, AssertUnwindSafe(operation).catch_unwind()).await {
        Err(_) => Err(fault::timeout(doing)),
        Ok(Err(_)) => Err(fault::rejected(format!("{doing}: the answer is not LDAP"))),
        Ok(Ok(Err(error))) => Err(fault::of_transport(&error)),
        Ok(Ok(Ok(answer))) => Ok(answer),
    }
}
