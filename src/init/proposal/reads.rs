//! What the sources read, by the audit: each name becomes a variable of its service, and what it is set to follows from
//! what it is called and from what stands beside the read.

use indexmap::IndexMap;
use toml::Value;

use super::values::{Peer, peers, typed};
use super::{Entry, Material, Proposal, Setting};
use crate::audit::{Need, Wanted};
use crate::init::judgement::{is_public, is_secret, is_shown, is_suspect};
use crate::init::seen::code::line_after;
use crate::init::seen::{EnvName, Program};
use crate::init::snapshot::{file_name, is_env_file, parent};
use crate::kinds::Kind;
use crate::project::Analysis;

/// Names that say where a program runs.
const ENVIRONMENT: [&str; 4] = ["ENVIRONMENT", "APP_ENV", "ENV", "DEPLOY_ENV"];

/// Words that only say in which way an address is meant.
const FILLERS: [&str; 16] = [
    "URL", "URI", "BASE", "SERVER", "SERVICE", "INTERNAL", "ADDRESS", "ENDPOINT", "HOST", "API", "APP", "PUBLIC",
    "NEXT", "VITE", "BACKEND", "HTTP",
];

/// Gives every service the variables that its source reads.
pub(in crate::init) fn add(proposal: &mut Proposal, material: Material<'_>, analysis: &Analysis) {
    let has_compose = material.seen.containers.iter().any(|container| container.build.is_some());
    let names: Vec<String> = proposal.services.keys().cloned().collect();
    for name in names {
        let Some(service) = proposal.services.get(&name) else { continue };
        let inner = service.inner.clone();
        let base = service.text("extends").map(str::to_owned);
        if (base.is_some() && inner.is_none()) || service.obstacle.is_some() {
            continue;
        }
        let built = base.unwrap_or_else(|| name.clone());
        let others: Vec<String> = proposal
            .services
            .iter()
            .filter(|(other, _)| **other != name)
            .filter_map(|(_, service)| service.inner.clone())
            .collect();
        let mut wanted: IndexMap<String, Wanted> = IndexMap::new();
        let mut idle: Vec<String> = Vec::new();
        for plan in &analysis.plans {
            let Some(planned) = plan.services.get(&built) else { continue };
            let Some(usage) = analysis.audit.usage(plan, planned) else { continue };
            idle.extend(usage.not_read(planned));
            for (variable, read) in &usage.wanted {
                // Of a workspace each program reads its own packages, and those of nobody.
                let is_others = |place: &crate::audit::Place| {
                    others.iter().any(|other| place.path.starts_with(&format!("{other}/")))
                };
                if inner.is_some() && read.places.iter().all(is_others) {
                    continue;
                }
                wanted.entry(variable.clone()).or_insert_with(|| read.clone());
            }
        }
        listens(proposal, &name, wanted.keys());
        let peers = peers(proposal, material);
        let Some(service) = proposal.services.get(&name) else { continue };
        let source = service.text("source").unwrap_or_default().trim_start_matches('.').to_owned();
        let source = inner.clone().unwrap_or(source);
        let program = material.seen.program(&source);
        let (mut env, mut build_env) = (service.env.clone(), service.build_env.clone());
        // An env file is for everybody: what nothing of this source reads is for somebody else.
        let of_file = |setting: &Setting| matches!(setting, Setting::Own(Some(note)) if note.strip_prefix("from ").is_some_and(|path| is_env_file(file_name(path))));
        env.retain(|name, setting| !(idle.contains(name) && of_file(setting)));
        let mut comments: Vec<String> = Vec::new();
        for (variable, read) in &wanted {
            let is_running = read.places.iter().any(|place| place.role == crate::audit::Role::Running);
            let is_usual =
                ["DEBUG", "LOG_LEVEL"].contains(&variable.as_str()) && read.need == Need::Fallback && !has_compose;
            if (read.is_passed && !is_usual)
                || !is_running
                || env.contains_key(variable)
                || build_env.contains_key(variable)
            {
                continue;
            }
            let lines = lines(analysis, read);
            let Some(place) = lines.first().map(|(path, line, _)| format!("{path}:{line}")) else { continue };
            let note = format!("read in {place}");
            let known = known(material, &source, variable);
            let reader = Reader {
                peers: &peers,
                service: &name,
                program,
                is_baked: read.is_baked || is_public(variable),
                has_compose,
            };
            let setting = match reader.meaning(variable) {
                // Where browsers are sent is another place in every environment.
                Some(text) if text.ends_with(".public-url}") => {
                    proposal.declare(variable, Some(text.into()), Some(note.clone()));
                    Some(Setting::Own(Some(note.clone())))
                }
                Some(text) => Some(Setting::Value(Entry::noted(text, note.clone()))),
                None => reader.variable(proposal, variable, read, known, &lines, &note),
            };
            match setting {
                Some(setting) if read.is_baked || is_public(variable) => {
                    build_env.insert(variable.clone(), setting);
                }
                Some(setting) => {
                    env.insert(variable.clone(), setting);
                }
                None => comments.push(format!("{variable}: {note}, which has a value of its own without it")),
            }
        }
        if let Some(service) = proposal.services.get_mut(&name) {
            service.env = env;
            service.build_env = build_env;
            service.left_out.extend(comments);
        }
    }
}

