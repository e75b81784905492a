//! What the formats promise: the words, and the secrets that stay out.

use toml::de::DeTable;

use super::*;
use crate::diagnostics::{Finding, Fix, Label};
use crate::source::KeyPath;

mod hostile;
mod places;

const STACK: &str = r#"[stack]
name = "shop"

[services.api]
publish = 8080
env = { TOKEN = "s3cr3t-value", LEVEL = "loud" }

[services.web]
publish = 8080
"#;

fn source(text: &str) -> Source {
    Source::new("services.toml", ".", text.to_owned())
}

fn report(source: &Source, findings: Vec<Finding>) -> Report {
    let document = DeTable::parse(source.text()).unwrap();
    Report::new(source, &document, findings)
}

fn printed(format: Format, outcome: &Outcome<'_>, terminal: Terminal) -> String {
    let mut out = Vec::new();
    format.emit(outcome, terminal, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn human(outcome: &Outcome<'_>) -> String {
    printed(Format::Human, outcome, Terminal::default())
}

/// The same text with `shown` in front of a line for each that differs: multi-line strings compare readably.
#[track_caller]
fn same(shown: &str, expected: &str) {
    assert!(shown == expected, "printed:\n{shown}\nexpected:\n{expected}");
}

fn publish(environment: &str, service: &str, text: &str) -> Label {
    Label::value(Some(environment), KeyPath::of(["services", service, "publish"]), text)
}

fn conflict(environment: &str) -> Finding {
    let primary = publish(environment, "web", "published here");
    Finding::new("host-port-conflict", Severity::Error, "port 8080 of the host is published twice", primary)
        .with(publish(environment, "api", "and here"))
        .help("give one of them another `publish`")
}

fn token() -> Label {
    Label::value(None, KeyPath::of(["services", "api", "env", "TOKEN"]), "a literal secret").redacted()
}

fn level(text: &str) -> Label {
    Label::value(None, KeyPath::of(["services", "api", "env", "LEVEL"]), text)
}

fn literal_secret() -> Finding {
    Finding::new("literal-secret", Severity::Warning, "TOKEN stands in services.toml", token())
}

fn drift(path: &str, state: &'static str, message: &str, diff: Option<&str>) -> Drift {
    Drift { path: path.to_owned(), state, message: message.to_owned(), diff: diff.map(str::to_owned) }
}

#[test]
fn every_file_of_the_folder_is_a_format() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/diagnostics/emit");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.filter_map(|name| name.strip_suffix(".rs").map(str::to_owned)).collect();
    names.retain(|name| name != "mod" && name != "tests");
    names.sort();
    let mut formats: Vec<_> = Format::ALL.iter().map(|format| format.name()).collect();
    formats.sort_unstable();
    assert_eq!(names, formats);
}

#[test]
fn people_see_both_places_the_environments_and_the_help() {
    let source = source(STACK);
    let report = report(&source, vec![conflict("dev"), conflict("prod")]);
    let names = ["dev".to_owned(), "staging".to_owned(), "prod".to_owned()];
    let outcome = Outcome::new(&source, &report, &[]).of_environments(&names);
    let expected = r"error[host-port-conflict]: port 8080 of the host is published twice
 --> services.toml:9:11
  |
5 | publish = 8080
  |           ---- and here
...
9 | publish = 8080
  |           ^^^^ published here
  |
  = note: in dev and prod
  = help: give one of them another `publish`

1 error (host-port-conflict)
mend the error first: nothing is rendered until that is done; `stackgen explain host-port-conflict` says why
";
    same(&human(&outcome), expected);
    let all = Outcome::new(&source, &report, &[]);
    assert!(!human(&all.of_environments(&names[..2])).contains("note:"));
}

#[test]
fn environments_are_joined_in_plain_english() {
    let source = source(STACK);
    let report = report(&source, ["a", "b", "c"].map(conflict).to_vec());
    assert!(human(&Outcome::new(&source, &report, &[])).contains("= note: in a, b and c\n"));
}

#[test]
fn a_finding_about_another_file_names_it_and_shows_what_it_clashes_with() {
    let source = Source::new("stack/services.toml", "stack", STACK.to_owned());
    let finding =
        Finding::new("unknown-build-arg", Severity::Hint, "LEVEL is no ARG", Label::file("api/Dockerfile", ""))
            .with(level("given here"))
            .with(Label::file("api/package.json", "read here"));
    let bare = Finding::new("no-lockfile", Severity::Warning, "no lockfile", Label::file("api", ""));
    let report = report(&source, vec![finding, bare]);
    let expected = r#"warning[no-lockfile]: no lockfile
--> stack/api

hint[unknown-build-arg]: LEVEL is no ARG
 --> stack/api/Dockerfile
  |
 ::: stack/services.toml:6:41
  |
6 | env = { TOKEN = "s3cr3t-value", LEVEL = "loud" }
  |                                         ------ given here
  |
  = note: stack/api/package.json: read here

1 warning (no-lockfile), 1 hint (unknown-build-arg)
`stackgen explain no-lockfile` says why
"#;
    same(&human(&Outcome::new(&source, &report, &[])), expected);
}

const DOCKERFILE: &str = "FROM node:22-slim\nUSER root\nENV TOKEN=s3cr3t-value\nCMD node server.js\n";

/// A finding in a Dockerfile, with a second place in it, one in services.toml and one in a file that is not known.
fn of_dockerfile(source: &Source) -> Report {
    let within = |words: &str, text: &str| {
        let at = DOCKERFILE.find(words).unwrap();
        Label::within("api/Dockerfile", at..at + words.len(), text)
    };
    let finding =
        Finding::new("dockerfile-hygiene", Severity::Warning, "it is root", within("CMD node server.js", "here"))
            .with(level("built here"))
            .with(within("root", "since then"))
            .with(Label::within("api/other", 1..2, "nobody read it"));
    report(source, vec![finding, literal_secret()]).with_files(|path| (path == "api/Dockerfile").then_some(DOCKERFILE))
}

#[test]
fn a_finding_in_another_file_shows_its_lines_too() {
    let source = Source::new("stack/services.toml", "stack", STACK.to_owned());
    let report = of_dockerfile(&source);
    let outcome = Outcome::new(&source, &report, &[]);
    let expected = r#"warning[literal-secret]: TOKEN stands in services.toml
 --> stack/services.toml:6:17
  |
6 | env = { TOKEN = "********", LEVEL = "loud" }
  |                 ^^^^^^^^^^ a literal secret

warning[dockerfile-hygiene]: it is root
 --> stack/api/Dockerfile:4:1
  |
2 | USER root
  |      ---- since then
3 | ENV TOKEN=********
4 | CMD node server.js
  | ^^^^^^^^^^^^^^^^^^ here
  |
 ::: stack/services.toml:6:41
  |
6 | env = { TOKEN = "********", LEVEL = "loud" }
  |                                     ------ built here
  |
  = note: stack/api/other: nobody read it

2 warnings (literal-secret, dockerfile-hygiene)
`stackgen explain literal-secret` says why
"#;
    same(&human(&outcome), expected);
}

#[test]
fn programs_get_the_place_in_the_other_file() {
    let source = Source::new("stack/services.toml", "stack", STACK.to_owned());
    let report = of_dockerfile(&source);
    let outcome = Outcome::new(&source, &report, &[]);
    let parsed =
        |format| serde_json::from_str::<serde_json::Value>(&printed(format, &outcome, Terminal::default())).unwrap();
    let json = &parsed(Format::Json)["findings"][1];
    assert_eq!(json["file"], "stack/api/Dockerfile");
    let start = serde_json::json!({"line": 4, "column": 1, "offset": 51});
    assert_eq!(json["location"]["start"], start);
    assert_eq!(json["related"][1]["location"]["start"]["line"], 2);
    assert!(json["related"][2]["location"].is_null());
    let sarif = &parsed(Format::Sarif)["runs"][0]["results"][1]["locations"][0]["physicalLocation"];
    assert_eq!(sarif["artifactLocation"]["uri"], "stack/api/Dockerfile");
    assert_eq!(sarif["region"]["startLine"], 4);
    let github = printed(Format::Github, &outcome, Terminal::default());
    assert!(github.contains("file=stack/api/Dockerfile,line=4,endLine=4,col=1,endColumn=19,"), "{github}");
    for format in Format::ALL {
        assert!(!printed(*format, &outcome, Terminal::default()).contains("s3cr3t"), "{}", format.name());
    }
}

#[test]
fn people_see_drift_with_a_limited_diff() {
    let source = source(STACK);
    let added = (0..60).fold(String::new(), |diff, line| diff + &format!("+  line{line}: {}\n", "x".repeat(10 * line)));
    let diff = format!("--- docker-compose.yml\n+++ docker-compose.yml\n@@ -1,0 +1,60 @@\n{added}");
    let drift = [
        drift("docker-compose.yml", "changed", "is out of date", Some(&diff)),
        drift(".env.example", "missing", "is missing", None),
    ];
    let report = Report::default();
    let shown = human(&Outcome::new(&source, &report, &drift));
    let lines: Vec<&str> = shown.lines().collect();
    let first = ["error[drift]: docker-compose.yml: is out of date", "--- docker-compose.yml"];
    assert_eq!(lines[..2], first);
    let last = [
        "… 23 more lines; see `stackgen render --diff`",
        "",
        "error[drift]: .env.example: is missing",
        "",
        "2 drifted files; run `stackgen render`",
    ];
    assert_eq!(lines[lines.len() - last.len()..], last);
    assert_eq!(lines.len(), 1 + 40 + 5);
}

#[test]
fn the_way_out_of_drift_depends_on_its_kind() {
    let source = source(STACK);
    let report = report(&source, vec![literal_secret()]);
    let hint = |states: &[&'static str]| {
        let drift: Vec<_> = states.iter().map(|state| drift("x", state, "differs", None)).collect();
        human(&Outcome::new(&source, &report, &drift)).lines().last().unwrap().to_owned()
    };
    assert_eq!(hint(&["changed"]), "run `stackgen render`; `stackgen explain literal-secret` says why");
    assert!(hint(&["changed", "edited"]).contains("--force"));
    assert!(hint(&["stale", "blocked"]).contains("make way"));
}

#[test]
fn nothing_to_say_prints_nothing_for_people() {
    let source = source(STACK);
    let outcome = Outcome::new(&source, &Report::default(), &[]);
    assert!(outcome.is_empty());
    assert_eq!(human(&outcome), "");
}

#[test]
fn colors_are_printed_only_when_asked_for() {
    let source = source(STACK);
    let report = report(&source, vec![conflict("dev")]);
    let drift = [drift("x", "changed", "differs", Some("@@ -1 +1 @@\n-a\n+b\n"))];
    let outcome = Outcome::new(&source, &report, &drift);
    assert!(!human(&outcome).contains('\u{1b}'));
    let colored = printed(Format::Human, &outcome, Terminal { color: true, ..Terminal::default() });
    assert!(colored.contains("\u{1b}["));
    assert!(colored.contains("services.toml:9:11"), "{colored}");
    assert_eq!(anstream::adapter::strip_str(&colored).to_string(), human(&outcome));
}

#[test]
fn programs_get_places_and_no_text() {
    let source = source(STACK);
    let report = report(&source, vec![conflict("dev")]);
    let drift = [drift("docker-compose.yml", "stale", "is no longer generated", None)];
    let expected = r#"{
  "version": 1,
  "findings": [
    {
      "rule": "host-port-conflict",
      "severity": "error",
      "message": "port 8080 of the host is published twice",
      "environments": [
        "dev"
      ],
      "file": "services.toml",
      "location": {
        "start": {
          "line": 9,
          "column": 11,
          "offset": 128
        },
        "end": {
          "line": 9,
          "column": 15,
          "offset": 132
        }
      },
      "label": "published here",
      "related": [
        {
          "file": "services.toml",
          "location": {
            "start": {
              "line": 5,
              "column": 11,
              "offset": 48
            },
            "end": {
              "line": 5,
              "column": 15,
              "offset": 52
            }
          },
          "label": "and here"
        }
      ],
      "help": "give one of them another `publish`",
      "url": "https://github.com/stackgen/stackgen/blob/HEAD/docs/rules/host-port-conflict.md",
      "fix": null
    }
  ],
  "drift": [
    {
      "path": "docker-compose.yml",
      "state": "stale",
      "message": "is no longer generated",
      "diff": null
    }
  ],
  "summary": {
    "errors": 1,
    "warnings": 0,
    "hints": 0,
    "drift": 1
  }
}
"#;
    let outcome = Outcome::new(&source, &report, &drift);
    same(&printed(Format::Json, &outcome, Terminal::default()), expected);
}

