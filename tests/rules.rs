//! The rules, on files that a user could have written: `tests/rules/<rule>/bad-<clause>.toml` and
//! `good-<near miss>.toml`.
//!
//! A bad fixture says at each line what is found there, where the primary label begins: `#~ error unknown-key`, several
//! with `, ` between them. A comment on a line of its own can speak of another line, or of a file of the project:
//! `#~ @12 error manifest-syntax`, `#~ @node-app/package.json error build-inputs`, or of a line in it:
//! `#~ @web/Dockerfile:3 warning dockerfile-hygiene`. What is found must be exactly what
//! is said, as often as it is said, and among it the rule of the directory. In a good fixture nothing is found.
//!
//! Where a finding carries a fix, `bad-<clause>.fixed.toml` beside the fixture is what `check --fix` makes of it;
//! `STACKGEN_BLESS=1 cargo test --test rules fix` writes it anew. Read it before it is committed.
//!
//! Fixtures are read as if they lay in `tests/rules/sources`, which holds the sources of services. Where more is needed,
//! comments prepare a project of its own, with a copy of them: `#~ file .gitignore .env\n.env.*` writes a file, and
//! `#~ git add --force .env` makes the project a git repository and runs git there. Fake credentials contain `not-a-secret`: no output may show them. `STACKGEN_FIXTURES=<words>` runs only the fixtures whose path has
//! those words in it. `#~ host …` says what the machine has that the stack is to run on: `port ADDRESS:PORT PROCESS`,
//! `container ADDRESS:PORT NAME PROJECT`, `network NAME`, `volume NAME`, or `nothing`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fmt, fs};

use stackgen::compose::port::Protocol;
use stackgen::diagnostics::emit::{Format, Outcome, Terminal};
use stackgen::diagnostics::{Report, Resolved, Severity};
use stackgen::fixing::{self, Done};
use stackgen::host::{Engine, Facts, Holder, Host, Listening, Machine};
use stackgen::project::{Analysis, Project};
use stackgen::rules::{self, ALL};
use stackgen::source::Source;
use tempfile::TempDir;

mod support;

/// What stands in every fake credential.
const FAKE: &str = "not-a-secret";

/// What the name of the text with the fixes ends with.
const FIXED: &str = ".fixed.toml";

/// What begins the comment that says what is found.
const MARKER: &str = "#~";

/// What the documentation of every rule has.
const FORM: [&str; 7] =
    ["**Why it breaks.**", "**How it shows.**", "```toml\n", "bad", "good", "**Fix.**", "**Source.**"];

#[test]
fn bad_fixtures_give_what_they_say_and_good_ones_nothing() {
    let mut failures = String::new();
    let mut count = 0;
    for fixture in fixtures() {
        count += 1;
        let found = fixture.found();
        if let Err(complaint) = fixture.judge(&found.analysis.report) {
            let shown = found.emit(Format::Human);
            writeln!(failures, "{fixture}: {complaint}\n\n{shown}\n").expect("writing to a string");
        }
    }
    assert!(failures.is_empty(), "{failures}");
    assert!(count > 0 || filter().is_some(), "there are no fixtures");
}

