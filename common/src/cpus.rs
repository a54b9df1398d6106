//! Counts the CPUs of this machine, and those that this process may use.

use serde::Serialize;
use std::fmt;
use std::num::NonZeroUsize;
use std::thread;

/// A number of CPUs and where the figure came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    /// How many.
    pub value: usize,
    /// The source of the figure, for people: `affinity mask 0-1`.
    pub source: String,
}

/// The CPUs of this machine as this process sees them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cpus {
    /// The processor's name, if the system reports it.
    pub model: Option<String>,
    /// Hardware threads of the machine.
    pub logical: Count,
    /// Cores of the machine; a container's quota does not change this figure.
    pub physical: Count,
    /// CPUs this process may keep busy: the smaller of the affinity mask and the cgroup's quota.
    pub usable: Count,
}

/// One line: `Intel(R) Xeon(R): 8 logical CPUs, 4 cores, 2 usable (cgroup quota 2.00 CPUs)`.
impl fmt::Display for Cpus {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let model = self.model.as_deref().unwrap_or("unknown CPU");
        write!(
            out,
            "{model}: {} logical CPUs, {} cores, {} usable ({})",
            self.logical.value, self.physical.value, self.usable.value, self.usable.source
        )
    }
}

/// The number of CPUs that this process may keep busy: the default number of workers.
///
/// It follows the affinity mask and the cgroup quota. It is 1 if the system does not report them.
pub fn usable() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// The numbers of the CPUs that the scheduler may use for this process, if the system reports them.
pub(crate) fn allowed() -> Option<Vec<usize>> {
    system::members(&system::affinity()?.list)
}

/// Reads all three counts from the system.
///
/// # Examples
///
/// ```
/// let cpus = common::cpus::detect();
/// assert!(cpus.usable.value >= 1);
/// println!("{cpus}");
/// ```
pub fn detect() -> Cpus {
    Cpus {
        model: system::model(),
        logical: system::logical(),
        physical: Count {
            value: num_cpus::get_physical(),
            source: system::PHYSICAL_SOURCE.to_owned(),
        },
        usable: usable_count(usable().get(), system::affinity(), system::quota()),
    }
}

/// Names the limit that decides `value`. `value` comes from std, which already applied both limits.
/// std rounds a quota down, but never below one.
fn usable_count(value: usize, affinity: Option<Affinity>, quota: Option<f64>) -> Count {
    let source = match (affinity, quota) {
        (Some(mask), Some(quota)) if quota >= mask.count as f64 => mask.to_string(),
        (_, Some(quota)) => format!("cgroup quota {quota:.2} CPUs"),
        (Some(mask), None) => mask.to_string(),
        (None, None) => "available_parallelism".to_owned(),
    };
    Count { value, source }
}

/// The CPUs that the scheduler may use for this process.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Affinity {
    count: usize,
    list: String,
}

