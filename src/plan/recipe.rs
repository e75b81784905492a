//! How a service is built: everything that its Dockerfile says, the same in every environment.

use std::collections::BTreeMap;

use super::member::Member;
use super::resolve::{At, Resolver};
use super::{BeforeStart, Build, CommandFlaw, PlannedMount, ProblemKind, Recipe, RecipeFile, Target, WatchRule};
use crate::compose::volume::Source;
use crate::kinds::{Command, Kind, Words};
use crate::manifest::unions::{BeforeStart as WrittenStep, OnFailure, OneOrMany};
use crate::sources::Sources;

/// Splits a command into words.
///
/// # Errors
/// Where it cannot be split, or only a shell could run it.
pub(super) fn split(text: &str) -> Result<Vec<String>, CommandFlaw> {
    let words = shlex::split(text).ok_or(CommandFlaw::OpenQuote)?;
    if words.is_empty() {
        return Err(CommandFlaw::Empty);
    }
    let operator = words.iter().find(|word| matches!(word.as_str(), "&&" | "||" | "|" | ";" | "&" | ">" | ">>" | "<"));
    if let Some(operator) = operator {
        return Err(CommandFlaw::Operator(operator.clone()));
    }
    if let Some((name, _)) = words[0].split_once('=')
        && !name.starts_with('/')
    {
        return Err(CommandFlaw::Assignment(name.to_owned()));
    }
    Ok(words)
}

