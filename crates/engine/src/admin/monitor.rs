//! The monitor: compares CORP accounts with the PAM records and follows (`PAM 15.1`, `PAM-135`).

use ephor_audit::events::{self, Event};
use ephor_domain::{
    Refusal,
    administration::Right,
    id::PrincipalId,
    principal::{Actor, Principal},
};
use ephor_store::tx::{NameCursor, Page as NamePage, lock::Lock};

use super::{
    desk::{Command, Desk, Subject},
    user::disable::{self, disable},
};
use crate::{answer::Answer, engine::Engine};

/// What a source says of a CORP account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// The account is disabled.
    Disabled,
    /// The account is not there any more.
    Gone,
    /// Its telephone number; `None` when it has none.
    Phone(Option<String>),
    /// Its display name.
    DisplayName(String),
    /// Its mail address; `None` when it has none.
    Email(Option<String>),
}

/// Something a source says of the CORP account of a PAM user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The PAM user, by its PRIV account.
    pub user: PrincipalId,
    /// What was seen.
    pub seen: Observation,
}

impl Engine {
    /// Follows what a source says: a disabled CORP account disables the PRIV account and ends its requests, a changed
    /// number is event 825. Answers whether anything changed.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when there is no such user; faults of the store.
    pub async fn monitor_source(&self, finding: Finding) -> Answer<bool> {
        let (user, ends) = (finding.user, matches!(finding.seen, Observation::Disabled | Observation::Gone));
        let changed = self.ordain("monitor", Follow(finding)).await?;
        if changed && ends {
            self.mirror_enabled(user, false).await?;
        }
        Ok(changed)
    }

    /// The same, reported by an administrator on behalf of a source.
    ///
    /// # Errors
    /// [`Refusal::NotAdministrator`]; as [`Engine::monitor_source`].
    pub async fn report_finding(&self, actor: &Actor, finding: Finding) -> Answer<bool> {
        let (user, ends) = (finding.user, matches!(finding.seen, Observation::Disabled | Observation::Gone));
        let changed = self.administer(actor, Follow(finding)).await?;
        if changed && ends {
            self.mirror_enabled(user, false).await?;
        }
        Ok(changed)
    }

    /// Compares every CORP account of the built-in directory with the PAM records once. Answers how many users changed.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn monitor(&self) -> Answer<u64> {
        let mut changed = 0;
        let mut after = None;
        loop {
            let (findings, next) = self.look(after).await?;
            for finding in findings {
                match self.monitor_source(finding).await {
                    Ok(followed) => changed += u64::from(followed),
                    // The last administrator stays enabled; the refusal is on record.
                    Err(crate::Denied::Refused(refusal)) => tracing::warn!(%refusal, "a finding was not followed"),
                    Err(denied) => return Err(denied),
                }
            }
            match next {
                Some(next) => after = Some(next),
                None => return Ok(changed),
            }
        }
    }

    async fn look(&self, after: Option<NameCursor>) -> Answer<(Vec<Finding>, Option<NameCursor>)> {
        const AT_ONCE: u32 = 500;
        Ok(self
            .store
            .read(move |tx| {
                let after = after.clone();
                Box::pin(async move {
                    let users = tx.users(&NamePage { search: None, after, limit: AT_ONCE }).await?;
                    let next = (users.len() >= AT_ONCE as usize)
                        .then(|| {
                            users.last().map(|row| NameCursor::after(&row.principal.display_name, row.user.id.uuid()))
                        })
                        .flatten();
                    let mut findings = Vec::new();
                    for row in users {
                        let Some(corp) = row.user.corp else { continue };
                        let seen = match tx.principal(corp).await? {
                            None => Some(Observation::Gone),
                            Some(corp) if !corp.enabled => Some(Observation::Disabled),
                            Some(_) => None,
                        };
                        if let Some(seen) = seen.filter(|_| row.principal.enabled) {
                            findings.push(Finding { user: row.user.id, seen });
                        }
                    }
                    Ok((findings, next))
                })
            })
            .await?)
    }
}

#[derive(Debug, Clone)]
struct Follow(Finding);

impl Command for Follow {
    type Output = bool;

    fn right(&self) -> Right {
        Right::Pam
    }

    fn subject(&self) -> Subject {
        Subject::user(self.0.user)
    }

    fn locks(&self) -> Vec<Lock> {
        disable::locks(self.0.user)
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<bool> {
        let Finding { user: id, seen } = self.0;
        let row = desk.tx.user(id).await?.ok_or(Refusal::NotFound { what: "user" })?;
        let (mut user, principal) = (row.user, row.principal);
        let subject = Subject::user(id);
        match seen {
            Observation::Disabled => return stop(desk, principal, events::SOURCE_ACCOUNT_DISABLED).await,
            Observation::Gone => return stop(desk, principal, events::SOURCE_ACCOUNT_GONE).await,
            Observation::Phone(phone) => {
                if user.source.phone == phone {
                    return Ok(false);
                }
                let old = std::mem::replace(&mut user.source.phone, phone);
                desk.changed(events::PHONE_NUMBER_CHANGED, subject, |record| {
                    record
                        .erasable_text("old", old.unwrap_or_default())
                        .erasable_text("new", user.source.phone.clone().unwrap_or_default())
                });
            }
            Observation::DisplayName(name) => {
                if user.source.display_name.as_ref() == Some(&name) {
                    return Ok(false);
                }
                user.source.display_name = Some(name);
                desk.changed(events::SOURCE_ACCOUNT_CHANGED, subject, |record| record.detail("field", "displayName"));
            }
            Observation::Email(email) => {
                if user.source.email == email {
                    return Ok(false);
                }
                user.source.email = email;
                desk.changed(events::SOURCE_ACCOUNT_CHANGED, subject, |record| record.detail("field", "emailAddress"));
            }
        }
        desk.tx.update_user(&user).await?;
        Ok(true)
    }
}

/// What its CORP account may no longer do, the PRIV account may not either.
async fn stop(desk: &mut Desk<'_>, mut principal: Principal, event: Event) -> Answer<bool> {
    if !principal.enabled {
        return Ok(false);
    }
    desk.changed(event, Subject::user(principal.id), |record| record);
    disable(desk, &mut principal).await?;
    Ok(true)
}
