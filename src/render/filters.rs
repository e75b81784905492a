//! The template environment: strict, without escaping of its own, and the few filters that write other languages.

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

use super::RenderError;
use crate::templates::{FOLDER, SHARED, Templates};

/// The built-in templates that belong to no kind.
const TEMPLATES: &[(&str, &str)] = &[
    ("compose.yml.j2", include_str!("../../templates/compose.yml.j2")),
    ("env.example.j2", include_str!("../../templates/env.example.j2")),
    ("env.j2", include_str!("../../templates/env.j2")),
    ("stack.md.j2", include_str!("../../templates/stack.md.j2")),
];

/// An environment with every template of the project. The built-in ones are compiled when they are used: most stacks need
/// few of them. Of the project's own all are, so that one that is broken is told in any case.
///
/// # Errors
/// Where one of the project's own does not compile.
pub(super) fn environment(templates: &Templates) -> Result<Environment<'_>, RenderError> {
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
    environment.add_filter("sql", sql);
    environment.set_loader(|name| {
        let mut all = TEMPLATES.iter().chain(crate::kinds::TEMPLATES);
        Ok(all.find(|(known, _)| *known == name).map(|(_, text)| *text))
    });
    for (name, text) in templates.own() {
        environment.add_template(name, text).map_err(|error| wrong(&error, name, text))?;
    }
    Ok(environment)
}

/// Renders a template.
pub(super) fn template(
    environment: &Environment<'_>,
    name: &str,
    context: impl serde::Serialize,
) -> Result<String, super::RenderError> {
    let template = environment.get_template(name).map_err(|error| wrong(&error, name, ""))?;
    template.render(minijinja::value::Serde(context)).map_err(|error| {
        // The fault may lie in a template that this one includes.
        let at = error.name().unwrap_or(name).to_owned();
        let text = environment.get_template(&at).map(|template| template.source().to_owned()).unwrap_or_default();
        wrong(&error, &at, &text)
    })
}

/// What is wrong with a template: the file and the line in it, shown.
fn wrong(error: &minijinja::Error, name: &str, text: &str) -> RenderError {
    let is_of_kind = name.split_once('/').is_some_and(|(folder, _)| folder != SHARED);
    let mut place = if is_of_kind { format!("{FOLDER}/kinds/{name}") } else { format!("{FOLDER}/{name}") };
    let mut message =
        error.detail().map_or_else(|| error.kind().to_string(), |detail| format!("{}: {detail}", error.kind()));
    if let Some(number) = error.line() {
        let start = text.split_inclusive('\n').take(number - 1).map(str::len).sum::<usize>();
        let line = text.lines().nth(number - 1).unwrap_or_default();
        let range = error.range().filter(|range| range.start >= start && range.start <= start + line.len());
        let column =
            range.as_ref().map(|range| line.get(..range.start - start).map_or(0, |before| before.chars().count()));
        place = format!("{place}:{number}");
        if let Some(column) = column {
            place = format!("{place}:{}", column + 1);
        }
        let margin = " ".repeat(number.to_string().len());
        message = format!("{message}\n{margin} |\n{number} | {line}");
        if let (Some(range), Some(column)) = (range, column) {
            let width =
                range.end.saturating_sub(range.start).clamp(1, line.len().saturating_sub(range.start - start).max(1));
            message = format!("{message}\n{margin} | {}{}", " ".repeat(column), "^".repeat(width));
        }
    }
    RenderError::Template { place, message }
}

/// A double-quoted YAML scalar (YAML 1.2.2, 7.3.1): no reader can take it for anything but this text.
pub(crate) fn yaml(text: &str) -> String {
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
pub(crate) fn key(text: &str) -> String {
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    // YAML 1.1 readers take these for truth values and null.
    let words = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    if is_plain && !words.contains(&text.to_ascii_lowercase().as_str()) { text.to_owned() } else { yaml(text) }
}

/// A command in a Dockerfile's exec form: a JSON array. The engine's own filter would write `&` as an escape.
pub(crate) fn exec(words: Vec<String>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| serde_json::Value::String(word).to_string()).collect();
    format!("[{}]", words.join(", "))
}

/// One word of a POSIX shell.
pub(crate) fn sh(text: &str) -> String {
    shlex::try_quote(text).map_or_else(|_| "''".to_owned(), std::borrow::Cow::into_owned)
}

/// A string constant of SQL (`PostgreSQL` docs, "String Constants"): a backslash stands for itself in it.
pub(crate) fn sql(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A value of an env file on one line, as Compose reads it: as it is, in single quotes, which keep everything but
/// themselves, or where those cannot, in double ones (compose-go, `dotenv/parser.go`).
pub(crate) fn env(text: &str) -> String {
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
        let templates = Templates::default();
        let environment = environment(&templates).unwrap();
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