impl<'a> Resolver<'a, '_> {
    /// How the service is built, where its kind builds.
    pub(super) fn build(
        &mut self,
        member: &Member<'a>,
        mounts: &[PlannedMount],
        output: &str,
        sources: &Sources,
    ) -> Option<Build> {
        let kind = member.kind?;
        let base = kind.base.as_deref()?;
        if member.service.image.is_some() && member.service.source.is_none() {
            return None;
        }
        let source = self.source(member, kind, sources)?;
        let base = self.kind_literal(member, base)?;
        let development = self.command_for(member, kind, Target::Development)?;
        let production = self.command_for(member, kind, Target::Production)?;
        let user = match &member.service.user {
            Some(user) => user_text(user),
            None => kind.user.as_ref().map_or("1000:1000", |user| user.of(&base)).to_owned(),
        };
        let recipe = Recipe {
            kind: kind.name.clone(),
            version: member.service.version.clone().unwrap_or_default(),
            port: member.port,
            packages: member.service.packages.clone().unwrap_or_default(),
            build_packages: member.service.build_packages.clone().unwrap_or_default(),
            directories: directories(mounts),
            include: member.service.include.clone().unwrap_or_default(),
            before_start: self.before_start(member),
            build: self.build_commands(member, kind),
            facts: Self::facts(member, kind),
            files: self.files(member, kind),
            base,
            user,
            development,
            production,
        };
        let context = relative(output, &source);
        Some(Build { source, context, target: member.target, recipe })
    }

    /// The source directory, if it holds what the kind needs.
    fn source(&mut self, member: &Member<'a>, kind: &Kind, sources: &Sources) -> Option<String> {
        let path = member.path();
        let Some(source) = &member.service.source else {
            let message = format!("a `{}` service is built from its source, and none is named", kind.name);
            let (help, missing) = ("add `source = \"<directory>\"`".to_owned(), path.key("source"));
            self.problem(path, ProblemKind::Incomplete { message, help, missing });
            return None;
        };
        let place = path.key("source");
        let clean = clean_path(source);
        let Some(clean) = clean else {
            let message = "the source lies outside the directory of services.toml".to_owned();
            let help = "move services.toml up, so that the source lies below it".to_owned();
            self.problem(place, ProblemKind::Build { message, help });
            return None;
        };
        let directory = sources.get(source);
        if !directory.is_some_and(|directory| directory.exists) {
            let message = format!("there is no directory `{source}`");
            let help =
                "create it with the service's code, or correct the path (it is relative to services.toml)".to_owned();
            self.problem(place, ProblemKind::Build { message, help });
            return None;
        }
        for required in &kind.requires {
            if !directory.is_some_and(|directory| directory.has(&required.file)) {
                let message =
                    format!("`{source}` has no {}, which a `{}` service is built with", required.file, kind.name);
                self.problem(place.clone(), ProblemKind::Build { message, help: required.help.clone() });
            }
        }
        for (file, error) in directory.into_iter().flat_map(crate::sources::Directory::malformed) {
            let message = format!("`{source}/{file}` is no JSON: {error}");
            self.problem(place.clone(), ProblemKind::Build { message, help: "mend the file".to_owned() });
        }
        Some(clean)
    }

    /// The command of a stage: the service's own, else the kind's.
    fn command_for(&mut self, member: &Member<'a>, kind: &Kind, target: Target) -> Option<Vec<String>> {
        // An own command that is the same everywhere belongs into the image; one with variables, into the compose file.
        if let Some(command) = kind.command.iter().find(|command| member.holds(command.when.as_deref(), target)) {
            // Where nothing reloads, what a development script needs is nobody's business.
            if target == Target::Development && member.target == Target::Production {
                return Some(self.quietly(|this| this.command_words(member, command)).unwrap_or_default());
            }
            return self.command_words(member, command);
        }
        if member.service.command.is_some() {
            return Some(Vec::new());
        }
        if member.is_illegible {
            return None;
        }
        let message = format!("nothing says what `{}` runs", member.name);
        let help = match kind.name.as_str() {
            "node" => "set `main` in package.json, or write `command` here".to_owned(),
            _ => "write `command`".to_owned(),
        };
        let missing = member.path().key("command");
        self.problem(member.path(), ProblemKind::Incomplete { message, help, missing });
        None
    }

    fn command_words(&mut self, member: &Member<'a>, command: &Command) -> Option<Vec<String>> {
        match &command.run {
            Words::Words(words) => words.iter().map(|word| self.kind_literal(member, word)).collect(),
            Words::Text(text) => {
                let text = self.kind_literal(member, text)?;
                self.split(&text, &member.path().key("source"))
            }
        }
    }

    /// A text of the kind that must be known now: nothing in a Dockerfile waits for an operator.
    fn kind_literal(&mut self, member: &Member<'a>, raw: &str) -> Option<String> {
        self.kind_text(member, raw).text.as_literal().map(str::to_owned)
    }

    fn build_commands(&mut self, member: &Member<'a>, kind: &Kind) -> Vec<String> {
        if let Some(written) = &member.service.build {
            return written.clone();
        }
        let found = kind.build.iter().find(|command| member.holds(command.when.as_deref(), member.target));
        found.and_then(|command| self.command_words(member, command)).unwrap_or_default()
    }

    fn before_start(&mut self, member: &Member<'a>) -> Vec<BeforeStart> {
        let place = member.path().key("before-start");
        let mut steps = Vec::new();
        for (index, step) in member.service.before_start.iter().flatten().enumerate() {
            let (run, fatal) = match step {
                WrittenStep::Run(run) => (run, true),
                WrittenStep::Table(table) => (&table.run, table.on_failure.unwrap_or_default() == OnFailure::Stop),
            };
            let place = place.index(index);
            let known = self.notes.problems.len();
            let text = self.text(run, At::manifest(&place, Some(member.name))).text;
            let Some(text) = text.as_literal().map(str::to_owned) else {
                // What does not resolve is told already.
                if self.notes.problems.len() == known {
                    self.problem(place, ProblemKind::Command(CommandFlaw::OperatorVariable));
                }
                continue;
            };
            if let Some(run) = self.split(&text, &place) {
                steps.push(BeforeStart { run, fatal });
            }
        }
        steps
    }

    fn facts(member: &Member<'a>, kind: &Kind) -> BTreeMap<String, String> {
        let options = kind.options.keys().chain(kind.detect.keys());
        let mut facts = BTreeMap::new();
        for name in options {
            let value = member
                .service
                .options
                .get(name)
                .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            if let Some(value) = value.or_else(|| member.facts.get(name).cloned()) {
                facts.insert(name.replace('-', "_"), value);
            }
        }
        facts
    }

    fn files(&mut self, member: &Member<'a>, kind: &Kind) -> Vec<RecipeFile> {
        let wanted = kind.files.iter().filter(|file| member.holds(file.when.as_deref(), member.target));
        wanted
            .filter_map(|file| {
                let path = clean_path(&self.kind_literal(member, &file.path)?)?;
                Some(RecipeFile { template: file.template.clone(), path, executable: file.executable })
            })
            .collect()
    }

    /// What `docker compose watch` does for the service.
    pub(super) fn watch(member: &Member<'a>, build: Option<&Build>) -> Vec<WatchRule> {
        let (Some(build), Target::Development) = (build, member.target) else { return Vec::new() };
        let Some(watch) = member.kind.and_then(|kind| kind.watch.as_ref()) else { return Vec::new() };
        let path = |file: &str| format!("{}/{file}", build.context);
        let sync = watch.sync.iter().chain(member.service.include.iter().flatten()).map(|file| WatchRule {
            path: path(file),
            sync_to: Some(format!("/app/{file}")),
            ignore: watch.ignore.clone(),
        });
        let rebuild =
            watch.rebuild.iter().map(|file| WatchRule { path: path(file), sync_to: None, ignore: Vec::new() });
        sync.chain(rebuild).collect()
    }
}

