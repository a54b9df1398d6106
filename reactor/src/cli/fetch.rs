//! Fetching one URL.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use common::cli::{Outcome, OutputArgs};
use common::files::PendingFile;
use protocols::http::Limits;
use reactor::fetch::fetch;
use reactor::{Error, Reactor};
use serde_json::json;

use super::args::FetchArgs;
use super::serve::stop_on_signals;

/// Where the body goes, piece by piece as it comes.
enum Target {
    File(PendingFile),
    Stdout,
    /// Standard output is the report's, and no file was asked for.
    Nowhere,
}

impl Target {
    fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        match self {
            Target::File(file) => file.write_all(piece),
            Target::Stdout => {
                let mut out = common::cli::stdout();
                out.write_all(piece)?;
                out.flush()
            }
            Target::Nowhere => Ok(()),
        }
    }
}

pub(super) fn run(args: &FetchArgs, output: &OutputArgs) -> anyhow::Result<Outcome> {
    let reactor = Reactor::new()?;
    let interrupted = stop_on_signals(&reactor)?;
    let limits = Limits {
        redirects: args.redirects,
        body: args.max_size,
        ..Limits::default()
    };
    let target = match &args.output {
        // Before anything is asked for: a folder that is not there is an error of its own.
        Some(path) => Target::File(PendingFile::create(path)?),
        None if output.json => Target::Nowhere,
        None => Target::Stdout,
    };
    let target = Rc::new(RefCell::new(target));
    let (sink, broken) = (Rc::clone(&target), Rc::new(RefCell::new(None)));
    let slot = Rc::clone(&broken);
    let fetching = fetch(&reactor, args.url.clone(), limits, move |piece| {
        // Kept as it is: the reader of standard output may have left, which is no failure.
        sink.borrow_mut().write(piece).map_err(|error| {
            slot.replace(Some(error));
            Error::Cancelled
        })
    });
    let result = reactor.run_until(fetching);
    // Taken back from a fetch that may still be under way: unless it is finished, the file goes.
    let target = target.replace(Target::Nowhere);
    let fetched = match result {
        Err(_) if interrupted.get() => return Ok(Outcome::Interrupted),
        Err(error) => match broken.take() {
            Some(broken) => return Err(broken.into()),
            None => return Err(error.into()),
        },
        Ok(fetched) => fetched,
    };
    if let Target::File(file) = target {
        file.finish()?;
    }
    if output.json {
        let mut out = common::cli::stdout();
        out.json(&json!({
            "url": fetched.url.as_str(),
            "status": fetched.status,
            "bytes": fetched.length,
        }))?;
        out.flush()?;
    } else if !output.quiet {
        let (url, status, length) = (&fetched.url, fetched.status, fetched.length);
        common::remark!("{url}: status {status}, {length} bytes");
    }
    Ok(match fetched.status < 300 {
        true => Outcome::Done,
        false => Outcome::SomeFailed,
    })
}
