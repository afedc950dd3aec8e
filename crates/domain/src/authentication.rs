//! What somebody has proved about himself, when, and what follows from it (S4): strengths, authentication contexts, and
//! who may change the second factors of an account.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::policy::context::{CONTEXT_AGE, ContextClass};

/// A way to prove who one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// A password, here or at a directory.
    Password,
    /// An enrolment link, by which the account is set up.
    Link,
    /// A Kerberos ticket.
    Kerberos,
    /// An outside issuer's word on who it is, and nothing more.
    Federated,
    /// An outside issuer's word that a second factor was used, by that issuer's mapping.
    FederatedMfa,
    /// A code of an authenticator app (RFC 6238).
    Totp,
    /// A passkey with user verification: possession and a PIN or a body part in one.
    Passkey,
    /// A recovery code, in place of a lost factor.
    RecoveryCode,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Password,
        Self::Link,
        Self::Kerberos,
        Self::Federated,
        Self::FederatedMfa,
        Self::Totp,
        Self::Passkey,
        Self::RecoveryCode,
    ];

    const fn bit(self) -> u16 {
        1 << self as u16
    }

    /// The word for the record.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Link => "link",
            Self::Kerberos => "kerberos",
            Self::Federated => "federated",
            Self::FederatedMfa => "federated-mfa",
            Self::Totp => "totp",
            Self::Passkey => "passkey",
            Self::RecoveryCode => "recovery-code",
        }
    }

    /// Says who somebody is, without anything before it.
    #[must_use]
    pub const fn identifies(self) -> bool {
        match self {
            Self::Password | Self::Link | Self::Kerberos | Self::Federated | Self::FederatedMfa | Self::Passkey => true,
            Self::Totp | Self::RecoveryCode => false,
        }
    }

    /// Counts as a second factor.
    #[must_use]
    pub const fn is_second_factor(self) -> bool {
        match self {
            Self::FederatedMfa | Self::Totp | Self::Passkey | Self::RecoveryCode => true,
            Self::Password | Self::Link | Self::Kerberos | Self::Federated => false,
        }
    }

    /// Words for `amr` (RFC 8176, and `mfa` and `fido` as clients of directories know them).
    #[must_use]
    pub const fn amr(self) -> &'static [&'static str] {
        match self {
            Self::Password => &["pwd"],
            Self::Link | Self::Federated => &[],
            Self::Kerberos => &["wia"],
            Self::FederatedMfa => &["mfa"],
            Self::Totp | Self::RecoveryCode => &["otp", "mfa"],
            Self::Passkey => &["fido", "mfa"],
        }
    }
}

/// Which ways were used, without when: for the record.
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Methods(u16);

impl Methods {
    /// The ways of the set, in the order of [`Method`].
    pub fn iter(self) -> impl Iterator<Item = Method> {
        Method::ALL.into_iter().filter(move |method| self.0 & method.bit() != 0)
    }

    /// There is none: nobody was there, or his issuer does not say.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Method> for Methods {
    fn from_iter<I: IntoIterator<Item = Method>>(methods: I) -> Self {
        Self(methods.into_iter().fold(0, |bits, method| bits | method.bit()))
    }
}

/// `password totp`.
impl std::fmt::Display for Methods {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.iter().enumerate().try_for_each(|(number, method)| {
            f.write_str(if number == 0 { "" } else { " " })?;
            f.write_str(method.word())
        })
    }
}

impl Serialize for Methods {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl std::fmt::Debug for Methods {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// Stands for an instant that nobody names: such a proof says how, is never fresh, and is no second factor.
pub const UNDATED: Timestamp = Timestamp::MIN;

/// One proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proved {
    /// How.
    pub method: Method,
    /// When, or [`UNDATED`].
    pub at: Timestamp,
}

/// The proofs of a session: the newest of each method. They are the server's own memory, never a caller's word.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Proofs(Vec<Proved>);

impl Proofs {
    /// One proof.
    #[must_use]
    pub fn of(method: Method, at: Timestamp) -> Self {
        Self(vec![Proved { method, at }])
    }

