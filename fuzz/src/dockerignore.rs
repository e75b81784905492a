//! Ignore files: a file, and behind a NUL byte the paths that it is asked about.

use stackgen::dockerfile::ignore::Ignore;

use super::{assert_inside, utf8};

pub(super) fn check(data: &[u8]) {
    let Some(text) = utf8(data) else { return };
    let (text, paths) = text.split_once('\0').unwrap_or((text, "a\na/b\na/b.c/d\nnode_modules/x"));
    let ignore = Ignore::parse(text);
    for flaw in &ignore.flaws {
        assert_inside(text, flaw);
    }
    // Nothing is left out once everything has been taken back, and all is once everything is left out.
    let (all, none) = (Ignore::parse(&format!("{text}\n**")), Ignore::parse(&format!("{text}\n!**")));
    for path in paths.lines().filter(|path| !path.is_empty()).take(10) {
        let _ = ignore.ignores(path);
        assert!(all.ignores(path) && !none.ignores(path), "{path:?} with {text:?}");
    }
}
