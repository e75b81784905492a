//! What a Dockerfile asks for and cannot get.

use std::collections::BTreeMap;
use std::ops::Range;

use super::super::Context;
use super::RULE;
use crate::compose::image;
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::dockerfile::stages::PLATFORM;
use crate::dockerfile::{self, Dockerfile, FLAGS, FlawKind, Keyword};
use crate::plan::{Plan, Service};
use crate::sources::Written;

pub(super) fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for service in plan.services.values() {
            findings.extend(missing(context, plan, service));
        }
    }
    for built in context.written_dockerfiles() {
        Judge { context, built, findings: &mut *findings }.all();
    }
}

/// A context or a Dockerfile that `compose` names, and that is not there.
fn missing(context: &Context<'_>, plan: &Plan, service: &Service) -> Option<Finding> {
    let passed = service.passthrough.get("build")?.as_ref()?;
    let place = service.build_place(&plan.output)?;
    let key = |name: &str| {
        let build = service.origin().key("compose").key("build");
        if passed.as_map().is_some_and(|keys| keys.contains_key(name)) { build.key(name) } else { build }
    };
    let environment = Some(plan.environment.as_str());
    if !context.sources.build_context(&place)?.exists {
        let message = format!("there is no directory `{}` to build `{}` in", place.context, service.name);
        let label = Label::value(environment, key("context"), "no such directory");
        let help = "create it, or correct the path: in `compose` it is relative to the compose file";
        return Some(Finding::new(RULE.id, RULE.severity, message, label).help(help));
    }
    let recipe = service.build.as_ref().and_then(|build| build.recipe.as_ref());
    let is_generated = recipe.is_some_and(|recipe| recipe.files.iter().any(|file| file.path == place.dockerfile));
    if is_generated || context.sources.written(plan, service).is_some() {
        return None;
    }
    let message = format!("there is no file `{}` to build `{}` with", place.dockerfile, service.name);
    let label = Label::value(environment, key("dockerfile"), "no Dockerfile there");
    let help = "write it there, or correct the path: it is relative to the build context";
    Some(Finding::new(RULE.id, RULE.severity, message, label).help(help))
}

struct Judge<'c, 'f> {
    context: &'c Context<'c>,
    built: (&'c Plan, &'c Service, &'c Written),
    findings: &'f mut Vec<Finding>,
}

impl Judge<'_, '_> {
    fn all(&mut self) {
        let (_, service, written) = self.built;
        let file = &written.file;
        for flaw in &file.flaws {
            let (message, label, help) = said(file, flaw.range.clone(), &flaw.kind);
            self.say(Severity::Error, message, flaw.range.clone(), label, help);
        }
        // What stands around a mistake may mean something else.
        if !file.flaws.is_empty() {
            return;
        }
        let arguments = service.build_arguments();
        let target = service.build.as_ref().and_then(|build| build.target.as_deref());
        let Some(last) = file.target(target) else {
            self.no_target(target.unwrap_or_default());
            return;
        };
        let values = file.global_arguments(&arguments);
        let contexts = service.build_contexts();
        for (index, _) in file.needed(last, &arguments).into_iter().enumerate().filter(|(_, needed)| *needed) {
            self.base(index, &values, &contexts);
            for instruction in &file.instructions[file.stages[index].body.clone()] {
                for (name, range) in instruction.origins() {
                    self.origin(&name, range, index, &contexts);
                }
            }
        }
    }

    fn say(&mut self, severity: Severity, message: String, range: Range<usize>, label: &str, help: String) {
        let finding = self.context.in_dockerfile(&RULE, severity, self.built, message, (range, label));
        self.findings.push(finding.help(help));
    }

    /// A stage that `compose` names; that of `target` is told by the plan.
    fn no_target(&mut self, target: &str) {
        let (plan, service, written) = self.built;
        let Some(passed) = service.passthrough.get("build").and_then(Option::as_ref) else { return };
        if passed.as_map().is_none_or(|keys| !keys.contains_key("target")) {
            return;
        }
        let place = service.origin().key("compose").key("build").key("target");
        let label = Label::value(Some(&plan.environment), place, "no such stage");
        let message = format!("`{}` has no stage `{target}`", written.path);
        let names = written.file.stage_names();
        let help = if names.is_empty() {
            "it names none: write `FROM … AS name`, or remove `target`".to_owned()
        } else {
            format!("it has {}", words::names(&names))
        };
        self.findings.push(Finding::new(RULE.id, RULE.severity, message, label).help(help));
    }

