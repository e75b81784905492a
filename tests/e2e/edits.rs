//! How long it takes until an edit of a source is live.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::support::say;

/// A change is live within this time, also where other stacks are built beside it; alone, it takes two seconds.
const PATIENCE: Duration = Duration::from_secs(90);

/// Edits a file, waits until that is seen, prints how long it took, and takes the edit back.
///
/// # Panics
/// Where the file has no such text, or nobody sees the edit.
pub(crate) fn is_live(what: &str, path: &Path, (from, to): (&str, &str), is_seen: impl Fn() -> bool) {
    let before = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let after = before.replacen(from, to, 1);
    assert_ne!(before, after, "{}: no {from}", path.display());
    fs::write(path, &after).expect("a writable source");
    let start = Instant::now();
    while !is_seen() {
        assert!(start.elapsed() < PATIENCE, "{what}: the edit of {} is not seen", path.display());
        sleep(Duration::from_millis(100));
    }
    fs::write(path, before).expect("a writable source");
    say(&format!("{what}: an edit is live after {:.1} s", start.elapsed().as_secs_f64()));
}
