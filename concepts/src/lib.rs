//! What concurrency is, shown by painters and rooms.
//!
//! Two rooms are to be painted. A room is a list of pieces of work: a piece either computes (paint a
//! stretch of wall) or waits (let the coat dry). There are four ways to organise the painters:
//!
//! | function | threads | what it shows |
//! |---|---|---|
//! | [`one_after_another`](scenes::one_after_another) | 1 | sequential: the second room starts when the first is done |
//! | [`taking_turns`](scenes::taking_turns) | 1 | concurrent, not parallel: both rooms are under way, one thread works on them in turn |
//! | [`two_painters`](scenes::two_painters) | one a room | parallel: two threads on two CPUs |
//! | [`one_ladder`](scenes::one_ladder) | one a room | two threads and one lock that painting needs: Python's GIL |
//!
//! Each function does the work, and notes when each painter did what. The paint of all four is equal: compare
//! [`Scene::paint`](scenes::Scene).
//!
//! # Examples
//!
//! ```
//! use concepts::{paint::Brush, room::Room, scenes};
//!
//! let brush = Brush::new(1000);
//! let rooms = [Room::new(0, 4), Room::new(1, 4)];
//! let alone = scenes::one_after_another(&rooms, brush);
//! let together = scenes::two_painters(&rooms, brush);
//! assert_eq!(alone.paint, together.paint);
//! assert_eq!((alone.lanes.len(), together.lanes.len()), (1, 2));
//! ```
//!
//! # What the compiler refuses
//!
//! A data race does not compile. A thread may outlive the function that started it, so it can't borrow
//! from it:
//!
//! ```compile_fail,E0373
//! let mut count = 0;
//! std::thread::spawn(|| count += 1);
//! ```
//!
//! Two threads can't both change a variable without a lock or an atomic:
//!
//! ```compile_fail,E0499
//! let mut count = 0;
//! std::thread::scope(|scope| {
//!     scope.spawn(|| count += 1);
//!     scope.spawn(|| count += 1);
//! });
//! ```
//!
//! A type that is not made for threads can't go to another thread. The counter of [`Rc`](std::rc::Rc) is not
//! atomic:
//!
//! ```compile_fail,E0277
//! let shared = std::rc::Rc::new(1);
//! std::thread::spawn(move || println!("{shared}"));
//! ```

pub mod diary;
pub mod ladder;
pub mod paint;
pub mod room;
pub mod scenes;
