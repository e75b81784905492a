//! Middlewares as somebody wrote them, wherever that was: their options with everything resolved, and where each stands.

use std::ops::Range;

use indexmap::IndexMap;

use super::RULE;
use crate::diagnostics::{Finding, Label, Severity};
use crate::manifest::{Alignment, Manifest};
use crate::plan::{Plan, Service};
use crate::rules::Context;
use crate::rules::label_decode::tables;
use crate::source::{KeyPath, Part};
use crate::traefik::dynamic;
use crate::traefik::rule::UNKNOWN;

/// A middleware.
pub(super) struct Instance<'a> {
    plan: &'a Plan,
    origin: Origin<'a>,
    /// Its name.
    pub(super) name: String,
    /// Its types, as the documentation spells them.
    pub(super) types: Vec<&'static str>,
    /// Its options: path below the name in lower case, and value.
    options: Vec<(String, Written)>,
    /// The plugins that the proxy has, in lower case; none where that is not known.
    pub(super) plugins: Option<Vec<String>>,
}

/// Where a middleware stands.
enum Origin<'a> {
    /// In `[middlewares]`.
    Table(&'a Manifest),
    /// In labels of a service.
    Labels,
}

/// A value with everything resolved, and where it stands.
struct Written {
    value: String,
    path: KeyPath,
    /// The text as it is written, and where the value begins in it; of a label.
    text: Option<(String, usize)>,
}

/// Something that is wrong with a middleware.
pub(super) struct Complaint {
    /// The option, in lower case; none for the middleware as a whole.
    pub(super) option: Option<String>,
    /// The item of a list, and a range of it.
    pub(super) item: Option<(usize, Range<usize>)>,
    pub(super) severity: Severity,
    pub(super) message: String,
    pub(super) label: &'static str,
    pub(super) help: String,
    /// Whether what stands there is a secret.
    pub(super) is_secret: bool,
}

/// An item of a list.
pub(super) struct Item<'i> {
    pub(super) index: usize,
    pub(super) text: &'i str,
}

/// Every middleware of a plan that is written in labels, or in `[middlewares]` and used.
pub(super) fn all<'a>(context: &Context<'a>, plan: &'a Plan) -> Vec<Instance<'a>> {
    let Some(manifest) = context.manifest(plan) else { return Vec::new() };
    let mut instances = Vec::new();
    let plugins = plugins(plan);
    for (name, known) in tables::uses(plan) {
        // Those that labels define have their names there.
        if !manifest.middlewares.contains_key(name) {
            continue;
        }
        let base = KeyPath::of(["middlewares", name]);
        let options = known.options.iter().map(|(option, text)| {
            let path = option.split('.').fold(base.clone(), |path, key| path.key(key));
            (option.to_lowercase(), Written { value: text.with_unknown(UNKNOWN), path, text: None })
        });
        let instance = Instance {
            plan,
            origin: Origin::Table(manifest),
            name: name.to_owned(),
            types: Vec::new(),
            options: options.collect(),
            plugins: plugins.clone(),
        };
        instances.extend(instance.typed());
    }
    for service in plan.services.values() {
        instances
            .extend(of_labels(manifest, plan, service, plugins.as_deref()).into_values().filter_map(Instance::typed));
    }
    instances
}

