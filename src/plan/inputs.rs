//! What a build finds in its source: the files that must be there, and those that the installation reads.

use super::ProblemKind;
use super::member::Member;
use super::resolve::Resolver;
use crate::diagnostics::words;
use crate::kinds::{Kind, Required};
use crate::source::KeyPath;
use crate::sources::Directory;

impl<'a> Resolver<'a, '_> {
    /// Says what the source of a service lacks, and what cannot be built from it.
    pub(super) fn check_inputs(&mut self, member: &Member<'a>, kind: &Kind, source: &str, directory: &Directory) {
        let place = member.path().key("source");
        let mut is_complete = true;
        for required in &kind.requires {
            if let Some((place, message, help)) = lacking(member, kind, required, source, directory) {
                is_complete = false;
                self.problem(place, ProblemKind::Build { message, help });
            }
        }
        for (file, format, error) in directory.malformed() {
            let message = format!("`{source}/{file}` is no {format}: {error}");
            self.problem(place.clone(), ProblemKind::Build { message, help: "mend the file".to_owned() });
        }
        // What follows from a file that is not there is no mistake of its own.
        if member.is_illegible || !is_complete {
            return;
        }
        for refusal in super::options::refusals(member, kind) {
            let place = refusal.place(member.path(), "source");
            let said =
                |this: &mut Self, text: &str| this.kind_text(member, text).text.with_defaults().unwrap_or_default();
            let message = said(self, &refusal.message);
            let help = said(self, &refusal.help);
            self.problem(place, ProblemKind::Build { message, help });
        }
    }

    /// What the installation of the dependencies reads: files and directories of the source.
    pub(super) fn install_inputs(member: &Member<'a>, kind: &Kind, directory: Option<&Directory>) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for inputs in kind.install.iter().filter(|inputs| member.holds(inputs.when.as_ref(), member.target)) {
            let found =
                inputs.files.iter().flat_map(|pattern| directory.map_or_else(Vec::new, |it| it.matching(pattern)));
            for name in found {
                if !names.iter().any(|known| known == name) {
                    names.push(name.to_owned());
                }
            }
        }
        names
    }
}

/// Where none or too many of the required files are there: the key, what is wrong, and what to do.
fn lacking(
    member: &Member<'_>,
    kind: &Kind,
    required: &Required,
    source: &str,
    directory: &Directory,
) -> Option<(KeyPath, String, String)> {
    let place = member.path().key("source");
    let every: Vec<&String> = required.one_of.iter().chain(&required.or_else).collect();
    let written = required.option.as_ref().and_then(|option| member.service.options.get(option)?.as_str());
    if let Some((option, value)) = required.option.as_ref().zip(written) {
        let meant: Vec<&String> = every
            .into_iter()
            .filter(|file| kind.detect.get(option).and_then(|files| files.get(*file)).is_some_and(|it| it.gives(value)))
            .collect();
        if meant.is_empty() || meant.iter().any(|file| directory.has(file)) {
            return None;
        }
        let message = format!("`{source}` has no {}, from which {value} installs", words::or(&meant));
        return Some((member.path().key(option), message, required.help.clone()));
    }
    let found: Vec<&String> = required.one_of.iter().filter(|file| directory.has(file)).collect();
    match found.as_slice() {
        [] if required.or_else.iter().any(|file| directory.has(file)) => None,
        [] => {
            let message = match every.as_slice() {
                [only] => format!("`{source}` has no {only}, which a `{}` service is built with", kind.name),
                _ => format!(
                    "`{source}` has no {}: a `{}` service is built with one of them",
                    words::or(&every),
                    kind.name
                ),
            };
            Some((place, message, required.help.clone()))
        }
        [_] => None,
        several => {
            let message = format!("`{source}` has {}, and only one of them can be installed from", words::and(several));
            let help = match &required.option {
                Some(option) => format!("delete what is not kept up to date, or say which one with `{option}`"),
                None => "delete what is not kept up to date".to_owned(),
            };
            Some((place, message, help))
        }
    }
}
