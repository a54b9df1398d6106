//! Everything that breaks clients.

use super::*;

/// What becomes of everything that the demo site can do, by the beginning of its path; the first that
/// fits counts. `Page` with a status, or `Failed` with a word of the reason.
const CLASSES: &[(&str, Class)] = &[
    ("/redirect/chain/3", Class::Moved(3)),
    ("/redirect/loop", Class::Moved(2)),
    ("/redirect/self", Class::Moved(1)),
    ("/redirect/away", Class::Moved(1)),
    ("/redirect/to", Class::Moved(1)),
    ("/redirect/private", Class::Moved(1)),
    (
        "/redirect/garbage",
        Class::Failed("a redirect to what is not fetched"),
    ),
    (
        "/redirect/file",
        Class::Failed("a redirect to what is not fetched"),
    ),
    ("/redirect/nowhere", Class::Page(302)),
    ("/redirect/latin-1", Class::Moved(1)),
    ("/redirect/utf-8", Class::Moved(1)),
    ("/redirect/space", Class::Moved(1)),
    ("/redirect/two", Class::Moved(1)),
    ("/redirect/empty", Class::Page(302)),
    ("/redirect/userinfo", Class::Moved(1)),
    ("/auth/redirect", Class::Moved(1)),
    ("/auth", Class::Page(401)),
    ("/cookies/show", Class::Page(200)),
    ("/cookies/trail", Class::Moved(1)),
    // A thousand cookies are a head that is too big.
    ("/cookies/many", Class::Failed("not HTTP")),
    ("/cookies", Class::Moved(1)),
    ("/goaway", Class::Page(426)),
    ("/part/unasked", Class::Failed("another part")),
    ("/part", Class::Failed("cut short")),
    ("/br", Class::Page(200)),
    ("/zstd", Class::Page(200)),
    ("/coding/none", Class::Page(200)),
    ("/coding/list", Class::Page(200)),
    ("/coding/chain", Class::Failed("more than 5 codings")),
    ("/early/endless", Class::Failed("header took longer than")),
    (
        "/early/switching",
        Class::Failed("changes to another protocol"),
    ),
    ("/transfer/gzip", Class::Page(200)),
    ("/transfer/order", Class::Failed("not asked for")),
    ("/transfer/unknown", Class::Failed("not asked for")),
    ("/transfer/bare-lf", Class::Failed("not HTTP")),
    ("/head/bare-lf", Class::Page(200)),
    ("/head/folded", Class::Page(200)),
    ("/head/space", Class::Page(200)),
    ("/head/no-reason", Class::Page(200)),
    ("/status/404", Class::Page(404)),
    // There is none.
    ("/robots.txt", Class::Page(404)),
    ("/busy?status=429", Class::Page(429)),
    ("/busy", Class::Page(503)),
    ("/never", Class::Failed("header took longer than")),
    (
        "/stall",
        Class::Failed("the next part of the body took longer than"),
    ),
    ("/endless", Class::Page(200)),
    ("/gzip/bomb", Class::Page(200)),
    ("/gzip/cut", Class::Failed("not gzip")),
    ("/gzip/not", Class::Failed("not gzip")),
    ("/gzip/trailing", Class::Failed("not gzip")),
    ("/gzip/twice", Class::Page(200)),
    ("/gzip", Class::Page(200)),
    (
        "/coding/unknown",
        Class::Failed("not middle-out: it is not known here"),
    ),
    (
        "/cut/head",
        Class::Failed("closed before there was an answer"),
    ),
    (
        "/cut/silence",
        Class::Failed("closed before there was an answer"),
    ),
    ("/cut", Class::Failed("cut short")),
    ("/length/short", Class::Page(200)),
    ("/length/none", Class::Page(200)),
    ("/length/huge", Class::Failed("cut short")),
    ("/length", Class::Failed("not HTTP")),
    ("/head", Class::Failed("not HTTP")),
    ("/", Class::Page(200)),
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Class {
    Page(u16),
    Moved(u64),
    Failed(&'static str),
}

#[test]
fn everything_that_breaks_clients_is_told_for_what_it_is() {
    let site = Site::builder().pages(3).start().unwrap();
    let wrong: Vec<String> = demo_site::catalogue::ENTRIES
        .iter()
        .filter_map(|entry| {
            let url = if entry.raw {
                site.raw_url(entry.path)
            } else {
                site.url(entry.path)
            };
            let mut settings = Settings::new(vec![url.parse().unwrap()]);
            settings.politeness.retries = 0;
            settings.politeness.body = 1 << 20;
            settings.obeys_robots = false;
            // Only what is asked for, and where it redirects to.
            settings.depth = Some(0);
            if ["/never", "/stall", "/early/endless"].contains(&entry.path) {
                settings.politeness.timeout = Duration::from_millis(300);
            }
            let (sum, pages) = crawl(settings);
            let (_, expected) = CLASSES
                .iter()
                .find(|(path, _)| entry.path.starts_with(path))
                .unwrap();
            let first = pages
                .iter()
                .find(|page| page.url.trim_end_matches('/') == url.trim_end_matches('/'));
            let first = first.unwrap_or(&pages[0]);
            let error = first.error.clone().unwrap_or_default();
            let is_so = match expected {
                Class::Page(status) => {
                    let refused = u64::from(*status >= 400);
                    first.status == Some(*status) && (sum.failed, sum.http_errors) == (0, refused)
                }
                Class::Moved(times) => sum.aliases == *times,
                Class::Failed(word) => sum.failed == 1 && error.contains(word),
            };
            (!is_so).then(|| {
                format!(
                    "{}: {expected:?}: {:?} {error}, {sum:?}",
                    entry.path, first.status
                )
            })
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
