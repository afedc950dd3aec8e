//! An administrator who lost every second factor, let in again on the host. Anywhere else another administrator resets the
//! factors of a person; the host alone does it where none is left who could.

use ephor_audit::events;
use ephor_domain::{
    Refusal,
    administration::{AdministratorRole, Right},
    id::PrincipalId,
    principal::Principal,
};
use ephor_store::tx::{
    credential::{Credential, Enrolment},
    lock::Lock,
};

use super::{
    bootstrap::{FirstAdministrator, LINK_LIFE},
    credential::{ENROL_PASSWORD, Secret},
    desk::{Command, Desk, Subject},
};
use crate::{answer::Answer, engine::Engine};

impl Engine {
    /// Takes the second factors of a standing Global Administrator away, ends whatever is signed in as him and every way in
    /// that he has, and makes a link by which he sets a password and enrols a factor anew. Until then nothing else opens
    /// the account: a password that was enough for half of a sign-in must not become enough for all of it. For the host
    /// alone: whoever can open the store. Alarms.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when there is no such administrator, [`Refusal::AccountDisabled`]; [`Refusal::Invalid`] when he
    /// has no second factor that could be lost, and does not wait for a link either; [`Refusal::Conflict`] while another person administers who can do it,
    /// unless `emergency`; faults of the store.
    pub async fn recover_administrator(&self, name: &str, emergency: bool) -> Answer<FirstAdministrator> {
        let secret = Secret::draw(&*self.inner.entropy);
        let expires = self.now().saturating_add(LINK_LIFE).unwrap_or(jiff::Timestamp::MAX);
        let spelling = name.to_owned();
        let found = self.store.read(move |tx| {
            let spelling = spelling.clone();
            Box::pin(async move { tx.principal_named(&spelling).await })
        });
        let account = found.await?.map(|account| account.id);
        let command = Recover { name: name.to_owned(), account, emergency, link: secret.hash(), expires };
        let principal = self.ordain("host", command).await?;
        Ok(FirstAdministrator { principal, secret: secret.text(), expires })
    }
}

#[derive(Debug, Clone)]
struct Recover {
    name: String,
    /// Whom the name meant when it was asked.
    account: Option<PrincipalId>,
    emergency: bool,
    link: Vec<u8>,
    expires: jiff::Timestamp,
}

impl Command for Recover {
    type Output = Principal;

    fn right(&self) -> Right {
        Right::Administrators
    }

    fn subject(&self) -> Subject {
        Subject::NONE
    }

    fn locks(&self) -> Vec<Lock> {
        let account = self.account.map(|account| Lock::Exclusive(account.uuid()));
        account.into_iter().chain([Lock::Exclusive(AdministratorRole::Global.template())]).collect()
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<Principal> {
        let global = AdministratorRole::Global.template();
        let none = Refusal::NotFound { what: "Global Administrator" };
        let account = desk.tx.principal_named(&self.name).await?.filter(|account| Some(account.id) == self.account);
        let account = account.ok_or(none.clone())?;
        let administrators = desk.tx.administrators(Some(global)).await?;
        if !administrators.iter().any(|(_, holder)| holder.id == account.id) {
            return Err(none.into());
        }
        if !account.enabled {
            return Err(Refusal::AccountDisabled.into());
        }
        let waits = desk.tx.credential(account.id).await?.is_some_and(|credential| credential.is_held());
        if !waits && desk.tx.factors(account.id).await?.is_empty() {
            return Err(Refusal::Invalid { field: "user", rule: "has no second factor that could be lost" }.into());
        }
        let other = administrators.iter().any(|(_, holder)| holder.enabled && holder.person != account.person);
        if other && !self.emergency {
            return Err(Refusal::Conflict { what: "another administrator who can reset the factors" }.into());
        }
        let count = desk.tx.delete_factors(account.id).await?;
        desk.tx.delete_sessions_of(account.id).await?;
        let now = desk.now();
        desk.tx.put_credential(&Credential::held(account.id, now)).await?;
        for link in desk.tx.links_of_principal(account.id).await? {
            if link.ended.is_none() {
                desk.tx.end_identity_link(&link.issuer, &link.subject, account.id, now).await?;
                desk.changed(events::IDENTITY_UNLINKED, Subject::user(account.id), |record| {
                    record.detail("issuer", link.issuer).detail("subject", link.subject).detail("by", "recovery")
                });
            }
        }
        desk.tx.revoke_token_families_of(account.id, now).await?;
        desk.tx.revoke_api_tokens_of(account.id, now).await?;
        let link = Enrolment {
            hash: self.link,
            principal: account.id,
            purpose: ENROL_PASSWORD.to_owned(),
            created: desk.now(),
            expires: self.expires,
        };
        desk.tx.delete_enrolments_of(account.id).await?;
        desk.tx.insert_enrolment(&link).await?;
        let subject = Subject::user(account.id);
        desk.changed(events::EMERGENCY_RECOVERY, subject, |record| {
            record
                .detail("factors", i64::try_from(count).unwrap_or(i64::MAX))
                .erasable_text("username", account.username())
        });
        desk.changed(events::ENROLMENT_LINK_ISSUED, subject, |record| record);
        desk.alarm("emergency.recovery", account.id.uuid(), [("principal", account.id.to_string())]);
        Ok(account)
    }
}