#[test]
fn json_has_its_keys_even_when_there_is_nothing_to_say() {
    let source = source("");
    let outcome = Outcome::new(&source, &Report::default(), &[]);
    let document: serde_json::Value =
        serde_json::from_str(&printed(Format::Json, &outcome, Terminal::default())).unwrap();
    let summary = serde_json::json!({"errors": 0, "warnings": 0, "hints": 0, "drift": 0});
    assert_eq!(document, serde_json::json!({"version": 1, "findings": [], "drift": [], "summary": summary}));
}

#[test]
fn json_says_null_where_a_file_is_meant_as_a_whole() {
    let source = source(STACK);
    let finding = Finding::new("no-lockfile", Severity::Warning, "no lockfile", Label::file("api", ""));
    let report = report(&source, vec![finding]);
    let outcome = Outcome::new(&source, &report, &[]);
    let document: serde_json::Value =
        serde_json::from_str(&printed(Format::Json, &outcome, Terminal::default())).unwrap();
    assert_eq!(document["findings"][0]["file"], "api");
    assert!(document["findings"][0]["location"].is_null());
}

#[test]
fn a_secret_is_masked_in_every_finding_and_every_diff() {
    let source = source(STACK);
    let careless = Finding::new("odd-level", Severity::Warning, "LEVEL of s3cr3t-value is odd", level("no level"))
        .help("do not use s3cr3t-value");
    let report = report(&source, vec![careless, literal_secret()]);
    let drift = [drift("docker-compose.yml", "changed", "differs", Some("+  TOKEN: \"s3cr3t-value\"\n"))];
    let outcome = Outcome::new(&source, &report, &drift);
    let expected = r#"warning[literal-secret]: TOKEN stands in services.toml
 --> services.toml:6:17
  |
6 | env = { TOKEN = "********", LEVEL = "loud" }
  |                 ^^^^^^^^^^ a literal secret

warning[odd-level]: LEVEL of ******** is odd
 --> services.toml:6:41
  |
6 | env = { TOKEN = "********", LEVEL = "loud" }
  |                                     ^^^^^^ no level
  |
  = help: do not use ********

error[drift]: docker-compose.yml: differs
+  TOKEN: "********"

2 warnings (literal-secret, odd-level), 1 drifted file
run `stackgen render`; `stackgen explain literal-secret` says why
"#;
    same(&human(&outcome), expected);
    for format in Format::ALL {
        for color in [false, true] {
            let shown = printed(*format, &outcome, Terminal { color, ..Terminal::default() });
            assert!(!shown.contains("s3cr3t"), "{shown}");
        }
    }
}

