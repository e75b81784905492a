//! What the hand-written pages show is what happens: each page is a session, from its first block to its last.
//!
//! A fenced block says after its language what it is:
//!
//! | block | means |
//! | --- | --- |
//! | `toml services.toml` | the whole file, in which nothing is found |
//! | `toml services.toml wrong` | the whole file, in which the blocks after it find something |
//! | `toml services.toml part` | keys that are laid over the file; nothing is found in it then either |
//! | `toml services.toml part wrong` | the same, where the blocks after it find something |
//! | `<language> <path>` | a file of the reader's |
//! | `<language> <path> excerpt` | what stands in a generated file; `...` for what is left out |
//! | `diff <path>` | lines that come into a file, between lines that are there |
//! | `console` | commands, and all that they print; `...` for lines and `[..]` for text that is left out |
//!
//! `<!-- session: FOLDER -->` begins anew, in a copy of that folder of the repository; `<!-- session: empty -->` in an
//! empty one, `<!-- session: . -->` in a copy of the repository; `<!-- with: FOLDER -->` lays another folder over it, as what
//! the reader has written meanwhile. `<!-- run: COMMAND -->` does what the text tells the
//! reader to do by hand. Commands of other programs than [`RUN`] are for the reader; [`FOR_THE_READER`] lists them all,
//! so that none is left out by mistake.
//!
//! `STACKGEN_BLESS=1 cargo test --test docs session` writes into the page what its commands print now, but for those of
//! whose output something is left out.

use std::io::Read as _;
use std::ops::Range;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use stackgen::diagnostics::emit::{Format, Outcome, Terminal};
use stackgen::project::Project;
use tempfile::TempDir;

use super::page;
use super::support::{copy_sources, repository};

/// Programs that a session runs.
const RUN: [&str; 5] = ["stackgen", "cp", "mkdir", "mv", "rm"];

/// Programs that it does not run: they need an engine, a network, or minutes.
const FOR_THE_READER: [&str; 3] = ["docker", "curl", "cargo"];

const MANIFEST: &str = "services.toml";

#[test]
fn the_guide_is_true() {
    let blocks = play("docs/guide.md", &RUN);
    let unnamed: Vec<&Block> = blocks.iter().filter(|block| block.words == ["toml"]).collect();
    assert!(unnamed.is_empty(), "nothing checks these blocks: {unnamed:#?}");
}

#[test]
fn the_page_about_init_is_true() {
    play("docs/init.md", &RUN);
}

#[test]
fn the_readme_is_true() {
    play("README.md", &RUN);
}

#[test]
fn the_recipes_for_contributors_fit_the_code() {
    play("CONTRIBUTING.md", &RUN);
}

#[test]
#[ignore = "builds stackgen twice, each time with all of its tests"]
fn the_recipes_for_contributors_work_to_the_letter() {
    play("CONTRIBUTING.md", &["cargo"]);
}

/// A fenced block, or the beginning of a session.
#[derive(Debug)]
struct Block {
    line: usize,
    /// The language and what follows it; `session` or `with` and a folder; `run`.
    words: Vec<String>,
    text: String,
    /// Where the text stands in the page.
    range: Range<usize>,
}

