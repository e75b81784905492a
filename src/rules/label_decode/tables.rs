//! The options in `[middlewares]`, which become labels of each service that uses them.

use std::collections::BTreeMap;

use toml::Value;

use super::words::{self, Loss, Words};
use super::{RULE, in_middlewares};
use crate::diagnostics::{Finding, Severity};
use crate::manifest::types::RouteProtocol;
use crate::plan::{MiddlewareUse, Plan, Text};
use crate::rules::Context;
use crate::source::{KeyPath, Part};
use crate::traefik::dynamic::labels::FlawKind;
use crate::traefik::dynamic::{self, Field, Kind, value};
use crate::traefik::rule::UNKNOWN;

/// How routes of a plan use a middleware of `[middlewares]`.
#[derive(Default)]
pub(in crate::rules) struct Use<'p> {
    /// What they carry.
    pub(in crate::rules) protocols: Vec<RouteProtocol>,
    /// Its options with everything resolved: path and value.
    pub(in crate::rules) options: &'p [(String, Text)],
}

/// The middlewares that routes of a plan use, by their names in services.toml.
pub(in crate::rules) fn uses(plan: &Plan) -> BTreeMap<&str, Use<'_>> {
    let mut uses: BTreeMap<&str, Use<'_>> = BTreeMap::new();
    for router in plan.services.values().flat_map(|service| &service.routers) {
        for middleware in &router.middlewares {
            if let MiddlewareUse::Own { key: Some(key), options, .. } = middleware {
                let known = uses.entry(key).or_default();
                known.options = options;
                if !known.protocols.contains(&router.protocol) {
                    known.protocols.push(router.protocol);
                }
            }
        }
    }
    uses
}

pub(super) fn check(context: &Context<'_>, plan: &Plan, minor: Option<u32>, findings: &mut Vec<Finding>) {
    let Some(manifest) = context.manifest(plan).filter(|manifest| !manifest.middlewares.is_empty()) else { return };
    let uses = uses(plan);
    for (name, types) in &manifest.middlewares {
        let known = uses.get(name.as_str());
        let is_tcp = known.is_some_and(|known| known.protocols == [RouteProtocol::Tcp]);
        for (key, options) in types {
            let fields = if is_tcp { dynamic::tcp_middlewares() } else { dynamic::middlewares() };
            let field = dynamic::find(fields, key).or_else(|| dynamic::find(dynamic::tcp_middlewares(), key));
            // A type that nobody knows is told where it is used.
            let Some(field) = field else { continue };
            let mut walk = Walk { plan, name, known, minor, findings };
            walk.option(field, key, &Value::Table(options.clone()), &KeyPath::of(["middlewares", name, key]), key);
        }
    }
}

struct Walk<'w, 'p> {
    plan: &'p Plan,
    name: &'w str,
    known: Option<&'w Use<'p>>,
    minor: Option<u32>,
    findings: &'w mut Vec<Finding>,
}

impl Walk<'_, '_> {
    fn tell(&mut self, path: KeyPath, part: Part, words: Words, is_fatal: bool) {
        // What no route uses does no harm yet.
        let severity = if is_fatal && self.known.is_some() { Severity::Error } else { Severity::Warning };
        let place = in_middlewares(self.plan, path, part, words.label);
        self.findings.push(Finding::new(RULE.id, severity, words.message, place).help(words.help));
    }

    fn flaw(&mut self, kind: &FlawKind, flat: &str, path: &KeyPath, part: Part) {
        let start = flat.rfind('.').map_or(0, |at| at + 1);
        let mut words = words::of(kind, flat, start..flat.len(), &Loss::Middleware(self.name));
        if let (FlawKind::NoOptions, Some(option)) = (kind, flat.get(start..)) {
            let lost = words.message.rsplit(": ").next().unwrap_or_default();
            words.message = format!("`{option}` takes a value, and has no options: {lost}");
            words.help = format!("write the value itself: `{option} = …`");
        }
        self.tell(path.clone(), part, words, kind.is_fatal());
    }

