//! The status switches of the request lists (`PAM 14.3`).

use serde_json::Value;

use crate::output::property;

/// Which requests to show; none of them, or `--all`, shows everything; several show the union.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::Args)]
#[command(next_help_heading = "Which requests")]
pub(crate) struct Switches {
    /// Active ones
    #[arg(long)]
    pub(crate) active: bool,
    /// Expired ones
    #[arg(long)]
    pub(crate) expired: bool,
    /// Rejected ones
    #[arg(long)]
    pub(crate) rejected: bool,
    /// Processing, PendingMFA, PendingApproval and Scheduled ones
    #[arg(long)]
    pub(crate) pending: bool,
    /// Closing and Closed ones
    #[arg(long)]
    pub(crate) closed: bool,
    /// All of them, as without any switch
    #[arg(long)]
    pub(crate) all: bool,
}

impl Switches {
    /// True when a request in this status is to be shown.
    pub(crate) fn show(&self, status: &str) -> bool {
        let none = !(self.active || self.expired || self.rejected || self.pending || self.closed);
        if self.all || none {
            return true;
        }
        match status {
            "Active" => self.active,
            "Expired" => self.expired,
            "Rejected" => self.rejected,
            "Processing" | "PendingMFA" | "PendingApproval" | "Scheduled" => self.pending,
            "Closing" | "Closed" => self.closed,
            _ => false,
        }
    }

    /// Keeps the rows to be shown.
    pub(crate) fn keep(&self, rows: &mut Vec<Value>) {
        rows.retain(|row| self.show(&property(row, "RequestStatus")));
    }

    /// The words of the groups that are asked for; empty for everything.
    pub(crate) fn words(&self) -> Vec<&'static str> {
        if self.all {
            return Vec::new();
        }
        [
            (self.active, "active"),
            (self.expired, "expired"),
            (self.rejected, "rejected"),
            (self.pending, "pending"),
            (self.closed, "closed"),
        ]
        .into_iter()
        .filter(|(asked, _)| *asked)
        .map(|(_, word)| word)
        .collect()
    }
}

/// True for requests that their requester can still end.
pub(crate) fn is_open(status: &str) -> bool {
    matches!(status, "Processing" | "PendingMFA" | "PendingApproval" | "Scheduled" | "Active")
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUSES: [&str; 9] = [
        "Processing",
        "PendingMFA",
        "PendingApproval",
        "Scheduled",
        "Active",
        "Closing",
        "Closed",
        "Expired",
        "Rejected",
    ];

    fn shown(switches: Switches) -> Vec<&'static str> {
        STATUSES.into_iter().filter(|status| switches.show(status)).collect()
    }

    #[test]
    fn pam_123_groups_union_and_all() {
        let none = Switches::default();
        assert_eq!(shown(none), STATUSES);
        assert_eq!(shown(Switches { all: true, active: true, ..none }), STATUSES);
        assert_eq!(shown(Switches { active: true, ..none }), ["Active"]);
        assert_eq!(
            shown(Switches { pending: true, ..none }),
            ["Processing", "PendingMFA", "PendingApproval", "Scheduled"]
        );
        assert_eq!(shown(Switches { closed: true, ..none }), ["Closing", "Closed"]);
        assert_eq!(
            shown(Switches { closed: true, expired: true, rejected: true, ..none }),
            ["Closing", "Closed", "Expired", "Rejected"]
        );
    }
}
