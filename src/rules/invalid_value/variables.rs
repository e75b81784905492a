//! Declarations of variables that contradict themselves: a default that is not what `type` or `values` ask for.

use super::RULE;
use crate::diagnostics::{Finding, Label, Severity};
use crate::env::misfit_of;
use crate::manifest::text::Text;
use crate::manifest::types::{Variable, VariableType};
use crate::manifest::unions::Scalar;
use crate::plan::{Plan, inferred_type};
use crate::rules::{Context, names_secret};
use crate::source::KeyPath;

pub(super) fn check(context: &Context<'_>, plan: &Plan, findings: &mut Vec<Finding>) {
    let Some(manifest) = context.manifest(plan) else { return };
    for (name, variable) in &manifest.variables {
        let declaration = Declaration { plan, name, variable, path: KeyPath::of(["variables", name]) };
        declaration.values(findings);
        findings.extend(declaration.literal("default", variable.default.as_ref(), Severity::Error));
        findings.extend(declaration.literal("example", variable.example.as_ref(), Severity::Warning));
    }
}

struct Declaration<'d> {
    plan: &'d Plan,
    name: &'d str,
    variable: &'d Variable,
    path: KeyPath,
}

impl Declaration<'_> {
    fn kind(&self) -> VariableType {
        self.variable.kind.unwrap_or_else(|| inferred_type(self.variable.default.as_ref()))
    }

    fn is_secret(&self) -> bool {
        self.variable.secret || names_secret(self.name)
    }

    fn label(&self, path: KeyPath, text: &str) -> Label {
        Label::value(Some(&self.plan.environment), path, text)
    }

    /// `values`: at least one, and each of the type.
    fn values(&self, findings: &mut Vec<Finding>) {
        let Some(values) = &self.variable.values else { return };
        let path = self.path.key("values");
        if values.is_empty() {
            let message = format!("`{}` may have no value at all", self.name);
            let label = self.label(path, "nothing in it");
            let help = "name the values that it may have, or remove `values`";
            findings.push(Finding::new(RULE.id, RULE.severity, message, label).help(help));
            return;
        }
        // Only a type that is written says something of them.
        let Some(kind) = self.variable.kind else { return };
        for (index, value) in values.iter().enumerate() {
            let Some(misfit) = misfit_of(kind, &[], self.is_secret(), value) else { continue };
            let message = format!("a value that `{}` may have {misfit}", self.name);
            let label = self.label(path.index(index), "not of that type");
            let kind = self.label(self.path.key("type"), "the type");
            let finding = Finding::new(RULE.id, RULE.severity, message, label).with(kind);
            findings.push(finding.help("write another value, or another `type`"));
        }
    }

    /// What stands for the value, where it is written out: of the type, and one of the values.
    fn literal(&self, key: &str, value: Option<&Scalar>, severity: Severity) -> Option<Finding> {
        let text = value?.to_string();
        let (parsed, _) = Text::parse(&text);
        // Nothing stands for no value at all: whether one is needed is another question.
        let literal = parsed.as_literal().filter(|literal| !literal.is_empty())?;
        let values = self.variable.values.as_deref().unwrap_or_default();
        let misfit = misfit_of(self.kind(), values, self.is_secret(), literal)?;
        let message = format!("the {key} of `{}` {misfit}", self.name);
        let label = self.label(self.path.key(key), "does not fit");
        let label = if self.is_secret() { label.redacted() } else { label };
        let (asked, help) = if values.is_empty() {
            ("type", "write another one, or another `type`")
        } else {
            ("values", "write one of the values, or add it to them")
        };
        let asked = self.label(self.path.key(asked), "what it must be");
        Some(Finding::new(RULE.id, severity, message, label).with(asked).help(help))
    }
}
