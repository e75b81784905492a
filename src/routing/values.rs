//! Texts with the values that are known: what stays open is marked, so that nothing is compared with it by chance.

use crate::compose::interpolation::Outcome;
use crate::plan::{Form, PROJECT_VARIABLE, Part, Plan, Text};
use crate::traefik::rule::UNKNOWN;

/// What a variable of a plan is set to; none where that is not known.
pub type Lookup<'v> = &'v dyn Fn(&Plan, &str) -> Option<String>;

/// The value of a text. The name of a variable without a known value stands between two [`UNKNOWN`]; a secret never has
/// one.
pub(super) fn resolve(plan: &Plan, text: &Text, values: Lookup<'_>) -> String {
    let mut out = String::new();
    for part in text.parts() {
        match part {
            Part::Literal(text) => out.push_str(text),
            Part::Variable { name, form } => variable(plan, name, form.as_ref(), values, &mut out),
        }
    }
    out
}

fn variable(plan: &Plan, name: &str, form: Option<&(Form, Text)>, values: Lookup<'_>, out: &mut String) {
    let open = |out: &mut String| {
        out.push(UNKNOWN);
        out.push_str(name);
        out.push(UNKNOWN);
    };
    if plan.variables.get(name).is_some_and(|variable| variable.secret) {
        return open(out);
    }
    let value = values(plan, name);
    let value = if name == PROJECT_VARIABLE {
        value.or_else(|| (plan.project.as_variable() != Some(name)).then(|| resolve(plan, &plan.project, values)))
    } else {
        value
    };
    match (form, value) {
        (None, Some(value)) => out.push_str(&value),
        (None, None) => open(out),
        (Some((form, argument)), value) => match form.outcome(value.as_deref()) {
            Outcome::Value => out.push_str(&value.unwrap_or_default()),
            Outcome::Argument => out.push_str(&resolve(plan, argument, values)),
            Outcome::Refused => open(out),
        },
    }
}

/// The text for people: `${NAME}` for what is not known.
pub(super) fn shown(text: &str) -> String {
    let mut out = String::new();
    for (index, part) in text.split(UNKNOWN).enumerate() {
        match (index % 2, part) {
            (0, part) => out.push_str(part),
            (_, "") => out.push('…'),
            (_, name) => {
                out.push_str("${");
                out.push_str(name);
                out.push('}');
            }
        }
    }
    out
}

/// The variables whose values are not known.
pub(super) fn open(text: &str) -> impl Iterator<Item = &str> {
    text.split(UNKNOWN).skip(1).step_by(2).filter(|name| !name.is_empty())
}

/// Whether everything is known.
pub(super) fn is_known(text: &str) -> bool {
    !text.contains(UNKNOWN)
}
