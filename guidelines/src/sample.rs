//! Runs that are interleaved: each probe once, then each probe again. A machine that slows down meanwhile
//! slows all of them alike.

use crate::figure::{Figure, Unit};
use std::io;
use std::time::Duration;

/// How a measurement is done, and what is told of its progress.
pub struct Run<'a> {
    /// How often each thing is measured, at most.
    pub rounds: usize,
    /// How long one measurement should take: an operation is repeated until it does.
    pub sample: Duration,
    /// Called with the name of what is measured next.
    pub tell: &'a dyn Fn(&str),
    /// Whether the user asked to stop.
    pub stopped: &'a dyn Fn() -> bool,
}

impl Run<'_> {
    /// How often a slow thing is measured: `rounds` times, or fewer if the user asked for fewer.
    pub fn at_most(&self, rounds: usize) -> usize {
        self.rounds.min(rounds)
    }

    /// The same with another number of rounds.
    pub fn with_rounds(&self, rounds: usize) -> Run<'_> {
        Run { rounds, ..*self }
    }

    /// Says what comes next.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::Interrupted`] if the user asked to stop.
    pub fn step(&self, what: &str) -> io::Result<()> {
        if (self.stopped)() {
            return Err(io::Error::new(io::ErrorKind::Interrupted, "interrupted"));
        }
        (self.tell)(what);
        Ok(())
    }
}

/// Repeats an operation as often as its argument says, and returns how long all of them took.
pub type Operation<'a> = Box<dyn FnMut(u64) -> io::Result<Duration> + 'a>;

/// Something to be measured.
pub struct Probe<'a> {
    /// Its figure's id.
    pub id: &'static str,
    operation: Operation<'a>,
    /// How often the operation is done in a sample; 0 before the first sample.
    times: u64,
    samples: Vec<f64>,
    failure: Option<String>,
}

/// The result of a probe: a figure, or the reason why there is none.
pub type Measured = (&'static str, Result<Figure, String>);

impl<'a> Probe<'a> {
    /// A probe of an operation.
    pub fn new(
        id: &'static str,
        operation: impl FnMut(u64) -> io::Result<Duration> + 'a,
    ) -> Probe<'a> {
        Probe {
            id,
            operation: Box::new(operation),
            times: 0,
            samples: Vec::new(),
            failure: None,
        }
    }

    fn sample(&mut self, length: Duration) {
        if self.failure.is_some() {
            return;
        }
        let measured = match self.times {
            0 => self.calibrate(length),
            _ => Ok(()),
        };
        match measured.and_then(|()| (self.operation)(self.times)) {
            Ok(took) => self.samples.push(took.as_secs_f64() / self.times as f64),
            Err(error) => self.failure = Some(error.to_string()),
        }
    }

    /// Finds how often the operation is done in a sample. What it does first is also its warm-up.
    fn calibrate(&mut self, length: Duration) -> io::Result<()> {
        let mut times = 1_u64;
        loop {
            let took = (self.operation)(times)?;
            if took * 4 >= length || times >= 1 << 40 {
                let wanted = times as f64 * length.as_secs_f64() / took.as_secs_f64().max(1e-9);
                self.times = (wanted as u64).max(1);
                return Ok(());
            }
            times *= 4;
        }
    }
}

/// Measures all probes, in rounds.
///
/// # Errors
///
/// Only if the user asked to stop. A probe that fails has its error as its result.
pub fn interleaved(mut probes: Vec<Probe<'_>>, run: &Run<'_>) -> io::Result<Vec<Measured>> {
    for round in 1..=run.rounds {
        for probe in &mut probes {
            run.step(&format!("{}, round {round}", probe.id))?;
            probe.sample(run.sample);
        }
    }
    Ok(probes
        .into_iter()
        .map(|probe| {
            let figure = Figure::of(Unit::Seconds, probe.samples);
            let figure = match probe.failure {
                Some(reason) => Err(reason),
                None => figure.ok_or_else(|| "not measured".to_owned()),
            };
            (probe.id, figure)
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    const NEVER: &dyn Fn() -> bool = &|| false;

    #[test]
    fn rounds_are_interleaved_and_an_operation_is_repeated_until_it_is_long_enough() {
        let told = RefCell::new(Vec::new());
        let run = Run {
            rounds: 2,
            sample: Duration::from_millis(8),
            tell: &|what| told.borrow_mut().push(what.to_owned()),
            stopped: NEVER,
        };
        let asked = RefCell::new(Vec::new());
        let probe = |id| {
            let asked = &asked;
            Probe::new(id, move |times| {
                asked.borrow_mut().push((id, times));
                Ok(Duration::from_millis(1) * u32::try_from(times).unwrap())
            })
        };
        let measured = interleaved(vec![probe("a"), probe("b")], &run).unwrap();
        assert_eq!(
            *told.borrow(),
            ["a, round 1", "b, round 1", "a, round 2", "b, round 2"]
        );
        // Two to find out, then a sample; in the second round only the samples.
        let expected = [
            ("a", 1),
            ("a", 4),
            ("a", 8),
            ("b", 1),
            ("b", 4),
            ("b", 8),
            ("a", 8),
            ("b", 8),
        ];
        assert_eq!(*asked.borrow(), expected);
        for (_, figure) in measured {
            let figure = figure.unwrap();
            assert!((figure.median - 0.001).abs() < 1e-9);
            assert_eq!(figure.runs, 2);
        }
    }

    #[test]
    fn what_fails_is_told_and_the_rest_is_measured() {
        let run = Run {
            rounds: 3,
            sample: Duration::from_millis(1),
            tell: &|_| (),
            stopped: NEVER,
        };
        let mut tries = 0;
        let probes = vec![
            Probe::new("broken", |_| {
                tries += 1;
                Err(io::Error::other("no descriptors left"))
            }),
            Probe::new("fine", |_| Ok(Duration::from_millis(1))),
        ];
        let measured = interleaved(probes, &run).unwrap();
        assert_eq!(
            measured[0],
            ("broken", Err("no descriptors left".to_owned()))
        );
        assert!(measured[1].1.is_ok());
        assert_eq!(tries, 1);
    }

    #[test]
    fn ctrl_c_stops_between_two_samples() {
        let stopped = std::cell::Cell::new(false);
        let run = Run {
            rounds: 100,
            sample: Duration::from_millis(1),
            tell: &|what| stopped.set(what.ends_with("round 2")),
            stopped: &|| stopped.get(),
        };
        let probe = Probe::new("a", |_| Ok(Duration::from_millis(1)));
        let error = interleaved(vec![probe], &run).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Interrupted);
    }
}
