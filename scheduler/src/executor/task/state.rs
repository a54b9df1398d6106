//! The state flags of a task. Only home uses them.

use super::TaskRef;

/// In the ready queue.
pub(super) const SCHEDULED: u8 = 1;
/// Being polled, or being dropped.
pub(super) const RUNNING: u8 = 2;
/// The future is gone.
pub(super) const FINISHED: u8 = 4;
/// To be cancelled when it does not run any more.
pub(super) const ABORTED: u8 = 8;
/// There is a join handle.
pub(super) const JOINED: u8 = 16;
/// All references are counted in `away`.
pub(super) const MERGED_HOME: u8 = 32;
/// The output is gone: the join handle has taken it, or it was dropped.
pub(super) const TAKEN: u8 = 64;

impl TaskRef {
    pub(super) fn is(self, flag: u8) -> bool {
        self.header().state.get() & flag != 0
    }

    pub(super) fn set(self, flags: u8) {
        let state = &self.header().state;
        state.set(state.get() | flags);
    }

    pub(super) fn clear(self, flags: u8) {
        let state = &self.header().state;
        state.set(state.get() & !flags);
    }

    pub(in super::super) fn finished(self) -> bool {
        self.is(FINISHED)
    }

    pub(in super::super) fn is_scheduled(self) -> bool {
        self.is(SCHEDULED)
    }
}
