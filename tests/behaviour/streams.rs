//! What goes to which stream, who may stop reading, and what is never said.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::{fs, io};

use super::support;
use super::support::tree::{Ran, SHOP, Tree};

/// Commands that print to stdout, for a rendered tree whose services.toml has changed and is wrong in another file.
const PRINTING: [&[&str]; 15] = [
    &["schema"],
    &["rules"],
    &["explain", "unknown-key"],
    &["check"],
    &["check", "--format", "json"],
    &["check", "--format", "sarif"],
    &["check", "--format", "github"],
    &["check", "-f", "wrong.toml"],
    &["render", "--diff"],
    &["render", "--dry-run"],
    &["render", "--dry-run", "--format", "sarif"],
    &["render", "--diff", "--format", "github"],
    &["render", "-f", "wrong.toml", "--format", "json"],
    &["env"],
    &["env", "--format", "json"],
];

/// A tree in which every command of `PRINTING` has something to say.
fn talkative() -> Tree {
    let tree = Tree::rendered(SHOP);
    tree.change("services.toml", "hello", "good morning");
    tree.write("wrong.toml", SHOP.replace("health =", "helth ="));
    tree
}

/// A pipe that nobody reads.
fn unread() -> io::PipeWriter {
    let (reader, writer) = io::pipe().expect("a pipe");
    drop(reader);
    writer
}

