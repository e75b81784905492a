//! Secrets in a services.toml that is only to be shown: what is named like one or looks like one, whatever the rules
//! make of it.

use std::ops::Range;

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};

use super::{forms, names};

/// Keys of a table whose name stands one level higher.
const INNER: [&str; 2] = ["default", "example"];

/// The bytes of the strings of `text`, which is TOML, that may be secret; quotes may be among them.
pub(crate) fn spans(text: &str) -> Vec<Range<usize>> {
    let (document, _) = DeTable::parse_recoverable(text);
    let mut search = Search { text, found: Vec::new() };
    search.table("", document.get_ref());
    search.found
}

struct Search<'t> {
    text: &'t str,
    found: Vec<Range<usize>>,
}

impl Search<'_> {
    fn table(&mut self, name: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let key = key.get_ref().as_ref();
            self.value(if INNER.contains(&key) { name } else { key }, value);
        }
    }

    fn value(&mut self, name: &str, value: &Spanned<DeValue<'_>>) {
        match value.get_ref() {
            DeValue::String(string) => self.string(name, string, value.span()),
            DeValue::Table(table) => self.table(name, table),
            DeValue::Array(items) => {
                let words: Vec<String> =
                    items.iter().map(|item| item.get_ref().as_str().unwrap_or_default().to_owned()).collect();
                for argument in names::arguments(&words) {
                    self.found.extend(items.get(argument.word).map(|item| {
                        let span = item.span();
                        let at = self.text.get(span.clone()).and_then(|raw| raw.rfind(argument.value));
                        at.map_or(span.clone(), |at| span.start + at..span.start + at + argument.value.len())
                    }));
                }
                for item in items {
                    self.value(name, item);
                }
            }
            _ => {}
        }
    }

    fn string(&mut self, name: &str, string: &str, span: Range<usize>) {
        let noun = names::noun(name.rsplit('.').next().unwrap_or_default());
        if noun.is_some_and(|noun| !string.contains("${") && names::is_secret(noun, string)) {
            self.found.push(span);
            return;
        }
        let words = shlex::split(string).unwrap_or_default();
        let arguments = names::arguments(&words);
        let secret = forms::unmistakable(string).map(|(_, range)| &string[range]);
        for value in secret.into_iter().chain(arguments.iter().map(|argument| argument.value)) {
            // Where it is spelled with escapes, all of the string is hidden.
            let at = self.text.get(span.clone()).and_then(|raw| raw.find(value));
            self.found.push(at.map_or(span.clone(), |at| span.start + at..span.start + at + value.len()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_like_a_secret_or_looks_like_one_is_found() {
        for (text, secrets) in [
            ("env.API_TOKEN = \"hunter2x\"", vec!["\"hunter2x\""]),
            ("env = { A = \"redis://:hunter2x@db/0\" }", vec!["hunter2x"]),
            ("[variables.DB_PASSWORD]\ndefault = \"hunter2x\"", vec!["\"hunter2x\""]),
            ("command = [\"x\", \"--password\", \"hunter2x\"]", vec!["hunter2x"]),
            ("command = \"x --password=hunter2x\"", vec!["hunter2x"]),
            ("env.DB_PASSWORD = { secret = true }\nenv.A = \"${DB_PASSWORD}\"", vec![]),
            ("env.DB_PASSWORD = \"${DB_PASSWORD}\"\nport = 80", vec![]),
        ] {
            let found: Vec<&str> = spans(text).into_iter().map(|span| &text[span]).collect();
            assert_eq!(found, secrets, "{text}");
        }
    }
}
