//! Counts bits, with the CPU's instruction for it if there is one.

/// The number of set bits.
pub(super) fn count_ones(bytes: &[u8]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("popcnt") {
            // SAFETY: the processor has POPCNT.
            #[expect(unsafe_code, reason = "the features were just checked")]
            return unsafe { count_ones_popcnt(bytes) };
        }
    }
    count_ones_portable(bytes)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "popcnt")]
fn count_ones_popcnt(bytes: &[u8]) -> u64 {
    count_ones_portable(bytes)
}

#[inline(always)]
fn count_ones_portable(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks();
    let in_words: u64 = words
        .iter()
        .map(|&word| u64::from(u64::from_ne_bytes(word).count_ones()))
        .sum();
    let in_rest: u64 = rest.iter().map(|byte| u64::from(byte.count_ones())).sum();
    in_words + in_rest
}
