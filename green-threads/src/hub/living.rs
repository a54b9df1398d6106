//! The green threads that have not ended.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::task::Task;

/// If there are more green threads than this, the stack of the next one is prefetched. Fewer of
/// them fit into the CPU's second-level cache, where a prefetch would only cost time.
const CROWD: usize = 4096;

/// A table of at most this size keeps its memory when all of its green threads have ended.
const FEW: usize = 1024;

/// The green threads that have not ended. This table owns them; the ready queue only points to
/// them.
pub(crate) struct Living {
    table: RefCell<Table>,
    count: Cell<usize>,
    next_id: Cell<u64>,
}

#[derive(Default)]
struct Table {
    tasks: Vec<Option<Rc<Task>>>,
    free: Vec<u32>,
}

impl Default for Living {
    fn default() -> Self {
        Living {
            table: RefCell::default(),
            count: Cell::new(0),
            // The root has number 0.
            next_id: Cell::new(1),
        }
    }
}

impl Living {
    /// A number that no other green thread or time-out of this hub has.
    pub(crate) fn next_id(&self) -> u64 {
        let id = self.next_id.get();
        self.next_id.set(id + 1);
        id
    }

    pub(crate) fn count(&self) -> usize {
        self.count.get()
    }

    /// Whether there are more than a CPU's caches hold.
    #[inline]
    pub(super) fn is_crowd(&self) -> bool {
        self.count.get() > CROWD
    }

    pub(super) fn add(&self, task: &Rc<Task>) {
        let mut table = self.table.borrow_mut();
        let entry = Some(Rc::clone(task));
        let place = match table.free.pop() {
            Some(place) => {
                table.tasks[place as usize] = entry;
                place
            }
            None => {
                table.tasks.push(entry);
                (table.tasks.len() - 1) as u32
            }
        };
        task.place.set(place);
        self.count.set(self.count.get() + 1);
    }

    /// Removes a green thread that has ended.
    pub(super) fn remove(&self, task: &Task) -> Option<Rc<Task>> {
        let mut table = self.table.borrow_mut();
        let place = task.place.get();
        let entry = table.tasks[place as usize].take();
        table.free.push(place);
        self.count.set(self.count.get() - 1);
        if self.count.get() == 0 && table.tasks.len() > FEW {
            // The table was large, so its memory is freed.
            *table = Table::default();
        }
        entry
    }

    /// All of them, in no order.
    pub(crate) fn all(&self) -> Vec<Rc<Task>> {
        self.table
            .borrow()
            .tasks
            .iter()
            .flatten()
            .cloned()
            .collect()
    }
}
