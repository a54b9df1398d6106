//! The steps of each room are short and complete, and they run.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lessons::steps::{Example, examples};
use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::process::Command;

/// The maximum number of lines of a step; the `//!` lines at its head do not count.
const LONGEST: usize = 60;

fn traps() -> Vec<Example> {
    let mut traps = examples().unwrap();
    traps.retain(Example::is_trap);
    traps
}

fn steps() -> BTreeMap<String, Vec<Example>> {
    let mut rooms: BTreeMap<String, Vec<Example>> = BTreeMap::new();
    for example in examples().unwrap() {
        if example.number().is_some() {
            rooms.entry(example.room.clone()).or_default().push(example);
        }
    }
    for steps in rooms.values_mut() {
        steps.sort_by_key(Example::number);
    }
    rooms
}

#[test]
fn no_two_examples_have_the_same_name() {
    let mut names = HashSet::new();
    for example in examples().unwrap() {
        assert!(names.insert(example.name.clone()), "{}", example.name);
    }
}

#[test]
fn steps_are_numbered_from_1_and_named_after_their_room() {
    for (room, steps) in steps() {
        let numbers: Vec<_> = steps.iter().filter_map(Example::number).collect();
        assert_eq!(numbers, (1..=steps.len()).collect::<Vec<_>>(), "{room}");
        for (number, step) in (1..).zip(&steps) {
            assert_eq!(step.name, format!("{room}-{number}"));
        }
    }
}

#[test]
fn a_step_is_short_and_needs_no_library_of_the_house() {
    let rooms: HashSet<String> = examples().unwrap().into_iter().map(|it| it.room).collect();
    for step in steps().into_values().flatten().chain(traps()) {
        let text = std::fs::read_to_string(&step.path).unwrap();
        assert!(
            text.starts_with("//! "),
            "{}: what does it show?",
            step.name
        );
        let code: Vec<&str> = text.lines().filter(|it| !it.starts_with("//!")).collect();
        assert!(code.len() <= LONGEST, "{}: {} lines", step.name, code.len());
        for line in code
            .iter()
            .filter_map(|it| it.trim_start().strip_prefix("use "))
        {
            let krate = line
                .split([':', ';', ' '])
                .next()
                .unwrap()
                .replace('_', "-");
            let own = krate == "common" || rooms.contains(&krate);
            // A web site to fetch from is not part of the lesson of a step.
            let may = krate == "demo-site" && ["async-fetch", "crawler"].contains(&&*step.room);
            assert!(!own || may, "{}: {line}", step.name);
        }
    }
}

/// Output of steps whose answer is known from another source: there are 41538 primes below 500,000
/// (OEIS A000720), the factorial of 20 is 2432902008176640000, and the Collatz sequence from 27
/// takes 111 steps (A006577).
const SHOWN: &[(&str, &str)] = &[
    ("primes-1", "41538 primes below 500000"),
    ("primes-2", "41538 primes below 500000"),
    ("primes-3", "41538 primes below 500000"),
    ("primes-4", "41538 primes below 500000"),
    ("primes-5", "41538 primes below 500000"),
    ("primes-6", "41538 primes below 500000"),
    ("primes-7", "41538 primes below 500000"),
    ("primes-8", "41538 primes below 500000"),
    ("primes-9", "41538 primes below 500000"),
    ("mandelbrot-5", "the second process: exit status: 0"),
    ("executors-1", "3 squared is 9"),
    ("executors-2", "all done"),
    ("executors-3", "20! = Some(2432902008176640000)"),
    ("executors-4", "7: inputs -> stupni"),
    ("executors-5", "waited for 30 ms"),
    ("executors-6", "27 takes 111"),
    ("executors-7", "job 20: 10"),
    ("scheduler-1", "[1, 1, 2, 3, 5, 8, 13, 21, 34, 55]"),
    ("scheduler-2", "egg is done"),
    ("scheduler-3", "rice is done"),
    ("scheduler-4", "egg: out again"),
    ("scheduler-5", "10 after 4 polls"),
    ("scheduler-6", "the value is 42"),
    ("scheduler-7", "tea: 1"),
    ("scheduler-8", "100 sleepers of 100 ms each"),
    (
        "scheduler-9",
        "echoed 13 bytes; the client got \"hello, socket\"",
    ),
    ("reactor-1", "socket 0: 5 bytes"),
    ("reactor-2", "a message: callback"),
    ("reactor-3", "cancelled: true"),
    ("reactor-4", "hello, Björn"),
    ("reactor-5", "the end of the chain: 42"),
    ("reactor-6", "Ben hears Some(Ok(\"Ann: hello Ben\"))"),
    ("green-threads-1", "dinner is ready"),
    ("green-threads-2", "egg is done"),
    ("green-threads-3", "1000 sleepers"),
    ("green-threads-4", "egg got \"egg\""),
    ("guidelines-1", "a sum of 1000 numbers: "),
    ("guidelines-2", "a thread: "),
    ("guidelines-3", "two threads"),
    ("green-threads-5", "heard: \"Ben: hello\\nCarl: hello\\n\""),
];

