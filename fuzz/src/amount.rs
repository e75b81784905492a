//! Durations, sizes, and the other small words of a service.

use stackgen::compose::amount;

use super::utf8;

pub(super) fn check(data: &[u8]) {
    let Some(text) = utf8(data) else { return };
    let words = [amount::is_duration, amount::is_size, amount::is_restart, amount::is_user];
    for is_one in words {
        if is_one(text) {
            assert!(!text.is_empty() && !text.contains(|c: char| c.is_whitespace()), "{text:?}");
        }
    }
}
