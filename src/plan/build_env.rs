//! `build-env`: what a build is told, as arguments of its Dockerfile, and secrets, which leave no trace in the image.

use indexmap::IndexMap;

use super::assembly::Assembly;
use super::resolve::At;
use super::{ProblemKind, Secret, Text};
use crate::manifest::unions::{EnvValue, Scalar};
use crate::source::KeyPath;

/// What a build is told.
#[derive(Debug, Default, Clone)]
pub(super) struct Told {
    pub(super) args: IndexMap<String, Text>,
    /// Name in the build, and name of the secret.
    pub(super) secrets: IndexMap<String, String>,
}

impl Assembly<'_, '_, '_> {
    pub(super) fn build_env(&mut self) -> Told {
        let member = self.member;
        let mut told = Told::default();
        let path = member.path().key("build-env");
        for (name, value) in &member.service.build_env {
            let place = path.key(name);
            let text = match value {
                EnvValue::Scalar(Scalar::Text(text)) => {
                    let at = At { in_build: true, ..At::manifest(&place, Some(member.name)) };
                    let resolved = self.resolver.text(text, at);
                    // Through the default of a variable.
                    if let Some(service) = resolved.edges.first().cloned() {
                        self.resolver.problem(place.clone(), ProblemKind::Internal { service, output: None });
                    }
                    resolved.text
                }
                EnvValue::Scalar(scalar) => Text::literal(scalar.to_string()),
                EnvValue::Unset(_) | EnvValue::Variable(_) => continue,
            };
            self.tell(&mut told, name, text, &place);
        }
        told
    }

    fn tell(&mut self, told: &mut Told, name: &str, text: Text, place: &KeyPath) {
        let is_secret = |variable: &&str| {
            let declared = self.resolver.frame.manifest.variables.get(*variable);
            declared.is_some_and(|declared| declared.secret)
        };
        match text.as_variable() {
            Some(secret) if is_secret(&secret) => {
                let secret = secret.to_owned();
                let source = self.resolver.file_of(&secret, self.output).unwrap_or(Secret::Variable);
                self.resolver.notes.secrets.insert(secret.clone(), source);
                told.secrets.insert(name.to_owned(), secret);
            }
            _ => {
                if let Some(secret) = text.variables().into_iter().find(is_secret) {
                    let message = format!(
                        "`{secret}` is a secret, and as a part of `{name}` it would stay in the image's history"
                    );
                    let help = "pass the secret alone: it is mounted then, and never stored";
                    self.resolver.problem(place.clone(), ProblemKind::Value { message, help });
                }
                told.args.insert(name.to_owned(), text);
            }
        }
    }
}
