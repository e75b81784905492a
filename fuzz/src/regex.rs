//! Regular expressions of Traefik.

use stackgen::traefik::regex;

use super::{assert_inside, utf8};

pub(super) fn check(data: &[u8]) {
    let Some(text) = utf8(data) else { return };
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
