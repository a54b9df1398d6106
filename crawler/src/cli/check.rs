//! `crawler check URL…`: finds the broken links of a site.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use common::cli::{Choice, Interrupt, Outcome, Usage};
use common::files;
use crawler::cache::Cache;
use crawler::report::{CheckFormat, Report};

use super::args::{Args, CheckArgs};
use super::model::{Kind, Model};
use super::{crawl, report, words};

/// Reads the cache of an earlier run. A missing file is an empty cache.
fn cache(path: &Path, age: Duration) -> anyhow::Result<Arc<Cache>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    // Now, and not only after all links were requested.
    files::check_folder_of(path)?;
    let cache = Cache::read(&text, age).with_context(|| path.display().to_string())?;
    Ok(Arc::new(cache))
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<std::io::Error>();
    error.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Crawls a site, and reports its broken links.
pub(super) fn run(
    check: &CheckArgs,
    args: &Args,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let mut settings = check.settings(args.in_flight())?;
    settings.cache = check
        .cache
        .as_deref()
        .map(|path| cache(path, check.max_age))
        .transpose()?;
    let cache = settings.cache.clone();
    let model = match args.model {
        None => Model(Kind::Rayon),
        Some(Choice::One(kind)) => Model(kind),
        Some(Choice::All) => bail!(Usage("check: takes one model".to_owned())),
    };
    // The report is made from the state, so there must be one, if only a temporary one.
    let folder = match check.crawl.db {
        Some(_) => None,
        None => Some(tempfile::tempdir().context("a temporary state: name a file by --db")?),
    };
    let temporary = folder.as_ref().map(|folder| folder.path().join("crawl.db"));
    let path = check.crawl.db.clone().or(temporary).unwrap_or_default();
    let file = check.crawl.state(&path)?;
    let sum = crawl::run_and_print(settings, file, &check.crawl, model, args, interrupt, false)?;
    let format = match check.format {
        Some(format) => CheckFormat::from(format),
        None if args.run.output.json => CheckFormat::Json,
        None => CheckFormat::Text,
    };
    let report = Report::open(&path)?;
    let slow = check.slow.as_secs_f64();
    let verdict = report::interruptible(&report, interrupt, || {
        let written = report::to_output(check.output.as_deref(), |out| {
            report.check(format, slow, out).map_err(report::told)
        });
        match written {
            // The reader has left (`| head`). The exit code must be right nevertheless.
            Err(error) if check.output.is_none() && is_broken_pipe(&error) => {
                Ok(report.check(format, slow, &mut std::io::sink())?)
            }
            written => written,
        }
    })?;
    // If it is interrupted, there are no counts.
    let tally =
        report::interruptible(&report, interrupt, || Ok(report.tally()?)).unwrap_or_default();
    if !args.run.output.quiet {
        common::remark!("{}", words::summary(&sum).trim_end());
        common::remark!("{}", words::verdict(&verdict));
        if verdict.broken > 0 {
            common::remark!("{}", words::tally(&tally).trim_end());
        }
        if interrupt.raised() || sum.limit.is_some() {
            common::remark!("{}", words::rest(check.crawl.db.as_deref()));
        }
    }
    // At the end: the report is more important.
    if let (Some(path), Some(cache)) = (&check.cache, cache) {
        files::write_atomically(path, cache.text())?;
    }
    // Links that a limit left unchecked may be broken.
    Ok(match verdict.broken + verdict.cut + sum.cut {
        0 if sum.limit.is_none() => Outcome::Done,
        _ => Outcome::SomeFailed,
    })
}
