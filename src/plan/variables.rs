//! What an operator sets: declared variables, those that a use declares, and derived ones.

use std::collections::HashSet;

use indexmap::IndexMap;

use super::named_files::Content;
use super::resolve::{At, Resolved, Resolver};
use super::{Form, Plan, Problem, ProblemKind, Secret, Text, Variable, VariableFlaw};
use crate::manifest::text::{DEEPEST, Flaw, FlawKind, Operator};
use crate::manifest::types::{self, VariableType};
use crate::manifest::unions::{Generate, Required, Scalar};
use crate::source::KeyPath;

/// How a declared variable is written wherever it is used.
#[derive(Debug, Clone)]
pub(super) enum Entry {
    /// Its default is being resolved: whoever asks now stands in that default.
    Open,
    /// Resolved.
    Done { text: Text, edges: Vec<String> },
}

impl Resolver<'_, '_> {
    /// Resolves every declared variable, so that they stand in the order of the manifest.
    pub(super) fn declare_all(&mut self) {
        let names: Vec<&String> = self.frame.manifest.variables.keys().collect();
        for name in names {
            self.declared(name);
        }
    }

    /// The use of a declared variable.
    pub(super) fn declared(&mut self, name: &str) -> Resolved {
        match self.notes.entries.get(name) {
            Some(Entry::Done { text, edges }) => Resolved { text: text.clone(), edges: edges.clone() },
            Some(Entry::Open) => {
                let path = KeyPath::of(["variables", name, "default"]);
                let kind = ProblemKind::Unknown {
                    what: "default",
                    name: name.to_owned(),
                    known: Vec::new(),
                    note: Some("it refers to itself".to_owned()),
                };
                self.problem(path, kind);
                Resolved::default()
            }
            None => self.resolve_declaration(name),
        }
    }

    fn resolve_declaration(&mut self, name: &str) -> Resolved {
        let Some(declared) = self.frame.manifest.variables.get(name) else { return Resolved::default() };
        if self.notes.nesting == DEEPEST {
            let flaw = Flaw { range: 0..0, kind: FlawKind::Nesting };
            let path = KeyPath::of(["variables", name, "default"]);
            self.notes.problems.push(Problem { path, range: None, kind: ProblemKind::Text(flaw) });
            return Resolved { text: Text::unresolved(), edges: Vec::new() };
        }
        self.notes.entries.insert(name.to_owned(), Entry::Open);
        self.notes.nesting += 1;
        let origin = KeyPath::of(["variables", name]);
        let place = origin.key("default");
        let mut default = declared.default.as_ref().map(|default| match default {
            Scalar::Text(text) => self.text(text, At::manifest(&place, None)),
            other => Resolved { text: Text::literal(other.to_string()), edges: Vec::new() },
        });
        self.notes.nesting -= 1;
        if let Some(default) = &mut default
            && let Some(kind) = flaw_of_default(&default.text)
        {
            // Whoever uses it would have the same flaw, and twice its size.
            default.text = Text::unresolved();
            let flaw = Flaw { range: 0..0, kind };
            self.notes.problems.push(Problem { path: place, range: None, kind: ProblemKind::Text(flaw) });
        }
        let required = is_required(declared, self.frame.environment);
        let (default, edges) = default.map_or((None, Vec::new()), |default| (Some(default.text), default.edges));
        let text = if required {
            Text::variable(name, Some((Form::RequireNonEmpty, Text::literal(complaint(declared.help.as_deref())))))
        } else {
            Text::variable(name, Some((Form::DefaultIfEmpty, default.clone().unwrap_or_default())))
        };
        let variable = Variable {
            kind: declared.kind.unwrap_or_else(|| inferred_type(declared.default.as_ref())),
            default,
            required,
            secret: declared.secret,
            values: declared.values.clone().unwrap_or_default(),
            help: declared.help.clone(),
            example: declared.example.as_ref().map(ToString::to_string),
            generate: Random::of(declared),
            readers: Vec::new(),
            derived: false,
            origin,
        };
        if variable.generate.is_some()
            && let Some((message, help)) = flaw_of_generate(declared, &variable)
        {
            let message = format!("`{name}` {message}");
            self.problem(variable.origin.key("generate"), ProblemKind::Value { message, help });
        }
        self.notes.variables.insert(name.to_owned(), variable);
        self.notes.entries.insert(name.to_owned(), Entry::Done { text: text.clone(), edges: edges.clone() });
        Resolved { text, edges }
    }

