//! The flags of a proxy as rules see them: what Traefik reads, and where somebody wrote it.
//!
//! They come from the stack itself, from `static` of the proxy, or from a command that takes the place of both.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::Value;

use crate::diagnostics::Label;
use crate::manifest::types::Service as Written;
use crate::manifest::unions::OneOrMany;
use crate::plan::{Plan, Proxy, Service, Text};
use crate::rules::datastore_without_volume::images;
use crate::rules::{Context, trace};
use crate::source::KeyPath;
use crate::traefik::rule::UNKNOWN;
use crate::traefik::static_flags::{self, Kind, Verdict};

/// The flags of the proxy of an environment.
pub(in crate::rules) struct Flags<'p> {
    plan: &'p Plan,
    /// The service that is the proxy.
    pub(in crate::rules) service: &'p Service,
    all: Vec<Flag>,
}

/// A flag with its value.
#[derive(Debug)]
pub(in crate::rules) struct Flag {
    /// The name, without the dashes, as it is written.
    pub(in crate::rules) name: String,
    /// The value where the operator sets nothing, with [`UNKNOWN`] for what nobody knows; `true` where there is none.
    pub(in crate::rules) value: String,
    origin: Origin,
}

/// Where a flag comes from.
#[derive(Debug)]
enum Origin {
    /// From what the manifest says in its own words.
    Own(KeyPath),
    /// From `static`.
    Static(KeyPath),
    /// From a word of a command: the text as written, what becomes of it, and where name and value stand in that.
    Word { path: KeyPath, written: String, resolved: String, name: Range<usize>, value: Option<Range<usize>> },
}

impl<'p> Flags<'p> {
    /// None where the plan has no proxy of its own, or one that reads its configuration elsewhere.
    pub(in crate::rules) fn of(context: &Context<'p>, plan: &'p Plan) -> Option<Self> {
        let service = plan.services.values().find(|service| service.proxy.is_some());
        let service = service.or_else(|| plain(context, plan))?;
        let written = context.manifest(plan)?.services.get(&service.name)?;
        let command = service.command.as_ref()?;
        let flags = match words(written, service) {
            Some(words) => of_words(&words, command),
            None => of_stack(written, service, command),
        };
        let flags = Self { plan, service, all: flags };
        flags.get("configfile").is_none().then_some(flags)
    }

    /// What it is as a proxy.
    pub(in crate::rules) fn proxy(&self) -> Option<&'p Proxy> {
        self.service.proxy.as_ref()
    }

    /// Every flag, in order.
    pub(in crate::rules) fn iter(&self) -> impl Iterator<Item = &Flag> {
        self.all.iter()
    }

    /// The flag of this name that counts: the last one.
    pub(in crate::rules) fn get(&self, name: &str) -> Option<&Flag> {
        self.all.iter().rfind(|flag| flag.name.eq_ignore_ascii_case(name))
    }

    /// The value of a flag, or what Traefik takes without it; none where nobody knows.
    pub(in crate::rules) fn value<'f>(&'f self, name: &str, default: &'f str) -> Option<&'f str> {
        let value = self.get(name).map_or(default, |flag| flag.value.as_str());
        (!value.contains(UNKNOWN)).then_some(value)
    }

    /// Whether something is switched on that is off by itself.
    pub(in crate::rules) fn is_true(&self, name: &str) -> bool {
        self.value(name, "false").is_some_and(|value| ["1", "t", "true"].contains(&&*value.to_ascii_lowercase()))
    }

    /// Whether a part of the configuration is switched on: as a whole, or by an option in it.
    pub(in crate::rules) fn is_on(&self, section: &str) -> bool {
        match self.get(section) {
            // Whatever else is said of it: anything but `true` switches it off.
            Some(flag) => flag.value.is_empty() || flag.value.eq_ignore_ascii_case("true"),
            None => self.below(section).next().is_some(),
        }
    }

    /// The flags below a path of options, and what of the name follows it.
    pub(in crate::rules) fn below<'f, 'a>(
        &'f self,
        path: &'a str,
    ) -> impl Iterator<Item = (&'f str, &'f Flag)> + use<'f, 'a, 'p> {
        self.all.iter().filter_map(move |flag| {
            let start = flag.name.get(..path.len()).filter(|start| start.eq_ignore_ascii_case(path))?;
            Some((flag.name[start.len()..].strip_prefix('.')?, flag))
        })
    }

    /// The names that are given below a path of options, as `web` in `entrypoints.web.address`.
    pub(in crate::rules) fn names(&self, path: &str) -> BTreeSet<String> {
        let names = self.below(path).filter_map(|(rest, _)| rest.split('.').next());
        names.filter(|name| !name.contains(UNKNOWN)).map(str::to_owned).collect()
    }

    /// Whether some name below a path is not known.
    pub(in crate::rules) fn has_unknown(&self, path: &str) -> bool {
        let is_unknown = |flag: &Flag| !flag.name.contains('.') && flag.name.contains(UNKNOWN);
        self.all.iter().any(is_unknown) || self.below(path).any(|(rest, _)| rest.contains(UNKNOWN))
    }

    /// The place of a flag's name.
    pub(in crate::rules) fn at_name(&self, flag: &Flag, text: &str) -> Label {
        self.at(flag, &(0..flag.name.len()), false, text)
    }

    /// The place of a part of a flag's name.
    pub(in crate::rules) fn at_part(&self, flag: &Flag, part: &Range<usize>, text: &str) -> Label {
        self.at(flag, part, false, text)
    }

    /// The place of a flag's value; of its name where it has none.
    pub(in crate::rules) fn at_value(&self, flag: &Flag, text: &str) -> Label {
        self.at(flag, &(0..flag.name.len()), true, text)
    }

    fn at(&self, flag: &Flag, part: &Range<usize>, is_value: bool, text: &str) -> Label {
        let environment = Some(self.plan.environment.as_str());
        match &flag.origin {
            Origin::Static(path) if is_value => Label::value(environment, path.clone(), text),
            Origin::Own(path) | Origin::Static(path) => Label::key(environment, path.clone(), text),
            Origin::Word { path, written, resolved, name, value } => {
                let range = match value {
                    Some(value) if is_value => value.clone(),
                    _ => name.start + part.start..name.start + part.end,
                };
                let (part, _) = trace(self.plan, written, resolved, &range);
                Label::entry(environment, path.clone(), part, text)
            }
        }
    }
}

