//! Regular expressions of Go that are run: translated into those of the crate that runs them, which is RE2's child too.
//!
//! What is spelled alike and means something else is what is translated: `\d`, `\s`, `\w` and `\b` know ASCII only in Go,
//! `{` without a number stands for itself, `\Q…\E` quotes, `\012` is a character, and in a class only `]`, `-`, `^` and
//! `[:` mean something (Go, package `regexp/syntax`). What a replacement may say is Go's `Regexp.Expand`.

use std::fmt::Write as _;

use regex_automata::meta::Regex;
use regex_automata::util::syntax;

/// A regular expression that can be run. Bytes that are no UTF-8 are matched by nothing.
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

impl Pattern {
    /// Translates an expression that Go takes; none where it cannot be run.
    pub fn of(text: &str) -> Option<Self> {
        super::check(text).ok()?;
        let syntax = syntax::Config::new().utf8(false);
        let config = Regex::config().utf8_empty(false).nfa_size_limit(Some(8 << 20));
        Regex::builder().syntax(syntax).configure(config).build(&translated(text)).ok().map(Self)
    }

    /// Whether it is found somewhere.
    pub fn is_found_in(&self, text: &[u8]) -> bool {
        self.0.is_match(text)
    }

    /// What is found first, as Go's `FindString`.
    pub fn find<'t>(&self, text: &'t [u8]) -> Option<&'t [u8]> {
        let found = self.0.find(text)?;
        text.get(found.range())
    }

    /// Replaces everything that is found, as Go's `ReplaceAllString`.
    pub fn replace_all(&self, text: &[u8], replacement: &str) -> Vec<u8> {
        let mut out = Vec::new();
        let mut at = 0;
        for captures in self.0.captures_iter(text) {
            let Some(whole) = captures.get_match() else { continue };
            out.extend_from_slice(text.get(at..whole.start()).unwrap_or_default());
            let group = |name: &str| {
                let span = match name.parse::<usize>() {
                    Ok(index) => captures.get_group(index),
                    Err(_) => captures.get_group_by_name(name),
                };
                span.and_then(|span| text.get(span.range())).unwrap_or_default()
            };
            expand(replacement, &group, &mut out);
            at = whole.end();
        }
        out.extend_from_slice(text.get(at..).unwrap_or_default());
        out
    }
}

/// Puts groups in the place of `$1`, `${1}` and `$name`; `$$` is one `$`.
fn expand<'t>(template: &str, group: &dyn Fn(&str) -> &'t [u8], out: &mut Vec<u8>) {
    let mut rest = template;
    while let Some(at) = rest.find('$') {
        let (before, after) = rest.split_at(at);
        out.extend_from_slice(before.as_bytes());
        let after = &after[1..];
        if let Some(next) = after.strip_prefix('$') {
            out.push(b'$');
            rest = next;
            continue;
        }
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        let (name, next) = match after.strip_prefix('{') {
            Some(inner) => inner.split_once('}').unwrap_or(("", after)),
            None => after.split_at(after.find(|c| !is_name(c)).unwrap_or(after.len())),
        };
        if name.is_empty() || !name.chars().all(is_name) {
            // Go takes what it cannot read as it stands.
            out.push(b'$');
            rest = after;
            continue;
        }
        out.extend_from_slice(group(name));
        rest = next;
    }
    out.extend_from_slice(rest.as_bytes());
}

fn translated(text: &str) -> String {
    let mut translator = Translator { text, at: 0, out: String::with_capacity(text.len() * 2) };
    translator.run();
    translator.out
}

struct Translator<'t> {
    text: &'t str,
    at: usize,
    out: String,
}

