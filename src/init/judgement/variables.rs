//! Variables in the text of a command: what it says where nobody sets them, and where a `$` begins none.

use super::names::is_sensitive;
use super::{is_harmless, is_identifier};

/// Last words of names that say what a thing is called, or where it is: a default of theirs is no password.
const EVIDENT: [&str; 7] = ["USER", "USERNAME", "NAME", "DB", "DATABASE", "HOST", "PORT"];

/// Whether a text is a variable, or several of them, and nothing else.
pub(super) fn is_variable(text: &str) -> bool {
    // Of Compose `$$` is a dollar.
    if !text.starts_with('$') || text.starts_with("$$") {
        return false;
    }
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        if rest[..at].chars().any(char::is_alphanumeric) {
            return false;
        }
        rest = &rest[at + 1..];
        rest = match braced(rest) {
            Some((_, after)) => after,
            None => rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_'),
        };
    }
    !rest.chars().any(char::is_alphanumeric)
}

/// Whether words are read by a shell: it is there, or one of them has several in it.
pub(super) fn has_shell(words: &[String]) -> bool {
    let is_shell =
        |word: &str| ["sh", "bash", "ash", "dash", "zsh"].contains(&word.rsplit('/').next().unwrap_or_default());
    let is_text = |word: &str| word.starts_with('-') && !word.starts_with("--") && word.ends_with('c');
    words.iter().any(|word| word.split_whitespace().count() > 1)
        || words.windows(2).any(|pair| is_shell(&pair[0]) && is_text(&pair[1]))
}

/// A text as it is where nobody sets its variables: defaults stand in their places, what has none is `${NAME}`, and a dollar
/// that begins nothing is gone. None where a default may be a secret, since its variable is called like one.
pub(super) fn seen_through(text: &str, has_shell: bool) -> Option<String> {
    let mut done = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        done.push_str(&rest[..at]);
        let is_quoted = rest[..at].ends_with('\'');
        let after = rest[at..].trim_start_matches('$');
        let count = rest.len() - at - after.len();
        // Two are one that Compose leaves alone, for a shell to read.
        let is_inner = count.is_multiple_of(2);
        rest = after;
        if let Some((inner, after)) = braced(rest) {
            done.push_str(&variable(inner, has_shell)?);
            rest = after;
        } else if rest.starts_with('(') {
            done.push('$');
        } else {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
            let name = &rest[..end];
            let is_name = if is_inner {
                has_shell && !is_quoted && !name.bytes().any(|byte| byte.is_ascii_lowercase())
            } else {
                !name.starts_with(|c: char| c.is_ascii_digit())
            };
            if is_name && !name.is_empty() {
                done.extend(["${", name, "}"]);
                rest = &rest[end..];
            }
        }
    }
    done.push_str(rest);
    Some(done)
}

/// What stands between braces, and what follows them.
fn braced(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('{')?;
    let mut depth = 1_u32;
    let end = inside.char_indices().find_map(|(at, c)| {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        (depth == 0).then_some(at)
    })?;
    Some((&inside[..end], &inside[end + 1..]))
}

/// What a variable is where nobody sets it.
fn variable(inner: &str, has_shell: bool) -> Option<String> {
    let end = inner.find(|c: char| !(c.is_ascii_alphanumeric() || "_.-".contains(c))).unwrap_or(inner.len());
    // `-` is a part of `${services.my-db.url}`, and else what a default begins with.
    let end = if inner[..end].contains('.') { end } else { inner.find(['-', ':']).unwrap_or(end).min(end) };
    let (name, operator) = inner.split_at(end);
    let bare = format!("${{{name}}}");
    let operator = operator.strip_prefix(':').unwrap_or(operator);
    let Some(default) = operator.strip_prefix(['-', '=', '+']).filter(|default| !default.is_empty()) else {
        return Some(bare);
    };
    let value = seen_through(default, has_shell)?;
    if is_variable(&value) {
        return Some(bare);
    }
    if is_sensitive(name) {
        return is_harmless(name, &value).then_some(bare);
    }
    let last = name.rsplit('_').next().unwrap_or_default();
    let is_evident = EVIDENT.contains(&last) && (is_identifier(&value) || is_harmless(name, &value));
    Some(if is_evident { bare } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_stands_where_its_variable_does() {
        let seen = |text: &str| seen_through(text, false);
        for (text, expected) in [
            ("plain", "plain"),
            ("--port ${PORT:-8000}", "--port ${PORT}"),
            ("${LEVEL-info} $NAME ${X:?say it}", "info ${NAME} ${X}"),
            ("${A:-${B:-x}}/y", "x/y"),
            ("a$$", "a"),
            ("$$tulip $$TULIP $$$$", "tulip TULIP "),
            ("$$(cat /x)", "$(cat /x)"),
            ("${services.my-db.url} ${service.port}", "${services.my-db.url} ${service.port}"),
            ("$${LATER:-x} ${OPEN", "x OPEN".replace("OPEN", "{OPEN").as_str()),
        ] {
            assert_eq!(seen(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["${API_KEY:-x}", "$${PGPASSWORD:-x}", "${A:-${TOKEN:-x}}", "${AUTH-joe:x}"] {
            assert_eq!(seen(text), None, "{text}");
        }
        // For a shell it is a variable, unless it is quoted.
        assert_eq!(seen_through("$$PW $$pw '$$PW'", true).as_deref(), Some("${PW} pw 'PW'"));
    }

    #[test]
    fn only_a_variable_alone_is_one() {
        for text in ["$X", "${X}", "${A}:${B}", "$", "$X/"] {
            assert!(is_variable(text), "{text}");
        }
        for text in ["", "x", "$$x", "${X}tail", "${A}b${C}", "head${X}"] {
            assert!(!is_variable(text), "{text}");
        }
    }
}
