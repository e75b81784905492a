//! A proposal as the text of services.toml, and where each part of it stands in that text.

use std::fmt::Write as _;
use std::ops::Range;

use indexmap::IndexMap;
use toml::Value;

use super::proposal::{Proposal, Service, Setting, Variable, mentions};

/// The column at which remarks begin, where the line is not longer.
const COLUMN: usize = 44;

/// What a range of the text is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Stack(String),
    Variable(String),
    /// A service, a table of it (empty for its own keys), and a key; none for its head.
    Service(String, String, Option<String>),
    Network(String),
    Volume(String),
    /// What only Compose has words for: section, name.
    Passed(String, String),
    /// What an environment says of a service: environment, service, a key of it and one in that; none for its head.
    Overlay(String, String, Option<(String, Option<String>)>),
    Default(String, String),
}

/// The text, and what its lines are.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) text: String,
    pub(super) parts: Vec<(Range<usize>, Part)>,
}

impl Written {
    /// What stands at a byte.
    pub(super) fn at(&self, offset: usize) -> Option<&Part> {
        self.parts.iter().find(|(range, _)| range.contains(&offset)).map(|(_, part)| part)
    }

    /// The line, from 1, at which a service begins.
    fn line(&mut self, part: Part, line: &str) {
        let start = self.text.len();
        self.text.push_str(line);
        self.text.push('\n');
        self.parts.push((start..self.text.len(), part));
    }

    /// The line of a service in an environment, each of its keys a part of its own.
    fn overlay(&mut self, environment: &str, name: &str, table: &toml::Table, line: &str) {
        let start = self.text.len();
        let part = |inner| Part::Overlay(environment.to_owned(), name.to_owned(), inner);
        let at = line.find(" = { ").map_or(line.len(), |at| at + " = { ".len());
        each(table, start + at, |range, key, value, from| {
            if let Value::Table(inner) = value {
                each(inner, from + "{ ".len(), |range, sub, _, _| {
                    self.parts.push((range, part(Some((key.to_owned(), Some(sub.to_owned()))))));
                });
            }
            self.parts.push((range, part(Some((key.to_owned(), None)))));
        });
        self.line(part(None), line);
    }

    fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    fn plain(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }
}

/// Where the entries of an inline table stand, whose first one begins at a byte: the range, key and value of each, and the
/// byte at which its value begins.
fn each(table: &toml::Table, start: usize, mut see: impl FnMut(Range<usize>, &str, &Value, usize)) {
    let mut at = start;
    for (name, value) in table {
        let from = at + key(name).len() + " = ".len();
        let end = from + inline(value).len();
        see(at..end, name, value, from);
        at = end + ", ".len();
    }
}

/// The text of a proposal.
pub(super) fn written(proposal: &Proposal) -> Written {
    let mut out = Written::default();
    out.plain("#:schema ./services.schema.json");
    out.gap();
    out.plain("# Written by `stackgen init` from what lies here. Above each service stands where it was seen, behind a value where that");
    out.plain("# was, if elsewhere. What is called a guess is yours to check.");
    out.gap();
    out.plain("[stack]");
    for (key, entry) in &proposal.stack {
        out.line(Part::Stack(key.clone()), &assigned(key, 0, &inline(&entry.value), entry.note.as_deref()));
    }
    let own = own_variables(proposal);
    let shared: Vec<(&String, &Variable)> =
        proposal.variables.iter().filter(|(name, _)| !own.contains(name) && is_used(proposal, name)).collect();
    if !shared.is_empty() {
        out.gap();
        out.plain("[variables]");
        let width = widest(shared.iter().map(|(name, _)| name.as_str()));
        for (name, variable) in shared {
            let line = assigned(name, width, &declaration(variable), variable.note.as_deref());
            out.line(Part::Variable(name.clone()), &line);
        }
    }
    for (name, service) in &proposal.services {
        out.gap();
        if let Some(reason) = &service.obstacle {
            let mut aside = Written::default();
            body(&mut aside, proposal, name, service, &own);
            out.plain(&format!("# Not yet: {}", one_line(reason)));
            for line in aside.text.trim_end().lines() {
                out.plain(format!("# {line}").trim_end());
            }
            continue;
        }
        body(&mut out, proposal, name, service, &own);
    }
    for (table, entries) in [("networks", &proposal.networks), ("volumes", &proposal.volumes)] {
        if entries.is_empty() {
            continue;
        }
        out.gap();
        out.plain(&format!("[{table}]"));
        let width = widest(entries.keys().map(String::as_str));
        for (name, entry) in entries {
            let part = if table == "networks" { Part::Network } else { Part::Volume };
            out.line(part(name.clone()), &assigned(name, width, &inline(&entry.value), entry.note.as_deref()));
        }
    }
    for (section, entries) in proposal.compose.iter().filter(|(_, entries)| !entries.is_empty()) {
        out.gap();
        out.plain(&format!("[compose.{section}]"));
        let width = widest(entries.keys().map(String::as_str));
        for (name, entry) in entries {
            let line = assigned(name, width, &inline(&entry.value), entry.note.as_deref());
            out.line(Part::Passed(section.clone(), name.clone()), &line);
        }
    }
    for (environment, defaults) in proposal.defaults.iter().filter(|(_, defaults)| !defaults.is_empty()) {
        out.gap();
        out.plain(&format!("[environments.{}.variables]", key(environment)));
        let names: Vec<String> = defaults.keys().map(|name| format!("{}.default", key(name))).collect();
        let width = names.iter().map(String::len).max().unwrap_or_default();
        for (name, (variable, value)) in names.iter().zip(defaults) {
            let line = format!("{name:<width$} = {}", inline(value));
            out.line(Part::Default(environment.clone(), variable.clone()), &line);
        }
    }
    for (environment, services) in &proposal.overlays {
        let services: Vec<_> = services
            .iter()
            .filter(|(name, keys)| {
                !keys.is_empty() && proposal.services.get(*name).is_some_and(|service| service.obstacle.is_none())
            })
            .collect();
        if services.is_empty() {
            continue;
        }
        out.gap();
        out.plain(&format!("[environments.{}.services]", key(environment)));
        let width = widest(services.iter().map(|(name, _)| name.as_str()));
        for (name, keys) in services {
            let table: toml::Table = keys.iter().map(|(key, entry)| (key.clone(), entry.value.clone())).collect();
            let note = keys.values().find_map(|entry| entry.note.as_deref());
            let line = assigned(name, width, &inline(&Value::from(table.clone())), note);
            out.overlay(environment, name, &table, &line);
        }
    }
    offer(&mut out, proposal);
    out
}

