//! The probes that somebody wrote, in services.toml or in a Dockerfile, for the rules about them.

use super::{Context, Rule};
use crate::compose::image::UNKNOWN;
use crate::diagnostics::{Finding, Label, Severity};
use crate::dockerfile::{Health, Instruction};
use crate::manifest::unions::Toggle;
use crate::plan::{Plan, Raw, Service};
use crate::probe::{Command, Script};
use crate::sources::Written;

/// A probe that somebody wrote.
pub(super) struct AskedProbe<'a> {
    pub(super) plan: &'a Plan,
    pub(super) service: &'a Service,
    /// What it does.
    pub(super) script: Script,
    /// The shell that reads it.
    shell: Option<String>,
    place: Where<'a>,
}

/// Where a probe stands.
enum Where<'a> {
    /// In services.toml.
    Manifest,
    /// In the Dockerfile that the service is built with.
    Dockerfile(&'a Written, &'a Instruction),
}

impl<'a> AskedProbe<'a> {
    /// The instruction, where it stands in a Dockerfile.
    pub(super) fn instruction(&self) -> Option<(&'a Written, &'a Instruction)> {
        match self.place {
            Where::Manifest => None,
            Where::Dockerfile(written, instruction) => Some((written, instruction)),
        }
    }

    /// The programs that are started: where a shell starts them, the shell as well.
    pub(super) fn programs(&self) -> Vec<&str> {
        let shell = self.shell.as_deref().into_iter();
        shell.chain(self.script.commands.iter().map(Command::program)).collect()
    }

    /// A finding about it, where it stands.
    pub(super) fn finding(
        &self,
        context: &Context<'_>,
        rule: &Rule,
        severity: Severity,
        message: String,
        label: &str,
    ) -> Finding {
        match self.place {
            Where::Manifest => {
                let place = context.origin_of(self.plan, &self.service.name, "health", &["healthcheck", "test"]);
                Finding::new(rule.id, severity, message, Label::value(Some(&self.plan.environment), place, label))
            }
            Where::Dockerfile(written, instruction) => {
                let built = (self.plan, self.service, written);
                context.in_dockerfile(rule, severity, built, message, (instruction.span.clone(), label))
            }
        }
    }
}

/// Every probe that somebody wrote and that can be read: of each service the one that is asked.
pub(super) fn all<'a>(context: &Context<'a>) -> Vec<AskedProbe<'a>> {
    let mut found = Vec::new();
    for plan in context.plans {
        for service in plan.services.values() {
            found.extend(of_service(context, plan, service));
        }
    }
    found
}

fn of_service<'a>(context: &Context<'a>, plan: &'a Plan, service: &'a Service) -> Option<AskedProbe<'a>> {
    if let Some(probe) = &service.health {
        let written = context.manifest(plan)?.services.get(&service.name)?;
        let is_written = written.health.as_ref().and_then(Toggle::on).is_some() && service.health_path.is_none();
        if !(is_written || written.compose.contains_key("healthcheck")) {
            return None;
        }
        let words: Vec<String> = probe.command.iter().map(|word| word.with_unknown(UNKNOWN)).collect();
        let script = Script::of(&words)?;
        let shell = words.first().filter(|first| script.commands[0].words.first() != Some(*first)).cloned();
        return Some(AskedProbe { plan, service, script, shell, place: Where::Manifest });
    }
    let (written, instruction) = of_image(context, plan, service)?;
    let script = script_of(instruction)?;
    let shell = match instruction.exec() {
        Some(words) => {
            words.first().filter(|first| script.commands[0].words.first().map(String::as_str) != Some(**first)).copied()
        }
        None => Some("sh"),
    };
    let shell = shell.map(str::to_owned);
    Some(AskedProbe { plan, service, script, shell, place: Where::Dockerfile(written, instruction) })
}

/// What a `HEALTHCHECK` does.
pub(super) fn script_of(instruction: &Instruction) -> Option<Script> {
    match instruction.exec() {
        Some(words) => Script::of(&words.into_iter().map(str::to_owned).collect::<Vec<_>>()),
        None => Script::of_shell(&instruction.shell()?.text),
    }
}

/// The probe that a service has from its image alone, where that is built with a Dockerfile that can be read.
pub(super) fn of_image<'a>(
    context: &Context<'a>,
    plan: &Plan,
    service: &Service,
) -> Option<(&'a Written, &'a Instruction)> {
    let is_passed = service.passthrough.get("healthcheck").and_then(Option::as_ref).is_some_and(|raw| !is_empty(raw));
    if service.health.is_some() || is_passed {
        return None;
    }
    let written = context.sources.written(plan, service).filter(|written| !written.file.is_foreign())?;
    let target = service.build.as_ref()?.target.as_deref();
    match written.file.health(target, &service.build_arguments())? {
        Health::Command(instruction) => Some((written, instruction)),
        Health::None(_) => None,
    }
}

fn is_empty(raw: &Raw) -> bool {
    raw.as_map().is_some_and(indexmap::IndexMap::is_empty)
}
