//! services.toml as text: the spanned document, and the way from a path of keys to a range of bytes.
//!
//! Nothing in the later rooms carries a span. A finding names a symbolic [`Place`]; [`Source::resolve`] turns it into
//! bytes when the finding is shown, looking in the overlay of its environment first, then in the base, then in the
//! defaults, then at the nearest ancestor that exists.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

mod arrays;
mod edit;
mod outline;
mod spelling;

use arrays::{spliced, whole, with_item};
pub use edit::{Change, Editor, References, Replacement};

/// One step of a [`KeyPath`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// A key of a table.
    Key(String),
    /// A position in an array, from 0.
    Index(usize),
}

/// Where something stands in services.toml, spelled with its keys: `services.web.routes.api.path[0]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct KeyPath(Vec<Step>);

impl KeyPath {
    /// The path of these keys.
    pub fn of<const N: usize>(keys: [&str; N]) -> Self {
        Self(keys.iter().map(|key| Step::Key((*key).to_owned())).collect())
    }

    /// This path and one more key.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        let mut path = self.clone();
        path.0.push(Step::Key(key.to_owned()));
        path
    }

    /// This path and one more array position.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        let mut path = self.clone();
        path.0.push(Step::Index(index));
        path
    }

    /// The steps, outermost first.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// The path of these steps.
    pub fn from_steps(steps: &[Step]) -> Self {
        Self(steps.to_vec())
    }

    /// Whether `self` is `other` or stands inside it.
    pub fn starts_with(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// The key at position `index`, where there is one.
    pub fn key_at(&self, index: usize) -> Option<&str> {
        match self.0.get(index) {
            Some(Step::Key(key)) => Some(key),
            _ => None,
        }
    }

    /// `rest` below this path.
    #[must_use]
    pub fn join(&self, rest: &[Step]) -> Self {
        let mut path = self.clone();
        path.0.extend_from_slice(rest);
        path
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) => {
                    let dot = if position == 0 { "" } else { "." };
                    let bare =
                        !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
                    if bare { write!(out, "{dot}{key}")? } else { write!(out, "{dot}{key:?}")? }
                }
                Step::Index(index) => write!(out, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// Which part of an entry a finding points at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Part {
    /// The key, for example a misspelt one.
    Key,
    /// The value.
    Value,
    /// A range of bytes of the decoded string; the whole value where it is none.
    Inside(Range<usize>),
}

/// Where a finding points: symbolic, so that the rooms that find it need no spans.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    /// An entry of services.toml as the environment sees it.
    Entry {
        /// The path in the base file, without `environments.<name>`.
        path: KeyPath,
        /// The environment whose overlay is looked at first.
        environment: Option<String>,
        /// What of the entry.
        part: Part,
    },
    /// A range of bytes of services.toml.
    Bytes(Range<usize>),
    /// Another file of the project.
    File {
        /// Relative to services.toml, with forward slashes.
        path: String,
        /// A range of its bytes; empty where it is meant as a whole.
        range: Range<usize>,
    },
}

/// services.toml, read once; or another file of which lines are shown.
#[derive(Debug)]
pub struct Source {
    name: String,
    directory: PathBuf,
    text: String,
    line_starts: Vec<usize>,
    origins: OnceLock<Origins>,
}

/// What does not stand where it has its meaning, known once the text has been read.
#[derive(Debug, Default, Clone)]
pub struct Origins {
    /// Variables that were declared where they are used: layer (environment, or none for the base) and name, to the
    /// path of the declaration.
    pub inline: HashMap<(Option<String>, String), KeyPath>,
    /// Services that extend another: environment and name, to the name of the other.
    pub extends: HashMap<(String, String), String>,
}

