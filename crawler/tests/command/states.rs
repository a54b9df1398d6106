//! States that are none.

use super::*;

#[test]
fn a_state_that_is_none_is_told_and_left_as_it_is() {
    let site = Site::builder().pages(5).start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let garbage = path("garbage.db");
    std::fs::write(&garbage, "this is no database, whoever says so".repeat(100)).unwrap();
    let foreign = path("foreign.db");
    let connection = rusqlite::Connection::open(&foreign).unwrap();
    connection
        .execute_batch("CREATE TABLE mine (x); PRAGMA user_version = 1;")
        .unwrap();
    drop(connection);
    let seed = site.url("/");
    let missing = path("missing.db");
    for (words, text) in [
        (vec![seed.as_str(), "--db", &garbage], "not a database"),
        (vec![&seed, "--db", &garbage, "--resume"], "not a database"),
        (vec!["report", &garbage], "not a database"),
        (vec![&seed, "--db", &foreign], "another program's"),
        (
            vec![&seed, "--db", &garbage, "--overwrite"],
            "not a database",
        ),
        (
            vec![&seed, "--db", &foreign, "--overwrite"],
            "another program's",
        ),
        (
            vec![&seed, "--db", &foreign, "--resume"],
            "contains no crawl",
        ),
        (vec!["report", &foreign], "contains no crawl"),
        (vec![&seed, "--db", &missing, "--resume"], "no such file"),
        (vec!["report", &missing], "no such file"),
        (
            vec![&seed, "--db", "/nonexistent/x.db"],
            "/nonexistent/x.db",
        ),
    ] {
        let (code, out, err) = output(&words);
        assert_eq!((code, out.as_str()), (1, ""), "{words:?}: {err}");
        assert!(err.contains(text), "{words:?}: {err}");
    }
    assert_eq!(site.counts().requests, 0);
    let text = std::fs::read_to_string(&garbage).unwrap();
    assert!(text.starts_with("this is no database"));
    let connection = rusqlite::Connection::open(&foreign).unwrap();
    let tables = "SELECT group_concat(name) FROM sqlite_master";
    let tables: String = connection.query_row(tables, [], |row| row.get(0)).unwrap();
    assert_eq!(tables, "mine");

    let good = path("good.db");
    assert_eq!(output(&[&seed, "--db", &good]).0, 0);
    for (words, text) in [
        (vec![seed.as_str(), "--db", &good], "--resume"),
        (
            vec![&site.url("/page/1"), "--db", &good, "--resume"],
            "seeds was",
        ),
        (
            vec![&seed, "--db", &good, "--resume", "--depth", "3"],
            "depth was null, and is 3 now",
        ),
    ] {
        let (code, _, err) = output(&words);
        assert_eq!(code, 1);
        assert!(err.contains(text), "{words:?}: {err}");
    }
    // Going on with one that is done does nothing.
    site.reset();
    let (code, out, err) = output(&[&seed, "--db", &good, "--resume"]);
    assert_eq!(
        (code, out.as_str(), site.counts().requests),
        (0, "", 0),
        "{err}"
    );
    assert!(err.contains("5 pages"), "{err}");
    // What ended before it began can be begun again.
    let early = path("early.db");
    let warc = path("no/such/folder.warc.gz");
    let (code, _, err) = output(&[&seed, "--db", &early, "--warc", &warc]);
    assert_eq!(code, 1);
    assert!(err.contains("folder.warc.gz"), "{err}");
    assert_eq!(output(&[&seed, "--db", &early]).0, 0);
    // Overwritten it has the pages of the new crawl, and no others.
    let (code, out, err) = output(&[&seed, "--db", &good, "--overwrite", "--depth", "0"]);
    assert_eq!((code, out.lines().count()), (0, 1), "{err}");
    let (code, out, err) = output(&["report", &good]);
    assert_eq!((code, out.lines().count()), (0, 1), "{out}{err}");
    assert_eq!(
        output(&[&seed, "--db", &path("new.db"), "--overwrite"]).0,
        0
    );
}
