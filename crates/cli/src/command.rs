//! The command line.

use clap::{Parser, Subcommand};

use crate::{
    audit,
    client::{access, admin, app, connection::Connection, enrol, login, manage, mfa, pam, revoke, scope},
    demo, doctor, migrate,
    output::Form,
    serve,
};

/// Self-hosted just-in-time privileged access.
///
/// People hold eligibility, ask for access when they need it, are approved, get it for a limited time and lose it on time.
#[derive(Debug, Parser)]
#[command(name = "ephor", version, propagate_version = true, max_term_width = 110)]
#[command(
    after_help = "Exit codes: 0 done, 1 asked in the wrong way, 2 refused by the server, 3 server or transport failed."
)]
pub(crate) struct CommandLine {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// All commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve as configured, until SIGTERM or SIGINT
    Serve(serve::Arguments),
    /// Serve a tour with people, roles and groups in it, on this machine alone
    Demo(Box<demo::Arguments>),
    /// Look at everything that can keep Ephor from its work, and say what to do
    Doctor(Host<doctor::Arguments>),
    /// Bring the schema of the store up to date
    Migrate(migrate::Arguments),
    /// Verify the audit log, export it, prove what is in it
    Audit(HostGroup<audit::Command>),
    /// List what you may have, hold and wait for: PAM roles, directory roles, groups, resource roles
    List(access::list::List),
    /// Ask for roles and groups that you are eligible for
    Activate(Box<access::activate::Activate>),
    /// Give up what you activated
    Deactivate(access::deactivate::Deactivate),
    /// Ask for more time of an eligibility
    Extend(Box<access::extend::Extend>),
    /// Show what is in force or waits, or one request
    Status(access::status::Status),
    /// List requests
    Requests(access::requests::Requests),
    /// Take requests back that are not decided
    Cancel(access::cancel::Cancel),
    /// List what waits for your decision
    Approvals(access::approval::Approvals),
    /// Approve requests of others
    Approve(access::approval::Decide),
    /// Deny requests of others
    Deny(access::approval::Decide),
    /// Ask for PAM roles, look at requests, decide on those of others, in the words of the PAM API
    Pam(Client<pam::Command>),
    /// Prove that it is you, for requests that wait for a second factor
    Mfa(Client<mfa::Command>),
    /// Administer roles, users, groups, requests and targets
    Admin(Box<Client<admin::Command>>),
    /// Register applications that ask for tokens, give them credentials, consent to what they may do
    App(Box<Client<app::Command>>),
    /// Lay out the tree of resource scopes, and ask who may do what in it
    Scope(Box<Client<scope::Command>>),
    /// Roles of the directory, and roles for resources
    Role(Box<Client<manage::role::Command>>),
    /// Groups, who is in them, and who may come into them
    Group(Box<Client<manage::group::Command>>),
    /// Rules of roles and groups
    Policy(Box<Client<manage::policy::Command>>),
    /// End access now: of requests, of a user, of a role
    Revoke(revoke::Revoke),
    /// Sign in, and keep server and account for later commands
    Login(login::Login),
    /// Set the password of an account by its enrolment link
    Enrol(enrol::Enrol),
    /// Take the kept sign-in back
    Logout(login::Logout),
    /// Print a completion script for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Write the manual pages
    Man {
        /// Write one file a command into this directory instead of the main page to standard output
        #[arg(long, value_name = "DIR")]
        dir: Option<std::path::PathBuf>,
    },
}

/// A group of commands that talk to a server.
#[derive(Debug, clap::Args)]
pub(crate) struct Client<C: Subcommand> {
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(flatten)]
    pub(crate) form: Form,
    #[command(subcommand)]
    pub(crate) command: C,
}

/// A command on the host.
#[derive(Debug, clap::Args)]
pub(crate) struct Host<A: clap::Args> {
    #[command(flatten)]
    pub(crate) form: Form,
    #[command(flatten)]
    pub(crate) arguments: A,
}

/// A group of commands on the host.
#[derive(Debug, clap::Args)]
pub(crate) struct HostGroup<C: Subcommand> {
    #[command(flatten)]
    pub(crate) form: Form,
    #[command(subcommand)]
    pub(crate) command: C,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::CommandLine;

    /// The page that says which cmdlet is which command.
    const CMDLETS: &str = include_str!("../../../docs/cmdlets.md");

    /// The page of everyday commands.
    const CLI: &str = include_str!("../../../docs/cli.md");

    /// All cmdlets of the reference, and the later ones.
    const REFERENCE: [&str; 32] = [
        "Get-PAMRoleForRequest",
        "New-PAMRequest",
        "Get-PAMRequestForReview",
        "Close-PAMRequest",
        "Get-PAMRequestToApprove",
        "Set-PAMRequestToApprove",
        "New-PAMRole",
        "Get-PAMRole",
        "Set-PAMRole",
        "Remove-PAMRole",
        "New-PAMUser",
        "Get-PAMUser",
        "Set-PAMUser",
        "Remove-PAMUser",
        "New-PAMGroup",
        "Get-PAMGroup",
        "Set-PAMGroup",
        "Remove-PAMGroup",
        "Get-PAMRequest",
        "Close-PAMRequestForControl",
        "Get-PAMConfiguration",
        "Set-PAMConfiguration",
        "New-PAMSession",
        "New-PAMTrust",
        "Test-PAMTrust",
        "Remove-PAMTrust",
        "New-PAMDomainConfiguration",
        "Test-PAMDomainConfiguration",
        "Remove-PAMDomainConfiguration",
        "Get-PAMSet",
        "Add-PAMSetMember",
        "Remove-PAMSetMember",
    ];

    /// Walks to the command that a line names and looks for its options.
    fn check(root: &clap::Command, line: &str) {
        let mut command = root;
        for word in line.split_whitespace().skip(1) {
            if let Some(option) = word.strip_prefix("--") {
                let option = option.split('=').next().unwrap_or(option);
                let known = command.get_arguments().any(|argument| argument.get_long() == Some(option));
                assert!(known, "`{line}`: {} has no --{option}", command.get_name());
            } else if command.has_subcommands() {
                let inner = command.find_subcommand(word);
                command = inner.unwrap_or_else(|| panic!("`{line}`: {} has no {word}", command.get_name()));
            }
        }
        assert!(!command.has_subcommands(), "`{line}` names a group, not a command");
    }

    /// Commands named on a page.
    fn named(page: &str) -> Vec<&str> {
        page.split('`').skip(1).step_by(2).filter(|span| span.starts_with("ephor ")).collect()
    }

    #[test]
    fn the_page_of_everyday_commands_names_commands_that_exist() {
        let mut root = CommandLine::command();
        root.build();
        let lines = named(CLI);
        assert!(lines.len() > 40, "the page names {} commands", lines.len());
        for line in lines {
            check(&root, line);
        }
    }

    #[test]
    fn pam_121_every_cmdlet_has_a_command_that_exists() {
        let mut root = CommandLine::command();
        root.build();
        let lines = named(CMDLETS);
        assert!(lines.len() > 80, "the page names {} commands", lines.len());
        for line in lines {
            check(&root, line);
        }
        for cmdlet in REFERENCE {
            let row = CMDLETS.lines().find(|line| line.starts_with(&format!("| `{cmdlet}` |")));
            assert!(row.is_some_and(|row| row.contains("`ephor ")), "{cmdlet}");
        }
    }
}
