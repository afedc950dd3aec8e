//! What the process needs of this machine: folders, ports, time.

use std::{net::SocketAddr, path::Path};

use ephor_cli::config::{Config, connections};
use ephor_engine::port::{Clock as _, SystemClock};
use ephor_front::{BindError, Binding};
use jiff::Timestamp;

use super::Findings;

/// Nobody built this program after it ran.
const BUILT_AFTER: &str = "2026-01-01T00:00:00Z";

pub(super) async fn look(config: &Config, findings: &mut Findings) {
    folder(&config.data_dir, findings);
    for address in connections::own_addresses(config) {
        port(address, findings).await;
    }
    clock(findings);
}

fn folder(path: &Path, findings: &mut Findings) {
    let Some(there) = path.ancestors().find(|folder| folder.exists()) else {
        return findings.bad("data_dir", format!("{} cannot be made", path.display()));
    };
    match tempfile::Builder::new().prefix(".doctor-").tempfile_in(there).map(drop) {
        Ok(()) if there != path => {
            findings.remark("data_dir", format!("{} is made at the first start", path.display()))
        }
        Ok(()) if is_open(path) => findings.remark(
            "data_dir",
            format!("others can look into {}: chmod 700 it, for the store holds password hashes", path.display()),
        ),
        Ok(()) => findings.good("data_dir", path.display().to_string()),
        Err(error) => findings.bad("data_dir", format!("cannot write to {}: {error}", path.display())),
    }
}

fn is_open(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata(folder).is_ok_and(|meta| meta.mode() & 0o007 != 0)
}

async fn port(address: SocketAddr, findings: &mut Findings) {
    // Whether plain HTTP is allowed there was checked with the configuration.
    let bound = match Binding::plain(address, true) {
        Ok(binding) => binding.bind().await.map(drop),
        Err(error) => Err(error),
    };
    match bound {
        Ok(()) => findings.good("port", format!("{address} is free")),
        Err(BindError::InUse(_)) => {
            findings.remark("port", format!("{address} is in use: by Ephor itself, if it is running"));
        }
        Err(error) => findings.bad("port", error.to_string()),
    }
}

fn clock(findings: &mut Findings) {
    let now = SystemClock::default().now();
    match BUILT_AFTER.parse::<Timestamp>() {
        Ok(built) if now < built => {
            findings.bad("clock", format!("it shows {now}, which is in the past: set it, and keep it set by NTP"));
        }
        Ok(_) | Err(_) => findings.good("clock", now.to_string()),
    }
}
