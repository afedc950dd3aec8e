//! One request, whichever provider has it.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Provider, entitlement};
use crate::{
    client::ttl::Ttl,
    output::{instant_text, printable, seconds_for_people},
};

/// Whose requests are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The caller's own.
    Mine,
    /// All that the caller may see.
    All,
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) provider: Provider,
    pub(crate) id: String,
    /// Where it is cancelled: below the root of the server.
    pub(crate) place_of_it: String,
    pub(crate) name: String,
    pub(crate) access: Option<String>,
    pub(crate) scope: Option<String>,
    pub(crate) place: Option<String>,
    /// What was asked for, in the word of the wire.
    pub(crate) action: String,
    /// In the word of the wire.
    pub(crate) status: String,
    pub(crate) created: Option<String>,
    pub(crate) from: Option<String>,
    pub(crate) until: Option<String>,
    /// Asked for, in seconds.
    pub(crate) lasting: Option<u64>,
    pub(crate) reason: Option<String>,
    pub(crate) ticket: Option<String>,
    /// Who it is for.
    pub(crate) principal: Option<String>,
    pub(crate) approval: Option<String>,
    /// Nothing came of it: it was only validated.
    pub(crate) dry_run: bool,
}

/// How far a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Somebody has to do something.
    Waiting,
    /// It is being written.
    Settling,
    /// Decided, and done.
    Settled,
    /// Decided against, withdrawn, or void.
    Refused,
}

/// How far a request in this status is.
pub(crate) fn stage(status: &str) -> Stage {
    match status {
        "PendingApproval" | "PendingMFA" | "PendingAdminDecision" => Stage::Waiting,
        "Processing" | "PendingProvisioning" | "PendingRevocation" | "Closing" => Stage::Settling,
        "Denied" | "AdminDenied" | "Rejected" | "Canceled" | "TimedOut" | "Failed" => Stage::Refused,
        _ => Stage::Settled,
    }
}

/// Decided, and begins later.
pub(crate) fn is_scheduled(status: &str) -> bool {
    matches!(status, "Granted" | "Scheduled")
}

/// A status for people.
pub(crate) fn said(status: &str, action: &str) -> String {
    let takes = ["deactivate", "remove"].iter().any(|word| action.to_lowercase().contains(word));
    match status {
        "PendingApproval" => "waits for approval".to_owned(),
        "PendingMFA" => "waits for your second factor".to_owned(),
        "PendingAdminDecision" => "waits for an administrator".to_owned(),
        "Processing" | "PendingProvisioning" => "is being put into force".to_owned(),
        "PendingRevocation" | "Closing" => "is being taken away".to_owned(),
        "Granted" | "Scheduled" => "begins later".to_owned(),
        "Active" => "active".to_owned(),
        "Provisioned" if takes => "given up".to_owned(),
        "Provisioned" => "granted".to_owned(),
        "AdminApproved" => "approved".to_owned(),
        "Revoked" => "given up".to_owned(),
        "Closed" => "closed".to_owned(),
        "Expired" | "TimedOut" => "expired".to_owned(),
        "Denied" | "Rejected" | "AdminDenied" => "denied".to_owned(),
        "Canceled" => "cancelled".to_owned(),
        "Failed" => "failed".to_owned(),
        other => other.to_owned(),
    }
}

/// What was asked for, for people.
fn asked(action: &str) -> String {
    let known = match action.to_lowercase().as_str() {
        "selfactivate" => "activate",
        "selfdeactivate" => "give up",
        "selfextend" => "extend",
        "selfrenew" => "renew",
        "adminassign" => "assign",
        "adminupdate" => "change",
        "adminremove" => "remove",
        "adminextend" => "extend (administrator)",
        "adminrenew" => "renew (administrator)",
        _ => action,
    };
    known.to_owned()
}

impl Request {
    /// Name with what tells it from others.
    pub(crate) fn label(&self) -> String {
        entitlement::label(&self.name, self.access.as_deref(), self.place.as_deref())
    }

