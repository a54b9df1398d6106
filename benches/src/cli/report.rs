//! `benches report`.

use std::io::Write;
use std::path::{Path, PathBuf};

use benches::results::age::{Age, age};
use benches::results::{Made, Table, criterion, pages, saved};
use common::cli::{Outcome, RunArgs};
use common::files;

use super::args::ReportArgs;

/// Writes the pages, or lists the tables that are too old.
pub(crate) fn run(args: &ReportArgs, run: &RunArgs) -> anyhow::Result<Outcome> {
    let workspace = workspace(args.workspace.as_deref());
    if args.criterion {
        let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
        let target = target.unwrap_or_else(|| workspace.join("target"));
        let made = Made::now(String::new(), &workspace);
        for table in criterion::tables(&target, &made)? {
            saved::save(&table, &workspace)?;
        }
    }
    let tables = saved::load(&workspace)?;
    if args.check {
        return check(&tables, &workspace, run);
    }
    for (name, text) in [
        ("RESULTS.md", pages::markdown(&tables)),
        ("RESULTS.html", pages::html(&tables)),
    ] {
        files::write_atomically(workspace.join("benches").join(name), text)?;
        if !run.output.quiet {
            common::remark!("benches/{name}: {} tables", tables.len());
        }
    }
    Ok(Outcome::Done)
}

/// Lists the tables that are older than their code. Exit code 1 if there is one.
fn check(tables: &[Table], workspace: &Path, run: &RunArgs) -> anyhow::Result<Outcome> {
    let aged: Vec<_> = tables
        .iter()
        .map(|table| (table, age(table, workspace)))
        .collect();
    let mut out = common::cli::stdout();
    let words = |age: &Age| match age {
        Age::Current => ("current", String::new()),
        Age::Older(why) => ("older", why.clone()),
        Age::Unknown(why) => ("unknown", (*why).to_owned()),
    };
    if run.output.json {
        let tables = aged.iter().map(|(table, age)| {
            let (age, why) = words(age);
            serde_json::json!({"table": table.name, "age": age, "why": why, "command": table.made.command})
        });
        out.json(&tables.collect::<Vec<_>>())?;
    } else {
        for (table, age) in &aged {
            let (age, why) = words(age);
            match why.as_str() {
                "" => writeln!(out, "{}: {age}", table.name)?,
                why => writeln!(out, "{}: {age}: {why}: {}", table.name, table.made.command)?,
            }
        }
    }
    out.flush()?;
    Ok(match aged.iter().any(|(_, age)| *age != Age::Current) {
        true => Outcome::SomeFailed,
        false => Outcome::Done,
    })
}

/// The workspace: from the argument, or where this program was built, or the current folder.
pub(super) fn workspace(told: Option<&Path>) -> PathBuf {
    let built = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    match told {
        Some(folder) => folder.to_owned(),
        None if built.is_dir() => built.canonicalize().unwrap_or_else(|_| built.to_owned()),
        None => PathBuf::from("."),
    }
}
