//! The allowed addresses: public ones, and those of the seeds.

use std::collections::HashSet;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use async_fetch::is_public;
use url::{Host, Url};

/// Finds the addresses of a name.
pub type Lookup = Arc<dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync>;

/// Private addresses that are allowed, each for the name that it belongs to.
#[derive(Clone, Debug, Default)]
pub(super) struct Addresses {
    own: Vec<(String, IpAddr)>,
}

impl Addresses {
    /// The addresses of the seeds. They are looked up once, now: a name that becomes private later is not among
    /// them.
    pub(super) fn of(seeds: &[Url], lookup: Option<&Lookup>) -> Addresses {
        let mut own = Vec::new();
        // Each is looked up once: a list of pages may have thousands of one host.
        let mut hosts = HashSet::new();
        for seed in seeds {
            let Some(host) = seed.host_str().filter(|host| hosts.insert(*host)) else {
                continue;
            };
            let found = match (seed.host(), lookup) {
                (Some(Host::Domain(name)), Some(lookup)) => lookup(name),
                // For an address this is no look-up.
                _ => seed
                    .socket_addrs(|| None)
                    .map(|all| all.iter().map(|it| it.ip()).collect()),
            };
            // A seed that is not found is an error when it is fetched.
            let found = found.unwrap_or_default();
            let private = found.into_iter().filter(|it| !is_public(*it));
            own.extend(private.map(|address| (host.to_owned(), address)));
        }
        Addresses { own }
    }

    /// Whether an address is allowed for a name.
    pub(super) fn allow(&self, host: &str, address: IpAddr) -> bool {
        is_public(address)
            || self
                .own
                .iter()
                .any(|(name, own)| name == host && *own == address)
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
        let addresses = Addresses::of(&seeds, Some(&lookup));
        assert!(addresses.allow("inside.example", loopback));
        assert!(addresses.allow("10.0.0.7", [10, 0, 0, 7].into()));
        assert!(addresses.allow("anybody.example", [1, 1, 1, 1].into()));
        assert!(!addresses.allow("other.example", loopback));
        assert!(!addresses.allow("inside.example", [10, 0, 0, 7].into()));
        assert!(!addresses.allow("x.example", loopback));
    }
}
