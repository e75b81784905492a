//! stackgen.lock.

use stackgen::internals;

use super::utf8;

pub(super) fn check(data: &[u8]) {
    let Some(text) = utf8(data) else { return };
    match internals::lock(text) {
        Ok(written) => {
            assert_eq!(internals::lock(&written).as_deref(), Ok(written.as_str()), "of {text:?}");
            // What a merge leaves where both sides are kept is a lock.
            assert_eq!(internals::lock(&format!("{written}{written}")).as_deref(), Ok(written.as_str()));
        }
        Err(told) => assert!(told.starts_with("stackgen.lock:"), "{told}"),
    }
}
