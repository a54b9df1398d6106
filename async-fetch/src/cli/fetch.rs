//! The command: fetches the URLs that were given.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_fetch::{Body, Bytes, Fetcher, Outcome, Proxy, Request, name_of_disposition};
use common::cli::{Interrupt, Outcome as Conclusion};
use futures_util::future::{Either, select};
use futures_util::{Stream, StreamExt, stream};
use tokio::runtime::Builder;
use tokio::sync::mpsc;

use super::args::{Args, Network};
use super::bars::Bars;
use super::cookies::Cookies;
use super::descriptors;
use super::folder::Folder;
use super::input::{Item, Items, Source};
use super::netrc::Netrc;
use super::report::Report;
use super::requests::{Document, Requests};
use super::watcher::Watcher;

/// How often the program checks for Ctrl-C, and updates the bars.
const GLANCE: Duration = Duration::from_millis(50);

/// How long writes to the disk may still take at the end.
const LAST_WRITES: Duration = Duration::from_secs(5);

/// Pieces of a body that may wait to be written.
const PIECES: usize = 16;

/// Fetches the URLs, and reports each.
pub(super) fn run(
    args: &Args,
    source: Source,
    interrupt: &Interrupt,
) -> anyhow::Result<Conclusion> {
    descriptors::raise(args.polite.jobs, args.saving.folder.is_some())?;
    let folder = match &args.saving.folder {
        Some(path) => {
            fs::create_dir_all(path).with_context(|| path.display().to_string())?;
            Some(Arc::new(
                Folder::open(path, args.saving.force_directories).map_err(told)?,
            ))
        }
        None => None,
    };
    let bars = Bars::new(args.output.quiet);
    let cookies = Cookies::of(&args.sending)?;
    let (document, body) = document(args.saving.document.as_deref());
    let run = Run {
        args,
        fetcher: fetcher(args, &cookies, bars.as_ref(), folder.as_ref())?,
        report: Rc::new(RefCell::new(Report::new(args, bars.clone())?)),
        bars,
        folder: folder.clone(),
        interrupt,
    };
    // One thread is enough: it waits, and hardly computes. Files have threads of their own.
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let items = Items::start(source, Requests::of(args, document.as_ref())?, folder)?;
    drop(document);
    let result = runtime.block_on(run.all(items, body));
    let Run {
        fetcher, report, ..
    } = run;
    let slowed = fetcher.slowed();
    drop(fetcher);
    // Writes to the disk that were cancelled are completed.
    runtime.shutdown_timeout(LAST_WRITES);
    cookies.save(&args.sending)?;
    if let Some(path) = &args.saving.document {
        // The folder held the part. It stays if it is not empty.
        let _ = fs::remove_dir(path.with_file_name(async_fetch::FOLDER));
    }
    let mut report = report.borrow_mut();
    // If nobody reads standard output, there is no summary.
    result?;
    report.conclude(&slowed)
}

/// An error whose text contains its source already.
fn told(error: async_fetch::Error) -> anyhow::Error {
    anyhow::Error::msg(error.to_string())
}

/// Where the body of a single URL is written to; and the receiver, if this program writes it itself.
fn document(path: Option<&Path>) -> (Option<Document>, Option<mpsc::Receiver<Bytes>>) {
    let Some(path) = path else {
        return (None, None);
    };
    let is_stream =
        path == Path::new("-") || fs::metadata(path).is_ok_and(|it| !it.is_file() && !it.is_dir());
    if !is_stream {
        return (Some(Document::File(path.to_owned())), None);
    }
    let (sender, receiver) = mpsc::channel(PIECES);
    (Some(Document::Stream(sender)), Some(receiver))
}

fn fetcher(
    args: &Args,
    cookies: &Cookies,
    bars: Option<&Arc<Bars>>,
    folder: Option<&Arc<Folder>>,
) -> anyhow::Result<Fetcher> {
    let mut builder = Fetcher::builder()
        .limits(args.polite.limits())
        .timeouts(args.polite.timeouts())
        .retries(args.polite.retries())
        .cookies(Arc::clone(&cookies.jar));
    let form = (
        "content-type".parse()?,
        "application/x-www-form-urlencoded".parse()?,
    );
    let given = &args.sending.headers;
    let is_form = args.sending.body()?.is_some() && !given.iter().any(|(name, _)| *name == form.0);
    let headers = given.iter().cloned().chain(is_form.then_some(form));
    for (name, value) in headers.chain(cookies.given.clone()) {
        builder = builder.header(name, value);
    }
    if args.sending.netrc || args.sending.netrc_file.is_some() {
        let netrc = Netrc::load(args.sending.netrc_file.as_deref())?;
        builder = builder.credentials(move |url| netrc.of(url));
    }
    builder = network(builder, &args.network);
    if bars.is_some() || folder.is_some() {
        builder = builder.watch(Arc::new(Watcher {
            bars: bars.cloned(),
            folder: folder.cloned(),
        }));
    }
    builder.build().map_err(told)
}

