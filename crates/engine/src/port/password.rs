//! The port to directories that check passwords.

use futures_util::future::BoxFuture;
use secrecy::SecretString;
use serde::Serialize;

/// A directory in which people have their passwords.
pub trait PasswordDirectory: Send + Sync + 'static {
    /// Asks whether `password` is that of `account`, a bare name without its domain. The password is never empty, and the
    /// time it takes says nothing on whether the account is there. Bounded in time by the implementation.
    fn verify<'a>(
        &'a self,
        account: &'a str,
        password: &'a SecretString,
    ) -> BoxFuture<'a, Result<PasswordVerdict, DirectoryFault>>;
}

/// What a directory says of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordVerdict {
    /// It is right, and the account may sign in.
    Right,
    /// The account may not sign in.
    Refused(PasswordRefusal),
}

/// Why a directory refuses somebody. For the record alone: callers are told that the pair is wrong, whichever it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PasswordRefusal {
    /// Wrong password. The directory may count it and lock the account one day.
    Wrong,
    /// No such account, or several.
    NoAccount,
    /// The account is disabled there.
    Disabled,
    /// The account is locked there after failures.
    Locked,
    /// The account is over.
    Expired,
    /// The password is over.
    PasswordExpired,
    /// The password must be changed first.
    MustChange,
    /// Not at this hour, not from this machine, or some other rule.
    Restricted,
}

impl PasswordRefusal {
    /// A word for the record.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Wrong => "wrong-password",
            Self::NoAccount => "directory-has-no-account",
            Self::Disabled => "disabled-in-directory",
            Self::Locked => "locked-in-directory",
            Self::Expired => "expired-in-directory",
            Self::PasswordExpired => "password-expired-in-directory",
            Self::MustChange => "password-to-be-changed-in-directory",
            Self::Restricted => "restricted-in-directory",
        }
    }
}

/// A directory gave no answer: it is down, slow, or we are not configured for it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the directory gives no answer: {cause}")]
pub struct DirectoryFault {
    /// What went wrong, for the log.
    pub cause: String,
}
