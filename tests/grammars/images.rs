//! References to images: we take what the Docker client takes. `docker tag` asks only for the form of the new name where
//! the image is not there, and so needs no registry.

use proptest::prelude::*;
use proptest::sample::select;
use stackgen::compose::image::{self, ImageFlaw, ImageFlawKind};

use crate::judge::{Judge, cases, count, mutilated};
use crate::support::compose::{docker, has_compose};

/// The name and the tag of a reference, as far as the client says.
fn understood(references: &[&String]) -> Result<Vec<()>, String> {
    references.iter().map(|reference| tagged(reference)).collect()
}

/// Whether the client takes a reference for a name.
fn tagged(reference: &str) -> Result<(), String> {
    let mut command = docker();
    // No engine is asked: there is none at this address.
    command.env("DOCKER_HOST", "tcp://127.0.0.1:9").env_remove("DOCKER_CONTEXT").args(["tag", "--", "none", reference]);
    let output = command.output().expect("docker starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let is_taken = said.contains("Cannot connect") || said.contains("refusing to create a tag with a digest");
    if is_taken { Ok(()) } else { Err(said) }
}

fn text() -> impl Strategy<Value = String> {
    let registry = prop_oneof![
        12 => select(vec!["", "", "", "ghcr.io/", "localhost/", "localhost:5000/", "a.b:1/", "[::1]:5000/", "192.0.2.1/", "UPPER/", "Upper.example/", "[2001:db8::1]/"]),
        1 => select(vec!["-a.b/", "a_b.c/", "a.b:/", "a.b:x/", "[::1/", "a..b/", ".a/", "a./", "/", "http://", "é.example/", "[::1%25e]/", "a.b:99999/", "[x]/", "[]/"]),
    ];
    let word = prop_oneof![
        8 => "[a-z0-9]{1,6}",
        4 => select(vec!["a.b", "a_b", "a__b", "a-b", "a---b", "0", "a1", "localhost", "library"]).prop_map(str::to_owned),
        1 => select(vec!["a___b", "a..b", "a.-b", "-a", "a-", "_a", "a_", "", "A", "aB", "ä", "a b", "a+b", "a.", "a\tb"]).prop_map(str::to_owned),
        1 => (120..260_usize).prop_map(|length| "x".repeat(length)),
    ];
    let tag = prop_oneof![
        12 => select(vec!["", "", ":1", ":1.28-alpine", ":latest", ":A_b.c-D", ":_", ":0"]).prop_map(str::to_owned),
        1 => select(vec![":", ":.x", ":-x", ":a:b", ":é", ":a b", ":a/b", ":a+b"]).prop_map(str::to_owned),
        1 => (126..131_usize).prop_map(|length| format!(":{}", "x".repeat(length))),
    ];
    let digits = |count: usize| "0123456789abcdef".repeat(count / 16);
    let digest = prop_oneof![
        20 => Just(String::new()),
        3 => select(vec![("sha256", 64), ("sha384", 96), ("sha512", 128)]).prop_map(move |(name, count)| format!("@{name}:{}", digits(count))),
        1 => select(vec!["@", "@sha256:", "@sha256:abc", "@x"]).prop_map(str::to_owned),
        1 => select(vec![("sha256", 96), ("md5", 32), ("SHA256", 64), ("sha512", 64), ("blake3", 64), ("sha256+b", 64)]).prop_map(move |(name, count)| format!("@{name}:{}", digits(count))),
        1 => Just(format!("@sha256:{}", digits(64).to_uppercase())),
    ];
    let path = prop::collection::vec(word, 1..4).prop_map(|words| words.join("/"));
    let whole = (registry, path, tag, digest)
        .prop_map(|(registry, path, tag, digest)| format!("{registry}{path}{tag}{digest}"));
    let id = prop_oneof![Just(digits(64)), Just(format!("sha256:{}", digits(64))), Just(format!("{}0", digits(64)))];
    mutilated(prop_oneof![40 => whole, 1 => id], &[":", "/", "@", ".", "-", "_", "A", " ", "é", "__", "\n"])
}

#[test]
fn docker_takes_the_images_that_stackgen_does() {
    if !has_compose() {
        return;
    }
    let judge = Judge {
        what: "references to images",
        ours: |text: &String| image::parse(text).map(|_| ()),
        theirs: |texts: &[&String]| understood(texts),
        is_same_error: |_: &ImageFlaw, said: &str| {
            said.contains("invalid reference format") || said.contains("not a valid repository/tag")
        },
        // The module says of it: a name that nothing can be pulled by.
        is_quirk: |text: &String, flaw: &ImageFlaw| {
            flaw.kind == ImageFlawKind::Registry && text[flaw.range.clone()].contains('_')
        },
        shares: (40, 15),
    };
    // One process for each.
    judge.compare(&cases(&text(), count().min(2000)));
}
