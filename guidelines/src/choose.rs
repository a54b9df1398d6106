//! Recommends a model for a piece of work, computed from the figures of this machine.

mod predict;

use crate::figure::{Beside, Figure, Unit};
use crate::view::View;
use predict::{gain, time};
use serde::Serialize;

/// The work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Needs {
    /// How long a task takes by itself, in seconds, with its waiting.
    pub length: f64,
    /// How many tasks there are.
    pub count: f64,
    /// The share of that time in which a task waits: 0 computes only, 1 waits only.
    pub waiting: f64,
    /// The data that goes into a task and comes out of it, in bytes.
    pub data: f64,
    /// Whether tasks change the same data.
    pub shared: bool,
    /// Whether a task that crashes or leaks must not harm the others.
    pub isolation: bool,
    /// The kind of its libraries.
    pub library: Library,
}

/// The kind of libraries that a task uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Library {
    /// Either, or none is used.
    #[default]
    Any,
    /// Calls that block.
    Blocking,
    /// async.
    Async,
}

/// A model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// One task after another.
    Serial,
    /// rayon.
    Rayon,
    /// A thread for each task.
    Threads,
    /// async, on one thread.
    Async,
    /// async to wait, and a pool to compute.
    AsyncAndPool,
    /// A process pool.
    Processes,
}

impl Model {
    /// The simplest first. If figures do not differ, the first one is recommended.
    const ALL: [Model; 6] = [
        Model::Serial,
        Model::Rayon,
        Model::Threads,
        Model::Async,
        Model::AsyncAndPool,
        Model::Processes,
    ];

    /// The name that is shown.
    pub fn name(self) -> &'static str {
        match self {
            Model::Serial => "one after another",
            Model::Rayon => "rayon",
            Model::Threads => "a thread for each",
            Model::Async => "async",
            Model::AsyncAndPool => "async to wait, a pool to compute",
            Model::Processes => "a process pool",
        }
    }

    /// The file to copy.
    pub fn file(self) -> &'static str {
        match self {
            Model::Serial => "primes/examples/1_serial.rs",
            Model::Rayon => "primes/examples/5_rayon.rs",
            Model::Threads => "concepts/examples/5_scope.rs",
            Model::Async => "async-fetch/examples/7_back_pressure.rs",
            Model::AsyncAndPool => "primes/examples/8_async_right.rs",
            Model::Processes => "executors/examples/6_process_pool.rs",
        }
    }
}

/// A recommendation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Advice {
    /// The model.
    pub model: Model,
    /// Why.
    pub reason: String,
    /// How many times as fast it is as one task after another, by the figures of this machine.
    pub gain: Option<Figure>,
    /// Changes of the work that would lead to another model.
    pub otherwise: Vec<String>,
    /// The file to copy.
    pub copy: &'static str,
}

/// A task that computes longer than this between two waits delays the answers of an async server
/// (Alice Ryhl, "Async: what is blocking?": 10 to 100 us).
const LONG: f64 = 100e-6;

/// More threads are not recommended: no more were measured.
const MOST_THREADS: f64 = crate::costs::waiting::MANY as f64;

/// The largest share of waiting for rayon and for a process pool. They have as many workers as there are
/// CPUs, so a worker that waits leaves its CPU idle. A tenth of a CPU is a small loss.
const WAITS: f64 = 0.1;

/// Recommends a model. `cpus` is how many CPUs this process may use.
///
/// # Errors
///
/// The reason why nothing can be recommended: the machine was busy, or figures are missing.
pub fn choose(needs: &Needs, view: &View<'_>, cpus: usize) -> Result<Advice, String> {
    if let Some(seen) = view.busy.first() {
        return Err(format!(
            "the machine was busy ({seen}): these times decide nothing. Run it again when it is quiet"
        ));
    }
    let (model, reason) = pick(needs, view, cpus)?;
    let gain = gain(model, needs, view, cpus);
    let mut otherwise = changes(model, needs, view, cpus);
    if !needs.isolation {
        otherwise.push(
            "if a task that crashes or leaks must not harm the others: a process pool".to_owned(),
        );
    }
    Ok(Advice {
        model,
        reason,
        gain,
        otherwise,
        copy: model.file(),
    })
}

