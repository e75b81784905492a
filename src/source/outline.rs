//! How services.toml is laid out: each statement, each key with its bytes, each value, separators and comments. What
//! [`super::edit`] needs to change an entry and nothing beside it; the parsed document has no headers and no commas.
//!
//! The events are those of the parser that reads the document as well, so that both see the same.

use std::collections::HashMap;
use std::ops::Range;

use toml_parser::parser::{Event, EventKind, parse_document};

use super::Step;

/// The layout of a text that is TOML.
#[derive(Debug, Default)]
pub(super) struct Outline {
    /// Headers and pairs, in their order; those of inline tables stand in [`Self::nodes`].
    pub(super) statements: Vec<Statement>,
    /// Every value, and what it is, by its path.
    pub(super) nodes: HashMap<Vec<Step>, Node>,
    /// All comments, in their order.
    comments: Vec<Range<usize>>,
    /// Where each key is spelled, by the path that it ends: in headers, before dots, and before a value.
    pub(super) keys: HashMap<Vec<Step>, Vec<Range<usize>>>,
}

/// A line or more of the file: a header, or a key and its value.
#[derive(Debug)]
pub(super) struct Statement {
    /// What it names, from the root.
    pub(super) path: Vec<Step>,
    /// How many steps of the path the header above it gave; none where it is a header itself.
    pub(super) header: Option<usize>,
    /// From the first key, or the bracket, to the end.
    pub(super) span: Range<usize>,
}

/// A value.
#[derive(Debug)]
pub(super) struct Node {
    /// Its bytes, with quotes or brackets.
    pub(super) span: Range<usize>,
    /// What is inside of it, where it is an inline table or an array.
    pub(super) members: Option<Members>,
}

/// What stands between brackets.
#[derive(Debug, Default)]
pub(super) struct Members {
    /// Whether these are pairs.
    pub(super) is_table: bool,
    /// Each item: what it names (of an inline table, dotted keys and all), and its bytes, of a pair with the key.
    pub(super) items: Vec<(Vec<Step>, Range<usize>)>,
    /// The commas.
    pub(super) commas: Vec<Range<usize>>,
}

impl Outline {
    /// The layout of `text`; what is no TOML is left out.
    pub(super) fn of(text: &str) -> Self {
        let source = toml_parser::Source::new(text);
        let tokens = source.lex().into_vec();
        let mut events: Vec<Event> = Vec::new();
        parse_document(&tokens, &mut events, &mut ());
        let mut outline = Self::default();
        let is_trivia = |event: &Event| {
            matches!(event.kind(), EventKind::Whitespace | EventKind::Newline | EventKind::Comment | EventKind::Error)
        };
        let comments = events.iter().filter(|event| event.kind() == EventKind::Comment);
        outline.comments = comments.map(bytes).collect();
        events.retain(|event| !is_trivia(event));
        Reader { source, events: &events, at: 0, outline: &mut outline, tables: HashMap::new() }.document();
        outline
    }

    /// Whether a comment stands in these bytes.
    pub(super) fn has_comment(&self, range: &Range<usize>) -> bool {
        let first = self.comments.partition_point(|comment| comment.start < range.start);
        self.comments.get(first).is_some_and(|comment| comment.start < range.end)
    }

    /// Whether anything stands at this path, or below it.
    pub(super) fn has(&self, path: &[Step]) -> bool {
        self.nodes.contains_key(path) || self.keys.contains_key(path)
    }
}

fn bytes(event: &Event) -> Range<usize> {
    event.span().start()..event.span().end()
}

/// Goes once through the events.
struct Reader<'t, 'e> {
    source: toml_parser::Source<'t>,
    events: &'e [Event],
    at: usize,
    outline: &'e mut Outline,
    /// How many tables there are of each array of them.
    tables: HashMap<Vec<Step>, usize>,
}

impl Reader<'_, '_> {
    fn next(&mut self) -> Option<&Event> {
        self.at += 1;
        self.events.get(self.at - 1)
    }

    fn peek(&self) -> Option<EventKind> {
        self.events.get(self.at).map(Event::kind)
    }

    fn skip(&mut self, kind: EventKind) -> Option<Range<usize>> {
        let is_there = self.peek() == Some(kind);
        if is_there { self.next().map(bytes) } else { None }
    }

