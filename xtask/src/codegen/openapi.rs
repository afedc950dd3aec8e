//! The description of the admin API, printed by an example of its crate: so that chores need not compile the server.

use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::step;

/// The text of `docs/openapi/admin.json`.
pub(super) fn admin() -> Result<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["run", "--quiet", "--package", "ephor-face-admin", "--example", "openapi"])
        .current_dir(step::root())
        .output()
        .context("running cargo")?;
    if !output.status.success() {
        bail!("the example openapi failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    String::from_utf8(output.stdout).context("the description is not UTF-8")
}
