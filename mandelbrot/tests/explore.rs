//! The explorer in a real browser: it draws, zooms on a click, cancels, and logs no error.

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

const DRAWN: &str = "document.body.dataset.state === 'done'";

/// A browser that shows a view, and its explorer; `None` if there is no browser.
fn start(view: &str) -> Option<(Browser, Explorer)> {
    let Some(mut browser) = Browser::start() else {
        assert!(std::env::var_os("CI").is_none(), "chromium is missing");
        eprintln!("skipped: chromium is missing");
        return None;
    };
    let explorer = Explorer::start();
    let url = format!("{}#{view}", explorer.url);
    browser.call("Page.navigate", json!({ "url": url }));
    browser.until("document.readyState === 'complete' && !!document.body.dataset.state");
    browser.until(DRAWN);
    Some((browser, explorer))
}

/// A position in the picture, given in fractions of its size, in the browser's pixels.
fn on_picture(browser: &mut Browser, across: f64, down: f64) -> (f64, f64) {
    let parts = browser.value(
        "(({ left, top, width, height }) => [left, top, width, height])\
         ($('place').getBoundingClientRect())",
    );
    let part = |n: usize| parts[n].as_f64().unwrap();
    (part(0) + part(2) * across, part(1) + part(3) * down)
}

fn middle_of(browser: &mut Browser) -> (f64, f64) {
    let mut number = |what: &str| browser.value(what).as_str().unwrap().parse().unwrap();
    (number("at.re"), number("at.im"))
}

#[test]
fn wheel_drag_and_fingers_move_what_is_under_them_and_limits_are_told() {
    let Some((mut browser, _explorer)) = start("iterations=50") else {
        return;
    };
    let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-3 * b.abs().max(0.1), "{a} {b}");
    let zoom = |browser: &mut Browser| browser.value("at.zoom").as_f64().unwrap();
    // The width is 3.5, around -0.75: a quarter of it to the right is 0.125.
    let right = on_picture(&mut browser, 0.75, 0.5);
    browser.wheel(right, -120.0);
    browser.until(&format!("at.zoom === 2 && {DRAWN}"));
    near(middle_of(&mut browser).0, -0.75 + 0.875 / 2.0);
    browser.wheel(right, 120.0);
    browser.until(&format!("at.zoom === 1 && {DRAWN}"));
    near(middle_of(&mut browser).0, -0.75);
    // Many small steps of a trackpad zoom as much as one notch, not by a notch each.
    for _ in 0..12 {
        browser.wheel(right, -10.0);
    }
    browser.until(&format!("Math.abs(at.zoom - 2) < 1e-9 && {DRAWN}"));
    browser.value("$('home').onclick()");
    browser.until(&format!("at.zoom === 1 && {DRAWN}"));

    // A drag by a tenth of the width moves the picture by as much.
    let middle = on_picture(&mut browser, 0.5, 0.5);
    let tenth = on_picture(&mut browser, 0.6, 0.5).0 - middle.0;
    browser.drag(middle, (middle.0 + tenth, middle.1 - tenth / 2.0));
    browser.until(&format!("at.re !== '-0.75' && {DRAWN}"));
    let (re, im) = middle_of(&mut browser);
    near(re, -0.75 - 0.35);
    // Imaginary parts grow downwards.
    near(im, 0.175);
    assert_eq!(zoom(&mut browser), 1.0);

    // One finger drags too. Two fingers that move apart zoom, and the point between them stays
    // there.
    browser.call(
        "Emulation.setTouchEmulationEnabled",
        json!({ "enabled": true, "maxTouchPoints": 2 }),
    );
    browser.touch(&[middle], &[(middle.0 - tenth, middle.1)]);
    browser.until(&format!("Math.abs(Number(at.re) + 0.75) < 1e-3 && {DRAWN}"));
    let beside = |(x, y): (f64, f64), by: f64| [(x - by, y), (x + by, y)];
    browser.touch(
        &beside(right, 20.0),
        &beside((right.0 - tenth, right.1), 60.0),
    );
    browser.until(&format!("at.zoom > 2 && {DRAWN}"));
    near(zoom(&mut browser), 3.0);
    // The point at 0.125 is now 0.15 of a third of the width to the right of the middle.
    near(middle_of(&mut browser).0, 0.125 - 0.15 * 3.5 / 3.0);
    browser.touch(&beside(middle, 60.0), &beside(middle, 20.0));
    browser.until(&format!("at.zoom < 2 && {DRAWN}"));
    near(zoom(&mut browser), 1.0);

    // Another palette, and then the same view again.
    for palette in ["fire", "fire"] {
        let choose = format!("$('palette').value = '{palette}'");
        browser.value(&format!(
            "document.body.dataset.state = ''; {choose}; $('palette').onchange()"
        ));
        browser.until("['done', 'failed'].includes(document.body.dataset.state)");
        assert_eq!(browser.value("document.body.dataset.state"), "done");
    }

    // A view that is too deep is drawn at the maximum depth, with a message.
    for hash in [
        "zoom=1e289&re=-2&im=0&iterations=100",
        "zoom=1e300&re=-2&im=0&iterations=100",
        "zoom=1&iterations=2000000&re=3&im=3",
    ] {
        browser.value(&format!(
            "document.body.dataset.state = ''; location.hash = '#kernel=auto&{hash}'"
        ));
        browser.until(DRAWN);
        let told = browser.value("$('state').textContent");
        let told = told.as_str().unwrap();
        assert!(
            told.contains("the deepest zoom there is") || told.contains("the most iterations"),
            "{told}"
        );
    }
    browser.value(
        "document.body.dataset.state = ''; location.hash = '#zoom=1e289&re=-2&im=0&iterations=100'",
    );
    browser.until(DRAWN);
    browser.wheel(middle, -120.0);
    browser.until(DRAWN);
    assert_eq!(zoom(&mut browser), 1e289);
    // From there the way back is open (xaos-project/XaoS#280: it was not).
    browser.value("$('out').onclick()");
    browser.until(&format!("at.zoom < 1e289 && {DRAWN}"));
    assert!(browser.console.is_empty(), "{:?}", browser.console);
}

