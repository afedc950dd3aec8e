//! Standing administrators (seams §14).

use clap::{Subcommand, ValueEnum};
use serde_json::Value;

use super::{api::Api, find, view};
use crate::{
    client::prompt,
    exit::Done,
    output::{Columns, Form, instant, property},
};

/// Administrators.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List standing administrators
    List,
    /// Make a standing administrator; the others are told
    Appoint {
        /// Administrator role
        role: Role,
        /// Name or id
        #[arg(value_name = "USER")]
        account: String,
    },
    /// End the assignment of a standing administrator; the last Global Administrator stays
    Dismiss {
        /// Administrator role
        role: Role,
        /// Name or id
        #[arg(value_name = "USER")]
        account: String,
        /// Do not ask
        #[arg(long)]
        force: bool,
    },
}

/// Administrator roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// Everything
    GlobalAdministrator,
    /// Roles, users, groups, settings, requests
    PamAdministrator,
    /// Targets
    TargetAdministrator,
    /// Reads everything, the audit log as well
    Auditor,
}

impl Role {
    fn word(self) -> &'static str {
        match self {
            Self::GlobalAdministrator => "global-administrator",
            Self::PamAdministrator => "pam-administrator",
            Self::TargetAdministrator => "target-administrator",
            Self::Auditor => "auditor",
        }
    }
}

pub(super) async fn run(api: &Api, command: Command, form: Form) -> Done {
    match command {
        Command::List => {
            let rows = api.list("administrators", &[]).await?;
            let of = |row: &Value, name: &str| {
                row.get("account").map_or_else(String::new, |account| property(account, name))
            };
            let columns: Columns<'_> = &[
                ("Administrator", &|row| of(row, "displayName")),
                ("Account", &|row| of(row, "username")),
                ("Role", &|row| property(row, "role")),
                ("Enabled", &|row| of(row, "enabled")),
                ("Since", &|row| instant(row, "since")),
                ("User id", &|row| of(row, "userId")),
            ];
            view::list(form, None, &rows, columns, "No administrators.")
        }
        Command::Appoint { role, account } => {
            let (word, user) = (role.word(), find::user(api, &account).await?);
            api.put(&format!("administrators/{word}/{}", user.id), None).await?;
            view::done(form, false, &format!("appointed {word}:"), ("userId", user.id), &user.name)
        }
        Command::Dismiss { role, account, force } => {
            let (word, user) = (role.word(), find::user(api, &account).await?);
            prompt::confirm(&format!("Dismiss {:?} as {word}", user.name), force)?;
            api.delete(&format!("administrators/{word}/{}", user.id)).await?;
            view::done(form, false, &format!("dismissed as {word}:"), ("userId", user.id), &user.name)
        }
    }
}

#[cfg(test)]
mod tests {
    use ephor_domain::administration::AdministratorRole;

    use super::*;

    #[test]
    fn the_words_are_those_of_the_server() {
        for role in Role::value_variants() {
            assert!(AdministratorRole::from_word(role.word()).is_some(), "{role:?}");
            let spelled = role.to_possible_value().unwrap();
            assert_eq!(spelled.get_name(), role.word());
        }
    }
}