    /// `${V:-d}` and `${V:?why}` declare by themselves; says what is wrong where another use says otherwise.
    pub(super) fn declare_by_use(
        &mut self,
        name: &str,
        operator: Operator,
        argument: &Text,
        at: At<'_>,
    ) -> Option<VariableFlaw> {
        let (default, required) = match operator {
            Operator::DefaultIfEmpty | Operator::DefaultIfUnset => (Some(argument.clone()), false),
            Operator::RequireNonEmpty | Operator::RequireSet => (None, true),
            // What stands in its place where it is set: no default.
            Operator::AlternativeIfNonEmpty | Operator::AlternativeIfSet => (None, false),
        };
        if let Some(known) = self.notes.variables.get_mut(name) {
            if known.default.is_none() && !known.required {
                known.default = default;
                known.required = required;
                return None;
            }
            let other = known.origin.clone();
            if default.is_some() && known.default.is_some() {
                return (known.default != default).then_some(VariableFlaw::TwoDefaults { other });
            }
            // Compose refuses to start without it, whatever the other use would do.
            let is_clash = (default.is_some() && known.required) || (known.default.is_some() && required);
            return is_clash.then_some(VariableFlaw::RequiredBesideDefault { other });
        }
        let help = required.then(|| argument.as_literal().filter(|text| !text.is_empty()).map(str::to_owned)).flatten();
        self.notes.variables.insert(
            name.to_owned(),
            Variable {
                default,
                required,
                secret: false,
                kind: VariableType::String,
                values: Vec::new(),
                help,
                example: None,
                generate: None,
                readers: Vec::new(),
                derived: false,
                origin: at.path.clone(),
            },
        );
        None
    }

    /// The variable that holds a derived host port: `<SERVICE>_HOST_PORT`, or with the listener's name.
    pub(super) fn host_port(&mut self, service: &str, listener: Option<&str>, number: u16, origin: &KeyPath) -> Text {
        let mut name = constant_case(service);
        if let Some(listener) = listener {
            name.push('_');
            name.push_str(&constant_case(listener));
        }
        name.push_str("_HOST_PORT");
        if self.frame.manifest.variables.contains_key(&name) {
            return self.declared(&name).text;
        }
        let default = Text::literal(number.to_string());
        let text = Text::variable(name.clone(), Some((Form::DefaultIfEmpty, default.clone())));
        if let Some(known) = self.notes.variables.get(&name) {
            let other = known.origin.clone();
            let flaw = if known.derived {
                (other != *origin).then_some(VariableFlaw::TwoPorts { other })
            } else {
                (known.default.as_ref() != Some(&default)).then_some(VariableFlaw::TwoDefaults { other })
            };
            if let Some(flaw) = flaw {
                self.problem(origin.clone(), ProblemKind::Variable { name, flaw });
                return text;
            }
        }
        let what = listener.map_or_else(|| service.to_owned(), |listener| format!("{service} ({listener})"));
        self.notes.variables.entry(name).or_insert_with(|| Variable {
            default: Some(default),
            required: false,
            secret: false,
            kind: VariableType::Port,
            values: Vec::new(),
            help: Some(format!("Host port of {what}")),
            example: None,
            generate: None,
            readers: Vec::new(),
            derived: true,
            origin: origin.clone(),
        });
        text
    }
}

/// Whether the operator must set it in this environment (`docs/manifest.md`, "Variables").
pub(crate) fn is_required(declared: &types::Variable, environment: &str) -> bool {
    match &declared.required {
        None => declared.default.is_none(),
        Some(Required::Everywhere(required)) => *required,
        Some(Required::In(environments)) => environments.iter().any(|name| name == environment),
    }
}

/// What Compose says where the variable is missing. Braces would end the expression, and `$` is escaped on writing.
pub(super) fn complaint(help: Option<&str>) -> String {
    let help = help.unwrap_or("run `stackgen env --write`, or see the env example");
    help.replace('{', "(").replace('}', ")").replace(['\n', '\r'], " ")
}

/// The most bytes that a default may grow to: nobody means more, and each variable could double the one before.
const LARGEST: usize = 1 << 20;

/// What Compose could not read inside of an expression.
fn flaw_of_default(text: &Text) -> Option<FlawKind> {
    if text.size() > LARGEST {
        return Some(FlawKind::Nesting);
    }
    text.parts().iter().find_map(|part| match part {
        super::Part::Literal(text) if text.contains(['{', '}']) => Some(FlawKind::Brace),
        super::Part::Literal(text) if text.contains('\n') => Some(FlawKind::LineBreak),
        _ => None,
    })
}

/// What a variable of this default looks like, where nothing else is said.
pub(crate) fn inferred_type(default: Option<&Scalar>) -> VariableType {
    match default {
        Some(Scalar::Bool(_)) => VariableType::Bool,
        Some(Scalar::Int(_)) => VariableType::Int,
        Some(Scalar::Float(_)) => VariableType::Float,
        _ => VariableType::String,
    }
}

