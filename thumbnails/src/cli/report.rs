//! The messages for each picture, and the summary.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use common::cli::{Progress, RunArgs};
use common::timing::{Measurement, human_bytes, human_duration};
use serde_json::json;
use thumbnails::paths::{escaped, shown};
use thumbnails::walk::PassedOver;
use thumbnails::{Made, Task};

/// The number of pictures with each outcome.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) made: u64,
    pub(super) unchanged: u64,
    /// Among those made or unchanged: pictures of which a part could not be decoded.
    pub(super) damaged: u64,
    pub(super) failed: u64,
    pub(super) failed_before: u64,
    pub(super) deleted: u64,
    pub(super) passed_over: PassedOver,
}

impl Counts {
    /// Adds the files that a walk skipped.
    pub(super) fn pass_over(&mut self, passed: PassedOver) {
        let all = &mut self.passed_over;
        all.unknown += passed.unknown;
        all.empty += passed.empty;
        all.thumbnails += passed.thumbnails;
        all.again += passed.again;
        all.special += passed.special;
    }

    /// Whether no picture was found.
    fn is_nothing(&self) -> bool {
        self.made + self.unchanged + self.failed + self.failed_before == 0
    }
}

/// Reports pictures as they are done.
pub(super) struct Report<'a> {
    run: &'a RunArgs,
    progress: Progress,
    /// Whether single pictures are reported: not when models are compared.
    tells: bool,
    pub(super) counts: Counts,
    /// Whether `failures` are recorded.
    follows: bool,
    /// The failures since the last call of `take_failures`.
    failures: Vec<PathBuf>,
}

