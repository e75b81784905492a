//! Static flags of Traefik.

use stackgen::traefik::static_flags::{Verdict, judge, split};

use super::{assert_inside, utf8};

pub(super) fn check(data: &[u8]) {
    let Some(text) = utf8(data) else { return };
    for word in text.lines().take(20) {
        let Some(flag) = split(word) else { continue };
        assert!(word[flag.start..].starts_with(flag.name), "{word:?}: {flag:?}");
        let verdict = judge(flag.name);
        match &verdict {
            Verdict::Known(kind) | Verdict::Deprecated(kind, _) => {
                let _ = kind.reads(flag.value.unwrap_or_default());
                // No letter case tells options apart.
                assert_eq!(judge(&flag.name.to_ascii_uppercase()), verdict, "{word:?}");
            }
            Verdict::Unknown { part, meant } => {
                assert_inside(flag.name, part);
                assert_ne!(*meant, Some(&flag.name[part.clone()]), "{word:?}");
            }
            Verdict::Removed(_) => {}
        }
    }
}
