//! `image-required-env`: see [`RULE`].

use super::datastore_without_volume::images;
use super::{Context, Rule};
use crate::addresses::UNKNOWN;
use crate::diagnostics::{Finding, Label, Severity};
use crate::plan::{Plan, ProblemKind, Service, Text};

/// An image that does not start without a variable.
pub(super) static RULE: Rule = Rule {
    id: "image-required-env",
    severity: Severity::Error,
    summary: "a database image without the variable with which it first starts",
    docs: "\
A service runs an image that wants to be told a password before it makes its first database, and is not told, or is told
nothing: `postgres` (also `pgvector/pgvector`, `postgis/postgis`, `timescale/timescaledb`), `mysql` and `mariadb`. Or it is
told one half of what belongs together: name and password of the administrator of `mongo`. Where an operator may leave the
only one of these variables empty, it is a warning. A service of the kind `postgres` has its password from `password`.

**Why it breaks.** On an empty volume the image's start script makes the database with that password, and refuses to make one
that is open to everybody. On a volume that has a database it does not ask, so that it works on the machine on which it
always did.

**How it shows.** The container exits with 1 on every new machine: `Error: Database is uninitialized and superuser password is
not specified`, `You need to specify one of the following as an environment variable`.

```toml
[services.db]
image = \"postgres:17\"
volumes = [\"db:/var/lib/postgresql/data\"]                # bad: no password

[services.db]
image = \"postgres:17\"
volumes = [\"db:/var/lib/postgresql/data\"]
env.POSTGRES_PASSWORD = { secret = true }                # good; better: `kind = \"postgres\"`
```

**Fix.** Pass the password as a variable with `secret = true`. Where nobody but this stack can reach it, and only for
development, say that it needs none: `POSTGRES_HOST_AUTH_METHOD = \"trust\"`, `MYSQL_ALLOW_EMPTY_PASSWORD = \"yes\"`.

**Source.** The images' pages on Docker Hub, \"Environment Variables\", and their `docker-entrypoint.sh`.
",
    can_be_allowed: true,
    judges_text: false,
    check,
};

/// What an image asks for at its first start.
struct Image {
    names: &'static [&'static str],
    /// Programs that it is started for; whoever runs something else is a client.
    programs: &'static [&'static str],
    /// One of these, each also with `_FILE`.
    one_of: &'static [&'static str],
}

/// The images that ask (their `docker-entrypoint.sh`).
const IMAGES: [Image; 3] = [
    Image {
        names: &["pgvector/pgvector", "postgis/postgis", "postgres", "timescale/timescaledb"],
        programs: &["docker-entrypoint.sh", "postgres"],
        one_of: &["POSTGRES_PASSWORD"],
    },
    Image {
        names: &["mysql"],
        programs: &["docker-entrypoint.sh", "mysqld"],
        one_of: &["MYSQL_ROOT_PASSWORD", "MYSQL_ALLOW_EMPTY_PASSWORD", "MYSQL_RANDOM_ROOT_PASSWORD"],
    },
    Image {
        names: &["mariadb"],
        programs: &["docker-entrypoint.sh", "mariadbd", "mysqld"],
        one_of: &[
            "MARIADB_ROOT_PASSWORD",
            "MARIADB_ROOT_PASSWORD_HASH",
            "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD",
            "MARIADB_RANDOM_ROOT_PASSWORD",
            "MYSQL_ROOT_PASSWORD",
            "MYSQL_ROOT_PASSWORD_HASH",
            "MYSQL_ALLOW_EMPTY_PASSWORD",
            "MYSQL_RANDOM_ROOT_PASSWORD",
        ],
    },
];

/// Name and password of the administrator of `mongo`, who is made of both or not at all.
const PAIR: [&str; 2] = ["MONGO_INITDB_ROOT_USERNAME", "MONGO_INITDB_ROOT_PASSWORD"];

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for plan in context.plans {
        for service in plan.services.values().filter(|service| service.build.is_none()) {
            let Some(image) = service.image.as_ref().map(|image| image.with_unknown(UNKNOWN)) else { continue };
            let (name, _) = images::repository(&image);
            // What its kind must be told is told on its own.
            if is_incomplete(plan, service) {
                continue;
            }
            if name == "mongo" {
                findings.extend(half(context, plan, service));
            } else if let Some(image) = IMAGES.iter().find(|image| image.names.contains(&name)) {
                findings.extend(missing(context, plan, service, image));
            }
        }
    }
}

/// What is known of a variable of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    /// There is none, or it is empty.
    Nothing,
    /// It is empty unless an operator sets it.
    Perhaps,
    Something,
}