fn body(out: &mut Written, proposal: &Proposal, name: &str, service: &Service, own: &[&String]) {
    if let Some(about) = service.about.as_ref().filter(|_| service.obstacle.is_none()) {
        out.plain(&format!("# {}", one_line(about)));
    }
    // What stands above the service need not stand behind each of its values.
    let from = service.about.as_ref().map(|about| format!("from {about}")).unwrap_or_default();
    let other = |note: Option<&str>| note.filter(|note| *note != from).map(str::to_owned);
    let head = |table: &str| Part::Service(name.to_owned(), table.to_owned(), None);
    let at = |table: &str, key: &str| Part::Service(name.to_owned(), table.to_owned(), Some(key.to_owned()));
    out.line(head(""), &format!("[services.{}]", key(name)));
    for (key, entry) in &service.keys {
        out.line(at("", key), &assigned(key, 0, &inline(&entry.value), other(entry.note.as_deref()).as_deref()));
    }
    for reason in &service.left_out {
        out.plain(&format!("# {}", one_line(reason)));
    }
    for (table, settings) in [("env", &service.env), ("build-env", &service.build_env)] {
        if settings.is_empty() {
            continue;
        }
        out.gap();
        out.line(head(table), &format!("[services.{}.{table}]", key(name)));
        let width = widest(settings.keys().map(String::as_str));
        for (name, setting) in settings {
            let (value, note) = match setting {
                Setting::Value(entry) => (inline(&entry.value), entry.note.clone()),
                Setting::Own(note) if own.contains(&name) => {
                    let variable = proposal.variables.get(name).cloned().unwrap_or_default();
                    (declaration(&variable), note.clone())
                }
                Setting::Own(note) => (format!("\"${{{name}}}\""), note.clone()),
            };
            out.line(at(table, name), &assigned(name, width, &value, other(note.as_deref()).as_deref()));
        }
    }
    for (table, entries) in service.tables.iter().filter(|(_, entries)| !entries.is_empty()) {
        out.gap();
        out.line(head(table), &format!("[services.{}.{}]", key(name), key(table)));
        let width = widest(entries.keys().map(String::as_str));
        for (name, entry) in entries {
            let note = other(entry.note.as_deref());
            out.line(at(table, name), &assigned(name, width, &inline(&entry.value), note.as_deref()));
        }
    }
}

/// A proxy in front of services that answer HTTP, as a comment.
fn offer(out: &mut Written, proposal: &Proposal) {
    if proposal.wants_proxy.is_empty() {
        return;
    }
    out.gap();
    out.plain("# One way in for all of them, http://localhost, instead of a port each: take the `# ` away, add the last lines to");
    out.plain("# their services, remove `publish` there, and write `host = \"localhost\"` below `[stack]`.");
    out.plain("# [services.traefik]");
    out.plain("# kind = \"traefik\"");
    out.plain("# version = \"3.6\"");
    out.plain("# entrypoints.web = { port = 80 }");
    let lines: Vec<(&String, String)> = proposal
        .wants_proxy
        .iter()
        .map(|(name, route)| (name, format!("# routes.{name} = {}", inline(&toml::Value::Table(route.clone())))))
        .collect();
    let width = lines.iter().map(|(_, line)| line.len()).max().unwrap_or_default();
    for (name, line) in lines {
        out.plain(&format!("{line:width$}  # in [services.{name}]"));
    }
}

