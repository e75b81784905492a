//! How a service is built: everything that its Dockerfile says, the same in every environment.

use std::collections::BTreeMap;

use super::assembly::Assembly;
use super::command_line::flaw_of_step;
use super::member::{Frame, Member};
use super::path::{clean_path, relative};
use super::resolve::{At, Resolver};
use super::{BeforeStart, Build, CommandFlaw, PlannedMount, ProblemKind, Recipe, RecipeFile, Target};
use crate::compose::volume::{self, Mount, Source};
use crate::diagnostics::words;
use crate::dockerfile::Dockerfile;
use crate::kinds::{Command, Kind, Words};
use crate::manifest::unions::{BeforeStart as WrittenStep, OnFailure};
use crate::sources::{Found, Sources};

/// Where the program lives in a generated image.
pub(super) const WORKDIR: &str = "/app";

/// The keys that decide what is in an image.
pub(super) const OF_IMAGE: [&str; 11] = [
    "source",
    "context",
    "dockerfile",
    "target",
    "version",
    "packages",
    "build-packages",
    "include",
    "build",
    "build-env",
    "image",
];

impl Assembly<'_, '_, '_> {
    /// How the service is built, where it is.
    pub(super) fn build(&mut self, mounts: &[PlannedMount]) -> Option<Build> {
        let member = self.member;
        if let Some(first) = first_process(self.resolver.frame, self.member) {
            let (output, sources) = (self.output, self.sources);
            let is_here = self.resolver.frame.members.contains_key(first.name);
            let known = self.resolver.notes.problems.len();
            let mut first = Assembly {
                resolver: &mut *self.resolver,
                member: first,
                edges: Vec::new(),
                secrets: Vec::new(),
                output,
                sources,
            };
            let mounts = first.mounts();
            let build = first.build(&mounts);
            // A first process of this environment tells for itself what is wrong with it.
            if is_here {
                self.resolver.notes.problems.truncate(known);
            }
            let build = build?;
            let target = build.recipe.as_ref().map_or(build.target.clone(), |_| Some(member.target.name().to_owned()));
            return Some(Build { target, ..build });
        }
        let source = member.service.source.as_deref();
        if let (Some(source), Some(dockerfile)) = (source, &member.service.dockerfile) {
            return self.written_by_hand(source, dockerfile);
        }
        let kind = member.kind.filter(|kind| kind.builds())?;
        let base = kind.base.as_deref()?;
        if member.service.image.is_some() && source.is_none() {
            return None;
        }
        let source = self.resolver.source(member, Some(kind), self.sources)?;
        let context = self.context(&source)?;
        let base = self.resolver.kind_literal(member, base)?;
        let told = self.build_env();
        let mut directories = directories(mounts);
        directories.extend(self.directories_of_others());
        directories.extend(self.directories_elsewhere());
        // One Dockerfile for all environments, whichever names them first.
        directories.sort();
        directories.dedup();
        let include = self.include(&context);
        let resolver = &mut *self.resolver;
        let development = resolver.command_for(member, kind, Target::Development)?;
        let production = resolver.command_for(member, kind, Target::Production)?;
        let user = match &member.service.user {
            Some(user) => user_text(user),
            None => kind.user.as_ref().map_or("1000:1000", |user| user.of(&base)).to_owned(),
        };
        let prefix = prefix(&context, &source);
        let directory = member.service.source.as_deref().and_then(|source| self.sources.get(source));
        let recipe = Recipe {
            install: Resolver::install_inputs(member, kind, directory),
            kind: kind.name.clone(),
            version: member.service.version.clone().unwrap_or_default(),
            port: member.port,
            listeners: member.listeners.values().copied().collect(),
            build_args: told.args.keys().cloned().collect(),
            build_secrets: told.secrets.keys().cloned().collect(),
            debug_packages: resolver.debug_packages(member, kind),
            packages: packages(member, kind),
            build_packages: member.service.build_packages.clone().unwrap_or_default(),
            directories,
            include,
            before_start: resolver.before_start(member),
            build: resolver.build_commands(member, kind),
            facts: Resolver::facts(member, kind),
            files: resolver.files(member, kind),
            base,
            user,
            development,
            production,
            prefix: prefix.clone(),
        };
        Some(Build {
            context: relative(self.output, &context),
            dockerfile: (!prefix.is_empty()).then(|| format!("{prefix}Dockerfile")),
            source,
            target: Some(member.target.name().to_owned()),
            args: told.args,
            secrets: told.secrets,
            recipe: Some(recipe),
        })
    }

    /// The directories that other processes of this program mount, be it in another environment.
    fn directories_of_others(&mut self) -> Vec<String> {
        let frame = self.resolver.frame;
        let mut out = Vec::new();
        let all = frame.members.values().chain(frame.absent.values());
        for other in all.filter(|other| other.is_another_process()) {
            let (output, sources) = (self.output, self.sources);
            let mine = self.member.name;
            let mounts = self.resolver.quietly(|resolver| {
                let mut other =
                    Assembly { resolver, member: other, edges: Vec::new(), secrets: Vec::new(), output, sources };
                let is_mine = first_process(frame, other.member).is_some_and(|first| first.name == mine);
                is_mine.then(|| other.mounts())
            });
            out.extend(mounts.iter().flat_map(|mounts| directories(mounts)));
        }
        out
    }

    /// The directories on which the service and its other processes mount volumes in other environments.
    fn directories_elsewhere(&self) -> Vec<String> {
        let mine = self.member.name;
        let manifests = self.resolver.frame.environments.values();
        let services = manifests.flat_map(|manifest| &manifest.services);
        let own = services.filter(|(name, service)| *name == mine || service.extends.as_deref() == Some(mine));
        let texts = own.flat_map(|(_, service)| service.volumes.iter().flatten());
        let mounts = texts.filter_map(|text| volume::parse(text).ok());
        mounts.filter(|mount| is_for_image(mount) && !mount.target.contains('$')).map(|mount| mount.target).collect()
    }

    /// The build context, relative to services.toml: the source, or a directory above it.
    fn context(&mut self, source: &str) -> Option<String> {
        let Some(written) = &self.member.service.context else { return Some(source.to_owned()) };
        let place = self.member.path().key("context");
        let clean = clean_path(written);
        let is_above = clean.as_ref().is_some_and(|context| {
            context.is_empty()
                || source.strip_prefix(context.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        if !is_above {
            let message = format!("the source `{source}` does not lie in the build context `{written}`");
            let help = "name a directory above the source, such as `.`".to_owned();
            self.resolver.problem(place, ProblemKind::Build { message, help });
            return None;
        }
        clean
    }

    /// The further paths of the context that the image gets.
    fn include(&mut self, context: &str) -> Vec<String> {
        let place = self.member.path().key("include");
        let mut paths = Vec::new();
        for (index, written) in self.member.service.include.iter().flatten().enumerate() {
            match included(written, context, self.sources) {
                Ok(path) => paths.push(path),
                Err((message, help)) => {
                    self.resolver.problem(place.index(index), ProblemKind::Build { message, help: help.to_owned() });
                }
            }
        }
        paths
    }

    /// A build with a Dockerfile that a person keeps.
    fn written_by_hand(&mut self, source: &str, dockerfile: &str) -> Option<Build> {
        let member = self.member;
        let clean = self.resolver.source(member, None, self.sources)?;
        let context = self.context(&clean)?;
        let place = member.path().key("dockerfile");
        let path = clean_path(format!("{clean}/{dockerfile}").trim_start_matches('/'));
        let in_context = path.as_deref().and_then(|path| {
            if context.is_empty() { Some(path) } else { path.strip_prefix(context.as_str())?.strip_prefix('/') }
        });
        let Some(in_context) = in_context else {
            let message = "the Dockerfile lies outside the build context".to_owned();
            let help = "move it below the context, or name a `context` above both".to_owned();
            self.resolver.problem(place, ProblemKind::Build { message, help });
            return None;
        };
        let text = self.sources.get(source).and_then(|directory| directory.text(dockerfile));
        let Some(text) = text else {
            let message = format!("there is no file `{source}/{dockerfile}`");
            let help = "write the Dockerfile there, or remove `dockerfile` to have one generated".to_owned();
            self.resolver.problem(place, ProblemKind::Build { message, help });
            return None;
        };
        if let Some(target) = &member.service.target {
            let read = Dockerfile::parse(text);
            if !read.is_foreign() && read.target(Some(target)).is_none() {
                let stages = read.stage_names();
                let message = format!("`{source}/{dockerfile}` has no stage `{target}`");
                let help = if stages.is_empty() {
                    "it names none: write `FROM … AS name`, or remove `target`".to_owned()
                } else {
                    format!("it has {}", words::names(&stages))
                };
                self.resolver.problem(member.path().key("target"), ProblemKind::Build { message, help });
            }
        }
        let told = self.build_env();
        Some(Build {
            dockerfile: (in_context != "Dockerfile").then(|| in_context.to_owned()),
            context: relative(self.output, &context),
            source: clean,
            target: member.service.target.clone(),
            args: told.args,
            secrets: told.secrets,
            recipe: None,
        })
    }
}

/// The service whose image this one runs, where it changes nothing of it; it need not run in this environment. None
/// where the way leads in a circle, which is told elsewhere.
fn first_process<'f, 'a>(frame: &'f Frame<'a>, member: &Member<'a>) -> Option<&'f Member<'a>> {
    let mut found = None;
    let mut way = vec![member.name];
    let mut at = member.service;
    while let Some(other) = &at.extends {
        if OF_IMAGE.iter().any(|key| at.written.iter().any(|written| written == key)) {
            break;
        }
        let other = frame.anywhere(other)?;
        if way.contains(&other.name) {
            return None;
        }
        way.push(other.name);
        at = other.service;
        found = Some(other);
    }
    found
}

/// What separates or replaces parts of a path in a Dockerfile, a `.dockerignore` or a mount.
const OF_PATTERNS: &str = "*?[]{}\"'\\$#!:,`";

/// A path of the context that a build copies, or what is wrong with it.
fn included(written: &str, context: &str, sources: &Sources) -> Result<String, (String, &'static str)> {
    let name = if context.is_empty() { "." } else { context };
    let Some(path) = clean_path(written) else {
        let message = format!("`{written}` lies outside the build context `{name}`");
        return Err((message, "name a `context` above both, and the path as that sees it"));
    };
    if path.is_empty() {
        let message = format!("`{written}` is the whole build context `{name}`");
        return Err((message, "name what of it the image needs"));
    }
    if let Some(found) = path.chars().find(|c| c.is_whitespace() || c.is_control() || OF_PATTERNS.contains(*c)) {
        let message = format!("`{written}` holds {found:?}, which is no part of a name where the image is built");
        return Err((message, "name files and directories as they are, or rename them"));
    }
    let whole = clean_path(format!("{context}/{path}").trim_start_matches('/'));
    if whole.is_none_or(|whole| sources.path(&whole) == Found::Nothing) {
        let message = format!("there is no `{path}` in the build context `{name}`");
        return Err((message, "create it, or correct the path: it is relative to `context`, else to `source`"));
    }
    Ok(path)
}

/// The packages of every stage: the kind's, then the service's own.
fn packages(member: &Member<'_>, kind: &Kind) -> Vec<String> {
    let of_kind = kind.packages.iter().filter(|packages| member.holds(packages.when.as_ref(), member.target));
    let all = of_kind.flat_map(|packages| &packages.names).chain(member.service.packages.iter().flatten());
    let mut names: Vec<String> = Vec::new();
    for name in all {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// The source as its context sees it: empty, or with a `/` at its end.
fn prefix(context: &str, source: &str) -> String {
    let below = source.strip_prefix(context).unwrap_or(source).trim_start_matches('/');
    if below.is_empty() { String::new() } else { format!("{below}/") }
}

/// Where what a build leaves out is listed: at the context's root, or beside the Dockerfile where that is another place
/// (Docker docs, "Build context", "Filename and location").
pub(super) fn ignore_file(service: &crate::manifest::types::Service) -> Option<String> {
    let source = service.source.as_deref()?;
    let is_context = service.context.as_deref().is_none_or(|context| clean_path(context) == clean_path(source));
    Some(format!("{source}/{}", if is_context { ".dockerignore" } else { "Dockerfile.dockerignore" }))
}

impl<'a> Resolver<'a, '_> {
    /// What the debugger needs in the image, where it is wanted in any environment: a Dockerfile is the same in all.
    fn debug_packages(&self, member: &Member<'a>, kind: &Kind) -> Vec<String> {
        let is_wanted = self.frame.environments.values().any(|manifest| {
            let first = |name: &str| {
                let mut at = name;
                // A circle is told elsewhere.
                for _ in 0..manifest.services.len() {
                    match manifest.services.get(at).and_then(|service| service.extends.as_deref()) {
                        Some(other) if at != member.name => at = other,
                        _ => break,
                    }
                }
                at == member.name
            };
            let mut debugged = manifest.services.iter().filter(|(_, service)| service.debug.unwrap_or_default());
            debugged.any(|(name, _)| first(name))
        });
        kind.debug.as_ref().filter(|_| is_wanted).map(|debug| debug.packages.clone()).unwrap_or_default()
    }

    /// The source directory, if it holds what the kind needs.
    fn source(&mut self, member: &Member<'a>, kind: Option<&Kind>, sources: &Sources) -> Option<String> {
        let path = member.path();
        let Some(source) = &member.service.source else {
            let kind = kind.map_or("built", |kind| kind.name.as_str());
            let message = format!("a `{kind}` service is built from its source, and none is named");
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
        if let (Some(kind), Some(directory)) = (kind, directory) {
            self.check_inputs(member, kind, source, directory);
        }
        Some(clean)
    }

    /// The command of a stage: the service's own, else the kind's.
    fn command_for(&mut self, member: &Member<'a>, kind: &Kind, target: Target) -> Option<Vec<String>> {
        // An own command that is the same everywhere belongs into the image; one with variables, into the compose file.
        if let Some(words) = self.own_command(member, target) {
            return Some(words);
        }
        if let Some(command) = kind.command.iter().find(|command| member.holds(command.when.as_ref(), target)) {
            // Where nothing reloads, what a development script needs is nobody's business; nor is what an own command
            // takes the place of.
            let is_unused = target == Target::Development && member.target == Target::Production;
            if is_unused || member.service.command.is_some() {
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
        let help = kind.command_help.clone().unwrap_or_else(|| "write `command`".to_owned());
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
            let place = member.path().key("build");
            for (index, step) in written.iter().enumerate() {
                if let Some(flaw) = flaw_of_step(step) {
                    self.problem(place.index(index), ProblemKind::Command(flaw));
                }
            }
            return written.clone();
        }
        let found = kind.build.iter().find(|command| member.holds(command.when.as_ref(), member.target));
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
            let text = |value: &toml::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let written = member.service.options.get(name).map(text);
            let detected = || member.facts.get(name).cloned();
            if let Some(value) = written.or_else(detected).or_else(|| member.option(name).map(text)) {
                facts.insert(name.replace('-', "_"), value);
            }
        }
        facts
    }

    fn files(&mut self, member: &Member<'a>, kind: &Kind) -> Vec<RecipeFile> {
        let wanted = kind.files.iter().filter(|file| member.holds(file.when.as_ref(), member.target));
        wanted
            .filter_map(|file| {
                let path = clean_path(&self.kind_literal(member, file.path.as_ref()?)?)?;
                Some(RecipeFile { template: file.template.clone(), path, executable: file.executable })
            })
            .collect()
    }
}

pub(super) fn user_text(user: &crate::manifest::types::UserId) -> String {
    match user {
        crate::manifest::unions::IntOrString::Int(id) => format!("{id}:{id}"),
        crate::manifest::unions::IntOrString::Text(text) => text.clone(),
    }
}

/// The directories on which volumes are mounted, so that the image can make them and give them to its user.
fn directories(mounts: &[PlannedMount]) -> Vec<String> {
    mounts.iter().filter(|mount| is_for_image(&mount.mount)).map(|mount| mount.mount.target.clone()).collect()
}

/// Whether the image has to have the directory: a volume begins with what is there, and with its owner.
fn is_for_image(mount: &Mount) -> bool {
    !mount.is_read_only() && !matches!(mount.source, Source::Bind(_))
}