    /// What a stage starts from.
    fn base(&mut self, index: usize, values: &BTreeMap<String, Option<String>>, contexts: &[String]) {
        let (_, _, written) = self.built;
        let file = &written.file;
        let stage = &file.stages[index];
        let base = file.base(stage, values);
        let is_one = base.as_deref().is_some_and(|base| image::parse(base).is_ok());
        let used = dockerfile::variables(&stage.base.text, file.escape);
        let hole = used.into_iter().find(|variable| {
            let is_unset = values.get(&variable.name).is_none_or(Option::is_none);
            let is_declared = values.contains_key(&variable.name);
            is_unset
                && !variable.has_default
                && !PLATFORM.contains(&variable.name.as_str())
                && (!is_declared || !is_one)
        });
        if let Some(variable) = hole {
            let name = &variable.name;
            let (message, help) = if values.contains_key(name) {
                let message = format!("`{name}` has no value where `{}` begins", stage.base.text);
                (message, format!("give it a default, `ARG {name}=…`, or pass it: `build-env = {{ {name} = \"…\" }}`"))
            } else {
                let message = format!("nothing declares `{name}` before the first `FROM`: it is empty here");
                (message, format!("write `ARG {name}=…` above the first `FROM`; one below belongs to that stage alone"))
            };
            let severity = if is_one { Severity::Warning } else { Severity::Error };
            let label = if is_one { "another image than it looks like" } else { "not a name then" };
            self.say(severity, message, stage.base.span.clone(), label, help);
            return;
        }
        let Some(base) = base else { return };
        let is_name = file.named(&base, index).is_some() || contexts.contains(&base);
        if let Some(later) = file.named(&base, file.stages.len()).filter(|_| !is_name) {
            self.late(&base, stage.base.span.clone(), later);
        }
    }

    /// What files are taken from.
    fn origin(&mut self, name: &str, range: Range<usize>, index: usize, contexts: &[String]) {
        let (_, _, written) = self.built;
        let file = &written.file;
        if name.contains('$') {
            let message = format!("`{name}` is taken as it is: no variable is replaced there");
            let help = "write `FROM … AS name` with the variable, and `--from=name` here".to_owned();
            self.say(Severity::Error, message, range, "no stage", help);
            return;
        }
        if file.source(name, index).is_some() || contexts.iter().any(|known| known == name) {
            return;
        }
        if let Some(later) = file.named(name, file.stages.len()) {
            self.late(name, range, later);
            return;
        }
        if name.bytes().all(|byte| byte.is_ascii_digit()) {
            let message = format!("there is no stage {name} above this one: they are counted from 0");
            let help = "give the stage a name: `FROM … AS build`, and `--from=build`".to_owned();
            self.say(Severity::Error, message, range, "no such stage", help);
            return;
        }
        if let Some(meant) = file.meant(name, index) {
            let message = format!("there is no stage `{name}`: an image of that name would be pulled");
            self.say(Severity::Error, message, range, "no such stage", format!("write `{meant}`"));
        }
    }

