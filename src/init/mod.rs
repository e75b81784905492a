//! `stackgen init`: a services.toml for a repository that is there already.
//!
//! ```text
//! directory ─▶ snapshot ─▶ seen (facts, with their places) ─▶ proposal (services) ─▶ text ─▶ proof ─▶ draft
//!                                                               ▲ what the sources read: the audit
//! ```
//!
//! Nothing is written here. No value that may be secret is copied: its name becomes a variable. What is proposed goes
//! through the same rooms as any services.toml, and what has an error there is taken back, so that `render` and `check`
//! work on what is left.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::disk::{State, Survey};
use crate::kinds::Kinds;
use crate::manifest::ReadError;
use crate::project::ProjectError;
use crate::render;
use crate::templates::Templates;

mod judgement;
mod proof;
mod proposal;
mod replaceable;
mod seen;
mod snapshot;
mod written;

use proposal::{Answer, Entry, Material, Proposal, leftovers, reads, separation};
use seen::Seen;
use snapshot::{Snapshot, joined, parent};

/// Names of compose files that Compose takes by itself, the one that it takes first.
const COMPOSE: [&str; 8] = [
    "compose.yaml",
    "compose.yml",
    "docker-compose.yaml",
    "docker-compose.yml",
    "compose.override.yaml",
    "compose.override.yml",
    "docker-compose.override.yaml",
    "docker-compose.override.yml",
];

/// A services.toml that could be written, and what there is to say about it.
#[derive(Debug)]
pub struct Draft {
    /// The text.
    pub text: String,
    /// The services, in their order.
    pub services: Vec<String>,
    /// The services that stand there as comments, because they cannot run as they are.
    pub commented: Vec<String>,
    /// Whether nothing was found that can run, so that the smallest stack stands there.
    pub is_example: bool,
    /// What could not be told: whom it is about, and what.
    pub unknown: Vec<(String, String)>,
    /// What somebody could be asked.
    pub questions: Vec<Question>,
    /// Files of people that `render` would refuse to overwrite, or that Compose would take instead of what is rendered;
    /// relative to the directory.
    pub in_the_way: Vec<String>,
    /// Dockerfiles of people that stay in use.
    pub kept: Vec<String>,
    /// Env files of people whose values services had, and now have from the env file of the stack.
    pub env_files: Vec<String>,
    /// Those of them that stackgen could write itself.
    pub replaceable: Vec<String>,
    /// Errors that `check` will find and that are not about services.toml.
    pub errors: Vec<String>,
}

/// Something that could not be told, as a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// By which its answer is known.
    pub key: String,
    /// Whom it is about, and what is asked.
    pub text: String,
    /// What is taken where nobody answers; may be empty.
    pub default: String,
    answer: Answer,
}

impl Question {
    /// Why an answer will not do; none where it will.
    pub fn objection(&self, answer: &str) -> Option<&'static str> {
        let will_do = match self.answer {
            Answer::Port => answer.parse::<u16>().is_ok_and(|port| port > 0),
            Answer::Path => answer.is_empty() || (answer.starts_with('/') && !answer.contains(char::is_whitespace)),
            Answer::Name => answer.chars().any(|c| c.is_ascii_alphanumeric()),
            Answer::YesOrNo => ["y", "yes", "n", "no"].contains(&answer.to_ascii_lowercase().as_str()),
        };
        match self.answer {
            _ if will_do => None,
            Answer::Port => Some("a port is a number from 1 to 65535"),
            Answer::Path => Some("a path begins with `/`; leave it empty for none"),
            Answer::Name => Some("a name has letters and digits"),
            Answer::YesOrNo => Some("`yes` or `no`"),
        }
    }
}

impl Draft {
    /// Looks at a directory, which is called `name`, and takes `answers` to questions, by their keys.
    ///
    /// # Errors
    /// Where stackgen itself cannot work: templates of the project that cannot be read, or a broken kind.
    pub fn of(root: &Path, name: &str, answers: &BTreeMap<String, String>) -> Result<Self, ProjectError> {
        let templates = Templates::take(root)?;
        let kinds = Kinds::all(&templates).map_err(|error| ProjectError::Read(ReadError::Kind(error)))?;
        let snapshot = Snapshot::take(root, name);
        let seen = Seen::of(&snapshot, &kinds);
        let mut plain: BTreeSet<String> = BTreeSet::new();
        // Each round takes one more service for a plain container, until none is left.
        loop {
            let material = Material { snapshot: &snapshot, seen: &seen, kinds: &kinds, answers, plain: &plain };
            let mut proposal = Proposal::of(material);
            if proposal.services.is_empty() {
                proposal.add_example();
            }
            // What the sources read is known once there are services.
            let (_, analysis) = proof::analysed(root, &templates, written::written(&proposal).text)?;
            reads::add(&mut proposal, material, &analysis);
            leftovers::add(&mut proposal, material, &analysis);
            proposal.settle(material);
            let mut proven = proof::proven(root, &templates, &mut proposal, &plain)?;
            let is_settled = |proven: &proof::Proven| proven.demoted.is_empty() || proven.demoted.is_subset(&plain);
            if is_settled(&proven) && separation::keep(&mut proposal, &seen, &proven.analysis.plans) {
                proven = proof::proven(root, &templates, &mut proposal, &plain)?;
            }
            if is_settled(&proven) {
                separation::tell(&mut proposal, &seen, &proven.analysis.plans);
                let replaceable = replaceable::settle(root, &templates, &mut proposal, &mut proven)?;
                let draft = Self::done(root, &templates, &proposal, proven, &snapshot, &seen);
                return Ok(Self { replaceable: replaceable.into_iter().collect(), ..draft });
            }
            plain.extend(proven.demoted);
        }
    }