    fn option(&mut self, field: &'static Field, key: &str, value: &Value, path: &KeyPath, flat: &str) {
        if self.minor.is_some_and(|minor| field.since > minor) {
            self.flaw(&FlawKind::Newer(field.since), flat, path, Part::Key);
            return;
        }
        if !field.is_read {
            self.flaw(&FlawKind::Unread, flat, path, Part::Key);
            return;
        }
        let is_group = matches!(field.kind, Kind::Table(_) | Kind::Map(_));
        match value {
            Value::Table(table) if is_group && table.is_empty() && !field.bare => {
                let mut words = words::of(&FlawKind::Alone, key, 0..key.len(), &Loss::Middleware(self.name));
                words.help = format!("set an option of `{key}`, or remove it");
                self.tell(path.clone(), Part::Key, words, true);
            }
            Value::Table(_) => self.value(field.kind, value, path, flat),
            _ if is_group && field.bare => {}
            _ if is_group => self.flaw(&FlawKind::Alone, flat, path, Part::Key),
            _ => self.value(field.kind, value, path, flat),
        }
    }

    fn value(&mut self, kind: Kind, value: &Value, path: &KeyPath, flat: &str) {
        match (kind, value) {
            (Kind::Table(fields), Value::Table(table)) => {
                for (key, value) in table {
                    let (path, flat) = (path.key(key), format!("{flat}.{key}"));
                    match dynamic::find(fields, key) {
                        Some(field) => self.option(field, key, value, &path, &flat),
                        None => self.unknown(fields, key, path),
                    }
                }
            }
            (Kind::Map(inner), Value::Table(table)) => {
                for (key, value) in table {
                    let path = path.key(key);
                    if key.contains('.') && !matches!(inner, Kind::Free) {
                        self.dotted(key, path);
                    } else {
                        self.value(*inner, value, &path, &format!("{flat}.{key}"));
                    }
                }
            }
            (Kind::List, Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.item(item, path.index(index));
                }
            }
            (Kind::Text, Value::Array(_)) => {
                let words = Words {
                    message: "one text stands here, and this is a list of them".to_owned(),
                    label: "a list",
                    help: "write the text alone".to_owned(),
                };
                self.tell(path.clone(), Part::Value, words, false);
            }
            (Kind::Bool | Kind::Int | Kind::Duration | Kind::Text | Kind::List, Value::Table(table))
                if !table.is_empty() =>
            {
                self.flaw(&FlawKind::NoOptions, flat, path, Part::Key);
            }
            (Kind::Bool | Kind::Int | Kind::Duration, scalar) => {
                let text = match scalar {
                    Value::String(text) if !text.contains('$') => text.clone(),
                    Value::String(_) => match self.resolved(flat) {
                        Some(text) => text,
                        None => return,
                    },
                    other => other.to_string(),
                };
                if !text.contains(UNKNOWN) && !value::fits(kind, &text) && !Context::has_flaw(self.plan, path) {
                    self.flaw(&FlawKind::Type(kind), flat, path, Part::Value);
                }
            }
            _ => {}
        }
    }

    /// The value of an option with everything resolved, where a route uses the middleware.
    fn resolved(&self, flat: &str) -> Option<String> {
        let (_, text) = self.known?.options.iter().find(|(path, _)| path == flat)?;
        Some(text.with_unknown(UNKNOWN))
    }

    fn unknown(&mut self, fields: &'static [Field], key: &str, path: KeyPath) {
        let known = fields.iter().filter(|field| field.is_read).map(|field| field.name).collect();
        let kind = FlawKind::Unknown { known, splits_name: false };
        let words = words::of(&kind, key, 0..key.len(), &Loss::Middleware(self.name));
        self.tell(path, Part::Key, words, true);
    }

    fn dotted(&mut self, key: &str, path: KeyPath) {
        let words = Words {
            message: format!("`{key}` has a dot, and dots separate the words of a label: Traefik loses the value"),
            label: "a dot in a name",
            help: "say it in a file of Traefik's, and refer to it as `name@file`".to_owned(),
        };
        self.tell(path, Part::Key, words, false);
    }

    /// An item of a list, which becomes a part of one label.
    fn item(&mut self, item: &Value, path: KeyPath) {
        if !item.as_str().is_some_and(|text| text.contains(',')) {
            return;
        }
        let words = Words {
            message: "a label holds a whole list, with commas between its items: Traefik makes several of this one"
                .to_owned(),
            label: "has a comma",
            help: "write an item for each part; what needs a comma, such as `{1,2}`, belongs into a file of Traefik's"
                .to_owned(),
        };
        self.tell(path, Part::Value, words, false);
    }
}
