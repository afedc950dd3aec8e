//! Generated files: kept in the repository, never edited, checked with everything else.

mod openapi;

use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::step;

/// A file, and what writes its text. A generator depends on nothing but the sources: the same text on every machine.
type Generator = (&'static str, fn() -> Result<String>);

/// All generated files. To add one: a module with the function, and a line here.
const GENERATORS: &[Generator] = &[("docs/openapi/admin.json", openapi::admin)];

/// Whether to write.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Write nothing; fail when a file is not what its generator says.
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    if options.check { check() } else { write(&step::root(), GENERATORS) }
}

/// Fails when a generated file is stale or missing.
pub(crate) fn check() -> Result<()> {
    let stale = stale(&step::root(), GENERATORS)?;
    if !stale.is_empty() {
        bail!("stale: {}; run cargo xtask codegen", stale.join(", "));
    }
    println!("codegen: {} files are as generated", GENERATORS.len());
    Ok(())
}

fn stale(root: &Path, generators: &[Generator]) -> Result<Vec<&'static str>> {
    let mut stale = Vec::new();
    for (path, generate) in generators {
        let text = generate().with_context(|| format!("generating {path}"))?;
        if std::fs::read_to_string(root.join(path)).ok() != Some(text) {
            stale.push(*path);
        }
    }
    Ok(stale)
}

fn write(root: &Path, generators: &[Generator]) -> Result<()> {
    for (path, generate) in generators {
        let text = generate().with_context(|| format!("generating {path}"))?;
        let file = root.join(path);
        if std::fs::read_to_string(&file).ok().as_ref() == Some(&text) {
            continue;
        }
        if let Some(directory) = file.parent() {
            std::fs::create_dir_all(directory).with_context(|| format!("creating the directory of {path}"))?;
        }
        std::fs::write(&file, text).with_context(|| format!("writing {path}"))?;
        println!("wrote {path}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_or_missing_file_is_stale_until_written() {
        let generators: &[Generator] = &[("docs/a.txt", || Ok("a\n".to_owned())), ("b.txt", || Ok("b\n".to_owned()))];
        let directory = ephor_testkit::WorkDir::new("codegen").unwrap();
        std::fs::write(directory.join("b.txt"), "old").unwrap();
        assert_eq!(stale(directory.path(), generators).unwrap(), ["docs/a.txt", "b.txt"]);
        write(directory.path(), generators).unwrap();
        assert_eq!(stale(directory.path(), generators).unwrap(), Vec::<&str>::new());
        assert_eq!(std::fs::read_to_string(directory.join("docs/a.txt")).unwrap(), "a\n");
    }
}
