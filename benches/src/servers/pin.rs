//! Chooses a CPU for the server, and another one for the load.

#[cfg(target_os = "linux")]
pub(super) use linux::Cpus;
#[cfg(not(target_os = "linux"))]
pub(super) use nothing::Cpus;

#[cfg(target_os = "linux")]
mod linux {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    /// The CPUs that this thread may use.
    pub(in crate::servers) struct Cpus(Option<CpuSet>);

    impl Cpus {
        pub(in crate::servers) fn of_this_thread() -> Cpus {
            Cpus(sched_getaffinity(None).ok())
        }

        /// For the server.
        pub(in crate::servers) fn take_first(&self) {
            self.take(|cpus, one| (0..CpuSet::MAX_CPU).find(|&cpu| cpus.is_set(cpu)) == Some(one));
        }

        /// For the load: another CPU, if there is one.
        pub(in crate::servers) fn take_last(&self) {
            self.take(|cpus, one| (0..CpuSet::MAX_CPU).rfind(|&cpu| cpus.is_set(cpu)) == Some(one));
        }

        pub(in crate::servers) fn take_all(&self) {
            self.take(CpuSet::is_set);
        }

        /// If the system refuses, nothing is pinned.
        fn take(&self, chosen: impl Fn(&CpuSet, usize) -> bool) {
            let Some(cpus) = &self.0 else { return };
            let mut set = CpuSet::new();
            for cpu in (0..CpuSet::MAX_CPU).filter(|&cpu| chosen(cpus, cpu)) {
                set.set(cpu);
            }
            if let Err(error) = sched_setaffinity(None, &set) {
                tracing::warn!(%error, "not pinned");
            }
        }
    }
}

/// On other systems nothing is pinned.
#[cfg(not(target_os = "linux"))]
mod nothing {
    pub(in crate::servers) struct Cpus;

    impl Cpus {
        pub(in crate::servers) fn of_this_thread() -> Cpus {
            Cpus
        }
        pub(in crate::servers) fn take_first(&self) {}
        pub(in crate::servers) fn take_last(&self) {}
        pub(in crate::servers) fn take_all(&self) {}
    }
}
