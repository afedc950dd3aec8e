//! `ephor admin`: the administrators' commands over the admin API (`PAM 14.2`), one for each cmdlet and each operation.

mod account;
mod administrator;
pub(crate) mod api;
mod config;
mod elsewhere;
mod filter;
pub(crate) mod find;
mod group;
mod log;
mod person;
mod request;
mod role;
pub(crate) mod spelling;
mod target;
mod user;
pub(crate) mod view;

use clap::{Args, Subcommand};
use serde_json::{Map, Value};

use self::api::Api;
use super::connection::Connection;
use crate::{
    admin_init, admin_recover,
    exit::Done,
    output::{self, Form},
};

/// Administer roles, users, groups, requests and targets.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(flatten)]
    Served(Served),
    /// Make the first administrator, on the host: opens the store itself, so no server may run on it
    Init(Box<admin_init::Arguments>),
    /// Let a Global Administrator in who lost every second factor, on the host: opens the store itself
    Recover(Box<admin_recover::Arguments>),
    #[command(flatten)]
    Elsewhere(elsewhere::Command),
}

/// What a server is asked to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Served {
    /// Roles that people may ask for
    #[command(subcommand)]
    Role(role::Command),
    /// People who may ask and decide
    #[command(subcommand)]
    User(user::Command),
    /// Groups that roles give
    #[command(subcommand)]
    Group(group::Command),
    /// Requests of everybody
    #[command(subcommand)]
    Request(request::Command),
    /// Settings that change at run time
    #[command(subcommand)]
    Config(config::Command),
    /// Show who you are signed in as and what you administer
    Session,
    /// Passwords, enrolment links, and what targets call accounts
    #[command(subcommand)]
    Account(account::Command),
    /// API tokens
    #[command(subcommand)]
    Token(account::Token),
    /// Which accounts are one person
    #[command(subcommand)]
    Person(person::Command),
    /// Standing administrators
    #[command(subcommand)]
    Administrator(administrator::Command),
    /// Directories that enforce
    #[command(subcommand)]
    Target(target::Command),
    /// The audit log as the running server shows it
    #[command(subcommand)]
    Log(log::Command),
    /// Show how the server stands
    Health,
}

/// Whether to go on, of commands that take something away.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct Sure {
    /// Do not ask
    #[arg(long)]
    pub(crate) force: bool,
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Runs one of the commands.
pub(crate) async fn run(command: Command, connection: &Connection, form: Form) -> Done {
    match command {
        Command::Served(command) => {
            let api = Api::open(connection).await?;
            let outcome = ask(&api, command, form).await;
            api.close().await;
            outcome
        }
        Command::Init(arguments) => admin_init::run(&arguments, form).await,
        Command::Recover(arguments) => admin_recover::run(&arguments, form).await,
        Command::Elsewhere(command) => elsewhere::run(command),
    }
}

async fn ask(api: &Api, command: Served, form: Form) -> Done {
    match command {
        Served::Role(command) => role::run(api, command, form).await,
        Served::User(command) => user::run(api, command, form).await,
        Served::Group(command) => group::run(api, command, form).await,
        Served::Request(command) => request::run(api, command, form).await,
        Served::Config(command) => config::run(api, command, form).await,
        Served::Account(command) => account::run(api, command, form).await,
        Served::Token(command) => account::token(api, command, form).await,
        Served::Person(command) => person::run(api, command, form).await,
        Served::Administrator(command) => administrator::run(api, command, form).await,
        Served::Target(command) => target::run(api, command, form).await,
        Served::Log(command) => log::run(api, command, form).await,
        Served::Session => session(api, form).await,
        Served::Health => view::object(form, &api.get("health").await?),
    }
}

/// `New-PAMSession`: every command takes server and account by itself; this one shows what they come to.
async fn session(api: &Api, form: Form) -> Done {
    let me = api.get("me").await?;
    if !form.json {
        output::note(&format!("{}: `ephor login` keeps server and account for later commands", api.url()));
    }
    view::object(form, &me)
}

/// The members of an order that were given.
fn members<const N: usize>(given: [(&str, Option<Value>); N]) -> Map<String, Value> {
    given.into_iter().filter_map(|(name, value)| value.map(|value| (name.to_owned(), value))).collect()
}

/// A text, or `null` for an empty one: it takes the value away.
fn text_or_null(text: String) -> Value {
    if text.is_empty() { Value::Null } else { text.into() }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use crate::command::CommandLine;

    /// An argument with the name of a global one would take its place without a word.
    fn check(command: &clap::Command, path: &str) {
        for name in ["server", "ca", "user", "profile", "json"] {
            assert!(command.get_arguments().any(|argument| argument.get_long() == Some(name)), "{path}: --{name}");
        }
        for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
            check(inner, &format!("{path} {}", inner.get_name()));
        }
    }

    #[test]
    fn pam_121_every_command_takes_server_account_and_json() {
        let mut line = CommandLine::command();
        line.build();
        for group in
            ["pam", "admin", "app", "role", "group", "policy", "list", "activate", "approve", "revoke", "login"]
        {
            check(line.find_subcommand(group).unwrap(), group);
        }
    }
}