    fn document(&mut self) {
        let mut header: Vec<Step> = Vec::new();
        while let Some(kind) = self.peek() {
            match kind {
                EventKind::StdTableOpen | EventKind::ArrayTableOpen => header = self.header(kind),
                EventKind::SimpleKey => {
                    let (path, span) = self.pair(&header);
                    self.outline.statements.push(Statement { path, header: Some(header.len()), span });
                }
                // What is no TOML.
                _ => self.at += 1,
            }
        }
    }

    fn header(&mut self, kind: EventKind) -> Vec<Step> {
        let start = self.next().map_or(0, |event| event.span().start());
        let mut path = Vec::new();
        while let Some(span) = self.skip(EventKind::SimpleKey) {
            if let Some(count) = self.tables.get(&path) {
                path.push(Step::Index(count - 1));
            }
            self.key(&mut path, span);
            let _ = self.skip(EventKind::KeySep);
        }
        if kind == EventKind::ArrayTableOpen {
            let count = self.tables.entry(path.clone()).or_default();
            *count += 1;
            path.push(Step::Index(*count - 1));
        } else if let Some(count) = self.tables.get(&path) {
            path.push(Step::Index(count - 1));
        }
        let close = self.skip(EventKind::StdTableClose).or_else(|| self.skip(EventKind::ArrayTableClose));
        let end = close.map_or(start, |close| close.end);
        self.outline.statements.push(Statement { path: path.clone(), header: None, span: start..end });
        path
    }

    /// Adds the key that stands at `span`.
    fn key(&mut self, path: &mut Vec<Step>, span: Range<usize>) {
        let event = self.events.get(self.at - 1);
        let raw = event.and_then(|event| self.source.get(event));
        let mut name = std::borrow::Cow::Borrowed("");
        if let Some(raw) = raw {
            raw.decode_key(&mut name, &mut ());
        }
        path.push(Step::Key(name.into_owned()));
        self.outline.keys.entry(path.clone()).or_default().push(span);
    }

    /// A pair below `parent`: its path and its bytes.
    fn pair(&mut self, parent: &[Step]) -> (Vec<Step>, Range<usize>) {
        let mut path = parent.to_vec();
        let mut start = None;
        while let Some(span) = self.skip(EventKind::SimpleKey) {
            start.get_or_insert(span.start);
            self.key(&mut path, span);
            let _ = self.skip(EventKind::KeySep);
        }
        let _ = self.skip(EventKind::KeyValSep);
        let end = self.value(&path);
        let start = start.unwrap_or(end);
        (path, start..end.max(start))
    }

    /// The value of `path`: where it ends.
    fn value(&mut self, path: &[Step]) -> usize {
        let Some(kind) = self.peek() else { return 0 };
        let close = match kind {
            EventKind::ArrayOpen => EventKind::ArrayClose,
            EventKind::InlineTableOpen => EventKind::InlineTableClose,
            EventKind::Scalar => {
                let span = self.next().map_or(0..0, bytes);
                let end = span.end;
                self.outline.nodes.insert(path.to_vec(), Node { span, members: None });
                return end;
            }
            _ => return 0,
        };
        let start = self.next().map_or(0, |event| event.span().start());
        let mut members = Members { is_table: kind == EventKind::InlineTableOpen, ..Members::default() };
        let mut end = start;
        while let Some(kind) = self.peek() {
            match kind {
                EventKind::ValueSep => members.commas.extend(self.next().map(bytes)),
                EventKind::SimpleKey if members.is_table => {
                    let item = self.pair(path);
                    members.items.push(item);
                }
                EventKind::Scalar | EventKind::ArrayOpen | EventKind::InlineTableOpen if !members.is_table => {
                    let start = self.events[self.at].span().start();
                    let mut item = path.to_vec();
                    item.push(Step::Index(members.items.len()));
                    let end = self.value(&item);
                    members.items.push((item, start..end));
                }
                other => {
                    if other == close {
                        end = self.next().map_or(end, |event| event.span().end());
                    }
                    break;
                }
            }
        }
        self.outline.nodes.insert(path.to_vec(), Node { span: start..end, members: Some(members) });
        end
    }
}
