//! `stackgen env --write`: what is there stays, what is missing is added, nobody else may read it, and a second run has
//! nothing to do.

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;

use stackgen::compose::dotenv::EnvFile;
use stackgen::disk::EnvFile as EnvFileOnDisk;
use stackgen::env::completion::complete;
use stackgen::env::random;
use stackgen::plan::{Plan, Random};
use stackgen::project::Project;

use crate::oracle::{self, Shell};
use crate::support::compose::has_compose;
use crate::support::tree::{Ran, Tree};
use crate::{STACK, env_files, judge};

/// `stackgen env` in a shell that has nothing.
fn env(tree: &Tree, arguments: &[&str]) -> Ran {
    Ran::of(tree.command(&["env"]).args(arguments).env_clear())
}

/// What Compose would read from a file.
fn values(text: &str) -> BTreeMap<String, String> {
    let values = EnvFile::parse(text).and_then(|file| file.values(&|_| None)).unwrap_or_else(|flaw| panic!("{flaw}"));
    values.into_iter().map(|(name, assigned)| (name, assigned.value)).collect()
}

fn is_url_safe(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(unix)]
fn mode(tree: &Tree, path: &str) -> u32 {
    std::os::unix::fs::MetadataExt::mode(&fs::symlink_metadata(tree.path(path)).expect("metadata")) & 0o7777
}

#[cfg(unix)]
fn set_mode(tree: &Tree, path: &str, mode: u32) {
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
    fs::set_permissions(tree.path(path), permissions).expect("a mode");
}