impl Flag {
    /// Whether somebody wrote it: what the stack makes of its own words is right.
    pub(in crate::rules) fn is_written(&self) -> bool {
        !matches!(self.origin, Origin::Own(_))
    }

    /// The place in `static` of the first `steps` steps of its name, where that is written as so many tables.
    pub(in crate::rules) fn table_path(&self, steps: usize) -> Option<KeyPath> {
        /// What stands before: `services`, the name of the proxy, `static`.
        const BEFORE: usize = 3;
        let Origin::Static(path) = &self.origin else { return None };
        let all = self.name.split('.').count();
        let is_nested = path.steps().len() == BEFORE + all || steps == all;
        let end = path.steps().len().checked_sub(all.checked_sub(steps)?).filter(|_| is_nested)?;
        Some(KeyPath::from_steps(&path.steps()[..end]))
    }

    /// Where it comes from.
    pub(in crate::rules) fn path(&self) -> &KeyPath {
        match &self.origin {
            Origin::Own(path) | Origin::Static(path) | Origin::Word { path, .. } => path,
        }
    }
}

/// The one service that runs Traefik as an image like any other, with flags in its command and no file that takes their
/// place (Traefik docs, "Configuration Overview": a file is looked for first, in `/etc/traefik` too).
fn plain<'p>(context: &Context<'_>, plan: &'p Plan) -> Option<&'p Service> {
    let is_plain = |service: &&Service| {
        let image = service.image.as_ref().filter(|_| service.build.is_none() && service.entrypoint.is_none());
        let has_file = || service.volumes.iter().any(|mount| mount.mount.target.starts_with("/etc/traefik"));
        image.is_some_and(|image| images::repository(&image.with_unknown(UNKNOWN)).0 == "traefik") && !has_file()
    };
    let mut found = plan.services.values().filter(is_plain);
    let service = found.next().filter(|_| found.next().is_none())?;
    let first = service.command.as_ref()?.first()?.with_unknown(UNKNOWN);
    let written = context.manifest(plan)?.services.get(&service.name)?;
    (first.starts_with('-') && words(written, service).is_some()).then_some(service)
}

/// A word of a command, and where it stands; no text where the whole command is one.
struct Word {
    path: KeyPath,
    written: Option<String>,
}

/// The words of a command that somebody wrote, in the place of the stack's flags.
fn words(written: &Written, service: &Service) -> Option<Vec<Word>> {
    let of_list = |path: &KeyPath, items: Vec<Option<&str>>| {
        let word =
            |(index, text): (usize, Option<&str>)| Word { path: path.index(index), written: text.map(str::to_owned) };
        items.into_iter().enumerate().map(word).collect()
    };
    if let Some(value) = written.compose.get("command") {
        let path = service.origin().key("compose").key("command");
        return Some(match value {
            // Of a list, `"..."` stands for a command of the service, not for the flags that the stack makes.
            Value::Array(items) => {
                let items = items.iter().map(Value::as_str).filter(|text| *text != Some("..."));
                of_list(&path, items.collect())
            }
            _ => vec![Word { path, written: None }],
        });
    }
    let path = service.origin().key("command");
    Some(match written.command.as_ref()? {
        OneOrMany::One(_) => vec![Word { path, written: None }],
        OneOrMany::Many(items) => of_list(&path, items.iter().map(|text| Some(text.as_str())).collect()),
    })
}