/// A line and a column, both from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl Source {
    /// The file's text under the name that findings show (relative to where the user is, forward slashes).
    pub fn new(name: impl Into<String>, directory: impl Into<PathBuf>, text: String) -> Self {
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { name: name.into(), directory: directory.into(), text, line_starts, origins: OnceLock::new() }
    }

    /// The name that findings show.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same without the way to it.
    pub fn file_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }

    /// The directory that holds the file: the project.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of a byte offset; offsets past the end count as the end.
    pub fn position(&self, offset: usize) -> Position {
        let offset = offset.min(self.text.len());
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let start = self.line_starts[line - 1];
        let column = self.text.get(start..offset).map_or(0, |text| text.chars().count()) + 1;
        Position { line, column }
    }

    /// Tells what does not stand where it has its meaning.
    pub fn set_origins(&self, origins: Origins) {
        // A second reading of the same text finds the same.
        let _ = self.origins.set(origins);
    }

    /// The bytes of `place` in `document`, the parsed form of this very text; those of another file are as they are.
    pub fn resolve(&self, document: &Spanned<DeTable<'_>>, place: &Place) -> Range<usize> {
        match place {
            Place::Bytes(range) | Place::File { range, .. } => range.clone(),
            Place::Entry { path, environment, part } => self.entry(document, path, environment.as_deref(), part),
        }
    }

    /// The bytes of the value at `path`, only where it is really written, in the overlay or in the base.
    pub fn written(
        &self,
        document: &Spanned<DeTable<'_>>,
        path: &KeyPath,
        environment: Option<&str>,
    ) -> Option<Range<usize>> {
        let layers = self.layers(path, environment);
        layers.iter().find_map(|candidate| lookup(document, candidate.steps())).map(|entry| entry.value)
    }

    fn entry(
        &self,
        document: &Spanned<DeTable<'_>>,
        path: &KeyPath,
        environment: Option<&str>,
        part: &Part,
    ) -> Range<usize> {
        let layers = spliced(document, self.layers(path, environment));
        let found = layers.iter().find_map(|candidate| lookup(document, candidate.steps()));
        if let Some(entry) = found {
            return self.part(&entry, part);
        }
        // The nearest ancestor, in the order of the layers: what is missing is said where it would have to stand.
        let longest =
            layers.iter().filter_map(|candidate| nearest(document, candidate.steps())).max_by_key(|(depth, _)| *depth);
        longest.map_or(0..0, |(_, entry)| entry.key.unwrap_or(entry.value))
    }

    /// The bytes that another name takes wherever an entry is referred to.
    pub(crate) fn references(
        editor: &Editor<'_>,
        references: &References,
        from: &str,
        to: &str,
    ) -> Option<Vec<Replacement>> {
        editor.refer(references, from, to)
    }

    /// How many environments the stack names; one where it names none.
    pub(crate) fn environments(document: &Spanned<DeTable<'_>>) -> usize {
        let named = value(document, KeyPath::of(["stack", "environments"]).steps()).and_then(DeValue::as_array);
        named.map_or(1, |named| named.len().max(1))
    }

    /// The bytes that `change` takes for the entry at `path`, where it really stands: in the overlay of `environment`, in
    /// the base, or where it takes it over from. What is added goes to the base, unless its table is in the overlay alone;
    /// a new name holds in every overlay. `is_everywhere` says whether all environments are meant. None where the change
    /// cannot be made.
    pub fn edits(
        &self,
        document: &Spanned<DeTable<'_>>,
        editor: &Editor<'_>,
        path: &KeyPath,
        environment: Option<&str>,
        change: &Change,
        is_everywhere: bool,
    ) -> Option<Vec<Replacement>> {
        let layers = spliced(document, self.layers(path, environment));
        let stands = || layers.iter().map(KeyPath::steps).find(|steps| editor.outline.has(steps));
        match change {
            Change::Set(value) => editor.set(stands()?, value),
            Change::Remove => {
                let own = layers.iter().filter(|layer| !is_taken_over(path, environment, layer));
                editor.remove(own.map(KeyPath::steps).find(|steps| editor.outline.has(steps))?)
            }
            Change::Override(value) => {
                let narrow = environment.filter(|_| !is_everywhere).map(|name| KeyPath::of(["environments", name]));
                let Some(overlay) = narrow else {
                    let is_there = stands().is_some();
                    let change = if is_there { Change::Set(value.clone()) } else { Change::Insert(value.clone()) };
                    return self.edits(document, editor, path, environment, &change, is_everywhere);
                };
                let place = overlay.join(path.steps());
                if let Some(at) = path.steps().iter().position(|step| matches!(step, Step::Index(_))) {
                    let is_in_overlay = |steps: &[Step]| KeyPath::from_steps(steps).starts_with(&overlay);
                    if stands().is_some_and(is_in_overlay) {
                        return editor.set(stands()?, value);
                    }
                    // An item of an array has no overlay of its own: all of them stand there.
                    let array = KeyPath::from_steps(&path.steps()[..at]);
                    let whole = whole(document, &self.layers(&array, environment))?;
                    let whole = with_item(whole, &path.steps()[at..], value)?;
                    return editor.insert(overlay.join(array.steps()).steps(), &whole);
                }
                editor.set(place.steps(), value).or_else(|| editor.insert(place.steps(), value))
            }
            Change::TakeAway => {
                let is_in = |layer: &KeyPath| editor.outline.has(layer.steps());
                let overlay = environment.map(|name| KeyPath::of(["environments", name]).join(path.steps()));
                let is_own = |layer: &KeyPath| layer == path || overlay.as_ref() == Some(layer);
                let is_weaker = layers.iter().any(|layer| is_in(layer) && Some(layer) != overlay.as_ref());
                if is_everywhere || !is_weaker {
                    let own = layers.iter().filter(|layer| is_own(layer) && is_in(layer));
                    let removed: Option<Vec<_>> = own.map(|layer| editor.remove(layer.steps())).collect();
                    return removed.map(|removed| removed.concat()).filter(|removed| !removed.is_empty());
                }
                let off = Change::Override(toml::Value::Boolean(false));
                self.edits(document, editor, path, environment, &off, is_everywhere)
            }
            Change::Replace(range, with) => {
                let steps = stands()?;
                editor.replace(steps, lookup(document, steps)?.string.as_deref()?, range, with)
            }
            Change::Insert(value) => {
                let own = layers.iter().filter(|layer| !is_taken_over(path, environment, layer));
                let missing = |layer: &&KeyPath| {
                    let steps = layer.steps();
                    (0..=steps.len()).find(|missing| editor.outline.has(&steps[..steps.len() - missing]))
                };
                // The weakest layer is the last one.
                let layer = own.rev().min_by_key(|layer| missing(layer).unwrap_or(layer.steps().len()))?;
                editor.insert(layer.steps(), value)
            }
            Change::Rename(name) => {
                let overlays = value(document, KeyPath::of(["environments"]).steps()).and_then(DeValue::as_table);
                let overlays = overlays
                    .into_iter()
                    .flatten()
                    .map(|(name, _)| KeyPath::of(["environments", name.get_ref()]).join(path.steps()));
                let spelled: Vec<KeyPath> = std::iter::once(path.clone()).chain(overlays).collect();
                let mut renamed = Vec::new();
                for path in spelled.iter().filter(|path| editor.outline.has(path.steps())) {
                    renamed.extend(editor.rename(path.steps(), name)?);
                }
                (!renamed.is_empty()).then_some(renamed)
            }
        }
    }

    /// Where an entry can stand, strongest layer first.
    fn layers(&self, path: &KeyPath, environment: Option<&str>) -> Vec<KeyPath> {
        let mut layers = Vec::with_capacity(6);
        let overlay = environment.map(|name| KeyPath::of(["environments", name]));
        let variable = match path.steps() {
            [Step::Key(table), Step::Key(name), rest @ ..] if table == "variables" => Some((name, rest)),
            _ => None,
        };
        for layer in overlay.iter().map(Some).chain([None]) {
            let base = layer.cloned().unwrap_or_default();
            layers.push(base.join(path.steps()));
            if let Some((name, rest)) = variable {
                let key = (layer.and(environment).map(str::to_owned), name.clone());
                if let Some(inline) = self.origins.get().and_then(|origins| origins.inline.get(&key)) {
                    layers.push(inline.join(rest));
                }
            }
        }
        if let [Step::Key(table), Step::Key(_), rest @ ..] = path.steps()
            && table == "services"
            && !rest.is_empty()
        {
            let parents = environment.map_or_else(Vec::new, |environment| self.parents(environment, path));
            for parent in parents {
                let path = KeyPath::of(["services", parent]).join(rest);
                layers.extend(overlay.iter().map(|overlay| overlay.join(path.steps())));
                layers.push(path);
            }
            if let Some(overlay) = &overlay {
                layers.push(overlay.key("defaults").join(rest));
            }
            layers.push(KeyPath::of(["defaults"]).join(rest));
        }
        layers
    }

    /// The services from which the one at `path` takes this key over, nearest first.
    fn parents<'s>(&'s self, environment: &str, path: &'s KeyPath) -> Vec<&'s str> {
        let mut parents = Vec::new();
        let Some(origins) = self.origins.get().filter(|origins| !origins.extends.is_empty()) else { return parents };
        let is_own = path.key_at(2).is_some_and(|key| crate::manifest::OWN_KEYS.contains(&key));
        let mut at = path.key_at(1).filter(|_| !is_own);
        while let Some(name) = at {
            at = origins.extends.get(&(environment.to_owned(), name.to_owned())).map(String::as_str);
            parents.extend(at);
        }
        parents
    }

    /// Whether one service takes over what another one says, directly or through others.
    pub(crate) fn is_heir(&self, environment: Option<&str>, service: &str, of: &str) -> bool {
        let Some((environment, origins)) = environment.zip(self.origins.get()) else { return false };
        let above = |name: &str| origins.extends.get(&(environment.to_owned(), name.to_owned())).map(String::as_str);
        let chain = std::iter::successors(above(service), |name| above(name));
        // A circle is told elsewhere.
        chain.take(origins.extends.len()).any(|name| name == of)
    }

    fn part(&self, entry: &Entry, part: &Part) -> Range<usize> {
        match part {
            Part::Key => entry.key.clone().unwrap_or_else(|| entry.value.clone()),
            Part::Value => entry.value.clone(),
            Part::Inside(range) => self.inside(entry, range),
        }
    }

    fn inside(&self, entry: &Entry, range: &Range<usize>) -> Range<usize> {
        let raw = self.text.get(entry.value.clone()).unwrap_or_default();
        let spelled = entry.string.as_deref().and_then(|string| spelling::inside(raw, string, range));
        spelled.map_or_else(
            || entry.value.clone(),
            |inside| entry.value.start + inside.start..entry.value.start + inside.end,
        )
    }
}

