//! `healthcheck-tool`: see [`RULE`].

pub(super) mod images;

use super::probes::{self, AskedProbe};
use super::{Context, Rule};
use crate::compose::image::UNKNOWN;
use crate::diagnostics::{Finding, Label, Severity};
use crate::dockerfile::{Instruction, Keyword};
use crate::manifest::types::Service as Written;
use crate::manifest::unions::{Health, Toggle};
use crate::plan::{Plan, ProblemKind, Service};
use crate::probe::Join;
use crate::source::KeyPath;

/// A probe that the image has no tool for.
pub(super) static RULE: Rule = Rule {
    id: "healthcheck-tool",
    severity: Severity::Error,
    summary: "a probe that the image has no tool for",
    docs: "\
A service has a health *path*, and stackgen does not know of any program in its image that could ask for it; or its own
command starts a program that the image which is built for it does not have: `curl` and `wget` are in no slim image. The
same is true of the `HEALTHCHECK` of a Dockerfile that somebody wrote, and of official images that are run as they are: the
slim ones of Node.js and Python, Debian, Alpine (no `curl`, no `bash`), distroless and `scratch` (no shell).

**Why it breaks.** A health check runs inside of the container, with what the image has. Kinds that are built know
their own tool (a `node` image asks with `node -e`); of a plain image nothing is known, and `curl` is missing from most.

**How it shows.** The probe fails each time with `executable file not found in $PATH`, the container becomes
`unhealthy`, Traefik does not route to it, and what depends on it never starts: `dependency failed to start: container …
is unhealthy`.

```toml
[services.whoami]
image = \"traefik/whoami:v1.11\"
port = 80
health = \"/health\"                                                        # bad: nothing in the image can ask

[services.api]
kind = \"python\"
version = \"3.13\"
source = \"api\"
app = \"main:app\"
port = 8000
health = \"curl --fail http://127.0.0.1:8000/health\"                        # bad: no curl in there; `/health` is enough

[services.docs]
image = \"nginx:1.27-alpine\"
port = 80
health = [\"wget\", \"-q\", \"--spider\", \"http://127.0.0.1:80/health\"]        # good: Alpine has wget
```

**Fix.** Write the command that this image has, in exec form; it must exit with 0 when the service is well. Leave
`health` out where there is none, for example in an image that holds a single binary.

**Source.** Dockerfile reference, \"HEALTHCHECK\": the command is run inside of the container; Traefik docs, Docker
provider: containers that are not healthy are left out.
",
    can_be_allowed: false,
    judges_text: false,
    check,
};

/// Shells, whose `-c` is followed by a text in which programs are named.
const SHELLS: [&str; 4] = ["sh", "bash", "/bin/sh", "/bin/bash"];

/// What stands between two commands of such a text.
const BETWEEN: [&str; 5] = ["&&", "||", "|", ";", "!"];

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        findings.extend(plan.services.values().filter_map(|service| missing(context, plan, service)));
    }
    findings.extend(probes::all(context).iter().filter_map(|probe| missing_from_base(context, probe)));
    for (plan, problem) in context.problems() {
        let Some(name) = problem.path.key_at(1).filter(|_| problem.kind == ProblemKind::NoProbeTool) else { continue };
        if Context::is_blank(plan, name) {
            continue;
        }
        let Some(service) = context.manifest(plan).and_then(|manifest| manifest.services.get(name)) else { continue };
        let environment = Some(plan.environment.as_str());
        let place = match service.health.as_ref().and_then(Toggle::on) {
            Some(Health::Table(_)) => problem.path.key("path"),
            _ => problem.path.clone(),
        };
        let own = plan.services.get(name);
        let port = own.and_then(|service| service.port).map_or_else(|| "<port>".to_owned(), |port| port.to_string());
        let path = asked_path(service).unwrap_or("/…");
        let url = format!("http://127.0.0.1:{port}{path}");
        let image = own.and_then(|own| base_of(context, plan, own)).map(|base| base.image);
        let command = image.as_ref().and_then(|image| images::asking(image, &url));
        let command = match (command, image) {
            (Some(command), _) => format!("write what it can run, `health = {command}`"),
            (None, Some(image)) if images::lacks(&image, "wget").is_some() => {
                "bring a program that can ask into the image, and write its command".to_owned()
            }
            _ => format!(
                "write a command that the image has, such as `health = [\"wget\", \"-q\", \"--spider\", \"{url}\"]`"
            ),
        };
        let (runs, says, help) = match &service.kind {
            Some(kind) => (
                "kind",
                format!("a `{kind}` image has no tool for it"),
                "leave `health` out for the probe of the kind, or write a command that the image has".to_owned(),
            ),
            None => (
                "image",
                "no `kind` says how to ask in this image".to_owned(),
                format!("{command}, or leave `health` out"),
            ),
        };
        let message = format!("nothing in the image of `{name}` is known to be able to ask for the health path");
        let primary = Label::value(environment, place, "this path cannot be asked for");
        let image = Label::value(environment, KeyPath::of(["services", name, runs]), says);
        findings.push(Finding::new(RULE.id, RULE.severity, message, primary).with(image).help(help));
    }
}

