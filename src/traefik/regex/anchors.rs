//! Whether a regular expression says where its match begins and ends. Traefik looks for a match anywhere in the text.

use std::ops::Range;

/// What a regular expression leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// Whether every match begins at the begin of the text, or deliberately anywhere (`.*`).
    pub start: bool,
    /// Whether every match ends at the end of the text, or deliberately anywhere.
    pub end: bool,
}

/// Says which ends of a valid regular expression are fixed. `is_bounded` takes what may stand at an open start.
pub fn ends(text: &str, is_bounded: &dyn Fn(&str) -> bool) -> Ends {
    let mut ends = Ends { start: true, end: true };
    for branch in branches(text) {
        ends.start &= starts(branch, is_bounded);
        ends.end &= is_closed(branch);
    }
    ends
}

/// Dots outside of classes that stand for any character between two letters: `a.example`.
pub fn loose_dots(text: &str) -> Vec<Range<usize>> {
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '-');
    let mut dots = Vec::new();
    let mut before = None;
    each(text, &mut |at, character, is_plain| {
        let after = text.get(at + 1..).and_then(|rest| rest.chars().next());
        if is_plain && character == '.' && is_word(before) && is_word(after) {
            dots.push(at..at + 1);
        }
        before = is_plain.then_some(character);
    });
    dots
}

/// Calls `visit` with every character, and whether it stands for itself or for an operator: in no class, and behind no `\`.
fn each(text: &str, visit: &mut dyn FnMut(usize, char, bool)) {
    let mut is_escaped = false;
    // Where the class begins that is open.
    let mut class: Option<usize> = None;
    for (at, character) in text.char_indices() {
        if is_escaped {
            is_escaped = false;
            visit(at, character, false);
            continue;
        }
        is_escaped = character == '\\';
        match (class, character) {
            (None, '[') => class = Some(at),
            // The first one of a class is a part of it.
            (Some(start), ']') if at > start + 1 && text.get(start + 1..at) != Some("^") => class = None,
            _ => {}
        }
        visit(at, character, class.is_none() && !is_escaped && character != ']');
    }
}

/// The alternatives of an expression.
fn branches(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let mut start = 0;
    let mut branches = Vec::new();
    each(text, &mut |at, character, is_plain| match character {
        '(' if is_plain => depth += 1,
        ')' if is_plain => depth = depth.saturating_sub(1),
        '|' if is_plain && depth == 0 => {
            branches.push(&text[start..at]);
            start = at + 1;
        }
        _ => {}
    });
    branches.push(&text[start..]);
    branches
}

/// The groups that are in no other one, with their parentheses.
fn groups(text: &str) -> Vec<Range<usize>> {
    let mut open = Vec::new();
    let mut groups = Vec::new();
    each(text, &mut |at, character, is_plain| match character {
        '(' if is_plain => open.push(at),
        ')' if is_plain => {
            if let Some(start) = open.pop().filter(|_| open.is_empty()) {
                groups.push(start..at + 1);
            }
        }
        _ => {}
    });
    groups
}

/// What stands in a group; none where it only sets flags.
fn inside(group: &str) -> Option<&str> {
    let inner = group.strip_prefix('(')?.strip_suffix(')')?;
    let Some(rest) = inner.strip_prefix('?') else { return Some(inner) };
    if let Some((_, named)) = rest.split_once('>').filter(|_| rest.starts_with(['P', '<'])) {
        return Some(named);
    }
    rest.split_once(':').map(|(_, inner)| inner)
}

fn starts(branch: &str, is_bounded: &dyn Fn(&str) -> bool) -> bool {
    let first = groups(branch).into_iter().next().filter(|group| group.start == 0);
    if let Some(group) = first {
        let rest = &branch[group.end..];
        return match inside(&branch[group]) {
            None => starts(rest, is_bounded),
            Some(_) if rest.starts_with(['?', '*', '{']) => false,
            Some(inner) => ends(inner, is_bounded).start,
        };
    }
    ["^", r"\A", ".*", ".+"].iter().any(|start| branch.starts_with(start)) || is_bounded(branch)
}

fn is_closed(branch: &str) -> bool {
    if let Some(group) = groups(branch).into_iter().next_back().filter(|group| group.end == branch.len()) {
        return inside(&branch[group]).is_some_and(|inner| ends(inner, &|_| true).end);
    }
    if branch.ends_with(r"\z") || branch.ends_with(".*") || branch.ends_with(".+") {
        return true;
    }
    let escapes = branch.strip_suffix('$').map(|rest| rest.len() - rest.trim_end_matches('\\').len());
    escapes.is_some_and(|escapes| escapes % 2 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_fixed_in_every_alternative() {
        for (text, start, end) in [
            ("^a$", true, true),
            ("a", false, false),
            ("^a|b$", false, false),
            ("^a$|^b$", true, true),
            ("^(a|b)$", true, true),
            ("(^a|^b)$", true, true),
            ("(?i)^a$", true, true),
            ("(?:^a$)", true, true),
            ("(?P<n>^a)", true, false),
            ("(^)?a$", false, true),
            (r"^a\$", true, false),
            (r"^a\\$", true, true),
            (r"\Aa\z", true, true),
            (".+a$", true, true),
            ("^a.*", true, true),
            ("[^a]$", false, true),
            ("[|]^", false, false),
            ("", false, false),
            ("^a(/|$)", true, false),
            (r"^[]a]$", true, true),
        ] {
            assert_eq!(ends(text, &|_| false), Ends { start, end }, "{text}");
        }
        assert!(ends(r"(^|\.)a$", &|rest| rest.starts_with(r"\.")).start);
    }

    #[test]
    fn a_dot_between_letters_is_loose() {
        let found = |text: &str| loose_dots(text).len();
        assert_eq!(found("^app.example.com$"), 2);
        for text in [r"^app\.example\.com$", "^.+$", "^a.*b$", "^[a.b]$", "^a.?b$"] {
            assert_eq!(found(text), 0, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a(|)?:P<>\\[\\]^$\\\\.*µ]{0,20}") {
            ends(&text, &|_| false);
            loose_dots(&text);
        }
    }
}
