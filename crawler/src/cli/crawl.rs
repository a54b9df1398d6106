//! `crawler URL…` and `crawler check URL…`: a crawl, told as it goes on, and summed up.

use std::io::Write;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, anyhow};
use common::cli::{Interrupt, Outcome, Progress, compare, stdout};
use common::comparison::Comparison;
use crawler::Crawl;
use crawler::crawl::Summary;
use crawler::report::Report;
use crawler::settings::Settings;
use crawler::store::{File, Teller, Told};

use super::args::{Args, CheckArgs, CrawlArgs};
use super::model::{Choice, Kind, Model};

/// How often it is looked whether the user wants to stop.
const LOOK: Duration = Duration::from_millis(50);

/// Crawls what the command line names.
pub(super) fn run(args: &Args, interrupt: &Interrupt) -> anyhow::Result<Outcome> {
    let settings = args.crawl.settings(args.in_flight(), false);
    let choice = args.model.unwrap_or(Choice::One(Kind::Rayon));
    if choice == Choice::All {
        return compared(&settings, args, interrupt, "");
    }
    let file = file(&args.crawl)?;
    let [model] = choice.models()[..] else {
        return Err(anyhow!("one model"));
    };
    tell_rules(&settings, args);
    let teller = Pages::new(args, true, interrupt);
    let sum = once(
        &settings,
        file,
        &args.crawl,
        model,
        args,
        interrupt,
        teller.teller(),
    )?;
    teller.finish()?;
    if !args.run.quiet {
        eprint!("{}", summary(&sum));
    }
    Ok(match sum.failed + sum.refused {
        0 => Outcome::Done,
        _ => Outcome::SomeFailed,
    })
}

/// Crawls a site, and tells which of its links are broken.
pub(super) fn check(
    check: &CheckArgs,
    args: &Args,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let settings = check.crawl.settings(args.in_flight(), true);
    let Choice::One(kind) = args.model.unwrap_or(Choice::One(Kind::Rayon)) else {
        anyhow::bail!(common::cli::Usage("check: takes one model".to_owned()));
    };
    let [model] = Choice::One(kind).models()[..] else {
        return Err(anyhow!("one model"));
    };
    // The report is made of the state: there has to be one, if only for that long.
    let mut crawl_args = CheckedArgs::new(&check.crawl);
    let path = crawl_args.path()?;
    let file = match check.crawl.resume {
        true => File::resume(&path)?,
        false => File::create(&path)?,
    };
    tell_rules(&settings, args);
    let teller = Pages::new(args, false, interrupt);
    let sum = once(
        &settings,
        file,
        &check.crawl,
        model,
        args,
        interrupt,
        teller.teller(),
    )?;
    teller.finish()?;
    let mut text = Vec::new();
    let verdict = Report::open(&path)?.check(check.slow.as_secs_f64(), &mut text)?;
    if args.run.json {
        std::io::stderr().write_all(&text)?;
    } else {
        let mut out = stdout();
        out.write_all(&text)?;
        out.flush()?;
    }
    if !args.run.quiet {
        eprint!("{}", summary(&sum));
        eprintln!(
            "{} links broken, {} redirected, {} pages slow",
            verdict.broken, verdict.redirected, verdict.slow
        );
    }
    Ok(match verdict.broken {
        0 => Outcome::Done,
        _ => Outcome::SomeFailed,
    })
}

/// The state of a check: where the user wants it, or in a folder that is gone at the end.
struct CheckedArgs {
    given: Option<PathBuf>,
    folder: Option<PathBuf>,
}

impl CheckedArgs {
    fn new(args: &CrawlArgs) -> CheckedArgs {
        CheckedArgs {
            given: args.db.clone(),
            folder: None,
        }
    }

    fn path(&mut self) -> anyhow::Result<PathBuf> {
        if let Some(path) = &self.given {
            return Ok(path.clone());
        }
        let folder = std::env::temp_dir().join(format!("crawler-check-{}", std::process::id()));
        // One that is there already may be somebody else's.
        std::fs::create_dir(&folder).with_context(|| folder.display().to_string())?;
        let path = folder.join("crawl.db");
        self.folder = Some(folder);
        Ok(path)
    }
}