/// A program that the probe of a built service starts, and that its image does not have.
fn missing(context: &Context<'_>, plan: &Plan, service: &Service) -> Option<Finding> {
    let recipe = service.build.as_ref()?.recipe.as_ref()?;
    let kind = context.read.kinds.get(&recipe.kind)?;
    // A word that only an operator knows is no program that is known.
    let command = &service.health.as_ref()?.command;
    let words: Vec<String> = command.iter().map(|word| word.with_defaults().unwrap_or_default()).collect();
    let brought = |packages: &Vec<String>| packages.iter().any(|package| recipe.packages.contains(package));
    let (program, packages) = programs(&words).into_iter().find_map(|program| {
        let packages = kind.lacks.get(&program).filter(|packages| !brought(packages))?;
        Some((program, packages))
    })?;
    let environment = Some(plan.environment.as_str());
    let place = context.origin_of(plan, &service.name, "health", &["healthcheck", "test"]);
    let primary = Label::value(environment, place, format!("the probe starts `{program}`"));
    let says = format!("a `{}` image has no `{program}`", kind.name);
    let image = Label::value(environment, service.origin().key("kind"), says);
    let package = packages.first()?;
    let help = format!(
        "let the kind ask: `health = \"/the/path\"`; or bring the program into the image: `packages = [\"{package}\"]`"
    );
    let message = format!("the probe of `{}` starts `{program}`, which is not in its image", service.name);
    let finding = Finding::new(RULE.id, RULE.severity, message, primary);
    let finding = if service.kind.as_ref() == Some(&kind.name) { finding.with(image) } else { finding };
    Some(finding.help(help))
}

/// A program that the probe of a service starts, and that the image which somebody else made does not have: the one that
/// the Dockerfile starts from, without anything that would bring it along; or the one that is run as it is.
fn missing_from_base(context: &Context<'_>, probe: &AskedProbe<'_>) -> Option<Finding> {
    let (plan, service) = (probe.plan, probe.service);
    let Base { image, brought, place } = base_of(context, plan, service)?;
    let is_brought = |program: &str| {
        let names: &[&str] = match program {
            "pgrep" | "ps" => &["procps"],
            "nc" => &["netcat", "nmap"],
            _ => &[],
        };
        brought.iter().any(|text| text.contains(program) || names.iter().any(|name| text.contains(name)))
    };
    // Behind `||` something else may be there.
    if probe.script.commands.iter().any(|command| command.join == Join::Or && command.program() != "exit") {
        return None;
    }
    let missing = |program: &str| {
        let lacking = images::lacks(&image, program).filter(|_| !program.contains('/') && !is_brought(program))?;
        Some((program.to_owned(), lacking))
    };
    // Where there is no shell, a program of one's own is there all the same.
    let is_bare = |lacking: &images::Lacking| lacking.install.is_none();
    let programs = probe.programs().into_iter().filter_map(missing);
    let (program, lacking) =
        programs.into_iter().find(|(program, lacking)| !is_bare(lacking) || TOOLS.contains(&program.as_str()))?;
    let message = match probe.instruction() {
        Some(_) => format!("this probe starts `{program}`, which is not in the image"),
        None => format!("the probe of `{}` starts `{program}`, which is not in its image", service.name),
    };
    let label = format!("starts `{program}`");
    // The address that the probe asks, where it names one.
    let mut words = probe.script.commands.iter().flat_map(|command| &command.words);
    let is_plain =
        |word: &&String| word.starts_with("http") && word.contains("://") && !word.contains(['"', '\'', '\\']);
    let url = words.find(is_plain);
    let asking = url.and_then(|url| images::asking(&image, url)).map(|command| match probe.instruction() {
        Some(_) => format!("`HEALTHCHECK CMD {command}`"),
        None => format!("`health = {command}`"),
    });
    let image = image.replace(UNKNOWN, "…");
    let help = match lacking.install {
        Some(install) => {
            let what = match asking {
                Some(command) => format!("ask with what it has, {command}"),
                None => "write a command that it has".to_owned(),
            };
            let bring = format!(", or bring `{program}` along: `RUN {install}`");
            let bring = if service.build.is_some() { bring.as_str() } else { "" };
            format!("`{image}` has no `{program}`: {what}{bring}")
        }
        None => format!("`{image}` has no `{program}`, and no shell: ask with the program itself, or not at all"),
    };
    let finding = probe.finding(context, &RULE, RULE.severity, message, &label);
    Some(finding.with(place).help(help))
}

