//! An administrator who lost every second factor, let in again on the host. Anywhere else another administrator resets the
//! factors of a person; the host alone does it where none is left who could.

use ephor_audit::events;
use ephor_domain::{Refusal, administration::AdministratorRole, administration::Right, principal::Principal};
use ephor_store::tx::{credential::Enrolment, lock::Lock};

use super::{
    bootstrap::{FirstAdministrator, LINK_LIFE},
    credential::{ENROL_PASSWORD, Secret},
    desk::{Command, Desk, Subject},
};
use crate::{answer::Answer, engine::Engine};

impl Engine {
    /// Takes the second factors of a standing Global Administrator away, ends whatever is signed in as him, and makes a link
    /// by which he sets a password and enrols a factor anew. For the host alone: whoever can open the store. Alarms.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when there is no such administrator, [`Refusal::AccountDisabled`]; [`Refusal::Invalid`] when he
    /// has no second factor that could be lost; [`Refusal::Conflict`] while another person administers who can do it,
    /// unless `emergency`; faults of the store.
    pub async fn recover_administrator(&self, name: &str, emergency: bool) -> Answer<FirstAdministrator> {
        let secret = Secret::draw(&*self.inner.entropy);
        let expires = self.now().saturating_add(LINK_LIFE).unwrap_or(jiff::Timestamp::MAX);
        let command = Recover { name: name.to_owned(), emergency, link: secret.hash(), expires };
        let principal = self.ordain("host", command).await?;
        Ok(FirstAdministrator { principal, secret: secret.text(), expires })
    }
}

#[derive(Debug, Clone)]
struct Recover {
    name: String,
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
        vec![Lock::Exclusive(AdministratorRole::Global.template())]
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<Principal> {
        let global = AdministratorRole::Global.template();
        let none = Refusal::NotFound { what: "Global Administrator" };
        let account = desk.tx.principal_named(&self.name).await?.ok_or(none.clone())?;
        let administrators = desk.tx.administrators(Some(global)).await?;
        if !administrators.iter().any(|(_, holder)| holder.id == account.id) {
            return Err(none.into());
        }
        if !account.enabled {
            return Err(Refusal::AccountDisabled.into());
        }
        if desk.tx.factors(account.id).await?.is_empty() {
            return Err(Refusal::Invalid { field: "user", rule: "has no second factor that could be lost" }.into());
        }
        let other = administrators.iter().any(|(_, holder)| holder.enabled && holder.person != account.person);
        if other && !self.emergency {
            return Err(Refusal::Conflict { what: "another administrator who can reset the factors" }.into());
        }
        let count = desk.tx.delete_factors(account.id).await?;
        desk.tx.delete_sessions_of(account.id).await?;
        let now = desk.now();
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
