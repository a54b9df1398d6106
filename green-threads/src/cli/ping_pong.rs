//! Measures the cost of a switch.

use std::io::Write;
use std::time::Duration;

use common::cli::{Outcome, OutputArgs, interrupt};
use common::timing;
use green_threads::ping_pong;
use serde_json::json;

use super::args::PingPongArgs;

/// A way of switching: its name and its function.
type Game = (&'static str, fn(u64));

const GAMES: [Game; 3] = [
    ("green threads, yielding", ping_pong::yields),
    ("green threads, a channel each way", |times| {
        ping_pong::green_threads(times);
    }),
    ("threads, a channel each way", |times| {
        ping_pong::threads(times);
    }),
];

/// How many switches between two checks for Ctrl-C. This takes a fraction of a second; the cost of
/// a new start is small beside it.
const SET: u64 = 1 << 20;

/// A switch between threads takes much longer, so there are this many times fewer of them.
const THREADS_LESS: u64 = 20;

pub(super) fn run(args: &PingPongArgs, output: &OutputArgs) -> anyhow::Result<Outcome> {
    let interrupt = interrupt::install()?;
    let mut out = common::cli::stdout();
    let mut games = Vec::new();
    for (name, play) in GAMES {
        let less = match name.starts_with("threads") {
            true => THREADS_LESS,
            false => 1,
        };
        let (wanted, set) = (args.times.div_ceil(less), SET / less);
        let (times, measured) = timing::measure(|| {
            let mut times = 0;
            while times < wanted && !interrupt.raised() {
                let next = set.min(wanted - times);
                play(next);
                times += next;
            }
            times
        });
        if times == 0 && interrupt.raised() {
            break;
        }
        let each = |time: Duration| time.as_nanos() as f64 / times.max(1) as f64;
        let (wall, cpu) = (each(measured.wall), each(measured.cpu.total()));
        games.push(json!({ "game": name, "times": times, "wall_ns": wall, "cpu_ns": cpu }));
        if !output.json {
            writeln!(out, "{name:<34} {wall:>9.1} ns each ({cpu:.1} ns of CPU)")?;
            out.flush()?;
        }
    }
    if output.json {
        out.json(&json!({ "games": games }))?;
    }
    out.flush()?;
    interrupt.conclude(Ok(Outcome::Done))
}
