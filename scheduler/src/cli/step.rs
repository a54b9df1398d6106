//! The results of a step, and how they are printed.

use std::io::Write;

use common::cli::OutputArgs;
use serde_json::{Value, json};

/// A step's results, for people and for programs.
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) lines: Vec<String>,
    pub(super) json: Value,
}

/// Prints all steps and the conclusion.
pub(super) fn print(
    steps: &[Step],
    point: Option<&str>,
    output: &OutputArgs,
) -> anyhow::Result<()> {
    let mut out = common::cli::stdout();
    if output.json {
        let steps: serde_json::Map<String, Value> = steps
            .iter()
            .map(|step| (step.name.to_owned(), step.json.clone()))
            .collect();
        out.json(&json!(steps))?;
    } else {
        let point = point.filter(|_| super::remarks(output));
        if point.is_some() {
            writeln!(out, "{}\n", super::LOOK_FOR)?;
        }
        for (number, step) in steps.iter().enumerate() {
            if number > 0 {
                writeln!(out)?;
            }
            writeln!(out, "{}: {}", step.name, step.title)?;
            for line in &step.lines {
                writeln!(out, "  {line}")?;
            }
        }
        if let Some(point) = point {
            writeln!(out, "\n{point}")?;
        }
    }
    out.flush()?;
    Ok(())
}

/// The results of the workshop's two tasks, one line each.
pub(super) fn results(found: &[(&'static str, u64)]) -> Vec<String> {
    let list = |name| {
        let numbers = found
            .iter()
            .filter(|(who, _)| *who == name)
            .map(|(_, n)| n.to_string());
        format!("{name}: {}", numbers.collect::<Vec<_>>().join(" "))
    };
    vec![list("squares"), list("primes")]
}

/// The legend for the letters of a [`row`].
pub(super) fn legend(names: &[(&str, &str)]) -> String {
    let names = names
        .iter()
        .map(|(letter, name)| format!("{letter} {name}"));
    format!("letters: {}", names.collect::<Vec<_>>().join("; "))
}

/// The tasks that ran, turn by turn: the first letters of their names.
pub(super) fn row<'a>(turns: impl IntoIterator<Item = &'a str>) -> String {
    turns
        .into_iter()
        .filter_map(|name| name.chars().next())
        .collect()
}
