//! `shebang-missing`: see [`RULE`].

use super::healthcheck_tool::images;
use super::{Context, Rule};
use crate::audit::{File, Language};
use crate::diagnostics::{Finding, Label, Severity};
use crate::dockerfile::Keyword;
use crate::plan::{Plan, Service};
use crate::source::KeyPath;
use crate::sources::Written;

/// A script that the kernel cannot start.
pub(super) static RULE: Rule = Rule {
    id: "shebang-missing",
    severity: Severity::Error,
    summary: "a script that a container starts has no interpreter there",
    docs: "\
The entry point, the command or a `before-start` step of a service is a script of its source, and the kernel cannot start it:
its first line names no interpreter; the line ends as lines do on Windows, so that the name of the interpreter has a character
too many; or the image has no such interpreter (`bash` in an image on Alpine, without `apk add bash`). A first line that names
none is a warning where an init process starts the script, which hands it to a shell.

**Why it breaks.** In exec form no shell is there to help: the kernel reads the first line of the file and starts what it
names.

**How it shows.** The container ends at once: `exec format error`, or `no such file or directory`, about a file that is there.

```toml
# web/docker-entrypoint.sh begins with #!/bin/bash
# web/Dockerfile: FROM node:22-alpine … ENTRYPOINT [\"./docker-entrypoint.sh\"]
[services.web]
source = \"web\"
dockerfile = \"Dockerfile\"      # bad

# web/docker-entrypoint.sh begins with #!/bin/sh
[services.web]
source = \"web\"
dockerfile = \"Dockerfile\"      # good
```

**Fix.** Begin the script with `#!/bin/sh`, and use nothing that only Bash has; or install the interpreter. Let `.gitattributes`
say `*.sh text eol=lf`.

**Source.** execve(2), \"Interpreter scripts\"; Dockerfile reference, \"ENTRYPOINT\", exec form. Tried with Docker 28.5.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for service in plan.services.values() {
            for start in starts(context, plan, service) {
                findings.extend(judge(context, plan, service, &start));
            }
        }
    }
}

/// A program that a service starts, and where that is said.
struct Start {
    program: String,
    label: Label,
    /// Whether a shell starts it, which reads what names no interpreter itself.
    by_shell: bool,
}

/// What a service starts without a shell.
fn starts(context: &Context<'_>, plan: &Plan, service: &Service) -> Vec<Start> {
    let environment = Some(plan.environment.as_str());
    let mut found = Vec::new();
    let mut take = |program: String, label: Label| found.push(Start { program, label, by_shell: false });
    let said = |key: &str| context.origin_of(plan, &service.name, key, &[key]);
    for (words, key) in [(&service.entrypoint, "entrypoint"), (&service.command, "command")] {
        // Behind an entry point the command is its argument.
        if key == "command"
            && (service.entrypoint.is_some() || service.build.as_ref().is_some_and(|build| build.recipe.is_none()))
        {
            continue;
        }
        if let Some(first) = words.as_ref().and_then(|words| words.first()?.as_literal()) {
            take(first.to_owned(), Label::value(environment, said(key), "started without a shell"));
        }
    }
    let Some(build) = &service.build else { return found };
    if let Some(recipe) = &build.recipe {
        for step in recipe.before_start.iter().filter_map(|step| step.run.first()) {
            let place = KeyPath::of(["services", &service.name, "before-start"]);
            let label = Label::value(environment, place, "started here");
            found.push(Start { program: step.clone(), label, by_shell: true });
        }
        return found;
    }
    let Some(written) = context.sources.written(plan, service).filter(|_| service.entrypoint.is_none()) else {
        return found;
    };
    let Some(stage) = written.file.target(build.target.as_deref()).filter(|_| !written.file.is_foreign()) else {
        return found;
    };
    let all = written.file.inherited(stage, &service.build_arguments());
    let last = |keyword: Keyword| all.iter().find(|instruction| instruction.keyword == keyword);
    let instruction = last(Keyword::Entrypoint).or_else(|| last(Keyword::Cmd).filter(|_| service.command.is_none()));
    if let Some(first) =
        instruction.and_then(|instruction| Some((instruction.exec()?.first()?.to_string(), instruction.span.clone())))
    {
        take(first.0, Label::within(&written.path, first.1, "started without a shell"));
    }
    found
}

