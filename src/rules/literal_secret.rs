//! `literal-secret`: see [`RULE`].

use super::invalid_service_name::form;
use super::{Context, Rule};
use crate::diagnostics::{Finding, Fix, Label, Severity};
use crate::manifest::text::{Operator, Piece, Text};
use crate::manifest::types::Variable;
use crate::manifest::unions::Scalar;
use crate::plan::Plan;
use crate::secrets::forms::{self, Form};
use crate::secrets::names::{self, Noun};
use crate::source::{KeyPath, Part};

mod dockerfile;
mod walk;

/// A secret that stands in the file.
pub(super) static RULE: Rule = Rule {
    id: "literal-secret",
    severity: Severity::Warning,
    summary: "a secret that stands in the file",
    docs: "\
A password, token or key that is written out: the value of something whose name ends in `PASSWORD`, `SECRET`, `TOKEN` or
`KEY`, be it a placeholder such as `changeme`, or the password in a URL. Where `production` is true it is an error, and so is a
default of a variable that is declared a secret. Elsewhere a declared secret may have a default: a fake one, for development.
What looks like a real one, such as `ghp_…` or a private key, is `secret-committed`. No output of stackgen shows the value.

What is passed through to Compose counts like anything else. In a Dockerfile that somebody wrote, `ENV` and `ARG` are judged as
far as they reach the image, and what is found is a warning: whoever has the image has the value, `docker history` shows it.

The last word of a name counts: `API_KEY` is a key, `KEY_ID` and `TOKEN_BUDGET` are not, and `PUBLIC_KEY` is for everybody.
Numbers, switches such as `true`, paths and addresses are no secrets.

**Why it breaks.** services.toml is committed, and what is committed is copied, reviewed and kept for ever. A secret in
it cannot be changed without a commit, and is the same on every machine. A placeholder works, until somebody tries it.

**How it shows.** Not at all, until somebody who can read the repository uses it. Providers that scan public repositories
revoke what they find, and the service fails with `401`.

```toml
[services.api.env]
DB_PASSWORD = \"correct-horse\"                            # bad
DATABASE_URL = \"postgres://app:correct-horse@db/app\"     # bad

[variables]
DB_PASSWORD = { secret = true }                          # good

[services.api.env]
DB_PASSWORD = \"${DB_PASSWORD}\"
DATABASE_URL = \"postgres://app:${DB_PASSWORD}@db/app\"
```

**Fix.** Declare a variable with `secret = true`: whoever starts the stack sets it in the env file or the shell. For a
default that holds in development only, add `required = [\"prod\"]`. A secret that was committed is to be revoked.

**Source.** OWASP Secrets Management Cheat Sheet; the prefixes are those that the providers document.
",
    can_be_allowed: true,
    judges_text: true,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    findings.extend(search(context).into_iter().filter(|finding| finding.rule == RULE.id));
    dockerfile::check(context, findings);
}

/// Every secret that stands in services.toml, as a finding of this rule or of the one for live keys.
pub(super) fn search(context: &Context<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for plan in context.plans {
        let Some(manifest) = context.manifest(plan) else { continue };
        let mut search = Search { context, plan, findings: &mut findings };
        for (name, service) in manifest.services.iter().filter(|(name, _)| plan.services.contains_key(*name)) {
            search.service(name, service);
        }
        search.middlewares(manifest);
        search.passed(&KeyPath::of(["compose"]), &manifest.compose);
        for (name, variable) in &manifest.variables {
            search.variable(name, variable);
        }
    }
    findings
}

/// Looks for secrets in one environment.
struct Search<'s, 'c> {
    context: &'s Context<'c>,
    plan: &'s Plan,
    findings: &'s mut Vec<Finding>,
}

/// Where a text stands, and what it is called there.
#[derive(Clone, Copy)]
struct At<'t> {
    path: &'t KeyPath,
    /// What it is, for the message.
    what: &'t str,
    /// What its name says that it is, where that is a secret.
    noun: Option<Noun>,
    /// What the variable is called that takes its place; may be empty.
    variable: &'t str,
    home: Home,
}

/// What can stand in the place of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Home {
    /// `X = { secret = true }`.
    Env,
    /// A default, which is `taken` where the operator sets nothing.
    Default { taken: bool },
    /// Something that becomes part of an image: no variable.
    Image,
    /// `${X}`.
    Text,
}

