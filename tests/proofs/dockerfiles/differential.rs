//! The grammars of Dockerfiles and ignore files beside the builder's own: the same files, generated with a fixed seed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use serde_json::Value;
use stackgen::dockerfile::Dockerfile;
use stackgen::dockerfile::ignore::Ignore;

use super::{BASE, docker, everything_said, exported, folder, has_engine};
use crate::support::in_parallel;

/// Numbers that look random and are the same in each run (Marsaglia, "Xorshift RNGs").
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).expect("a small number")
    }

    fn pick<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items[self.roll(items.len())]
    }
}

/// A Dockerfile of which the builder may take all, or nothing.
fn dockerfile(dice: &mut Dice) -> String {
    let escape = if dice.roll(4) == 0 { '`' } else { '\\' };
    let mut text = String::new();
    if escape == '`' {
        text.push_str(dice.pick(&["# escape=`\n", "#escape = `\r\n", "# check=skip=all\n# Escape=`\n"]));
    }
    if dice.roll(3) == 0 {
        text.push_str("# a comment\n\n");
    }
    for _ in 0..dice.roll(3) {
        text.push_str(dice.pick(&["ARG ONE=1\n", "ARG TWO\n", "ARG ONE\n", "arg THREE=\"a b\" FOUR='c'\n"]));
    }
    let names = ["", " AS one", " as Two", " AS three-3"];
    for stage in 0..=dice.roll(3) {
        let base = if stage > 0 && dice.roll(3) == 0 { dice.pick(&["one", "TWO", "three-3"]) } else { BASE };
        let flag = dice.pick(&["", "", "--platform=linux/amd64 "]);
        let _ = writeln!(text, "{} {flag}{base}{}", dice.pick(&["FROM", "from"]), dice.pick(&names));
        for _ in 0..dice.roll(5) {
            let line = dice.pick(&[
                "EXPOSE 80 443/tcp",
                "USER node",
                "ARG FIVE=5 SIX",
                "ARG ONE",
                "ENV A=1 B=\"two words\" C=three\\ words",
                "ENV OLD form",
                "RUN echo one ~\n  two",
                "RUN echo one ~\n# between\n\n  && echo two",
                "RUN <<EOF\nFROM nothing\nUSER x\nEOF",
                "RUN <<-EOF cat <<two\n\tEXPOSE 1\n\tEOF\nEXPOSE 2\ntwo",
                "COPY <<one <<\"two\" /x/\nUSER y\none\n$X\ntwo",
                "COPY --chown=1:1 a ~\n  /b",
                "COPY [\"a b\", \"/c\"]",
                "COPY --from=one /a /b",
                "CMD [\"a\", \"b\"]",
                "CMD a <<EOF",
                "ENTRYPOINT a ~~",
                "HEALTHCHECK --interval=5s CMD [\"a\"]",
                "HEALTHCHECK none",
                "WORKDIR /x",
                "LABEL a=b \"c d\"=e",
                "ONBUILD RUN <<EOF\nUSER z\nEOF",
                "VOLUME /data",
                "STOPSIGNAL SIGINT",
                "SHELL [\"sh\", \"-c\"]",
                "# USER commented",
                // What the builder does not take.
                "EXPOSE",
                "UNKNOWN x",
                "ENV A=1 B",
                "HEALTHCHECK x",
                "RUN <<EOF\nnever ends",
                "COPY a",
                "COPY --chwon=1 a b",
                "COPY --from a b",
                "USER",
                "ONBUILD FROM x",
                "SHELL sh",
                "VOLUME []",
                "CMD",
            ]);
            // The last ones end most files early, so they are seldom taken.
            let is_wrong = !Dockerfile::parse(&format!("FROM a\n{}", line.replace('~', "\\"))).flaws.is_empty();
            if is_wrong && dice.roll(6) > 0 {
                continue;
            }
            text.push_str(&line.replace('~', &escape.to_string()));
            text.push('\n');
        }
    }
    text
}

