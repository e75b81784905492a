//! `bind-source-missing`: see [`RULE`].

use super::{Context, Rule};
use crate::compose::volume::Source;
use crate::diagnostics::{Finding, Label, Severity};
use crate::plan::{Plan, PlannedMount};
use crate::source::Part;
use crate::sources::{HostPath, Presence};

/// A mount of something that is not there.
pub(super) static RULE: Rule = Rule {
    id: "bind-source-missing",
    severity: Severity::Error,
    summary: "a mount of a file or directory that is not there",
    docs: "\
A mount names a path of the project that does not exist: a warning for a directory, an error where a file is meant, which
is what the target looks like, and where the long syntax has `bind` without `create_host_path`. Or it mounts a file where the
image has a directory, which a `/` at its end says, or a name such as `conf.d`. What `reload = \"mount\"` mounts is looked at too. Absolute paths, those below `~` and
those with a variable belong to the host and are not looked at, nor is what a `.gitignore` keeps out of the repository:
that is made where the stack runs.

**Why it breaks.** The engine does not complain. It makes an empty directory of that name, which belongs to root, also
where the target is a file; only for `bind` in the long syntax it does not. A file cannot be mounted onto a directory.

**How it shows.** The service starts with an empty directory instead of its files, and cannot write to it if it does not run
as root. Onto a file of the image the mount fails: `not a directory: Are you trying to mount a directory onto a file (or
vice-versa)?` Onto one that the image does not have it succeeds, and the program finds a directory in the place of its
configuration. Whoever adds the file later finds that directory in the way. What the engine does not make ends the start: `bind
source path does not exist`; and a file on a directory, too: `cannot mount … not a directory`.

```toml
[services.web]
image = \"nginx:1.28\"
volumes = [\"./ngnix.conf:/etc/nginx/nginx.conf:ro\"]      # bad: a typing error

[services.web]
image = \"nginx:1.28\"
volumes = [\"./nginx.conf:/etc/nginx/nginx.conf:ro\"]      # good: nginx.conf lies beside services.toml
```

**Fix.** Correct the path, which is relative to services.toml (in `compose` to the compose file), create and commit what is
missing, or ignore it in `.gitignore` if it is data. For data a named volume is better: it belongs to the right user.

**Source.** compose-spec, \"volumes\", `create_host_path`. Tried with Docker Compose 2.40 and Docker 28.5, with the short
syntax and the long one.
",
    can_be_allowed: true,
    judges_text: true,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for mount in plan.services.values().flat_map(|service| &service.volumes) {
            let known = mount.host_path(plan).and_then(|path| context.sources.surroundings().path(&path));
            if let Some(known) = known.filter(|known| !known.is_ignored) {
                findings.extend(judge(plan, mount, known));
            }
        }
    }
}