/// Why a text is a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Secret<'t> {
    /// It has the form of such a key.
    Live(&'static str),
    /// It is the password of a URL.
    Url,
    /// Its name says so.
    Named,
    /// Its name says so, and nobody could have thought of it.
    Random,
    /// Its name says so, and it asks for another value.
    Placeholder,
    /// It is the default of a variable whose name says so.
    Default(&'t str),
}

impl Secret<'_> {
    /// What a value is that is named like a secret.
    fn named(value: &str) -> Self {
        if forms::is_random(value) {
            Self::Random
        } else if names::is_placeholder(value) {
            Self::Placeholder
        } else {
            Self::Named
        }
    }
}

impl From<Form> for Secret<'_> {
    fn from(form: Form) -> Self {
        match form {
            Form::Live(key) => Self::Live(key),
            Form::Url => Self::Url,
        }
    }
}

impl Search<'_, '_> {
    /// A text that may hold a secret, or be one because of its name.
    fn text(&mut self, at: At<'_>, text: &str) {
        if let Some((secret, range)) = forms::unmistakable(text) {
            self.report(at, secret.into(), Part::Inside(range));
            return;
        }
        let (parsed, _) = Text::parse(text);
        if let Some(literal) = parsed.as_literal() {
            if at.noun.is_some_and(|noun| names::is_secret(noun, literal)) {
                self.report(at, Secret::named(literal), Part::Value);
            }
            return;
        }
        let is_alone = parsed.pieces.len() == 1;
        for piece in &parsed.pieces {
            let Piece::Variable { name, operation: Some((operator, default)), range } = piece else { continue };
            let noun = names::noun(name).or(at.noun.filter(|_| is_alone));
            let is_default = matches!(operator, Operator::DefaultIfEmpty | Operator::DefaultIfUnset);
            let Some(noun) = noun.filter(|_| is_default) else { continue };
            if let Some(default) = default.as_literal().filter(|default| names::is_secret(noun, default)) {
                // `${NAME:-default}`
                let start = range.start + "${".len() + name.len() + operator.spelling().len();
                let secret = if forms::is_random(default) { Secret::Random } else { Secret::Default(name) };
                self.report(at, secret, Part::Inside(start..range.end - 1));
            }
        }
    }

    fn variable(&mut self, name: &str, variable: &Variable) {
        let path = KeyPath::of(["variables", name]);
        if let Some(Scalar::Text(example)) = &variable.example
            && let Some((key, range)) = forms::live_key(example)
        {
            let what = format!("the example of `{name}`");
            let home = Home::Default { taken: false };
            let at = At { path: &path.key("example"), what: &what, noun: None, variable: name, home };
            self.report(at, Secret::Live(key), Part::Inside(range));
        }
        let Some(default) = &variable.default else { return };
        let path = path.key("default");
        // What must be set, or is not used, never takes the default.
        let taken = self.plan.variables.get(name).is_some_and(|planned| !planned.required);
        let what = format!("the default of `{name}`");
        let home = Home::Default { taken };
        let text = default.to_string();
        if !variable.secret {
            let at = At { path: &path, what: &what, noun: names::noun(name), variable: name, home };
            return self.text(at, &text);
        }
        if let Some((key, range)) = forms::live_key(&text) {
            let at = At { path: &path, what: &what, noun: None, variable: name, home };
            return self.report(at, Secret::Live(key), Part::Inside(range));
        }
        let is_literal = Text::parse(&text).0.as_literal().is_some_and(|literal| !literal.is_empty());
        if self.plan.production && taken && is_literal {
            self.declared(name, &path);
        }
    }

    /// A declared secret that production would start with.
    fn declared(&mut self, name: &str, path: &KeyPath) {
        let message = format!("the secret `{name}` has a default, and production would take it");
        let label = Label::value(Some(&self.plan.environment), path.clone(), "everybody can read it").redacted();
        let production = self.context.plans.iter().filter(|plan| plan.production);
        let production: Vec<String> = production.map(|plan| format!("\"{}\"", plan.environment)).collect();
        let help = if production.len() == self.context.plans.len() {
            "take the default away: whoever starts the stack sets it".to_owned()
        } else {
            format!("`required = [{}]` keeps the default for the other environments", production.join(", "))
        };
        self.findings.push(Finding::new(RULE.id, Severity::Error, message, label).help(help));
    }

