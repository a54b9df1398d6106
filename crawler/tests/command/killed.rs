//! What a kill leaves, and what others read of it.

use super::archives::read_by_warcio;
use super::*;

/// A number below `end`, the same for the same seed.
fn below(end: usize, seed: (u64, i32)) -> usize {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(seed) as usize % end
}

#[test]
fn killed_twenty_times_the_union_is_the_whole_site_and_each_page_once() {
    const PAGES: usize = 600;
    // A transaction collects pages for a tenth of a second. With this latency it has about five pages,
    // and the site takes so long that all kills come before its end, also on a busy machine.
    let latency = Latency::Fixed(Duration::from_millis(40));
    let site = Site::builder()
        .pages(PAGES)
        .links(6)
        .latency(latency)
        .start()
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("crawl.db");
    let warc = folder.path().join("crawl.warc.gz");
    let start = |words: &[&str]| {
        let mut command = crawler();
        command
            // However busy the machine is, no page is given up.
            .args([&site.url("/"), "--json", "-q", "--timeout=1h", "--db"])
            .arg(&db)
            .arg("--warc")
            .arg(&warc)
            .args(words);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        command.spawn().unwrap()
    };
    let seed = std::env::var("KILL_SEED").map_or_else(
        |_| RandomState::new().hash_one(0),
        |seed| seed.parse::<u64>().unwrap(),
    );
    // Shown if the test fails. The same seed kills after the same lines.
    eprintln!("KILL_SEED={seed}");
    let mut told = Vec::new();
    for kill in 0..20 {
        let mut child = start(if kill == 0 {
            &["-j2"]
        } else {
            &["-j2", "--resume"]
        });
        // Kill it after a random line of its output: within a transaction, or at its end.
        let line = 1 + below(15, (seed, kill));
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        told.extend(lines.take(line).map(Result::unwrap));
        assert_eq!(
            child.try_wait().unwrap(),
            None,
            "it ended before kill {kill}, after line {line}"
        );
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let mut child = start(&["-j16", "--per-host=16", "--resume"]);
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    told.extend(lines.map(Result::unwrap));
    assert!(child.wait().unwrap().success());
    // Lines may be lost by a kill, but no line came twice.
    assert_eq!(told.iter().collect::<HashSet<_>>().len(), told.len());

    let connection = rusqlite::Connection::open(&db).unwrap();
    let mut rows = connection
        .prepare("SELECT url FROM pages JOIN urls USING (id) WHERE outcome = 'page'")
        .unwrap();
    let found: Vec<String> = rows
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(found.len(), PAGES);
    let expected: HashSet<String> = site.pages().collect();
    assert_eq!(found.into_iter().collect::<HashSet<_>>(), expected);
    let one = |sql| {
        connection
            .query_row(sql, [], |row| row.get::<_, i64>(0))
            .unwrap()
    };
    assert_eq!(
        one("SELECT count(*) FROM (SELECT url FROM urls GROUP BY url HAVING count(*) > 1)"),
        0
    );
    assert_eq!(one("SELECT count(*) FROM queue"), 0);
    // Each page has six links, each kept once: none is lost, and none is there twice.
    assert_eq!(
        one("SELECT count(*) FROM (SELECT DISTINCT source, target FROM links)"),
        one("SELECT count(*) FROM links")
    );
    // The archive has one answer for each page, and no more.
    let mut text = Vec::new();
    let packed = std::fs::File::open(&warc).unwrap();
    flate2::read::MultiGzDecoder::new(packed)
        .read_to_end(&mut text)
        .unwrap();
    let text = String::from_utf8_lossy(&text);
    let robots = text.matches("WARC-Target-URI: ").count() - 2 * PAGES;
    assert_eq!(
        text.matches("WARC-Type: response\r\n").count(),
        PAGES + robots / 2
    );
    if let Some(records) = read_by_warcio(&warc) {
        let is_page = |url: &str| !url.ends_with("/robots.txt");
        let of_type = |kind: &str| {
            let pages = records.iter().filter(|it| is_page(&it.url));
            pages.filter(|it| it.kind == kind).count()
        };
        assert_eq!((of_type("response"), of_type("request")), (PAGES, PAGES));
        for page in 0..PAGES {
            let url = site.url(&if page == 0 {
                "/".to_owned()
            } else {
                format!("/page/{page}")
            });
            let record = records
                .iter()
                .find(|it| it.kind == "response" && it.url == url)
                .unwrap();
            assert_eq!(
                (record.status, record.body.as_str()),
                (200, site.html_of(page).as_str())
            );
        }
    }
}
