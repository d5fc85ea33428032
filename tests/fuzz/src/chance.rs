//! Chance that is the same in every run. Keys of hash maps are random: what a run covers, and so what
//! it goes on with, would differ from run to run with the same seed.

use std::sync::atomic::{AtomicU64, Ordering};

static STATE: AtomicU64 = AtomicU64::new(0);

/// Starts the numbers anew. Every target begins with it: what nothing calls is not linked.
pub fn fix() {
    STATE.store(0, Ordering::Relaxed);
}

/// Replaces the C library's `getrandom`, which is where the standard library and the crates
/// have their random bytes from: the numbers of SplitMix64, from zero.
///
/// # Safety
/// `buffer` has room for `length` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn getrandom(buffer: *mut u8, length: usize, _flags: u32) -> isize {
    for at in 0..length {
        let state = STATE.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        // SAFETY: as the caller promised.
        unsafe { buffer.add(at).write((mixed >> 56) as u8) };
    }
    length as isize
}
