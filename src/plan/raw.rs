//! A value in Compose's own terms, for what is passed through and for the compose file as a whole.

use indexmap::IndexMap;

use super::{Part, Text};

/// A value of a compose file (YAML 1.2.2, core schema), with its texts resolved.
#[derive(Debug, Clone, PartialEq)]
pub enum Raw {
    /// Nothing: of a variable, the value that it has where Compose runs.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Text, interpolated by Compose.
    Text(Text),
    /// A sequence.
    List(Vec<Raw>),
    /// A mapping, in its order.
    Map(IndexMap<String, Raw>),
    /// The same, with a line that says why.
    Noted(&'static str, Box<Raw>),
}

/// What takes a key away (`docs/manifest.md`, "Passing through").
const RESET: &str = "!reset";

/// What stands for the items that an array would replace.
const REST: &str = "...";

impl Raw {
    /// Text without variables.
    pub fn literal(text: impl Into<String>) -> Self {
        Self::Text(Text::literal(text))
    }

    /// The value without its note.
    pub fn plain(&self) -> &Self {
        match self {
            Self::Noted(_, inner) => inner.plain(),
            other => other,
        }
    }

    /// The text, where it is one.
    pub fn as_text(&self) -> Option<&Text> {
        match self.plain() {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The mapping, where it is one.
    pub fn as_map(&self) -> Option<&IndexMap<String, Self>> {
        match self.plain() {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The sequence, where it is one.
    pub fn as_list(&self) -> Option<&[Self]> {
        match self.plain() {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// A scalar as text, as Compose would read it where it wants text.
    pub fn to_text(&self) -> Option<Text> {
        match self.plain() {
            Self::Bool(value) => Some(Text::literal(value.to_string())),
            Self::Int(value) => Some(Text::literal(value.to_string())),
            Self::Float(value) => Some(Text::literal(value.to_string())),
            Self::Text(text) => Some(text.clone()),
            _ => None,
        }
    }

    fn is(&self, word: &str) -> bool {
        self.as_text().and_then(Text::as_literal) == Some(word)
    }

    /// Lays `over` over `below`: mappings merge key by key, `"..."` in a sequence stands for what it replaces,
    /// `"!reset"` takes away, and anything else replaces. None where nothing is left.
    pub fn merge(below: Option<&Self>, over: &Self) -> Option<Self> {
        if over.is(RESET) {
            return None;
        }
        Some(match (below.map(Self::plain), over.plain()) {
            (below, Self::Map(above)) => {
                let mut merged = below.and_then(Self::as_map).cloned().unwrap_or_default();
                for (key, value) in above {
                    match Self::merge(merged.get(key), value) {
                        Some(value) => {
                            merged.insert(key.clone(), value);
                        }
                        None => {
                            merged.shift_remove(key);
                        }
                    }
                }
                Self::Map(merged)
            }
            (below, Self::List(above)) => {
                let rest = below.and_then(Self::as_list).unwrap_or_default();
                let mut items = Vec::with_capacity(above.len() + rest.len());
                for item in above {
                    if item.is(REST) {
                        items.extend(rest.iter().cloned());
                    } else {
                        items.push(item.clone());
                    }
                }
                Self::List(items)
            }
            (_, other) => other.clone(),
        })
    }

    /// Calls `visit` with every text in it.
    pub fn each_text<'r>(&'r self, visit: &mut dyn FnMut(&'r Text)) {
        match self {
            Self::Text(text) => visit(text),
            Self::List(items) => items.iter().for_each(|item| item.each_text(visit)),
            Self::Map(map) => map.values().for_each(|value| value.each_text(visit)),
            Self::Noted(_, inner) => inner.each_text(visit),
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_) => {}
        }
    }

    /// Calls `change` with every text in it.
    pub(super) fn each_text_mut(&mut self, change: &mut dyn FnMut(&mut Text)) {
        match self {
            Self::Text(text) => change(text),
            Self::List(items) => items.iter_mut().for_each(|item| item.each_text_mut(change)),
            Self::Map(map) => map.values_mut().for_each(|value| value.each_text_mut(change)),
            Self::Noted(_, inner) => inner.each_text_mut(change),
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_) => {}
        }
    }

    /// From where each item of a list comes once `self` has been laid over `below`.
    pub(super) fn places(&self, below: Option<&Self>) -> Vec<ItemPlace> {
        let rest = below.and_then(Self::as_list).map_or(0, <[Self]>::len);
        let mut places = Vec::new();
        for (index, item) in self.as_list().into_iter().flatten().enumerate() {
            if item.is(REST) {
                places.extend((0..rest).map(ItemPlace::Below));
            } else {
                places.push(ItemPlace::Over(index));
            }
        }
        places
    }

    /// What Compose also takes as a list of lines `NAME=value` or of names, as the mapping that it stands for. A name alone
    /// gets `alone`. None where an item is neither.
    pub(super) fn keyed(&self, alone: &Self) -> Option<Self> {
        let mut map = IndexMap::new();
        for item in self.as_list()?.iter().filter(|item| !item.is(REST)) {
            let text = item.as_text()?;
            let literal = match text.parts() {
                [] => continue,
                [Part::Literal(first), ..] => first,
                _ => return None,
            };
            match literal.split_once('=') {
                Some((name, _)) => {
                    let rest = |text: &str| text[name.len() + 1..].to_owned();
                    let value = match text.as_literal() {
                        Some(text) => Text::literal(rest(text)),
                        None => text.clone().with_start(&rest),
                    };
                    map.insert(name.to_owned(), Self::Text(value));
                }
                None => {
                    map.insert(text.as_literal()?.to_owned(), alone.clone());
                }
            }
        }
        Some(Self::Map(map))
    }

    /// Whether the list keeps what it replaces: it has `"..."`.
    pub(super) fn keeps_rest(&self) -> bool {
        self.as_list().is_some_and(|items| items.iter().any(|item| item.is(REST)))
    }

    /// Whether it takes away what it would lie over.
    pub(super) fn is_reset(&self) -> bool {
        self.is(RESET)
    }
}

/// From where an item of a list comes that was laid over another: its position there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ItemPlace {
    /// In the list above.
    Over(usize),
    /// In the one below.
    Below(usize),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(items: &[&str]) -> Raw {
        Raw::List(items.iter().map(|item| Raw::literal(*item)).collect())
    }

    fn map(entries: Vec<(&str, Raw)>) -> Raw {
        Raw::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    #[test]
    fn mappings_merge_and_everything_else_is_replaced() {
        let below = map(vec![("a", Raw::Int(1)), ("b", list(&["x"])), ("c", Raw::Int(1))]);
        let over = map(vec![("b", list(&["...", "y"])), ("c", Raw::literal("!reset")), ("d", Raw::Bool(true))]);
        let expected = map(vec![("a", Raw::Int(1)), ("b", list(&["x", "y"])), ("d", Raw::Bool(true))]);
        assert_eq!(Raw::merge(Some(&below), &over), Some(expected));
        assert_eq!(Raw::merge(Some(&below), &Raw::literal("!reset")), None);
        assert_eq!(Raw::merge(None, &list(&["...", "y"])), Some(list(&["y"])));
    }

    #[test]
    fn every_item_of_a_merged_list_has_its_place() {
        use ItemPlace::{Below, Over};
        let below = list(&["a", "b"]);
        assert_eq!(list(&["x", "...", "y"]).places(Some(&below)), [Over(0), Below(0), Below(1), Over(2)]);
        assert_eq!(list(&["...", "y"]).places(None), [Over(1)]);
        assert_eq!(Raw::Int(1).places(Some(&below)), []);
    }

    #[test]
    fn a_list_of_lines_is_the_mapping_that_it_stands_for() {
        let lines = list(&["...", "A=1=2", "B=", "C"]);
        let expected = map(vec![("A", Raw::literal("1=2")), ("B", Raw::literal("")), ("C", Raw::Null)]);
        assert_eq!(lines.keyed(&Raw::Null), Some(expected));
        assert_eq!(Raw::List(vec![Raw::Int(1)]).keyed(&Raw::Null), None);
    }
}