fn of_words(words: &[Word], command: &[Text]) -> Vec<Flag> {
    let mut flags = Vec::new();
    let mut texts = command.iter().enumerate().peekable();
    while let Some((index, text)) = texts.next() {
        let resolved = text.with_unknown(UNKNOWN);
        let Some(flag) = static_flags::split(&resolved) else { continue };
        let (name, start) = (flag.name.to_owned(), flag.start);
        let mut value = flag.value.map(|value| (value.to_owned(), resolved.len() - value.len()..resolved.len()));
        // Only what is no truth value may take the next word.
        let takes_next = matches!(
            static_flags::judge(&name),
            Verdict::Known(kind) | Verdict::Deprecated(kind, _) if !matches!(kind, Kind::Bool | Kind::Section)
        );
        if value.is_none() && takes_next {
            let next = texts.next_if(|(_, next)| static_flags::split(&next.with_unknown(UNKNOWN)).is_none());
            value = next.map(|(_, next)| (next.with_unknown(UNKNOWN), start..start + name.len()));
        }
        let place = words.get(index).or(words.first()).map(|word| (word.path.clone(), word.written.clone()));
        let Some((path, written)) = place else { continue };
        let (value, range) = value.map_or_else(|| ("true".to_owned(), None), |(value, range)| (value, Some(range)));
        let origin = Origin::Word {
            path,
            written: written.unwrap_or_default(),
            name: start..start + name.len(),
            value: range,
            resolved,
        };
        flags.push(Flag { name, value, origin });
    }
    flags
}

/// What the stack makes of its own words, then `static`.
fn of_stack(written: &Written, service: &Service, command: &[Text]) -> Vec<Flag> {
    let mut places = Vec::new();
    if let Some(table) = written.options.get("static") {
        flatten(table, String::new(), &service.origin().key("static"), &mut places);
    }
    let own = command.len().saturating_sub(places.len());
    let mut flags = Vec::new();
    for (index, text) in command.iter().enumerate() {
        let resolved = text.with_unknown(UNKNOWN);
        let Some(flag) = static_flags::split(&resolved) else { continue };
        let origin = match index.checked_sub(own).and_then(|index| places.get(index)) {
            Some((_, path)) => Origin::Static(path.clone()),
            None => Origin::Own(source(written, service, flag.name)),
        };
        let value = flag.value.unwrap_or("true").to_owned();
        flags.push(Flag { name: flag.name.to_owned(), value, origin });
    }
    flags
}

/// Where each option of a table stands, in the order in which they become flags.
fn flatten(value: &Value, name: String, path: &KeyPath, out: &mut Vec<(String, KeyPath)>) {
    match value {
        Value::Table(table) if !table.is_empty() || name.is_empty() => {
            for (key, value) in table {
                let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                flatten(value, name, &path.key(key), out);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_table) => {
            for (index, item) in items.iter().enumerate() {
                flatten(item, format!("{name}[{index}]"), &path.index(index), out);
            }
        }
        _ => out.push((name, path.clone())),
    }
}

/// What in the manifest a flag of the stack itself comes from.
fn source(written: &Written, service: &Service, flag: &str) -> KeyPath {
    let origin = service.origin();
    let mut steps = flag.split('.');
    let (group, name) = (steps.next().unwrap_or_default(), steps.next().unwrap_or_default());
    let has = |option: &str, name: &str| {
        written.options.get(option).and_then(Value::as_table).is_some_and(|table| table.contains_key(name))
    };
    match group {
        "entrypoints" if has("entrypoints", name) => origin.key("entrypoints").key(name),
        "certificatesresolvers" if has("certificates", name) => origin.key("certificates").key(name),
        "api" if written.options.contains_key("dashboard") => origin.key("dashboard"),
        "metrics" | "entrypoints" if name != "ping" && written.metrics.is_some() => origin.key("metrics"),
        _ => origin,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(words: &[&str]) -> Vec<(String, String)> {
        let texts: Vec<Text> = words.iter().map(|word| Text::literal(*word)).collect();
        let places: Vec<Word> = words.iter().map(|_| Word { path: KeyPath::of(["x"]), written: None }).collect();
        of_words(&places, &texts).into_iter().map(|flag| (flag.name, flag.value)).collect()
    }

    #[test]
    fn a_value_may_stand_in_the_next_word_unless_it_is_a_truth_value() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            flags(&["traefik", "--log.level", "DEBUG", "--ping", "--api.insecure", "-log.format=json"]),
            [
                pair("log.level", "DEBUG"),
                pair("ping", "true"),
                pair("api.insecure", "true"),
                pair("log.format", "json")
            ]
        );
        assert_eq!(flags(&["--log.level", "--ping"]), [pair("log.level", "true"), pair("ping", "true")]);
    }
}
