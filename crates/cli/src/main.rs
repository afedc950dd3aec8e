//! The `ephor` binary: the server, its demo, and the commands that talk to it.

mod admin_init;
mod admin_recover;
mod audit;
mod client;
mod command;
mod demo;
mod doctor;
mod exit;
mod manual;
mod migrate;
mod output;
mod process;
mod serve;

use std::process::ExitCode;

use clap::Parser as _;

use crate::{
    command::{Command, CommandLine, Host, HostGroup},
    exit::{Done, Outcome},
};

/// A call makes hundreds of small allocations on one thread and frees them on another: what the C library is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let command = match CommandLine::try_parse() {
        Ok(line) => line.command,
        Err(error) => {
            // Help and version are no mistakes; clap prints them to standard output.
            let outcome = if error.use_stderr() { Outcome::Usage } else { Outcome::Done };
            let _ = error.print();
            return outcome.into();
        }
    };
    match run(command) {
        Ok(()) => Outcome::Done.into(),
        Err(failure) if failure.is_closed_pipe() => Outcome::Done.into(),
        Err(failure) => {
            if let Some(sentence) = failure.sentence() {
                output::complain(&sentence);
            }
            failure.outcome().into()
        }
    }
}

fn run(command: Command) -> Done {
    match command {
        Command::Serve(arguments) => host(serve::run(&arguments)),
        Command::Demo(arguments) => host(demo::run(&arguments)),
        Command::Doctor(Host { form, arguments }) => host(doctor::run(&arguments, form)),
        Command::Migrate(arguments) => host(migrate::run(&arguments)),
        Command::Audit(HostGroup { form, command }) => host(audit::run(&command, form)),
        Command::List(list) => wait(client::access::list::run(&list)),
        Command::Activate(activate) => wait(client::access::activate::run(&activate)),
        Command::Deactivate(deactivate) => wait(client::access::deactivate::run(&deactivate)),
        Command::Extend(extend) => wait(client::access::extend::run(&extend)),
        Command::Status(status) => wait(client::access::status::run(&status)),
        Command::Requests(requests) => wait(client::access::requests::run(&requests)),
        Command::Cancel(cancel) => wait(client::access::cancel::run(&cancel)),
        Command::Approvals(approvals) => wait(client::access::approval::run(&approvals)),
        Command::Approve(decide) => wait(client::access::approval::decide(&decide, true)),
        Command::Deny(decide) => wait(client::access::approval::decide(&decide, false)),
        Command::Pam(group) => wait(client::pam::run(group.command, &group.connection, group.form)),
        Command::Mfa(group) => wait(client::mfa::run(group.command, &group.connection, group.form)),
        Command::Admin(group) => host(client::admin::run(group.command, &group.connection, group.form)),
        Command::App(group) => wait(client::app::run(group.command, &group.connection, group.form)),
        Command::Scope(group) => wait(client::scope::run(group.command, &group.connection, group.form)),
        Command::Role(group) => wait(client::manage::role::run(group.command, &group.connection, group.form)),
        Command::Group(group) => wait(client::manage::group::run(group.command, &group.connection, group.form)),
        Command::Policy(group) => wait(client::manage::policy::run(group.command, &group.connection, group.form)),
        Command::Revoke(revoke) => wait(client::revoke::run(&revoke)),
        Command::Login(login) => wait(client::login::login(&login)),
        Command::Enrol(enrol) => wait(client::enrol::run(&enrol)),
        Command::Logout(logout) => wait(client::login::logout(&logout)),
        Command::Completions { shell } => manual::completions(shell),
        Command::Man { dir } => manual::pages(dir.as_deref()),
    }
}

/// Runs a server or a command on its store.
fn host(work: impl Future<Output = Done>) -> Done {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(work)
}

/// Runs one client command.
fn wait(work: impl Future<Output = Done>) -> Done {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(work)
}
