//! Versions of runtimes: which ones a range lets in, and which ones are no longer maintained.
//!
//! Ranges are those of npm (`^20.9 || >=22`), of Python (`>=3.11,<3.14`, `~=3.12`, `==3.12.*`) and of Poetry (`^3.11`). All of
//! them are unions of intervals, which is all that is needed to ask whether any release of `22` is let in.

/// A version: three numbers.
pub(crate) type Version = [u64; 3];

/// Versions from the first one, which is in it, to the second one, which is not.
type Interval = (Version, Version);

const END: Version = [u64::MAX; 3];

/// Whose ranges are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grammar {
    /// npm's (node-semver, "Ranges").
    Npm,
    /// Python's (Packaging guide, "Version specifiers"), with Poetry's `^` and `~`.
    Python,
}

/// The releases that the tag of an image stands for: `22`, `3.12.4-slim`; none where it begins with no version.
pub(crate) fn releases(tag: &str) -> Option<Interval> {
    let length = tag.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(tag.len());
    let (version, rest) = tag.split_at(length);
    // A release candidate is none of the releases.
    if !(rest.is_empty() || rest.starts_with('-')) {
        return None;
    }
    let (from, known) = version_of(version.trim_end_matches('.'))?;
    (known > 0).then(|| (from, next(from, known)))
}

/// Whether a range lets in any of these releases; none where it cannot be read.
pub(crate) fn allows(range: &str, releases: Interval, grammar: Grammar) -> Option<bool> {
    let mut any = false;
    for alternative in range.split("||").flat_map(|part| part.split('|')) {
        any |= alternative_allows(alternative.trim(), releases, grammar)?;
    }
    Some(any)
}

fn alternative_allows(range: &str, releases: Interval, grammar: Grammar) -> Option<bool> {
    let mut left = vec![releases];
    if let Some((from, to)) = range.split_once(" - ") {
        let (from, _) = version_of(from.trim())?;
        let (to, known) = version_of(to.trim())?;
        return Some(meet(&left, (from, next(to, known))).iter().any(is_some));
    }
    // `>= 20` is one comparison.
    let mut joined = String::new();
    for part in range.split([' ', ',']).filter(|part| !part.is_empty()) {
        let is_sign = joined.ends_with(['>', '<', '=', '^', '~', '!']);
        if !joined.is_empty() && !is_sign {
            joined.push(' ');
        }
        joined.push_str(part);
    }
    for comparison in joined.split(' ').filter(|part| !part.is_empty()) {
        let sign_length =
            comparison.find(|c: char| !matches!(c, '>' | '<' | '=' | '^' | '~' | '!')).unwrap_or(comparison.len());
        let (sign, written) = comparison.split_at(sign_length);
        let (version, known) = version_of(written.trim_start_matches('v'))?;
        let is_npm = grammar == Grammar::Npm;
        let is_wild = written.contains(['*', 'x', 'X']);
        let after = next(version, known);
        let interval = match sign {
            "" | "=" if is_npm => (version, after),
            "" | "==" | "===" => (version, if is_wild { after } else { next(version, 3) }),
            ">=" => (version, END),
            ">" if is_npm => (after, END),
            ">" => (next(version, 3), END),
            "<" => ([0; 3], version),
            "<=" if is_npm => ([0; 3], after),
            "<=" => ([0; 3], next(version, 3)),
            "^" => (version, caret(version, known)),
            "~" => (version, next(version, known.clamp(1, 2))),
            "~=" => (version, next(version, known.saturating_sub(1).max(1))),
            "!=" => {
                let excluded = (version, if is_wild { after } else { next(version, 3) });
                left.retain(|(from, to)| !(excluded.0 <= *from && *to <= excluded.1));
                continue;
            }
            _ => return None,
        };
        left = meet(&left, interval);
    }
    Some(left.iter().any(is_some))
}

fn is_some((from, to): &Interval) -> bool {
    from < to
}

fn meet(left: &[Interval], other: Interval) -> Vec<Interval> {
    left.iter().map(|(from, to)| ((*from).max(other.0), (*to).min(other.1))).collect()
}

/// What `^` ends before: the left-most number that is not zero stays.
fn caret(version: Version, known: usize) -> Version {
    let first = version.iter().position(|number| *number > 0).unwrap_or(known.saturating_sub(1));
    next(version, first + 1)
}

/// The first version of which the first `known` numbers differ.
fn next(version: Version, known: usize) -> Version {
    match known {
        0 => END,
        1 => [version[0] + 1, 0, 0],
        2 => [version[0], version[1] + 1, 0],
        _ => [version[0], version[1], version[2] + 1],
    }
}

