//! `docs/reference/manifest.md`: every key of services.toml, from the schema that the checker itself uses, and every
//! kind.

use std::collections::HashMap;
use std::fmt::Write as _;

use indexmap::IndexMap;
use serde_json::Value;
use stackgen::diagnostics::words;
use stackgen::kinds::Kinds;
use stackgen::manifest::published_schema;
use stackgen::templates::Templates;

use super::markdown::{alternatives, code, link, prose, table};
use super::page;

mod kinds;
mod shape;

use shape::{Form, Shapes, What};

const PAGE: &str = "docs/reference/manifest.md";

const INTRODUCTION: &str = "\
<!-- Generated from the types in src/manifest and the kinds in templates/kinds; `STACKGEN_BLESS=1 cargo test --test docs \
manifest` writes it anew. -->
# Every key of services.toml

How layers merge, what references give and which variables an operator has to set stands in
[manifest.md](../manifest.md); the [guide](../guide.md) shows the keys at work. Editors read the same from
`services.schema.json`.

NAME stands for a name of your choice. `false` takes away an optional key, or an entry such as a route, that another
layer writes ([merging](../manifest.md#merging)). Paths are relative to services.toml.

";

/// The keys that an overlay may have are those of the whole file, so they are not listed again.
const OVERLAY: &str = "environments.NAME";

#[test]
fn the_reference_of_services_toml_is_up_to_date() {
    page::agree(PAGE, &text());
}

fn text() -> String {
    // Without the options of the kinds, which have pages of their own.
    let schema = published_schema([]);
    let reference = Reference::new(&schema);
    let kinds = Kinds::all(&Templates::default()).expect("the built-in kinds");
    let mut text = INTRODUCTION.to_owned();
    for section in reference.sections() {
        let _ = writeln!(text, "- {}", link(&section.title, &section.title));
    }
    let _ = writeln!(text, "- [The kinds](#the-kinds)");
    for section in reference.sections() {
        let is_inside = section.place.split('.').count() > 2;
        reference.describe(&mut text, if is_inside { "###" } else { "##" }, section);
    }
    kinds::describe(&mut text, &kinds);
    text
}

/// A table of services.toml.
struct Section<'a> {
    /// Where it stands.
    place: String,
    /// Its heading.
    title: String,
    schema: &'a Value,
}

/// Every table of services.toml once, at the first place where it is an entry by name, else at the first place.
struct Reference<'a> {
    shapes: Shapes<'a>,
    root: &'a Value,
    sections: Vec<Section<'a>>,
    /// The heading of each table.
    titles: HashMap<*const Value, String>,
}

impl<'a> Reference<'a> {
    fn new(root: &'a Value) -> Self {
        let top = Section { place: String::new(), title: "The whole file".to_owned(), schema: root };
        let titles = HashMap::from([(std::ptr::from_ref(root), top.title.clone())]);
        let mut reference = Self { shapes: Shapes::new(root), root, sections: vec![top], titles };
        reference.collect("", root);
        reference
    }

    /// What may stand there, in words.
    fn words(&self, schema: &'a Value) -> String {
        let words: Vec<String> = self.shapes.forms(schema).iter().map(|form| form.words(&self.titles)).collect();
        alternatives(&words)
    }

    fn sections(&self) -> &[Section<'a>] {
        &self.sections
    }

    /// Adds the tables below `table`, each with those below it.
    fn collect(&mut self, place: &str, table: &'a Value) {
        let mut below = Vec::new();
        for (key, schema) in properties(table) {
            let place = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
            for form in self.shapes.forms(schema) {
                tables(&form, &place, &mut below);
            }
        }
        // `[defaults]` has the keys of a service, which are described where services are.
        let is_named = |place: &str| place.rsplit('.').next() == Some("NAME");
        let named: Vec<*const Value> =
            below.iter().filter(|(place, _)| is_named(place)).map(|(_, table)| std::ptr::from_ref(*table)).collect();
        for (place, table) in below {
            let id = std::ptr::from_ref(table);
            if self.titles.contains_key(&id) || (named.contains(&id) && !is_named(&place)) {
                continue;
            }
            let title = if place.ends_with("[]") { code(&place) } else { code(&format!("[{place}]")) };
            self.titles.insert(id, title.clone());
            self.sections.push(Section { place: place.clone(), title, schema: table });
            if place != OVERLAY {
                self.collect(&place, table);
            }
        }
    }

