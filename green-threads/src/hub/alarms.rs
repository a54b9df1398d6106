//! What is to happen at a time.

use std::cell::RefCell;
use std::rc::Rc;

use event_loop::TimerKey;

use crate::task::{Raise, Task};

/// What a timer does.
pub(super) enum Alarm {
    Wake(Rc<Task>),
    Raise(Rc<Task>, Raise),
}

/// The alarm of each timer that is set, by its key's index.
#[derive(Default)]
pub(super) struct Alarms {
    table: RefCell<Vec<Option<(TimerKey, Alarm)>>>,
}

impl Alarms {
    pub(super) fn set(&self, key: TimerKey, alarm: Alarm) {
        let mut table = self.table.borrow_mut();
        if table.len() <= key.index() {
            table.resize_with(key.index() + 1, || None);
        }
        table[key.index()] = Some((key, alarm));
    }

    /// Takes the alarm of a timer.
    pub(super) fn take(&self, key: TimerKey) -> Option<Alarm> {
        let mut table = self.table.borrow_mut();
        let entry = table.get_mut(key.index())?;
        if entry.as_ref()?.0 != key {
            return None;
        }
        entry.take().map(|(_, alarm)| alarm)
    }
}
