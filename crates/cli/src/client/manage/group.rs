//! `ephor group`: groups, who is in them, and who may come into them for a time.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Access, Way,
    name::{self, Holder},
    schedule::{self, Act, Given, Taken},
};
use crate::{
    client::{
        access::{
            Provider, at,
            desk::{Desk, escaped, quoted},
            entitlement::Entitlement,
            refusal::explained,
        },
        admin::view,
        connection::Connection,
        prompt,
        server::guid,
    },
    exit::{Done, Failure},
    output::{self, Columns, Form, printable, property},
};

/// Groups, who is in them, and who may come into them for a time.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  ephor group create \"Project Falcon\" --owner dave
  ephor group assign eligible falcon alice --for 90d --reason \"on call\"
  ephor group holders falcon
  ephor group add falcon bob

Groups of outside directories are made known with `ephor admin group new GROUP DOMAIN --target TARGET`.")]
pub(crate) enum Command {
    /// List groups
    List {
        /// Only those whose name begins so
        name: Option<String>,
        /// Only those that can hold directory roles
        #[arg(long)]
        privileged: bool,
        /// Print ids only, one a line
        #[arg(long, short = 'q', conflicts_with = "json")]
        ids: bool,
    },
    /// Show a group, and the directory that it is in
    Show {
        /// Name or id of the group
        group: String,
    },
    /// List who is in a group now
    Members {
        /// Name or id of the group
        group: String,
        /// Through other groups as well
        #[arg(long)]
        transitive: bool,
        /// The owners
        #[arg(long, conflicts_with = "transitive")]
        owners: bool,
    },
    /// Show who has a group for a time, and who may activate it
    #[command(visible_alias = "eligible")]
    Holders {
        /// Name or id of the group
        group: String,
    },
    /// Give membership or ownership, to be activated or in force, for a time
    Assign {
        /// To be activated, or in force
        #[arg(value_enum)]
        way: Way,
        /// Name or id of the group
        group: String,
        /// Account or group: name or id, `group:NAME`
        to: String,
        /// As a member or an owner
        #[arg(long = "as", value_enum, default_value_t)]
        access: Access,
        #[command(flatten)]
        given: Box<Given>,
    },
    /// Give more time, and answer who asked for it
    Extend {
        /// To be activated, or in force
        #[arg(value_enum)]
        way: Way,
        /// Name or id of the group
        group: String,
        /// Account, group or application: name or id, `group:NAME`, `app:NAME`
        of: String,
        /// As a member or an owner
        #[arg(long = "as", value_enum, default_value_t)]
        access: Access,
        #[command(flatten)]
        given: Box<Given>,
    },
    /// Take membership or ownership away
    Unassign {
        /// To be activated, or in force
        #[arg(value_enum)]
        way: Way,
        /// Name or id of the group
        group: String,
        /// Account or group: name or id, `group:NAME`
        from: String,
        /// As a member or an owner
        #[arg(long = "as", value_enum, default_value_t)]
        access: Access,
        #[command(flatten)]
        taken: Taken,
    },
    /// Put somebody into a group for good
    Add(Standing),
    /// Take somebody out of a group
    Remove(Standing),
    /// Make a group of the built-in directory
    Create(Create),
    /// Delete a group
    Delete {
        /// Name or id of the group
        group: String,
        /// Do not ask
        #[arg(long)]
        force: bool,
    },
}

/// Who, in which group.
#[derive(Debug, Args)]
pub(crate) struct Standing {
    /// Name or id of the group
    group: String,
    /// Account or group: name or id, `group:NAME`
    who: String,
    /// As a member or an owner
    #[arg(long = "as", value_enum, default_value_t)]
    access: Access,
}

/// A new group.
#[derive(Debug, Args)]
pub(crate) struct Create {
    /// Display name
    name: String,
    /// Short name [default: the letters and digits of the name]
    #[arg(long, value_name = "TEXT")]
    nickname: Option<String>,
    /// For people
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// It can hold directory roles; that is said once, and whoever looks after it looks after those roles
    #[arg(long)]
    privileged: bool,
    /// An owner; may be given several times
    #[arg(long = "owner", value_name = "USER")]
    owners: Vec<String>,
    /// A member; may be given several times
    #[arg(long = "member", value_name = "NAME")]
    members: Vec<String>,
}

