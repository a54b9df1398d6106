//! For how many threads the system has room.

use std::fs;

/// Fewer threads than this are asked for without a look.
const FEW: usize = 256;

/// What Linux maps for a thread of std's: a stack, a second one for signals, and a guard page for
/// each; and one to spare.
const MAPPINGS_PER_THREAD: usize = 5;

/// How many of `wanted` threads can be started. A thread that the system refuses is an error, and the
/// team is smaller; but one that is started and then finds no room for its second stack ends the whole
/// process. So that is counted beforehand.
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
