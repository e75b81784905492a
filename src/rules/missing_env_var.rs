//! `missing-env-var`: see [`RULE`].

use super::{Context, Rule, at_problem, place_of};
use crate::diagnostics::{Finding, Label, Severity};
use crate::plan::{Plan, Problem, ProblemKind, VariableFlaw};
use crate::secrets::names::{self, Noun};
use crate::source::KeyPath;

/// A variable that nothing declares.
pub(super) static RULE: Rule = Rule {
    id: "missing-env-var",
    severity: Severity::Error,
    summary: "a variable that nothing declares",
    docs: "\
A text uses `${NAME}`, and nothing declares that variable: neither `[variables]`, nor a table in an `env`, nor a use that
says what happens where it is not set (`${NAME:-default}`, `${NAME:?message}`). An `env_file` that is passed through is none:
what stands there reaches the container, and never the compose file.

**Why it breaks.** Compose puts an empty text in the place of a variable that is not set. An operator cannot know that
there is something to set: an undeclared variable is in no env example and has no help.

**How it shows.** `docker compose up` prints a warning, `The \"NAME\" variable is not set. Defaulting to a blank string.`,
and starts the stack all the same, with an empty password, host or tag.

```toml
[services.api.env]
DATABASE_URL = \"postgres://api@db/${DB_NAME}\"     # bad: nothing declares DB_NAME

[variables]
DB_NAME = { default = \"api\", help = \"Name of the database\" }

[services.api.env]
DATABASE_URL = \"postgres://api@db/${DB_NAME}\"     # good
```

**Fix.** Declare it: in `[variables]` where several services use it, else where it is used, as `NAME = { secret = true }`
in the `env`. Without a `default` it is required.

**Source.** compose-spec, \"Interpolation\": unresolved variables are empty.
",
    can_be_allowed: false,
    judges_text: true,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut told: Vec<(&str, &str)> = Vec::new();
    for (plan, problem) in context.problems() {
        let ProblemKind::Variable { name, flaw: VariableFlaw::Undeclared { meant } } = &problem.kind else { continue };
        let environment = plan.environment.as_str();
        let declaration = KeyPath::of(["variables", name]);
        if told.contains(&(environment, name)) || context.may_be_lost(&declaration) {
            continue;
        }
        // One declaration is missing, or misspelt, however often the variable is used.
        told.push((environment, name));
        let message = format!("nothing declares the variable `{name}`");
        let finding = at_problem(&RULE, plan, problem, message, "not declared");
        let others = context.elsewhere(plan, problem, |kind| kind == &problem.kind);
        let is_repeated = !others.is_empty();
        let elsewhere = set_for_containers(context, plan, problem, name);
        let finding = finding.with_all(elsewhere);
        let finding =
            others.into_iter().fold(finding, |finding, other| finding.with(place_of(plan, other, "used here too")));
        findings.push(match (meant, declaring(context, name)) {
            (Some(meant), _) => {
                let declared = Label::key(Some(environment), KeyPath::of(["variables", meant]), "or is it this one?");
                let finding = if is_repeated { finding.with(declared) } else { finding };
                finding.help(format!("did you mean `${{{meant}}}`?"))
            }
            (None, Some(other)) => finding
                .with(Label::key(Some(other), declaration, "declared only here"))
                .help("declare it in the base file, which holds in every environment"),
            (None, None) => finding.help(advice(context, plan, problem, name)),
        });
    }
}

/// An env file of the service that sets it, which only the container reads.
fn set_for_containers(context: &Context<'_>, plan: &Plan, problem: &Problem, name: &str) -> Option<Label> {
    let service = plan.services.get(problem.path.key_at(1)?)?;
    let set = super::env_drift::set_by_files(context, plan, service);
    let origin = set.get(name)?.origin.clone();
    Some(Label::value(Some(&plan.environment), origin, "sets it for the container, and not for the compose file"))
}

/// An environment whose overlay declares it.
fn declaring<'a>(context: &Context<'a>, name: &str) -> Option<&'a str> {
    let mut environments = context.read.environments.iter();
    environments
        .find(|(_, manifest)| manifest.variables.contains_key(name))
        .map(|(environment, _)| environment.as_str())
}

fn advice(context: &Context<'_>, plan: &Plan, problem: &Problem, name: &str) -> String {
    let is_own = problem.path.key_at(2) == Some("env") && problem.path.key_at(3) == Some(name);
    let place = if is_own { "here or in `[variables]`" } else { "in `[variables]`" };
    // A password can be made up here; a key is somebody else's.
    match names::noun(name).or_else(|| context.holds_secret(plan, &problem.path).then_some(Noun::Password)) {
        Some(Noun::Password) => format!(
            "declare it {place}: `{name} = {{ secret = true }}`; with `generate = true`, `stackgen env --write` makes one up"
        ),
        Some(Noun::Key) => {
            format!(
                "declare it {place}: `{name} = {{ secret = true, help = \"…\" }}`; whoever starts the stack sets it"
            )
        }
        None => format!("declare it {place}: `{name} = {{ help = \"…\" }}`; without a `default` it is required"),
    }
}