#[test]
fn fixes_do_what_they_say_and_nothing_else() {
    let mut failures = String::new();
    for fixture in fixtures() {
        if let Err(complaint) = fixture.judge_fixes() {
            writeln!(failures, "{fixture}: {complaint}").expect("writing to a string");
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn the_rules_that_are_said_to_fix_do() {
    if filter().is_some() {
        return;
    }
    let mut fixing = BTreeSet::new();
    for fixture in fixtures().iter().filter(|fixture| fixture.verdict == Verdict::Bad) {
        let found = fixture.found();
        let fixable = found.analysis.report.findings.iter().filter(|finding| finding.fix.is_some());
        fixing.extend(fixable.map(|finding| finding.rule));
    }
    let said: BTreeSet<&str> = ALL.iter().filter(|rule| rule.has_fix()).map(|rule| rule.id).collect();
    assert_eq!(fixing, said);
}

#[test]
fn every_text_with_fixes_has_its_fixture() {
    let folders = entries(&folder()).into_iter().filter(|folder| stem(folder) != "sources");
    let files: Vec<PathBuf> = folders.flat_map(|folder| entries(&folder)).collect();
    for file in &files {
        if let Some(fixture) = file.to_string_lossy().strip_suffix(FIXED) {
            assert!(files.contains(&PathBuf::from(format!("{fixture}.toml"))), "{}", file.display());
        }
    }
}

#[test]
fn no_output_shows_a_secret() {
    let mut leaks = Vec::new();
    for fixture in fixtures().into_iter().filter(|fixture| fixture.text.contains(FAKE)) {
        let found = fixture.found();
        for format in Format::ALL {
            let shown = found.emit(*format);
            for line in shown.lines().filter(|line| line.contains(FAKE)) {
                leaks.push(format!("{fixture}, as {}: {line}", format.name()));
            }
        }
    }
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}

#[test]
fn every_rule_has_a_bad_and_a_good_fixture() {
    let fixtures = fixtures();
    let mut missing = Vec::new();
    for rule in ALL {
        for verdict in [Verdict::Bad, Verdict::Good] {
            if !fixtures.iter().any(|fixture| fixture.rule == rule.id && fixture.verdict == verdict) {
                missing.push(format!("tests/rules/{}/{}…", rule.id, verdict.prefix()));
            }
        }
    }
    assert!(missing.is_empty() || filter().is_some(), "missing fixtures:\n{}", missing.join("\n"));
}

#[test]
fn every_rule_is_explained_in_the_same_form() {
    let mut missing = Vec::new();
    for rule in ALL {
        for part in FORM.into_iter().filter(|part| !rule.docs.contains(part)) {
            missing.push(format!("{}: {}", rule.id, part.trim_end()));
        }
        if rule.summary.is_empty() || rule.summary.ends_with('.') {
            missing.push(format!("{}: a summary without a full stop", rule.id));
        }
    }
    assert!(missing.is_empty(), "the docs lack:\n{}", missing.join("\n"));
}

#[test]
fn the_list_of_rules_is_sorted_and_without_doubles() {
    let ids: Vec<&str> = ALL.iter().map(|rule| rule.id).collect();
    let sorted: Vec<&str> = ids.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    assert_eq!(ids, sorted);
}

#[test]
fn every_file_of_a_rule_is_in_the_list() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules");
    let files: BTreeSet<String> = entries(&folder)
        .into_iter()
        .filter(|path| path.is_file() && path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| stem(&path).replace('_', "-"))
        .filter(|name| name != "mod")
        .collect();
    let ids: BTreeSet<String> = ALL.iter().map(|rule| rule.id.to_owned()).collect();
    assert_eq!(files, ids);
}

/// Whether something is to be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Bad,
    Good,
}

impl Verdict {
    fn prefix(self) -> &'static str {
        match self {
            Self::Bad => "bad-",
            Self::Good => "good-",
        }
    }
}

/// A services.toml, and what is said about it.
struct Fixture {
    rule: String,
    verdict: Verdict,
    path: PathBuf,
    text: String,
}

/// Where something is found: a line, or another file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Spot {
    Line(usize),
    File(String),
}

/// One thing that is found, or said to be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Mark {
    spot: Spot,
    severity: &'static str,
    rule: String,
}

impl fmt::Display for Fixture {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        write!(out, "{}", self.path.strip_prefix(root).unwrap_or(&self.path).display())
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.spot {
            Spot::Line(line) => write!(out, "line {line}: ")?,
            Spot::File(path) => write!(out, "{path}: ")?,
        }
        write!(out, "{} {}", self.severity, self.rule)
    }
}

/// What is found in a fixture.
struct Found {
    project: Project,
    analysis: Analysis,
    environments: Vec<String>,
    /// The folder that was prepared, as long as somebody may look into it.
    _own: Option<TempDir>,
}

impl Found {
    fn emit(&self, format: Format) -> String {
        let mut out = Vec::new();
        let outcome =
            Outcome::new(self.project.source(), &self.analysis.report, &[]).of_environments(&self.environments);
        format.emit(&outcome, Terminal::default(), &mut out).expect("a vector takes everything");
        String::from_utf8(out).expect("output is UTF-8")
    }
}

impl Fixture {
    fn read(rule: &str, path: PathBuf) -> Self {
        let name = stem(&path);
        let verdict = [Verdict::Bad, Verdict::Good].into_iter().find(|verdict| name.starts_with(verdict.prefix()));
        let verdict = verdict.unwrap_or_else(|| panic!("{}: neither bad-… nor good-…", path.display()));
        assert!(path.extension().is_some_and(|extension| extension == "toml"), "{}: no .toml", path.display());
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { rule: rule.to_owned(), verdict, path, text }
    }

