//! The schedules: how the turns of a loop are distributed.

use std::fmt;
use std::str::FromStr;

/// How the turns of a loop are divided among a team. A chunk has at least one turn.
///
/// # Examples
///
/// ```
/// use mandelbrot::omp::Schedule;
/// assert_eq!("guided,4".parse(), Ok(Schedule::Guided(4)));
/// assert_eq!(Schedule::StaticChunks(8).to_string(), "static,8");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Schedule {
    /// One block of turns for each thread, as equal as possible. The threads need no communication.
    Static,
    /// Chunks of that many turns, to the threads in rotation.
    StaticChunks(usize),
    /// Chunks of that many turns, each to the next free thread.
    Dynamic(usize),
    /// A free thread gets its share of all remaining turns, at least that many. So chunks are large
    /// first and small at the end, and all threads end together.
    Guided(usize),
}

impl Schedule {
    /// The schedule in `OMP_SCHEDULE`, if it is set.
    ///
    /// # Errors
    /// If it is not a schedule.
    pub fn from_env() -> Result<Option<Schedule>, super::SettingsError> {
        super::Settings::from_env().map(|settings| settings.schedule())
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Schedule::Static => write!(f, "static"),
            Schedule::StaticChunks(chunk) => write!(f, "static,{chunk}"),
            Schedule::Dynamic(1) => write!(f, "dynamic"),
            Schedule::Dynamic(chunk) => write!(f, "dynamic,{chunk}"),
            Schedule::Guided(1) => write!(f, "guided"),
            Schedule::Guided(chunk) => write!(f, "guided,{chunk}"),
        }
    }
}

/// The error for a text that is not a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseScheduleError(String);

impl fmt::Display for ParseScheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = &self.0;
        write!(
            f,
            "{text}: not static, dynamic, guided or auto, with `,CHUNK`"
        )
    }
}

impl std::error::Error for ParseScheduleError {}

impl FromStr for Schedule {
    type Err = ParseScheduleError;

    /// Reads the format of `OMP_SCHEDULE`: `[modifier:]kind[,chunk]`.
    fn from_str(text: &str) -> Result<Schedule, ParseScheduleError> {
        let error = || ParseScheduleError(text.to_owned());
        let lower = text.to_ascii_lowercase();
        let schedule = match lower.split_once(':') {
            // Every schedule here satisfies both modifiers.
            Some(("monotonic" | "nonmonotonic", schedule)) => schedule,
            Some(_) => return Err(error()),
            None => &lower,
        };
        let (kind, chunk) = match schedule.split_once(',') {
            Some((kind, chunk)) => {
                let chunk = chunk.trim().parse().ok().filter(|&chunk| chunk > 0);
                (kind, Some(chunk.ok_or_else(error)?))
            }
            None => (schedule, None),
        };
        match (kind.trim(), chunk) {
            ("static", None) | ("auto", _) => Ok(Schedule::Static),
            ("static", Some(chunk)) => Ok(Schedule::StaticChunks(chunk)),
            ("dynamic", chunk) => Ok(Schedule::Dynamic(chunk.unwrap_or(1))),
            ("guided", chunk) => Ok(Schedule::Guided(chunk.unwrap_or(1))),
            _ => Err(error()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_read_as_openmp_writes_them() {
        for (text, schedule) in [
            ("static", Schedule::Static),
            ("STATIC, 8", Schedule::StaticChunks(8)),
            ("dynamic", Schedule::Dynamic(1)),
            ("nonmonotonic:dynamic,4", Schedule::Dynamic(4)),
            (" guided ,2", Schedule::Guided(2)),
            ("auto", Schedule::Static),
        ] {
            assert_eq!(text.parse(), Ok(schedule), "{text}");
            assert_eq!(schedule.to_string().parse(), Ok(schedule));
        }
    }

    #[test]
    fn what_is_no_schedule_is_named() {
        for text in [
            "",
            "fast",
            "dynamic,0",
            "dynamic,-1",
            "guided,x",
            "a:static",
        ] {
            let error = text.parse::<Schedule>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("{text}: not ")), "{error}");
        }
    }
}
