//! Published ports in the short syntax.

use stackgen::compose::port;

use super::utf8;

pub(super) fn check(data: &[u8]) {
    let Some(text) = utf8(data) else { return };
    // Two mappings clash whichever comes first.
    let mappings: Vec<_> = text.split('\n').filter_map(|text| port::parse(text).ok()).take(8).collect();
    for mapping in &mappings {
        assert!(mapping.target.first > 0 && mapping.target.first <= mapping.target.last, "{mapping:?}");
        if let Some(published) = mapping.published {
            assert!(published.first <= published.last, "{mapping:?}");
            assert_eq!(mapping.clash(mapping), Some(published), "{mapping:?}");
        }
        for other in &mappings {
            assert_eq!(mapping.clash(other), other.clash(mapping), "{mapping:?} and {other:?}");
        }
    }
}
