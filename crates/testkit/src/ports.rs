//! Loopback ports that stay ours, also while nothing listens on them.
//!
//! The usual trick (bind port 0, close, hand the number on) hands out ports of the ephemeral range, where any outgoing
//! connection may take them again before the component binds or while it is stopped. So these come from below that range,
//! and a lock file per port keeps tests in other processes away until the reservation is dropped.

use std::fs::{File, OpenOptions};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::launch::LaunchError;
use crate::workdir;

const FIRST: u32 = 20_000;
const COUNT: u32 = 12_000;

/// A reserved port of 127.0.0.1. Free again when dropped.
#[derive(Debug)]
pub struct Port {
    number: u16,
    /// Holds the lock; closing the file releases it.
    _lock: File,
}

impl Port {
    /// Reserves a port on which nothing listens.
    ///
    /// # Errors
    /// When the lock directory cannot be used or all ports of the range are taken.
    pub fn reserve() -> Result<Self, LaunchError> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let directory = workdir::root()?.join("ports");
        std::fs::create_dir_all(&directory).map_err(LaunchError::os("creating the port lock directory"))?;
        // Processes start at scattered places so that they seldom contend for the same file.
        let start = std::process::id().wrapping_mul(7_919);
        for _ in 0..COUNT {
            let offset = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT;
            let Ok(number) = u16::try_from(FIRST + offset) else { continue };
            let lock = OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .open(directory.join(number.to_string()))
                .map_err(LaunchError::os("opening a port lock"))?;
            if lock.try_lock().is_ok() && TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok() {
                return Ok(Self { number, _lock: lock });
            }
        }
        Err(LaunchError::failed("port reservation", "no free port"))
    }

    /// The port number.
    #[must_use]
    pub const fn number(&self) -> u16 {
        self.number
    }

    /// The port as an address of 127.0.0.1.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.number))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn reserved_ports_differ_and_can_be_bound() {
        let ports: Vec<Port> = (0..20).map(|_| Port::reserve().unwrap()).collect();
        assert_eq!(ports.iter().map(Port::number).collect::<BTreeSet<_>>().len(), 20);
        for port in &ports {
            TcpListener::bind(port.address()).unwrap();
            assert!(port.number() < 32_768, "{} is in the ephemeral range", port.number());
        }
    }
}
