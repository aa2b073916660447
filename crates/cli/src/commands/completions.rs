//! `umbral completions`: words that a shell completes.

use crate::args::Cli;
use crate::failure::{Exit, Failure};
use crate::output::Out;
use clap::CommandFactory;
use clap_complete::Shell;

/// Write completions for a shell.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  umbral completions bash > ~/.local/share/bash-completion/completions/umbral
  umbral completions zsh > \"${fpath[1]}/_umbral\"
  umbral completions fish > ~/.config/fish/completions/umbral.fish")]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

/// Runs the command.
pub(crate) fn run(args: &Args, out: &mut Out) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "umbral", &mut script);
    out.bytes(&script)?;
    Ok(Exit::Done)
}
