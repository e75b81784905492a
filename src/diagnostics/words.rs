//! How findings phrase what all of them say: alternatives, lists, and the word that was probably meant; and how a
//! text is printed that may hold anything.

use std::borrow::Cow;

/// How many names a sentence lists.
const MANY: usize = 8;

/// `a`, `a or b`, `a, b or c`.
pub fn or(words: &[impl AsRef<str>]) -> String {
    join(words, "or")
}

/// `a`, `a and b`, `a, b and c`.
pub fn and(words: &[impl AsRef<str>]) -> String {
    join(words, "and")
}

/// All names, each in backticks.
pub fn quoted(names: &[impl AsRef<str>]) -> String {
    and(&names.iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>())
}

/// The first few names, each in backticks, and how many there are besides.
pub fn names(names: &[impl AsRef<str>]) -> String {
    let mut shown: Vec<String> = names.iter().take(MANY).map(|name| format!("`{}`", name.as_ref())).collect();
    if names.len() > MANY {
        shown.push(format!("{} more", names.len() - MANY));
    }
    and(&shown)
}

fn join(words: &[impl AsRef<str>], last: &str) -> String {
    match words {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [head @ .., tail] => {
            let head: Vec<&str> = head.iter().map(AsRef::as_ref).collect();
            format!("{} {last} {}", head.join(", "), tail.as_ref())
        }
    }
}

/// The sentence as it stands alone.
pub(crate) fn capitalised(sentence: &str) -> String {
    let mut characters = sentence.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// The sentence as it stands behind a colon.
pub fn uncapitalised(sentence: &str) -> String {
    let mut characters = sentence.chars();
    characters.next().map(|first| first.to_lowercase().chain(characters).collect()).unwrap_or_default()
}

/// The text on one line, with what a terminal would obey made visible: names of files can have anything in them.
pub fn shown(text: &str) -> String {
    visible(text).replace('\n', "\\n").replace('\t', "\\t")
}

/// The text with what a terminal would obey made visible; newlines and tabs stay.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    let obeyed = |c: char| {
        c.is_control() && !matches!(c, '\n' | '\t') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(obeyed) {
        return Cow::Borrowed(text);
    }
    let escaped = text.chars().map(|c| if obeyed(c) { c.escape_unicode().to_string() } else { c.to_string() });
    Cow::Owned(escaped.collect())
}

/// `1 error`, `2 errors`.
pub(crate) fn count(number: usize, word: &str) -> String {
    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
}

/// The candidate that was probably meant: at most two edits away, and less than half of the word.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = 2.min(word.chars().count().saturating_sub(1) / 2 + 1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(&word.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_its_word_and_a_stranger_does_not() {
        assert_eq!(nearest("prot", ["port", "ports", "publish"]), Some("port"));
        assert_eq!(nearest("Redis", ["redis"]), Some("redis"));
        assert_eq!(nearest("xy", ["port", "env"]), None);
    }

    #[test]
    fn lists_read_like_english() {
        assert_eq!(or(&["a"]), "a");
        assert_eq!(and(&["a", "b", "c"]), "a, b and c");
        assert_eq!(names(&["a", "b"]), "`a` and `b`");
        assert_eq!(names(&["x"; 10]), "`x`, `x`, `x`, `x`, `x`, `x`, `x`, `x` and 2 more");
        assert_eq!(uncapitalised("Äpfel"), "äpfel");
        assert_eq!(capitalised("äpfel"), "Äpfel");
        assert_eq!((count(1, "error"), count(2, "error")), ("1 error".to_owned(), "2 errors".to_owned()));
    }
}