    fn found(&self) -> Found {
        let own = self.prepared();
        let project = match &own {
            Some(own) => {
                let file = own.path().join("services.toml");
                fs::write(&file, &self.text).expect("a writable folder");
                Project::open(&file).unwrap_or_else(|error| panic!("{self}: {error}"))
            }
            None => Project::from_source(Source::new("services.toml", folder().join("sources"), self.text.clone())),
        };
        let project = match self.facts() {
            Some(facts) => project.on(Host { environments: Vec::new(), machine: Machine::Told(facts) }),
            None => project,
        };
        let mut analysis = project.analyse().unwrap_or_else(|error| panic!("{self}: {error}"));
        fixing::settle(&project, &mut analysis).unwrap_or_else(|error| panic!("{self}: {error}"));
        Found { environments: analysis.environments(), project, analysis, _own: own }
    }

    /// What the comments ask for: the words behind the marker, by their first one.
    fn asked(&self, what: &str) -> impl Iterator<Item = &str> {
        let asked = self.text.lines().filter_map(|line| line.strip_prefix(MARKER)?.trim().split_once(' '));
        asked.filter(move |(first, _)| *first == what).map(|(_, rest)| rest)
    }

    /// What the machine has, where the comments say so.
    fn facts(&self) -> Option<Facts> {
        let said: Vec<Vec<&str>> = self.asked("host").map(|words| words.split(' ').collect()).collect();
        if said.is_empty() {
            return None;
        }
        let (mut listening, mut engine) = (Vec::new(), Engine::default());
        for words in said {
            let mut listens = |address: &str, by: Option<Holder>| {
                let address: SocketAddr = address.parse().unwrap_or_else(|error| panic!("{self}: {address}: {error}"));
                listening.push(Listening { protocol: Protocol::Tcp, ip: Some(address.ip()), port: address.port(), by });
            };
            match words.as_slice() {
                ["nothing"] => {}
                ["port", address] => listens(address, None),
                ["port", address, name] => listens(address, Some(Holder::Process((*name).to_owned(), 4711))),
                ["container", address, name, project] => {
                    listens(address, Some(Holder::Container((*name).to_owned(), Some((*project).to_owned()))));
                }
                ["network", name] => drop(engine.networks.insert((*name).to_owned())),
                ["volume", name] => drop(engine.volumes.insert((*name).to_owned())),
                _ => panic!("{self}: nothing like it is on a machine: {words:?}"),
            }
        }
        Some(Facts { listening, engine: Some(engine), silence: None })
    }