/// A program that reads a port of its own listens on one.
fn listens<'n>(proposal: &mut Proposal, name: &str, wanted: impl Iterator<Item = &'n String>) {
    let is_own = |variable: &String| is_own_port(name, variable) || variable == "PORT";
    let Some(service) = proposal.services.get(name) else { return };
    if service.port.is_some() || service.kind().is_none() || !wanted.into_iter().any(is_own) {
        return;
    }
    let port = super::programs::free_port(proposal, 8000);
    if let Some(service) = proposal.services.get_mut(name) {
        service.port = Some(port);
        service.keys.insert("port".to_owned(), Entry::noted(i64::from(port), "guess: it reads a port of its own"));
        service.keys.insert("health".to_owned(), Entry::noted(false, "no path that says whether it is well was found"));
    }
}

/// Whether a variable is the port of this very service: `MCP_SERVER_PORT` of `mcp-server`.
fn is_own_port(service: &str, variable: &str) -> bool {
    let own = service.to_ascii_uppercase().replace('-', "_");
    let Some(rest) = variable.strip_suffix("_PORT") else { return false };
    rest.split('_').all(|word| own.split('_').any(|part| part == word))
}

/// The lines that read a variable: file, number, and what stands from the read on.
fn lines<'a>(analysis: &'a Analysis, read: &Wanted) -> Vec<(String, usize, &'a str)> {
    let running = read.places.iter().filter(|place| place.role == crate::audit::Role::Running);
    running
        .filter_map(|place| {
            let text = analysis.audit.file(&place.path)?.text.as_str();
            let start = place.span().start;
            let before = text.get(..start)?;
            Some((place.path.clone(), before.matches('\n').count() + 1, line_after(text, start)))
        })
        .collect()
}

/// What an env file says of a name: one beside the source, else one above it.
fn known<'a>(material: Material<'a>, source: &str, name: &str) -> Option<&'a EnvName> {
    let mut at = source;
    loop {
        if let Some(found) = material.seen.env_names.get(at).and_then(|names| names.get(name)) {
            return Some(found);
        }
        if at.is_empty() {
            return None;
        }
        at = parent(at);
    }
}

struct Reader<'p, 'k> {
    peers: &'p [Peer<'k>],
    service: &'p str,
    program: Option<&'p Program>,
    is_baked: bool,
    has_compose: bool,
}