#[test]
fn a_new_file_has_everything_that_the_example_has() {
    let tree = Tree::rendered(STACK);
    let ran = env(&tree, &["--write", "-q"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let names = |text: &str| -> Vec<String> {
        let lines = text.lines().filter_map(|line| line.trim_start_matches("# ").split_once('='));
        lines.filter(|(name, _)| !name.contains(' ')).map(|(name, _)| name.to_owned()).collect()
    };
    for file in [".env", ".env.prod"] {
        assert_eq!(names(&tree.read(file)), names(&tree.read(&format!("{file}.example"))), "{file}");
    }
    let (dev, prod) = (values(&tree.read(".env")), values(&tree.read(".env.prod")));
    assert_eq!(dev.keys().map(String::as_str).collect::<Vec<_>>(), ["API_TOKEN", "SALT", "SESSION_KEY", "TRACE_ID"]);
    assert_eq!(prod["COMPOSE_FILE"], "docker-compose.prod.yml");
    for values in [&dev, &prod] {
        assert_eq!((values["SESSION_KEY"].len(), values["SALT"].len(), values["TRACE_ID"].len()), (43, 24, 8));
        assert!(["SESSION_KEY", "SALT", "TRACE_ID"].iter().all(|name| is_url_safe(&values[*name])));
        assert_eq!(values["API_TOKEN"], "", "nobody but its owner knows it");
    }
    assert_ne!(dev["SESSION_KEY"], prod["SESSION_KEY"]);
    assert_eq!((prod["DB_PASSWORD"].len(), dev.get("DB_PASSWORD")), (24, None), "in dev a default holds");
}

#[test]
fn what_was_done_is_said_without_a_value() {
    let tree = Tree::rendered(STACK);
    let ran = env(&tree, &["--write"]);
    let said = "    created .env\n  generated SESSION_KEY, SALT and TRACE_ID\n left empty API_TOKEN, for you to set\n    created .env.prod\n  generated SESSION_KEY, SALT, DB_PASSWORD and TRACE_ID\n left empty API_TOKEN and ADMIN_EMAIL, for you to set\n";
    assert_eq!(ran.stderr, said);
    let all = ran.stdout + &ran.stderr;
    let written = [values(&tree.read(".env")), values(&tree.read(".env.prod"))];
    for value in written.iter().flat_map(BTreeMap::values).filter(|value| value.len() >= 8 && !value.contains('.')) {
        assert!(!all.contains(value.as_str()), "{value} in {all}");
    }
}

#[test]
fn a_second_run_writes_nothing() {
    let tree = Tree::rendered(STACK);
    env(&tree, &["--write"]);
    let (before, modified) =
        (tree.files(), fs::metadata(tree.path(".env")).expect("metadata").modified().expect("a time"));
    let ran = env(&tree, &["--write"]);
    assert_eq!(ran.stderr, " up to date .env\n up to date .env.prod\n");
    assert!(tree.files() == before);
    assert_eq!(fs::metadata(tree.path(".env")).expect("metadata").modified().expect("a time"), modified);
}

#[test]
fn what_is_there_stays_byte_for_byte() {
    for text in [
        "\u{feff}# mine\r\nexport API_TOKEN = 'a # b'   # keep\r\n\r\nWORKERS:9\r\nOTHER=\"x\r\ny\"\r\n",
        "API_TOKEN=a\nSALT='b'\nSALT=\"c\"",
        "# nothing but a comment",
        "\n\n",
        "",
    ] {
        let tree = Tree::rendered(STACK);
        tree.write(".env", text);
        let ran = env(&tree, &["-e", "dev", "--write", "-q"]);
        let now = tree.read(".env");
        assert!(now.starts_with(text), "{text:?} became {now:?}");
        let (before, after) = (values(text), values(&now));
        assert!(before.iter().all(|(name, value)| &after[name] == value), "{before:?} became {after:?}");
        assert_eq!(after["SESSION_KEY"].len(), 43);
        assert_eq!(ran.code, Some(i32::from(!before.contains_key("API_TOKEN"))), "{text:?}: {ran:?}");
        let added = &now[text.len()..];
        let is_crlf = text.contains("\r\n");
        assert_eq!(added.matches("\r\n").count(), if is_crlf { added.matches('\n').count() } else { 0 }, "{added:?}");
        assert!(!tree.has(".env.prod"), "it was not asked for");
    }
}

#[test]
fn bytes_that_are_no_text_stay_too() {
    let tree = Tree::rendered(STACK);
    tree.write(".env", b"# caf\xe9\nAPI_TOKEN=caf\xe9\n");
    let ran = env(&tree, &["-e", "dev", "--write", "-q"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(fs::read(tree.path(".env")).expect("a file").starts_with(b"# caf\xe9\nAPI_TOKEN=caf\xe9\n"));
}

#[test]
fn what_is_added_says_what_it_is_for() {
    let tree = Tree::rendered(STACK);
    tree.write(".env.prod", "ADMIN_EMAIL=a@b\nSALT=x\nDB_PASSWORD=x\nSESSION_KEY=x\nTRACE_ID=x\n");
    env(&tree, &["-e", "prod", "--write"]);
    let text = tree.read(".env.prod");
    let added = "
# ---- added by `stackgen env --write` ----
# Selects the compose file; without it that file refuses to start on another environment's values.
COMPOSE_FILE=docker-compose.prod.yml
# From the bank. (required, secret; read by till)
API_TOKEN=
";
    assert!(text.ends_with(added), "{text}");
}

#[test]
fn an_empty_value_that_can_be_made_is_made() {
    let tree = Tree::rendered(STACK);
    tree.write(".env", "API_TOKEN=a\nSALT=\nSESSION_KEY=\nTRACE_ID=\n");
    let ran = env(&tree, &["-e", "dev", "--write", "-q"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let values = values(&tree.read(".env"));
    assert_eq!((values["SALT"].len(), values["SESSION_KEY"].len()), (24, 43));
    assert_eq!(values["TRACE_ID"], "", "it is optional, and somebody wants it empty");
}

#[test]
fn a_value_of_the_example_is_left_to_people() {
    let tree = Tree::rendered(STACK);
    tree.write(".env", tree.read(".env.example"));
    let before = tree.read(".env");
    let ran = env(&tree, &["-e", "dev", "--write"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stdout.contains("`SESSION_KEY` still has the value of the example"), "{ran:?}");
    let now = tree.read(".env");
    assert!(now.starts_with(&before) && now[before.len()..].contains("TRACE_ID="), "{now}");
}

#[test]
fn a_file_that_compose_would_not_read_stops_all_of_it() {
    let tree = Tree::rendered(STACK);
    for (text, said) in
        [("API_TOKEN='abc\n", "the value begins with `'`"), ("SALT=x\nAPI_TOKEN=abc${\n", "`${` begins no")]
    {
        tree.write(".env.prod", text);
        let ran = tree.refuses(&["env", "--write"]);
        assert!(ran.stderr.starts_with("nothing was written\n"), "{ran:?}");
        let line = text.lines().count();
        assert!(ran.stdout.contains(&format!(".env.prod:{line}: `API_TOKEN` cannot be read: {said}")), "{ran:?}");
        assert!(!tree.has(".env"));
    }
}

#[test]
fn a_stack_with_errors_is_not_looked_at() {
    let tree = Tree::new(&STACK.replace("image =", "imgae ="));
    let ran = tree.refuses(&["env", "--write"]);
    assert!(ran.stdout.is_empty() && ran.stderr.contains("unknown-key"), "{ran:?}");
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_it() {
    let tree = Tree::rendered(STACK);
    let mut shell = std::process::Command::new("/bin/sh");
    shell.args(["-c", "umask 0; exec \"$0\" env --write -q", env!("CARGO_BIN_EXE_stackgen")]);
    Ran::of(shell.current_dir(tree.root()).env_clear());
    assert_eq!((mode(&tree, ".env"), mode(&tree, ".env.prod")), (0o600, 0o600));

    // A file that is complete is closed as well.
    set_mode(&tree, ".env", 0o664);
    let before = tree.read(".env");
    let ran = env(&tree, &["-e", "dev", "--write"]);
    assert_eq!(ran.stderr, "   mode set .env (others could read it: it had 0664)\n up to date .env\n");
    assert_eq!((mode(&tree, ".env"), tree.read(".env")), (0o600, before));

    // One that is completed, too.
    tree.write(".env.prod", "SALT=x\n");
    set_mode(&tree, ".env.prod", 0o644);
    env(&tree, &["--write"]);
    assert_eq!(mode(&tree, ".env.prod"), 0o600);
}

#[cfg(unix)]
#[test]
fn its_owner_stays_its_owner() {
    use std::os::unix::fs::{MetadataExt, chown};
    let tree = Tree::rendered(STACK);
    tree.write(".env", "SALT=x\n");
    if chown(tree.path(".env"), Some(4711), Some(4712)).is_err() {
        crate::support::skip("only root can give files away");
        return;
    }
    env(&tree, &["-e", "dev", "--write"]);
    let metadata = fs::metadata(tree.path(".env")).expect("metadata");
    assert_eq!((metadata.uid(), metadata.gid(), metadata.mode() & 0o777), (4711, 4712, 0o600));
    assert!(tree.read(".env").contains("SESSION_KEY="));
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link() {
    use std::os::unix::fs::symlink;
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    fs::write(elsewhere.path().join("values"), "API_TOKEN=a\n").expect("a file");
    let tree = Tree::rendered(STACK);
    symlink(elsewhere.path().join("values"), tree.path(".env")).expect("a link");
    // Compose follows it, so it counts.
    let ran = env(&tree, &["-e", "dev", "--format", "json"]);
    assert!(ran.stdout.contains("\"from\": \"env-file\""), "{ran:?}");
    let ran = tree.refuses(&["env", "--write"]);
    assert!(ran.stderr.contains("`.env` cannot be written: it is a symbolic link"), "{ran:?}");
    fs::remove_file(tree.path(".env")).expect("a link");
    symlink("nowhere", tree.path(".env.prod")).expect("a link");
    tree.refuses(&["env", "--write"]);
    assert!(!tree.has(".env"), "all or nothing");

    let tree = Tree::new(&STACK.replace("name = \"till\"", "name = \"till\"\noutput = \"out\""));
    symlink(elsewhere.path(), tree.path("out")).expect("a link");
    let ran = tree.refuses(&["env", "--write"]);
    assert!(ran.stderr.contains("does not lead to a directory of the project"), "{ran:?}");
    let left: Vec<_> =
        elsewhere.path().read_dir().expect("a folder").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left, ["values"]);
}

#[test]
fn several_at_once_generate_one_secret() {
    let tree = Tree::rendered(STACK);
    let start = |_| {
        let mut command = tree.command(&["env", "--write"]);
        command.env_clear().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a process")
    };
    let running: Vec<_> = (0..6).map(start).collect();
    let ended = running.into_iter().map(|child| child.wait_with_output().expect("an end"));
    let said: Vec<_> = ended.map(|output| String::from_utf8(output.stderr).expect("UTF-8")).collect();
    let count = |line: &str| said.iter().filter(|said| said.lines().any(|other| other == line)).count();
    assert_eq!((count("    created .env"), count(" up to date .env")), (1, 5), "{said:?}");
    assert_eq!((count("    created .env.prod"), count(" up to date .env.prod")), (1, 5), "{said:?}");
}

#[test]
fn what_changed_meanwhile_is_not_overwritten() {
    let tree = Tree::new(STACK);
    tree.write(".env", "SALT=x\n");
    let file = EnvFileOnDisk::new(tree.root(), ".env").expect("a project");
    for before in [None, Some(b"SALT=y\n".as_slice())] {
        let error = file.write(before, b"SALT=z\n").expect_err("it is another one");
        assert!(error.to_string().contains("`.env` changed while stackgen was at work"), "{error}");
    }
    assert_eq!(tree.read(".env"), "SALT=x\n");
    file.write(Some(b"SALT=x\n"), b"SALT=z\n").expect("it is the same");
    assert_eq!(tree.read(".env"), "SALT=z\n");
    assert!(EnvFileOnDisk::new(tree.root(), "../.env").is_err());
}

#[cfg(unix)]
#[test]
fn a_link_that_appears_meanwhile_is_not_replaced() {
    let tree = Tree::new(STACK);
    tree.write("values", "SALT=x\n");
    std::os::unix::fs::symlink("values", tree.path(".env")).expect("a link");
    let file = EnvFileOnDisk::new(tree.root(), ".env").expect("a project");
    let error = file.write(Some(b"SALT=x\n"), b"SALT=z\n").expect_err("a link");
    assert!(error.to_string().contains("it is a symbolic link"), "{error}");
    assert_eq!((tree.read("values"), fs::read_link(tree.path(".env")).is_ok()), ("SALT=x\n".to_owned(), true));
}

#[test]
fn a_directory_in_the_way_is_said() {
    let tree = Tree::rendered(STACK);
    fs::create_dir(tree.path(".env")).expect("a directory");
    let ran = env(&tree, &["--write"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("cannot read `.env`"), "{ran:?}");
}

#[test]
fn what_a_killed_run_left_behind_goes() {
    let tree = Tree::rendered(STACK);
    tree.write(".stackgen-aB3xYz.tmp", "SESSION_KEY=half");
    env(&tree, &["--write"]);
    assert!(!tree.has(".stackgen-aB3xYz.tmp"));
}

#[test]
fn the_file_lies_where_the_compose_file_lies() {
    let tree = Tree::rendered(&STACK.replace("name = \"till\"", "name = \"till\"\noutput = \"deploy/here\""));
    let ran = env(&tree, &["--write"]);
    assert!(ran.stderr.starts_with("    created deploy/here/.env\n"), "{ran:?}");
    assert!(tree.has("deploy/here/.env.prod") && tree.has("deploy/here/docker-compose.prod.yml"));
}

#[test]
fn compose_starts_with_what_was_written() {
    if !has_compose() {
        return;
    }
    let tree = Tree::rendered(STACK);
    let start = |arguments: &[&str]| {
        oracle::environments(&oracle::config(tree.root(), &Shell::new(), arguments))
            .map(|services| services["till"].clone())
    };
    let prod = ["--env-file", ".env.prod"];
    assert!(start(&[]).is_err() && start(&prod).is_err());
    env(&tree, &["--write"]);
    assert!(start(&[]).expect_err("API_TOKEN is empty").contains("API_TOKEN"));
    for file in [".env", ".env.prod"] {
        let filled =
            tree.read(file).replace("API_TOKEN=\n", "API_TOKEN=t\n").replace("ADMIN_EMAIL=\n", "ADMIN_EMAIL=a@b\n");
        tree.write(file, filled);
    }
    let ran = env(&tree, &["-q"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""));
    for (file, arguments) in [(".env", &[][..]), (".env.prod", &prod[..])] {
        let (expected, environment) = (values(&tree.read(file)), start(arguments).expect("an environment"));
        assert_eq!(environment["SESSION_KEY"], expected["SESSION_KEY"]);
    }
}

/// [`STACK`], and its plans.
fn project() -> (Project, Vec<Plan>) {
    let tree = Tree::new(STACK);
    let project = Project::open(&tree.path("services.toml")).expect("services.toml");
    let plans = project.analyse().expect("plans").plans;
    (project, plans)
}

#[test]
fn whatever_can_be_read_can_be_completed_once() {
    let (project, plans) = project();
    let mut count = 0;
    for text in judge::cases(&env_files::text(), 1000) {
        let Ok(file) = EnvFile::parse(&text) else { continue };
        if file.values(&|_| Some("set".to_owned())).is_err() {
            continue;
        }
        count += 1;
        for plan in &plans {
            let mut entropy = |_: Random| Ok("made".to_owned());
            let bytes = text.as_bytes();
            let completion = complete(plan, &project, Some(bytes), &mut entropy).expect("a completion");
            let now =
                completion.bytes.as_deref().map_or(text.clone(), |bytes| String::from_utf8_lossy(bytes).into_owned());
            assert!(now.starts_with(&text), "{text:?} became {now:?}");
            let read = EnvFile::parse(&now).unwrap_or_else(|flaw| panic!("{text:?} became {now:?}: {flaw}"));
            // What had no end of line before may only now be a name.
            let kept = file.entries.iter().filter(|entry| !entry.name.is_empty());
            for (before, after) in kept.zip(read.entries.iter().filter(|entry| !entry.name.is_empty())) {
                assert_eq!((&before.name, &before.value), (&after.name, &after.value), "{text:?} became {now:?}");
            }
            let again = complete(plan, &project, Some(now.as_bytes()), &mut entropy).expect("a completion");
            assert_eq!(again.bytes, None, "{text:?} became {now:?}");
        }
    }
    assert!(count > 300, "only {count} can be read");
}

#[test]
fn without_randomness_nothing_is_made_up() {
    let (project, plans) = project();
    let plan = &plans[0];
    let error = complete(plan, &project, None, &mut |_| Err("no device".to_owned())).expect_err("no randomness");
    assert_eq!(error.to_string(), "the operating system gives no random numbers: no device");
    assert!(complete(plan, &project, None, &mut random::from_system).is_ok());
}