    fn done(
        root: &Path,
        templates: &Templates,
        proposal: &Proposal,
        proven: proof::Proven,
        snapshot: &Snapshot,
        seen: &Seen,
    ) -> Self {
        let of_question = |unknown: &proposal::Unknown| {
            let question = unknown.question.as_ref()?;
            Some(Question {
                key: question.key.clone(),
                text: format!("{}: {}", unknown.about, unknown.what),
                default: question.default.clone(),
                answer: question.answer,
            })
        };
        let questions = proposal.unknown.iter().filter_map(of_question).collect();
        let unknown = proposal.unknown.iter().filter(|unknown| {
            // A name is no mystery: it can be asked for, and stands at the top.
            unknown.question.as_ref().is_none_or(|question| question.answer != Answer::Name)
        });
        let unknown = unknown.map(|unknown| (unknown.about.clone(), unknown.what.clone())).collect();
        let mut errors = proven.left;
        let mut in_the_way: BTreeSet<String> = BTreeSet::new();
        let plans = &proven.analysis.plans;
        if !proven.analysis.report.has_errors() {
            match render::render_for(plans, proven.project.source().file_name(), templates, |_| true) {
                Ok(artifacts) => {
                    let survey = Survey::take(root, &artifacts, None, env!("CARGO_PKG_VERSION"));
                    for entry in survey.iter().flat_map(Survey::entries) {
                        if matches!(entry.state(), State::Foreign | State::Edited | State::Blocked(_)) {
                            in_the_way.insert(entry.path().to_owned());
                        }
                    }
                }
                Err(error) => errors.push(error.to_string()),
            }
        }
        // What Compose would take instead of the file that is rendered, or lay over it.
        let output = &seen.compose_directory;
        for path in &snapshot.files {
            let name = snapshot::file_name(path);
            if parent(path) == output && COMPOSE.contains(&name) && name != "docker-compose.yml" {
                in_the_way.insert(path.clone());
            }
        }
        let (services, commented): (Vec<String>, Vec<String>) =
            proposal.services.keys().cloned().partition(|name| proposal.services[name].obstacle.is_none());
        let kept: BTreeSet<String> = proposal.services.values().filter_map(replaceable::file).collect();
        let env_files = env_files(proposal, seen, root);
        Self {
            text: proven.text,
            services,
            commented,
            is_example: proposal.is_example,
            unknown,
            questions,
            in_the_way: in_the_way.into_iter().collect(),
            kept: kept.into_iter().collect(),
            env_files,
            replaceable: Vec::new(),
            errors,
        }
    }
}

/// The env files that are read no longer, and set what an operator sets now.
fn env_files(proposal: &Proposal, seen: &Seen, root: &Path) -> Vec<String> {
    let is_own = |name: &String| {
        proposal.services.values().filter(|service| service.obstacle.is_none()).any(|service| {
            [&service.env, &service.build_env]
                .iter()
                .any(|env| matches!(env.get(name), Some(proposal::Setting::Own(_))))
        })
    };
    let named = seen.containers.iter().flat_map(|container| {
        let here = parent(&container.from);
        container.env_files.iter().filter_map(move |file| crate::plan::clean_path(&joined(here, file)))
    });
    let named: BTreeSet<String> = named.collect();
    let read = seen.env_names.values().flatten().filter(|(name, _)| is_own(name)).flat_map(|(_, known)| &known.set_in);
    let read = read.filter(|path| named.contains(*path) || snapshot::file_name(path) == ".env");
    // What `stackgen env --write` makes stays where it is.
    let is_ours = |path: &&String| {
        let name = snapshot::file_name(path);
        parent(path) == seen.compose_directory
            && (name == ".env" || seen.environments.iter().any(|environment| name == format!(".env.{environment}")))
    };
    let files: BTreeSet<String> = read.filter(|path| !is_ours(path)).cloned().collect();
    files.into_iter().filter(|path| root.join(path).is_file()).collect()
}

impl Proposal {
    /// The smallest stack that does something, for a directory that shows nothing.
    fn add_example(&mut self) {
        self.is_example = true;
        let mut service = proposal::Service {
            about: Some("a page, until there is something of yours".to_owned()),
            ..Default::default()
        };
        for (key, entry) in [
            ("image", Entry::new("nginx:1.29")),
            ("port", Entry::new(80)),
            ("publish", Entry::noted(8080, "http://localhost:8080")),
        ] {
            service.keys.insert(key.to_owned(), entry);
        }
        service.port = Some(80);
        let name = self.free_name("web");
        self.services.insert(name, service);
    }
}
