//! Fetching one URL.

use std::cell::{Cell, RefCell};
use std::io::Write;
use std::rc::Rc;

use common::cli::{Outcome, RunArgs, files};
use reactor::fetch::{Limits, fetch};
use reactor::{Error, Reactor};
use serde_json::json;

use super::args::FetchArgs;
use super::serve::stop_on_signals;

pub(super) fn run(args: &FetchArgs, run: &RunArgs) -> anyhow::Result<Outcome> {
    let reactor = Reactor::new()?;
    let interrupted = stop_on_signals(&reactor)?;
    let limits = Limits {
        redirects: args.redirects,
        body: args.max_size,
        ..Limits::default()
    };
    let kept = Rc::new(RefCell::new(Vec::new()));
    let to_memory = args.output.is_some() || run.json;
    let sink = Rc::clone(&kept);
    let broken = Rc::new(Cell::new(None));
    let slot = Rc::clone(&broken);
    let fetching = fetch(&reactor, args.url.clone(), limits, move |piece| {
        if to_memory {
            sink.borrow_mut().extend_from_slice(piece);
            return Ok(());
        }
        let mut out = common::cli::stdout();
        out.write_all(piece)
            .and_then(|()| out.flush())
            .map_err(|error| {
                slot.set(Some(error));
                Error::Cancelled
            })
    });
    let fetched = match reactor.run_until(fetching) {
        Err(_) if interrupted.get() => return Ok(Outcome::Interrupted),
        Err(error) => match broken.take() {
            Some(broken) => return Err(broken.into()),
            None => return Err(error.into()),
        },
        Ok(fetched) => fetched,
    };
    if let Some(path) = &args.output {
        files::write_atomically(path, kept.take())?;
    }
    let good = fetched.status < 300;
    if run.json {
        let mut out = common::cli::stdout();
        out.json(&json!({
            "url": fetched.url.as_str(),
            "status": fetched.status,
            "bytes": fetched.length,
        }))?;
        out.flush()?;
    } else if !run.quiet {
        let (url, status, length) = (&fetched.url, fetched.status, fetched.length);
        eprintln!("{url}: status {status}, {length} bytes");
    }
    Ok(match good {
        true => Outcome::Done,
        false => Outcome::SomeFailed,
    })
}
