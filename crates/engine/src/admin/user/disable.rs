//! Enabling and disabling an account (`PAM-119`, seams §1): disabling ends whatever is open, of every provider.

use ephor_audit::events;
use ephor_domain::{
    Refusal,
    administration::AdministratorRole,
    id::PrincipalId,
    principal::{Principal, PrincipalKind},
};
use ephor_store::tx::lock::Lock;

use crate::{
    admin::desk::{Desk, Subject},
    answer::Answer,
    engine::Engine,
    pam::end::Why,
    port::target::TargetAccount,
};

/// What a command that may disable or remove `principal` must hold: nobody starts anything for him meanwhile, and nobody
/// else takes the other last administrator away.
pub(crate) fn locks(principal: PrincipalId) -> Vec<Lock> {
    vec![Lock::Exclusive(principal.uuid()), Lock::Exclusive(AdministratorRole::Global.template())]
}

/// The last enabled standing administrator stays (seams §14).
pub(crate) async fn keep_last(desk: &mut Desk<'_>, principal: &Principal) -> Answer<()> {
    let global = AdministratorRole::Global.template();
    // Groups may be empty, and applications are nobody.
    let is_person = principal.enabled && principal.kind == PrincipalKind::User;
    let is_one = is_person && desk.tx.administrator_roles(principal.id).await?.contains(&global);
    if is_one && desk.tx.enabled_administrators(global).await? <= 1 {
        return Err(Refusal::LastAdministrator.into());
    }
    Ok(())
}

/// Disables an account: its sign-ins, tokens, links, requests and grants end. Answers how many requests ended.
pub(crate) async fn disable(desk: &mut Desk<'_>, principal: &mut Principal) -> Answer<u64> {
    keep_last(desk, principal).await?;
    principal.enabled = false;
    let (id, now) = (principal.id, desk.now());
    desk.tx.update_principal(principal).await?;
    desk.tx.delete_sessions_of(id).await?;
    desk.tx.delete_enrolments_of(id).await?;
    desk.tx.revoke_api_tokens_of(id, now).await?;
    desk.tx.revoke_token_families_of(id, now).await?;
    desk.changed(events::PRINCIPAL_DISABLED, Subject::user(id), |record| record);
    Ok(desk.end_open(Some(id), None, Why::ACCOUNT).await?)
}

/// Lets an account sign in and hold again. Nothing that ended comes back.
pub(crate) async fn enable(desk: &mut Desk<'_>, principal: &mut Principal) -> Answer<()> {
    principal.enabled = true;
    desk.tx.update_principal(principal).await?;
    desk.changed(events::PRINCIPAL_ENABLED, Subject::user(principal.id), |record| record);
    Ok(())
}

impl Engine {
    /// Tells the targets that hold an account whether it may sign in there. A target that does not answer is logged:
    /// the account's memberships are gone from it all the same.
    pub(crate) async fn mirror_enabled(&self, principal: PrincipalId, enabled: bool) -> Answer<()> {
        let accounts = self.store.read(move |tx| Box::pin(async move { tx.accounts_of(principal).await })).await?;
        for account in accounts {
            let Some(slot) = self.inner.targets.get(&account.target) else { continue };
            let there = TargetAccount { id: principal, native: account.native, login: account.login };
            // Logged inside; the caller's answer does not depend on it (O3).
            let _ = super::account::asked(&*slot.directory, slot.directory.set_enabled(&there, enabled)).await;
        }
        Ok(())
    }
}