    /// With a further proof, in the place of an older one by the same method.
    #[must_use]
    pub fn and(mut self, method: Method, at: Timestamp) -> Self {
        self.0.retain(|proved| proved.method != method);
        self.0.push(Proved { method, at });
        self
    }

    /// All of them, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = Proved> {
        self.0.iter().copied()
    }

    /// Which ways they are.
    #[must_use]
    pub fn methods(&self) -> Methods {
        self.0.iter().map(|proved| proved.method).collect()
    }

    /// There is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// When `strength` was proved last.
    #[must_use]
    pub fn proved(&self, strength: Strength) -> Option<Timestamp> {
        self.newest(|method| match strength {
            Strength::Mfa => method.is_second_factor(),
            Strength::Passkey => method == Method::Passkey,
        })
    }

    /// When it was last proved who it is.
    #[must_use]
    pub fn identified(&self) -> Option<Timestamp> {
        self.newest(Method::identifies)
    }

    /// `auth_time` of a token: the instant of the second factor where `amr` says `mfa`, so that an old factor never
    /// looks fresh because a password was typed again; else that of the sign-in, if it is known.
    #[must_use]
    pub fn auth_time(&self) -> Option<Timestamp> {
        self.proved(Strength::Mfa).or_else(|| self.identified())
    }

    /// `amr` of a token.
    #[must_use]
    pub fn amr(&self) -> BTreeSet<&'static str> {
        self.0.iter().flat_map(|proved| proved.method.amr().iter().copied()).collect()
    }

    fn newest(&self, counts: impl Fn(Method) -> bool) -> Option<Timestamp> {
        let dated = self.0.iter().filter(|proved| proved.at != UNDATED);
        dated.filter(|proved| counts(proved.method)).map(|proved| proved.at).max()
    }
}

/// How much is to be proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strength {
    /// Any second factor.
    Mfa,
    /// A passkey: nothing that can be read out to somebody else.
    Passkey,
}

/// What an authentication context asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requirement {
    /// How much.
    pub strength: Strength,
    /// The proof counts so long.
    pub max_age: SignedDuration,
}

impl Requirement {
    /// A second factor of the last ten minutes.
    pub const DEFAULT: Self = Self { strength: Strength::Mfa, max_age: CONTEXT_AGE };

    /// Until when the proofs meet it; `None` when they do not.
    #[must_use]
    pub fn met_until(&self, proofs: &Proofs, now: Timestamp) -> Option<Timestamp> {
        let at = proofs.proved(self.strength)?;
        let until = at.saturating_add(self.max_age).unwrap_or(Timestamp::MAX);
        // A proof of the future is a clock set back, not a proof.
        (at <= now && now <= until).then_some(until)
    }
}

/// What each context asks for. One that is not configured asks for [`Requirement::DEFAULT`]: a policy that names it
/// must not be weaker than one that asks for a second factor.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contexts(BTreeMap<ContextClass, Requirement>);

impl Contexts {
    /// What this context asks for.
    #[must_use]
    pub fn requirement(&self, class: ContextClass) -> Requirement {
        self.0.get(&class).copied().unwrap_or(Requirement::DEFAULT)
    }

    /// The configured contexts.
    pub fn configured(&self) -> impl Iterator<Item = (ContextClass, Requirement)> {
        self.0.iter().map(|(class, requirement)| (*class, *requirement))
    }

    /// The configured contexts that the proofs meet, with the last instant at which each counts: `acrs` of a token.
    #[must_use]
    pub fn met(&self, proofs: &Proofs, now: Timestamp) -> Vec<(ContextClass, Timestamp)> {
        let met = |(class, requirement): (ContextClass, Requirement)| {
            requirement.met_until(proofs, now).map(|until| (class, until))
        };
        self.configured().filter_map(met).collect()
    }
}

impl FromIterator<(ContextClass, Requirement)> for Contexts {
    fn from_iter<I: IntoIterator<Item = (ContextClass, Requirement)>>(contexts: I) -> Self {
        Self(contexts.into_iter().collect())
    }
}