/// Whether a model can do this work.
fn fits(model: Model, needs: &Needs) -> bool {
    let computes = needs.length * (1.0 - needs.waiting);
    let waits = needs.waiting > 0.0;
    if needs.isolation {
        return model == Model::Processes;
    }
    match (model, needs.library) {
        (Model::Async, Library::Blocking) | (Model::AsyncAndPool, Library::Blocking) => false,
        (Model::Async, Library::Async) => computes <= LONG,
        (Model::AsyncAndPool, Library::Async) => computes > LONG,
        (_, Library::Async) => false,
        (Model::Serial, _) => true,
        (Model::Rayon, _) => needs.waiting <= WAITS,
        (Model::Threads, _) => waits && needs.count <= MOST_THREADS,
        (Model::Async, _) => waits && computes <= LONG,
        (Model::AsyncAndPool, _) => waits && computes > LONG,
        (Model::Processes, _) => !needs.shared && needs.waiting <= WAITS,
    }
}

fn pick(needs: &Needs, view: &View<'_>, cpus: usize) -> Result<(Model, String), String> {
    let fitting: Vec<Model> = Model::ALL
        .into_iter()
        .filter(|it| fits(*it, needs))
        .collect();
    let times: Option<Vec<(Model, Figure)>> = fitting
        .iter()
        .map(|&model| Some((model, time(model, needs, view, cpus)?)))
        .collect();
    let times = times.ok_or("figures are missing that the recommendation needs")?;
    let fastest = times
        .iter()
        .min_by(|(_, a), (_, b)| a.median.total_cmp(&b.median))
        .copied()
        .ok_or("no model fits all answers")?;
    // The simplest that the noise can't tell from the fastest.
    let close = |figure: &Figure| figure.beside(&fastest.1) == Beside::Close;
    let chosen = times
        .iter()
        .find(|(_, it)| close(it))
        .copied()
        .unwrap_or(fastest);
    Ok((chosen.0, reason(chosen, fastest, needs, &times)))
}

fn reason(
    (model, figure): (Model, Figure),
    (fastest, least): (Model, Figure),
    needs: &Needs,
    times: &[(Model, Figure)],
) -> String {
    let long = Unit::Seconds.human(figure.median);
    if needs.isolation {
        let shared = match needs.shared {
            true => " Common data must be sent as messages, or be in shared memory.",
            false => "",
        };
        return format!(
            "Only a process of its own protects the others from a crash or a leak.{shared}"
        );
    }
    if needs.library == Library::Async {
        return format!("The library is async. All of it would take about {long}.");
    }
    if model != fastest {
        return format!(
            "All of it would take about {long}. {} is not told apart from it by these figures \
             ({}), and this is simpler.",
            capitalized(fastest.name()),
            Unit::Seconds.human(least.median),
        );
    }
    let next = times.iter().filter(|(other, _)| *other != model);
    let next = next.min_by(|(_, a), (_, b)| a.median.total_cmp(&b.median));
    match next {
        Some((other, time)) => format!(
            "All of it would take about {long}; next comes {} with {}.",
            other.name(),
            Unit::Seconds.human(time.median)
        ),
        None => format!("All of it would take about {long}."),
    }
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// From which length and number of tasks on another model is recommended.
fn changes(model: Model, needs: &Needs, view: &View<'_>, cpus: usize) -> Vec<String> {
    let mut told = Vec::new();
    let of = |needs: &Needs| pick(needs, view, cpus).ok().map(|(model, _)| model);
    let length = |factor: f64| Needs {
        length: needs.length * factor,
        ..*needs
    };
    let count = |factor: f64| Needs {
        count: (needs.count * factor).round().max(1.0),
        ..*needs
    };
    for (word, direction) in [("or shorter", 0.5), ("or longer", 2.0)] {
        if let Some((factor, other)) = first_change(model, direction, |factor| of(&length(factor)))
        {
            let length = Unit::Seconds.human(needs.length * factor);
            told.push(format!("if a task took {length} {word}: {}", other.name()));
        }
    }
    for (word, direction) in [("or fewer", 0.5), ("or more", 2.0)] {
        if let Some((factor, other)) = first_change(model, direction, |factor| of(&count(factor))) {
            let count = Unit::Count.human(count(factor).count);
            told.push(format!(
                "if the number of tasks were {count} {word}: {}",
                other.name()
            ));
        }
    }
    told
}

/// The smallest change by halves or doubles that leads to another model.
fn first_change(
    model: Model,
    direction: f64,
    of: impl Fn(f64) -> Option<Model>,
) -> Option<(f64, Model)> {
    /// A millionth, or a million times.
    const STEPS: i32 = 20;
    (1..=STEPS).find_map(|step| {
        let factor = direction.powi(step);
        let other = of(factor)?;
        (other != model).then_some((factor, other))
    })
}

#[cfg(test)]
mod tests;