/// What the builder says of a file: for each stage its name, its base and its line; or why it takes none of it.
fn targets(folder: &std::path::Path) -> Result<Vec<(String, String, u64)>, String> {
    let mut command = docker();
    command.current_dir(folder).args(["buildx", "build", "--call=targets,format=json", "."]);
    let output = command.output().expect("docker starts");
    if !output.status.success() {
        return Err(everything_said(&output));
    }
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON from the builder");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = document["targets"].as_array().expect("targets").iter();
    Ok(all
        .map(|target| {
            let line = target["location"]["ranges"][0]["start"]["line"].as_u64().expect("a line");
            (text(&target["name"]), text(&target["base"]), line)
        })
        .collect())
}

/// The same by our grammar.
fn ours(text: &str) -> Result<Vec<(String, String, u64)>, String> {
    let file = Dockerfile::parse(text);
    if let Some(flaw) = file.flaws.first() {
        return Err(format!("{flaw:?}"));
    }
    let of_stage = |stage: &stackgen::dockerfile::Stage| {
        let from = &file.instructions[stage.from];
        let line = text[..from.span.start].matches('\n').count() + 1;
        let name = stage.name.as_ref().map(|name| name.text.to_lowercase()).unwrap_or_default();
        (name, stage.base.text.clone(), line as u64)
    };
    Ok(file.stages.iter().map(of_stage).collect())
}

#[test]
fn the_builder_reads_the_same_stages_and_refuses_the_same_files() {
    if !has_engine() {
        return;
    }
    let mut dice = Dice(0x5eed_0001);
    let files: Vec<String> = (0..60).map(|_| dockerfile(&mut dice)).collect();
    let complaints = in_parallel(&files, |text| {
        let folder = folder(&[("Dockerfile", text)]);
        let (theirs, ours) = (targets(folder.path()), ours(text));
        let is_same = match (&theirs, &ours) {
            (Ok(theirs), Ok(ours)) => theirs == ours,
            (Err(_), Err(_)) => true,
            _ => false,
        };
        if is_same { String::new() } else { format!("{text}\n---\ntheirs: {theirs:?}\nours: {ours:?}\n=====\n") }
    });
    let complaints: String = complaints.concat();
    assert!(complaints.is_empty(), "{complaints}");
    let refused = files.iter().filter(|text| ours(text).is_err()).count();
    assert!(refused > 5 && refused < files.len() - 5, "{refused} of {} are refused", files.len());
}

#[test]
fn the_builder_knows_the_same_arguments_with_the_same_values() {
    if !has_engine() {
        return;
    }
    let text = "ARG V=22\nARG VARIANT=slim\nARG FULL=${V}-${VARIANT}\nFROM node:${FULL} AS one\nARG A=1\nARG B=\"x $A\"\n\
         ARG C='$A'\nARG D=${UNSET:-y${A}}\nARG E=${A:+set}\nFROM one\nARG V\nARG F=\\$A$V\n";
    let folder = folder(&[("Dockerfile", text)]);
    let mut command = docker();
    command.current_dir(folder.path()).args(["buildx", "build", "--call=outline,format=json", "--build-arg=A=2", "."]);
    let output = command.output().expect("docker starts");
    assert!(output.status.success(), "{}", everything_said(&output));
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON from the builder");
    let theirs: BTreeMap<String, String> = document["args"]
        .as_array()
        .expect("arguments")
        .iter()
        .map(|one| {
            (one["name"].as_str().expect("a name").to_owned(), one["value"].as_str().unwrap_or_default().to_owned())
        })
        .collect();
    let file = Dockerfile::parse(text);
    let passed = BTreeMap::from([("A".to_owned(), "2".to_owned())]);
    let mut known = file.values(1, &passed);
    for (name, value) in file.global_arguments(&passed) {
        known.entry(name).or_insert(value);
    }
    // `UNSET` may come from the base image, of which nothing is known: what hangs on it is not known either.
    let unknown: Vec<&String> = theirs.keys().filter(|name| known.get(*name).is_none_or(Option::is_none)).collect();
    assert_eq!(unknown, ["D"]);
    for (name, value) in theirs.iter().filter(|(name, _)| *name != "D") {
        assert_eq!(known[name].as_ref(), Some(value), "{name} of {theirs:?}");
    }
    assert!(theirs.len() >= 6, "{theirs:?}");
}

