//! Taking a port, and saying in one sentence why it cannot be taken.

use std::{io, net::SocketAddr, sync::Arc};

use tokio::net::TcpListener;

use crate::{call::Scheme, certificate::Certificates};

/// A port to be taken.
#[derive(Debug, Clone)]
pub struct Binding {
    address: SocketAddr,
    certificates: Option<Arc<Certificates>>,
}

/// Why a port cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Plain HTTP beyond this machine without the operator's word (`PAM 13`).
    #[error(
        "plain HTTP on {0} would send passwords in clear over the network: listen on loopback, use HTTPS, or set \
         `allow_plain_http = true` if something in front of Ephor speaks TLS"
    )]
    PlainRefused(SocketAddr),
    /// Somebody else listens there.
    #[error("{0} is already in use: stop the program that listens there, or choose another port")]
    InUse(SocketAddr),
    /// Ports below 1024 need a privilege.
    #[error("not allowed to listen on {0}: ports below 1024 need the capability CAP_NET_BIND_SERVICE")]
    NotAllowed(SocketAddr),
    /// No such address here.
    #[error("cannot listen on {0}: this machine has no such address")]
    NoSuchAddress(SocketAddr),
    /// Anything else.
    #[error("cannot listen on {address}: {cause}")]
    Other {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
}

impl Binding {
    /// Plain HTTP: on loopback, or where the operator allows it.
    ///
    /// # Errors
    /// [`BindError::PlainRefused`].
    pub fn plain(address: SocketAddr, allow_plain_http: bool) -> Result<Self, BindError> {
        if address.ip().to_canonical().is_loopback() || allow_plain_http {
            Ok(Self { address, certificates: None })
        } else {
            Err(BindError::PlainRefused(address))
        }
    }

    /// HTTPS with these certificates; HTTP/2 and HTTP/1.1 by ALPN.
    #[must_use]
    pub fn tls(address: SocketAddr, certificates: Arc<Certificates>) -> Self {
        Self { address, certificates: Some(certificates) }
    }

    /// Takes the port. From now on peers can connect; they are answered once the server runs.
    ///
    /// # Errors
    /// Why the port cannot be taken.
    pub async fn bind(self) -> Result<Socket, BindError> {
        let address = self.address;
        let listener = TcpListener::bind(address).await.map_err(|cause| explain(address, cause))?;
        let local = listener.local_addr().map_err(|cause| BindError::Other { address, cause })?;
        let acceptor = self.certificates.map(|certificates| certificates.acceptor());
        Ok(Socket { listener, local, acceptor })
    }
}

fn explain(address: SocketAddr, cause: io::Error) -> BindError {
    let kind = cause.kind();
    if kind == io::ErrorKind::AddrInUse {
        BindError::InUse(address)
    } else if kind == io::ErrorKind::PermissionDenied {
        BindError::NotAllowed(address)
    } else if kind == io::ErrorKind::AddrNotAvailable {
        BindError::NoSuchAddress(address)
    } else {
        BindError::Other { address, cause }
    }
}

/// A port that is ours.
pub struct Socket {
    pub(crate) listener: TcpListener,
    pub(crate) local: SocketAddr,
    pub(crate) acceptor: Option<tokio_rustls::TlsAcceptor>,
}

impl std::fmt::Debug for Socket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Socket").field("local", &self.local).field("scheme", &self.scheme()).finish()
    }
}

impl Socket {
    /// The address, with the port the system chose if port 0 was asked for.
    #[must_use]
    pub fn local_address(&self) -> SocketAddr {
        self.local
    }

    /// What is spoken here.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        if self.acceptor.is_some() { Scheme::Https } else { Scheme::Http }
    }
}
