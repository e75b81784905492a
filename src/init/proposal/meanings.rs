//! What the name of a variable means to a program: another service, something that the stack knows, or what an operator
//! sets.

use super::fallbacks::{Fallback, behind, fallback, field, takes_empty};
use super::reads::is_own_port;
use super::values::{Peer, typed};
use super::{Proposal, Setting};
use crate::audit::{Need, Wanted};
use crate::init::judgement::{is_public, is_secret, is_signing};
use crate::init::seen::code::dialect;
use crate::init::seen::{EnvName, Program};
use crate::kinds::Kind;
use crate::secrets::names::noun;

/// Names that say where a program runs.
const ENVIRONMENT: [&str; 4] = ["ENVIRONMENT", "APP_ENV", "ENV", "DEPLOY_ENV"];

/// Words that only say in which way an address is meant.
const FILLERS: [&str; 16] = [
    "URL", "URI", "BASE", "SERVER", "SERVICE", "INTERNAL", "ADDRESS", "ENDPOINT", "HOST", "API", "APP", "PUBLIC",
    "NEXT", "VITE", "BACKEND", "HTTP",
];

/// The scheme of an address, and the number that its path is.
pub(super) type Dialect = (String, Option<u8>);

/// How the address in a variable is spelled, where that was seen: in an env file, and where it is read.
pub(super) fn dialects(known: Option<&EnvName>, name: &str, lines: &[(String, usize, &str)]) -> Vec<Dialect> {
    let of_file = known.and_then(|known| Some((known.scheme.clone()?, known.number)));
    let of_lines = lines.iter().filter_map(|(.., line)| {
        let rest = behind(name, line)?;
        // A program that changes the scheme takes another one than it works with.
        if rest.contains(".replace(") { None } else { dialect(rest) }
    });
    of_file.into_iter().chain(of_lines).collect()
}

/// What a name means to a program.
pub(super) struct Reader<'p, 'k> {
    pub(super) peers: &'p [Peer<'k>],
    pub(super) service: &'p str,
    pub(super) program: Option<&'p Program>,
    pub(super) is_baked: bool,
    pub(super) has_compose: bool,
}

impl Reader<'_, '_> {
    /// What a variable is by its name: the address of a service, or something that the stack knows.
    pub(super) fn meaning(&self, name: &str, dialects: &[Dialect]) -> Option<String> {
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
                _ if is_address && has("url") => return Some(self.store_url(peer, &upper, dialects)),
                "DSN" if has("url") => return Some(self.store_url(peer, &upper, dialects)),
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

    /// The address of a store, as this program spells it: as it was written before, else as its packages want it.
    fn store_url(&self, peer: &Peer<'_>, upper: &str, dialects: &[Dialect]) -> String {
        let has = |package: &str| self.program.is_some_and(|program| program.packages.contains(package));
        let is_database = peer.kind.is_some_and(|kind| kind.outputs.contains_key("authority"));
        let written = dialects.iter().find(|(scheme, _)| peer.speaks(scheme));
        if is_database {
            let is_alchemy = ["sqlalchemy", "sqlalchemy[asyncio]", "sqlmodel", "flask-sqlalchemy"].into_iter().any(has);
            let of_packages = || {
                if !is_alchemy {
                    "postgresql"
                } else if has("asyncpg") {
                    "postgresql+asyncpg"
                } else if has("psycopg") && !has("psycopg2") && !has("psycopg2-binary") {
                    "postgresql+psycopg"
                } else {
                    "postgresql"
                }
            };
            // SQLAlchemy takes the short one no longer (since 1.4).
            let written =
                written.map(|(scheme, _)| scheme.as_str()).filter(|scheme| !is_alchemy || *scheme != "postgres");
            return peer.url(written.unwrap_or_else(of_packages));
        }
        // Celery keeps results apart from tasks.
        let usual = u8::from(upper.contains("RESULT"));
        let number = written.and_then(|(_, number)| *number).unwrap_or(usual);
        format!("{}/{number}", peer.output("url"))
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

    /// What a source does without a variable that an env file gives it: `is_demanded` where somebody cannot do without.
    pub(super) fn without(
        proposal: &mut Proposal,
        name: &str,
        read: &Wanted,
        is_demanded: bool,
        lines: &[(String, usize, &str)],
        note: &str,
    ) {
        if read.need != Need::Fallback || is_signing(name) {
            return;
        }
        let of_source = lines.iter().find_map(|(.., line)| fallback(name, line));
        let is_optional = match &of_source {
            Some(Fallback::Value(_) | Fallback::Empty) => true,
            Some(Fallback::Withheld) => false,
            _ => lines.iter().all(|(.., line)| takes_empty(name, line)),
        };
        let default = match of_source {
            Some(Fallback::Value(value)) => Some(value),
            _ => None,
        };
        let declared = proposal.declare(name, default, Some(note.to_owned()));
        declared.is_optional |= is_optional && !is_demanded;
    }

    /// The address of a store with the query that an env file puts behind it, as far as that can be shown.
    pub(super) fn asked(&self, proposal: &mut Proposal, name: &str, text: String, known: Option<&EnvName>) -> String {
        let is_store = |peer: &&Peer<'_>| {
            peer.kind.is_some_and(|kind| kind.outputs.contains_key("authority"))
                && (text == peer.output("url") || text.ends_with(&format!("/{}", peer.output("database"))))
        };
        let Some(known) = known.filter(|_| self.peers.iter().any(|peer| is_store(&peer))) else { return text };
        if !known.unsaid.is_empty() {
            let what = format!(
                "what the address in `{name}` asks for beside its database: {} in {} is not copied; if it still holds for the \
                 database of the stack, put it behind the reference: `{text}?{}=…`",
                known.unsaid.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", "),
                known.from,
                known.unsaid[0]
            );
            proposal.unknown(self.service, what);
        }
        if known.query.is_empty() { text } else { format!("{text}?{}", known.query.join("&")) }
    }

