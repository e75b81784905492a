//! `build-tool-dev-only`: see [`RULE`].

use super::{Context, Rule};
use crate::diagnostics::{Finding, Label, Severity};
use crate::dockerfile::installs::Simple;
use crate::plan::{Plan, Recipe, Service, Target};
use crate::sources::{Package, Written};

/// A tool that has not been installed where it is run.
pub(super) static RULE: Rule = Rule {
    id: "build-tool-dev-only",
    severity: Severity::Error,
    summary: "a tool is run where only production dependencies are installed, and it is none of them",
    docs: "\
A step of a Dockerfile runs a tool that package.json has in `devDependencies` alone, behind an installation that leaves those
out: `npm ci --omit=dev`, `pnpm install --prod`, or any installation under `NODE_ENV=production`. Or the `command` or a
`before-start` step of a service starts such a tool in the image for production; or a service that runs the image of another
one starts pnpm, which the image for production has only where its own command is pnpm's.

**Why it breaks.** The tool is not there. On a developer's machine everything is installed, so it is only the image that lacks it.

**How it shows.** `sh: 1: tsc: not found` in the build, or `Cannot find module` in a container that starts again and again.

```toml
# web/package.json: \"devDependencies\": { \"tsx\": \"^4\" }
[services.web]
kind = \"node\"
version = \"22\"
source = \"web\"
command = \"tsx src/server.ts\"      # bad: production has no tsx

[services.web]
kind = \"node\"
version = \"22\"
source = \"web\"
build = [\"npx tsc\"]                # good: built with everything, run without
command = \"node dist/server.js\"
```

**Fix.** Install everything in the stage that builds, and only what runs in the one that runs; or move the tool to
`dependencies`.

**Source.** npm docs, \"npm ci\", `omit`; pnpm docs, \"pnpm install\", `--prod`; Yarn docs, \"yarn install\", `--production`. Tried with
npm 10.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

/// Programs that are called otherwise than the packages that bring them.
const PROGRAMS: [(&str, &str); 15] = [
    ("tsc", "typescript"),
    ("nest", "@nestjs/cli"),
    ("babel", "@babel/cli"),
    ("swc", "@swc/cli"),
    ("ng", "@angular/cli"),
    ("webpack", "webpack-cli"),
    ("vue-cli-service", "@vue/cli-service"),
    ("svelte-kit", "@sveltejs/kit"),
    ("remix", "@remix-run/dev"),
    ("tailwindcss", "@tailwindcss/cli"),
    ("biome", "@biomejs/biome"),
    ("changeset", "@changesets/cli"),
    ("parcel", "parcel"),
    ("ncc", "@vercel/ncc"),
    ("react-router", "@react-router/dev"),
];

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for built in context.written_dockerfiles() {
        let (_, service, written) = built;
        let Some(build) = &service.build else { continue };
        let Some(package) = context.sources.package(&build.source) else { continue };
        if written.file.flaws.is_empty() && package.json.is_some() {
            stages(context, built, package, findings);
        }
    }
    for plan in context.plans {
        for service in plan.services.values() {
            findings.extend(started(context, plan, service));
        }
    }
}

/// Steps of a Dockerfile.
fn stages(context: &Context<'_>, built: (&Plan, &Service, &Written), package: &Package, findings: &mut Vec<Finding>) {
    let (_, service, written) = built;
    let file = &written.file;
    let arguments = service.build_arguments();
    let target = service.build.as_ref().and_then(|build| build.target.as_deref());
    let Some(last) = file.target(target) else { return };
    let needed = file.needed(last, &arguments);
    let mut seen = Vec::new();
    for index in (0..needed.len()).filter(|index| needed[*index]) {
        let mut lacking: Option<Simple> = None;
        let mut added: Vec<String> = Vec::new();
        // Packages may come from another stage.
        if !file.instructions[file.stages[index].body.clone()].iter().all(|one| one.origins().is_empty()) {
            continue;
        }
        for command in file.simple_commands(index, &arguments) {
            if let Some(install) = command.installs() {
                lacking = install.leaves_out_development.then_some(command);
                continue;
            }
            if let Some((names, is_global)) = command.named_packages() {
                added.extend(names.into_iter().map(str::to_owned));
                // With one more package, npm and its like install what else package.json has.
                if !is_global {
                    lacking = None;
                }
                continue;
            }
            let Some(install) = &lacking else { continue };
            let is_absent =
                |tool: &String| is_lacking(package, tool) && !added.iter().any(|name| name == package_of(tool));
            let Some(tool) = tools(package, &command.words).into_iter().find(is_absent) else {
                continue;
            };
            if seen.contains(&command.span) && command.span != install.span {
                continue;
            }
            seen.push(command.span.clone());
            let name = package_of(&tool);
            let message = format!("`{tool}` is run, and `{name}` is only for development: it has not been installed");
            let finding =
                context.in_dockerfile(&RULE, RULE.severity, built, message, (command.span.clone(), "not there"));
            let label = Label::within(&written.path, install.span.clone(), "leaves out what only development needs");
            let help = "install everything in this stage, and copy what was built into another one";
            let is_same = command.span == install.span;
            findings.push(if is_same { finding } else { finding.with(label) }.help(help));
            break;
        }
    }
}

