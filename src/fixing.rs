//! Makes the fixes that findings carry, in memory: rounds of changes to the text of services.toml until no finding has
//! one left.
//!
//! A round makes all fixes at once that do not touch each other; the others have their turn in the next one, where their
//! findings are found anew. Nothing is believed of a fix: the changed text is read and judged like any other. Where a
//! finding is still there, or another error or warning has come, the round is made without the fixes that are to blame.
//! What did not work has another turn once the others are made, so that a second run finds nothing left to do. Whoever
//! calls writes the text.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::diagnostics::redaction::Redaction;
use crate::diagnostics::{Report, Resolved, Severity};
use crate::project::{Analysis, Project, ProjectError};
use crate::rules;
use crate::source::Replacement;

mod showing;

/// How many rounds there are at most. No text comes twice, so that this is not how it ends.
const ROUNDS: usize = 200;

/// What was done to a services.toml.
#[derive(Debug)]
pub struct Fixed {
    /// The project with the text as it is now, and what is found in it; none where nothing was done.
    pub changed: Option<(Project, Analysis)>,
    /// What was done, in the order of the lines.
    pub done: Vec<Done>,
    /// The first findings with a fix.
    firsts: Vec<First>,
    refused: BTreeSet<Identity>,
}

impl Fixed {
    /// The findings whose fix would have brought another one, or was of no use.
    pub fn refused(&self) -> impl Iterator<Item = &str> {
        self.refused.iter().map(|identity| identity.message.as_str())
    }

    /// Takes from the first findings, which are those of `report`, the fixes that were not made: what is offered is what is
    /// done.
    pub fn settle(&self, report: &mut Report) {
        for first in self.firsts.iter().filter(|first| !first.is_made) {
            if let Some(finding) = report.findings.get_mut(first.index) {
                finding.fix = None;
            }
        }
    }
}

/// `diff`, which leads from the text of one project to that of another, without secrets.
pub fn veiled(diff: &str, before: (&Project, &Analysis), after: (&Project, &Analysis)) -> String {
    showing::veiled(diff, before, after)
}

/// Takes from the findings of `analysis`, which is that of `project`, the fixes that `check --fix` would not make.
///
/// # Errors
/// Where stackgen itself cannot work.
pub fn settle(project: &Project, analysis: &mut Analysis) -> Result<(), ProjectError> {
    if analysis.report.findings.iter().any(|finding| finding.fix.is_some()) {
        fix(project, analysis)?.settle(&mut analysis.report);
    }
    Ok(())
}

/// A fix that was made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Done {
    /// The line of the new text, from 1.
    pub line: usize,
    /// The rule whose finding it was.
    pub rule: &'static str,
    /// What was done, without secrets.
    pub title: String,
}

/// A fix that was made, while others still move its place.
struct Placed {
    at: usize,
    rule: &'static str,
    title: String,
}

/// A finding of the text as it was, followed while others move its place.
#[derive(Debug)]
struct First {
    /// Its position in the report.
    index: usize,
    at: usize,
    is_made: bool,
}

/// What a finding is known by while its place moves.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Identity {
    rule: &'static str,
    message: String,
    entry: Option<String>,
}

impl First {
    fn of((index, finding): (usize, &Resolved)) -> Option<Self> {
        finding.fix.as_ref().map(|_| Self { index, at: finding.primary.span.start, is_made: false })
    }
}

impl Identity {
    fn of(finding: &Resolved) -> Self {
        Self { rule: finding.rule, message: finding.message.clone(), entry: finding.primary.entry.clone() }
    }
}

/// Makes all fixes of `analysis`, which is that of `project`.
///
/// # Errors
/// Where stackgen itself cannot work.
pub fn fix(project: &Project, analysis: &Analysis) -> Result<Fixed, ProjectError> {
    let mut work = Work {
        changed: None,
        placed: Vec::new(),
        firsts: analysis.report.findings.iter().enumerate().filter_map(First::of).collect(),
        refused: BTreeSet::new(),
        seen: BTreeSet::from([project.source().text().to_owned()]),
    };
    let mut rounds = 0;
    // What was refused may do once the others are made.
    while work.pass((project, analysis), &mut rounds)? && !work.refused.is_empty() {
        work.refused.clear();
    }
    let Work { mut changed, placed, firsts, refused, .. } = work;
    let source = changed.as_ref().map_or(project, |(project, _)| project).source();
    let done =
        placed.into_iter().map(|Placed { at, rule, title }| Done { line: source.position(at).line, rule, title });
    let mut done: Vec<Done> = done.collect();
    done.sort();
    // None of the fixes that are left would be made.
    for finding in changed.iter_mut().flat_map(|(_, analysis)| &mut analysis.report.findings) {
        finding.fix = None;
    }
    Ok(Fixed { changed, done, firsts, refused })
}