#[test]
fn the_secrets_of_merged_findings_are_masked_too() {
    let text = "[environments.prod.services.api.env]\nTOKEN = \"pr0duction\"\n";
    let source = source(text);
    // Both point at the same line first; each has its own secret.
    let finding = |secret: Range<usize>| {
        Finding::new("literal-secret", Severity::Warning, "a secret", Label::bytes(0..1, ""))
            .with(Label::bytes(secret, "").redacted())
    };
    let report = report(&source, vec![finding(40..40), finding(45..57)]);
    assert_eq!(report.findings.len(), 1);
    let mut outcome = Outcome::new(&source, &report, &[]);
    outcome.findings[0].primary.span = 37..58;
    assert!(!human(&outcome).contains("pr0duction"), "{}", human(&outcome));
}

#[test]
fn a_diff_has_no_secret_that_services_toml_no_longer_has() {
    let source = source("a = 1\n");
    let secrets = ["PIN".to_owned()].into_iter().collect();
    let report = Report { secrets, ..report(&source, Vec::new()) };
    let diff = "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-PASSWORD: \"before99\"\n-PIN: 1234\n+PASSWORD: \"after99\"\n";
    let drift = [drift("x", "edited", "was edited", Some(diff))];
    let outcome = Outcome::new(&source, &report, &drift);
    for format in Format::ALL {
        let mut out = Vec::new();
        format.emit(&outcome, Terminal::default(), &mut out).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert!(!["before99", "after99", "1234"].iter().any(|secret| out.contains(secret)), "{out}");
    }
}