pub(super) fn user_text(user: &crate::manifest::types::UserId) -> String {
    match user {
        crate::manifest::unions::IntOrString::Int(id) => format!("{id}:{id}"),
        crate::manifest::unions::IntOrString::Text(text) => text.clone(),
    }
}

/// The words of a `command` as written, before they are resolved.
pub(super) fn written_words(command: &OneOrMany) -> Result<Vec<String>, CommandFlaw> {
    match command {
        OneOrMany::One(text) => split(text),
        OneOrMany::Many(words) if words.is_empty() => Err(CommandFlaw::Empty),
        OneOrMany::Many(words) => Ok(words.clone()),
    }
}

/// The directories on which volumes are mounted, so that the image can make them and give them to its user.
fn directories(mounts: &[PlannedMount]) -> Vec<String> {
    let writable = mounts.iter().filter(|mount| !mount.mount.is_read_only());
    writable
        .filter(|mount| !matches!(mount.mount.source, Source::Bind(_)))
        .map(|mount| mount.mount.target.clone())
        .collect()
}

/// A path without `.` and doubled slashes; none where it leads out, or is absolute.
pub(super) fn clean_path(path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains('\\') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// `path` (relative to services.toml) as seen from the directory `from`: begins with `.`, as Compose wants it.
pub(super) fn relative(from: &str, path: &str) -> String {
    let from: Vec<&str> = from.split('/').filter(|part| !part.is_empty()).collect();
    let mut to: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !matches!(*part, "" | ".")) {
        match (part, to.last()) {
            ("..", Some(last)) if *last != ".." => {
                to.pop();
            }
            _ => to.push(part),
        }
    }
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let mut parts = vec![".."; from.len() - shared];
    parts.extend(&to[shared..]);
    if parts.first() == Some(&"..") { parts.join("/") } else { [&["."], parts.as_slice()].concat().join("/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_and_never_lead_out() {
        assert_eq!(clean_path("./a//b/../c").as_deref(), Some("a/c"));
        assert_eq!(clean_path("a/../../b"), None);
        assert_eq!(clean_path("/a"), None);
    }

    #[test]
    fn a_path_as_another_directory_sees_it() {
        assert_eq!(relative("", "api"), "./api");
        assert_eq!(relative("examples/voice", "examples/voice/api"), "./api");
        assert_eq!(relative("deploy", "api"), "../api");
        assert_eq!(relative("", ""), ".");
        assert_eq!(relative("deploy", "../other"), "../../other");
        assert_eq!(relative("deploy", "./deploy/a/../b"), "./b");
    }

    #[test]
    fn a_command_is_words_and_no_shell() {
        assert_eq!(split("node 'a b.js' --x").unwrap(), ["node", "a b.js", "--x"]);
        for text in ["a && b", "X=1 a", "a 'b", "", "a | b"] {
            assert!(split(text).is_err(), "{text}");
        }
    }
}
