//! The models, by name.

use std::io;
use std::num::NonZeroUsize;

use clap::ValueEnum;
use common::cli::{RunArgs, Usage};
use mandelbrot::kernels::Named;
use mandelbrot::omp::{Schedule, Settings};
use mandelbrot::{Counts, Plan};
use mandelbrot::{
    async_tiles, mariani_silver, par_iter, par_pixels, processes, regions, serial, shared_memory,
    threads,
};

use super::watch::Watch;

/// What `--model` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Choice {
    /// One band of rows after the other
    Serial,
    /// Threads that take bands from an atomic counter
    Threads,
    /// Worker processes, counts back through pipes
    Processes,
    /// Worker processes that write into shared memory
    SharedMemory,
    /// An OpenMP-style region, scheduled as OMP_SCHEDULE says
    Omp,
    /// The same: bands divided beforehand
    OmpStatic,
    /// The same: bands to whoever is free
    OmpDynamic,
    /// The same: to whoever is free, ever fewer at a time
    OmpGuided,
    /// A parallel iterator over bands
    Rayon,
    /// A parallel iterator over the pixels of each row
    RayonPixels,
    /// Tasks on a pool, awaited
    Async,
    /// All of them, compared
    All,
}

impl Choice {
    /// The models that a choice stands for.
    pub(crate) fn models(self) -> Vec<Choice> {
        match self {
            Choice::All => vec![
                Choice::Serial,
                Choice::Threads,
                Choice::Processes,
                Choice::SharedMemory,
                Choice::OmpStatic,
                Choice::OmpDynamic,
                Choice::OmpGuided,
                Choice::Rayon,
                Choice::RayonPixels,
                Choice::Async,
            ],
            one => vec![one],
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Choice::Serial => "serial",
            Choice::Threads => "threads",
            Choice::Processes => "processes",
            Choice::SharedMemory => "shared-memory",
            Choice::Omp => "omp",
            Choice::OmpStatic => "omp-static",
            Choice::OmpDynamic => "omp-dynamic",
            Choice::OmpGuided => "omp-guided",
            Choice::Rayon => "rayon",
            Choice::RayonPixels => "rayon-pixels",
            Choice::Async => "async",
            Choice::All => "all",
        }
    }

    fn is_omp(self) -> bool {
        matches!(
            self,
            Choice::Omp | Choice::OmpStatic | Choice::OmpDynamic | Choice::OmpGuided
        )
    }

    /// How many workers it has: for regions, without `--jobs`, as many as OMP_NUM_THREADS says.
    pub(crate) fn workers(self, run: &RunArgs) -> Result<NonZeroUsize, Usage> {
        if self == Choice::Serial {
            return Ok(NonZeroUsize::MIN);
        }
        if self.is_omp() {
            let settings = Settings::from_env().map_err(|error| Usage(error.to_string()))?;
            if run.jobs.is_none() && std::env::var_os("OMP_NUM_THREADS").is_some() {
                let threads = NonZeroUsize::new(settings.threads(0));
                return Ok(threads.unwrap_or(NonZeroUsize::MIN));
            }
        }
        Ok(run.jobs())
    }

    /// What the table should say besides the time.
    pub(crate) fn remark(self) -> Option<&'static str> {
        match self {
            Choice::Processes | Choice::SharedMemory => {
                Some("with the time to start the processes, which a small picture does not pay for")
            }
            Choice::RayonPixels => Some(
                "row after row, the pixels of each in parallel: the threads meet at every row's end, and a \
                 kernel given one point can't fill its vectors; run the outermost loop in parallel",
            ),
            _ => None,
        }
    }

    /// Runs it until the watch says stop: the counts of what was not begun then are 0.
    pub(crate) fn run(
        self,
        plan: &Plan,
        kernel: Named,
        watch: &Watch,
        workers: NonZeroUsize,
    ) -> io::Result<Counts> {
        let _span = tracing::info_span!("model", name = self.name()).entered();
        let fill = watch.kernel(kernel);
        let scheduled =
            |schedule| regions::run_scheduled(plan, watch.kernel(kernel), workers, schedule);
        // What another process does can't be watched from here: it is stopped between bands.
        let stop = || watch.stop();
        match self {
            Choice::Serial | Choice::All => serial::run(plan, fill, workers),
            Choice::Threads => threads::run(plan, fill, workers),
            Choice::Processes => processes::run_on(&processes::pool(workers)?, plan, kernel, stop),
            Choice::SharedMemory => {
                shared_memory::run_on(&processes::pool(workers)?, plan, kernel, stop)
            }
            Choice::Omp => regions::run(plan, fill, workers),
            Choice::OmpStatic => scheduled(Schedule::Static),
            Choice::OmpDynamic => scheduled(Schedule::Dynamic(1)),
            Choice::OmpGuided => scheduled(Schedule::Guided(1)),
            Choice::Rayon => par_iter::run(plan, fill, workers),
            Choice::RayonPixels => par_pixels::run(plan, fill, workers),
            Choice::Async => async_tiles::run(plan, fill, workers),
        }
    }

    /// Runs along borders, which is rayon's work.
    pub(crate) fn run_along_borders(
        plan: &Plan,
        kernel: Named,
        watch: &Watch,
        workers: NonZeroUsize,
    ) -> io::Result<Counts> {
        let _span = tracing::info_span!("model", name = "borders").entered();
        mariani_silver::run(plan, watch.kernel(kernel), workers)
    }
}