/// What was done so far.
struct Work {
    changed: Option<(Project, Analysis)>,
    placed: Vec<Placed>,
    firsts: Vec<First>,
    /// Findings that keep their fix to themselves because it did not work.
    refused: BTreeSet<Identity>,
    /// The texts that were. Where what one fix uncovers is what another one made, the way leads back.
    seen: BTreeSet<String>,
}

impl Work {
    /// Makes rounds until nothing is left but what is refused. Whether anything was made.
    fn pass(&mut self, first: (&Project, &Analysis), rounds: &mut usize) -> Result<bool, ProjectError> {
        let (_, from) = first;
        let mut is_made = false;
        while *rounds < ROUNDS {
            *rounds += 1;
            let (project, analysis) = self.changed.as_ref().map_or(first, |(project, analysis)| (project, analysis));
            let chosen = choose(&analysis.report, &self.refused);
            if chosen.is_empty() {
                break;
            }
            let Some(tried) = try_all(project, &analysis.report, &chosen, &mut self.refused)? else { continue };
            if !self.seen.insert(tried.project.source().text().to_owned()) {
                self.refused.extend(tried.made.iter().map(|finding| Identity::of(finding)));
                continue;
            }
            is_made = true;
            for done in &mut self.placed {
                done.at = moved(done.at, &tried.replacements);
            }
            follow(&mut self.firsts, &from.report, &tried);
            let redaction = Redaction::new(project.source().text(), &analysis.report.redacted);
            self.placed.extend(tried.made.iter().map(|finding| Placed {
                at: moved(finding.primary.span.start, &tried.replacements),
                rule: finding.rule,
                title: finding.fix.as_ref().map_or_else(String::new, |fix| redaction.sentence(&fix.title).into_owned()),
            }));
            self.changed = Some((tried.project, tried.analysis));
        }
        Ok(is_made)
    }
}

/// Notes which of the first findings, those of `report`, were mended now, and moves the others to where they stand then.
fn follow(firsts: &mut [First], report: &Report, tried: &Tried<'_>) {
    let title = |finding: &Resolved| finding.fix.as_ref().map(|fix| fix.title.clone());
    let is_like = |then: &Resolved, finding: &Resolved| {
        then.rule == finding.rule && (then.message == finding.message || title(then) == title(finding))
    };
    let mut made: Vec<&Resolved> = Vec::new();
    for finding in &tried.made {
        let is_there = |first: &&mut First| {
            let then = &report.findings[first.index];
            is_like(then, finding)
                && then.primary.file == finding.primary.file
                && first.at == finding.primary.span.start
        };
        match firsts.iter_mut().find(is_there) {
            Some(first) => first.is_made = true,
            None => made.push(finding),
        }
    }
    // What a fix copied to another place is found there.
    for finding in made {
        let is_it = |first: &&mut First| {
            let then = &report.findings[first.index];
            !first.is_made && is_like(then, finding) && then.message == finding.message && title(then) == title(finding)
        };
        if let Some(first) = firsts.iter_mut().find(is_it) {
            first.is_made = true;
        }
    }
    for first in firsts.iter_mut().filter(|first| report.findings[first.index].primary.file.is_none()) {
        first.at = moved(first.at, &tried.replacements);
    }
}

/// The findings whose fixes can be made together; of two that touch each other, the first.
fn choose<'r>(report: &'r Report, refused: &BTreeSet<Identity>) -> Vec<&'r Resolved> {
    let mut taken: Vec<&Replacement> = Vec::new();
    let mut chosen: Vec<&Resolved> = Vec::new();
    for finding in &report.findings {
        let Some(fix) = &finding.fix else { continue };
        if refused.contains(&Identity::of(finding)) {
            continue;
        }
        let is_made =
            |chosen: &&Resolved| chosen.fix.as_ref().is_some_and(|made| made.replacements == fix.replacements);
        let touches = |replacement: &Replacement| taken.iter().any(|taken| meet(&taken.span, &replacement.span));
        if chosen.iter().any(is_made) {
            chosen.push(finding);
        } else if !fix.replacements.iter().any(touches) {
            taken.extend(&fix.replacements);
            chosen.push(finding);
        }
    }
    chosen
}

/// Whether two places overlap, or nothing stands between them.
fn meet(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start <= b.end && b.start <= a.end
}

/// A round that was good.
struct Tried<'r> {
    project: Project,
    analysis: Analysis,
    made: Vec<&'r Resolved>,
    replacements: Vec<Replacement>,
}

/// Makes these fixes; where that does not do, as many of them as will. None where none will.
fn try_all<'r>(
    project: &Project,
    before: &Report,
    chosen: &[&'r Resolved],
    refused: &mut BTreeSet<Identity>,
) -> Result<Option<Tried<'r>>, ProjectError> {
    let mut best: Option<Tried<'r>> = None;
    // What is to be tried, the first on top; halves find those that are to blame in few attempts.
    let mut rest: Vec<&[&'r Resolved]> = vec![chosen];
    while let Some(next) = rest.pop() {
        let mut made = best.as_ref().map_or_else(Vec::new, |tried| tried.made.clone());
        made.extend_from_slice(next);
        if let Some(tried) = attempt(project, before, &made)? {
            best = Some(tried);
        } else if let [finding] = next {
            refused.insert(Identity::of(finding));
        } else {
            let (first, second) = next.split_at(next.len() / 2);
            rest.extend([second, first]);
        }
    }
    Ok(best)
}

