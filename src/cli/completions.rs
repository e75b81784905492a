//! `stackgen completions`: what a shell needs to complete the command line.

use std::process::ExitCode;

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::{Cli, print};

#[derive(Debug, Args)]
#[command(after_help = "\
Put the script where your shell looks for completions, for example:
  bash  stackgen completions bash > ~/.local/share/bash-completion/completions/stackgen
  zsh   stackgen completions zsh > ~/.zfunc/_stackgen   # with ~/.zfunc in fpath before compinit
  fish  stackgen completions fish > ~/.config/fish/completions/stackgen.fish")]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "stackgen", &mut script);
        print(&String::from_utf8(script)?)?;
        Ok(ExitCode::SUCCESS)
    }
}
