//! `cluster top`: the agents, the clients, and their jobs.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write};
use std::thread;
use std::time::{Duration, Instant};

use common::cli::{Interrupt, Outcome, RunArgs};
use common::text::escaped;
use common::timing::human_duration;
use serde_json::{Value, json};

use super::args::TopArgs;
use crate::overview::{Overview, overview};

/// How often it checks for Ctrl-C.
const STEP: Duration = Duration::from_millis(50);
/// How many rows of each table are shown.
const ROWS: usize = 20;

pub(super) fn run(top: &TopArgs, run: &RunArgs, interrupt: &Interrupt) -> anyhow::Result<Outcome> {
    let (broker, prefix) = (top.broker.broker()?, top.broker.prefix("cluster"));
    let mut before: Option<Overview> = None;
    let terminal = std::io::stdout().is_terminal() && !top.once;
    while !interrupt.raised() {
        let now = overview(&broker, &prefix)?;
        let rates = Rates::between(before.as_ref(), &now);
        let mut out = common::cli::stdout();
        if run.output.json {
            // A document, or one a line.
            let document = document(&now, &rates);
            if top.once {
                out.json(&document)?;
            } else {
                writeln!(out, "{document}")?;
            }
        } else {
            if terminal {
                // To the top left, and nothing below.
                write!(out, "\x1b[H\x1b[2J")?;
            }
            writeln!(out, "{}", text(&now, &rates))?;
        }
        out.flush()?;
        before = Some(now);
        if top.once {
            break;
        }
        let start = Instant::now();
        while start.elapsed() < top.interval && !interrupt.raised() {
            thread::sleep(STEP.min(top.interval));
        }
    }
    Ok(Outcome::Done)
}

/// Jobs in a second, since the last refresh.
#[derive(Debug, Default, PartialEq)]
struct Rates {
    submitted: Option<f64>,
    done: Option<f64>,
}

impl Rates {
    fn between(before: Option<&Overview>, now: &Overview) -> Self {
        let Some(before) = before else {
            return Self::default();
        };
        let seconds = now.now_s - before.now_s;
        let rate = |before: u64, now: u64| {
            (seconds > 0.0).then(|| now.saturating_sub(before) as f64 / seconds)
        };
        Self {
            submitted: rate(before.totals.submitted, now.totals.submitted),
            done: rate(before.totals.done, now.totals.done),
        }
    }
}

fn document(now: &Overview, rates: &Rates) -> Value {
    let mut document = json!(now);
    document["submitted_per_s"] = json!(rates.submitted);
    document["done_per_s"] = json!(rates.done);
    document
}

fn text(now: &Overview, rates: &Rates) -> String {
    let rate = |rate: Option<f64>| rate.map_or_else(|| "-".to_owned(), |rate| format!("{rate:.0}"));
    let age = |seconds: Option<f64>| {
        let duration = seconds.and_then(|it| Duration::try_from_secs_f64(it).ok());
        duration.map_or_else(|| "-".to_owned(), human_duration)
    };
    let mut text = format!(
        "agents: {}, workers: {}; jobs: {} running, {} offered, {} waiting\n",
        now.agents.len(),
        now.slots,
        now.running,
        now.offered,
        now.waiting,
    );
    let totals = &now.totals;
    let _ = writeln!(
        text,
        "in all: {} submitted ({}/s), {} done ({}/s)\n\
         {} cancelled, {} repeated, {} lost, {} dead letters",
        totals.submitted,
        rate(rates.submitted),
        totals.done,
        rate(rates.done),
        totals.cancelled,
        totals.repeated,
        totals.lost,
        now.dead_letters,
    );
    let agents = now.agents.iter().map(|agent| Row {
        id: &agent.id,
        cells: [
            agent.workers.to_string(),
            agent.running.to_string(),
            agent.done.to_string(),
            age(agent.oldest_s),
        ],
        note: if agent.draining { "draining" } else { "" },
    });
    table(
        &mut text,
        ["agent", "workers", "running", "done", "oldest"],
        agents,
    );
    let clients = now.clients.iter().map(|client| Row {
        id: &client.id,
        cells: [
            client.submitted.to_string(),
            client.offered.to_string(),
            client.waiting.to_string(),
            age(client.oldest_s),
        ],
        note: if client.detached { "detached" } else { "" },
    });
    table(
        &mut text,
        ["client", "submitted", "offered", "waiting", "oldest"],
        clients,
    );
    text
}

/// An agent or a client.
struct Row<'a> {
    id: &'a str,
    cells: [String; 4],
    note: &'static str,
}

/// The first rows, and how many more there are.
fn table<'a>(text: &mut String, heads: [&str; 5], rows: impl ExactSizeIterator<Item = Row<'a>>) {
    let [id, a, b, c, d] = heads;
    let _ = writeln!(text, "\n{id:<38} {a:>9} {b:>8} {c:>8} {d:>9}");
    let more = rows.len().saturating_sub(ROWS);
    for row in rows.take(ROWS) {
        let ([a, b, c, d], id) = (row.cells, escaped(row.id));
        let line = format!("{id:<38} {a:>9} {b:>8} {c:>8} {d:>9} {}", row.note);
        let _ = writeln!(text, "{}", line.trim_end());
    }
    if more > 0 {
        let _ = writeln!(text, "… and {more} more (--json has all)");
    }
}
