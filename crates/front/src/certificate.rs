//! The server's certificate: read from PEM files, replaced while serving.

use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicU64, atomic::Ordering},
    time::Duration,
};

use arc_swap::ArcSwap;
use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use tokio_rustls::TlsAcceptor;

/// A certificate chain and its key, as two PEM files.
pub struct Certificates {
    chain: PathBuf,
    key: PathBuf,
    current: ArcSwap<CertifiedKey>,
    fingerprint: AtomicU64,
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates").field("chain", &self.chain).field("key", &self.key).finish_non_exhaustive()
    }
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A file cannot be read.
    #[error("cannot read {}: {cause}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// No certificate in the file.
    #[error("{} holds no PEM certificate (a block that begins with -----BEGIN CERTIFICATE-----)", .0.display())]
    NoCertificate(PathBuf),
    /// No usable key in the file.
    #[error("{} holds no unencrypted PEM private key", .0.display())]
    NoKey(PathBuf),
    /// Key and certificate do not fit, or the key's kind is unknown.
    #[error("the key in {} cannot serve the certificate in {}: {cause}", key.display(), chain.display())]
    Unfit {
        /// The certificate's file.
        chain: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// Why.
        #[source]
        cause: rustls::Error,
    },
}

impl Certificates {
    /// Reads both files.
    ///
    /// # Errors
    /// Why they cannot be used.
    pub fn load(chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Result<Arc<Self>, CertificateError> {
        let (chain, key) = (chain.into(), key.into());
        let (certified, fingerprint) = read(&chain, &key)?;
        Ok(Arc::new(Self {
            chain,
            key,
            current: ArcSwap::from_pointee(certified),
            fingerprint: AtomicU64::new(fingerprint),
        }))
    }

    /// Reads the files again; new handshakes use what is found. True when something changed. On an error the old
    /// certificate stays.
    ///
    /// # Errors
    /// Why the files cannot be used now.
    pub fn reload(&self) -> Result<bool, CertificateError> {
        let (certified, fingerprint) = read(&self.chain, &self.key)?;
        if self.fingerprint.swap(fingerprint, Ordering::Relaxed) == fingerprint {
            return Ok(false);
        }
        self.current.store(Arc::new(certified));
        Ok(true)
    }

    /// Reloads on SIGHUP and looks for changed files every `interval`, for ever. To be spawned beside the server.
    pub async fn follow(self: Arc<Self>, interval: Duration) {
        let mut hangup = hangup();
        let mut ticks = tokio::time::interval(interval);
        ticks.tick().await;
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = hangup.next() => {}
            }
            let certificates = Arc::clone(&self);
            match tokio::task::spawn_blocking(move || certificates.reload()).await {
                Ok(Ok(true)) => tracing::info!(chain = %self.chain.display(), "certificate replaced"),
                Ok(Ok(false)) | Err(_) => {}
                Ok(Err(error)) => tracing::error!(%error, "the certificate was not replaced; the old one stays"),
            }
        }
    }

    pub(crate) fn acceptor(self: Arc<Self>) -> TlsAcceptor {
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("the provider supports the default protocol versions")
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Current(self)));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }
}

/// The one crypto provider.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

struct Current(Arc<Certificates>);

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.current.load_full())
    }
}

fn read(chain: &Path, key: &Path) -> Result<(CertifiedKey, u64), CertificateError> {
    let file =
        |path: &Path| std::fs::read(path).map_err(|cause| CertificateError::Read { path: path.to_owned(), cause });
    let (chain_pem, key_pem) = (file(chain)?, zeroing(file(key)?));
    let mut hasher = DefaultHasher::new();
    (&chain_pem, key_pem.as_slice()).hash(&mut hasher);

    let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&chain_pem)
        .collect::<Result<_, _>>()
        .map_err(|_| CertificateError::NoCertificate(chain.to_owned()))?;
    if certificates.is_empty() {
        return Err(CertificateError::NoCertificate(chain.to_owned()));
    }
    let private = PrivateKeyDer::from_pem_slice(&key_pem).map_err(|_| CertificateError::NoKey(key.to_owned()))?;
    let certified = CertifiedKey::from_der(certificates, private, &provider())
        .map_err(|cause| CertificateError::Unfit { chain: chain.to_owned(), key: key.to_owned(), cause })?;
    Ok((certified, hasher.finish()))
}

/// A key does not stay in freed memory.
fn zeroing(bytes: Vec<u8>) -> zeroize::Zeroizing<Vec<u8>> {
    zeroize::Zeroizing::new(bytes)
}

#[cfg(unix)]
struct Hangup(Option<tokio::signal::unix::Signal>);

#[cfg(unix)]
fn hangup() -> Hangup {
    Hangup(tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok())
}

#[cfg(unix)]
impl Hangup {
    async fn next(&mut self) {
        match &mut self.0 {
            Some(signal) => {
                signal.recv().await;
            }
            None => std::future::pending().await,
        }
    }
}

#[cfg(not(unix))]
struct Hangup;

#[cfg(not(unix))]
fn hangup() -> Hangup {
    Hangup
}

#[cfg(not(unix))]
impl Hangup {
    async fn next(&mut self) {
        std::future::pending().await
    }
}
