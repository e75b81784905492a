//! A project that tests change as they like, and what is in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// Two plain images, two environments: six files.
pub(crate) const SHOP: &str = r#"[stack]
name = "shop"
environments = ["dev", "prod"]

[services.web]
image = "nginx:1.29"
port = 80
health = ["nginx", "-t"]

[services.api]
image = "traefik/whoami:v1.11"
port = 8080

[services.api.env]
GREETING  = { default = "hello", help = "What it says first" }
API_TOKEN = { secret = true, help = "Signs what it sends" }
WEB_URL   = "http://${services.web.address}"

[environments.dev.defaults]
publish = true
"#;

/// What the source of a Node service needs.
pub(crate) const PACKAGE: &str = r#"{ "name": "small", "version": "1.0.0", "main": "server.js", "private": true }
"#;
/// Its lock file.
pub(crate) const LOCKFILE: &str = r#"{ "name": "small", "version": "1.0.0", "lockfileVersion": 3, "packages": {} }
"#;

/// What `SHOP` renders to, beside stackgen.lock.
pub(crate) const SHOP_FILES: [&str; 6] = [
    ".env.example",
    ".env.prod.example",
    "STACK.md",
    "docker-compose.prod.yml",
    "docker-compose.yml",
    "services.schema.json",
];

/// Files with their bytes, by path.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// A directory with a services.toml, which goes when this value goes.
pub(crate) struct Tree {
    folder: TempDir,
}

impl Tree {
    /// With this services.toml and nothing else.
    pub(crate) fn new(manifest: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("stackgen-test-").tempdir().expect("a temporary folder");
        let tree = Self { folder };
        tree.write("services.toml", manifest);
        tree
    }

    /// With this services.toml and all that it renders to.
    pub(crate) fn rendered(manifest: &str) -> Self {
        let tree = Self::new(manifest);
        tree.render(&[]);
        tree
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, text).expect("a file that can be written");
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        self.path(path).symlink_metadata().is_ok()
    }

    /// Replaces a text that must be there.
    pub(crate) fn change(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} has no {from:?}:\n{text}");
        self.write(path, text.replace(from, to));
    }

    /// Whether its owner may run a file; where modes say nothing about that, whether it is an entrypoint.
    pub(crate) fn is_executable(&self, path: &str) -> bool {
        #[cfg(unix)]
        return std::os::unix::fs::MetadataExt::mode(&fs::metadata(self.path(path)).expect("metadata")) & 0o100 != 0;
        #[cfg(not(unix))]
        path.ends_with("/docker-entrypoint.sh")
    }

    /// Every file with its bytes; links by where they lead.
    pub(crate) fn files(&self) -> Files {
        files(self.root())
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.files().into_keys().collect()
    }

    /// `stackgen` with these arguments, in this directory.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = super::stackgen();
        command.current_dir(self.root()).args(arguments);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&mut self.command(arguments))
    }

    /// Renders, which has to succeed.
    pub(crate) fn render(&self, arguments: &[&str]) -> Ran {
        let ran = self.run(&[&["render"], arguments].concat());
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran
    }

    /// Runs a command that has to exit with 1 and to leave everything as it is.
    #[track_caller]
    pub(crate) fn refuses(&self, arguments: &[&str]) -> Ran {
        let before = self.files();
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(self.files() == before, "something was written: {:?}, not {:?}", self.names(), before.keys());
        ran
    }
}

/// Every file below a directory with its bytes; links by where they lead.
pub(crate) fn files(root: &Path) -> Files {
    let mut files = BTreeMap::new();
    walk(root, &mut |path| {
        let name = path.strip_prefix(root).expect("a path below it").to_str().expect("UTF-8").replace('\\', "/");
        let bytes = match fs::read_link(path) {
            Ok(target) => target.to_string_lossy().into_owned().into_bytes(),
            Err(_) => fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())),
        };
        files.insert(name, bytes);
    });
    files
}

/// Whether a path is that of a temporary file of ours.
pub(crate) fn is_stray(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.starts_with(".stackgen-"))
}

/// The paths at which two trees differ.
pub(crate) fn different<'a>(one: &'a Files, other: &'a Files) -> BTreeSet<&'a String> {
    one.keys().chain(other.keys()).filter(|path| one.get(*path) != other.get(*path)).collect()
}

fn walk(directory: &Path, visit: &mut impl FnMut(&Path)) {
    for entry in directory.read_dir().unwrap_or_else(|error| panic!("{}: {error}", directory.display())) {
        let entry = entry.expect("an entry");
        if entry.file_type().expect("a type").is_dir() {
            walk(&entry.path(), visit);
        } else {
            visit(&entry.path());
        }
    }
}

/// What a process said, and how it ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn of(command: &mut Command) -> Self {
        let Output { status, stdout, stderr } =
            command.output().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
    }
}
