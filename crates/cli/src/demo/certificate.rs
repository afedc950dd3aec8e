//! The certificate of the TLS listener: from an authority of its own, kept in the folder while it is good.

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::UNIX_EPOCH,
};

use ephor_front::{
    authority::{self, LocalCertificate},
    certificate::Certificates,
};
use jiff::{SignedDuration, Timestamp};

use crate::exit::Done;

/// A certificate younger than this is used again: clients that trust its authority go on doing so.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 300);

/// What the listener needs.
pub(super) struct Served {
    /// The certificate.
    pub(super) certificates: Arc<Certificates>,
    /// What clients must trust.
    pub(super) authority: PathBuf,
}

/// The certificate in `folder`, made if there is none that is good.
pub(super) fn of(folder: &Path, address: IpAddr, now: Timestamp) -> Done<Served> {
    let there = LocalCertificate {
        authority: folder.join("ca.pem"),
        chain: folder.join("server.pem"),
        key: folder.join("server.key"),
    };
    if is_young(&there, now)
        && let Ok(certificates) = Certificates::load(&there.chain, &there.key)
    {
        return Ok(Served { certificates, authority: there.authority });
    }
    let made = authority::create(folder, &[address.to_string()], now).map_err(anyhow::Error::from)?;
    let certificates = Certificates::load(&made.chain, &made.key).map_err(anyhow::Error::from)?;
    Ok(Served { certificates, authority: made.authority })
}

fn is_young(files: &LocalCertificate, now: Timestamp) -> bool {
    let made = |path: &PathBuf| {
        let since = std::fs::metadata(path).ok()?.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Timestamp::from_second(i64::try_from(since.as_secs()).ok()?).ok()
    };
    [&files.authority, &files.chain, &files.key]
        .into_iter()
        .all(|path| made(path).is_some_and(|made| now.duration_since(made) < KEPT))
}

/// How clients name the listener.
pub(super) fn host_of(address: SocketAddr) -> String {
    if address.ip() == IpAddr::from([127, 0, 0, 1]) {
        format!("localhost:{}", address.port())
    } else {
        address.to_string()
    }
}
