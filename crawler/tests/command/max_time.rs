//! `--max-time` and pages that take longer.

use super::*;

#[test]
fn pages_in_flight_are_left_and_that_is_told() {
    let site = Site::builder().start().unwrap();
    // A byte each tenth of a second, for hours: no time-out of a silent server ends it.
    let url = site.url("/slow/1000000?every=100");
    for model in ["serial", "threads", "processes", "async", "rayon"] {
        let (code, out, err) = output(&[
            &url,
            "--model",
            model,
            "--max-time=100ms",
            "--timeout=1s",
            "--ignore-robots",
        ]);
        assert_eq!((code, out.as_str()), (0, ""), "{model}: {err}");
        assert!(err.contains("\n0 pages (0 could not"), "{model}: {err}");
        assert!(
            err.contains("stopped at the limit of time\n"),
            "{model}: {err}"
        );
        assert!(
            err.contains("--resume") || err.contains("resumed"),
            "{model}: {err}"
        );
    }
}