impl fmt::Display for Affinity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "affinity mask {}", self.list)
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod system {
    use super::{Affinity, Count};

    pub(super) const PHYSICAL_SOURCE: &str = "num_cpus";

    pub(super) fn model() -> Option<String> {
        None
    }

    pub(super) fn logical() -> Count {
        Count {
            value: num_cpus::get(),
            source: "num_cpus".to_owned(),
        }
    }

    pub(super) fn affinity() -> Option<Affinity> {
        None
    }

    pub(super) fn members(_list: &str) -> Option<Vec<usize>> {
        None
    }

    pub(super) fn quota() -> Option<f64> {
        None
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
mod system {
    use super::{Affinity, Count};
    use std::fs;
    use std::path::{Path, PathBuf};

    pub(super) const PHYSICAL_SOURCE: &str = "/proc/cpuinfo";
    const ONLINE: &str = "/sys/devices/system/cpu/online";

    pub(super) fn model() -> Option<String> {
        let info = fs::read_to_string("/proc/cpuinfo").ok()?;
        field(&info, "model name").map(str::to_owned)
    }

    /// The machine's own list; `num_cpus::get` would apply the quota.
    pub(super) fn logical() -> Count {
        let online = fs::read_to_string(ONLINE).ok();
        match online.as_deref().and_then(|list| count_list(list.trim())) {
            Some(value) => Count {
                value,
                source: ONLINE.to_owned(),
            },
            None => Count {
                value: num_cpus::get(),
                source: "num_cpus".to_owned(),
            },
        }
    }

    pub(super) fn affinity() -> Option<Affinity> {
        let status = fs::read_to_string("/proc/self/status").ok()?;
        let list = field(&status, "Cpus_allowed_list")?;
        Some(Affinity {
            count: count_list(list)?,
            list: list.to_owned(),
        })
    }

    /// The smallest CPU quota between this process's cgroup and the root, in CPUs.
    pub(super) fn quota() -> Option<f64> {
        let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
        groups
            .lines()
            .filter_map(place)
            .filter_map(|(root, path)| tightest(&root, &path))
            .min_by(f64::total_cmp)
    }

    /// Parses a line of `/proc/self/cgroup`: the root of the hierarchy, and this process's folder
    /// in it.
    fn place(line: &str) -> Option<(PathBuf, PathBuf)> {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?);
        let root = match controllers {
            "" => "/sys/fs/cgroup",
            list if list.split(',').any(|name| name == "cpu") => "/sys/fs/cgroup/cpu",
            _ => return None,
        };
        let folder = Path::new(root).join(path.trim_start_matches('/'));
        Some((root.into(), folder))
    }

    fn tightest(root: &Path, folder: &Path) -> Option<f64> {
        folder
            .ancestors()
            .take_while(|folder| folder.starts_with(root))
            .filter_map(quota_of)
            .min_by(f64::total_cmp)
    }

    fn quota_of(folder: &Path) -> Option<f64> {
        let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
        if let Some(max) = read("cpu.max") {
            return parse_quota(&max);
        }
        let quota = read("cpu.cfs_quota_us")?;
        let period = read("cpu.cfs_period_us")?;
        parse_quota(&format!("{} {}", quota.trim(), period.trim()))
    }

    /// `200000 100000` is two CPUs; `max 100000` and `-1 100000` are no limit.
    fn parse_quota(text: &str) -> Option<f64> {
        let mut words = text.split_whitespace();
        let quota: u64 = words.next()?.parse().ok()?;
        let period: u64 = words.next()?.parse().ok()?;
        (period > 0).then(|| quota as f64 / period as f64)
    }

    /// The CPUs in a list such as `0-3,8`.
    pub(super) fn members(list: &str) -> Option<Vec<usize>> {
        let ranges: Option<Vec<_>> = list.split(',').map(range).collect();
        Some(ranges?.into_iter().flatten().collect())
    }

    fn count_list(list: &str) -> Option<usize> {
        members(list).map(|cpus| cpus.len())
    }

    fn range(range: &str) -> Option<std::ops::RangeInclusive<usize>> {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last) = (first.parse().ok()?, last.parse().ok()?);
        // No machine has more CPUs: a longer list is damaged.
        (first <= last && last < 1 << 20).then_some(first..=last)
    }

    fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
        text.lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(key, _)| key.trim() == name)
            .map(|(_, value)| value.trim())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn cpu_lists_are_counted() {
            let table = [
                ("0", Some(1)),
                ("0-3", Some(4)),
                ("0-1,4,6-7", Some(5)),
                ("", None),
                ("3-1", None),
            ];
            for (list, expected) in table {
                assert_eq!(count_list(list), expected, "{list:?}");
            }
        }

        #[test]
        fn quotas_are_read_in_both_cgroup_versions() {
            assert_eq!(parse_quota("150000 100000\n"), Some(1.5));
            assert_eq!(parse_quota("max 100000\n"), None);
            assert_eq!(parse_quota("-1 100000"), None);
            assert_eq!(parse_quota("1 0"), None);
        }

        #[test]
        fn a_quota_on_an_outer_group_binds_the_inner_one() {
            let root = tempfile::tempdir().unwrap();
            let inner = root.path().join("outer/inner");
            fs::create_dir_all(&inner).unwrap();
            fs::write(inner.join("cpu.max"), "max 100000\n").unwrap();
            fs::write(root.path().join("outer/cpu.max"), "50000 100000\n").unwrap();
            assert_eq!(tightest(root.path(), &inner), Some(0.5));
        }

        #[test]
        fn version_one_files_are_read_where_version_two_has_none() {
            let root = tempfile::tempdir().unwrap();
            fs::write(root.path().join("cpu.cfs_quota_us"), "300000\n").unwrap();
            fs::write(root.path().join("cpu.cfs_period_us"), "100000\n").unwrap();
            assert_eq!(tightest(root.path(), root.path()), Some(3.0));
        }

        #[test]
        fn only_lines_that_may_hold_a_cpu_quota_are_followed() {
            let folder = |line| place(line).map(|(_, folder)| folder);
            assert_eq!(
                folder("0::/user.slice"),
                Some("/sys/fs/cgroup/user.slice".into())
            );
            assert_eq!(
                folder("3:cpu,cpuacct:/a"),
                Some("/sys/fs/cgroup/cpu/a".into())
            );
            assert_eq!(folder("4:cpuset:/a"), None);
            assert_eq!(folder("nonsense"), None);
        }

        #[test]
        fn fields_are_found_by_name() {
            let text = "processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n";
            assert_eq!(field(text, "model name"), Some("Some CPU @ 2 GHz"));
            assert_eq!(field(text, "flags"), None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(count: usize) -> Option<Affinity> {
        Some(Affinity {
            count,
            list: "0-7".to_owned(),
        })
    }

    #[test]
    fn the_binding_limit_is_named() {
        let table = [
            (mask(8), None, "affinity mask 0-7"),
            (mask(8), Some(2.0), "cgroup quota 2.00 CPUs"),
            (mask(8), Some(64.0), "affinity mask 0-7"),
            (None, Some(1.5), "cgroup quota 1.50 CPUs"),
            (None, None, "available_parallelism"),
        ];
        for (affinity, quota, expected) in table {
            assert_eq!(usable_count(2, affinity, quota).source, expected);
        }
    }

    #[test]
    fn counts_are_in_order() {
        let cpus = detect();
        assert!(cpus.usable.value >= 1);
        assert!(cpus.usable.value <= cpus.logical.value, "{cpus}");
        assert!(cpus.physical.value >= 1);
        assert_eq!(cpus.usable.value, usable().get());
    }

    #[test]
    fn the_line_names_model_counts_and_source() {
        let count = |value, source: &str| Count {
            value,
            source: source.to_owned(),
        };
        let cpus = Cpus {
            model: Some("Some CPU".to_owned()),
            logical: count(8, "a"),
            physical: count(4, "b"),
            usable: count(2, "cgroup quota 2.00 CPUs"),
        };
        assert_eq!(
            cpus.to_string(),
            "Some CPU: 8 logical CPUs, 4 cores, 2 usable (cgroup quota 2.00 CPUs)"
        );
    }
}
