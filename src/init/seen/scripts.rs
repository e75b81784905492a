//! Scripts of package.json as what they run: what is set in front of the program, what runs before it, and the program.

use std::iter::Peekable;

use crate::init::snapshot::{self, is_code};

/// What only a shell understands.
const OPERATORS: [&str; 8] = ["||", "|", ";", "&", ">", ">>", "<", "2>&1"];

/// What hands variables on to the program behind it.
const SETTERS: [&str; 3] = ["env", "cross-env", "exec"];

/// What hands its words to a shell.
const SHELL: &str = "cross-env-shell";

/// What runs a file.
const RUNNERS: [&str; 7] = ["node", "tsx", "ts-node", "bun", "nodemon", "ts-node-dev", "pm2-runtime"];

/// What builds, where it stands in front of what runs: the image has it built already.
const BUILDERS: [&str; 8] = ["tsc", "vite", "webpack", "esbuild", "rollup", "tsup", "swc", "rimraf"];

/// A script, taken apart.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Script {
    /// What is set in front of the program.
    pub(super) env: Vec<(String, String)>,
    /// The files that it reads variables from.
    pub(super) env_files: Vec<String>,
    /// What runs before it, each as words.
    pub(super) before: Vec<Vec<String>>,
    /// The program.
    pub(super) words: Vec<String>,
}

impl Script {
    /// What a script runs; none where only a shell could.
    pub(super) fn of(text: &str) -> Option<Self> {
        // What a shell would put in the place of these no container would.
        if text.contains(['$', '`', '*', '?', '~']) {
            return None;
        }
        let all = shlex::split(text)?;
        if all.iter().any(|word| OPERATORS.contains(&word.as_str()) || word.ends_with(';') || word == SHELL) {
            return None;
        }
        let mut script = Self::default();
        let mut commands: Vec<Vec<String>> = all.split(|word| word == "&&").map(<[String]>::to_vec).collect();
        let last = commands.pop()?;
        for command in commands {
            let words = script.bare(command)?;
            if words.is_empty() || words.first().is_some_and(|word| word == "cd") {
                return None;
            }
            script.before.push(words);
        }
        script.words = script.bare(last)?;
        (!script.words.is_empty()).then_some(script)
    }

    /// The words of a command without what is set in front of it, which is kept.
    fn bare(&mut self, words: Vec<String>) -> Option<Vec<String>> {
        let mut rest = words.into_iter().peekable();
        while let Some(word) = rest.peek().cloned() {
            let assigned = word.split_once('=').filter(|(name, _)| crate::manifest::is_variable(name));
            if let Some((name, value)) = assigned {
                self.env.push((name.to_owned(), value.to_owned()));
            } else if matches!(word.as_str(), "dotenv" | "dotenvx" | "env-cmd") {
                rest.next();
                self.of_files(&word, &mut rest)?;
                continue;
            } else if !SETTERS.contains(&word.as_str()) {
                break;
            }
            rest.next();
        }
        let mut words: Vec<String> = rest.collect();
        // Node.js ends where the file is not there, and an image has none.
        let of_flag = |word: &str| {
            let (flag, file) = word.split_once('=')?;
            ["--env-file", "--env-file-if-exists"].contains(&flag).then(|| file.to_owned())
        };
        let files: Vec<String> = words.iter().filter_map(|word| of_flag(word)).collect();
        if !files.iter().all(|file| is_env_file(file)) {
            return None;
        }
        self.env_files.extend(files);
        words.retain(|word| of_flag(word).is_none());
        Some(words)
    }

    /// What reads variables from files, `dotenv -e .env.production -- node server.js`; none where it is told something else.
    fn of_files(&mut self, tool: &str, rest: &mut Peekable<impl Iterator<Item = String>>) -> Option<()> {
        let known = self.env_files.len();
        // The first word behind older ones is the file.
        let is_own = |word: &String| word.starts_with('-') || word == "run" || tool == "env-cmd" && is_env_file(word);
        while let Some(word) = rest.next_if(is_own) {
            let (flag, given) = match word.split_once('=') {
                Some((flag, given)) => (flag, Some(given.to_owned())),
                None => (word.as_str(), None),
            };
            match flag {
                "--" => break,
                "run" | "-o" | "--override" | "--overload" | "-q" | "--quiet" | "--silent" => {}
                "-c" => {
                    let name = rest.next_if(|word| !word.starts_with('-'));
                    self.env_files.extend(name.map(|name| format!(".env.{name}")));
                }
                "-e" | "--env" | "-f" | "--file" | "--env-file" | "-v" => {
                    let given = given.or_else(|| rest.next())?;
                    match given.split_once('=').filter(|(name, _)| crate::manifest::is_variable(name)) {
                        Some((name, value)) => self.env.push((name.to_owned(), value.to_owned())),
                        None if is_env_file(&given) => self.env_files.push(given),
                        None => return None,
                    }
                }
                file if is_env_file(file) && given.is_none() => self.env_files.push(word),
                _ => return None,
            }
        }
        if self.env_files.len() == known {
            self.env_files.push(".env".to_owned());
        }
        Some(())
    }

