//! Completion scripts and manual pages, made from the command line's own description.

use std::path::Path;

use anyhow::Context as _;
use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::{command::CommandLine, exit::Done, output};

/// Prints the completion script of a shell.
pub(crate) fn completions(shell: Shell) -> Done {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut CommandLine::command(), "ephor", &mut script);
    Ok(output::text(&String::from_utf8_lossy(&script))?)
}

/// Writes a page for each command into `folder`, or prints the main page.
pub(crate) fn pages(folder: Option<&Path>) -> Done {
    let command = CommandLine::command();
    let Some(folder) = folder else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page)?;
        return Ok(output::text(&String::from_utf8_lossy(&page))?);
    };
    std::fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    clap_mangen::generate_to(command, folder)
        .with_context(|| format!("writing manual pages into {}", folder.display()))?;
    Ok(())
}
