//! Prints a line for each finished page: text for people, JSON for programs.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use common::cli::{Progress, stdout};
use crawler::store::{OnPage, PageSummary};

use super::args::Args;

/// The lines of a crawl.
pub(super) struct Pages {
    /// Outside the lock, so that reading it never waits for a blocked write.
    nobody_listens: Arc<AtomicBool>,
    lines: Arc<Mutex<Lines>>,
}

struct Lines {
    json: bool,
    /// Whether each page has a line of text.
    text: bool,
    progress: Progress,
    failed: Option<io::Error>,
}

impl Pages {
    pub(super) fn new(args: &Args, text: bool) -> Pages {
        Pages {
            nobody_listens: Arc::default(),
            lines: Arc::new(Mutex::new(Lines {
                json: args.run.output.json && text,
                text,
                progress: Progress::new("pages", 0, args.run.output.quiet),
                failed: None,
            })),
        }
    }

    /// The callback that prints a line for each page, until standard output is closed.
    pub(super) fn on_page(&self) -> OnPage {
        let (lines, nobody_listens) = (Arc::clone(&self.lines), Arc::clone(&self.nobody_listens));
        Box::new(move |page| {
            if nobody_listens.load(Ordering::Relaxed) {
                return;
            }
            let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
            lines.progress.inc(1);
            lines.progress.say(&page.url);
            if let Err(error) = lines.write(page) {
                lines.failed = Some(error);
                nobody_listens.store(true, Ordering::Relaxed);
            }
        })
    }

    /// Whether standard output is closed, so that the crawl can stop.
    pub(super) fn nobody_listens(&self) -> bool {
        self.nobody_listens.load(Ordering::Relaxed)
    }

    /// # Errors
    /// The error of standard output.
    pub(super) fn finish(&self) -> io::Result<()> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.progress.finish();
        lines.failed.take().map_or(Ok(()), Err)
    }
}

impl Lines {
    fn write(&self, page: &PageSummary) -> io::Result<()> {
        let mut out = stdout();
        if self.json {
            out.json(page)?;
        } else if self.text {
            let status = page.status.map_or("---".to_owned(), |it| it.to_string());
            let error = page.error.as_deref().unwrap_or("");
            let gap = if error.is_empty() { "" } else { "  " };
            writeln!(out, "{status} {:>9} {}{gap}{error}", page.bytes, page.url)?;
        }
        out.flush()
    }
}