/// The files of a context in which all patterns are tried.
const PATHS: [&str; 22] = [
    "a",
    "ab",
    "a.b",
    "a1",
    "b/a",
    "b/c/a",
    "b/c/d.md",
    "b/x.md",
    "c.md",
    "d/.env",
    "d/e/.env",
    ".env",
    ".git/config",
    "node_modules/x/y.js",
    "src/node_modules/z.js",
    "src/a.js",
    "src/deep/er/a.js",
    "src/[x]/b",
    "x*y",
    "xzy",
    "é/ü",
    "-/q",
];

/// Lines that people write, and lines that they might.
const LINES: [&str; 54] = [
    "a",
    "/a",
    "a/",
    "./a",
    "*",
    "**",
    "*.md",
    "**/*.md",
    "b",
    "b/",
    "b/*",
    "b/**",
    "**/a",
    "**a",
    "a*",
    "?",
    "a?",
    "!a",
    "!b/c",
    "!b/c/a",
    "! src",
    "!**/a.js",
    "!*.md",
    "node_modules",
    "**/node_modules",
    "*/node_modules",
    ".*",
    "**/.*",
    "**/.env",
    ".env*",
    "[ab]",
    "[a-c].md",
    "[^a]",
    "a[0-9]",
    "a\\.b",
    "x\\*y",
    "x*y",
    "src/../a",
    "src//a.js",
    "src/**/a.js",
    "src/*/*/a.js",
    "src/**",
    "!src/deep",
    "d/**/.env",
    "# a",
    " # a",
    "é",
    "é/?",
    "**/d.md",
    "b/c/../x.md",
    "src/[[]x]/b",
    "!.env",
    "***",
    "a^b",
];

#[test]
fn the_builder_leaves_out_the_same_files() {
    if !has_engine() {
        return;
    }
    let mut dice = Dice(0x5eed_0002);
    // All of them go into one build, each in a directory and with patterns of its own: a build of a stage per directory
    // would ask the same question a hundred times.
    let mut files: Vec<String> = LINES.iter().map(|line| format!("{line}\n")).collect();
    files.extend((0..46).map(|_| {
        let lines: Vec<&str> = (0..2 + dice.roll(4)).map(|_| dice.pick(&LINES)).collect();
        lines.join("\n") + "\n"
    }));
    let complaints = in_parallel(&files, |patterns| {
        let mut all: Vec<(&str, &str)> = PATHS.iter().map(|path| (*path, "")).collect();
        // Kept out of what is compared, and of the patterns.
        let dockerfile = "FROM scratch\nCOPY . .\n";
        all.push(("zz/Dockerfile", dockerfile));
        all.push(("zz/Dockerfile.dockerignore", patterns));
        let folder = folder(&all);
        let theirs: Vec<String> = exported(folder.path(), &["--file=zz/Dockerfile"])
            .into_iter()
            .filter(|path| !path.starts_with("zz/"))
            .collect();
        let ignore = Ignore::parse(patterns);
        let mut ours: Vec<String> =
            PATHS.iter().filter(|path| !ignore.ignores(path)).map(|path| (*path).to_owned()).collect();
        ours.sort();
        if ours == theirs {
            return String::new();
        }
        let only = |a: &[String], b: &[String]| a.iter().filter(|path| !b.contains(path)).cloned().collect::<Vec<_>>();
        format!("{patterns:?}: only theirs {:?}, only ours {:?}\n", only(&theirs, &ours), only(&ours, &theirs))
    });
    assert_eq!(complaints.concat(), "");
}

#[test]
fn the_builder_refuses_the_same_patterns() {
    if !has_engine() {
        return;
    }
    for pattern in ["a[b", "!", "a\\", "[]", "[a-]"] {
        let folder = folder(&[("Dockerfile", "FROM scratch\nCOPY . .\n"), ("a", ""), (".dockerignore", pattern)]);
        let mut command = docker();
        let output = command.current_dir(folder.path()).args(["build", "--output=type=cacheonly", "."]).output();
        let output = output.expect("docker starts");
        assert!(!output.status.success(), "{pattern} is taken");
        assert_eq!(Ignore::parse(pattern).flaws.len(), 1, "{pattern}: {}", everything_said(&output));
        fs::remove_file(folder.path().join(".dockerignore")).expect("a file");
    }
}
