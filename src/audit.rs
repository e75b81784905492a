//! What the sources of the services read from their environment: JavaScript and TypeScript, Python, shell and Prisma.
//!
//! The directories of all built services are walked once, as git sees them, and each file is looked at once, on as many
//! threads as there are processors. Nothing is executed and nothing is guessed: a name that is put together while the
//! program runs is unknown, and said to be.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, Range};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::dockerfile::ignore::Ignore;
use crate::dockerfile::{Dockerfile, Keyword};
use crate::kinds::{Kind, Kinds};
use crate::plan::{BuildPlace, Plan, Service};

mod javascript;
pub mod known;
mod prisma;
mod python;
mod read;
mod role;
mod shell;
pub(crate) mod tokens;
mod usage;
mod walk;

pub use read::{Need, Read, Scan};
pub use role::Role;
pub use usage::{Place, Usage, Wanted};

use read::{Class, Helper};
use walk::Walk;
pub(crate) use walk::is_no_source;

/// How large a file may be that is looked at, in bytes.
pub const LARGEST: u64 = 1 << 20;
/// How many files are looked at in all.
pub const MOST_FILES: usize = 20_000;

/// The tokens of a text in JavaScript or TypeScript.
pub(crate) fn tokens_of_javascript(text: &str) -> tokens::Tokens<'_> {
    javascript::lexer::tokens(text)
}

/// The tokens of a text in Python.
pub(crate) fn tokens_of_python(text: &str) -> tokens::Tokens<'_> {
    python::lexer::tokens(text)
}

/// A language that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    /// JavaScript, TypeScript, and what has them in it.
    JavaScript,
    /// Python.
    Python,
    /// Shell scripts.
    Shell,
    /// Schemas of Prisma.
    Prisma,
}

/// A file that reads variables, or may.
#[derive(Debug)]
pub struct File {
    /// Its text.
    pub text: String,
    /// What it is written in.
    pub language: Language,
    /// What it reads.
    pub scan: Scan,
}

/// What is known of the sources of all services.
#[derive(Debug, Default)]
pub struct Audit {
    /// The files in which something was found, by their path relative to services.toml.
    files: BTreeMap<String, File>,
    /// The directories that were looked into, and what is in each beside those files.
    directories: BTreeMap<String, walk::Found>,
    /// Texts that say what a service runs, by the directory of its source.
    runs: BTreeMap<String, String>,
    /// Names that stand in some file of a directory, of those that were looked for.
    mentioned: BTreeSet<(String, String)>,
    /// How many files were looked at.
    looked_at: usize,
    /// What is built with a Dockerfile that the project answers for.
    builds: BTreeMap<BuildPlace, Written>,
    /// The services that are built from each source, in the order of the manifest, by environment.
    builders: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

/// What a Dockerfile that the project answers for says about what it builds.
#[derive(Debug, Default)]
pub struct Written {
    /// What the image runs.
    runs: String,
    /// The variables that it sets.
    variables: BTreeSet<String>,
    /// What keeps files out of the image.
    ignore: Option<Ignore>,
}

impl Written {
    /// What `file` says, with what keeps files out of its context.
    pub fn new(file: &Dockerfile, ignore: Option<Ignore>) -> Self {
        let mut written = Self { ignore, ..Self::default() };
        for instruction in &file.instructions {
            match instruction.keyword {
                Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck => {
                    written.runs.push_str(&instruction.text.text);
                    written.runs.push('\n');
                }
                Keyword::Env => {
                    let pairs = instruction.arguments.iter().filter_map(|word| word.text.split_once('='));
                    written.variables.extend(pairs.map(|(name, _)| name.to_owned()));
                    let first = instruction.arguments.first().filter(|first| !first.text.contains('='));
                    written.variables.extend(first.map(|first| first.text.clone()));
                }
                _ => {}
            }
        }
        written
    }
}

impl Audit {
    /// Looks at the sources of the services that are built, below `root`.
    /// `builds` holds what is known of Dockerfiles that the project answers for.
    pub fn take(root: &Path, plans: &[Plan], kinds: &Kinds, builds: BTreeMap<BuildPlace, Written>) -> Self {
        let services = || plans.iter().flat_map(|plan| plan.services.values().map(move |service| (plan, service)));
        let mut wanted: BTreeMap<String, Vec<&Kind>> = BTreeMap::new();
        for (plan, service) in services() {
            let kind = service.kind.as_ref().and_then(|kind| kinds.get(kind));
            for directory in usage::directories(plan, service) {
                wanted.entry(directory).or_default().extend(kind);
            }
        }
        if wanted.is_empty() {
            return Self::default();
        }
        let mut builders: BTreeMap<String, BTreeMap<String, Vec<String>>> = BTreeMap::new();
        for (plan, service) in services() {
            let Some(source) = usage::source(service) else { continue };
            let of_plan = builders.entry(plan.environment.clone()).or_default();
            of_plan.entry(source).or_default().push(service.name.clone());
        }
        let walk = Walk::take(root, wanted.keys().map(String::as_str));
        let mut audit =
            Self { runs: runs(root, &walk), directories: walk.directories, builds, builders, ..Self::default() };
        let code: Vec<(String, Language)> = audit
            .directories
            .iter()
            .flat_map(|(directory, found)| {
                let globs = globs(wanted.get(directory).map_or(&[][..], Vec::as_slice));
                let is_asked = move |path: &str, language: Language| match (&globs, language) {
                    (Some(globs), Language::JavaScript | Language::Python) => {
                        let inner = path.strip_prefix(directory.as_str()).unwrap_or(path).trim_start_matches('/');
                        globs.matched(inner, false).is_ignore()
                    }
                    _ => true,
                };
                found.code.iter().filter(move |(path, language)| is_asked(path, *language)).cloned()
            })
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        audit.looked_at = code.len();
        let scanned = in_parallel(&code, |(path, language)| {
            let text = walk::text(root, path)?;
            let scan = scan(&text, *language);
            // A script is known also by its first line.
            let is_kept = !scan.is_empty() || !scan.helpers.is_empty() || *language == Language::Shell;
            is_kept.then_some(File { text, language: *language, scan })
        });
        audit.files = code.iter().zip(scanned).filter_map(|((path, _), file)| Some((path.clone(), file?))).collect();
        audit.link(root, &code);
        audit.look_for_mentions(root, plans);
        audit
    }