    /// The project that the comments ask for; none where that of all fixtures will do.
    fn prepared(&self) -> Option<TempDir> {
        let git: Vec<&str> = self.asked("git").collect();
        if git.is_empty() && self.asked("file").next().is_none() {
            return None;
        }
        let project = tempfile::tempdir().expect("a temporary folder");
        support::copy_sources(&folder().join("sources"), project.path());
        for file in self.asked("file") {
            let (path, text) = file.split_once(' ').unwrap_or((file, ""));
            let path = project.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text.replace("\\n", "\n").replace("\\r", "\r") + "\n").expect("a file");
        }
        for (position, words) in git.iter().enumerate() {
            let run = |words: &[&str]| {
                let mut command = Command::new("git");
                command.current_dir(project.path()).args(words);
                support::succeed(&mut command);
            };
            if position == 0 {
                run(&["init", "--quiet"]);
            }
            run(&words.split(' ').collect::<Vec<_>>());
        }
        Some(project)
    }

    fn judge(&self, report: &Report) -> Result<(), String> {
        let said = marks(&self.text)?;
        match self.verdict {
            Verdict::Bad if !said.iter().any(|mark| mark.rule == self.rule) => {
                return Err(format!("no comment `{MARKER} … {}` says where it is bad", self.rule));
            }
            Verdict::Good if !said.is_empty() => return Err(format!("a good fixture has no `{MARKER}`")),
            _ => {}
        }
        let source = Source::new("", "", self.text.clone());
        let found = report.findings.iter().map(|finding| {
            let start = finding.primary.span.start;
            let spot = match &finding.primary.file {
                None => Spot::Line(source.position(start).line),
                Some(path) => Spot::File(match report.files.get(path).filter(|_| !finding.primary.span.is_empty()) {
                    Some(file) => format!("{path}:{}", file.position(start).line),
                    None => path.clone(),
                }),
            };
            Mark { spot, severity: finding.severity.word(), rule: finding.rule.to_owned() }
        });
        let (missing, surplus) = differences(said, found.collect());
        if missing.is_empty() && surplus.is_empty() {
            return Ok(());
        }
        let list = |title: &str, marks: &[Mark]| {
            marks.iter().fold(String::new(), |text, mark| format!("{text}\n  {title} {mark}"))
        };
        Err(format!("{}{}", list("not found:", &missing), list("not said: ", &surplus)))
    }

    /// Whether the fixes of its findings do what they should.
    fn judge_fixes(&self) -> Result<(), String> {
        let found = self.found();
        let fixable: Vec<&Resolved> =
            found.analysis.report.findings.iter().filter(|finding| finding.fix.is_some()).collect();
        let beside = PathBuf::from(self.path.to_string_lossy().replace(".toml", FIXED));
        let expected = fs::read_to_string(&beside).ok();
        if fixable.is_empty() {
            return expected.map_or(Ok(()), |_| Err(format!("nothing is fixed, but there is {}", beside.display())));
        }
        let fixed = fixing::fix(&found.project, &found.analysis).map_err(|error| error.to_string())?;
        let Some((project, analysis)) = &fixed.changed else { return Err("no fix works".to_owned()) };
        let text = project.source().text();
        if env::var_os("STACKGEN_BLESS").is_some() {
            fs::write(&beside, text).map_err(|error| error.to_string())?;
        } else if expected.as_deref() != Some(text) {
            return Err(format!("is not fixed as {} says:\n{text}", beside.display()));
        }
        let (mut remains, mut now) = (counts(&found.analysis.report), counts(&analysis.report));
        for finding in &fixable {
            *remains.entry((finding.severity, finding.rule)).or_default() -= 1;
        }
        // What is only worth knowing may have lost its reason, or got one.
        remains.retain(|(severity, _), count| *count != 0 && *severity != Severity::Hint);
        now.retain(|(severity, _), _| *severity != Severity::Hint);
        if remains != now {
            return Err(format!("{remains:?} should remain, and {now:?} does:\n{text}"));
        }
        // What is read anew knows nothing of what was tried.
        let anew = project.analyse().map_err(|error| error.to_string())?;
        let again = fixing::fix(project, &anew).map_err(|error| error.to_string())?;
        if again.changed.is_some() {
            return Err(format!("a second run fixes more: {:?}", again.done));
        }
        Self::judge_offers(&found, &fixed.done)?;
        for finding in &fixable {
            Self::judge_elsewhere(&found, finding)?;
        }
        // Every line that no edit touches is there still, and every comment.
        let edits = fixable.iter().filter_map(|finding| finding.fix.as_ref()).flat_map(|fix| &fix.replacements);
        let line = |at: usize| self.text[..at].matches('\n').count();
        let touched: BTreeSet<usize> = edits
            .flat_map(|edit| line(edit.span.start)..=line(edit.span.end.saturating_sub(1).max(edit.span.start)))
            .collect();
        let untouched = self.text.lines().enumerate().filter(|(number, _)| !touched.contains(number));
        follow(untouched.map(|(_, line)| line), text.lines())?;
        let comment = |line: &str| line.rsplit_once('#').map(|(_, comment)| comment.to_owned());
        follow(self.text.lines().filter_map(comment), text.lines().filter_map(comment))
    }
}

impl Fixture {
    /// Whether what is offered is what is done.
    fn judge_offers(found: &Found, done: &[Done]) -> Result<(), String> {
        // Before it is settled what is offered: what could be.
        let raw = found.project.analyse().map_err(|error| error.to_string())?;
        let titles = |report: &Report| {
            let fixes = report.findings.iter().filter_map(|finding| Some((finding.rule, finding.fix.as_ref()?)));
            fixes.map(|(rule, fix)| (rule, fix.title.clone())).collect::<BTreeSet<_>>()
        };
        let (offered, known) = (titles(&found.analysis.report), titles(&raw.report));
        let done: BTreeSet<(&str, String)> = done.iter().map(|done| (done.rule, done.title.clone())).collect();
        if let Some((rule, title)) = offered.difference(&done).next() {
            return Err(format!("offers what is not done: {title} ({rule})"));
        }
        // What a fix brings to light could not be offered.
        if let Some((rule, title)) = done.intersection(&known).find(|done| !offered.contains(*done)) {
            return Err(format!("does what was not offered: {title} ({rule})"));
        }
        Ok(())
    }

