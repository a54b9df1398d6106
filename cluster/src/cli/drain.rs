//! `cluster drain` and `cluster dead`.

use std::io::Write;
use std::thread;
use std::time::Duration;

use anyhow::bail;
use common::cli::{Interrupt, Outcome, RunArgs};
use common::text::escaped;
use serde_json::json;

use super::args::{DeadArgs, DrainArgs};
use crate::overview::{dead_letters, drain, overview};

/// How often the broker is asked whether the agents have ended.
const STEP: Duration = Duration::from_millis(100);

pub(super) fn run(
    which: &DrainArgs,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let (broker, prefix) = (which.broker.broker()?, which.broker.prefix("cluster"));
    let drained = drain(&broker, &prefix, &which.host)?;
    if drained.is_empty() {
        bail!(
            "{}: no such agent or machine; `cluster top` shows them",
            escaped(&which.host)
        );
    }
    if !run.output.quiet {
        common::remark!("told to take no more jobs: {}", drained.join(", "));
    }
    while !which.no_wait && !interrupt.raised() {
        let agents = overview(&broker, &prefix)?.agents;
        if !agents.iter().any(|agent| drained.contains(&agent.id)) {
            break;
        }
        thread::sleep(STEP);
    }
    if run.output.json {
        let mut out = common::cli::stdout();
        out.json(&json!({ "drained": drained }))?;
        out.flush()?;
    }
    Ok(Outcome::Done)
}

pub(super) fn dead(which: &DeadArgs, run: &RunArgs) -> anyhow::Result<Outcome> {
    let (broker, prefix) = (which.broker.broker()?, which.broker.prefix("cluster"));
    let letters = dead_letters(
        &broker,
        &prefix,
        usize::try_from(which.most).unwrap_or(usize::MAX),
    )?;
    let mut out = common::cli::stdout();
    if run.output.json {
        out.json(&letters)?;
    } else {
        for letter in &letters {
            writeln!(
                out,
                "{} job {} of {}: {}, {} tries: {}",
                letter.id,
                escaped(&letter.number),
                escaped(&letter.client),
                escaped(&letter.job),
                letter.retries + 1,
                escaped(&letter.why),
            )?;
        }
    }
    out.flush()?;
    Ok(Outcome::Done)
}
