//! For people: each finding with the lines it is about, the drift of generated files, and what to do next.
//!
//! The most severe come first, and those of one rule stand together. Of many of one rule the first few are shown in full,
//! the others in a line each, so that they do not bury the rest; `--verbose` shows all.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::ops::Range;

use annotate_snippets::renderer::{
    DEFAULT_ADDITION_STYLE, DEFAULT_CONTEXT_STYLE, DEFAULT_EMPHASIS_STYLE, DEFAULT_REMOVAL_STYLE,
};
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet, Title};
use anstyle::Style;
use indexmap::IndexMap;

use self::excerpt::Excerpt;
use super::{Location, Outcome, Terminal};
use crate::diagnostics::drift::way_out;
use crate::diagnostics::words::{self, count, visible};
use crate::diagnostics::{Drift, Resolved, Severity, Spot, page};

mod excerpt;

/// How many findings of one rule and severity are shown in full.
const FULL: usize = 3;
/// How many more are listed.
const LISTED: usize = 20;
/// How many rules the summary names for each severity.
const NAMED: usize = 6;
/// How many characters of one line of a diff are shown.
const DIFF_COLUMNS: usize = 400;
/// Below this nothing could be shown at all.
const NARROWEST: usize = 40;
/// The name under which the renderer sees every file. It prints a control character nowhere else, so that
/// [`Human::with_places`] can put the names and the true places there: the renderer counts columns in the excerpt.
const HERE: char = '\u{1}';

/// Prints everything and one line of summary; nothing where there is nothing to say.
pub(super) fn emit(outcome: &Outcome<'_>, terminal: Terminal, out: &mut dyn Write) -> io::Result<()> {
    if outcome.is_empty() {
        return Ok(());
    }
    let human = Human::new(outcome, terminal);
    for group in groups(outcome.findings()) {
        let full = if terminal.verbose || group.len() == FULL + 1 { group.len() } else { FULL.min(group.len()) };
        let (full, rest) = group.split_at(full);
        for finding in full {
            writeln!(out, "{}\n", human.finding(finding))?;
        }
        if !rest.is_empty() {
            writeln!(out, "{}", human.listed(rest))?;
        }
    }
    for drift in outcome.drift() {
        write!(out, "{}", human.drift(drift))?;
    }
    // Files without a diff stand one below the other.
    if outcome.drift().last().is_some_and(|drift| drift.diff.is_none()) {
        writeln!(out)?;
    }
    writeln!(out, "{}", human.summary())
}

struct Human<'a> {
    outcome: &'a Outcome<'a>,
    terminal: Terminal,
    renderer: Renderer,
}

impl<'a> Human<'a> {
    fn new(outcome: &'a Outcome<'a>, terminal: Terminal) -> Self {
        let terminal = Terminal { width: terminal.width.max(NARROWEST), ..terminal };
        let renderer = if terminal.color { Renderer::styled() } else { Renderer::plain() };
        Self { outcome, terminal, renderer: renderer.term_width(terminal.width) }
    }

    /// A finding, without a newline at its end.
    fn finding(&self, finding: &Resolved) -> String {
        let mut shown: Vec<Vec<(&Spot, Location)>> = Vec::new();
        let mut elsewhere: Vec<&Spot> = Vec::new();
        for spot in std::iter::once(&finding.primary).chain(&finding.secondary) {
            let Some(location) = self.outcome.location(spot) else {
                elsewhere.push(spot);
                continue;
            };
            match shown.iter_mut().find(|labels| labels[0].0.file == spot.file) {
                Some(labels) => labels.push((spot, location)),
                None => shown.push(vec![(spot, location)]),
            }
        }

        let mut group = Group::with_title(self.title(finding.severity, finding.rule, visible(&finding.message)));
        if elsewhere.first().is_some_and(|first| std::ptr::eq(*first, &raw const finding.primary)) {
            group = group.element(Origin::path(visible(&self.outcome.file(&finding.primary)).into_owned()));
        }
        for labels in &shown {
            group = group.elements(self.snippet(&finding.primary, labels));
        }
        for spot in elsewhere.into_iter().filter(|spot| !spot.text.is_empty()) {
            let file = self.outcome.file(spot);
            group = group.element(Level::NOTE.message(format!("{}: {}", visible(&file), visible(&spot.text))));
        }
        let environments = self.outcome.only_in(finding);
        if !environments.is_empty() {
            group = group.element(Level::NOTE.message(format!("in {}", visible(&words::and(environments)))));
        }
        if let Some(help) = &finding.help {
            group = group.element(Level::HELP.message(visible(help)));
        }
        if let Some(fix) = &finding.fix {
            let text = format!("{} (`stackgen check --fix`)", visible(&fix.title));
            group = group.element(Level::HELP.with_name("fix").message(text));
        }
        self.with_places(&self.renderer.render(&[group]), &finding.primary, &shown)
    }

