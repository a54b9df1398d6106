//! An executor: step 3's queue, with futures in place of generators. Calling the waker of a task
//! puts it into the queue, and it is polled when its turn comes. No task is polled without need.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};

struct Task {
    work: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
    queue: mpsc::Sender<Arc<Task>>,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        let _ = self.queue.clone().send(self); // The executor may be gone.
    }
}

fn spawn(queue: mpsc::Sender<Arc<Task>>, work: impl Future<Output = ()> + Send + 'static) {
    let work = Mutex::new(Some(Box::pin(work) as _));
    Arc::new(Task { work, queue }).wake();
}

/// Runs until no task is left: the channel ends with its last sender.
fn run(queue: mpsc::Receiver<Arc<Task>>) {
    for task in queue {
        let mut slot = task.work.lock().expect("no panic");
        let Some(work) = slot.as_mut() else { continue };
        let waker = Waker::from(Arc::clone(&task));
        let mut context = Context::from_waker(&waker);
        if work.as_mut().poll(&mut context).is_ready() {
            *slot = None;
        }
    }
}

async fn yield_now() {
    let mut first = Some(Poll::Pending); // Pending once, but woken already.
    let pending_once = poll_fn(|context| match first.take() {
        Some(pending) => {
            context.waker().wake_by_ref();
            pending
        }
        None => Poll::Ready(()),
    });
    pending_once.await
}

async fn countdown(name: &'static str, from: u32) {
    for left in (1..=from).rev() {
        println!("{name}: {left}");
        yield_now().await;
    }
}

fn main() {
    let (sender, queue) = mpsc::channel();
    spawn(sender.clone(), countdown("tea", 3));
    spawn(sender, countdown("egg", 2));
    run(queue);
}