/// The command of a service in production, and what runs before it.
fn started(context: &Context<'_>, plan: &Plan, service: &Service) -> Option<Finding> {
    let build = service.build.as_ref()?;
    let recipe = build.recipe.as_ref()?;
    if build.target.as_deref() == Some(Target::Development.name()) {
        return None;
    }
    let package = context.sources.package(&build.source)?;
    // What serves a front end is another image.
    if matches!(recipe.kind.as_str(), "vite" | "nextjs") {
        return None;
    }
    let command: Vec<String> = match &service.command {
        Some(words) => words.iter().map(|word| word.with_unknown(crate::addresses::UNKNOWN)).collect(),
        None => recipe.production.clone(),
    };
    if let Some(finding) = managed(context, plan, service, recipe, &command) {
        return Some(finding);
    }
    let before = recipe.before_start.iter().map(|step| (&step.run, "before-start"));
    let steps = before.chain([(&command, "command")]);
    let (tool, key) = steps.into_iter().find_map(|(words, key)| {
        Some((tools(package, words).into_iter().find(|tool| is_lacking(package, tool))?, key))
    })?;
    let name = package_of(&tool);
    let message = format!(
        "`{}` starts `{tool}`, and `{name}` is only for development: production does not have it",
        service.name
    );
    let place = context.origin_of(plan, &service.name, key, &[key]);
    let source = build.source.trim_end_matches('/');
    let file =
        if source.is_empty() || source == "." { "package.json".to_owned() } else { format!("{source}/package.json") };
    let wanted = format!("\"{name}\"");
    let mut finding =
        Finding::new(RULE.id, RULE.severity, message, Label::value(Some(&plan.environment), place, "not in the image"))
            .with(Label::within(file, package.place("package.json", "\"devDependencies\"", &wanted), "only here"))
            .help(format!("move `{name}` to `dependencies`, or run what a `build` step has made of the source"));
    finding.environment = Some(plan.environment.clone());
    Some(finding)
}

/// The package manager as the program of a service, in a stage that does not have it: Node.js' own image brings npm and Yarn,
/// and the one for production has pnpm only where its own command or what runs before it is pnpm's.
fn managed(
    context: &Context<'_>,
    plan: &Plan,
    service: &Service,
    recipe: &Recipe,
    command: &[String],
) -> Option<Finding> {
    let first = command.first().filter(|first| matches!(first.as_str(), "pnpm" | "pnpx"))?;
    let brings = |words: &Vec<String>| words.first().is_some_and(|word| word == "pnpm");
    if !recipe.base.starts_with("node:")
        || brings(&recipe.production)
        || recipe.before_start.iter().any(|step| brings(&step.run))
    {
        return None;
    }
    let message = format!("`{}` starts `{first}`, and production does not have it", service.name);
    let place = context.origin_of(plan, &service.name, "command", &["command"]);
    let label = Label::value(Some(&plan.environment), place, "not in the image");
    let help = "write what the script runs, such as `node apps/api/dist/index.js`; or have npm run it, which the image has: \
                `npm --prefix apps/api run start`";
    let mut finding = Finding::new(RULE.id, RULE.severity, message, label).help(help);
    finding.environment = Some(plan.environment.clone());
    Some(finding)
}

/// The programs of packages that a command starts: itself, or by a script of package.json.
fn tools(package: &Package, words: &[String]) -> Vec<String> {
    let Some(first) = words.first() else { return Vec::new() };
    let rest = || words[1..].iter().filter(|word| !word.starts_with('-')).map(String::as_str);
    let script = match first.as_str() {
        "npm" | "pnpm" | "yarn" => {
            let mut rest = rest();
            let next = rest.next().unwrap_or_default();
            match next {
                "run" | "run-script" => rest.next(),
                // It fetches what it runs.
                "dlx" => return Vec::new(),
                "exec" => return rest.next().map(str::to_owned).into_iter().collect(),
                "start" => Some("start"),
                next if first != "npm" => Some(next),
                _ => None,
            }
        }
        // It fetches what is named so, or whatever is not there.
        "npx" if words.iter().any(|word| is_fetched(word)) => return Vec::new(),
        "npx" => return rest().next().map(str::to_owned).into_iter().collect(),
        "sh" | "bash" => return Vec::new(),
        _ => None,
    };
    if let Some(text) = script.and_then(|name| package.script(name)) {
        let parts = text.split(['&', ';', '|']).filter(|part| !part.trim().is_empty());
        let all = parts.filter_map(shlex::split).filter_map(|words| {
            words
                .into_iter()
                .find(|word| !word.contains('='))
                .filter(|word| !matches!(word.as_str(), "npm" | "pnpm" | "yarn" | "node" | "npx"))
        });
        return all.collect();
    }
    if script.is_some() {
        return Vec::new();
    }
    match first.rsplit_once("node_modules/.bin/") {
        Some((_, name)) => vec![name.to_owned()],
        None => vec![first.clone()],
    }
}

/// Whether an option of npx has it fetch what is not there, without a question.
fn is_fetched(word: &str) -> bool {
    let option = word.split('=').next().unwrap_or(word);
    matches!(option, "-y" | "--yes" | "-p" | "--package")
}

/// The package that brings a program.
fn package_of(program: &str) -> &str {
    PROGRAMS.iter().find(|(name, _)| *name == program).map_or(program, |(_, package)| package)
}

/// Whether only development has a program.
fn is_lacking(package: &Package, program: &str) -> bool {
    package.is_for_development(package_of(program)) == Some(true)
}
