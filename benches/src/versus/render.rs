//! Reports as text, as Markdown, and as JSON.

use comfy_table::{CellAlignment, ContentArrangement, LineStyle, Table, TableStyle, presets};
use common::cpus::Cpus;
use common::timing::{human_bytes, human_duration};
use serde_json::{Value, json};

use super::report::{Figures, Outcome, Report, Row};
use crate::ratio::{LEAST_PAIRS, Verdict};

/// The look of the tables that compare models.
const PLAIN: TableStyle = TableStyle::new()
    .header_separator(LineStyle::none().fill('─').junction('─'))
    .bottom_border(LineStyle::none().fill('─').junction('─'));

const HEADER: [&str; 10] = [
    "beside",
    "theirs",
    "ours",
    "ratio",
    "min … max",
    "CPU: theirs",
    "ours",
    "peak: theirs",
    "ours",
    "faster",
];

/// The lines above the reports.
pub fn heading(cpus: &Cpus) -> Vec<String> {
    vec![
        format!("machine: {cpus}"),
        "ratio: median of theirs over median of ours; min … max: of single pairs;\n\
         CPU: children's too; peak: of the largest process, not told apart below 3 MiB"
            .to_owned(),
    ]
}

/// A report for a terminal; it ends in a newline.
pub fn text(report: &Report) -> String {
    let mut lines = vec![format!("{}: {}", report.job, report.title)];
    lines.extend(circumstances(report));
    lines.push(table(report, PLAIN));
    lines.extend(conclusions(report));
    lines.join("\n") + "\n"
}

/// A report for a README; it ends in a newline.
pub fn markdown(report: &Report) -> String {
    let bullets = |lines: Vec<String>| {
        let lines = lines.iter().map(|line| format!("- {line}"));
        lines.collect::<Vec<_>>().join("\n")
    };
    let parts = [
        format!("**{}**: {}", report.job, report.title),
        bullets(circumstances(report)),
        table(report, presets::ASCII_MARKDOWN),
        bullets(conclusions(report)),
    ];
    parts.join("\n\n") + "\n"
}

/// All reports for programs. Durations are `secs` and `nanos`; what is unknown is `null`.
pub fn json(reports: &[Report], cpus: &Cpus) -> Value {
    json!({
        "machine": cpus,
        "failed": reports.iter().any(Report::failed),
        "jobs": reports,
    })
}

fn circumstances(report: &Report) -> Vec<String> {
    let pairs = report.rows.iter().filter_map(|row| match &row.outcome {
        Outcome::Measured(figures) => Some(figures.ratio.pairs),
        _ => None,
    });
    let pairs = pairs.max().unwrap_or(0);
    let noise = match report.noise {
        Some(noise) => format!("{:.1}% (ours beside itself)", noise * 100.0),
        None => "unknown".to_owned(),
    };
    vec![
        format!("ours: {}", report.ours),
        format!("pairs: {pairs}, after a warm-up; noise: {noise}"),
    ]
}

fn conclusions(report: &Report) -> Vec<String> {
    let measured = |row: &&Row| matches!(row.outcome, Outcome::Measured(_));
    let peers = report.rows.iter().skip(1);
    let mut lines = match peers.clone().filter(measured).count() {
        0 => vec![format!(
            "no other program to compare the answer with: {}",
            report.answer
        )],
        count => vec![format!(
            "ours and {count} other{} gave the same answer every time: {}",
            if count == 1 { "" } else { "s" },
            report.answer
        )],
    };
    lines.extend(peers.filter_map(|row| remark(row, &report.answer)));
    if report.rows.iter().any(too_few) {
        lines.push(format!(
            "fewer than {LEAST_PAIRS} pairs: too few to say which is faster"
        ));
    }
    lines
}

fn too_few(row: &Row) -> bool {
    matches!(&row.outcome, Outcome::Measured(it) if it.faster == Verdict::Unknown)
}

fn remark(row: &Row, expected: &str) -> Option<String> {
    let Row { name, command, .. } = row;
    match &row.outcome {
        Outcome::Measured(_) => None,
        Outcome::NotRun => Some(format!("{name}: no time for it")),
        Outcome::Missing { reason, install } => {
            Some(format!("{name} is missing ({reason}): {install}"))
        }
        Outcome::Failed(reason) => Some(format!("FAILED: {name}: {reason}")),
        Outcome::Disagrees(answer) => Some(format!(
            "DISAGREEMENT: {command} answered {answer}, ours {expected}"
        )),
    }
}

fn table(report: &Report, style: TableStyle) -> String {
    let mut table = Table::new();
    table
        .load_style(style)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(HEADER);
    for row in &report.rows {
        table.add_row(cells(row));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.trim_fmt()
}

/// A program and its version.
fn name(row: &Row) -> String {
    match &row.version {
        Some(version) => format!("{} {version}", row.name),
        None => row.name.to_owned(),
    }
}

fn cells(row: &Row) -> Vec<String> {
    let mut cells = vec![name(row)];
    match &row.outcome {
        Outcome::Measured(figures) => cells.extend(figure_cells(figures)),
        Outcome::NotRun => {}
        Outcome::Missing { .. } => cells.push("missing".to_owned()),
        Outcome::Failed(_) => cells.push("failed".to_owned()),
        Outcome::Disagrees(_) => cells.push("wrong".to_owned()),
    }
    cells.resize(HEADER.len(), "-".to_owned());
    cells
}

/// The columns of a table that is kept.
pub const SHORT_HEADER: [&str; 7] = [
    "work",
    "beside",
    "ratio",
    "pairs: min … max",
    "theirs",
    "ours",
    "faster",
];

/// The rows of a table that is kept; ours beside itself, and what is missing, have none.
pub fn short_rows(report: &Report) -> Vec<Vec<String>> {
    let peers = report.rows.iter().skip(1);
    let rows = peers.filter_map(|row| {
        let Outcome::Measured(figures) = &row.outcome else {
            return None;
        };
        let [theirs, ours, ratio, range, .., faster] = figure_cells(figures);
        let range = format!("{}: {range}", figures.ratio.pairs);
        Some(vec![
            report.title.clone(),
            name(row),
            ratio,
            range,
            theirs,
            ours,
            faster,
        ])
    });
    rows.collect()
}

fn figure_cells(figures: &Figures) -> [String; 9] {
    let Figures {
        ratio,
        faster,
        theirs,
        ours,
    } = figures;
    let dash = || "-".to_owned();
    [
        human_duration(theirs.wall.median),
        human_duration(ours.wall.median),
        format!("{:.2}", ratio.of_medians),
        format!("{:.2} … {:.2}", ratio.min, ratio.max),
        theirs.cpu.map_or_else(dash, human_duration),
        ours.cpu.map_or_else(dash, human_duration),
        theirs.peak_memory.map_or_else(dash, human_bytes),
        ours.peak_memory.map_or_else(dash, human_bytes),
        match faster {
            Verdict::Ours => "ours".to_owned(),
            Verdict::Theirs => "theirs".to_owned(),
            Verdict::Neither => "neither".to_owned(),
            Verdict::Unknown => dash(),
        },
    ]
}
