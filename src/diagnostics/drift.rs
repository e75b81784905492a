//! Generated files that are not what they should be, and what every format says about them.

/// How many lines of a file's diff are shown to people; `stackgen render --diff` has them all.
const DIFF_LINES: usize = 40;

/// A generated file that is not what services.toml says it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// The file, relative to the project, with forward slashes.
    pub path: String,
    /// What is the matter, in one word: `missing`, `changed`, `edited`, `foreign`, `stale` or `blocked`.
    pub state: &'static str,
    /// The same as a sentence that does not repeat the path.
    pub message: String,
    /// From what is on disk to what would be written, as a unified diff; none where there is nothing to compare.
    pub diff: Option<String>,
}

impl Drift {
    /// The first line of the file on disk that differs, from 1; none where the diff names no line of it.
    pub(crate) fn first_line(&self) -> Option<usize> {
        let mut lines = self.diff.as_deref()?.lines().skip_while(|line| !line.starts_with("@@ "));
        let header = lines.next()?.strip_prefix("@@ -")?.split(' ').next()?;
        let (start, length) = header.split_once(',').unwrap_or((header, "1"));
        let (start, length) = (start.parse::<usize>().ok()?, length.parse::<usize>().ok()?);
        // An empty range is counted from the line before it: of an empty file, from none.
        let last = (start + length).checked_sub(1).filter(|last| *last > 0)?;
        let same = lines.take_while(|line| line.starts_with(' ')).count();
        Some((start + same).clamp(1, last))
    }

    /// The first lines of the diff for people, at most 40, and how many more there are: the rest of a long one, such as that
    /// of a schema, would drown what is said of it.
    pub fn excerpt(&self) -> (Vec<&str>, usize) {
        let mut lines: Vec<&str> = self.diff.as_deref().unwrap_or_default().lines().collect();
        let more = lines.len().saturating_sub(DIFF_LINES);
        lines.truncate(DIFF_LINES);
        (lines, more)
    }
}

/// What resolves the drift; none where there is none.
pub(crate) fn way_out(drift: &[Drift]) -> Option<&'static str> {
    let any = |states: &[&str]| drift.iter().any(|drift| states.contains(&drift.state));
    if drift.is_empty() {
        None
    } else if any(&["edited", "foreign"]) {
        Some("move what was edited by hand to services.toml, then run `stackgen render --force`")
    } else if any(&["blocked"]) {
        Some("make way for what is blocked, then run `stackgen render`")
    } else {
        Some("run `stackgen render`")
    }
}

#[cfg(test)]
mod tests {
    use similar::TextDiff;

    use super::*;

    fn first_line(diff: &str) -> Option<usize> {
        let diff = Some(diff.to_owned());
        Drift { path: "x".to_owned(), state: "changed", message: String::new(), diff }.first_line()
    }

    fn between(old: &str, new: &str) -> Option<usize> {
        let hunks = TextDiff::from_lines(old, new).unified_diff().to_string();
        first_line(&format!("--- a/x\n+++ b/x\n{hunks}"))
    }

    #[test]
    fn the_first_line_that_differs_is_one_of_the_file_on_disk() {
        let lines = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        for line in 1..=9 {
            assert_eq!(between(lines, &lines.replace(&line.to_string(), "x")), Some(line));
            assert_eq!(between(lines, &lines.replace(&format!("{line}\n"), "")), Some(line));
            assert_eq!(between(lines, &lines.replace(&line.to_string(), &format!("x\n{line}"))), Some(line));
        }
        assert_eq!(between(lines, &format!("{lines}10\n")), Some(9), "there is no line 10 to point at");
        assert_eq!(between(lines, ""), Some(1));
    }

    #[test]
    fn what_has_no_lines_has_no_first_one() {
        assert_eq!(between("", "1\n"), None);
        assert_eq!(first_line("--- a/x\n+++ b/x\nbinary file differs\n"), None);
        assert_eq!(first_line("`x` has the right text, but is executable: its mode becomes 0644\n"), None);
        assert_eq!(first_line("@@ -nothing\n"), None);
        assert_eq!(first_line(""), None);
    }
}
