//! Many green threads that yield or sleep, and the same with tokio's tasks on one thread.

use std::io::Write;
use std::time::Duration;

use common::cli::Outcome;

use super::args::{GreenModel, GreenUse};

/// How many yield in turns; the same number as in the peers.
const YIELDERS: u64 = 100;

const NAP: Duration = Duration::from_secs(1);

/// Runs them, and prints how many have ended.
pub(crate) fn run(how: GreenUse, model: GreenModel, count: u64) -> anyhow::Result<Outcome> {
    let ended = match model {
        GreenModel::GreenThreads => green(how, count)?,
        GreenModel::Tokio => tokio(how, count)?,
    };
    let mut out = common::cli::stdout();
    writeln!(out, "{ended} ended")?;
    out.flush()?;
    Ok(Outcome::Done)
}

#[cfg(unix)]
fn green(how: GreenUse, count: u64) -> std::io::Result<usize> {
    use green_threads::{join_all, sleep, spawn, yield_now};

    let all: Vec<_> = match how {
        GreenUse::Yields => (0..YIELDERS)
            .map(|_| spawn(move || (0..count / YIELDERS).for_each(|_| yield_now())))
            .collect(),
        GreenUse::Sleepers => (0..count).map(|_| spawn(|| sleep(NAP))).collect(),
    };
    Ok(join_all(&all, None))
}

#[cfg(not(unix))]
fn green(_: GreenUse, _: u64) -> std::io::Result<usize> {
    Err(std::io::ErrorKind::Unsupported.into())
}

fn tokio(how: GreenUse, count: u64) -> std::io::Result<usize> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    Ok(runtime.block_on(async {
        let all: Vec<_> = match how {
            GreenUse::Yields => (0..YIELDERS)
                .map(|_| {
                    tokio::spawn(async move {
                        for _ in 0..count / YIELDERS {
                            tokio::task::yield_now().await;
                        }
                    })
                })
                .collect(),
            GreenUse::Sleepers => (0..count)
                .map(|_| tokio::spawn(tokio::time::sleep(NAP)))
                .collect(),
        };
        let mut ended = 0;
        for task in all {
            ended += usize::from(task.await.is_ok());
        }
        ended
    }))
}
