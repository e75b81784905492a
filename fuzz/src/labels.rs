//! Labels of Traefik: one per line, `name=value`.

use stackgen::traefik::dynamic::labels::decode;

use super::{assert_inside, utf8};

pub(super) fn check(data: &[u8]) {
    let Some(text) = utf8(data) else { return };
    let labels: Vec<(&str, &str)> =
        text.lines().map(|line| line.split_once('=').unwrap_or((line, ""))).take(40).collect();
    for minor in [None, Some(0), Some(7)] {
        let decoded = decode(labels.iter().copied(), minor);
        for flaw in &decoded.flaws {
            assert_inside(flaw.label, &flaw.range);
        }
        // Labels are a set: their order says nothing.
        let again = decode(labels.iter().rev().copied(), minor);
        let mut names: Vec<&str> = labels.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        if names.windows(2).all(|pair| pair[0] != pair[1]) {
            assert_eq!(decoded.flaws, again.flaws, "{labels:?}");
            assert_eq!((decoded.is_taken(), decoded.is_disabled), (again.is_taken(), again.is_disabled), "{labels:?}");
        }
    }
}
