//! What the sources read, by the audit: each name becomes a variable of its service, and what it is set to follows from
//! what it is called and from what stands beside the read.

use indexmap::IndexMap;

use super::fallbacks::{Fallback, fallback};
use super::values::{Peer, peers, typed};
use super::{Entry, Material, Proposal, Setting};
use crate::audit::{Need, Place, Role, Wanted};
use crate::init::judgement::{is_public, is_secret, is_signing};
use crate::init::seen::code::{dialect, line_after};
use crate::init::seen::{EnvName, Program, Seen};
use crate::init::snapshot::{file_name, is_env_file, parent};
use crate::kinds::Kind;
use crate::project::Analysis;
use crate::secrets::names::noun;

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
        let foreign = match &inner {
            Some(inner) => foreign(material.seen, inner, others),
            None => Vec::new(),
        };
        let mut wanted: IndexMap<String, Wanted> = IndexMap::new();
        let mut idle: Vec<String> = Vec::new();
        for plan in &analysis.plans {
            let Some(planned) = plan.services.get(&built) else { continue };
            let Some(usage) = analysis.audit.usage(plan, planned) else { continue };
            idle.extend(usage.not_read(planned));
            for (variable, read) in &usage.wanted {
                let Some(read) = without(read, &foreign) else { continue };
                wanted.entry(variable.clone()).or_insert(read);
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
        let of_file = |setting: &Setting| matches!(setting, Setting::Own(Some(note)) if note.rsplit(' ').next().is_some_and(|path| is_env_file(file_name(path))));
        env.retain(|name, setting| !(idle.contains(name) && of_file(setting)));
        let mut comments: Vec<String> = Vec::new();
        for (variable, read) in &wanted {
            let is_running = read.places.iter().any(|place| place.role == Role::Running);
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
            let setting = match reader.meaning(variable, &dialects(known, variable, &lines)) {
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
        // One image holds all programs of a workspace, and the first one says how it is built.
        if built != name
            && let Some(base) = proposal.services.get_mut(&built)
        {
            for (variable, setting) in build_env.drain(..) {
                base.build_env.entry(variable).or_insert(setting);
            }
        }
        if let Some(service) = proposal.services.get_mut(&name) {
            service.env = env;
            service.build_env = build_env;
            service.left_out.extend(comments);
        }
    }
}

/// The directories of a workspace that are nothing to one of its programs: the other programs, and packages that only those
/// depend on. What nobody depends on is everybody's.
fn foreign(seen: &Seen, inner: &str, others: Vec<String>) -> Vec<String> {
    let own = seen.program(inner).map(|program| program.libraries.as_slice()).unwrap_or_default();
    let libraries: Vec<String> =
        others.iter().filter_map(|other| seen.program(other)).flat_map(|program| program.libraries.clone()).collect();
    let all = others.into_iter().chain(libraries);
    all.filter(|directory| directory != inner && !own.contains(directory)).collect()
}

/// A variable as it is read outside of these directories; none where nothing there reads it.
fn without(read: &Wanted, directories: &[String]) -> Option<Wanted> {
    let is_in = |place: &Place| directories.iter().any(|directory| place.path.starts_with(&format!("{directory}/")));
    if !read.places.iter().any(is_in) {
        return Some(read.clone());
    }
    let places: Vec<Place> = read.places.iter().filter(|place| !is_in(place)).cloned().collect();
    let needs = || places.iter().filter(|place| place.role == Role::Running).map(|place| place.need);
    let need = if needs().any(|need| need == Need::Demanded) || read.need != Need::Demanded {
        read.need
    } else {
        needs().min().unwrap_or(read.need)
    };
    (!places.is_empty()).then(|| Wanted { places, need, ..read.clone() })
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
    let running = read.places.iter().filter(|place| place.role == Role::Running);
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

/// The scheme of an address, and the number that its path is.
pub(super) type Dialect = (String, Option<u8>);

/// How the address in a variable is spelled, where that was seen: in an env file, and where it is read.
pub(super) fn dialects(known: Option<&EnvName>, name: &str, lines: &[(String, usize, &str)]) -> Vec<Dialect> {
    let of_file = known.and_then(|known| Some((known.scheme.clone()?, known.number)));
    let of_lines = lines.iter().filter_map(|(.., line)| {
        let lower = line.to_ascii_lowercase();
        let at = lower.find(&name.to_ascii_lowercase())? + name.len();
        let rest = line.get(at..)?;
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
        let seen = known.and_then(|known| Some((known, known.default.clone()?)));
        if let Some((known, _)) = seen.as_ref().filter(|(_, default)| is_here(default)) {
            let what = format!(
                "which service `{name}` is: in {} it is this machine, which is another one in a container",
                known.from
            );
            proposal.unknown(self.service, what);
        }
        let of_file =
            seen.map(|(_, default)| default).filter(|default| !is_here(default)).map(|default| typed(&default));
        let of_source = lines.iter().find_map(|(.., line)| fallback(name, line));
        // A subscript of Python raises, and an empty secret is none.
        let is_demanded = lines.iter().any(|(path, _, line)| {
            let rest = line.find(name).and_then(|at| line.get(at + name.len()..)).unwrap_or_default();
            is_python(path) && (rest.starts_with("\"]") || rest.starts_with("']"))
        });
        // What bundlers write into pages is nobody's secret.
        let is_secret = is_secret(name) && !is_public(name);
        let is_set = known.is_some_and(|known| known.is_set);
        let is_kept_back = of_source == Some(Fallback::Withheld);
        let is_own = matches!(of_source, Some(Fallback::Own | Fallback::Absent)) || is_kept_back;
        // An empty value would stand in the place of what the program has itself.
        let is_left = match &of_source {
            Some(Fallback::Absent) => true,
            Some(Fallback::Own) => !is_secret,
            None => read.need == Need::Fallback && !is_secret && known.is_none(),
            Some(_) => false,
        };
        if of_file.is_none() && is_left && !is_set {
            return None;
        }
        // The compose files know what is set; what they leave out is left to the program.
        if self.has_compose && read.need == Need::Fallback && known.is_none() {
            return None;
        }
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
        let from = known
            .filter(|known| known.default.is_some() && default.is_some())
            .map(|known| format!("from {}", known.from));
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