/// Plays a page, running only these programs.
fn play(page: &str, run: &[&str]) -> Vec<Block> {
    let text = fs::read_to_string(repository().join(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
    let blocks = blocks(&text);
    let mut blessed = text.clone();
    // From the end, so that what comes before stays where it is.
    let mut changes: Vec<(Range<usize>, String)> = Vec::new();
    let mut session = Session::new("empty");
    let mut failures = Vec::new();
    let mut count = 0;
    for block in &blocks {
        let words: Vec<&str> = block.words.iter().map(String::as_str).collect();
        let outcome = match words.as_slice() {
            ["session", folder] => {
                session = Session::new(folder);
                Ok(())
            }
            ["with", folder] => {
                copy_sources(&repository().join(folder), session.root());
                Ok(())
            }
            ["run"] => session.printed(&block.text).map(|_| ()),
            ["console"] => match session.run(&block.text, run) {
                Err((_, Some(now))) if page::blesses() => {
                    changes.push((block.range.clone(), now));
                    Ok(())
                }
                ran => ran.map_err(|(reason, _)| reason),
            },
            ["toml", MANIFEST, "part"] => session.lay_over(&block.text).and_then(|()| session.finds_nothing()),
            ["toml", MANIFEST, "part", "wrong"] => session.lay_over(&block.text),
            ["toml", MANIFEST] => session.write(MANIFEST, &block.text).and_then(|()| session.finds_nothing()),
            ["toml", MANIFEST, "wrong"] => session.write(MANIFEST, &block.text),
            ["diff", path] => session.patch(path, &block.text),
            [_, path, "excerpt"] => session.has(path, &block.text),
            [_, path] => session.write(path, &block.text),
            _ => continue,
        };
        count += 1;
        failures.extend(outcome.err().map(|reason| format!("{page}:{}: {reason}", block.line)));
    }
    if !changes.is_empty() {
        for (range, now) in changes.into_iter().rev() {
            blessed.replace_range(range, &now);
        }
        fs::write(repository().join(page), blessed).unwrap_or_else(|error| panic!("{page}: {error}"));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(count > 1, "{page} shows nothing that can be tried");
    blocks
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (event, range) in Parser::new_ext(text, Options::ENABLE_TABLES).into_offset_iter() {
        let line = text[..range.start].lines().count() + 1;
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                let words = info.split_whitespace().map(str::to_owned).collect();
                open = Some(Block { line, words, text: String::new(), range: range.end..range.end });
            }
            Event::Text(text) => {
                if let Some(block) = &mut open {
                    if block.text.is_empty() {
                        block.range.start = range.start;
                    }
                    block.range.end = range.end;
                    block.text.push_str(&text);
                }
            }
            Event::End(TagEnd::CodeBlock) => blocks.extend(open.take()),
            Event::Html(html) => {
                let comment = html.trim().strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->"));
                let (words, text) = match comment.and_then(|comment| comment.split_once(": ")) {
                    Some((word @ ("session" | "with"), folder)) => {
                        (vec![word.to_owned(), folder.to_owned()], String::new())
                    }
                    Some(("run", command)) => (vec!["run".to_owned()], command.to_owned()),
                    _ => continue,
                };
                blocks.push(Block { line, words, text, range });
            }
            _ => {}
        }
    }
    blocks
}

/// A directory in which a page takes place.
struct Session {
    folder: TempDir,
}

impl Session {
    fn new(start: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("stackgen-docs-").tempdir().expect("a temporary folder");
        match start {
            "empty" => {}
            "." => copy_repository(folder.path()),
            start => copy_sources(&repository().join(start), folder.path()),
        }
        Self { folder }
    }

    fn root(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, path: &str, text: &str) -> Result<(), String> {
        let file = self.root().join(path);
        fs::create_dir_all(file.parent().unwrap_or(self.root())).map_err(|error| format!("{path}: {error}"))?;
        fs::write(file, text).map_err(|error| format!("{path}: {error}"))
    }

    /// Lays keys over those of the manifest: tables key by key, all else replaced.
    fn lay_over(&self, part: &str) -> Result<(), String> {
        let read = |text: &str| text.parse::<toml::Table>().map_err(|error| error.to_string());
        let text = fs::read_to_string(self.root().join(MANIFEST)).map_err(|error| error.to_string())?;
        let mut whole = read(&text)?;
        merge(&mut whole, read(part)?);
        self.write(MANIFEST, &whole.to_string())
    }

    /// The rules find nothing in the manifest.
    fn finds_nothing(&self) -> Result<(), String> {
        let project = Project::open(&self.root().join(MANIFEST)).map_err(|error| error.to_string())?;
        let report = project.analyse().map_err(|error| error.to_string())?.report;
        let mut shown = Vec::new();
        let outcome = Outcome::new(project.source(), &report, &[]);
        Format::Human.emit(&outcome, Terminal::default(), &mut shown).expect("a vector takes everything");
        if report.findings.is_empty() { Ok(()) } else { Err(String::from_utf8_lossy(&shown).into_owned()) }
    }

    /// Puts lines into a file, where the lines around them are.
    fn patch(&self, path: &str, diff: &str) -> Result<(), String> {
        let text = fs::read_to_string(self.root().join(path)).map_err(|error| format!("{path}: {error}"))?;
        let lines = |left_out: char| {
            let kept = diff.lines().filter(|line| !line.starts_with(left_out));
            kept.flat_map(|line| [line.get(1..).unwrap_or_default(), "\n"]).collect::<String>()
        };
        let (before, after) = (lines('+'), lines('-'));
        if text.matches(&before).count() == 1 {
            self.write(path, &text.replace(&before, &after))
        } else {
            Err(format!("{path} does not have these lines once:\n{before}"))
        }
    }

    /// A generated file has these lines.
    fn has(&self, path: &str, excerpt: &str) -> Result<(), String> {
        let text = fs::read_to_string(self.root().join(path)).map_err(|error| format!("{path}: {error}"))?;
        let around = format!("...\n{excerpt}...\n");
        if matches(&around, &text) { Ok(()) } else { Err(format!("{path} has no such lines, but:\n{text}")) }
    }

    /// Runs the commands of a console block and compares what they print; where that differs, with the block as it
    /// would be now, if nothing is left out of it.
    fn run(&self, block: &str, run: &[&str]) -> Result<(), (String, Option<String>)> {
        let mut reasons = Vec::new();
        let mut now = Some(String::new());
        for (written, expected) in commands(block) {
            let command = written.replace("\\\n> ", " ").replace("\\\n", " ");
            let program = command.split_whitespace().find(|word| !word.contains('=')).unwrap_or_default();
            let mut shown = expected.clone();
            if !run.contains(&program) && !FOR_THE_READER.contains(&program) {
                return Err((format!("is `{program}` to be run, or for the reader?"), None));
            }
            if run.contains(&program) {
                let printed = self.printed(&command).map_err(|reason| (reason, None))?;
                if !matches(&expected, &printed) {
                    let leaves_out = expected.lines().any(|line| line.trim() == "..." || line.contains("[..]"));
                    now = now.filter(|_| !leaves_out);
                    reasons.push(format!("$ {command}\nprints\n{printed}"));
                    shown = printed;
                }
            }
            now = now.map(|text| format!("{text}$ {written}\n{shown}"));
        }
        if reasons.is_empty() { Ok(()) } else { Err((reasons.join("\n\n"), now)) }
    }

    /// What a command prints on both streams, in its order.
    fn printed(&self, command: &str) -> Result<String, String> {
        let (mut reader, writer) = std::io::pipe().map_err(|error| error.to_string())?;
        let again = writer.try_clone().map_err(|error| error.to_string())?;
        let built = Path::new(env!("CARGO_BIN_EXE_stackgen")).parent().unwrap_or(Path::new(".")).to_owned();
        let others = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths([built].into_iter().chain(env::split_paths(&others))).expect("folders of programs");
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).current_dir(self.root()).env("PATH", path).env("NO_COLOR", "1");
        // What a session builds has a place of its own, which the next run finds again.
        shell.env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("sessions"));
        let mut child = shell.stdout(writer).stderr(again).spawn().map_err(|error| error.to_string())?;
        // The writers that this process still holds would keep the pipe open.
        drop(shell);
        let mut printed = String::new();
        reader.read_to_string(&mut printed).map_err(|error| error.to_string())?;
        child.wait().map_err(|error| error.to_string())?;
        Ok(printed)
    }
}

