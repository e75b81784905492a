//! Env files.

use stackgen::compose::dotenv::{EnvFile, Value};
use stackgen::internals;

use super::{assert_inside, utf8};

pub(super) fn check(data: &[u8]) {
    let Some(text) = utf8(data) else { return };
    let file = match EnvFile::parse(text) {
        Ok(file) => file,
        Err(flaw) => {
            assert_inside(text, &flaw.span);
            assert!((1..=text.matches('\n').count() + 1).contains(&flaw.line), "{flaw:?}");
            return;
        }
    };
    let mut end = 0;
    for entry in &file.entries {
        assert_inside(text, &entry.span);
        assert!(entry.span.start >= end, "{entry:?} begins before the one before it ends");
        assert_eq!(entry.line, text[..entry.span.start].matches('\n').count() + 1, "{entry:?}");
        end = entry.span.end;
    }
    let Ok(values) = file.values(&|name| (name.len() % 2 == 0).then(|| "set".to_owned())) else { return };
    // What is written again has the same values.
    let names = values.iter().filter(|(name, _)| is_plain(name));
    let lines: Vec<String> =
        names.map(|(name, assigned)| format!("{name}={}\n", internals::env(&assigned.value))).collect();
    let written = lines.concat();
    let read = EnvFile::parse(&written).unwrap_or_else(|flaw| panic!("{written:?}: {flaw}"));
    assert!(read.entries.iter().all(|entry| entry.value != Value::Inherited), "{written:?}");
    let read = read.values(&|_| None).unwrap_or_else(|flaw| panic!("{written:?}: {flaw}"));
    for (name, assigned) in values.iter().filter(|(name, _)| is_plain(name)) {
        assert_eq!(read[name.as_str()].value, assigned.value, "{written:?}");
    }
}

/// Whether stackgen would write this name.
fn is_plain(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
