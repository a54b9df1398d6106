//! `crawler check URL…`: which links of a site are broken.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use common::cli::{Interrupt, Outcome, Usage, stdout};
use crawler::report::Report;
use crawler::store::File;

use super::args::{Args, CheckArgs};
use super::model::{Choice, Kind};
use super::{crawl, words};

/// Crawls a site, and tells which of its links are broken.
pub(super) fn run(
    check: &CheckArgs,
    args: &Args,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let settings = check.crawl.settings(args.in_flight(), true);
    let choice = args.model.unwrap_or(Choice::One(Kind::Rayon));
    if choice == Choice::All {
        anyhow::bail!(Usage("check: takes one model".to_owned()));
    }
    let [model] = choice.models()[..] else {
        return Err(anyhow!("one model"));
    };
    // The report is made of the state: there has to be one, if only for that long.
    let folder = match check.crawl.db {
        Some(_) => None,
        None => Some(Folder::new()?),
    };
    let path = match (&check.crawl.db, &folder) {
        (Some(path), _) => path.clone(),
        (None, Some(folder)) => folder.0.join("crawl.db"),
        (None, None) => return Err(anyhow!("a place for the state")),
    };
    let file = match check.crawl.resume {
        true => File::resume(&path)?,
        false => File::create(&path)?,
    };
    let sum = crawl::told(settings, file, &check.crawl, model, args, interrupt, false)?;
    let report = Report::open(&path)?;
    let slow = check.slow.as_secs_f64();
    // Standard output has the lines of JSON already.
    let verdict = match args.run.json {
        true => report.check(slow, &mut io::stderr().lock())?,
        false => {
            let mut out = stdout();
            let verdict = report.check(slow, &mut out)?;
            out.flush()?;
            verdict
        }
    };
    if !args.run.quiet {
        eprint!("{}", words::summary(&sum));
        eprintln!(
            "{} links broken, {} redirected, {} pages slow",
            verdict.broken, verdict.redirected, verdict.slow
        );
        if interrupt.raised() || sum.limit.is_some() {
            eprintln!("{}", words::rest(check.crawl.db.as_deref()));
        }
    }
    Ok(match verdict.broken {
        0 => Outcome::Done,
        _ => Outcome::SomeFailed,
    })
}

/// Folders of other programs that are tried to be told from, at most.
const TRIES: u32 = 100;

/// A folder of its own, which is gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> anyhow::Result<Folder> {
        let all = std::env::temp_dir();
        let mut number = 0;
        loop {
            let name = format!("crawler-check-{}-{number}", std::process::id());
            let folder = all.join(name);
            number += 1;
            // One that is there already is somebody else's.
            match fs::create_dir(&folder) {
                Ok(()) => return Ok(Folder(folder)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < TRIES => {}
                Err(error) => return Err(error).with_context(|| shown(&folder)),
            }
        }
    }
}

fn shown(folder: &Path) -> String {
    format!("{}: name a file for the state by --db", folder.display())
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left of it is the system's to clean.
        let _ = fs::remove_dir_all(&self.0);
    }
}
