//! The settings of regions in environment variables.

use std::fmt;
use std::sync::Once;
use std::thread;

use super::Schedule;

const NUM_THREADS: &str = "OMP_NUM_THREADS";
const SCHEDULE: &str = "OMP_SCHEDULE";
const MAX_ACTIVE_LEVELS: &str = "OMP_MAX_ACTIVE_LEVELS";
const THREAD_LIMIT: &str = "OMP_THREAD_LIMIT";

/// The maximum number of threads. Linux allows about 32,000 by default, so a larger number is a
/// mistake.
pub(super) const MOST_THREADS: usize = 65_536;

/// The values of `OMP_NUM_THREADS`, `OMP_SCHEDULE`, `OMP_MAX_ACTIVE_LEVELS` and `OMP_THREAD_LIMIT`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    threads: Vec<usize>,
    schedule: Option<Schedule>,
    max_active_levels: Option<usize>,
    thread_limit: Option<usize>,
}

/// The error for a variable that can't be read. Regions then ignore this variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError {
    variable: &'static str,
    reason: String,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.variable, self.reason)
    }
}

impl std::error::Error for SettingsError {}

impl Settings {
    /// Reads the environment variables.
    ///
    /// # Errors
    /// If a variable can't be read.
    pub fn from_env() -> Result<Settings, SettingsError> {
        let (settings, error) = Settings::read(env);
        error.map_or(Ok(settings), Err)
    }

    /// Reads the valid variables. The first invalid one is reported once, as OpenMP does.
    pub(super) fn from_env_where_good() -> Settings {
        static TOLD: Once = Once::new();
        let (settings, error) = Settings::read(env);
        if let Some(error) = error {
            TOLD.call_once(|| eprintln!("warning: {error}; it is left out"));
        }
        settings
    }

    /// The valid settings, and the error for the first invalid variable.
    fn read(get: impl Fn(&str) -> Option<String>) -> (Settings, Option<SettingsError>) {
        let set = |name| get(name).filter(|value| !value.trim().is_empty());
        let threads = set(NUM_THREADS).map(|text| {
            let numbers = text.split(',');
            numbers.map(|n| count(NUM_THREADS, n, &text)).collect()
        });
        let schedule = set(SCHEDULE).map(|text| {
            text.parse()
                .map_err(|error: super::ParseScheduleError| SettingsError {
                    variable: SCHEDULE,
                    reason: error.to_string(),
                })
        });
        let levels = set(MAX_ACTIVE_LEVELS).map(|text| match text.trim() {
            "0" => Ok(0),
            number => count(MAX_ACTIVE_LEVELS, number, &text),
        });
        let limit = set(THREAD_LIMIT).map(|text| count(THREAD_LIMIT, &text, &text));
        let mut first = None;
        let settings = Settings {
            threads: good(threads, &mut first).unwrap_or_default(),
            schedule: good(schedule, &mut first),
            max_active_levels: good(levels, &mut first),
            thread_limit: good(limit, &mut first),
        };
        (settings, first)
    }

    /// The number of threads of a region at nesting depth `level`, where regions with one thread
    /// are counted too. The last number of the list is used for all deeper levels.
    pub fn threads(&self, level: usize) -> usize {
        let listed = self.threads.get(level).or(self.threads.last());
        listed.copied().unwrap_or_else(|| {
            thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get)
        })
    }

    /// The maximum number of threads in a region and its inner regions together.
    pub fn thread_limit(&self) -> usize {
        self.thread_limit.unwrap_or(usize::MAX)
    }

    /// The schedule in `OMP_SCHEDULE`.
    pub fn schedule(&self) -> Option<Schedule> {
        self.schedule
    }

    /// How many nested regions may have more than one thread: 1, or any number if `OMP_NUM_THREADS`
    /// is a list.
    pub fn max_active_levels(&self) -> usize {
        let usual = if self.threads.len() > 1 {
            usize::MAX
        } else {
            1
        };
        self.max_active_levels.unwrap_or(usual)
    }
}

fn env(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?;
    Some(value.to_string_lossy().into_owned())
}

/// Returns the value if it is valid; otherwise keeps the first error.
fn good<T>(
    value: Option<Result<T, SettingsError>>,
    first: &mut Option<SettingsError>,
) -> Option<T> {
    value.transpose().unwrap_or_else(|error| {
        first.get_or_insert(error);
        None
    })
}

fn count(variable: &'static str, number: &str, text: &str) -> Result<usize, SettingsError> {
    let count = number.trim().parse().ok();
    count
        .filter(|count| (1..=MOST_THREADS).contains(count))
        .ok_or_else(|| SettingsError {
            variable,
            reason: format!("{text}: not numbers from 1 to {MOST_THREADS}"),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> (Settings, Option<SettingsError>) {
        Settings::read(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn settings(variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let (settings, error) = read(variables);
        error.map_or(Ok(settings), Err)
    }

    #[test]
    fn without_variables_only_the_outermost_region_is_parallel() {
        let settings = settings(&[]).unwrap();
        assert_eq!(settings.max_active_levels(), 1);
        assert_eq!(settings.schedule(), None);
        assert!(settings.threads(0) >= 1);
    }

    #[test]
    fn a_list_of_numbers_is_a_number_for_each_level() {
        let settings = settings(&[("OMP_NUM_THREADS", "4, 2")]).unwrap();
        assert_eq!([0, 1, 2].map(|level| settings.threads(level)), [4, 2, 2]);
        assert_eq!(settings.max_active_levels(), usize::MAX);
    }

    #[test]
    fn all_variables_are_read() {
        let settings = settings(&[
            ("OMP_NUM_THREADS", "3"),
            ("OMP_SCHEDULE", "guided,2"),
            ("OMP_MAX_ACTIVE_LEVELS", "0"),
        ])
        .unwrap();
        assert_eq!(settings.schedule(), Some(Schedule::Guided(2)));
        assert_eq!(settings.max_active_levels(), 0);
    }

    #[test]
    fn one_bad_variable_leaves_the_others_good() {
        let (settings, error) = read(&[
            ("OMP_NUM_THREADS", "3"),
            ("OMP_SCHEDULE", "fastest"),
            ("OMP_MAX_ACTIVE_LEVELS", "2"),
        ]);
        assert!(error.is_some());
        assert_eq!(settings.threads(0), 3);
        assert_eq!(settings.schedule(), None);
        assert_eq!(settings.max_active_levels(), 2);
    }

    #[test]
    fn a_value_that_makes_no_sense_is_named_with_its_variable() {
        for (variable, value) in [
            ("OMP_NUM_THREADS", "0"),
            ("OMP_NUM_THREADS", "4,,2"),
            ("OMP_NUM_THREADS", "1000000"),
            ("OMP_SCHEDULE", "fastest"),
            ("OMP_MAX_ACTIVE_LEVELS", "-1"),
            ("OMP_THREAD_LIMIT", "0"),
        ] {
            let error = settings(&[(variable, value)]).unwrap_err().to_string();
            let expected = format!("{variable}={value}: not ");
            assert!(error.starts_with(&expected), "{error}");
        }
    }
}