/// Copies the repository as a clone has it.
fn copy_repository(to: &Path) {
    for entry in fs::read_dir(repository()).expect("the repository") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name");
        if path.is_dir() && ![".git", "target"].iter().any(|left_out| name == *left_out) {
            copy_sources(&path, &to.join(name));
        } else if path.is_file() {
            fs::copy(&path, to.join(name)).expect("a copy");
        }
    }
}

fn merge(whole: &mut toml::Table, part: toml::Table) {
    for (key, value) in part {
        match (whole.get_mut(&key), value) {
            (Some(toml::Value::Table(inner)), toml::Value::Table(part)) => merge(inner, part),
            (_, value) => {
                whole.insert(key, value);
            }
        }
    }
}

/// Each command of a console block as it is written, with what stands below it; a `\` at the end of a line goes on on
/// the next.
fn commands(block: &str) -> Vec<(String, String)> {
    let mut commands: Vec<(String, String)> = Vec::new();
    for line in block.lines() {
        let goes_on = commands.last().is_some_and(|(command, _)| command.ends_with('\\'));
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push((command.to_owned(), String::new())),
            (None, Some((command, _))) if goes_on => {
                command.push('\n');
                command.push_str(line);
            }
            (None, Some((_, expected))) => {
                expected.push_str(line);
                expected.push('\n');
            }
            (None, None) => {}
        }
    }
    commands
}

/// Whether text is as expected: `...` stands for any lines, `[..]` for any text in a line; blank space at the end of
/// a line and of the text means nothing.
fn matches(expected: &str, actual: &str) -> bool {
    let lines = |text: &str| text.trim_end().lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
    lines_match(&lines(expected), &lines(actual))
}

fn lines_match(expected: &[String], actual: &[String]) -> bool {
    match (expected.split_first(), actual.split_first()) {
        (None, None) => true,
        (Some((first, rest)), _) if first.trim() == "..." => {
            (0..=actual.len()).any(|skipped| lines_match(rest, &actual[skipped..]))
        }
        (Some((pattern, rest)), Some((line, lines))) => line_matches(pattern, line) && lines_match(rest, lines),
        _ => false,
    }
}

fn line_matches(pattern: &str, line: &str) -> bool {
    let Some((start, rest)) = pattern.split_once("[..]") else { return pattern == line };
    line.strip_prefix(start).is_some_and(|left| {
        left.char_indices().map(|(at, _)| at).chain([left.len()]).any(|at| line_matches(rest, &left[at..]))
    })
}

#[test]
fn only_what_is_left_out_may_differ() {
    assert!(matches("a\n...\nd\n", "a\nb\nc\nd\n"));
    assert!(matches("a\n...\n", "a\n"));
    assert!(matches("one [..] three", "one two three"));
    assert!(!matches("a\nc\n", "a\nb\nc\n"));
    assert!(!matches("", "a\n"));
    assert!(!matches("one [..] four", "one two three"));
}
