//! Paths as artifacts and the lock write them: relative to the project directory, `/`-separated.

/// The lock's name, beside services.toml.
pub(super) const LOCK: &str = "stackgen.lock";

/// Why `path` may not be written, deleted or stand in the lock; `None` where it may.
///
/// The lock comes from the repository, so a path in it is somebody else's word: it must not lead out of the project.
pub(super) fn objection(path: &str) -> Option<&'static str> {
    let drive = path.as_bytes().get(1) == Some(&b':') && path.as_bytes()[0].is_ascii_alphabetic();
    if path.is_empty() {
        Some("is empty")
    } else if path.starts_with('/') || drive {
        Some("is absolute")
    } else if path.contains('\\') {
        Some("has a backslash in it")
    } else if path.chars().any(char::is_control) {
        Some("has a control character in it")
    } else if path.split('/').any(|part| part == "..") {
        Some("contains `..`")
    } else if path.split('/').any(|part| part.is_empty() || part == ".") {
        Some("is not in its shortest form")
    } else if path.split('/').any(|part| part.eq_ignore_ascii_case(".git")) {
        Some("lies in .git")
    } else if path.eq_ignore_ascii_case(LOCK) {
        Some("is the lock itself")
    } else {
        None
    }
}

/// The directory that `path` is in; empty for the project directory.
pub(super) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// The directories that `path` is in, the nearest first, without the project directory.
pub(super) fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(parent(path)), |path| Some(parent(path))).take_while(|path| !path.is_empty())
}

/// A directory as the reader knows it.
pub(super) fn directory_words(directory: &str) -> String {
    if directory.is_empty() { "the project directory".to_owned() } else { format!("the directory `{directory}`") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_could_leave_the_project_is_objected_to() {
        for path in ["", "/etc/passwd", "../x", "a/../../x", "a/..", "C:/x", "c:x", "a\\..\\x", "a//b", "./a", "a/"] {
            assert!(objection(path).is_some(), "{path:?}");
        }
        for path in [".git/hooks/pre-commit", "web/.GIT/config", "stackgen.lock", "a\nb", "a\rb"] {
            assert!(objection(path).is_some(), "{path:?}");
        }
    }

    #[test]
    fn an_ordinary_path_is_not_objected_to() {
        for path in ["a", ".env.example", "web/.dockerignore", "a b/c d", "..a/b..", ".github/x", "web/stackgen.lock"] {
            assert_eq!(objection(path), None, "{path:?}");
        }
    }

    #[test]
    fn ancestors_end_below_the_project_directory() {
        assert_eq!(ancestors("a/b/c").collect::<Vec<_>>(), ["a/b", "a"]);
        assert_eq!(ancestors("a").count(), 0);
        assert_eq!(parent("a"), "");
    }
}