    /// Whether it is the program and nothing else, but for a variable that the image sets by itself.
    pub(super) fn is_plain(&self) -> bool {
        self.before.is_empty() && self.env_files.is_empty() && self.env.iter().all(|(name, _)| name == "NODE_ENV")
    }

    /// The file that it runs, where it is one of its own.
    pub(super) fn file(&self) -> Option<&str> {
        let runner = self.words.first().filter(|word| RUNNERS.contains(&word.as_str()))?;
        let words = self.words[1..].iter().filter(|word| !(runner == "bun" && *word == "run") && *word != "watch");
        let mut words = words.filter(|word| !word.starts_with('-'));
        words.find(|word| !word.contains('=')).map(String::as_str)
    }

    /// Whether it runs a file whose text can be looked at, once it is built or as it is.
    pub(super) fn runs_file(&self) -> bool {
        self.file().is_some_and(|file| is_code(file) || !file.rsplit('/').next().unwrap_or(file).contains('.'))
    }
}

/// Whether a word names an env file, and nothing that had better not be shown.
fn is_env_file(word: &str) -> bool {
    snapshot::is_env_file(snapshot::file_name(word))
        && word.chars().all(|c| c.is_ascii_alphanumeric() || "._/-".contains(c))
}

/// Whether a step only builds.
pub(super) fn is_build(words: &[String]) -> bool {
    let first = words.first().map(String::as_str).unwrap_or_default();
    let is_manager = matches!(first, "npm" | "pnpm" | "yarn");
    BUILDERS.contains(&first)
        || is_manager && words[1..].iter().any(|word| word.starts_with("build"))
        || first == "npx" && words.get(1).is_some_and(|word| BUILDERS.contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(text: &str) -> Option<(String, String, String, String)> {
        let script = Script::of(text)?;
        let env: Vec<String> = script.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let before: Vec<String> = script.before.iter().map(|words| words.join(" ")).collect();
        Some((env.join(" "), script.env_files.join(" "), before.join(" && "), script.words.join(" ")))
    }

    #[test]
    fn what_stands_in_front_of_a_program_is_no_part_of_it() {
        for (text, env, files, before, words) in [
            ("node server.js", "", "", "", "node server.js"),
            ("PORT=4000 node server.js", "PORT=4000", "", "", "node server.js"),
            ("cross-env NODE_ENV=production TZ=UTC node a.js", "NODE_ENV=production TZ=UTC", "", "", "node a.js"),
            ("env A='b c' node a.js", "A=b c", "", "", "node a.js"),
            ("dotenv -e .env.prod -- node a.js", "", ".env.prod", "", "node a.js"),
            ("dotenv -- tsx a.ts", "", ".env", "", "tsx a.ts"),
            ("dotenvx run -f .env -- node a.js", "", ".env", "", "node a.js"),
            ("env-cmd -f .env node a.js", "", ".env", "", "node a.js"),
            ("env-cmd ./conf/.env node a.js", "", "./conf/.env", "", "node a.js"),
            ("dotenv -c production -- node a.js", "", ".env.production", "", "node a.js"),
            ("dotenvx run -e A=b --env=C=d -- node a.js", "A=b C=d", ".env", "", "node a.js"),
            ("node --env-file=.env --enable-source-maps a.js", "", ".env", "", "node --enable-source-maps a.js"),
            ("prisma migrate deploy && A=1 node a.js", "A=1", "", "prisma migrate deploy", "node a.js"),
        ] {
            let expected = (env.to_owned(), files.to_owned(), before.to_owned(), words.to_owned());
            assert_eq!(script(text), Some(expected), "{text}");
        }
        for text in [
            "node a.js | pino-pretty",
            "cross-env-shell NODE_ENV=production \"node a.js\"",
            "cd dist && node a.js",
            "a || b",
            "node 'a",
            "A=1",
            "node a.js > log",
            "node a.js --port $PORT",
            "node a.js conf/*.json",
            "env-cmd -e dev -- node a.js",
            "dotenv --vault key -- node a.js",
            "dotenv -e tulip -- node a.js",
        ] {
            assert_eq!(script(text), None, "{text}");
        }
    }

    #[test]
    fn a_program_runs_a_file_or_a_tool() {
        let file = |text: &str| Script::of(text).and_then(|script| script.file().map(str::to_owned));
        assert_eq!(file("node --enable-source-maps dist/a.js --x").as_deref(), Some("dist/a.js"));
        assert_eq!(file("bun run src/a.ts").as_deref(), Some("src/a.ts"));
        assert_eq!(file("remix-serve build/index.js"), None);
        assert!(Script::of("node dist/main").is_some_and(|script| script.runs_file()));
    }
}
