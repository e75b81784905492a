//! The template environment: strict, without escaping of its own, and the few filters that write other languages.

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

/// The built-in templates that belong to no kind.
const TEMPLATES: &[(&str, &str)] = &[
    ("compose.yml.j2", include_str!("../../templates/compose.yml.j2")),
    ("env.example.j2", include_str!("../../templates/env.example.j2")),
];

/// An environment with every built-in template.
pub(super) fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // The default guesses from the file name: a `.yml` would be escaped as JSON.
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    let syntax = SyntaxConfig::builder().keep_trailing_newline(true).trim_blocks(true).lstrip_blocks(true).build();
    if let Ok(syntax) = syntax {
        environment.set_syntax(syntax);
    }
    environment.add_filter("yaml", |text: &str| yaml(text));
    environment.add_filter("key", |text: &str| key(text));
    environment.add_filter("exec", exec);
    environment.add_filter("sh", sh);
    environment.add_filter("env", env);
    for (name, text) in TEMPLATES.iter().chain(crate::kinds::TEMPLATES) {
        // A built-in template that does not compile is found by the test below, and by `template()` at run time.
        let _ = environment.add_template(name, text);
    }
    environment
}

/// Renders a template.
pub(super) fn template(
    environment: &Environment<'_>,
    name: &str,
    context: impl serde::Serialize,
) -> Result<String, super::RenderError> {
    let wrong = |error: minijinja::Error| super::RenderError::Template {
        template: name.to_owned(),
        message: format!("{error:#}"),
    };
    let template = environment.get_template(name).map_err(wrong)?;
    template.render(minijinja::value::Serde(context)).map_err(wrong)
}

/// A double-quoted YAML scalar (YAML 1.2.2, 7.3.1): no reader can take it for anything but this text.
pub(super) fn yaml(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Not printable in YAML, or line breaks to some readers and not to others.
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A key of a YAML mapping: plain where every reader takes it for text, else quoted.
pub(super) fn key(text: &str) -> String {
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    // YAML 1.1 readers take these for truth values and null.
    let words = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    if is_plain && !words.contains(&text.to_ascii_lowercase().as_str()) { text.to_owned() } else { yaml(text) }
}

/// A command in a Dockerfile's exec form: a JSON array. The engine's own filter would write `&` as an escape.
fn exec(words: Vec<String>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| serde_json::Value::String(word).to_string()).collect();
    format!("[{}]", words.join(", "))
}

/// One word of a POSIX shell.
fn sh(text: &str) -> String {
    shlex::try_quote(text).map_or_else(|_| "''".to_owned(), std::borrow::Cow::into_owned)
}

/// A value of an env file on one line, as Compose reads it: as it is, in single quotes, which keep everything but
/// themselves, or where those cannot, in double ones (compose-go, `dotenv/parser.go`).
pub(super) fn env(text: &str) -> String {
    let plain = !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/' | b':' | b'@' | b',' | b'+'));
    if plain {
        return text.to_owned();
    }
    // In single quotes a backslash stands for itself, but not before a quote, the closing one included.
    if text.contains(['\n', '\r']) || text.contains("\\'") || text.ends_with('\\') {
        let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
        return format!("\"{}\"", text.replace('\n', "\\n").replace('\r', "\\r"));
    }
    format!("'{}'", text.replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_template_compiles() {
        let environment = environment();
        for (name, _) in TEMPLATES.iter().chain(crate::kinds::TEMPLATES) {
            environment.get_template(name).unwrap();
        }
    }

    #[test]
    fn every_template_file_is_registered() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
        let mut found: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.path().is_file())
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        found.sort();
        assert_eq!(found, TEMPLATES.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>());
    }

    #[test]
    fn a_yaml_scalar_survives_what_yaml_would_make_of_it() {
        for text in [
            "no", "1e3", "~", "a: b", "# x", "- y", "\u{feff}", "\u{85}", "\u{2028}", "\"\\", "a\nb\t\0", "ü💥",
            "`*&!%@",
        ] {
            let read: String = serde_yaml::from_str(&yaml(text)).unwrap();
            assert_eq!(read, text);
        }
    }

    #[test]
    fn a_key_is_quoted_where_a_reader_could_mistake_it() {
        assert_eq!(key("traefik.http.routers.a-b.rule"), "traefik.http.routers.a-b.rule");
        for text in ["on", "No", "1", "1e3", "a b", "", "a:", "~"] {
            assert_eq!(key(text), yaml(text));
        }
    }

    #[test]
    fn an_env_value_is_quoted_where_it_must_be() {
        assert_eq!(env("plain-1.2"), "plain-1.2");
        assert_eq!(env(""), "''");
        assert_eq!(env("pa$word #x"), "'pa$word #x'");
        assert_eq!(env("it's"), "'it\\'s'");
        assert_eq!(env("a\\b"), "'a\\b'");
        assert_eq!(env("C:\\$x\\"), "\"C:\\\\\\$x\\\\\"");
        assert_eq!(env("a\n\"b\""), "\"a\\n\\\"b\\\"\"");
    }
}
