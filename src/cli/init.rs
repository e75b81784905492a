//! `stackgen init`: a services.toml for a repository that is there already.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, ValueHint};
use stackgen::diagnostics::words;
use stackgen::disk::{DiskError, ManifestFile};
use stackgen::init::{Draft, Question};

use super::{Global, code, print, say};

/// What is put behind the name of a file that is moved away.
const ASIDE: &str = ".before";

#[derive(Debug, Args)]
#[command(after_help = "\
It looks at package.json, lock files, pyproject.toml, requirements.txt, Procfiles, Dockerfiles, compose files with their \
labels, the names in env files, and at what the sources read. Behind each value it says where it was seen; what it could \
not tell is listed at the end. No value that may be a secret is copied: its name becomes a variable. Nothing is asked \
without --ask, and no file is written but services.toml, which must not be there yet.

Examples:
  stackgen init --stdout          look at it first; nothing is written
  stackgen init                   write services.toml here
  stackgen init --ask shop        ask about what cannot be told, and write shop/services.toml

Exit codes: 0 written, or printed; 1 there is a services.toml already; 2 stackgen could not work.")]
pub(super) struct Init {
    /// The directory [default: this one, or that of -C]
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    place: Option<PathBuf>,
    /// Print services.toml instead of writing it
    #[arg(long)]
    stdout: bool,
    /// Ask on the terminal about what cannot be told; an empty line takes what stands in brackets
    #[arg(long)]
    ask: bool,
}

impl Init {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<ExitCode> {
        if let Some(environment) = global.environments.first() {
            bail!(
                "`stackgen init` is about no environment, so `--env {environment}` says nothing; leave it out: compose files \
                 that are called after environments are found by themselves"
            );
        }
        let base = global.directory.clone().unwrap_or_default();
        let directory = self.place.as_ref().map_or_else(|| base.clone(), |directory| base.join(directory));
        let directory = if directory.as_os_str().is_empty() { PathBuf::from(".") } else { directory };
        let global = Global { directory: Some(directory.clone()), ..global.clone() };
        let manifest = global.manifest();
        let shown = shown(&manifest);
        let root = directory.canonicalize();
        let root = root.with_context(|| format!("cannot open the directory {}", directory.display()))?;
        if !root.is_dir() {
            bail!("{} is no directory; name the one that the repository is in", directory.display());
        }
        if !self.stdout && manifest.symlink_metadata().is_ok() {
            return Ok(refuse(&shown));
        }
        let name = root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut answers = BTreeMap::new();
        let mut draft = Draft::of(&root, &name, &answers)?;
        if self.ask {
            let mut asked: Vec<String> = Vec::new();
            // An answer may lead to further questions.
            while let Some(question) = draft.questions.iter().find(|question| !asked.contains(&question.key)).cloned() {
                for question in
                    draft.questions.iter().filter(|known| !asked.contains(&known.key)).cloned().collect::<Vec<_>>()
                {
                    asked.push(question.key.clone());
                    if let Some(answer) = ask(&question)? {
                        answers.insert(question.key, answer);
                    }
                }
                debug_assert!(asked.contains(&question.key));
                draft = Draft::of(&root, &name, &answers)?;
            }
        }
        if self.stdout {
            print(&draft.text)?;
        } else {
            let turn = global.turn()?;
            let file = ManifestFile::new(&global.folder(), &file_name(&manifest))?;
            let created = file.create(&draft.text);
            drop(turn);
            match created {
                Err(DiskError::ManifestExists { .. }) => return Ok(refuse(&shown)),
                other => other?,
            }
        }
        if !global.quiet {
            let file = global.file.to_string_lossy();
            let stackgen =
                if file == "services.toml" { "stackgen".to_owned() } else { format!("stackgen -f {}", word(&file)) };
            self.tell(&draft, &shown, &directory, &stackgen);
        }
        Ok(code(false))
    }

    /// What was done, what could not be told, and what to do next, on stderr.
    fn tell(&self, draft: &Draft, shown: &str, directory: &Path, stackgen: &str) {
        let count = draft.services.len();
        let services = if count == 1 { "1 service".to_owned() } else { format!("{count} services") };
        if draft.is_example {
            let why = if draft.commented.is_empty() {
                "nothing here shows what runs"
            } else {
                "nothing here can run as it is"
            };
            say(&format!("{why}: this is the smallest stack there is, a web server with its own page"));
        }
        let comments = if draft.commented.is_empty() {
            String::new()
        } else {
            format!("; as comments, with the reason: {}", draft.commented.join(", "))
        };
        if !self.stdout {
            say(&format!("    created {} ({services}: {}{comments})", words::shown(shown), draft.services.join(", ")));
        }
        if !draft.unknown.is_empty() {
            say("\nIt could not tell:");
            let mut last = String::new();
            for (about, what) in &draft.unknown {
                if *about != last {
                    say(&format!("  {}", words::shown(about)));
                    last.clone_from(about);
                }
                say(&format!("    - {}", words::shown(what)));
            }
            if !self.ask && !draft.questions.is_empty() {
                say("  (`stackgen init --ask` asks about some of it)");
            }
        }
        for error in &draft.errors {
            say(&format!("\n`stackgen check` will find: {}", words::shown(error)));
        }
        next(draft, directory, stackgen);
    }
}

