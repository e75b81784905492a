//! Mounts in the short syntax: what we read from a text is what Compose reads.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};
use stackgen::compose::volume::{self, Mount, MountError, MountFlaw, MountOption, Source};

use crate::judge::{Judge, cases, count, mutilated};
use crate::oracle;
use crate::support::compose::has_compose;

/// A mount as Compose has it.
#[derive(Debug, PartialEq)]
struct Volume {
    is_bind: bool,
    source: Option<String>,
    target: String,
    is_read_only: bool,
    label: Option<String>,
    propagation: Option<String>,
    is_not_copied: bool,
}

fn ours(mount: &Mount) -> Volume {
    let last = |wanted: MountOption| {
        mount.options().filter(|(_, _, option)| *option == wanted).last().map(|(_, word, _)| word.to_owned())
    };
    let (is_bind, source) = match &mount.source {
        Source::Bind(path) => (true, Some(path.clone())),
        Source::Volume(name) => (false, Some(name.clone())),
        Source::Anonymous | Source::Other => (false, None),
    };
    Volume {
        is_bind,
        source,
        target: mount.place(),
        is_read_only: mount.is_read_only(),
        label: last(MountOption::Selinux),
        propagation: last(MountOption::Propagation),
        is_not_copied: last(MountOption::NoCopy).is_some(),
    }
}

fn theirs(volume: &Value) -> Volume {
    // `config` prints what could be read again: every `$` doubled.
    let text = |value: &Value| value.as_str().map(|text| text.replace("$$", "$"));
    Volume {
        is_bind: volume["type"] == "bind",
        source: text(&volume["source"]),
        target: text(&volume["target"]).expect("a target"),
        is_read_only: volume["read_only"] == true,
        label: text(&volume["bind"]["selinux"]),
        propagation: text(&volume["bind"]["propagation"]),
        is_not_copied: volume["volume"]["nocopy"] == true,
    }
}

/// What Compose makes of one mount per service.
fn understood(texts: &[&String]) -> Result<Vec<Volume>, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let services: Map<String, Value> = texts
        .iter()
        .enumerate()
        .map(|(position, text)| {
            (format!("s{position}"), json!({ "image": "none", "volumes": [text.replace('$', "$$")] }))
        })
        .collect();
    oracle::write(folder.path(), "compose.yml", &json!({ "name": "mounts", "services": services }).to_string());
    let mut command = crate::support::compose::compose();
    command.current_dir(folder.path()).args(["--file", "compose.yml", "config", "--format", "json"]);
    // Volumes that nobody declares, and paths as they are written.
    command.args(["--no-consistency", "--no-path-resolution"]).env("GOGC", "off").env("GOMAXPROCS", "1");
    let output = command.output().expect("docker compose starts");
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON from docker compose config");
    let volume = |position| theirs(&document["services"][format!("s{position}")]["volumes"][0]);
    Ok((0..texts.len()).map(volume).collect())
}

fn text() -> impl Strategy<Value = String> {
    let source = prop_oneof![
        12 => select(vec!["data", "my_data", "a.b-c", "./conf", "../conf", ".", "..", "~", "~/x", "/srv/x", "//a", "dä", "$x", "a b", "a1"]),
        3 => select(vec!["c:\\x", "c:/x", "C:", r"\\.\pipe\x", r"\\server\share", "é:x", "d:"]),
        2 => select(vec!["x", "", "é", ":", "9"]),
    ];
    let target = prop_oneof![
        14 => select(vec!["/data", "/a/b", "/a/./b/../c/", "//x", "/ä b", "/x$", "/a/", "/..a", "/a,b"]),
        2 => select(vec!["/", "//", "/x/..", "data", "c:/x", "c:\\x", "", ".", "../x", "~/x", "x"]),
    ];
    let word = prop_oneof![
        12 => select(vec!["ro", "rw", "z", "Z", "nocopy", "shared", "rslave", "private", "rprivate", "rshared", "slave", "cached"]),
        2 => select(vec!["r0", "RO", "", "volume-nocopy", "exec", "uid=1000", "ro rw", "é"]),
    ];
    let mode = prop::collection::vec(word, 1..4).prop_map(|words| words.join(","));
    let whole = (source, target, mode, 0..12_u8).prop_map(|(source, target, mode, form)| match form {
        0 | 1 => target.to_owned(),
        2..=6 => format!("{source}:{target}"),
        7..=10 => format!("{source}:{target}:{mode}"),
        _ => format!("{source}:{target}:{mode}:{mode}"),
    });
    mutilated(whole, &[":", "/", "\\", ",", ".", "c:", " ", "~", "é", "a", "..", "\n"])
}

#[test]
fn compose_mounts_what_stackgen_reads() {
    if !has_compose() {
        return;
    }
    let judge = Judge {
        what: "mounts",
        ours: |text: &String| volume::parse(text).map(|mount| ours(&mount)),
        theirs: |texts: &[&String]| understood(texts),
        is_same_error: |_: &MountError, said: &str| said.contains("invalid spec") || said.contains("empty volume spec"),
        // Compose reads them, and the engine makes no container of them: the module says so.
        is_quirk: |text: &String, error: &MountError| {
            let volume = understood(&[text]).expect("what Compose has read").remove(0);
            error.flaw != MountFlaw::Form && (!volume.target.starts_with('/') || volume.target == "/")
        },
        shares: (50, 15),
    };
    judge.compare(&cases(&text(), count()));
}
