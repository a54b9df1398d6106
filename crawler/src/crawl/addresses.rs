//! The allowed addresses: public ones, and those of the seeds.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_fetch::is_public;
use url::{Host, Url};

use super::names::Names;

/// Finds the addresses of a name.
pub type Lookup = Arc<dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync>;

/// Names of seeds that are looked up at once.
const AT_ONCE: usize = 64;

/// Private addresses that are allowed, each for the name that it belongs to.
#[derive(Clone, Debug, Default)]
pub(super) struct Addresses {
    own: HashMap<String, HashSet<IpAddr>>,
}

impl Addresses {
    /// The addresses of the seeds. They are looked up once, now: a name that becomes private later is not among
    /// them. Nor is one whose look-up takes longer than `patience`.
    pub(super) fn of(seeds: &[Url], names: &Arc<Names>, patience: Duration) -> Addresses {
        let mut addresses = Addresses::default();
        // Each is looked up once: a list of pages may have thousands of one host.
        let mut domains = BTreeSet::new();
        for seed in seeds {
            let host = seed.host_str().unwrap_or_default();
            match seed.host() {
                Some(Host::Domain(name)) => drop(domains.insert(name)),
                Some(Host::Ipv4(address)) => addresses.add(host, address.into()),
                Some(Host::Ipv6(address)) => addresses.add(host, address.into()),
                None => {}
            }
        }
        let domains: Vec<&str> = domains.into_iter().collect();
        for some in domains.chunks(AT_ONCE) {
            let asked: Vec<_> = some.iter().map(|name| names.receive(name)).collect();
            let end = Instant::now() + patience;
            for (name, found) in some.iter().zip(asked) {
                let left = end.saturating_duration_since(Instant::now());
                // A seed that is not found is an error when it is fetched.
                let found = found.recv_timeout(left).ok().and_then(Result::ok);
                for address in found.into_iter().flatten() {
                    addresses.add(name, address);
                }
            }
        }
        addresses
    }

    fn add(&mut self, host: &str, address: IpAddr) {
        if !is_public(address) {
            let own = self.own.entry(host.to_owned()).or_default();
            own.insert(address);
        }
    }

    /// Whether an address is allowed for a name.
    pub(super) fn allow(&self, host: &str, address: IpAddr) -> bool {
        is_public(address) || self.own.get(host).is_some_and(|own| own.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_for_the_seeds_that_name_them() {
        let loopback = IpAddr::from([127, 0, 0, 1]);
        let lookup: Lookup = Arc::new(move |name| match name {
            "inside.example" => Ok(vec![loopback]),
            _ => Err(io::ErrorKind::NotFound.into()),
        });
        let seeds = [
            "http://inside.example/",
            "http://10.0.0.7/",
            "http://x.example/",
        ];
        let seeds = seeds.map(|it| Url::parse(it).unwrap());
        let names = Names::new(Some(lookup));
        let addresses = Addresses::of(&seeds, &names, Duration::from_secs(60));
        assert!(addresses.allow("inside.example", loopback));
        assert!(addresses.allow("10.0.0.7", [10, 0, 0, 7].into()));
        assert!(addresses.allow("anybody.example", [1, 1, 1, 1].into()));
        assert!(!addresses.allow("other.example", loopback));
        assert!(!addresses.allow("inside.example", [10, 0, 0, 7].into()));
        assert!(!addresses.allow("x.example", loopback));
    }
}