/// The image that a service runs in the end, or that its Dockerfile starts from.
struct Base<'c> {
    image: String,
    /// What the Dockerfile does to it.
    brought: Vec<&'c str>,
    place: Label,
}

fn base_of<'c>(context: &Context<'c>, plan: &Plan, service: &Service) -> Option<Base<'c>> {
    match (&service.build, context.sources.written(plan, service)) {
        (Some(build), Some(written)) => {
            let file = &written.file;
            let arguments = service.build_arguments();
            let stage = file.target(build.target.as_deref()).filter(|_| file.flaws.is_empty() && !file.is_foreign())?;
            let values = file.global_arguments(&arguments);
            let mut at = stage;
            while let Some(below) = file.base_of(at, &values) {
                at = below;
            }
            let base = &file.stages[at];
            let brought = file.inherited(stage, &arguments).into_iter().map(text_of).collect();
            let place = Label::within(&written.path, base.base.span.clone(), "the image starts from this");
            Some(Base { image: file.base(base, &values)?, brought, place })
        }
        (None, None) => {
            let place = context.origin_of(plan, &service.name, "image", &["image"]);
            let place = Label::value(Some(&plan.environment), place, "runs this image");
            Some(Base { image: service.image.as_ref()?.with_unknown(UNKNOWN), brought: Vec::new(), place })
        }
        _ => None,
    }
}

/// The path that `health` names.
fn asked_path(service: &Written) -> Option<&str> {
    match service.health.as_ref().and_then(Toggle::on)? {
        Health::Text(text) => Some(text.as_str()),
        Health::Table(table) => table.path.as_deref(),
        Health::Command(_) => None,
    }
    .filter(|path| path.starts_with('/'))
}

/// What a bare image is known not to have.
const TOOLS: [&str; 8] = ["sh", "bash", "curl", "wget", "nc", "test", "pgrep", "ps"];

/// What an instruction does, with the here-documents of its shell left aside.
fn text_of(instruction: &Instruction) -> &str {
    match instruction.keyword {
        Keyword::Run | Keyword::Copy | Keyword::Add => &instruction.text.text,
        _ => "",
    }
}

/// The programs that a command starts: its first word, and where that is a shell, the first word of each command in its
/// text.
fn programs(words: &[String]) -> Vec<String> {
    let of_shell = match words {
        [shell, flag, text, ..] if SHELLS.contains(&shell.as_str()) && flag.starts_with('-') && flag.ends_with('c') => {
            shlex::split(&text.replace(';', " ; "))
        }
        _ => None,
    };
    let all = of_shell.unwrap_or_else(|| words.iter().take(1).cloned().collect());
    let starts = |index: usize| index == 0 || BETWEEN.contains(&all[index - 1].as_str());
    (0..all.len()).filter(|index| starts(*index)).map(|index| all[index].clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str]) -> Vec<String> {
        programs(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn programs_are_first_words_also_in_a_shell() {
        assert_eq!(of(&["curl", "-f", "http://127.0.0.1"]), ["curl"]);
        assert_eq!(of(&["sh", "-c", "curl -f http://x || exit 1"]), ["curl", "exit"]);
        assert_eq!(of(&["/bin/bash", "-ec", "test -e x; ! wget x | grep 'curl y'"]), ["test", "!", "wget", "grep"]);
        assert_eq!(of(&["sh", "probe.sh"]), ["sh"]);
        assert_eq!(of(&[]), [""; 0]);
    }
}
