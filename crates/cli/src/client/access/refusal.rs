//! Refusals of the faces as sentences that say what to do: on the wire they are words for programs.

use crate::exit::Failure;

/// The rules that an order failed, by their words on the wire.
const RULES: [(&str, &str); 6] = [
    ("JustificationRule", "it asks for a reason: give --reason TEXT"),
    ("TicketingRule", "it asks for a ticket: give --ticket NUMBER"),
    ("MfaRule", "it asks for a second factor that was shown lately"),
    ("ExpirationRule", "it is not given for so long: give a shorter --for"),
    ("ApprovalRule", "nobody is named who could approve it: ask an administrator to name approvers"),
    ("EligibilityRule", "you are not eligible for it"),
];

/// What the words of the wire mean.
const CODES: [(&str, &str); 14] = [
    ("RoleAssignmentExists", "it is in force already; `ephor list --active` shows until when"),
    (
        "PendingRoleAssignmentRequest",
        "a request for it waits already; `ephor status` shows it, `ephor cancel` takes it back",
    ),
    ("RoleAssignmentDoesNotExist", "it is not held by that account; `ephor list` shows what is"),
    ("ActiveDurationTooShort", "what was activated stays for at least five minutes: try again when they are over"),
    ("InvalidRoleAssignmentRequestSchedule", "beginning, length or end are not possible: check --start and --for"),
    ("RequestCannotBeCancelled", "the request is decided already and cannot be taken back"),
    ("InvalidScope", "it cannot be had at that scope"),
    ("InsufficientPermissions", "you may not order this"),
    (
        "UnauthorizedAccessException",
        "you may not do this; some orders take a sign-in of the last 12 hours: `ephor login` again if that is why",
    ),
    ("ApprovalAlreadyCompleted", "it is decided already"),
    ("ApprovalNotFound", "there is no such approval, or it is not yours to decide"),
    ("RoleAssignmentRequestNotFound", "there is no such request, or it is not yours to see"),
    ("SubjectNotFound", "there is no such account or group"),
    ("MfaAndAcrsConflict", "a second factor and an authentication context cannot be asked for at once"),
];

const FAILED_RULES: &str = "RoleAssignmentRequestPolicyValidationFailed";
const CONTEXT: &str = "RoleAssignmentRequestAcrsValidationFailed";

/// The rules that failed; none of another failure.
fn failed_rules(failure: &Failure) -> Vec<&str> {
    match failure {
        Failure::Refused { code, text } if code == FAILED_RULES => text.split('"').skip(1).step_by(2).collect(),
        Failure::Refused { .. } | Failure::Usage(_) | Failure::Failed(_) | Failure::Told(_) => Vec::new(),
    }
}

/// More is to be proved: a second factor, or what an authentication context asks for; and nothing else is wrong.
pub(super) fn asks_for_proof(failure: &Failure) -> bool {
    let is_context = matches!(failure, Failure::Refused { code, .. } if code == CONTEXT);
    is_context || failed_rules(failure) == ["MfaRule"]
}

/// It was asked for too long, and nothing else is wrong that could not be put right on the way.
pub(super) fn is_too_long(failure: &Failure) -> bool {
    let failed = failed_rules(failure);
    failed.contains(&"ExpirationRule") && failed.iter().all(|rule| ["ExpirationRule", "MfaRule"].contains(rule))
}

/// The failure as a person understands it. The code stays for programs.
pub(crate) fn explained(failure: Failure) -> Failure {
    let rules: Vec<String> = failed_rules(&failure)
        .into_iter()
        .map(|word| {
            let known = RULES.iter().find(|(rule, _)| *rule == word);
            known.map_or_else(|| format!("it fails the rule {word}"), |(_, said)| (*said).to_owned())
        })
        .collect();
    let Failure::Refused { code, text } = failure else { return failure };
    if !rules.is_empty() {
        return Failure::Refused { code, text: rules.join("; ") };
    }
    if code == CONTEXT {
        let text = "it asks for a fresh proof that it is you (an authentication context)".to_owned();
        return Failure::Refused { code, text };
    }
    if code == "403" || (code.is_empty() && text.starts_with("Valid permissions not present")) {
        let text =
            "you may not decide this. Nobody decides for himself, and a sign-in of more than 12 hours ago decides \
                    nothing: `ephor login` again if that is why"
                .to_owned();
        return Failure::Refused { code: "Forbidden".to_owned(), text };
    }
    if text.starts_with("A justification is required for this decision") {
        return Failure::Refused { code, text: "the decision needs a reason: give --reason TEXT".to_owned() };
    }
    if code == "PermissionScopeNotGranted" || text.starts_with("The token does not carry the scope") {
        let text = "these credentials were not made for it: `ephor login` keeps some that are, and API tokens open it with the \
                    scopes Graph.Use and Arm.Use"
            .to_owned();
        return Failure::Refused { code, text };
    }
    let known = CODES.iter().find(|(known, _)| *known == code);
    match known {
        Some((_, said)) => Failure::Refused { code, text: (*said).to_owned() },
        None => Failure::Refused { code, text },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: &str, text: &str) -> Failure {
        Failure::Refused { code: code.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn rules_that_fail_say_which_option_is_missing() {
        let both =
            refused(FAILED_RULES, "The following policy rules failed: [\"JustificationRule\",\"TicketingRule\"]");
        assert!(!asks_for_proof(&both) && !is_too_long(&both));
        assert_eq!(
            explained(both).to_string(),
            "it asks for a reason: give --reason TEXT; it asks for a ticket: give --ticket NUMBER \
             (RoleAssignmentRequestPolicyValidationFailed)"
        );
        let proof = refused(FAILED_RULES, "The following policy rules failed: [\"MfaRule\"]");
        assert!(asks_for_proof(&proof));
        assert!(is_too_long(&refused(FAILED_RULES, "[\"ExpirationRule\"]")));
        assert!(is_too_long(&refused(FAILED_RULES, "[\"ExpirationRule\",\"MfaRule\"]")));
        assert!(!is_too_long(&refused(FAILED_RULES, "[\"ExpirationRule\",\"TicketingRule\"]")));
        assert!(asks_for_proof(&refused(CONTEXT, "&claims=x")));
        let new = explained(refused(FAILED_RULES, "[\"MoonRule\"]"));
        assert_eq!(new.to_string(), "it fails the rule MoonRule (RoleAssignmentRequestPolicyValidationFailed)");
    }

    #[test]
    fn unknown_words_keep_the_sentence_of_the_server() {
        let narrow =
            explained(refused("AuthorizationFailed", "The token does not carry the scope user_impersonation."));
        assert!(narrow.to_string().contains("Graph.Use and Arm.Use"), "{narrow}");
        assert_eq!(explained(refused("NewCode", "A new reason.")).to_string(), "A new reason. (NewCode)");
        let failed = explained(anyhow::anyhow!("no answer").into());
        assert_eq!(failed.to_string(), "no answer");
    }
}