#[test]
fn a_secret_of_several_lines_is_masked_in_all_of_them() {
    let text = "a = \"\"\"\nBEGIN k3y-0ne\nmiddle\nk3y-tw0 END\"\"\"\nb = 1\n";
    let source = source(text);
    let end = text.find("\nb").unwrap();
    let key = Finding::new("literal-secret", Severity::Warning, "a key", Label::bytes(4..end, "here").redacted());
    let report = report(&source, vec![key]);
    let shown = human(&Outcome::new(&source, &report, &[]));
    assert!(!shown.contains("k3y") && !shown.contains("middle"), "{shown}");
    assert_eq!(shown.matches("********").count(), 3, "{shown}");
}

/// A finding about the port of `service`, with what `check --fix` does about it.
fn fixable(service: &str) -> Finding {
    let place = KeyPath::of(["services", service, "publish"]);
    let label = Label::value(None, place.clone(), "");
    Finding::new("host-port-conflict", Severity::Error, format!("the port of `{service}` is taken"), label)
        .fix(Fix::new("publish 8081").set(None, place, 8081))
}

#[test]
fn people_and_programs_see_what_a_fix_does() {
    let source = source(STACK);
    let report = report(&source, vec![fixable("web")]);
    let outcome = Outcome::new(&source, &report, &[]);
    let expected = r"error[host-port-conflict]: the port of `web` is taken
 --> services.toml:9:11
  |
9 | publish = 8080
  |           ^^^^
  |
  = fix: publish 8081 (`stackgen check --fix`)

1 error (host-port-conflict)
`stackgen check --fix` makes 1 fix; `stackgen explain host-port-conflict` says why
";
    same(&human(&outcome), expected);
    let parsed =
        |format| serde_json::from_str::<serde_json::Value>(&printed(format, &outcome, Terminal::default())).unwrap();
    let fix = &parsed(Format::Json)["findings"][0]["fix"];
    let place = |column: usize, offset: usize| serde_json::json!({"line": 9, "column": column, "offset": offset});
    let edit = serde_json::json!({"start": place(11, 128), "end": place(15, 132), "text": "8081"});
    assert_eq!(*fix, serde_json::json!({"title": "publish 8081", "edits": [edit]}));
    let fix = &parsed(Format::Sarif)["runs"][0]["results"][0]["fixes"][0];
    assert_eq!(fix["description"]["text"], "Publish 8081");
    let replacement = &fix["artifactChanges"][0]["replacements"][0];
    assert_eq!(replacement["insertedContent"]["text"], "8081");
    assert_eq!(replacement["deletedRegion"]["startColumn"], 11);
    assert!(printed(Format::Github, &outcome, Terminal::default()).contains("%0Afix: publish 8081"));
}