    pub(crate) fn kind(&self) -> &'static str {
        entitlement::kind(self.provider, self.access.as_deref())
    }

    pub(crate) fn stage(&self) -> Stage {
        stage(&self.status)
    }

    pub(crate) fn standing(&self) -> String {
        said(&self.status, &self.action)
    }

    pub(crate) fn asked(&self) -> String {
        asked(&self.action)
    }

    /// How long it was asked for, or until when.
    pub(crate) fn how_long(&self) -> String {
        match (self.lasting, &self.until) {
            (Some(seconds), _) => seconds_for_people(seconds),
            (None, Some(until)) => format!("until {}", instant_text(until)),
            (None, None) => String::new(),
        }
    }

    /// The end, as far as it can be known: asked for, or `cap` where that comes earlier.
    pub(crate) fn ends(&self, cap: Option<&str>) -> Option<String> {
        let parsed = |text: &str| text.parse::<Timestamp>().ok();
        let asked = self.until.as_deref().and_then(parsed).or_else(|| {
            let from = self.from.as_deref().and_then(parsed)?;
            from.saturating_add(SignedDuration::from_secs(i64::try_from(self.lasting?).ok()?)).ok()
        });
        let end = match (asked, cap.and_then(parsed)) {
            (Some(asked), Some(cap)) => Some(asked.min(cap)),
            (asked, cap) => asked.or(cap),
        };
        end.map(|end| end.to_string())
    }

    /// For programs. Members are never left out.
    pub(crate) fn json(&self) -> Value {
        json!({
            "provider": self.provider.word(),
            "requestId": self.id,
            "name": self.name,
            "access": self.access,
            "scope": self.scope,
            "scopeName": self.place,
            "action": self.action,
            "status": self.status,
            "created": self.created,
            "from": self.from,
            "until": self.until,
            "seconds": self.lasting,
            "reason": self.reason,
            "ticket": self.ticket,
            "principal": self.principal,
            "approvalId": self.approval,
            "dryRun": self.dry_run,
        })
    }

    /// One line of a list to choose from.
    pub(crate) fn candidate(&self) -> String {
        let of = self.principal.as_deref().map(|who| format!(" for {who}")).unwrap_or_default();
        printable(&format!("{}{of} ({}, {}, {})", self.label(), self.kind(), self.asked(), self.id))
    }
}

/// A length as the wire spells it, in seconds.
pub(crate) fn seconds(text: Option<String>) -> Option<u64> {
    text?.parse::<Ttl>().ok().map(|ttl| ttl.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn request() -> Request {
        Request {
            provider: Provider::Role,
            id: "1".to_owned(),
            place_of_it: String::new(),
            name: "User Administrator".to_owned(),
            access: None,
            scope: Some("/".to_owned()),
            place: None,
            action: "selfActivate".to_owned(),
            status: "Provisioned".to_owned(),
            created: None,
            from: Some("2026-01-01T10:00:00Z".to_owned()),
            until: None,
            lasting: Some(3600),
            reason: None,
            ticket: None,
            principal: None,
            approval: None,
            dry_run: false,
        }
    }

    #[test]
    fn an_activation_ends_with_what_it_rests_on_at_the_latest() {
        assert_eq!(request().ends(None).as_deref(), Some("2026-01-01T11:00:00Z"));
        assert_eq!(request().ends(Some("2026-01-01T10:30:00Z")).as_deref(), Some("2026-01-01T10:30:00Z"));
        let endless = Request { lasting: None, ..request() };
        assert_eq!(endless.ends(None), None);
    }

    #[test]
    fn every_status_of_every_provider_says_how_far_it_is() {
        let of = |stage_of: Stage, words: &[&str]| words.iter().all(|word| stage(word) == stage_of);
        assert!(of(Stage::Waiting, &["PendingApproval", "PendingMFA", "PendingAdminDecision"]));
        assert!(of(Stage::Settling, &["Processing", "PendingProvisioning", "PendingRevocation", "Closing"]));
        assert!(of(Stage::Settled, &["Provisioned", "Granted", "Active", "Scheduled", "Revoked", "Closed"]));
        assert!(of(Stage::Refused, &["Denied", "Rejected", "Canceled", "TimedOut", "Failed", "AdminDenied"]));
        assert_eq!(said("Provisioned", "selfDeactivate"), "given up");
    }
}
