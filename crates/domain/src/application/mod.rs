//! Applications: clients that ask for tokens, and what they were consented to (seams §12).
//!
//! A *registered* application acts as a service principal of its own. A *known* one is a public client of a common tool:
//! it needs no registration, acts for people only, and can be switched off.

mod known;
mod permission;
mod redirect;

use jiff::{SignedDuration, Timestamp};

pub use known::Known;
pub use permission::{Permission, PermissionKind};
pub use redirect::{Redirect, RedirectError, RedirectKind};

use crate::{
    Refusal,
    id::{ClientId, PrincipalId},
};

/// Most redirect addresses of an application.
pub const MOST_REDIRECTS: usize = 50;
/// Most secrets, and most keys, of an application.
pub const MOST_CREDENTIALS: usize = 20;
/// Longest life of a secret.
pub const SECRET_LIFE: SignedDuration = SignedDuration::from_hours(24 * 365 * 2);
/// Longest life of a key.
pub const KEY_LIFE: SignedDuration = SignedDuration::from_hours(24 * 365 * 3);

/// A registered application. Its name and whether it may act stand in its service principal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Its service principal: the `oid` of its tokens.
    pub principal: PrincipalId,
    /// What clients call it: `client_id`, `appid`.
    pub client: ClientId,
    /// It cannot keep a secret: no credentials, and code only with PKCE.
    pub public: bool,
    /// Where browsers may be sent with a code.
    pub redirects: Vec<Redirect>,
    /// When it was registered.
    pub created: Timestamp,
}

impl Application {
    /// Is the application as a whole one we can serve?
    ///
    /// # Errors
    /// [`Refusal::Invalid`].
    pub fn check(&self) -> Result<(), Refusal> {
        if self.redirects.len() > MOST_REDIRECTS {
            return Err(Refusal::Invalid { field: "redirectUris", rule: "there are too many" });
        }
        if !self.public && self.redirects.iter().any(|redirect| redirect.kind() == RedirectKind::Native) {
            return Err(Refusal::Invalid { field: "redirectUris", rule: "native ones belong to public clients" });
        }
        Ok(())
    }
}

/// Until when a credential made at `now` is good, if that is allowed.
///
/// # Errors
/// [`Refusal::Invalid`] when it is past or lies too far ahead.
pub fn check_life(now: Timestamp, expires: Timestamp, longest: SignedDuration) -> Result<(), Refusal> {
    let latest = now.saturating_add(longest).unwrap_or(Timestamp::MAX);
    if expires > now && expires <= latest {
        Ok(())
    } else {
        Err(Refusal::Invalid { field: "expires", rule: "must lie in the future and within the longest life" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_have_an_end_within_reach() {
        let now: Timestamp = "2026-03-02T10:00:00Z".parse().expect("an instant");
        let after = |hours| now.saturating_add(SignedDuration::from_hours(hours)).expect("in range");
        assert!(check_life(now, after(1), SECRET_LIFE).is_ok());
        assert!(check_life(now, after(24 * 730), SECRET_LIFE).is_ok());
        assert!(check_life(now, after(24 * 730 + 1), SECRET_LIFE).is_err());
        assert!(check_life(now, now, SECRET_LIFE).is_err());
    }
}
