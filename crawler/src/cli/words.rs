//! Describes the settings and the result of a crawl in words.

use std::fmt::{Display, Write};
use std::path::Path;

use crawler::crawl::Summary;
use crawler::report::{Tally, Verdict};
use crawler::scope::Reach;
use crawler::settings::Settings;

/// The rules of a crawl: its scope, its limits, and their exact meaning.
pub(super) fn rules(settings: &Settings) -> String {
    let (limits, politeness, traps) = (&settings.limits, &settings.politeness, &settings.traps);
    let scope = match settings.reach {
        Reach::Host => "the same host and port",
        Reach::Domain => "the host without its www., and all its subdomains",
        Reach::Prefix => "the same host, below the folder of the given URL",
        Reach::Any => "everywhere",
    };
    let patterns = settings.include.len() + settings.exclude.len();
    let patterns = match patterns {
        0 => String::new(),
        1 => ", and 1 pattern".to_owned(),
        _ => format!(", and {patterns} patterns"),
    };
    let lines = [
        format!("scope     {scope}{patterns}"),
        limit(
            "depth",
            settings.depth,
            "links away from the given URLs; redirects are no links",
        ),
        limit(
            "pages",
            limits.pages,
            "in all runs together; redirects and canonical links are no pages",
        ),
        limit(
            "bytes",
            limits.bytes,
            "of bodies in all runs together; then no page is started",
        ),
        limit(
            "time",
            limits.time.map(|it| format!("{it:?}")),
            "of this run; then no page is started",
        ),
        format!(
            "polite    {} in flight, {} from one host, {}; robots.txt is {}; bodies of {} bytes at most",
            politeness.jobs,
            politeness.per_host,
            match politeness.delay.is_zero() {
                true => "no delay but what robots.txt asks for".to_owned(),
                false => format!("{:?} from one to the next", politeness.delay),
            },
            if settings.obeys_robots {
                "obeyed"
            } else {
                "ignored"
            },
            politeness.body,
        ),
        format!(
            "traps     URLs of {} bytes, a segment {} times in a path, {} pages of a host, {} that differ \
             only in their numbers",
            traps.url_length, traps.repeats, traps.per_host, traps.per_pattern
        ),
    ];
    lines.map(|line| line + "\n").concat()
}

fn limit(what: &str, limit: Option<impl Display>, meaning: &str) -> String {
    match limit {
        Some(limit) => format!("{what:9} {limit} {meaning}"),
        None => format!("{what:9} no limit"),
    }
}

/// The result of a crawl.
pub(super) fn summary(sum: &Summary) -> String {
    let seconds = sum.time.as_secs_f64();
    let mut text = format!("{} pages", sum.pages);
    if sum.earlier > 0 {
        let _ = write!(text, ", {} of them in earlier runs", sum.earlier);
    }
    let rate = (sum.pages - sum.earlier) as f64 / seconds.max(1e-9);
    let _ = writeln!(
        text,
        " ({} could not be fetched, {} answered with an error), {} redirects and aliases, {} links out \
         checked, {} URLs found, {} bytes, {seconds:.1} s, {rate:.0} pages/s",
        sum.failed, sum.http_errors, sum.aliases, sum.checked, sum.found, sum.bytes,
    );
    if sum.known > 0 {
        let _ = writeln!(
            text,
            "{} outside links were not requested: the cache has them",
            sum.known
        );
    }
    if !sum.skipped.is_empty() {
        let reasons: Vec<String> = sum
            .skipped
            .iter()
            .map(|(reason, count)| format!("{count} by {reason}"))
            .collect();
        let _ = writeln!(text, "left out: {}", reasons.join(", "));
    }
    for remark in &sum.remarks {
        let _ = writeln!(text, "{remark}");
    }
    if sum.cut > 0 {
        let _ = writeln!(
            text,
            "{} pages or sitemaps were not read to their end because of a limit",
            sum.cut
        );
    }
    if let Some(limit) = sum.limit {
        let _ = writeln!(text, "stopped at the limit of {limit}");
    }
    text
}

/// The result of a check, in a line.
pub(super) fn verdict(verdict: &Verdict) -> String {
    let Verdict {
        broken,
        broken_links,
        redirected,
        slow,
        cut,
        ..
    } = verdict;
    let cut = match cut {
        0 => String::new(),
        cut => format!(", {cut} pages not read to their end"),
    };
    format!(
        "{broken} targets broken ({broken_links} links lead there), {redirected} redirected, {slow} pages slow{cut}"
    )
}

/// Kinds and hosts that are named. The others are counted together.
const NAMED: usize = 5;

/// Broken targets by kind and by host, in up to two lines.
pub(super) fn tally(tally: &Tally) -> String {
    let list = |counts: &[(String, u64)]| {
        let (named, others) = counts.split_at(counts.len().min(NAMED));
        let named = named.iter().map(|(name, count)| format!("{count} {name}"));
        let mut all: Vec<String> = named.collect();
        let others: u64 = others.iter().map(|(_, count)| count).sum();
        if others > 0 {
            all.push(format!("{others} others"));
        }
        all.join(", ")
    };
    let mut text = String::new();
    if !tally.kinds.is_empty() {
        let _ = writeln!(text, "by kind: {}", list(&tally.kinds));
    }
    if !tally.hosts.is_empty() {
        let _ = writeln!(text, "by host: {}", list(&tally.hosts));
    }
    text
}

/// How the rest can be fetched.
pub(super) fn rest(db: Option<&Path>) -> String {
    match db {
        Some(path) => format!(
            "the rest is in the queue: resume with --db {} --resume",
            path.display()
        ),
        None => "the rest is not fetched: with --db FILE a crawl can be resumed".to_owned(),
    }
}
