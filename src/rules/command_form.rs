//! `command-form`: see [`RULE`].

use super::{Context, Rule, at_problem};
use crate::diagnostics::{Finding, Severity};
use crate::plan::{CommandFlaw, ProblemKind};
use crate::source::{KeyPath, Step};

/// A command that cannot run without a shell.
pub(super) static RULE: Rule = Rule {
    id: "command-form",
    severity: Severity::Error,
    summary: "a command that cannot run without a shell",
    docs: "\
A `command`, a step of `before-start`, a `health` command, or a script that the source names cannot be split into words,
or uses what only a shell understands: `&&`, `|`, `;`, `>`, a variable set in front of the program. A step of `build`, which
a shell runs, is empty, has an open quote or more than one line.

**Why it breaks.** Commands are written in exec form: the words are handed to the program as they are, and no shell
stands between them. So the program itself is process 1, gets SIGTERM when the container is stopped, and works in images
that have no shell. `migrate && serve` would call `migrate` with the arguments `&&` and `serve`.

**How it shows.** The program complains about arguments that it does not know, or ignores them: the second command
never runs. In a Compose file whose `command` is a text, Compose cuts off `&&` and what follows, and says nothing. A
variable in front of it is taken for the program: `exec: \"NODE_ENV=production\": executable file not found in $PATH`.

```toml
[services.web]
command = \"node migrate.js && node server.js\"     # bad: `&&` needs a shell

[services.web]
before-start = [\"node migrate.js\"]                # good
command = \"node server.js\"
```

**Fix.** Put what runs first into `before-start`, and variables into `env`. Where a shell is really wanted, name it:
`command = [\"sh\", \"-c\", \"exec node server.js > /tmp/log\"]`.

**Source.** Dockerfile reference, \"Shell and exec form\"; compose-spec, \"command\": the command runs without a shell. Tried
with Docker Compose 2.40.
",
    can_be_allowed: false,
    judges_text: true,
    check,
};

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for (plan, problem) in context.problems() {
        let ProblemKind::Command(flaw) = &problem.kind else { continue };
        let key = key(&problem.path);
        let (what, label) = match key {
            "source" => ("what the source runs", "it is read from here"),
            "before-start" | "build" => ("this step", label(flaw)),
            _ => ("this command", label(flaw)),
        };
        let message = format!("{what} cannot be run: {}", why(flaw));
        findings.push(at_problem(&RULE, plan, problem, message, label).help(help(flaw, key)));
    }
}

fn label(flaw: &CommandFlaw) -> &'static str {
    match flaw {
        CommandFlaw::OpenQuote => "has an open quote",
        CommandFlaw::Empty => "has no word",
        CommandFlaw::Operator(_) | CommandFlaw::Assignment(_) => "needs a shell",
        CommandFlaw::OperatorVariable => "holds a variable",
        CommandFlaw::Lines => "more than one line",
    }
}

fn why(flaw: &CommandFlaw) -> String {
    match flaw {
        CommandFlaw::OpenQuote => "a quote is not closed".to_owned(),
        CommandFlaw::Empty => "it is empty".to_owned(),
        CommandFlaw::Operator(operator) => format!("`{operator}` needs a shell, and commands run without one"),
        CommandFlaw::Assignment(name) => format!("only a shell could set `{name}` in front of a program"),
        CommandFlaw::OperatorVariable => "it is part of the image, where an operator can set nothing".to_owned(),
        CommandFlaw::Lines => "a Dockerfile would take its second line for an instruction".to_owned(),
    }
}

fn help(flaw: &CommandFlaw, key: &str) -> String {
    if key == "source" {
        return "change the script to one command that needs no shell, or write here what it runs: `command = \"…\"`"
            .to_owned();
    }
    let shell = match key {
        "before-start" => "`sh -c '…'`".to_owned(),
        key => format!("`{key} = [\"sh\", \"-c\", \"…\"]`"),
    };
    match flaw {
        CommandFlaw::OpenQuote if key == "build" => "close it".to_owned(),
        CommandFlaw::Empty if key == "build" => "write a command, or take the step out".to_owned(),
        CommandFlaw::Lines => "write one step for each line".to_owned(),
        CommandFlaw::OpenQuote => "close it, or write the words as an array".to_owned(),
        CommandFlaw::Empty => format!("write a command, or leave `{key}` out"),
        CommandFlaw::Assignment(name) => format!("write `{name}` into `env`"),
        CommandFlaw::OperatorVariable => "write the variable into `env`, and let the program read it".to_owned(),
        CommandFlaw::Operator(_) => match key {
            "before-start" => format!("write one step for each command; where a shell is meant, name it: {shell}"),
            "command" => format!("write what runs first as `before-start`; where a shell is meant, name it: {shell}"),
            _ => format!("where a shell is meant, name it: {shell}"),
        },
    }
}

/// The last key of a path, whatever position of an array it leads to.
fn key(path: &KeyPath) -> &str {
    let key = path.steps().iter().rev().find_map(|step| match step {
        Step::Key(key) => Some(key.as_str()),
        Step::Index(_) => None,
    });
    key.unwrap_or("command")
}
