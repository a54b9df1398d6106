//! `explore`: serves a page on this machine.

use std::io::Write;
use std::time::Duration;

use anyhow::Context;
use common::cli::{Interrupt, Outcome, RunArgs};
use mandelbrot::explore::Explorer;
use serde_json::json;

/// How often the server checks whether to stop.
const LOOK_EVERY: Duration = Duration::from_millis(100);

#[derive(clap::Args, Debug)]
pub(super) struct ExploreArgs {
    /// The port on 127.0.0.1; 0 for any free port
    #[arg(long, value_name = "PORT", default_value = "8087")]
    port: u16,
}

/// Serves until Ctrl-C.
pub(super) fn run(
    args: &ExploreArgs,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let explorer = Explorer::bind(args.port, run.jobs())
            .await
            .with_context(|| format!("127.0.0.1:{}: choose another by --port", args.port))?;
        let url = format!("http://{}/", explorer.address());
        let mut out = common::cli::stdout();
        match run.output.json {
            true => out.json(&json!({ "url": url }))?,
            false => writeln!(out, "{url}")?,
        }
        out.flush()?;
        if !run.output.quiet {
            common::remark!("open it in a browser; Ctrl-C ends it");
        }
        let interrupt = interrupt.clone();
        let ended = interrupt.clone();
        let serve = explorer.serve(async move {
            while !interrupt.raised() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        });
        // Do not wait for a page that keeps its connection open.
        let end = async move {
            while !ended.raised() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            tokio::time::sleep(5 * LOOK_EVERY).await;
        };
        tokio::select! {
            served = serve => served?,
            () = end => {}
        }
        Ok(Outcome::Done)
    })
}
