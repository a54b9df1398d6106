//! Criterion's results, from `target/criterion`, as tables.

use super::{Made, Table, measured_paths};
use anyhow::Context;
use common::timing::{human_duration, utc};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The part of `benchmark.json` that is needed.
#[derive(Deserialize)]
struct Benchmark {
    group_id: String,
    function_id: Option<String>,
    value_str: Option<String>,
}

/// The part of `estimates.json` that is needed; times are in nanoseconds.
#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
    confidence_interval: Interval,
}

#[derive(Deserialize)]
struct Interval {
    lower_bound: f64,
    upper_bound: f64,
}

/// A row, and when it was measured.
struct Row {
    cells: Vec<String>,
    measured: SystemTime,
}

/// The tables of all groups under `target/criterion`, each with the date of its oldest row.
///
/// # Errors
///
/// If there are none, or a file can't be read. It names the file.
pub fn tables(target: &Path, made: &Made) -> anyhow::Result<Vec<Table>> {
    let folder = target.join("criterion");
    let mut groups: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for path in results(&folder)
        .with_context(|| format!("{}: run `cargo bench -p benches` first", folder.display()))?
    {
        let (group, row) = row(&path).with_context(|| path.display().to_string())?;
        groups.entry(group).or_default().push(row);
    }
    anyhow::ensure!(
        !groups.is_empty(),
        "{}: no results: run `cargo bench -p benches` first",
        folder.display()
    );
    Ok(groups
        .into_iter()
        .map(|(group, rows)| table(&group, rows, made))
        .collect())
}

fn table(group: &str, mut rows: Vec<Row>, made: &Made) -> Table {
    rows.sort_by(|a, b| a.cells.cmp(&b.cells));
    let oldest = rows.iter().map(|row| row.measured).min();
    Table {
        name: format!("criterion-{group}"),
        title: format!("criterion, {group}: an iteration"),
        made: Made {
            command: format!("cargo bench -p benches -- {group}/"),
            date: oldest.map(utc),
            ..made.clone()
        },
        measures: measured_paths::of(group),
        columns: ["model", "size", "median", "95 % range"]
            .map(str::to_owned)
            .to_vec(),
        rows: rows.into_iter().map(|row| row.cells).collect(),
        notes: Vec::new(),
    }
}

/// The folders `new` below a folder: each has the last result of a row.
fn results(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            continue;
        }
        match entry.path() {
            path if path.join("benchmark.json").is_file() && entry.file_name() == "new" => {
                found.push(path);
            }
            path => found.extend(results(&path)?),
        }
    }
    Ok(found)
}

fn row(folder: &Path) -> anyhow::Result<(String, Row)> {
    let estimates = folder.join("estimates.json");
    let measured = fs::metadata(&estimates)?.modified()?;
    let benchmark: Benchmark = serde_json::from_slice(&fs::read(folder.join("benchmark.json"))?)?;
    let median = serde_json::from_slice::<Estimates>(&fs::read(estimates)?)?.median;
    let time = |nanos: f64| match nanos < 999.5 {
        // A yield takes single nanoseconds: their parts count.
        true => format!("{nanos:.1} ns"),
        false => human_duration(Duration::from_nanos(nanos as u64)),
    };
    let range = &median.confidence_interval;
    let cells = vec![
        benchmark.function_id.unwrap_or_default(),
        benchmark.value_str.unwrap_or_default(),
        time(median.point_estimate),
        format!("{} … {}", time(range.lower_bound), time(range.upper_bound)),
    ];
    Ok((benchmark.group_id, Row { cells, measured }))
}
