//! What a sign-in was judged by, asked once more in the commit with which it begins. Whoever ends a way in holds the
//! principal's lock, and so does whoever begins something by it: nothing begins beside its own end.

use ephor_domain::id::PrincipalId;
use ephor_store::{Fault, Tx, tx::Lock};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::secret::SecretHash;

/// What a sign-in rests on. The default asks for an account that may act, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Basis {
    password: Option<Password>,
    factors: Option<Vec<FactorMark>>,
    identity: Option<Identity>,
}

/// The password that was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Password {
    /// The one that was set here at this instant.
    Here(Timestamp),
    /// One that a directory keeps, and nothing here goes before it.
    Elsewhere,
}

/// The identity of an outside issuer by which somebody came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Identity {
    issuer: String,
    subject: String,
}

/// A second factor as a sign-in found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FactorMark {
    /// Which one.
    pub id: Uuid,
    /// It was not switched off.
    pub on: bool,
}

/// How an account stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// It may act.
    pub enabled: bool,
    /// It waits for its person to take it over by a link.
    pub held: bool,
    /// When the password that is kept here was set.
    pub password: Option<Timestamp>,
    /// All second factors, oldest first.
    pub factors: Vec<FactorMark>,
    /// The identity of the sign-in leads here; true where there is none.
    pub is_led_here: bool,
}

impl Basis {
    /// A password that was right: set here at this instant, or kept by a directory.
    #[must_use]
    pub fn of_password(changed: Option<Timestamp>) -> Self {
        Self { password: Some(changed.map_or(Password::Elsewhere, Password::Here)), ..Self::default() }
    }

    /// An identity of an outside issuer.
    #[must_use]
    pub fn of_identity(issuer: &str, subject: &str) -> Self {
        let identity = Identity { issuer: issuer.to_owned(), subject: subject.to_owned() };
        Self { identity: Some(identity), ..Self::default() }
    }

    /// Whether the account had second factors, and which, was part of it.
    #[must_use]
    pub fn and_factors(self, factors: Vec<FactorMark>) -> Self {
        Self { factors: Some(factors), ..self }
    }

    /// Does all of it still hold?
    #[must_use]
    pub fn holds(&self, found: &Found) -> bool {
        let password = match self.password {
            Some(Password::Here(changed)) => found.password == Some(changed),
            Some(Password::Elsewhere) => found.password.is_none(),
            None => true,
        };
        let factors = self.factors.as_ref().is_none_or(|factors| *factors == found.factors);
        found.enabled && !found.held && password && factors && found.is_led_here
    }

    /// Locks the account, and asks whether all of it still holds. Call it before anything else in the transaction.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn stands(&self, tx: &mut Tx, principal: PrincipalId) -> Result<bool, Fault> {
        tx.lock(&[Lock::Exclusive(principal.uuid())]).await?;
        let Some(account) = tx.principal(principal).await? else { return Ok(false) };
        let credential = tx.credential(principal).await?;
        let is_led_here = match &self.identity {
            Some(identity) => leads(tx, identity, principal).await?,
            None => true,
        };
        let found = Found {
            enabled: account.enabled,
            held: credential.as_ref().is_some_and(|credential| credential.is_held()),
            password: credential.map(|credential| credential.changed),
            factors: marks(tx, principal).await?,
            is_led_here,
        };
        Ok(self.holds(&found))
    }
}

/// An identity that was ever linked signs in by its link alone; one that never was came by a name that is the issuer's.
async fn leads(tx: &mut Tx, identity: &Identity, principal: PrincipalId) -> Result<bool, Fault> {
    if tx.links_of_identity(&identity.issuer, &identity.subject).await?.is_empty() {
        return Ok(true);
    }
    let linked = tx.linked_principal(&identity.issuer, &identity.subject).await?;
    Ok(linked.is_some_and(|linked| linked.id == principal))
}

/// The second factors of an account, be they switched off or not.
pub(crate) async fn marks(tx: &mut Tx, principal: PrincipalId) -> Result<Vec<FactorMark>, Fault> {
    let factors = tx.factors(principal).await?;
    Ok(factors.iter().map(|factor| FactorMark { id: factor.id, on: factor.disabled.is_none() }).collect())
}

/// Locks the account, and asks whether this session of it is still there. Call it before anything else in the transaction.
///
/// # Errors
/// Faults of the store.
pub async fn session_stands(tx: &mut Tx, principal: PrincipalId, session: &SecretHash) -> Result<bool, Fault> {
    tx.lock(&[Lock::Exclusive(principal.uuid())]).await?;
    let enabled = tx.principal(principal).await?.is_some_and(|account| account.enabled);
    let session = tx.session(session.as_bytes()).await?;
    Ok(enabled && session.is_some_and(|session| session.principal == principal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s1_a_sign_in_holds_as_long_as_what_it_was_judged_by() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mark = |number, on| FactorMark { id: Uuid::from_u128(number), on };
        let found = Found {
            enabled: true,
            held: false,
            password: Some(at(1)),
            factors: vec![mark(1, true)],
            is_led_here: true,
        };
        let here = Basis::of_password(Some(at(1))).and_factors(vec![mark(1, true)]);
        let anything = Basis::default();
        assert!(here.holds(&found) && anything.holds(&found));
        assert!(!Basis::of_password(None).holds(&found), "a password here goes before a directory's");
        assert!(Basis::of_password(None).holds(&Found { password: None, ..found.clone() }));
        for changed in [
            Found { password: Some(at(2)), ..found.clone() },
            Found { password: None, ..found.clone() },
            Found { factors: vec![mark(1, false)], ..found.clone() },
            Found { factors: Vec::new(), ..found.clone() },
            Found { factors: vec![mark(1, true), mark(2, true)], ..found.clone() },
        ] {
            assert!(!here.holds(&changed) && anything.holds(&changed), "{changed:?}");
        }
        for ended in [
            Found { enabled: false, ..found.clone() },
            Found { held: true, ..found.clone() },
            Found { is_led_here: false, ..found.clone() },
        ] {
            assert!(!here.holds(&ended) && !anything.holds(&ended), "{ended:?}");
        }
        let kept = serde_json::to_string(&here).unwrap();
        assert_eq!(serde_json::from_str::<Basis>(&kept).unwrap(), here);
    }
}