impl<'t> Translator<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest().chars().next()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn skip(&mut self, prefix: &str) -> bool {
        let is_there = self.rest().starts_with(prefix);
        self.at += if is_there { prefix.len() } else { 0 };
        is_there
    }

    fn run(&mut self) {
        while let Some(next) = self.next() {
            match next {
                '\\' => self.escape(false),
                '[' => self.class(),
                '{' => match count(self.rest()) {
                    Some(length) => {
                        self.out.push('{');
                        self.copy(length);
                    }
                    None => self.literal('{'),
                },
                '(' if self.skip("?)") => {}
                '(' => {
                    self.out.push('(');
                    // The name of a group, or flags: spelled alike.
                    if self.rest().starts_with('?') {
                        let end = self.rest().find(['>', ':', ')']).unwrap_or_default();
                        let has_end = !self.rest()[end..].starts_with(')');
                        self.copy(end + usize::from(has_end));
                    }
                }
                ')' | '|' | '*' | '+' | '?' | '.' | '^' | '$' => self.out.push(next),
                other => self.literal(other),
            }
        }
    }

    fn copy(&mut self, length: usize) {
        self.out.push_str(self.rest().get(..length).unwrap_or_default());
        self.at += length;
    }

    /// A character that stands for itself.
    fn literal(&mut self, character: char) {
        if character.is_alphanumeric() {
            self.out.push(character);
        } else {
            self.code(u32::from(character));
        }
    }

    fn code(&mut self, code: u32) {
        let _ = write!(self.out, "\\x{{{code:X}}}");
    }

    /// What follows a `\`; classes of characters stand without brackets where one is open.
    fn escape(&mut self, in_class: bool) {
        let Some(next) = self.next() else { return };
        let class = match next.to_ascii_lowercase() {
            'd' => Some("0-9"),
            's' => Some(r"\t\n\x0C\r\x20"),
            'w' => Some("0-9A-Za-z_"),
            _ => None,
        };
        if let Some(class) = class {
            let not = if next.is_ascii_uppercase() { "^" } else { "" };
            let _ = write!(self.out, "[{not}{class}]");
            return;
        }
        match next {
            'Q' if !in_class => {
                let rest = self.rest();
                let (quoted, length) =
                    rest.split_once("\\E").map_or((rest, rest.len()), |(text, _)| (text, text.len() + 2));
                self.at += length;
                // As one, so that what repeats it repeats its last character only, as in Go.
                quoted.chars().for_each(|character| self.literal(character));
            }
            'b' | 'B' if !in_class => {
                let _ = write!(self.out, "(?-u:\\{next})");
            }
            'A' | 'z' if !in_class => {
                let _ = write!(self.out, "\\{next}");
            }
            'p' | 'P' => self.property(next == 'P'),
            'a' => self.code(7),
            'f' => self.code(0xC),
            'n' => self.code(0xA),
            'r' => self.code(0xD),
            't' => self.code(9),
            'v' => self.code(0xB),
            'x' => {
                let digits = if self.skip("{") {
                    let digits = self.rest().split_once('}').map_or("", |(digits, _)| digits);
                    self.at += digits.len() + 1;
                    digits
                } else {
                    let digits = self.rest().get(..2).unwrap_or_default();
                    self.at += digits.len();
                    digits
                };
                self.code(u32::from_str_radix(digits, 16).unwrap_or_default());
            }
            '0'..='7' => {
                let mut code = u32::from(next) - u32::from('0');
                for _ in 0..2 {
                    let Some(digit) = self.rest().chars().next().and_then(|c| c.to_digit(8)) else { break };
                    self.at += 1;
                    code = code * 8 + digit;
                }
                self.code(code);
            }
            other => self.literal(other),
        }
    }

    /// `\pL`, `\p{Greek}`, `\p{^Greek}`, after the `p`.
    fn property(&mut self, is_negated: bool) {
        let name = if self.skip("{") {
            let name = self.rest().split_once('}').map_or("", |(name, _)| name);
            self.at += name.len() + 1;
            name
        } else {
            let name = self.rest().get(..1).unwrap_or_default();
            self.at += name.len();
            name
        };
        let (name, is_negated) = name.strip_prefix('^').map_or((name, is_negated), |name| (name, !is_negated));
        let _ = write!(self.out, "\\{}{{{name}}}", if is_negated { 'P' } else { 'p' });
    }

    /// What follows a `[`.
    fn class(&mut self) {
        self.out.push('[');
        if self.skip("^") {
            self.out.push('^');
        }
        let mut is_first = true;
        while is_first || !self.skip("]") {
            is_first = false;
            if let Some(name) =
                self.rest().strip_prefix("[:").and_then(|rest| rest.split_once(":]")).map(|(name, _)| name)
            {
                self.copy(name.len() + "[::]".len());
                continue;
            }
            let before = self.out.len();
            let Some(next) = self.next() else { return };
            let is_single = next != '\\' || !self.rest().starts_with(['d', 'D', 's', 'S', 'w', 'W', 'p', 'P']);
            if next == '\\' {
                self.escape(true);
            } else {
                self.literal(next);
            }
            let rest = self.rest();
            if is_single && rest.starts_with('-') && rest.len() > 1 && !rest.starts_with("-]") {
                self.at += 1;
                self.out.push('-');
                match self.next() {
                    Some('\\') => self.escape(true),
                    Some(other) => self.literal(other),
                    None => self.out.truncate(before),
                }
            }
        }
        self.out.push(']');
    }
}

