//! Changes of single entries of services.toml, as bytes that take the place of others. Every byte beside them stays:
//! comments, layout, quotes, line ends, the mark at the beginning.
//!
//! Each function gives none where the change cannot be made so: then a person has to make it.

use std::ops::Range;

use toml::Value;

use super::outline::{Members, Node, Outline};
use super::{Step, spelling};

/// What becomes of an entry.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The value that is there gives way to this one. A table with a header of its own has none.
    Set(Value),
    /// The entry is added with this value, where it is not there yet.
    Insert(Value),
    /// The entry goes; comments stay. What it leaves empty stays too. Not where a service takes it over from the defaults
    /// or from another one: those who are well would lose it too.
    Remove,
    /// The value becomes this one in the environments that have the finding: in their overlays, or in the base where all
    /// have it. The entry is added where it is not there. Of an item of an array, the overlay gets the whole array.
    Override(Value),
    /// The entry goes in the environments that have the finding: their overlays say `false`, or it is removed where all
    /// have it.
    TakeAway,
    /// The key is spelled like this instead, in headers and dotted keys too; not where there is such a key already.
    Rename(String),
    /// These bytes of the decoded string give way to a text; the quotes stay what they are.
    Replace(Range<usize>, String),
}

/// How an entry is referred to from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct References {
    /// What stands before its name in `${…}`: `services.`, or nothing for a variable.
    pub prefix: &'static str,
    /// Keys under which its name stands alone.
    pub keys: Vec<String>,
}

/// A text that takes the place of these bytes of services.toml.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// The bytes that go; none where something is only added.
    pub span: Range<usize>,
    /// What takes their place.
    pub text: String,
}

impl Replacement {
    fn new(span: Range<usize>, text: impl Into<String>) -> Self {
        Self { span, text: text.into() }
    }

    fn without(span: Range<usize>) -> Self {
        Self::new(span, "")
    }
}

/// A text, laid out: what [`super::Source::edits`] changes it with.
#[derive(Debug)]
pub struct Editor<'t> {
    text: &'t str,
    pub(super) outline: Outline,
}

impl<'t> Editor<'t> {
    /// Lays out a text that is TOML.
    pub fn new(text: &'t str) -> Self {
        Self { text, outline: Outline::of(text) }
    }

    /// Another value for the entry at `path`.
    pub(super) fn set(&self, path: &[Step], value: &Value) -> Option<Vec<Replacement>> {
        let node = self.outline.nodes.get(path)?;
        let old = self.text.get(node.span.clone())?;
        Some(vec![Replacement::new(node.span.clone(), encoded_like(old, value))])
    }

    /// Another text for a part of the string at `path`, which decodes to `string`.
    pub(super) fn replace(
        &self,
        path: &[Step],
        string: &str,
        range: &Range<usize>,
        with: &str,
    ) -> Option<Vec<Replacement>> {
        let node = self.outline.nodes.get(path)?;
        let raw = self.text.get(node.span.clone())?;
        let inside = spelling::inside(raw, string, range)?;
        if let Some(with) = spelled_in(raw, with) {
            let span = node.span.start + inside.start..node.span.start + inside.end;
            return Some(vec![Replacement::new(span, with)]);
        }
        let whole = format!("{}{with}{}", string.get(..range.start)?, string.get(range.end..)?);
        self.set(path, &Value::String(whole))
    }

    /// Another name for the key that `path` ends with.
    pub(super) fn rename(&self, path: &[Step], name: &str) -> Option<Vec<Replacement>> {
        let (Step::Key(_), parent) = path.split_last()? else { return None };
        let mut renamed = parent.to_vec();
        renamed.push(Step::Key(name.to_owned()));
        if self.outline.has(&renamed) {
            return None;
        }
        let spellings = self.outline.keys.get(path)?;
        Some(spellings.iter().map(|span| Replacement::new(span.clone(), key(name))).collect())
    }

    /// Another name wherever an entry is referred to, in every layer; none where one of the places cannot be changed.
    pub(super) fn refer(&self, references: &References, from: &str, to: &str) -> Option<Vec<Replacement>> {
        let is_named = |step: &Step| matches!(step, Step::Key(key) if references.keys.contains(key));
        let mut changed = Vec::new();
        for (path, node) in &self.outline.nodes {
            let raw = self.text.get(node.span.clone())?;
            if node.members.is_some() || !raw.starts_with(['"', '\'']) || !raw.contains(from) {
                continue;
            }
            let table: toml::Table = toml::from_str(&format!("string = {raw}")).ok()?;
            let string = table.get("string")?.as_str()?;
            if string == from && path.iter().any(is_named) {
                changed.extend(self.set(path, &Value::String(to.to_owned()))?);
                continue;
            }
            let opening = format!("${{{}", references.prefix);
            for (at, _) in string.match_indices(&format!("{opening}{from}")) {
                let name = at + opening.len()..at + opening.len() + from.len();
                if string[name.end..].starts_with(['.', '}', ':', '?']) {
                    changed.extend(self.replace(path, string, &name, to)?);
                }
            }
        }
        for (path, spellings) in &self.outline.keys {
            let [.., parent, Step::Key(last)] = path.as_slice() else { continue };
            if last == from && is_named(parent) {
                changed.extend(spellings.iter().map(|span| Replacement::new(span.clone(), key(to))));
            }
        }
        Some(changed)
    }

