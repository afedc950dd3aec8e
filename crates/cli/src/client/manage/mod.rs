//! The administrators' commands for directory roles, groups, resource roles and their policies, over the APIs that those have.

pub(crate) mod group;
mod name;
pub(crate) mod policy;
pub(crate) mod role;
mod schedule;
mod standing;

use clap::{Args, ValueEnum};

use super::access::Provider;

/// For a time, or for ever; to have, or to be activated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Way {
    /// May be activated
    Eligible,
    /// Is in force
    Active,
}

/// As what a group is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Access {
    /// A member
    #[default]
    Member,
    /// An owner
    Owner,
}

impl Access {
    const fn word(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Owner => "owner",
        }
    }
}

/// Where roles count.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct At {
    /// Resource scope: the role is one for resources [default: a role of the directory]
    #[arg(long, value_name = "SCOPE")]
    pub(crate) scope: Option<String>,
}

impl At {
    fn provider(&self) -> Provider {
        if self.scope.is_some() { Provider::Resource } else { Provider::Role }
    }
}
