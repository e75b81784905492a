//! `probe-cannot-fail`: see [`RULE`].

use super::{Context, Rule, probes};
use crate::compose::image::UNKNOWN;
use crate::diagnostics::{Finding, Severity};
use crate::plan::Service;
use crate::probe::Command;

/// A probe that succeeds whatever happens.
pub(super) static RULE: Rule = Rule {
    id: "probe-cannot-fail",
    severity: Severity::Warning,
    summary: "a probe that succeeds whatever happens",
    docs: "\
A health command that ends with 0 although the service is not well: its last word is `|| true` or `; exit 0`; it asks with
`curl` and does not say `--fail`, or with `fetch` and does not look at the answer; or it is `redis-cli ping` without a
password, where the server has one.

**Why it breaks.** Only the exit code counts. `curl` ends with 0 for every answer, also for `500 Internal Server Error`,
unless `--fail` is said; `fetch` fails where nobody answers, and for no answer. `redis-cli` prints `NOAUTH Authentication
required.` and ends with 0.

**How it shows.** It does not, and that is the point: the container is `healthy` while each request fails. What waits for
it starts too early, Traefik routes to it, and `docker compose up --wait` says that all is well.

```toml
[services.api]
health = [\"sh\", \"-c\", \"curl http://127.0.0.1:8000/health || true\"]     # bad: ends with 0 in any case

[services.cache]
image = \"redis:7-alpine\"
command = [\"redis-server\", \"--requirepass\", \"${REDIS_PASSWORD}\"]
health = \"redis-cli ping\"                                                # bad: NOAUTH is no failure

[services.web]
health = [\"curl\", \"--fail\", \"--silent\", \"http://127.0.0.1:3000/\"]      # good
```

**Fix.** Say `curl --fail`, look at `response.ok`, take `|| true` away. Where the service has a path for it, `health =
\"/health\"` is enough. `redis-cli` takes its password from the variable `REDISCLI_AUTH`, and fails with `-e` where the
server refuses.

**Source.** Dockerfile reference, \"HEALTHCHECK\": 0 is healthy, 1 is not; curl's manual, `--fail`; WHATWG, Fetch: a status
is no network error. Tried with curl 8.14, Node.js 22 and Redis 7.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

/// Flags of curl with which an answer that is an error is one.
const FAIL: [&str; 2] = ["fail", "fail-with-body"];

/// What a program looks at, to know whether an answer is good.
const LOOKS: [&str; 4] = [".ok", ".status", "statusCode", "raise_for_status"];

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for probe in probes::all(context) {
        let name = &probe.service.name;
        // Who writes `true` alone means it.
        let is_meant = probe.script.commands.iter().all(|command| matches!(command.program(), "true" | ":" | "exit"));
        let said = if is_meant {
            None
        } else if probe.script.always_succeeds() {
            let message = "a probe that ends well whatever happens";
            let help = "take away what turns a failure into success, such as `|| true`";
            Some((message.to_owned(), "cannot fail", help.to_owned()))
        } else {
            probe.script.deciding().find_map(|command| of_command(probe.service, command))
        };
        let Some((message, label, help)) = said else { continue };
        let message =
            if probe.instruction().is_some() { message } else { format!("`{name}` is never unhealthy: {message}") };
        findings.push(probe.finding(context, &RULE, RULE.severity, message, label).help(help));
    }
}

/// Why a command does not fail where it should: the message, the label and the help.
fn of_command(service: &Service, command: &Command) -> Option<(String, &'static str, String)> {
    let asks = command.words.iter().any(|word| word.contains("://"));
    match command.program() {
        "curl" if asks && !command.has_flag(Some('f'), &FAIL) && !is_known_in_part(command) => Some((
            "without `--fail`, an answer that is an error counts as success".to_owned(),
            "500 is fine for it",
            "write `curl --fail`".to_owned(),
        )),
        "node" | "bun" | "deno" => {
            let script = command.words.iter().find(|word| word.contains("fetch("))?;
            let looks = LOOKS.iter().any(|look| script.contains(look)) || script.contains(UNKNOWN);
            (!looks).then(|| {
                (
                    "`fetch` succeeds with every answer, also with one that is an error".to_owned(),
                    "500 is fine for it",
                    "look at the answer: `.then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))`".to_owned(),
                )
            })
        }
        "redis-cli" | "valkey-cli" => {
            let is_ping = command.words.iter().any(|word| word.eq_ignore_ascii_case("ping"));
            let says = command.has_flag(None, &["pass", "askpass", "user"])
                || command.words.iter().any(|word| matches!(word.as_str(), "-a" | "-u" | "-e"))
                || command.words.iter().any(|word| word.contains("CLI_AUTH=") || word.contains("://"));
            let is_elsewhere = command.words.iter().any(|word| matches!(word.as_str(), "-h" | "--host"));
            let is_told =
                ["REDISCLI_AUTH", "VALKEYCLI_AUTH"].iter().any(|name| service.environment.contains_key(*name));
            (is_ping && !says && !is_elsewhere && !is_told && has_password(service)).then(|| {
                (
                    "the server wants a password, and `NOAUTH` counts as success".to_owned(),
                    "asks without the password",
                    "pass it in `env`, as `REDISCLI_AUTH`, and say `redis-cli -e`: then a refusal is a failure"
                        .to_owned(),
                )
            })
        }
        _ => None,
    }
}

/// Whether a word is not known, which may be a flag.
fn is_known_in_part(command: &Command) -> bool {
    command.words.iter().any(|word| word.starts_with(UNKNOWN))
}

/// Whether a server of Redis or Valkey is told a password, as far as its command says.
fn has_password(service: &Service) -> bool {
    let command = service.command.iter().chain(&service.entrypoint).flatten();
    command.into_iter().any(|word| word.with_unknown(UNKNOWN).contains("requirepass"))
}