/// Whether `layer` is where a service takes the entry at `path` over from: the defaults, or a service it extends.
fn is_taken_over(path: &KeyPath, environment: Option<&str>, layer: &KeyPath) -> bool {
    if path.key_at(0) != Some("services") {
        return false;
    }
    let steps = match (layer.key_at(0), environment) {
        (Some("environments"), Some(_)) if path.key_at(0) != Some("environments") => &layer.steps()[2..],
        _ => layer.steps(),
    };
    steps.first() == Some(&Step::Key("defaults".to_owned())) || steps.get(..2) != path.steps().get(..2)
}

/// What stands at a path.
#[derive(Debug, Clone)]
struct Entry {
    key: Option<Range<usize>>,
    value: Range<usize>,
    string: Option<String>,
}

fn lookup(document: &Spanned<DeTable<'_>>, steps: &[Step]) -> Option<Entry> {
    let (depth, entry) = nearest(document, steps)?;
    (depth == steps.len()).then_some(entry)
}

/// The value at these keys.
fn value<'d>(document: &'d Spanned<DeTable<'d>>, keys: &[Step]) -> Option<&'d DeValue<'d>> {
    let (Step::Key(first), rest) = keys.split_first()? else { return None };
    let mut value = document.get_ref().get(first.as_str())?.get_ref();
    for step in rest {
        let Step::Key(key) = step else { return None };
        value = value.as_table()?.get(key.as_str())?.get_ref();
    }
    Some(value)
}

/// The deepest existing entry on the way, and how many steps lead to it; none where not even the first step exists.
fn nearest(document: &Spanned<DeTable<'_>>, steps: &[Step]) -> Option<(usize, Entry)> {
    let Some((Step::Key(first), mut rest)) = steps.split_first() else { return None };
    let (key, mut value) = document.get_ref().get_key_value(first.as_str())?;
    let mut key_span = Some(key.span());
    let mut depth = 1;
    while let Some((step, tail)) = rest.split_first() {
        let next = match (step, value.get_ref()) {
            (Step::Key(name), DeValue::Table(table)) => {
                table.get_key_value(name.as_str()).map(|(key, value)| (Some(key.span()), value))
            }
            (Step::Index(index), DeValue::Array(array)) => array.get(*index).map(|value| (None, value)),
            _ => None,
        };
        let Some((span, inner)) = next else { break };
        key_span = span;
        value = inner;
        rest = tail;
        depth += 1;
    }
    let string = value.get_ref().as_str().map(str::to_owned);
    Some((depth, Entry { key: key_span, value: value.span(), string }))
}
