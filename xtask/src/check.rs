//! What must hold before the tests are worth running.

use anyhow::Result;

use crate::{codegen, deny, setup, step};

pub(crate) fn run() -> Result<()> {
    step::run(step::cargo().args(["fmt", "--all", "--check"]))?;
    deny::run()?;
    codegen::check()?;
    if setup::features().is_empty() {
        println!("check: without libkrb5-dev and libclang-dev the Kerberos library is not looked at");
    }
    let clippy = ["clippy", "--workspace", "--all-targets"];
    step::run(step::cargo().args(clippy).args(setup::features()).args(["--", "-D", "warnings"]))
}
