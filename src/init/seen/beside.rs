//! What a program of TypeScript has beside the files that its kind gives a build by itself: its ignore file is an allow
//! list there, and a build that misses something fails, or leaves it out without a word.

use std::collections::{BTreeMap, BTreeSet};

use super::{ASIDE, Fact, Program, is_part};
use crate::init::snapshot::{Snapshot, file_name, is_code, is_dockerfile, is_env_file, joined, parent};

/// The file with which the ignore file of the kind `node` is an allow list.
const ALLOW_LIST: &str = "tsconfig.json";

/// What the kind `node` takes by itself, beside what its installation reads (its `dockerignore.j2`).
const TAKEN: [&str; 7] = ["src", "public", "static", "prisma", "index.html", "nest-cli.json", "docker-entrypoint.sh"];

/// What the installation reads.
const INSTALLED: [&str; 4] = ["package.json", ".pnpmfile.cjs", "pnpm-workspace.yaml", "patches"];

/// Configurations of tools that a build runs, which no ending shows.
const CONFIGURATIONS: [&str; 7] =
    [".babelrc", ".babelrc.json", ".babelrc.js", ".babelrc.cjs", ".swcrc", ".postcssrc.json", "angular.json"];

/// Directories about how the whole is run, what a build has left, and what is never meant for an image.
const OF_OTHERS: [&str; 31] = [
    "dist",
    "build",
    "out",
    "lib-cov",
    "docker",
    "deploy",
    "deployment",
    "infra",
    "infrastructure",
    "k8s",
    "kubernetes",
    "helm",
    "charts",
    "terraform",
    "ansible",
    "nginx",
    "traefik",
    "prometheus",
    "grafana",
    "ops",
    "ci",
    "secret",
    "secrets",
    "cert",
    "certs",
    "certificates",
    "ssl",
    "tls",
    "keys",
    "credentials",
    "private",
];

/// Directories that hold data of somebody's machine, unless there is code in them.
const DATA: [&str; 14] = [
    "data", "db-data", "pgdata", "volumes", "storage", "uploads", "backup", "backups", "dumps", "logs", "log", "tmp",
    "temp", "cache",
];

/// What makes a directory a program of its own.
const PROGRAMS: [&str; 5] = ["package.json", "pyproject.toml", "requirements.txt", "go.mod", "Cargo.toml"];

/// What separates or replaces parts of a path where an image is built.
const OF_PATTERNS: &str = "*?[]{}\"'\\$#!:,`";

/// Says what of the directory from which a program is built its image needs besides.
pub(super) fn look(snapshot: &Snapshot, program: &mut Program) {
    let root = program.workspace.as_ref().map_or(program.directory.as_str(), |workspace| workspace.root.as_str());
    if !snapshot.has(&joined(root, ALLOW_LIST)) {
        return;
    }
    let mut files = BTreeSet::new();
    let mut directories: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for path in snapshot.below(root) {
        let inner = if root.is_empty() { path } else { &path[root.len() + 1..] };
        match inner.split_once('/') {
            Some((directory, rest)) => directories.entry(directory).or_default().push(rest),
            None => {
                files.insert(inner);
            }
        }
    }
    let (mut found, mut withheld) = (Vec::new(), Vec::new());
    for (name, inside) in &directories {
        let of_workspace = program.workspace.is_some() && inside.iter().any(|path| file_name(path) == "package.json");
        if !of_workspace && !is_read(name, inside) {
            continue;
        }
        if inside.iter().any(|path| is_secret(file_name(path))) {
            withheld.push(*name);
        } else {
            found.push(*name);
        }
    }
    found.extend(files.into_iter().filter(|name| is_read_there(snapshot, root, name)));
    let (found, odd): (Vec<&str>, Vec<&str>) = found.into_iter().partition(|name| is_plain(name));
    for name in withheld {
        program.remarks.push(format!(
            "whether its build reads `{name}`: there is something in it that may be a secret, so that its image does not \
             get it; `include = [\"{name}\"]` adds it"
        ));
    }
    for name in odd {
        program.remarks.push(format!(
            "whether its build reads `{name}`: a name with such characters cannot be written in `include`"
        ));
    }
    if !found.is_empty() {
        let why = "what else lies there; take out what neither the build nor what runs needs";
        program.include = Some(Fact::guess(found.into_iter().map(str::to_owned).collect(), why));
    }
}

/// Whether a build may read a directory at the root of a source, which holds these files.
fn is_read(name: &str, inside: &[&str]) -> bool {
    let lower = name.to_ascii_lowercase();
    let lower = lower.as_str();
    let is_program = |path: &&str| PROGRAMS.contains(&file_name(path)) || is_dockerfile(file_name(path));
    let has_code = || inside.iter().any(|path| is_code(path));
    !TAKEN.contains(&name)
        && !INSTALLED.contains(&name)
        && !ASIDE.contains(&lower)
        && !OF_OTHERS.contains(&lower)
        && (!DATA.contains(&lower) || has_code())
        && !inside.iter().any(is_program)
}

/// Whether a build may read a file at the root of a source.
fn is_read_there(snapshot: &Snapshot, root: &str, name: &str) -> bool {
    if TAKEN.contains(&name) || INSTALLED.contains(&name) || is_configuration(name) || is_secret(name) {
        return false;
    }
    if CONFIGURATIONS.contains(&name) {
        return true;
    }
    if name.starts_with('.') || name.starts_with("tsconfig") || !is_part(name) {
        return false;
    }
    let is_python = |name: &str| name.rsplit_once('.').is_some_and(|(_, end)| end == "py");
    if is_code(name) && !is_python(name) {
        return true;
    }
    // Anything else where the source or a script says so: `../messages.json`.
    let ends = ["json", "html", "css", "graphql", "sql", "txt", "yml", "yaml"];
    let is_resource = name.rsplit_once('.').is_some_and(|(_, end)| ends.contains(&end));
    let named = [format!("/{name}\""), format!("/{name}'"), format!("/{name}`")];
    let is_named = |(path, text): (&str, &str)| {
        is_code(path)
            && (parent(path) != root || is_configuration(file_name(path)))
            && named.iter().any(|named| text.contains(named))
    };
    is_resource && snapshot.texts_below(root).any(is_named)
}

/// Whether a name is that of a tool's configuration in code, all of which the kind takes: `vite.config.ts`.
fn is_configuration(name: &str) -> bool {
    let ends = ["js", "ts", "cjs", "mjs", "cts", "mts"];
    name.rsplit_once('.').is_some_and(|(stem, end)| stem.ends_with(".config") && ends.contains(&end))
}

/// Whether a file of this name may hold what must not be in an image.
fn is_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let stem: String = lower.chars().filter(char::is_ascii_alphanumeric).collect();
    // Those that begin with `.env` are kept out wherever they are.
    (is_env_file(name) && !name.starts_with(".env"))
        || [".pem", ".key", ".p12", ".pfx", ".jks"].iter().any(|end| lower.ends_with(end))
        || lower.starts_with("id_rsa")
        || lower.split('.').next_back() == Some("json")
            && ["credential", "secret", "serviceaccount"].iter().any(|word| stem.contains(word))
}

/// Whether a name can stand in `include`.
fn is_plain(name: &str) -> bool {
    !name.chars().any(|c| c.is_whitespace() || c.is_control() || OF_PATTERNS.contains(c))
}
