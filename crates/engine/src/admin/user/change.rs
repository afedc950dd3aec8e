//! `Set-PAMUser`: changes our records and the PRIV account; CORP is never written (`PAM 11.1`).

use ephor_audit::{Record, events};
use ephor_domain::{
    Refusal,
    administration::Right,
    approval::Way,
    id::PrincipalId,
    pam::settings::check_account_name,
    principal::{Actor, Principal},
};
use ephor_store::tx::{lock::Lock, user::UserRow};

use super::{
    LONG, SHORT, UserDetail,
    disable::{self, disable, enable},
    line, needed, priv_domain,
};
use crate::{
    admin::{
        credential::{EVER, given, replaced, told},
        desk::{Command, Desk, Subject},
    },
    answer::Answer,
    engine::Engine,
};

/// Changes what is given of a user. `Some(None)` takes an optional text away.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct SetUser {
    /// May sign in and hold; `false` ends whatever is open.
    pub enabled: Option<bool>,
    /// Name of the PRIV account.
    pub priv_account: Option<String>,
    /// Display name of the PRIV account.
    pub priv_display_name: Option<String>,
    /// Description of the PRIV account.
    pub priv_description: Option<Option<String>>,
    /// CORP domain.
    pub source_domain: Option<String>,
    /// CORP account name.
    pub source_account: Option<String>,
    /// CORP display name.
    pub source_display_name: Option<Option<String>>,
    /// CORP description.
    pub source_description: Option<Option<String>>,
    /// CORP mail address.
    pub source_email: Option<Option<String>>,
    /// CORP telephone number.
    pub source_phone: Option<Option<String>>,
    /// CORP security identifier.
    pub source_sid: Option<Option<String>>,
    /// Sealed PIN.
    pub pin: Option<Option<Vec<u8>>>,
}

impl std::fmt::Debug for SetUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Names, numbers and the PIN stay out of logs.
        f.debug_struct("SetUser").field("enabled", &self.enabled).finish_non_exhaustive()
    }
}

impl Engine {
    /// Changes a user, and tells the targets when the account is enabled or disabled.
    ///
    /// # Errors
    /// [`Refusal::NotFound`], [`Refusal::Invalid`], [`Refusal::Conflict`], [`Refusal::LastAdministrator`]; faults of the
    /// store.
    pub async fn set_user(&self, actor: &Actor, user: PrincipalId, set: SetUser) -> Answer<UserDetail> {
        let enabled = set.enabled;
        let detail = self.administer(actor, Change { user, set }).await?;
        if let Some(enabled) = enabled {
            self.mirror_enabled(user, enabled).await?;
        }
        Ok(detail)
    }
}

#[derive(Debug, Clone)]
struct Change {
    user: PrincipalId,
    set: SetUser,
}

impl Command for Change {
    type Output = UserDetail;

    fn right(&self) -> Right {
        Right::Pam
    }

    fn subject(&self) -> Subject {
        Subject::user(self.user)
    }

    fn locks(&self) -> Vec<Lock> {
        disable::locks(self.user)
    }