#[test]
fn a_fix_that_repeats_a_secret_is_named_and_not_shown() {
    let source = source(STACK);
    let place = KeyPath::of(["services", "api", "env", "TOKEN"]);
    let fix = Fix::new("write s3cr3t-value otherwise").set(None, place, "x-s3cr3t-value");
    let report = report(&source, vec![literal_secret().fix(fix)]);
    let outcome = Outcome::new(&source, &report, &[]);
    for format in Format::ALL {
        let shown = printed(*format, &outcome, Terminal::default());
        assert!(!shown.contains("s3cr3t"), "{shown}");
    }
    let json: serde_json::Value = serde_json::from_str(&printed(Format::Json, &outcome, Terminal::default())).unwrap();
    let expected = serde_json::json!({"title": "write ******** otherwise", "edits": []});
    assert_eq!(json["findings"][0]["fix"], expected);
}

#[test]
fn many_findings_of_one_rule_do_not_bury_the_others() {
    let source = source(STACK);
    let of = |number: usize| {
        Finding::new("odd-level", Severity::Warning, format!("level {number} is odd"), level("no level"))
    };
    let late = Finding::new("late-rule", Severity::Warning, "the last one", publish("dev", "web", ""));
    let all = |many: usize| (0..many).map(of).chain([late.clone()]).collect::<Vec<_>>();
    let shown = |many: usize, verbose: bool| {
        let report = report(&source, all(many));
        let outcome = Outcome::new(&source, &report, &[]);
        printed(Format::Human, &outcome, Terminal { verbose, ..Terminal::default() })
    };
    let few = shown(6, false);
    assert_eq!(few.matches("no level").count(), 3, "{few}");
    let listed = "warning[odd-level]: 3 more findings\n  services.toml:6:41  level 3 is odd\n  \
                  services.toml:6:41  level 4 is odd\n  services.toml:6:41  level 5 is odd\n  \
                  `--verbose` shows them in full\n\nwarning[late-rule]: the last one\n";
    assert!(few.contains(listed), "{few}");
    assert!(few.contains("\n7 warnings (6 odd-level, late-rule)\n"), "{few}");
    assert_eq!(shown(6, true).matches("no level").count(), 6);
    assert_eq!(shown(4, false).matches("no level").count(), 4, "one line more or less");
    assert!(shown(60, false).contains("\n  … and 37 more\n"));
}

#[test]
fn the_name_of_a_rule_is_a_link_where_there_are_colors() {
    let source = source(STACK);
    let report = report(&source, vec![conflict("dev")]);
    let outcome = Outcome::new(&source, &report, &[]);
    let link = "\u{1b}]8;;https://github.com/stackgen/stackgen/blob/HEAD/docs/rules/host-port-conflict.md\u{1b}\\";
    let colored = printed(Format::Human, &outcome, Terminal { color: true, ..Terminal::default() });
    assert!(colored.contains(link), "{colored}");
    assert!(!human(&outcome).contains("https://"));
}