    /// The title of a finding; the rule is a link to its page where the terminal can do more than text.
    fn title<'t>(&self, severity: Severity, rule: &'static str, message: impl Into<Cow<'t, str>>) -> Title<'t> {
        let title = level(severity).primary_title(message).id(rule);
        match page::address(rule).filter(|_| self.terminal.color) {
            Some(page) => title.id_url(page),
            None => title,
        }
    }

    /// Findings of one rule in a line each, and an empty line.
    fn listed(&self, findings: &[&Resolved]) -> String {
        let [first, ..] = findings else { return String::new() };
        let title = self.title(first.severity, first.rule, count(findings.len(), "more finding"));
        let mut text = self.renderer.render(&[Group::with_title(title)]);
        for finding in findings.iter().take(LISTED) {
            let _ = write!(text, "\n  {}", visible(&self.outcome.file(&finding.primary)));
            if let Some(Location { start, .. }) = self.outcome.location(&finding.primary) {
                let _ = write!(text, ":{}:{}", start.line, start.column);
            }
            let _ = write!(text, "  {}", visible(&finding.message).replace('\n', " "));
            let environments = self.outcome.only_in(finding);
            if !environments.is_empty() {
                let _ = write!(text, " (in {})", visible(&words::and(environments)));
            }
            if let Some(help) = &finding.help {
                let _ = write!(text, "\n    help: {}", visible(help).replace('\n', " "));
            }
        }
        let more = findings.len().saturating_sub(LISTED);
        if more > 0 {
            let _ = write!(text, "\n  … and {more} more");
        }
        text.push_str("\n  `--verbose` shows them in full\n");
        text
    }

