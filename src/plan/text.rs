//! Text with every reference resolved: literals and operator variables, ready to be written for Compose.

use std::fmt::Write as _;

use crate::manifest::text::Operator;

/// A resolved text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Text {
    parts: Vec<Part>,
}

/// A part of a resolved text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Part {
    /// Characters that stand for themselves.
    Literal(String),
    /// An operator variable.
    Variable {
        /// Its name.
        name: String,
        /// What happens where it is not set; `None` takes it as it is.
        form: Option<(Form, Text)>,
    },
}

/// The operator of a variable, in the part of Compose's grammar that is written.
pub type Form = Operator;

impl Text {
    /// A text that stands for itself.
    pub fn literal(text: impl Into<String>) -> Self {
        Self { parts: vec![Part::Literal(text.into())] }
    }

    /// The value of a variable, as Compose finds it.
    pub fn variable(name: impl Into<String>, form: Option<(Form, Self)>) -> Self {
        Self { parts: vec![Part::Variable { name: name.into(), form }] }
    }

    /// Stands for what could not be resolved, which is a problem of its own: nothing is known of it, and so nothing
    /// follows from it.
    pub(super) fn unresolved() -> Self {
        Self::variable("", None)
    }

    /// Adds another text at the end.
    pub fn push(&mut self, other: Self) {
        for part in other.parts {
            match (self.parts.last_mut(), part) {
                (Some(Part::Literal(before)), Part::Literal(after)) => before.push_str(&after),
                (_, Part::Literal(empty)) if empty.is_empty() => {}
                (_, part) => self.parts.push(part),
            }
        }
    }

    /// Adds characters that stand for themselves.
    pub fn push_str(&mut self, text: &str) {
        match self.parts.last_mut() {
            Some(Part::Literal(before)) => before.push_str(text),
            _ => self.parts.push(Part::Literal(text.to_owned())),
        }
    }

    /// The parts.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The characters, where there is no variable.
    pub fn as_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The variable, where there is nothing else.
    pub fn as_variable(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Variable { name, .. }] => Some(name),
            _ => None,
        }
    }

    /// Lets these variables be unset: what would refuse to start without them gets nothing instead.
    pub(super) fn relax(&mut self, is_relaxed: &dyn Fn(&str) -> bool) {
        for part in &mut self.parts {
            if let Part::Variable { name, form: Some((form, argument)) } = part {
                argument.relax(is_relaxed);
                if is_relaxed(name) && matches!(form, Form::RequireNonEmpty | Form::RequireSet) {
                    (*form, *argument) = (Form::DefaultIfEmpty, Self::default());
                }
            }
        }
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.as_literal().is_some_and(str::is_empty)
    }

    /// How many bytes it has, with its defaults.
    pub(super) fn size(&self) -> usize {
        let of = |part: &Part| match part {
            Part::Literal(text) => text.len(),
            Part::Variable { name, form } => name.len() + form.as_ref().map_or(0, |(_, argument)| argument.size()),
        };
        self.parts.iter().map(of).sum()
    }

    /// The same text with another beginning; that of a default, where it begins with a variable.
    #[must_use]
    pub(super) fn with_start(mut self, change: &dyn Fn(&str) -> String) -> Self {
        match self.parts.first_mut() {
            Some(Part::Literal(text)) => *text = change(text),
            Some(Part::Variable { form: Some((Form::DefaultIfEmpty | Form::DefaultIfUnset, argument)), .. }) => {
                *argument = std::mem::take(argument).with_start(change);
            }
            _ => {}
        }
        self
    }

    /// As Compose reads it: `$` doubled, variables with their operators.
    pub fn to_compose(&self) -> String {
        let mut out = String::new();
        self.write_compose(&mut out);
        out
    }

    fn write_compose(&self, out: &mut String) {
        for part in &self.parts {
            match part {
                Part::Literal(text) if text.contains('$') => out.push_str(&text.replace('$', "$$")),
                Part::Literal(text) => out.push_str(text),
                Part::Variable { name, form: None } => {
                    let _ = write!(out, "${{{name}}}");
                }
                Part::Variable { name, form: Some((form, argument)) } => {
                    let _ = write!(out, "${{{name}{}", form.spelling());
                    argument.write_compose(out);
                    out.push('}');
                }
            }
        }
    }

    /// The value where the operator sets nothing; `None` where a variable without a default takes part.
    pub fn with_defaults(&self) -> Option<String> {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(text) => out.push_str(text),
                Part::Variable { form: Some((Form::DefaultIfEmpty | Form::DefaultIfUnset, argument)), .. } => {
                    out.push_str(&argument.with_defaults()?);
                }
                Part::Variable { form: Some((Form::AlternativeIfSet | Form::AlternativeIfNonEmpty, _)), .. } => {}
                Part::Variable { .. } => return None,
            }
        }
        Some(out)
    }

    /// The value where the operator sets nothing, with `unknown` in the place of what nobody can know.
    pub fn with_unknown(&self, unknown: char) -> String {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(text) => out.push_str(text),
                Part::Variable { form: Some((Form::DefaultIfEmpty | Form::DefaultIfUnset, argument)), .. } => {
                    out.push_str(&argument.with_unknown(unknown));
                }
                Part::Variable { .. } => out.push(unknown),
            }
        }
        out
    }

    /// The names of all variables in it, also of those in defaults.
    pub fn variables(&self) -> Vec<&str> {
        let mut names = Vec::new();
        self.collect(&mut names);
        names
    }

    fn collect<'a>(&'a self, names: &mut Vec<&'a str>) {
        for part in &self.parts {
            if let Part::Variable { name, form } = part {
                names.push(name);
                if let Some((_, argument)) = form {
                    argument.collect(names);
                }
            }
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::literal(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_doubled_and_variables_are_not() {
        let mut text = Text::literal("a$b");
        text.push(Text::variable("V", Some((Form::DefaultIfEmpty, Text::literal("x$")))));
        text.push_str("$");
        assert_eq!(text.to_compose(), "a$$b${V:-x$$}$$");
        assert_eq!(text.with_defaults().as_deref(), Some("a$bx$$"));
        assert_eq!(text.variables(), ["V"]);
        text.push(Text::variable("W", Some((Form::AlternativeIfSet, Text::literal("y")))));
        assert_eq!(text.with_unknown('?'), "a$bx$$?");
    }
}
