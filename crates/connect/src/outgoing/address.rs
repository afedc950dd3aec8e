//! Which addresses may be called. The resolver that checks is the one the connection is made with, so a name cannot
//! lead elsewhere between check and use.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// True for addresses that are not out on the public internet: this machine, private and link-local networks
/// (where cloud metadata services live), and everything reserved. IPv4 inside IPv6 is judged as IPv4.
#[must_use]
pub fn is_inside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_inside_v4(address),
        IpAddr::V6(address) => is_inside_v6(address),
    }
}

fn is_inside_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    match a {
        0 | 10 | 127 => true,
        100 => (64..128).contains(&b),
        169 => b == 254,
        172 => (16..32).contains(&b),
        192 => b == 168 || (b == 0 && (c == 0 || c == 2)) || (b == 88 && c == 99),
        198 => b == 18 || b == 19 || (b == 51 && c == 100),
        203 => b == 0 && c == 113,
        // Multicast and reserved, broadcast included.
        224.. => true,
        _ => false,
    }
}

fn is_inside_v6(address: Ipv6Addr) -> bool {
    let [s0, s1, s2, .., s6, s7] = address.segments();
    let v4 = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        is_inside_v4(Ipv4Addr::new(a, b, c, d))
    };
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_inside_v4(mapped);
    }
    match (s0, s1) {
        // NAT64 and 6to4 carry an IPv4 address.
        (0x0064, 0xff9b) => s2 != 0 || v4(s6, s7),
        (0x2002, high) => v4(high, s2),
        // Teredo, ORCHID and other special uses; documentation.
        (0x2001, 0..=0x01ff | 0x0db8) => true,
        // Global unicast is 2000::/3 and nothing else.
        _ => s0 & 0xe000 != 0x2000,
    }
}

/// Says which addresses an endpoint may be at.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    pub(super) allow_inside: bool,
    /// Our own listeners at the endpoint's port; they may be at public addresses.
    pub(super) own: Vec<IpAddr>,
}

impl Guard {
    pub(super) fn lets_through(&self, address: IpAddr) -> bool {
        if self.allow_inside {
            return !(address.is_unspecified() || address.is_multicast());
        }
        !is_inside(address) && !self.own.contains(&address)
    }
}

/// A name led to an address that must not be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name leads to an address inside our own network")]
pub(super) struct Refused;

/// The resolver of the operating system with every answer checked.
#[derive(Debug, Clone)]
pub(super) struct GuardedResolver(Arc<Guard>);

impl GuardedResolver {
    pub(super) fn new(guard: Guard) -> Self {
        Self(Arc::new(guard))
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = Arc::clone(&self.0);
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            // One bad address spoils the name: a mixed answer is how a check is got round.
            if addresses.iter().any(|address| !guard.lets_through(address.ip())) {
                return Err(Refused.into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::{Guard, is_inside};

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_inside_are_known_in_every_disguise() {
        for inside in [
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "198.18.0.1",
            "192.0.2.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd12:3456::1",
            "ff02::1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2002:c0a8:101::",
            "2001::1",
            "2001:db8::1",
        ] {
            assert!(is_inside(address(inside)), "{inside}");
        }
    }

    #[test]
    fn addresses_outside_may_be_called() {
        for outside in [
            "1.1.1.1",
            "93.184.216.34",
            "172.15.0.1",
            "172.32.0.1",
            "100.63.0.1",
            "100.128.0.1",
            "192.167.1.1",
            "223.255.255.255",
            "::ffff:1.1.1.1",
            "2606:4700::1111",
            "2a00:1450::1",
            "64:ff9b::101:101",
            "2002:101:101::",
        ] {
            assert!(!is_inside(address(outside)), "{outside}");
        }
    }

    #[test]
    fn our_own_listeners_count_as_inside() {
        let guard = Guard { allow_inside: false, own: vec![address("203.0.114.9")] };
        assert!(!guard.lets_through(address("203.0.114.9")));
        assert!(guard.lets_through(address("203.0.114.10")));
        let open = Guard { allow_inside: true, ..guard };
        assert!(open.lets_through(address("203.0.114.9")));
        assert!(open.lets_through(address("127.0.0.1")));
        assert!(!open.lets_through(address("0.0.0.0")));
        assert!(!open.lets_through(address("224.0.0.1")));
    }
}
