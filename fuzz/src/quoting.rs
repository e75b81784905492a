//! What writes other languages, read back by readers of those.

use stackgen::compose::dotenv::EnvFile;
use stackgen::internals;

use super::utf8;

pub(super) fn check(data: &[u8]) {
    let Some(text) = utf8(data) else { return };
    yaml(text);
    env(text);
    let words: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let read: Vec<String> = serde_json::from_str(&internals::exec(words.clone())).expect("a JSON array");
    assert_eq!(read, words);
    if !text.contains('\0') {
        assert_eq!(shlex::split(&internals::sh(text)), Some(vec![text.to_owned()]), "{text:?}");
    }
    assert_eq!(sql(&internals::sql(text)).as_deref(), Some(text));
}

/// What a string constant of SQL means; none where it ends before the text does.
fn sql(constant: &str) -> Option<String> {
    let mut rest = constant.strip_prefix('\'')?.strip_suffix('\'')?.chars();
    let mut text = String::new();
    while let Some(character) = rest.next() {
        if character == '\'' && rest.next() != Some('\'') {
            return None;
        }
        text.push(character);
    }
    Some(text)
}

fn yaml(text: &str) {
    let scalar = internals::yaml(text);
    assert!(scalar.is_ascii() || !scalar.chars().any(char::is_control), "{scalar:?}");
    assert!(!scalar.contains('\n'), "{scalar:?}");
    let read: String = serde_yaml::from_str(&scalar).unwrap_or_else(|error| panic!("{scalar}: {error}"));
    assert_eq!(read, text);
    let mapping = format!("{}: {scalar}\n", internals::key(text));
    // The reader limits the length of a key to 1024 characters, as YAML does of those on one line.
    if mapping.len() - scalar.len() > 1000 {
        return;
    }
    let read: serde_json::Map<String, serde_json::Value> =
        serde_yaml::from_str(&mapping).unwrap_or_else(|error| panic!("{mapping}: {error}"));
    assert_eq!(read.get(text).and_then(serde_json::Value::as_str), Some(text), "{mapping}");
}

fn env(text: &str) {
    let line = format!("A={}\n", internals::env(text));
    assert_eq!(line.matches('\n').count(), 1, "{line:?}");
    let read = EnvFile::parse(&line).and_then(|file| file.values(&|_| None));
    let read = read.unwrap_or_else(|flaw| panic!("{line:?}: {flaw}"));
    assert_eq!((read.len(), read["A"].value.as_str()), (1, text), "{line:?}");
}