fn judge(plan: &Plan, mount: &PlannedMount, known: &HostPath) -> Option<Finding> {
    let Source::Bind(source) = &mount.mount.source else { return None };
    let target = &mount.mount.target;
    let is_file = is_file_name(target) && is_file_name(source);
    let source_part = Part::Inside(0..source.len());
    let is_derived = mount.origin.key_at(2) == Some("reload");
    // In the long syntax the source has a value of its own.
    let part = if is_derived || mount.origin.key_at(2) == Some("compose") { Part::Value } else { source_part };
    let label = |text| Label::entry(Some(&plan.environment), mount.origin.clone(), part, text);
    match known.presence {
        Presence::Missing if mount.mount.must_exist => {
            let message = format!("there is no `{source}`, and the engine does not make it");
            let help = "create it, correct the path, or add `create_host_path = true` to `bind`";
            Some(Finding::new(RULE.id, RULE.severity, message, label("not there")).help(help))
        }
        Presence::Missing if is_derived => {
            let message =
                format!("there is no `{source}`, which `reload` mounts: the engine would make an empty directory");
            let help = "create it, or remove what names it";
            Some(Finding::new(RULE.id, Severity::Warning, message, label("mounts it")).help(help))
        }
        Presence::Missing => {
            let (severity, message) = if is_file {
                (
                    Severity::Error,
                    format!("there is no file `{source}`: the engine would make a directory of that name"),
                )
            } else {
                (Severity::Warning, format!("there is no `{source}`: the engine would make an empty directory"))
            };
            let help = match &known.meant {
                Some(meant) => {
                    let folder = source.trim_end_matches('/').rsplit_once('/').map_or(".", |(folder, _)| folder);
                    format!("did you mean `{folder}/{meant}`?")
                }
                None if is_file => "create it, or correct the path".to_owned(),
                None => "create it, correct the path, or mount a volume if it is data: `name:/path`".to_owned(),
            };
            Some(Finding::new(RULE.id, severity, message, label("not there")).help(help))
        }
        // What the engine leaves behind where the file was missing.
        Presence::Directory if is_file => {
            let message = format!("`{source}` is a directory, and `{target}` looks like a file");
            let help = "remove the directory, which the engine may have made, and create the file";
            Some(Finding::new(RULE.id, Severity::Error, message, label("a directory")).help(help))
        }
        Presence::Other if is_directory_name(target) => {
            let message = format!("`{source}` is a file, and `{target}` is a directory of the image");
            let name = source.rsplit('/').next().unwrap_or_default();
            let help = format!("mount it into the directory: `{}/{name}`", target.trim_end_matches('/'));
            Some(Finding::new(RULE.id, RULE.severity, message, label("a file")).help(help))
        }
        Presence::Directory | Presence::Other => None,
    }
}

/// Whether a target can only be a directory: `/etc/nginx/conf.d`, or what ends with a `/`.
fn is_directory_name(target: &str) -> bool {
    let is_made_of_parts = |name: &str| name.strip_suffix(".d").is_some_and(|name| !name.is_empty());
    target.ends_with('/') || target.rsplit('/').next().is_some_and(is_made_of_parts)
}

/// Whether a path ends like the name of a file: `nginx.conf` or `.env`, and neither `conf.d` nor `app-1.2`.
fn is_file_name(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    match name.rsplit_once('.') {
        Some(("", "env" | "npmrc" | "pgpass" | "netrc")) => true,
        Some(("", _)) | None => false,
        Some((_, extension)) => {
            extension.len() > 1
                && extension.len() <= 10
                && extension.starts_with(|c: char| c.is_ascii_alphabetic())
                && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Project;

    #[test]
    fn a_file_is_known_by_its_name() {
        for path in ["/etc/nginx/nginx.conf", "./a.yml", "x/.env", "./init.sql", "/a/b.tar.gz"] {
            assert!(is_file_name(path), "{path}");
        }
        for path in
            ["/etc/nginx/conf.d", "./data", "/opt/app-1.2", "/root/.ssh", "./conf/", "../..", ".", "/a/node.js/"]
        {
            assert!(!is_file_name(path), "{path}");
        }
    }

    #[test]
    fn what_reload_mounts_is_looked_at_too() {
        let folder = tempfile::tempdir().unwrap();
        let kind = folder.path().join("templates/kinds/site");
        let source = folder.path().join("web");
        std::fs::create_dir_all(&kind).unwrap();
        std::fs::create_dir_all(&source).unwrap();
        let text = "help = 'A site'\nclass = 'app'\nlike = 'node'\n[[watch]]\nsync = ['public']\n[example]\n";
        std::fs::write(kind.join("kind.toml"), text).unwrap();
        std::fs::write(source.join("package.json"), "{ \"scripts\": { \"start\": \"node main.js\" } }").unwrap();
        std::fs::write(source.join("package-lock.json"), "{ \"lockfileVersion\": 3 }").unwrap();
        let manifest = "[stack]\nname = 's'\n[services.web]\nkind = 'site'\nversion = '22'\nsource = 'web'\nport = 3000\n\
                        publish = true\nreload = 'mount'\n";
        let file = folder.path().join("services.toml");
        std::fs::write(&file, manifest).unwrap();
        let is_found = || Project::open(&file).unwrap().analyse().unwrap().report.rules().contains(RULE.id);
        assert!(is_found());
        std::fs::create_dir(source.join("public")).unwrap();
        assert!(!is_found());
    }
}
