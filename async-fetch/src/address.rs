//! The filter of addresses, and the look-up of names.
//!
//! A name can mean one address when it is checked and another when it is used ("rebinding"). So the
//! filter checks the very address that the client then connects to: it stands behind the look-up of
//! the client's connector.

use std::error::Error as StdError;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Whether an address may be asked for a host: `(host, address)`.
pub type Filter = Arc<dyn Fn(&str, IpAddr) -> bool + Send + Sync>;

/// The result of a look-up.
pub type Found = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Finds the addresses of a name.
pub type Lookup = Arc<dyn Fn(String) -> Found + Send + Sync>;

/// Whether an address is on the open internet: not this machine, not a private or local network, and
/// not one that RFC 6890 sets aside. An IPv6 address that embeds an IPv4 address is judged by that one.
///
/// # Examples
///
/// ```
/// use async_fetch::is_public;
///
/// assert!(is_public([93, 184, 215, 14].into()));
/// assert!(!is_public([127, 0, 0, 1].into()));
/// assert!(!is_public([169, 254, 169, 254].into()));
/// ```
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(a == 0
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        // 224/4 is multicast, 240/4 reserved, with broadcast at its end.
        || a >= 224
        // Shared by the customers of a provider (RFC 6598).
        || (a == 100 && (64..128).contains(&b))
        // Protocol assignments, the 6to4 relay, and benchmarks.
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b & 0xfe) == 18))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let embedded = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    if let Some(address) = address.to_ipv4_mapped() {
        return is_public_v4(address);
    }
    match (a, b) {
        // NAT64 (RFC 6052) and 6to4 (RFC 3056).
        (0x64, 0xff9b) if (c, d, e, f) == (0, 0, 0, 0) => is_public_v4(embedded(g, h)),
        (0x2002, _) => is_public_v4(embedded(b, c)),
        // Teredo, documentation, and other assignments within 2001::/23.
        (0x2001, 0..0x200) | (0x2001, 0xdb8) => false,
        (0x3fff, 0..0x1000) => false,
        // All else that is public lies in 2000::/3.
        _ => (a & 0xe000) == 0x2000,
    }
}

/// The filter refuses the address.
#[derive(Debug)]
pub(crate) struct NotAllowed(pub(crate) IpAddr);

impl fmt::Display for NotAllowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not allowed", self.0)
    }
}

impl std::error::Error for NotAllowed {}

/// No address was found.
#[derive(Debug)]
pub(crate) struct NotFound(pub(crate) String);

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotFound {}

/// Looks names up for the client. It returns only addresses that the filter allows.
pub(crate) struct Resolver {
    pub(crate) lookup: Option<Lookup>,
    pub(crate) filter: Option<Filter>,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let filter = self.filter.clone();
        let found = match &self.lookup {
            Some(lookup) => lookup(host.clone()),
            None => system(host.clone()),
        };
        Box::pin(async move {
            let all = found.await.map_err(failed)?;
            let first = all
                .first()
                .copied()
                .ok_or_else(|| NotFound("it has none".to_owned()))?;
            let allowed: Vec<SocketAddr> = all
                .into_iter()
                .filter(|address| filter.as_ref().is_none_or(|filter| filter(&host, *address)))
                // The connector puts in the port of the URL.
                .map(|address| SocketAddr::new(address, 0))
                .collect();
            if allowed.is_empty() {
                return Err(NotAllowed(first).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// The error of a failed look-up. A number of the system's, as for too few descriptors, says nothing about the name.
fn failed(error: io::Error) -> Box<dyn StdError + Send + Sync> {
    match error.raw_os_error() {
        Some(_) => error.into(),
        None => NotFound(error.to_string()).into(),
    }
}

/// The system's own look-up. It blocks, so it runs on a thread for blocking work.
fn system(host: String) -> Found {
    Box::pin(async move {
        let found = tokio::net::lookup_host((host, 0)).await?;
        Ok(found.map(|address| address.ip()).collect())
    })
}

/// The address in a URL that has an address instead of a name. Such a URL needs no look-up.
pub(crate) fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_on_the_open_internet_is_told() {
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::127.0.0.1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "3fff::1",
            "::127.0.0.1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn the_open_internet_is_told() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.32.0.1",
            "192.169.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "64:ff9b::8.8.8.8",
            "::ffff:8.8.8.8",
            "2a00::1",
        ] {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }
}
