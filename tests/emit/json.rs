//! JSON: the contract that `src/diagnostics/emit/json.rs` documents.

use serde_json::Value;
use stackgen::diagnostics::emit::Format;

use super::fixtures;

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[test]
fn a_document_has_the_version_and_the_keys_that_are_documented() {
    let mut findings = 0;
    let mut drift = 0;
    for fixture in fixtures() {
        let document = fixture.document(Format::Json);
        assert_eq!(document["version"], 1);
        assert_eq!(keys(&document), ["version", "findings", "drift", "summary"]);
        assert_eq!(keys(&document["summary"]), ["errors", "warnings", "hints", "drift"]);
        for finding in document["findings"].as_array().expect("findings") {
            let expected = [
                "rule",
                "severity",
                "message",
                "environments",
                "file",
                "location",
                "label",
                "related",
                "help",
                "url",
                "fix",
            ];
            assert_eq!(keys(finding), expected);
            let spots = finding["related"].as_array().expect("related places").iter();
            for spot in spots.inspect(|spot| assert_eq!(keys(spot), ["file", "location", "label"])).chain([finding]) {
                assert_eq!(keys(&spot["location"]), ["start", "end"]);
                assert_eq!(keys(&spot["location"]["start"]), ["line", "column", "offset"]);
            }
            findings += 1;
        }
        for file in document["drift"].as_array().expect("drift") {
            assert_eq!(keys(file), ["path", "state", "message", "diff"]);
            drift += 1;
        }
    }
    assert!(findings > 10 && drift > 5, "{findings} findings and {drift} drifted files are too few");
}
