//! Which addresses may be asked: public ones, and those that the seeds themselves name.

use std::collections::HashSet;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use async_fetch::is_public;
use url::{Host, Url};

/// How a name becomes addresses.
pub type Lookup = Arc<dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync>;

/// Private addresses that may be asked, each under the name that led to it.
#[derive(Clone, Debug, Default)]
pub(super) struct Addresses {
    own: Vec<(String, IpAddr)>,
}

impl Addresses {
    /// What the seeds name. They are looked up once, now: a name that is public today and private in
    /// an hour is not among them.
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
                // An address is looked up without asking anybody.
                _ => seed
                    .socket_addrs(|| None)
                    .map(|all| all.iter().map(|it| it.ip()).collect()),
            };
            // A seed that is not found is told when it is fetched.
            let found = found.unwrap_or_default();
            let private = found.into_iter().filter(|it| !is_public(*it));
            own.extend(private.map(|address| (host.to_owned(), address)));
        }
        Addresses { own }
    }

    /// Whether an address may be asked under a name.
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
