//! A line for each page as it is done: text for people, JSON for programs.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use common::cli::{Progress, stdout};
use crawler::store::{Teller, Told};

use super::args::Args;

/// Who tells of pages.
pub(super) struct Pages(Arc<Mutex<Telling>>);

struct Telling {
    json: bool,
    /// Whether people want a line of each page.
    lines: bool,
    progress: Progress,
    failed: Option<io::Error>,
}

impl Pages {
    pub(super) fn new(args: &Args, lines: bool) -> Pages {
        Pages(Arc::new(Mutex::new(Telling {
            json: args.run.output.json,
            lines,
            progress: Progress::new("pages", 0, args.run.output.quiet),
            failed: None,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Telling> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn teller(&self) -> Teller {
        let told = Arc::clone(&self.0);
        Box::new(move |page| {
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            told.tell(page);
        })
    }

    /// Whether there is no use in going on, as nobody reads it.
    pub(super) fn nobody_listens(&self) -> bool {
        self.lock().failed.is_some()
    }

    /// # Errors
    /// What standard output said.
    pub(super) fn finish(&self) -> io::Result<()> {
        let mut told = self.lock();
        told.progress.finish();
        told.failed.take().map_or(Ok(()), Err)
    }
}

impl Telling {
    fn tell(&mut self, page: &Told) {
        if self.failed.is_some() {
            return;
        }
        self.progress.inc(1);
        self.progress.say(&page.url);
        self.failed = self.write(page).err();
    }

    fn write(&self, page: &Told) -> io::Result<()> {
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
    }
}