/// A random value of letters, digits, `-` and `_` (RFC 4648, section 5): nothing has to be escaped, not even in a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Random {
    /// 32 bytes in base64 without padding: 43 characters.
    Key,
    /// This many characters.
    Characters(u16),
}

/// How many characters a generated value may have: fewer can be guessed, and nothing asks for more.
const LENGTHS: std::ops::RangeInclusive<u16> = 8..=1024;

impl Random {
    fn of(declared: &types::Variable) -> Option<Self> {
        match declared.generate? {
            Generate::Key(generate) => generate.then_some(Self::Key),
            Generate::Characters(length) => Some(Self::Characters(length)),
        }
    }
}

impl Variable {
    /// Whether a random value is made for it where it has none: not where a default holds.
    pub fn is_generated(&self) -> bool {
        self.generate.is_some() && (self.required || self.default.is_none())
    }
}

/// Why no random value can be made for a variable, and what to write instead.
fn flaw_of_generate(declared: &types::Variable, variable: &Variable) -> Option<(String, &'static str)> {
    let lacks_nothing = declared.default.is_some() && !matches!(declared.required, Some(Required::In(_)));
    if let Some(Random::Characters(length)) = variable.generate
        && !LENGTHS.contains(&length)
    {
        let message = format!("cannot be generated with {length} characters");
        Some((message, "write a length from 8 to 1024, or `true` for 32 random bytes"))
    } else if !matches!(variable.kind, VariableType::String | VariableType::UrlSafe) || !variable.values.is_empty() {
        let message = "is no free text, and a generated value is random characters".to_owned();
        Some((message, "take `generate` away, or `type` and `values`"))
    } else if lacks_nothing && !variable.required {
        let message = "has a default, so that no value is ever generated for it".to_owned();
        Some((message, "take `default` or `generate` away, or name in `required` where it has to be set"))
    } else {
        None
    }
}

/// `elevenlabs-agent` as `ELEVENLABS_AGENT`.
pub(super) fn constant_case(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

impl Plan {
    /// Secrets that are files are read too, though no text names them.
    fn read_by_file(&self, variables: &mut IndexMap<String, Variable>) {
        for service in self.services.values() {
            let built = service.build.iter().flat_map(|build| build.secrets.values());
            for secret in service.secrets.iter().chain(built) {
                if self.secrets.get(secret) == Some(&Secret::Variable)
                    && let Some(variable) = variables.get_mut(secret)
                    && !variable.readers.contains(&service.name)
                {
                    variable.readers.push(service.name.clone());
                }
            }
        }
    }

    /// Compose asks for every required variable of a file, also for those that only services behind a profile read:
    /// then nobody could start the others. Such a variable may be unset there; `stackgen env` still asks for it.
    fn relax_profiled(&mut self, variables: &IndexMap<String, Variable>) {
        if self.services.values().all(|service| service.profiles.is_empty()) {
            return;
        }
        let is_relaxed: HashSet<String> = variables
            .iter()
            .filter(|(_, variable)| variable.required && self.needs_profile(variable))
            .map(|(name, _)| name.clone())
            .collect();
        if is_relaxed.is_empty() {
            return;
        }
        for service in self.services.values_mut().filter(|service| !service.profiles.is_empty()) {
            service.each_text_mut(&mut |text| text.relax(&|name| is_relaxed.contains(name)));
        }
    }

    /// Notes who reads each variable, and drops those that nothing uses: they are none of this operator's business.
    pub(super) fn settle_variables(&mut self) {
        let mut variables = std::mem::take(&mut self.variables);
        for service in self.services.values() {
            service.each_text(&mut |text| {
                for name in text.variables() {
                    if let Some(variable) = variables.get_mut(name)
                        && variable.readers.last() != Some(&service.name)
                    {
                        variable.readers.push(service.name.clone());
                    }
                }
            });
        }
        self.read_by_file(&mut variables);
        self.relax_profiled(&variables);
        let mut elsewhere: HashSet<String> = HashSet::new();
        self.each_own_text(&mut |text| elsewhere.extend(text.variables().into_iter().map(str::to_owned)));
        // What Compose makes a secret of it reads by its name.
        elsewhere.extend(self.named_sources().into_iter().filter_map(|source| match source.content {
            Content::Environment(name) => Some(name),
            Content::File(..) | Content::External => None,
        }));
        variables.retain(|name, variable| !variable.readers.is_empty() || elsewhere.contains(name));
        self.variables = variables;
    }
}
