//! Every place of services.toml where a secret may stand.

use super::{At, Home, Search, Secret};
use crate::manifest::Manifest;
use crate::manifest::types::Service;
use crate::manifest::unions::{BeforeStart, EnvValue, Health, OneOrMany, Scalar, Toggle};
use crate::secrets::forms;
use crate::secrets::names::{self, Noun};
use crate::source::{KeyPath, Part};

/// Keys of Compose's under which commands stand, as text or as words.
const COMMANDS: [&str; 3] = ["command", "entrypoint", "test"];

impl Search<'_, '_> {
    pub(super) fn service(&mut self, service: &str, written: &Service) {
        let path = KeyPath::of(["services", service]);
        for (name, value) in &written.env {
            let EnvValue::Scalar(Scalar::Text(text)) = value else { continue };
            let (path, what) = (path.key("env").key(name), format!("`{name}`"));
            let at = At { path: &path, what: &what, noun: names::noun(name), variable: name, home: Home::Env };
            self.text(at, text);
        }
        for (name, value) in &written.labels {
            let Scalar::Text(text) = value else { continue };
            let last = name.rsplit('.').next().unwrap_or_default();
            let (path, what) = (path.key("labels").key(name), format!("the label `{name}`"));
            let at =
                At { path: &path, what: &what, noun: names::noun(last), variable: &constant(last), home: Home::Text };
            self.text(at, text);
        }
        let kind = written.kind.as_deref().and_then(|kind| self.context.read.kinds.get(kind));
        for (name, value) in &written.options {
            let is_secret = kind.and_then(|kind| kind.options.get(name)).is_some_and(|option| option.secret);
            let noun = if is_secret { Some(Noun::Password) } else { names::noun(name) };
            self.value(&path.key(name), name, noun, &format!("{service}-"), value);
        }
        self.commands(&path, written);
        self.passed(&path.key("compose"), &written.compose);
    }

    /// What is passed through, in Compose's own words.
    pub(super) fn passed(&mut self, path: &KeyPath, table: &toml::Table) {
        for (name, value) in table {
            let path = path.key(name);
            let words = |items: &[toml::Value]| -> Option<Vec<String>> {
                items.iter().map(|item| item.as_str().map(str::to_owned)).collect()
            };
            match value {
                toml::Value::String(text) if COMMANDS.contains(&name.as_str()) => self.command(&path, Home::Text, text),
                toml::Value::String(text) => {
                    let last = name.rsplit('.').next().unwrap_or_default();
                    let (what, noun, variable) = (format!("`{name}`"), names::noun(last), constant(last));
                    self.text(At { path: &path, what: &what, noun, variable: &variable, home: Home::Text }, text);
                }
                toml::Value::Array(items) => match words(items).filter(|_| COMMANDS.contains(&name.as_str())) {
                    // Compose's own words for a command that a shell runs.
                    Some(words) if words.first().is_some_and(|word| word == "CMD-SHELL") => {
                        for (index, text) in words.iter().enumerate().skip(1) {
                            self.command(&path.index(index), Home::Text, text);
                        }
                    }
                    Some(words) => self.words(&path, &words),
                    None => {
                        for (index, item) in items.iter().enumerate() {
                            match item {
                                toml::Value::String(line) => self.line(&path.index(index), name, line),
                                toml::Value::Table(table) => self.passed(&path.index(index), table),
                                _ => {}
                            }
                        }
                    }
                },
                toml::Value::Table(table) => self.passed(&path, table),
                _ => {}
            }
        }
    }

    /// An item of a list, which may be a line `NAME=value`.
    fn line(&mut self, path: &KeyPath, list: &str, line: &str) {
        let named = line.split_once('=').filter(|(_, value)| !value.contains("${"));
        let is_plain = forms::unmistakable(line).is_none();
        if let Some((name, value)) = named.filter(|_| is_plain)
            && let Some(noun) = names::noun(name.rsplit('.').next().unwrap_or_default())
            && names::is_secret(noun, value)
        {
            let (what, variable) = (format!("`{name}`"), constant(name));
            let at = At { path, what: &what, noun: None, variable: &variable, home: Home::Text };
            return self.report(at, Secret::named(value), Part::Inside(line.len() - value.len()..line.len()));
        }
        let what = format!("an item of `{list}`");
        self.text(At { path, what: &what, noun: None, variable: "", home: Home::Text }, line);
    }

