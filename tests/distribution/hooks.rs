//! pre-commit: our hooks, installed and run as a user has them, and what the hooks of others make of generated files.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use super::release::{VERSION, run, voice_stack};
use super::support::rendered::fixtures;
use super::support::{everything_said, has_tools, locked, repository, succeed};
use super::wheel;

/// A stack of its own below the voice stack.
const SHOP: &str =
    "[stack]\nname = \"shop\"\n\n[services.web]\nimage = \"nginx:1.29\"\nport = 80\nhealth = [\"nginx\", \"-t\"]\n";

#[test]
fn a_commit_waits_until_the_generated_files_are_in_it() {
    let Some(wheels) = wheel::folder().filter(|_| has_tools(&["git", "pre-commit"])) else { return };
    let hooks = hooks();
    let user = User { wheels, ..User::new(voice_stack().into_folder()) };
    user.write("shop/services.toml", SHOP);
    succeed(Command::new(env!("CARGO_BIN_EXE_stackgen")).args(["-q", "render", "-C", "shop"]).current_dir(user.root()));
    user.write(
        ".pre-commit-config.yaml",
        &format!(
            "repos:\n  - repo: file://{}\n    rev: v{VERSION}\n    hooks:\n      - id: stackgen\n      - id: stackgen\n        \
             name: stackgen render, the shop\n        args: [-C, shop]\n      - id: stackgen-check\n",
            hooks.path().display()
        ),
    );
    succeed(&mut user.pre_commit(&["install"]));

    // Nothing changed, nothing stops it.
    let output = user.commit();
    let said = everything_said(&output);
    assert!(output.status.success() && said.matches("Passed").count() == 3, "{said}");

    // A changed manifest: both files are written, the commit has to be made again with them.
    for (manifest, generated) in [
        ("services.toml", "examples/voice-stack/docker-compose.yml"),
        ("shop/services.toml", "shop/docker-compose.yml"),
    ] {
        let text = user.read(manifest);
        user.write(manifest, &text.replacen("name = \"", "name = \"renamed-", 1));
        let before = user.read(generated);
        let output = user.commit();
        assert!(!output.status.success(), "{}", everything_said(&output));
        assert!(everything_said(&output).contains("files were modified by this hook"), "{}", everything_said(&output));
        assert_ne!(user.read(generated), before);
        assert!(user.commit().status.success());
        assert!(user.committed().contains(&generated.to_owned()), "{:?}", user.committed());
    }

    // A mistake is shown at its line, and nothing is written.
    let right = user.read("services.toml");
    let (line, _) = right.lines().enumerate().find(|(_, line)| line.starts_with("port = ")).expect("a port");
    user.write("services.toml", &right.replacen("\nport = ", "\nprot = ", 1));
    let output = user.commit();
    let said = everything_said(&output);
    assert!(!output.status.success() && said.contains(&format!("services.toml:{}:1", line + 1)), "{said}");
    assert!(!said.contains("files were modified"), "{said}");
    user.write("services.toml", &right);

    // pre-commit shows a hook no file that is deleted; these look all the same.
    fs::remove_file(user.root().join("examples/voice-stack/elevenlabs-agent/package-lock.json")).expect("a lock file");
    let output = user.commit();
    let said = everything_said(&output);
    assert!(!output.status.success() && said.contains("error[build-inputs]"), "{said}");
}

