//! `STACK.md`: what runs, where it answers, what it wants to know, and the commands that run it; for all environments,
//! and only of what this stack has.
//!
//! What stands in a context is Markdown already, unless it says that it is a command.

use indexmap::IndexMap;
use minijinja::Environment;
use serde::Serialize;

use super::graph::{Graph, Meaning};
use super::{Artifact, Artifacts, Owner, RenderError, filters, in_output, manifest_from};
use crate::diagnostics::words;
use crate::plan::Plan;

mod across;
mod environment;
mod markdown;
mod secrets;
mod services;
mod variables;
mod volumes;

use environment::EnvironmentContext;
use volumes::Volumes;

/// The name of the page, in the stack's output directory.
const NAME: &str = "STACK.md";

#[derive(Serialize)]
struct Context {
    manifest: String,
    title: String,
    /// The environments, as a list in a sentence; none where there is one.
    several: Option<String>,
    environments: Vec<EnvironmentContext>,
    /// What the lines of the graphs mean, as the beginning of a sentence; empty where there are none.
    legend: String,
    /// The lines of a table.
    services: Vec<String>,
    /// The lines of a table.
    variables: Vec<String>,
    /// The lines of a table.
    secrets: Vec<String>,
    /// The lines of a table.
    volumes: Vec<String>,
}

/// The page of a stack, from the plans of all its environments.
pub(super) fn render(
    environment: &Environment<'_>,
    plans: &[Plan],
    manifest: &str,
    artifacts: &mut Artifacts,
) -> Result<(), RenderError> {
    let Some(first) = plans.first() else { return Ok(()) };
    let names: Vec<&str> = plans.iter().map(|plan| plan.environment.as_str()).collect();
    let volumes = Volumes::of(plans);
    let graph = |plan| (!Graph::is_too_large(plan)).then(|| Graph::of(plan));
    let graphs: Vec<Option<Graph>> = plans.iter().map(graph).collect();
    let context = Context {
        // What ends a comment.
        manifest: manifest_from(&first.output, manifest).replace('>', "&gt;"),
        title: markdown::text(&first.stack),
        several: (plans.len() > 1).then(|| words::and(&names)),
        environments: plans
            .iter()
            .zip(&graphs)
            .enumerate()
            .map(|(position, (plan, graph))| environment::context(position, plan, graph.as_ref(), &volumes))
            .collect(),
        legend: legend(&graphs),
        services: services::table(plans),
        variables: variables::table(plans),
        secrets: secrets::table(plans),
        volumes: volumes.table(plans),
    };
    let text = filters::template(environment, "stack.md.j2", context)?;
    artifacts.insert(in_output(first, NAME), Artifact { text, executable: false, owner: Owner::Stack });
    Ok(())
}

/// What the lines of the graphs mean, of those that there are.
fn legend(graphs: &[Option<Graph>]) -> String {
    let has = |meaning| graphs.iter().flatten().flat_map(|graph| &graph.edges).any(|edge| edge.meaning == meaning);
    let mounts = match (has(Meaning::Mount), has(Meaning::Bind)) {
        (true, true) => "a dotted one to a volume or to a path of the host",
        (true, false) => "a dotted one to a volume",
        (false, _) => "a dotted one to a path of the host",
    };
    let means = [
        (has(Meaning::Request), "a thick line is a request"),
        (has(Meaning::Wait), "a thin one leads to what is awaited"),
        (has(Meaning::Mount) || has(Meaning::Bind), mounts),
    ];
    let used: Vec<&str> = means.into_iter().filter(|(is_there, _)| *is_there).map(|(_, text)| text).collect();
    used.join(", ")
}

/// The names that any plan has, in the order of the first that has them, each with what each plan has under it.
fn union<'p, T: Copy, I: IntoIterator<Item = (&'p str, T)>>(
    plans: &'p [Plan],
    of: impl Fn(&'p Plan) -> I,
) -> Vec<(&'p str, Vec<Option<T>>)> {
    let mut all: IndexMap<&str, Vec<Option<T>>> = IndexMap::new();
    for (position, plan) in plans.iter().enumerate() {
        for (name, value) in of(plan) {
            all.entry(name).or_insert_with(|| vec![None; plans.len()])[position] = Some(value);
        }
    }
    all.into_iter().collect()
}