    fn report(&mut self, at: At<'_>, secret: Secret<'_>, part: Part) {
        // A default that production does not take still stands in the file.
        let reaches = self.plan.production && at.home != Home::Default { taken: false };
        let is_live = matches!(secret, Secret::Live(_) | Secret::Random);
        let rule = if is_live { super::secret_committed::RULE.id } else { RULE.id };
        let severity = if reaches || is_live { Severity::Error } else { Severity::Warning };
        let what = at.what;
        let (message, text) = match secret {
            Secret::Live(key) => (format!("{what} holds {key}"), "a live key"),
            Secret::Url => (format!("{what} has a URL with a literal password"), "the password"),
            Secret::Default(_) => (format!("{what} has a literal secret as its default"), "the default"),
            Secret::Named => (format!("{what} is a literal secret"), "written out"),
            Secret::Random => (format!("{what} is a literal secret, and looks like a real one"), "written out"),
            Secret::Placeholder => (format!("{what} is a placeholder, and works as a secret"), "anybody can guess it"),
        };
        let label = Label::entry(Some(&self.plan.environment), at.path.clone(), part, text).redacted();
        let help = help(at, secret);
        let fix = self.fix(at, secret);
        self.findings.push(Finding::new(rule, severity, message, label).help(help).fix(fix));
    }

    /// Declares what holds a placeholder as a secret, so that whoever starts the stack sets it. Any other value may be one
    /// that is used, elsewhere too, and nobody but its owner can say where it is to be kept.
    fn fix(&self, at: At<'_>, secret: Secret<'_>) -> Option<Fix> {
        let environment = Some(self.plan.environment.as_str());
        let name = at.variable;
        let is_new = !self.context.manifest(self.plan)?.variables.contains_key(name);
        match (secret, at.home) {
            (Secret::Placeholder, Home::Env) if is_new && form::Form::Variable.takes(name) => {
                let secret = toml::Table::from_iter([("secret".to_owned(), toml::Value::Boolean(true))]);
                let fix = Fix::new(format!("declare `{name}` as a secret, which whoever starts the stack sets"));
                Some(fix.set(environment, at.path.clone(), secret))
            }
            (Secret::Placeholder, Home::Default { taken: false }) => {
                let fix = Fix::new(format!("declare `{name}` as a secret"));
                Some(fix.insert(environment, KeyPath::of(["variables", name, "secret"]), true))
            }
            _ => None,
        }
    }
}

fn help(at: At<'_>, secret: Secret<'_>) -> String {
    let in_its_place = |name: &str| {
        format!("declare `{name} = {{ secret = true }}` in `[variables]`, and write `${{{name}}}` in its place")
    };
    let variable = at.variable;
    let instead = match (secret, at.home) {
        (Secret::Default(name), _) => {
            format!("declare it as `{name} = {{ secret = true }}`; then a default holds in development only")
        }
        (Secret::Url, Home::Default { .. } | Home::Env | Home::Text) => in_its_place(&password_of(variable)),
        (_, Home::Env) => format!("write `{variable} = {{ secret = true }}`: whoever starts the stack sets it"),
        (Secret::Named | Secret::Random | Secret::Placeholder, Home::Default { .. }) => {
            format!("add `secret = true` to `{variable}`; then a default holds in development only")
        }
        (_, Home::Default { .. }) => "take it away: whoever starts the stack sets it".to_owned(),
        (_, Home::Image) => {
            "let the program read it from its environment: a variable in `env` with `secret = true`".to_owned()
        }
        (_, Home::Text) if variable.is_empty() => {
            "declare a variable with `secret = true` in `[variables]`, and refer to it here".to_owned()
        }
        (_, Home::Text) => in_its_place(variable),
    };
    if matches!(secret, Secret::Live(_) | Secret::Random) { format!("revoke it, and {instead}") } else { instead }
}

/// The variable that takes the place of the password in `DATABASE_URL`.
fn password_of(name: &str) -> String {
    let stem = ["_URL", "_URI", "_DSN"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name);
    let is_constant = stem.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    if stem.is_empty() || !is_constant { "PASSWORD".to_owned() } else { format!("{stem}_PASSWORD") }
}