    async fn run(self, desk: &mut Desk<'_>) -> Answer<UserDetail> {
        let row = desk.tx.user(self.user).await?.ok_or(Refusal::NotFound { what: "user" })?;
        let (set, old) = (self.set, row.clone());
        let UserRow { mut user, mut principal } = row;
        desk.require_over(principal.person).await?;
        let names = set.priv_account.is_some() || set.source_domain.is_some() || set.source_account.is_some();
        if let Some(name) = set.priv_account {
            check_account_name(&name)?;
            principal.account = name;
        }
        if let Some(name) = set.priv_display_name {
            principal.display_name = needed("privDisplayName", name, SHORT)?;
        }
        if let Some(text) = set.priv_description {
            user.description = line("privDescription", text, LONG)?;
        }
        if let Some(domain) = set.source_domain {
            user.source.domain = needed("sourceDomain", domain, SHORT)?;
            let is_priv = user.source.domain.to_lowercase() == priv_domain(desk.tx).await?.to_lowercase();
            if is_priv != user.priv_only() {
                return Err(Refusal::Invalid {
                    field: "sourceDomain",
                    rule: "is the PRIV domain for a PRIV-only user, and another one for all others",
                }
                .into());
            }
        }
        if let Some(account) = set.source_account {
            user.source.account = needed("sourceAccountName", account, SHORT)?;
        }
        if let Some(text) = set.source_display_name {
            user.source.display_name = line("sourceDisplayName", text, SHORT)?;
        }
        if let Some(text) = set.source_description {
            user.source.description = line("sourceDescription", text, LONG)?;
        }
        if let Some(text) = set.source_email {
            user.source.email = line("sourceEmailAddress", text, SHORT)?;
        }
        if let Some(text) = set.source_phone {
            user.source.phone = line("sourcePhoneNumber", text, SHORT)?;
        }
        if let Some(text) = set.source_sid {
            user.source.sid = line("sourceAccountSid", text, SHORT)?;
        }
        if user != old.user || principal != old.principal {
            desk.tx.update_user(&user).await?;
            desk.tx.update_principal(&principal).await?;
            follow_source(desk, &UserRow { user: user.clone(), principal: principal.clone() }).await?;
            if renamed(&old, &UserRow { user: user.clone(), principal: principal.clone() }) {
                begin_anew(desk, &principal, user.corp).await?;
            }
            desk.changed(events::PRINCIPAL_CHANGED, Subject::user(user.id), |record| {
                differences(record, &old, &UserRow { user: user.clone(), principal: principal.clone() })
            });
        }
        if names {
            // Whoever names them, even as they are, says whose they are.
            replaced(desk, principal.id, Way::Renamed, EVER).await?;
            given(desk, &principal, Way::Renamed).await?;
        }
        if let Some(pin) = set.pin {
            user.has_pin = pin.is_some();
            desk.tx.put_pin(user.id, pin).await?;
            desk.changed(events::PRINCIPAL_CHANGED, Subject::user(user.id), |record| {
                record.detail("privPinCode", if user.has_pin { "set" } else { "taken away" })
            });
        }
        match set.enabled {
            Some(false) if principal.enabled => {
                disable(desk, &mut principal).await?;
            }
            Some(true) if !principal.enabled => enable(desk, &mut principal).await?,
            Some(_) | None => {}
        }
        desk.flush().await?;
        UserDetail::load(desk.tx, UserRow { user, principal }).await
    }
}

/// Directories and realms know an account by its names: other names are another way in.
fn renamed(old: &UserRow, new: &UserRow) -> bool {
    let names = |row: &UserRow| {
        (row.principal.account.clone(), row.user.source.domain.clone(), row.user.source.account.clone())
    };
    names(old) != names(new)
}

/// What began under the old names is over, and it takes a person's presence to give new ones.
async fn begin_anew(desk: &mut Desk<'_>, account: &Principal, corp: Option<PrincipalId>) -> Answer<()> {
    desk.require_presence()?;
    let now = desk.now();
    for id in [Some(account.id), corp].into_iter().flatten() {
        desk.tx.delete_sessions_of(id).await?;
        desk.tx.revoke_token_families_of(id, now).await?;
        desk.tx.revoke_api_tokens_of(id, now).await?;
    }
    told(desk, account.id);
    Ok(())
}

/// Our record of the CORP account carries the names of the source.
async fn follow_source(desk: &mut Desk<'_>, row: &UserRow) -> Answer<()> {
    let Some(corp) = row.user.corp else { return Ok(()) };
    let Some(known) = desk.tx.principal(corp).await? else { return Ok(()) };
    let source = &row.user.source;
    let display_name = source.display_name.clone().unwrap_or_else(|| known.display_name.clone());
    let renamed =
        Principal { domain: source.domain.clone(), account: source.account.clone(), display_name, ..known.clone() };
    if renamed != known {
        desk.tx.update_principal(&renamed).await?;
    }
    Ok(())
}

/// Which fields differ. Their values are personal, so they go where they can be erased.
fn differences(mut record: Record, old: &UserRow, new: &UserRow) -> Record {
    let mut note = |name: &str, old: Option<&str>, new: Option<&str>| {
        if old != new {
            record.details.insert(name.to_owned(), "changed".into());
            record.erasable.insert(format!("{name}.old"), old.unwrap_or_default().to_owned());
            record.erasable.insert(format!("{name}.new"), new.unwrap_or_default().to_owned());
        }
    };
    let (was, is) = (&old.user.source, &new.user.source);
    note("privAccountName", Some(&old.principal.account), Some(&new.principal.account));
    note("privDisplayName", Some(&old.principal.display_name), Some(&new.principal.display_name));
    note("privDescription", old.user.description.as_deref(), new.user.description.as_deref());
    note("sourceDomain", Some(&was.domain), Some(&is.domain));
    note("sourceAccountName", Some(&was.account), Some(&is.account));
    note("sourceDisplayName", was.display_name.as_deref(), is.display_name.as_deref());
    note("sourceDescription", was.description.as_deref(), is.description.as_deref());
    note("sourceEmailAddress", was.email.as_deref(), is.email.as_deref());
    note("sourcePhoneNumber", was.phone.as_deref(), is.phone.as_deref());
    note("sourceAccountSid", was.sid.as_deref(), is.sid.as_deref());
    record
}
