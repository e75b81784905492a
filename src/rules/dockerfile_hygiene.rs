//! `dockerfile-hygiene`: see [`RULE`].

mod shell_form;

use std::collections::BTreeMap;
use std::ops::Range;

use super::{Context, Rule};
use crate::compose::image;
use crate::diagnostics::{Finding, Label};
use crate::dockerfile::{Dockerfile, Instruction, Keyword};
use crate::plan::{Plan, Service};
use crate::sources::Written;

/// What a Dockerfile should not do.
pub(super) static RULE: Rule = Rule {
    id: "dockerfile-hygiene",
    severity: crate::diagnostics::Severity::Warning,
    summary: "a Dockerfile whose program is root, is started by a shell, or is not the one that stands there first",
    docs: "\
A Dockerfile that somebody wrote, or that a template of the project renders: the image runs as root; its command is in shell
form; a stage has two commands, entrypoints or probes; a working directory is relative to one that nobody named.

**Why it breaks.** Root in the container is root for the kernel: files that it writes into a mounted directory belong to
root on the host, and a hole in the program is one in everything that is mounted. A command in shell form is a text for
`/bin/sh -c`: where the shell stays, it gets the signals and does not pass them on; and an entrypoint in that form gets
neither `CMD` nor `command`. Of two `CMD` the last one holds, and the other one is there to mislead. A relative `WORKDIR`
depends on the base image, and changes with it.

**How it shows.** `docker compose exec … id` says `uid=0(root)`. `docker compose stop` takes ten seconds, and the program
ends with 137 in the middle of its work. Arguments in services.toml have no effect. `COPY` ends up where nobody looks.

```toml
[services.api]
source = \"api\"
dockerfile = \"Dockerfile\"

# bad: api/Dockerfile
#   FROM node:22-slim
#   WORKDIR app
#   CMD node server.js

# good: api/Dockerfile
#   FROM node:22-slim
#   WORKDIR /app
#   USER node
#   CMD [\"node\", \"server.js\"]
```

**Fix.** End with `USER` and a name or number, write commands as arrays, one per stage, and working directories from `/` on.
Where a shell is wanted, let it make way: `CMD exec node server.js > /tmp/log`. A service's own `user` counts too; and a
Dockerfile whose entrypoint gives its rights away itself (`gosu`, `su-exec`, `setpriv`) is left in peace.

**Source.** Dockerfile reference, \"USER\", \"Shell and exec form\", \"CMD\", \"WORKDIR\"; hadolint DL3002, DL3025, DL4003, DL4004,
DL3012 and DL3000. Tried with Docker 28.5: `docker build --check` says the same of the last three.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

/// Official images for building and running programs, which are root unless somebody says otherwise, and the user that
/// each of them brings along for that; none for those that bring none.
const ROOT: [(&str, Option<&str>); 27] = [
    ("almalinux", None),
    ("alpine", None),
    ("amazoncorretto", None),
    ("amazonlinux", None),
    ("buildpack-deps", None),
    ("busybox", None),
    ("clojure", None),
    ("debian", None),
    ("eclipse-temurin", None),
    ("elixir", None),
    ("erlang", None),
    ("fedora", None),
    ("gcc", None),
    ("golang", None),
    ("haskell", None),
    ("ibmjava", None),
    ("julia", None),
    ("maven", None),
    ("node", Some("node")),
    ("openjdk", None),
    ("perl", None),
    ("python", None),
    ("rockylinux", None),
    ("ruby", None),
    ("rust", None),
    ("swift", None),
    ("ubuntu", Some("ubuntu")),
];

/// Programs by which an entrypoint gives its rights away.
const DROPS: [&str; 5] = ["gosu", "su-exec", "setpriv", "s6-setuidgid", "runuser"];

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for built in context.written_dockerfiles() {
        let (_, service, written) = built;
        let file = &written.file;
        let target = service.build.as_ref().and_then(|build| build.target.as_deref());
        // A file that cannot be built is told elsewhere.
        let Some(stage) = file.target(target).filter(|_| file.flaws.is_empty()) else { continue };
        let arguments = service.build_arguments();
        let judge = Judge { context, built, inherited: file.inherited(stage, &arguments), stage, arguments };
        findings.extend(judge.user());
        findings.extend(judge.twice());
        findings.extend(judge.directories());
        findings.extend(shell_form::findings(&judge));
    }
}

