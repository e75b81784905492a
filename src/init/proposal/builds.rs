//! Builds that load what they have built, and so stop where that cannot do without a variable: `SvelteKit` analyses its
//! routes, Next.js collects the data of its pages.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::{Proposal, Setting};
use crate::audit::{Place, Role, Wanted};
use crate::init::seen::Program;
use crate::project::Analysis;

/// Frameworks whose build does so, and what runs it.
const LOADERS: [(&str, &str); 2] = [("@sveltejs/kit", "`vite build`"), ("next", "`next build`")];

/// Tells of the files of a service that cannot be loaded without a variable, where the build loads them too.
pub(super) fn tell(
    proposal: &mut Proposal,
    analysis: &Analysis,
    (service, program): (&str, Option<&Program>),
    wanted: &IndexMap<String, Wanted>,
    build_env: &IndexMap<String, Setting>,
) {
    let is_used = |package: &str| program.is_some_and(|program| program.packages.contains(package));
    let Some((_, build)) = LOADERS.iter().find(|(package, _)| is_used(package)) else { return };
    let mut by_file: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (variable, read) in wanted.iter().filter(|(variable, _)| !build_env.contains_key(*variable)) {
        let is_at_load = |place: &&Place| {
            let file = analysis.audit.file(&place.path);
            place.role == Role::Running && file.is_some_and(|file| file.scan.at_load.contains(&place.range.0))
        };
        if let Some(place) = read.places.iter().find(is_at_load) {
            by_file.entry(&place.path).or_default().push(variable);
        }
    }
    for (path, names) in by_file {
        let all: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let written: Vec<String> = names.iter().map(|name| format!("`{name} = \"{}\"`", stand_in(name))).collect();
        let (them, they_are, values) = match names.len() {
            1 => ("it", "it is", "a value that opens nothing"),
            _ => ("them", "they are", "values that open nothing"),
        };
        let what = format!(
            "whether its build has {}: {path} throws without {them} as soon as it is loaded, and {build} loads it. Give \
             the build {values}, in `build-env`: {}; or throw where {they_are} used",
            all.join(", "),
            written.join(", "),
        );
        proposal.unknown(service, what);
    }
}

/// A value that says nothing and opens nothing, but looks like one.
fn stand_in(name: &str) -> &'static str {
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if !has(&["URL", "URI", "DSN"]) {
        "none"
    } else if has(&["REDIS", "KV"]) {
        "redis://localhost"
    } else if has(&["MONGO"]) {
        "mongodb://localhost/none"
    } else if has(&["DATABASE", "POSTGRES", "PG", "DB"]) {
        "postgresql://localhost/none"
    } else {
        "http://localhost"
    }
}
