//! The command line.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;

use clap::Parser;
use common::cli::{Outcome, OutputArgs, interrupt, numbers};
use demo_site::{Builder, Latency, MOST_LINKS, Site};
use serde_json::json;

/// How often the program checks for Ctrl-C.
const GLANCE: Duration = Duration::from_millis(50);

/// A small web site on 127.0.0.1. It is the same on every run, and serves everything that breaks
/// clients: its page /help has the list.
#[derive(Parser, Debug)]
#[command(version, max_term_width = 100)]
pub(crate) struct Args {
    /// The port; 0 is any that is free
    #[arg(short, long, default_value_t = 0)]
    port: u16,
    /// The port for answers that break HTTP; 0 is any that is free
    #[arg(long, default_value_t = 0)]
    raw_port: u16,
    /// The number of pages
    #[arg(long, value_name = "N", default_value = "100", value_parser = count)]
    pages: usize,
    /// The number of links on each page, at most 100,000
    #[arg(long, value_name = "N", default_value = "5", value_parser = links)]
    links: usize,
    /// The size of each page; it is made while it is sent
    #[arg(long, value_name = "SIZE", default_value = "4KiB", value_parser = numbers::size)]
    page_size: u64,
    /// The latency of a page: 50ms, between two times (20ms-80ms), or mostly the first and sometimes
    /// up to the second (50ms~1s)
    #[arg(long, value_name = "TIME", default_value = "0ms", value_parser = latency)]
    latency: Latency,
    /// The share of requests for pages that gets a 503, from 0 to 1
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = share)]
    error_rate: f64,
    /// Serve https too; a client has to trust /certificate.pem
    #[cfg(feature = "tls")]
    #[arg(long)]
    https: bool,
    /// The port for https; 0 is any that is free
    #[cfg(feature = "tls")]
    #[arg(long, default_value_t = 0, requires = "https")]
    https_port: u16,
    /// Write a line for each request to FILE, in the combined form of Apache and nginx; - is
    /// standard error. An existing file is added to
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "-")]
    log: Option<PathBuf>,
    /// Another seed makes another site
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    output: OutputArgs,
}

/// Serves until Ctrl-C.
pub(crate) fn run(args: Args) -> anyhow::Result<Outcome> {
    let interrupt = interrupt::install()?;
    let builder = Site::builder()
        .port(args.port)
        .raw_port(args.raw_port)
        .pages(args.pages)
        .links(args.links)
        .page_size(args.page_size)
        .latency(args.latency)
        .error_rate(args.error_rate)
        .seed(args.seed)
        .robots("User-agent: *\nDisallow: /calendar/\nDisallow: /deeper/\nDisallow: /session\n");
    #[cfg(feature = "tls")]
    let builder = match args.https {
        true => builder.https(args.https_port),
        false => builder,
    };
    let builder = match &args.log {
        Some(path) => with_log(builder, path)?,
        None => builder,
    };
    let site = builder.start()?;
    #[cfg(feature = "tls")]
    let https = site.https_url("/");
    #[cfg(not(feature = "tls"))]
    let https: Option<String> = None;
    let mut out = common::cli::stdout();
    if args.output.json {
        out.json(&json!({
            "url": site.url("/"), "help": site.url("/help"), "raw": site.raw_url("/"),
            "https": https,
        }))?;
    } else {
        writeln!(out, "{}", site.url("/"))?;
        writeln!(out, "{}  lists what it can do", site.url("/help"))?;
        writeln!(out, "{}  does not keep to HTTP", site.raw_url("/"))?;
        if let Some(https) = https {
            let certificate = site.url("/certificate.pem");
            writeln!(out, "{https}  the same by https; trust {certificate}")?;
        }
    }
    out.flush()?;
    // Standard output is not needed any more.
    drop(out);
    while !interrupt.raised() {
        std::thread::sleep(GLANCE);
    }
    if !args.output.quiet {
        let counts = site.counts();
        common::remark!(
            "{} requests on {} connections, at most {} at once",
            counts.requests,
            counts.connections,
            counts.most_at_once
        );
    }
    Ok(Outcome::Interrupted)
}

fn with_log(builder: Builder, path: &Path) -> anyhow::Result<Builder> {
    if path == Path::new("-") {
        return Ok(builder.log(io::stderr()));
    }
    let mut options = File::options();
    let file = options.create(true).append(true).open(path);
    let file = file.with_context(|| format!("--log: {}", path.display()))?;
    Ok(builder.log(file))
}

fn links(text: &str) -> Result<usize, String> {
    match count(text)? {
        links if links > MOST_LINKS => Err(format!("{text}: at most {MOST_LINKS}")),
        links => Ok(links),
    }
}

fn count(text: &str) -> Result<usize, String> {
    let number = numbers::number(text).map_err(|error| error.to_string())?;
    usize::try_from(number).map_err(|_| format!("{text}: too many"))
}

fn share(text: &str) -> Result<f64, String> {
    let share = text
        .parse()
        .ok()
        .filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| format!("{text}: not a number from 0 to 1"))
}

fn latency(text: &str) -> Result<Latency, String> {
    let time = |text| numbers::duration(text).map_err(|error| error.to_string());
    let ordered = |first, second| match first <= second {
        true => Ok((first, second)),
        false => Err(format!("{text}: the longer time comes second")),
    };
    if let Some((least, most)) = text.split_once('-') {
        let (least, most) = ordered(time(least)?, time(most)?)?;
        Ok(Latency::Spread(least, most))
    } else if let Some((usual, most)) = text.split_once('~') {
        let (usual, most) = ordered(time(usual)?, time(most)?)?;
        Ok(Latency::LongTail(usual, most))
    } else {
        Ok(Latency::Fixed(time(text)?))
    }
}
