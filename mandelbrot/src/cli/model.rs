//! The models, by name.

use std::io;
use std::num::NonZeroUsize;

use clap::ValueEnum;
use common::cli::compare::{self, Model as _};
use common::cli::{Choice, RunArgs, Usage};
use mandelbrot::kernels::KernelName;
use mandelbrot::omp::{Schedule, Settings};
use mandelbrot::{Counts, Plan};
use mandelbrot::{
    async_tasks, band, mariani_silver, par_iter, par_pixels, processes, regions, serial,
    shared_memory, threads,
};

#[cfg(feature = "cluster")]
use super::cluster;
use super::cluster::Broker;
use super::watch::Watch;

/// A model of concurrency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
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
    /// The same: each free thread takes the next band
    OmpDynamic,
    /// The same: a free thread takes several bands, fewer each time
    OmpGuided,
    /// A parallel iterator over bands
    Rayon,
    /// A parallel iterator over the pixels of each row
    RayonPixels,
    /// Tasks on a pool, awaited
    Async,
    /// Other machines, by agents of a broker
    #[cfg(feature = "cluster")]
    Cluster,
}

#[cfg(feature = "cluster")]
use Kind::Cluster;
use Kind::{
    Async, Omp, OmpDynamic, OmpGuided, OmpStatic, Processes, Rayon, RayonPixels, Serial,
    SharedMemory, Threads,
};

/// How many copies of the counts a model holds at once. In a comparison, the answer of the first
/// model is kept beside that of the current one.
pub(super) fn copies(choice: Choice<Kind>, runs: bool, borders: bool) -> usize {
    let one = match choice {
        // Each half of a rectangle is assembled before it is copied to its place.
        _ if borders => 4,
        Choice::All | Choice::One(SharedMemory) => 2,
        Choice::One(_) => 1,
    };
    one + usize::from(runs || choice == Choice::All)
}

/// The models of a choice, the serial one first. `all` includes the cluster only if there is a broker.
pub(super) fn models(
    choice: Choice<Kind>,
    run: &RunArgs,
    broker: &Broker,
) -> Result<Vec<Model>, Usage> {
    let mut kinds = choice.kinds();
    #[cfg(feature = "cluster")]
    kinds.retain(|&kind| kind != Cluster || broker.is_given() || choice == Choice::One(Cluster));
    if choice == Choice::All {
        // `omp` is equal to one of the others.
        kinds.retain(|&kind| kind != Omp);
    }
    let models = kinds.into_iter().map(|kind| Model::new(kind, run, broker));
    models.collect()
}

/// A model that is ready to run.
#[derive(Clone)]
pub(super) struct Model {
    kind: Kind,
    workers: NonZeroUsize,
    /// Of the cluster.
    #[cfg(feature = "cluster")]
    broker: Broker,
}

impl Model {
    #[cfg_attr(
        not(feature = "cluster"),
        expect(unused_variables, reason = "no cluster")
    )]
    /// Sets the number of workers. For regions without `--jobs`, `OMP_NUM_THREADS` decides.
    pub(super) fn new(kind: Kind, run: &RunArgs, broker: &Broker) -> Result<Model, Usage> {
        let mut workers = run.jobs();
        if matches!(kind, Omp | OmpStatic | OmpDynamic | OmpGuided) {
            let settings = Settings::from_env().map_err(|error| Usage(error.to_string()))?;
            if run.jobs.is_none() && std::env::var_os("OMP_NUM_THREADS").is_some() {
                workers = NonZeroUsize::new(settings.threads(0)).unwrap_or(NonZeroUsize::MIN);
            }
        }
        if kind == Serial {
            workers = NonZeroUsize::MIN;
        }
        Ok(Model {
            kind,
            workers,
            #[cfg(feature = "cluster")]
            broker: broker.clone(),
        })
    }

    /// Runs the model until the watch says stop. Points that were not computed then have the count
    /// 0.
    pub(super) fn run(&self, plan: &Plan, kernel: KernelName, watch: &Watch) -> io::Result<Counts> {
        let _span = tracing::info_span!("model", name = self.name()).entered();
        let workers = self.workers;
        let fill = watch.kernel(kernel);
        // The work of another process can't be watched, so it is stopped between bands.
        let stop = || watch.stop();
        let schedule = match self.kind {
            Serial => return serial::run(plan, fill, workers),
            Threads => return threads::run(plan, fill, workers),
            Processes => return processes::run_on(&band::pool(workers)?, plan, kernel, stop),
            SharedMemory => {
                return shared_memory::run_on(&band::pool(workers)?, plan, kernel, stop);
            }
            #[cfg(feature = "cluster")]
            Cluster => return cluster::run(&cluster::pool(&self.broker)?, plan, kernel, stop),
            Rayon => return par_iter::run(plan, fill, workers),
            RayonPixels => return par_pixels::run(plan, fill, workers),
            Async => return async_tasks::run(plan, fill, workers),
            Omp => return regions::run(plan, fill, workers),
            OmpStatic => Schedule::Static,
            OmpDynamic => Schedule::Dynamic(1),
            OmpGuided => Schedule::Guided(1),
        };
        Ok(regions::run_scheduled(plan, fill, workers, schedule))
    }

    /// Runs with border tracing, on rayon.
    pub(super) fn run_along_borders(
        &self,
        plan: &Plan,
        kernel: KernelName,
        watch: &Watch,
    ) -> io::Result<Counts> {
        let _span = tracing::info_span!("model", name = "borders").entered();
        mariani_silver::run(plan, watch.kernel(kernel), self.workers)
    }
}

impl compare::Model for Model {
    fn name(&self) -> &str {
        match self.kind {
            Serial => "serial",
            Threads => "threads",
            Processes => "processes",
            SharedMemory => "shared-memory",
            Omp => "omp",
            OmpStatic => "omp-static",
            OmpDynamic => "omp-dynamic",
            OmpGuided => "omp-guided",
            Rayon => "rayon",
            RayonPixels => "rayon-pixels",
            Async => "async",
            #[cfg(feature = "cluster")]
            Cluster => "cluster",
        }
    }

    fn workers(&self, _jobs: NonZeroUsize) -> usize {
        self.workers.get()
    }

    fn remark(&self) -> Option<String> {
        let remark = match self.kind {
            Processes | SharedMemory => {
                "includes the time to start the processes, which is long compared with a small picture"
            }
            RayonPixels => {
                "row after row, the pixels of each in parallel: the threads meet at every row's \
                 end, and a kernel given one point can't fill its vectors; run the outermost loop \
                 in parallel"
            }
            _ => return None,
        };
        Some(remark.to_owned())
    }
}