/// So long a sign-in counts for changes of what one signs in with.
pub const FRESH: SignedDuration = SignedDuration::from_mins(10);

/// What is missing before somebody may change his second factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    /// A sign-in of the last ten minutes.
    #[error("sign in again first")]
    SignIn,
    /// A factor that is there already, used in the last ten minutes.
    #[error("use one of your second factors first")]
    SecondFactor,
    /// A password alone does not enrol the first factor here.
    #[error("the first second factor takes an enrolment link of an administrator")]
    Link,
}

/// May the holder of these proofs enrol or remove second factors? `enrolled`: the account has one that can be used.
/// `by_password`: the first one may be enrolled on the word of a password.
///
/// # Errors
/// What is missing.
pub fn may_change_factors(proofs: &Proofs, enrolled: bool, by_password: bool, now: Timestamp) -> Result<(), Missing> {
    let fresh = |at: Option<Timestamp>| at.is_some_and(|at| at <= now && now.duration_since(at) <= FRESH);
    if !fresh(proofs.identified()) {
        return Err(Missing::SignIn);
    }
    if enrolled {
        return if fresh(proofs.proved(Strength::Mfa)) { Ok(()) } else { Err(Missing::SecondFactor) };
    }
    let link = fresh(proofs.newest(|method| method == Method::Link));
    if link || by_password { Ok(()) } else { Err(Missing::Link) }
}

/// Guesses at one-time codes: `BURST` at once, one more every `REFILL`. Codes are short, so the budget is the account's
/// and not the address's, and is kept in the store, where every node and every restart finds it.
pub mod guesses {
    use super::{SignedDuration, Timestamp};

    /// Wrong codes in a row.
    pub const BURST: i32 = 5;
    /// Time that buys one more: at most 293 a day against a million codes.
    pub const REFILL: SignedDuration = SignedDuration::from_mins(5);

