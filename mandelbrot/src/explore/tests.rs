use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;

use super::*;

/// Runs a server while `client` sends requests.
fn with_explorer(client: impl FnOnce(SocketAddr) + Send + 'static) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let workers = NonZeroUsize::new(2).unwrap();
        let explorer = Explorer::bind(0, workers).await.unwrap();
        let address = explorer.address();
        let (asked, end) = tokio::sync::oneshot::channel::<()>();
        let client = thread::spawn(move || {
            client(address);
            drop(asked);
        });
        explorer
            .serve(async move {
                let _ = end.await;
            })
            .await
            .unwrap();
        client.join().unwrap();
    });
}

fn ask(address: SocketAddr, host: &str, path: &str) -> (u16, Vec<u8>) {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).unwrap();
    let status = String::from_utf8_lossy(&reply[9..12]).parse().unwrap();
    let body = reply
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap()
        + 4;
    (status, reply[body..].to_vec())
}

fn path(view: u64, more: &str) -> String {
    let usual = "page=1&re=-0.75&im=0&zoom=1&columns=300&rows=200&x=0&y=0&width=64&height=64\
                 &iterations=200&palette=workshop&kernel=exact&model=rayon&smooth=false";
    let mut words: Vec<&str> = usual.split('&').collect();
    // Parameters in `more` replace the usual ones.
    for word in more.split('&').filter(|word| !word.is_empty()) {
        let (name, _) = word.split_once('=').unwrap();
        words.retain(|known| known.split('=').next() != Some(name));
        words.push(word);
    }
    format!("/tile?view={view}&{}", words.join("&"))
}

#[test]
fn a_tile_has_the_colours_of_its_part_of_the_view() {
    with_explorer(|address| {
        let host = address.to_string();
        let (status, rgb) = ask(address, &host, &path(1, "x=100&y=50&width=128&height=64"));
        assert_eq!((status, rgb.len()), (200, 3 * 128 * 64));
        let center = num_complex::Complex::new(-0.75, 0.0).into();
        let plan = crate::Plan::at(center, 1.0, 300, 200).unwrap();
        let plan = plan.with_limit(200).unwrap();
        let mut counts = crate::Counts::new(&plan);
        crate::kernels::textbook::fill(&plan, plan.tile(), counts.values_mut());
        let palette = crate::palette::Palette::workshop();
        for (n, pixel) in rgb.chunks(3).enumerate() {
            let (x, y) = (100 + n % 128, 50 + n / 128);
            let count = counts.values()[y * 300 + x];
            assert_eq!(pixel, palette.color(&plan, count), "{x},{y}");
        }
    });
}

#[test]
fn pages_from_elsewhere_are_refused() {
    with_explorer(|address| {
        let port = address.port();
        for host in [
            "evil.example",
            &format!("evil.example:{port}"),
            "127.0.0.1",
            "",
        ] {
            assert_eq!(ask(address, host, "/").0, 403, "{host}");
            assert_eq!(ask(address, host, &path(1, "")).0, 403, "{host}");
        }
        for host in [format!("127.0.0.1:{port}"), format!("localhost:{port}")] {
            let (status, page) = ask(address, &host, "/");
            assert_eq!(status, 200);
            assert!(String::from_utf8(page).unwrap().contains("</html>"));
        }
    });
}

#[test]
fn what_makes_no_sense_is_refused_with_a_reason() {
    with_explorer(|address| {
        let host = address.to_string();
        for (more, reason) in [
            ("iterations=1000001", "at most 1000000"),
            ("iterations=0", "iterations"),
            ("width=513", "sides of 1 to 512"),
            ("x=290", "sides of 1 to 512"),
            ("columns=100000&rows=100000", "at most 8192"),
            ("x=18446744073709551615", "sides of 1 to 512"),
            ("zoom=1e300", "the deepest is"),
            ("zoom=-1", "wider"),
            ("zoom=1e20", "too deep for f64"),
            ("re=zero", "not a decimal number"),
            ("palette=/etc/passwd", "no such name"),
            ("kernel=magic", "no such name"),
            ("model=magic", "rayon or serial"),
        ] {
            // Each request is a view of its own.
            let (status, body) = ask(address, &host, &path(1, &format!("{more}&page=7")));
            let body = String::from_utf8_lossy(&body).into_owned();
            assert!(
                status == 400 && body.contains(reason),
                "{more}: {status} {body}"
            );
        }
        assert_eq!(ask(address, &host, "/tile?x=1").0, 400);
    });
}

#[test]
fn a_view_of_the_same_place_in_other_colours_is_drawn() {
    with_explorer(|address| {
        let host = address.to_string();
        for (view, palette) in [(1, "ocean"), (2, "fire"), (3, "ocean"), (4, "ocean")] {
            let path = path(view, &format!("palette={palette}"));
            assert_eq!(ask(address, &host, &path).0, 200, "{view}");
        }
        // The older views are still stale.
        assert_eq!(ask(address, &host, &path(2, "palette=fire")).0, 410);
    });
}

/// 65 tiles are asked for at once, of which each takes minutes: the first answer is a refusal.
#[test]
fn more_tiles_at_once_than_there_is_room_for_are_refused() {
    with_explorer(|address| {
        let host = address.to_string();
        let slow = "zoom=1000&re=-0.1&im=0&iterations=1000000&kernel=textbook";
        let (tell, told) = std::sync::mpsc::channel();
        for _ in 0..65 {
            let (host, tell, path) = (host.clone(), tell.clone(), path(1, slow));
            thread::spawn(move || tell.send(ask(address, &host, &path).0));
        }
        assert_eq!(told.recv().unwrap(), 503);
        // A newer view ends them, and finds room when the first of them has gone.
        while ask(address, &host, &path(2, "")).0 == 503 {}
        for _ in 0..64 {
            assert_eq!(told.recv().unwrap(), 410);
        }
    });
}

/// A tile inside the set, with a million iterations of the textbook's loop, would take a minute.
#[test]
fn a_newer_view_ends_the_tiles_of_the_one_before() {
    with_explorer(|address| {
        let host = address.to_string();
        let slow = "zoom=1000&re=-0.1&im=0&iterations=1000000&kernel=textbook&width=300&height=200";
        let old = path(1, slow);
        let asked = thread::spawn({
            let (host, old) = (host.clone(), old.clone());
            move || ask(address, &host, &old).0
        });
        // Whether it runs by then or not, it must be stale.
        assert_eq!(ask(address, &host, &path(2, "")).0, 200);
        assert_eq!(asked.join().unwrap(), 410);
        assert_eq!(ask(address, &host, &old).0, 410);
        // Another page has its own views.
        assert_eq!(ask(address, &host, &path(1, "page=2")).0, 200);
    });
}
