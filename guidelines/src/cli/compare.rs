//! `guidelines compare`.

use super::measure::read;
use common::cli::{Outcome, OutputArgs};
use common::text::{escaped, wrapped};
use guidelines::compare::{Comparison, compare};
use std::io::Write;
use std::path::Path;

pub(super) fn run(first: &Path, second: &Path, output: &OutputArgs) -> anyhow::Result<Outcome> {
    let reports = [read(first)?, read(second)?];
    let comparison = compare(&reports[0], &reports[1]);
    let mut out = common::cli::stdout();
    if output.json {
        out.json(&comparison)?;
    } else {
        for (which, report) in ["first", "second"].iter().zip(&reports) {
            let machine = &report.machine;
            writeln!(
                out,
                "{which}: {}, {}",
                escaped(&machine.cpus),
                escaped(&machine.date)
            )?;
        }
        out.write_all(text(&comparison).as_bytes())?;
    }
    out.flush()?;
    Ok(Outcome::Done)
}

fn text(comparison: &Comparison) -> String {
    let head = format!(
        "\n{:<34}{:>11}{:>11}  {}\n",
        "figure", "first", "second", "second / first"
    );
    let mut text = head;
    for pair in &comparison.pairs {
        let ratio = pair
            .second
            .over(&pair.first)
            .map(|ratio| ratio.human(ratio.median));
        let verdict = match (pair.agrees, &ratio) {
            (true, _) => "within the ranges",
            (false, Some(ratio)) => ratio.as_str(),
            (false, None) => "differs",
        };
        text.push_str(&format!(
            "{:<34}{:>11}{:>11}  {verdict}\n",
            pair.id,
            pair.first.human(pair.first.median),
            pair.second.human(pair.second.median),
        ));
    }
    let agree = comparison.pairs.iter().filter(|pair| pair.agrees).count();
    let mut lines = vec![format!(
        "{agree} of {} figures agree: their ranges overlap.",
        comparison.pairs.len()
    )];
    if !comparison.only_one.is_empty() {
        lines.push(format!(
            "In one of them only: {}.",
            comparison.only_one.join(", ")
        ));
    }
    for [question, first, second] in &comparison.decided_otherwise {
        lines.push(format!("{question}\n- first: {first}\n- second: {second}"));
    }
    lines.extend(comparison.busy.iter().map(|busy| format!("{busy}.")));
    for line in lines {
        text.push_str(&format!("\n{}\n", wrapped(&line, 80)));
    }
    // A report may come from anybody: nothing in it changes the terminal.
    text.lines()
        .map(|line| format!("{}\n", escaped(line)))
        .collect()
}
