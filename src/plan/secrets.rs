//! Secrets that reach containers and builds as files (compose-spec, "secrets").

use super::assembly::Assembly;
use super::resolve::Resolver;
use super::{Part, ProblemKind, Secret, Text, recipe};
use crate::manifest::unions::BoolOr;
use crate::source::KeyPath;

/// Where Compose puts secrets into a container.
const FOLDER: &str = "/run/secrets";

/// What images look for beside the plain name of a variable (Docker Hub's official images, "Docker Secrets").
const SUFFIX: &str = "_FILE";

impl Resolver<'_, '_> {
    /// From where a declared variable becomes a file, if it does. `output` is where the compose file stands.
    pub(super) fn file_of(&self, variable: &str, output: &str) -> Option<Secret> {
        match self.frame.manifest.variables.get(variable)?.file.as_ref()? {
            BoolOr::Bool(true) => Some(Secret::Variable),
            BoolOr::Bool(false) => None,
            BoolOr::Value(path) if path.starts_with('/') => Some(Secret::File(path.clone())),
            BoolOr::Value(path) => Some(Secret::File(recipe::relative(output, path))),
        }
    }
}

impl Assembly<'_, '_, '_> {
    /// A variable of the container: as it is, or the path of a file where its value is one. `file` is the name that the
    /// kind knows for that case.
    pub(super) fn variable(&mut self, name: &str, text: Text, file: Option<String>, path: &KeyPath) -> (String, Text) {
        if let Some(secret) = text.as_variable().map(str::to_owned)
            && let Some(source) = self.resolver.file_of(&secret, self.output)
        {
            self.read_file(&secret, source);
            let takes_path = name.ends_with(SUFFIX);
            let name = file.unwrap_or_else(|| if takes_path { name.to_owned() } else { format!("{name}{SUFFIX}") });
            return (name, Text::literal(format!("{FOLDER}/{secret}")));
        }
        self.refuse_inside(&text, path);
        (name.to_owned(), text)
    }

    /// A secret that the service reads as a file.
    fn read_file(&mut self, secret: &str, source: Secret) {
        self.resolver.notes.secrets.insert(secret.to_owned(), source);
        if !self.secrets.iter().any(|known| known == secret) {
            self.secrets.push(secret.to_owned());
        }
    }

    /// What is only a file cannot be part of a longer text.
    pub(super) fn refuse_inside(&mut self, text: &Text, path: &KeyPath) {
        for part in text.parts() {
            let Part::Variable { name, .. } = part else { continue };
            if matches!(self.resolver.file_of(name, self.output), Some(Secret::File(_))) {
                let message = format!("`{name}` is a file of the host, and its content cannot stand in a longer text");
                let help = "pass the path alone, or let an operator set the value: `file = true`";
                self.resolver.problem(path.clone(), ProblemKind::Value { message, help });
            }
        }
    }

    /// The files that are made from an operator's variable, which the engine cannot do on a read-only root.
    pub(super) fn has_made_files(&self) -> bool {
        let made = |name: &String| self.resolver.notes.secrets.get(name) == Some(&Secret::Variable);
        self.secrets.iter().any(made)
    }
}
