//! What a hub shows to its monitor. It is written at each switch, so by plain stores.

use std::collections::HashMap;
use std::panic::Location;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// No green thread runs: the hub waits for events.
const NOBODY: u64 = u64::MAX;

/// The thread's own stack, which is `main`'s on the main thread.
pub(super) const ROOT: u64 = 0;

#[derive(Debug, Default)]
pub(crate) struct Pulse {
    /// Counts the switches.
    beats: AtomicU64,
    /// The number of the green thread that runs.
    running: AtomicU64,
    spawned_at: AtomicPtr<Location<'static>>,
    /// How many green threads have not ended.
    others: AtomicUsize,
    names: Mutex<HashMap<u64, String>>,
}

/// What a monitor reads at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Beat {
    pub(super) beats: u64,
    /// The green thread that runs, if others may wait for it.
    pub(super) running: Option<u64>,
    pub(super) spawned_at: Option<&'static Location<'static>>,
}

impl Pulse {
    #[inline]
    pub(crate) fn beat(&self, id: u64, spawned_at: &'static Location<'static>) {
        // Only this thread writes it.
        let beats = self.beats.load(Ordering::Relaxed);
        self.running.store(id, Ordering::Relaxed);
        self.spawned_at
            .store(ptr::from_ref(spawned_at).cast_mut(), Ordering::Relaxed);
        self.beats.store(beats + 1, Ordering::Release);
    }

    #[inline]
    pub(crate) fn rest(&self) {
        self.running.store(NOBODY, Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn others(&self, count: usize) {
        self.others.store(count, Ordering::Relaxed);
    }

    /// Keeps the name of a green thread, if it has one, from its start to its end.
    pub(crate) fn name(&self, id: u64, name: Option<&str>) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        match name {
            Some(name) => names.insert(id, name.to_owned()),
            None => names.remove(&id),
        };
    }

    pub(super) fn name_of(&self, id: u64) -> Option<String> {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.get(&id).cloned()
    }

    #[allow(unsafe_code, reason = "an atomic pointer holds a location")]
    pub(super) fn look(&self) -> Beat {
        let beats = self.beats.load(Ordering::Acquire);
        let spawned_at = self.spawned_at.load(Ordering::Relaxed);
        let alone = self.others.load(Ordering::Relaxed) == 0;
        let running = match self.running.load(Ordering::Relaxed) {
            NOBODY => None,
            ROOT if alone => None,
            id => Some(id),
        };
        Beat {
            beats,
            running,
            // SAFETY: null, or from a reference that lives as long as the program.
            spawned_at: unsafe { spawned_at.as_ref() },
        }
    }
}
