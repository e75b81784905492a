//! `stackgen graph`: an environment as a picture.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use stackgen::diagnostics::words;
use stackgen::render::graph::{self, Format, MOST_CHARACTERS, MOST_EDGES};

use super::{Global, print, say};

#[derive(Debug, Args)]
#[command(after_help = "\
One environment is drawn: the first, unless `-e` names another. Frames are networks, or sets of networks, that services \
share; thick lines are requests, thin ones lead to what is awaited, dotted ones to volumes. What the operator sets is \
shown with its default.

For a picture: `stackgen graph --format dot | dot -Tsvg > stack.svg`.

Exit codes: 0 printed; 1 errors; 2 stackgen could not work.")]
pub(super) struct Graph {
    /// The language
    #[arg(long, value_name = "FORMAT", default_value = "mermaid")]
    format: Format,
}

impl Graph {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<ExitCode> {
        let mut names = global.environments.clone();
        names.dedup();
        if names.len() > 1 {
            bail!("one environment is drawn at a time, not {}", words::and(&names));
        }
        let Some(looked) = global.look_at_plans()? else { return Ok(ExitCode::FAILURE) };
        let Some(plan) = looked.analysis.plans.iter().find(|plan| global.is_chosen(&plan.environment)) else {
            bail!("there is nothing to draw");
        };
        let graph = graph::Graph::of(plan);
        let text = self.format.text(&graph);
        let is_large = graph.edges.len() > MOST_EDGES || text.chars().count() > MOST_CHARACTERS;
        if self.format == Format::Mermaid && is_large && !global.quiet {
            say(&format!(
                "note: Mermaid draws at most {MOST_EDGES} edges and {MOST_CHARACTERS} characters, unless its `maxEdges` \
                 and `maxTextSize` say otherwise; `--format dot` has no such limit"
            ));
        }
        print(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}