impl Reader<'_, '_> {
    /// What a variable is by its name: the address of a service, or something that the stack knows.
    fn meaning(&self, name: &str) -> Option<String> {
        let upper = name.to_ascii_uppercase();
        if ENVIRONMENT.contains(&upper.as_str()) {
            return Some("${environment.name}".to_owned());
        }
        let words: Vec<&str> = upper.split('_').filter(|word| !word.is_empty()).collect();
        let last = words.last().copied().unwrap_or_default();
        let is_address =
            matches!(last, "URL" | "URI" | "ADDRESS" | "ENDPOINT" | "ORIGIN") || upper == "CELERY_RESULT_BACKEND";
        if let Some(peer) = self.store(&words) {
            let has = |output: &str| peer.kind.is_some_and(|kind| kind.outputs.contains_key(output));
            match last {
                _ if is_address && has("url") => return Some(self.store_url(peer, &upper)),
                "DSN" if has("url") => return Some(self.store_url(peer, &upper)),
                "HOST" | "SERVER" | "PGHOST" => return Some(peer.output("host")),
                "PORT" | "PGPORT" => return Some(peer.output("port")),
                "USER" | "USERNAME" | "PGUSER" if has("user") => return Some(peer.output("user")),
                "NAME" | "DB" | "DATABASE" | "PGDATABASE" if has("database") && words.len() > 1 => {
                    return Some(peer.output("database"));
                }
                "PASSWORD" | "PASS" | "PGPASSWORD" if has("password") => return Some(peer.output("password")),
                _ => {}
            }
        }
        // `<NAME>_PORT` of the service itself.
        if last == "PORT" && words.len() > 1 {
            let is_own = is_own_port(self.service, &upper);
            let has_port = self.peers.iter().any(|peer| peer.name == self.service && peer.port.is_some());
            return (is_own && has_port).then(|| "${service.port}".to_owned());
        }
        // Whose pages may ask.
        if words.iter().any(|word| matches!(*word, "CORS" | "ORIGINS")) && !self.is_baked {
            let page = self
                .peers
                .iter()
                .find(|peer| peer.name != self.service && peer.kind.is_some_and(|kind| kind.like.is_some()))?;
            return Some(page.output("public-url"));
        }
        if is_address {
            let peer = self.neighbour(&words)?;
            // A page is where browsers are sent.
            let is_page = peer.kind.is_some_and(|kind| kind.like.is_some());
            let is_public = self.is_baked || is_page || words.first() == Some(&"PUBLIC");
            return Some(peer.output(if is_public { "public-url" } else { "url" }));
        }
        None
    }

