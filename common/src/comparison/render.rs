//! A report as text, as Markdown, and as JSON.

use super::report::{Figures, LEAST_RUNS, Report, Row, Verdict};
use crate::timing::human_duration;
use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle, presets};
use serde_json::{Value, json};
use std::fmt::Debug;

/// Two lines only: a row per model is easy to follow without more.
const PLAIN: TableStyle = TableStyle::new()
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));

const HEADER: [&str; 8] = [
    "model",
    "workers",
    "wall",
    "min … max",
    "CPU",
    "cores busy",
    "speed-up",
    "efficiency",
];

impl<A: PartialEq + Debug> Report<A> {
    /// The report for a terminal: heading, table, and what may be concluded. It ends in a newline
    /// and has no colours, and is the same wherever it goes.
    pub fn text(&self) -> String {
        let mut lines = vec![self.about.title.clone()];
        lines.extend(self.circumstances());
        lines.push(self.table(PLAIN).trim_fmt());
        lines.extend(self.conclusions());
        lines.join("\n") + "\n"
    }

    /// The report as Markdown, for a README.
    pub fn markdown(&self) -> String {
        let bullets = |lines: Vec<String>| {
            let bullets: Vec<String> = lines.iter().map(|line| format!("- {line}")).collect();
            bullets.join("\n")
        };
        let title = format!("**{}**", self.about.title);
        let table = self.table(presets::ASCII_MARKDOWN).trim_fmt();
        [
            title,
            bullets(self.circumstances()),
            table,
            bullets(self.conclusions()),
        ]
        .join("\n\n")
            + "\n"
    }

    /// The report for programs; times are in seconds, and what is unknown is `null`.
    pub fn json(&self) -> Value {
        let differing: Vec<Value> = self
            .agreement
            .differing
            .iter()
            .map(|it| json!({"model": it.model, "answer": it.answer, "expected": it.expected}))
            .collect();
        let within_noise = match &self.verdict {
            Verdict::WithinNoise(models) => models.as_slice(),
            Verdict::Nothing | Verdict::TooFewRuns | Verdict::Winner(_) => &[],
        };
        json!({
            "title": self.about.title,
            "input": self.about.input,
            "machine": self.cpus,
            "runs": self.about.rounds,
            "noise": self.noise,
            "agreement": {
                "agreed": self.agreed(),
                "meaning": self.about.agreement,
                "compared_with": self.agreement.reference,
                "answered": self.agreement.answered,
                "differing": differing,
            },
            "failed": self.failed(),
            "winner": self.winner(),
            "within_noise": within_noise,
            "models": self.rows.iter().map(row_json).collect::<Vec<_>>(),
        })
    }

    fn circumstances(&self) -> Vec<String> {
        let mut lines = vec![format!("machine: {}", self.cpus)];
        if !self.about.input.is_empty() {
            lines.push(format!("input: {}", self.about.input));
        }
        let rounds = self.about.rounds;
        let noise = match self.noise {
            Some(noise) => format!("{:.1}% between equal runs of the baseline", noise * 100.0),
            None if self.about.baseline_twice => "unknown (the baseline did not finish)".to_owned(),
            None => "unknown (the baseline ran once)".to_owned(),
        };
        let twice = match self.about.baseline_twice {
            true => " (baseline twice each)",
            false => "",
        };
        lines.push(format!("runs: {rounds}{twice}; noise: {noise}"));
        lines
    }

    fn conclusions(&self) -> Vec<String> {
        let mut lines = self.agreement_lines();
        lines.extend(self.verdict_line());
        lines.extend(self.rows.iter().filter_map(failure_line));
        lines.extend(self.rows.iter().flat_map(note_lines));
        lines
    }