/// Runs one of the commands.
pub(crate) async fn run(command: Command, connection: &Connection, form: Form) -> Done {
    let desk = Desk::open(connection).await?;
    let outcome = ask(&desk, command, form).await;
    desk.close().await;
    outcome
}

async fn ask(desk: &Desk, command: Command, form: Form) -> Done {
    match command {
        Command::List { name, privileged, ids } => list(desk, name.as_deref(), privileged, ids, form).await,
        Command::Show { group } => show(desk, &name::group(desk, &group).await?, form).await,
        Command::Members { group, transitive, owners } => {
            let group = name::group(desk, &group).await?;
            let which = match (transitive, owners) {
                (true, _) => "transitiveMembers",
                (_, true) => "owners",
                (false, false) => "members",
            };
            people(desk, &group, which, form).await
        }
        Command::Holders { group } => {
            let what = entitlement(&name::group(desk, &group).await?, Access::Member);
            schedule::show(&schedule::holders(desk, &what).await.map_err(explained)?, form)
        }
        Command::Assign { way, group, to, access, given } => {
            let what = entitlement(&name::group(desk, &group).await?, access);
            schedule::assign(desk, &what, (Act::Assign, way), &to, &given, form).await
        }
        Command::Extend { way, group, of, access, given } => {
            let what = entitlement(&name::group(desk, &group).await?, access);
            schedule::assign(desk, &what, (Act::Extend, way), &of, &given, form).await
        }
        Command::Unassign { way, group, from, access, taken } => {
            let what = entitlement(&name::group(desk, &group).await?, access);
            schedule::unassign(desk, &what, way, &from, &taken, form).await
        }
        Command::Add(standing) => stand(desk, &standing, true, form).await,
        Command::Remove(standing) => stand(desk, &standing, false, form).await,
        Command::Create(create) => make(desk, &create, form).await,
        Command::Delete { group, force } => {
            let group = name::group(desk, &group).await?;
            prompt::confirm(&format!("Delete the group \"{}\"", printable(&group.name)), force)?;
            let id = guid(&group.id, "a group")?;
            desk.order(Method::DELETE, &format!("v1.0/groups/{id}"), None).await.map_err(explained)?;
            view::done(form, false, "deleted", ("groupId", id), &group.name)
        }
    }
}

fn entitlement(group: &Holder, access: Access) -> Entitlement {
    let access = Some(access.word().to_owned());
    Entitlement { access, ..Entitlement::of(Provider::Group, group.name.clone(), group.id.clone()) }
}

async fn list(desk: &Desk, name: Option<&str>, privileged: bool, ids: bool, form: Form) -> Done {
    let mut terms = Vec::new();
    terms.extend(name.map(|name| {
        let text = quoted(name);
        format!("(startswith(displayName,{text}) or startswith(mailNickname,{text}))")
    }));
    if privileged {
        terms.push("isAssignableToRole eq true".to_owned());
    }
    let filter = if terms.is_empty() { String::new() } else { format!("&$filter={}", escaped(&terms.join(" and "))) };
    let select = "id,displayName,mailNickname,isAssignableToRole,groupTypes,description";
    let rows = desk.rows(&format!("v1.0/groups?$select={select}{filter}")).await.map_err(explained)?;
    let columns: Columns<'_> = &[
        ("Group", &|row| property(row, "displayName")),
        ("Short name", &|row| property(row, "mailNickname")),
        ("Holds roles", &|row| match row.get("isAssignableToRole").and_then(Value::as_bool) {
            Some(true) => "may".to_owned(),
            _ => String::new(),
        }),
        ("Description", &|row| property(row, "description")),
        ("Id", &|row| property(row, "id")),
    ];
    view::list(form, ids.then_some("id"), &rows, columns, "No groups.")
}

