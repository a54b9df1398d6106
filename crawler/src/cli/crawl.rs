//! `crawler URL…`: a crawl, with a line for each page and a summary.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use anyhow::bail;
use common::cli::{Choice, Interrupt, Outcome};
use crawler::Crawl;
use crawler::crawl::{Limit, Summary};
use crawler::settings::Settings;
use crawler::store::{File, OnPage};

use super::args::{Args, CrawlArgs};
use super::model::{Kind, Model};
use super::pages::Pages;
use super::{compare, words};

/// How often the program checks for Ctrl-C.
const LOOK: Duration = Duration::from_millis(50);

/// Crawls the URLs of the command line.
pub(super) fn run(args: &Args, interrupt: &Interrupt) -> anyhow::Result<Outcome> {
    let settings = args.crawl.settings(args.in_flight(), false)?;
    let model = match args.model {
        None => Model(Kind::Rayon),
        Some(Choice::One(kind)) => Model(kind),
        Some(Choice::All) => return compare::run(&settings, args, interrupt, false),
    };
    let file = match &args.crawl.db {
        Some(path) => args.crawl.state(path)?,
        None => File::temporary()?,
    };
    let sum = run_and_print(settings, file, &args.crawl, model, args, interrupt, true)?;
    if !args.run.output.quiet {
        common::remark!("{}", words::summary(&sum).trim_end());
        if interrupt.raised() || sum.limit.is_some() {
            common::remark!("{}", words::rest(args.crawl.db.as_deref()));
        }
    }
    // Nobody can know beforehand which pages a limit of time leaves out. A limit of pages or bytes is a request
    // for that many.
    Ok(match sum.failed + sum.http_errors + sum.cut {
        0 if sum.limit != Some(Limit::Time) => Outcome::Done,
        _ => Outcome::SomeFailed,
    })
}

/// One crawl in one model. It prints the rules first, and then each page.
pub(super) fn run_and_print(
    settings: Settings,
    file: File,
    crawl_args: &CrawlArgs,
    model: Model,
    args: &Args,
    interrupt: &Interrupt,
    lines: bool,
) -> anyhow::Result<Summary> {
    if !args.run.output.quiet {
        common::remark!("{}", words::rules(&settings).trim_end());
    }
    let pages = Pages::new(args, lines);
    let archive = crawl_args.warc.as_deref();
    let crawl = begin(settings, file, archive, pages.on_page(), interrupt)?;
    // At the end of the time, pages in flight get as long as a silent server.
    let start = Instant::now();
    let limit = crawl.settings().limits.time;
    let last = limit.map(|time| time.saturating_add(crawl.settings().politeness.timeout));
    let is_late = || last.is_some_and(|last| start.elapsed() >= last);
    let is_over = || interrupt.raised() || pages.nobody_listens() || is_late();
    watched(&crawl, model, args.in_flight(), is_over)?;
    let sum = crawl.finish()?;
    pages.finish()?;
    Ok(sum)
}

/// Makes a crawl. The look-up of the given hosts can't be interrupted, so it has a thread of its own. Ctrl-C leaves
/// that thread behind.
pub(super) fn begin(
    settings: Settings,
    file: File,
    archive: Option<&Path>,
    on_page: OnPage,
    interrupt: &Interrupt,
) -> anyhow::Result<Crawl> {
    let archive = archive.map(Path::to_owned);
    let (sender, made) = std::sync::mpsc::channel();
    std::thread::Builder::new().spawn(move || {
        let crawl = Crawl::new(settings, file, archive.as_deref(), on_page);
        // The receiver leaves after Ctrl-C.
        drop(sender.send(crawl));
    })?;
    loop {
        match made.recv_timeout(LOOK) {
            Ok(crawl) => return Ok(crawl?),
            Err(RecvTimeoutError::Timeout) if !interrupt.raised() => {}
            Err(_) => bail!("the crawl ended before its first page"),
        }
    }
}

/// Runs a model, and stops the crawl when `is_over` says so.
pub(super) fn watched(
    crawl: &Crawl,
    model: Model,
    jobs: usize,
    is_over: impl Fn() -> bool + Sync,
) -> anyhow::Result<()> {
    let jobs = NonZeroUsize::new(jobs).unwrap_or(NonZeroUsize::MIN);
    let (done, ended) = std::sync::mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let is_over = &is_over;
        scope.spawn(move || {
            // Until the sender is dropped.
            while ended.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                if is_over() {
                    crawl.stop();
                    return;
                }
            }
        });
        let result = model.run(crawl, jobs);
        drop(done);
        Ok(result?)
    })
}