    /// The data store that words are about, where its client is among the packages, or where there is no other.
    fn store(&self, words: &[&str]) -> Option<&Peer<'_>> {
        self.peers.iter().find(|peer| {
            peer.kind.is_some_and(|kind| {
                let is_meant = words.iter().any(|word| {
                    kind.traces.words.iter().any(|known| {
                        word == known
                            || word.strip_prefix("PG").is_some_and(|rest| {
                                known == "PG" && matches!(rest, "HOST" | "PORT" | "USER" | "DATABASE" | "PASSWORD")
                            })
                    })
                });
                let talks = self.program.is_none_or(|program| {
                    kind.traces.clients.iter().any(|client| program.packages.contains(client))
                        || program.packages.is_empty()
                        || program.packages.contains("prisma")
                        || program.packages.contains("@prisma/client")
                });
                is_meant && talks && !kind.traces.schemes.is_empty()
            })
        })
    }

    /// The address of a store, as this program spells it.
    fn store_url(&self, peer: &Peer<'_>, upper: &str) -> String {
        let has = |package: &str| self.program.is_some_and(|program| program.packages.contains(package));
        let is_database = peer.kind.is_some_and(|kind| kind.outputs.contains_key("authority"));
        if is_database {
            let scheme = if has("sqlalchemy") || has("sqlalchemy[asyncio]") || has("sqlmodel") {
                if has("asyncpg") {
                    "postgresql+asyncpg"
                } else if has("psycopg") && !has("psycopg2") && !has("psycopg2-binary") {
                    "postgresql+psycopg"
                } else {
                    "postgresql"
                }
            } else {
                "postgresql"
            };
            return peer.url(scheme);
        }
        // Celery keeps results apart from tasks.
        let number = if upper.contains("RESULT") { "/1" } else { "/0" };
        format!("{}{number}", peer.output("url"))
    }

    /// The service that the words of an address name, among those that serve.
    fn neighbour(&self, words: &[&str]) -> Option<&Peer<'_>> {
        let others = || {
            self.peers
                .iter()
                .filter(|peer| peer.name != self.service && peer.port.is_some() && peer.kind.is_some_and(Kind::builds))
        };
        let parts =
            |peer: &Peer<'_>| -> Vec<String> { peer.name.to_ascii_uppercase().split('-').map(str::to_owned).collect() };
        let is_whole = |peer: &&Peer<'_>| {
            let parts = parts(peer);
            words.windows(parts.len()).any(|window| window.iter().zip(&parts).all(|(word, part)| word == part))
        };
        if let Some(found) = others().filter(is_whole).max_by_key(|peer| peer.name.len()) {
            return Some(found);
        }
        // `AUTH_URL` of `auth-server`: what is left of both is the same.
        let rest: Vec<&str> = words.iter().copied().filter(|word| !FILLERS.contains(word)).collect();
        let plain = |peer: &Peer<'_>| -> Vec<String> {
            parts(peer)
                .into_iter()
                .filter(|part| !matches!(part.as_str(), "SERVER" | "SERVICE" | "API" | "APP"))
                .collect()
        };
        if !rest.is_empty() {
            let mut same = others().filter(|peer| plain(peer) == rest);
            return same.next().filter(|_| same.next().is_none());
        }
        // `API_URL` where one service alone is no page.
        let mut backends = others().filter(|peer| peer.kind.is_some_and(|kind| kind.like.is_none()));
        let only = backends.next();
        let is_api = words.contains(&"API") || words.contains(&"BACKEND");
        let named = || others().find(|peer| matches!(peer.name.as_str(), "api" | "backend" | "server"));
        if is_api { named().or(only.filter(|_| backends.next().is_none())) } else { None }
    }

    /// A variable that the operator sets; none where the program does without it and nothing says what it would be.
    fn variable(
        &self,
        proposal: &mut Proposal,
        name: &str,
        read: &Wanted,
        known: Option<&EnvName>,
        lines: &[(String, usize, &str)],
        note: &str,
    ) -> Option<Setting> {
        let of_file = known.and_then(|known| known.default.clone()).map(|default| typed(&default));
        let of_source = lines.iter().find_map(|(.., line)| fallback(name, line));
        // A subscript of Python raises, and an empty secret is none.
        let is_demanded = lines.iter().any(|(path, _, line)| {
            let rest = line.find(name).and_then(|at| line.get(at + name.len()..)).unwrap_or_default();
            is_python(path) && (rest.starts_with("\"]") || rest.starts_with("']"))
        });
        let is_bare = read.need == Need::Bare && !is_demanded && !is_secret(name);
        let is_optional = read.need == Need::Fallback || is_bare;
        let is_empty = of_source == Some(Fallback::Empty);
        let is_withheld = of_source == Some(Fallback::Withheld);
        let default = of_file.or(match of_source {
            Some(Fallback::Value(value)) => Some(value),
            _ => None,
        });
        if default.is_none()
            && !is_withheld
            && read.need == Need::Fallback
            && !is_empty
            && known.is_none()
            && !is_secret(name)
        {
            return None;
        }
        // The compose files know what is set; what they leave out is left to the program.
        if self.has_compose && read.need == Need::Fallback && known.is_none() {
            return None;
        }
        let is_suspect = is_withheld || known.is_some_and(|known| known.is_secret);
        // Where a value was seen says more than where it is read.
        let from = known.filter(|known| known.default.is_some()).map(|known| format!("from {}", known.from));
        let note = from.unwrap_or_else(|| note.to_owned());
        let variable = proposal.declare(name, default, Some(note.clone()));
        variable.is_optional |= is_optional;
        if variable.default.is_none() && is_suspect {
            variable.is_secret = true;
        }
        Some(Setting::Own(Some(note)))
    }
}

/// Whether a file is a program in Python.
fn is_python(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, extension)| extension == "py")
}

/// What a program takes where a variable is not set.
#[derive(Debug, Clone, PartialEq)]
enum Fallback {
    /// This.
    Value(Value),
    /// Nothing, or an empty text.
    Empty,
    /// Something that looks like a secret.
    Withheld,
}