#[test]
fn every_printing_command_prints() {
    let tree = talkative();
    for arguments in PRINTING {
        let ran = tree.run(arguments);
        assert!(!ran.stdout.is_empty(), "{arguments:?}: {ran:?}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let tree = talkative();
    for arguments in PRINTING {
        let whole = tree.run(arguments);
        let output = tree.command(arguments).stdout(unread()).stderr(Stdio::piped()).spawn().expect("a process");
        let output = output.wait_with_output().expect("an end");
        assert_eq!(output.status.code(), whole.code, "{arguments:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), whole.stderr, "{arguments:?}");
    }
}

#[test]
fn talk_that_nobody_hears_is_no_error() {
    let tree = talkative();
    for arguments in [&["render"][..], &["check"], &["render", "-f", "wrong.toml"], &["check", "-f", "none.toml"]] {
        let whole = tree.run(arguments);
        let status = tree.command(arguments).stdout(Stdio::null()).stderr(unread()).status().expect("a process");
        assert_eq!(status.code(), whole.code, "{arguments:?}");
    }
}

#[cfg(unix)]
#[test]
fn closed_streams_are_no_error() {
    let tree = talkative();
    let script = "exec \"$0\" \"$@\" <&- >&- 2>&-";
    for arguments in PRINTING {
        let whole = tree.run(arguments);
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", script, env!("CARGO_BIN_EXE_stackgen")]).args(arguments).current_dir(tree.root());
        assert_eq!(Ran::of(&mut shell).code, whole.code, "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_stdout_is_an_error() {
    let tree = talkative();
    for arguments in PRINTING {
        let full = std::fs::File::options().write(true).open("/dev/full").expect("/dev/full");
        let output = tree.command(arguments).stdout(full).stderr(Stdio::piped()).spawn().expect("a process");
        let output = output.wait_with_output().expect("an end");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains("cannot write to stdout: No space left on device"), "{arguments:?}: {said}");
    }
}

#[test]
fn data_goes_to_stdout_and_talk_to_stderr() {
    let tree = Tree::new(SHOP);
    let streams = |arguments: &[&str]| {
        let ran = tree.run(arguments);
        (!ran.stdout.is_empty(), !ran.stderr.is_empty())
    };
    assert_eq!(streams(&["schema"]), (true, false));
    assert_eq!(streams(&["rules"]), (true, false));
    assert_eq!(streams(&["render", "--diff"]), (true, false));
    assert_eq!(streams(&["check", "--format", "json"]), (true, false));
    assert_eq!(streams(&["render", "--dry-run", "--format", "github"]), (true, false));
    assert_eq!(streams(&["render", "--format", "github"]), (false, true), "what is found is nothing");
    assert_eq!(streams(&["render", "--format", "sarif"]), (true, true));
    assert_eq!(streams(&["render", "--format", "json", "-q"]), (true, false));
    assert_eq!(streams(&["env"]), (true, false));
    assert_eq!(streams(&["env", "-e", "dev", "--write"]), (true, true));
    assert_eq!(streams(&["render"]), (false, true));
    assert_eq!(streams(&["check"]), (false, true));
    assert_eq!(streams(&["check", "--format", "github"]), (false, false));
    assert_eq!(streams(&["check", "--format", "sarif", "-q"]), (true, false));
    assert_eq!(streams(&["check", "--format", "json"]), (true, false));
    assert_eq!(streams(&["render", "-q"]), (false, false));
    assert_eq!(streams(&["check", "-q"]), (false, false));
    assert_eq!(streams(&["render", "--dry-run", "-q"]), (false, false));
    assert_eq!(streams(&["check", "-f", "none.toml"]), (false, true));
}

#[test]
fn colors_are_for_terminals_and_for_those_who_ask() {
    let tree = talkative();
    let check = ["check", "-f", "wrong.toml"];
    assert!(!tree.run(&check).stdout.contains('\u{1b}'));
    assert!(tree.run(&[&check[..], &["--color", "always"]].concat()).stdout.contains('\u{1b}'));
    let ran = Ran::of(tree.command(&check).args(["--color", "never"]).env("CLICOLOR_FORCE", "1"));
    assert!(!ran.stdout.contains('\u{1b}'));
}

#[test]
fn findings_name_the_file_as_the_user_did() {
    let tree = talkative();
    let name = tree.root().file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
    let parent = tree.root().parent().expect("a parent");
    let ran = Ran::of(support::stackgen().args(["check", "-C", &name, "-f", "wrong.toml"]).current_dir(parent));
    assert!(ran.stdout.contains(&format!(" {name}/wrong.toml:8:")), "{ran:?}");
    let ran = tree.run(&["check", "-f", "./wrong.toml"]);
    assert!(ran.stdout.contains(" wrong.toml:8:"), "{ran:?}");
}

/// The paths that a command names in SARIF, and those that it names to GitHub.
fn places(directory: &Path, arguments: &[&str]) -> (BTreeSet<String>, BTreeSet<String>) {
    let run = |format: &str| {
        Ran::of(support::stackgen().args(arguments).args(["--format", format]).current_dir(directory)).stdout
    };
    let between = |text: &str, before: &str, after: char| -> BTreeSet<String> {
        let found = text.split(before).skip(1).filter_map(|rest| rest.split(after).next());
        found.map(str::to_owned).collect()
    };
    (between(&run("sarif"), "\"uri\": \"", '"'), between(&run("github"), " file=", ','))
}

#[test]
fn a_repository_is_told_where_files_are_from_where_stackgen_is_run() {
    let tree = talkative();
    fs::create_dir(tree.path("deep")).expect("a directory");
    let absolute = tree.root().to_str().expect("UTF-8");
    let name = tree.root().file_name().and_then(|name| name.to_str()).expect("a name");
    let parent = tree.root().parent().expect("a parent");
    let nested = format!("{name}/deep/../");
    let ways = [
        (tree.root(), vec!["-f", "wrong.toml"], ""),
        (tree.root(), vec!["-C", ".", "-f", "./wrong.toml"], ""),
        (tree.root(), vec!["-C", absolute, "-f", "wrong.toml"], ""),
        (parent, vec!["-C", name, "-f", "wrong.toml"], name),
        (parent, vec!["-C", &nested, "-f", "wrong.toml"], name),
        (parent, vec!["-C", absolute, "-f", "wrong.toml"], name),
        (&tree.path("deep"), vec!["-C", "..", "-f", "wrong.toml"], ".."),
    ];
    for (directory, way, expected) in ways {
        let expected = if expected.is_empty() { "wrong.toml".to_owned() } else { format!("{expected}/wrong.toml") };
        let expected = BTreeSet::from([expected]);
        let (sarif, github) = places(directory, &[&["check"], &way[..]].concat());
        assert_eq!((&sarif, &github), (&expected, &expected), "{way:?}");
    }
    let (sarif, github) = places(parent, &["check", "-C", absolute]);
    let drifted = [".env.example", ".env.prod.example", "STACK.md", "docker-compose.prod.yml", "docker-compose.yml"];
    let drifted = BTreeSet::from(drifted.map(|path| format!("{name}/{path}")));
    assert_eq!((&sarif, &github), (&drifted, &drifted));
}

#[cfg(unix)]
#[test]
fn a_link_is_resolved_for_the_repository_which_has_no_files_behind_it() {
    let tree = talkative();
    let name = tree.root().file_name().and_then(|name| name.to_str()).expect("a name");
    let elsewhere = tempfile::tempdir_in(tree.root().parent().expect("a parent")).expect("a directory");
    std::os::unix::fs::symlink(tree.root(), elsewhere.path().join("link")).expect("a link");
    let expected = BTreeSet::from([format!("../{name}/wrong.toml")]);
    let (sarif, github) = places(elsewhere.path(), &["check", "-C", "link", "-f", "wrong.toml"]);
    assert_eq!((&sarif, &github), (&expected, &expected));
}

#[test]
fn a_literal_secret_is_never_repeated() {
    const SECRET: &str = "swordfish-in-the-clear";
    let dev = SHOP.replace(r#"["dev", "prod"]"#, r#"["dev"]"#);
    let literal = dev.replace("GREETING  =", &format!("STRIPE_SECRET_KEY = \"{SECRET}\"\nGREETING  ="));
    let allow = "[services.api]\nallow.literal-secret = \"a key for tests\"\n";
    for manifest in [literal.clone(), literal.replace("[services.api]\n", allow)] {
        let tree = Tree::new(&manifest);
        tree.write("wrong.toml", manifest.replace("health =", "helth =").replace("address", "adress"));
        tree.write("prod.toml", manifest.replace("dev", "prod"));
        let hidden = |arguments: &[&str]| {
            let ran = tree.run(arguments);
            let said = ran.stdout + &ran.stderr;
            assert!(!said.contains(SECRET), "{arguments:?}:\n{said}");
        };
        let all = || {
            for file in ["services.toml", "wrong.toml", "prod.toml"] {
                hidden(&["check", "-f", file]);
                for format in ["json", "sarif", "github"] {
                    hidden(&["check", "-f", file, "--format", format]);
                    hidden(&["render", "-f", file, "--format", format, "--dry-run"]);
                }
                hidden(&["render", "-f", file, "--format", "github", "--diff"]);
                hidden(&["render", "-f", file, "--format", "json", "--diff"]);
                hidden(&["check", "-f", file, "--color", "always"]);
                hidden(&["render", "-f", file, "--dry-run"]);
                hidden(&["render", "-f", file, "--diff"]);
            }
        };
        all();
        hidden(&["render", "-v"]);
        assert!(tree.read("docker-compose.yml").contains(SECRET), "in dev it is rendered, and warned about");
        // A file that holds it is edited: a refusal shows a diff with the secret on either side.
        tree.change("docker-compose.yml", "STRIPE_SECRET_KEY: ", "STRIPE_SECRET_KEY:  ");
        all();
        hidden(&["render"]);
        hidden(&["render", "--format", "json"]);
        hidden(&["render", "--format", "github"]);
        assert!(tree.run(&["render"]).stdout.contains("STRIPE_SECRET_KEY:  \"********\""));
        hidden(&["render", "--force", "-v"]);
    }
}
