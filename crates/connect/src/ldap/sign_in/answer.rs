//! What a directory's answer to a bind means.

use ephor_engine::port::{
    password::{PasswordRefusal, PasswordVerdict},
    target::TargetFault,
};
use ldap3::LdapResult;

use super::super::fault::{self, code};

/// The verdict in a result; what says nothing of the account is a fault.
pub(super) fn verdict(result: &LdapResult) -> Result<PasswordVerdict, TargetFault> {
    let refused = |why| Ok(PasswordVerdict::Refused(why));
    match result.rc {
        code::SUCCESS => Ok(PasswordVerdict::Right),
        code::INVALID_CREDENTIALS => refused(windows_word(&result.text)),
        code::INAPPROPRIATE_AUTHENTICATION => refused(PasswordRefusal::Wrong),
        code::NO_SUCH_OBJECT | code::INVALID_DN_SYNTAX => refused(PasswordRefusal::NoAccount),
        // How servers without sub-codes tell that a rule of theirs forbids it: locked, inactivated, over.
        code::CONSTRAINT_VIOLATION | code::INSUFFICIENT_ACCESS_RIGHTS | code::UNWILLING_TO_PERFORM => {
            refused(PasswordRefusal::Restricted)
        }
        _ => Err(fault::of_result(result, "sign-in")),
    }
}

/// Active Directory answers everything with one code and says in its text which of its own it means: `… data 52e, …`.
/// Other servers mean a wrong password.
fn windows_word(text: &str) -> PasswordRefusal {
    let number = text.split_once(", data ").map(|(_, rest)| rest);
    let number = number.map(|rest| rest.split(|c: char| !c.is_ascii_hexdigit()).next().unwrap_or_default());
    match number {
        Some("525") => PasswordRefusal::NoAccount,
        Some("530" | "531") => PasswordRefusal::Restricted,
        Some("532") => PasswordRefusal::PasswordExpired,
        Some("533") => PasswordRefusal::Disabled,
        Some("701") => PasswordRefusal::Expired,
        Some("773") => PasswordRefusal::MustChange,
        Some("775") => PasswordRefusal::Locked,
        Some(_) | None => PasswordRefusal::Wrong,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rc: u32, text: &str) -> Option<PasswordVerdict> {
        let text = text.to_owned();
        verdict(&LdapResult { rc, matched: String::new(), text, refs: Vec::new(), ctrls: Vec::new() }).ok()
    }

    #[test]
    fn sub_codes_of_active_directory() {
        use PasswordRefusal as Why;
        for (number, why) in [
            ("52e", Why::Wrong),
            ("525", Why::NoAccount),
            ("530", Why::Restricted),
            ("531", Why::Restricted),
            ("532", Why::PasswordExpired),
            ("533", Why::Disabled),
            ("701", Why::Expired),
            ("773", Why::MustChange),
            ("775", Why::Locked),
            ("999", Why::Wrong),
        ] {
            let text = format!(
                "80090308: LdapErr: DSID-0C090569, comment: AcceptSecurityContext error, data {number}, v4563\0"
            );
            assert_eq!(of(49, &text), Some(PasswordVerdict::Refused(why)), "{number}");
        }
        assert_eq!(of(49, ""), Some(PasswordVerdict::Refused(Why::Wrong)));
    }

    #[test]
    fn what_says_nothing_of_the_account_is_no_verdict() {
        assert_eq!(of(0, ""), Some(PasswordVerdict::Right));
        for rc in [1, 2, 3, 8, 11, 13, 51, 52, 80] {
            assert_eq!(of(rc, ""), None, "{rc}");
        }
        assert_eq!(of(53, "Account inactivated"), Some(PasswordVerdict::Refused(PasswordRefusal::Restricted)));
        assert_eq!(of(10, ""), None, "a referral is not followed with somebody's password");
    }
}
