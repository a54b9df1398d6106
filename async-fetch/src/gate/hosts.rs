//! The hosts that a gate remembers.

use std::collections::HashMap;
use std::sync::Arc;

/// Hosts that are remembered before idle ones are removed.
pub(super) const FEW: usize = 1024;

/// Idle hosts that are remembered because they have a delay or a pace of their own, in some 20 MiB. If
/// there are more, some fall back to the default.
pub(super) const DELAYS: usize = 1 << 16;

/// Whether an idle host is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remembered {
    /// Always: the next request for it must not start yet.
    Always,
    /// Like 65,536 others: it has a delay or a pace of its own.
    AsOneOfMany,
    /// Only while there are few hosts: a new one would be the same.
    WhileFew,
}

/// The hosts of a gate, by scheme, name and port. How many it remembers is bounded, except for those in use.
///
/// # Examples
///
/// ```
/// use async_fetch::{Hosts, Remembered};
///
/// let mut hosts = Hosts::default();
/// let first = hosts.host("http://a.example", || 1, |_| Remembered::WhileFew);
/// let same = hosts.host("http://a.example", || 2, |_| Remembered::WhileFew);
/// assert_eq!((*first, *same), (1, 1));
/// ```
#[derive(Debug)]
pub struct Hosts<H> {
    known: HashMap<Box<str>, Arc<H>>,
    /// How many there may be before idle ones are removed.
    many: usize,
}

impl<H> Default for Hosts<H> {
    fn default() -> Self {
        Hosts {
            known: HashMap::new(),
            many: FEW,
        }
    }
}

impl<H> Hosts<H> {
    /// The host of this name; `make` makes a new one. If there are many, idle ones are removed first, as
    /// `remembered` says.
    pub fn host(
        &mut self,
        name: &str,
        make: impl FnOnce() -> H,
        remembered: impl Fn(&H) -> Remembered,
    ) -> Arc<H> {
        if let Some(host) = self.known.get(name) {
            return Arc::clone(host);
        }
        if self.known.len() >= self.many {
            self.forget(remembered);
        }
        let host = Arc::new(make());
        self.known.insert(name.into(), Arc::clone(&host));
        host
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<H>> {
        self.known.values()
    }

    fn forget(&mut self, remembered: impl Fn(&H) -> Remembered) {
        let mut set = 0;
        self.known.retain(|_, host| {
            if Arc::strong_count(host) > 1 {
                return true;
            }
            match remembered(host) {
                Remembered::Always => true,
                Remembered::AsOneOfMany => {
                    set += 1;
                    set <= DELAYS
                }
                Remembered::WhileFew => false,
            }
        });
        self.many = FEW.max(2 * self.known.len());
    }
}
