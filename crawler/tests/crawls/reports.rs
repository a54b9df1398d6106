//! Reports on a state.

use super::*;

/// What is hard to write down: signs that mean something in each of the formats.
const AWKWARD: &str = "<title>=1+1, \"two\"\nthree &amp; four</title>\
    <a href='/a,b&c;d'>x</a><a href='http://[::1&quot;\\&amp;&lt;&#27;'>y</a><a href='/gone?a=1&amp;b=2'>z</a>";

#[test]
fn reports_are_what_their_readers_expect() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crawl.db");
    let site = Tiny::html(&[("/", AWKWARD), ("/a,b&c;d", "<a href=/>")]);
    let settings = Settings::new(vec![site.url("/").parse().unwrap()]);
    crawl_into(settings, File::create(&path).unwrap(), serial::run);
    let awkward = site.url("/a,b&c;d");

    let pages = report(&path, Format::Pages);
    assert_eq!(pages.lines().count(), 3);
    assert!(
        pages.lines().nth(2).unwrap().starts_with("404 page"),
        "{pages}"
    );

    let broken = report(&path, Format::Check(CheckFormat::Text));
    assert!(
        broken.contains("broken http://[::1\"\\&<\u{fffd}\n  not a URL\n"),
        "{broken}"
    );
    let place = format!("404 Not Found\n    {}:2:97 <a>\n", site.url("/"));
    assert!(
        broken.contains(&format!("/gone?a=1&b=2\n  {place}")),
        "{broken}"
    );

    let lines = report(&path, Format::JsonLines);
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(first["title"], "=1+1, \"two\" three & four");
    assert_eq!(lines.lines().count(), 3);

    let table = report(&path, Format::Csv);
    let rows: Vec<&str> = table.split_terminator("\r\n").collect();
    assert_eq!(rows.len(), 4);
    assert!(
        rows[1].contains(",\"'=1+1, \"\"two\"\" three & four\","),
        "{table}"
    );
    assert!(
        rows[2].starts_with(&format!("\"{awkward}\",page,200,1,")),
        "{table}"
    );

    let dot = report(&path, Format::Dot);
    assert!(dot.starts_with("digraph") && dot.ends_with("}\n"), "{dot}");
    assert!(dot.contains(r#"[label="http://[::1\"\\&<"#), "{dot}");
    // From / to three, and from the second page back.
    assert_eq!(dot.matches(" -> ").count(), 4);

    let (names, texts) = xml(&report(&path, Format::GraphMl));
    assert_eq!(names.iter().filter(|name| *name == "node").count(), 4);
    assert_eq!(names.iter().filter(|name| *name == "edge").count(), 4);
    assert!(texts.contains(&awkward) && texts.contains(&"http://[::1\"\\&<\u{fffd}".to_owned()));

    let map = report(&path, Format::Sitemap);
    xml(&map);
    let map = crawler::sitemap::read(map.as_bytes()).unwrap();
    assert_eq!(map.pages, [site.url("/"), awkward]);

    let connection = rusqlite::Connection::open(&path).unwrap();
    let count: i64 = connection
        .query_row("SELECT count(*) FROM broken", [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, 2);
}

/// The elements and the texts of XML that is well formed.
fn xml(text: &str) -> (Vec<String>, Vec<String>) {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let (mut names, mut texts, mut within, mut open) = (vec![], vec![], String::new(), 0);
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => {
                assert_eq!(open, 0);
                return (names, texts);
            }
            Event::Start(tag) => {
                open += 1;
                names.push(tag.local_name().into_inner().to_owned());
                within.clear();
            }
            Event::Empty(tag) => names.push(tag.local_name().into_inner().to_owned()),
            Event::End(_) => {
                open -= 1;
                texts.push(std::mem::take(&mut within));
            }
            Event::Text(part) => within.push_str(&part.xml10_content()),
            Event::GeneralRef(part) => within.push_str(match &*part {
                "amp" => "&",
                "lt" => "<",
                "gt" => ">",
                "quot" => "\"",
                other => panic!("{other}"),
            }),
            _ => {}
        }
    }
}
