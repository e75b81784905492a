//! Whether a generated image runs the `command` that services.toml says: where all that build this image, in every
//! environment, say the same. Otherwise the compose file alone says it.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::Target;
use super::command_line::written_words;
use super::member::Member;
use super::path::clean_path;
use super::recipe::OF_IMAGE;
use super::resolve::{At, Resolver};
use crate::manifest::types::{Manifest, Service};
use crate::manifest::unions::Toggle;

impl<'a> Resolver<'a, '_> {
    /// The words of the command that a stage of the image runs, where that is the service's own.
    pub(super) fn own_command(&mut self, member: &Member<'a>, target: Target) -> Option<Vec<String>> {
        let source = clean_path(member.service.source.as_deref()?)?;
        let mut built = self.frame.builders.get(&source)?.iter().filter(|service| target_of(service) == target);
        let command = built.next()?.command.as_ref()?;
        if !built.all(|service| service.command.as_ref() == Some(command)) {
            return None;
        }
        let words = written_words(command).ok()?;
        let place = member.path().key("command");
        // What leads anywhere else may be another text in another environment.
        if !words.iter().all(|word| is_same_everywhere(word)) {
            return None;
        }
        let texts = self.quietly(|this| {
            words.iter().map(|word| this.text(word, At::manifest(&place, Some(member.name))).text).collect::<Vec<_>>()
        });
        texts.iter().map(|text| text.as_literal().map(str::to_owned)).collect()
    }
}

/// The services of all environments that have the Dockerfile of a source made, and do not run the image of another one.
pub(super) fn builders(environments: &IndexMap<String, Manifest>) -> BTreeMap<String, Vec<&Service>> {
    let mut builders: BTreeMap<String, Vec<&Service>> = BTreeMap::new();
    for (environment, manifest) in environments {
        for service in manifest.services.values() {
            let is_there = service.environments.as_ref().is_none_or(|only| only.contains(environment));
            let is_own = service.extends.is_none()
                || OF_IMAGE.iter().any(|key| service.written.iter().any(|known| known == key));
            if is_there
                && is_own
                && service.dockerfile.is_none()
                && let Some(source) = service.source.as_deref().and_then(clean_path)
            {
                builders.entry(source).or_default().push(service);
            }
        }
    }
    builders
}

/// The stage that a service with a generated Dockerfile runs.
fn target_of(service: &Service) -> Target {
    let reloads = service.reload.as_ref().and_then(Toggle::on).is_some() || service.debug.unwrap_or_default();
    if reloads { Target::Development } else { Target::Production }
}

/// Whether a word of a command refers to nothing but the port of its service.
fn is_same_everywhere(word: &str) -> bool {
    !word.replace("$$", "").replace("${service.port}", "").contains('$')
}
