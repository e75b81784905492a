//! What shell scripts read: `$NAME`, `${NAME:-default}`, `${NAME:?why}`, of names that the script does not set itself
//! (POSIX.1-2024, "Shell Command Language"; Bash manual, "Shell Parameter Expansion").

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::read::{Need, Read, Scan, is_name, is_shouted};

/// Commands that set the variables that they are given.
const SETTERS: [&str; 8] = ["export", "local", "readonly", "declare", "typeset", "read", "mapfile", "readarray"];

/// Looks at a script.
pub(super) fn scan(text: &str) -> Scan {
    if !text.contains('$') && !text.contains("printenv") {
        return Scan::default();
    }
    let mut walker = Walker { text, bytes: text.as_bytes(), ..Walker::default() };
    walker.walk();
    let is_strict = walker.is_strict;
    let mut out = Scan { unknown: walker.unknown, ..Scan::default() };
    // Another file may set whatever is read.
    let mut needs: BTreeMap<&str, Need> = BTreeMap::new();
    for (name, _, need) in &walker.found {
        let known = needs.entry(name).or_insert(*need);
        *known = match (*known, *need) {
            (Need::Demanded, _) | (_, Need::Demanded) => Need::Demanded,
            (Need::Fallback, _) | (_, Need::Fallback) => Need::Fallback,
            _ => Need::Bare,
        };
    }
    for (name, span, _) in &walker.found {
        // A name that is set from itself was read with what is done without it.
        if walker.set.contains(name) && !walker.from_itself.contains(name) {
            continue;
        }
        let need = match needs.get(name.as_str()).copied().unwrap_or(Need::Bare) {
            Need::Bare if walker.sources => Need::Fallback,
            Need::Bare if is_strict => Need::Demanded,
            need => need,
        };
        out.reads.push(Read::new(name, span.clone(), need));
    }
    out.settle();
    out
}

#[derive(Debug, Default)]
struct Walker<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    found: Vec<(String, Range<usize>, Need)>,
    unknown: Vec<Range<usize>>,
    set: BTreeSet<String>,
    /// Names that are set to what is made of themselves.
    from_itself: BTreeSet<String>,
    /// Whether it reads other scripts.
    sources: bool,
    /// Whether reading what is not set ends it (`set -u`).
    is_strict: bool,
    /// What ends the here-documents that begin on this line, and whether they are taken as they are.
    heredocs: Vec<(String, bool, bool)>,
}