    fn late(&mut self, name: &str, range: Range<usize>, later: usize) {
        let (_, _, written) = self.built;
        let own = &written.file.stages[later];
        let message = format!("the stage `{name}` stands further down: only stages above can be used");
        let help = format!("move `{name}` up");
        let label = own.name.as_ref().map(|name| Label::within(&written.path, name.span.clone(), "here it is"));
        let finding = self.context.in_dockerfile(&RULE, RULE.severity, self.built, message, (range, "not there yet"));
        self.findings.push(finding.with_all(label).help(help));
    }
}

/// What there is to say of something that the builder does not take: the message, the label, and the help.
fn said(file: &Dockerfile, range: Range<usize>, kind: &FlawKind) -> (String, &'static str, String) {
    let keyword = file
        .instructions
        .iter()
        .flat_map(|one| [Some(one), one.on_build.as_deref()])
        .flatten()
        .find(|one| one.span == range || one.name == range)
        .map_or(Keyword::Unknown, |one| one.keyword);
    let name = keyword.name();
    match kind {
        FlawKind::Unknown { name } => {
            let message = format!("`{name}` is no instruction of a Dockerfile");
            let all = KEYWORDS.iter().copied();
            let help = words::nearest(name, all).map_or_else(
                || "remove the line, or write `\\` at the end of the one before it if it belongs there".to_owned(),
                |meant| format!("did you mean `{meant}`?"),
            );
            (message, "no such instruction", help)
        }
        FlawKind::Lacking => (format!("`{name}` lacks what it is about"), "too little", usage(keyword)),
        FlawKind::Arguments => (format!("`{name}` cannot be followed by this"), "not taken", usage(keyword)),
        FlawKind::Flag { name: flag } => {
            let owner = file.instructions.iter().find(|one| one.flags.iter().any(|flag| flag.span == range));
            let keyword = owner.map_or(Keyword::Unknown, |one| one.keyword);
            let known: Vec<&str> =
                FLAGS.iter().filter(|(owner, ..)| *owner == keyword).map(|(_, name, _)| *name).collect();
            if known.contains(&flag.as_str()) {
                let message = format!("`--{flag}` lacks its value");
                return (message, "no value", format!("write `--{flag}=…`"));
            }
            let help = match words::nearest(flag, known.iter().copied()) {
                Some(meant) => format!("did you mean `--{meant}`?"),
                None if known.is_empty() => format!("`{}` has no flags", keyword.name()),
                None => {
                    let flags: Vec<String> = known.iter().map(|name| format!("`--{name}`")).collect();
                    format!("it has {}", words::and(&flags))
                }
            };
            (format!("`{}` has no flag `--{flag}`", keyword.name()), "not taken", help)
        }
        FlawKind::BeforeFrom => (
            format!("`{name}` stands before the first `FROM`"),
            "in no stage",
            "begin with `FROM`; only `ARG` can stand before it".to_owned(),
        ),
        FlawKind::StageName { name } => (
            format!("`{name}` cannot be the name of a stage"),
            "no name",
            "begin with a letter; then letters, digits, `-`, `_` and `.`".to_owned(),
        ),
        FlawKind::Unterminated { name } => (
            format!("nothing ends the here-document `{name}`"),
            "open until the end of the file",
            format!("write `{name}` on a line of its own behind it"),
        ),
        FlawKind::RepeatedDirective { name } => (
            format!("the parser directive `{name}` stands there twice"),
            "the second one",
            "remove one of them".to_owned(),
        ),
        FlawKind::Escape => (
            "the escape character is `\\` or a backtick".to_owned(),
            "neither",
            "remove the line, or write one of them".to_owned(),
        ),
        FlawKind::Empty => (
            "there is no instruction in the Dockerfile".to_owned(),
            "empty",
            "begin with `FROM`, or remove `dockerfile` to have one generated".to_owned(),
        ),
    }
}

const KEYWORDS: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// How an instruction is written.
fn usage(keyword: Keyword) -> String {
    let form = match keyword {
        Keyword::From => "FROM image:tag AS name",
        Keyword::Copy => "COPY source /destination/",
        Keyword::Add => "ADD source /destination/",
        Keyword::Healthcheck => "HEALTHCHECK CMD [\"program\", \"argument\"]` or `HEALTHCHECK NONE",
        Keyword::Shell => "SHELL [\"/bin/bash\", \"-c\"]",
        Keyword::Env => "ENV NAME=value OTHER=\"two words\"",
        Keyword::Label => "LABEL name=value",
        Keyword::Arg => "ARG NAME=default",
        Keyword::Expose => "EXPOSE 8080",
        Keyword::User => "USER 1000",
        Keyword::Workdir => "WORKDIR /app",
        Keyword::Volume => "VOLUME [\"/data\"]",
        Keyword::Onbuild => "ONBUILD RUN command",
        Keyword::Stopsignal => "STOPSIGNAL SIGTERM",
        Keyword::Maintainer => "LABEL org.opencontainers.image.authors=\"…\"",
        _ => return "see the Dockerfile reference".to_owned(),
    };
    format!("write `{form}`")
}
