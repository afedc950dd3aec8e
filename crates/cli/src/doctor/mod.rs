//! `ephor doctor`: looks at everything that can keep Ephor from doing its work, and says in one sentence what to do.
//! Makes nothing: a store that is not there yet stays so; one that is there is opened, and its schema brought up to date.

mod policy;
mod process;
mod record;
mod sign_in;
mod targets;

use ephor_cli::config::{Config, connections, secrets::Resolved};
use ephor_store::Location;
use serde::Serialize;

use crate::{
    exit::{Done, Failure, Outcome},
    output::{self, Form},
    process::open::{self, Configured},
};

/// What to look at.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    configured: Configured,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    /// As it should be.
    Good,
    /// Works, but somebody should know.
    Remark,
    /// Keeps Ephor from its work.
    Bad,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    verdict: Verdict,
    what: String,
    text: String,
}

/// All that was found.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn good(&mut self, what: &str, text: impl Into<String>) {
        self.add(Verdict::Good, what, text);
    }

    fn remark(&mut self, what: &str, text: impl Into<String>) {
        self.add(Verdict::Remark, what, text);
    }

    fn bad(&mut self, what: &str, text: impl Into<String>) {
        self.add(Verdict::Bad, what, text);
    }

    fn add(&mut self, verdict: Verdict, what: &str, text: impl Into<String>) {
        self.0.push(Finding { verdict, what: what.to_owned(), text: text.into() });
    }

    fn worst(&self) -> Verdict {
        self.0.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Good)
    }

    fn print(&self, form: Form) -> Done {
        if form.json {
            return Ok(output::json(&self.0)?);
        }
        for Finding { verdict, what, text } in &self.0 {
            let mark = match verdict {
                Verdict::Good => "ok    ",
                Verdict::Remark => "note  ",
                Verdict::Bad => "WRONG ",
            };
            output::line(&format!("{mark} {what}: {}", output::printable(text)))?;
        }
        Ok(())
    }
}

/// Looks at everything. The exit code is 1 for a wrong configuration and 3 for anything else that is wrong.
pub(crate) async fn run(arguments: &Arguments, form: Form) -> Done {
    let mut findings = Findings::default();
    let (config, resolved) = match arguments.configured.read() {
        Ok(read) => read,
        Err(failure @ Failure::Usage(_)) => {
            for line in failure.to_string().lines() {
                findings.bad("configuration", line);
            }
            findings.print(form)?;
            return Err(Failure::Told(Outcome::Usage));
        }
        Err(failure) => return Err(failure),
    };
    let mistakes = connections::check(&config, &resolved);
    for mistake in &mistakes {
        findings.bad("configuration", format!("{}: {}", mistake.key(), mistake.text()));
    }
    if mistakes.is_empty() {
        let given = arguments.configured.config.as_ref().map(|path| path.display().to_string());
        findings.good("configuration", given.unwrap_or_else(|| "environment and defaults".to_owned()));
    }
    process::look(&config, &mut findings).await;
    sign_in::look(&config, &mut findings).await;
    look_inside(&config, &resolved, &mut findings).await;
    findings.print(form)?;
    match (mistakes.is_empty(), findings.worst()) {
        (false, _) => Err(Failure::Told(Outcome::Usage)),
        (true, Verdict::Bad) => Err(Failure::Told(Outcome::Failed)),
        (true, Verdict::Good | Verdict::Remark) => Ok(()),
    }
}

/// What can be seen with the store open; the targets in any case.
async fn look_inside(config: &Config, resolved: &Resolved, findings: &mut Findings) {
    if let Location::Sqlite(path) = &resolved.store
        && !path.exists()
    {
        findings.remark("store", format!("{} is made by the next step", path.display()));
        findings.bad("administrator", record::NO_ADMINISTRATOR);
        return targets::look(config, None, findings).await;
    }
    let store = match open::open_store(config, &resolved.store).await {
        Ok(store) => store,
        Err(failure) => {
            let text = failure.to_string();
            if text.contains("another process has the store open") {
                findings.remark("store", format!("{text} Its inside is looked at by the running server: see /readyz"));
            } else {
                findings.bad("store", text);
            }
            return targets::look(config, None, findings).await;
        }
    };
    match ephor_demo::is_demo(&store).await {
        Ok(true) => findings.bad(
            "store",
            format!("{} was made by `ephor demo`, whose passwords everybody knows: give another store", resolved.store),
        ),
        Ok(false) => record::look(config, resolved, &store, findings).await,
        Err(fault) => findings.bad("store", fault.cause()),
    }
    policy::look(&store, findings).await;
    targets::look(config, Some(&store), findings).await;
    store.close().await;
}