    /// The text without the entry at `path`.
    pub(super) fn remove(&self, path: &[Step]) -> Option<Vec<Replacement>> {
        let statements = self.outline.statements.iter().filter(|statement| statement.path.starts_with(path));
        let lines: Vec<Replacement> =
            statements.map(|statement| Replacement::without(self.line(&statement.span))).collect();
        if !lines.is_empty() {
            return Some(lines);
        }
        let depth = (1..path.len()).rev().find(|depth| self.outline.nodes.contains_key(&path[..*depth]))?;
        let around = &self.outline.nodes[&path[..depth]];
        let members = around.members.as_ref()?;
        let mut gone = Vec::new();
        for (position, (item, _)) in members.items.iter().enumerate() {
            if item.starts_with(path) {
                gone.push(position);
            }
        }
        match gone.as_slice() {
            [position] => Some(self.without_item(around, members, *position)),
            _ => None,
        }
    }

    /// The text with an entry at `path`.
    pub(super) fn insert(&self, path: &[Step], value: &Value) -> Option<Vec<Replacement>> {
        if self.outline.has(path) {
            return None;
        }
        let depth = (0..path.len()).rev().find(|depth| *depth == 0 || self.outline.has(&path[..*depth]))?;
        let (parent, rest) = path.split_at(depth);
        let pair = |keys: &[Step]| Some(format!("{} = {}", dotted(keys)?, encoded(value)));
        if let Some(node) = self.outline.nodes.get(parent) {
            return self.add_item(node, &pair(rest)?).map(|replacement| vec![replacement]);
        }
        let (header, _) = path.split_at(path.len() - 1);
        let below = |statement: &&super::outline::Statement| !parent.is_empty() && statement.path.starts_with(parent);
        // Beside the last of its siblings, below the same header and behind the same dotted keys.
        let sibling = self
            .outline
            .statements
            .iter()
            .filter(below)
            .rfind(|statement| statement.header.is_some_and(|header| header <= parent.len()));
        if let Some(statement) = sibling {
            let (start, end) = self.whole_lines(&statement.span);
            let indent = self.indent(start);
            let line = format!("{indent}{}{}", pair(path.get(statement.header?..)?)?, self.line_end());
            return Some(vec![self.add_line(end, &line)]);
        }
        if let Some(statement) =
            self.outline.statements.iter().find(|statement| statement.header.is_none() && statement.path == parent)
        {
            let (start, end) = self.whole_lines(&statement.span);
            let line = format!("{}{}{}", self.indent(start), pair(rest)?, self.line_end());
            return Some(vec![self.add_line(end, &line)]);
        }
        if header.is_empty() {
            return None;
        }
        let last = self.outline.statements.iter().rfind(below);
        let end = last.map_or(self.text.len(), |statement| self.whole_lines(&statement.span).1);
        let line_end = self.line_end();
        let blank = if self.text[..end].is_empty() { "" } else { line_end };
        let (header, entry) = (dotted(header)?, pair(&path[path.len() - 1..])?);
        Some(vec![self.add_line(end, &format!("{blank}[{header}]{line_end}{entry}{line_end}"))])
    }

    /// A line more at `end`, where one begins; after one that does not end, its end first.
    fn add_line(&self, end: usize, line: &str) -> Replacement {
        let is_open = end > 0 && !self.text[..end].ends_with('\n');
        if !is_open {
            return Replacement::new(end..end, line);
        }
        // The file has no line end at its end, and keeps none.
        let line_end = self.line_end();
        let line = line.strip_suffix(line_end).unwrap_or(line);
        Replacement::new(end..end, format!("{line_end}{line}"))
    }

