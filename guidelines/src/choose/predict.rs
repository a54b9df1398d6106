//! How long all tasks would take under a model: plain arithmetic on this machine's figures.

use super::{Model, Needs};
use crate::costs::hand_over;
use crate::figure::{Figure, Unit};
use crate::view::View;

/// The time of all tasks. It is what the CPUs need, or what waiting needs, whichever is longer, and the
/// price of handing over each task.
pub(super) fn time(model: Model, needs: &Needs, view: &View<'_>, cpus: usize) -> Option<Figure> {
    let cpus = match model {
        Model::Serial | Model::Async => 1.0,
        _ => cpus as f64,
    };
    let at_once = match model {
        Model::Serial => 1.0,
        Model::Rayon | Model::Processes => cpus,
        Model::Threads | Model::Async | Model::AsyncAndPool => needs.count,
    };
    let all = needs.length * needs.count;
    let computing = all * (1.0 - needs.waiting) / cpus.min(needs.count);
    let under_way = all / at_once.min(needs.count);
    let work = computing.max(under_way).max(needs.length);
    let price = price(model, needs, view)?.times(needs.count);
    let work = Figure::exactly(Unit::Seconds, work);
    Some(match model {
        // They are started one after another, by one.
        Model::Threads | Model::Async | Model::AsyncAndPool | Model::Serial => work.plus(&price),
        Model::Rayon | Model::Processes => work.plus(&price.times(1.0 / cpus)),
    })
}

/// The cost of handing over one task.
fn price(model: Model, needs: &Needs, view: &View<'_>) -> Option<Figure> {
    let of = |id: &str| view.figure(id);
    match model {
        Model::Serial => of("start/call"),
        Model::Rayon => of("start/rayon-join"),
        Model::Threads => of("start/thread"),
        Model::Async => of("start/tokio-task"),
        Model::AsyncAndPool => Some(of("start/tokio-task")?.plus(&of("start/pool-closure")?)),
        Model::Processes => {
            let data = needs.data / hand_over::SIZE as f64;
            Some(of("start/process-job")?.plus(&of("hand-over/process-job")?.times(data)))
        }
    }
}

/// How many times as fast as one after another.
pub(super) fn gain(model: Model, needs: &Needs, view: &View<'_>, cpus: usize) -> Option<Figure> {
    let serial = time(Model::Serial, needs, view, cpus)?;
    serial.over(&time(model, needs, view, cpus)?)
}