impl Drop for CheckedArgs {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            // What is left of it is the system's to clean.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

fn file(args: &CrawlArgs) -> anyhow::Result<File> {
    Ok(match (&args.db, args.resume) {
        (Some(path), true) => File::resume(path)?,
        (Some(path), false) => File::create(path)?,
        (None, _) => File::temporary()?,
    })
}

/// One crawl in one model, stopped by Ctrl-C.
fn once(
    settings: &Settings,
    file: File,
    crawl_args: &CrawlArgs,
    model: Model,
    args: &Args,
    interrupt: &Interrupt,
    teller: Teller,
) -> anyhow::Result<Summary> {
    let crawl = Crawl::new(settings.clone(), file, crawl_args.warc.as_deref(), teller)?;
    watched(&crawl, model, args, interrupt)?;
    Ok(crawl.finish()?)
}

/// Runs a model, and stops the crawl when the user wants.
fn watched(crawl: &Crawl, model: Model, args: &Args, interrupt: &Interrupt) -> anyhow::Result<()> {
    let jobs = NonZeroUsize::new(args.in_flight()).unwrap_or(NonZeroUsize::MIN);
    let (done, over) = std::sync::mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // Until the other end is gone.
            while over.recv_timeout(LOOK) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                if interrupt.raised() {
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

/// The same crawl in several models, in one table.
pub(super) fn compared(
    settings: &Settings,
    args: &Args,
    interrupt: &Interrupt,
    point: &str,
) -> anyhow::Result<Outcome> {
    let models = args.model.unwrap_or(Choice::All).models();
    let seeds: Vec<&str> = settings.seeds.iter().map(|it| it.as_str()).collect();
    let comparison = Comparison::new("a crawl")
        .input(seeds.join(" "))
        .agreement("the same pages")
        .runs(args.run.runs());
    // `-j` is pages in flight here.
    let mut run = args.run.clone();
    run.jobs = NonZeroUsize::new(args.in_flight());
    let job = |model: &Model| {
        if interrupt.raised() {
            return Err("interrupted".into());
        }
        let pages = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&pages);
        let teller = Box::new(move |page: &Told| {
            let mut pages = told.lock().unwrap_or_else(PoisonError::into_inner);
            pages.push((page.url.clone(), page.status));
        });
        let crawl = Crawl::new(settings.clone(), File::temporary()?, None, teller)?;
        watched(&crawl, *model, args, interrupt)?;
        crawl.finish()?;
        if interrupt.raised() {
            return Err("interrupted".into());
        }
        let mut pages = std::mem::take(&mut *pages.lock().unwrap_or_else(PoisonError::into_inner));
        pages.sort();
        Ok(pages)
    };
    // A serial crawl waits for each page in turn: twice a round would be the most of the time.
    let comparison = compare::add(comparison, &models, &run, job).baseline_once();
    let report = compare::finish(comparison, &models, &run);
    compare::show(&report, point, &run, |_| ())
}

/// What is told of each page as it is done.
struct Pages {
    told: Arc<Mutex<Telling>>,
}

struct Telling {
    json: bool,
    /// Whether people want a line of each page.
    lines: bool,
    progress: Progress,
    failed: Option<std::io::Error>,
    interrupt: Interrupt,
}

impl Pages {
    fn new(args: &Args, lines: bool, interrupt: &Interrupt) -> Pages {
        let told = Telling {
            json: args.run.json,
            lines,
            progress: Progress::new("pages", 0, args.run.quiet),
            failed: None,
            interrupt: interrupt.clone(),
        };
        Pages {
            told: Arc::new(Mutex::new(told)),
        }
    }

    fn teller(&self) -> Teller {
        let told = Arc::clone(&self.told);
        Box::new(move |page| {
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            told.tell(page);
        })
    }

    /// # Errors
    /// What standard output said.
    fn finish(&self) -> anyhow::Result<()> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.progress.finish();
        match told.failed.take() {
            Some(error) => Err(error.into()),
            None => Ok(()),
        }
    }
}

impl Telling {
    fn tell(&mut self, page: &Told) {
        if self.failed.is_some() {
            return;
        }
        self.progress.say(&page.url);
        let write = || {
            let mut out = stdout();
            if self.json {
                out.json(page)?;
            } else if self.lines {
                let status = page.status.map_or("---".to_owned(), |it| it.to_string());
                let error = page.error.as_deref().unwrap_or("");
                let gap = if error.is_empty() { "" } else { "  " };
                writeln!(out, "{status} {:>9} {}{gap}{error}", page.bytes, page.url)?;
            }
            out.flush()
        };
        if let Err(error) = write() {
            // Nobody reads it any more: there is no use in going on.
            self.failed = Some(error);
            self.interrupt.raise();
        }
    }
}

/// The limits of a crawl in words, before it begins.
fn tell_rules(settings: &Settings, args: &Args) {
    if args.run.quiet {
        return;
    }
    let limit = |what: &str, limit: Option<String>| match limit {
        Some(limit) => format!("{what} {limit}"),
        None => format!("{what} without limit"),
    };
    let limits = &settings.limits;
    eprintln!(
        "scope {:?}; {}; {}; {}; {}",
        settings.reach,
        limit(
            "depth (links from the start)",
            settings.depth.map(|it| it.to_string())
        ),
        limit("pages", limits.pages.map(|it| it.to_string())),
        limit("bytes", limits.bytes.map(|it| it.to_string())),
        limit("time", limits.time.map(|it| format!("{it:?}"))),
    );
    let manners = &settings.manners;
    eprintln!(
        "in flight {}, from one host {}, {:?} from one to the next; robots.txt {}",
        manners.jobs,
        manners.per_host,
        manners.delay,
        if settings.obeys_robots {
            "is kept to"
        } else {
            "is ignored"
        },
    );
}

fn summary(sum: &Summary) -> String {
    let seconds = sum.time.as_secs_f64();
    let mut text = format!(
        "{} pages ({} could not be fetched, {} answered with an error), {} redirects and aliases, {} URLs found, {} bytes, {seconds:.1} s, {:.0} pages/s\n",
        sum.pages,
        sum.failed,
        sum.refused,
        sum.aliases,
        sum.found,
        sum.bytes,
        sum.pages as f64 / seconds.max(1e-9),
    );
    if !sum.skipped.is_empty() {
        let reasons: Vec<String> = sum
            .skipped
            .iter()
            .map(|(reason, count)| format!("{count} by {reason}"))
            .collect();
        text.push_str(&format!("left out: {}\n", reasons.join(", ")));
    }
    if let Some(limit) = sum.limit {
        text.push_str(&format!(
            "stopped at the limit of {limit}; the rest is in the queue\n"
        ));
    }
    text
}
