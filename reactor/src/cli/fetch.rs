//! The command that fetches one URL.

use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

use anyhow::bail;
use common::cli::{Outcome, OutputArgs};
use common::files::PendingFile;
use protocols::chat;
use protocols::http::{self, Head, Limits};
use reactor::fetch::{Failed, Options, fetch_with};
use reactor::{Error, Reason};
use serde_json::json;

use super::args::FetchArgs;
use super::serve::stop_on_signals;

/// Where the body is written, piece by piece.
enum Target {
    File(PendingFile),
    Stdout,
    /// No file was given, and standard output is used for the report.
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
    let reactor = super::reactor()?;
    let interrupted = stop_on_signals(&reactor)?;
    let options = Options {
        head: args.head,
        fields: args.fields.clone(),
        limits: Limits {
            redirects: args.redirects,
            header: usize::try_from(args.max_header).unwrap_or(usize::MAX),
            body: args.max_size,
            idle: args.idle,
        },
    };
    let target = match &args.output {
        // Before the request: a missing folder is an error of its own.
        Some(path) => Target::File(PendingFile::create(path)?),
        None if output.json => Target::Nowhere,
        None => Target::Stdout,
    };
    let target = Rc::new(RefCell::new(target));
    let (sink, broken) = (Rc::clone(&target), Rc::new(RefCell::new(None)));
    let slot = Rc::clone(&broken);
    let (show, heads, slot_of_head) = (args.head, Rc::clone(&target), Rc::clone(&broken));
    let on_head = move |head: &Head| {
        if show {
            let mut text = head.lines.iter().map(|line| chat::shown(line.as_bytes()));
            let text = text.by_ref().collect::<Vec<_>>().join("\n") + "\n";
            if let Err(error) = heads.borrow_mut().write(text.as_bytes()) {
                slot_of_head.replace(Some(error));
            }
        }
    };
    let sink = move |piece: &[u8]| {
        // The error is kept: if the reader of standard output has left, this is no failure.
        sink.borrow_mut().write(piece).map_err(|error| {
            slot.replace(Some(error));
            Error::Cancelled
        })
    };
    let mut fetching = fetch_with(&reactor, args.url.clone(), options, on_head, sink);
    if let Some(limit) = args.timeout {
        fetching = fetching.with_timeout(&reactor, limit);
    }
    let result = reactor.run_until(fetching);
    // Taken away from the fetch, which may still run. A file that is not complete is deleted.
    let target = target.replace(Target::Nowhere);
    let fetched = match result {
        Err(_) if interrupted.get() => return Ok(Outcome::Interrupted),
        Err(error) => match broken.take() {
            Some(broken) => return Err(broken.into()),
            None => bail!("{}", with_flag(&error, args)),
        },
        Ok(fetched) => fetched,
    };
    if let Some(broken) = broken.take() {
        return Err(broken.into());
    }
    match target {
        Target::File(file) if fetched.status < 300 => file.finish().map(drop)?,
        // The existing file may be good. The new one is dropped.
        Target::File(_) | Target::Stdout | Target::Nowhere => {}
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

/// The error. If it is a limit, the text names the flag that sets the limit.
fn with_flag(error: &Error, args: &FetchArgs) -> String {
    let url = http::without_userinfo(&args.url);
    let failed = match error {
        Error::Other(error) => error.downcast_ref::<Failed>(),
        _ => None,
    };
    let flag = match failed.map_or(error, |failed| &failed.cause) {
        Error::TimedOut(_) => return format!("{url}: {error} (--timeout)"),
        Error::Http(http::Error::TooLong { what: "body", .. }) => "--max-size",
        Error::Http(http::Error::TooLong { .. }) => "--max-header",
        Error::Http(http::Error::TooManyRedirects(_)) => "--redirects",
        Error::ConnectionLost(Reason::Idle(_)) => "--idle",
        _ => return error.to_string(),
    };
    format!("{error} ({flag} sets the limit)")
}
