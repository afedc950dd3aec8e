//! Cmdlets of what Ephor does not have: their commands say what to do in its place (`PAM 14.3`).

use clap::Subcommand;

use crate::exit::{Done, Failure};

/// What Ephor does not have.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum Command {
    /// Trusts between forests: says what to do in their place
    #[command(subcommand)]
    Trust(Trust),
    /// CORP domains: says what to do in their place
    #[command(subcommand)]
    Domain(Domain),
    /// Sets: says what to do in their place
    #[command(subcommand)]
    Set(Set),
    /// Authentication policy silos: says what to do in their place
    #[command(subcommand)]
    Silo(Silo),
}

/// What is done to it.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum Trust {
    /// Establish a trust
    New,
    /// Verify a trust
    Test,
    /// Remove a trust
    Remove,
}

/// What is done to it.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum Domain {
    /// Prepare a CORP domain
    New,
    /// Verify a CORP domain
    Test,
    /// Undo the preparation
    Remove,
}

/// What is done to it.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum Set {
    /// List sets
    List,
    /// Add a member to a set
    Add,
    /// Take a member from a set
    Remove,
}

/// What is done to it.
#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum Silo {
    /// Make a silo
    New,
    /// List silos
    List,
    /// Change a silo
    Set,
    /// Remove a silo
    Remove,
}

/// Says what to do.
pub(super) fn run(command: Command) -> Done {
    match command {
        Command::Trust(command) => trust(command),
        Command::Domain(command) => domain(command),
        Command::Set(command) => set(command),
        Command::Silo(command) => silo(command),
    }
}

/// Trusts belong to the forests.
fn trust(command: Trust) -> Done {
    let what_to_do = match command {
        Trust::New => {
            "on a domain controller of the CORP forest run `netdom trust CORP /domain:PRIV /add /oneside:trusting`, then \
             enable SID history and PIM trust and switch off SID filtering there (`/EnableSIDHistory:yes \
             /EnablePIMTrust:yes /Quarantine:no`). Then describe the PRIV directory under [targets.NAME.ldap] and run \
             `ephor doctor`"
        }
        Trust::Test => {
            "run `netdom trust CORP /domain:PRIV /verify`. What Ephor itself needs, it tests with `ephor admin target test \
             NAME` and `ephor doctor`"
        }
        Trust::Remove => {
            "run `netdom trust CORP /domain:PRIV /remove`. Take the section [targets.NAME] out of the configuration only \
             once no group lives there any more (`ephor admin target groups NAME`)"
        }
    };
    nothing_done(&format!("Ephor keeps no trust between forests, so there is nothing to do here: {what_to_do}"))
}

/// Domains are prepared in the domains.
fn domain(command: Domain) -> Done {
    let what_to_do = match command {
        Domain::New => {
            "where the forests are below the 2016 level make the domain-local group named NetBIOS name + $$$, audit account \
             management and directory service access, and set TcpipClientSupport=1; at the 2016 level none of it is needed. \
             Give the account of [targets.NAME.ldap] the right to write the groups' members"
        }
        Domain::Test => {
            "`ephor admin target test NAME` shows whether Ephor can write there, `ephor doctor` says why not"
        }
        Domain::Remove => "take those rights back, and the section [targets.NAME] out of the configuration",
    };
    nothing_done(&format!("Ephor prepares no CORP domain, so there is nothing to do here: {what_to_do}"))
}

/// There are no sets; roles name people.
fn set(command: Set) -> Done {
    let what_to_do = match command {
        Set::List => {
            "`ephor admin role show ROLE` lists candidates and approvers, `ephor admin administrator list` administrators"
        }
        Set::Add => {
            "`ephor admin role set ROLE --candidates …` or `--approvers …` names them, `ephor admin administrator appoint ROLE \
             USER` makes an administrator"
        }
        Set::Remove => {
            "`ephor admin role set ROLE --candidates …` without them, or `ephor admin administrator dismiss ROLE USER`"
        }
    };
    nothing_done(&format!("Ephor has no sets: roles and administrator roles name people directly: {what_to_do}"))
}

/// Silos belong to Active Directory.
fn silo(_: Silo) -> Done {
    nothing_done(
        "Ephor keeps no authentication policy silos: they are objects of Active Directory. Use `New-`, `Get-`, `Set-` and \
         `Remove-ADAuthenticationPolicySilo` there; the accounts that `ephor admin user list` shows are the ones to put in",
    )
}

fn nothing_done(sentence: &str) -> Done {
    Err(Failure::usage(sentence))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Outcome;

    #[test]
    fn pam_121_what_does_not_apply_says_what_to_do_and_fails() {
        for said in [
            trust(Trust::New),
            trust(Trust::Test),
            trust(Trust::Remove),
            domain(Domain::New),
            domain(Domain::Test),
            domain(Domain::Remove),
            set(Set::List),
            set(Set::Add),
            set(Set::Remove),
            silo(Silo::New),
        ] {
            let failure = said.unwrap_err();
            assert_eq!(failure.outcome(), Outcome::Usage);
            assert!(failure.to_string().starts_with("Ephor "), "{failure}");
        }
    }
}
