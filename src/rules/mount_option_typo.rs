//! `mount-option-typo`: see [`RULE`].

use super::{Context, Rule};
use crate::compose::volume::{MountOption, Source};
use crate::diagnostics::{Finding, Label, Severity, words};
use crate::plan::{Plan, PlannedMount};
use crate::source::{Part, Step};

/// An option of a mount that changes nothing.
pub(super) static RULE: Rule = Rule {
    id: "mount-option-typo",
    severity: Severity::Error,
    summary: "an option of a mount that does nothing",
    docs: "\
The part behind the target of a mount has a word that Compose does not know, `ro` and `rw` at once, or an option for another sort
of mount: `z` and `rslave` are for directories of the host, `nocopy` is for volumes. All of it is a warning, but `nocopy` on a
directory of the host: that is an error, since the container does not start.

**Why it breaks.** Compose ignores what it does not know. `:r0` is no `:ro`, so the mount is writable.

**How it shows.** Not at all: the container writes where it should only read. For an option of the other sort `docker compose up`
warns: `mount of type volume should not define bind option`; `nocopy` on a directory ends it: `field VolumeOptions must not be
specified`.

```toml
[services.web]
image = \"nginx:1.28\"
volumes = [\"./site:/usr/share/nginx/html:r0\"]     # bad: writable

[services.web]
image = \"nginx:1.28\"
volumes = [\"./site:/usr/share/nginx/html:ro\"]     # good
```

**Fix.** Write `ro`, `rw`, `z` or `Z`, `nocopy`, or one of the words of propagation (`rslave`, `rshared`, `rprivate` …), separated by
commas.

**Source.** compose-go, `format/volume.go`; tried with Docker Compose 2.40 and Docker 28.5.
",
    can_be_allowed: true,
    judges_text: true,
    check,
};

/// The words that Compose knows.
const KNOWN: [&str; 11] =
    ["ro", "rw", "nocopy", "z", "Z", "rslave", "rshared", "rprivate", "slave", "shared", "private"];

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for mount in plan.services.values().flat_map(|service| &service.volumes) {
            findings.extend(judge(context, plan, mount));
        }
    }
}

fn judge(context: &Context<'_>, plan: &Plan, planned: &PlannedMount) -> Option<Finding> {
    let mount = &planned.mount;
    let is_bind = matches!(mount.source, Source::Bind(_));
    let find = |wanted: &dyn Fn(MountOption) -> bool| mount.options().find(|(_, _, option)| wanted(*option));
    let (at, word, severity, message, help) =
        if let Some((at, word, _)) = find(&|option| option == MountOption::Unknown && !mount.mode.contains('$')) {
            let message = format!("`{word}` is no option of a mount, and Compose ignores it");
            let help = match meant(word).or_else(|| words::nearest(word, KNOWN)) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => "write `ro` for what is only read, or nothing".to_owned(),
            };
            (at, word, Severity::Warning, message, help)
        } else if let Some((at, word, _)) = find(&|option| option == MountOption::NoCopy && is_bind) {
            let message = "`nocopy` is for volumes, and the engine refuses it for a path of the host".to_owned();
            (at, word, RULE.severity, message, "remove it: nothing is copied into a directory of the host".to_owned())
        } else if let Some((at, word, _)) =
            find(&|option| matches!(option, MountOption::Propagation | MountOption::Selinux) && !is_bind)
        {
            let message = format!("`{word}` is for paths of the host, and Compose ignores it for a volume");
            (at, word, Severity::Warning, message, "remove it".to_owned())
        } else {
            let (_, first, _) = find(&|option| matches!(option, MountOption::ReadOnly | MountOption::ReadWrite))?;
            let other = |option: MountOption| option == MountOption::of(if first == "ro" { "rw" } else { "ro" });
            let (at, word, _) = find(&other)?;
            let wins = if mount.is_read_only() { "ro" } else { "rw" };
            let message = format!("a mount cannot be `ro` and `rw`: the last one counts, `{wins}`");
            (at, word, Severity::Warning, message, "write one of them".to_owned())
        };
    // The mode stands at the end of what is written.
    let written = written(context, plan, planned).filter(|text| text.ends_with(&mount.mode) && !text.contains('$'));
    let part = written.map_or(Part::Value, |text| {
        let start = text.len() - mount.mode.len() + at;
        Part::Inside(start..start + word.len())
    });
    let label = Label::entry(Some(&plan.environment), planned.origin.clone(), part, "does nothing");
    Some(Finding::new(RULE.id, severity, message, label).help(help))
}

/// The entry of `volumes` as somebody wrote it.
fn written<'c>(context: &Context<'c>, plan: &Plan, planned: &PlannedMount) -> Option<&'c str> {
    let Some(Step::Index(index)) = planned.origin.steps().last() else { return None };
    let service = planned.origin.key_at(1).filter(|_| planned.origin.key_at(2) == Some("volumes"))?;
    context.manifest(plan)?.services.get(service)?.volumes.as_ref()?.get(*index).map(String::as_str)
}

/// What looks like one of the words, or says the same.
fn meant(word: &str) -> Option<&'static str> {
    match word.to_ascii_lowercase().as_str() {
        "ro" | "r0" | "or" | "readonly" | "read-only" | "read_only" | "r" => Some("ro"),
        "rw" | "wr" | "w" | "readwrite" | "read-write" | "read_write" => Some("rw"),
        _ => None,
    }
}
