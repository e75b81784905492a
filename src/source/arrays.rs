//! Arrays of several layers: where an item of all of them together stands, and what the array is that holds.

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::{KeyPath, Step, value};

/// The places that these layers name, strongest first, where a position counts the items of all of them: `"..."` in an
/// array stands for that of the next layer (`docs/manifest.md`, "Merging").
pub(super) fn spliced(document: &Spanned<DeTable<'_>>, layers: Vec<KeyPath>) -> Vec<KeyPath> {
    let mut position = None;
    let mut arrays: Vec<(&DeArray<'_>, &[Step], &[Step])> = Vec::new();
    for layer in &layers {
        let Some(at) = layer.steps().iter().position(|step| matches!(step, Step::Index(_))) else { continue };
        let (table, rest) = layer.steps().split_at(at);
        let [Step::Index(index), rest @ ..] = rest else { continue };
        position = Some(*index);
        if let Some(array) = value(document, table).and_then(DeValue::as_array) {
            arrays.push((array, table, rest));
        }
    }
    let Some((layer, index)) = position.and_then(|position| locate(&arrays, position)) else { return layers };
    let (_, table, rest) = arrays[layer];
    vec![KeyPath::from_steps(table).index(index).join(rest)].into_iter().chain(layers.iter().cloned()).collect()
}

/// Which of the arrays holds the item at `position` of all together, and where.
fn locate(arrays: &[(&DeArray<'_>, &[Step], &[Step])], position: usize) -> Option<(usize, usize)> {
    let ((array, ..), weaker) = arrays.split_first()?;
    let dots = array.iter().position(|item| item.get_ref().as_str() == Some("..."));
    let Some(dots) = dots.filter(|dots| *dots <= position && !weaker.is_empty()) else { return Some((0, position)) };
    let length = length(weaker);
    if position < dots + length {
        locate(weaker, position - dots).map(|(layer, index)| (layer + 1, index))
    } else {
        Some((0, position + 1 - length))
    }
}

/// How many items the arrays have together.
fn length(arrays: &[(&DeArray<'_>, &[Step], &[Step])]) -> usize {
    let Some(((array, ..), weaker)) = arrays.split_first() else { return 0 };
    let has_dots = array.iter().any(|item| item.get_ref().as_str() == Some("..."));
    if has_dots && !weaker.is_empty() { array.len() - 1 + length(weaker) } else { array.len() }
}

/// The array that holds, without its place; none where `"..."` in it stands for that of another layer.
pub(super) fn whole(document: &Spanned<DeTable<'_>>, layers: &[KeyPath]) -> Option<toml::Value> {
    let mut arrays = layers.iter().filter_map(|layer| value(document, layer.steps())?.as_array());
    let array = arrays.next()?;
    let mut items = Vec::with_capacity(array.len());
    for item in array {
        if item.get_ref().as_str() == Some("...") {
            return None;
        }
        items.push(owned(item.get_ref())?);
    }
    Some(toml::Value::Array(items))
}

/// `array` with another value at these steps, of which the first is a position.
pub(super) fn with_item(mut array: toml::Value, steps: &[Step], value: &toml::Value) -> Option<toml::Value> {
    let place = steps.iter().try_fold(&mut array, |place, step| match step {
        Step::Index(index) => place.get_mut(*index),
        Step::Key(key) => place.get_mut(key.as_str()),
    })?;
    place.clone_from(value);
    Some(array)
}

/// A value without its place.
fn owned(value: &DeValue<'_>) -> Option<toml::Value> {
    Some(match value {
        DeValue::String(text) => toml::Value::String(text.to_string()),
        DeValue::Integer(number) => toml::Value::Integer(i64::from_str_radix(number.as_str(), number.radix()).ok()?),
        DeValue::Float(number) => toml::Value::Float(number.as_str().parse().ok()?),
        DeValue::Boolean(word) => toml::Value::Boolean(*word),
        DeValue::Datetime(time) => toml::Value::Datetime(*time),
        DeValue::Array(items) => {
            toml::Value::Array(items.iter().map(|item| owned(item.get_ref())).collect::<Option<_>>()?)
        }
        DeValue::Table(table) => {
            let pairs = table.iter().map(|(key, value)| Some((key.get_ref().to_string(), owned(value.get_ref())?)));
            toml::Value::Table(pairs.collect::<Option<_>>()?)
        }
    })
}