    pub(super) fn middlewares(&mut self, manifest: &Manifest) {
        for (name, middleware) in &manifest.middlewares {
            for (kind, options) in middleware {
                let path = KeyPath::of(["middlewares", name, kind]);
                for (key, value) in options {
                    self.value(&path.key(key), key, names::noun(key), "", value);
                }
            }
        }
    }

    /// A value of a kind's or another system's, with everything in it.
    fn value(&mut self, path: &KeyPath, name: &str, noun: Option<Noun>, owner: &str, value: &toml::Value) {
        match value {
            toml::Value::String(text) => {
                let (what, variable) = (format!("`{name}`"), constant(&format!("{owner}{name}")));
                self.text(At { path, what: &what, noun, variable: &variable, home: Home::Text }, text);
            }
            toml::Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(&path.index(index), name, noun, owner, item);
                }
            }
            toml::Value::Table(table) => {
                for (key, value) in table {
                    self.value(&path.key(key), key, names::noun(key), owner, value);
                }
            }
            _ => {}
        }
    }

    fn commands(&mut self, path: &KeyPath, service: &Service) {
        if let Some(command) = &service.command {
            self.one_or_many(&path.key("command"), command);
        }
        for (index, step) in service.before_start.iter().flatten().enumerate() {
            let path = path.key("before-start").index(index);
            match step {
                BeforeStart::Run(text) => self.command(&path, Home::Image, text),
                BeforeStart::Table(table) => self.command(&path.key("run"), Home::Image, &table.run),
            }
        }
        for (index, text) in service.build.iter().flatten().enumerate() {
            self.command(&path.key("build").index(index), Home::Image, text);
        }
        let path = path.key("health");
        match service.health.as_ref().and_then(Toggle::on) {
            Some(Health::Text(text)) => self.command(&path, Home::Text, text),
            Some(Health::Command(words)) => self.words(&path, words),
            Some(Health::Table(table)) => {
                if let Some(command) = &table.command {
                    self.one_or_many(&path.key("command"), command);
                }
            }
            None => {}
        }
    }

    fn one_or_many(&mut self, path: &KeyPath, command: &OneOrMany) {
        match command {
            OneOrMany::One(text) => self.command(path, Home::Text, text),
            OneOrMany::Many(words) => self.words(path, words),
        }
    }

    /// A command as one text: its words stand somewhere in it.
    fn command(&mut self, path: &KeyPath, home: Home, text: &str) {
        if let Some((secret, range)) = forms::unmistakable(text) {
            let at = At { path, what: "the command", noun: None, variable: "", home };
            return self.report(at, secret.into(), Part::Inside(range));
        }
        let words = shlex::split(text).unwrap_or_default();
        for argument in names::arguments(&words) {
            let found = text.find(argument.value);
            let part = found.map_or(Part::Value, |start| Part::Inside(start..start + argument.value.len()));
            self.argument(path, home, &argument, part);
        }
    }

    /// A command as a list of words.
    fn words(&mut self, path: &KeyPath, words: &[String]) {
        for (index, word) in words.iter().enumerate() {
            if let Some((secret, range)) = forms::unmistakable(word) {
                let at =
                    At { path: &path.index(index), what: "the command", noun: None, variable: "", home: Home::Text };
                self.report(at, secret.into(), Part::Inside(range));
            }
        }
        for argument in names::arguments(words) {
            let word = &words[argument.word];
            if forms::unmistakable(word).is_none() {
                let part = Part::Inside(word.len() - argument.value.len()..word.len());
                self.argument(&path.index(argument.word), Home::Text, &argument, part);
            }
        }
    }

    fn argument(&mut self, path: &KeyPath, home: Home, argument: &names::Argument<'_>, part: Part) {
        let name = argument.name;
        let (what, variable) = (format!("`{name}` of the command"), constant(name.trim_start_matches('-')));
        self.report(
            At { path, what: &what, noun: None, variable: &variable, home },
            Secret::named(argument.value),
            part,
        );
    }
}

/// A name as that of a variable: `X-Api-Key` as `X_API_KEY`.
fn constant(name: &str) -> String {
    let mut constant = String::new();
    let mut was_lower = false;
    for c in name.chars() {
        if was_lower && c.is_ascii_uppercase() {
            constant.push('_');
        }
        constant.push(if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' });
        was_lower = c.is_ascii_lowercase();
    }
    constant
}
