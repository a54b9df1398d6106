//! Fork-join regions like those of OpenMP, for people who know them from C or from PyMP.
//!
//! The calling thread becomes thread 0 of a team, and the other threads are started. All run the
//! same closure, and the region ends when all have finished. The module needs only `std` and has no
//! `unsafe`: copy `omp.rs` and `omp/` into your own crate, declare `pub mod omp;`, and replace
//! `mandelbrot::` in the examples by its name. The first region wraps the process's panic hook,
//! once, because only a hook knows the place of a panic.
//!
//! ```
//! use mandelbrot::omp;
//!
//! let mut squares = vec![0; 1000];
//! let parts = omp::Parts::new(&mut squares, 10);
//! let sums = omp::parallel(4, |p| {
//!     let mut sum = 0;
//!     for part in p.xrange(0..parts.len()) {
//!         for (n, square) in (10 * part..).zip(parts.take(part)) {
//!             *square = n * n;
//!             sum += n;
//!         }
//!     }
//!     p.reduce(sum, |a, b| a + b)
//! });
//! assert_eq!(sums, [499_500; 4]);
//! assert_eq!(squares[31], 961);
//! ```
//!
//! | OpenMP | PyMP | here |
//! |---|---|---|
//! | `parallel num_threads(4)` | `pymp.Parallel(4)` | [`parallel(4, \|p\| …)`](parallel) |
//! | `parallel if(n > 1000)` | `if_=` | [`Region::only_if`] |
//! | `for schedule(static)` | `p.range` | [`Thread::range`] |
//! | `for schedule(dynamic)` | `p.xrange` | [`Thread::xrange`] |
//! | `for schedule(guided, 4)` | | [`Thread::iterate`] |
//! | `for schedule(runtime)` | | [`Thread::runtime`] |
//! | `omp_get_thread_num()` | `p.thread_num` | [`Thread::thread_num`] |
//! | `omp_get_num_threads()` | `p.num_threads` | [`Thread::num_threads`] |
//! | `barrier` | | [`Thread::barrier`] |
//! | `single`, `master` | | [`Thread::single`], [`Thread::master`] |
//! | `critical`, `critical(name)` | `p.lock` | [`Thread::critical`], [`Thread::critical_named`], [`Thread::lock`] |
//! | a loop with steps, over an array | `p.iterate` | [`Thread::steps`], [`Thread::items`] |
//! | `collapse(2)` | | [`Thread::collapse`] |
//! | `ordered` | | [`Thread::ordered`] |
//! | `reduction(+: sum)` | | [`Thread::reduce`] |
//! | a shared array | `pymp.shared.array` | [`Parts`] |
//! | `OMP_NUM_THREADS`, `OMP_SCHEDULE`, `OMP_MAX_ACTIVE_LEVELS`, `OMP_THREAD_LIMIT` | the first | [`Settings`] |
//!
//! Differences from OpenMP: a loop ends without a barrier, as in PyMP. A panic ends the region for
//! all threads and continues in the caller. A barrier that not all threads reach is a panic, not a
//! hang. Each region starts its threads, which takes tens of microseconds, so a region should have
//! at least a millisecond of work.
//!
//! A nested region runs on one thread, unless [`Region::max_active_levels`] or
//! `OMP_MAX_ACTIVE_LEVELS` allows more, or `OMP_NUM_THREADS` is a list: one number per level.
//!
//! There are no tasks: a task may outlive the turn that created it, and borrow what that turn
//! borrows. Use `rayon::scope` for that.

mod barrier;
mod handout;
mod locks;
mod loops;
mod ordered;
mod panics;
mod parts;
mod reductions;
mod region;
mod room;
mod schedule;
mod settings;
mod thread;

pub use handout::Loop;
pub use locks::Guard;
pub use ordered::{OrderedLoop, Turn};
pub use panics::Panic;
pub use parts::Parts;
pub use region::{Region, parallel};
pub use schedule::{ParseScheduleError, Schedule};
pub use settings::{Settings, SettingsError};
pub use thread::Thread;
