//! The memory of a process, from Linux's files.

use serde::{Deserialize, Serialize};
use std::io;

/// Memory, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Pages that are in memory; of processes that share pages, each has its share.
    pub resident: u64,
    /// The tables that lead to them, which are not counted among them.
    pub tables: u64,
}

impl Memory {
    /// This process's.
    ///
    /// # Errors
    ///
    /// On a system that doesn't tell: all but Linux.
    pub fn now() -> io::Result<Memory> {
        Memory::read("self")
    }

    /// A process's.
    ///
    /// # Errors
    ///
    /// On a system that doesn't tell, and when the process has ended.
    pub fn of_process(pid: u32) -> io::Result<Memory> {
        Memory::read(&pid.to_string())
    }

    fn read(process: &str) -> io::Result<Memory> {
        let read = |file: &str| std::fs::read_to_string(format!("/proc/{process}/{file}"));
        // Not `VmRSS`: that is counted per thread, and may be off by pages for each of them.
        Memory::parse(&read("smaps_rollup")?, &read("status")?)
            .ok_or_else(|| io::Error::other("/proc does not report the memory"))
    }

    fn parse(rollup: &str, status: &str) -> Option<Memory> {
        Some(Memory {
            resident: kibibytes(rollup, "Pss:")?,
            tables: kibibytes(status, "VmPTE:")?,
        })
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Memory) -> Memory {
        Memory {
            resident: self.resident + other.resident,
            tables: self.tables + other.tables,
        }
    }

    /// All of it.
    pub fn all(self) -> u64 {
        self.resident + self.tables
    }
}

fn kibibytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let number: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    number.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `proc_pid_smaps(5)` and `proc_pid_status(5)` have them.
    const ROLLUP: &str = "\
559fe51cf000-7ffd3bb5a000 ---p 00000000 00:00 0                          [rollup]
Rss:                1060 kB
Pss:                 143 kB
Pss_Dirty:           104 kB
";
    const STATUS: &str = "Name:\tbash\nVmRSS:\t    1060 kB\nVmPTE:\t      60 kB\n";

    #[test]
    fn the_share_of_shared_pages_counts_and_page_tables_too() {
        let memory = Memory::parse(ROLLUP, STATUS).unwrap();
        assert_eq!(memory.resident, 143 * 1024);
        assert_eq!(memory.tables, 60 * 1024);
        assert_eq!(memory.all(), 203 * 1024);
        assert_eq!(Memory::parse("", STATUS), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_is_touched_is_resident() {
        let before = Memory::now().unwrap();
        let block = std::hint::black_box(vec![1_u8; 32 << 20]);
        let after = Memory::now().unwrap();
        assert!(
            after.resident >= before.resident + (31 << 20),
            "{before:?} {after:?}"
        );
        drop(block);
    }
}
