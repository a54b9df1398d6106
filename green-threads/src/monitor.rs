//! Finds green threads that keep the thread to themselves.

use std::panic::Location;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

/// What a hub shows to its monitor: written at each switch, so by plain stores.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    /// Counts the switches.
    beats: AtomicU64,
    /// Who runs; 0 while nobody does.
    running: AtomicU64,
    spawned_at: AtomicPtr<Location<'static>>,
}

impl Pulse {
    #[inline]
    pub(crate) fn beat(&self, id: u64, spawned_at: &'static Location<'static>) {
        // Only this thread writes.
        let beats = self.beats.load(Ordering::Relaxed);
        self.running.store(id, Ordering::Relaxed);
        self.spawned_at
            .store(ptr::from_ref(spawned_at).cast_mut(), Ordering::Relaxed);
        self.beats.store(beats + 1, Ordering::Release);
    }

    #[inline]
    pub(crate) fn rest(&self) {
        self.running.store(0, Ordering::Relaxed);
    }
}
