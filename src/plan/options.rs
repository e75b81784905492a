//! What a kind wants of the service's own words: its version and its options.

use super::assembly::Assembly;
use super::member::Member;
use super::resolve::At;
use super::{ProblemKind, Text};
use crate::compose::amount;
use crate::diagnostics::words;
use crate::kinds::{Kind, OptionDef, OptionType, Refusal};
use crate::manifest::types::VariableType;
use crate::source::KeyPath;
use crate::sources::Found;

impl Assembly<'_, '_, '_> {
    /// Reports what is missing, means nothing, or is none of the values that the kind takes.
    pub(super) fn check_options(&mut self) {
        let Some(kind) = self.member.kind else { return };
        self.check_version(kind);
        for (name, option) in &kind.options {
            let path = self.member.path().key(name);
            let Some(value) = self.member.service.options.get(name) else {
                if option.required {
                    let message = format!("a `{}` service needs `{name}`", kind.name);
                    let help = self.wanted_option(name, option);
                    let incomplete = ProblemKind::Incomplete { message, help, missing: path };
                    self.resolver.problem(self.member.path(), incomplete);
                }
                continue;
            };
            if let Some(other) = option.requires.as_ref().filter(|other| self.member.option(other).is_none()) {
                let message = format!("`{name}` means nothing without `{other}`");
                let help = Some(format!("remove it, or add `{other}`"));
                self.resolver.problem(path.clone(), ProblemKind::Option { message, help });
            }
            match (option.kind, value) {
                (OptionType::String, toml::Value::String(text)) if option.format.is_some() => {
                    self.check_format(option, text, &path);
                }
                (OptionType::Duration, toml::Value::String(written))
                    if !written.contains('$') && !amount::is_duration(written) =>
                {
                    let message = format!("`{written}` is no duration");
                    let help = Some("write numbers with units, such as `10s` or `1m30s`".to_owned());
                    self.resolver.problem(path, ProblemKind::Option { message, help });
                }
                (OptionType::Path, toml::Value::String(written)) if option.is_mounted(kind, name) => {
                    self.check_path(option, written, &path);
                }
                (OptionType::Paths, toml::Value::Array(items)) => {
                    for (index, item) in items.iter().enumerate() {
                        self.check_path(option, item.as_str().unwrap_or_default(), &path.index(index));
                    }
                }
                (OptionType::Strings, toml::Value::Array(items)) => {
                    for (index, _) in items.iter().enumerate().filter(|(_, item)| item.as_str() == Some("")) {
                        let (message, help) = ("this is empty".to_owned(), Some("name it, or leave it out".to_owned()));
                        self.resolver.problem(path.index(index), ProblemKind::Option { message, help });
                    }
                }
                _ => {}
            }
        }
        // What a kind refuses to build is told with what it builds from.
        for refusal in refusals(self.member, kind).filter(|_| !kind.builds()) {
            let path = refusal.place(self.member.path(), "kind");
            let message =
                self.resolver.kind_text(self.member, &refusal.message).text.with_defaults().unwrap_or_default();
            self.resolver.problem(path, ProblemKind::Option { message, help: Some(refusal.help.clone()) });
        }
    }

    /// How to write an option that is missing.
    fn wanted_option(&self, name: &str, option: &OptionDef) -> String {
        let help = words::uncapitalised(&option.help);
        if !option.secret {
            return format!("add `{name}`: {help}");
        }
        let variable = format!("{}_{name}", self.member.name).replace('-', "_").to_ascii_uppercase();
        let reference = format!("add `{name} = \"${{{variable}}}\"`: {help}");
        if self.resolver.frame.manifest.variables.contains_key(&variable) {
            return reference;
        }
        format!("{reference}. In `[variables]`: `{variable} = {{ secret = true, generate = true }}`")
    }

    fn check_version(&mut self, kind: &Kind) {
        let path = self.member.path().key("version");
        let mut wrong = |message| self.resolver.problem(path.clone(), ProblemKind::Option { message, help: None });
        match self.member.service.version.as_deref() {
            None if kind.names_version() && (self.member.service.image.is_none() || kind.base.is_some()) => {
                let message = format!("a `{}` service needs `version`", kind.name);
                let known = if kind.versions.is_empty() { "7".to_owned() } else { words::or(&kind.versions) };
                let help = format!("add `version = \"…\"`, such as {known}");
                let incomplete = ProblemKind::Incomplete { message, help, missing: path };
                self.resolver.problem(self.member.path(), incomplete);
            }
            Some(version) if !is_version(version) => wrong(format!("`{version}` is no version of `{}`", kind.name)),
            Some(version) if !kind.versions.is_empty() && !is_known(version, &kind.versions) => {
                wrong(format!(
                    "`{}` is known to work with {}, not with {version}",
                    kind.name,
                    words::or(&kind.versions)
                ));
            }
            _ => {}
        }
    }

    /// A literal must have the form; of a variable the operator learns it. The value is never shown.
    fn check_format(&mut self, option: &OptionDef, raw: &str, path: &KeyPath) {
        let Some(format) = option.format else { return };
        let Some(form) = Form::of(format) else { return };
        let text: Text = self.resolver.text(raw, At::manifest(path, Some(self.member.name))).text;
        for name in text.variables() {
            if let Some(variable) = self.resolver.notes.variables.get_mut(name)
                && variable.kind == VariableType::String
            {
                variable.kind = format;
            }
        }
        // A default that does not fit is wrong where it stands, whoever uses it.
        let mut is_told = false;
        for name in text.variables() {
            let Some(variable) = self.resolver.notes.variables.get(name) else { continue };
            let is_declared = variable.origin.key_at(0) == Some("variables");
            let default = variable.default.as_ref().filter(|_| is_declared).and_then(Text::with_defaults);
            if default.is_some_and(|default| !(form.takes)(&default)) {
                is_told = true;
                let message = format!("`{name}` {}", form.default);
                let help = Some(form.help.to_owned());
                let place = variable.origin.key("default");
                self.resolver.problem(place, ProblemKind::Option { message, help });
            }
        }
        if !is_told && text.with_defaults().is_some_and(|text| !(form.takes)(&text)) {
            let (message, help) = (form.literal.to_owned(), Some(form.help.to_owned()));
            self.resolver.problem(path.clone(), ProblemKind::Option { message, help });
        }
    }

    /// The engine would make a directory of a path that leads to nothing, and nobody would hear of it.
    fn check_path(&mut self, option: &OptionDef, written: &str, path: &KeyPath) {
        if super::path::clean_path(written).is_none() {
            let message = format!("`{written}` lies outside the directory of services.toml");
            let help = Some("move the file below it".to_owned());
            self.resolver.problem(path.clone(), ProblemKind::Option { message, help });
            return;
        }
        let what = if option.directory { "directory" } else { "file" };
        let message = match self.sources.path(written) {
            Found::Nothing => format!("there is no {what} `{written}`"),
            Found::Directory if option.directory => return,
            Found::Directory => format!("`{written}` is a directory"),
            Found::File if option.directory => format!("`{written}` is a file"),
            Found::File => {
                let fits = option.suffixes.iter().any(|suffix| written.ends_with(suffix));
                if fits || option.suffixes.is_empty() {
                    return;
                }
                format!("`{written}` ends with none of {}", words::and(&option.suffixes))
            }
        };
        let help = Some(format!("name a {what}, relative to services.toml"));
        self.resolver.problem(path.clone(), ProblemKind::Option { message, help });
    }
}

