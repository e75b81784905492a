//! Mounts in the short syntax.

use stackgen::compose::volume::{self, Source};

use super::{assert_inside, utf8};

pub(super) fn check(data: &[u8]) {
    let Some(text) = utf8(data) else { return };
    match volume::parse(text) {
        Ok(mount) => {
            // What is printed from the parts is what was read.
            let source = match &mount.source {
                Source::Volume(source) | Source::Bind(source) => format!("{source}:"),
                Source::Anonymous | Source::Other => String::new(),
            };
            let colon = if mount.mode.is_empty() { "" } else { ":" };
            assert_eq!(format!("{source}{}{colon}{}", mount.target, mount.mode), text);
            assert!(mount.options().all(|(at, word, _)| mount.mode[at..].starts_with(word)), "{mount:?}");
            let place = mount.place();
            assert!(place.starts_with('/') && volume::clean(&place) == place, "{place}");
        }
        Err(error) => assert_inside(text, &error.range),
    }
}