/// What to do next, as commands; `stackgen` with what it needs to find the file.
fn next(draft: &Draft, directory: &Path, stackgen: &str) {
    let is_here = directory == Path::new(".");
    say("\nNext:");
    if !is_here {
        say(&format!("  cd {}", word(&directory.to_string_lossy())));
    }
    if !draft.in_the_way.is_empty() {
        say(if draft.in_the_way.len() == 1 {
            "  # this file of yours would be in the way: nothing is lost, it only gets another name"
        } else {
            "  # these files of yours would be in the way: nothing is lost, they only get another name"
        });
        for path in &draft.in_the_way {
            say(&format!("  mv {} {}", word(path), word(&format!("{path}{ASIDE}"))));
        }
    }
    let width = stackgen.len() + " render --dry-run".len();
    say(&format!("  {:<width$}    # what would be written", format!("{stackgen} render --dry-run")));
    say(&format!("  {stackgen} render"));
    say(&format!(
        "  {:<width$}    # makes .env, or completes it; what is missing is named",
        format!("{stackgen} env --write")
    ));
    if !draft.env_files.is_empty() {
        let files = words::and(&draft.env_files);
        let files = words::shown(&files);
        say(&format!("  # then copy the values of {files} into .env, which alone is read from now on"));
    }
    say("  docker compose up --build --wait");
    if !draft.kept.is_empty() {
        let stays = if draft.kept.len() == 1 { "stays as it is" } else { "stay as they are" };
        say(&format!("\n{} {stays} (`dockerfile` in services.toml).", words::shown(&words::and(&draft.kept))));
        // Of what no kind builds there is no other.
        if draft.replaceable == draft.kept {
            say("To have one written instead, remove that line and move the file away.");
        } else if !draft.replaceable.is_empty() {
            let files = words::and(&draft.replaceable);
            say(&format!("To have {} written instead, remove that line and move the file away.", words::shown(&files)));
        }
    }
}

/// A word of a shell.
fn word(text: &str) -> String {
    let is_plain = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+@%".contains(c));
    // A path is no option, whatever it begins with.
    let text = if text.starts_with('-') { format!("./{text}") } else { text.to_owned() };
    if is_plain {
        return text;
    }
    if text.chars().any(char::is_control) {
        // So a shell reads it back, and a terminal obeys nothing of it.
        let escaped = text.chars().map(|c| match c {
            '\'' | '\\' => format!("\\{c}"),
            c if c.is_ascii_control() => format!("\\x{:02x}", c as u32),
            c if c.is_control() => format!("\\u{:04x}", c as u32),
            c => c.to_string(),
        });
        return format!("$'{}'", escaped.collect::<String>());
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn refuse(shown: &str) -> ExitCode {
    say(&format!(
        "error: {} is there already, and nothing is written over it\n\
         `stackgen init --stdout` prints what would be written, to compare; or move the file away, then run again",
        words::shown(shown)
    ));
    code(true)
}

/// Asks on the terminal; none where the default is taken.
fn ask(question: &Question) -> anyhow::Result<Option<String>> {
    let mut stderr = io::stderr().lock();
    loop {
        let default = if question.default.is_empty() { "none" } else { &question.default };
        let _ = write!(stderr, "{} [{}]: ", words::shown(&question.text), words::shown(default));
        let _ = stderr.flush();
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line).context("cannot read the answer from stdin")? == 0 {
            let _ = writeln!(stderr);
            return Ok(None);
        }
        let answer = line.trim();
        if answer.is_empty() {
            return Ok(None);
        }
        match question.objection(answer) {
            None => return Ok(Some(answer.to_owned())),
            Some(objection) => {
                let _ = writeln!(stderr, "  {objection}");
            }
        }
    }
}

fn shown(manifest: &Path) -> String {
    let text = manifest.to_string_lossy().replace('\\', "/");
    text.strip_prefix("./").unwrap_or(&text).to_owned()
}

fn file_name(manifest: &Path) -> String {
    manifest.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