fn of_labels<'a>(
    manifest: &Manifest,
    plan: &'a Plan,
    service: &'a Service,
    plugins: Option<&[String]>,
) -> IndexMap<&'a str, Instance<'a>> {
    let mut instances: IndexMap<&str, Instance<'a>> = IndexMap::new();
    let Some(written) = manifest.services.get(&service.name) else { return instances };
    for (label, text) in &service.labels {
        let mut parts = label.splitn(5, '.');
        let head: Vec<String> = parts.by_ref().take(3).map(str::to_ascii_lowercase).collect();
        let (Some(name), Some(option)) = (parts.next(), parts.next()) else { continue };
        if head != ["traefik", "http", "middlewares"] {
            continue;
        }
        let Some(found) = written.written_label(&service.name, label) else { continue };
        if Context::has_flaw(plan, &found.path) {
            continue;
        }
        let instance = instances.entry(name).or_insert_with(|| Instance {
            plan,
            origin: Origin::Labels,
            name: name.to_owned(),
            types: Vec::new(),
            options: Vec::new(),
            plugins: plugins.map(<[String]>::to_vec),
        });
        let value = Written {
            value: text.with_unknown(UNKNOWN),
            path: found.path,
            text: Some((found.value.into_owned(), found.start)),
        };
        instance.options.push((option.to_lowercase(), value));
    }
    instances
}

/// The plugins that the flags of the plan's proxy name.
fn plugins(plan: &Plan) -> Option<Vec<String>> {
    let proxy = plan.services.values().find(|service| service.proxy.is_some())?;
    let mut plugins = Vec::new();
    for word in proxy.command.iter().flatten() {
        let word = word.with_unknown(UNKNOWN).to_lowercase();
        let word = word.trim_start_matches('-');
        if word.starts_with("configfile") {
            return None;
        }
        let starts = ["experimental.plugins.", "experimental.localplugins."];
        let rest = starts.iter().find_map(|start| word.strip_prefix(start));
        plugins.extend(rest.and_then(|rest| rest.split(['.', '=']).next()).map(str::to_owned));
    }
    Some(plugins)
}

