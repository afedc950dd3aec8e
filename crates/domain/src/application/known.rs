//! The public clients of common tools, known without registration (seams §12).

use uuid::uuid;

use super::{Redirect, RedirectKind};
use crate::id::ClientId;

/// A public client of a common tool. It is consented to every delegated scope but administration: what may be done with
/// them is for the person's own rights to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Known {
    /// `az`, and the developer credentials of the SDKs.
    AzureCli,
    /// Azure PowerShell.
    AzurePowerShell,
    /// Microsoft Graph PowerShell and command line.
    GraphCommandLine,
}

impl Known {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::AzureCli, Self::AzurePowerShell, Self::GraphCommandLine];

    /// The id the tool sends.
    #[must_use]
    pub const fn client(self) -> ClientId {
        ClientId::new(match self {
            Self::AzureCli => uuid!("04b07795-8ddb-461a-bbee-02f9e1bf7b46"),
            Self::AzurePowerShell => uuid!("1950a258-227b-4e31-a9cf-717495945fc2"),
            Self::GraphCommandLine => uuid!("14d82eec-204b-4c2f-b7e8-296a70dab67e"),
        })
    }

    /// The known client with this id.
    #[must_use]
    pub fn from_client(client: ClientId) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.client() == client)
    }

    /// The word in the configuration.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::AzureCli => "azure-cli",
            Self::AzurePowerShell => "azure-powershell",
            Self::GraphCommandLine => "graph-command-line",
        }
    }

    /// The client that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.word() == word)
    }

    /// Name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AzureCli => "Azure CLI",
            Self::AzurePowerShell => "Azure PowerShell",
            Self::GraphCommandLine => "Graph command line tools",
        }
    }

    /// Where its browser sign-in comes back: a port of the person's own machine.
    #[must_use]
    pub fn redirects(self) -> Vec<Redirect> {
        let places = ["http://localhost", "http://127.0.0.1"];
        places.into_iter().filter_map(|place| Redirect::parse(RedirectKind::Native, place).ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_clients_are_found_by_id_and_word() {
        for known in Known::ALL {
            assert_eq!(Known::from_client(known.client()), Some(known));
            assert_eq!(Known::from_word(known.word()), Some(known));
            assert_eq!(known.redirects().len(), 2);
        }
    }
}
