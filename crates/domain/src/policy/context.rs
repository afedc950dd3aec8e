//! What a sign-in proves, and for how long (seams §7).

use std::{fmt, str::FromStr};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An authentication context class, `c1` to `c99`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ContextClass(u8);

/// Not `c1` to `c99`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("an authentication context class is c1 to c99")]
pub struct NoContextClass;

impl ContextClass {
    /// The class with this number.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if 1 <= number && number <= 99 { Some(Self(number)) } else { None }
    }
}

impl FromStr for ContextClass {
    type Err = NoContextClass;
    fn from_str(text: &str) -> Result<Self, NoContextClass> {
        let digits = text.strip_prefix(['c', 'C']).ok_or(NoContextClass)?;
        if digits.starts_with(['0', '+']) {
            return Err(NoContextClass);
        }
        digits.parse().ok().and_then(Self::new).ok_or(NoContextClass)
    }
}
impl TryFrom<String> for ContextClass {
    type Error = NoContextClass;
    fn try_from(text: String) -> Result<Self, NoContextClass> {
        text.parse()
    }
}
impl From<ContextClass> for String {
    fn from(class: ContextClass) -> Self {
        class.to_string()
    }
}
impl fmt::Display for ContextClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}", self.0)
    }
}

/// A token that says `mfa` counts so long after its sign-in.
pub const MFA_AGE: SignedDuration = SignedDuration::from_hours(1);
/// A context counts so long after its step-up, unless the context says otherwise.
pub const CONTEXT_AGE: SignedDuration = SignedDuration::from_mins(10);

/// What the caller's token proves. Built by the identity layer from claims it has verified, never from a body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Presence {
    /// The caller is an application acting for itself: exempt from MFA (`GRAPH 10.2`, `ARM 14.2`).
    pub application: bool,
    /// `auth_time`, or `iat` without it, of a token whose `amr` has `mfa`.
    pub mfa_at: Option<Timestamp>,
    /// Contexts of `acrs`, with the last instant at which each counts.
    pub contexts: Vec<(ContextClass, Timestamp)>,
}

impl Presence {
    /// The MFA rule is met: a fresh proof, or an application.
    #[must_use]
    pub fn meets_mfa(&self, now: Timestamp) -> bool {
        // A sign-in of the future is a clock fault, not a proof.
        let fresh = |at: Timestamp| at <= now && now.duration_since(at) <= MFA_AGE;
        self.application || self.mfa_at.is_some_and(fresh)
    }

    /// The context is there and still fresh.
    #[must_use]
    pub fn meets_context(&self, class: ContextClass, now: Timestamp) -> bool {
        self.contexts.iter().any(|(has, until)| *has == class && now <= *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_classes_are_c1_to_c99() {
        for (text, expected) in [("c1", Some("c1")), ("C25", Some("c25")), ("c99", Some("c99"))] {
            assert_eq!(text.parse::<ContextClass>().ok().map(|class| class.to_string()).as_deref(), expected);
        }
        for text in ["", "c", "c0", "c100", "c01", "c+1", "1", "d1", "c1 "] {
            assert_eq!(text.parse::<ContextClass>(), Err(NoContextClass), "{text:?}");
        }
    }

    #[test]
    fn a_proof_of_presence_ages() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let presence = Presence { mfa_at: Some(at(1_000)), ..Presence::default() };
        assert!(presence.meets_mfa(at(1_000)) && presence.meets_mfa(at(4_600)));
        assert!(!presence.meets_mfa(at(4_601)) && !presence.meets_mfa(at(999)));
        assert!(Presence { application: true, ..Presence::default() }.meets_mfa(at(0)));
    }
}
