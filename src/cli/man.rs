//! `stackgen man`: the manual pages, in the language of `man`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::builder::PossibleValue;
use clap::{Args, Command, CommandFactory as _, ValueHint};
use clap_mangen::Man as Page;
use clap_mangen::roff::{Roff, roman};
use stackgen::diagnostics::words;

use super::suggestion::Suggestion;
use super::{Cli, Global, print, say};

/// What begins the paragraph about exit codes in the help of a command.
const EXIT_CODES: &str = "Exit codes: ";

/// What holds for a command that only prints.
const PRINTED: &str = "0 printed; 2 a wrong command line, or stackgen could not work";

#[derive(Debug, Args)]
#[command(after_help = "`stackgen man render | man -l -` shows the page of `render`.")]
pub(super) struct Man {
    /// The command whose page is printed [default: stackgen itself]
    #[arg(hide_possible_values = true, value_parser = Suggestion(commands))]
    command: Option<String>,
    /// Write every page into this directory, each as `stackgen-COMMAND.1`
    #[arg(short, long, value_name = "DIR", conflicts_with = "command", value_hint = ValueHint::DirPath)]
    output: Option<PathBuf>,
}

impl Man {
    pub(super) fn run(&self, global: &Global) -> anyhow::Result<ExitCode> {
        let program = program();
        if let Some(output) = &self.output {
            let folder = global.directory.as_ref().map_or_else(|| output.clone(), |root| root.join(output));
            write(&program, &folder, global.quiet)?;
            return Ok(ExitCode::SUCCESS);
        }
        let command = match &self.command {
            None => &program,
            Some(name) => program.find_subcommand(name).with_context(|| unknown(name))?,
        };
        print(&page(command)?)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The program, with what every command understands on each of them. Where there are pages, nobody needs the command that
/// prints help.
fn program() -> Command {
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    program
}

fn commands() -> Vec<PossibleValue> {
    Cli::command().get_subcommands().map(|command| PossibleValue::new(command.get_name().to_owned())).collect()
}

fn unknown(name: &str) -> String {
    let known = commands();
    let meant = words::nearest(name, known.iter().map(PossibleValue::get_name));
    let meant = meant.map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
    format!("there is no command `{name}`{meant}")
}

/// Writes the page of the program and one for each command.
fn write(program: &Command, folder: &Path, is_quiet: bool) -> anyhow::Result<()> {
    let failure = || format!("cannot write to {}", folder.display());
    std::fs::create_dir_all(folder).with_context(failure)?;
    let mut count = 0;
    for command in std::iter::once(program).chain(program.get_subcommands()) {
        let file = folder.join(Page::new(command.clone()).get_filename());
        std::fs::write(&file, page(command)?).with_context(failure)?;
        count += 1;
    }
    if !is_quiet {
        say(&format!("{count} pages in {}", folder.display()));
    }
    Ok(())
}

/// The page of one command: what clap knows of it, and the sections that it has no word for.
fn page(command: &Command) -> anyhow::Result<String> {
    let page = Page::new(command.clone());
    let name = command.get_display_name().unwrap_or("stackgen").to_uppercase().replace('-', "\\-");
    // Written here, because clap_mangen leaves out an empty date and so moves the rest into its place.
    let mut text = format!(".TH {name} 1 \"\" \"stackgen {}\"\n", env!("CARGO_PKG_VERSION")).into_bytes();
    page.render_name_section(&mut text)?;
    page.render_synopsis_section(&mut text)?;
    page.render_description_section(&mut text)?;
    if command.has_subcommands() {
        page.render_subcommands_section(&mut text)?;
    }
    page.render_options_section(&mut text)?;
    further(command).to_writer(&mut text)?;
    Ok(String::from_utf8(text)?)
}

/// Notes and exit codes, which stand after the help, and where the other pages are.
fn further(command: &Command) -> Roff {
    let mut roff = Roff::new();
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let (codes, notes): (Vec<&str>, Vec<&str>) = after.split("\n\n").partition(|part| part.starts_with(EXIT_CODES));
    for (number, note) in notes.into_iter().filter(|note| !note.is_empty()).enumerate() {
        if number == 0 {
            roff.control("SH", ["NOTES"]);
        } else {
            roff.control("PP", []);
        }
        // Lines that are set out stay as they are.
        let is_set_out = note.contains('\n');
        if is_set_out {
            roff.control("nf", []);
        }
        for line in note.lines() {
            roff.text([roman(line)]);
        }
        if is_set_out {
            roff.control("fi", []);
        }
    }
    roff.control("SH", ["EXIT STATUS"]);
    let codes = codes.first().map_or(PRINTED, |codes| codes);
    for code in codes.trim_start_matches(EXIT_CODES).trim_end_matches('.').split("; ") {
        let (code, meaning) = code.split_once(' ').unwrap_or((code, ""));
        roff.control("TP", []);
        roff.text([roman(code)]);
        roff.text([roman(format!("{meaning}."))]);
    }
    if !command.has_subcommands() {
        roff.control("SH", ["SEE ALSO"]);
        roff.text([roman("stackgen(1)")]);
    }
    roff
}