/// What is judged: the image of one service.
struct Judge<'c> {
    context: &'c Context<'c>,
    built: (&'c Plan, &'c Service, &'c Written),
    /// The instructions that make the image, the last one first.
    inherited: Vec<&'c Instruction>,
    /// The stage that it ends with.
    stage: usize,
    /// The arguments of the build.
    arguments: BTreeMap<String, String>,
}

impl<'c> Judge<'c> {
    fn file(&self) -> &'c Dockerfile {
        &self.built.2.file
    }

    fn finding(&self, message: impl Into<String>, range: Range<usize>, label: &str) -> Finding {
        self.context.in_dockerfile(&RULE, RULE.severity, self.built, message.into(), (range, label))
    }

    /// The last instruction of this kind.
    fn last(&self, keyword: Keyword) -> Option<&'c Instruction> {
        self.inherited.iter().copied().find(|instruction| instruction.keyword == keyword)
    }

    /// An image that runs as root.
    fn user(&self) -> Option<Finding> {
        let (_, service, _) = self.built;
        let drops = |instruction: &&Instruction| DROPS.iter().any(|program| instruction.text.text.contains(program));
        if service.user.is_some() || self.inherited.iter().any(drops) {
            return None;
        }
        if let Some(last) = self.last(Keyword::User) {
            let word = last.arguments.first()?;
            let user = word.text.split(':').next().unwrap_or_default().trim_matches(['"', '\'']);
            return matches!(user, "root" | "0").then(|| {
                let finding = self.finding("the image runs as root", word.span.clone(), "the last word on it");
                finding.help("end with another user: `USER 1000`")
            });
        }
        // Nothing says it, so it is as the base image has it.
        let values = self.file().global_arguments(&self.arguments);
        let mut at = self.stage;
        while let Some(below) = self.file().base_of(at, &values) {
            at = below;
        }
        let base = &self.file().stages[at];
        let image = self.file().base(base, &values)?;
        let reference = image::parse(&image).ok()?;
        let name = reference.name.trim_start_matches("docker.io/").trim_start_matches("library/");
        let (_, user) = ROOT.iter().find(|(known, _)| *known == name)?;
        let message = format!("the image runs as root: no `USER` says otherwise, and `{name}` is root");
        let finding = self.finding(message, base.base.span.clone(), "root until somebody says otherwise");
        Some(finding.help(match user {
            Some(user) => format!("end with `USER {user}`, a user that `{name}` brings along"),
            None => "add a user, or name a number, and end with it: `USER 1000`".to_owned(),
        }))
    }

    /// Instructions of which a stage has two, where the last one alone holds.
    fn twice(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        let needed = self.file().needed(self.stage, &self.arguments);
        for (stage, _) in self.file().stages.iter().zip(needed).filter(|(_, needed)| *needed) {
            let body = &self.file().instructions[stage.body.clone()];
            for keyword in [Keyword::Cmd, Keyword::Entrypoint, Keyword::Healthcheck] {
                let all: Vec<&Instruction> = body.iter().filter(|instruction| instruction.keyword == keyword).collect();
                let [earlier @ .., last] = all.as_slice() else { continue };
                for one in earlier {
                    let name = keyword.name();
                    let message = format!("this stage has two `{name}`, and only the last one holds");
                    let there = Label::within(&self.built.2.path, last.span.clone(), "this one holds");
                    let finding = self.finding(message, one.span.clone(), "without effect").with(there);
                    found.push(finding.help("remove one of them, or name a stage for each: `FROM … AS …`"));
                }
            }
        }
        found
    }

    /// A relative working directory that nobody named a root for.
    fn directories(&self) -> Option<Finding> {
        let mut all = self.inherited.iter().rev().filter(|instruction| instruction.keyword == Keyword::Workdir);
        // Behind one that is absolute, a relative one is known as well.
        let word = all.next()?.arguments.first()?;
        let text = word.text.trim_matches(['"', '\'']);
        // A variable may hold anything.
        if text.starts_with(['/', '$', '\\']) || text.get(1..2) == Some(":") {
            return None;
        }
        let message = format!("`{text}` is relative to the working directory of the base image, whatever that is");
        let finding = self.finding(message, word.span.clone(), "not from `/` on");
        Some(finding.help(format!("write where it is: `WORKDIR /{text}`")))
    }
}