impl<'a> Report<'a> {
    pub(super) fn new(run: &'a RunArgs, tells: bool) -> Report<'a> {
        Report {
            run,
            progress: Progress::new(
                "looking for pictures",
                0,
                run.output.quiet || tells && !run.output.json,
            ),
            tells,
            counts: Counts::default(),
            follows: false,
            failures: Vec::new(),
        }
    }

    /// A report that also records failures, for [`take_failures`](Self::take_failures).
    pub(super) fn following(run: &'a RunArgs) -> Report<'a> {
        Report {
            follows: true,
            ..Report::new(run, true)
        }
    }

    /// The failures since the last call.
    pub(super) fn take_failures(&mut self) -> Vec<PathBuf> {
        std::mem::take(&mut self.failures)
    }

    pub(super) fn made(&mut self, task: &Task, made: &Made) -> io::Result<()> {
        self.counts.made += 1;
        if let Some(damage) = &made.damage {
            self.damaged(&task.source, damage)?;
        }
        self.progress();
        if !self.tells {
            return Ok(());
        }
        let mut out = common::cli::stdout();
        if self.run.output.json {
            out.json(&json!({
                "status": "made",
                "source": task.source.to_string_lossy(),
                "output": task.output.to_string_lossy(),
                "width": made.size.0,
                "height": made.size.1,
                "source_width": made.source_size.0,
                "source_height": made.source_size.1,
                "bytes": made.bytes,
                "seconds": made.time.as_secs_f64(),
                "damage": made.damage,
            }))?;
        } else if !self.run.output.quiet {
            let (from, to) = (made.source_size, made.size);
            writeln!(
                out,
                "{} -> {}: {}x{} -> {}x{}, {}, {}",
                shown(&task.source),
                shown(&task.output),
                from.0,
                from.1,
                to.0,
                to.1,
                human_bytes(made.bytes),
                human_duration(made.time),
            )?;
        }
        // Flush after each: a user may be watching.
        out.flush()
    }

    pub(super) fn would_make(&mut self, task: &Task) -> io::Result<()> {
        self.counts.made += 1;
        let mut out = common::cli::stdout();
        if self.run.output.json {
            let (source, output) = (task.source.to_string_lossy(), task.output.to_string_lossy());
            out.json(&json!({ "status": "would make", "source": source, "output": output }))?;
        } else {
            let (source, output) = (shown(&task.source), shown(&task.output));
            writeln!(out, "would make {source} -> {output}")?;
        }
        out.flush()
    }

    pub(super) fn deleted(&mut self, output: &Path, dry_run: bool) -> io::Result<()> {
        self.counts.deleted += 1;
        let mut out = common::cli::stdout();
        let status = if dry_run { "would delete" } else { "deleted" };
        if self.run.output.json {
            out.json(&json!({ "status": status, "output": output.to_string_lossy() }))?;
        } else if !self.run.output.quiet || dry_run {
            writeln!(out, "{status} {}", shown(output))?;
        }
        out.flush()
    }

    pub(super) fn failed(&mut self, source: &Path, reason: &str) -> io::Result<()> {
        self.counts.failed += 1;
        if self.follows {
            self.failures.push(source.to_owned());
        }
        self.progress();
        if !self.tells {
            return Ok(());
        }
        common::remark!("error: {}: {}", shown(source), escaped(reason));
        if !self.run.output.json {
            return Ok(());
        }
        let mut out = common::cli::stdout();
        let source = source.to_string_lossy();
        out.json(&json!({ "status": "failed", "source": source, "reason": reason }))?;
        out.flush()
    }

    /// An unchanged picture is damaged. In watch mode that was reported when it was made.
    pub(super) fn still_damaged(&mut self, source: &Path, damage: &str) -> io::Result<()> {
        if self.follows {
            Ok(())
        } else {
            self.damaged(source, damage)
        }
    }

    /// A picture is damaged, and its thumbnail was made.
    pub(super) fn damaged(&mut self, source: &Path, damage: &str) -> io::Result<()> {
        self.counts.damaged += 1;
        if self.tells {
            common::remark!(
                "damaged: {}: {}; the readable part is shown",
                shown(source),
                escaped(damage)
            );
        }
        Ok(())
    }

    /// A picture failed before, and is unchanged.
    pub(super) fn failed_before(&mut self, source: &Path) -> io::Result<()> {
        self.counts.failed_before += 1;
        if !self.tells {
            return Ok(());
        }
        common::remark!(
            "error: {}: failed before, and is unchanged: --force tries it again",
            shown(source)
        );
        if !self.run.output.json {
            return Ok(());
        }
        let mut out = common::cli::stdout();
        out.json(&json!({ "status": "failed before", "source": source.to_string_lossy() }))?;
        out.flush()
    }

    fn progress(&self) {
        let Counts { made, failed, .. } = self.counts;
        self.progress.say(&format!("{made} made, {failed} failed"));
    }

    /// Prints the summary.
    pub(super) fn sum_up(&self, model: &str, workers: usize, time: &Measurement) -> io::Result<()> {
        self.progress.finish();
        let counts = &self.counts;
        let rate = counts.made as f64 / time.wall.as_secs_f64().max(1e-9);
        if self.run.output.json {
            let mut out = common::cli::stdout();
            out.json(&json!({ "summary": {
                "made": counts.made,
                "unchanged": counts.unchanged,
                "damaged": counts.damaged,
                "failed": counts.failed,
                "failed_before": counts.failed_before,
                "deleted": counts.deleted,
                "passed_over": {
                    "unknown": counts.passed_over.unknown,
                    "empty": counts.passed_over.empty,
                    "thumbnails": counts.passed_over.thumbnails,
                    "again": counts.passed_over.again,
                    "special": counts.passed_over.special,
                },
                "model": model,
                "workers": workers,
                "wall_seconds": time.wall.as_secs_f64(),
                "cpu_seconds": time.cpu.total().as_secs_f64(),
                "peak_memory_bytes": common::timing::peak_memory(),
            }}))?;
            return out.flush();
        }
        if self.run.output.quiet {
            return Ok(());
        }
        let mut parts = vec![format!("{} made", counts.made)];
        let others = [
            (counts.unchanged, "unchanged"),
            (counts.damaged, "of them damaged"),
            (counts.failed, "failed"),
            (counts.failed_before, "failed before and unchanged"),
            (counts.deleted, "deleted"),
            (counts.passed_over.count(), "skipped"),
        ];
        let told = others.iter().filter(|(count, _)| *count > 0);
        parts.extend(told.map(|(count, what)| format!("{count} {what}")));
        common::remark!(
            "{}: {} ({model}, -j {workers}, {:.2} cores busy, {rate:.1} pictures/s)",
            parts.join(", "),
            human_duration(time.wall),
            time.cores_busy(),
        );
        if counts.is_nothing() {
            match counts.passed_over.count() {
                0 => common::remark!("no picture was found, nor any other file"),
                _ => common::remark!("no picture was found: skipped {}", counts.passed_over),
            }
        }
        Ok(())
    }
}
