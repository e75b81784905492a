//! Secrets that reach containers and builds as files (compose-spec, "secrets").

use super::assembly::Assembly;
use super::resolve::Resolver;
use super::variables::is_required;
use super::{Part, ProblemKind, Secret, Text};
use crate::manifest::text::{Piece, Text as Written};
use crate::manifest::unions::BoolOr;
use crate::source::KeyPath;

/// Where Compose puts secrets into a container.
const FOLDER: &str = "/run/secrets";

/// What images look for beside the plain name of a variable (Docker Hub's official images, "Docker Secrets").
const SUFFIX: &str = "_FILE";

/// What a variable is called that holds the path of a file instead of a value.
pub(super) fn file_name(name: &str) -> String {
    if name.ends_with(SUFFIX) { name.to_owned() } else { format!("{name}{SUFFIX}") }
}

impl Resolver<'_, '_> {
    /// From where a declared variable becomes a file, if it does in this environment. `output` is where the compose file
    /// stands.
    ///
    /// What an operator need not set stays a value: of a variable that is unset Compose makes no file, whatever its
    /// default, and stops (seen with 2.40).
    pub(super) fn file_of(&self, variable: &str, output: &str) -> Option<Secret> {
        let declared = self.frame.manifest.variables.get(variable)?;
        match declared.file.as_ref()? {
            BoolOr::Bool(true) => is_required(declared, self.frame.environment).then_some(Secret::Variable),
            BoolOr::Bool(false) => None,
            BoolOr::Value(path) if path.starts_with('/') => Some(Secret::File(path.clone())),
            BoolOr::Value(path) => Some(Secret::File(super::path::relative(output, path))),
        }
    }
}

impl Assembly<'_, '_, '_> {
    /// A variable of the container: as it is, or the path of a file where its value is one. `file` is the name that it
    /// has then; none where nobody reads it from a file.
    pub(super) fn variable(&mut self, name: &str, text: Text, file: Option<String>, path: &KeyPath) -> (String, Text) {
        let Some(secret) = text.as_variable().map(str::to_owned) else {
            self.refuse_inside(&text, path);
            return (name.to_owned(), text);
        };
        match (self.resolver.file_of(&secret, self.output), file) {
            (Some(source), Some(file)) => {
                self.read_file(&secret, source);
                return (file, Text::literal(format!("{FOLDER}/{secret}")));
            }
            (Some(Secret::File(_)), None) => {
                let kind = self.member.kind.map_or("plain", |kind| kind.name.as_str());
                let message = format!("`{secret}` is a file of the host, and a `{kind}` service takes the value alone");
                let help = "let an operator set the value, without `file`";
                self.resolver.problem(path.clone(), ProblemKind::Value { message, help });
            }
            _ => self.refuse_unset(name, &secret, path),
        }
        (name.to_owned(), text)
    }

    /// A variable whose very name says that it holds a path, and whose file an operator need not give.
    fn refuse_unset(&mut self, name: &str, secret: &str, path: &KeyPath) {
        let declared = self.resolver.frame.manifest.variables.get(secret);
        let is_file = declared.is_some_and(|declared| declared.file == Some(BoolOr::Bool(true)));
        if is_file && name.ends_with(SUFFIX) {
            let message =
                format!("`{name}` is the path of a file, and there is none while nobody has to set `{secret}`");
            let help = "require the variable, or pass its value under a name that does not end in `_FILE`";
            self.resolver.problem(path.clone(), ProblemKind::Value { message, help });
        }
    }

    /// Where a text of the kind has this variable from: the option that holds it, else the service.
    pub(super) fn place_of(&self, text: &Text) -> KeyPath {
        let holds = |written: &str| {
            let (parsed, _) = Written::parse(written);
            let names = parsed.pieces.iter().filter_map(|piece| match piece {
                Piece::Variable { name, .. } => Some(name.as_str()),
                _ => None,
            });
            names.into_iter().any(|name| text.variables().contains(&name))
        };
        let options = &self.member.service.options;
        let option = options.iter().find(|(_, value)| value.as_str().is_some_and(holds));
        option.map_or_else(|| self.member.path(), |(name, _)| self.member.path().key(name))
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