    /// The end of a line as the file has it.
    fn line_end(&self) -> &'static str {
        match self.text.find('\n') {
            Some(at) if self.text[..at].ends_with('\r') => "\r\n",
            _ => "\n",
        }
    }

    /// What stands before the first word of the line that begins at `start`.
    fn indent(&self, start: usize) -> &'t str {
        let line = &self.text[start..];
        &line[..line.len() - line.trim_start_matches([' ', '\t']).len()]
    }

    /// The lines in which these bytes stand, with their ends.
    fn whole_lines(&self, span: &Range<usize>) -> (usize, usize) {
        let mut start = self.text[..span.start].rfind('\n').map_or(0, |at| at + 1);
        if start == 0 && self.text.starts_with('\u{feff}') {
            start = '\u{feff}'.len_utf8();
        }
        let end = self.text[span.end..].find('\n').map_or(self.text.len(), |at| span.end + at + 1);
        (start, end)
    }

    /// What goes with a statement: its lines, unless a comment stands there as well.
    fn line(&self, span: &Range<usize>) -> Range<usize> {
        let (start, end) = self.whole_lines(span);
        let (before, after) = (&self.text[start..span.start], &self.text[span.end..end]);
        if !before.trim().is_empty() || !after.trim().is_empty() {
            return span.start..span.end + (after.len() - after.trim_start_matches([' ', '\t']).len());
        }
        start..end
    }

    fn without_item(&self, around: &Node, members: &Members, position: usize) -> Vec<Replacement> {
        let item = &members.items[position].1;
        let is_plain =
            |range: &Range<usize>| !self.outline.has_comment(range) && !self.text[range.clone()].contains('\n');
        let after = members.commas.iter().find(|comma| comma.start >= item.end);
        let before = members.commas.iter().rfind(|comma| comma.end <= item.start);
        let (open, close) = (around.span.start + 1, around.span.end - 1);
        // The only one: nothing is left.
        if members.items.len() == 1 && is_plain(&(open..close)) {
            return vec![Replacement::without(open..close)];
        }
        if let Some((_, next)) = members.items.get(position + 1).filter(|(_, next)| is_plain(&(item.end..next.start))) {
            return vec![Replacement::without(item.start..next.start)];
        }
        if let Some(comma) = before.filter(|comma| is_plain(&(comma.start..item.start))) {
            let trailing = after.is_some();
            return vec![Replacement::without(if trailing {
                comma.end..after.map_or(item.end, |c| c.end)
            } else {
                comma.start..item.end
            })];
        }
        // It has lines of its own.
        let own = self.line(
            &(item.start
                ..after.map_or(
                    item.end,
                    |comma| {
                        if is_plain(&(item.end..comma.start)) { comma.end } else { item.end }
                    },
                )),
        );
        let mut gone = vec![Replacement::without(own.clone())];
        let loose = match after {
            Some(comma) => (comma.start >= own.end).then(|| comma.clone()),
            // A last comma is no TOML 1.0 in an inline table; an array takes it.
            None => before.filter(|_| members.is_table).cloned(),
        };
        gone.extend(loose.map(Replacement::without));
        gone
    }

    /// One pair more in an inline table.
    fn add_item(&self, node: &Node, pair: &str) -> Option<Replacement> {
        let members = node.members.as_ref().filter(|members| members.is_table)?;
        let Some((_, last)) = members.items.last() else {
            let inside = node.span.start + 1..node.span.end - 1;
            if self.outline.has_comment(&inside) {
                return None;
            }
            return Some(Replacement::new(inside, format!(" {pair} ")));
        };
        let line = self.whole_lines(last).0;
        // On a line of its own, so is the new one: before it, so that no comment changes its pair.
        if self.text[line..last.start].trim().is_empty() && line > node.span.start {
            return Some(Replacement::new(
                last.start..last.start,
                format!("{pair},{}{}", self.line_end(), self.indent(line)),
            ));
        }
        Some(Replacement::new(last.end..last.end, format!(", {pair}")))
    }
}

/// A value as TOML writes it, in one line.
fn encoded(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(encoded).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Table(table) if table.is_empty() => "{}".to_owned(),
        Value::Table(table) => {
            let pairs: Vec<String> =
                table.iter().map(|(name, value)| format!("{} = {}", key(name), encoded(value))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        other => other.to_string(),
    }
}

/// The value with the quotes that the old one had, where that is possible.
fn encoded_like(old: &str, value: &Value) -> String {
    match value {
        Value::String(text) if old.starts_with('\'') && is_literal(text) => format!("'{text}'"),
        _ => encoded(value),
    }
}

fn is_literal(text: &str) -> bool {
    !text.contains(|c: char| c == '\'' || c.is_control() && c != '\t')
}

fn quoted(text: &str) -> String {
    // What has quotes or backslashes is easier to read without escapes.
    if text.contains(['"', '\\']) && is_literal(text) { format!("'{text}'") } else { format!("\"{}\"", escaped(text)) }
}

/// A text as it stands between double quotes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            control if control.is_control() => {
                use std::fmt::Write as _;
                let _ = write!(escaped, "\\u{:04X}", u32::from(control));
            }
            plain => escaped.push(plain),
        }
    }
    escaped
}

/// A text as it is spelled within the quotes of `raw`; none where these cannot hold it.
fn spelled_in(raw: &str, text: &str) -> Option<String> {
    if raw.starts_with('"') { Some(escaped(text)) } else { is_literal(text).then(|| text.to_owned()) }
}

/// A key as TOML writes it.
fn key(name: &str) -> String {
    let is_bare = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if is_bare { name.to_owned() } else { quoted(name) }
}

/// Keys with dots between them; none where one is no key.
fn dotted(steps: &[Step]) -> Option<String> {
    let keys: Option<Vec<String>> = steps
        .iter()
        .map(|step| match step {
            Step::Key(name) => Some(key(name)),
            Step::Index(_) => None,
        })
        .collect();
    keys.filter(|keys| !keys.is_empty()).map(|keys| keys.join("."))
}

#[cfg(test)]
mod tests;