fn told(service: &Service, name: &str) -> Told {
    let of = |text: &Text| match text.with_defaults() {
        Some(value) if value.is_empty() && text.as_literal().is_none() => Told::Perhaps,
        Some(value) if value.is_empty() => Told::Nothing,
        _ => Told::Something,
    };
    let file = format!("{name}_FILE");
    let names = [name, &file];
    let mut known: Vec<Told> = names.iter().filter_map(|name| service.environment.get(*name)).map(of).collect();
    // What is passed through without a value is the shell's.
    let passed = service.passthrough.get("environment").and_then(Option::as_ref).and_then(|value| value.as_map());
    if passed.is_some_and(|map| names.iter().any(|name| map.contains_key(*name))) {
        known.push(Told::Perhaps);
    }
    known.into_iter().max().unwrap_or(Told::Nothing)
}

fn is_incomplete(plan: &Plan, service: &Service) -> bool {
    let is_missing = |kind: &ProblemKind| matches!(kind, ProblemKind::Incomplete { missing, .. } if missing.starts_with(&service.origin()));
    plan.problems.iter().any(|problem| is_missing(&problem.kind))
}

/// Whether variables may come from a file of which nothing is known here.
fn has_env_file(service: &Service) -> bool {
    service.passthrough.contains_key("env_file")
}

fn is_client(service: &Service, programs: &[&str]) -> bool {
    let words = service.entrypoint.iter().chain(&service.command).find(|words| !words.is_empty());
    let Some(first) = words.and_then(|words| words[0].as_literal()) else { return words.is_some() };
    // Arguments alone are the server's.
    !first.starts_with('-') && !programs.contains(&first.rsplit('/').next().unwrap_or(first))
}

fn missing(context: &Context<'_>, plan: &Plan, service: &Service, image: &Image) -> Option<Finding> {
    let trust = service.environment.get("POSTGRES_HOST_AUTH_METHOD").and_then(Text::with_defaults);
    if trust.as_deref() == Some("trust") || is_client(service, image.programs) || has_env_file(service) {
        return None;
    }
    let wanted = image.one_of.first()?;
    let best = image.one_of.iter().max_by_key(|name| told(service, name))?;
    let state = image.one_of.iter().map(|name| told(service, name)).max()?;
    let name = &service.name;
    let environment = Some(plan.environment.as_str());
    let is_named = service.environment.contains_key(*best);
    let (severity, message, primary) = match state {
        Told::Something => return None,
        Told::Perhaps => (
            Severity::Warning,
            format!("`{best}` of `{name}` is empty unless the operator sets it, and the image does not start without"),
            Label::key(environment, context.origin_of_env(plan, service, best), "may be empty"),
        ),
        Told::Nothing if is_named => (
            RULE.severity,
            format!("`{best}` of `{name}` is empty, and the image does not start without"),
            Label::key(environment, context.origin_of_env(plan, service, best), "empty"),
        ),
        Told::Nothing => (
            RULE.severity,
            format!("`{name}` is not told `{wanted}`, and its image does not start without"),
            Label::value(environment, context.origin_of(plan, name, "image", &["image"]), "asks for it"),
        ),
    };
    let help = match state {
        Told::Perhaps => "let it be required: without `required = false` and an empty default".to_owned(),
        _ => format!("pass it as a secret: `env.{wanted} = {{ secret = true }}`"),
    };
    Some(Finding::new(RULE.id, severity, message, primary).help(help))
}

/// One of the two variables without the other one.
fn half(context: &Context<'_>, plan: &Plan, service: &Service) -> Option<Finding> {
    if is_client(service, &["docker-entrypoint.sh", "mongod"]) || has_env_file(service) {
        return None;
    }
    let [user, password] = PAIR.map(|name| told(service, name));
    let (there, lacking) = match (user, password) {
        (Told::Something, Told::Nothing) => (PAIR[0], PAIR[1]),
        (Told::Nothing, Told::Something) => (PAIR[1], PAIR[0]),
        _ => return None,
    };
    let message =
        format!("`{}` is told {} alone, and its image wants both or neither", service.name, format_args!("`{there}`"));
    let file = format!("{there}_FILE");
    let named = if service.environment.contains_key(there) { there } else { &file };
    let place = context.origin_of_env(plan, service, named);
    let primary = Label::key(Some(&plan.environment), place, format!("and no `{lacking}`"));
    Some(Finding::new(RULE.id, RULE.severity, message, primary).help(format!("pass `{lacking}` too")))
}