/// Output of traps: the wrong answer and the right one, if they are independent of the machine.
const TRAPS: &[(&str, &[&str])] = &[
    (
        "primes-trap-pieces",
        &[
            "pieces of 1: 2857143 found",
            "pieces of 10000: 2857143 found",
        ],
    ),
    (
        "mandelbrot-trap-sum",
        &["[0, 1, 2]: 0", "[0, 2, 1]: 1", "by three threads: 0"],
    ),
    (
        "mandelbrot-trap-lock",
        &["a lock for each pixel", "a lock for each row"],
    ),
    (
        "executors-trap-nested",
        &["no answer", "outside the pool: 42"],
    ),
    (
        "executors-trap-lost-error",
        &["all 3 files are saved", "right: 2 saved"],
    ),
    (
        "scheduler-trap-waker",
        &[
            "without the waker: Err(\"never woken\")",
            "with the waker: Ok(42)",
        ],
    ),
    (
        "scheduler-trap-greedy",
        &["20000000 numbers a turn", "10000 numbers a turn"],
    ),
    (
        "reactor-trap-blocking",
        &[
            "in the callback: the timer was",
            "on a thread: the timer was",
        ],
    ),
    ("reactor-trap-one-read", &["event: 1 of 3", "block: 3 of 3"]),
    (
        "green-threads-trap-blocking",
        &["thread::sleep: ", "the hub sleeps: "],
    ),
    (
        "green-threads-trap-wait-between",
        &["act: -80 is left", "between: 40 is left"],
    ),
    (
        "green-threads-trap-lock",
        &["would be a deadlock", "the value is 1"],
    ),
    (
        "green-threads-trap-recursion",
        &["64 KiB: signal: 11 (SIGSEGV)", "1 MiB: the sum is 500500"],
    ),
    ("async-fetch-trap-lock", &["Err(\"no answer\")", "Ok(2)"]),
    (
        "crawler-trap-empty-queue",
        &[
            "leaves at an empty queue: 60",
            "waits for those at work: 60",
        ],
    ),
    (
        "crawler-trap-seen-late",
        &["69 fetches for 50", "50 fetches for 50"],
    ),
    (
        "thumbnails-trap-bomb",
        &["30000x30000, 3433 MiB", "with a limit: "],
    ),
    (
        "thumbnails-trap-first-error",
        &["1 of 5 made", "4 of 5 made"],
    ),
];

/// The path of an example, beside the tests' folder. `cargo test --workspace` builds both.
fn binary(name: &str) -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.push("examples");
    path.push(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    path
}

fn run(name: &str) -> Option<String> {
    run_with(name, &[])
}