async fn show(desk: &Desk, group: &Holder, form: Form) -> Done {
    let row = desk.get(&format!("v1.0/groups/{}", escaped(&group.id))).await.map_err(explained)?;
    // Where it is enforced is for those who administer.
    let known = desk.api().get(&format!("groups/{}", escaped(&group.id))).await.ok();
    let known = known.unwrap_or(Value::Null);
    if form.json {
        return Ok(output::json(&json!({"group": row, "enforced": known}))?);
    }
    let yes = |name: &str| row.get(name).and_then(Value::as_bool) == Some(true);
    let target = ["/targetName", "/target/name", "/targetId"].iter().find_map(|pointer| at(&known, pointer));
    view::facts([
        ("group", Some(group.name.clone())),
        ("short name", at(&row, "/mailNickname")),
        ("description", at(&row, "/description")),
        ("holds directory roles", Some(if yes("isAssignableToRole") { "may" } else { "no" }.to_owned())),
        ("rule of membership", at(&row, "/membershipRule")),
        ("target", target),
        ("called there", at(&known, "/nativeName")),
        ("id", Some(group.id.clone())),
    ])
}

async fn people(desk: &Desk, group: &Holder, which: &str, form: Form) -> Done {
    let path = format!("v1.0/groups/{}/{which}", escaped(&group.id));
    let rows = desk.rows(&path).await.map_err(explained)?;
    let columns: Columns<'_> = &[
        ("Name", &|row| property(row, "displayName")),
        ("What", &|row| property(row, "@odata.type").rsplit('.').next().unwrap_or_default().to_owned()),
        ("Account", &|row| property(row, "userPrincipalName")),
        ("Id", &|row| property(row, "id")),
    ];
    view::list(form, None, &rows, columns, "Nobody.")
}

async fn stand(desk: &Desk, standing: &Standing, comes: bool, form: Form) -> Done {
    let group = name::group(desk, &standing.group).await?;
    let who = name::holder(desk, &standing.who).await?;
    let set = match standing.access {
        Access::Member => "members",
        Access::Owner => "owners",
    };
    let base = format!("v1.0/groups/{}/{set}", escaped(&group.id));
    let done = if comes {
        let body = json!({"@odata.id": format!("{}/v1.0/directoryObjects/{}", desk.server().url(), who.id)});
        desk.order(Method::POST, &format!("{base}/$ref"), Some(&body)).await
    } else {
        desk.order(Method::DELETE, &format!("{base}/{}/$ref", escaped(&who.id)), None).await
    };
    done.map_err(explained)?;
    let word = match (comes, standing.access) {
        (true, Access::Member) => "is a member of",
        (true, Access::Owner) => "owns",
        (false, Access::Member) => "is no member of",
        (false, Access::Owner) => "no longer owns",
    };
    if form.json {
        let said = json!({"groupId": group.id, "principalId": who.id, "access": standing.access.word(), "held": comes});
        return Ok(output::json(&said)?);
    }
    Ok(output::line(&printable(&format!("{} {word} {}", who.name, group.name)))?)
}

async fn make(desk: &Desk, create: &Create, form: Form) -> Done {
    let nickname = create.nickname.clone().unwrap_or_else(|| nickname(&create.name));
    if nickname.is_empty() {
        return Err(Failure::usage("the name has no letters for a short name: give --nickname"));
    }
    let mut body = json!({
        "displayName": create.name,
        "mailNickname": nickname,
        "description": create.description,
        "mailEnabled": false,
        "securityEnabled": true,
        "isAssignableToRole": create.privileged,
    });
    let address = |id: &str| Value::from(format!("{}/v1.0/directoryObjects/{id}", desk.server().url()));
    for (name, people) in [("owners@odata.bind", &create.owners), ("members@odata.bind", &create.members)] {
        let mut bound = Vec::new();
        for who in people {
            let who =
                if name.starts_with("owners") { name::user(desk, who).await? } else { name::holder(desk, who).await? };
            bound.push(address(&who.id));
        }
        if let (false, Some(members)) = (bound.is_empty(), body.as_object_mut()) {
            members.insert(name.to_owned(), bound.into());
        }
    }
    let made = desk.order(Method::POST, "v1.0/groups", Some(&body)).await.map_err(explained)?;
    if form.json {
        return Ok(output::json(&made)?);
    }
    Ok(output::line(&printable(&format!("made {} ({})", create.name, property(&made, "id"))))?)
}

/// The letters and digits of a name.
fn nickname(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}