/// The numbers of a version, and how many are said.
fn version_of(text: &str) -> Option<(Version, usize)> {
    let mut version = [0; 3];
    let mut known = 0;
    let text = text.split(['-', '+']).next().unwrap_or_default();
    if matches!(text, "" | "*" | "x" | "X") {
        return Some((version, 0));
    }
    for (place, part) in version.iter_mut().zip(text.split('.')) {
        if matches!(part, "*" | "x" | "X") {
            break;
        }
        *place = part.parse().ok()?;
        known += 1;
    }
    Some((version, known))
}

/// When a release line got its last fixes, where that is past: as of September 2026. Node.js: the release schedule of
/// nodejs/Release, where odd versions live for half a year; Python: "Status of Python versions" of its developer's guide.
const ENDED: [(&str, &[u64], &str); 17] = [
    ("node", &[12], "April 2022"),
    ("node", &[14], "April 2023"),
    ("node", &[15], "June 2021"),
    ("node", &[16], "September 2023"),
    ("node", &[17], "June 2022"),
    ("node", &[18], "April 2025"),
    ("node", &[19], "June 2023"),
    ("node", &[20], "April 2026"),
    ("node", &[21], "June 2024"),
    ("node", &[23], "June 2025"),
    ("python", &[2], "January 2020"),
    ("python", &[3, 5], "September 2020"),
    ("python", &[3, 6], "December 2021"),
    ("python", &[3, 7], "June 2023"),
    ("python", &[3, 8], "October 2024"),
    ("python", &[3, 9], "October 2025"),
    ("python", &[3, 4], "March 2019"),
];

/// When the release line of a runtime ended; none where it has not.
pub(crate) fn ended(runtime: &str, releases: Interval) -> Option<&'static str> {
    let is_line = |line: &[u64]| {
        let from = releases.0;
        // A tag that says less may be any line.
        line.iter().zip(from).all(|(known, number)| *known == number) && releases.1 <= next(from, line.len())
    };
    ENDED.iter().find(|(name, line, _)| *name == runtime && is_line(line)).map(|(.., when)| *when)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn npm(range: &str, tag: &str) -> bool {
        allows(range, releases(tag).unwrap(), Grammar::Npm).unwrap()
    }

    fn python(range: &str, tag: &str) -> bool {
        allows(range, releases(tag).unwrap(), Grammar::Python).unwrap()
    }

    #[test]
    fn ranges_of_npm_let_in_what_they_say() {
        for range in [
            ">=22",
            ">= 20",
            "22",
            "22.x",
            "^22.11.0",
            "^20.9 || >=22",
            "20 - 22",
            "*",
            "",
            ">21",
            "~22.1",
            "<=22",
            ">=22 <23",
            "v22",
        ] {
            assert!(npm(range, "22-slim"), "{range}");
        }
        for range in [">=24", "<22", "^20.9", "20.x", "18 - 20", ">22", "~20.1", "20 || 24", "<=21", ">=18 <20"] {
            assert!(!npm(range, "22-slim"), "{range}");
        }
        assert!(!npm("^22.12.0", "22.11.0-alpine") && npm("^22.11.0", "22.11.0"));
        assert_eq!(allows("lts/*", releases("22").unwrap(), Grammar::Npm), None);
    }

    #[test]
    fn ranges_of_python_let_in_what_they_say() {
        for range in [
            ">=3.11",
            ">=3.11,<3.14",
            "~=3.12",
            "~=3.12.1",
            "==3.12.*",
            "^3.11",
            "~3.12",
            "!=3.12.1",
            ">3.11",
            "==3.12.4",
            "<4",
        ] {
            assert!(python(range, "3.12-slim"), "{range}");
        }
        for range in [">=3.13", "<3.12", "~=3.11.2", "==3.11.*", "^4.0", "~3.11", "!=3.12.*", ">=3.9,<3.12"] {
            assert!(!python(range, "3.12-slim"), "{range}");
        }
        assert!(!python("<3.14", "3.14") && python("<3.14", "3"));
    }

    #[test]
    fn what_is_no_release_is_not_compared() {
        assert_eq!(releases("latest"), None);
        assert_eq!(releases("slim"), None);
        assert_eq!(releases("3.15rc1"), None);
    }

    #[test]
    fn lines_that_have_ended_are_known() {
        assert_eq!(ended("node", releases("18-alpine").unwrap()), Some("April 2025"));
        assert_eq!(ended("node", releases("22").unwrap()), None);
        assert_eq!(ended("python", releases("3.9.18").unwrap()), Some("October 2025"));
        assert_eq!(ended("python", releases("3").unwrap()), None);
        assert_eq!(ended("python", releases("2.7").unwrap()), Some("January 2020"));
    }
}
