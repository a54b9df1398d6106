//! Which code a job measures.

/// Folders by the names of `versus` jobs and of criterion's groups.
const PATHS: &[(&[&str], &[&str])] = &[
    (&["count", "check"], &["primes/src"]),
    (
        &[
            "mandelbrot",
            "mandelbrot-python",
            "mandelbrot-model",
            "mandelbrot-kernel",
        ],
        &["mandelbrot/src"],
    ),
    (
        &["pool-threads", "pool-processes", "round-trip", "million"],
        &["executors/src"],
    ),
    (&["thumbnails", "thumbnails-web"], &["thumbnails/src"]),
    (
        &[
            "yield",
            "spawn",
            "park",
            "tasks",
            "generator",
            "message",
            "cancel",
        ],
        &["scheduler/src", "event-loop/src"],
    ),
    (
        &["yields", "sleepers", "green-spawn"],
        &["green-threads/src", "event-loop/src"],
    ),
    (
        &[
            "ping-pong",
            "idle",
            "timer",
            "wake-up",
            "echo-in-memory",
            "lines",
            "deferred",
        ],
        &["reactor/src", "event-loop/src"],
    ),
    (&["fetch", "pages"], &["async-fetch/src"]),
    (&["crawl", "links"], &["crawler/src", "async-fetch/src"]),
];

/// The code that a job or a group measures. For an unknown name it is this crate.
pub(super) fn of(name: &str) -> Vec<String> {
    let known = PATHS.iter().find(|(names, _)| names.contains(&name));
    let paths = known.map_or(&["benches"][..], |(_, paths)| paths);
    paths.iter().map(|path| (*path).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroUsize;

    #[test]
    fn every_job_is_known_and_every_folder_is_there() {
        let house = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let jobs = crate::versus::jobs(NonZeroUsize::MIN);
        for job in jobs.iter().map(|job| job.name).chain(["ping-pong", "idle"]) {
            assert_ne!(of(job), ["benches"], "{job}");
        }
        for path in PATHS.iter().flat_map(|(_, paths)| *paths) {
            assert!(house.join(path).is_dir(), "{path}");
        }
    }
}