    fn agreement_lines(&self) -> Vec<String> {
        let agreement = &self.agreement;
        let Some(reference) = &agreement.reference else {
            return vec!["no model gave an answer".to_owned()];
        };
        if !agreement.differing.is_empty() {
            return agreement
                .differing
                .iter()
                .map(|it| {
                    let (model, answer, expected) = (&it.model, &it.answer, &it.expected);
                    format!("DISAGREEMENT: {model} answered {answer}, {reference} {expected}")
                })
                .collect();
        }
        let who = match agreement.answered {
            1 => format!("only {reference} answered"),
            count if count < self.rows.len() => format!("the {count} models that finished agree"),
            count => format!("all {count} models agree"),
        };
        vec![with_meaning(who, &self.about.agreement)]
    }

    fn verdict_line(&self) -> Option<String> {
        match &self.verdict {
            Verdict::Nothing => None,
            Verdict::TooFewRuns => Some(format!(
                "no winner: fewer than {LEAST_RUNS} runs each tell nothing (--runs {LEAST_RUNS})"
            )),
            Verdict::Winner(model) => Some(format!("fastest: {model}, by more than the noise")),
            Verdict::WithinNoise(models) => Some(format!(
                "no winner: {} are within the noise of each other",
                models.join(", ")
            )),
        }
    }

    fn table(&self, style: TableStyle) -> Table {
        let mut table = Table::new();
        table
            .load_style(style)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(HEADER);
        for row in &self.rows {
            table.add_row(cells(row));
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table
    }
}

fn with_meaning(who: String, meaning: &str) -> String {
    if meaning.is_empty() {
        return who;
    }
    format!("{who}: {meaning}")
}

fn cells(row: &Row) -> Vec<String> {
    let mut cells = vec![one_cell(&row.model), row.workers.to_string()];
    match &row.outcome {
        Ok(figures) => cells.extend(figure_cells(figures, row.efficiency())),
        Err(_) => cells.push("failed".to_owned()),
    }
    cells.resize(HEADER.len(), "-".to_owned());
    cells
}

/// A bar would end the cell in Markdown.
fn one_cell(text: &str) -> String {
    text.replace('|', "/")
}

fn figure_cells(figures: &Figures, efficiency: Option<f64>) -> [String; 6] {
    let Figures {
        wall,
        cpu,
        cores_busy,
        speed_up,
    } = figures;
    let known = !cpu.is_zero();
    let dash = || "-".to_owned();
    [
        human_duration(wall.median),
        format!(
            "{} … {}",
            human_duration(wall.min),
            human_duration(wall.max)
        ),
        if known { human_duration(*cpu) } else { dash() },
        if known {
            format!("{cores_busy:.2}")
        } else {
            dash()
        },
        speed_up.map_or_else(dash, |value| format!("{value:.2}x")),
        efficiency.map_or_else(dash, |value| format!("{:.0}%", value * 100.0)),
    ]
}

fn failure_line(row: &Row) -> Option<String> {
    let error = row.outcome.as_ref().err()?;
    Some(format!("{} failed: {error}", row.model))
}

fn note_lines(row: &Row) -> impl Iterator<Item = String> {
    row.notes
        .iter()
        .map(|note| format!("{}: {note}", row.model))
}

fn row_json(row: &Row) -> Value {
    let figures = row.outcome.as_ref().ok();
    let wall = figures.map(|it| {
        json!({
            "median": it.wall.median.as_secs_f64(),
            "min": it.wall.min.as_secs_f64(),
            "max": it.wall.max.as_secs_f64(),
        })
    });
    json!({
        "model": row.model,
        "workers": row.workers,
        "wall_seconds": wall,
        "cpu_seconds": figures.map(|it| it.cpu.as_secs_f64()),
        "cores_busy": figures.map(|it| it.cores_busy),
        "speed_up": figures.and_then(|it| it.speed_up),
        "efficiency": row.efficiency(),
        "error": row.outcome.as_ref().err(),
        "notes": row.notes,
    })
}

#[cfg(test)]
mod tests {
    use super::super::report::tests::{entry, failing, report};
    use super::*;

    fn sample() -> Report<usize> {
        let mut report = report(vec![
            entry("serial", 1, &[(1000, 1000), (1010, 1010)], 7),
            entry("threads", 2, &[(505, 1000)], 7),
            entry("async", 2, &[(510, 1000)], 7),
            failing("processes"),
        ]);
        report.note("async", "longest poll 12 ms");
        report.note("absent", "unseen");
        report
    }