    /// Pays for one look at a code. `whole_at` is the instant at which the budget is whole again; answers the new one.
    ///
    /// # Errors
    /// How long to wait for the next look.
    pub fn pay(whole_at: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, SignedDuration> {
        let most = REFILL * BURST;
        // A budget cannot owe more than all of it: the clock was set back, which must lock nobody out.
        let from = whole_at.filter(|at| *at > now && at.duration_since(now) <= most).unwrap_or(now);
        let whole = from.saturating_add(REFILL).unwrap_or(from);
        let over = whole.duration_since(now) - most;
        if over.is_positive() { Err(over) } else { Ok(whole) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn class(number: u8) -> ContextClass {
        ContextClass::new(number).unwrap()
    }

    #[test]
    fn a_typed_password_does_not_make_an_old_factor_fresh() {
        let proofs = Proofs::of(Method::Password, at(0)).and(Method::Totp, at(10)).and(Method::Password, at(5_000));
        assert_eq!(proofs.auth_time(), Some(at(10)));
        assert_eq!(proofs.identified(), Some(at(5_000)));
        assert_eq!(proofs.amr().into_iter().collect::<Vec<_>>(), ["mfa", "otp", "pwd"]);
        assert_eq!(Proofs::of(Method::Password, at(7)).auth_time(), Some(at(7)));
        assert_eq!(proofs.methods().to_string(), "password totp");
    }

    #[test]
    fn f18_what_nobody_dates_is_never_fresh_and_no_second_factor() {
        let proofs = Proofs::of(Method::Federated, UNDATED).and(Method::FederatedMfa, UNDATED);
        assert_eq!((proofs.identified(), proofs.proved(Strength::Mfa), proofs.auth_time()), (None, None, None));
        assert_eq!(proofs.methods().to_string(), "federated federated-mfa");
        assert_eq!(may_change_factors(&proofs, false, true, at(0)), Err(Missing::SignIn));
        let later = proofs.and(Method::Totp, at(10));
        assert_eq!((later.auth_time(), later.identified()), (Some(at(10)), None));
        // As sessions keep it.
        let kept = serde::de::value::StrDeserializer::<serde::de::value::Error>::new;
        assert_eq!(Timestamp::deserialize(kept(&UNDATED.to_string())), Ok(UNDATED));
    }

    #[test]
    fn ways_are_named_as_they_are_kept() {
        for method in Method::ALL {
            let kept = serde::de::value::StrDeserializer::<serde::de::value::Error>::new(method.word());
            assert_eq!(Method::deserialize(kept), Ok(method));
            assert_eq!(Methods::from_iter([method]).iter().collect::<Vec<_>>(), [method]);
        }
        assert_eq!(Methods::from_iter(Method::ALL).iter().count(), 8);
        assert!(Methods::default().is_empty() && Methods::default().to_string().is_empty());
    }

    #[test]
    fn contexts_ask_for_strength_and_age() {
        let minutes = SignedDuration::from_mins;
        let contexts: Contexts = [
            (class(1), Requirement { strength: Strength::Mfa, max_age: minutes(10) }),
            (class(2), Requirement { strength: Strength::Passkey, max_age: minutes(60) }),
        ]
        .into_iter()
        .collect();
        let met = |proofs: &Proofs, now| -> Vec<String> {
            contexts
                .met(proofs, at(now))
                .into_iter()
                .map(|(class, until)| format!("{class} {}", until.as_second()))
                .collect()
        };
        let password = Proofs::of(Method::Password, at(0));
        assert!(met(&password, 0).is_empty());
        let totp = password.clone().and(Method::Totp, at(100));
        assert_eq!(met(&totp, 100), ["c1 700"]);
        assert_eq!(met(&totp, 700), ["c1 700"]);
        assert!(met(&totp, 701).is_empty());
        assert!(met(&totp, 99).is_empty(), "a clock set back");
        let passkey = Proofs::of(Method::Passkey, at(100));
        assert_eq!(met(&passkey, 200), ["c1 700", "c2 3700"]);
        assert_eq!(contexts.requirement(class(9)), Requirement::DEFAULT);
    }

    #[test]
    fn changing_factors() {
        let check =
            |proofs: &Proofs, enrolled, by_password, now| may_change_factors(proofs, enrolled, by_password, at(now));
        let password = Proofs::of(Method::Password, at(0));
        assert_eq!(check(&password, false, true, 600), Ok(()));
        assert_eq!(check(&password, false, true, 601), Err(Missing::SignIn));
        assert_eq!(check(&password, false, false, 1), Err(Missing::Link));
        assert_eq!(check(&password, true, true, 1), Err(Missing::SecondFactor));
        let link = Proofs::of(Method::Link, at(0));
        assert_eq!(check(&link, false, false, 600), Ok(()));
        assert_eq!(
            check(&link, true, false, 1),
            Err(Missing::SecondFactor),
            "a link adds nothing to an enrolled account"
        );
        let both = password.clone().and(Method::Totp, at(5));
        assert_eq!(check(&both, true, false, 600), Ok(()));
        assert_eq!(check(&both, true, false, 606), Err(Missing::SignIn));
        let stale = Proofs::of(Method::Password, at(1_000)).and(Method::Totp, at(5));
        assert_eq!(check(&stale, true, false, 1_000), Err(Missing::SecondFactor));
        let passkey = Proofs::of(Method::Passkey, at(0));
        assert_eq!(check(&passkey, true, false, 600), Ok(()));
    }

    #[test]
    fn five_guesses_then_one_every_five_minutes() {
        let mut whole = None;
        for _ in 0..5 {
            whole = Some(guesses::pay(whole, at(0)).unwrap());
        }
        assert_eq!(guesses::pay(whole, at(0)), Err(SignedDuration::from_mins(5)));
        assert_eq!(guesses::pay(whole, at(299)), Err(SignedDuration::from_secs(1)));
        whole = Some(guesses::pay(whole, at(300)).unwrap());
        assert_eq!(guesses::pay(whole, at(300)), Err(SignedDuration::from_mins(5)));
        assert!(guesses::pay(whole, at(-100_000)).is_ok(), "a clock set back locks nobody out");
    }
}