fn judge(context: &Context<'_>, plan: &Plan, service: &Service, start: &Start) -> Option<Finding> {
    let (path, file) = script(context, service, &start.program)?;
    let first = file.text.split('\n').next().unwrap_or_default();
    let label = |text: &str| Label::within(&path, 0..first.trim_end_matches('\r').len().max(1), text.to_owned());
    let has_line = first.starts_with("#!");
    if !has_line && start.by_shell {
        return None;
    }
    let (message, place, help) = if !has_line {
        let message = format!("`{path}` is started without a shell, and its first line names no interpreter");
        (message, label("no `#!`"), "begin it with `#!/bin/sh`".to_owned())
    } else if first.ends_with('\r') {
        let message = format!("the lines of `{path}` end as on Windows: its interpreter is not found");
        let help = "save it with LF at the ends of its lines, and say so in .gitattributes: `*.sh text eol=lf`";
        (message, label("a carriage return stands behind this"), help.to_owned())
    } else {
        let interpreter = interpreter(first).filter(|name| matches!(*name, "sh" | "bash"))?;
        let (image, written) = base(context, plan, service)?;
        let lacking = images::lacks(&image, interpreter)?;
        let install = lacking.install;
        let brought = written.iter().flat_map(|written| &written.file.instructions);
        let is_brought = brought
            .filter(|instruction| matches!(instruction.keyword, Keyword::Run | Keyword::Copy | Keyword::Add))
            .any(|instruction| instruction.text.text.contains(interpreter));
        let packages =
            service.build.iter().filter_map(|build| build.recipe.as_ref()).flat_map(|recipe| &recipe.packages);
        if is_brought || packages.into_iter().any(|package| package == interpreter) {
            return None;
        }
        let message = format!("`{path}` is run by `{interpreter}`, which `{image}` does not have");
        let help = match install {
            Some(install) => format!("begin it with `#!/bin/sh`, or bring `{interpreter}` along: `RUN {install}`"),
            None => "begin it with what the image has".to_owned(),
        };
        (message, label("not in the image"), help)
    };
    // An init process hands what the kernel does not know to a shell.
    let severity = if !has_line && service.init { Severity::Warning } else { RULE.severity };
    let mut finding = Finding::new(RULE.id, severity, message, place).with(start.label.clone()).help(help);
    // Whoever is named beside it may allow it.
    finding = finding.with(Label::key(Some(&plan.environment), service.origin(), "starts it"));
    finding.environment = Some(plan.environment.clone());
    Some(finding)
}

/// The script of the source that a program is; none for what comes from elsewhere.
fn script<'a>(context: &'a Context<'_>, service: &Service, program: &str) -> Option<(String, &'a File)> {
    let name = program.rsplit('/').next()?;
    let is_path = program.contains('/') || name.rsplit_once('.').is_some_and(|(_, extension)| extension == "sh");
    let source = service.build.as_ref()?.source.trim_matches('/');
    let inner = program.trim_start_matches("./").trim_start_matches('/');
    let join =
        |inner: &str| if source.is_empty() || source == "." { inner.to_owned() } else { format!("{source}/{inner}") };
    let generated = service.build.iter().filter_map(|build| build.recipe.as_ref()).flat_map(|recipe| &recipe.files);
    let generated: Vec<&str> = generated.map(|file| file.path.as_str()).collect();
    let candidates = [join(inner), join(name), join(&format!("scripts/{name}")), join(&format!("docker/{name}"))];
    candidates.into_iter().filter(|path| is_path && !generated.contains(&path.as_str())).find_map(|path| {
        Some((path.clone(), context.sources.audit().file(&path).filter(|file| file.language == Language::Shell)?))
    })
}

/// The program that a first line names.
fn interpreter(line: &str) -> Option<&str> {
    let mut words = line.strip_prefix("#!")?.split_whitespace();
    let first = words.next()?.rsplit('/').next()?;
    if first == "env" { words.find(|word| !word.starts_with('-')) } else { Some(first) }
}

/// The image that a service starts from, and the Dockerfile that says so.
fn base<'a>(context: &'a Context<'_>, plan: &Plan, service: &Service) -> Option<(String, Option<&'a Written>)> {
    let build = service.build.as_ref()?;
    if let Some(recipe) = &build.recipe {
        return Some((recipe.base.clone(), None));
    }
    let written = context.sources.written(plan, service)?;
    let file = &written.file;
    let values = file.global_arguments(&service.build_arguments());
    let mut at = file.target(build.target.as_deref())?;
    while let Some(below) = file.base_of(at, &values) {
        at = below;
    }
    Some((file.base(file.stages.get(at)?, &values)?, Some(written)))
}