/// What the text of an option must look like, and what is said where it does not.
struct Form {
    takes: fn(&str) -> bool,
    /// Of a text as it stands.
    literal: &'static str,
    /// Of the default of a variable, behind its name.
    default: &'static str,
    help: &'static str,
}

impl Form {
    /// What options know; anything else says something to operators alone.
    fn of(format: VariableType) -> Option<&'static Self> {
        match format {
            VariableType::UrlSafe => Some(&Self {
                takes: is_url_safe,
                literal: "this has characters that would need an escape in a URL",
                default: "becomes part of a URL, and its default has characters that would need an escape",
                help: "use letters, digits and `-`, `.`, `_`, `~` only",
            }),
            VariableType::Email => Some(&Self {
                takes: is_email,
                literal: "this is no e-mail address",
                default: "is an e-mail address, and its default is none",
                help: "write it as `name@example.com`",
            }),
            _ => None,
        }
    }
}

/// What a kind refuses of a service. What it asks of a version that is none would mean nothing, and that it is none is told.
pub(super) fn refusals<'k>(member: &Member<'_>, kind: &'k Kind) -> impl Iterator<Item = &'k Refusal> {
    let is_none = member.service.version.as_deref().is_some_and(|version| !is_version(version));
    let asks = |refusal: &&Refusal| refusal.at.as_deref() == Some("version") || refusal.when.contains("version");
    let judged = kind.refuse.iter().filter(move |refusal| !(is_none && asks(refusal)));
    judged.filter(|refusal| member.holds(Some(&refusal.when), member.target))
}

fn is_version(version: &str) -> bool {
    version.starts_with(|c: char| c.is_ascii_digit())
        && version.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
}

/// `3.6.2` is a 3.6, and `22-bookworm` a 22.
fn is_known(version: &str, known: &[String]) -> bool {
    known.iter().any(|known| {
        version.strip_prefix(known.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
    })
}

/// Whether a text could be an e-mail address: a name and a domain with a point in it, without blanks.
fn is_email(text: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && !part.contains(char::is_whitespace);
    text.split_once('@').is_some_and(|(name, domain)| {
        is_part(name)
            && is_part(domain)
            && !domain.contains('@')
            && domain.contains('.')
            && domain.split('.').all(|label| !label.is_empty())
    })
}

/// Whether a text stands for itself anywhere in a URL (RFC 3986, "unreserved").
fn is_url_safe(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~'))
}
