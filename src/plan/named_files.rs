//! Files that Compose itself reads when it starts something, because what is passed through names them: env files of
//! services, and what secrets and configs are made of (compose-spec, `env_file`, `secrets`, `configs`).

use super::{Plan, Raw, Secret, Service, clean_path};
use crate::source::KeyPath;

/// An env file of a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedEnvFile {
    /// The path, as it is written.
    pub written: String,
    /// The path, relative to services.toml; none for one that leads out, or is absolute.
    pub path: Option<String>,
    /// Whether Compose stops where it is missing.
    pub required: bool,
    /// Whether its values are taken as they stand (`format: raw`).
    pub is_raw: bool,
    /// Where it is named.
    pub origin: KeyPath,
}

/// A secret or config that is defined in Compose's own terms, or made of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedSource {
    /// `secret` or `config`.
    pub what: &'static str,
    /// Its name.
    pub name: String,
    /// What it is made of.
    pub content: Content,
    /// Where that is said.
    pub origin: KeyPath,
}

/// What a secret or config is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A file: as it is written, and relative to services.toml, where it is below it.
    File(String, Option<String>),
    /// A variable of the shell or the env file.
    Environment(String),
    /// Something that is there already.
    External,
}

impl Service {
    /// The env files that what is passed through names, in their order: the last value of a name counts.
    pub fn env_files(&self, plan: &Plan) -> Vec<NamedEnvFile> {
        let Some(value) = self.passthrough.get("env_file").and_then(Option::as_ref) else { return Vec::new() };
        let origin = self.origin().key("compose").key("env_file");
        let one = |value: &Raw, origin: KeyPath| {
            let map = value.as_map();
            let written = map.map_or_else(|| value.to_text(), |map| map.get("path").and_then(Raw::to_text))?;
            let written = written.with_defaults().filter(|path| !path.is_empty())?;
            let required = map.and_then(|map| map.get("required")).map(Raw::plain) != Some(&Raw::Bool(false));
            let format = map.and_then(|map| map.get("format")?.to_text());
            let is_raw = format.is_some_and(|format| format.as_literal() == Some("raw"));
            let origin = if map.is_some() { origin.key("path") } else { origin };
            Some(NamedEnvFile { path: plan.below(&written), written, required, is_raw, origin })
        };
        match value.as_list() {
            Some(items) => {
                items.iter().enumerate().filter_map(|(index, item)| one(item, origin.index(index))).collect()
            }
            None => one(value, origin).into_iter().collect(),
        }
    }
}

impl Plan {
    /// The secrets and configs that some service uses, and of which somebody else must have made something.
    pub fn named_sources(&self) -> Vec<NamedSource> {
        let mut found = Vec::new();
        for (section, what) in [("secrets", "secret"), ("configs", "config")] {
            let Some(defined) = self.passthrough.get(section).and_then(Raw::as_map) else { continue };
            for (name, value) in defined.iter().filter(|(name, _)| self.uses(section, name)) {
                let Some(map) = value.as_map() else { continue };
                let origin = KeyPath::of(["compose", section, name]);
                let text = |key: &str| map.get(key).and_then(Raw::to_text).and_then(|text| text.with_defaults());
                if let Some(path) = text("file") {
                    let content = Content::File(path.clone(), self.below(&path));
                    found.push(NamedSource { what, name: name.clone(), content, origin: origin.key("file") });
                } else if let Some(variable) = text("environment") {
                    let (content, origin) = (Content::Environment(variable), origin.key("environment"));
                    found.push(NamedSource { what, name: name.clone(), content, origin });
                } else if map.get("external").map(Raw::plain) == Some(&Raw::Bool(true)) {
                    let (content, origin) = (Content::External, origin.key("external"));
                    found.push(NamedSource { what, name: name.clone(), content, origin });
                }
            }
        }
        for (name, secret) in &self.secrets {
            let Secret::File(path) = secret else { continue };
            let content = Content::File(path.clone(), self.below(path));
            let origin = KeyPath::of(["variables", name, "file"]);
            found.push(NamedSource { what: "secret", name: name.clone(), content, origin });
        }
        found
    }

    /// Every file that Compose reads because it is named, relative to services.toml.
    pub fn named_files(&self) -> impl Iterator<Item = String> {
        let env_files = self.services.values().flat_map(|service| service.env_files(self)).filter_map(|file| file.path);
        let sources = self.named_sources().into_iter().filter_map(|source| match source.content {
            Content::File(_, path) => path,
            Content::Environment(_) | Content::External => None,
        });
        env_files.chain(sources)
    }

    /// Whether a service, or the build of one, has this secret or config.
    fn uses(&self, section: &str, name: &str) -> bool {
        let is_it = |item: &Raw| {
            let source = item.as_map().and_then(|map| map.get("source"));
            source.unwrap_or(item).to_text().is_some_and(|text| text.as_literal() == Some(name))
        };
        let has = |value: &Raw| value.as_list().is_some_and(|items| items.iter().any(is_it));
        self.services.values().any(|service| {
            let passed = |key: &str| service.passthrough.get(key).and_then(Option::as_ref);
            passed(section).is_some_and(has)
                || passed("build").and_then(|build| build.as_map()?.get(section)).is_some_and(has)
        })
    }

    /// A path that is relative to the compose file, as services.toml sees it; none where it is not below that.
    fn below(&self, path: &str) -> Option<String> {
        if path.starts_with(['/', '~']) {
            return None;
        }
        let whole = if self.output.is_empty() { path.to_owned() } else { format!("{}/{path}", self.output) };
        clean_path(&whole)
    }
}