#[test]
fn the_page_draws_zooms_cancels_and_logs_no_error() {
    let Some((mut browser, mut explorer)) = start("palette=workshop&smooth=false") else {
        return;
    };
    let drawn = DRAWN;

    // The middle of the whole set never leaves: 1000 % 8, 1000 % 16, 1000 % 32. The corner leaves
    // at once.
    let pixel = |browser: &mut Browser, x: &str, y: &str| {
        browser.value(&format!("[...pen.getImageData({x}, {y}, 1, 1).data]"))
    };
    let middle = pixel(&mut browser, "canvas.width / 2", "canvas.height / 2");
    assert_eq!(middle, json!([0, 128, 64, 255]));
    let corner = pixel(&mut browser, "0", "0");
    assert_eq!(corner, json!([32, 16, 8, 255]));
    assert!(browser.value("workers").as_u64().unwrap() <= 2);
    assert!(browser.value("noted.length").as_u64().unwrap() > 0);

    // A click zooms in, and the point under it stays there.
    let (x, y) = on_picture(&mut browser, 0.75, 0.5);
    browser.click(x, y);
    browser.until(&format!("at.zoom === 4 && {drawn}"));
    // A quarter of 3.5 to the right was 0.125. The middle is now at three quarters of the way
    // there.
    let (re, _) = middle_of(&mut browser);
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

    // A view that takes minutes is replaced by another, which is drawn at once.
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
    // The link contains all digits.
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

    // Ctrl-C stops it although the page is open.
    let killed = Command::new("kill")
        .args(["-INT", &explorer.child.id().to_string()])
        .status();
    assert!(killed.unwrap().success());
    assert_eq!(explorer.child.wait().unwrap().code(), Some(130));
}
