//! Figures for tests: those of other machines, from the literature.

/// The figures of matklad's `fn-thread-proc` (1 ns, 4.6 us, 12 us, 540 us) and jimblandy's tasks (0.3 us), in
/// seconds; and three that stand for the rest.
pub const FIGURES: [(&str, f64); 8] = [
    ("start/call", 1e-9),
    ("start/rayon-join", 50e-9),
    ("start/tokio-task", 0.3e-6),
    ("start/pool-closure", 4.6e-6),
    ("start/thread", 12e-6),
    ("start/process-job", 30e-6),
    ("start/process", 540e-6),
    ("hand-over/process-job", 1e-3),
];
