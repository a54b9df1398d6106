//! Strict priorities starve tasks. Ageing does not.
//! Run it: `cargo run -p scheduler --example starvation`

use std::iter::repeat;

use scheduler::policy::{Claim, Policy, Priority, Scheduler};

const TURNS: usize = 60;

fn show(name: &str, policy: impl Policy) {
    let mut tasks = Scheduler::new(policy);
    tasks.spawn("low", Claim::priority(1), repeat(()));
    tasks.spawn("high", Claim::priority(9), repeat(()));
    let turns: Vec<&str> = tasks.take(TURNS).map(|turn| turn.name).collect();
    let low = turns.iter().filter(|&&name| name == "low").count();
    let row: String = turns
        .iter()
        .map(|name| if *name == "low" { 'l' } else { '.' })
        .collect();
    println!("{name:>7} {row} low ran {low} times of {TURNS}");
}

fn main() {
    show("strict", Priority::strict());
    show("ageing", Priority::ageing(2));
}
