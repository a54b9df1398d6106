//! Fetches many URLs at once.

use std::io::Write;

use common::cli::{Outcome, OutputArgs, files};
use green_threads::fetch::{Failed, Fetched, Limits, fetch};
use green_threads::{Pool, offload, spawn, timeout};
use protocols::http::{Error, without_userinfo};
use serde_json::json;
use url::Url;

use super::args::FetchArgs;
use super::interruptible::stop_signals;

/// A URL's number and the result of its fetch.
struct Answer {
    number: usize,
    url: Url,
    fetched: Result<Fetched, String>,
}

pub(super) fn run(args: &FetchArgs, output: &OutputArgs) -> anyhow::Result<Outcome> {
    if let Some(folder) = &args.output {
        std::fs::create_dir_all(folder)?;
    }
    let signals = stop_signals()?;
    let interrupted = std::rc::Rc::new(std::cell::Cell::new(false));
    let pool = Pool::new(args.at_once);
    spawn({
        let (interrupted, pool) = (std::rc::Rc::clone(&interrupted), pool.clone());
        move || {
            signals.wait();
            interrupted.set(true);
            pool.kill();
        }
    });
    let limits = Limits {
        redirects: args.redirects,
        body: args.max_size,
        idle: args.timeout,
        ..Limits::default()
    };
    let (folder, patience) = (args.output.clone(), args.timeout);
    let one = move |(number, url): (usize, Url)| {
        let fetched = timeout(patience, || {
            let mut body = Vec::new();
            let keep = folder.is_some();
            let fetched = fetch(&url, limits, |piece| {
                if keep {
                    body.extend_from_slice(piece);
                }
                Ok(())
            })
            .map_err(|failed| with_flag(&failed))?;
            if let Some(folder) = &folder
                && fetched.status < 300
            {
                let path = folder.join(number.to_string());
                offload(move || files::write_atomically(path, body))
                    .map_err(|error| error.to_string())?;
            }
            Ok(fetched)
        });
        // A password is not printed.
        let url = without_userinfo(&url);
        Answer {
            number,
            fetched: fetched.unwrap_or_else(|late| Err(format!("{url}: {late} (--timeout)"))),
            url,
        }
    };
    let urls: Vec<_> = (1..).zip(args.urls.clone()).collect();
    let (mut good, mut failed, mut bytes) = (0, 0, 0);
    for answer in pool.imap_unordered(urls, one) {
        let answer = match answer {
            // Ctrl-C ended it, and the others too.
            Err(_) if interrupted.get() => break,
            answer => answer?,
        };
        if let Ok(fetched) = &answer.fetched
            && fetched.status < 300
        {
            good += 1;
            bytes += fetched.length;
        } else {
            failed += 1;
        }
        report(&answer, output)?;
        if interrupted.get() {
            break;
        }
    }
    if !output.quiet {
        let left = match args.urls.len() - good - failed {
            0 => String::new(),
            left => format!("; {left} left"),
        };
        common::remark!("{good} fetched, {bytes} bytes; {failed} failed{left}");
    }
    Ok(match failed {
        _ if interrupted.get() => Outcome::Interrupted,
        0 => Outcome::Done,
        _ => Outcome::SomeFailed,
    })
}

/// The error. If it is a limit, the text names the flag that sets the limit.
fn with_flag(failed: &Failed) -> String {
    let flag = match failed.cause {
        Error::TooLong { what: "body", .. } => "--max-size",
        Error::TooManyRedirects(_) => "--redirects",
        _ => return failed.to_string(),
    };
    format!("{failed} ({flag} sets the limit)")
}

fn report(answer: &Answer, output: &OutputArgs) -> anyhow::Result<()> {
    let mut out = common::cli::stdout();
    let (number, url) = (answer.number, answer.url.as_str());
    if output.json {
        out.json(&match &answer.fetched {
            Ok(fetched) => json!({
                "number": number, "url": url, "from": fetched.url.as_str(),
                "status": fetched.status, "bytes": fetched.length,
            }),
            Err(error) => json!({ "number": number, "url": url, "error": error }),
        })?;
    } else {
        match &answer.fetched {
            Ok(fetched) => {
                let (from, status, length) = (&fetched.url, fetched.status, fetched.length);
                writeln!(out, "{status} {length:>9} {from}")?;
            }
            Err(error) => common::remark!("{error}"),
        }
    }
    Ok(out.flush()?)
}
