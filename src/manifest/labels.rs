//! Container labels as a service writes them: in `labels`, or in Compose's own terms in the `compose` table.

use std::borrow::Cow;

use toml::Value;

use super::types::Service;
use crate::source::KeyPath;

/// A label that somebody wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WrittenLabel<'m> {
    /// Where its text stands.
    pub(crate) path: KeyPath,
    /// The value.
    pub(crate) value: Cow<'m, str>,
    /// Where the value begins in the text: not at its begin where that is `name=value`.
    pub(crate) start: usize,
}

impl Service {
    /// The label of this name, where the service that is called `service` writes one. What stands in `compose` wins.
    pub(crate) fn written_label(&self, service: &str, name: &str) -> Option<WrittenLabel<'_>> {
        let base = || KeyPath::of(["services", service]);
        let passed = || base().key("compose").key("labels");
        match self.compose.get("labels") {
            Some(Value::Table(labels)) => {
                if let Some(value) = labels.get(name) {
                    return Some(WrittenLabel { path: passed().key(name), value: text(value), start: 0 });
                }
            }
            Some(Value::Array(lines)) => {
                let is_this = |line: &&str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with('='));
                let lines = lines.iter().enumerate().filter_map(|(index, line)| Some((index, line.as_str()?)));
                if let Some((index, line)) = lines.rev().find(|(_, line)| is_this(line)) {
                    let start = name.len() + 1;
                    return Some(WrittenLabel { path: passed().index(index), value: line[start..].into(), start });
                }
            }
            _ => {}
        }
        let value = self.labels.get(name)?;
        Some(WrittenLabel { path: base().key("labels").key(name), value: value.to_string().into(), start: 0 })
    }
}

fn text(value: &Value) -> Cow<'_, str> {
    value.as_str().map_or_else(|| value.to_string().into(), Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(toml: &str, name: &str) -> Option<(String, String, usize)> {
        let service: Service = toml::from_str(toml).unwrap();
        let label = service.written_label("web", name)?;
        Some((label.path.to_string(), label.value.into_owned(), label.start))
    }

    #[test]
    fn a_label_is_found_in_each_of_its_forms() {
        let at = |path: &str, value: &str, start| Some((path.to_owned(), value.to_owned(), start));
        assert_eq!(found("labels.a = 1", "a"), at("services.web.labels.a", "1", 0));
        assert_eq!(found("labels.a = 'x'\ncompose.labels.a = 'y'", "a"), at("services.web.compose.labels.a", "y", 0));
        assert_eq!(found("compose.labels = ['ab=1', 'a=2']", "a"), at("services.web.compose.labels[1]", "2", 2));
        assert_eq!(found("compose.labels = ['ab=1']", "a"), None);
    }
}
