//! Three tasks under each policy, and which of them starve.

use std::hint::black_box;

use scheduler::policy::{
    Claim, EarliestDeadline, Lottery, Policy, Priority, RoundRobin, Scheduler, Turn,
};
use serde_json::{Value, json};
use tracing::{Span, info_span};

use super::args::PolicyArgs;
use super::step::{Step, legend, row};
use super::traced::Traced;

/// How many turns one line shows. With the names and the figures beside them, a line has 80
/// columns.
const ROW: usize = 48;

/// Each task's name, claim and length: `video` must be fast, `mail` is more important than
/// `backup`, and `backup` never ends.
fn tasks() -> [(&'static str, Claim, usize, Span); 3] {
    let claim = |priority, deadline, tickets| Claim {
        priority,
        deadline: Some(deadline),
        tickets,
    };
    [
        (
            "backup",
            claim(1, 1000, 1),
            usize::MAX,
            info_span!("backup"),
        ),
        ("mail", claim(4, 36, 2), 16, info_span!("mail")),
        ("video", claim(8, 20, 5), 16, info_span!("video")),
    ]
}

/// A turn takes some microseconds, so that it is visible in a timeline.
fn work() {
    black_box((0..black_box(2000_u64)).fold(0, |sum, n| sum ^ n.wrapping_mul(sum | 1)));
}

fn turns(policy: Box<dyn Policy>, count: usize) -> Vec<Turn> {
    let mut scheduler = Scheduler::new(policy);
    for (name, claim, length, span) in tasks() {
        let turns = std::iter::repeat_with(work).take(length.saturating_sub(1));
        scheduler.spawn(name, claim, Traced::new(span, turns));
    }
    scheduler.take(count).collect()
}

pub(super) fn show(args: &PolicyArgs) -> Step {
    // A span for each policy, so that a timeline shows where one ends and the next begins.
    let policies: [(&str, Span, Box<dyn Policy>); 5] = [
        (
            "round robin",
            info_span!("round robin"),
            Box::new(RoundRobin::default()),
        ),
        (
            "strict priority",
            info_span!("strict priority"),
            Box::new(Priority::strict()),
        ),
        (
            "ageing priority",
            info_span!("ageing priority"),
            Box::new(Priority::ageing(args.ageing)),
        ),
        (
            "earliest deadline",
            info_span!("earliest deadline"),
            Box::new(EarliestDeadline::default()),
        ),
        (
            "lottery",
            info_span!("lottery"),
            Box::new(Lottery::new(args.seed)),
        ),
    ];
    let width = args.turns.min(ROW);
    let mut lines = vec![format!(
        "{:<17} {:<width$}  {:>5} {:>4}",
        "", "the task of each turn", "waits", "late"
    )];
    let mut rows: Vec<Value> = Vec::new();
    for (name, span, policy) in policies {
        let turns = span.in_scope(|| turns(policy, args.turns));
        let longest = turns
            .iter()
            .filter(|turn| turn.name == "backup")
            .map(|turn| turn.waited);
        // A task that had no turn yet still waits.
        let since = turns
            .iter()
            .rposition(|turn| turn.name == "backup")
            .map_or(0, |at| at + 1);
        let waited = longest.max().unwrap_or(0).max((turns.len() - since) as u64);
        let late = turns.iter().filter(|turn| turn.late).count();
        let order = row(turns.iter().map(|turn| turn.name));
        // Letters are ASCII: one byte each.
        let (first, rest) = order.split_at(order.len().min(ROW));
        lines.push(format!("{name:<17} {first:<width$}  {waited:>5} {late:>4}"));
        let rest = rest.as_bytes().chunks(ROW).map(String::from_utf8_lossy);
        lines.extend(rest.map(|turns| format!("{:<17} {turns}", "")));
        rows.push(json!({
            "policy": name,
            "turns": turns.iter().map(|turn| turn.name).collect::<Vec<_>>(),
            "backup_waits": waited,
            "late": late,
        }));
    }
    lines.push(
        "waits: the longest that backup waited, in turns; late: how many ended too late".to_owned(),
    );
    lines.push(legend(&[
        ("b", "backup, without end"),
        ("m", "mail, due at 36"),
        ("v", "video, due at 20"),
    ]));
    Step {
        name: "policy",
        title: "which task is next? the same tasks, turn by turn",
        lines,
        json: Value::from(rows),
    }
}