    /// Under a heading of this level.
    fn describe(&self, text: &mut String, level: &str, section: &Section<'a>) {
        let about = prose(section.schema["description"].as_str().unwrap_or_default());
        let _ = write!(text, "\n{level} {}\n\n{about}\n", section.title);
        if section.place == OVERLAY {
            let _ = write!(text, "\n{}\n", self.overlay(section.schema));
        } else {
            self.keys(text, section.schema);
        }
    }

    /// The keys of a table, and what may stand at those where that takes more than a cell.
    fn keys(&self, text: &mut String, schema: &'a Value) {
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mut rows = Vec::new();
        // The same for `env` and `build-env`.
        let mut details: IndexMap<String, Vec<String>> = IndexMap::new();
        for (key, schema) in properties(schema) {
            let forms = self.shapes.forms(schema);
            let (meaning, mut default) = meaning(schema["description"].as_str().unwrap_or_default());
            if required.contains(&key.as_str()) {
                "required".clone_into(&mut default);
            } else if default.is_empty() && schema["type"] == "boolean" {
                "`false`".clone_into(&mut default);
            }
            rows.push([code(key), self.words(schema), meaning, default]);
            if forms.iter().any(Form::says_something) {
                let mut list = String::new();
                self.list(&mut list, &forms, 0);
                details.entry(list).or_default().push(code(key));
            }
        }
        let _ = write!(text, "\n{}", table(["key", "type", "meaning", "default"], &rows));
        for (list, keys) in details {
            let _ = write!(text, "\n{}:\n\n{list}", words::and(&keys));
        }
    }

    /// Each way to write a value, with what it means.
    fn list(&self, text: &mut String, forms: &[Form<'a>], depth: usize) {
        for form in forms {
            let is_known = matches!(form.what, What::Plain(_)) && !form.says_something();
            let help = if is_known { String::new() } else { prose(&form.help) };
            let inner = if form.inner().iter().any(Form::says_something) { form.inner() } else { &[] };
            let each = match &form.what {
                What::ByName(_) if !inner.is_empty() => ", for each name",
                What::Array(_) if !inner.is_empty() => ", for each item",
                _ => "",
            };
            let words = form.words(&self.titles).replace(" by name", "");
            let said = [format!("{words}{each}"), help].into_iter().filter(|part| !part.is_empty());
            let colon = if inner.is_empty() { "" } else { ":" };
            let said = said.collect::<Vec<_>>().join(": ");
            let _ = writeln!(
                text,
                "{}- {}{colon}",
                "  ".repeat(depth),
                said.trim_end_matches(|c| c == '.' && colon == ":")
            );
            self.list(text, inner, depth + 1);
        }
    }

    /// How an overlay differs from the whole file.
    fn overlay(&self, overlay: &'a Value) -> String {
        let missing = |all: &Value, some: &Value| -> Vec<String> {
            properties(all)
                .filter(|(key, _)| some["properties"].get(key.as_str()).is_none())
                .map(|(key, _)| code(key))
                .collect()
        };
        let of_stack = match self.shapes.forms(&overlay["properties"]["stack"]).as_slice() {
            [Form { what: What::Table(stack), .. }] => missing(&self.root["properties"]["stack"], stack),
            other => panic!("an overlay's [stack] is no table: {other:?}"),
        };
        format!(
            "The keys are those of {} but for {}; in `[stack]`, {} cannot be changed. What it means for a key to stand \
             here: [merging](../manifest.md#merging).",
            link("the whole file", "The whole file"),
            missing(self.root, overlay).join(", "),
            words::and(&of_stack),
        )
    }
}

fn properties(table: &Value) -> impl Iterator<Item = (&String, &Value)> {
    table["properties"].as_object().into_iter().flatten()
}

/// The tables with keys of their own in a form of a value at `place`.
fn tables<'a>(form: &Form<'a>, place: &str, found: &mut Vec<(String, &'a Value)>) {
    match &form.what {
        What::Table(schema) => found.push((place.to_owned(), schema)),
        What::ByName(inner) => inner.iter().for_each(|form| tables(form, &format!("{place}.NAME"), found)),
        What::Array(inner) => inner.iter().for_each(|form| tables(form, &format!("{place}[]"), found)),
        What::Plain(_) | What::Literal(_) | What::None => {}
    }
}

/// A description without its sentence about the default, and that sentence.
fn meaning(description: &str) -> (String, String) {
    const MARK: &str = "Default: ";
    let text = prose(description).replace("Interpolated.", "[Interpolated](../manifest.md#references).");
    let Some((before, after)) = text.split_once(MARK) else { return (text, String::new()) };
    let (default, rest) = after.split_once(". ").unwrap_or((after.trim_end_matches('.'), ""));
    (format!("{} {rest}", before.trim_end()).trim_end().to_owned(), default.to_owned())
}
