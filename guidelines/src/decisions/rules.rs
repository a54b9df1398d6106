//! The decisions and their rules, as data.

use super::{Claim, Question, Rule};

/// In the workshop's order.
pub(super) const QUESTIONS: &[Question] = &[
    Question {
        id: "threads-or-processes",
        question: "Threads or processes?",
        rules: &[
            Rule {
                says: "For work that computes, threads pay from a shorter task on than processes: Rust \
                       has no global lock.",
                source: "this workshop, against the habit of Python users",
                claim: Claim::Less("two-workers/thread-pool", "two-workers/process-pool"),
            },
            Rule {
                says: "A new process costs at least ten times as much as a new thread.",
                source: "matklad/benchmarks, fn-thread-proc: 540 us against 12 us",
                claim: Claim::TimesAtLeast("start/process", "start/thread", 10.0),
            },
            Rule {
                says: "In CPython, two threads that compute are not faster than one.",
                source: "the GIL; PEP 703 says what changes",
                claim: Claim::AtMost("python/speed-up/threads", 1.3),
            },
            Rule {
                says: "In CPython, two processes that compute are faster than one.",
                source: "the documentation of multiprocessing",
                claim: Claim::AtLeast("python/speed-up/processes", 1.3),
            },
        ],
        backed: "To compute, use threads: a pool or rayon. Use processes only for safety: a task may \
                 crash or leak memory, or it decodes files from strangers.",
        contradicted: "Here processes pay from as short a task on as threads. Use processes if a job \
                       must not be able to end the others. Otherwise use threads: they share \
                       memory.",
    },
    Question {
        id: "asyncio-or-parallelism",
        question: "asyncio (async) or true parallelism?",
        rules: &[
            Rule {
                says: "A task that computes for long keeps all other tasks of its thread waiting.",
                source: "Alice Ryhl, \"Async: what is blocking?\": 10 to 100 us between awaits",
                claim: Claim::TimesAtLeast("latency/inline", "latency/yields", 2.0),
            },
            Rule {
                says: "If other threads compute, the server answers as fast as without the computation.",
                source: "the Tokio tutorial; the documentation of spawn_blocking",
                claim: Claim::TimesAtLeast("latency/inline", "latency/pool", 2.0),
            },
            Rule {
                says: "With a few hundred waits at once, threads are as good as async.",
                source: "the documentation of curio",
                claim: Claim::AtLeast("waiting/time", 200.0),
            },
            Rule {
                says: "Async saves time only with a few thousand waits at once, or more.",
                source: "JEP 444, of virtual threads: scale, not speed",
                claim: Claim::AtLeast("waiting/time", 2000.0),
            },
            Rule {
                says: "A thread that waits takes at least ten times as much memory as a task.",
                source: "jimblandy/context-switch: 20 KiB against a few hundred bytes",
                claim: Claim::TimesAtLeast("memory/thread", "memory/tokio-task", 10.0),
            },
            Rule {
                says: "A switch between tasks is cheaper than one between threads.",
                source: "jimblandy/context-switch: 0.2 us against 1.7 us",
                claim: Claim::Less("switch/tokio-task", "switch/thread"),
            },
            Rule {
                says: "Woken by I/O, tasks are not much faster than threads: at most 1.5 times.",
                source: "jimblandy/context-switch: 1.7 us both",
                claim: Claim::TimesAtMost("switch/thread-socket", "switch/tokio-socket", 1.5),
            },
            Rule {
                says: "On one CPU threads switch almost as fast as tasks: at most twice the time.",
                source: "jimblandy/context-switch: the advantage is gone when pinned",
                claim: Claim::TimesAtMost("switch/thread-pinned", "switch/tokio-task", 2.0),
            },
        ],
        backed: "Use async to wait and threads to compute. In an async program, a computation of more \
                 than 100 us belongs in a pool.",
        contradicted: "Use async to wait and threads to compute. Here yields in the computation did \
                       not help the server: move the computation to a pool.",
    },
    Question {
        id: "futures-or-by-hand",
        question: "Concurrent futures, or multiprocessing and threads by hand?",
        rules: &[
            Rule {
                says: "A new process costs at least ten times as much as a job in a process pool.",
                source: "the documentation of concurrent.futures",
                claim: Claim::TimesAtLeast("start/process", "start/process-job", 10.0),
            },
            Rule {
                says: "A closure in a thread pool is cheaper than a new thread.",
                source: "matklad/benchmarks: 4.6 us against 12 us",
                claim: Claim::Less("start/pool-closure", "start/thread"),
            },
            Rule {
                says: "Many short jobs for processes should be sent in chunks.",
                source: "the documentation of Executor.map: chunksize",
                claim: Claim::AtLeast("chunk/process-pool", 2e-6),
            },
            Rule {
                says: "A job in Python's process pool costs at least five times as much as one in ours.",
                source: "this workshop, the room executors",
                claim: Claim::TimesAtLeast("python/start/process-job", "start/process-job", 5.0),
            },
        ],
        backed: "Use a pool and its futures. Start a thread or a process by hand only if it lives as \
                 long as the program.",
        contradicted: "Here a new process costs not much more than a job in a pool: use the simpler \
                       one.",
    },
    Question {
        id: "reactor-or-async",
        question: "Twisted (a reactor with callbacks), or async?",
        rules: &[
            Rule {
                says: "Callbacks are as fast as tasks: at most 1.5 times their cost.",
                source: "the Async Book: event-driven programming can be very fast",
                claim: Claim::TimesAtMost("start/reactor-call", "start/tokio-task", 1.5),
            },
            Rule {
                says: "The same within this workshop: at most 1.5 times a task of our scheduler.",
                source: "this workshop, the rooms reactor and scheduler",
                claim: Claim::TimesAtMost("start/reactor-call", "start/scheduler-task", 1.5),
            },
            Rule {
                says: "A callback that waits takes at most 1 KiB.",
                source: "this workshop, the rooms reactor and scheduler",
                claim: Claim::AtMost("memory/reactor-call", 1024.0),
            },
        ],
        backed: "Use async. Callbacks are as fast, so speed does not decide. But in callbacks the \
                 order of the steps is hard to see, and errors are easily lost.",
        contradicted: "Use async. Here callbacks are slower.",
    },
    Question {
        id: "green-threads-or-async",
        question: "Green threads, or async?",
        rules: &[
            Rule {
                says: "Async tasks take less memory than green threads: no stack for each.",
                source: "the Async Book, on coroutines",
                claim: Claim::Less("memory/tokio-task", "memory/green-thread"),
            },
            Rule {
                says: "Green threads switch faster than threads.",
                source: "gevent's and may's documentation",
                claim: Claim::Less("switch/green-thread", "switch/thread"),
            },
            Rule {
                says: "Green threads take less memory than threads.",
                source: "gevent's documentation",
                claim: Claim::Less("memory/green-thread", "memory/thread"),
            },
        ],
        backed: "Use async: for many waits at once, and because most libraries are written for it. Use \
                 green threads for existing code that blocks, if there is memory for their stacks.",
        contradicted: "Use either: here a green thread takes no more memory than a task.",
    },
    Question {
        id: "rayon-or-a-pool",
        question: "rayon, or a pool?",
        rules: &[
            Rule {
                says: "rayon pays from a shorter task on than a pool with a queue.",
                source: "the documentation of rayon; the crate chili has even lower figures",
                claim: Claim::Less("two-workers/rayon", "two-workers/thread-pool"),
            },
            Rule {
                says: "2,000 tiny items are slower in parallel.",
                source: "rayon-rs/rayon#648: 1.6 us serially, 21 us in parallel",
                claim: Claim::Less("items/serial", "items/rayon"),
            },
            Rule {
                says: "Stealing pays if one half has at least a tenth of the work too much.",
                source: "the documentation of rayon",
                claim: Claim::AtMost("stealing", 0.1),
            },
            Rule {
                says: "SIMD on one core is faster than plain code on all cores.",
                source: "this workshop, the room mandelbrot",
                claim: Claim::Less("gain/cores", "gain/simd"),
            },
        ],
        backed: "Use rayon for data in memory and work that computes. Use a pool for jobs that come one \
                 by one, that wait, or that must be limited, cancelled or awaited.",
        contradicted: "Here a pool pays from as short a task on as rayon: let the code decide, not the \
                       speed.",
    },
    Question {
        id: "one-machine-or-many",
        question: "One machine, or many?",
        rules: &[Rule {
            says: "A job through a broker costs at least ten times as much as a job in a process pool.",
            source: "without.boats, \"Thread-per-core\": work for one core should stay on one",
            claim: Claim::TimesAtLeast("cluster/round-trip", "start/process-job", 10.0),
        }],
        backed: "Use one machine as long as it is enough. Use many for jobs that take much longer than \
                 the broker's round trip, or that must survive the death of a machine.",
        contradicted: "Here a broker costs hardly more than a process pool: use as many machines as \
                       the work needs.",
    },
];
