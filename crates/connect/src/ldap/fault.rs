//! Result codes and transport errors in the words of the port.

use ephor_engine::port::target::{FaultKind, TargetFault};
use ldap3::{LdapError, LdapResult};

/// Result codes this connector acts upon (RFC 4511 appendix A).
pub(super) mod code {
    pub(crate) const SUCCESS: u32 = 0;
    pub(crate) const TIME_LIMIT_EXCEEDED: u32 = 3;
    pub(crate) const SIZE_LIMIT_EXCEEDED: u32 = 4;
    pub(crate) const COMPARE_FALSE: u32 = 5;
    pub(crate) const COMPARE_TRUE: u32 = 6;
    pub(crate) const AUTH_METHOD_NOT_SUPPORTED: u32 = 7;
    pub(crate) const STRONGER_AUTH_REQUIRED: u32 = 8;
    pub(crate) const REFERRAL: u32 = 10;
    pub(crate) const ADMIN_LIMIT_EXCEEDED: u32 = 11;
    pub(crate) const CONFIDENTIALITY_REQUIRED: u32 = 13;
    pub(crate) const NO_SUCH_ATTRIBUTE: u32 = 16;
    pub(crate) const CONSTRAINT_VIOLATION: u32 = 19;
    pub(crate) const ATTRIBUTE_OR_VALUE_EXISTS: u32 = 20;
    pub(crate) const INVALID_ATTRIBUTE_SYNTAX: u32 = 21;
    pub(crate) const NO_SUCH_OBJECT: u32 = 32;
    pub(crate) const INVALID_DN_SYNTAX: u32 = 34;
    pub(crate) const INAPPROPRIATE_AUTHENTICATION: u32 = 48;
    pub(crate) const INVALID_CREDENTIALS: u32 = 49;
    pub(crate) const INSUFFICIENT_ACCESS_RIGHTS: u32 = 50;
    pub(crate) const BUSY: u32 = 51;
    pub(crate) const UNAVAILABLE: u32 = 52;
    pub(crate) const UNWILLING_TO_PERFORM: u32 = 53;
    pub(crate) const OBJECT_CLASS_VIOLATION: u32 = 65;
    pub(crate) const ENTRY_ALREADY_EXISTS: u32 = 68;
}

/// The longest piece of a server's words that is passed on.
const MOST_WORDS: usize = 300;

/// The fault that an unsuccessful result of `doing` is.
pub(super) fn of_result(result: &LdapResult, doing: &str) -> TargetFault {
    let kind = match result.rc {
        code::TIME_LIMIT_EXCEEDED => FaultKind::Timeout,
        code::ADMIN_LIMIT_EXCEEDED | code::BUSY | code::UNAVAILABLE => FaultKind::Busy,
        code::AUTH_METHOD_NOT_SUPPORTED | code::INAPPROPRIATE_AUTHENTICATION | code::INVALID_CREDENTIALS => {
            FaultKind::Credentials
        }
        code::STRONGER_AUTH_REQUIRED | code::CONFIDENTIALITY_REQUIRED | code::INSUFFICIENT_ACCESS_RIGHTS => {
            FaultKind::Rights
        }
        _ => FaultKind::Rejected,
    };
    TargetFault { kind, cause: cause(result, doing) }
}

/// The fault that an unsuccessful bind is: whatever is not the server's own trouble is our credentials'.
pub(super) fn of_bind(result: &LdapResult) -> TargetFault {
    let mut fault = of_result(result, "sign-in");
    if !matches!(fault.kind, FaultKind::Busy | FaultKind::Timeout) {
        fault.kind = FaultKind::Credentials;
    }
    fault
}

/// The fault that a failure below LDAP results is.
pub(super) fn of_transport(error: &LdapError) -> TargetFault {
    if let LdapError::LdapResult { result } = error {
        // Only StartTLS fails in this way.
        let mut fault = of_result(result, "StartTLS");
        if fault.kind != FaultKind::Busy {
            fault.kind = FaultKind::Unreachable;
        }
        return fault;
    }
    let kind = if matches!(error, LdapError::Timeout { .. }) { FaultKind::Timeout } else { FaultKind::Unreachable };
    TargetFault { kind, cause: shorten(&error.to_string()) }
}

/// No answer within the limit.
pub(super) fn timeout(doing: &str) -> TargetFault {
    TargetFault { kind: FaultKind::Timeout, cause: format!("{doing}: no answer in time") }
}

/// Something the target said or holds that cannot be worked with.
pub(super) fn rejected(cause: impl Into<String>) -> TargetFault {
    TargetFault { kind: FaultKind::Rejected, cause: cause.into() }
}

/// The result as text for the operator.
pub(super) fn cause(result: &LdapResult, doing: &str) -> String {
    // The library's own text begins with code and name of the result.
    let text = result.to_string();
    let hint = match result.rc {
        10 => "; the server is a replica that refers writers elsewhere: name the writable server in `url`",
        code::CONFIDENTIALITY_REQUIRED | code::STRONGER_AUTH_REQUIRED => "; use ldaps:// or `start_tls`",
        _ => "",
    };
    format!("{doing}: {}{hint}", shorten(&text))
}

fn shorten(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MOST_WORDS).collect()
}

#[cfg(test)]
mod tests {
    use ephor_engine::port::target::FaultKind;
    use ldap3::LdapResult;

    use super::{of_bind, of_result};

    fn result(rc: u32) -> LdapResult {
        LdapResult { rc, matched: String::new(), text: "no\nway".to_owned(), refs: Vec::new(), ctrls: Vec::new() }
    }

    #[test]
    fn codes_become_the_kinds_the_reconciler_acts_on() {
        for (rc, kind) in [
            (3, FaultKind::Timeout),
            (11, FaultKind::Busy),
            (13, FaultKind::Rights),
            (19, FaultKind::Rejected),
            (49, FaultKind::Credentials),
            (50, FaultKind::Rights),
            (51, FaultKind::Busy),
            (52, FaultKind::Busy),
            (53, FaultKind::Rejected),
        ] {
            assert_eq!(of_result(&result(rc), "modify").kind, kind, "code {rc}");
        }
    }

    #[test]
    fn a_refused_bind_is_a_matter_of_credentials_unless_the_server_is_busy() {
        assert_eq!(of_bind(&result(53)).kind, FaultKind::Credentials);
        assert_eq!(of_bind(&result(32)).kind, FaultKind::Credentials);
        assert_eq!(of_bind(&result(52)).kind, FaultKind::Busy);
    }

    #[test]
    fn causes_fit_on_a_line() {
        assert_eq!(
            of_result(&result(53), "modify of cn=a").cause,
            "modify of cn=a: rc=53 (unwillingToPerform), dn: \"\", text: \"noway\""
        );
    }
}
