//! A report as text, as Markdown, and as JSON.

use super::Work;
use super::report::{Figures, Report, Row};
use super::verdict::{LEAST_RUNS, Verdict};
use crate::text::wrapped;
use crate::timing::human_duration;
use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle, presets};
use serde_json::{Value, json};
use std::fmt::Debug;
use std::time::Duration;

/// Two lines only: the table has one row per model, so more lines are not needed.
const PLAIN: TableStyle = TableStyle::new()
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));

/// The width of every table and of wrapped text.
const WIDTH: usize = 80;

impl Work {
    /// The columns of the table; they fit in 80 characters.
    fn header(self) -> &'static [&'static str] {
        match self {
            Work::Computes => &[
                "model",
                "workers",
                "wall",
                "min … max",
                "cores",
                "speed-up",
                "efficiency",
            ],
            Work::Waits => &["model", "at once", "wall", "min … max", "cores", "speed-up"],
        }
    }

    /// The meaning of the columns.
    fn legend(self, baseline: &str) -> Vec<String> {
        let shared = format!(
            "wall: the median. cores: CPU time / wall time. speed-up: wall of {baseline} / wall."
        );
        let own = match self {
            Work::Computes => {
                "workers: threads or processes that compute at once. efficiency: speed-up / workers."
            }
            Work::Waits => "at once: how many things the model waits for at the same time.",
        };
        vec![shared, own.to_owned()]
    }
}

impl<A: PartialEq + Debug> Report<A> {
    /// The report for a terminal: heading, table and conclusions. It ends in a newline and has no
    /// colours.
    pub fn text(&self) -> String {
        let mut lines = vec![self.about.title.clone()];
        lines.extend(self.circumstances());
        let mut table = self.table(PLAIN);
        for column in table.column_iter_mut() {
            column.set_padding((1, 0));
        }
        lines.push(table.trim_fmt());
        let below = self.legend().into_iter().chain(self.conclusions());
        lines.extend(below.map(|line| wrapped(&line, WIDTH)));
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
            bullets(self.legend()),
            bullets(self.conclusions()),
        ]
        .join("\n\n")
            + "\n"
    }

    /// The report for programs. Times are in seconds, and unknown values are `null`.
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
            "work": self.about.work,
            "noise": self.noise,
            "load": self.load,
            "disturbances": self.disturbances(),
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
        if !self.about.look_for.is_empty() {
            lines.push(format!("look for: {}", self.about.look_for));
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

    fn legend(&self) -> Vec<String> {
        match self.rows.first() {
            Some(baseline) if self.rows.len() > 1 => self.about.work.legend(&baseline.model),
            _ => Vec::new(),
        }
    }

    fn conclusions(&self) -> Vec<String> {
        let mut lines = self.agreement_lines();
        lines.extend(self.standing_lines());
        lines.extend(self.verdict_line());
        lines.extend(self.busy_line());
        lines.extend(self.rows.iter().filter_map(failure_line));
        lines.extend(self.rows.iter().flat_map(note_lines));
        lines
    }

    /// The models that are faster, equal, and slower than the baseline.
    fn standing_lines(&self) -> Vec<String> {
        let (Some(baseline), true) = (self.rows.first(), self.verdict != Verdict::TooFewRuns)
        else {
            return Vec::new();
        };
        let line = |what: &str, models: &[(&str, f64)]| {
            let models: Vec<String> = models
                .iter()
                .map(|(model, speed_up)| format!("{model} {speed_up:.2}x"))
                .collect();
            let line = format!("{what} {}: {}", baseline.model, models.join(", "));
            (!models.is_empty()).then_some(line)
        };
        let standings = self.standings();
        let lines = [
            line("faster than", &standings.faster),
            line("within the noise of", &standings.equal),
            line("slower than", &standings.slower),
        ];
        lines.into_iter().flatten().collect()
    }

    fn busy_line(&self) -> Option<String> {
        let seen = self.disturbances();
        (!seen.is_empty()).then(|| {
            format!(
                "THE MACHINE WAS BUSY: {}. Run it again on a quiet one for better figures",
                seen.join("; ")
            )
        })
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
                "to name the fastest, each model needs {LEAST_RUNS} runs: --runs {LEAST_RUNS}"
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
            .set_header(self.about.work.header().iter().copied());
        for row in &self.rows {
            table.add_row(cells(row, self.about.work));
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

fn cells(row: &Row, work: Work) -> Vec<String> {
    let mut cells = vec![one_cell(&row.model), row.workers.to_string()];
    match &row.outcome {
        Ok(figures) => cells.extend(figure_cells(figures, row.efficiency())),
        Err(_) => cells.push("failed".to_owned()),
    }
    // For models that wait, the last column has no meaning and is left out.
    cells.resize(work.header().len(), "-".to_owned());
    cells
}

/// Escapes `|`, which would end the cell in Markdown.
fn one_cell(text: &str) -> String {
    text.replace('|', "/")
}

fn figure_cells(figures: &Figures, efficiency: Option<f64>) -> [String; 5] {
    let dash = || "-".to_owned();
    let cores = (!figures.cpu.is_zero()).then(|| match figures.cores_busy {
        few if few < 100.0 => format!("{few:.2}"),
        many => format!("{many:.0}"),
    });
    let speed_up = figures.speed_up.map(|value| format!("{value:.2}x"));
    [
        human_duration(figures.wall.median),
        span(figures.wall.min, figures.wall.max),
        cores.unwrap_or_else(dash),
        speed_up.unwrap_or_else(dash),
        efficiency.map_or_else(dash, |value| format!("{:.0}%", value * 100.0)),
    ]
}

/// `351 … 373 ms`: the unit is printed once if both have the same.
fn span(min: Duration, max: Duration) -> String {
    let (min, max) = (human_duration(min), human_duration(max));
    match (min.split_once(' '), max.split_once(' ')) {
        (Some((figure, unit)), Some((_, same))) if unit == same => format!("{figure} … {max}"),
        _ => format!("{min} … {max}"),
    }
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
mod tests;
