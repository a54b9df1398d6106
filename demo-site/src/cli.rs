//! Everything behind `main`.

use std::io::Write;
use std::time::Duration;

use clap::{Parser, Subcommand};
use common::cli::{Outcome, OutputArgs, Shell, Usage, interrupt, numbers};
use demo_site::{Latency, Site};
use serde_json::json;

/// How often Ctrl-C is looked for.
const GLANCE: Duration = Duration::from_millis(50);

/// A small web site on 127.0.0.1 that is the same on every run, and can do everything that breaks
/// clients: its page /help lists it.
#[derive(Parser, Debug)]
#[command(version, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// The port; 0 is any that is free
    #[arg(short, long, default_value_t = 0)]
    port: u16,
    /// The port for what does not keep to HTTP; 0 is any that is free
    #[arg(long, default_value_t = 0)]
    raw_port: u16,
    /// How many pages there are
    #[arg(long, value_name = "N", default_value = "100", value_parser = count)]
    pages: usize,
    /// How many links each page has
    #[arg(long, value_name = "N", default_value = "5", value_parser = count)]
    links: usize,
    /// How big each page is
    #[arg(long, value_name = "SIZE", default_value = "4KiB", value_parser = numbers::size)]
    page_size: u64,
    /// How long a page takes: 50ms, between two times (20ms-80ms), or mostly the first and now and
    /// then up to the second (50ms~1s)
    #[arg(long, value_name = "TIME", default_value = "0ms", value_parser = latency)]
    latency: Latency,
    /// Which share of the requests for pages gets a 503, from 0 to 1
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = share)]
    error_rate: f64,
    /// Another seed makes another site
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
}

/// Serves until Ctrl-C.
pub(crate) fn run(args: Args) -> anyhow::Result<Outcome> {
    if let Some(Command::Completions { shell }) = args.command {
        common::cli::completions::<Args>(shell, "demo-site")?;
        return Ok(Outcome::Done);
    }
    let size = usize::try_from(args.page_size)
        .map_err(|_| Usage(format!("--page-size: {}: too big", args.page_size)))?;
    let interrupt = interrupt::install()?;
    let site = Site::builder()
        .port(args.port)
        .raw_port(args.raw_port)
        .pages(args.pages)
        .links(args.links)
        .page_size(size)
        .latency(args.latency)
        .error_rate(args.error_rate)
        .seed(args.seed)
        .robots("User-agent: *\nDisallow: /calendar/\nDisallow: /deeper/\nDisallow: /session\n")
        .start()?;
    let mut out = common::cli::stdout();
    if args.output.json {
        out.json(&json!({
            "url": site.url("/"), "help": site.url("/help"), "raw": site.raw_url("/"),
        }))?;
    } else {
        writeln!(out, "{}", site.url("/"))?;
        writeln!(out, "{}  lists what it can do", site.url("/help"))?;
        writeln!(out, "{}  does not keep to HTTP", site.raw_url("/"))?;
    }
    out.flush()?;
    // The lock on standard output is not needed any more.
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
