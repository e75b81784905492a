//! Paths of the project, with forward slashes, relative to services.toml.

/// A path without `.` and doubled slashes; none where it leads out, or is absolute.
pub(crate) fn clean_path(path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains('\\') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// `path` (relative to services.toml) as seen from the directory `from`: begins with `.`, as Compose wants it.
pub(super) fn relative(from: &str, path: &str) -> String {
    let from: Vec<&str> = from.split('/').filter(|part| !part.is_empty()).collect();
    let mut to: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !matches!(*part, "" | ".")) {
        match (part, to.last()) {
            ("..", Some(last)) if *last != ".." => {
                to.pop();
            }
            _ => to.push(part),
        }
    }
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let mut parts = vec![".."; from.len() - shared];
    parts.extend(&to[shared..]);
    if parts.first() == Some(&"..") { parts.join("/") } else { [&["."], parts.as_slice()].concat().join("/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_and_never_lead_out() {
        assert_eq!(clean_path("./a//b/../c").as_deref(), Some("a/c"));
        assert_eq!(clean_path("a/../../b"), None);
        assert_eq!(clean_path("/a"), None);
    }

    #[test]
    fn a_path_as_another_directory_sees_it() {
        assert_eq!(relative("", "api"), "./api");
        assert_eq!(relative("examples/voice", "examples/voice/api"), "./api");
        assert_eq!(relative("deploy", "api"), "../api");
        assert_eq!(relative("", ""), ".");
        assert_eq!(relative("deploy", "../other"), "../../other");
        assert_eq!(relative("deploy", "./deploy/a/../b"), "./b");
    }
}
