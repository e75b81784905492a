//! Regular expressions of Traefik.

use stackgen::traefik::regex::{self, anchors};

use super::{assert_inside, utf8};

pub(super) fn check(data: &[u8]) {
    let Some(text) = utf8(data) else { return };
    if regex::check(text).is_ok() {
        let _ = anchors::ends(text, &|part| part.len() % 2 == 0);
        for dot in anchors::loose_dots(text) {
            assert_eq!(&text[dot], ".", "{text:?}");
        }
    }
    match regex::check(text) {
        Err(flaw) => assert_inside(text, &flaw.range),
        // What is valid is so in a group; flags and `\Q` would reach out of it.
        Ok(()) if !text.contains("\\Q") => {
            let inner = format!("(?:{text})");
            if let Err(flaw) = regex::check(&inner) {
                assert_eq!(flaw.kind, regex::RegexFlawKind::Nesting, "{inner:?}: {flaw:?}");
            }
        }
        Ok(()) => {}
    }
}
