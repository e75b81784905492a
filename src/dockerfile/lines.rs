//! The lines of a Dockerfile as its instructions see them: joined where they continue, without comments, each with the
//! here-documents that follow it (BuildKit, `frontend/dockerfile/parser`; Dockerfile reference, "Parser directives",
//! "Here-Documents").

use std::ops::Range;

use super::{Flaw, FlawKind, words};

/// The instructions that can have here-documents.
const WITH_HEREDOCS: [&str; 3] = ["ADD", "COPY", "RUN"];

/// An instruction in one line, and the way from its bytes to those of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// Without comments, continuation characters and line ends.
    pub(super) text: String,
    /// Where each piece begins: in the text, and in the file.
    pieces: Vec<(usize, usize)>,
    /// The here-documents, in their order.
    pub(super) heredocs: Vec<Heredoc>,
}

/// A here-document: a text in the Dockerfile that stands for a file, or for what a shell reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heredoc {
    /// Its name: the file's, and what ends it.
    pub name: String,
    /// Its text, in bytes of the file, without the line that ends it.
    pub span: Range<usize>,
}

/// What the file is as a whole.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// Its instructions.
    pub(super) all: Vec<Line>,
    pub(super) escape: char,
    /// The image that reads the file, where it names one.
    pub(super) syntax: Option<String>,
    pub(super) flaws: Vec<Flaw>,
}

impl Line {
    fn push(&mut self, text: &str, at: usize) {
        self.pieces.push((self.text.len(), at));
        self.text.push_str(text);
    }

    /// The bytes of the file for a range of the text.
    pub(super) fn span(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.at(range.start);
        // The end belongs to the piece of what is before it.
        let end = if range.end > range.start { self.at(range.end - 1) + 1 } else { start };
        start..end.max(start)
    }

    fn at(&self, offset: usize) -> usize {
        let index = self.pieces.partition_point(|(start, _)| *start <= offset);
        self.pieces.get(index.saturating_sub(1)).map_or(0, |(start, source)| source + offset.saturating_sub(*start))
    }
}

/// A line of the file, without its end.
struct Physical<'t> {
    text: &'t str,
    start: usize,
    /// Where the next one begins.
    next: usize,
}

fn physical(text: &str) -> Vec<Physical<'_>> {
    let mut start = 0;
    let mut lines = Vec::new();
    for whole in text.split_inclusive('\n') {
        let next = start + whole.len();
        lines.push(Physical { text: whole.trim_end_matches(['\r', '\n']), start, next });
        start = next;
    }
    lines
}

/// Reads the lines of a whole file.
pub(super) fn read(text: &str) -> Lines {
    let mut out = Lines { escape: '\\', ..Lines::default() };
    let mut reads_directives = true;
    let mut seen: Vec<&'static str> = Vec::new();
    let all = physical(text);
    let mut index = 0;
    while let Some(line) = all.get(index) {
        index += 1;
        let bare = if line.start == 0 { line.text.trim_start_matches('\u{feff}') } else { line.text };
        let stripped = bare.trim_start();
        let start = line.start + (line.text.len() - stripped.len());
        if reads_directives {
            reads_directives = directive(stripped, start, &mut seen, &mut out);
        }
        if stripped.starts_with('#') || stripped.is_empty() {
            continue;
        }
        let mut joined = Line::default();
        let (piece, mut goes_on) = continued(stripped, out.escape);
        joined.push(piece, start);
        while let (true, Some(line)) = (goes_on, all.get(index)) {
            index += 1;
            let stripped = line.text.trim_start();
            // Comments and empty lines in between end nothing.
            if stripped.is_empty() || stripped.starts_with('#') {
                continue;
            }
            let piece;
            (piece, goes_on) = continued(line.text, out.escape);
            joined.push(piece, line.start);
        }
        if joined.text.trim().is_empty() {
            continue;
        }
        for heredoc in heredocs_of(&joined.text, out.escape) {
            let from = all.get(index).map_or(text.len(), |line| line.start);
            let ends = |line: &Physical<'_>| {
                let text = if heredoc.tabs { line.text.trim_start_matches('\t') } else { line.text };
                text == heredoc.name
            };
            if let Some(length) = all[index..].iter().position(ends) {
                let end = all[index + length].start;
                index += length + 1;
                joined.heredocs.push(Heredoc { name: heredoc.name, span: from..end });
            } else {
                index = all.len();
                let end = all.last().map_or(text.len(), |line| line.next);
                let range = joined.span(&heredoc.range);
                out.flaws.push(Flaw { range, kind: FlawKind::Unterminated { name: heredoc.name.clone() } });
                joined.heredocs.push(Heredoc { name: heredoc.name, span: from..end });
            }
        }
        out.all.push(joined);
    }
    out
}

/// A line without its continuation character, and whether it has one: the escape character at the end, perhaps with
/// blanks behind it, and none that is escaped itself.
fn continued(text: &str, escape: char) -> (&str, bool) {
    let trimmed = text.trim_end_matches([' ', '\t']);
    match trimmed.strip_suffix(escape) {
        Some(rest) if !rest.ends_with(escape) => (rest, true),
        _ => (text, false),
    }
}

/// Reads a parser directive; whether another one may follow.
fn directive(line: &str, start: usize, seen: &mut Vec<&'static str>, out: &mut Lines) -> bool {
    let Some((name, value)) = line.strip_prefix('#').and_then(|rest| rest.split_once('=')) else { return false };
    let (name, value) = (name.trim(), value.trim());
    let known = ["syntax", "escape", "check"].into_iter().find(|known| known.eq_ignore_ascii_case(name));
    let Some(known) = known.filter(|_| !value.is_empty()) else { return false };
    let range = start..start + line.trim_end().len();
    if seen.contains(&known) {
        out.flaws.push(Flaw { range, kind: FlawKind::RepeatedDirective { name: known } });
        return true;
    }
    seen.push(known);
    match (known, value) {
        ("syntax", value) => out.syntax = value.split(' ').next().map(str::to_owned),
        ("escape", "`") => out.escape = '`',
        ("escape", "\\") => {}
        ("escape", _) => out.flaws.push(Flaw { range, kind: FlawKind::Escape }),
        _ => {}
    }
    true
}

struct Opened {
    name: String,
    tabs: bool,
    range: Range<usize>,
}

/// The here-documents that a line opens: words `<<NAME`, `<<-NAME` or `<<"NAME"`, perhaps behind a number.
fn heredocs_of(line: &str, escape: char) -> Vec<Opened> {
    if !line.contains("<<") {
        return Vec::new();
    }
    let mut rest = line.trim_start();
    let mut name = first_word(rest);
    if name.eq_ignore_ascii_case("ONBUILD") {
        rest = rest[name.len()..].trim_start();
        name = first_word(rest);
    }
    let arguments = rest[name.len()..].trim_start();
    if !WITH_HEREDOCS.iter().any(|known| name.eq_ignore_ascii_case(known)) || words::is_json(arguments) {
        return Vec::new();
    }
    let words = words::split(line, 0, escape);
    words.into_iter().filter_map(|range| opened(&line[range.clone()], range, escape)).collect()
}

fn opened(word: &str, range: Range<usize>, escape: char) -> Option<Opened> {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
    let (tabs, rest) = rest.strip_prefix('-').map_or((false, rest), |rest| (true, rest));
    if rest.is_empty() || rest.contains('<') {
        return None;
    }
    let name = words::unquoted(rest, escape);
    Some(Opened { name, tabs, range })
}

fn first_word(text: &str) -> &str {
    text.split(char::is_whitespace).next().unwrap_or_default()
}