impl Instance<'_> {
    /// The middleware with its types; none where it has no option at all.
    fn typed(mut self) -> Option<Self> {
        for (option, _) in &self.options {
            let word = option.split(['.', '[']).next().unwrap_or_default();
            if let Some(field) = dynamic::find(dynamic::middlewares(), word)
                && !self.types.contains(&field.name)
            {
                self.types.push(field.name);
            }
        }
        // A type that stands alone, and cannot, is told on its own.
        let is_group = |option: &str| dynamic::find(dynamic::middlewares(), option).is_some_and(|field| !field.bare);
        let stands_alone = self.options.iter().all(|(option, _)| is_group(option));
        (!self.types.is_empty() && !stands_alone).then_some(self)
    }

    /// Whether labels define it.
    pub(super) fn is_in_labels(&self) -> bool {
        matches!(self.origin, Origin::Labels)
    }

    fn written(&self, option: &str) -> Option<&Written> {
        let is_this = |path: &str| path.eq_ignore_ascii_case(option);
        self.options.iter().find(|(path, _)| is_this(path)).map(|(_, written)| written)
    }

    /// The value of an option; where it is not set, nothing.
    pub(super) fn get(&self, option: &str) -> Option<&str> {
        self.written(option).map(|written| written.value.as_str())
    }

    /// Whether an option, or one below it, is set.
    pub(super) fn has(&self, option: &str) -> bool {
        let option = option.to_lowercase();
        let is_below =
            |path: &str| path.strip_prefix(&option).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        self.options.iter().any(|(path, _)| is_below(path))
    }

    /// The options whose path ends so, in lower case.
    pub(super) fn ending(&self, end: &str) -> Vec<String> {
        self.options.iter().map(|(path, _)| path).filter(|path| path.ends_with(end)).cloned().collect()
    }

    /// The names below an option.
    pub(super) fn below(&self, option: &str) -> Vec<&str> {
        let start = format!("{}.", option.to_lowercase());
        let names = self.options.iter().filter_map(|(path, _)| path.strip_prefix(&start));
        names.filter_map(|rest| rest.split(['.', '[']).next()).collect()
    }

    /// The items of an option that is a list; none where it is empty. Those that nobody can know are left out.
    pub(super) fn items(&self, option: &str) -> Vec<Item<'_>> {
        let Some(value) = self.get(option).filter(|value| !value.is_empty()) else { return Vec::new() };
        let items = value.split(',').enumerate().map(|(index, text)| Item { index, text: text.trim() });
        items.filter(|item| !item.text.contains(UNKNOWN)).collect()
    }

    /// A finding at the place of a complaint.
    pub(super) fn finding(&self, complaint: Complaint) -> Finding {
        let environment = Some(self.plan.environment.as_str());
        let written = complaint.option.as_deref().and_then(|option| self.written(option));
        let label = match written {
            Some(written) => {
                let (path, part) = self.place(written, complaint.item.as_ref());
                Label::entry(environment, path, part, complaint.label)
            }
            None => self.whole(complaint.label),
        };
        let label = if complaint.is_secret { label.redacted() } else { label };
        Finding::new(RULE.id, complaint.severity, complaint.message, label).help(complaint.help)
    }

    /// The middleware as a whole: its type in `[middlewares]`, its first label.
    fn whole(&self, text: &str) -> Label {
        let environment = Some(self.plan.environment.as_str());
        let first = self.options.first().map(|(_, written)| written);
        let path = first.map(|written| written.path.clone()).unwrap_or_default();
        match self.origin {
            Origin::Table(_) => {
                let steps = path.steps().get(..3).unwrap_or_default();
                Label::key(environment, KeyPath::from_steps(steps), text)
            }
            Origin::Labels if first.is_some_and(|first| first.text.as_ref().is_some_and(|(_, start)| *start == 0)) => {
                Label::key(environment, path, text)
            }
            Origin::Labels => Label::value(environment, path, text),
        }
    }

    fn place(&self, written: &Written, item: Option<&(usize, Range<usize>)>) -> (KeyPath, Part) {
        let Some((index, range)) = item else {
            let part = written.text.as_ref().filter(|(_, start)| *start > 0);
            let part = part.map_or(Part::Value, |(text, start)| Part::Inside(*start..start + text.len()));
            return (written.path.clone(), part);
        };
        match (&self.origin, &written.text) {
            (Origin::Table(manifest), _) => self.in_table(manifest, written, *index, range),
            (_, Some((text, start))) => {
                let range = offset(&written.value, *index, range);
                let part = Alignment::new(text, &written.value).map_or(Part::Value, |alignment| {
                    let range = alignment.written(&range);
                    Part::Inside(range.start + start..range.end + start)
                });
                (written.path.clone(), part)
            }
            _ => (written.path.clone(), Part::Value),
        }
    }

    /// The item of a list in services.toml, or of a text with commas in it.
    fn in_table(&self, manifest: &Manifest, written: &Written, index: usize, range: &Range<usize>) -> (KeyPath, Part) {
        let steps = written.path.steps().len();
        let keys: Vec<&str> = (2..steps).filter_map(|step| written.path.key_at(step)).collect();
        let types = manifest.middlewares.get(&self.name);
        let found = keys.split_first().and_then(|(kind, keys)| {
            let (last, keys) = keys.split_last()?;
            let mut table = types?.get(*kind)?;
            for key in keys {
                table = table.get(*key)?.as_table()?;
            }
            table.get(*last)
        });
        match found {
            Some(toml::Value::Array(items)) if items.len() > index => {
                let is_plain = items.get(index).and_then(toml::Value::as_str).is_some_and(|text| !text.contains('$'));
                let part = if is_plain { Part::Inside(range.clone()) } else { Part::Value };
                (written.path.index(index), part)
            }
            Some(toml::Value::String(text)) if *text == written.value => {
                (written.path.clone(), Part::Inside(offset(&written.value, index, range)))
            }
            _ => (written.path.clone(), Part::Value),
        }
    }
}

/// A range of an item in the whole list.
fn offset(list: &str, index: usize, range: &Range<usize>) -> Range<usize> {
    let mut at = 0;
    for (number, item) in list.split(',').enumerate() {
        if number == index {
            let start = at + item.len() - item.trim_start().len();
            return start + range.start..start + range.end;
        }
        at += item.len() + 1;
    }
    0..list.len()
}
