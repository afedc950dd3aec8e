//! What the server remembers between two steps: five minutes, once, for the one who began it.

use ephor_domain::id::PrincipalId;
use ephor_store::{Fault, Tx, tx::factor::Ceremony};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde::{Serialize, de::DeserializeOwned};

use super::SecondFactors;
use crate::secret::{self, Purpose, SecretHash};

/// How long a ceremony may take.
pub(crate) const LIFE: SignedDuration = SignedDuration::from_mins(5);

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub(crate) enum Kind {
    /// A passkey is asked for a signature.
    Assertion,
    /// A passkey is being made.
    Registration,
    /// An authenticator app is being set up.
    TotpSetup,
    /// A password was right, a second factor is still to come.
    HalfSignIn,
}

impl Kind {
    fn word(self) -> &'static str {
        self.into()
    }
}

impl SecondFactors {
    /// Remembers a step; answers the secret that ends it.
    pub(super) async fn remember<T: Serialize>(
        &self,
        kind: Kind,
        principal: Option<PrincipalId>,
        state: &T,
    ) -> Result<SecretString, Fault> {
        let secret = secret::fresh(self.engine.entropy().as_ref(), "");
        let ceremony = Ceremony {
            hash: hash(&secret),
            kind: kind.word().to_owned(),
            principal,
            state: serde_json::to_string(state)
                .map_err(|_| Fault::Misuse { cause: "a state is no JSON".to_owned() })?,
            expires: self.now().saturating_add(LIFE).unwrap_or(Timestamp::MAX),
        };
        self.engine
            .store()
            .transact(move |tx| {
                let ceremony = ceremony.clone();
                Box::pin(async move { tx.put_ceremony(&ceremony).await })
            })
            .await?;
        Ok(secret)
    }

    /// Ends a step and answers what was remembered, once.
    pub(super) async fn recall<T: DeserializeOwned>(
        &self,
        kind: Kind,
        secret: &SecretString,
    ) -> Result<Option<(Option<PrincipalId>, T)>, Fault> {
        let (hash, now) = (hash(secret), self.now());
        let found = self.engine.store().transact(move |tx| {
            let hash = hash.clone();
            Box::pin(async move { take(tx, &hash, kind, now).await })
        });
        Ok(found.await?.and_then(read))
    }

    /// What was remembered, without ending the step.
    pub(super) async fn look<T: DeserializeOwned>(
        &self,
        kind: Kind,
        secret: &SecretString,
    ) -> Result<Option<(Option<PrincipalId>, T)>, Fault> {
        let (hash, now) = (hash(secret), self.now());
        let found = self.engine.store().read(move |tx| {
            let hash = hash.clone();
            Box::pin(async move { tx.ceremony(&hash, kind.word(), now).await })
        });
        Ok(found.await?.and_then(read))
    }
}

async fn take(tx: &mut Tx, hash: &[u8], kind: Kind, now: Timestamp) -> Result<Option<Ceremony>, Fault> {
    tx.take_ceremony(hash, kind.word(), now).await
}

fn read<T: DeserializeOwned>(ceremony: Ceremony) -> Option<(Option<PrincipalId>, T)> {
    Some((ceremony.principal, serde_json::from_str(&ceremony.state).ok()?))
}

fn hash(secret: &SecretString) -> Vec<u8> {
    SecretHash::of(Purpose::Ceremony, secret).as_bytes().to_vec()
}