    #[test]
    fn text_states_machine_input_noise_agreement_and_verdict() {
        insta::assert_snapshot!(sample().text(), @r"
        primes
        machine: Test CPU: 4 logical CPUs, 2 cores, 2 usable (a test)
        input: 200 numbers
        runs: 3 (baseline twice each); noise: 1.0% between equal runs of the baseline
         model       workers     wall         min … max      CPU   cores busy   speed-up   efficiency
        ──────────────────────────────────────────────────────────────────────────────────────────────
         serial            1   1.00 s   1.00 s … 1.01 s   1.00 s         1.00      1.00x         100%
         threads           2   505 ms   505 ms … 505 ms   1.00 s         1.98      1.99x         100%
         async             2   510 ms   510 ms … 510 ms   1.00 s         1.96      1.97x          99%
         processes         2   failed                 -        -            -          -            -
        ──────────────────────────────────────────────────────────────────────────────────────────────
        the 3 models that finished agree: 200 of 200 answers
        no winner: threads, async are within the noise of each other
        processes failed: worker 17 was killed
        async: longest poll 12 ms
        ");
    }

    #[test]
    fn markdown_is_a_table_between_lists() {
        insta::assert_snapshot!(sample().markdown(), @r"
        **primes**

        - machine: Test CPU: 4 logical CPUs, 2 cores, 2 usable (a test)
        - input: 200 numbers
        - runs: 3 (baseline twice each); noise: 1.0% between equal runs of the baseline

        | model     | workers |   wall |       min … max |    CPU | cores busy | speed-up | efficiency |
        |-----------|---------|--------|-----------------|--------|------------|----------|------------|
        | serial    |       1 | 1.00 s | 1.00 s … 1.01 s | 1.00 s |       1.00 |    1.00x |       100% |
        | threads   |       2 | 505 ms | 505 ms … 505 ms | 1.00 s |       1.98 |    1.99x |       100% |
        | async     |       2 | 510 ms | 510 ms … 510 ms | 1.00 s |       1.96 |    1.97x |        99% |
        | processes |       2 | failed |               - |      - |          - |        - |          - |

        - the 3 models that finished agree: 200 of 200 answers
        - no winner: threads, async are within the noise of each other
        - processes failed: worker 17 was killed
        - async: longest poll 12 ms
        ");
    }

    #[test]
    fn all_models_agreeing_is_said_with_its_meaning() {
        let report = report(vec![
            entry("serial", 1, &[(10, 10), (10, 10)], 7),
            entry("threads", 2, &[(5, 10)], 7),
        ]);
        let text = report.text();
        assert!(
            text.contains("all 2 models agree: 200 of 200 answers"),
            "{text}"
        );
        assert!(text.contains("fastest: threads"), "{text}");
    }

    #[test]
    fn a_disagreement_is_said_loudly() {
        let report = report(vec![
            entry("serial", 1, &[(10, 10), (10, 10)], 7),
            entry("threads", 2, &[(5, 10)], 8),
        ]);
        let text = report.text();
        assert!(
            text.contains("DISAGREEMENT: threads answered 8, serial 7"),
            "{text}"
        );
    }

    #[test]
    fn json_holds_numbers_and_nulls() {
        let json = sample().json();
        assert_eq!(json["models"][1]["wall_seconds"]["median"], 0.505);
        assert_eq!(json["models"][3]["error"], "worker 17 was killed");
        assert!(json["models"][3]["wall_seconds"].is_null());
        assert_eq!(json["agreement"]["agreed"], true);
        assert_eq!(json["failed"], true);
        assert_eq!(json["within_noise"][0], "threads");
        assert_eq!(json["machine"]["usable"]["value"], 2);
    }

    #[test]
    fn a_bar_in_a_name_does_not_break_the_table() {
        let report = report(vec![entry("serial", 1, &[(10, 10), (10, 10)], 7)]);
        assert_eq!(one_cell("a|b"), "a/b");
        assert!(report.markdown().contains("| serial |"));
    }
}