    /// What only several files say together: functions that are called elsewhere, and classes derived from each other.
    fn link(&mut self, root: &Path, code: &[(String, Language)]) {
        for language in [Language::JavaScript, Language::Python] {
            let of_language = self.files.iter().filter(|(_, file)| file.language == language);
            let shared = of_language.flat_map(|(path, file)| {
                let of_file = file.scan.helpers.iter().filter(|helper| helper.is_shared);
                of_file.map(|helper| Helper { path: path.clone(), ..helper.clone() })
            });
            let helpers: Vec<Helper> = shared.collect();
            if helpers.is_empty() {
                continue;
            }
            let found = in_parallel(code, |(path, of_file)| {
                if *of_file != language {
                    return None;
                }
                let text = walk::text(root, path)?;
                let reads = match language {
                    Language::Python => python::scan_calls(&text, &helpers),
                    _ => javascript::scan_calls(&text, &helpers),
                };
                (!reads.is_empty()).then_some((text, reads))
            });
            for ((path, _), found) in code.iter().zip(found) {
                let Some((text, reads)) = found else { continue };
                let file =
                    self.files.entry(path.clone()).or_insert_with(|| File { text, language, scan: Scan::default() });
                // What the file itself has said of a call is better.
                let known: Vec<Range<usize>> = file.scan.reads.iter().map(|read| read.span.clone()).collect();
                file.scan.reads.extend(reads.into_iter().filter(|read| !known.contains(&read.span)));
                file.scan.settle();
            }
        }
        // By directory: two services may have classes of one name.
        let mut own: BTreeMap<String, Vec<Read>> = BTreeMap::new();
        for directory in self.directories.keys() {
            let inside: Vec<(&String, &Class)> = self
                .files_in(directory)
                .flat_map(|(path, file)| file.scan.classes.iter().map(move |class| (path, class)))
                .collect();
            let classes: Vec<&Class> = inside.iter().map(|(_, class)| *class).collect();
            for (position, family) in python::resolve(&classes) {
                let (path, class) = inside[position];
                own.entry(path.clone()).or_default().extend(python::fields(class, &family));
            }
        }
        for (path, reads) in own {
            if let Some(file) = self.files.get_mut(&path) {
                file.scan.reads.extend(reads);
                file.scan.settle();
            }
        }
    }

    /// Looks for the names of variables that nothing seems to read in every text of the sources.
    fn look_for_mentions(&mut self, root: &Path, plans: &[Plan]) {
        let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for plan in plans {
            for service in plan.services.values() {
                let Some(usage) = self.usage(plan, service) else { continue };
                for name in usage.unread(service) {
                    for directory in usage::directories(plan, service) {
                        names.entry(directory).or_default().insert(name.clone());
                    }
                }
            }
        }
        for (directory, names) in names {
            let Some(found) = self.directories.get(&directory) else { continue };
            let paths: Vec<&String> = found.code.iter().map(|(path, _)| path).chain(&found.others).collect();
            let mentioned = in_parallel(&paths, |path| {
                let Some(text) = walk::text(root, path) else { return Vec::new() };
                names.iter().filter(|name| is_mentioned(&text, name)).cloned().collect()
            });
            self.mentioned.extend(mentioned.into_iter().flatten().map(|name| (directory.clone(), name)));
        }
    }

    /// A file in which something was found.
    pub fn file(&self, path: &str) -> Option<&File> {
        self.files.get(path)
    }

    /// The files below a directory.
    fn files_in(&self, directory: &str) -> impl Iterator<Item = (&String, &File)> {
        let single = self.files.get_key_value(directory);
        single.into_iter().chain(self.files.range(below(directory)))
    }