/// What a line takes where the variable is not set; none where it does not say.
fn fallback(name: &str, line: &str) -> Option<Fallback> {
    let lower = line.to_ascii_lowercase();
    let at = lower.find(&name.to_ascii_lowercase())? + name.len();
    let rest = line.get(at..)?.trim_start_matches(['"', '\'', '`', ']']).trim_start();
    // `NAME: type = value` of a settings class, also in `Field(default=value`.
    let value = if let Some(annotated) = rest.strip_prefix(':').filter(|rest| rest.contains('=')) {
        let value = annotated.split_once('=')?.1.trim();
        match value.strip_prefix("Field(") {
            Some(inner) => inner.strip_prefix("default=").unwrap_or(inner),
            None => value,
        }
    } else {
        let rest = rest.trim_start_matches(')').trim_start();
        // Only this word switches it on.
        if ["== \"true\"", "== 'true'", "=== \"true\"", "=== 'true'", "== \"1\"", "=== \"1\"", "=== '1'"]
            .iter()
            .any(|test| rest.starts_with(test))
        {
            return Some(Fallback::Value(false.into()));
        }
        let operators = ["||", "??", ",", "="];
        let value = operators.iter().find_map(|operator| rest.strip_prefix(operator))?.trim_start();
        if value.starts_with("undefined") && rest.starts_with("||") {
            return Some(Fallback::Empty);
        }
        value
    };
    let value = value.trim();
    let first = value.chars().next()?;
    if matches!(first, '"' | '\'' | '`') {
        let end = value[1..].find(first)?;
        let text = &value[1..=end];
        if text.is_empty() {
            return Some(Fallback::Empty);
        }
        // In a container, this machine is another one.
        let is_here = text.contains("localhost") || text.contains("127.0.0.1");
        let is_address =
            text.contains(':') || ["HOST", "ADDR", "ADDRESS", "URL", "SERVER"].iter().any(|end| name.ends_with(end));
        if is_suspect(name, text) {
            return Some(Fallback::Withheld);
        }
        return (is_shown(name, text) && !(is_here && is_address)).then(|| Fallback::Value(typed(text)));
    }
    let word: String =
        value.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')).collect();
    match word.as_str() {
        "true" | "True" => Some(Fallback::Value(true.into())),
        "false" | "False" => Some(Fallback::Value(false.into())),
        _ if first.is_ascii_digit() || first == '-' => {
            let plain = word.replace('_', "");
            let number = typed(&plain);
            // A product is not a number yet.
            let after = value[word.len()..].trim_start();
            (!number.is_str() && !after.starts_with('*') && is_shown(name, &plain)).then_some(Fallback::Value(number))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_is_taken_without_the_variable() {
        for (name, line, expected) in [
            ("LOG_LEVEL", "LOG_LEVEL\", \"info\").upper(),", Some(Fallback::Value(Value::from("info")))),
            ("A", "A || \"7d\";", Some(Fallback::Value(Value::from("7d")))),
            ("A", "A ?? 'x'", Some(Fallback::Value(Value::from("x")))),
            ("CLI_TIMEOUT", "CLI_TIMEOUT\", 1_800_000, 2)", Some(Fallback::Value(Value::from(1_800_000)))),
            ("DB_POOL_SIZE", "db_pool_size: int = 5", Some(Fallback::Value(Value::from(5)))),
            (
                "BACKEND_TIMEOUT",
                "backend_timeout: float = Field(default=30.0, gt=0)",
                Some(Fallback::Value(Value::from(30.0))),
            ),
            ("DEBUG", "debug: bool = False", Some(Fallback::Value(Value::from(false)))),
            ("DEBUG", "DEBUG\") == \"true\", lifespan=x)", Some(Fallback::Value(Value::from(false)))),
            ("A", "A || undefined,", Some(Fallback::Empty)),
            ("CORS", "cors: str = \"\"", Some(Fallback::Empty)),
            ("SECRET_KEY", "SECRET_KEY\", \"dev\")", Some(Fallback::Withheld)),
            ("A", "a: str | None = None", None),
            ("A", "A\"]", None),
        ] {
            assert_eq!(fallback(name, line), expected, "{line}");
        }
    }
}
