//! Frameworks whose build writes a server for Node.js: what starts it, which directory it lies in, and on which port it
//! listens where nothing says another (the frameworks' own pages about deployment to Node.js). What Vite or a development
//! server of theirs says of ports holds for neither.

use super::literal::{Literal, literal};
use super::scripts::Script;
use super::{Fact, Program, code};
use crate::init::snapshot::Snapshot;

/// A framework with an adapter for Node.js.
#[derive(Debug)]
pub(super) struct Framework {
    /// What people call it.
    pub(super) name: &'static str,
    /// The packages that it needs for that: all of them.
    packages: &'static [&'static str],
    /// What runs, with the directory in the place of `{}`.
    command: &'static str,
    /// The directory that the build writes.
    output: &'static str,
    /// The key of its configuration that says another one, and the stem of that file.
    config: Option<(&'static str, &'static str)>,
    port: u16,
    /// Whether it listens to the container alone, unless it is told otherwise.
    is_shy: bool,
}

const ALL: [Framework; 5] = [
    Framework {
        name: "SvelteKit",
        packages: &["@sveltejs/kit", "@sveltejs/adapter-node"],
        command: "node {}",
        output: "build",
        config: Some(("svelte.config", "out")),
        port: 3000,
        is_shy: false,
    },
    Framework {
        name: "Astro",
        packages: &["astro", "@astrojs/node"],
        command: "node {}/server/entry.mjs",
        output: "dist",
        config: Some(("astro.config", "outDir")),
        port: 4321,
        is_shy: true,
    },
    Framework {
        name: "Nuxt",
        packages: &["nuxt"],
        command: "node {}/server/index.mjs",
        output: ".output",
        config: None,
        port: 3000,
        is_shy: false,
    },
    Framework {
        name: "React Router",
        packages: &["@react-router/serve", "@react-router/dev"],
        command: "react-router-serve ./{}/server/index.js",
        output: "build",
        config: Some(("react-router.config", "buildDirectory")),
        port: 3000,
        is_shy: false,
    },
    Framework {
        name: "Remix",
        packages: &["@remix-run/serve", "vite"],
        command: "remix-serve ./{}/server/index.js",
        output: "build",
        config: None,
        port: 3000,
        is_shy: false,
    },
];

/// Programs of a start script that serve what is being written, or show what was built to whoever wrote it.
const SHOWS: [&str; 9] = ["vite", "astro", "nuxt", "nuxi", "svelte-kit", "react-router", "remix", "npm", "npx"];

/// Adapters of `SvelteKit` with which a build writes something else than a server.
const OTHER_ADAPTERS: [&str; 5] = [
    "@sveltejs/adapter-auto",
    "@sveltejs/adapter-vercel",
    "@sveltejs/adapter-netlify",
    "@sveltejs/adapter-cloudflare",
    "@sveltejs/adapter-cloudflare-workers",
];

/// The framework of a program, where its build writes a server.
pub(super) fn of(program: &Program, build: Option<&str>) -> Option<&'static Framework> {
    // Pages alone, for any web server.
    if build.is_some_and(|build| build.contains("nuxt generate") || build.contains("nuxi generate")) {
        return None;
    }
    ALL.iter().find(|framework| framework.packages.iter().all(|name| program.packages.contains(*name)))
}

/// Whether a script only serves what is being written.
pub(super) fn shows(script: &str) -> bool {
    let words = Script::of(script).map(|script| script.words).unwrap_or_default();
    words.first().is_some_and(|first| SHOWS.contains(&first.as_str()) && !matches!(first.as_str(), "npm" | "npx"))
}

/// What keeps a program with `SvelteKit` from running anywhere but at the host that it was built for.
pub(super) fn obstacle(program: &Program) -> Option<String> {
    if !program.packages.contains("@sveltejs/kit") || program.packages.contains("@sveltejs/adapter-static") {
        return None;
    }
    let package = OTHER_ADAPTERS.iter().find(|package| program.packages.contains(**package))?;
    Some(format!(
        "`{package}` builds nothing that a container can run: install `@sveltejs/adapter-node`, and name it in \
         svelte.config.js"
    ))
}

impl Framework {
    /// What a program with it is, where its `start` script does not start a server of its own.
    pub(super) fn describe(&self, snapshot: &Snapshot, start: Option<&str>, program: &mut Program) {
        let (output, from) = self.output(snapshot, program);
        let script = start.and_then(Script::of);
        let first = script.as_ref().and_then(|script| script.words.first());
        let is_shown = start.is_some() && first.is_none_or(|first| SHOWS.contains(&first.as_str()));
        // A server of its own takes what was built into itself, and lies beside it.
        let is_output = |word: &String| {
            let word = word.trim_start_matches("./").trim_end_matches('/');
            word == output || word.starts_with(&format!("{output}/"))
        };
        let is_own = script.as_ref().is_some_and(|script| !script.words.iter().any(is_output)) && !is_shown;
        if start.is_none() || is_shown {
            let command = self.command.replace("{}", &output);
            program.command = Some(Fact::guess(command, format!("what the build of {} writes", self.name)));
        }
        program.is_page = true;
        if is_own {
            return;
        }
        let own = format!("{}'s own", self.name);
        program.build_output = Some(match from {
            Some(path) => Fact::seen(output, path),
            None => Fact::guess(output, own.clone()),
        });
        let said = start.and_then(code::port_of_command).map(|port| Fact::seen(port, program.from.clone()));
        program.port = Some(said.unwrap_or_else(|| Fact::guess(self.port, own)));
        if self.is_shy {
            let why = format!("{} listens to its own container alone without it", self.name);
            program.env.push(("HOST".to_owned(), Fact::guess("0.0.0.0".to_owned(), why)));
        }
    }

    /// The directory that the build writes, and the file that says another one than usual.
    fn output(&self, snapshot: &Snapshot, program: &mut Program) -> (String, Option<String>) {
        let usual = self.output.to_owned();
        let Some((stem, key)) = self.config else { return (usual, None) };
        let Some((path, text)) = snapshot.configuration(&program.directory, stem) else { return (usual, None) };
        match literal(text, key) {
            Literal::Missing => (usual, None),
            Literal::Text(written) => match crate::plan::clean_path(written.trim_end_matches('/')) {
                Some(inner) if !inner.is_empty() && !inner.starts_with("..") => (inner, Some(path)),
                _ => (usual, None),
            },
            Literal::Other => {
                program.remarks.push(format!("where its build is written: `{key}` in {path} is no plain text"));
                (usual, None)
            }
        }
    }
}