    /// The lines of a file with all its labels.
    fn snippet<'s>(
        &self,
        primary: &Spot,
        labels: &[(&'s Spot, Location)],
    ) -> Option<Snippet<'s, annotate_snippets::Annotation<'s>>> {
        let (source, redaction) = self.outcome.text_of(labels.first()?.0)?;
        let spans: Vec<Range<usize>> = labels.iter().map(|(_, location)| location.span.clone()).collect();
        let Excerpt { text, line, spans } = Excerpt::new(source.text(), &spans, redaction.spans(), self.terminal.width);
        let annotations = labels.iter().zip(spans).map(|((spot, _), span)| {
            let kind = if std::ptr::eq(*spot, primary) { AnnotationKind::Primary } else { AnnotationKind::Context };
            let text = (!spot.text.is_empty()).then(|| visible(&spot.text).replace('\n', " "));
            kind.span(span).label(text)
        });
        Some(Snippet::source(text).line_start(line).path(HERE.to_string()).annotations(annotations))
    }

    /// What the renderer made of it, with the names of the files and the true lines and columns: of the primary label,
    /// or of the topmost one, since that is what the renderer names.
    fn with_places(&self, rendered: &str, primary: &Spot, shown: &[Vec<(&Spot, Location)>]) -> String {
        let mut out = String::with_capacity(rendered.len());
        let mut rest = rendered;
        for labels in shown {
            let own = labels.iter().find(|(spot, _)| std::ptr::eq(*spot, primary));
            let place = own.or_else(|| labels.iter().min_by_key(|(_, location)| location.span.start));
            let (Some((spot, place)), Some((before, after))) = (place, rest.split_once(HERE)) else { break };
            let name = self.outcome.file(spot);
            let _ = write!(out, "{before}{}:{}:{}", visible(&name), place.start.line, place.start.column);
            rest = after.trim_start_matches(|c: char| c == ':' || c.is_ascii_digit());
        }
        out + rest
    }

    /// A file that drifted; with its diff and an empty line after it, where there is one.
    fn drift(&self, drift: &Drift) -> String {
        let path = self.outcome.path(&drift.path);
        let message = format!("{}: {}", visible(&path), visible(&drift.message));
        let title = Level::ERROR.primary_title(message).id("drift");
        let mut text = self.renderer.render(&[Group::with_title(title)]);
        text.push('\n');
        if drift.diff.is_none() {
            return text;
        }
        let (lines, more) = drift.excerpt();
        for line in lines {
            let line = self.terminal.painted(diff_style(line), &visible(&clipped(line)));
            let _ = writeln!(text, "{line}");
        }
        if more > 0 {
            let _ = writeln!(text, "… {}; see `stackgen render --diff`", count(more, "more line"));
        }
        text.push('\n');
        text
    }

    /// How much there was of what, and what to do now.
    fn summary(&self) -> String {
        let drift = self.outcome.summary().drift;
        let mut counts: Vec<String> = [Severity::Error, Severity::Warning, Severity::Hint]
            .into_iter()
            .filter_map(|severity| self.counted(severity))
            .collect();
        if drift > 0 {
            counts.push(self.terminal.painted(DEFAULT_EMPHASIS_STYLE, &count(drift, "drifted file")));
        }
        let separator = if self.outcome.findings().is_empty() { "; " } else { "\n" };
        let next = self.next();
        let next = (!next.is_empty()).then(|| next.join("; "));
        [counts.join(", ")].into_iter().chain(next).collect::<Vec<_>>().join(separator)
    }

    /// How many findings have this severity, and the rules behind them; none where none has.
    fn counted(&self, severity: Severity) -> Option<String> {
        let mut rules: IndexMap<&str, usize> = IndexMap::new();
        for finding in self.outcome.findings().iter().filter(|finding| finding.severity == severity) {
            *rules.entry(finding.rule).or_default() += 1;
        }
        let number: usize = rules.values().sum();
        let mut named: Vec<String> = rules
            .iter()
            .take(NAMED)
            .map(|(rule, count)| if *count > 1 { format!("{count} {rule}") } else { (*rule).to_owned() })
            .collect();
        if rules.len() > NAMED {
            named.push(format!("{} more rules", rules.len() - NAMED));
        }
        let counted = self.terminal.painted(DEFAULT_EMPHASIS_STYLE, &count(number, severity.word()));
        (number > 0).then(|| format!("{counted} ({})", named.join(", ")))
    }

    /// What to do now, the first thing first.
    fn next(&self) -> Vec<String> {
        let findings = self.outcome.findings();
        let fixable = findings.iter().filter(|finding| finding.fix.is_some()).count();
        let errors = self.outcome.summary().errors;
        let fixed_errors =
            findings.iter().filter(|finding| finding.severity == Severity::Error && finding.fix.is_some());
        let is_stuck = fixed_errors.count() < errors;
        let mut next = Vec::new();
        if fixable > 0 {
            let fixes = if fixable == 1 { "1 fix".to_owned() } else { format!("{fixable} fixes") };
            next.push(format!("`stackgen check --fix` makes {fixes}"));
        }
        // Nothing is rendered while there are any.
        if is_stuck {
            let what = match (errors, fixable) {
                (1, 0) => "mend the error first",
                (_, 0) => "mend the errors first",
                _ => "mend the other errors then",
            };
            next.push(format!("{what}: nothing is rendered until that is done"));
        } else if errors == 0 {
            next.extend(way_out(self.outcome.drift()).map(str::to_owned));
        }
        let unfixed = findings.iter().find(|finding| finding.fix.is_none()).or(findings.first());
        next.extend(unfixed.map(|finding| format!("`stackgen explain {}` says why", finding.rule)));
        next
    }
}

/// The findings of one rule and severity together, in the order of their first ones.
fn groups(findings: &[Resolved]) -> Vec<Vec<&Resolved>> {
    let mut groups: IndexMap<(Severity, &str), Vec<&Resolved>> = IndexMap::new();
    for finding in findings {
        groups.entry((finding.severity, finding.rule)).or_default().push(finding);
    }
    groups.into_values().collect()
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Hint => Level::HELP.with_name(severity.word()),
    }
}

fn diff_style(line: &str) -> Style {
    match line.as_bytes() {
        [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => DEFAULT_EMPHASIS_STYLE,
        [b'+', ..] => DEFAULT_ADDITION_STYLE,
        [b'-', ..] => DEFAULT_REMOVAL_STYLE,
        [b'@', b'@', ..] => DEFAULT_CONTEXT_STYLE,
        _ => Style::new(),
    }
}

fn clipped(line: &str) -> Cow<'_, str> {
    match line.char_indices().nth(DIFF_COLUMNS) {
        Some((end, _)) => Cow::Owned(format!("{}…", &line[..end])),
        None => Cow::Borrowed(line),
    }
}
