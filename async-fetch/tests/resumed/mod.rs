//! A file of two versions, the first answers for it, and what becomes of it.

use std::time::Duration;

use async_fetch::{Fetcher, Keep, Outcome, Request, Retries};

use crate::raw::{Server, answer};

/// The whole, and where the first connection breaks off.
pub const SIZE: usize = 2000;
pub const CUT: usize = 600;

pub fn old() -> Vec<u8> {
    (0..SIZE).map(|at| (at % 251) as u8).collect()
}

pub fn new() -> Vec<u8> {
    (0..SIZE).map(|at| (at % 239) as u8).collect()
}

/// The first answer, which breaks off.
pub fn cut(tag: &str) -> Vec<u8> {
    let length = format!("Content-Length: {SIZE}");
    answer("200 OK", &[tag, &length], &old()[..CUT])
}

pub fn part(range: &str, headers: &[&str], body: &[u8]) -> Vec<u8> {
    let range = format!("Content-Range: {range}");
    answer(
        "206 Partial Content",
        &[&[range.as_str()], headers].concat(),
        body,
    )
}

pub fn fetcher() -> Fetcher {
    let retries = Retries {
        base: Duration::from_millis(1),
        ..Retries::default()
    };
    Fetcher::builder().retries(retries).build().unwrap()
}

/// What becomes of a file from a server.
pub async fn saved(server: &Server) -> (Outcome, Result<Vec<u8>, std::io::Error>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let request = Request::get(server.url("/file")).unwrap();
    let outcome = fetcher()
        .fetch(request.keep(Keep::File(path.clone())))
        .await;
    (outcome, std::fs::read(path))
}
