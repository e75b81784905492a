//! One mistake, one finding: what several environments have in common, and what several services take over from one of
//! them.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::DeTable;

use super::{Finding, Fix, Label, Resolved, Spot};
use crate::source::{Editor, KeyPath, Place, Source};

/// What makes findings one: the rule, the place, and the message, but for the name of the service.
type Key = (&'static str, Option<String>, Range<usize>, String);

/// What is said at services that have the same finding as the one that it points at.
pub(crate) const TOO: &str = "has it too";

/// Findings, as they come in.
pub(super) struct Merging<'s> {
    source: &'s Source,
    document: &'s Spanned<DeTable<'s>>,
    merged: Vec<(Resolved, Owners)>,
    seen: HashMap<Key, usize>,
}

impl<'s> Merging<'s> {
    pub(super) fn new(source: &'s Source, document: &'s Spanned<DeTable<'s>>) -> Self {
        Self { source, document, merged: Vec::new(), seen: HashMap::new() }
    }

    /// Takes in one more.
    pub(super) fn add(&mut self, finding: Finding) {
        let primary = self.spot(&finding.primary);
        let owner = owner_of(&finding.primary.place);
        // Whoever takes it over has the same mistake from the same place.
        let nameless = match owner {
            Some(owner) if !primary.span.is_empty() => finding.message.replace(&format!("`{owner}`"), "``"),
            _ => finding.message.clone(),
        };
        let key = (finding.rule, primary.file.clone(), primary.span.clone(), nameless);
        let position = if let Some(known) = self.seen.get(&key) {
            *known
        } else {
            self.seen.insert(key, self.merged.len());
            let first = Resolved {
                rule: finding.rule,
                severity: finding.severity,
                message: finding.message.clone(),
                primary: primary.clone(),
                secondary: Vec::new(),
                help: finding.help.clone(),
                fix: None,
                environments: Vec::new(),
            };
            self.merged.push((first, Owners::default()));
            self.merged.len() - 1
        };
        let is_new_owner = self.merged[position].1.is_new(owner);
        let is_shown = |label: &&Label| !(label.redact && label.text.is_empty());
        let secondary = finding.secondary.iter().filter(is_shown).filter(|_| is_new_owner);
        let secondary: Vec<Spot> = secondary.map(|label| self.spot(label)).collect();
        let (known, owners) = &mut self.merged[position];
        let environment = finding.environment.as_deref();
        if let Some(owner) = owner.filter(|_| is_new_owner) {
            let is_above = |heir: &String| self.source.is_heir(environment, heir, owner);
            if !owners.names.is_empty() && owners.names.iter().all(is_above) {
                known.message.clone_from(&finding.message);
                known.help.clone_from(&finding.help);
                known.primary = primary;
                owners.names.insert(0, owner.to_owned());
            } else {
                owners.names.push(owner.to_owned());
            }
            owners.are_named |= finding.message.contains(&format!("`{owner}`"));
        }
        // What several services have from one default stands there once.
        for spot in secondary {
            known.add(spot);
        }
        owners.fixes.push((owner.map(str::to_owned), finding.environment.clone(), finding.fix));
        known.severity = known.severity.min(finding.severity);
        if let Some(environment) = finding.environment
            && !known.environments.contains(&environment)
        {
            known.environments.push(environment);
        }
    }

    /// All of them, each with its fix.
    pub(super) fn done(self) -> Vec<Resolved> {
        let editor = OnceCell::new();
        let environments = Source::environments(self.document);
        let mut done = Vec::with_capacity(self.merged.len());
        for (mut finding, owners) in self.merged {
            let resolve = |label: &Label| spot(self.source, self.document, label);
            for other in owners.names.iter().skip(1).filter(|_| owners.are_named) {
                let environment = finding.environments.first().map(String::as_str);
                finding.add(resolve(&Label::key(environment, KeyPath::of(["services", other]), TOO)));
            }
            // One environment without a fix, and there is none.
            if let Some(fixes) = owners.fixes(self.source) {
                let editor = editor.get_or_init(|| Editor::new(self.source.text()));
                let is_everywhere = finding.environments.len() >= environments;
                let resolve = |fix: &&Fix| fix.resolve(self.source, self.document, editor, is_everywhere);
                let mut resolved = fixes.iter().map(resolve);
                let first = resolved.next().flatten();
                finding.fix = resolved.fold(first, |known, fix| known.zip(fix).and_then(|(known, fix)| known.and(fix)));
            }
            done.push(finding);
        }
        done
    }

    fn spot(&self, label: &Label) -> Spot {
        spot(self.source, self.document, label)
    }
}

fn spot(source: &Source, document: &Spanned<DeTable<'_>>, label: &Label) -> Spot {
    let (file, entry) = match &label.place {
        Place::File { path, .. } => (Some(path.clone()), None),
        Place::Entry { path, .. } => (None, Some(path.to_string())),
        Place::Bytes(_) => (None, None),
    };
    Spot { file, span: source.resolve(document, &label.place), text: label.text.clone(), entry }
}

impl Resolved {
    /// Adds a place, where it is none that is named already.
    fn add(&mut self, spot: Spot) {
        if !std::iter::once(&self.primary).chain(&self.secondary).any(|known| known.is_at(&spot)) {
            self.secondary.push(spot);
        }
    }
}

/// The service whose entry this is, where it is one inside of a service.
fn owner_of(place: &Place) -> Option<&str> {
    match place {
        Place::Entry { path, .. } if path.key_at(0) == Some("services") && path.steps().len() > 2 => path.key_at(1),
        _ => None,
    }
}

/// The services that have one finding: the one that says it, and those that take it over from there.
#[derive(Debug, Default)]
struct Owners {
    names: Vec<String>,
    /// Whether the message names its service.
    are_named: bool,
    /// The service, the environment and the fix of each finding.
    fixes: Vec<(Option<String>, Option<String>, Option<Fix>)>,
}

impl Owners {
    /// Whether nothing is known yet of a finding of this service, or of a finding without one.
    fn is_new(&self, owner: Option<&str>) -> bool {
        match owner {
            Some(owner) => !self.names.iter().any(|known| known == owner),
            None => self.fixes.is_empty(),
        }
    }

    /// The fixes of those that take it over from no other one of them, who are mended with that one; none where one of
    /// them has no fix.
    fn fixes(&self, source: &Source) -> Option<Vec<&Fix>> {
        let is_heir = |owner: Option<&str>, environment: Option<&str>| {
            owner.is_some_and(|owner| {
                self.fixes.iter().any(|(other, elsewhere, _)| {
                    elsewhere.as_deref() == environment
                        && other.as_deref().is_some_and(|other| source.is_heir(environment, owner, other))
                })
            })
        };
        let own =
            self.fixes.iter().filter(|(owner, environment, _)| !is_heir(owner.as_deref(), environment.as_deref()));
        own.map(|(_, _, fix)| fix.as_ref()).collect()
    }
}
