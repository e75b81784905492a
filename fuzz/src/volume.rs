//! Mounts in the short syntax.

use stackgen::compose::volume;

use super::utf8;

pub(super) fn check(data: &[u8]) {
    let Some(text) = utf8(data) else { return };
    if let Ok(mount) = volume::parse(text) {
        assert!(mount.target.starts_with('/') && text.contains(&mount.target), "{mount:?}");
        assert!(text.contains(&mount.mode), "{mount:?}");
    }
}