#[test]
fn the_hooks_of_others_leave_generated_files_alone() {
    let programs = [
        "check-case-conflict",
        "check-executables-have-shebangs",
        "check-json",
        "check-merge-conflict",
        "check-shebang-scripts-are-executable",
        "check-toml",
        "check-yaml",
        "detect-private-key",
        "end-of-file-fixer",
        "fix-byte-order-marker",
        "git",
        "mixed-line-ending",
        "pre-commit",
        "trailing-whitespace-fixer",
    ];
    if !has_tools(&programs) {
        return;
    }
    let user = User::new(tempfile::tempdir().expect("a temporary folder"));
    for (path, executable) in locked(repository()) {
        user.copy(&repository().join(&path), &format!("voice-stack/{path}"), executable);
    }
    for path in ["services.toml", "stackgen.lock"] {
        user.copy(&repository().join(path), &format!("voice-stack/{path}"), false);
    }
    for stack in fixtures() {
        for (path, executable) in &stack.files {
            user.copy(&stack.root().join(path), &format!("{}/{path}", stack.name), *executable);
        }
    }
    let config = repository().join("tests/distribution/hooks-of-others.yaml");
    user.write(".pre-commit-config.yaml", &fs::read_to_string(config).expect("a configuration"));
    let everything = ["run", "--all-files", "--show-diff-on-failure"];
    succeed(&mut user.git(&["add", "--all"]));
    let output = run(&mut user.pre_commit(&everything));
    let said = everything_said(&output);
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("no files to check"), "a hook has looked at nothing: {said}");

    // They do complain where there is a reason.
    user.write("trailing.env", "A=1 \n\n");
    user.write("twice.yml", "a: 1\na: 2\n");
    succeed(&mut user.git(&["add", "--all"]));
    let said = everything_said(&run(&mut user.pre_commit(&everything)));
    assert_eq!(said.matches("Failed").count(), 3, "{said}");
}

/// A repository of hooks as pre-commit clones it: all that it reads of ours, tagged as this version.
fn hooks() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in [".pre-commit-hooks.yaml", "pyproject.toml"] {
        fs::copy(repository().join(name), folder.path().join(name)).expect("a copy");
    }
    let tag = format!("v{VERSION}");
    for arguments in
        [&["init", "--quiet"][..], &["add", "--all"], &["commit", "--quiet", "--message=Hooks"], &["tag", &tag]]
    {
        succeed(git(folder.path()).args(arguments));
    }
    folder
}

/// git as somebody who has configured nothing but a name, whoever runs the tests.
fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    clean(&mut command, folder);
    command
}

fn clean(command: &mut Command, folder: &Path) {
    // Set where a hook of git runs the tests.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("GIT_") || name.starts_with("PRE_COMMIT")) {
            command.env_remove(name);
        }
    }
    command.current_dir(folder).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    for role in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{role}_NAME"), "Somebody").env(format!("GIT_{role}_EMAIL"), "somebody@example.com");
    }
}

/// Somebody's repository, and a cache of pre-commit of its own.
struct User {
    folder: TempDir,
    cache: TempDir,
    /// Where pip looks beside `PyPI`.
    wheels: PathBuf,
}

impl User {
    fn new(folder: TempDir) -> Self {
        let user = Self { folder, cache: tempfile::tempdir().expect("a temporary folder"), wheels: PathBuf::new() };
        succeed(&mut user.git(&["init", "--quiet"]));
        user
    }

    fn root(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a writable folder");
        fs::write(path, text).expect("a writable folder");
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn copy(&self, from: &Path, to: &str, executable: bool) {
        use std::os::unix::fs::PermissionsExt as _;
        self.write(to, &fs::read_to_string(from).expect("a readable file"));
        let mode = if executable { 0o755 } else { 0o644 };
        fs::set_permissions(self.root().join(to), fs::Permissions::from_mode(mode)).expect("a file of ours");
    }

    fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        clean(&mut command, self.root());
        command.env("PRE_COMMIT_HOME", self.cache.path()).env("PRE_COMMIT_COLOR", "never");
        command
    }

    fn git(&self, arguments: &[&str]) -> Command {
        let mut command = self.command("git");
        command.args(arguments);
        command
    }

    fn pre_commit(&self, arguments: &[&str]) -> Command {
        let mut command = self.command("pre-commit");
        command.args(arguments);
        command
    }

    /// Stages everything and commits it, through the hooks.
    fn commit(&self) -> Output {
        succeed(&mut self.git(&["add", "--all"]));
        run(self.git(&["commit", "--message=Change"]).env("PIP_FIND_LINKS", &self.wheels))
    }

    /// The files of the last commit.
    fn committed(&self) -> Vec<String> {
        let output = succeed(&mut self.git(&["show", "--format=", "--name-only"]));
        String::from_utf8(output.stdout).expect("names in UTF-8").lines().map(str::to_owned).collect()
    }
}