    /// A variable that the operator sets; none where the program does without it and nothing says what it would be.
    pub(super) fn variable(
        &self,
        proposal: &mut Proposal,
        name: &str,
        read: &Wanted,
        known: Option<&EnvName>,
        lines: &[(String, usize, &str)],
        note: &str,
    ) -> Option<Setting> {
        let seen = known.and_then(|known| Some((known, known.default.clone()?)));
        let of_source = lines.iter().find_map(|(.., line)| fallback(name, line));
        let is_known = matches!(of_source, Some(Fallback::Value(_)));
        if let Some((known, _)) = seen.as_ref().filter(|(_, default)| is_here(default) && !is_known) {
            let what = format!(
                "which service `{name}` is: in {} it is this machine, which is another one in a container",
                known.from
            );
            proposal.unknown(self.service, what);
        }
        let of_file =
            seen.map(|(_, default)| default).filter(|default| !is_here(default)).map(|default| typed(&default));
        // A subscript of Python raises, and an empty secret is none.
        let is_demanded = lines.iter().any(|(path, _, line)| {
            let rest = line.find(name).and_then(|at| line.get(at + name.len()..)).unwrap_or_default();
            is_python(path) && (rest.starts_with("\"]") || rest.starts_with("']"))
        });
        // What bundlers write into pages is nobody's secret.
        let is_secret = is_secret(name) && !is_public(name);
        let is_set = known.is_some_and(|known| known.is_set);
        let is_kept_back = of_source == Some(Fallback::Withheld);
        let is_empty_taken = !is_kept_back && lines.iter().all(|(.., line)| takes_empty(name, line));
        // A field takes what its class says elsewhere, on another line.
        let is_unread = of_source.is_none() && lines.iter().any(|(.., line)| field(line).is_some());
        let is_own = (matches!(of_source, Some(Fallback::Own | Fallback::Absent)) || is_unread) && !is_empty_taken
            || is_kept_back;
        // An empty value would stand in the place of what the program has itself.
        let is_left = match &of_source {
            Some(Fallback::Absent) => true,
            Some(Fallback::Own) => !is_secret,
            None => read.need == Need::Fallback && !is_secret && (known.is_none() || is_unread),
            Some(_) => false,
        };
        if of_file.is_none() && is_left && !is_set {
            return None;
        }
        // The compose files know what is set; what they leave out is left to the program.
        if self.has_compose && read.need == Need::Fallback && known.is_none() {
            return None;
        }
        let is_of_file = of_file.is_some();
        let default = of_file.or(match of_source {
            Some(Fallback::Value(value)) => Some(value),
            _ => None,
        });
        let is_bare = read.need == Need::Bare && !is_demanded && !is_secret && (default.is_some() || !is_set);
        let is_optional = (read.need == Need::Fallback || is_bare) && !is_own;
        let is_suspect = (is_kept_back || known.is_some_and(|known| known.is_secret)) && !is_public(name);
        // What signs what the program itself reads again is no agreement with anybody.
        let is_ours = is_signing(name) && !self.has_compose;
        // Where a value was seen says more than where it is read.
        let from = known.filter(|_| is_of_file).map(|known| format!("from {}", known.from));
        let own = if is_ours { format!("{note}; guess: nobody else has to know it") } else { note.to_owned() };
        let note = from.unwrap_or(own);
        let variable = proposal.declare(name, default, Some(note.clone()));
        if is_public(name) && noun(name).is_none() {
            variable.is_secret = false;
        }
        variable.is_optional |= is_optional && !is_ours;
        variable.is_generated |= is_ours;
        if variable.default.is_none() && is_suspect {
            variable.is_secret = true;
        }
        Some(Setting::Own(Some(note)))
    }
}

/// Whether a value is this machine, seen from a program that runs on it: no address of a page, which browsers ask for.
fn is_here(value: &str) -> bool {
    let rest = value.split_once("://").map_or(value, |(_, rest)| rest);
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host).split([':', '/']).next().unwrap_or_default();
    matches!(host, "localhost" | "127.0.0.1") && !value.starts_with("http://") && !value.starts_with("https://")
}

/// Whether a file is a program in Python.
fn is_python(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, extension)| extension == "py")
}