/// The project with these fixes; none where one of them does not do.
fn attempt<'r>(project: &Project, before: &Report, made: &[&'r Resolved]) -> Result<Option<Tried<'r>>, ProjectError> {
    let mut replacements: Vec<Replacement> = Vec::new();
    for replacement in made.iter().filter_map(|finding| finding.fix.as_ref()).flat_map(|fix| &fix.replacements) {
        if !replacements.contains(replacement) {
            replacements.push(replacement.clone());
        }
    }
    replacements.sort_by_key(|replacement| (replacement.span.start, replacement.span.end));
    let changed = project.with_text(replaced(project.source().text(), &replacements));
    let analysis = changed.analyse()?;
    let tried = is_better(before, &analysis.report, made);
    Ok(tried.then(|| Tried { project: changed, analysis, made: made.to_vec(), replacements }))
}

/// Whether these findings are gone, and no error and no warning has come. What had been left unsaid because of an error
/// has not; nor has what a mistake hid that stood before it in the same entry.
fn is_better(before: &Report, after: &Report, made: &[&Resolved]) -> bool {
    let changed: BTreeSet<&str> = made.iter().filter_map(|finding| finding.primary.entry.as_deref()).collect();
    let is_elsewhere =
        |finding: &&Resolved| finding.primary.entry.as_deref().is_none_or(|entry| !changed.contains(entry));
    let (elsewhere_before, elsewhere) = (counts(before, is_elsewhere), counts(after, is_elsewhere));
    let is_unsaid = |rule: &str| before.has_errors() && rules::waits_for_errors(rule);
    let gone = elsewhere.iter().all(|(rule, after)| {
        let before = elsewhere_before.get(rule).copied().unwrap_or_default();
        is_unsaid(rule)
            || after.errors <= before.errors && after.errors + after.warnings <= before.errors + before.warnings
    });
    let same = |report: &Report, finding: &Resolved| {
        let is_same = |other: &&Resolved| {
            (other.rule, &other.message, &other.primary.entry)
                == (finding.rule, &finding.message, &finding.primary.entry)
        };
        report.findings.iter().filter(is_same).count()
    };
    gone && made.iter().all(|finding| same(after, finding) < same(before, finding))
}

/// How much a rule has found.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    errors: usize,
    warnings: usize,
}

fn counts(report: &Report, is_counted: impl Fn(&&Resolved) -> bool) -> BTreeMap<&'static str, Counts> {
    let mut counts: BTreeMap<&'static str, Counts> = BTreeMap::new();
    for finding in report.findings.iter().filter(is_counted) {
        let count = counts.entry(finding.rule).or_default();
        match finding.severity {
            Severity::Error => count.errors += 1,
            Severity::Warning => count.warnings += 1,
            Severity::Hint => {}
        }
    }
    counts
}

/// The text with these replacements, which are sorted and do not overlap.
fn replaced(text: &str, replacements: &[Replacement]) -> String {
    let mut changed = String::with_capacity(text.len());
    let mut copied = 0;
    for Replacement { span, text: new } in replacements {
        changed.push_str(text.get(copied..span.start).unwrap_or_default());
        changed.push_str(new);
        copied = span.end;
    }
    changed.push_str(text.get(copied..).unwrap_or_default());
    changed
}

/// Where the byte at `at` stands afterwards.
fn moved(at: usize, replacements: &[Replacement]) -> usize {
    let mut moved = at;
    for Replacement { span, text } in replacements.iter().take_while(|replacement| replacement.span.start < at) {
        if span.end <= at {
            moved = moved + text.len() - span.len();
        } else {
            // It has gone: what took its place begins there.
            moved -= at - span.start;
        }
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replacement(span: Range<usize>, text: &str) -> Replacement {
        Replacement { span, text: text.to_owned() }
    }

    #[test]
    fn what_is_replaced_moves_what_follows() {
        let replacements = [replacement(0..0, "ab"), replacement(2..4, "x"), replacement(5..5, "yz")];
        assert_eq!(replaced("012345", &replacements), "ab01x4yz5");
        let places: Vec<usize> = (0..6).map(|at| moved(at, &replacements)).collect();
        assert_eq!(places, [0, 3, 4, 4, 5, 6]);
    }

    #[test]
    fn places_that_touch_meet() {
        assert!(meet(&(1..3), &(3..4)) && meet(&(3..3), &(3..3)) && meet(&(0..9), &(2..3)));
        assert!(!meet(&(1..3), &(4..5)) && !meet(&(4..4), &(5..5)));
    }
}
