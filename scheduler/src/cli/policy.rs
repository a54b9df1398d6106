//! Step 4: three tasks under each policy, and who starves.

use std::hint::black_box;

use scheduler::policy::{
    Claim, EarliestDeadline, Lottery, Policy, Priority, RoundRobin, Scheduler, Turn,
};
use serde_json::{Value, json};
use tracing::{Span, info_span};

use super::args::PolicyArgs;
use super::step::{Step, row};
use super::traced::Traced;

/// Each task's name, claim and length: `video` must be quick, `mail` is more important than
/// `backup`, and `backup` goes on for ever.
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

/// A turn takes some microseconds, so that a timeline has something to show.
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
    let policies: [(&str, Box<dyn Policy>); 5] = [
        ("round robin", Box::new(RoundRobin::default())),
        ("strict priority", Box::new(Priority::strict())),
        ("ageing priority", Box::new(Priority::ageing(args.ageing))),
        ("earliest deadline", Box::new(EarliestDeadline::default())),
        ("lottery", Box::new(Lottery::new(args.seed))),
    ];
    let mut lines = Vec::new();
    let mut rows: Vec<Value> = Vec::new();
    for (name, policy) in policies {
        let turns = turns(policy, args.turns);
        let longest = turns
            .iter()
            .filter(|turn| turn.name == "backup")
            .map(|turn| turn.waited);
        // One that has had no turn yet waits still.
        let since = turns
            .iter()
            .rposition(|turn| turn.name == "backup")
            .map_or(0, |at| at + 1);
        let waited = longest.max().unwrap_or(0).max((turns.len() - since) as u64);
        let late = turns.iter().filter(|turn| turn.late).count();
        let order = row(turns.iter().map(|turn| turn.name));
        lines.push(format!(
            "{name:<17} {order}  backup waits {waited}, late: {late}"
        ));
        rows.push(json!({
            "policy": name,
            "turns": turns.iter().map(|turn| turn.name).collect::<Vec<_>>(),
            "backup_waits": waited,
            "late": late,
        }));
    }
    lines.push(
        "backup without end, mail due at turn 36, video at turn 20; 16 turns each".to_owned(),
    );
    Step {
        name: "policy",
        title: "who is next? the same tasks, turn by turn",
        lines,
        json: Value::from(rows),
    }
}
