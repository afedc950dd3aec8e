//! The first administrator, made on the host (seams §14): no default password, and no first visitor wins.

use ephor_audit::events;
use ephor_domain::{
    Refusal,
    administration::{AdministratorRole, Right},
    id::{PersonId, PrincipalId},
    principal::{Principal, PrincipalKind},
};
use ephor_store::tx::{credential::Enrolment, lock::Lock};
use jiff::SignedDuration;
use secrecy::SecretString;

use super::{
    administrator::appoint,
    credential::{ENROL_PASSWORD, Secret},
    desk::{Command, Desk, Subject},
    user::{PRIV_DOMAIN, priv_domain},
};
use crate::{answer::Answer, engine::Engine};

/// How long the enrolment link of `admin init` is good.
pub const LINK_LIFE: SignedDuration = SignedDuration::from_mins(15);

/// What `ephor admin init` answers.
#[derive(Debug)]
pub struct FirstAdministrator {
    /// The account.
    pub principal: Principal,
    /// The secret of the enrolment link. Shown once, good for [`LINK_LIFE`].
    pub secret: SecretString,
    /// When it ends.
    pub expires: jiff::Timestamp,
}

impl Engine {
    /// Makes or names a standing Global Administrator. For the host alone: whoever can open the store.
    ///
    /// # Errors
    /// [`Refusal::Conflict`] when an active administrator exists, unless `emergency`, which alarms; faults of the store.
    pub async fn init_administrator(&self, name: &str, emergency: bool) -> Answer<FirstAdministrator> {
        let secret = Secret::draw(&*self.inner.entropy);
        let expires = self.now().saturating_add(LINK_LIFE).unwrap_or(jiff::Timestamp::MAX);
        let spelling = name.to_owned();
        let found = self.store.read(move |tx| {
            let spelling = spelling.clone();
            Box::pin(async move { tx.principal_named(&spelling).await })
        });
        let known = found.await?.map(|account| account.id);
        let command = Init { name: name.to_owned(), known, emergency, link: secret.hash(), expires };
        let principal = self.ordain("host", command).await?;
        Ok(FirstAdministrator { principal, secret: secret.text(), expires })
    }

    /// Names the PRIV domain, as the host's configuration has it. Accounts that are there keep the domain they have.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] for what is no domain name; faults of the store.
    pub async fn name_priv_domain(&self, name: &str) -> Answer<()> {
        self.ordain("host", NameDomain(name.to_owned())).await
    }

    /// Is there an enabled standing Global Administrator? Until then the server is not ready.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn has_administrator(&self) -> Answer<bool> {
        let global = AdministratorRole::Global.template();
        let count = self.store.read(move |tx| Box::pin(async move { tx.enabled_administrators(global).await })).await?;
        Ok(count > 0)
    }
}

#[derive(Debug, Clone)]
struct Init {
    name: String,
    /// Whom the name meant when it was asked; nobody knows an account that is still to be made.
    known: Option<PrincipalId>,
    emergency: bool,
    link: Vec<u8>,
    expires: jiff::Timestamp,
}

impl Command for Init {
    type Output = Principal;

    fn right(&self) -> Right {
        Right::Administrators
    }

    fn subject(&self) -> Subject {
        Subject::NONE
    }

    fn locks(&self) -> Vec<Lock> {
        let known = self.known.map(|account| Lock::Exclusive(account.uuid()));
        known.into_iter().chain([Lock::Exclusive(AdministratorRole::Global.template())]).collect()
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<Principal> {
        let global = AdministratorRole::Global.template();
        let exists = desk.tx.enabled_administrators(global).await? > 0;
        if exists && !self.emergency {
            return Err(Refusal::Conflict { what: "an active administrator" }.into());
        }
        let event = if exists { events::EMERGENCY_ADMINISTRATOR } else { events::FIRST_ADMINISTRATOR };
        let mut principal = named(desk, &self.name).await?;
        desk.changed(event, Subject::user(principal.id), |record| {
            record.erasable_text("username", principal.username())
        });
        if !principal.enabled {
            principal.enabled = true;
            desk.tx.update_principal(&principal).await?;
        }
        if !desk.tx.administrator_roles(principal.id).await?.contains(&global) {
            appoint(desk, &principal, AdministratorRole::Global).await?;
        }
        let link = Enrolment {
            hash: self.link,
            principal: principal.id,
            purpose: ENROL_PASSWORD.to_owned(),
            created: desk.now(),
            expires: self.expires,
        };
        desk.tx.delete_enrolments_of(principal.id).await?;
        desk.tx.insert_enrolment(&link).await?;
        desk.changed(events::ENROLMENT_LINK_ISSUED, Subject::user(principal.id), |record| record);
        if exists {
            desk.alarm("emergency.administrator", principal.id.uuid(), []);
        }
        Ok(principal)
    }
}

#[derive(Debug, Clone)]
struct NameDomain(String);

impl Command for NameDomain {
    type Output = ();

    fn right(&self) -> Right {
        Right::Administrators
    }

    fn subject(&self) -> Subject {
        Subject::NONE
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<()> {
        let name = self.0;
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
        if name.is_empty() || name.len() > 64 || !name.chars().all(legal) {
            return Err(Refusal::Invalid { field: "domain", rule: "is no name of a domain" }.into());
        }
        if priv_domain(desk.tx).await? == name {
            return Ok(());
        }
        desk.tx.put_meta(PRIV_DOMAIN, Some(&name)).await?;
        desk.changed(events::CONFIGURATION_CHANGED, Subject::NONE, |record| record.detail("privDomain", name));
        Ok(())
    }
}

/// The account with this sign-in name, or a new one of the PRIV domain.
async fn named(desk: &mut Desk<'_>, name: &str) -> Answer<Principal> {
    if let Some(known) = desk.tx.principal_named(name).await? {
        return Ok(known);
    }
    let domain = priv_domain(desk.tx).await?;
    let account = match name.split_once('\\') {
        Some((of, account)) if of.to_lowercase() == domain.to_lowercase() => account,
        Some(_) => return Err(Refusal::NotFound { what: "account of that domain" }.into()),
        None => name,
    };
    if account.trim().is_empty() || account.chars().count() > 64 || account.chars().any(|c| c.is_control() || c == '@')
    {
        return Err(Refusal::Invalid { field: "user", rule: "is no account name" }.into());
    }
    let principal = Principal {
        id: PrincipalId::new(desk.call().ids().request.uuid()),
        kind: PrincipalKind::User,
        person: PersonId::new(desk.derived_id("person", desk.call().ids().request.uuid())),
        domain,
        account: account.to_owned(),
        display_name: account.to_owned(),
        upn: None,
        enabled: true,
    };
    desk.tx.insert_principal(&principal).await?;
    Ok(principal)
}
