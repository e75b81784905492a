//! `stackgen graph`: environments as pictures.

use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, ValueEnum};
use stackgen::diagnostics::{Severity, words};
use stackgen::plan::Plan;
use stackgen::render::graph::{self, MOST_CHARACTERS, MOST_EDGES, Picture};

use super::{Global, Looked, print, say};

#[derive(Debug, Args)]
#[command(after_help = "\
What the operator sets is shown with its default, a secret never.

`svg` and `html` draw what runs from the outside in: ways in, the proxy, services, data. A card has the ports, routes, \
volumes and networks of its service, and what it has of the host: paths that it mounts, the socket of the engine, \
`privileged`, the network of the host; thick lines are requests, thin ones lead to what is awaited. The errors and warnings \
of `check` are marked where they belong, and do not keep it from being drawn. Each is one file that asks for no other, \
light or dark as its reader wants it: `stackgen graph --format html > stack.html`.

`html` has all environments, or those that `-e` names, the first of them shown first, with what differs marked; the \
other formats draw one: the first, unless `-e` names another. In `mermaid` and `dot`, frames are networks, or sets of \
networks, that services share, and dotted lines lead to volumes and to paths of the host; they are drawn only where there are no errors.

Exit codes: 0 printed; 1 errors, and nothing is printed; 2 stackgen could not work.")]
pub(super) struct Graph {
    /// The language
    #[arg(long, value_name = "FORMAT", default_value = "mermaid")]
    format: Format,
}

/// In what a graph is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Mermaid, which code forges and many editors draw
    Mermaid,
    /// DOT, the language of Graphviz: to lay it out in another way
    Dot,
    /// A picture of one environment, for documentation
    Svg,
    /// A page with all environments, to look around in
    Html,
}

impl Graph {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<ExitCode> {
        let mut names = global.environments.clone();
        names.dedup();
        if names.len() > 1 && self.format != Format::Html {
            bail!("one environment is drawn at a time, not {}; only `--format html` has several", words::and(&names));
        }
        match self.format {
            Format::Mermaid => text(global, graph::Format::Mermaid),
            Format::Dot => text(global, graph::Format::Dot),
            Format::Svg | Format::Html => self.picture(global),
        }
    }

    fn picture(&self, global: &Global) -> anyhow::Result<ExitCode> {
        let looked = global.look_at_faulty_plans()?;
        let plans = chosen(global, looked);
        if plans.is_empty() {
            global.tell_findings(looked)?;
            return Ok(ExitCode::FAILURE);
        }
        let outcome = looked.outcome(&[]);
        // What differs from other environments says nothing where only one is shown.
        let plans = if self.format == Format::Svg { &plans[..1] } else { &plans };
        let picture = Picture::of(plans, outcome.findings());
        let errors = looked.analysis.report.count(Severity::Error);
        if errors > 0 && !global.quiet {
            let what = if errors == 1 { "1 error, which is".to_owned() } else { format!("{errors} errors, which are") };
            say(&format!("note: {} has {what} marked; `stackgen check` tells more", looked.project.source().name()));
        }
        print(&if self.format == Format::Html { picture.html()? } else { picture.svg()? })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The plans in the order in which they were asked for; without a wish, in their own.
fn chosen<'l>(global: &Global, looked: &'l Looked) -> Vec<&'l Plan> {
    let plans = &looked.analysis.plans;
    if global.environments.is_empty() {
        return plans.iter().collect();
    }
    let mut chosen: Vec<&Plan> = Vec::new();
    for plan in global.environments.iter().filter_map(|name| plans.iter().find(|plan| plan.environment == *name)) {
        if !chosen.iter().any(|known| known.environment == plan.environment) {
            chosen.push(plan);
        }
    }
    chosen
}

fn text(global: &Global, format: graph::Format) -> anyhow::Result<ExitCode> {
    let Some(looked) = global.look_at_plans()? else { return Ok(ExitCode::FAILURE) };
    let Some(plan) = looked.analysis.plans.iter().find(|plan| global.is_chosen(&plan.environment)) else {
        bail!("there is nothing to draw");
    };
    let graph = graph::Graph::of(plan);
    let text = format.text(&graph);
    let is_large = graph.edges.len() > MOST_EDGES || text.chars().count() > MOST_CHARACTERS;
    if format == graph::Format::Mermaid && is_large && !global.quiet {
        say(&format!(
            "note: Mermaid draws at most {MOST_EDGES} edges and {MOST_CHARACTERS} characters, unless its `maxEdges` \
             and `maxTextSize` say otherwise; the other formats have no such limit"
        ));
    }
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}