    /// The services of a plan that are built from the same source as one of them, which is among them.
    pub fn sharing(&self, plan: &Plan, service: &Service) -> &[String] {
        let source = usage::source(service);
        let of_plan = self.builders.get(&plan.environment);
        of_plan.zip(source).and_then(|(sources, source)| sources.get(&source)).map_or(&[], Vec::as_slice)
    }

    /// How many files were looked at.
    pub fn looked_at(&self) -> usize {
        self.looked_at
    }

    /// The bytes of a file that may be secret: what stands behind the read of a variable that may hold one, on its line.
    pub fn secrets(&self, path: &str) -> Vec<Range<usize>> {
        let Some(file) = self.files.get(path) else { return Vec::new() };
        let may_be =
            |read: &&Read| read.names.iter().any(|name| crate::rules::names_secret(&name.to_ascii_uppercase()));
        let behind = |read: &Read| {
            let line_end = file.text[read.span.start..].find('\n').map_or(file.text.len(), |at| read.span.start + at);
            let (from, to) = (read.span.start.min(line_end), line_end);
            // Its own name may stand in quotes.
            let name_end = file.text[from..to].find(read.name()).map_or(from, |at| from + at + read.name().len() + 1);
            let rest = file.text.get(name_end..to)?;
            let start = name_end + rest.find(['"', '\'', '`'])?;
            let end = name_end + rest.rfind(['"', '\'', '`'])? + 1;
            (end > start + 2).then_some(start + 1..end - 1)
        };
        file.scan.reads.iter().filter(may_be).filter_map(behind).collect()
    }

    /// What a service reads; none for one that has no source that is looked at.
    pub fn usage<'a>(&'a self, plan: &'a Plan, service: &'a Service) -> Option<Usage<'a>> {
        Usage::of(self, plan, service)
    }
}

/// The paths below a directory, in the order of their bytes: `0` is the character behind `/`.
fn below(directory: &str) -> (Bound<String>, Bound<String>) {
    match directory {
        "" => (Bound::Unbounded, Bound::Unbounded),
        directory => (Bound::Included(format!("{directory}/")), Bound::Excluded(format!("{directory}0"))),
    }
}

/// What a file reads, as far as it alone says that. Any text will do: what is no program of the language is read as far as it
/// looks like one.
pub fn scan(text: &str, language: Language) -> Scan {
    match language {
        Language::JavaScript => javascript::scan(text),
        Language::Python => python::scan(text),
        Language::Shell => shell::scan(text),
        Language::Prisma => prisma::scan(text),
    }
}

/// The files that the kinds of a directory say read variables; none where one of them says nothing.
fn globs(kinds: &[&Kind]) -> Option<ignore::gitignore::Gitignore> {
    if kinds.is_empty() || kinds.iter().any(|kind| kind.env_read.is_empty()) {
        return None;
    }
    let mut builder = ignore::gitignore::GitignoreBuilder::new("");
    for glob in kinds.iter().flat_map(|kind| &kind.env_read) {
        builder.add_line(None, glob).ok()?;
    }
    builder.build().ok()
}

/// What the package files of the sources say is run.
fn runs(root: &Path, walk: &Walk) -> BTreeMap<String, String> {
    const POINTERS: [&str; 6] =
        ["/main", "/scripts/start", "/scripts/prestart", "/scripts/start:prod", "/scripts/dev", "/bin"];
    let mut runs = BTreeMap::new();
    for directory in walk.directories.keys() {
        let path = if directory.is_empty() { "package.json".to_owned() } else { format!("{directory}/package.json") };
        let Some(text) = walk::text(root, &path) else { continue };
        let Ok(package) = serde_json::from_str::<serde_json::Value>(&text) else { continue };
        let said: Vec<String> = POINTERS
            .iter()
            .filter_map(|pointer| package.pointer(pointer))
            .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            .collect();
        runs.insert(directory.clone(), said.join("\n"));
    }
    runs
}

/// Whether a name stands in a text as a word.
fn is_mentioned(text: &str, name: &str) -> bool {
    let is_part = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let bytes = text.as_bytes();
    text.match_indices(name).any(|(at, _)| {
        !is_part(at.checked_sub(1).and_then(|before| bytes.get(before))) && !is_part(bytes.get(at + name.len()))
    })
}

/// How many files a thread takes at a time.
const PORTION: usize = 16;

/// Fewer files than this are not worth a thread.
const WORTHWHILE: usize = 48;

/// Does the same with each item, on as many threads as there are processors; the results are in the order of the items.
fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    if items.len() < WORTHWHILE || threads < 2 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let run = || {
        let mut done = Vec::new();
        loop {
            let start = next.fetch_add(PORTION, Ordering::Relaxed);
            if start >= items.len() {
                return done;
            }
            let portion = &items[start..items.len().min(start + PORTION)];
            done.push((start, portion.iter().map(&work).collect::<Vec<R>>()));
        }
    };
    let mut portions = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
        let mut all = run();
        for other in others {
            match other.join() {
                Ok(done) => all.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    portions.sort_by_key(|(start, _)| *start);
    portions.into_iter().flat_map(|(_, done)| done).collect()
}

#[cfg(test)]
mod tests;
