//! What a rule looks at: the file as written, the plans of all environments, and what was found around them.

use std::ops::Range;

use super::Rule;
use crate::diagnostics::{Finding, Label, Severity};
use crate::host::View;
use crate::manifest::{Problem, Read};
use crate::plan::{Plan, Service};
use crate::siblings::Sibling;
use crate::source::{KeyPath, Place};
use crate::sources::{Sources, Written};

mod origins;
mod places;

pub(crate) use places::{at_problem, declared_default, place_of, trace};

/// Everything that a rule may look at.
#[derive(Debug)]
pub struct Context<'a> {
    /// The file as written, one manifest per environment.
    pub read: &'a Read,
    /// What the stack is in each environment.
    pub plans: &'a [Plan],
    /// What is known of the services' sources.
    pub sources: &'a Sources,
    /// Other stacks on the same host.
    pub siblings: &'a [Sibling],
    /// What the host would not give, where somebody wants it to be looked at.
    pub host: Option<&'a View>,
}

impl<'a> Context<'a> {
    /// Every plan with every problem of its.
    pub(crate) fn problems(&self) -> impl Iterator<Item = (&'a Plan, &'a crate::plan::Problem)> + use<'a> {
        self.plans.iter().flat_map(|plan| plan.problems.iter().map(move |problem| (plan, problem)))
    }

    /// Every plan with those of its problems that do not stand beside another mistake, which hides what was meant.
    pub(crate) fn clear_problems(&self) -> impl Iterator<Item = (&'a Plan, &'a crate::plan::Problem)> + use<'a> {
        let unclear = &self.read.unclear;
        self.problems().filter(move |(_, problem)| !unclear.iter().any(|owner| problem.path.starts_with(owner)))
    }

    /// Every service that is built with a Dockerfile that the project answers for, and that can be read.
    pub(crate) fn written_dockerfiles(&self) -> impl Iterator<Item = (&'a Plan, &'a Service, &'a Written)> + use<'a> {
        let sources = self.sources;
        let all = self.plans.iter().flat_map(|plan| plan.services.values().map(move |service| (plan, service)));
        all.filter_map(move |(plan, service)| Some((plan, service, sources.written(plan, service)?)))
            .filter(|(_, _, written)| !written.file.is_foreign())
    }

    /// A finding at a place of a Dockerfile; it says who is built with it, and how where the text is rendered.
    pub(crate) fn in_dockerfile(
        &self,
        rule: &Rule,
        severity: Severity,
        (plan, service, written): (&Plan, &Service, &Written),
        message: String,
        (range, label): (Range<usize>, &str),
    ) -> Finding {
        let mut finding = Finding::new(rule.id, severity, message, Label::within(&written.path, range, label));
        finding.environment = Some(plan.environment.clone());
        finding.with_all(self.built_with(plan, service, written))
    }

    /// The places that lead to a Dockerfile: the template that it is rendered from, and the service that is built with it.
    pub(crate) fn built_with(&self, plan: &Plan, service: &Service, written: &Written) -> Vec<Label> {
        let key = if written.template.is_some() { "source" } else { "dockerfile" };
        let place = self.origin_of(plan, &service.name, key, &["build"]);
        let builder = Label::value(Some(&plan.environment), place, "built with it");
        let template = written.template.as_ref().map(|path| Label::file(path, "it is rendered from here"));
        template.into_iter().chain([builder]).collect()
    }

    /// The other places of the same plan with the same problem.
    pub(crate) fn elsewhere(
        &self,
        plan: &Plan,
        first: &crate::plan::Problem,
        is_same: impl Fn(&crate::plan::ProblemKind) -> bool,
    ) -> Vec<&'a crate::plan::Problem> {
        let mut found: Vec<&crate::plan::Problem> = Vec::new();
        for (other, problem) in self.clear_problems() {
            let is_at = |known: &crate::plan::Problem| known.path == problem.path && known.range == problem.range;
            let is_new = !is_at(first) && !found.iter().any(|known| is_at(known));
            if std::ptr::eq(other, plan) && is_new && is_same(&problem.kind) {
                found.push(problem);
            }
        }
        found
    }

    /// A finding about a problem of a plan that concerns a whole table: at its key.
    pub(crate) fn at_key(
        &self,
        rule: &Rule,
        plan: &Plan,
        problem: &crate::plan::Problem,
        message: String,
        label: &str,
    ) -> Finding {
        let mut finding = Finding::new(rule.id, rule.severity, message, self.key_of(plan, &problem.path, label));
        finding.environment = Some(plan.environment.clone());
        finding
    }

    /// Whether a `$` in the text at `path` looks wrong, which is reported on its own.
    pub(crate) fn has_flaw(plan: &Plan, path: &KeyPath) -> bool {
        let is_text = |kind: &crate::plan::ProblemKind| matches!(kind, crate::plan::ProblemKind::Text(_));
        plan.problems.iter().any(|problem| problem.path == *path && is_text(&problem.kind))
    }

    /// Whether nothing says what the service runs, which is reported on its own: nothing is known of it.
    pub(crate) fn is_blank(plan: &Plan, service: &str) -> bool {
        let image = KeyPath::of(["services", service, "image"]);
        let lacks_image = |kind: &crate::plan::ProblemKind| matches!(kind, crate::plan::ProblemKind::Incomplete { missing, .. } if *missing == image);
        plan.problems.iter().any(|problem| lacks_image(&problem.kind))
    }

    /// Whether what stands at `path` is a secret: said to be one, or named like one.
    pub(crate) fn holds_secret(&self, plan: &Plan, path: &KeyPath) -> bool {
        let manifest = self.manifest(plan);
        match (path.key_at(0), path.key_at(1), path.key_at(2)) {
            (Some("variables"), Some(name), _) => {
                let declared = manifest.and_then(|manifest| manifest.variables.get(name));
                declared.is_some_and(|variable| variable.secret) || names_secret(name)
            }
            (Some("services"), Some(service), Some(key)) => {
                let kind = plan.services.get(service).and_then(|service| self.read.kinds.get(service.kind.as_ref()?));
                let is_secret_option = kind.and_then(|kind| kind.options.get(key)).is_some_and(|option| option.secret);
                is_secret_option || (key == "env" && path.key_at(3).is_some_and(names_secret))
            }
            _ => false,
        }
    }

    /// Whether something that is told on its own may be all that is wrong.
    pub(super) fn follows_from_unclear(&self, finding: &Finding) -> bool {
        let unclear = &self.read.unclear;
        if unclear.is_empty() || self.is_cause(finding) {
            return false;
        }
        std::iter::once(&finding.primary).chain(&finding.secondary).any(|label| match &label.place {
            Place::Entry { path, .. } => unclear.iter().any(|owner| path.starts_with(owner)),
            _ => false,
        })
    }

    /// Whether the finding is about a service that cannot extend what it names: that is why the service is unclear.
    fn is_cause(&self, finding: &Finding) -> bool {
        let Place::Entry { path: place, .. } = &finding.primary.place else { return false };
        self.read.problems.iter().any(|problem| matches!(problem, Problem::Extends { path, .. } if path == place))
    }

    /// Whether `path` may well be there, if it were not for a mistake that is reported on its own: its absence is none.
    pub(crate) fn may_be_lost(&self, path: &KeyPath) -> bool {
        self.read.unclear.iter().any(|owner| path.starts_with(owner)) || self.is_mistaken(path)
    }

    /// Whether `path`, or what it stands in, is there under a misspelt key, or with a value that was left out as wrong.
    pub(crate) fn is_mistaken(&self, path: &KeyPath) -> bool {
        self.read.problems.iter().any(|problem| match problem {
            Problem::UnknownKey { path: written, meant: Some(meant), .. } => {
                let above = &written.steps()[..written.steps().len().saturating_sub(1)];
                path.starts_with(&KeyPath::from_steps(above).key(meant))
            }
            Problem::WrongType { path: written, .. } | Problem::WrongValue { path: written, .. } => {
                path.starts_with(written)
            }
            _ => false,
        })
    }
}

/// Whether a variable of this name may hold a secret: in doubt yes, since this only decides what is hidden.
pub(crate) fn names_secret(name: &str) -> bool {
    const WORDS: [&str; 10] =
        ["PASSWORD", "PASSWD", "PASS", "PWD", "PASSPHRASE", "SECRET", "TOKEN", "KEY", "CREDENTIAL", "CREDENTIALS"];
    name.split(['_', '-']).any(|word| WORDS.iter().any(|known| word.eq_ignore_ascii_case(known)))
}
