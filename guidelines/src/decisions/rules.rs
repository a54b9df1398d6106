//! The decisions and their rules, as data.

use super::{Claim, Question, Rule};

/// In the workshop's order.
pub(super) const QUESTIONS: &[Question] = &[
    Question {
        id: "threads-or-processes",
        question: "Threads or processes?",
        rules: &[
            Rule {
                says: "For work that computes, threads pay sooner than processes: Rust has no global \
                       lock.",
                source: "this workshop, against the habit of Python users",
                claim: Claim::Less("two-workers/thread-pool", "two-workers/process-pool"),
            },
            Rule {
                says: "A fresh process costs at least ten times what a thread costs.",
                source: "matklad/benchmarks, fn-thread-proc: 540 us against 12 us",
                claim: Claim::TimesAtLeast("start/process", "start/thread", 10.0),
            },
            Rule {
                says: "In CPython, two threads that compute are not faster than one.",
                source: "the GIL; PEP 703 says what changes",
                claim: Claim::AtMost("python/speed-up/threads", 1.3),
            },
            Rule {
                says: "In CPython, two processes that compute are.",
                source: "the documentation of multiprocessing",
                claim: Claim::AtLeast("python/speed-up/processes", 1.3),
            },
        ],
        backed: "Threads, for computing: a pool or rayon. Processes only to be safe from what they \
                 run: a crash, a leak, a decoder of files from strangers.",
        contradicted: "Processes pay as soon as threads here. Take them if one job must not be able \
                       to bring down the others; else threads, which share memory.",
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
                says: "What computes belongs on other threads: then the server answers as before.",
                source: "the Tokio tutorial; the documentation of spawn_blocking",
                claim: Claim::TimesAtLeast("latency/inline", "latency/pool", 2.0),
            },
            Rule {
                says: "A few hundred that wait: threads do as well.",
                source: "the documentation of curio",
                claim: Claim::AtLeast("waiting/time", 200.0),
            },
            Rule {
                says: "Async needs a few thousand that wait before it gains time.",
                source: "JEP 444, of virtual threads: scale, not speed",
                claim: Claim::AtLeast("waiting/time", 2000.0),
            },
            Rule {
                says: "A thread that waits takes at least ten times the memory of a task.",
                source: "jimblandy/context-switch: 20 KiB against a few hundred bytes",
                claim: Claim::TimesAtLeast("memory/thread", "memory/tokio-task", 10.0),
            },
            Rule {
                says: "A switch between tasks is cheaper than one between threads.",
                source: "jimblandy/context-switch: 0.2 us against 1.7 us",
                claim: Claim::Less("switch/tokio-task", "switch/thread"),
            },
            Rule {
                says: "Woken by I/O, tasks are no faster than threads: at most 1.5 times.",
                source: "jimblandy/context-switch: 1.7 us both",
                claim: Claim::TimesAtMost("switch/thread-socket", "switch/tokio-socket", 1.5),
            },
            Rule {
                says: "Threads on one CPU lose what they were behind: at most twice a task's switch.",
                source: "jimblandy/context-switch: the advantage is gone when pinned",
                claim: Claim::TimesAtMost("switch/thread-pinned", "switch/tokio-task", 2.0),
            },
        ],
        backed: "Async to wait, threads to compute. In an async program, whatever computes longer \
                 than 100 us goes to a pool.",
        contradicted: "Async to wait, threads to compute. Here yields in the computation did not help \
                       the server: move it to a pool.",
    },
    Question {
        id: "futures-or-by-hand",
        question: "Concurrent futures, or multiprocessing and threads by hand?",
        rules: &[
            Rule {
                says: "A process of its own costs at least ten times a job in a process pool.",
                source: "the documentation of concurrent.futures",
                claim: Claim::TimesAtLeast("start/process", "start/process-job", 10.0),
            },
            Rule {
                says: "A closure in a thread pool is cheaper than a thread of its own.",
                source: "matklad/benchmarks: 4.6 us against 12 us",
                claim: Claim::Less("start/pool-closure", "start/thread"),
            },
            Rule {
                says: "Many short jobs for processes should travel in chunks.",
                source: "the documentation of Executor.map: chunksize",
                claim: Claim::AtLeast("chunk/process-pool", 2e-6),
            },
            Rule {
                says: "A job in Python's process pool costs at least five times a job in ours.",
                source: "this workshop, the room executors",
                claim: Claim::TimesAtLeast("python/start/process-job", "start/process-job", 5.0),
            },
        ],
        backed: "A pool and its futures. Start threads or processes by hand only for a few that live \
                 as long as the program.",
        contradicted: "Here a fresh process costs not much more than a pool's job: take the simpler \
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
                says: "The same within one house: at most 1.5 times our own scheduler's task.",
                source: "this workshop, the rooms reactor and scheduler",
                claim: Claim::TimesAtMost("start/reactor-call", "start/scheduler-task", 1.5),
            },
            Rule {
                says: "Neither takes more than 1 KiB for one that waits.",
                source: "this workshop, the rooms reactor and scheduler",
                claim: Claim::AtMost("memory/reactor-call", 1024.0),
            },
        ],
        backed: "Async. Callbacks are as fast, so speed is no reason against them; but what follows \
                 what is hard to read off them, and errors are easily lost.",
        contradicted: "Async. Callbacks are not even faster here.",
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
        backed: "Async, for many that wait and for libraries of others. Green threads where code that \
                 looks blocking is to be kept, and their stacks can be afforded.",
        contradicted: "Either: here a green thread takes no more memory than a task.",
    },
    Question {
        id: "rayon-or-a-pool",
        question: "rayon, or a pool?",
        rules: &[
            Rule {
                says: "rayon pays for shorter tasks than a pool with a queue.",
                source: "the documentation of rayon; chili's figures say it may be less still",
                claim: Claim::Less("two-workers/rayon", "two-workers/thread-pool"),
            },
            Rule {
                says: "2,000 tiny items are slower in parallel.",
                source: "rayon-rs/rayon#648: 1.6 us serially, 21 us in parallel",
                claim: Claim::Less("items/serial", "items/rayon"),
            },
            Rule {
                says: "Stealing pays where halves are uneven: from a tenth on.",
                source: "the documentation of rayon",
                claim: Claim::AtMost("stealing", 0.1),
            },
            Rule {
                says: "SIMD on one core beats plain code on all cores.",
                source: "this workshop, the room mandelbrot",
                claim: Claim::Less("gain/cores", "gain/simd"),
            },
        ],
        backed: "rayon, for data that is there and work that computes. A pool for jobs that come one \
                 by one, that wait, or that must be bounded, cancelled or awaited.",
        contradicted: "Here a pool pays as soon as rayon: choose by what the code needs, not by speed.",
    },
    Question {
        id: "one-machine-or-many",
        question: "One machine, or many?",
        rules: &[Rule {
            says: "A job by a broker costs at least ten times one in a process pool: stay on one \
                   machine while it is enough.",
            source: "without.boats, \"Thread-per-core\": below one core's work stay on one",
            claim: Claim::TimesAtLeast("cluster/round-trip", "start/process-job", 10.0),
        }],
        backed: "One, as long as it is enough. Many for jobs that are long beside the broker's round \
                 trip, or that must survive the machine.",
        contradicted: "Here a broker costs hardly more than a process pool: the number of machines \
                       decides.",
    },
];
