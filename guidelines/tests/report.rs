//! A whole measurement, as short as it can be: its JSON, and its page in a real browser.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use assert_cmd::Command;
use serde_json::Value;
use std::collections::HashSet;
use std::fs;

#[path = "../../mandelbrot/tests/devtools/mod.rs"]
#[allow(dead_code, reason = "a page without a picture to click on needs less")]
mod devtools;

use devtools::Browser;

const SECTIONS: [&str; 11] = [
    "start",
    "switch",
    "memory",
    "tables",
    "hand-over",
    "items",
    "latency",
    "cure",
    "gain",
    "python",
    "cluster",
];

const CROSSOVERS: [&str; 13] = [
    "two-workers/rayon",
    "two-workers/tokio",
    "two-workers/thread-pool",
    "two-workers/thread",
    "two-workers/process-pool",
    "two-workers/process",
    "waiting/time",
    "waiting/memory",
    "result-size",
    "chunk/thread-pool",
    "chunk/process-pool",
    "stealing",
    "simd",
];

#[test]
fn one_run_of_everything_gives_json_and_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("report.html");
    let run = Command::cargo_bin("guidelines")
        .unwrap()
        .args(["--runs", "1", "--json", "--html"])
        .arg(&page)
        .assert()
        .success();
    let report: Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
    check_json(&report);
    let html = fs::read_to_string(&page).unwrap();
    for elsewhere in ["<script", "http://", "https://", "@import", "src="] {
        // The namespace of SVG is a name, not an address.
        let html = html.replace("http://www.w3.org/2000/svg", "");
        assert!(!html.contains(elsewhere), "{elsewhere}");
    }
    check_page(&page);
}

fn check_json(report: &Value) {
    assert_eq!(report["format"], 1);
    assert!(report["machine"]["usable"].as_u64().unwrap() >= 1);
    assert!(report["busy"].is_array());
    let ids = |list: &Value| -> Vec<String> {
        let list = list.as_array().unwrap().iter();
        list.map(|it| it["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let mut sections = ids(&report["sections"]);
    sections.sort();
    let mut expected = SECTIONS.map(str::to_owned);
    expected.sort();
    assert_eq!(sections, expected);
    let mut seen = HashSet::new();
    for row in report["sections"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|it| it["rows"].as_array().unwrap())
    {
        let id = row["id"].as_str().unwrap();
        assert!(seen.insert(id.to_owned()), "{id} twice");
        let figure = &row["figure"];
        // Without a figure it is said why.
        if figure.is_null() {
            assert!(row["remark"].is_string(), "{row}");
            continue;
        }
        let part = |name: &str| figure[name].as_f64().unwrap();
        assert!(
            part("low") <= part("median") && part("median") <= part("high"),
            "{row}"
        );
        assert!(figure["runs"].as_u64().unwrap() >= 1, "{row}");
    }
    // What nothing can be missing of on Linux.
    for id in [
        "start/call",
        "start/process",
        "switch/thread",
        "memory/thread",
        "hand-over/pipe",
    ] {
        assert!(seen.contains(id), "{id}");
    }
    assert_eq!(ids(&report["crossovers"]), CROSSOVERS);
    let decisions = report["decisions"].as_array().unwrap();
    assert_eq!(decisions.len(), 7);
    // Of one run nothing is decided.
    for rule in decisions
        .iter()
        .flat_map(|it| it["rules"].as_array().unwrap())
    {
        assert!(rule["verdict"]["undecided"].is_string(), "{rule}");
    }
}

fn check_page(page: &std::path::Path) {
    let Some(mut browser) = Browser::start() else {
        assert!(std::env::var_os("CI").is_none(), "chromium is missing");
        eprintln!("skipped: chromium is missing");
        return;
    };
    let url = format!("file://{}", page.display());
    browser.call("Page.navigate", serde_json::json!({ "url": url }));
    browser.until("document.readyState === 'complete' && !!document.querySelector('h1')");
    let plots = browser.value("document.querySelectorAll('figure').length");
    assert!(plots.as_u64().unwrap() >= 12, "{plots} plots");
    // In each plot the words of both axes, and below it what to look for.
    let bare = browser.value(
        "[...document.querySelectorAll('figure')].filter(figure => { \
            const words = [...figure.querySelectorAll('svg text')].map(it => it.textContent.trim()); \
            const named = name => words.includes(figure.dataset[name]); \
            const caption = figure.querySelector('figcaption').textContent; \
            return !named('x') || !named('y') || caption.length < 20 || !figure.querySelector('svg rect'); \
        }).map(figure => figure.dataset.x)",
    );
    assert_eq!(bare, serde_json::json!([]));
    // On a telephone nothing is wider than the screen.
    let size = serde_json::json!({
        "width": 380, "height": 800, "deviceScaleFactor": 1, "mobile": true,
    });
    browser.call("Emulation.setDeviceMetricsOverride", size);
    browser.until("document.documentElement.clientWidth <= 380");
    assert_eq!(
        browser.value("document.documentElement.scrollWidth <= 380"),
        true
    );
    if let Some(path) = std::env::var_os("SCREENSHOT") {
        browser.screenshot(path.as_ref());
    }
    // On paper: no figure is cut by the end of a page.
    let media = serde_json::json!({ "media": "print" });
    browser.call("Emulation.setEmulatedMedia", media);
    let whole = browser.value("getComputedStyle(document.querySelector('figure')).breakInside");
    assert_eq!(whole, "avoid");
    assert!(browser.console.is_empty(), "{:?}", browser.console);
}
