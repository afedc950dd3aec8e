//! What a newcomer reads first.

use std::fmt::Write as _;

use ephor_demo::{
    Facts,
    cast::{PEOPLE, ROLES},
};

use super::{Arguments, Folder};

/// The text.
pub(super) fn text(facts: &Facts, folder: &Folder, arguments: &Arguments, fresh: bool) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writing(&mut text, facts, folder, arguments, fresh);
    text
}

fn writing(text: &mut String, facts: &Facts, folder: &Folder, arguments: &Arguments, fresh: bool) -> std::fmt::Result {
    let goes_on = if fresh { "" } else { ", going on where it was" };
    writeln!(text, "Ephor demo{goes_on}. It serves this machine alone; Ctrl-C ends it.\n")?;
    let port = facts.http.rsplit(':').next().unwrap_or_default();
    writeln!(text, "  portal         http://localhost:{port}/")?;
    writeln!(text, "  PAM REST API   {}/api/pamresources/", facts.http)?;
    writeln!(text, "  over TLS       {}/api/pamresources/", facts.https)?;
    writeln!(text, "  authority      {}", facts.ca)?;
    let kept = if folder.passing.is_some() { "  (goes with the demo; keep it with --data DIR)" } else { "" };
    writeln!(text, "  files          {}{kept}", folder.path.display())?;
    if let Some(directory) = &arguments.ldap {
        writeln!(text, "  directory      {directory}")?;
    }
    if arguments.simulated_clock {
        writeln!(text, "  clock          stands still; POST {}/demo/clock moves it", facts.http)?;
    }

    writeln!(text, "\n  {:<14}{:<10}{:<24}What for", "Who", "Account", "Password")?;
    for person in PEOPLE {
        writeln!(text, "  {:<14}{:<10}{:<24}{}", person.name, person.key, person.password(), person.part)?;
    }
    writeln!(
        text,
        "\n  {:<10}Key for an authenticator app: asked for at the portal and by roles with a second factor",
        "Account"
    )?;
    for person in PEOPLE {
        if let Some(key) = facts.users.get(person.key).and_then(|user| user.totp.as_deref()) {
            writeln!(text, "  {:<10}{key}", person.key)?;
        }
    }
    writeln!(text, "\n  {:<24}What it asks for", "Role")?;
    for role in ROLES {
        let mut asks: Vec<String> = Vec::new();
        if role.mfa {
            asks.push("second factor".to_owned());
        }
        if role.approval {
            let names: Vec<&str> = role.approvers().map(|person| person.key).collect();
            asks.push(format!("approval by {}", names.join(" or ")));
        }
        if let Some((from, to)) = role.window {
            asks.push(format!("a start between {} and {}", from.strftime("%H:%M"), to.strftime("%H:%M")));
        }
        let asks = if asks.is_empty() { "nothing".to_owned() } else { asks.join(", ") };
        writeln!(text, "  {:<24}{asks}", role.name)?;
    }

    let [jen, ..] = PEOPLE;
    writeln!(text, "\nIn another terminal:\n")?;
    let server = &facts.http;
    writeln!(text, "  export EPHOR_SERVER={server} EPHOR_USER={} EPHOR_PASSWORD={}", jen.key, jen.password())?;
    writeln!(text, "  ephor pam roles")?;
    let [first, ..] = ROLES;
    writeln!(text, "  ephor pam request {:?} --justification \"a look around\"", first.name)?;
    writeln!(text, "  ephor pam requests")
}
