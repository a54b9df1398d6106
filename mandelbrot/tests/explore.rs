//! The explorer in a real browser: it draws, zooms by a click, cancels, and logs no error.

#![cfg(all(feature = "explore", target_os = "linux"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use common::cli::interrupt::with_usual_signals;

mod devtools;

use devtools::Browser;
use serde_json::json;

struct Explorer {
    child: Child,
    url: String,
}

impl Explorer {
    fn start() -> Explorer {
        let mut child = with_usual_signals(&mut Command::new(env!("CARGO_BIN_EXE_mandelbrot")))
            .args(["explore", "--port", "0", "-q", "-j", "2"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut url).unwrap();
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
        let url = url.trim().to_owned();
        Explorer { child, url }
    }
}

impl Drop for Explorer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_page_draws_zooms_cancels_and_logs_no_error() {
    let Some(mut browser) = Browser::start() else {
        assert!(std::env::var_os("CI").is_none(), "chromium is missing");
        eprintln!("skipped: chromium is missing");
        return;
    };
    let mut explorer = Explorer::start();
    let open = |browser: &mut Browser, url: &str| {
        browser.call("Page.navigate", json!({ "url": url }));
        browser.until("document.readyState === 'complete' && !!document.body.dataset.state");
    };
    let drawn = "document.body.dataset.state === 'done'";
    open(
        &mut browser,
        &format!("{}#palette=workshop&smooth=false", explorer.url),
    );
    browser.until(drawn);

    // The middle of the whole set never leaves: 1000 % 8, 1000 % 16, 1000 % 32. The corner leaves at
    // once.
    let pixel = |browser: &mut Browser, x: &str, y: &str| {
        browser.value(&format!("[...pen.getImageData({x}, {y}, 1, 1).data]"))
    };
    let middle = pixel(&mut browser, "canvas.width / 2", "canvas.height / 2");
    assert_eq!(middle, json!([0, 128, 64, 255]));
    let corner = pixel(&mut browser, "0", "0");
    assert_eq!(corner, json!([32, 16, 8, 255]));
    assert!(browser.value("workers").as_u64().unwrap() <= 2);
    assert!(browser.value("noted.length").as_u64().unwrap() > 0);

    // A click zooms in, and what is under it stays there.
    let box_of = browser.value(
        "(({ left, top, width, height }) => [left, top, width, height])\
         ($('place').getBoundingClientRect())",
    );
    let part = |n: usize| box_of[n].as_f64().unwrap();
    let (x, y) = (part(0) + part(2) * 0.75, part(1) + part(3) / 2.0);
    browser.click(x, y);
    browser.until(&format!("at.zoom === 4 && {drawn}"));
    // A quarter of 3.5 to the right was 0.125; now the middle is three quarters of the way there.
    let re: f64 = browser.value("at.re").as_str().unwrap().parse().unwrap();
    assert!((re - (-0.75 + 0.75 * 0.875)).abs() < 0.01, "{re}");
    assert!(
        browser
            .value("location.hash")
            .as_str()
            .unwrap()
            .contains("zoom=4")
    );
    if let Some(path) = std::env::var_os("SCREENSHOT") {
        browser.screenshot(path.as_ref());
    }

    // A view that takes minutes is left for another, which is drawn at once.
    let slow = "#re=-0.1&im=0&zoom=1000&iterations=1000000&kernel=textbook";
    browser.value(&format!("location.hash = '{slow}'"));
    browser.until("at.zoom === 1000 && document.body.dataset.state === 'drawing'");
    let deep = "#re=-0.77661059259970185656403950255299474932817032143987\
                &im=0.13460896167502816605673727023305780954118749622040&zoom=1e30\
                &iterations=5300&palette=ocean&smooth=true&kernel=auto";
    browser.value(&format!("location.hash = '{deep}'"));
    browser.until(&format!("at.zoom === 1e30 && {drawn}"));
    assert!(
        browser
            .value("Number(document.body.dataset.cancelled)")
            .as_u64()
            .unwrap()
            >= 1
    );
    let state = browser.value("$('state').textContent");
    assert!(state.as_str().unwrap().contains("perturbation"), "{state}");
    // All digits are in the link.
    let link = browser.value("$('link').href");
    assert!(
        link.as_str()
            .unwrap()
            .contains("0.77661059259970185656403950255299474932817032143987")
    );
    if let Some(path) = std::env::var_os("SCREENSHOT_DEEP") {
        browser.screenshot(path.as_ref());
    }
    assert!(browser.console.is_empty(), "{:?}", browser.console);

    // Ctrl-C ends it, though the page is open.
    let killed = Command::new("kill")
        .args(["-INT", &explorer.child.id().to_string()])
        .status();
    assert!(killed.unwrap().success());
    assert_eq!(explorer.child.wait().unwrap().code(), Some(130));
}
