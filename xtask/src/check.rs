//! What must hold before the tests are worth running.

use anyhow::Result;

use crate::{codegen, deny, step};

pub(crate) fn run() -> Result<()> {
    step::run(step::cargo().args(["fmt", "--all", "--check"]))?;
    deny::run()?;
    codegen::check()?;
    step::run(step::cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}
