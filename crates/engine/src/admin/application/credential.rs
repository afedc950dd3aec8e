//! What applications prove themselves with: secrets that leave once, and public keys.

use ephor_audit::events;
use ephor_domain::{
    Refusal,
    administration::Right,
    application::{KEY_LIFE, MOST_CREDENTIALS, SECRET_LIFE, check_life},
    id::{ClientCredentialId, PrincipalId},
    principal::Actor,
};
use ephor_store::tx::lock::Lock;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::{ApplicationKey, ApplicationSecret, application, label, locks, told};
use crate::{
    admin::{
        credential::Secret,
        desk::{Command, Desk, Subject},
    },
    answer::Answer,
    engine::Engine,
};

/// What every secret begins with, so that scanners of leaked secrets know it.
pub const SECRET_PREFIX: &str = "ephs_";

/// Goes before a secret into its hash: the same text is another secret elsewhere.
const PURPOSE: &[u8] = b"ephor client secret\0";

/// What the store keeps of a secret: 256 random bits need no slow hash.
#[must_use]
pub fn secret_hash(secret: &SecretString) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(PURPOSE);
    hash.update(secret.expose_secret());
    hash.finalize().to_vec()
}

impl Engine {
    /// Gives an application a secret and answers it, once.
    ///
    /// # Errors
    /// [`Refusal::NotAdministrator`], [`Refusal::PersonRequired`], [`Refusal::NotFound`], [`Refusal::Invalid`] for a
    /// public client, a bad life or label, or too many; faults of the store.
    pub async fn add_application_secret(
        &self,
        actor: &Actor,
        application: PrincipalId,
        label: String,
        life: SignedDuration,
    ) -> Answer<(SecretString, ApplicationSecret)> {
        let text = Secret::draw(&*self.inner.entropy).text();
        let secret = SecretString::from(format!("{SECRET_PREFIX}{}", text.expose_secret()));
        // Enough to tell secrets apart; the other 232 bits stay unknown.
        let hint = secret.expose_secret().chars().skip(SECRET_PREFIX.len()).take(6).collect();
        let expires = self.now().saturating_add(life).unwrap_or(Timestamp::MAX);
        let add = AddSecret { application, hash: secret_hash(&secret), hint, label, expires };
        Ok((secret, self.administer(actor, add).await?))
    }
}

#[derive(Clone)]
struct AddSecret {
    application: PrincipalId,
    hash: Vec<u8>,
    hint: String,
    label: String,
    expires: Timestamp,
}

impl Command for AddSecret {
    type Output = ApplicationSecret;

    fn right(&self) -> Right {
        Right::Administrators
    }

    fn subject(&self) -> Subject {
        Subject::user(self.application)
    }

    fn locks(&self) -> Vec<Lock> {
        locks(self.application)
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<ApplicationSecret> {
        let id = admitted(desk, self.application, self.expires, SECRET_LIFE).await?;
        if desk.tx.application_secrets(self.application).await?.len() >= MOST_CREDENTIALS {
            return Err(TOO_MANY.into());
        }
        let secret = ApplicationSecret {
            id,
            principal: self.application,
            hash: self.hash,
            hint: self.hint,
            label: label(&self.label)?,
            created: desk.now(),
            expires: self.expires,
        };
        desk.tx.insert_application_secret(&secret).await?;
        added(desk, self.application, "secret", id, self.expires).await?;
        Ok(secret)
    }
}

const TOO_MANY: Refusal = Refusal::Invalid { field: "application", rule: "has too many credentials of this kind" };

/// Checks that the caller may add a credential; answers its id.
async fn admitted(
    desk: &mut Desk<'_>,
    principal: PrincipalId,
    expires: Timestamp,
    longest: SignedDuration,
) -> Answer<ClientCredentialId> {
    // It outlives the token that asked for it.
    desk.require_person()?;
    let row = application(desk, principal).await?;
    if row.application.public {
        return Err(Refusal::Invalid { field: "application", rule: "is a public client and keeps no secrets" }.into());
    }
    check_life(desk.now(), expires, longest)?;
    Ok(ClientCredentialId::new(desk.derived_id("credential", principal.uuid())))
}

async fn added(
    desk: &mut Desk<'_>,
    principal: PrincipalId,
    kind: &'static str,
    id: ClientCredentialId,
    expires: Timestamp,
) -> Answer<()> {
    desk.changed(events::APPLICATION_CREDENTIAL_ADDED, Subject::user(principal), |record| {
        record.detail("kind", kind).detail("credential", id.uuid()).detail("expires", expires)
    });
    let row = application(desk, principal).await?;
    told(desk, "application.credential-added", &row.principal);
    Ok(())
}

/// A public key of an application, read already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// The public half, as JSON Web Key.
    pub public_key: String,
    /// SHA-256 of the certificate, or of the bare key.
    pub thumbprint: Vec<u8>,
    /// Name for people.
    pub label: String,
    /// When it ends.
    pub expires: Timestamp,
}

/// Adds a key with which an application signs its assertions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddKey {
    /// Which: its service principal.
    pub application: PrincipalId,
    /// The key.
    pub key: NewKey,
}

impl Command for AddKey {
    type Output = ApplicationKey;

    fn right(&self) -> Right {
        Right::Administrators
    }

    fn subject(&self) -> Subject {
        Subject::user(self.application)
    }

    fn locks(&self) -> Vec<Lock> {
        locks(self.application)
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<ApplicationKey> {
        let Self { application, key } = self;
        let id = admitted(desk, application, key.expires, KEY_LIFE).await?;
        let known = desk.tx.application_keys(application).await?;
        if known.len() >= MOST_CREDENTIALS {
            return Err(TOO_MANY.into());
        }
        if known.iter().any(|known| known.thumbprint == key.thumbprint) {
            return Err(Refusal::Conflict { what: "the key" }.into());
        }
        let key = ApplicationKey {
            id,
            principal: application,
            public_key: key.public_key,
            thumbprint: key.thumbprint,
            label: label(&key.label)?,
            created: desk.now(),
            expires: key.expires,
        };
        desk.tx.insert_application_key(&key).await?;
        added(desk, application, "key", id, key.expires).await?;
        Ok(key)
    }
}

/// Removes a secret or key of an application. Tokens of its own end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoveCredential {
    /// Which: its service principal.
    pub application: PrincipalId,
    /// The secret or key.
    pub credential: ClientCredentialId,
}

impl Command for RemoveCredential {
    type Output = ();

    fn right(&self) -> Right {
        Right::Administrators
    }

    fn subject(&self) -> Subject {
        Subject::user(self.application)
    }

    fn locks(&self) -> Vec<Lock> {
        locks(self.application)
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        let (application, credential) = (self.application, self.credential);
        let was_secret = desk.tx.delete_application_secret(application, credential).await?;
        if !was_secret && !desk.tx.delete_application_key(application, credential).await? {
            return Err(Refusal::NotFound { what: "credential" }.into());
        }
        // What was got with it ends with it; what another credential got is asked for again.
        let now = desk.now();
        desk.tx.revoke_token_families_of(application, now).await?;
        let change = if was_secret { "secret_removed" } else { "key_removed" };
        desk.changed(events::APPLICATION_CHANGED, Subject::user(application), |record| {
            record.detail("change", change).detail("credential", credential.uuid())
        });
        Ok(())
    }
}
