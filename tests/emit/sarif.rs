//! SARIF: valid by the schema of the standard, and the same as JSON says.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use stackgen::diagnostics::emit::Format;
use stackgen::rules;

use super::support::{everything_said, has_tools, repository, tool};
use super::{Fixture, fixtures, rule_breakers};

fn schema() -> PathBuf {
    repository().join("tests/emit/schema/sarif-2.1.0.json")
}

fn validate(files: &[PathBuf]) -> Output {
    let mut command = Command::new(tool("check-jsonschema").expect("the caller has looked for it"));
    // One pattern of the published schema has a bracket too many, which only this reading of ECMAScript takes.
    command.args(["--regex-variant", "nonunicode", "--schemafile"]).arg(schema());
    command.args(files).output().expect("check-jsonschema starts")
}

fn write(folder: &Path, name: &str, document: &Value) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, document.to_string()).expect("a writable folder");
    path
}

fn run(fixture: &Fixture) -> Value {
    fixture.document(Format::Sarif)["runs"][0].take()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

#[test]
fn documents_are_valid_by_the_published_schema() {
    if !has_tools(&["check-jsonschema"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let fixtures: Vec<Fixture> = fixtures().into_iter().chain(rule_breakers()).collect();
    let mut files = Vec::new();
    let mut fired = BTreeSet::new();
    for (number, fixture) in fixtures.iter().enumerate() {
        let document = fixture.document(Format::Sarif);
        let results = list(&document["runs"][0], "results").iter();
        fired.extend(results.map(|result| text(&result["ruleId"]).to_owned()));
        files.push(write(folder.path(), &format!("{number}.sarif"), &document));
    }
    let mut every: BTreeSet<String> =
        rules::ALL.iter().map(|rule| rule.id.to_owned()).chain(["drift".to_owned()]).collect();
    // What they find lies in files, a repository, a lock, another stack or a machine, which these fixtures do not have.
    let of_files = [
        "build-arg-undeclared",
        "copy-source-missing",
        "dockerfile-hygiene",
        "dockerfile-port",
        "dockerignore-misplaced",
        "entrypoint-unreferenced",
        "env-drift",
        "env-file-not-interpolated",
        "env-file-tracked",
        "env-passed-not-read",
        "env-read-not-passed",
        "external-absent",
        "external-network-alias",
        "host-port-taken",
        "inherited-healthcheck",
        "lockfile-mismatch",
        "route-clash",
        "runtime-engine-mismatch",
        "shebang-missing",
        "template-output",
        "volume-left-behind",
    ];
    for id in of_files {
        assert!(every.remove(id) && !fired.contains(id), "{id}");
    }
    assert_eq!(fired, every, "rules that no document is about");
    let output = validate(&files);
    assert!(output.status.success(), "{}", everything_said(&output));
}

#[test]
fn the_validator_minds_what_is_wrong() {
    if !has_tools(&["check-jsonschema"]) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let several = fixtures().into_iter().find(|fixture| fixture.name == "several").expect("the fixture");
    let breakages: [fn(&mut Value); 4] = [
        |result| result["level"] = json!("hint"),
        |result| result["ruleIndex"] = json!("0"),
        |result| result["locations"][0]["physicalLocation"]["region"]["startLine"] = json!(0),
        |result| result["because"] = json!("there is no such property"),
    ];
    for breakage in breakages {
        let mut document = several.document(Format::Sarif);
        breakage(&mut document["runs"][0]["results"][0]);
        let output = validate(&[write(folder.path(), "broken.sarif", &document)]);
        let said = everything_said(&output);
        assert!(output.status.code() == Some(1) && said.contains("$.runs[0].results[0]"), "{said}");
    }
}

/// The path that a URI means: the encoding undone.
fn path(uri: &str) -> String {
    assert!(!uri.starts_with('/') && !uri.contains(':'), "{uri} is no relative reference");
    let mut bytes = Vec::new();
    let mut rest = uri.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        if *byte == b'%' {
            bytes.push(u8::from_str_radix(std::str::from_utf8(&rest[..2]).expect("two digits"), 16).expect("a byte"));
            rest = &rest[2..];
        } else {
            assert!(byte.is_ascii_alphanumeric() || b"-._~/".contains(byte), "{uri} is no URI");
            bytes.push(*byte);
        }
    }
    String::from_utf8(bytes).expect("a path in UTF-8")
}

/// A SARIF location and the same spot in JSON.
fn check_place(place: &Value, spot: &Value, source: &str) {
    let physical = &place["physicalLocation"];
    assert_eq!(physical["artifactLocation"]["uriBaseId"], "%SRCROOT%");
    assert_eq!(path(text(&physical["artifactLocation"]["uri"])), text(&spot["file"]));
    assert_eq!(place["message"]["text"].as_str().unwrap_or_default(), text(&spot["label"]));
    let (start, end) = (&spot["location"]["start"], &spot["location"]["end"]);
    let region = json!({
        "startLine": start["line"], "startColumn": start["column"], "endLine": end["line"], "endColumn": end["column"],
    });
    assert_eq!(physical["region"], region);
    let byte = |position: &Value| usize::try_from(position["offset"].as_u64().expect("a number")).expect("an offset");
    assert_eq!(marked(source, &region), &source[byte(start)..byte(end)]);
}

/// The text of a region whose columns count Unicode code points (SARIF 2.1.0, 3.14.17 and 3.30).
fn marked(source: &str, region: &Value) -> String {
    let number = |key: &str| usize::try_from(region[key].as_u64().expect("a number")).expect("a small number");
    let lines: Vec<&str> = source.split_inclusive('\n').chain([""]).collect();
    let lines = &lines[number("startLine") - 1..number("endLine")];
    let before: usize = lines[..lines.len() - 1].iter().map(|line| line.chars().count()).sum();
    let length = before + number("endColumn") - number("startColumn");
    lines.concat().chars().skip(number("startColumn") - 1).take(length).collect()
}

#[test]
fn a_result_is_what_json_says() {
    let mut beyond_ascii = 0;
    for fixture in fixtures().iter().chain(&rule_breakers()) {
        let (run, document) = (run(fixture), fixture.document(Format::Json));
        assert_eq!(run["columnKind"], "unicodeCodePoints");
        let (findings, drift) = (list(&document, "findings"), list(&document, "drift"));
        let (of_findings, of_drift) = list(&run, "results").split_at(findings.len());
        for (result, finding) in of_findings.iter().zip(findings) {
            let level = if finding["severity"] == "hint" { "note" } else { text(&finding["severity"]) };
            assert_eq!((&result["ruleId"], text(&result["level"])), (&finding["rule"], level));
            check_place(&result["locations"][0], finding, fixture.text());
            let (places, related) = (list(result, "relatedLocations"), list(finding, "related"));
            assert_eq!(places.len(), related.len());
            for ((place, spot), id) in places.iter().zip(related).zip(1..) {
                assert_eq!(place["id"], id);
                assert!(text(&result["message"]["text"]).contains(&format!("]({id})")), "{result}: no link");
                check_place(place, spot, fixture.text());
            }
            let environments = list(&result["properties"], "environments");
            assert_eq!(environments, list(finding, "environments"));
            let start =
                usize::try_from(finding["location"]["start"]["offset"].as_u64().expect("a number")).expect("small");
            let line = &fixture.text()[..start];
            beyond_ascii += usize::from(!line[line.rfind('\n').unwrap_or(0)..].is_ascii());
        }
        assert_eq!(of_drift.len(), drift.len());
        for (result, drift) in of_drift.iter().zip(drift) {
            assert_eq!((text(&result["ruleId"]), text(&result["level"])), ("drift", "error"));
            let place = &result["locations"][0]["physicalLocation"];
            assert_eq!(path(text(&place["artifactLocation"]["uri"])), text(&drift["path"]));
            assert_eq!(result["properties"]["state"], drift["state"]);
            assert!(text(&result["message"]["text"]).starts_with(text(&drift["path"])), "{result}");
        }
    }
    assert!(beyond_ascii > 0, "no place stands behind a character that is not ASCII");
}

#[test]
fn a_result_names_its_rule_twice_and_the_rule_is_described_once() {
    for fixture in fixtures() {
        let run = run(&fixture);
        let rules = list(&run["tool"]["driver"], "rules");
        for result in list(&run, "results") {
            let index = usize::try_from(result["ruleIndex"].as_u64().expect("a number")).expect("a small number");
            assert_eq!(rules[index]["id"], result["ruleId"]);
        }
        let ids: BTreeSet<&str> = rules.iter().map(|rule| text(&rule["id"])).collect();
        let used: BTreeSet<&str> = list(&run, "results").iter().map(|result| text(&result["ruleId"])).collect();
        assert_eq!((ids.len(), &ids), (rules.len(), &used), "{}", fixture.name);
    }
}

fn fingerprints(fixture: &Fixture) -> Vec<String> {
    let run = run(fixture);
    list(&run, "results").iter().map(|result| text(&result["partialFingerprints"]["stackgen/v1"]).to_owned()).collect()
}

#[test]
fn fingerprints_differ_and_stay_when_lines_move() {
    let mut count = 0;
    for fixture in fixtures().iter().chain(&rule_breakers()) {
        let found = fingerprints(fixture);
        let distinct: BTreeSet<&String> = found.iter().collect();
        assert_eq!(distinct.len(), found.len(), "{}", fixture.name);
        let mut moved = Fixture::of(&fixture.name, format!("# One more line.\n\n{}", fixture.text()));
        (moved.drift, moved.directory) = (fixture.drift.clone(), fixture.directory);
        assert_eq!(fingerprints(&moved), found, "{}", fixture.name);
        count += found.len();
    }
    assert!(count > 100, "only {count} results");
}

#[test]
fn a_document_without_results_is_one_all_the_same() {
    let nothing = fixtures().into_iter().find(|fixture| fixture.name == "nothing").expect("the fixture");
    let document = nothing.document(Format::Sarif);
    assert_eq!((&document["version"], &document["runs"][0]["results"]), (&json!("2.1.0"), &json!([])));
}