fn run_with(name: &str, env: &[(&str, &str)]) -> Option<String> {
    let path = binary(name);
    if !path.exists() && std::env::var_os("CI").is_none() {
        println!("{name} is not built: skipped (`cargo test --workspace` builds it)");
        return None;
    }
    let output = Command::new(&path).envs(env.iter().copied()).output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(output.status.success(), "{name}: {output:?}");
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn each_step_shows_what_it_promises() {
    for (name, expected) in SHOWN {
        if let Some(text) = run(name) {
            assert!(text.contains(expected), "{name}: {text}");
        }
    }
}

/// Output of the steps and traps of the chapter cluster.
const WITH_A_BROKER: &[(&str, &str)] = &[
    ("cluster-1", "5 squared is 25"),
    ("cluster-2", "5 jobs: 4 answers, 0 waiting, 1 lost"),
    ("cluster-3", "taken by Ann"),
    ("cluster-4", "Ben has done the job"),
    ("cluster-5", "Ann has done the job"),
    ("cluster-6", "1000 of 1000 claimed or cancelled, 0 both"),
    ("cluster-7", "3 deliveries: now it is a dead letter"),
    (
        "cluster-trap-repeat",
        "repeated: 20 charged; with a note of the job: 10 charged",
    ),
    // 100 or 125 MiB: Redis counts what its allocator has reserved.
    ("cluster-trap-large", "MiB; their names: 0 MiB"),
    ("cluster-trap-nested", "the jobs wait: 0 of 2 done"),
    (
        "cluster-trap-forgetful",
        "started again: 0 of 100 jobs; with a file: 100 of 100",
    ),
];

/// Ends the server also when the test fails.
struct Server(std::process::Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_steps_of_cluster_show_what_they_promise() {
    if Command::new("redis-server")
        .arg("--version")
        .output()
        .is_err()
    {
        assert!(std::env::var_os("CI").is_none(), "redis-server is missing");
        println!("redis-server is not installed: skipped");
        return;
    }
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = port.local_addr().unwrap();
    drop(port);
    let mut server = Server(
        Command::new("redis-server")
            .args(["--port", &address.port().to_string(), "--save", ""])
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap(),
    );
    while std::net::TcpStream::connect(address).is_err() {
        assert!(
            server.0.try_wait().unwrap().is_none(),
            "the server has ended"
        );
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let url = format!("redis://{address}");
    let texts = WITH_A_BROKER
        .iter()
        .map(|(name, _)| run_with(name, &[("REDIS_URL", url.as_str())]));
    let texts: Vec<_> = texts.collect();
    drop(server);
    for ((name, expected), text) in WITH_A_BROKER.iter().zip(texts) {
        let Some(text) = text else { continue };
        assert!(text.contains(expected), "{name}: {text}");
        // In step 4 the job runs twice; with a lease it runs once.
        let begun = text.matches("begins the job").count();
        assert_eq!(
            begun,
            [("cluster-4", 2), ("cluster-5", 1)]
                .iter()
                .find(|it| it.0 == *name)
                .map_or(0, |it| it.1),
            "{text}"
        );
    }
}

#[test]
fn each_trap_shows_what_goes_wrong_and_the_cure() {
    let with_a_broker = WITH_A_BROKER.iter().map(|(name, _)| *name);
    let tried = TRAPS.iter().map(|(name, _)| *name).chain(with_a_broker);
    let tried: HashSet<&str> = tried.collect();
    for trap in traps() {
        assert!(tried.contains(&*trap.name), "{} is not tried", trap.name);
    }
    for (name, expected) in TRAPS {
        let Some(text) = run(name) else { continue };
        for part in *expected {
            assert!(text.contains(part), "{name}: {text}");
        }
    }
}

#[test]
fn the_steps_of_mandelbrot_draw_the_same_picture() {
    let picture = |text: String| text.lines().take(24).map(str::to_owned).collect::<Vec<_>>();
    let Some(first) = run("mandelbrot-1").map(picture) else {
        return;
    };
    // CPython counts as many with the same formula (`complex` numbers are two f64).
    assert_eq!(
        first
            .iter()
            .flat_map(|row| row.chars())
            .filter(|&it| it == '#')
            .count(),
        351
    );
    for number in 2..=7 {
        assert_eq!(
            run(&format!("mandelbrot-{number}")).map(picture).as_ref(),
            Some(&first)
        );
    }
}