    /// Whether a fix leaves the environments as they are in which there was nothing to find.
    fn judge_elsewhere(found: &Found, finding: &Resolved) -> Result<(), String> {
        let Some(fix) = &finding.fix else { return Ok(()) };
        // A service has one name, whichever environment writes it.
        if finding.environments.is_empty() || finding.rule == "invalid-service-name" {
            return Ok(());
        }
        let mut text = found.project.source().text().to_owned();
        for replacement in fix.replacements.iter().rev() {
            text.replace_range(replacement.span.clone(), &replacement.text);
        }
        let alone = found.project.with_text(text).analyse().map_err(|error| error.to_string())?;
        for (before, after) in found.analysis.plans.iter().zip(&alone.plans) {
            if !finding.environments.contains(&before.environment) && before != after {
                return Err(format!("`{}` changes `{}`, where it is right", fix.title, before.environment));
            }
        }
        Ok(())
    }
}

/// How often each rule finds something, by severity.
fn counts(report: &Report) -> BTreeMap<(Severity, &'static str), usize> {
    report.findings.iter().fold(BTreeMap::new(), |mut counts, finding| {
        *counts.entry((finding.severity, finding.rule)).or_default() += 1;
        counts
    })
}

/// Whether these lines stand in the others in the same order.
fn follow<L: PartialEq + fmt::Display>(
    lines: impl Iterator<Item = L>,
    mut others: impl Iterator<Item = L>,
) -> Result<(), String> {
    for line in lines {
        if !others.any(|other| other == line) {
            return Err(format!("this has gone: {line}"));
        }
    }
    Ok(())
}

/// What is only in the first list, and what only in the second; equal ones cancel each other one by one.
fn differences(mut first: Vec<Mark>, mut second: Vec<Mark>) -> (Vec<Mark>, Vec<Mark>) {
    first.retain(|mark| match second.iter().position(|other| other == mark) {
        Some(position) => {
            second.remove(position);
            false
        }
        None => true,
    });
    (first, second)
}

/// What the comments of a fixture say.
fn marks(text: &str) -> Result<Vec<Mark>, String> {
    let mut marks = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let Some((before, comment)) = line.rsplit_once(MARKER) else { continue };
        // What prepares the project.
        if before.is_empty() && ["git", "file", "host"].contains(&comment.split_whitespace().next().unwrap_or_default())
        {
            continue;
        }
        let (spot, said) = match comment.trim_start().strip_prefix('@') {
            Some(rest) if before.trim().is_empty() => {
                let (at, said) = rest.split_once(' ').ok_or_else(|| format!("nothing is said: {line}"))?;
                (at.parse().map_or_else(|_| Spot::File(at.to_owned()), Spot::Line), said)
            }
            Some(_) => return Err(format!("`@` stands in a comment of its own: {line}")),
            None => (Spot::Line(index + 1), comment),
        };
        for one in said.split(',') {
            marks.push(mark(spot.clone(), one.trim()).ok_or_else(|| format!("not `<severity> <rule>`: {line}"))?);
        }
    }
    Ok(marks)
}

fn mark(spot: Spot, said: &str) -> Option<Mark> {
    let (severity, rule) = said.split_once(' ')?;
    let severities = [Severity::Error, Severity::Warning, Severity::Hint];
    let severity = severities.into_iter().map(Severity::word).find(|word| *word == severity)?;
    rules::find(rule)?;
    Some(Mark { spot, severity, rule: rule.to_owned() })
}

/// All fixtures, in the order of their paths.
fn fixtures() -> Vec<Fixture> {
    let mut fixtures = Vec::new();
    for directory in entries(&folder()) {
        let rule = stem(&directory);
        if rule == "sources" {
            continue;
        }
        assert!(rules::find(&rule).is_some(), "{}: there is no such rule", directory.display());
        let is_fixture = |path: &PathBuf| !path.to_string_lossy().ends_with(FIXED);
        fixtures.extend(entries(&directory).into_iter().filter(is_fixture).map(|path| Fixture::read(&rule, path)));
    }
    if let Some(words) = filter() {
        fixtures.retain(|fixture| fixture.to_string().contains(&words));
    }
    if fixtures.iter().any(|fixture| fixture.asked("git").next().is_some()) && !support::has_tools(&["git"]) {
        fixtures.retain(|fixture| fixture.asked("git").next().is_none());
    }
    fixtures
}

fn filter() -> Option<String> {
    env::var("STACKGEN_FIXTURES").ok().filter(|words| !words.is_empty())
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rules")
}

/// What lies in a folder, sorted.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry of the folder").path()).collect();
    paths.sort();
    paths
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