/// The variables that are declared where they are used: those that one service alone uses, under their own name.
fn own_variables(proposal: &Proposal) -> Vec<&String> {
    let is_own = |name: &&String| {
        let services = proposal.services.values().filter(|service| service.obstacle.is_none());
        let uses: usize = services
            .flat_map(|service| service.env.iter().chain(&service.build_env))
            .filter(|(known, setting)| known == name && matches!(setting, Setting::Own(_)))
            .count();
        uses == 1 && !is_mentioned(proposal, name)
    };
    proposal.variables.keys().filter(is_own).collect()
}

/// Whether some text refers to a variable.
fn is_mentioned(proposal: &Proposal, name: &str) -> bool {
    let of_services = proposal.services.values().filter(|service| service.obstacle.is_none()).any(|service| {
        let settings = service.env.values().chain(service.build_env.values());
        let settings = settings.filter_map(|setting| match setting {
            Setting::Value(entry) => Some(entry),
            Setting::Own(_) => None,
        });
        let tables = service.tables.values().flat_map(IndexMap::values);
        service.keys.values().chain(tables).chain(settings).any(|entry| mentions(&entry.value, name))
    });
    let overlays = proposal.overlays.values().flat_map(IndexMap::values).flat_map(IndexMap::values);
    of_services
        || overlays.chain(proposal.stack.values()).any(|entry| mentions(&entry.value, name))
        || proposal.defaults.values().flat_map(IndexMap::values).any(|value| mentions(value, name))
        || proposal
            .variables
            .values()
            .filter_map(|variable| variable.default.as_ref())
            .any(|value| mentions(value, name))
}

fn is_used(proposal: &Proposal, name: &str) -> bool {
    let services = proposal.services.values().filter(|service| service.obstacle.is_none());
    let mut settings = services.flat_map(|service| service.env.iter().chain(&service.build_env));
    is_mentioned(proposal, name) || settings.any(|(known, setting)| known == name && matches!(setting, Setting::Own(_)))
}

/// What a variable is, as an inline table.
fn declaration(variable: &Variable) -> String {
    let mut table = toml::Table::new();
    if variable.is_secret {
        table.insert("secret".to_owned(), true.into());
    }
    if variable.is_secret && variable.is_generated && variable.default.is_none() {
        table.insert("generate".to_owned(), true.into());
    }
    if let Some(file) = &variable.file {
        table.insert("file".to_owned(), file.clone());
    }
    if let Some(kind) = variable.kind {
        table.insert("type".to_owned(), kind.into());
    }
    match &variable.default {
        Some(default) => {
            table.insert("default".to_owned(), default.clone());
        }
        None if variable.is_optional && variable.required_in.is_empty() => {
            table.insert("required".to_owned(), false.into());
        }
        None => {}
    }
    if !variable.required_in.is_empty() && (variable.is_optional || variable.default.is_some()) {
        let names: Vec<Value> = variable.required_in.iter().map(|name| Value::from(name.clone())).collect();
        table.insert("required".to_owned(), names.into());
    }
    inline(&Value::from(table))
}

fn widest<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    names.map(|name| key(name).chars().count()).max().unwrap_or_default()
}

/// `key = value   # note`.
fn assigned(name: &str, width: usize, value: &str, note: Option<&str>) -> String {
    let mut line = format!("{:<width$} = {value}", key(name));
    if let Some(note) = note.filter(|note| !note.is_empty()) {
        let length = line.chars().count();
        let pad = COLUMN.saturating_sub(length).max(1);
        let _ = write!(line, "{:pad$}# {}", "", one_line(note));
    }
    line
}

/// A text without anything that would end its line.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

/// A key as TOML wants it.
fn key(name: &str) -> String {
    let is_bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if is_bare { name.to_owned() } else { quoted(name) }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A value on one line.
pub(super) fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Table(table) if table.is_empty() => "{}".to_owned(),
        Value::Table(table) => {
            let entries: Vec<String> =
                table.iter().map(|(name, value)| format!("{} = {}", key(name), inline(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::Float(number) => format!("{number:?}"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_read_back() {
        for text in ["", "plain", "a \"b\" \\ c", "two\nlines\tand\u{7}a bell", "ünï ${X} $$", "'''"] {
            let table: toml::Table = format!("{} = {}", key(text), inline(&Value::from(text))).parse().unwrap();
            assert_eq!(table.get(text).and_then(Value::as_str), Some(text), "{text:?}");
        }
    }
}