impl Walker<'_> {
    fn walk(&mut self) {
        if self.bytes.starts_with(b"#!") {
            let line = self.line();
            self.is_strict |= line.split_whitespace().skip(1).any(|word| word.starts_with('-') && word.contains('u'));
        }
        let mut in_double = false;
        let mut is_word_start = true;
        let mut is_command = true;
        while let Some(byte) = self.bytes.get(self.at).copied() {
            match byte {
                b'\\' => self.at += 2,
                b'\'' if !in_double => {
                    let rest = &self.bytes[(self.at + 1).min(self.bytes.len())..];
                    self.at += rest.iter().position(|b| *b == b'\'').map_or(self.bytes.len(), |length| length + 2);
                    is_word_start = false;
                }
                b'"' => {
                    in_double = !in_double;
                    self.at += 1;
                    is_word_start = false;
                    is_command = false;
                }
                b'$' => {
                    self.dollar();
                    is_word_start = false;
                    is_command &= self.bytes.get(self.at.wrapping_sub(1)) == Some(&b'(');
                    // What stands in `$(…)` begins a command.
                    if self.bytes.get(self.at.wrapping_sub(1)) == Some(&b'(') {
                        is_word_start = true;
                        is_command = true;
                    }
                }
                b'#' if is_word_start && !in_double => self.at += self.line().len(),
                b'\n' => {
                    self.at += 1;
                    self.documents();
                    is_word_start = true;
                    is_command = !in_double;
                }
                b'<' if !in_double
                    && self.bytes[self.at..].starts_with(b"<<")
                    && !self.bytes[self.at..].starts_with(b"<<<") =>
                {
                    self.opens_document();
                }
                b' ' | b'\t' => {
                    self.at += 1;
                    is_word_start = true;
                }
                b';' | b'&' | b'|' | b'(' | b')' | b'{' | b'}' | b'`' | b'!' => {
                    self.at += 1;
                    is_word_start = true;
                    is_command = true;
                }
                _ if is_word_start && !in_double && (byte.is_ascii_alphabetic() || byte == b'_' || byte == b'.') => {
                    is_command = self.word(is_command);
                    is_word_start = false;
                }
                _ => {
                    self.at += 1;
                    is_word_start = false;
                }
            }
        }
    }

    fn line(&self) -> &str {
        let rest = &self.text[self.at.min(self.text.len())..];
        rest.split('\n').next().unwrap_or_default()
    }

    /// A word that is not quoted where it begins; whether the next one begins a command still.
    fn word(&mut self, is_command: bool) -> bool {
        let rest = &self.text[self.at..];
        let length = rest.bytes().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-')));
        let length = length.unwrap_or(rest.len());
        let word = &rest[..length];
        let after = rest.as_bytes().get(length).copied();
        let name_length = word.bytes().position(|b| !(b.is_ascii_alphanumeric() || b == b'_')).unwrap_or(length);
        let name = &word[..name_length];
        let sets = matches!(after, Some(b'=')) || rest[length..].starts_with("+=") || after == Some(b'[');
        if name_length == length && sets && is_name(name) && (is_command || after == Some(b'=')) {
            let name = name.to_owned();
            // `NAME="${NAME:-default}"`
            let line = self.line();
            let value = line.get(length + 1..).unwrap_or_default();
            let value = match value.chars().next() {
                Some(quote @ ('"' | '\'')) => value[1..].split(quote).next().unwrap_or_default(),
                _ => value.split([' ', '\t', ';', '&', '|']).next().unwrap_or_default(),
            };
            if value.contains(&format!("${{{name}")) || value.contains(&format!("${name}")) {
                self.from_itself.insert(name.clone());
            }
            if is_command {
                self.set.insert(name);
            }
            self.at += length + 1;
            return is_command;
        }
        // `./script` is a program, and `. ./script` reads it.
        if is_command && after != Some(b'/') {
            self.command(word);
        }
        self.at += length;
        is_command
            && matches!(
                word,
                "if" | "then"
                    | "else"
                    | "elif"
                    | "while"
                    | "until"
                    | "do"
                    | "exec"
                    | "eval"
                    | "time"
                    | "env"
                    | "export"
                    | "local"
                    | "readonly"
                    | "declare"
                    | "typeset"
            )
    }

    /// What a command does to variables.
    fn command(&mut self, word: &str) {
        let line = self.line().to_owned();
        let mut words = line
            .split(|c: char| c.is_whitespace() || matches!(c, ';' | '|' | '&'))
            .skip(1)
            .filter(|word| !word.is_empty());
        let start = self.at;
        match word {
            "." | "source" => self.sources = true,
            "set" => {
                for word in words {
                    self.is_strict |=
                        word == "nounset" || (word.starts_with('-') && !word.starts_with("--") && word.contains('u'));
                }
            }
            "for" | "select" => self.set.extend(words.next().map(str::to_owned)),
            "getopts" => self.set.extend(words.nth(1).map(str::to_owned)),
            "printf" if words.next() == Some("-v") => self.set.extend(words.next().map(str::to_owned)),
            "printenv" => {
                if let Some(name) = words.next().filter(|name| is_shouted(name)) {
                    self.found.push((name.to_owned(), start..start + word.len(), Need::Bare));
                }
            }
            "envsubst" => self.unknown.push(start..start + word.len()),
            word if SETTERS.contains(&word) => {
                for word_of_it in words.filter(|word| !word.starts_with('-')) {
                    let is_assigned = word_of_it.contains('=');
                    let name = word_of_it.split('=').next().unwrap_or_default();
                    if is_name(name) && (is_assigned || word != "export") {
                        if word_of_it.contains(&format!("${{{name}")) {
                            self.from_itself.insert(name.to_owned());
                        }
                        self.set.insert(name.to_owned());
                    }
                }
            }
            _ => {}
        }
    }

    /// `$NAME` or `${NAME…}`.
    fn dollar(&mut self) {
        let start = self.at;
        let rest = &self.text[start + 1..];
        if let Some(inner) = rest.strip_prefix('{') {
            let inner_at = start + 2;
            let name_at = usize::from(inner.starts_with(['#', '!']));
            let name: &str = {
                let tail = &inner[name_at..];
                let length = tail.bytes().position(|b| !(b.is_ascii_alphanumeric() || b == b'_')).unwrap_or(tail.len());
                &tail[..length]
            };
            let operator = &inner[name_at + name.len()..];
            if inner.starts_with('!') && is_name(name) {
                self.unknown.push(start..inner_at + name_at + name.len());
            } else if is_shouted(name) {
                let need = if operator.starts_with(":?") || operator.starts_with('?') {
                    Need::Demanded
                } else if [":-", "-", ":=", "=", ":+", "+"].iter().any(|sign| operator.starts_with(sign)) {
                    Need::Fallback
                } else {
                    self.need(start)
                };
                let end = inner_at + name_at + name.len();
                self.found.push((name.to_owned(), start..end, need));
            }
            // What stands behind the operator is read like the rest.
            self.at = inner_at + name_at + name.len();
            if name.is_empty() {
                self.at = inner_at;
            }
        } else if rest.starts_with('(') {
            self.at = start + 2;
        } else {
            let length = rest.bytes().position(|b| !(b.is_ascii_alphanumeric() || b == b'_')).unwrap_or(rest.len());
            let name = &rest[..length];
            if is_shouted(name) && is_name(name) {
                let need = self.need(start);
                self.found.push((name.to_owned(), start..start + 1 + length, need));
            }
            self.at = start + 1 + if is_name(name) { length } else { 0 };
        }
    }

    /// What happens without the variable at a place that says nothing of it: a test asks for it.
    fn need(&self, at: usize) -> Need {
        let line_start = self.text[..at].rfind('\n').map_or(0, |at| at + 1);
        let before = self.text[line_start..at].trim_end_matches(['"', '{', '$']).trim_end();
        let asks = |flag: &str| before.ends_with(flag);
        if asks("-z") || asks("-n") || asks("test") || asks("[") || asks("[[") || asks("case") {
            let gives_up = asks("-z") && self.text[at..].lines().take(4).any(|line| line.contains("exit"));
            return if gives_up { Need::Demanded } else { Need::Fallback };
        }
        Need::Bare
    }

    /// `<<END`, `<<-'END'`
    fn opens_document(&mut self) {
        let rest = &self.text[self.at + 2..];
        let is_indented = rest.starts_with('-');
        let rest = rest.trim_start_matches('-').trim_start_matches([' ', '\t']);
        let is_raw = rest.starts_with(['\'', '"', '\\']);
        let word = rest.trim_start_matches(['\'', '"', '\\']);
        let length = word
            .bytes()
            .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')))
            .unwrap_or(word.len());
        if length > 0 {
            self.heredocs.push((word[..length].to_owned(), is_raw, is_indented));
        }
        self.at += 2;
        // The quotes around the word are none that open anything.
        let line = self.line();
        let skipped = line.find(&word[..length]).map_or(0, |at| at + length + usize::from(is_raw));
        self.at += skipped.min(line.len());
    }

    /// The here-documents that begin here.
    fn documents(&mut self) {
        for (end, is_raw, is_indented) in std::mem::take(&mut self.heredocs) {
            while self.at < self.bytes.len() {
                let line = self.line();
                let whole = line.len();
                let trimmed = if is_indented { line.trim_start_matches('\t') } else { line };
                if trimmed.trim_end_matches('\r') == end {
                    self.at = (self.at + whole + 1).min(self.bytes.len());
                    break;
                }
                let stop = self.at + whole;
                if is_raw {
                    self.at = stop;
                }
                while self.at < stop {
                    match self.bytes[self.at] {
                        b'\\' => self.at += 2,
                        b'$' => self.dollar(),
                        _ => self.at += 1,
                    }
                }
                self.at = (stop + 1).min(self.bytes.len()).max(self.at.min(self.bytes.len()));
            }
        }
    }
}

#[cfg(test)]
mod tests;