/// How long a count after its `{` is, with its `}`; none where the `{` stands for itself.
fn count(rest: &str) -> Option<usize> {
    let inner = rest.split_once('}').map(|(inner, _)| inner)?;
    let is_number = |digits: &str| {
        !digits.is_empty()
            && digits.bytes().all(|b| b.is_ascii_digit())
            && (digits.len() < 2 || !digits.starts_with('0'))
    };
    let is_count = match inner.split_once(',') {
        None => is_number(inner),
        Some((least, most)) => is_number(least) && (most.is_empty() || is_number(most)),
    };
    is_count.then_some(inner.len() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_means_is_what_is_run() {
        for (pattern, matches, does_not) in [
            (r"^/v\d+$", "/v12", "/v١"),
            (r"^\w+$", "a_1", "ä"),
            (r"^\s$", "\t", "\u{a0}"),
            (r"\bab\b", "x ab y", "xaby"),
            (r"^{host}$", "{host}", "host"),
            ("^a{2}$", "aa", "a{2}"),
            ("^a{,2}$", "a{,2}", "aa"),
            (r"^\Qa.b\E+$", "a.bb", "axb"),
            (r"^\012\0$", "\n\0", "12"),
            (r"^\<$", "<", ""),
            ("^[]a-]+$", "]-a", "b"),
            (r"^[\d-z]+$", "1-z", "y"),
            ("^[&&a]$", "&", "b"),
            ("^[a-c&&b]$", "c", "d"),
            ("^[[a]$", "[", "b"),
            ("^[[:alpha:]_]+$", "a_", "1"),
            (r"^\p{^Greek}$", "a", "α"),
            ("(?i)^ABC(?)$", "abc", "ab"),
            ("^(?:a|b)(?P<n>c)?$", "bc", "c"),
            ("^[^/]+$", "a b", "a/b"),
            (r"^[\x41-\x43]$", "B", "D"),
            ("#", "a#", "a"),
        ] {
            let pattern = Pattern::of(pattern).unwrap_or_else(|| panic!("{pattern} is run"));
            assert!(pattern.is_found_in(matches.as_bytes()), "{pattern:?} {matches}");
            assert!(!pattern.is_found_in(does_not.as_bytes()), "{pattern:?} {does_not}");
        }
        assert!(Pattern::of("(?=a)").is_none());
    }

    #[test]
    fn a_replacement_names_groups_as_in_go() {
        for (pattern, text, replacement, expected) in [
            ("^/api(/.*)?$", "/api/a", "/v1$1", "/v1/a"),
            ("^/api(/.*)?$", "/api", "/v1$1", "/v1"),
            ("^/(a)(b)$", "/ab", "/${2}x$1", "/bxa"),
            ("^/(a)$", "/a", "/$1x", "/"),
            ("^/(?P<name>.*)$", "/a", "/$name/$$/$", "/a/$/$"),
            ("a", "banana", "o", "bonono"),
            ("a*", "baac", "-", "-b-c-"),
        ] {
            let replaced = Pattern::of(pattern).expect("a pattern").replace_all(text.as_bytes(), replacement);
            assert_eq!(String::from_utf8_lossy(&replaced), expected, "{pattern} {replacement}");
        }
        assert_eq!(Pattern::of("/a+").and_then(|p| p.find(b"x/aab").map(<[u8]>::to_vec)), Some(b"/aa".to_vec()));
    }
}
