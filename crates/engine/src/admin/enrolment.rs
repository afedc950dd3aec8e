//! Using an enrolment link: its bearer sets the password of an account, once, and needs nothing else.

use ephor_audit::events;
use ephor_domain::{Refusal, administration::Right, approval::Way, id::PrincipalId, principal::Principal};
use ephor_store::tx::{credential::Credential, lock::Lock};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use super::{
    credential::{ENROL_PASSWORD, hash_of, replaced},
    desk::{Command, Desk, Subject},
};
use crate::{answer::Answer, engine::Engine};

const UNKNOWN: Refusal = Refusal::NotFound { what: "enrolment link that is still good" };

impl Engine {
    /// The account whose password the bearer of a link may set. Uses nothing up and leaves no record: whoever guesses
    /// fills no log, and has 256 bits to guess.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when the link is unknown, used or over, or its account disabled; faults of the store.
    pub async fn enrolment_account(&self, secret: &SecretString) -> Answer<Principal> {
        let (hash, now) = (hash_of(secret.expose_secret()), self.now());
        let found = self
            .store
            .read(move |tx| {
                let hash = hash.clone();
                Box::pin(async move {
                    match tx.enrolment(&hash, now).await? {
                        Some(link) if link.purpose == ENROL_PASSWORD => tx.principal(link.principal).await,
                        Some(_) | None => Ok(None),
                    }
                })
            })
            .await?;
        Ok(found.filter(|account| account.enabled).ok_or(UNKNOWN)?)
    }

    /// Uses a link up: the account has this password from now on, and its sessions and its other links end. Answers also
    /// when that was.
    ///
    /// # Errors
    /// As [`Engine::enrolment_account`].
    pub async fn redeem_enrolment(
        &self,
        secret: &SecretString,
        password_hash: String,
    ) -> Answer<(Principal, Timestamp)> {
        let account = self.enrolment_account(secret).await?.id;
        let link = hash_of(secret.expose_secret());
        self.ordain("enrolment", Redeem { account, link, hash: password_hash }).await
    }
}

#[derive(Clone)]
struct Redeem {
    account: PrincipalId,
    link: Vec<u8>,
    hash: String,
}

impl Command for Redeem {
    type Output = (Principal, Timestamp);

    fn right(&self) -> Right {
        Right::Administrators
    }

    fn subject(&self) -> Subject {
        Subject::NONE
    }

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::Exclusive(self.account.uuid())]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<(Principal, Timestamp)> {
        let now = desk.now();
        let link = desk.tx.take_enrolment(&self.link, now).await?;
        let link =
            link.filter(|link| link.purpose == ENROL_PASSWORD && link.principal == self.account).ok_or(UNKNOWN)?;
        let account = desk.tx.principal(link.principal).await?.filter(|account| account.enabled).ok_or(UNKNOWN)?;
        // Whoever issued the link did so when it was made.
        replaced(desk, account.id, Way::Password, link.created).await?;
        desk.tx.put_credential(&Credential { principal: account.id, hash: self.hash, changed: now }).await?;
        desk.tx.revoke_api_tokens_of(account.id, now).await?;
        desk.tx.delete_sessions_of(account.id).await?;
        desk.tx.delete_enrolments_of(account.id).await?;
        desk.tx.revoke_token_families_of(account.id, now).await?;
        desk.changed(events::ENROLMENT_LINK_USED, Subject::user(account.id), |record| record);
        desk.changed(events::PASSWORD_CHANGED, Subject::user(account.id), |record| record.detail("by", "link"));
        Ok((account, now))
    }
}
