//! The `main` that all files here share.

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use criterion::Criterion;

/// Some rows: what one function measures.
pub type Rows = fn(&mut Criterion) -> io::Result<()>;

/// Measures all `rows`, taking `samples` of each, and writes criterion's report. (`criterion_main!`
/// has no place for what must come first in `main`, nor for a pool that won't start.)
pub fn main(samples: usize, rows: &[Rows]) -> ExitCode {
    let mut criterion = Criterion::default()
        .sample_size(samples)
        // criterion's own three and five seconds would make minutes of some hundred rows, and say
        // no more about factors of two.
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    match rows.iter().try_for_each(|rows| rows(&mut criterion)) {
        Ok(()) => {
            criterion.final_summary();
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
