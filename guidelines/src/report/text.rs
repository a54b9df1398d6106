//! The report for a terminal.

use super::Report;
use crate::book::Section;
use crate::decisions::Verdict;
use common::text::{escaped, wrapped};

const WIDTH: usize = 80;

/// The widths of a figure's title and of its median. The range has the rest of the line.
const TITLE: usize = 43;
const MEDIAN: usize = 10;

pub(super) fn text(report: &Report) -> String {
    let mut blocks = vec![heading(report)];
    blocks.extend(report.sections.sections.iter().map(section));
    blocks.push(crossovers(report));
    blocks.push(decisions(report));
    printable(&blocks.concat())
}

/// A report may come from anybody, so control characters in it are escaped.
fn printable(text: &str) -> String {
    text.lines()
        .map(|line| format!("{}\n", escaped(line)))
        .collect()
}

fn heading(report: &Report) -> String {
    let machine = &report.machine;
    let mut lines = vec![machine.cpus.clone(), machine.system.clone()];
    if let Some(frequency) = &machine.frequency {
        lines.push(frequency.clone());
    }
    lines.push(format!("{}, in {:.0} s", machine.date, report.took));
    lines.push(busy(report));
    lines.push(
        "Each figure is the median of several runs, followed by its range. If two ranges overlap, \
         the difference may be noise."
            .to_owned(),
    );
    paragraph(&lines)
}

/// Whether the machine was quiet, and the reason.
pub(super) fn busy(report: &Report) -> String {
    match report.busy.as_slice() {
        [] => "The machine was quiet.".to_owned(),
        seen => format!(
            "THE MACHINE WAS BUSY: {}. These times decide nothing: run it again.",
            seen.join("; ")
        ),
    }
}

fn paragraph(lines: &[String]) -> String {
    let lines = lines.iter().map(|line| wrapped(line, WIDTH) + "\n");
    lines.collect()
}

fn section(section: &Section) -> String {
    let mut text = format!("\n{}\n", section.title.to_uppercase());
    text.push_str(&paragraph(std::slice::from_ref(&section.caption)));
    for row in &section.rows {
        let line = match &row.figure {
            Some(figure) => format!(
                "  {:<TITLE$} {:>MEDIAN$}  {}",
                row.title,
                figure.human(figure.median),
                figure.range()
            ),
            None => format!("  {:<TITLE$} no figure", row.title),
        };
        text.push_str(&line);
        text.push('\n');
        if let Some(remark) = &row.remark {
            text.push_str(&paragraph(&[format!("    {remark}")]));
        }
    }
    text
}

fn crossovers(report: &Report) -> String {
    let mut text = "\nCROSS-OVER POINTS\n".to_owned();
    text.push_str(&paragraph(&[
        "Each row is the size from which on the ratio in brackets is above 1.".to_owned(),
    ]));
    let mut size = "";
    for crossover in &report.crossovers {
        if crossover.size != size {
            size = &crossover.size;
            let header = format!("  by {size} ({}):", crossover.ratio);
            text.push_str(&paragraph(&[header]));
        }
        let line = format!("    {}: {}", crossover.title, crossover.place());
        text.push_str(&paragraph(&[line]));
    }
    text
}

/// The decisions, each with its rules.
pub(super) fn decisions(report: &Report) -> String {
    let mut text = "\nWHAT TO USE WHEN\n".to_owned();
    for decision in &report.decisions {
        text.push_str(&format!("\n{}\n", decision.question));
        text.push_str(&paragraph(std::slice::from_ref(&decision.advice)));
        for ruling in &decision.rules {
            let mark = match &ruling.verdict {
                Verdict::Backed => "backed:".to_owned(),
                Verdict::Contradicted => "CONTRADICTED:".to_owned(),
                Verdict::Undecided(why) => format!("not decided ({why}):"),
            };
            let rule = format!("- {mark} {} [{}]", ruling.rule, ruling.source);
            text.push_str(&paragraph(&[rule]));
            if !ruling.figures.is_empty() {
                text.push_str(&paragraph(&[format!("  {}", ruling.figures)]));
            }
        }
    }
    text
}
