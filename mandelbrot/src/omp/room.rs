//! Checks how many threads the system can start.

use std::fs;

/// Fewer threads than this are started without a check.
const FEW: usize = 256;

/// The mappings that Linux needs for a thread of `std`: a stack, a second one for signals, a guard
/// page for each, and one to spare.
const MAPPINGS_PER_THREAD: usize = 5;

/// How many of `wanted` threads can be started. If the system refuses a thread, that is an error,
/// and the team is smaller. But a started thread without space for its second stack ends the whole
/// process. So the mappings are counted beforehand.
pub(super) fn for_threads(wanted: usize) -> usize {
    if wanted <= FEW {
        return wanted;
    }
    let Some(most) = read("/proc/sys/vm/max_map_count").and_then(|text| text.trim().parse().ok())
    else {
        return wanted;
    };
    let used = read("/proc/self/maps").map_or(0, |text| text.lines().count());
    usize::saturating_sub(most, used) / MAPPINGS_PER_THREAD
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok()
}