fn network(mut builder: async_fetch::Builder, args: &Network) -> async_fetch::Builder {
    builder = builder.proxy(match args.proxy.as_deref() {
        None => Proxy::Environment,
        Some("none") => Proxy::None,
        Some(url) => Proxy::Url(url.to_owned()),
    });
    if args.http2 {
        builder = builder.http2_only();
    }
    if args.insecure {
        builder = builder.insecure();
    }
    if let Some(path) = &args.cacert {
        builder = builder.authorities(path);
    }
    if let Some(path) = &args.cert {
        builder = builder.certificate(path, args.key.clone());
    }
    for (host, port, address) in &args.resolve {
        builder = builder.resolve(host, *port, vec![*address]);
    }
    builder
}

/// A run, with all its parts.
struct Run<'a> {
    args: &'a Args,
    fetcher: Fetcher,
    report: Rc<RefCell<Report>>,
    bars: Option<Arc<Bars>>,
    folder: Option<Arc<Folder>>,
    interrupt: &'a Interrupt,
}

impl Run<'_> {
    async fn all(&self, items: Items, body: Option<mpsc::Receiver<Bytes>>) -> anyhow::Result<()> {
        let requests = requests(items, Rc::clone(&self.report), self.args.fail_fast);
        let mut outcomes = Box::pin(self.fetcher.fetch_all(requests));
        let mut body = body;
        {
            let mut beside = pin!(select(
                Box::pin(self.glance()),
                Box::pin(self.write(body.as_mut()))
            ));
            // While outcomes follow each other, the timer is not polled.
            while !self.is_stopped() {
                let outcome = match select(outcomes.next(), beside.as_mut()).await {
                    Either::Left((Some(outcome), _)) => outcome,
                    Either::Left((None, _)) => break,
                    Either::Right(_) => {
                        self.report.borrow_mut().stopped();
                        break;
                    }
                };
                self.tell(&outcome)?;
            }
        }
        // Pieces that were sent before the request ended.
        while let Some(piece) = body.as_mut().and_then(|body| body.try_recv().ok()) {
            self.report.borrow_mut().body(&piece);
        }
        // Dropping the stream cancels all that is in flight.
        drop(outcomes);
        self.report.borrow_mut().check()
    }

    /// Whether to end before the list does: after Ctrl-C, or with `--fail-fast` after a failure.
    fn is_stopped(&self) -> bool {
        let mut report = self.report.borrow_mut();
        let stopped = self.interrupt.raised() || self.args.fail_fast && report.has_failures();
        if stopped {
            report.stopped();
        }
        stopped
    }

    /// Updates the bars until Ctrl-C.
    async fn glance(&self) {
        while !self.interrupt.raised() {
            if let Some(bars) = &self.bars {
                bars.tick(|| self.fetcher.slowed());
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Writes the body of a single URL as it comes, until a write fails.
    async fn write(&self, body: Option<&mut mpsc::Receiver<Bytes>>) {
        if let Some(body) = body {
            while let Some(piece) = body.recv().await {
                if !self.report.borrow_mut().body(&piece) {
                    return;
                }
            }
        }
        std::future::pending().await
    }

    fn tell(&self, outcome: &Outcome) -> anyhow::Result<()> {
        let file = self.saved_as(outcome)?;
        self.report.borrow_mut().outcome(outcome, file.as_deref())?;
        Ok(())
    }

    /// The file of a body, under the server's name with `--content-disposition`.
    fn saved_as(&self, outcome: &Outcome) -> anyhow::Result<Option<PathBuf>> {
        let Ok(answer) = &outcome.result else {
            return Ok(None);
        };
        let Body::File(path) = &answer.body else {
            return Ok(None);
        };
        let wanted = answer.headers.get("content-disposition");
        let wanted = wanted.filter(|_| self.args.saving.content_disposition);
        let name = wanted.and_then(|value| name_of_disposition(value.as_bytes()));
        Ok(Some(match (name, &self.folder) {
            (Some(name), Some(folder)) => folder.rename(&outcome.url, path, &name)?,
            _ => path.clone(),
        }))
    }
}

/// The requests among the items. The other items are reported at once.
fn requests(
    items: Items,
    report: Rc<RefCell<Report>>,
    fail_fast: bool,
) -> impl Stream<Item = Request> {
    let batches = stream::unfold(items, |mut items| async {
        let batch = items.next().await?;
        Some((stream::iter(batch), items))
    });
    batches.flatten().filter_map(move |item| {
        let mut report = report.borrow_mut();
        let request = match item {
            // After a failure no request is started.
            _ if fail_fast && report.has_failures() => {
                report.stopped();
                None
            }
            Item::Fetch(request, origin) => Some(report.begin(request, origin)),
            Item::There {
                url,
                path,
                bytes,
                origin,
            } => {
                report.there(&url, &path, bytes, &origin);
                None
            }
            Item::Repeated { url, origin } => {
                report.repeated(&url, &origin);
                None
            }
            Item::Bad { origin, error } => {
                report.bad(&origin, &error);
                None
            }
        };
        std::future::ready(request)
    })
}
